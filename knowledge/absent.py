"""Regulations and interpretations that the corpus lacks and answers would need (absent.toml).

A statute says 数额较大; how much that is stands in an interpretation. Whoever asks for it is told
so, rather than left with half an answer. It speaks only where one sentence of the question asks for
what the missing text decides, and the answer shows the article that leaves it open.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from knowledge.articles import Article
from knowledge.citations import parse_citations
from knowledge.corpus import Corpus
from knowledge.datafiles import Row, toml_rows, unique

ABSENT = Path(__file__).with_name("absent.toml")
MOST = 2  # in one answer

# another country's or region's rules are not in the missing texts either
_ELSEWHERE = re.compile("日本|韩国|美国|英国|国外|外国|香港|澳门|台湾")
_SENTENCE = re.compile(r"[。！？!?；;…]+")

_LEVELS = ("行政法规", "司法解释", "部门规章", "地方规定", "标准")
_Words = tuple[tuple[str, ...], ...]  # all of these, any spelling of each


@dataclass(frozen=True, slots=True)
class Absent:
    """One text that the corpus lacks."""

    name: str
    title: bool  # a document's name, shown in 《》
    level: str
    decides: str  # what it decides, in plain words
    articles: tuple[tuple[str, str], ...]  # (law's short name, number); none: whatever is shown
    asks: tuple[_Words, ...]
    unless: tuple[str, ...]

    @property
    def sentence(self) -> str:
        """What a resident reads."""
        name = f"《{self.name}》" if self.title else self.name
        return (
            f"{self.decides}，具体标准在{name}里，本库没有收录，"
            "请拨12348咨询或查国家法律法规数据库。"
        )

    def asked_in(self, question: str) -> bool:
        """Whether a question asks for what this text decides."""
        plain = "".join(question.split())
        if _ELSEWHERE.search(plain) or any(word in plain for word in self.unless):
            return False
        return any(
            all(any(spelling in said for spelling in word) for word in words)
            for said in _SENTENCE.split(plain)  # words scattered over a long story ask nothing
            for words in self.asks
        )


class Absences:
    """The list of missing texts. Immutable once loaded."""

    def __init__(self, absents: Sequence[Absent]) -> None:
        self.all = tuple(absents)

    @classmethod
    def load(cls, path: Path = ABSENT) -> Absences:
        """Read the file.

        Raises:
            DataError: the file's form or a value is wrong.
        """
        rows = toml_rows(path, "absent")
        unique(rows, lambda row: row.values.get("name"), "名称")
        return cls([_absent(row) for row in rows])

    def of(self, corpus: Corpus, question: str, articles: Sequence[Article]) -> tuple[Absent, ...]:
        """The missing texts that a question needs, two at most, in the file's order.

        Args:
            corpus: a text that was imported in the meantime is not missing any more.
            question: as the resident asked.
            articles: what the answer shows; empty where nothing was found. An answer that shows
                none of the related articles gets no hint.
        """
        shown = {(article.version.short, article.number) for article in articles}
        found = [
            absent
            for absent in self.all
            if (not shown or not absent.articles or shown & set(absent.articles))
            and absent.asked_in(question)
            and not corpus.laws_named(absent.name)
        ]
        return tuple(found[:MOST])


@cache
def _shipped() -> Absences:
    return Absences.load()


def absent_for(corpus: Corpus, question: str, articles: Sequence[Article]) -> tuple[Absent, ...]:
    """The missing texts that a question needs, by the shipped ``absent.toml``."""
    return _shipped().of(corpus, question, articles)


def _absent(row: Row) -> Absent:
    row.only({"name", "title", "level", "decides", "articles", "asks", "unless"})
    title = row.values.get("title", True)
    if not isinstance(title, bool):
        row.fail("title 应是 true 或 false", "不是文件名时写 false")
    name = row.text("name")
    if title and ("《" in name or "》" in name):
        row.fail(f"name 里不要写书名号：{name}", "去掉书名号，或写 title = false")
    return Absent(
        name=name,
        title=title,
        level=row.choice("level", _LEVELS),
        decides=row.text("decides"),
        articles=tuple(_article(row, text) for text in row.texts("articles")),
        asks=tuple(_words(row, text) for text in row.texts("asks")),
        unless=row.texts("unless", ()),
    )


def _article(row: Row, text: str) -> tuple[str, str]:
    citations = parse_citations(text)
    if len(citations) != 1 or not citations[0].law_name:
        row.fail(f"看不懂条文 {text!r}", "请写成“刑法第二百六十六条”的样子")
    return citations[0].law_name, citations[0].number


def _words(row: Row, text: str) -> _Words:
    words = tuple(
        tuple(spelling.strip() for spelling in word.split("|")) for word in text.split("+")
    )
    if not all(spelling for word in words for spelling in word):
        row.fail(f"问法里有空的词：{text!r}", "“+”和“|”两边都要有字")
    return words
