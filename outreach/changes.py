"""What a reply changes, carried out in the transaction that records the reply.

A conversation decides and writes nothing: it puts changes into its reply, and the front desk hands
them to :meth:`outreach.store.Outreach.record_answer`. A repeated update is answered again but
never recorded again, so nothing changes twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from sqlalchemy import Connection


@dataclass(frozen=True, slots=True)
class Turn:
    """Whose update it is: the resident's key, where it came from, when, and when it is recorded.

    ``address`` is where the platform would take a push: kept only with a subscription.
    """

    update_key: str
    resident: str
    channel: str
    at: datetime
    now: datetime
    address: str | None = None


class Change(Protocol):
    """One change of what is kept about a resident."""

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Write it within the caller's transaction."""
        ...
