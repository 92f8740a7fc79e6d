"""The SQL of the delivery ledger. Each function runs within the caller's writing transaction.

A row is claimed in one place only (:func:`claim`: ``queued`` → ``claimed``, by one process), and
leaves ``claimed`` in two: :func:`settle`, by the process that claimed it, with the true outcome;
and :func:`leases.lapse`, when that process is dead, as ``unknown``. So nobody gets a message twice.
A process that was thought dead and is not may still put the truth over ``unknown``.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    Connection,
    RowMapping,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from outreach.campaign_tables import campaigns
from outreach.delivery.sender import (
    Blocked,
    Failed,
    NotFound,
    Outcome,
    RetryAfter,
    Sent,
    Unknown,
    Unreached,
)
from outreach.delivery_tables import deliveries
from outreach.events import Delivery, event_key, record_all
from outreach.service_tables import profiles, subscriptions
from outreach.tables import Instant
from settings import SHANGHAI

SERIES = ("morning", "quiz")
ERASED = "erased-"  # how a deletion request leaves a row's resident


@dataclass(frozen=True, slots=True)
class Reserved:
    """A row set aside by a process: to be sent, or with ``message`` to be recalled."""

    id: int
    campaign: str
    address: str
    message: str | None = None


@dataclass(frozen=True, slots=True)
class Claimed:
    """A row that this process alone may send, now."""

    id: int
    campaign: str
    kind: str
    sha256: str
    resident: str
    channel: str
    address: str
    variant: str | None
    attempts: int
    position: int  # of the resident in a series


def is_quiet(moment: datetime, start: int | None, end: int | None) -> bool:
    """Whether a moment lies in [start, end), minutes after midnight in Asia/Shanghai."""
    if start is None or end is None or start == end:
        return False
    local = moment.astimezone(SHANGHAI)
    minute = local.hour * 60 + local.minute
    return start <= minute < end if start < end else minute >= start or minute < end


def _open(row: RowMapping, now: datetime) -> bool:
    """Whether a campaign may be sent at this moment."""
    return (
        row["campaign_state"] == "sending"
        and not (row["expires_at"] is not None and row["expires_at"] <= now)
        and (row["urgent"] or not is_quiet(now, row["quiet_from"], row["quiet_to"]))
    )


_CAMPAIGN = (
    campaigns.c.state.label("campaign_state"),
    campaigns.c.urgent,
    campaigns.c.expires_at,
    campaigns.c.quiet_from,
    campaigns.c.quiet_to,
)


def reserve(
    connection: Connection, me: str, channel: str, now: datetime, limit: int
) -> list[Reserved]:
    """Set queued rows aside for this process; urgent campaigns first, then by age.

    Several processes get different rows: on PostgreSQL by ``FOR UPDATE SKIP LOCKED``, on SQLite
    because writers take turns.
    """
    ready = (
        select(campaigns.c.id, *_CAMPAIGN)
        .where(campaigns.c.state == "sending")
        .order_by(campaigns.c.urgent.desc(), campaigns.c.created_at, campaigns.c.id)
    )
    found: list[Reserved] = []
    for row in connection.execute(ready).mappings().all():
        if not _open(row, now) or len(found) >= limit:
            continue
        query = (
            select(deliveries.c.id, deliveries.c.campaign, deliveries.c.address)
            .where(
                deliveries.c.campaign == row["id"],
                deliveries.c.state == "queued",
                deliveries.c.channel == channel,
                deliveries.c.claimed_by.is_(None),
                or_(deliveries.c.due_at.is_(None), deliveries.c.due_at <= now),
            )
            .order_by(deliveries.c.id)
            .limit(limit - len(found))
            .with_for_update(skip_locked=True)
        )
        for each in connection.execute(query).all():
            found.append(Reserved(each.id, each.campaign, each.address or ""))
    set_aside(connection, me, found)
    return found


def set_aside(connection: Connection, me: str, rows: Sequence[Reserved]) -> None:
    """Mark rows as this process's, for now."""
    if rows:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_([row.id for row in rows]))
            .values(claimed_by=me)
        )


