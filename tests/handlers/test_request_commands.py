"""The staff's commands for lecture requests and the gap list, through ``bot.py``."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from errors import PufaError
from outreach.changes import Turn
from outreach.requests import LectureRequest
from outreach.store import Outreach
from settings import Settings
from tests.conftest import FakeClock
from tests.outreach.samples import gap

NUMBER = "7QK2-M4XA"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


@pytest.fixture
def stored(settings: Settings, empty: Path, clock: FakeClock) -> Settings:
    """A store with one request and one gap."""
    shutil.copy(empty, settings.home / "outreach.db")
    store = Outreach.open(settings.outreach_url, clock)
    with store.database.write() as connection:
        turn = Turn("web:1", "r1", "web", clock.now(), clock.now())
        LectureRequest(NUMBER, "一中", "反诈", "12月10日", "礼堂").carry_out(connection, turn)
    store.inbox.receive("web:2", "web", "r1", "x", at=clock.now())
    store.record_answer("web:2", "declined", gap(at=clock.now()), text="物业不开发票", agreed=True)
    store.close()
    return settings


def run(settings: Settings, *words: str) -> str:
    from handlers.request_commands import commands

    def open_store(given: Settings) -> Outreach:
        return Outreach.open(given.outreach_url, given.clock())

    by_name = {command.name: command for command in commands(open_store)}
    done = CliRunner().invoke(by_name[words[0]], words[1:], obj=settings)
    if done.exception is not None and not isinstance(done.exception, SystemExit):
        raise done.exception
    assert done.exit_code == 0, done.output
    return done.output


def test_a_request_from_list_to_close(stored: Settings) -> None:
    assert NUMBER in run(stored, "request", "list")
    run(stored, "request", "accept", NUMBER, "--actor", "李四")
    words = ("request", "schedule", NUMBER, "--actor", "李四", "--note", "12月10日14时，礼堂")
    assert "已排定" in run(stored, *words)
    run(stored, "request", "close", NUMBER, "--actor", "李四")
    (found,) = json.loads(run(stored, "request", "list", "--state", "held", "--json"))
    assert (found["number"], found["answer"], found["label"]) == (
        NUMBER,
        "12月10日14时，礼堂",
        "已举办",
    )
    assert "没有点单" in run(stored, "request", "list", "--state", "received")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("request", "accept", "NOPE", "--actor", "李四"), "没有编号"),
        (("request", "close", NUMBER, "--declined", "--actor", "李四"), "写明"),
        (("request", "close", NUMBER, "--actor", "李四"), "不能改成"),
        (("gaps", "list", "--from", "2026-13-01", "--to", "2026-12-01"), "不是 YYYY-MM-DD"),
        (("gaps", "list", "--from", "2026-12-02", "--to", "2026-12-01"), "早于"),
    ],
)
def test_slips_are_one_sentence(stored: Settings, words: tuple[str, ...], said: str) -> None:
    with pytest.raises(PufaError, match=said):
        run(stored, *words)


def test_the_gap_list(stored: Settings) -> None:
    window = ("--from", "2026-01-01", "--to", "2026-12-31")
    text = run(stored, "gaps", "list", *window)
    assert "没答上" in text
    assert "物业不开发票" in text
    (line,) = json.loads(run(stored, "gaps", "list", *window, "--json"))
    assert line["text"] == "物业不开发票"
