"""What an article is about (``topics.toml``): for statistics and for the fitting hotlines.

A law belongs to one topic; single articles of the codes belong to a nearer one (刑法第二百六十六条
→ 反诈). A law that the file does not name is 其他, so that an imported regulation never fails.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from pathlib import Path

from knowledge.articles import Article, short_name
from knowledge.datafiles import Row, toml_rows, unique
from knowledge.hotlines import Hotlines
from knowledge.numerals import parse_number
from knowledge.versions import amended_law

TOPICS = Path(__file__).with_name("topics.toml")
OTHER = "other"

_Number = tuple[int, int]  # (287, 2) is 第二百八十七条之二
_Range = tuple[_Number, _Number, str]
_LAST_INSERTED = 999


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic: ``key`` goes into the statistics, ``name`` is read by people."""

    key: str
    name: str
    hotlines: tuple[str, ...]


class Topics:
    """Which topic an article belongs to. Immutable once loaded."""

    def __init__(
        self,
        topics: dict[str, Topic],
        laws: dict[str, str],
        ranges: dict[str, tuple[_Range, ...]],
        own: dict[str, tuple[str, ...]],
    ) -> None:
        self.all = tuple(topics.values())
        self.laws = laws  # short name → topic key
        self.ranges = ranges  # short name → (first, last, topic key)
        self._topics = topics
        # a law with numbers of its own is the same topic with those numbers
        self._own = {law: replace(topics[laws[law]], hotlines=lines) for law, lines in own.items()}

    @classmethod
    def load(cls, path: Path = TOPICS, hotlines: Hotlines | None = None) -> Topics:
        """Read the file; its numbers must be among the reviewed ``hotlines``.

        Raises:
            DataError: the file's form or a value is wrong.
        """
        lines = hotlines or Hotlines.load()
        rows = toml_rows(path, "topic")
        unique(rows, lambda row: row.values.get("key"), "主题 key ")
        topics: dict[str, Topic] = {}
        laws: dict[str, str] = {}
        for row in rows:
            row.only({"key", "name", "hotlines", "laws"})
            key = row.text("key")
            topics[key] = Topic(key, row.text("name"), _numbers(row, lines))
            for law in row.texts("laws", ()):
                if law in laws:
                    row.fail(f"《{law}》已属于主题 {laws[law]!r}", "一部法律只能属于一个主题")
                laws[law] = key
        if OTHER not in topics:
            rows[-1].fail(f"缺少主题 {OTHER!r}", f'请加一个 key = "{OTHER}" 的主题')
        own = {}
        for row in toml_rows(path, "law"):
            row.only({"name", "hotlines"})
            name = row.text("name")
            if name not in laws or name in own:
                row.fail(f"《{name}》不在任何主题的 laws 里，或写了两次", "请先把它归到一个主题")
            own[name] = _numbers(row, lines)
        return cls(topics, laws, _ranges(path, topics), own)

    def get(self, key: str) -> Topic | None:
        """The topic with this key."""
        return self._topics.get(key)

    def of(self, article: Article) -> Topic:
        """The topic of an article, with the numbers that fit it.

        A document that amends or explains a law has that law's topic.
        """
        law = short_name(article.version.law)
        number = _parse(article.number)
        if number:
            for first, last, key in self.ranges.get(law, ()):
                if first <= number <= last:
                    return self._topics[key]
        if law not in self.laws:
            law = _underlying(article.version.law)
        return self._own.get(law) or self._topics[self.laws.get(law, OTHER)]


def _ranges(path: Path, topics: dict[str, Topic]) -> dict[str, tuple[_Range, ...]]:
    found: dict[str, list[_Range]] = {}
    for row in toml_rows(path, "range"):
        row.only({"law", "topic", "articles"})
        key = row.choice("topic", tuple(topics))
        held = found.setdefault(row.text("law"), [])
        for spelt in row.texts("articles"):
            first, last = _range(row, spelt)
            for start, end, other in held:
                if first <= end and start <= last:
                    row.fail(f"条文范围 {spelt} 与主题 {other!r} 的范围重叠", "请改成不重叠的范围")
            held.append((first, last, key))
    return {law: tuple(sorted(group)) for law, group in found.items()}


def _underlying(law: str) -> str:
    """The short name of the law that an amendment changes or an interpretation explains."""
    titles = re.findall(r"《([^《》]+)》", law)
    return short_name(amended_law(law) or (titles[0] if titles else ""))


def _parse(number: str) -> _Number | None:
    found = re.fullmatch(r"第(.+?)条(?:之(.+))?", number)
    base = parse_number(found[1]) if found else None
    if not found or not base:
        return None
    return base, (parse_number(found[2]) or 0) if found[2] else 0


def _range(row: Row, spelt: str) -> tuple[_Number, _Number]:
    """``"133-133之二"`` → ((133, 0), (133, 2)); ``"257-261"`` ends with 261's 之X articles."""
    ends = []
    for part in spelt.split("-"):
        found = re.fullmatch(r"(\d+)(?:之([一二三四五六七八九十]+))?", part.strip())
        if not found:
            row.fail(f"看不懂条文范围 {spelt!r}", '请写成 "266"、"192-200" 或 "287之二"')
        ends.append((int(found[1]), (parse_number(found[2]) or 0) if found[2] else 0))
    if len(ends) > 2 or ends[0] > ends[-1]:
        row.fail(f"条文范围 {spelt!r} 首尾颠倒或过多", '请写成 "192-200"')
    first, last = ends[0], ends[-1]
    if len(ends) == 2 and last[1] == 0:
        last = (last[0], _LAST_INSERTED)
    return first, last


def _numbers(row: Row, lines: Hotlines) -> tuple[str, ...]:
    numbers = row.texts("hotlines")
    for number in numbers:
        if lines.get(number) is None:
            row.fail(f"热线 {number!r} 不在 hotlines.toml 里", "请先在 hotlines.toml 登记")
    return tuple(line.number for line in lines.choose(numbers))
