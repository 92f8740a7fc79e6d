"""Daily pushes: one campaign a day for everybody subscribed, made when its hour comes.

A day's campaign has the day in its id, so no restart and no jump of the clock makes two of it. A
day that nobody was up for is skipped: residents who missed three readings get one, not four.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime, time
from typing import Any

from sqlalchemy import Connection, func, insert, literal, select

from outreach.campaign_tables import campaigns
from outreach.database import insert_missing
from outreach.delivery.schedule import log
from outreach.delivery_tables import deliveries
from outreach.service_tables import profiles, subscriptions
from settings import SHANGHAI


@dataclass(frozen=True, slots=True)
class Series:
    """A daily push: ``kind`` is what residents subscribe to, ``at`` and ``until`` the window of
    each day (Asia/Shanghai) in which it may still begin and go out."""

    kind: str
    title: str
    at: time
    until: time
    topic: str | None = None
    organ: str | None = None


def fire(connection: Connection, series: Series, now: datetime) -> str | None:
    """Make today's campaign if its hour has come, somebody is subscribed and there is none.

    Returns:
        Its id where it was made.
    """
    day = now.astimezone(SHANGHAI).date()
    due = datetime.combine(day, series.at, SHANGHAI)
    end = datetime.combine(day, series.until, SHANGHAI)
    name = f"{series.kind}-{day.isoformat()}"
    if not due <= now < end:
        return None
    if connection.execute(select(campaigns.c.id).where(campaigns.c.id == name)).first():
        return None
    subscribed = (
        (subscriptions.c.what == series.kind)
        & (subscriptions.c.since <= due)
        & profiles.c.address.is_not(None)
        & profiles.c.minor.is_(False)
    )
    joined = subscriptions.join(profiles, profiles.c.key == subscriptions.c.key)
    count = connection.execute(
        select(func.count()).select_from(joined).where(subscribed)
    ).scalar_one()
    if not count:
        return None
    insert_missing(connection, campaigns, [_row(series, name, due, end, count, now)])
    if not _ours(connection, name):
        return None
    connection.execute(
        insert(deliveries).from_select(
            ["campaign", "resident", "channel", "address", "state", "attempts", "clicks"],
            select(
                literal(name),
                subscriptions.c.key,
                profiles.c.channel,
                profiles.c.address,
                literal("queued"),
                literal(0),
                literal(0),
            )
            .select_from(joined)
            .where(subscribed)
            .order_by(subscriptions.c.key),
        )
    )
    log(connection, name, "sending", now, f"每日推送，订阅 {count} 人")
    return name


def _ours(connection: Connection, name: str) -> bool:
    """Whether this transaction made the campaign: another replica's has its rows already."""
    query = select(deliveries.c.id).where(deliveries.c.campaign == name).limit(1)
    return connection.execute(query).first() is None


def _row(
    series: Series, name: str, due: datetime, end: datetime, count: int, now: datetime
) -> dict[str, Any]:
    day = due.date().isoformat()
    value = {"id": name, "kind": series.kind, "day": day, "title": series.title}
    content = json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return {
        "id": name,
        "kind": series.kind,
        "title": f"{series.title}（{day}）",
        "content": content,
        "sha256": hashlib.sha256(content.encode()).hexdigest(),
        "state": "sending",
        "topic": series.topic,
        "organ": series.organ,
        "urgent": False,
        "not_before": due,
        "expires_at": end,
        "audience": count,
        "created_at": now,
        "changed_at": now,
    }
