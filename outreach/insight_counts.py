"""Who asked about what, counted for :mod:`outreach.insight`: times and people, cell by cell.

Rows come in columns (:mod:`outreach.rollups`), from the kept ones where a day is closed, else from
the raw rows; people are counted anew in every cell (rule R1).
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, func, select

from outreach.columns import ARTICLE, CITED, DAY, LAW, MONTH, PAIR, RESIDENT, TYPE, Part, grouped
from outreach.consultations import Window, valid
from outreach.rollups import CONSULTED, HAPPENED, joined, parts
from outreach.service_tables import profiles
from outreach.small_cells import Key, hidden
from outreach.tables import event_texts, events, residents

BLANK = "—"
MOST_TEXTS = 50
_PLACES = ("town", "topic", "organ")


@dataclass
class Tally:
    """Times and distinct people by cell, for several sets of dimensions at once."""

    by: tuple[tuple[str, ...], ...]
    times: dict[tuple[str, ...], Counter[Key]] = field(default_factory=dict)
    people: dict[tuple[str, ...], Counter[Key]] = field(default_factory=dict)

    def fill(self, part: Part) -> Tally:
        """Count a part's rows and the people in them."""
        for names in self.by:
            # An article is nothing without its law: both are one column.
            columns = [name for name in names if name != LAW or ARTICLE not in names]
            named = [f"{CITED}{name}" if name in (LAW, ARTICLE) else name for name in columns]
            groups = grouped(part, named)
            keys = [_key(columns, values) for values in groups.values]
            people = groups.people(part.residents)
            self.times[names] = Counter(dict(zip(keys, groups.count(), strict=True)))
            self.people[names] = Counter(dict(zip(keys, people, strict=True)))
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
    """The rows of a window, narrowed to a town where one is given (its key)."""

    def __init__(self, connection: Connection, window: Window, town: str | None) -> None:
        self._connection, self._window, self._town = connection, window, town

    def topics(self) -> Part:
        """Consultations by town, month, topic and organ."""
        return self._here(self._consulted)

    def laws(self) -> Part:
        """涉及次数 by town, month, topic and law: a consultation counts once for each law."""
        return self._here(self._consulted.cited(LAW))

    def articles(self) -> Part:
        """涉及次数 by town, month, topic, law and article."""
        return self._here(self._consulted.cited(ARTICLE))

    def gaps(self) -> Part:
        """未答次数 by town, month and topic."""
        found = self._read(HAPPENED, TYPE)
        return self._here(found.only(found.columns[TYPE].equal("gap")))

    def texts(self) -> list[tuple[str, int]]:
        """Masked questions without an answer, where they were kept and the resident agreed.

        By how often the same words came; without who, where and when.
        """
        window = self._window
        query = (
            select(event_texts.c.text, func.count())
            .join(events, events.c.id == event_texts.c.event_id)
            .join(residents, residents.c.id == events.c.resident_id)
            .join(profiles, profiles.c.key == residents.c.key)
            .where(
                *(events.c.type == "gap", valid(window)),
                *(events.c.at >= window.begin, events.c.at < window.end),
                *(profiles.c.texts.is_(True), profiles.c.minor.is_(False)),
            )
            .group_by(event_texts.c.text)
            .order_by(func.count().desc(), event_texts.c.text)
            .limit(MOST_TEXTS)
        )
        if self._town is not None:
            query = query.where(events.c.town == self._town)
        return [(text, int(times)) for text, times in self._connection.execute(query)]

    @cached_property
    def _consulted(self) -> Part:
        return self._read(CONSULTED, LAW, ARTICLE)

    def _read(self, family: str, *more: str) -> Part:
        names = (DAY, *_PLACES, RESIDENT, *more)
        part = joined(list(parts(self._connection, self._window, family, names)), names)
        filled = {name: part.columns[name].renamed(_filled) for name in _PLACES}
        return replace(part, columns={**part.columns, **filled})

    def _here(self, part: Part) -> Part:
        return part if self._town is None else part.only(part.columns["town"].equal(self._town))


def _filled(value: Any) -> str:
    return str(value or BLANK)


def _key(names: list[str], values: tuple[Any, ...]) -> Key:
    key: list[str] = []
    for name, value in zip(names, values, strict=True):
        if name == MONTH:
            key.append(f"{value // 100:04d}-{value % 100:02d}")
        else:
            key += value.split(PAIR)
    return tuple(key)
