"""``duties``, ``notice``, ``trace``, ``insight`` and ``evidence`` as staff type them."""

from __future__ import annotations

import json
import shutil
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document

from handlers import audit_commands, notice_commands
from knowledge.corpus import Corpus
from outreach.codes import county_codes
from outreach.events import event_key
from outreach.store import Outreach
from settings import Settings
from tests.conftest import FakeClock
from tests.handlers.command_line import Line
from tests.outreach.county import approve, fill, not_yet_approved, on
from tests.outreach.samples import answer

YEAR = ("--from", "2026-01-01", "--to", "2026-11-24")
PNG = b"\x89PNG\r\n\x1a\n" + b"picture"


@pytest.fixture(scope="session")
def county_db(tmp_path_factory: pytest.TempPathFactory, empty: Path) -> Path:
    """A store with the small county-year, closed."""
    path = Path(shutil.copy(empty, tmp_path_factory.mktemp("county") / "outreach.db"))
    clock = FakeClock()
    store = Outreach.open(f"sqlite:///{path}", clock)
    fill(store, clock)  # type: ignore[arg-type]
    not_yet_approved(store)
    store.close()
    return path


@pytest.fixture
def home(tmp_path: Path, county_db: Path) -> Path:
    shutil.copy(county_db, tmp_path / "outreach.db")
    return tmp_path


@pytest.fixture
def run(home: Path, settings: Settings, corpus: Corpus, clock: FakeClock) -> Line:
    def store(_: Settings) -> Outreach:
        url = f"sqlite:///{home / 'outreach.db'}"
        return Outreach.open(url, clock, files=home / "evidence", codes=county_codes)

    commands = [
        *notice_commands.commands(store, lambda _: corpus),
        *audit_commands.commands(store),
    ]
    return Line(commands, settings)


def reopened(home: Path, clock: FakeClock) -> Outreach:
    return Outreach.open(f"sqlite:///{home / 'outreach.db'}", clock, files=home / "evidence")


def test_duties_add_up(run: Line) -> None:
    told = run("duties", *YEAR, "--json").json
    police = next(each for each in told["organs"] if each["organ"] == "公安局")
    assert (police["due"], police["done"], police["overdue"]) == (5, 1, 4)
    for each in told["organs"]:
        assert each["due"] == each["done"] + each["open"] + each["overdue"] == len(each["items"])
    table = run("duties", *YEAR).out.splitlines()
    assert table[-1].split() == [
        "合计",
        *(str(sum(e[name] for e in told["organs"])) for name in ("due", "done", "open", "overdue")),
    ]
    late = run("duties", *YEAR, "--organ", "公安局", "--state", "逾期").out
    assert late.count("逾期") == 4
    assert "国际禁毒日" not in late


def test_duties_refuse_what_they_do_not_know(run: Line) -> None:
    assert "责任清单里没有“太空局”" in run.refused("duties", *YEAR, "--organ", "太空局")
    assert "早于" in run.refused("duties", "--from", "2026-02-01", "--to", "2026-01-01")
    assert "不是 YYYY-MM-DD" in run.refused("duties", "--from", "2月", "--to", "2026-01-01")


def draft(run: Line, out: Path, organ: str = "公安局") -> str:
    words = ("--organ", organ, *YEAR, "--out", out, "--actor", "王")
    done = run("notice", "draft", *words)
    assert done.status == 0, done
    return done.out.split(" ")[0]


