"""What every export does to a cell and a row: no formula gets through, every row has its hash."""

from __future__ import annotations

import json
from collections.abc import Sequence

Value = str | int | float | None
HASHED = "每行各列按 JSON 数组（UTF-8，无空格）写成一行、以换行结尾，依次连接"


def neutral(value: Value) -> Value:
    """A cell that no spreadsheet takes for a formula: an apostrophe before = + - @, tab and CR."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


def hash_line(values: Sequence[Value]) -> bytes:
    """What a row adds to its table's SHA-256, the same in .xlsx, CSV and JSON."""
    return (json.dumps(list(values), ensure_ascii=False, separators=(",", ":")) + "\n").encode()
