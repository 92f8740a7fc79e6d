from __future__ import annotations

import hashlib
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from openpyxl import load_workbook
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet
from xlsxwriter.worksheet import Worksheet as XlsxWriterPage  # type: ignore[import-untyped]

from errors import UsageError
from outreach import quick_page, workbook
from outreach.consultations import Window
from outreach.ledger import LEDGER_COLUMNS, ledger
from outreach.printing import PRINTED, Printed, write_printed
from outreach.sheet_reader import read_sheet
from outreach.statistics import DEFINITIONS
from outreach.store import Outreach
from outreach.workbook import Column, Sheet, Statement, write_workbook
from tests.conftest import examples
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, END, START, YEAR
from tests.outreach.samples import answer

LIST = county.duties()
DATABASE = ("outreach.db", "outreach.db-wal", "outreach.db-shm")
HEAD = 3  # row of the column names, from 1


def write(store: Outreach, out: Path, kind: str = "ledger", **fields: Any) -> Printed:
    given: dict[str, Any] = {
        **YEAR,
        "kind": kind,
        "format": "xlsx",
        "as_of": AS_OF,
        "exporter": "李某",
        "corpus": "2026-11-01",
        "duties": LIST,
        "county": "甲县",
    }
    return write_printed(store.database, out=out, **(given | fields))


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    county.fill(store, clock)
    return store


@pytest.fixture
def book(filled: Outreach, tmp_path: Path) -> Iterator[Workbook]:
    write(filled, tmp_path / "all.xlsx", "all")
    opened = load_workbook(tmp_path / "all.xlsx")
    yield opened
    opened.close()


def rows(page: Worksheet) -> list[dict[str, Any]]:
    """The data rows by column, until the first row that is merged or empty."""
    lines = page.iter_rows(min_row=HEAD, values_only=True)
    head = [str(cell) for cell in next(lines)]
    return [dict(zip(head, line, strict=True)) for line in lines if line[0] is not None]


def merged(page: Worksheet) -> set[int]:
    return {area.min_row for area in page.merged_cells.ranges}


def test_all_has_every_sheet(book: Workbook) -> None:
    assert book.sheetnames == [
        *("按单位", "按系统", "按月", "节点活动", "责任清单", "应办已办", "普法提示"),
        *("推送活动", "台账", "图表", "口径说明", "导出说明"),
    ]


def test_units_agree_with_the_statistics(book: Workbook, filled: Outreach) -> None:
    table = filled.stats(**YEAR, by=["organ"], as_of=AS_OF)
    page = book["按单位"]
    last = max(row for row in range(HEAD, page.max_row) if page.cell(row, 1).value == "合计")
    found = {row["责任单位"]: row for row in rows(page)}
    titles = {
        "场次": "activities",
        "期": "trainings",
        "参与场次": "joint_participations",
        "线下人次": "offline_person_times",
        "现场咨询人次": "offline_consultations",
        "咨询人次": "consultations",
        "线上人数": "online_residents",
        "图书(册)": "books",
    }
    for title, measure in titles.items():
        for row in table.rows:
            assert found[row.by["organ"]][title] == row.measures[measure]
        assert found["合计"][title] == table.total[measure]
        if measure != "online_residents":
            units = [found[name][title] for name in found if page_row(page, name) < last]
            assert sum(units) == table.total[measure]
    assert found["合计"]["推送送达"] == 0
    assert found["公安局"]["应办任务"] == found["公安局"]["已办"] + found["公安局"]["逾期"]


def page_row(page: Worksheet, name: str) -> int:
    return next(row for row in range(HEAD + 1, page.max_row + 1) if page.cell(row, 1).value == name)


def test_the_ledger_sheet_is_the_ledger(filled: Outreach, tmp_path: Path) -> None:
    done = write(filled, tmp_path / "l.xlsx")
    csv = filled.export(
        tmp_path / "l.csv", kind="ledger", format="csv", exporter="李", as_of=AS_OF, **YEAR
    )
    assert (done.rows, done.sha256) == (csv.rows, csv.sha256)
    opened = load_workbook(tmp_path / "l.xlsx")
    found = rows(opened["台账"])
    assert list(found[0]) == LEDGER_COLUMNS
    digest = hashlib.sha256()
    with filled.database.read() as connection:
        told = list(ledger(connection, Window(START, END, AS_OF)))
    for line, row in zip(told, found, strict=True):
        assert [cell or None for cell in line] == list(row.values())
        digest.update((json.dumps(line, ensure_ascii=False, separators=(",", ":")) + "\n").encode())
    assert digest.hexdigest() == done.sha256
    assert any(done.sha256 in str(cell.value) for cell in opened["导出说明"]["B"])
    opened.close()


