"""Ledgers that come back: exported, edited, imported; and files that should not be trusted."""

from __future__ import annotations

import csv
import zipfile
from collections.abc import Callable
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook
from sqlalchemy import func, select

from errors import DataError, NotAllowed
from outreach import sheet_reader
from outreach.consultations import Window
from outreach.exports import LEDGER_COLUMNS
from outreach.imported import Imported
from outreach.ledger import ledger
from outreach.store import Outreach
from outreach.tables import APPEND_ONLY, metadata
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import answer
from tests.outreach.test_statistics import WHOLE

Rows = list[dict[str, Any]]
ROW: dict[str, Any] = {
    "日期": "2026-03-05",
    "责任单位": "公安局",
    "主办/参与": "主办",
    "活动名称": "反诈进校园",
    "普法主题": "反诈",
    "宣传法律": "反电信网络诈骗法",
    "乡镇": "城关镇",
    "村(社区)": "东街社区",
    "场次": 1,
    "线下人次": 120,
    "资料(份)": 500,
    "人数统计方法": "签到",
    "佐证": "照片三张",
    "填报人": "张三",
}


@pytest.fixture
def desk(store: Outreach, tmp_path: Path, clock: FakeClock) -> Outreach:
    return Outreach(store.database, clock, store.inbox, files=tmp_path / "evidence")


