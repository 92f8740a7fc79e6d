"""Campaigns from the command line, as publicity staff use it."""

from __future__ import annotations

from pathlib import Path

import pytest

from outreach.store import Outreach
from settings import Settings
from tests.e2e.processes import command, furnish, json_of
from tests.outreach.campaigns.samples import people, write
from tests.outreach.conftest import FakeClock

pytestmark = pytest.mark.slow


@pytest.fixture
def home(tmp_path: Path, indexed: Settings) -> Path:
    return furnish(tmp_path / "home", indexed.home)


def do(home: Path, *words: str) -> str:
    done = command(home, *words)
    assert done.returncode == 0, done.stderr
    return done.stdout


def slip(home: Path, status: int, *words: str) -> str:
    """The one line that a mistake gives."""
    done = command(home, *words)
    assert (done.returncode, done.stdout) == (status, ""), done.stdout
    (line,) = done.stderr.splitlines()
    assert line.startswith("错误：")
    return line


def test_from_a_file_to_its_release(home: Path, tmp_path: Path) -> None:
    do(home, "staff", "add", "甲", "--role", "editor")
    do(home, "staff", "add", "乙", "--role", "reviewer", "--role", "publisher")
    assert [m["name"] for m in json_of(home, "staff", "list")] == ["乙", "甲"]
    file = write(tmp_path)
    created = json_of(home, "campaign", "create", str(file), "--by", "甲")
    assert (created["state"], created["done"], created["problems"]) == ("draft", "created", [])
    store = Outreach.open(f"sqlite:///{home / 'outreach.db'}", FakeClock())
    people(store, [f"{n:032x}" for n in range(7)], town="chengguan")
    store.close()
    preview = json_of(home, "campaign", "preview", "anti-fraud-1")
    assert [r["channel"] for r in preview["renderings"]] == ["telegram", "wechat", "web"]
    assert preview["audience"]["cells"] == [
        {"channel": "telegram", "town": "城关镇", "residents": 7}
    ]
    shown = do(home, "campaign", "preview", "anti-fraud-1")
    assert "来源：红山县公安局" in shown
    assert "受众：7 人" in shown
    do(home, "campaign", "submit", "anti-fraud-1", "--by", "甲")
    assert "角色" in slip(home, 1, "campaign", "approve", "anti-fraud-1", "--by", "甲")
    do(home, "campaign", "approve", "anti-fraud-1", "--by", "乙")
    sent = json_of(home, "campaign", "send", "anti-fraud-1", "--by", "乙")
    assert (sent["state"], sent["audience"]) == ("sending", 7)
    status = json_of(home, "campaign", "status", "anti-fraud-1")
    assert (status["queued"], status["sent"], status["failed"]) == (7, 0, {})
    do(home, "campaign", "pause", "anti-fraud-1", "--by", "乙")
    do(home, "campaign", "resume", "anti-fraud-1", "--by", "乙")
    do(home, "campaign", "recall", "anti-fraud-1", "--by", "乙", "--reason", "有错字")
    assert "撤回 7" in do(home, "campaign", "status", "anti-fraud-1")
    assert [s["step"] for s in json_of(home, "campaign", "log", "anti-fraud-1")] == [
        *("created", "submit", "approve", "send", "pause", "resume", "recall")
    ]
    assert json_of(home, "campaign", "list")[0]["state"] == "recalled"


def test_a_template_is_filled_edited_and_drafted(home: Path, tmp_path: Path) -> None:
    do(home, "staff", "add", "甲", "--role", "editor")
    assert "constitution-day" in do(home, "campaign", "templates")
    out = tmp_path / "x.toml"
    do(home, "campaign", "create", "--template", "constitution-day", "--out", str(out))
    assert "at = 2026-12-04T09:00:00" in out.read_text(encoding="utf-8")
    named = ["--template", "constitution-day", "--id", "xianfari", "--by", "甲"]
    assert json_of(home, "campaign", "create", *named)["problems"] == []


def test_mistakes_are_one_line(home: Path, tmp_path: Path) -> None:
    do(home, "staff", "add", "甲", "--role", "editor")
    bad = write(tmp_path, 反电信网络诈骗法第八条="反电信网络诈骗法第九百条")
    told = command(home, "campaign", "create", str(bad), "--by", "甲")
    assert told.returncode == 0
    assert "没有这一条" in told.stderr  # a draft may be wrong, but it is told at once
    assert "没有这一条" in slip(home, 1, "campaign", "submit", "anti-fraud-1", "--by", "甲")
    assert "--by" in slip(home, 2, "campaign", "create", str(bad))
    assert "--template" in slip(home, 2, "campaign", "create", "--by", "甲")
    assert "不是在岗" in slip(home, 1, "campaign", "create", str(bad), "--by", "路人")
    assert "没有推送活动" in slip(home, 1, "campaign", "status", "nope")
    assert "没有模板" in slip(home, 2, "campaign", "create", "--template", "x", "--by", "甲")
    spoilt = write(tmp_path, "spoilt", organ="organn")
    assert ":4:" in slip(home, 1, "campaign", "create", str(spoilt), "--by", "甲")
