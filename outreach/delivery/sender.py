"""What the engine asks of a channel: a turn, a message sent, a message taken back.

A channel adapter implements :class:`Sender`; outcomes say exactly what is known, because a row
leaves ``claimed`` only with its true outcome.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True, slots=True)
class PushButton:
    """Something to press: ``action`` comes back to the bot, or ``url`` is opened. One is set."""

    label: str
    action: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class Push:
    """A message for one resident, in plain text; the first line is its title."""

    text: str
    picture: Path | None = None
    buttons: tuple[tuple[PushButton, ...], ...] = ()  # rows


@dataclass(frozen=True, slots=True)
class Sent:
    """The platform took it; ``message`` is its id there, to edit or delete it."""

    message: str


@dataclass(frozen=True, slots=True)
class Blocked:
    """The resident blocked the bot: nothing can be sent, and nothing more is to be."""


@dataclass(frozen=True, slots=True)
class NotFound:
    """The platform knows no such chat."""


@dataclass(frozen=True, slots=True)
class Failed:
    """The platform refused it for good; ``reason`` is a short name, e.g. ``bad_request``."""

    reason: str


@dataclass(frozen=True, slots=True)
class RetryAfter:
    """The platform took nothing and asks to wait."""

    seconds: float


@dataclass(frozen=True, slots=True)
class Unreached:
    """Nothing went out: the platform could not be reached or refuses the bot as a whole."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unknown:
    """The request went out and no answer came: it may have arrived, so it is not sent again."""


Outcome = Sent | Blocked | NotFound | Failed | RetryAfter | Unreached | Unknown


@dataclass(frozen=True, slots=True)
class Removed:
    """A sent message is gone: ``deleted``, or ``edited`` where it can't be deleted."""

    how: str


@dataclass(frozen=True, slots=True)
class Kept:
    """A sent message can be neither deleted nor edited (too old, chat gone)."""


Removal = Removed | Kept | RetryAfter | Unreached


class Sender(Protocol):
    """One channel's bulk lane. Calls run side by side; none may raise on what a platform does."""

    def share(self, processes: int) -> None:
        """How many processes send on this channel now: each takes its part of the pace."""
        ...

    async def turn(self, address: str) -> None:
        """Wait until one message may go to ``address``; replies to residents go first."""
        ...

    async def send(self, address: str, push: Push) -> Outcome:
        """Send one message, once; never repeated inside."""
        ...

    async def remove(self, address: str, message: str, notice: str) -> Removal:
        """Delete a sent message, or else put ``notice`` in its place."""
        ...
