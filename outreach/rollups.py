"""Closed days of the event log, kept in columns so that years are counted in a moment.

A day's columns are its consultations and its referrals and gaps as :mod:`outreach.consultations`
cuts them from the raw rows; nothing is counted in advance, so any dimensions, any window and
人数 (distinct, rule R1) come out exactly as from the raw rows. What the columns do not answer for
is read from the raw rows at the same time: the open day, days that a late record, a correction or
a chain of questions over midnight may have changed, and 数据截止时间 before the day's last record.

Nothing depends on when columns are built (:mod:`outreach.sealing`): they name the last event that
they know of (``rollup_mark``), and every reader looks at the events after it first.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import groupby
from typing import Any

from sqlalchemy import (
    BigInteger,
    Connection,
    Integer,
    Select,
    func,
    literal_column,
    select,
    type_coerce,
)

from outreach.columns import ARTICLE, DAY, MONTH, OF, RESIDENT, TYPE, Column, Part, grouped
from outreach.consultations import (
    ATTRIBUTES,
    GAP,
    TURNS,
    Window,
    consultations,
    happened,
    horizon,
    laws,
    laws_of,
    turns,
)
from outreach.events import REVERSAL, day_number, day_of, local_day
from outreach.rollup_tables import rollup_days, rollup_mark, rollups
from outreach.tables import MICROSECOND, events, to_micros
from settings import SHANGHAI

EVER = datetime(9999, 1, 1, tzinfo=UTC)  # 数据截止时间 of kept columns: all that is known
CONSULTED, HAPPENED = "consulted", "happened"  # the families of columns
ROWS = "rows"
CHUNK = 50_000  # turns that are read from the raw rows at once
DAYS = 31  # days whose columns are read at once
ONE_DAY = timedelta(days=1)

Lane = tuple[int | None, str]
Counted = tuple[tuple[str, ...], dict[tuple[Any, ...], tuple[int, ...]], tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Span:
    """Days that follow each other, kept in columns or else to be read from the raw rows."""

    first: date
    last: date
    kept: bool
    turns: int = 0  # about so many, where they are to be read


def count(connection: Connection, window: Window, by: Sequence[str]) -> Iterator[Counted]:
    """Figures of consultations, then of referrals and gaps, by dimensions.

    Args:
        connection: any connection; all is read in its snapshot.
        window: the days and 数据截止时间.
        by: columns of the store, ``law`` or ``month``.

    Yields:
        The measures' names; their numbers by dimension values (None where blank, months as
        YYYYMM); and their totals.
    """
    spans = plan(connection, window)
    columns = tuple(DAY if name == MONTH else name for name in by)

    def whole(family: str, *more: str) -> Part:
        names = dict.fromkeys((*columns, *more))
        found = [p for span in spans for p in _parts(connection, window, span, family, [*names])]
        return joined(found, names)

    part = whole(CONSULTED, RESIDENT)
    groups, everything = grouped(part, by), grouped(part, ())
    numbers = zip(groups.count(), groups.people(part.residents), strict=True)
    total = zip(everything.count(), everything.people(part.residents), strict=True)
    names = ("consultations", "online_residents")
    yield names, dict(zip(groups.values, numbers, strict=True)), next(total, (0, 0))
    part = whole(HAPPENED, TYPE)
    groups, everything = grouped(part, by), grouped(part, ())
    kinds = [part.columns[TYPE].equal(kind) for kind in ("referral", "gap")]
    numbers = zip(*(groups.count(kind) for kind in kinds), strict=True)
    total = zip(*(everything.count(kind) for kind in kinds), strict=True)
    yield (
        ("referrals", "gaps"),
        dict(zip(groups.values, numbers, strict=True)),
        next(total, (0, 0)),
    )


def joined(found: Sequence[Part], names: Iterable[str]) -> Part:
    """Parts as one, with the columns among the names that they were read with."""
    return Part.joined(found, [name for name in names if name not in (*OF, RESIDENT)])


def parts(
    connection: Connection, window: Window, family: str, names: Sequence[str]
) -> Iterator[Part]:
    """The window's rows of a family, some days at once, in the order of days.

    Args:
        connection: any connection; all is read in its snapshot.
        window: the days and 数据截止时间.
        family: :data:`CONSULTED`: one row per consultation that starts there and counts;
            :data:`HAPPENED`: one per referral and gap.
        names: which columns: of the attributes, ``day``, ``law``, ``article``, ``resident_id``,
            ``type``.
    """
    for span in plan(connection, window):
        yield from _parts(connection, window, span, family, names)


def plan(connection: Connection, window: Window) -> list[Span]:
    """The window's days as spans, without those before the first and after the last turn."""
    ends = [
        connection.execute(select(end(events.c.at)).where(events.c.type == kind)).scalar()
        for end in (func.min, func.max)
        for kind in TURNS
    ]
    known = [moment.astimezone(SHANGHAI).date() for moment in ends if moment is not None]
    if not known:
        return []
    first, last = max(window.first, min(known)), min(window.last, max(known))
    kept = _valid_days(connection, first, last, window.as_of)
    spans: list[Span] = []
    days = [first + n * ONE_DAY for n in range((last - first).days + 1)]
    for is_kept, run in groupby(days, key=kept.__contains__):
        found = list(run)
        if is_kept:
            spans.append(Span(found[0], found[-1], kept=True))
        else:
            spans += _chunks(connection, found[0], found[-1])
    return spans


