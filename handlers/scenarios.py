"""A scenario card as a reply: what to do first, then the law beneath it.

The card's own words are staff-written and checked against the corpus by ``knowledge.cards``; the
articles under it are read from the corpus of the day, so a card can never serve a stale text. A
card whose articles have all stopped applying is not shown.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from handlers.messages import Kind, Reply
from handlers.questions import SHOWN, Composer
from knowledge.articles import Article
from knowledge.cards import Card


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
    parts = [f"【{card.title}】", card.answer, "怎么办："]
    parts += [f"{number}. {step}" for number, step in enumerate(card.steps, 1)]
    if card.evidence:
        parts += ["留好证据：", *(f"· {item}" for item in card.evidence)]
    parts += [f"记住：{card.maxim}", "", "法律是这样规定的："]
    shown = tuple(composer.shown(article, today) for article in articles)
    reply = composer.compose(
        Kind.ANSWER,
        "\n".join(parts),
        shown,
        visible=min(len(shown), SHOWN),
        hotlines=composer.hotlines(card.hotlines),
        topic=composer.topics.get(card.topic),
        organ=composer.organs.of(articles[0].version.law, today),
        confidence=1.0,
    )
    return replace(reply, cards=((card.id, card.title),), organ=card.organ)
