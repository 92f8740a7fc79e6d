"""A worksheet of XlsxWriter whose cells are written in half the time.

A ledger says the same words in row after row; XlsxWriter escapes each anew. The pages are the
same byte for byte (tests/outreach/test_workbook.py). Only ``constant_memory`` is covered: there
are no shared strings.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from xlsxwriter.utility import (  # type: ignore[import-untyped]
    _preserve_whitespace,
    xl_rowcol_to_cell_fast,
)
from xlsxwriter.worksheet import Worksheet  # type: ignore[import-untyped]

_ESCAPE = Worksheet()


class QuickPage(Worksheet):  # type: ignore[misc]
    """Give it to ``Workbook.add_worksheet`` as ``worksheet_class``."""

    def write_text(self, row: int, col: int, text: str, form: Any) -> None:
        """``write_string`` of a row and column, a text and a format."""
        self._write_string(row, col, text, form)

    def write_count(self, row: int, col: int, number: float, form: Any) -> None:
        """``write_number`` of a row and column, a number and a format."""
        self._write_number(row, col, number, form)

    def _write_cell(self, row: int, col: int, cell: Any) -> None:
        kind = cell.__class__.__name__
        if cell.format is None or kind not in ("String", "Number"):
            super()._write_cell(row, col, cell)
            return
        place = f'<c r="{xl_rowcol_to_cell_fast(row, col)}" s="{cell.format._get_xf_index()}"'
        if kind == "String":
            self.fh.write(f'{place} t="inlineStr">{_inline(cell.string)}</c>')
        else:
            self.fh.write(f"{place}><v>{cell.number:.16G}</v></c>")


@lru_cache(maxsize=512)
def _inline(text: str) -> str:
    escaped = _ESCAPE._escape_control_characters(text)
    if escaped.startswith("<r>") and escaped.endswith("</r>"):
        return f"<is>{escaped}</is>"
    space = ' xml:space="preserve"' if _preserve_whitespace(escaped) else ""
    return f"<is><t{space}>{_ESCAPE._escape_data(escaped)}</t></is>"