def changed(connection: Connection, earliest: date) -> set[date]:
    """Days, perhaps too many, of which later events than the mark may have changed the rows.

    A turn belongs to the consultation that it is part of, which began on the same day, or on an
    earlier one if the resident's turns go on over midnight; and what comes within 30 minutes
    after it may begin a consultation, or not any more. Taking a turn back does the same.

    Args:
        connection: any connection.
        earliest: no earlier day is of interest.
    """
    mark = connection.execute(select(rollup_mark.c.through)).scalar() or 0
    columns = (events.c.resident_id, events.c.channel, events.c.at)
    back = events.alias("back")
    new = select(*columns).where(events.c.id > mark, events.c.type.in_(TURNS))
    taken = (
        select(*columns)
        .join(back, back.c.reverses == events.c.id)
        .where(back.c.id > mark, back.c.type == REVERSAL, events.c.type.in_(TURNS))
    )
    found: set[date] = set()
    lanes: dict[date, set[Lane]] = defaultdict(set)
    for query in (new, taken):
        for resident, channel, at in connection.execute(query):
            day = day_of(local_day(at))
            found |= {day, day_of(local_day(at + GAP))}
            lanes[day].add((resident, channel))
    for day in sorted(lanes):
        open_ = lanes[day]
        while day > earliest and (open_ := open_ & _over_midnight(connection, day)):
            day -= ONE_DAY
            found.add(day)
    return found


def _over_midnight(connection: Connection, day: date) -> set[Lane]:
    """Residents by channel with turns within 30 minutes both before and after a day's start."""
    midnight = Window(day, day, EVER).begin
    lane = select(events.c.resident_id, events.c.channel).where(events.c.type.in_(TURNS))
    before, after = (
        {(row.resident_id, row.channel) for row in connection.execute(lane.where(*inside))}
        for inside in (
            (events.c.at >= midnight - GAP, events.c.at < midnight),
            (events.c.at >= midnight, events.c.at < midnight + GAP),
        )
    )
    return before & after


def whole_days() -> Select[Any]:
    """The kept days that have every column; an earlier release kept fewer."""
    newest = rollups.c.name == f"{HAPPENED}.{OF[ARTICLE]}"
    return select(rollup_days).join(rollups, rollups.c.day == rollup_days.c.day).where(newest)


def _valid_days(connection: Connection, first: date, last: date, as_of: datetime) -> set[date]:
    """Days whose columns say what the raw rows say as of a moment."""
    inside = rollup_days.c.day.between(day_number(first), day_number(last))
    kept = {
        day_of(row.day)
        for row in connection.execute(whole_days().where(inside))
        if row.recorded_at is None or row.recorded_at <= as_of
    }
    return kept - changed(connection, min(kept)) if kept else kept


def _chunks(connection: Connection, first: date, last: date) -> Iterator[Span]:
    """Days to be read, so many at once that there are about :data:`CHUNK` turns."""
    window = Window(first, last, EVER)
    since = type_coerce(events.c.at, BigInteger) - to_micros(window.begin)
    number = type_coerce(since // literal_column(str(ONE_DAY // MICROSECOND), BigInteger), Integer)
    query = (
        select(number.label("number"), func.count())
        .where(events.c.type.in_(TURNS), events.c.at >= window.begin, events.c.at < window.end)
        .group_by("number")
    )
    counts: dict[int, int] = {row.number: row[1] for row in connection.execute(query)}
    start, held = 0, 0
    for day in range((last - first).days + 1):
        if held and held + counts.get(day, 0) > CHUNK:
            yield Span(first + start * ONE_DAY, first + (day - 1) * ONE_DAY, False, held)
            start, held = day, 0
        held += counts.get(day, 0)
    yield Span(first + start * ONE_DAY, last, False, held)


def _parts(
    connection: Connection, window: Window, span: Span, family: str, names: Sequence[str]
) -> Iterator[Part]:
    if not span.kept:
        yield read(connection, replace(window, first=span.first, last=span.last), family)
        return
    wanted = [name for name in names if name != DAY]
    wanted += [OF[name] for name in wanted if name in OF]
    blobs = [f"{family}.{name}" for name in (*wanted, ROWS)]
    first = span.first
    while first <= span.last:
        last = min(span.last, first + (DAYS - 1) * ONE_DAY)
        query = (
            select(rollups.c.day, rollups.c.name, rollups.c.data)
            .where(
                rollups.c.day.between(day_number(first), day_number(last)),
                rollups.c.name.in_(blobs),
            )
            .order_by(rollups.c.day)
        )
        for day, rows in groupby(connection.execute(query), key=lambda row: row.day):
            found = {row.name.removeprefix(f"{family}."): row.data for row in rows}
            yield Part.unpack(day, int(found.pop(ROWS)), found)
        first = last + ONE_DAY


def packed(part: Part, family: str) -> dict[str, bytes]:
    """What is kept of one day's rows, by name."""
    blobs = part.pack() | {ROWS: str(part.rows).encode()}
    return {f"{family}.{name}": data for name, data in blobs.items()}


def read(connection: Connection, window: Window, family: str) -> Part:
    """A family's rows of a window from the raw rows, with all columns."""
    names: tuple[str, ...] = (DAY, *ATTRIBUTES)
    if family == CONSULTED:
        turn = turns(window, horizon(connection, window))
        each, touched = consultations(turn, window), laws(turn, window, articles=True)
    else:
        each = happened(window)
        touched, names = laws_of(each, articles=True), (*names, TYPE)
    start = each.c.start_day.label(DAY)
    columns = [start if name == DAY else each.c[name] for name in names]
    rows = connection.execute(select(each.c.id, each.c.resident_id, *columns)).all()
    place = {row[0]: number for number, row in enumerate(rows)}
    pairs = connection.execute(select(touched.c.of, touched.c.law, touched.c.article))
    return Part.of(
        columns={name: Column.of([row[at] for row in rows]) for at, name in enumerate(names, 2)},
        residents=[row[1] or 0 for row in rows],
        cited=[(place[of], law, article) for of, law, article in pairs],
    )
