"""What a resident and the bot have just been talking about: for half an hour, in memory only.

A follow-up (那第二款呢, 在哪投诉) means nothing without the answer before it. The masked question
and what was shown are kept, never written down, and forgotten after :data:`LIFETIME`, when the
resident asks for deletion, and with the process. A store shared by several processes only has to
keep to :class:`Contexts`.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from handlers.messages import Kind, Reply

LIFETIME = timedelta(minutes=30)
RESIDENTS = 10_000  # at most so many are remembered; the longest silent is forgotten first


@dataclass(frozen=True, slots=True)
class Turn:
    """One answered message. ``articles`` are article ids as shown, ``rest`` those behind them."""

    key: str  # the update that it answered
    at: datetime
    question: str  # normalised and masked; a follow-up keeps the question that it follows
    articles: tuple[int, ...] = ()
    rest: tuple[int, ...] = ()
    paragraph: int | None = None  # 款 that was shown of the first article
    organ: str | None = None
    hotlines: tuple[str, ...] = ()
    asked_back: bool = False  # the reply was a question to the resident
    lookup: bool = False  # the articles were asked for by number
    awaits: str | None = None  # an unfinished sum, which the next message may complete


_TALK = frozenset({Kind.ANSWER, Kind.LOOKUP, Kind.URGENT, Kind.DECLINED})
_SHOWN = 3  # of a reply that shows no article yet, so many may be meant


def next_turn(
    key: str, now: datetime, question: str | None, reply: Reply, before: Turn | None
) -> Turn | None:
    """What a follow-up of ``reply`` may refer to; None where the turn before stays the last.

    Args:
        key: the update that was answered.
        now: the clock's moment.
        question: what was searched for; None where nothing was.
        reply: the answer. Small talk, menus and refusals are no turn. One without articles and
            without a search (在哪投诉) leaves those of the turn before in place.
        before: the turn before.
    """
    if reply.kind not in _TALK and reply.awaits is None:
        return None
    ids = tuple(article.ref for article in reply.articles)
    shown = ids[: reply.shown or _SHOWN]
    rest = ids[len(shown) :]
    if not ids and question is None and before is not None:
        shown, rest = before.articles, before.rest
    if question is None and before is not None:
        question = before.question
    return Turn(
        key,
        now,
        question or "",
        articles=shown,
        rest=rest,
        paragraph=reply.paragraph,
        organ=reply.organ,
        hotlines=tuple(line.number for line in reply.hotlines),
        asked_back=reply.kind is Kind.ANSWER and not reply.shown,
        lookup=reply.kind is Kind.LOOKUP,
        awaits=reply.awaits,
    )


class Contexts(Protocol):
    """A short memory of each resident's last turn. Safe to call from several threads."""

    def last(self, resident: str, key: str, now: datetime) -> Turn | None:
        """The turn before the update ``key``, if it is recent; None for a stranger.

        An update that is answered again (after a crash) gets the turn that it got the first time.
        """
        ...

    def remember(self, resident: str, turn: Turn) -> None:
        """Keep a turn as the resident's last."""
        ...

    def forget(self, resident: str) -> None:
        """Drop everything about a resident."""
        ...


class MemoryContexts:
    """:class:`Contexts` of one process, bounded in number and time."""

    def __init__(self, residents: int = RESIDENTS) -> None:
        self._most = residents
        self._turns: OrderedDict[str, tuple[Turn, Turn | None]] = OrderedDict()
        self._lock = threading.Lock()

    def last(self, resident: str, key: str, now: datetime) -> Turn | None:
        """See :class:`Contexts`."""
        with self._lock:
            turn, before = self._turns.get(resident, (None, None))
            if turn is not None and turn.key == key:
                turn = before
            return turn if turn is not None and now - turn.at < LIFETIME else None

    def remember(self, resident: str, turn: Turn) -> None:
        """See :class:`Contexts`; turns that are too old go as well."""
        with self._lock:
            last, before = self._turns.pop(resident, (None, None))
            if last is not None and last.key == turn.key:
                last = before
            self._turns[resident] = (turn, last)
            while len(self._turns) > self._most or self._expired(turn.at):
                self._turns.popitem(last=False)

    def forget(self, resident: str) -> None:
        """See :class:`Contexts`."""
        with self._lock:
            self._turns.pop(resident, None)

    def _expired(self, now: datetime) -> bool:
        oldest = next(iter(self._turns.values()))[0]
        return now - oldest.at >= LIFETIME

    def __len__(self) -> int:
        return len(self._turns)
