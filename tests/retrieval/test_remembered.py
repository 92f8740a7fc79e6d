"""What was asked a moment ago is answered from memory, and nothing of it is kept."""

from __future__ import annotations

import gc
from datetime import date

from hypothesis import given
from hypothesis import strategies as st

from retrieval.remembered import Remembered

DAY = date(2026, 11, 24)


def test_the_least_lately_used_goes_first() -> None:
    cache: Remembered[int] = Remembered(2)
    keys = [cache.key(text, 3, DAY) for text in ("甲", "乙", "丙")]
    cache.put(keys[0], 1)
    cache.put(keys[1], 2)
    assert cache.get(keys[0]) == 1
    cache.put(keys[2], 3)
    assert [cache.get(key) for key in keys] == [1, None, 3]


def test_another_day_or_number_is_another_question() -> None:
    cache: Remembered[int] = Remembered(8)
    keys = {
        cache.key("押金不退", 3, DAY),
        cache.key("押金不退", 5, DAY),
        cache.key("押金不退", 3, date(2026, 11, 25)),
        cache.key("押金不退!", 3, DAY),
    }
    assert len(keys) == 4
    assert Remembered[int](8).key("押金不退", 3, DAY) not in keys


@given(st.lists(st.tuples(st.text(max_size=6), st.integers()), max_size=60))
def test_it_never_outgrows_its_size_and_never_mixes_up(pairs: list[tuple[str, int]]) -> None:
    cache: Remembered[int] = Remembered(5)
    for text, value in pairs:
        key = cache.key(text, 3, DAY)
        cache.put(key, value)
        assert cache.get(key) == value
        assert len(cache) <= 5


def test_the_text_is_not_kept() -> None:
    cache: Remembered[int] = Remembered(8)
    text = "".join(["我身份证号", "是多少多少"])
    cache.put(cache.key(text, 3, DAY), 1)
    assert all(text not in repr(part) for part in gc.get_referents(cache.__dict__))