def test_the_loop_on_the_command_line(
    run: Line, home: Path, clock: FakeClock, corpus: Corpus
) -> None:
    assert "还没有提示单" in run("notice", "list").out
    number = draft(run, home / "n.docx")
    assert number == "普法提示〔2026〕1号"
    words = "\n".join(p.text for p in Document(str(home / "n.docx")).paragraphs)
    assert "第五十七条规定：“" in words  # word for word, from the corpus
    assert "反馈单" in words
    (told,) = run("notice", "list", "--json").json
    assert told["deadline"] == "2026-12-09"  # 15 days, as duties.toml says
    assert run("notice", "send", "1", "--actor", "王", "--out", home / "s.docx").status == 0
    sent = "\n".join(p.text for p in Document(str(home / "s.docx")).paragraphs)
    assert "2026年11月24日" in sent
    clock.advance(days=20)
    assert run("notice", "list", "--overdue").out.count("逾期未反馈") == 1
    photo = home / "现场.png"
    photo.write_bytes(PNG)
    words_ = ("--note", "已补办一场", "--by", "公安局李某", "--file", photo, "--actor", "钱")
    assert run("notice", "feedback", "2026-1", *words_).status == 0
    assert "更正要写明原因" in run.refused("notice", "feedback", "1", *words_, status=1)
    for who in ("王", "钱", "公安局李某"):
        assert "另一人" in run.refused("notice", "close", "1", "--actor", who, status=1)
    done = run("notice", "close", number, "--actor", "赵", "--note", "属实", "--json").json
    assert [step["state"] for step in done["steps"]] == ["drafted", "sent", "feedback", "closed"]
    assert done["answered_late"] is True
    assert done["steps"][2]["files"][0]["name"] == "现场.png"
    shown = run("notice", "show", "1").out
    assert "已办结（逾期反馈）" in shown
    assert "单位反馈人 公安局李某" in shown
    assert "办结" not in run("notice", "reverse", "1", "--reason", "核错", "--actor", "赵").out


def test_what_notices_refuse(run: Line, home: Path) -> None:
    draft(run, home / "n.docx")
    assert "已经提示过" in run.refused(
        *("notice", "draft", "--organ", "公安局", *YEAR, "--out", home / "m.docx", "--actor", "王"),
        status=1,
    )
    assert not (home / "m.docx").exists()
    assert "不能改为" in run.refused("notice", "close", "1", "--actor", "赵", status=1)
    assert "没有编号" in run.refused("notice", "send", "7", "--actor", "王", status=1)
    assert "编号请写成" in run.refused("notice", "send", "七号", "--actor", "王")
    assert "缺少" in run.refused("notice", "send", "1")
    lost = ("--organ", "教育局", *YEAR, "--out", home / "no" / "n.docx", "--actor", "王")
    line = run.refused("notice", "draft", *lost, status=1)
    assert "2号 已拟好并编号" in line
    assert "notice show 2026-2 --out" in line
    assert run("notice", "show", "2026-2", "--out", home / "again.docx").status == 0


@pytest.mark.slow
def test_every_figure_of_the_exported_report_opens(run: Line, home: Path, clock: FakeClock) -> None:
    draft(run, home / "n.docx")
    assert run("notice", "send", "1", "--actor", "王").status == 0
    store = reopened(home, clock)
    clock.moment += timedelta(microseconds=1_234)
    days: dict[str, Any] = {"start": date(2026, 1, 1), "end": date(2026, 11, 24)}
    given: dict[str, Any] = {"kind": "report", "format": "json", "exporter": "李"}
    store.export(home / "r.json", **given, **days)
    clock.advance(seconds=1)
    approve(store, on(date(2026, 11, 2), name="后来补报的", attended=500))
    store.close()
    drafts = json.loads((home / "r.json").read_text(encoding="utf-8"))["drafts"]
    as_of = drafts[0]["as_of"]
    assert as_of.endswith(".002000+08:00")
    for figure in (each for one in drafts for each in one["figures"]):
        told = run("trace", figure["id"], *YEAR, "--as-of", as_of, "--json").json
        assert told["value"] == figure["value"], figure["id"]
    now = run("trace", "activities", *YEAR).out
    assert "activities = 4 场次" in now
    assert "“场次”合计 4" in now
    assert "数据截止时间 2026-11-24 10:00:01.002" in now


