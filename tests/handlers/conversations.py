"""A conversation on the real corpus whose search is told what to find."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from functools import cache
from typing import Protocol

from handlers.conversation import Conversation
from handlers.messages import Channel, Incoming, Reply
from handlers.questions import Composer
from knowledge.articles import Article
from knowledge.cards import Cards
from knowledge.citations import resolve
from knowledge.corpus import Corpus
from knowledge.hotlines import Hotlines
from knowledge.organs import Organs
from knowledge.topics import Topics
from retrieval.search import Hit, Related, Result, Search
from settings import Clock

CARDS = Cards.load()
TODAY = date(2026, 11, 24)
AT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)


@dataclass
class Finds:
    """A search that gives the same articles for every question and remembers what was asked."""

    corpus: Corpus
    citations: Sequence[str] = ()
    confidence: float = 0.9
    scope: float = 1.0
    related: tuple[Related, ...] = ()
    asked: list[str] = field(default_factory=list)
    found: Sequence[Article] = ()  # instead of citations

    def search(self, question: str, k: int, today: date) -> Result:
        self.asked.append(question)
        articles = [
            resolve(self.corpus, citation, today).articles[0] for citation in self.citations
        ] + list(self.found)
        hits = tuple(Hit(a, 1.0 / rank, None) for rank, a in enumerate(articles[:k], 1))
        return Result(hits, self.confidence, self.related, self.scope)

    def search_batch(self, questions: Sequence[str], k: int, today: date) -> list[Result]:
        return [self.search(question, k, today) for question in questions]

    def question(self, id_: str) -> str | None:
        return {r.id: r.text for r in self.related}.get(id_)


@cache
def composer(corpus: Corpus) -> Composer:
    """One for each corpus: it keeps nothing of what it composes."""
    hotlines = Hotlines.load()
    topics = Topics.load(hotlines=hotlines)
    return Composer(corpus, Organs.load(), hotlines, topics, CARDS, "红山县")


class OverCorpus(Search, Protocol):
    """A search that tells its corpus: the real one, or one that is told what to find."""

    @property
    def corpus(self) -> Corpus: ...


def conversation(search: OverCorpus, clock: Clock) -> Conversation:
    return Conversation(composer(search.corpus), search, clock)


def said(
    text: str, action: str | None = None, key: str = "terminal:1", resident: str = ""
) -> Incoming:
    """A message; without a resident it stands alone."""
    return Incoming(key, Channel.TERMINAL, resident, text, AT, action)


@dataclass
class Talk:
    """One resident's chat: each message an update of its own, on a clock that tests move."""

    conversation: Conversation
    resident: str = "r" * 32
    count: int = 0

    def __call__(self, text: str = "", action: str | None = None) -> Reply:
        self.count += 1
        key = f"terminal:{self.count}"
        return self.conversation.respond(said(text, action, key, self.resident))
