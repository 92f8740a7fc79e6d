"""Consultations and what happened beside them, in columns: packing, joining, counting.

A *part* is some days' rows of one family, each dimension as a dictionary of values and a code per
row. Counting in columns takes milliseconds where the event log takes seconds; the rules are not
here but in :mod:`outreach.consultations`, whose rows these are.

人数 are counted anew for every group from the residents' numbers (rule R1), never added up.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.integer[Any]]
Values = tuple[Any, ...]
LAW, DAY, MONTH, RESIDENT, TYPE = "law", "day", "month", "resident_id", "type"
ARTICLE = "article"
LAW_OF, ARTICLE_OF = "law.of", "article.of"  # the row that each (row, law) pair belongs to
OF = {LAW: LAW_OF, ARTICLE: ARTICLE_OF}
PAIR = "\t"  # between law and article
CITED = "cited."  # before the name of a column of :meth:`Part.cited`
DENSE = 1 << 26  # up to so many possible keys, a table of all is quicker than sorting


@dataclass(frozen=True, slots=True)
class Column:
    """A dimension: row ``i`` has ``values[codes[i]]``; a value is a string, a number or None."""

    values: Values
    codes: Codes

    @classmethod
    def of(cls, cells: Sequence[Any]) -> Column:
        """Encode cells."""
        numbers: dict[Any, int] = {}
        codes = [numbers.setdefault(cell, len(numbers)) for cell in cells]
        return cls(tuple(numbers), np.array(codes, dtype=_smallest(len(numbers))))

    def pack(self) -> bytes:
        """A line of JSON with the values, then the codes (none where there is one value)."""
        head = json.dumps(self.values, ensure_ascii=False, separators=(",", ":")).encode()
        plain = self.codes.astype(_smallest(len(self.values)).newbyteorder("<"))
        return head + b"\n" + (b"" if len(self.values) < 2 else plain.tobytes())

    @classmethod
    def unpack(cls, data: bytes, rows: int) -> Column:
        """The column of :meth:`pack`."""
        at = data.index(b"\n")
        values = tuple(json.loads(data[:at]))
        if len(values) < 2:
            return cls(values, np.zeros(rows, np.uint8))
        kind = _smallest(len(values)).newbyteorder("<")
        return cls(values, np.frombuffer(data, kind, offset=at + 1))

    def renamed(self, name: Callable[[Any], Any]) -> Column:
        """The column with other values; those that become the same are one."""
        numbers: dict[Any, int] = {}
        to = [numbers.setdefault(name(value), len(numbers)) for value in self.values]
        return Column(tuple(numbers), np.array(to or [0], dtype=np.uint32)[self.codes])

    def equal(self, value: Any) -> NDArray[np.bool_]:
        """Which rows have a value."""
        code = self.values.index(value) if value in self.values else len(self.values)
        found: NDArray[np.bool_] = self.codes == code
        return found

    def take(self, rows: NDArray[np.integer[Any]]) -> Column:
        """The column at some rows."""
        return Column(self.values, self.codes[rows])


def _smallest(values: int) -> np.dtype[Any]:
    return np.dtype(np.uint8 if values <= 1 << 8 else np.uint16 if values <= 1 << 16 else np.uint32)


@dataclass(frozen=True, slots=True)
class Part:
    """Rows of one family.

    Attributes:
        rows: how many.
        columns: dimensions, with :data:`DAY` (YYYYMMDD, where it starts).
        residents: each row's resident; empty where the family counts nobody.
        law: a law for each pair of ``law_of``, which holds row numbers; a row has any number of
            pairs, none twice.
        article: the same for articles, as law and article with :data:`PAIR` between them.
    """

    rows: int
    columns: Mapping[str, Column]
    residents: NDArray[np.integer[Any]]
    law: Column
    law_of: NDArray[np.integer[Any]]
    article: Column
    article_of: NDArray[np.integer[Any]]

    @classmethod
    def of(
        cls,
        columns: Mapping[str, Column],
        residents: Sequence[int],
        cited: Sequence[tuple[int, str, str]],
    ) -> Part:
        """A part of plain numbers; ``cited`` has (row, law, article), none twice."""
        laws = list(dict.fromkeys((row, law) for row, law, _ in cited))
        return cls(
            len(residents),
            columns,
            np.array(residents, np.int64),
            Column.of([law for _, law in laws]),
            np.array([row for row, _ in laws], np.int64),
            Column.of([f"{law}{PAIR}{article}" for _, law, article in cited]),
            np.array([row for row, _, _ in cited], np.int64),
        )

    def pack(self) -> dict[str, bytes]:
        """Blobs by name, without :data:`DAY`."""
        found = {name: each.pack() for name, each in self.columns.items() if name != DAY}
        found[RESIDENT] = _pack_numbers(self.residents)
        found[LAW], found[LAW_OF] = self.law.pack(), _pack_numbers(self.law_of)
        found[ARTICLE], found[ARTICLE_OF] = self.article.pack(), _pack_numbers(self.article_of)
        return found

    @classmethod
    def unpack(cls, day: int, rows: int, blobs: Mapping[str, bytes]) -> Part:
        """Some of a day's blobs; what is not given is empty."""
        plain = blobs.keys() - {RESIDENT, *OF, *OF.values()}
        columns = {name: Column.unpack(blobs[name], rows) for name in plain}
        columns[DAY] = Column((day,), np.zeros(rows, np.uint8))
        pairs: list[Any] = []
        for name, of in OF.items():
            numbers = _unpack_numbers(blobs.get(of, b""))
            held = Column.unpack(blobs[name], len(numbers)) if name in blobs else Column.of(())
            pairs += [held, numbers]
        return cls(rows, columns, _unpack_numbers(blobs.get(RESIDENT, b"")), *pairs)

    @classmethod
    def joined(cls, parts: Sequence[Part], names: Iterable[str]) -> Part:
        """Several parts as one, with the named columns."""
        starts = np.cumsum([0, *(part.rows for part in parts)])

        def moved(numbers: Iterable[NDArray[np.integer[Any]]]) -> NDArray[Any]:
            each = zip(numbers, starts, strict=False)
            return _stacked([of.astype(np.int64) + start for of, start in each])

        return cls(
            int(starts[-1]),
            {name: _joined([part.columns[name] for part in parts]) for name in names},
            _stacked([part.residents for part in parts]),
            _joined([part.law for part in parts]),
            moved(part.law_of for part in parts),
            _joined([part.article for part in parts]),
            moved(part.article_of for part in parts),
        )

    def only(self, which: NDArray[np.bool_]) -> Part:
        """Some of the rows, with their columns and residents; without laws and articles."""
        return self._at(np.flatnonzero(which))

    def cited(self, name: str) -> Part:
        """A row for each law (or article) of each row, as the column ``name``.

        Rows that cite nothing have none.
        """
        column, of = (self.law, self.law_of) if name == LAW else (self.article, self.article_of)
        found = self._at(of)
        return replace(found, columns={**found.columns, f"{CITED}{name}": column})

    def _at(self, rows: NDArray[np.integer[Any]]) -> Part:
        nothing = Column.of(()), np.zeros(0, np.int64)
        return Part(
            len(rows),
            {name: column.take(rows) for name, column in self.columns.items()},
            self.residents[rows] if len(self.residents) else self.residents,
            *(*nothing, *nothing),
        )


