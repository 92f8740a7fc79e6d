"""Campaigns that begin, end, are missed or expire by themselves.

Everything is read from the database at every tick, so nothing is lost while no process runs: what
was due then is started late inside its window, and missed after it. Asia/Shanghai has no daylight
saving, and all comparisons are of moments.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, exists, insert, select, update

from errors import OutreachError
from outreach.campaign_tables import campaign_log, campaigns
from outreach.delivery_tables import deliveries

ACTOR = "系统"  # in the log of steps that nobody took


def tick(connection: Connection, now: datetime) -> list[str]:
    """Take every step that is due; returns them in words, for the log."""
    steps: list[str] = []
    past = (campaigns.c.expires_at.is_not(None)) & (campaigns.c.expires_at <= now)
    begun = (campaigns.c.not_before.is_(None)) | (campaigns.c.not_before <= now)
    for name in _due(connection, "scheduled", past):
        if _move(connection, name, "scheduled", "missed", now, "过了截止时间还没有开始，不再发送"):
            _expire(connection, name, now)
            steps.append(f"{name} missed")
    for name in _due(connection, "scheduled", begun):
        if _move(connection, name, "scheduled", "sending", now, None):
            steps.append(f"{name} sending")
    for state in ("sending", "paused"):
        for name in _due(connection, state, past):
            if count := _expire(connection, name, now):
                log(connection, name, "expired", now, f"{count} 人没来得及发送，已过截止时间")
                steps.append(f"{name} expired {count}")
    over = ~exists().where(
        deliveries.c.campaign == campaigns.c.id, deliveries.c.state.in_(("queued", "claimed"))
    )
    for state in ("sending", "paused"):
        for name in _due(connection, state, over if state == "sending" else over & past):
            if _move(connection, name, state, "finished", now, None):
                steps.append(f"{name} finished")
    return steps


def pause(connection: Connection, name: str, reason: str, now: datetime) -> bool:
    """Stop a campaign because of trouble; people resume it. False when it was not sending."""
    if not _move(connection, name, "sending", "paused", now, reason):
        return False
    connection.execute(update(campaigns).where(campaigns.c.id == name).values(pause_reason=reason))
    return True


def log(connection: Connection, name: str, step: str, now: datetime, note: str | None) -> None:
    """Append to a campaign's log."""
    connection.execute(
        insert(campaign_log).values(campaign=name, at=now, actor=ACTOR, step=step, note=note)
    )


def _due(connection: Connection, state: str, condition: ColumnElement[bool]) -> list[str]:
    query = select(campaigns.c.id).where(campaigns.c.state == state, condition)
    return list(
        connection.execute(query.order_by(campaigns.c.created_at, campaigns.c.id)).scalars()
    )


def _move(
    connection: Connection, name: str, before: str, after: str, now: datetime, note: str | None
) -> bool:
    """Change a campaign's state and log it; False when another process was first."""
    values: dict[str, Any] = {"state": after, "changed_at": now}
    moved = connection.execute(
        update(campaigns)
        .where(campaigns.c.id == name, campaigns.c.state == before)
        .values(**values)
    )
    if moved.rowcount:
        log(connection, name, after, now, note)
    return bool(moved.rowcount)


def _expire(connection: Connection, name: str, now: datetime) -> int:
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.campaign == name, deliveries.c.state == "queued")
        .values(state="expired", done_at=now, due_at=None, address=None, claimed_by=None)
    ).rowcount


def live(connection: Connection) -> frozenset[str]:
    """The campaigns that are sending."""
    query = select(campaigns.c.id).where(campaigns.c.state == "sending")
    return frozenset(connection.execute(query).scalars())


def state(connection: Connection, name: str) -> str:
    """A campaign's state.

    Raises:
        OutreachError: there is no such campaign.
    """
    found = connection.execute(select(campaigns.c.state).where(campaigns.c.id == name)).scalar()
    if found is None:
        raise OutreachError(f"没有推送活动 {name}")
    return str(found)
