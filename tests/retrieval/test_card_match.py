"""Cards are offered for what they cite and what they sound like, and for nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.articles import Article
from knowledge.cards import Card, Cards
from knowledge.corpus import Corpus
from retrieval.card_match import CardMatcher

DAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def cards() -> Cards:
    return Cards.load()


@pytest.fixture(scope="module")
def matcher(cards: Cards) -> CardMatcher:
    return CardMatcher(cards)


def cited(corpus: Corpus, card: Card) -> list[Article]:
    found = []
    for name in card.articles:
        version = corpus.version_on(corpus.laws_named(name.law)[0], DAY)
        assert version is not None
        article = corpus.find(version, name.number)
        assert article is not None
        found.append(article)
    return found


def test_a_cards_own_phrase_finds_it(corpus: Corpus, cards: Cards, matcher: CardMatcher) -> None:
    found = [matcher.best(card.phrases[0], cited(corpus, card), 1) == (card,) for card in cards.all]
    assert sum(found) / len(found) > 0.98


def test_no_card_without_a_cited_article(
    corpus: Corpus, cards: Cards, matcher: CardMatcher
) -> None:
    card = cards.all[0]
    names = {(c.law, c.number) for other in cards.all for c in other.articles}
    strangers = [a for a in corpus.articles if (a.version.short, a.number) not in names][:5]
    assert matcher.best(card.phrases[0], strangers, 3) == ()


def test_no_card_for_a_question_unlike_all(
    corpus: Corpus, cards: Cards, matcher: CardMatcher
) -> None:
    articles = cited(corpus, cards.all[0])
    assert matcher.best("颧骨鳜鱼蘸酱齉鼻", articles, 3) == ()
    assert matcher.best("", articles, 3) == ()


def test_limit(corpus: Corpus, cards: Cards, matcher: CardMatcher) -> None:
    articles = [article for card in cards.all[:20] for article in cited(corpus, card)]
    assert len(matcher.best(cards.all[0].phrases[0], articles, 2)) <= 2