def _stacked(arrays: Sequence[NDArray[Any]]) -> NDArray[Any]:
    return np.concatenate(arrays) if arrays else np.zeros(0, np.int64)


def _joined(columns: Sequence[Column]) -> Column:
    numbers: dict[Any, int] = {}
    codes = []
    for column in columns:
        to = [numbers.setdefault(value, len(numbers)) for value in column.values]
        codes.append(np.array(to or [0], dtype=np.uint32)[column.codes])
    return Column(tuple(numbers), _stacked(codes))


def _pack_numbers(numbers: NDArray[np.integer[Any]]) -> bytes:
    """Four bytes each where they fit, else eight; the first byte says which."""
    wide = bool(len(numbers)) and int(numbers.max()) >= 1 << 32
    return (b"8" if wide else b"4") + numbers.astype("<u8" if wide else "<u4").tobytes()


def _unpack_numbers(data: bytes) -> NDArray[np.integer[Any]]:
    if not data:
        return np.zeros(0, np.uint32)
    return np.frombuffer(data, "<u8" if data[:1] == b"8" else "<u4", offset=1)


@dataclass(frozen=True, slots=True)
class Groups:
    """Rows by the values of some dimensions.

    ``values``: each group's; ``group``: of each entry, its group; ``row``: its row. With the
    dimension law a row has an entry per law (涉及次数), else exactly one.
    """

    values: list[Values]
    group: NDArray[np.integer[Any]]
    row: NDArray[np.integer[Any]] | None

    def count(self, which: NDArray[np.bool_] | None = None) -> list[int]:
        """Entries in each group, of the rows ``which`` only where given."""
        group = self.group
        if which is not None:
            group = group[which if self.row is None else which[self.row]]
        return [int(n) for n in np.bincount(group, minlength=len(self.values))]

    def people(self, residents: NDArray[np.integer[Any]]) -> list[int]:
        """Distinct residents in each group (rule R1)."""
        if not len(residents):
            return [0] * len(self.values)
        who = residents if self.row is None else residents[self.row]
        width = int(residents.max()) + 1
        keys = self.group.astype(np.int64) * width + who
        found = _distinct(keys, width * len(self.values)) // width
        return [int(n) for n in np.bincount(found, minlength=len(self.values))]

    def laws(self, part: Part) -> list[list[str]]:
        """The laws that each group's rows touch, by name; where law is no dimension."""
        width = max(1, len(part.law.values))
        keys = self.group[part.law_of].astype(np.int64) * width + part.law.codes
        found: list[list[str]] = [[] for _ in self.values]
        for key in _distinct(keys, width * len(self.values)):
            found[key // width].append(part.law.values[key % width])
        return [sorted(names) for names in found]


def grouped(part: Part, by: Sequence[str]) -> Groups:
    """Group a part's rows by dimensions: its columns, :data:`LAW` or :data:`MONTH` (YYYYMM)."""
    row: NDArray[np.integer[Any]] | None = None
    law = part.law
    if LAW in by:
        bare = np.ones(part.rows, bool)
        bare[part.law_of] = False
        rest = np.flatnonzero(bare)
        row = np.concatenate([part.law_of.astype(np.int64), rest])
        law = _joined([part.law, Column((None,), np.zeros(len(rest), np.uint8))])
    group = np.zeros(part.rows if row is None else len(row), np.int64)
    values: list[Values] = [()]
    for name in by:
        column = law if name == LAW else _dimension(part, name)
        if name != LAW and row is not None:
            column = column.take(row)
        width = len(column.values)
        keys = group * width + column.codes
        used = _distinct(keys, width * len(values))
        values = [(*values[key // width], column.values[key % width]) for key in used]
        group = np.searchsorted(used, keys)
    if not len(group):
        values = []
    return Groups(values, group, row)


def _dimension(part: Part, name: str) -> Column:
    if name == MONTH:
        return part.columns[DAY].renamed(lambda day: day // 100)
    return part.columns[name]


def _distinct(keys: NDArray[np.integer[Any]], size: int) -> NDArray[np.int64]:
    """The keys that occur, each once, in order; all are less than ``size``."""
    if size > DENSE:
        found = np.sort(keys.astype(np.int64))
        return found[np.r_[True, found[1:] != found[:-1]]] if len(found) else found
    seen = np.zeros(size, bool)
    seen[keys] = True
    return np.flatnonzero(seen)