def as_csv(path: Path, rows: Rows, encoding: str = "utf-8-sig") -> Path:
    with path.open("w", encoding=encoding, newline="") as stream:
        writer = csv.DictWriter(stream, LEDGER_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return path


def as_xlsx(path: Path, rows: Rows, *, title: bool = False) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    if title:
        sheet.append(["普法工作台账"])
        sheet.append([])
    sheet.append(LEDGER_COLUMNS)
    for row in rows:
        sheet.append([row.get(name) for name in LEDGER_COLUMNS])
    book.save(path)
    return path


def ledger_rows(store: Outreach) -> Rows:
    window = Window(*WHOLE, store.clock.now())
    with store.database.read() as connection:
        return [dict(zip(LEDGER_COLUMNS, r, strict=True)) for r in ledger(connection, window)]


def sizes(store: Outreach) -> dict[str, int]:
    with store.database.read() as connection:
        return {
            name: connection.execute(
                select(func.count()).select_from(metadata.tables[name])
            ).scalar_one()
            for name in APPEND_ONLY
        }


def approve_all(store: Outreach) -> None:
    for found in store.activities(state="submitted"):
        store.approve(found.number, actor="李四")


def counts(done: Imported) -> tuple[int, int, int, int]:
    return done.count("added"), done.count("corrected"), done.count("unchanged"), done.skipped


JOINT = [
    ROW,
    ROW | {"日期": "2026-11-04", "活动名称": "联合宣传", "村(社区)": None},
    {
        "日期": "2026-11-04",
        "责任单位": "教育局",
        "主办/参与": "参与",
        "活动名称": "联合宣传",
    },
    {
        "日期": date(2026, 4, 1),
        "责任单位": "司法局",
        "活动名称": "干部培训",
        "期": 1,
        "线下人次": 40,
        "人数统计方法": "估算",
        "填报人": "赵六",
        "备注": "地点：县委党校；止日：2026-04-03；捐赠：30册；另有：2台；首次举办",
    },
]


@pytest.mark.slow
@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_a_ledger_is_imported_approved_exported_and_comes_back(
    desk: Outreach, tmp_path: Path, write: Callable[[Path, Rows], Path]
) -> None:
    desk.record(answer("a"))
    file = write(tmp_path / f"台账.{'csv' if write is as_csv else 'xlsx'}", JOINT)
    done = desk.import_activities(file, actor="王五")
    assert done.problems == ()
    assert (counts(done), done.written) == ((3, 0, 0, 0), True)
    assert {found.state for found in desk.activities()} == {"submitted"}
    assert {found.source for found in desk.activities()} == {"import"}
    assert len(ledger_rows(desk)) == 1  # the bot's
    with pytest.raises(NotAllowed):
        desk.approve(desk.activities()[0].number, actor="王五")
    approve_all(desk)
    exported = ledger_rows(desk)
    assert [row["主办/参与"] for row in exported] == ["主办", "主办", "主办", "参与", None]
    before = sizes(desk)

    back = write(file, exported)
    again = desk.import_activities(back, actor="王五")
    assert again.problems == ()
    assert again.reminders == ()
    assert counts(again) == (0, 0, 3, 1)
    assert sizes(desk) == before
    assert ledger_rows(desk) == exported

    for row in exported:
        if row["活动名称"] == "干部培训":
            row["线下人次"], row["图书(册)"] = 45, 12
    refused = desk.import_activities(write(file, exported), actor="王五")
    (problem,) = refused.problems
    assert "已经审核，现改了：线下人次、资料物料" in str(problem)
    assert sizes(desk) == before
    mended = desk.import_activities(file, actor="王五", reason="核对签到表")
    assert counts(mended) == (0, 1, 2, 1)
    assert desk.stats(*WHOLE).total["trainings"] == 0
    approve_all(desk)
    changed = [row for row in ledger_rows(desk) if row["活动名称"] == "干部培训"]
    assert [(row["线下人次"], row["图书(册)"]) for row in changed] == [(45, 12)]
    assert "止日：2026-04-03" in changed[0]["备注"]
    assert changed[0]["备注"].endswith("捐赠：30册；另有：2台；首次举办")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_the_same_file_twice_adds_nothing(desk: Outreach, tmp_path: Path, encoding: str) -> None:
    file = as_csv(tmp_path / "l.csv", JOINT, encoding)
    assert counts(desk.import_activities(file, actor="王五")) == (3, 0, 0, 0)
    before = sizes(desk)
    assert counts(desk.import_activities(file, actor="王五")) == (0, 0, 3, 0)
    assert sizes(desk) == before
    approve_all(desk)
    desk.reverse_activity(desk.activities()[0].number, actor="李四", reason="没有办")
    before = sizes(desk)
    done = desk.import_activities(file, actor="王五")
    assert any("已经冲销" in each for each in done.reminders)
    assert sizes(desk) == before


def test_a_dry_run_writes_nothing(desk: Outreach, tmp_path: Path) -> None:
    (tmp_path / "现场.jpg").write_bytes(b"\xff\xd8\xff")
    file = as_csv(tmp_path / "l.csv", [ROW | {"佐证": "现场.jpg"}])
    before = sizes(desk)
    done = desk.import_activities(file, actor="王五", dry_run=True)
    assert (counts(done), done.written) == ((1, 0, 0, 0), False)
    assert "预演" in str(done)
    assert sizes(desk) == before
    assert not (tmp_path / "evidence").exists()


def test_every_bad_cell_is_named_and_nothing_is_written(desk: Outreach, tmp_path: Path) -> None:
    rows = [
        ROW,
        ROW | {"日期": "3月5日", "线下人次": "120余", "乡镇": "城管镇"},
        ROW | {"活动名称": "另一场", "责任单位": "某局", "人数统计方法": None},
        {**ROW, "主办/参与": "参与", "责任单位": "教育局", "活动名称": "没有主办"},
        ROW | {"活动名称": "又一场", "线上人次": 3},
    ]
    before = sizes(desk)
    done = desk.import_activities(as_csv(tmp_path / "l.csv", rows), actor="王五")
    named = {(problem.line, problem.column) for problem in done.problems}
    assert named == {
        *((3, "日期"), (3, "线下人次"), (3, "乡镇")),
        *((4, "责任单位"), (4, "人数统计方法")),
        *((5, "场次"), (5, "线下人次"), (5, "主办/参与")),
        (6, "线上人次"),
    }
    assert all(problem.problem and problem.mend for problem in done.problems)
    assert sizes(desk) == before
    refusal = done.refusal()
    assert refusal is not None
    assert "一条也没有导入" in str(refusal)
    assert "第3行“线下人次”“120余”不是准确的数字" in str(done)
    assert len(done.to_json()["problems"]) == len(done.problems)


def test_a_participant_s_bad_name_is_its_own_row_s(desk: Outreach, tmp_path: Path) -> None:
    rows = [ROW, {**ROW, "主办/参与": "参与", "责任单位": "某局"}]
    rows[1] |= {"场次": None, "线下人次": None}
    done = desk.import_activities(as_csv(tmp_path / "l.csv", rows), actor="王五")
    assert [(p.line, p.column, p.value) for p in done.problems] == [(3, "责任单位", "某局")]


def test_two_rows_for_one_activity_are_refused(desk: Outreach, tmp_path: Path) -> None:
    done = desk.import_activities(
        as_csv(tmp_path / "l.csv", [ROW, ROW | {"线下人次": 5}]), actor="王五"
    )
    (problem,) = done.problems
    assert (problem.line, "与第2行是同一场" in problem.problem) == (3, True)
    numbered = [ROW | {"备注": "编号：上午"}, ROW | {"备注": "编号：下午"}]
    done = desk.import_activities(as_csv(tmp_path / "l.csv", numbered), actor="王五")
    assert counts(done) == (2, 0, 0, 0)


def test_a_lookalike_under_another_number_is_pointed_out(desk: Outreach, tmp_path: Path) -> None:
    desk.import_activities(as_csv(tmp_path / "l.csv", [ROW | {"备注": "编号：一"}]), actor="王五")
    done = desk.import_activities(as_csv(tmp_path / "l.csv", [ROW]), actor="王五", dry_run=True)
    assert any("核对是不是重复" in each for each in done.reminders)


def test_states_are_not_imported(desk: Outreach, tmp_path: Path) -> None:
    rows = [ROW | {"状态": "已审核", "审核人": "李四"}]
    done = desk.import_activities(as_csv(tmp_path / "l.csv", rows), actor="王五")
    assert any("不导入" in each for each in done.reminders)
    assert desk.activities()[0].state == "submitted"


def test_the_bot_s_rows_cannot_be_passed_off(desk: Outreach, tmp_path: Path) -> None:
    desk.record(answer("a"))
    (row,) = ledger_rows(desk)
    row["填报人"], row["状态"] = "张三", None
    done = desk.import_activities(as_csv(tmp_path / "l.csv", [row]), actor="王五")
    assert {problem.column for problem in done.problems} >= {"线上人次", "线上人数", "渠道"}


def test_files_that_are_named_are_attached(desk: Outreach, tmp_path: Path) -> None:
    (tmp_path / "现场.jpg").write_bytes(b"\xff\xd8\xff")
    file = as_csv(tmp_path / "l.csv", [ROW | {"佐证": "签到表、现场.jpg"}])
    desk.import_activities(file, actor="王五")
    (found,) = desk.activities()
    assert [each.name for each in found.evidence] == ["现场.jpg"]
    assert found.activity.evidence == "签到表"
    approve_all(desk)
    (row,) = ledger_rows(desk)
    assert row["佐证"] == f"签到表；现场.jpg〔{found.evidence[0].sha256[:8]}〕"
    (tmp_path / "现场.jpg").unlink()
    assert counts(desk.import_activities(as_csv(file, [row]), actor="王五")) == (0, 0, 1, 0)
    missing = as_csv(file, [ROW | {"佐证": "../现场.jpg；没有.pdf", "活动名称": "另一场"}])
    done = desk.import_activities(missing, actor="王五")
    assert [p.value for p in done.problems] == ["../现场.jpg", "没有.pdf"]


def test_hidden_numbers_come_back_unharmed(desk: Outreach, tmp_path: Path) -> None:
    rows = [
        ROW | {"线下人次": 3, "备注": "编号：一；现场咨询：2"},
        ROW | {"活动名称": "大会", "线下人次": 60, "备注": "编号：二；现场咨询：9"},
        ROW | {"活动名称": "又一场", "线下人次": 80, "备注": "编号：三"},
    ]
    desk.import_activities(as_csv(tmp_path / "l.csv", rows), actor="王五")
    approve_all(desk)
    exported = ledger_rows(desk)
    by_name = {row["活动名称"]: row for row in exported}
    assert by_name["反诈进校园"]["线下人次"] == "<5"
    assert by_name["大会"]["线下人次"] == "≥5"
    assert by_name["又一场"]["线下人次"] == 80
    assert "现场咨询：<5" in by_name["反诈进校园"]["备注"]
    done = desk.import_activities(as_csv(tmp_path / "l.csv", exported), actor="王五")
    assert (done.problems, counts(done)) == ((), (0, 0, 3, 0))
    by_name["大会"]["线下人次"] = "<5"  # not what was hidden there
    done = desk.import_activities(as_csv(tmp_path / "l.csv", exported), actor="王五")
    assert [(p.line, p.column) for p in done.problems] == [(4, "线下人次")]


def test_text_that_looks_like_a_formula_survives_the_round_trip(
    desk: Outreach, tmp_path: Path
) -> None:
    desk.add_activity(
        {k: v for k, v in ROW.items() if k != "主办/参与"} | {"活动名称": "=SUM(1)", "备注": "+好"},
        actor="张三",
    )
    approve_all(desk)
    out = tmp_path / "l.csv"
    desk.export(out, kind="ledger", format="csv", start=WHOLE[0], end=WHOLE[1], exporter="李")
    assert "'=SUM(1)" in out.read_text(encoding="utf-8")
    assert counts(desk.import_activities(out, actor="王五")) == (0, 0, 1, 0)


def test_excel_dates_titles_and_other_sheets(desk: Outreach, tmp_path: Path) -> None:
    file = as_xlsx(tmp_path / "l.xlsx", [ROW | {"日期": datetime(2026, 3, 5)}], title=True)  # noqa: DTZ001
    book = load_workbook(file)
    book.create_sheet("说明", 0).append(["导出人", "李"])
    book.save(file)
    assert counts(desk.import_activities(file, actor="王五")) == (1, 0, 0, 0)
    assert desk.activities()[0].activity.first == date(2026, 3, 5)


@pytest.mark.parametrize("write", [as_csv, as_xlsx])
def test_formulas_are_refused(
    desk: Outreach, tmp_path: Path, write: Callable[[Path, Rows], Path]
) -> None:
    suffix = "csv" if write is as_csv else "xlsx"
    file = write(tmp_path / f"l.{suffix}", [ROW | {"线下人次": "=100+20"}])
    done = desk.import_activities(file, actor="王五")
    assert [(p.line, p.column, p.problem) for p in done.problems] == [(2, "线下人次", "是公式")]


def _zip(path: Path, **parts: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    return path


CONTENT_TYPES = {"[Content_Types].xml": b"<Types/>"}


def _swapped(path: Path, source: Path, part: str, change: Callable[[bytes], bytes]) -> Path:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(path, "w") as new:
        for name in old.namelist():
            content = old.read(name)
            new.writestr(name, change(content) if name == part else content)
    return path


SHEET = "xl/worksheets/sheet1.xml"


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (lambda p: p / "none.csv", "读不到文件"),
        (lambda p: as_csv(p / "l.txt", [ROW]), "只能导入"),
        (lambda p: _write(p / "l.csv", b"\x81\xff\x00"), "编码|文本"),
        (lambda p: _write(p / "l.csv", "日期,责任单位,活动名称\0".encode()), "不是文本文件"),
        (lambda p: _write(p / "l.csv", "甲,乙\n1,2\n".encode()), "没有表头"),
        (lambda p: _write(p / "l.csv", b""), "没有表头"),
        (lambda p: _write(p / "l.csv", "日期,责任单位,活动名称,天气\n".encode()), "不认识的列"),
        (lambda p: _write(p / "l.csv", "日期,责任单位,活动名称,日期\n".encode()), "有两列"),
        (lambda p: _write(p / "l.csv", '日期,责任单位,活动名称\n"a,b'.encode()), "CSV 语法"),
        (lambda p: _write(p / "l.csv", "日期,责任单位,活动名称\n1,2,3,4".encode()), "表头以外"),
        (lambda p: _write(p / "l.xlsx", b"PK\x03\x04nonsense"), "不是 Excel"),
        # An encrypted workbook is an OLE container, no ZIP.
        (lambda p: _write(p / "l.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" * 99), "加密"),
        (lambda p: _zip(p / "l.xlsx", a=b"1"), "不是 Excel"),
        (lambda p: _zip(p / "l.xlsx", **CONTENT_TYPES), "工作簿损坏"),
        (lambda p: _zip(p / "l.xlsx", **CONTENT_TYPES, **{"xl/vbaProject.bin": b"1"}), "宏"),
        (lambda p: _zip(p / "l.xlsx", **CONTENT_TYPES, bomb=b"\0" * (2**20 + 1)), "解压后超过"),
        (
            lambda p: _swapped(
                p / "l.xlsx",
                as_xlsx(p / "o.xlsx", [ROW]),
                SHEET,
                lambda xml: b'<!DOCTYPE x [<!ENTITY a "b">]>' + xml,
            ),
            "XML 声明",
        ),
        (
            lambda p: _swapped(
                p / "l.xlsx",
                as_xlsx(p / "o.xlsx", [ROW]),
                SHEET,
                lambda xml: xml.decode().encode("utf-16"),
            ),
            "XML 声明",
        ),
        (
            lambda p: _swapped(
                p / "l.xlsx", as_xlsx(p / "o.xlsx", [ROW]), SHEET, lambda xml: xml[:200]
            ),
            "工作簿损坏",
        ),
        (lambda p: _large(p / "l.csv"), "超过 1 MiB"),
    ],
)
def test_files_that_cannot_be_trusted_are_refused(
    desk: Outreach,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    make: Callable[[Path], Path],
    words: str,
) -> None:
    monkeypatch.setattr(sheet_reader, "MAX_UNPACKED", 2**20)
    monkeypatch.setattr(sheet_reader, "MAX_FILE", 2**20)
    before = sizes(desk)
    with pytest.raises(DataError, match=words):
        desk.import_activities(make(tmp_path), actor="王五")
    assert sizes(desk) == before


def _write(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def _large(path: Path) -> Path:
    return _write(path, b"x" * (2**20 + 1))


def test_a_sheet_that_claims_a_million_rows_is_read_in_bounds(
    desk: Outreach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sheet_reader, "MAX_ROWS", 100)

    def far(xml: bytes) -> bytes:
        return xml.replace(b'<row r="2"', b'<row r="1048576"').replace(b'"A2"', b'"A1048576"')

    file = _swapped(tmp_path / "l.xlsx", as_xlsx(tmp_path / "o.xlsx", [ROW]), SHEET, far)
    assert counts(desk.import_activities(file, actor="王五")) == (0, 0, 0, 0)
    many = as_csv(tmp_path / "l.csv", [ROW | {"活动名称": str(n)} for n in range(101)])
    with pytest.raises(DataError, match="超过 100 行"):
        desk.import_activities(many, actor="王五")
