"""Excel workbooks as a clerk prints them: title, frozen heading, print set-up, charts, 口径.

XlsxWriter's constant_memory mode keeps one row of a sheet in memory and has native charts and all
of Excel's print settings; openpyxl's write-only mode needs several times longer for the same
ledger. In return, rows are written once, from top to bottom.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import lru_cache
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Literal

import xlsxwriter  # type: ignore[import-untyped]
from xlsxwriter.exceptions import FileCreateError  # type: ignore[import-untyped]

from errors import UsageError
from outreach.cell_text import Value as Value
from outreach.cell_text import hash_line, neutral
from outreach.files import placed
from outreach.quick_page import QuickPage
from outreach.statistics import BLANK

Kind = Literal["text", "center", "count", "rate"]
MOST_ROWS = 1_048_576 - 100  # Excel's, less heading and notes
A4, A3 = 9, 8
FONT = "宋体"
LINE, MOST_POINTS = 15.0, 409.0  # points; Excel has no higher row
CHART_COLUMNS = 12  # as wide as the widest data and a chart
HEAD_ROW = 2  # 0 title, 1 subtitle, 2 column names


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its width is in characters of the default font (a Chinese one counts two)."""

    title: str
    width: float
    kind: Kind = "text"


@dataclass(frozen=True, slots=True)
class Chart:
    """A native chart with its data beside it; ``rows``: a name and a number for each series."""

    title: str
    head: tuple[str, ...]
    rows: tuple[tuple[str | int, ...], ...]
    bars: bool = True  # lying bars for names of units, standing ones for months


@dataclass(frozen=True, slots=True)
class Sheet:
    """One sheet: rows are taken once, from top to bottom. ``total``: the last row, set apart.

    ``template``: nothing stands beneath its rows, so that it can be filled in and imported.
    """

    name: str
    title: str
    columns: tuple[Column, ...]
    rows: Iterable[Sequence[Value]]
    total: Sequence[Value] | None = None
    notes: tuple[str, ...] = ()
    paper: int = A4
    template: bool = False
    frozen_columns: int = 0


@dataclass(frozen=True, slots=True)
class Statement:
    """What the last sheets say: charts, definitions, and where the figures come from."""

    definitions: tuple[tuple[str, str], ...]
    facts: tuple[tuple[str, str], ...]
    period: str
    moment: datetime
    author: str
    charts: tuple[Chart, ...] = ()


@dataclass
class Written:
    """Rows and their SHA-256 by sheet, in order."""

    rows: dict[str, int] = field(default_factory=dict)
    sha256: dict[str, str] = field(default_factory=dict)

    @property
    def whole(self) -> str:
        """One table's SHA-256; of several, that of a line ``name sha256`` for each."""
        if len(self.sha256) == 1:
            return next(iter(self.sha256.values()))
        lines = "".join(f"{name} {digest}\n" for name, digest in self.sha256.items())
        return hashlib.sha256(lines.encode()).hexdigest()


def write_workbook(
    sheets: Sequence[Sheet],
    statement: Statement,
    out: Path,
    *,
    progress: Callable[[int], None] | None = None,
) -> Written:
    """Write sheets, then 图表 if there are charts, 口径说明 and 导出说明.

    Args:
        sheets: what to write; their rows are streamed.
        statement: definitions and facts.
        out: the file; an existing one is replaced as a whole or not at all.
        progress: called with the number of rows written so far.

    Raises:
        UsageError: the file cannot be written, or a sheet has more rows than Excel takes.
    """
    with placed(out) as path, TemporaryDirectory(dir=path.parent, prefix=f".{out.name}.") as rows:
        options = {
            "constant_memory": True,
            "strings_to_formulas": False,
            "strings_to_urls": False,
            "strings_to_numbers": False,
            "tmpdir": rows,
        }
        workbook = xlsxwriter.Workbook(str(path), options)
        try:
            writer = _Writer(workbook, statement, progress)
            for sheet in sheets:
                writer.table(sheet)
            if statement.charts:
                writer.charts()
            writer.definitions()
            writer.facts()
        except BaseException:
            with suppress(Exception):
                workbook.close()  # nobody sees this file, but its rows' files must be closed
            raise
        try:
            workbook.close()
        except FileCreateError as error:
            raise UsageError(f"无法写入 {out}：{error}") from error
    return writer.written


