"""Building the columns of closed days (:mod:`outreach.rollups`), in the background or when due.

Columns are built from one snapshot of the raw rows while others go on writing. First, in one
transaction, those that later events have changed go and the mark moves on; then days are added,
some at a time, as long as nobody else has moved the mark. Stopping anywhere leaves what is true.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, and_, delete, func, insert, select, update

from errors import OutreachError
from outreach.consultations import GAP, TURNS, Window, horizon
from outreach.database import Database, insert_new
from outreach.events import day_number, day_of
from outreach.rollup_tables import rollup_days, rollup_mark, rollups
from outreach.rollups import (
    CONSULTED,
    EVER,
    HAPPENED,
    ONE_DAY,
    changed,
    packed,
    plan,
    read,
    whole_days,
)
from outreach.tables import events
from settings import SHANGHAI

log = logging.getLogger("pufa.rollups")
PATIENCE = 20_000  # turns of closed days that a reader may count from the raw rows
BEHIND = 5_000  # events that a reader may look through for what they change
AT_ONCE = 16  # days that are added in one transaction
Progress = Callable[[int, int], None]


def ensure(database: Database, window: Window) -> None:
    """Build columns where counting the window without them would take seconds."""
    last = min(window.last, yesterday(window.as_of))
    if last < window.first:
        return
    with database.read() as connection:
        spans = plan(connection, Window(window.first, last, EVER))
        mark = _mark(connection) or 0
        behind = (connection.execute(select(func.max(events.c.id))).scalar() or 0) - mark
    owed = sum(span.turns for span in spans)
    if owed > PATIENCE or (behind > BEHIND and any(span.kept for span in spans)):
        try:
            seal(database, last)
        except OutreachError as error:  # they only make it quicker
            log.warning("columns of closed days were not built: %s", error)


def seal(database: Database, last: date, progress: Progress | None = None) -> int:
    """Build what is missing until a day (of Asia/Shanghai, included), and drop what has changed.

    Args:
        database: the store.
        last: usually yesterday; an open day would have to be built again and again.
        progress: called with (days done, days to do).

    Returns:
        The number of days built.

    Raises:
        OutreachError: the store cannot be written.
    """
    through = database.settled(events.c.id)
    with database.read() as connection:
        known = _kept(connection)
        kept = {day_of(row.day) for row in connection.execute(whole_days())}
        gone = known - kept
        gone |= kept & changed(connection, min(kept)) if kept else set()
        if not _move_mark(database, _mark(connection), through, gone):
            return 0  # somebody else is at it
        first = _first_day(connection)
        days = [first + n * ONE_DAY for n in range((last - first).days + 1)] if first else []
        missing = [day for day in days if day not in kept or day in gone]
        done = 0
        for start in range(0, len(missing), AT_ONCE):
            built = [_built(connection, day) for day in missing[start : start + AT_ONCE]]
            if not _add(database, through, built):
                break
            done += len(built)
            if progress:
                progress(done, len(missing))
    return done


def yesterday(moment: datetime) -> date:
    """The last closed day at a moment."""
    return moment.astimezone(SHANGHAI).date() - ONE_DAY


def _kept(connection: Connection) -> set[date]:
    return {day_of(day) for day in connection.execute(select(rollup_days.c.day)).scalars()}


def _mark(connection: Connection, *, lock: bool = False) -> int | None:
    query = select(rollup_mark.c.through)
    found: int | None = connection.execute(query.with_for_update() if lock else query).scalar()
    return found


def _move_mark(database: Database, old: int | None, new: int, gone: set[date]) -> bool:
    """Say that the columns are true until a later event, without the days that are not."""
    days = [day_number(day) for day in gone]
    with database.write() as connection:
        if old is None:
            if insert_new(connection, rollup_mark, {"id": 1, "through": new}) is None:
                return False
        elif _mark(connection, lock=True) != old:
            return False
        connection.execute(update(rollup_mark).values(through=new))
        connection.execute(delete(rollups).where(rollups.c.day.in_(days)))
        connection.execute(delete(rollup_days).where(rollup_days.c.day.in_(days)))
    return True


def _first_day(connection: Connection) -> date | None:
    turns = (
        connection.execute(select(func.min(events.c.at)).where(events.c.type == kind)).scalar()
        for kind in TURNS
    )
    known = [moment.astimezone(SHANGHAI).date() for moment in turns if moment is not None]
    return min(known, default=None)


Built = tuple[dict[str, Any], dict[str, bytes]]


def _built(connection: Connection, day: date) -> Built:
    """A day's row and its columns, with all that is known."""
    window = Window(day, day, EVER)
    blobs: dict[str, bytes] = {}
    for family in (CONSULTED, HAPPENED):
        blobs |= packed(read(connection, window, family), family)
    inside = (
        events.c.type.in_(TURNS),
        events.c.at >= window.begin - GAP,
        events.c.at < horizon(connection, window),
    )
    back = events.alias("back")
    moments = [
        connection.execute(query.where(*inside)).scalar()
        for query in (
            select(func.max(events.c.recorded_at)),
            select(func.max(back.c.recorded_at)).join_from(
                back, events, and_(back.c.reverses == events.c.id, back.c.reverses.is_not(None))
            ),
        )
    ]
    latest = max((moment for moment in moments if moment is not None), default=None)
    return {"day": day_number(day), "recorded_at": latest}, blobs


def _add(database: Database, through: int, built: list[Built]) -> bool:
    with database.write() as connection:
        if _mark(connection, lock=True) != through:  # another one builds from a newer snapshot
            return False
        for row, blobs in built:
            if insert_new(connection, rollup_days, row) is not None:
                added = [{"day": row["day"], "name": k, "data": data} for k, data in blobs.items()]
                connection.execute(insert(rollups), added)
    return True
