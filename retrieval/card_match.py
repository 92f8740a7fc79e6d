"""Which scenario cards fit a question, and how surely.

A card fits when it sounds like the question (its phrases, its words) and rests on the articles that
search ranks first. :class:`CardMatcher` weighs both with a logistic rule trained by
:mod:`retrieval.training.cards` on the cards' own phrases, each left out of its card while it is
asked, on the labelled questions in scope, and on off-topic inputs (never a right card).

From :data:`PUT_FIRST` a card opens the answer; from :data:`OFFERED` it is a button under it. The
figures that the thresholds rest on are printed by ``python -m retrieval.training.cards`` and noted
there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import log
from pathlib import Path
from typing import Protocol

import numpy as np

from knowledge.articles import Article
from knowledge.cards import Card, Cards
from retrieval.perceptron import Floats, Perceptron
from retrieval.text import normalise, tokenise

WEIGHTS = Path(__file__).with_name("card_weights.json")
PUT_FIRST = 0.85  # the card's words come before the articles
NEAR = 2  # and one of its articles is among so many first ones
OFFERED = 0.2  # offered as a button
SAME = 0.95  # cosine of tokens from which a phrase of the card is what was asked
LEAST = 0.1  # and below which a card does not sound like it at all
ALIKE = 10  # cards looked at for their words alone
DEPTH = 10  # ranked articles whose cards are looked at

FEATURES = (
    "closest phrase",
    "three closest phrases",
    "best rank of its articles",
    "share of the ranking's weight",
    "share of its articles found",
    "rank of its first article",
    "confidence",
    "scope",
    "bm25",
    "bm25 per weight",
)
_MARGINS = (0, 1, 3, 8, 9)  # features also given as their distance to the best other card
INPUTS = (*FEATURES, *(f"{FEATURES[column]} − next" for column in _MARGINS))


class Ranked(Protocol):
    """A ranked article, as :class:`retrieval.search.Hit` is one."""

    @property
    def article(self) -> Article:
        """The article."""
        ...

    @property
    def score(self) -> float:
        """Comparable within one ranking."""
        ...


@dataclass(frozen=True, slots=True)
class Match:
    """A card and the probability that it is about what was asked."""

    card: Card
    probability: float
    near: bool  # one of its articles is among the first
    exact: bool  # one of its phrases is what was asked

    @property
    def sure(self) -> bool:
        """Whether the card may open the answer."""
        return self.exact or (self.near and self.probability >= PUT_FIRST)


class CardMatcher:
    """Ranks cards for a question. Immutable; built once from the cards' words."""

    def __init__(self, cards: Cards, weights: Path | None = WEIGHTS) -> None:
        """Index the cards.

        Args:
            cards: all of them.
            weights: of the rule; None where only :meth:`candidates` is wanted, for training.

        Raises:
            ArtefactError: the weights are damaged or made for other features.
        """
        self._cards = cards
        self._rule = Perceptron.load(weights, INPUTS) if weights else None
        self._phrases: list[tuple[str, frozenset[str]]] = []  # (card, tokens)
        self._counts: dict[str, Counter[str]] = {}
        self._posts: dict[str, list[int]] = defaultdict(list)
        self._holders: dict[str, list[str]] = defaultdict(list)
        for card in cards.all:
            counts: Counter[str] = Counter()
            for text in (card.answer, *card.steps, *card.evidence, card.maxim):
                counts.update(tokenise(normalise(text)))
            for text in (card.title, *card.phrases):
                tokens = frozenset(tokenise(normalise(text)))
                for token in tokens:
                    self._posts[token].append(len(self._phrases))
                    counts[token] += 2  # what a resident says counts more than what we say
                self._phrases.append((card.id, tokens))
            self._counts[card.id] = counts
            for token in counts:
                self._holders[token].append(card.id)
        sizes = {key: sum(counts.values()) for key, counts in self._counts.items()}
        mean = sum(sizes.values()) / max(1, len(sizes))
        self._lengths = {key: 0.5 + 0.5 * size / mean for key, size in sizes.items()}
        self._norms = [
            sum(self._rarity(token) ** 2 for token in sorted(tokens)) ** 0.5
            for _, tokens in self._phrases
        ]

    def matches(
        self, question: str, hits: Sequence[Ranked], confidence: float, scope: float
    ) -> list[Match]:
        """The cards that may fit, best first.

        Args:
            question: as asked.
            hits: ranked articles, best first.
            confidence, scope: of that ranking (:mod:`retrieval.confidence`).
        """
        keys, inputs = self.candidates(question, hits, confidence, scope)
        if not keys:
            return []
        closest = inputs[:, 0]
        values = self.judge(inputs)
        values = np.where(closest >= SAME, 1.0, np.where(closest >= LEAST, values, 0.0))
        near = {card.id for hit in hits[:NEAR] for card in self._of(hit.article)}
        order = np.lexsort((np.arange(len(keys)), -values.round(6)))
        found = []
        for i in order.tolist():
            card = self._cards.get(keys[i])
            if card is not None and values[i] > 0:
                exact = bool(closest[i] >= SAME)
                found.append(Match(card, float(values[i]), keys[i] in near, exact))
        return found

    def judge(self, inputs: Floats) -> Floats:
        """The probability of each card, shape (cards,), from :meth:`candidates`' inputs."""
        assert self._rule is not None
        return np.asarray(1 / (1 + np.exp(-np.clip(self._rule(inputs), -30, 30))), np.float32)

    def candidates(
        self,
        question: str,
        hits: Sequence[Ranked],
        confidence: float,
        scope: float,
        without: str | None = None,
    ) -> tuple[list[str], Floats]:
        """Cards that may fit, by id in alphabetical order, and their inputs (cards, len(INPUTS)).

        ``without`` is a phrase that is left out of its card: the one that is asked.
        """
        asked = sorted(frozenset(tokenise(normalise(question))))
        if not asked:
            return [], np.zeros((0, len(INPUTS)), np.float32)
        left_out = frozenset(tokenise(normalise(without))) if without else None
        closest = self._closest(asked, left_out)
        lexical, weight = self._bm25(asked, left_out, without)
        ranks: dict[tuple[str, str], int] = {}
        for rank, hit in enumerate(hits[:DEPTH]):
            ranks.setdefault((hit.article.version.short, hit.article.number), rank)
        scores = np.array([hit.score for hit in hits[:DEPTH]] or [0.0])
        shares = np.exp(scores - scores.max())
        shares /= shares.sum()
        keys = sorted(
            {
                *sorted(closest, key=lambda key: (-closest[key][0], key))[:ALIKE],
                *sorted(lexical, key=lambda key: (-lexical[key], key))[:ALIKE],
                *(card.id for hit in hits[:DEPTH] for card in self._of(hit.article)),
            }
        )
        rows = []
        for key in keys:
            card = self._cards.get(key)
            assert card is not None
            places = [ranks.get((cited.law, cited.number), 99) for cited in card.articles]
            found = [place for place in places if place < 99]
            rows.append(
                [
                    *closest.get(key, (0.0, 0.0)),
                    1 / (1 + min(places)),
                    sum(float(shares[place]) for place in found),
                    len(found) / len(places),
                    1 / (1 + places[0]),
                    confidence,
                    scope,
                    lexical.get(key, 0.0) / 10,
                    lexical.get(key, 0.0) / (weight + 3),
                ]
            )
        values = np.array(rows, np.float64).reshape(len(rows), len(FEATURES))
        return keys, np.column_stack([values, *map(_margin, values[:, _MARGINS].T)]).astype(
            np.float32
        )

    def _of(self, article: Article) -> tuple[Card, ...]:
        return self._cards.of_article(article.version.short, article.number)

    def _rarity(self, token: str) -> float:
        return log(1 + len(self._phrases) / (len(self._posts.get(token, ())) + 0.5))

    def _closest(
        self, asked: Iterable[str], left_out: frozenset[str] | None
    ) -> dict[str, tuple[float, float]]:
        """Per card the cosine of its closest phrase and the mean of the three closest."""
        products: dict[int, float] = defaultdict(float)
        total = 0.0
        for token in asked:
            square = self._rarity(token) ** 2
            total += square
            for number in self._posts.get(token, ()):
                products[number] += square
        cosines: dict[str, list[float]] = defaultdict(list)
        for number, product in products.items():
            key, tokens = self._phrases[number]
            if tokens != left_out:
                cosines[key].append(product / (total**0.5 * self._norms[number]))
        return {key: (max(values), sum(sorted(values)[-3:]) / 3) for key, values in cosines.items()}

    def _bm25(
        self, asked: Iterable[str], left_out: frozenset[str] | None, without: str | None
    ) -> tuple[dict[str, float], float]:
        """BM25 (k1 = 1, b = 0.5) of each card's words, and the rarity of all asked tokens."""
        owner = next((card.id for card in self._cards.all if without in card.phrases), None)
        scores: dict[str, float] = defaultdict(float)
        weight = 0.0
        for token in asked:
            holders = self._holders.get(token, ())
            rarity = log(1 + (len(self._counts) - len(holders) + 0.5) / (len(holders) + 0.5))
            weight += rarity
            for key in holders:
                count = self._counts[key][token]
                if key == owner and left_out and token in left_out:
                    count -= 2
                scores[key] += rarity * count * 2 / (count + self._lengths[key])
        return scores, weight


def _margin(column: Floats) -> Floats:
    """How far each value is above the best of the others, or below the best."""
    if len(column) < 2:
        return column
    order = np.sort(column)
    return np.asarray(
        np.where(column == order[-1], column - order[-2], column - order[-1]), column.dtype
    )
