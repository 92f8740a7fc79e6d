r"""Markdown laws: TOML front matter between ``+++`` lines, ``#`` headings, ``**第一条**``.

Written for hand editing: articles and headings are recognised without their marks too. A line that
opens with a backslash is text whatever it looks like (``\第二条 …`` quoted inside an article).
"""

from __future__ import annotations

import re
import tomllib
from typing import Any

from errors import ImportRefused
from knowledge.imports import grammar, tables
from knowledge.imports.document import Line, Problems, Role
from knowledge.imports.plain import text_lines

FENCE = "+++"
_UNIT = re.compile(r"\*\*(?P<unit>[^*]{1,24})\*\*[\s　：:]*(?P<rest>.*)", re.DOTALL)
_BOLD = re.compile(r"(\*\*|__)(?P<text>[^*_]+)\1")
_HEADING = re.compile(r"(#{1,6})\s+(?P<text>.*?)\s*#*")
_MARKED = re.compile(r"(?:[-*+>]\s)|```|<!--")


def split_front_matter(text: str, label: str) -> tuple[dict[str, Any], str, int]:
    """(front matter, the rest, the number of the rest's first line); front matter may be absent.

    Raises:
        ImportRefused: the front matter is not TOML, or its closing line is missing.
    """
    lines = grammar.LINE_BREAK.split(text.lstrip("\ufeff"))
    if not lines or lines[0].strip() != FENCE:
        if lines and lines[0].strip() == "---":
            raise ImportRefused(
                label, 1, "文件头用了 ---（YAML）", f'请改用 {FENCE}，每行写成 name = "…"'
            )
        return {}, text, 1
    end = next((n for n, line in enumerate(lines[1:], 1) if line.strip() == FENCE), None)
    if end is None:
        raise ImportRefused(
            label, 1, f"文件头没有结束的 {FENCE}", f"请在文件头之后另起一行写 {FENCE}"
        )
    try:
        values = tomllib.loads("\n".join(lines[1:end]))
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) + 1 if found else end
        raise ImportRefused(
            label,
            line,
            f"文件头写法不对（{error}）",
            '请写成 name = "…"，日期写成 adopted = 2024-01-05',
        ) from error
    return values, "\n".join(lines[end + 1 :]), end + 2


def markdown_lines(text: str, first: int, problems: Problems) -> list[Line]:
    """The lines of a Markdown body; ``first`` is the number of its first line."""
    marked: list[int] = []
    lines = [_line(line, marked) for line in text_lines(text, first)]
    if marked:
        problems.warn(
            marked[0],
            f"有 Markdown 的列表、引用或注释符号（共 {len(marked)} 行），会原样留在条文里",
            "法条里一般没有这些符号，请删去",
        )
    return lines


def _line(line: Line, marked: list[int]) -> Line:
    text = line.text
    if text.startswith("\\"):
        return Line(line.number, text[1:], Role.LITERAL)
    if line.role is Role.LITERAL:
        return line
    if match := _HEADING.fullmatch(text):
        inner = _unbold(match["text"])
        first = len(match.group(1)) == 1 and not _is_heading(inner)
        return Line(line.number, inner, Role.TITLE if first else Role.HEADING)
    if (match := _UNIT.fullmatch(text)) and (unit := _unit(match["unit"])):
        return Line(line.number, match["rest"], unit=unit)
    bare = _unbold(text)
    if bare != text and (_is_heading(bare) or grammar.article(bare, frozenset())):
        return Line(line.number, bare)
    if _MARKED.match(text):
        marked.append(line.number)
    return line


def _unit(text: str) -> str | None:
    """The official spelling of a bold unit number: 第12条 is 第十二条; None for other bold text."""
    text = grammar.tidy(text)
    opening = grammar.article(text, frozenset())
    if opening and not opening.rest:
        return opening.number
    annex = grammar.annex(text)
    if annex and not annex[1]:
        return annex[0]
    return text if grammar.is_unit(text) else None


def _is_heading(text: str) -> bool:
    return bool(
        grammar.heading(text)
        or grammar.annex(text)
        or grammar.is_preamble_word(text)
        or grammar.is_contents_word(text)
    )


def _unbold(text: str) -> str:
    match = _BOLD.fullmatch(text.strip())
    return match["text"].strip() if match else text


def needs_backslash(text: str) -> bool:
    """Whether a line of an article's text must be written with a backslash."""
    return bool(
        text.startswith(("\\", "#", "**", "__", FENCE))
        or _MARKED.match(text)
        or (tables.is_row(text) is False and grammar.is_structural(text))
    )
