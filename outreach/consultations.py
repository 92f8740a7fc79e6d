"""From turns to consultations (咨询): the one place where the counting rule lives.

A *turn* is an in-scope answer, a hotline card that was shown, or an in-scope question left
unanswered, written by the bot and not taken back. Turns of one resident on one channel that follow
each other within less than 30 minutes are one consultation; it counts when at least one of them is
an answer or a referral (domain specification 2.1). What is off topic neither counts nor prolongs.

A consultation belongs to the day on which it starts, to the organ, system, topic, town, campaign
and node of its first turn that counts, and to every law cited in it. A consultation that crosses a
window's edge is therefore counted once, where it starts; sessions are cut in SQL by window
functions, and ties in time are broken by type and key, so that the order of recording is no part
of the figures.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from sqlalchemy import (
    CTE,
    BigInteger,
    ColumnElement,
    Connection,
    Integer,
    and_,
    case,
    func,
    literal_column,
    not_,
    or_,
    select,
    type_coerce,
)

from errors import UsageError
from outreach.tables import MICROSECOND, event_articles, events, to_micros
from settings import SHANGHAI

GAP = timedelta(minutes=30)
GAP_MICROS = GAP // MICROSECOND
TURNS = ("answer", "referral", "gap")
COUNTING = ("answer", "referral")
# Dimensions that a consultation has; law comes from its articles, month from its start.
ATTRIBUTES = (
    *("organ", "system", "topic", "channel", "town", "village", "target_group"),
    *("campaign", "node"),
)


@dataclass(frozen=True, slots=True)
class Window:
    """Whole days [first, last] of Asia/Shanghai, seen with what was recorded until ``as_of``.

    Raises:
        UsageError: the window ends before it begins.
        ValueError: ``as_of`` is not aware.
    """

    first: date
    last: date
    as_of: datetime

    def __post_init__(self) -> None:
        if self.last < self.first:
            raise UsageError(f"统计期间的止日（{self.last}）早于起日（{self.first}）")
        if self.as_of.tzinfo is None:
            raise ValueError("as_of must be aware")

    @property
    def begin(self) -> datetime:
        """The first moment, UTC."""
        return _midnight(self.first)

    @property
    def end(self) -> datetime:
        """The first moment after the window, UTC."""
        return _midnight(self.last + timedelta(days=1))


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), SHANGHAI).astimezone(UTC)


def valid(window: Window) -> ColumnElement[bool]:
    """The bot's in-scope events as known at ``as_of`` that were not taken back by then."""
    back = select(events.c.reverses).where(
        events.c.reverses.is_not(None), events.c.recorded_at <= window.as_of
    )
    return and_(
        events.c.source == "bot",
        events.c.in_scope.is_(True),
        events.c.recorded_at <= window.as_of,
        events.c.id.not_in(back),
    )


def tapped() -> ColumnElement[bool]:
    """A hotline card that the resident tapped: a measure of its own, not another turn."""
    return and_(events.c.type == "referral", func.coalesce(events.c.result, "shown") == "tapped")


def is_turn(window: Window) -> ColumnElement[bool]:
    """Events that are turns of consultations."""
    return and_(
        events.c.type.in_(TURNS),
        not_(tapped()),
        events.c.resident_id.is_not(None),
        valid(window),
    )


def horizon(connection: Connection, window: Window) -> datetime:
    """The moment until which turns must be read to see the window's last consultations whole.

    Follows the conversations that are open at the window's end until the last one has paused for
    30 minutes.
    """
    turn = select(events.c.resident_id, events.c.channel, events.c.at).where(is_turn(window))
    before = turn.where(events.c.at >= window.end - GAP, events.c.at < window.end)
    open_: dict[tuple[int, str], datetime] = {
        (row.resident_id, row.channel): row.at for row in connection.execute(before)
    }
    if not open_:
        return window.end
    until: datetime = max(open_.values()) + GAP
    read = window.end
    while read < until:  # by half hours: a query to the end of the log would sort all of it
        after = turn.where(events.c.at >= read, events.c.at < until).order_by(events.c.at)
        read = until
        for row in connection.execute(after).all():
            pair = (row.resident_id, row.channel)
            if pair in open_ and row.at - open_[pair] < GAP:
                open_[pair] = row.at
                until = max(until, row.at + GAP)
    return until


