"""Reading the TOML and CSV files that people edit, with a schema check that names the line.

A data file is wrong in a way that its editor can mend: every problem becomes a
:class:`errors.DataError` with file, line, problem and mend.
"""

from __future__ import annotations

import csv
import io
import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, NoReturn

from errors import DataError


@dataclass(frozen=True, slots=True)
class Row:
    """One entry of a data file: its values and where it stands."""

    path: Path
    line: int
    values: dict[str, Any]

    def fail(self, problem: str, mend: str) -> NoReturn:
        """Raise a :class:`DataError` that points at this entry."""
        raise DataError(self.path, self.line, problem, mend)

    def only(self, allowed: set[str]) -> None:
        """Refuse keys that nothing reads: a misspelt key must not be ignored."""
        for key in self.values:
            if key not in allowed:
                self.fail(f"不认识的字段 {key!r}", f"只能用：{'、'.join(sorted(allowed))}")

    def text(self, key: str, default: str | None = None) -> str:
        """A string; required, and not empty, unless ``default`` is given."""
        value = self.values.get(key, default)
        if not isinstance(value, str):
            self.fail(f"缺少文字字段 {key!r}", f'请写 {key} = "…"')
        value = value.strip()
        if not value and default is None:
            self.fail(f"字段 {key!r} 是空的", f"请填写 {key}")
        return value

    def texts(self, key: str, default: tuple[str, ...] | None = None) -> tuple[str, ...]:
        """A list of non-empty strings, without repeats."""
        value = self.values.get(key, default)
        if not isinstance(value, (list, tuple)) or not all(
            isinstance(item, str) and item.strip() for item in value
        ):
            self.fail(f"字段 {key!r} 应是文字列表", f'请写 {key} = ["…", "…"]')
        if len(set(value)) != len(value):
            self.fail(f"字段 {key!r} 有重复项", "请删去重复项")
        return tuple(item.strip() for item in value)

    def day(self, key: str) -> date | None:
        """A date (TOML date or ISO text), None where absent or blank."""
        value = self.values.get(key)
        if value is None or value == "":
            return None
        if type(value) is date:
            return value
        try:
            return date.fromisoformat(value)
        except (TypeError, ValueError):
            self.fail(f"字段 {key!r} 不是日期：{value!r}", "请写成 YYYY-MM-DD")

    def choice(self, key: str, allowed: tuple[str, ...], default: str | None = None) -> str:
        """A string that is one of ``allowed``."""
        value = self.text(key, default)
        if value not in allowed:
            self.fail(f"字段 {key!r} 不能是 {value!r}", f"只能是：{'、'.join(allowed)}")
        return value


def read_text(path: Path) -> str:
    """A data file's text, UTF-8 with or without BOM.

    Raises:
        DataError: it is missing, cannot be read, or is not UTF-8.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise DataError(path, None, f"读不到文件（{error.strerror}）", "请恢复该文件") from error
    except UnicodeDecodeError as error:
        raise DataError(path, None, "文件不是 UTF-8 编码", "请另存为 UTF-8") from error


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file; a syntax error becomes a :class:`DataError` with its line."""
    text = read_text(path)
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise DataError(
            path, line, f"TOML 语法错误（{error}）", "请检查引号、括号和等号"
        ) from error


def toml_rows(path: Path, table: str) -> tuple[Row, ...]:
    """The entries ``[[table]]`` of a TOML file, each with the line of its heading."""
    entries = read_toml(path).get(table, [])
    heads = [
        number
        for number, line in enumerate(read_text(path).splitlines(), 1)
        if line.split("#")[0].strip() == f"[[{table}]]"
    ]
    if not isinstance(entries, list) or not entries or len(heads) != len(entries):
        raise DataError(path, None, f"没有 [[{table}]] 条目", f"每条请以单独一行 [[{table}]] 开头")
    return tuple(Row(path, line, dict(entry)) for line, entry in zip(heads, entries, strict=True))


def toml_pairs(path: Path, table: str) -> Iterator[tuple[Row, str, Any]]:
    """The ``key = value`` lines of the table ``[table]``, each with its line."""
    entries = read_toml(path).get(table)
    if not isinstance(entries, dict) or not entries:
        raise DataError(path, None, f"没有 [{table}] 一节", f"请写 [{table}]，每行一个条目")
    lines = read_text(path).splitlines()
    for key, value in entries.items():
        pattern = re.compile(rf"""\s*["']?{re.escape(key)}["']?\s*=""")
        number = next((n for n, line in enumerate(lines, 1) if pattern.match(line)), 1)
        yield Row(path, number, {key: value}), key, value


def csv_rows(path: Path, columns: tuple[str, ...]) -> tuple[Row, ...]:
    """The rows of a CSV file whose heading must be ``columns``; blank rows are skipped."""
    reader = csv.DictReader(io.StringIO(read_text(path), newline=""), strict=True)
    rows = []
    try:
        if tuple(reader.fieldnames or ()) != columns:
            raise DataError(path, 1, "表头不对", f"表头应为：{','.join(columns)}")
        before = 1
        for values in reader:
            line, before = before + 1, reader.line_num
            if None in values or None in values.values():
                raise DataError(path, line, "列数与表头不符", "请检查逗号，含逗号的内容加双引号")
            if any(value.strip() for value in values.values()):
                rows.append(Row(path, line, {k: v.strip() for k, v in values.items()}))
    except csv.Error as error:
        raise DataError(
            path, reader.line_num, f"CSV 语法错误（{error}）", "请检查双引号"
        ) from error
    return tuple(rows)


def unique(rows: tuple[Row, ...], key: Callable[[Row], object], name: str) -> None:
    """Refuse two rows with the same ``key``."""
    seen: dict[object, int] = {}
    for row in rows:
        value = key(row)
        if value in seen:
            row.fail(f"{name}重复，第 {seen[value]} 行已有", "请删去或改正其中一条")
        seen[value] = row.line
