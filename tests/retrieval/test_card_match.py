"""Cards are offered for what they cite and what they sound like, and for nothing else."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.articles import Article
from knowledge.cards import Card, Cards
from knowledge.corpus import Corpus
from retrieval.card_match import INPUTS, CardMatcher
from retrieval.search import Hit

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


def hits(articles: list[Article]) -> list[Hit]:
    return [Hit(article, 1.0 - 0.1 * rank, None) for rank, article in enumerate(articles)]


def test_a_cards_own_phrase_finds_it(corpus: Corpus, cards: Cards, matcher: CardMatcher) -> None:
    for card in cards.all:
        first, *_ = matcher.matches(card.phrases[0], hits(cited(corpus, card)), 0.9, 0.9)
        assert first.card is card
        assert first.exact
        assert first.sure


def test_a_card_is_found_by_a_phrase_it_does_not_hold(
    corpus: Corpus, cards: Cards, matcher: CardMatcher
) -> None:
    """Each phrase left out of its card; its article found first, as a search that works does."""
    right = 0
    asked = cards.all[::4]
    for card in asked:
        keys, inputs = matcher.candidates(
            card.phrases[-1], hits(cited(corpus, card)), 0.8, 0.9, without=card.phrases[-1]
        )
        assert inputs.shape == (len(keys), len(INPUTS))
        assert inputs[keys.index(card.id), 0] < 0.95  # it does not see its own phrase
        right += keys[int(matcher.judge(inputs).argmax())] == card.id
    assert right / len(asked) > 0.7


def test_no_card_first_without_a_cited_article(
    corpus: Corpus, cards: Cards, matcher: CardMatcher
) -> None:
    names = {(c.law, c.number) for other in cards.all for c in other.articles}
    strangers = [a for a in corpus.articles if (a.version.short, a.number) not in names][:5]
    for card in cards.all[::10]:
        question = card.phrases[0][:-1] + "的事情想再问一问"
        assert not any(match.sure for match in matcher.matches(question, hits(strangers), 0.9, 0.9))


def test_no_card_for_a_question_unlike_all(
    corpus: Corpus, cards: Cards, matcher: CardMatcher
) -> None:
    articles = hits(cited(corpus, cards.all[0]))
    assert matcher.matches("颧骨鳜鱼蘸酱齉鼻", articles, 0.9, 0.9) == []
    assert matcher.matches("", articles, 0.9, 0.9) == []
    assert matcher.matches("押金不退", [], 0.0, 0.0) is not None


def test_best_come_first(corpus: Corpus, cards: Cards, matcher: CardMatcher) -> None:
    articles = [article for card in cards.all[:3] for article in cited(corpus, card)]
    found = matcher.matches("押金不退怎么办", hits(articles), 0.9, 0.9)
    values = [match.probability for match in found]
    assert values == sorted(values, reverse=True)
    assert len({match.card.id for match in found}) == len(found)
