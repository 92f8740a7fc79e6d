"""Figures of pushes in SQL: attempted, delivered, clicked (rule R5: never one for another).

Delivered and clicked are events: the platform's acknowledgement, a resident's first click of a
campaign. What was attempted in vain (refused, blocked, without an answer) is only in the delivery
ledger; it adds to the attempts, on the day it ended, and names no town or group, for nobody was
reached there.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Executable,
    Integer,
    String,
    and_,
    case,
    cast,
    distinct,
    func,
    literal,
    null,
    select,
    union_all,
)

from outreach.campaign_tables import campaigns
from outreach.consultations import ATTRIBUTES, Window, month_of, valid
from outreach.delivery_tables import deliveries
from outreach.tables import events
from settings import SHANGHAI

MEASURES = ("pushed", "delivered", "clicked_residents")
IN_VAIN = ("failed", "blocked", "unknown")
COLUMNS = {"group": "target_group"}  # dimensions named otherwise in the store
_KNOWN = ("topic", "organ", "node")  # of a campaign


def queries(window: Window, by: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Executable]]:
    """(measures, statement): rows (0, values…, counts…) and one (1, NULL…, counts…)."""
    each = union_all(_happened(window), _in_vain(window)).cte("pushes")
    counts = _counts(each)
    total = select(literal(1), *(null() for _ in by), *counts).select_from(each)
    if not by:
        yield MEASURES, total
        return
    columns: dict[str, ColumnElement[Any]] = {column.name: column for column in each.c}
    columns["law"] = cast(null(), String)
    keys = [columns[COLUMNS.get(name, name)] for name in by]
    grouped = [key for name, key in zip(by, keys, strict=True) if name != "law"]
    rows = select(literal(0), *keys, *counts).select_from(each).group_by(*grouped)
    if not grouped:  # without GROUP BY there would be a row even of nothing
        rows = rows.having(func.count() > 0)
    yield MEASURES, union_all(rows, total)


def _counts(each: CTE) -> list[ColumnElement[Any]]:
    delivered = case((each.c.type == "delivery", 1), else_=0)
    attempted = case((each.c.type.in_(("delivery", "attempt")), 1), else_=0)
    clicked = case((each.c.type == "click", each.c.resident_id))
    return [
        func.coalesce(func.sum(attempted), 0),
        func.coalesce(func.sum(delivered), 0),
        func.count(distinct(clicked)),
    ]


def _happened(window: Window) -> Any:
    return select(
        events.c.type,
        events.c.resident_id,
        month_of(events.c.day).label("month"),
        *(events.c[name] for name in ATTRIBUTES),
    ).where(
        events.c.type.in_(("delivery", "click")),
        events.c.at >= window.begin,
        events.c.at < window.end,
        valid(window),
    )


def _in_vain(window: Window) -> Any:
    known: dict[str, Any] = {name: campaigns.c[name] for name in _KNOWN}
    known |= {"channel": deliveries.c.channel, "campaign": deliveries.c.campaign}
    blank = cast(null(), String)
    return (
        select(
            literal("attempt").label("type"),
            cast(null(), BigInteger).label("resident_id"),
            _month(window).label("month"),
            *(known.get(name, blank).label(name) for name in ATTRIBUTES),
        )
        .join(campaigns, campaigns.c.id == deliveries.c.campaign)
        .where(
            and_(
                deliveries.c.state.in_(IN_VAIN),
                deliveries.c.done_at >= window.begin,
                deliveries.c.done_at < window.end,
                deliveries.c.done_at <= window.as_of,
            )
        )
    )


def _month(window: Window) -> ColumnElement[int]:
    """The month (YYYYMM, Asia/Shanghai) of a row's end, within the window.

    The engines share no calendar: the window's months are compared one by one.
    """
    first, last = window.first.replace(day=1), window.last.replace(day=1)
    ends: list[tuple[ColumnElement[bool], int]] = []
    month = first
    while month < last:
        after = date(month.year + month.month // 12, month.month % 12 + 1, 1)
        ends.append((deliveries.c.done_at < _midnight(after), _number(month)))
        month = after
    if not ends:
        return literal(_number(last), Integer)
    return case(*ends, else_=_number(last))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def _number(month: date) -> int:
    return month.year * 100 + month.month