def release(connection: Connection, me: str, ids: Iterable[int]) -> None:
    """Give back rows that were set aside and not claimed."""
    if wanted := list(ids):
        connection.execute(
            update(deliveries)
            .where(
                deliveries.c.id.in_(wanted),
                deliveries.c.claimed_by == me,
                deliveries.c.state.not_in(("claimed", "unknown")),
            )
            .values(claimed_by=None)
        )


def claim(connection: Connection, me: str, ids: Sequence[int], now: datetime) -> dict[int, Claimed]:
    """Claim reserved rows at the moment of sending, where nothing speaks against it any more.

    The campaign must be sending, not expired and outside its quiet hours, and the resident must
    still be subscribed and not have said to be under fourteen. Rows of residents who left are
    ``opted_out``, rows too late ``expired``; others that may not be sent now go back to the queue.
    """
    wanted = (
        select(
            deliveries.c.id,
            deliveries.c.campaign,
            deliveries.c.resident,
            deliveries.c.channel,
            func.coalesce(profiles.c.address, deliveries.c.address).label("address"),
            deliveries.c.variant,
            deliveries.c.attempts,
            campaigns.c.kind,
            campaigns.c.sha256,
            *_CAMPAIGN,
            subscriptions.c.key.label("subscribed"),
            subscriptions.c.position,
            profiles.c.minor,
        )
        .join(campaigns, campaigns.c.id == deliveries.c.campaign)
        .outerjoin(
            subscriptions,
            (subscriptions.c.key == deliveries.c.resident)
            & (subscriptions.c.what == campaigns.c.kind),
        )
        .outerjoin(profiles, profiles.c.key == deliveries.c.resident)
        .where(
            deliveries.c.id.in_(ids),
            deliveries.c.state == "queued",
            deliveries.c.claimed_by == me,
        )
        .with_for_update(of=deliveries)
    )
    claimed: dict[int, Claimed] = {}
    over: list[dict[str, Any]] = []
    for row in connection.execute(wanted).mappings():
        if row["subscribed"] is None or row["minor"]:
            over.append(_final(row["id"], "opted_out", now))
        elif row["expires_at"] is not None and row["expires_at"] <= now:
            over.append(_final(row["id"], "expired", now))
        elif _open(row, now) and not row["address"]:
            over.append(_final(row["id"], "failed", now, reason="no_address"))
        elif _open(row, now):
            names = ("id", "campaign", "kind", "sha256", "resident", "channel", "address")
            claimed[row["id"]] = Claimed(
                **{name: row[name] for name in names},
                variant=row["variant"],
                attempts=row["attempts"] + 1,
                position=row["position"],
            )
    if claimed:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.id.in_(list(claimed)))
            .values(state="claimed", claimed_at=now, attempts=deliveries.c.attempts + 1)
        )
    _write(connection, over)
    release(connection, me, [number for number in ids if number not in claimed])
    return claimed


@dataclass(frozen=True, slots=True)
class Settled:
    """What became of a claimed row, and when."""

    row: Claimed
    outcome: Outcome
    at: datetime


