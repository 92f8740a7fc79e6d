"""One question back when a message is vague, instead of a list of laws that may not fit.

The choices are situations: cards that may fit, and residents' questions that lead to what search
found. The articles stay a press away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from handlers import phrases
from handlers.messages import Button, Kind, Reply
from handlers.questions import Composer
from retrieval.card_match import Match
from retrieval.search import Result

CHOICES = 4
VAGUE = 60  # characters: who has told more than that is not asked for more
LIKELY = 0.08  # probability from which a card is one of the choices


def asks_back(
    composer: Composer, text: str, result: Result, matches: Sequence[Match], today: date
) -> Reply | None:
    """The question with its buttons; None where there are not two choices."""
    if len(text) > VAGUE:
        return None
    choices = [
        (match.card.title, composer.actions.card(match.card.id))
        for match in matches
        if match.probability >= LIKELY
    ][: CHOICES - 1]
    choices += [(one.text, composer.actions.related(one.id)) for one in result.related]
    choices = choices[:CHOICES]
    if len(choices) < 2:
        return None
    listed = "\n".join(f"{number}. {label}" for number, (label, _) in enumerate(choices, 1))
    refs = [hit.article.id for hit in result.hits]
    rows = [(Button(label[:40], action),) for label, action in choices]
    rows.append((Button(phrases.SHOW_LAW, composer.actions.more(refs)),))
    reply = composer.compose(
        Kind.ANSWER,
        f"{phrases.WHICH}\n{listed}\n{phrases.WHICH_TAIL}",
        tuple(composer.shown(h.article, today, h.score, h.marked) for h in result.hits),
        hotlines=composer.hotlines(("12348",)),
        topic=composer.topic(result.hits),
        organ=composer.organs.of(result.hits[0].article.version.law, today),
        confidence=result.confidence,
        rows=rows,
    )
    cards = tuple((m.card.id, m.card.title) for m in matches if m.probability >= LIKELY)
    return replace(reply, cards=cards[: CHOICES - 1])
