"""The rules that repair a source's text: each turns a text into edits, and nothing else.

They are deterministic and know no single article; what only one article needs is in
``corrections.toml``. Digits and Latin letters are never touched.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

PICTURE = "（图略）"  # stands where the source has only broken markup of a picture

_CJK = "\u3400-\u4dbf\u4e00-\u9fff"
_MARKS = "，。、；：？！（）《》〈〉“”‘’"


class Rule(StrEnum):
    """What a change was made for."""

    CORRECTION = "逐条更正"
    PICTURE = "图片标记"
    INVISIBLE = "不可见字符"
    MARKUP = "转换残留标记"
    BORDER = "表格边框"
    HEADING = "下一部分标题"
    ANNEX = "附件拆分"
    DECIMAL = "小数点后空格"
    ODD_SPACE = "特殊空格"
    SPACE = "断行空格"
    WIDTH = "半角标点"
    QUOTES = "直引号"
    BLANK = "空行"


@dataclass(frozen=True, slots=True)
class Edit:
    """``text[start:end]`` becomes ``new``."""

    start: int
    end: int
    new: str = ""


_PICTURE = re.compile(r"!\S*?\{width=\"[^\"]*\"\s*height=\"[^\"]*\"\}")
_INVISIBLE = re.compile(r"[\u00ad\u200b-\u200f\u2028-\u202e\u2060\ufeff]")
_BORDER = re.compile(r"^[ |+-]*[|+-][ |+-]*(?:\n|\Z)", re.MULTILINE)
# 0.<thin space>0005 is one number where a unit or the end of the cell follows;
# 53.<thin space>2，4－二硝基氯苯 has a list number
_DECIMAL = re.compile(r"(?<=\d\.)\u2009(?=\d+(?:[元吨床头升％]|[ \u2009]*(?:\||$)))", re.MULTILINE)
_ODD_SPACE = re.compile(r"[\t\u00a0\u2000-\u200a\u202f\u205f]")
_SPACE = re.compile(rf"(?<=[{_CJK}{_MARKS}\"]) +(?=[{_CJK}{_MARKS}\"\d])")
_WIDTH = {",": "，", ";": "；", ":": "：", "?": "？", "!": "！"}
_HALF_MARK = re.compile(rf"(?<=[{_CJK}）》”\"])[,;:?!](?=[{_CJK}（《“\"\n]|\Z)")
_HALF_BRACKETS = re.compile(rf"\((?=[{_CJK}]+\))([{_CJK}]+)\)")
_BLANK = re.compile(r"(?<=\n)[ \n]*\n|\A\s+|\s+\Z|(?<=\S) +(?=\n)|(?<=\n) +")


def pictures(text: str) -> Iterator[Edit]:
    """``!24427{width="3.2in" height="3.5in"}`` → （图略）."""
    for found in _PICTURE.finditer(text):
        yield Edit(*found.span(), PICTURE)


def invisible(text: str) -> Iterator[Edit]:
    """Zero-width characters, soft hyphens, direction marks."""
    return (Edit(*found.span()) for found in _INVISIBLE.finditer(text))


def markup(text: str) -> Iterator[Edit]:
    r"""What a Markdown writer escaped: ``\<…\>`` → 〈…〉, ``BOD~5~`` → BOD5, a backslash at a
    line's end."""
    for found in re.finditer(r"\\([<>])|\\(?=\n|\Z)|~(\w+)~", text):
        mark, subscript = found.groups()
        yield Edit(*found.span(), {"<": "〈", ">": "〉"}.get(mark, subscript or ""))


def borders(text: str) -> Iterator[Edit]:
    """Lines that only draw a table: ``+-----+``, ``-----  ----``, ``| | |``."""
    return (Edit(*found.span()) for found in _BORDER.finditer(text))


def decimals(text: str) -> Iterator[Edit]:
    """A thin space after a decimal point (0. 0005): removed where a unit or the cell's end follows.

    The source itself writes 0.125 without it; list numbers (53. 2，4－二硝基氯苯) keep theirs.
    """
    return (Edit(*found.span()) for found in _DECIMAL.finditer(text))


def odd_spaces(text: str) -> Iterator[Edit]:
    """Tabs, no-break and typographic spaces → a plain space; 全角空格 stays, it is the official
    separator after an article's number."""
    return (Edit(*found.span(), " ") for found in _ODD_SPACE.finditer(text))


def spaces(text: str) -> Iterator[Edit]:
    """Spaces inside prose where a line had been broken: 省、自治区、 直辖市."""
    return (Edit(*found.span()) for found in _SPACE.finditer(text))


def widths(text: str) -> Iterator[Edit]:
    """Half-width marks between Chinese words → full width; never inside numbers or Latin."""
    for found in _HALF_MARK.finditer(text):
        yield Edit(*found.span(), _WIDTH[found.group()])
    for found in _HALF_BRACKETS.finditer(text):
        yield Edit(found.start(), found.start() + 1, "（")
        yield Edit(found.end() - 1, found.end(), "）")


def quotes(text: str) -> Iterator[Edit]:
    """Straight quotation marks → “” and ‘’, by alternation.

    An open quotation opens again at each of its paragraphs and closes once, as amending documents
    print it (GB/T 15834).
    """
    inside = {'"': False, "'": False}
    for found in re.finditer(r"[\"'“”]", text):
        mark, at = found.group(), found.start()
        if mark in "“”":
            inside['"'] = mark == "“"
            continue
        opening, closing = ("“", "”") if mark == '"' else ("‘", "’")
        again = inside[mark] and (at == 0 or text[at - 1] == "\n")
        inside[mark] = again or not inside[mark]
        yield Edit(at, at + 1, opening if inside[mark] else closing)


def blanks(text: str) -> Iterator[Edit]:
    """Empty lines, and white space at the ends of lines."""
    return (Edit(*found.span()) for found in _BLANK.finditer(text))


Step = tuple[Rule, Callable[[str], Iterable[Edit]]]
BEFORE: tuple[Step, ...] = (
    (Rule.PICTURE, pictures),
    (Rule.INVISIBLE, invisible),
    (Rule.MARKUP, markup),
    (Rule.BORDER, borders),
    (Rule.BLANK, blanks),
)
AFTER: tuple[Step, ...] = (
    (Rule.DECIMAL, decimals),
    (Rule.ODD_SPACE, odd_spaces),
    (Rule.SPACE, spaces),
    (Rule.WIDTH, widths),
    (Rule.QUOTES, quotes),
    (Rule.BLANK, blanks),
)


def apply_edits(text: str, edits: Iterable[Edit]) -> tuple[str, str, str]:
    """The text after the edits, what they removed and what they put in."""
    out, removed, inserted, position = [], [], [], 0
    for edit in sorted(edits, key=lambda e: e.start):
        out += [text[position : edit.start], edit.new]
        removed.append(text[edit.start : edit.end])
        inserted.append(edit.new)
        position = edit.end
    return "".join([*out, text[position:]]), "".join(removed), "".join(inserted)