def settle(connection: Connection, me: str, settled: Sequence[Settled], now: datetime) -> None:
    """Write outcomes, with one event for each message that the platform took."""
    owned = {
        row["id"]: row
        for row in connection.execute(
            select(
                deliveries.c.id,
                deliveries.c.state,
                deliveries.c.resident,
                campaigns.c.topic,
                campaigns.c.organ,
                campaigns.c.node,
                profiles.c.town,
                profiles.c.target_group,
            )
            .join(campaigns, campaigns.c.id == deliveries.c.campaign)
            .outerjoin(profiles, profiles.c.key == deliveries.c.resident)
            .where(
                deliveries.c.id.in_([each.row.id for each in settled]),
                deliveries.c.claimed_by == me,
                deliveries.c.state.in_(("claimed", "unknown")),
            )
            .with_for_update(of=deliveries)
        ).mappings()
    }
    rows: list[dict[str, Any]] = []
    events: list[Delivery] = []
    gone: list[str] = []
    moved: list[dict[str, str]] = []
    for each in settled:
        known = owned.get(each.row.id)
        again = isinstance(each.outcome, RetryAfter | Unreached)
        if known is None or (again and known["state"] == "unknown"):
            continue
        values = _outcome(each)
        if known["resident"].startswith(ERASED):
            values["to_address"] = None
        rows.append(values)
        if isinstance(each.outcome, Blocked):
            gone.append(known["resident"])
        if isinstance(each.outcome, Sent):
            events.append(_event(each, known))
            if each.row.kind in SERIES:
                moved.append({"who": known["resident"], "series": each.row.kind})
    _write(connection, rows)
    record_all(connection, events, now=now)
    if moved:
        connection.execute(
            update(subscriptions)
            .where(
                subscriptions.c.key == bindparam("who"), subscriptions.c.what == bindparam("series")
            )
            .values(position=subscriptions.c.position + 1),
            moved,
        )
    if gone:
        # Somebody who blocks the bot has left: as easy as subscribing (个人信息保护法 15), and
        # without a subscription the address has no purpose.
        connection.execute(delete(subscriptions).where(subscriptions.c.key.in_(gone)))
        connection.execute(update(profiles).where(profiles.c.key.in_(gone)).values(address=None))


def _event(settled: Settled, known: RowMapping) -> Delivery:
    erased = known["resident"].startswith(ERASED)
    return Delivery(
        key=event_key("delivery", settled.row.campaign, str(settled.row.id)),
        at=settled.at,
        channel=settled.row.channel,
        resident=None if erased else known["resident"],
        topic=known["topic"],
        organ=known["organ"],
        town=known["town"],
        target_group=known["target_group"],
        campaign=settled.row.campaign,
        node=known["node"],
    )


def _outcome(settled: Settled) -> dict[str, Any]:
    number, at = settled.row.id, settled.at
    match settled.outcome:
        case Sent(message):
            kept = _final(number, "sent", at, message=message)
            return kept | {"to_address": settled.row.address}
        case Blocked():
            return _final(number, "blocked", at)
        case NotFound():
            return _final(number, "failed", at, reason="chat_not_found")
        case Failed(reason):
            return _final(number, "failed", at, reason=reason[:60])
        case Unknown():
            return _final(number, "unknown", at, reason="no_answer")
        case RetryAfter(seconds):
            return _waiting(settled, seconds)
        case Unreached():
            return _waiting(settled, min(300.0, 2.0 ** min(settled.row.attempts, 16)))


def _waiting(settled: Settled, seconds: float) -> dict[str, Any]:
    back = _final(settled.row.id, "queued", None)
    due = settled.at + timedelta(seconds=seconds)
    return back | {"to_due": due, "to_address": settled.row.address}


def _final(
    number: int,
    state: str,
    at: datetime | None,
    *,
    reason: str | None = None,
    message: str | None = None,
) -> dict[str, Any]:
    return {
        "row": number,
        "to_state": state,
        "to_reason": reason,
        "to_done": at,
        "to_due": None,
        "to_message": message,
        "to_address": None,
    }


_WRITE = (
    update(deliveries)
    .where(deliveries.c.id == bindparam("row"))
    .values(
        state=bindparam("to_state"),
        reason=bindparam("to_reason"),
        done_at=bindparam("to_done", type_=Instant),
        due_at=bindparam("to_due", type_=Instant),
        message=bindparam("to_message"),
        address=bindparam("to_address"),
        claimed_by=None,
    )
)


def _write(connection: Connection, rows: list[dict[str, Any]]) -> None:
    if rows:
        connection.execute(_WRITE, rows)


def progress(connection: Connection, campaign: str) -> Counter[str]:
    """The rows of a campaign by state."""
    query = (
        select(deliveries.c.state, func.count().label("count"))
        .where(deliveries.c.campaign == campaign)
        .group_by(deliveries.c.state)
    )
    return Counter({row.state: row.count for row in connection.execute(query)})


def content(connection: Connection, campaign: str) -> str:
    """A campaign's definition, canonical JSON."""
    query = select(campaigns.c.content).where(campaigns.c.id == campaign)
    return str(connection.execute(query).scalar_one())
