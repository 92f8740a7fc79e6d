"""Short answers: the first article only, for group chats and for large type."""

from __future__ import annotations

from dataclasses import replace

from handlers.messages import Kind, Reply
from handlers.questions import Composer, plain


def to_first(reply: Reply) -> Reply:
    """The reply with its first article alone; the others stay behind their buttons."""
    if reply.shown <= 1:
        return reply
    first = plain(reply.articles[0], whole=False)
    text = "\n\n".join(part for part in (reply.lead, first, reply.tail) if part)
    return replace(reply, shown=1, text=text)


def for_group(composer: Composer, reply: Reply) -> Reply:
    """What a group sees: one article and the cards, and a way to go on in private.

    What somebody in danger must do is not shortened. Buttons that lead on in the group are left
    out: they would write a long reply for everybody.
    """
    if reply.kind is Kind.URGENT:
        return replace(reply, buttons=())
    reply = to_first(reply)
    private = reply.private
    if private is None and reply.cards:
        private = composer.actions.card(reply.cards[0][0])
    elif private is None and reply.articles:
        private = composer.actions.full(reply.articles[0].ref)
    cards = tuple(row for row in reply.buttons if any(_opens_card(b.action) for b in row))
    return replace(reply, buttons=cards, files=(), private=private or "do:menu")


def _opens_card(action: str | None) -> bool:
    return action is not None and action.startswith("card:")
