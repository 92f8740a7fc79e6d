"""Clicks on what a push carries: links by a signed short token, buttons by the row they are on.

The first click of a resident is an event; all clicks are counted in the ledger. A token names a
delivery and one of its buttons and is signed (HMAC-SHA256), so that nobody counts for others or
makes the bot lead to an address of their own: the target is read from the campaign.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from datetime import datetime

from sqlalchemy import Connection, select, update

from outreach.campaign_tables import campaigns
from outreach.delivery.ledger import ERASED
from outreach.delivery_tables import deliveries
from outreach.events import Click, event_key, record
from outreach.service_tables import profiles

_TOKEN = re.compile(r"([0-9a-z]{1,13})-([0-9]{1,2})-([A-Za-z0-9_-]{16})")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


def base36(number: int) -> str:
    """A delivery's number, short."""
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text


def token(secret: bytes, delivery: int, button: int) -> str:
    """The token of a delivery's button, for ``/c/<token>``."""
    return f"{base36(delivery)}-{button}-{_signature(secret, delivery, button)}"


def read_token(secret: bytes, text: str) -> tuple[int, int] | None:
    """(delivery, button) of a token; None where it was not made here."""
    found = _TOKEN.fullmatch(text)
    if not found:
        return None
    delivery, button = int(found[1], 36), int(found[2])
    if not hmac.compare_digest(found[3], _signature(secret, delivery, button)):
        return None
    return delivery, button


def _signature(secret: bytes, delivery: int, button: int) -> str:
    message = f"click\x1f{delivery}\x1f{button}".encode()
    digest = hmac.new(secret, message, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest[:12]).decode()


def content(connection: Connection, delivery: int) -> str | None:
    """The campaign's definition that a delivery carried; None where there is none."""
    query = (
        select(campaigns.c.content)
        .join(deliveries, deliveries.c.campaign == campaigns.c.id)
        .where(deliveries.c.id == delivery)
    )
    return connection.execute(query).scalar()


def count(connection: Connection, delivery: int, at: datetime, resident: str | None = None) -> bool:
    """Count a click; the resident's first one on this push is an event.

    Args:
        connection: a writing connection.
        delivery: the ledger's row.
        at: now.
        resident: who clicked, where that is known: somebody else's click (a forwarded message)
            is not counted.

    Returns:
        False where there is no such row, or it is not this resident's.
    """
    found = connection.execute(
        select(
            deliveries.c.campaign,
            deliveries.c.resident,
            deliveries.c.channel,
            deliveries.c.clicked_at,
            campaigns.c.topic,
            campaigns.c.organ,
            campaigns.c.node,
            profiles.c.town,
            profiles.c.target_group,
        )
        .join(campaigns, campaigns.c.id == deliveries.c.campaign)
        .outerjoin(profiles, profiles.c.key == deliveries.c.resident)
        .where(deliveries.c.id == delivery)
        .with_for_update(of=deliveries)
    ).first()
    if found is None or resident not in (None, found.resident):
        return False
    first = found.clicked_at is None
    connection.execute(
        update(deliveries)
        .where(deliveries.c.id == delivery)
        .values(clicks=deliveries.c.clicks + 1, **({"clicked_at": at} if first else {}))
    )
    if first:
        erased = found.resident.startswith(ERASED)
        event = Click(
            key=event_key("click", found.campaign, str(delivery)),
            at=at,
            channel=found.channel,
            resident=None if erased else found.resident,
            topic=found.topic,
            organ=found.organ,
            node=found.node,
            town=found.town,
            target_group=found.target_group,
            campaign=found.campaign,
        )
        record(connection, event, now=at)
    return True
