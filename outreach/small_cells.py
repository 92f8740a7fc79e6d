"""Small cells (领域规格 R11): few people in a village or a group must not be picked out.

Where figures are drilled down to town, village or 重点对象, a cell of 1 to 4 people is shown as
``<5``. A cell that stands alone in its row or column could be had by subtraction from the sum, so
the smallest other one is hidden with it: as ``<5`` if it is 0, else as ``≥5``, both of which are
true. Figures without such a drill-down are sums of the county and are shown.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

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
    lines: dict[tuple[int, Key], list[Key]] = {}
    for key in cells:
        for place in range(len(by)):  # a line: everything fixed but one dimension
            lines.setdefault((place, key[:place] + key[place + 1 :]), []).append(key)
        lines.setdefault((-1, ()), []).append(key)  # the whole table
    grown = True
    while grown:
        grown = False
        for line in lines.values():
            while _told([cells[key] for key in line if key in gone]):
                rest = [key for key in line if key not in gone]
                if not rest:
                    break
                gone.add(min(rest, key=lambda key: (cells[key], key)))
                grown = True
    return {key: mask(cells[key]) for key in gone}, _told([cells[key] for key in gone])


def mask(value: int) -> str:
    """What is shown for a hidden number; true either way."""
    return MANY if value >= LEAST else FEW


def _told(held: list[int]) -> bool:
    """Whether a sum tells the hidden numbers: a single one, or all least or greatest possible.

    One of 5 or more leaves the sum open: nobody knows how much of it is that one's.
    """
    if len(held) < 2:
        return bool(held)
    return max(held) < LEAST and sum(held) in (0, len(held), len(held) * (LEAST - 1))
