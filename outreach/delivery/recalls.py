"""Messages of recalled campaigns: deleted or edited where the platform still allows it."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, or_, select, update

from outreach.campaign_tables import campaigns
from outreach.delivery.ledger import Reserved, set_aside
from outreach.delivery.sender import Kept, Removal, Removed, RetryAfter, Unreached
from outreach.delivery_tables import deliveries

RECALLABLE = timedelta(hours=48)  # Telegram: deleteMessage


def reserve(
    connection: Connection, me: str, channel: str, now: datetime, limit: int
) -> list[Reserved]:
    """Set messages aside that a recalled campaign has sent and the platform may still remove."""
    query = (
        select(deliveries.c.id, deliveries.c.campaign, deliveries.c.address, deliveries.c.message)
        .join(campaigns, campaigns.c.id == deliveries.c.campaign)
        .where(
            campaigns.c.state == "recalled",
            campaigns.c.changed_at > now - 2 * RECALLABLE,  # older ones have nothing left to remove
            deliveries.c.state == "sent",
            deliveries.c.channel == channel,
            deliveries.c.claimed_by.is_(None),
            deliveries.c.message.is_not(None),
            deliveries.c.address.is_not(None),
            or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= now),
        )
        .limit(limit)
        .with_for_update(skip_locked=True, of=deliveries)
    )
    found = [
        Reserved(each.id, each.campaign, each.address, each.message)
        for each in connection.execute(query).all()
    ]
    set_aside(connection, me, found)
    return found


def settle(connection: Connection, me: str, row: Reserved, removal: Removal, at: datetime) -> None:
    """Write what became of a message that was to be recalled; ``kept`` where it stays there."""
    values: dict[str, Any] = {"claimed_by": None}
    match removal:
        case Removed(how):
            values |= {"state": "recalled", "reason": how, "address": None, "message": None}
        case Kept():
            values |= {"reason": "kept", "address": None, "message": None}
        case RetryAfter(seconds):
            values |= {"due_at": at + timedelta(seconds=seconds)}
        case Unreached():
            values |= {"due_at": at + timedelta(seconds=10)}
    connection.execute(
        update(deliveries)
        .where(
            deliveries.c.id == row.id,
            deliveries.c.claimed_by == me,
            deliveries.c.state == "sent",
        )
        .values(**values)
    )


def forget_addresses(connection: Connection, now: datetime) -> int:
    """Forget where messages went that can't be recalled any more (个人信息保护法 19)."""
    return connection.execute(
        update(deliveries)
        .where(
            deliveries.c.state.in_(("sent", "recalled", "opted_out", "expired")),
            deliveries.c.address.is_not(None),
            or_(deliveries.c.state != "sent", deliveries.c.done_at <= now - RECALLABLE),
        )
        .values(address=None)
    ).rowcount