def test_the_ledger_sheet_can_be_imported_again(filled: Outreach, tmp_path: Path) -> None:
    write(filled, tmp_path / "l.xlsx")
    lines = read_sheet(tmp_path / "l.xlsx", LEDGER_COLUMNS, ["日期", "责任单位", "活动名称"])
    assert not lines.problems
    with filled.database.read() as connection:
        told = list(ledger(connection, Window(START, END, AS_OF)))
    assert len(lines.rows) == len(told)


def test_print_set_up(book: Workbook) -> None:
    for page in book.worksheets:
        assert page.print_area, page.title
        assert "第 &P 页" in str(page.oddFooter and page.oddFooter.center.text), page.title
        if page.title == "图表":
            continue
        assert page.freeze_panes, page.title
        assert page.print_title_rows == "$1:$3", page.title
        assert page.page_setup.fitToHeight == 0
        assert "2026年1月1日至2026年11月24日" in str(page["A2"].value)
        if page.title not in ("口径说明", "导出说明"):
            assert page.page_setup.orientation == "landscape"
            assert str(page["A1"].value).startswith("甲县")


def test_numbers_are_numbers_and_formatted(book: Workbook) -> None:
    page = book["按单位"]
    cell = page.cell(HEAD + 1, 5)
    assert isinstance(cell.value, int)
    assert cell.number_format == "#,##0"
    assert page.column_dimensions["A"].width > 15


def test_charts_are_native_and_draw_what_stands_beside_them(book: Workbook) -> None:
    page = book["图表"]
    assert len(page._charts) == 3  # type: ignore[attr-defined]
    found = {page.cell(row, 1).value: page.cell(row, 2).value for row in range(1, page.max_row)}
    assert found["市场监督管理局"] == 7
    assert found["2026-09"] == 1


def test_definitions_and_facts(book: Workbook) -> None:
    words = {row["指标"]: row["口径"] for row in rows(book["口径说明"])}
    for text in DEFINITIONS.values():
        name, definition = text.split("：", 1)
        assert words[name] == definition
    assert "逾期" in words["应办和已办"]
    facts = {row["项目"]: row["内容"] for row in rows(book["导出说明"])}
    assert facts["导出人"] == "李某"
    assert facts["法条库"] == "2026-11-01"
    assert facts["数据截止时间"] == "2026-11-24 10:00:00（北京时间）"
    assert facts["统计期间"].startswith("2026年1月1日至2026年11月24日")
    assert "“台账”行数及校验码" in facts


def test_no_cell_is_a_formula(store: Outreach, tmp_path: Path) -> None:
    store.record(answer("a", at=AS_OF, topic="=HYPERLINK(1)", organ="@局"))
    write(store, tmp_path / "l.xlsx", as_of=store.clock.now())
    opened = load_workbook(tmp_path / "l.xlsx")
    (row,) = rows(opened["台账"])
    assert (row["普法主题"], row["责任单位"]) == ("'=HYPERLINK(1)", "'@局")
    opened.close()


def test_text_stays_text(tmp_path: Path) -> None:
    cells = ["<5", "—", "+86", "-1", "=1+1", "@a", "http://a.cn", "007"]
    sheet = Sheet("表", "表", tuple(Column(str(n), 9, "count") for n in range(8)), [cells])
    statement = Statement((), (), "期间", AS_OF, "李")
    write_workbook([sheet], statement, tmp_path / "t.xlsx")
    opened = load_workbook(tmp_path / "t.xlsx")
    line = opened["表"][HEAD + 1]
    assert [cell.value for cell in line] == [
        *("<5", "—", "'+86", "'-1", "'=1+1", "'@a", "http://a.cn", "007")
    ]
    assert {cell.data_type for cell in line} == {"s"}
    assert not [cell.hyperlink for cell in line if cell.hyperlink]
    opened.close()


class PlainPage(XlsxWriterPage):  # type: ignore[misc]
    """XlsxWriter's own way of writing a cell."""

    write_text = XlsxWriterPage.write_string
    write_count = XlsxWriterPage.write_number


