"""Legal grounds that other things are built on: an article and the words in it that count.

A calculator or a letter may rest on an article only while that article applies and still says what
was relied on. Both are asked of the corpus for a day; a ground that is lost shuts down what stands
on it, instead of serving yesterday's figure with today's text.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.articles import Article
from knowledge.citations import resolve
from knowledge.corpus import Corpus


@dataclass(frozen=True, slots=True)
class Ground:
    """A citation, and phrases that must stand in the article word for word."""

    citation: str
    words: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Held:
    """The articles of some grounds on a day, in order; ``lost`` says in Chinese what fails."""

    articles: tuple[Article, ...]
    lost: tuple[str, ...]


def hold(corpus: Corpus, grounds: Sequence[Ground], today: date) -> Held:
    """Look the grounds up as of ``today``."""
    articles: list[Article] = []
    lost = []
    for ground in grounds:
        found = resolve(corpus, ground.citation, today)
        if not found.found or not corpus.applies(found.articles[0], today):
            lost.append(f"{ground.citation}现在不适用")
            continue
        article = found.articles[0]
        missing = [word for word in ground.words if word not in article.text]
        if missing:
            lost.append(f"{ground.citation}里已没有“{missing[0]}”")
        if article not in articles:
            articles.append(article)
    return Held(tuple(articles), tuple(lost))
