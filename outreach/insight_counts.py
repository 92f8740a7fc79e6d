"""Who asked about what, counted for :mod:`outreach.insight`: times and people, cell by cell.

Rows come from the database sorted by resident, so that people are counted without keeping them:
memory depends on how many cells there are, not on how many residents.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import CTE, Connection, Select, case, func, select

from outreach.consultations import Window, consultations, horizon, month_of, turns, valid
from outreach.service_tables import profiles
from outreach.small_cells import Key, hidden
from outreach.tables import event_articles, event_texts, events, residents, to_micros

BLANK = "—"
MOST_TEXTS = 50
FETCH = 1000


@dataclass
class Tally:
    """Times and distinct people by cell, for several sets of dimensions at once."""

    by: tuple[tuple[str, ...], ...]
    times: dict[tuple[str, ...], Counter[Key]] = field(default_factory=dict)
    people: dict[tuple[str, ...], Counter[Key]] = field(default_factory=dict)

    def fill(self, rows: Iterable[tuple[int | None, dict[str, str], int]]) -> Tally:
        """Count rows (resident, values by dimension, times) that come resident by resident."""
        for names in self.by:
            self.times[names], self.people[names] = Counter(), Counter()
        who: int | None = None
        seen: set[tuple[tuple[str, ...], Key]] = set()
        for resident, values, times in rows:
            if resident != who:
                who, seen = resident, set()
            for names in self.by:
                key = tuple(values[name] for name in names)
                self.times[names][key] += times
                if (names, key) not in seen:
                    seen.add((names, key))
                    self.people[names][key] += 1
        return self

    def shown(self, names: tuple[str, ...]) -> tuple[list[tuple[Key, int, int]], int]:
        """Cells that may be shown (key, times, people), most people first; how many may not be.

        k ≥ 5: a cell with fewer than five people is left out, and so is the smallest other one of
        a line from whose sum it could be had (rule R11). Which ones they are is not told.
        """
        times, people = self.times[names], self.people[names]
        gone, told = hidden(times, times, names, people)
        if told:  # nothing was left to hide it behind: the whole table would tell
            return [], len(times)
        kept = [(key, times[key], people[key]) for key in times if key not in gone]
        return sorted(kept, key=lambda each: (-each[2], -each[1], each[0])), len(gone)


class Counted:
    """The queries of a window, narrowed to a town where one is given (its key)."""

    def __init__(self, connection: Connection, window: Window, town: str | None) -> None:
        self._connection, self._window, self._town = connection, window, town
        self._turn = turns(window, horizon(connection, window))

    def topics(self) -> Iterator[tuple[int | None, dict[str, str], int]]:
        """Consultations by town, month, topic and organ."""
        each = consultations(self._turn, self._window)
        month = month_of(each.c.start_day)
        columns = (each.c.resident_id, each.c.town, month, each.c.topic, each.c.organ)
        query = select(*columns, func.count()).group_by(*columns).order_by(each.c.resident_id)
        yield from self._rows(query, each.c.town, ("town", "month", "topic", "organ"))

    def laws(self) -> Iterator[tuple[int | None, dict[str, str], int]]:
        """涉及次数 by town, month, topic and law: a consultation counts once for each law."""
        yield from self._touched(("law",))

    def articles(self) -> Iterator[tuple[int | None, dict[str, str], int]]:
        """涉及次数 by town, month, topic, law and article."""
        yield from self._touched(("law", "article"))

    def gaps(self) -> Iterator[tuple[int | None, dict[str, str], int]]:
        """未答次数 by town, month and topic."""
        columns = (events.c.resident_id, events.c.town, month_of(events.c.day), events.c.topic)
        query = (
            select(*columns, func.count())
            .where(*self._gaps())
            .group_by(*columns)
            .order_by(events.c.resident_id)
        )
        yield from self._rows(query, events.c.town, ("town", "month", "topic"))

    def texts(self) -> list[tuple[str, int]]:
        """Masked questions without an answer, where they were kept and the resident agreed.

        By how often the same words came; without who, where and when.
        """
        query = (
            select(event_texts.c.text, func.count())
            .join(events, events.c.id == event_texts.c.event_id)
            .join(residents, residents.c.id == events.c.resident_id)
            .join(profiles, profiles.c.key == residents.c.key)
            .where(*self._gaps(), profiles.c.texts.is_(True), profiles.c.minor.is_(False))
            .group_by(event_texts.c.text)
            .order_by(func.count().desc(), event_texts.c.text)
            .limit(MOST_TEXTS)
        )
        if self._town is not None:
            query = query.where(events.c.town == self._town)
        return [(text, int(times)) for text, times in self._connection.execute(query)]

    def _gaps(self) -> tuple[Any, ...]:
        window = self._window
        within = (events.c.at >= window.begin, events.c.at < window.end)
        return (events.c.type == "gap", valid(window), *within)

    def _touched(self, names: Sequence[str]) -> Iterator[tuple[int | None, dict[str, str], int]]:
        touched = _touched(self._turn, self._window, names)
        month = month_of(touched.c.day)
        columns = (
            *(events.c.resident_id, events.c.town, month, events.c.topic),
            *(touched.c[name] for name in names),
        )
        query = (
            select(*columns, func.count())
            .join(touched, touched.c.of == events.c.id)
            .group_by(*columns)
            .order_by(events.c.resident_id)
        )
        yield from self._rows(query, events.c.town, ("town", "month", "topic", *names))

    def _rows(
        self, query: Select[Any], town: Any, names: tuple[str, ...]
    ) -> Iterator[tuple[int | None, dict[str, str], int]]:
        if self._town is not None:
            query = query.where(town == self._town)
        rows = self._connection.execution_options(yield_per=FETCH).execute(query)
        for resident, *cells, times in rows:
            values = {
                name: _month(cell) if name == "month" else str(cell or BLANK)
                for name, cell in zip(names, cells, strict=True)
            }
            yield resident, values, int(times)


def _month(number: int) -> str:
    return f"{number // 100:04d}-{number % 100:02d}"


def _touched(turn: CTE, window: Window, names: Sequence[str]) -> CTE:
    """What each consultation touches, each once, as :func:`outreach.consultations.laws`.

    Columns: ``of`` (the consultation's id, an event), ``day`` (its start) and ``names``.
    """
    head = func.max(case((turn.c.first == 1, turn.c.id))).over(
        partition_by=[turn.c.resident_id, turn.c.channel, turn.c.started]
    )
    led = select(
        turn.c.id, turn.c.started, turn.c.start_day.label("day"), head.label("of")
    ).subquery("led")
    return (
        select(led.c.of, led.c.day, *(event_articles.c[name] for name in names))
        .join(event_articles, event_articles.c.event_id == led.c.id)
        .where(
            led.c.of.is_not(None),
            led.c.started >= to_micros(window.begin),
            led.c.started < to_micros(window.end),
        )
        .distinct()
        .cte("touched")
    )
