"""A version's table of contents: 编 > 分编 > 章 > 节 > articles, as their headings say."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from knowledge.articles import Article, Version
from knowledge.corpus import Corpus


@dataclass(frozen=True, slots=True)
class Section:
    """One part of a law: its heading, the parts below it, and the articles right under it.

    The root has the law's name for a heading. Articles and parts keep the law's order; a part never
    mixes both unless the law does (an opening article before the first chapter).
    """

    heading: str
    articles: tuple[Article, ...]
    sections: tuple[Section, ...]

    def all_articles(self) -> tuple[Article, ...]:
        """The articles of this part and of all parts below it, in order."""
        found = [*self.articles, *(a for part in self.sections for a in part.all_articles())]
        return tuple(sorted(found, key=lambda article: article.ordinal))


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of a table of contents; ``depth`` 0 is the outermost heading."""

    depth: int
    heading: str
    first: Article
    last: Article

    @property
    def extent(self) -> str:
        """``第一条—第九条``; one number where it is one article."""
        ends = (self.first.number, self.last.number)
        return ends[0] if self.first is self.last else "—".join(ends)


def structure(corpus: Corpus, version: Version) -> Section:
    """The parts of a version as a tree; every article is in it exactly once."""
    return _section(version.law, corpus.articles_of(version), 0)


def toc(corpus: Corpus, version: Version) -> tuple[Entry, ...]:
    """The headings of a version in order, with the articles that each covers; empty for a law
    without headings."""
    return tuple(_entries(structure(corpus, version), 0))


def _section(heading: str, articles: Sequence[Article], depth: int) -> Section:
    plain: list[Article] = []
    parts: list[Section] = []
    # a heading that comes back later (第一章 of the next 编, where 编 is unknown) is another part
    for name, group in groupby(articles, lambda a: a.path[depth] if len(a.path) > depth else None):
        if name is None:
            plain.extend(group)
        else:
            parts.append(_section(name, tuple(group), depth + 1))
    return Section(heading, tuple(plain), tuple(parts))


def _entries(section: Section, depth: int) -> Iterator[Entry]:
    for part in section.sections:
        covered = part.all_articles()
        yield Entry(depth, part.heading, covered[0], covered[-1])
        yield from _entries(part, depth + 1)
