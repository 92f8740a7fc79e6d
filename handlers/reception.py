"""The front desk: every adapter hands its updates in here and gets replies back.

The order keeps nothing from being lost (design: "how a question travels"):
:meth:`FrontDesk.receive` stores the update (masked) before the platform is told "received";
:meth:`FrontDesk.answer` stores the event and the outcome in one transaction;
:meth:`FrontDesk.sent` forgets text and address. After a crash :meth:`FrontDesk.unsent` lists what
is still owed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from handlers.messages import Channel, Incoming, Reply


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply; ``first`` is False when the update had been answered before (no new event)."""

    reply: Reply
    first: bool


class FrontDesk(Protocol):
    """What an adapter needs. All calls block (SQLite, search): call them off the event loop."""

    def resident(self, channel: Channel, platform_id: str) -> str:
        """The pseudonymous key of a platform's user."""
        ...

    def receive(self, incoming: Incoming) -> bool:
        """Store the update durably; False when its key is already known."""
        ...

    def answer(self, incoming: Incoming) -> Outcome:
        """Reply to a received update and record its event once, however often it is called."""
        ...

    def sent(self, update_key: str) -> None:
        """The reply went out: forget the update's text and address."""
        ...

    def unsent(self, channel: Channel) -> list[Incoming]:
        """Updates of a channel that were received and not sent a reply, oldest first."""
        ...
