"""What amending documents (修正案, 修改决定) do to another text, as operations on its articles."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import StrEnum

from knowledge.numerals import article_number, parse_number

PREAMBLE = "序言"


class Kind(StrEnum):
    """What an operation does."""

    REPLACE_ARTICLE = "修改全条"
    REPLACE_PARAGRAPHS = "修改款"
    REPLACE_ITEM = "修改项"
    REPLACE_WORDS = "修改词句"
    ADD_ARTICLE = "增加条"
    ADD_PARAGRAPHS = "增加款"
    ADD_ITEM = "增加项"
    ADD_WORDS = "增加词句"
    DELETE = "删去"
    HEADING = "章节标题"


@dataclass(frozen=True, slots=True)
class Operation:
    """One change to one article, as its amending document words it.

    ``article`` is its number after the document, ``former`` the one before, None for a new article.
    ``words`` is the new wording without its quotation marks, one line for each paragraph; ``old``
    what it replaces, or what it is put behind.
    """

    reform: str  # law name of the amending document
    entry: str  # 条目四, 第二条, 全文
    kind: Kind
    article: str
    former: str | None = None
    paragraphs: tuple[int, ...] = ()
    item: int | None = None
    words: str = ""
    old: str = ""
    before: bool = False  # ADD_WORDS: in front of ``old``

    @property
    def label(self) -> str:
        """``第三百八十七条第一款``."""
        parts = "、".join(f"第{article_number(n)[1:-1]}款" for n in self.paragraphs)
        item = f"第{article_number(self.item)[1:-1]}项" if self.item else ""
        return f"{self.article}{parts}{item}"


@dataclass(slots=True)
class Reform:
    """An amending document: its operations in order, where it moves articles, what was unread."""

    name: str
    operations: list[Operation] = field(default_factory=list)
    moved: dict[int, int] = field(default_factory=dict)  # number before → after
    inserted: list[int] = field(default_factory=list)  # whole numbers that are new (not 之X)
    unread: list[tuple[str, str]] = field(default_factory=list)  # (entry, clause)

    def present_number(self, number: str) -> str:
        """The number that an article named by its older number has after this document."""
        base = re.fullmatch(r"第(.+)条(之.+)?", number)
        value = parse_number(base[1]) if base else None
        if base is None or value is None:
            return number
        if value in self.moved:
            return article_number(self.moved[value]) + (base[2] or "")
        nearest = max((old for old in self.moved if old < value), default=0)
        floor = self.moved.get(nearest, 0)
        now = floor + value - nearest
        for added in sorted(n for n in self.inserted if n > floor):
            now += added <= now
        return article_number(now) + (base[2] or "")
