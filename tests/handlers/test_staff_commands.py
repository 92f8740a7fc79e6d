"""``event`` and ``period`` as staff type them."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from handlers import staff_commands
from outreach.codes import county_codes
from outreach.given import COLUMNS
from outreach.store import Outreach
from settings import Settings
from tests.conftest import FakeClock
from tests.handlers.command_line import Line

ADD = ("event", "add", "--date", "2026-10-20", "--organ", "公安局", "--name", "集市", "--actor")
OCTOBER = ("event", "list", "--from", "2026-10-01", "--to", "2026-10-31", "--json")


@pytest.fixture
def run(tmp_path: Path, empty: Path, settings: Settings, clock: FakeClock) -> Line:
    path = Path(shutil.copy(empty, tmp_path / "outreach.db"))

    def store(_: Settings) -> Outreach:
        return Outreach.open(f"sqlite:///{path}", clock, codes=county_codes)

    return Line(staff_commands.commands(store), settings)


def test_unknown_columns_are_refused_and_nothing_is_recorded(run: Line) -> None:
    said = run.refused(*ADD, "甲", "--set", "受众人次=120", "--set", "不存在列=1")
    assert "没有“受众人次”这一列，最接近的是“线下人次”" in said
    assert "没有“不存在列”这一列" in said
    assert "event add --help" in said
    assert "“状态”由系统填写" in run.refused(*ADD, "甲", "--set", "状态=已审核")
    assert run(*OCTOBER).json == []
    told = "".join(run("event", "add", "--help").out.split())
    assert all(name in told for name in COLUMNS)


def test_approval_says_what_is_still_missing(run: Line) -> None:
    number = run(*ADD, "甲", "--json").json["number"]
    said = run("event", "approve", number, "--actor", "乙").out
    assert "已审核；仍缺：地点、普法主题、线下人次、佐证" in said
    told = run("event", "approve", number, "--actor", "乙", "--json").json
    assert told["missing"] == ["地点", "普法主题", "线下人次", "佐证"]


def test_closing_counts_what_is_pending_and_later_reports_are_told(run: Line) -> None:
    assert "封账" not in run(*ADD, "甲").out
    told = run("period", "close", "2026-09", "--actor", "乙", "--json").json
    assert told["pending"] == 0
    assert "该月还有 1 条待审核" in run("period", "close", "2026-10", "--actor", "乙").out
    later = (*ADD, "甲", "--set", "地点=广场")
    assert "2026-10 已经封账，这条记录审核后会在该月显示为差异" in run(*later).out
    assert run(*later, "--json").json["closed_month"] is None  # unchanged
