from __future__ import annotations

from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from outreach.delivery import clicks
from outreach.store import Outreach
from outreach.tables import events, residents
from tests.outreach.delivery.rows import NOW, count_events, prepare, rows_of

SECRET = b"a secret of the tests, 32 bytes+"


@given(st.integers(1, 2**62), st.integers(0, 99))
def test_a_token_says_which_button_and_only_to_us(delivery: int, button: int) -> None:
    made = clicks.token(SECRET, delivery, button)
    assert len(made) <= 33
    assert clicks.read_token(SECRET, made) == (delivery, button)
    assert clicks.read_token(SECRET + b"x", made) is None


@given(st.integers(1, 10**6), st.integers(0, 5), st.data())
def test_a_changed_token_is_none(delivery: int, button: int, data: st.DataObject) -> None:
    made = clicks.token(SECRET, delivery, button)
    place = data.draw(st.integers(0, len(made) - 1))
    other = data.draw(st.sampled_from("09azAZ-_").filter(lambda c: c != made[place]))
    assert clicks.read_token(SECRET, made[:place] + other + made[place + 1 :]) is None
    assert clicks.read_token(SECRET, made[:place]) is None


def press(store: Outreach, delivery: int, who: str | None = None, minutes: int = 0) -> bool:
    with store.database.write() as connection:
        return clicks.count(connection, delivery, NOW + timedelta(minutes=minutes), who)


def test_all_clicks_are_counted_and_the_first_is_an_event(store: Outreach) -> None:
    keys = prepare(store.database, 2)
    assert press(store, 1)
    assert press(store, 1, keys[0], minutes=5)
    assert press(store, 2)
    rows = rows_of(store.database)
    assert [(row.clicks, row.clicked_at) for row in rows] == [(2, NOW), (1, NOW)]
    assert count_events(store.database, "click") == 2
    with store.database.read() as connection:
        query = select(residents.c.key).join(events, events.c.resident_id == residents.c.id)
        assert sorted(connection.execute(query).scalars()) == keys


def test_nobody_clicks_for_somebody_else(store: Outreach) -> None:
    keys = prepare(store.database, 2)
    assert not press(store, 1, keys[1])
    assert not press(store, 99)
    assert count_events(store.database, "click") == 0
