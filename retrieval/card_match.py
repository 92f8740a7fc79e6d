"""Which scenario cards fit a question: those that cite a found article and sound like it.

A card is offered as a button, never put in an article's place, so precision may be modest. Measured
on 495 bank questions whose article some card cites: 43 % get an offer; among 28 offers a quick look
found about five that did not fit. Resemblance is the share of the question's rare bigrams that one
phrase has.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from math import log

from knowledge.articles import Article
from knowledge.cards import Card, Cards
from retrieval.text import bigrams, normalise

LEAST = 0.06  # resemblance below which a card is not offered
RANK_WEIGHT = 0.05  # how much less a card counts for each place its article stands lower


class CardMatcher:
    """Ranks cards for a question. Immutable; built once from the cards' phrases."""

    def __init__(self, cards: Cards) -> None:
        self._cards = cards
        self._phrases = {
            card.id: [frozenset(bigrams(normalise(text))) for text in (card.title, *card.phrases)]
            for card in cards.all
        }
        seen = Counter(pair for sets in self._phrases.values() for one in sets for pair in one)
        total = sum(len(sets) for sets in self._phrases.values())
        self._rarity = {pair: log(1 + total / count) for pair, count in seen.items()}
        self._unseen = log(1 + total)

    def best(self, question: str, articles: Sequence[Article], limit: int) -> tuple[Card, ...]:
        """At most ``limit`` cards for a question whose answer shows ``articles``, best first."""
        asked = frozenset(bigrams(normalise(question)))
        weight = sum(self._rarity.get(pair, self._unseen) for pair in sorted(asked))
        if not weight:
            return ()
        scores: dict[str, float] = {}
        for rank, article in enumerate(articles):
            for card in self._cards.of_article(article.version.short, article.number):
                alike = max(self._alike(asked, phrase) for phrase in self._phrases[card.id])
                score = alike / weight - RANK_WEIGHT * rank
                scores[card.id] = max(score, scores.get(card.id, -1.0))
        ranked = sorted(scores, key=lambda key: (-scores[key], key))
        found = (self._cards.get(key) for key in ranked if scores[key] >= LEAST)
        return tuple(card for card in found if card is not None)[:limit]

    def _alike(self, asked: frozenset[str], phrase: frozenset[str]) -> float:
        return sum(self._rarity[pair] for pair in sorted(asked & phrase))
