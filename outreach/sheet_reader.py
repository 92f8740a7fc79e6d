"""Reading a ledger that somebody sends: .xlsx and .csv, distrusted.

A workbook is a ZIP of XML: its true size is measured before anything is parsed, document types
(entity bombs) and macros are refused, and a formula is refused where a value is wanted, because
its result is what the sender's program last stored. CSV may be UTF-8 or GB18030 (what a Chinese
Excel writes).
"""

from __future__ import annotations

import csv
import io
import warnings
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from openpyxl import load_workbook
from openpyxl.utils.exceptions import InvalidFileException

from errors import CellError, DataError
from outreach.cells import Cell, clean

MAX_FILE = 20 * 2**20  # bytes
MAX_UNPACKED = 300 * 2**20  # a ledger of 100,000 rows is about 60 MiB of XML
MAX_PARTS = 2_000
MAX_ROWS = 200_000
MAX_COLUMNS = 60
HEADING_WITHIN = 10  # printed workbooks have a title above the heading
_CHUNK = 2**16
_FORMULA = ("=", "+", "-", "@", "\t", "\r")
_TEMPLATE = "请用导出的台账作模板（export --kind ledger）"


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the sheet: its number as spreadsheets show it, and its filled cells by column."""

    number: int
    cells: dict[str, Cell]


@dataclass(frozen=True, slots=True)
class Lines:
    """The rows below the heading; ``problems`` are cells that are no values (formulas)."""

    rows: tuple[Line, ...]
    problems: tuple[CellError, ...]


def read_sheet(path: Path, columns: Sequence[str], required: Sequence[str]) -> Lines:
    """Read a ledger's rows.

    Args:
        path: an .xlsx or .csv file.
        columns: the columns that there may be, in any order.
        required: those that there must be.

    Raises:
        DataError: the file cannot be read, is too large or dangerous, or its heading is wrong.
    """
    try:
        size = path.stat().st_size
        suffix = path.suffix.lower()
        if suffix not in (".csv", ".xlsx"):
            _refuse(path, "只能导入 .xlsx 和 .csv", "请另存为其中一种")
        if size > MAX_FILE:
            _refuse(path, f"文件超过 {MAX_FILE >> 20} MiB", "请按月拆成几个文件")
        if suffix == ".csv":
            return _lines(path, _csv_rows(path, path.read_bytes()), columns, required)
        with path.open("rb") as stream:
            _inspect(path, stream)
            return _workbook(path, stream, columns, required)
    except OSError as error:
        raise DataError(path, None, f"读不到文件（{error.strerror}）", "请检查文件名") from error


_Rows = Iterator[tuple[int, list[Cell], list[int]]]  # number, values, places of formulas


def _refuse(path: Path, problem: str, mend: str, line: int | None = None) -> NoReturn:
    raise DataError(path, line, problem, mend)


def _lines(path: Path, rows: _Rows, columns: Sequence[str], required: Sequence[str]) -> Lines:
    heading: list[str] | None = None
    lines: list[Line] = []
    problems: list[CellError] = []
    for number, values, formulas in rows:
        if heading is None:
            names = [clean(value) for value in values]
            if all(name in names for name in required):
                heading = _heading(path, number, names, columns)
            elif number >= HEADING_WITHIN:
                break
            continue
        if len(lines) >= MAX_ROWS:
            _refuse(path, f"超过 {MAX_ROWS} 行", "请拆成几个文件", number)
        stray = any(value not in (None, "") for value in values[len(heading) :])
        if stray or any(place >= len(heading) for place in formulas):
            _refuse(path, "有的单元格在表头以外", "请删去，或检查这一行的逗号", number)
        for place in formulas:
            mend = "请改成数值（复制后选择性粘贴为数值）"
            problems.append(CellError(path, number, heading[place], "", "是公式", mend))
        cells = zip(heading, values, strict=False)
        filled: dict[str, Cell] = {k: v for k, v in cells if k and v is not None and v != ""}
        if filled:
            lines.append(Line(number, filled))
    if heading is None:
        missing = "、".join(required)
        _refuse(path, f"前 {HEADING_WITHIN} 行里没有表头（至少要有：{missing}）", _TEMPLATE)
    return Lines(tuple(lines), tuple(problems))


def _heading(path: Path, number: int, names: list[str], columns: Sequence[str]) -> list[str]:
    while names and not names[-1]:
        names.pop()
    for name in names:
        if name not in columns:
            _refuse(path, f"不认识的列“{name}”", _TEMPLATE, number)
        if names.count(name) > 1:
            _refuse(path, f"“{name}”有两列", "请删去一列", number)
    return names


def _csv_rows(path: Path, data: bytes) -> _Rows:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError:
        try:
            text = data.decode("gb18030")
        except UnicodeDecodeError:
            _refuse(path, "既不是 UTF-8 也不是 GB18030 编码", "请另存为“CSV UTF-8”")
    if "\0" in text:
        _refuse(path, "不是文本文件", "请另存为“CSV UTF-8”")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    number = 0
    try:
        for number, row in enumerate(reader, start=1):
            formulas = [place for place, cell in enumerate(row) if cell.startswith("=")]
            yield number, [_bare(cell) for cell in row], formulas
    except csv.Error as error:
        raise DataError(
            path, number + 1, f"CSV 语法错误（{error}）", "请检查双引号和逗号"
        ) from error


def _bare(cell: str) -> str:
    """A leading apostrophe is how the export keeps text from being a formula."""
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _FORMULA else cell


def _inspect(path: Path, stream: io.BufferedReader) -> None:
    """Refuse what is no plain workbook, before a parser sees it."""
    try:
        with zipfile.ZipFile(stream) as archive:
            parts = archive.infolist()
            names = {part.filename for part in parts}
            if "[Content_Types].xml" not in names or len(parts) > MAX_PARTS:
                _refuse(path, "不是 Excel 工作簿", "请用 Excel 或 WPS 另存为 .xlsx")
            if any("vbaproject" in name.lower() for name in names):
                _refuse(path, "带有宏", "请另存为不带宏的 .xlsx")
            left = MAX_UNPACKED
            for part in parts:
                left = _measure(path, archive, part, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, zlib.error) as error:
        # RuntimeError: encrypted; NotImplementedError: an odd compression
        raise DataError(
            path, None, "不是 Excel 工作簿，或已加密、损坏", "请打开后另存为不加密的 .xlsx"
        ) from error
    stream.seek(0)


def _measure(path: Path, archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """How much may still be unpacked after this part; sizes are counted, not believed."""
    markup = part.filename.lower().endswith((".xml", ".rels", ".vml"))
    tail = b""
    with archive.open(part) as packed:
        while chunk := packed.read(_CHUNK):
            left -= len(chunk)
            if left < 0:
                _refuse(path, f"解压后超过 {MAX_UNPACKED >> 20} MiB", "请拆成几个文件")
            if markup:
                seen = tail + chunk
                # NUL: UTF-16, in which the words would not be seen.
                if b"<!DOCTYPE" in seen or b"<!ENTITY" in seen or b"\0" in seen:
                    _refuse(path, "含有不允许的 XML 声明", "请用 Excel 或 WPS 另存为 .xlsx")
                tail = seen[-16:]
    return left


def _workbook(
    path: Path, stream: io.BufferedReader, columns: Sequence[str], required: Sequence[str]
) -> Lines:
    """The rows of the first sheet with a fitting heading."""
    # OSError: openpyxl's word for a workbook without its main part
    broken = (InvalidFileException, OSError, LookupError, ValueError, TypeError, AttributeError)
    problem: DataError | None = None
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # openpyxl warns of styles that it leaves out
            for sheet in load_workbook(stream, read_only=True, keep_links=False).worksheets:
                try:
                    return _lines(path, _xlsx_rows(sheet), columns, required)
                except DataError as error:
                    problem = problem if problem and problem.line else error
    except (*broken, SyntaxError) as error:  # SyntaxError: broken XML
        trouble = f"工作簿损坏（{type(error).__name__}）"
        raise DataError(path, None, trouble, "请用 Excel 或 WPS 打开后另存为 .xlsx") from error
    raise problem or DataError(path, None, "工作簿里没有工作表", _TEMPLATE)


def _xlsx_rows(sheet: Any) -> _Rows:  # a ReadOnlyWorksheet, whose stub is wrong
    sheet.reset_dimensions()  # what the file says of its size is not believed
    rows = sheet.iter_rows(max_row=MAX_ROWS + HEADING_WITHIN + 1, max_col=MAX_COLUMNS)
    for number, row in enumerate(rows, start=1):
        formulas = [place for place, cell in enumerate(row) if cell.data_type == "f"]
        values = [None if cell.data_type == "f" else cell.value for cell in row]
        yield number, [_bare(v) if isinstance(v, str) else _plain(v) for v in values], formulas


def _plain(value: Any) -> Cell:
    return value if isinstance(value, Cell) else str(value)
