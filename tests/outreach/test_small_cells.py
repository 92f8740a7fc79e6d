from __future__ import annotations

from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outreach.small_cells import FEW, MANY, hidden

Cells = dict[tuple[str, ...], int]


def row(*values: int) -> Cells:
    return {(str(place),): value for place, value in enumerate(values)}


@pytest.mark.parametrize(
    ("values", "shown"),
    [
        ([5, 9], [5, 9]),
        ([0, 9], [0, 9]),
        ([3, 9, 20], [FEW, MANY, 20]),
        ([3, 0, 20], [FEW, FEW, 20]),
        ([2, 3, 20], [FEW, FEW, 20]),
        ([1, 1, 20], [FEW, FEW, MANY]),  # a sum of 2 would be 1 and 1
        ([4, 4, 20], [FEW, FEW, MANY]),
    ],
)
def test_a_small_cell_does_not_stand_alone(values: list[int], shown: list[int | str]) -> None:
    cells = row(*values)
    gone, told = hidden(cells, cells, ("town",))
    assert [gone.get(key, value) for key, value in cells.items()] == shown
    assert told is False


def test_what_nothing_can_hide_is_told() -> None:
    assert hidden(row(3), row(3), ("town",)) == ({("0",): FEW}, True)
    assert hidden(row(4, 4), row(4, 4), ("town",))[1] is True


def test_rows_that_name_nobody_are_only_hidden_for_others() -> None:
    cells = row(3, 9)
    assert hidden(cells, [], ("town",)) == ({}, False)
    assert set(hidden({**cells, ("x",): 2}, [("x",)], ("town",))[0]) == {("0",), ("x",)}


@given(st.lists(st.integers(0, 7), min_size=1, max_size=5))
def test_no_hidden_number_follows_from_the_total(values: list[int]) -> None:
    cells = row(*values)
    gone, told = hidden(cells, cells, ("town",))
    if not gone or told:
        return
    total = sum(values) - sum(value for key, value in cells.items() if key not in gone)
    ranges = [range(5) if word == FEW else range(5, total + 1) for word in gone.values()]
    worlds = [world for world in product(*ranges) if sum(world) == total]
    for place, word in enumerate(gone.values()):
        if word == FEW:
            assert len({world[place] for world in worlds}) > 1


@given(st.lists(st.integers(0, 9), min_size=9, max_size=9))
def test_no_row_or_column_has_a_lone_hidden_cell(values: list[int]) -> None:
    keys: list[tuple[str, ...]] = list(product("abc", "xyz"))
    cells = dict(zip(keys, values, strict=True))
    gone, _ = hidden(cells, cells, ("organ", "village"))
    for place in (0, 1):
        for name in "abc" if place == 0 else "xyz":
            assert sum(key[place] == name for key in gone) != 1
    assert all((cells[key] >= 5) == (word == MANY) for key, word in gone.items())
    assert all(key in gone for key, value in cells.items() if 0 < value < 5)
