"""款 and 项 within an article: an article's lines, items being those that open with （一）.

立法法 第六十五条: 条 divides into 款 (unnumbered paragraphs), 项 (numbered, （一）) and 目 (1.).
Acts of the 1950s to 1980s number their 项 一、二、 (户口登记条例第二十条).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from knowledge.numerals import format_number, parse_number

_ITEM = re.compile(r"[（(]([一二三四五六七八九十百零]+)[)）]")
_OLD_ITEM = re.compile(r"([一二三四五六七八九十]+)、")
_POINT = re.compile(r"\d+[.．、]")
_OPEN = ("；", "，", "、")  # a line that ends so goes on in the next


@dataclass(frozen=True, slots=True)
class Part:
    """A paragraph or an item: a slice of the article's text; ``number`` counts from 1."""

    number: int
    start: int
    end: int
    items: tuple[Part, ...] = ()


def paragraphs(text: str) -> tuple[Part, ...]:
    """The paragraphs (款) of an article's text, each with its items (项).

    A paragraph's slice covers its items. Blank lines belong to nothing.
    """
    found: list[Part] = []
    position, before = 0, ""
    for line in text.split("\n"):
        start, end = position, position + len(line)
        position = end + 1
        words = line.strip()
        if not words:
            continue
        last = found[-1] if found else None
        number = _item_number(words, last, before)
        # 由下列人员组成：/ 委员长，/ …: a list without numbers
        goes_on = before.endswith(_OPEN) or (before.endswith("：") and words.endswith(_OPEN))
        if last and number:
            item = Part(number, start, end)
            found[-1] = Part(last.number, last.start, end, (*last.items, item))
        elif last and last.items and (_POINT.match(words) or goes_on or before.endswith("：")):
            inner = last.items[-1]  # 目, or a table of amounts, belongs to the item above it
            grown = Part(inner.number, inner.start, end)
            found[-1] = Part(last.number, last.start, end, (*last.items[:-1], grown))
        elif last and goes_on:
            found[-1] = Part(last.number, last.start, end, last.items)
        else:
            found.append(Part(len(found) + 1, start, end))
        before = words
    return tuple(found)


def _item_number(line: str, last: Part | None, before: str) -> int | None:
    """The number of the item that a line opens in the paragraph ``last``, None where it opens none.

    A first item is the first; a later one may leave a gap, where the source lost a number.
    """
    if last is None:
        return None
    opening = _ITEM.match(line)
    if not opening and before.endswith(("：", *_OPEN)):
        opening = _OLD_ITEM.match(line)
    number = parse_number(opening.group(1)) if opening else None
    return number if number and (number == 1 or last.items) else None


def part_of(text: str, paragraph: int | None, item: int | None) -> tuple[Part | None, str]:
    """The paragraph or item that a citation means, and a sentence when there is none.

    An item without a paragraph is looked for in the only paragraph that has items, or the first.

    Returns:
        (part, "") or (None, what is missing, in Chinese).
    """
    parts = paragraphs(text)
    if paragraph is not None:
        if not 1 <= paragraph <= len(parts):
            return None, f"该条共{_spelt(len(parts))}款，没有第{_spelt(paragraph)}款"
        chosen = parts[paragraph - 1]
        if item is None:
            return chosen, ""
        holders = [chosen]
    elif item is None:
        return None, ""
    else:
        holders = [part for part in parts if part.items]
    for holder in holders:
        for candidate in holder.items:
            if candidate.number == item:
                return candidate, ""
    where = f"该条第{_spelt(paragraph)}款" if paragraph is not None else "该条"
    count = max((len(holder.items) for holder in holders), default=0)
    return None, f"{where}{f'共{_spelt(count)}项' if count else '不分项'}，没有第{_spelt(item)}项"


def _spelt(number: int) -> str:
    return format_number(number) if number else "零"
