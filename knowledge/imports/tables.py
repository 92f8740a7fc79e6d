"""Tables as text: Markdown pipe tables, one row a line, that can be read back cell by cell."""

from __future__ import annotations

import re
from collections.abc import Sequence

_SEPARATOR = re.compile(r"\|(?: --- \|)+")
_ESCAPED = re.compile(r"\\([\\|])|<br>")
_PIPE = re.compile(r"(?<!\\)(?:\\\\)*\|")


def render(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lines of a pipe table; the first row is its heading, short rows are filled up.

    >>> render([["税目", "税率"], ["酒", "5%"]])
    ['| 税目 | 税率 |', '| --- | --- |', '| 酒 | 5% |']
    """
    width = max(map(len, rows), default=0)
    if not width:
        return []
    lines = [_row([*map(_escape, row), *[""] * (width - len(row))]) for row in rows]
    return [lines[0], _row(["---"] * width), *lines[1:]]


def parse(lines: Sequence[str]) -> list[list[str]] | None:
    """The cells of lines that :func:`render` wrote; None for anything else."""
    if len(lines) < 2 or not _SEPARATOR.fullmatch(lines[1]):
        return None
    rows = [_cells(line) for line in (lines[0], *lines[2:])]
    return rows if render(rows) == list(lines) else None


def is_row(line: str) -> bool:
    """Whether a line belongs to a table drawn with characters."""
    return line.startswith(("|", "+--", "+=="))


def split(lines: Sequence[str]) -> list[list[str]]:
    """Lines in groups: each table that can be parsed is one group, any other line is alone."""
    groups: list[list[str]] = []
    at = 0
    while at < len(lines):
        end = at
        while end < len(lines) and lines[end].startswith("|"):
            end += 1
        if end > at and parse(lines[at:end]) is not None:
            groups.append(list(lines[at:end]))
            at = end
        else:
            groups.append([lines[at]])
            at += 1
    return groups


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escape(cell: str) -> str:
    return cell.replace("\\", "\\\\").replace("|", "\\|").replace("\n", "<br>")


def _cells(line: str) -> list[str]:
    inner = line.removeprefix("| ").removesuffix(" |")
    cells: list[str] = []
    start = 0
    for match in _PIPE.finditer(inner):
        cells.append(inner[start : match.end() - 1])
        start = match.end()
    cells.append(inner[start:])
    return [
        _ESCAPED.sub(lambda m: m.group(1) or "\n", cell.removeprefix(" ").removesuffix(" "))
        for cell in cells
    ]