def turns(window: Window, until: datetime) -> CTE:
    """Turns with the consultation they belong to.

    Columns: ``id`` (event), the consultation's identity ``resident_id``, ``channel`` and
    ``started`` (microseconds), its ``start_day``, and ``first``: 1 for its first turn that counts.

    Two passes over one order, because each pass is a sort: the pause before each turn and a
    running count of counting turns; then what both were when the consultation began. Turns from
    30 minutes before the window are read to tell which of its turns are beginnings.
    """
    at = type_coerce(events.c.at, BigInteger)
    counts = case((events.c.type.in_(COUNTING), 1), else_=0)
    lane: list[ColumnElement[Any]] = [events.c.resident_id, events.c.channel]
    order: list[ColumnElement[Any]] = [at, events.c.type, events.c.key]
    paused = (
        select(
            *(events.c[name] for name in ("id", "resident_id", "channel", "type", "key", "day")),
            at.label("at"),
            counts.label("counts"),
            func.lag(at).over(partition_by=lane, order_by=order).label("before"),
            func.sum(counts).over(partition_by=lane, order_by=order, rows=(None, 0)).label("told"),
        )
        .where(is_turn(window), events.c.at >= window.begin - GAP, events.c.at < until)
        .subquery("paused")
    )
    row = paused.c
    begins = or_(row.before.is_(None), row.at - row.before >= GAP_MICROS)

    def at_start(value: ColumnElement[int]) -> ColumnElement[int]:
        # All three only grow along a lane: the largest so far is that of the last beginning.
        return func.max(case((begins, value))).over(
            partition_by=[row.resident_id, row.channel],
            order_by=[row.at, row.type, row.key],
            rows=(None, 0),
        )

    known = select(
        row.id,
        row.resident_id,
        row.channel,
        row.counts,
        row.told,
        at_start(row.at).label("started"),
        at_start(row.day).label("start_day"),
        at_start(row.told - row.counts).label("told_before"),
    ).subquery("known")
    is_first = and_(known.c.counts == 1, known.c.told - known.c.told_before == 1)
    return select(
        known.c.id,
        known.c.resident_id,
        known.c.channel,
        known.c.started,
        known.c.start_day,
        case((is_first, 1), else_=0).label("first"),
    ).cte("turns")


def consultations(turn: CTE, window: Window) -> CTE:
    """One row per consultation that starts in the window and counts.

    Columns: ``id`` (event of its first turn that counts), ``resident_id``, ``start_day``
    (YYYYMMDD), :data:`ATTRIBUTES`.
    """
    return (
        select(
            turn.c.id,
            turn.c.resident_id,
            turn.c.start_day,
            *(events.c[name] for name in ATTRIBUTES),
        )
        .join(events, events.c.id == turn.c.id)
        .where(
            turn.c.first == 1,
            turn.c.started >= to_micros(window.begin),
            turn.c.started < to_micros(window.end),
        )
        .cte("consultations")
    )


def month_of(day: ColumnElement[int]) -> ColumnElement[int]:
    """YYYYMM of a YYYYMMDD column."""
    return type_coerce(day // literal_column("100", Integer), Integer)


def laws(turn: CTE, window: Window, *, articles: bool = False) -> CTE:
    """Which laws, or articles, each consultation touches (涉及), each once.

    Columns: ``of`` (the consultation's id, an event), ``law``, ``day`` (its start, YYYYMMDD), and
    ``article`` where asked for.
    Join it to ``events``, not to :func:`consultations`: SQLite joins two derived tables row by row.
    """
    head = func.max(case((turn.c.first == 1, turn.c.id))).over(
        partition_by=[turn.c.resident_id, turn.c.channel, turn.c.started]
    )
    led = select(
        turn.c.id, turn.c.started, turn.c.start_day.label("day"), head.label("of")
    ).subquery("led")
    return (
        select(led.c.of, *_named(articles), led.c.day)
        .join(event_articles, event_articles.c.event_id == led.c.id)
        .where(
            led.c.of.is_not(None),
            led.c.started >= to_micros(window.begin),
            led.c.started < to_micros(window.end),
        )
        .distinct()
        .cte("touched")
    )


def happened(window: Window, types: Sequence[str] = ("referral", "gap")) -> CTE:
    """One row per event of some types (hotline cards shown, questions left unanswered).

    Columns: ``id``, ``type``, ``result``, ``resident_id``, ``start_day`` (YYYYMMDD),
    :data:`ATTRIBUTES`.
    """
    return (
        select(
            *(events.c[name] for name in ("id", "type", "result", "resident_id", *ATTRIBUTES)),
            events.c.day.label("start_day"),
        )
        .where(
            events.c.type.in_(types),
            not_(tapped()),
            events.c.at >= window.begin,
            events.c.at < window.end,
            valid(window),
        )
        .cte("happened")
    )


def _named(articles: bool) -> list[ColumnElement[Any]]:
    return [event_articles.c[name] for name in ("law", *(["article"] if articles else []))]


def laws_of(each: CTE, *, articles: bool = False) -> CTE:
    """Which laws each row of :func:`happened` cites, each once; columns as in :func:`laws`."""
    return (
        select(each.c.id.label("of"), *_named(articles), each.c.start_day.label("day"))
        .join(event_articles, event_articles.c.event_id == each.c.id)
        .distinct()
        .cte("cited")
    )