class _Writer:
    """The open workbook with its formats."""

    def __init__(
        self, workbook: Any, statement: Statement, progress: Callable[[int], None] | None
    ) -> None:
        self._workbook = workbook
        self._statement = statement
        self._progress = progress
        self._told = 0
        self.written = Written()
        moment = statement.moment.replace(tzinfo=None)
        workbook.set_properties(
            {"author": statement.author, "created": moment, "title": statement.period}
        )
        base = {"font_name": FONT, "font_size": 10, "valign": "vcenter"}
        make = workbook.add_format
        self._title = make({"font_name": "黑体", "font_size": 16, "align": "center"} | _MIDDLE)
        self._sub = make(base | {"align": "center", "font_color": "#444444"})
        self._head = make(
            base
            | {"bold": True, "align": "center", "text_wrap": True, "border": 1}
            | {"bg_color": "#E7EEF5"}
        )
        self._note = make(base | {"text_wrap": True, "font_color": "#444444"})
        self._plain = make(base | {"text_wrap": True})
        self._bold = make(base | {"bold": True, "text_wrap": True})
        kinds: dict[Kind, dict[str, Any]] = {
            "text": {"text_wrap": True},
            "center": {"align": "center", "text_wrap": True},
            "count": {"num_format": "#,##0", "align": "right"},
            "rate": {"num_format": "0.0%", "align": "right"},
        }
        self._body = {kind: make(base | {"border": 1} | more) for kind, more in kinds.items()}
        self._open = {kind: make(base | more) for kind, more in kinds.items()}
        self._sum = {
            kind: make(base | {"border": 1, "bold": True, "bg_color": "#F4F4F4"} | more)
            for kind, more in kinds.items()
        }

    def table(self, sheet: Sheet) -> None:
        """A data sheet."""
        page = self._workbook.add_worksheet(sheet.name, QuickPage)
        last = len(sheet.columns) - 1
        for place, column in enumerate(sheet.columns):
            page.set_column(place, place, column.width)
        self._heading(page, sheet, last)
        row, digest, shown = HEAD_ROW, hashlib.sha256(), 0
        kinds = [column.kind for column in sheet.columns]
        widths = [column.width for column in sheet.columns]
        # A ledger is long and mostly blank: printed gridlines instead of a border around every
        # cell, and rows of two lines unless they need more, which a row of its own height costs.
        formats = [(self._open if sheet.template else self._body)[kind] for kind in kinds]
        write = _write_filled if sheet.template else _write_row
        usual = LINE * (2 if sheet.template else 1)
        page.set_default_row(usual)
        if sheet.template:
            page.hide_gridlines(0)  # 0: neither hidden on the screen nor on paper
        for values in sheet.rows:
            row += 1
            shown += 1
            if shown > MOST_ROWS:
                raise UsageError(f"“{sheet.name}”超过 Excel 的行数，请缩短期间，或导出为 csv")
            digest.update(hash_line(values))
            if (height := _height(values, widths)) > usual:
                page.set_row(row, height)
            write(page, row, values, formats)
            self._told += 1
            if self._progress:
                self._progress(self._told)
        self.written.rows[sheet.name] = shown
        self.written.sha256[sheet.name] = digest.hexdigest()
        last_data = row
        if not shown and not sheet.template:
            row += 1
            page.merge_range(row, 0, row, last, "（本期没有记录）", self._sub)
        elif sheet.total is not None:
            row += 1
            _write_row(page, row, sheet.total, [self._sum[kind] for kind in kinds])
        if shown:
            page.autofilter(HEAD_ROW, 0, last_data, last)
        for note in sheet.notes:
            row += 1
            page.set_row(row, 3 + LINE * (1 + _wide(note) // int(sum(widths))))
            page.merge_range(row, 0, row, last, note, self._note)
        page.print_area(0, 0, row, last)

    def definitions(self) -> None:
        """口径说明."""
        rows = self._statement.definitions
        page = self._told_page("口径说明", "口径说明", (16, 76), ("指标", "口径"), rows)
        page.set_portrait()

    def facts(self) -> None:
        """导出说明: filter, 数据截止时间, exporter, corpus, hash of each sheet's rows."""
        rows = [
            *self._statement.facts,
            *(
                (f"“{name}”行数及校验码", f"{self.written.rows[name]} 行；SHA-256：{digest}")
                for name, digest in self.written.sha256.items()
            ),
        ]
        page = self._told_page("导出说明", "导出说明", (26, 66), ("项目", "内容"), rows)
        page.set_portrait()

    def _told_page(
        self,
        name: str,
        title: str,
        widths: tuple[float, float],
        head: tuple[str, str],
        rows: Sequence[tuple[str, str]],
    ) -> Any:
        page = self._workbook.add_worksheet(name)
        for place, width in enumerate(widths):
            page.set_column(place, place, width)
        page.set_row(0, 30)
        page.merge_range(0, 0, 0, 1, title, self._title)
        page.merge_range(1, 0, 1, 1, self._statement.period, self._sub)
        page.write_row(HEAD_ROW, 0, head, self._head)
        for row, (label, words) in enumerate(rows, start=HEAD_ROW + 1):
            page.set_row(row, _height((label, words), widths))
            page.write_string(row, 0, str(neutral(label)), self._body["text"])
            page.write_string(row, 1, str(neutral(words)), self._body["text"])
        page.freeze_panes(HEAD_ROW + 1, 0)
        page.repeat_rows(0, HEAD_ROW)
        page.print_area(0, 0, HEAD_ROW + max(1, len(rows)), 1)
        _print_setup(page, A4)
        return page

    def _heading(self, page: Any, sheet: Sheet, last: int) -> None:
        page.set_row(0, 30)
        page.merge_range(0, 0, 0, last, sheet.title, self._title)
        page.merge_range(1, 0, 1, last, self._statement.period, self._sub)
        page.set_row(HEAD_ROW, 30)
        for place, column in enumerate(sheet.columns):
            page.write_string(HEAD_ROW, place, column.title, self._head)
        page.freeze_panes(HEAD_ROW + 1, sheet.frozen_columns)
        page.repeat_rows(0, HEAD_ROW)
        page.set_landscape()
        _print_setup(page, sheet.paper)

    def charts(self) -> None:
        """图表: each chart on a page of its own, beside the numbers that it draws."""
        page = self._workbook.add_worksheet("图表")
        for place, width in enumerate((20, 10, 10)):
            page.set_column(place, place, width)
        row, breaks = 0, []
        for chart in self._statement.charts:
            page.set_row(row, 30)
            page.merge_range(row, 0, row, CHART_COLUMNS, chart.title, self._title)
            page.merge_range(row + 1, 0, row + 1, CHART_COLUMNS, self._statement.period, self._sub)
            head = row + 2
            page.write_row(head, 0, chart.head, self._head)
            for place, values in enumerate(chart.rows, start=head + 1):
                formats = [self._body["center"], *[self._body["count"]] * (len(values) - 1)]
                _write_row(page, place, values, formats)
            self._draw(page, chart, head)
            row = head + max(len(chart.rows), 24) + 2
            breaks.append(row)
        page.set_h_pagebreaks(breaks[:-1])
        page.set_landscape()
        page.set_paper(A4)
        page.set_print_scale(80)
        page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
        page.print_area(0, 0, row - 1, CHART_COLUMNS)
        page.set_footer(_FOOTER)

    def _draw(self, page: Any, chart: Chart, head: int) -> None:
        drawn = self._workbook.add_chart({"type": "bar" if chart.bars else "column"})
        first, last = head + 1, head + len(chart.rows)
        for place in range(1, len(chart.head)):
            drawn.add_series(
                {
                    "name": ["图表", head, place],
                    "categories": ["图表", first, 0, last, 0],
                    "values": ["图表", first, place, last, place],
                    "data_labels": {"value": True},
                    "gap": 60,
                }
            )
        drawn.set_title({"none": True})
        drawn.set_legend({"position": "bottom"} if len(chart.head) > 2 else {"none": True})
        names = {"num_font": {"name": FONT, "size": 9}, "reverse": chart.bars}
        # The numbers stand at the bars: their axis would only repeat them.
        values = {"visible": False, "major_gridlines": {"visible": False}}
        drawn.set_y_axis(names if chart.bars else values)
        drawn.set_x_axis(values if chart.bars else names)
        drawn.set_size({"width": 620, "height": 460})
        columns = len(chart.head)
        page.insert_chart(head, columns, drawn, {"x_offset": 12, "object_position": 2})


_FOOTER = "&C&9第 &P 页  共 &N 页&R&9&A"
_MIDDLE = {"valign": "vcenter"}


def _write_row(page: Any, row: int, values: Sequence[Value], formats: Sequence[Any]) -> None:
    for place, value in enumerate(values):
        form = formats[place]
        if value is None or value == "":
            page.write_blank(row, place, None, form)
        elif isinstance(value, str):
            page.write_string(row, place, neutral(value), form)
        else:
            page.write_number(row, place, value, form)


def _height(values: Sequence[Value], widths: Sequence[float]) -> float:
    """Points for the row's wrapped text; not every program fits rows by itself."""
    most = 1
    for value, width in zip(values, widths, strict=True):
        # Cheap first: even if every character is a wide one, most cells have one line.
        if isinstance(value, str) and (2 * len(value) > width or "\n" in value):
            most = max(most, _lines(value, width))
    return min(MOST_POINTS, LINE * most)


@lru_cache(maxsize=4096)  # a ledger says the same words in row after row
def _lines(text: str, width: float) -> int:
    return sum(max(1, ceil(_wide(line) / int(width))) for line in text.split("\n"))


def _write_filled(page: Any, row: int, values: Sequence[Value], formats: Sequence[Any]) -> None:
    for place, value in enumerate(values):
        if isinstance(value, str):
            if value:
                page.write_text(row, place, neutral(value), formats[place])
        elif value is not None:
            page.write_count(row, place, value, formats[place])


def _print_setup(page: Any, paper: int) -> None:
    page.set_paper(paper)
    page.set_margins(left=0.5, right=0.5, top=0.6, bottom=0.7)
    page.fit_to_pages(1, 0)
    page.set_footer(_FOOTER)
    page.center_horizontally()


def _wide(text: str) -> int:
    """Width in columns of the default font: a Chinese character takes two."""
    return sum(2 if ord(char) > 0x2E7F else 1 for char in text)


def shown(value: Value) -> Value:
    """A measure as it is printed: 「—」 where it does not apply."""
    return BLANK if value is None else value
