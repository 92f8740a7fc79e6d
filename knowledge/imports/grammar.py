"""The words and numbers that give a law document its structure (立法技术规范（试行）).

编 > 分编 > 章 > 节 > 条; numbers are Chinese numerals, read tolerantly and kept in the official
spelling. Everything here looks at one line without its surrounding white space.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.numerals import NUMERAL, article_number, format_number, parse_number

_N = f"[{NUMERAL}]+"
_RANKS = {"编": 0, "分编": 1, "章": 2, "节": 3}
TOPIC_RANK = 4  # 「一、一般规定」 above the articles of a judicial interpretation

_HEADING = re.compile(
    rf"第\s*(?P<number>{_N})\s*(?P<kind>分编|编|章|节)(?:之(?P<sub>{_N}))?(?P<gap>\s*)(?P<title>.*)"
)
_ARTICLE = re.compile(
    rf"第\s*(?P<number>{_N})\s*[条條](?:\s*之\s*(?P<sub>{_N}))?(?P<gap>\s*[：:]?\s*)(?P<rest>.*)",
    re.DOTALL,
)
_ITEM = re.compile(rf"(?P<number>{_N})、\s*(?P<rest>.*)", re.DOTALL)
_ANNEX = re.compile(
    rf"(?P<kind>附件|附表|附录|附图|附)\s*(?P<number>{_N})?\s*(?P<gap>[：:.．、]|\s|$)\s*(?P<title>.{{0,60}})"
)
_UNIT = re.compile(
    rf"第{_N}条(?:之{_N})?|条目{_N}|全文|序言|(?:附件|附表|附录|附图)[^，。；：]{{0,20}}"
)
_PAGE = re.compile(
    r"[-—－–·•]+\s*\d{1,4}\s*[-—－–·•]+|第\s*\d{1,4}\s*页(?:\s*[,，/、]?\s*共\s*\d{1,4}\s*页)?"
)
# what follows a number in running text: 第三条规定的…, 第三章、第四章
_REFERENCE = re.compile("[、，。；和与或及至到的第款项之所]|规定|中的|中规定|修改|增加")
_UNNUMBERED = ("总则", "总纲", "分则", "罚则", "附则")  # 民法典's last part is just 「附则」
_STOPS = "。；：！？"
_ZERO_WIDTH = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060\ufeff]")
_CONTROL = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x84\x86-\x9f\ufffd]")
LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
TRAILING_PAGE = re.compile(r"[\s.．…·]*(?:[\s.．…·]\d{1,4}|\t\d{1,4})$")


@dataclass(frozen=True, slots=True)
class Heading:
    """A heading: rank (0 编 … 3 节), ordinal ((0, 0): none) and normal form 「第二章 总则」."""

    rank: int
    ordinal: tuple[int, int]
    text: str
    titled: bool


@dataclass(frozen=True, slots=True)
class Opening:
    """The opening of an article: its ordinal, official number, and the text behind it."""

    ordinal: tuple[int, int]
    number: str
    rest: str
    spaced: bool  # white space follows the number, as it should


def tidy(text: str) -> str:
    """Text without zero-width characters and surrounding space; no-break spaces become plain."""
    return _ZERO_WIDTH.sub("", text).replace("\u00a0", " ").strip()


def has_control(text: str) -> bool:
    """Whether a character stands in the text that no law has (damage, not wording)."""
    return _CONTROL.search(text) is not None


def heading(text: str) -> Heading | None:
    """Read 「第一章　总　则」; None for running text.

    >>> heading("第一章　总　则").text
    '第一章 总则'
    """
    if (word := "".join(text.split())) in _UNNUMBERED:
        return Heading(0, (0, 0), word, True)
    match = _HEADING.fullmatch(text)
    if not match or len(text) > 80:
        return None
    number = parse_number(match["number"])
    sub = parse_number(match["sub"]) if match["sub"] else 0
    title = match["title"]
    if number is None or sub is None or any(mark in title for mark in "。；"):
        return None
    if title and not match["gap"] and (_REFERENCE.match(title) or title[-1] in "，：、"):
        return None
    label = f"第{format_number(number)}{match['kind']}" + (f"之{format_number(sub)}" if sub else "")
    title = heading_title(title)
    return Heading(
        _RANKS[match["kind"]], (number, sub), f"{label} {title}" if title else label, bool(title)
    )


def heading_title(title: str) -> str:
    """A heading's words; 「总　　则」, spaced out for looks, becomes 「总则」."""
    pieces = title.split()
    return ("" if all(len(piece) == 1 for piece in pieces) else " ").join(pieces)


def article(text: str, expected: frozenset[tuple[int, int]]) -> Opening | None:
    """Read 「第十二条之一　……」; None for running text that opens with a reference.

    Args:
        text: a line.
        expected: the ordinals that may come next; one of them is believed without a space too.
    """
    match = _ARTICLE.fullmatch(text)
    if not match:
        return None
    number = parse_number(match["number"])
    sub = parse_number(match["sub"]) if match["sub"] else 0
    if number is None or sub is None:
        return None
    rest = match["rest"]
    spaced = not rest or (bool(match["gap"]) and not match["gap"].strip())
    ordinal = (number, sub)
    if not spaced and (ordinal not in expected or _REFERENCE.match(rest)):
        return None
    return Opening(ordinal, article_number(number, sub or None), rest, spaced)


def item(text: str) -> tuple[int, str] | None:
    """Read 「三、……」: (3, the rest)."""
    match = _ITEM.fullmatch(text)
    number = parse_number(match["number"]) if match and not match["number"].isascii() else None
    return (number, match["rest"]) if match and number else None


def annex(text: str) -> tuple[str, str] | None:
    """Read 「附件1：税目表」: (附件一, 税目表); None for running text and 附则."""
    match = _ANNEX.fullmatch(text)
    if not match or any(mark in match["title"] for mark in "。；"):
        return None
    if match["kind"] == "附" and match["gap"] not in ("：", ":", ""):
        return None
    number = parse_number(match["number"]) if match["number"] else None
    kind = "附件" if match["kind"] == "附" else match["kind"]
    return kind + (format_number(number) if number else ""), match["title"].strip()


def is_unit(text: str) -> bool:
    """Whether ``text`` is a unit's number in its official spelling."""
    return _UNIT.fullmatch(text) is not None


def is_preamble_word(text: str) -> bool:
    """序言, spaced or not."""
    return "".join(text.split()) in ("序言", "前言")


def is_contents_word(text: str) -> bool:
    """目录, spaced or not."""
    return "".join(text.split()) in ("目录", "目次")


def is_page_number(text: str) -> bool:
    """「— 12 —」, 「第 3 页 共 9 页」: a page number that got into the text."""
    return _PAGE.fullmatch(text) is not None


def is_sentence(text: str) -> bool:
    """Whether a line ends like running text."""
    return text.rstrip("”’\"')）」』")[-1:] in tuple(_STOPS)


def is_structural(text: str) -> bool:
    """Whether a line of text could be taken for structure, somewhere, in some document."""
    return bool(
        heading(text)
        or _ARTICLE.match(text)
        or item(text)
        or annex(text)
        or is_preamble_word(text)
        or is_contents_word(text)
        or is_page_number(text)
    )
