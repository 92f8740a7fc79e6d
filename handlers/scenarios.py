"""A scenario card as a reply: what to do first, then the law beneath it.

The card's own words are staff-written and checked against the corpus by ``knowledge.cards``; the
articles under it are read from the corpus of the day, so a card can never serve a stale text. A
card whose articles have all stopped applying is not shown.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from handlers import phrases
from handlers.messages import Button, Hotline, Kind, Reply
from handlers.questions import CARDS, SHOWN, Composer
from knowledge.articles import Article
from knowledge.cards import Card
from retrieval.card_match import DEPTH, OFFERED, Match
from retrieval.search import Hit, Result


def applying_articles(composer: Composer, card: Card, today: date) -> list[Article]:
    """The card's articles in the versions that apply on a day, best first."""
    found = []
    for cited in card.articles:
        for law in composer.corpus.laws_named(cited.law)[:1]:
            version = composer.corpus.version_on(law, today)
            article = composer.corpus.find(version, cited.number) if version else None
            if article is not None and composer.corpus.applies(article, today):
                found.append(article)
    return found


def card_reply(composer: Composer, card: Card, today: date) -> Reply | None:
    """The card with its articles; None when none of them applies any more."""
    articles = applying_articles(composer, card, today)
    if not articles:
        return None
    hits = tuple(Hit(article, 1.0, None) for article in articles)
    reply = _under_card(composer, card, Result(hits, 1.0), len(articles), (), today)
    return replace(reply, cards=((card.id, card.title),))


def answer_by_card(
    composer: Composer, matches: Sequence[Match], result: Result, today: date
) -> Reply | None:
    """An answer that opens with the best card, its articles beneath, then what search found.

    None when none of the card's articles applies. The articles are those that search and card agree
    on, in the order of the search, then the first that was found, the card's others and the rest:
    measured on the labelled questions this loses none of the first three.
    """
    card = matches[0].card
    cited = {article.id: article for article in applying_articles(composer, card, today)}
    if not cited:
        return None
    agreed = [hit for hit in result.hits[:DEPTH] if hit.article.id in cited]
    found = {hit.article.id for hit in result.hits}
    others = [Hit(article, 0.0, None) for article in cited.values() if article.id not in found]
    merged: dict[int, Hit] = {}
    for hit in (*agreed, *result.hits[:1], *others, *result.hits):
        merged.setdefault(hit.article.id, hit)
    hits = tuple(merged.values())
    reply = _under_card(composer, card, replace(result, hits=hits), SHOWN, matches, today)
    offered = offers(matches[1:])
    named = ((card.id, card.title), *((other.id, other.title) for other in offered))
    return replace(reply, cards=named)


def offers(matches: Sequence[Match]) -> list[Card]:
    """The cards that are worth a button."""
    return [match.card for match in matches if match.probability >= OFFERED][:CARDS]


def _under_card(
    composer: Composer,
    card: Card,
    result: Result,
    visible: int,
    matches: Sequence[Match],
    today: date,
) -> Reply:
    shown = tuple(composer.shown(hit.article, today, hit.score, hit.marked) for hit in result.hits)
    lines = composer.hotlines(card.hotlines)
    rows: list[tuple[Button, ...]] = [
        (Button(f"怎么办：{other.title}", composer.actions.card(other.id)),)
        for other in offers(matches[1:])
    ]
    rows += composer.buttons(shown, shown[: min(visible, SHOWN)])
    rows += composer.further(result)
    reply = composer.compose(
        Kind.ANSWER,
        card_lead(card, lines),
        shown,
        visible=min(visible, SHOWN),
        hotlines=lines,
        topic=composer.topics.get(card.topic),
        organ=composer.organs.of(shown[0].law, today),
        confidence=result.confidence,
        rows=rows,
        calls=False,
    )
    return replace(reply, organ=card.organ)


def card_lead(card: Card, lines: Sequence[Hotline]) -> str:
    """The card's words: plain sentence, steps, evidence, whom to turn to, one line to remember."""
    calls = "；".join(f"{line.number}（{line.name}）" for line in lines)
    parts = [f"【{card.title}】", card.answer, "怎么办："]
    parts += [f"{number}. {step}" for number, step in enumerate(card.steps, 1)]
    if card.evidence:
        parts += ["留好证据：", *(f"· {item}" for item in card.evidence)]
    parts.append(phrases.WHOM.format(organ=card.organ, calls=calls))
    parts += [f"记住：{card.maxim}", "", phrases.URGENT_ARTICLES]
    return "\n".join(parts)
