"""The release: the audience frozen into the delivery ledger, in one transaction, once."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Connection, func, insert, literal, null, select, update

from errors import OutreachError
from outreach.campaign_tables import campaigns
from outreach.campaigns import steps
from outreach.campaigns.audience import CAP, sorted_out
from outreach.campaigns.steps import Campaign
from outreach.delivery_tables import deliveries
from settings import SHANGHAI

LASTS = timedelta(days=1)  # after which a campaign without an expiry of its own is not sent
_BATCH = 2000


def release(
    connection: Connection,
    id_: str,
    *,
    by: str,
    now: datetime,
    cap: int = CAP,
    at_once: bool = False,
    key: str | None = None,
) -> Campaign:
    """Release an approved campaign: queue one delivery for each resident of its audience.

    Its state becomes ``scheduled`` where it is due later, unless it is wanted at once, else
    ``sending``. Releasing again adds nothing: the state has moved on.

    Raises:
        OutreachError: it is not approved, nobody would get it, or it has expired.
        NotAllowed: the person may not release.
    """
    campaign = steps.get(connection, id_)
    if steps.done_before(connection, id_, steps.SEND, key):
        return campaign
    approved = steps.approval(connection, id_)
    if campaign.state == "approved" and (approved is None or approved.sha256 != campaign.sha256):
        raise OutreachError(f"{id_} 的内容与审核通过的不一致，不能发布：请重新提交审核")
    planned = campaign.not_before or now
    later = planned > now and not at_once
    due = planned if later else now
    early = planned > now and at_once
    expires = campaign.expires_at or due + LASTS
    if expires <= now:
        raise OutreachError(f"{id_} 已经过了过期时间，不能发布：请改时间后重新提交审核")
    steps.take(
        connection,
        steps.SEND,
        id_,
        "scheduled" if later else "sending",
        by=by,
        now=now,
        note=f"提前发送，原定 {planned.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if early else None,
        key=key,
        values={"expires_at": expires} | ({"not_before": now} if early else {}),
    )
    number = _freeze(connection, campaign, due, cap)
    if number == 0:
        raise OutreachError(f"{id_} 的受众是 0 人，没有发布：campaign preview 可看原因")
    connection.execute(update(campaigns).where(campaigns.c.id == id_).values(audience=number))
    return steps.get(connection, id_)


def recall_queued(connection: Connection, id_: str, now: datetime) -> int:
    """Mark what is still queued as recalled; returns how many."""
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.campaign == id_, deliveries.c.state == "queued")
        .values(state="recalled", done_at=now, due_at=None, address=None, claimed_by=None)
    ).rowcount


def variant_of(campaign: str, resident: str) -> str:
    """Which of two texts a resident gets: a fair, fixed coin for this campaign and resident."""
    return "ab"[hashlib.sha256(f"{campaign}\x1f{resident}".encode()).digest()[0] & 1]


def _freeze(connection: Connection, campaign: Campaign, due: datetime, cap: int) -> int:
    definition = campaign.definition
    each = sorted_out(definition, due, cap=cap, urgent=campaign.urgent).subquery("each")
    reached = each.c.reason.is_(None)
    if definition.second is None:
        columns = ("campaign", "resident", "channel", "address", "variant")
        rest = {"state": "queued", "attempts": 0, "clicks": 0}
        connection.execute(
            insert(deliveries).from_select(
                [*columns, *rest],
                select(
                    literal(campaign.id),
                    *(each.c.key, each.c.channel, each.c.address, null()),
                    *map(literal, rest.values()),
                )
                .where(reached)
                .order_by(each.c.key),
            )
        )
        return int(
            connection.execute(
                select(func.count()).where(deliveries.c.campaign == campaign.id)
            ).scalar_one()
        )
    # A coin is tossed in Python: the engines have no hash function in common.
    found = connection.execute(
        select(each.c.key, each.c.channel, each.c.address).where(reached).order_by(each.c.key)
    ).all()
    for start in range(0, len(found), _BATCH):
        rows: list[dict[str, Any]] = [
            {
                "campaign": campaign.id,
                "resident": key,
                "channel": channel,
                "address": address,
                "variant": variant_of(campaign.id, key),
                "state": "queued",
                "attempts": 0,
                "clicks": 0,
            }
            for key, channel, address in found[start : start + _BATCH]
        ]
        connection.execute(insert(deliveries), rows)
    return len(found)