@pytest.mark.slow
def test_a_closed_month_says_what_was_published(run: Line, home: Path, clock: FakeClock) -> None:
    store = reopened(home, clock)
    store.close_period("2026-08", actor="赵")
    clock.advance(hours=1)
    approve(store, on(date(2026, 8, 5), name="补报", attended=9))
    store.close()
    days = ("--from", "2026-08-01", "--to", "2026-08-31")
    words = run("trace", "activities@organ=公安局", *days).out
    assert "activities@organ=公安局 = 2 场次" in words
    assert "公布的是 1，现在是 2" in words
    told = run("trace", "activities", *days, "--json").json["closed"]
    assert (told["month"], told["value"]) == ("2026-08", 1)
    then = run("trace", "activities", *days, "--as-of", told["as_of"], "--json").json
    assert (then["value"], len(then["rows"])) == (1, 1)
    part = run("trace", "activities", "--from", "2026-08-01", "--to", "2026-08-30", "--json").json
    assert part["closed"] is None


def test_what_trace_refuses(run: Line) -> None:
    assert "没有这个数字" in run.refused("trace", "nothing", *YEAR)
    assert "不是时间" in run.refused("trace", "activities", *YEAR, "--as-of", "昨天")


def test_insight_on_the_command_line(run: Line, home: Path, clock: FakeClock) -> None:
    store = reopened(home, clock)
    for number in range(9):
        at = datetime(2026, 11, 10, 3, tzinfo=UTC)
        key = event_key("insight", str(number))
        store.record(
            answer(key=key, at=at, resident=f"n{number}", topic="土地农业", town="chengguan")
        )
    store.close()
    clock.advance(minutes=1)
    told = run("insight", *YEAR, "--json").json
    assert told["suggestions"]["topics"][0]["topic"] == "土地农业"
    words = run("insight", *YEAR, "--town", "城关镇").out
    assert words.startswith("城关镇 2026-01-01 至 2026-11-24")
    assert "土地农业" in words
    assert "上升：" in words
    assert "没有乡镇“月球镇”，可用：城关镇" in run.refused("insight", *YEAR, "--town", "月球镇")


def test_evidence_on_the_command_line(run: Line, home: Path) -> None:
    node = ("--node", "国际禁毒日", "--year", "2026")
    made = run("evidence", *node, "--out", home / "e.zip")
    assert made.status == 0, made
    seal = made.out.split("清单校验值 ")[1].strip()
    assert "1 条记录" in made.out
    checked = run("evidence", "verify", home / "e.zip", "--sha256", seal)
    assert (checked.status, checked.out[:2]) == (0, "完好")
    told = run("evidence", *node, "--out", home / "f.zip", "--json").json
    assert told["sha256"] == seal
    assert (home / "e.zip").read_bytes() == (home / "f.zip").read_bytes()
    broken = bytearray((home / "e.zip").read_bytes())
    broken[200] ^= 1
    (home / "e.zip").write_bytes(broken)
    line = run("evidence", "verify", home / "e.zip")
    assert line.status == 1
    assert run("evidence", "verify", home / "none.zip").status == 2


def test_what_evidence_refuses(run: Line, home: Path) -> None:
    out = ("--out", home / "e.zip")
    assert "写一个" in run.refused("evidence", *out)
    assert "写一个" in run.refused("evidence", "--event", "X")
    assert "写一个" in run.refused("evidence", "--event", "X", "--campaign", "Y", *out)
    assert "一起写" in run.refused("evidence", "--node", "国际禁毒日", *out)
    assert "日历里没有节点" in run.refused("evidence", "--node", "没有", "--year", "2026", *out)
    assert "没有这个编号" in run.refused("evidence", "--event", "X", *out, status=1)
    nowhere = ("--out", home / "no" / "e.zip")
    node = ("--node", "国际禁毒日", "--year", "2026")
    assert "无法写入" in run.refused("evidence", *node, *nowhere)
    assert not (home / "e.zip").exists()
