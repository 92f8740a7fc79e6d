"""Small cells (领域规格 R11): few people in a village or a group must not be picked out.

Where figures are drilled down to town, village or 重点对象, a cell of 1 to 4 people is shown as
``<5``. A cell that stands alone in its row or column could be had by subtraction from the sum, so
the smallest other one is hidden with it: as ``<5`` if it is 0, else as ``≥5``, both of which are
true. Figures without such a drill-down are sums of the county and are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from heapq import heappop, heappush

import numpy as np
from numpy.typing import NDArray

LEAST = 5
FEW, MANY = f"<{LEAST}", f"≥{LEAST}"
SENSITIVE = ("town", "village", "group")

Key = tuple[str, ...]


def hidden(
    cells: Mapping[Key, int],
    sensitive: Iterable[Key],
    by: Sequence[str],
    people: Mapping[Key, int] | None = None,
) -> tuple[dict[Key, str], bool]:
    """Which cells of one measure to hide, and what to show for them.

    Args:
        cells: the measure by dimension values.
        sensitive: rows that name a town, village or group (a blank one picks nobody out).
        by: the dimensions' names, in the order of the values.
        people: of a measure that counts times, how many people are behind each cell: a cell of
            one person who came nine times is small too.

    Returns:
        What is shown instead, for the cells that must be hidden; and whether the table's total
        would still tell them, because there was nothing left to hide with them.
    """
    behind = people or cells
    gone = {key for key in sensitive if 0 < cells[key] < LEAST or 0 < behind[key] < LEAST}
    if not gone:
        return {}, False
    table = _Lines(cells, gone, len(by))
    table.protect()
    found = {key: mask(cells[key]) for key in table.hidden}
    return found, table.told(0)


def mask(value: int) -> str:
    """What is shown for a hidden number; true either way."""
    return MANY if value >= LEAST else FEW


class _Lines:
    """A table's cells and the lines whose sums may be known.

    A line is everything fixed but one dimension; line 0 is the whole table. Of each line it is
    known how many hidden cells there are, their sum and the largest.
    """

    def __init__(self, cells: Mapping[Key, int], gone: Iterable[Key], dimensions: int) -> None:
        self._keys = sorted(cells)  # what is hidden must not depend on the order of the rows
        self._values = np.array([cells[key] for key in self._keys], np.int64)
        place = {key: number for number, key in enumerate(self._keys)}
        self._gone = np.zeros(len(self._keys), bool)
        self._gone[[place[key] for key in gone]] = True
        self._lines = self._numbered(dimensions)
        size = int(self._lines.max()) + 1
        # The cells of each line, one after another, in the order of the keys.
        self._cells = np.argsort(self._lines, axis=None, kind="stable") % len(self._keys)
        self._ends = np.cumsum(np.bincount(self._lines.ravel(), minlength=size))
        held = self._lines[:, self._gone]
        values = np.broadcast_to(self._values[self._gone], held.shape)
        self._count = np.bincount(held.ravel(), minlength=size)
        self._sum, self._most = np.zeros(size, np.int64), np.zeros(size, np.int64)
        np.add.at(self._sum, held, values)
        np.maximum.at(self._most, held, values)

    @property
    def hidden(self) -> list[Key]:
        """The cells that are hidden."""
        return [self._keys[place] for place in np.flatnonzero(self._gone)]

    def told(self, line: int) -> bool:
        """Whether a sum tells the hidden numbers: a single one, or all least or all greatest.

        One of 5 or more leaves the sum open: nobody knows how much of it is that one's.
        """
        count, whole = int(self._count[line]), int(self._sum[line])
        if count < 2:
            return bool(count)
        return int(self._most[line]) < LEAST and whole in (0, count, count * (LEAST - 1))

    def protect(self) -> None:
        """Hide more, the smallest first, until no line tells what is hidden in it."""
        count, most = self._count, self._most
        few = (count > 0) & ((count < 2) | (most < LEAST))
        queue = [int(line) for line in np.flatnonzero(few) if self.told(int(line))]
        while queue:
            line = heappop(queue)
            while self.told(line):
                rest = self._members(line)
                rest = rest[~self._gone[rest]]
                if not len(rest):
                    break
                more = rest[np.argmin(self._values[rest])]
                self._gone[more] = True
                for other in map(int, self._lines[:, more]):
                    self._count[other] += 1
                    self._sum[other] += self._values[more]
                    self._most[other] = max(self._most[other], self._values[more])
                    if other != line and self.told(other):
                        heappush(queue, other)

    def _members(self, line: int) -> NDArray[np.int64]:
        return self._cells[self._ends[line - 1] if line else 0 : self._ends[line]]

    def _numbered(self, dimensions: int) -> NDArray[np.int64]:
        """Of each cell (a column) its lines, the whole table first."""
        size = len(self._keys)
        codes = []
        for place in range(dimensions):
            values = [key[place] for key in self._keys]
            numbers = {value: number for number, value in enumerate(dict.fromkeys(values))}
            codes.append((np.array([numbers[v] for v in values], np.int64), len(numbers)))
        lines, first = [np.zeros(size, np.int64)], 1
        for place in range(dimensions):
            line = np.zeros(size, np.int64)
            for other, (code, width) in enumerate(codes):
                if other != place:
                    line = line * width + code
            _, line = np.unique(line, return_inverse=True)
            lines.append(line + first)
            first += int(line.max()) + 1
        return np.array(lines)