@settings(
    deadline=None,
    max_examples=examples(20),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    lines=st.lists(
        st.lists(
            st.text() | st.integers(-(10**9), 10**9) | st.floats(-1e9, 1e9) | st.none(),
            min_size=3,
            max_size=3,
        ),
        max_size=5,
    ),
    template=st.booleans(),
)
@example(lines=[[" a&b ", "<5\n\x01_x0001_", '"']], template=True)
@example(lines=[["<r>x</r>", "\ufffe", 0.1]], template=True)
def test_quick_pages_are_the_same_file(
    tmp_path: Path, lines: list[list[Any]], template: bool
) -> None:
    columns = (Column("文", 9), Column("数", 9, "count"), Column("率", 9, "rate"))
    sheet = Sheet("表", "表", columns, lines, template=template)
    written = []
    for name, page in (("quick", quick_page.QuickPage), ("plain", PlainPage)):
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(workbook, "QuickPage", page)
            write_workbook([sheet], Statement((), (), "期间", AS_OF, "李"), tmp_path / name)
        written.append((tmp_path / name).read_bytes())
    assert written[0] == written[1]


def test_an_empty_period(store: Outreach, tmp_path: Path) -> None:
    done = write(store, tmp_path / "a.xlsx", "all")
    opened = load_workbook(tmp_path / "a.xlsx")
    assert opened["台账"].max_row == HEAD  # a template to fill in
    assert opened["推送活动"].cell(HEAD + 1, 1).value == "（本期没有记录）"
    assert done.rows > 0  # duties there are
    opened.close()


@pytest.mark.slow
def test_the_same_export_is_the_same_file(filled: Outreach, tmp_path: Path) -> None:
    for kind in ("all", "ledger"):
        write(filled, tmp_path / "a.xlsx", kind)
        write(filled, tmp_path / "b.xlsx", kind)
        assert (tmp_path / "a.xlsx").read_bytes() == (tmp_path / "b.xlsx").read_bytes()


def test_progress_counts_rows(filled: Outreach, tmp_path: Path) -> None:
    seen: list[int] = []
    done = write(filled, tmp_path / "l.xlsx", progress=seen.append)
    assert seen == list(range(1, done.rows + 1))


def test_a_failing_export_leaves_the_old_file(filled: Outreach, tmp_path: Path) -> None:
    out = tmp_path / "l.xlsx"
    out.write_text("old")

    def stop(rows: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(filled, out, progress=stop)
    assert out.read_text() == "old"
    assert {file.name for file in tmp_path.iterdir()} <= {"l.xlsx", *DATABASE}


def test_what_cannot_be_written_is_said(filled: Outreach, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="无法写入"):
        write(filled, tmp_path / "nowhere" / "l.xlsx")
    with pytest.raises(UsageError, match="不能导出"):
        write(filled, tmp_path / "l.xlsx", "report")


@pytest.mark.slow
def test_memory_is_not_the_ledger_s(tmp_path: Path) -> None:
    def peak(number: int) -> int:
        columns = tuple(Column(str(n), 9) for n in range(30))
        lines = ([f"字{n}"] * 30 for n in range(number))
        tracemalloc.start()
        sheet = Sheet("表", "表", columns, lines, template=True)
        write_workbook([sheet], Statement((), (), "期", AS_OF, "李"), tmp_path / "m.xlsx")
        found = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return found

    peak(10)
    assert peak(1200) < 1.5 * peak(300)


def test_every_kind_has_its_formats() -> None:
    assert set(PRINTED) == {
        *("ledger", "organs", "nodes", "duties", "campaigns", "all", "report", "performance"),
        "events",
    }


def test_the_store_exports_them(filled: Outreach, tmp_path: Path) -> None:
    out = tmp_path / "n.xlsx"
    done = filled.export(out, kind="nodes", format="xlsx", exporter="李", as_of=AS_OF, **YEAR)
    assert (done.path, done.meta) == (out, None)
    opened = load_workbook(out)
    assert opened.sheetnames == ["节点活动", "口径说明", "导出说明"]
    nodes = {row["节点"]: row for row in rows(opened["节点活动"])}
    day = nodes["国际消费者权益日"]
    assert (day["任务数"], day["完成"], day["场次"], day["线下人次"]) == (1, 1, 1, 300)
    assert nodes["植树节"]["场次"] == 0
    assert nodes["植树节"]["推送送达"] == 0
    opened.close()


def test_the_duty_list_has_the_four_lists(filled: Outreach, tmp_path: Path) -> None:
    write(filled, tmp_path / "d.xlsx", "duties")
    opened = load_workbook(tmp_path / "d.xlsx")
    police = next(row for row in rows(opened["责任清单"]) if row["责任单位"] == "公安局")
    assert "《反电信网络诈骗法》" in police["内容清单"]
    assert police["责任领导"] == "（请填写）"
    assert police["措施清单（载体和方式）"].startswith("1. ")
    assert "国际禁毒日（6月26日）" in police["重要时间节点"]
    items = [row for row in rows(opened["应办已办"]) if row["责任单位"] == "公安局"]
    assert {row["办理情况"] for row in items} == {"已办", "逾期"}
    opened.close()
