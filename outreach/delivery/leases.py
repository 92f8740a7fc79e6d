"""Which processes are sending: each holds a lease that it renews, and loses it when it dies."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import Connection, delete, select, update

from outreach.delivery.ledger import release
from outreach.delivery_tables import deliveries, senders


def heartbeat(
    connection: Connection, me: str, channels: Sequence[str], now: datetime, lease: timedelta
) -> None:
    """Renew this process's lease when a third of it is over (or the clock went back), or begin it;
    not at each call, as every write costs the disk a commit."""
    known = connection.execute(select(senders.c.expires_at).where(senders.c.id == me)).scalar()
    values = {"channels": ",".join(channels), "expires_at": now + lease}
    if known is None:
        connection.execute(senders.insert().values(id=me, started_at=now, **values))
    elif not now + lease * 2 / 3 < known <= now + lease:
        connection.execute(update(senders).where(senders.c.id == me).values(**values))


def leave(connection: Connection, me: str) -> None:
    """End this process's lease; whatever it had still set aside goes back to the queue."""
    release(
        connection,
        me,
        connection.execute(select(deliveries.c.id).where(deliveries.c.claimed_by == me)).scalars(),
    )
    connection.execute(delete(senders).where(senders.c.id == me))


def sending(connection: Connection, now: datetime) -> Counter[str]:
    """How many processes send on each channel."""
    query = select(senders.c.channels).where(senders.c.expires_at > now)
    found = connection.execute(query).scalars()
    return Counter(channel for channels in found for channel in channels.split(","))


def lapse(connection: Connection, now: datetime) -> int:
    """Take over what dead processes left: their claims are ``unknown``, the rest is free again.

    Returns:
        The number of rows that are unknown now.
    """
    connection.execute(delete(senders).where(senders.c.expires_at <= now))
    orphaned = (
        deliveries.c.claimed_by.is_not(None),
        deliveries.c.claimed_by.not_in(select(senders.c.id)),
    )
    lost = connection.execute(
        update(deliveries)
        .where(*orphaned, deliveries.c.state == "claimed")
        .values(state="unknown", reason="interrupted", done_at=now, address=None)
    ).rowcount
    connection.execute(
        update(deliveries)
        .where(*orphaned, deliveries.c.state.in_(("queued", "sent")))
        .values(claimed_by=None)
    )
    return lost
