"""A campaign for made-up residents, queued and sending: what measurements and trials send."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import insert, select

from outreach.campaign_tables import campaigns
from outreach.database import Database
from outreach.delivery_tables import deliveries
from outreach.service_tables import profiles, subscriptions

CAMPAIGN = "sample"


def fill(
    database: Database,
    residents: int,
    now: datetime,
    content: str = "{}",
    channel: str = "telegram",
) -> None:
    """Queue :data:`CAMPAIGN` for residents whose addresses are the numbers from 1."""
    keys = [(f"sample-{number:07}", str(number)) for number in range(1, residents + 1)]
    blank = {"large": False, "minor": False, "ranked": False, "texts": False, "changed_at": now}
    row = {"campaign": CAMPAIGN, "channel": channel, "state": "queued", "attempts": 0, "clicks": 0}
    with database.write() as connection:
        connection.execute(
            insert(profiles),
            [{"key": key, "channel": channel, "address": at, **blank} for key, at in keys],
        )
        connection.execute(
            insert(subscriptions),
            [{"key": key, "what": "campaign", "since": now, "position": 0} for key, _ in keys],
        )
        connection.execute(
            insert(campaigns).values(
                id=CAMPAIGN,
                kind="campaign",
                title=CAMPAIGN,
                content=content,
                sha256="0" * 64,
                state="sending",
                urgent=True,
                audience=residents,
                created_at=now,
                changed_at=now,
            )
        )
        connection.execute(
            insert(deliveries), [{"resident": key, "address": at, **row} for key, at in keys]
        )


def outcomes(database: Database) -> dict[int, tuple[str, str | None]]:
    """The state and reason of each resident's row, by number."""
    query = select(deliveries.c.resident, deliveries.c.state, deliveries.c.reason)
    with database.read() as connection:
        return {
            int(key.removeprefix("sample-")): (state, reason)
            for key, state, reason in connection.execute(query)
        }


def unsettled(database: Database, process: str) -> frozenset[int]:
    """The residents whose row a process claimed and never settled: what was on its way.

    Args:
        database: the store.
        process: the beginning of the id that it claimed with.
    """
    query = select(deliveries.c.resident).where(
        deliveries.c.claimed_by.startswith(process, autoescape=True),
        deliveries.c.state.in_(("claimed", "unknown")),
    )
    with database.read() as connection:
        found = connection.execute(query).scalars()
        return frozenset(int(key.removeprefix("sample-")) for key in found)
