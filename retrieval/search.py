"""The one door into retrieval: ``Searcher.search(question, k) -> Result``."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from knowledge.articles import Article


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked article; ``marked`` is the slice of its text that answers best."""

    article: Article
    score: float  # comparable within one Result only
    marked: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Related:
    """A resident's question from the bank that leads to a neighbouring article."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """Ranked articles, best first; ``confidence`` estimates that one of the first three answers."""

    hits: tuple[Hit, ...]
    confidence: float
    related: tuple[Related, ...] = ()


class Search(Protocol):
    """What the conversation needs of retrieval."""

    def search(self, question: str, k: int, today: date) -> Result:
        """The ``k`` best articles that apply on ``today``."""
        ...

    def search_batch(self, questions: Sequence[str], k: int, today: date) -> list[Result]:
        """The same for many questions at once, faster."""
        ...
