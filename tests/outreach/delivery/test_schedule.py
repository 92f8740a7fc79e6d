"""What begins, ends and is missed by itself, under a clock that jumps."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from errors import OutreachError
from outreach.campaign_tables import campaigns
from outreach.campaigns.office import Office
from outreach.campaigns.steps import KINDS
from outreach.delivery import schedule
from outreach.delivery.ledger import is_quiet
from outreach.delivery.series import Series, fire
from outreach.delivery_tables import deliveries
from outreach.service_tables import subscriptions
from outreach.store import Outreach
from settings import SHANGHAI
from tests.outreach.conftest import FakeClock
from tests.outreach.delivery.rows import (
    NOW,
    FakeSender,
    add_campaign,
    add_residents,
    campaign_of,
    engine,
    enqueue,
    run_until,
    states,
    steps_of,
)

MORNING = Series("morning", "宪法晨读", time(7, 30), time(10), "宪法", "司法局")


def shanghai(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI).astimezone(UTC)


def tick(store: Outreach, now: datetime) -> list[str]:
    with store.database.write() as connection:
        return schedule.tick(connection, now)


def scheduled(store: Outreach, **window: Any) -> None:
    keys = add_residents(store.database, 2)
    add_campaign(store.database, state="scheduled", **window)
    enqueue(store.database, keys)


def test_a_campaign_begins_when_it_is_due_and_only_once(store: Outreach) -> None:
    due = NOW + timedelta(days=10)
    scheduled(store, not_before=due, expires_at=due + timedelta(hours=5))
    assert tick(store, due - timedelta(seconds=1)) == []
    assert tick(store, due) == ["c1 sending"]
    assert tick(store, due) == []
    assert steps_of(store.database) == ["sending"]


def test_missed_while_down_it_begins_late_inside_its_window(store: Outreach) -> None:
    due = NOW + timedelta(hours=1)
    scheduled(store, not_before=due, expires_at=due + timedelta(hours=5))
    assert tick(store, due + timedelta(hours=4, minutes=59)) == ["c1 sending"]


def test_after_its_window_it_is_missed_and_never_sent(store: Outreach, clock: FakeClock) -> None:
    due = NOW + timedelta(hours=1)
    scheduled(store, not_before=due, expires_at=due + timedelta(hours=5))
    later = due + timedelta(hours=5)  # a moment that ends the window is outside of it
    assert tick(store, later) == ["c1 missed"]
    assert states(store.database) == {"expired": 2}
    assert campaign_of(store.database).state == "missed"
    assert steps_of(store.database) == ["missed"]
    assert tick(store, NOW) == []  # and no clock that goes back brings it to life


async def test_the_engine_begins_by_itself_after_three_days_down(
    store: Outreach, clock: FakeClock
) -> None:
    keys = add_residents(store.database, 3)
    for name, days in (("gone", 1), ("late", 2), ("coming", 4)):
        due = NOW + timedelta(days=days)
        window: dict[str, Any] = {"not_before": due, "expires_at": due + timedelta(hours=36)}
        add_campaign(store.database, name, "scheduled", **window)
        enqueue(store.database, keys, name)
    clock.advance(days=3)
    sender = FakeSender()
    await run_until(
        engine(store.database, clock, sender),
        lambda: campaign_of(store.database, "late").state == "finished",
    )
    assert len(sender.got) == 3
    assert campaign_of(store.database, "gone").state == "missed"
    assert campaign_of(store.database, "coming").state == "scheduled"


def test_a_paused_campaign_expires_too(store: Outreach) -> None:
    keys = add_residents(store.database, 2)
    add_campaign(store.database, state="paused", expires_at=NOW + timedelta(hours=1))
    enqueue(store.database, keys)
    assert tick(store, NOW) == []
    assert tick(store, NOW + timedelta(hours=1)) == ["c1 expired 2", "c1 finished"]
    assert steps_of(store.database) == ["expired", "finished"]


def test_pausing_takes_only_what_is_sending(store: Outreach) -> None:
    add_campaign(store.database, state="recalled")
    with store.database.write() as connection:
        assert not schedule.pause(connection, "c1", "x", NOW)
    assert campaign_of(store.database).state == "recalled"


@pytest.mark.parametrize(
    ("start", "end", "quiet"),
    [
        (21 * 60, 8 * 60, ["21:00", "23:59", "00:00", "07:59"]),
        (12 * 60, 14 * 60, ["12:00", "13:59"]),
        (0, 0, []),
        (None, None, []),
    ],
)
def test_quiet_hours(start: int | None, end: int | None, quiet: list[str]) -> None:
    minutes = [f"{hour:02}:{minute:02}" for hour in range(24) for minute in (0, 59)]
    found = [m for m in minutes if is_quiet(shanghai(f"2026-11-24T{m}"), start, end)]
    inside = {m for m in minutes if any(q == m for q in quiet)}
    if start == 21 * 60:
        inside = {m for m in minutes if m >= "21:00" or m < "08:00"}
    elif start == 12 * 60:
        inside = {m for m in minutes if "12:00" <= m < "14:00"}
    assert set(found) == inside
    assert set(quiet) <= set(found)


def subscribe(store: Outreach, count: int, since: datetime = NOW) -> None:
    add_residents(store.database, count, "morning")
    with store.database.write() as connection:
        connection.execute(update(subscriptions).values(since=since))


def run(store: Outreach, moment: str) -> str | None:
    with store.database.write() as connection:
        return fire(connection, MORNING, shanghai(moment))


def days(store: Outreach) -> list[str]:
    with store.database.read() as connection:
        query = select(campaigns.c.id).where(campaigns.c.kind == "morning")
        return sorted(connection.execute(query).scalars())


def test_a_series_makes_one_campaign_a_day_in_its_window(store: Outreach) -> None:
    subscribe(store, 3)
    assert run(store, "2026-12-04T07:29:59") is None
    assert run(store, "2026-12-04T07:30") == "morning-2026-12-04"
    assert run(store, "2026-12-04T07:30") is None
    assert run(store, "2026-12-05T10:00") is None  # not up in time: skipped, not caught up
    assert run(store, "2026-12-06T09:59:59") == "morning-2026-12-06"
    assert days(store) == ["morning-2026-12-04", "morning-2026-12-06"]
    made = campaign_of(store.database, "morning-2026-12-04")
    assert (made.state, made.audience, made.organ) == ("sending", 3, "司法局")
    assert made.expires_at == shanghai("2026-12-04T10:00")
    assert states(store.database, "morning-2026-12-04") == {"queued": 3}


def test_who_subscribes_after_the_hour_waits_for_tomorrow(store: Outreach) -> None:
    subscribe(store, 1, since=shanghai("2026-12-04T08:00"))
    assert run(store, "2026-12-04T09:00") is None
    assert run(store, "2026-12-05T07:30") == "morning-2026-12-05"


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.integers(0, 5 * 24 * 3600).map(
            lambda seconds: shanghai("2026-12-29T00:00") + timedelta(seconds=seconds)
        ),
        max_size=30,
    )
)
def test_no_jump_of_the_clock_doubles_or_loses_a_day(
    fresh: object, moments: list[datetime]
) -> None:
    store = fresh()  # type: ignore[operator]
    subscribe(store, 2, since=shanghai("2026-12-01T00:00"))
    for moment in moments:
        with store.database.write() as connection:
            fire(connection, MORNING, moment)
    local = [moment.astimezone(SHANGHAI) for moment in moments]
    wanted = {m.date().isoformat() for m in local if time(7, 30) <= m.time() < time(10)}
    assert days(store) == sorted(f"morning-{day}" for day in wanted)
    with store.database.read() as connection:
        rows = connection.execute(select(deliveries.c.campaign, deliveries.c.resident)).all()
    assert len(rows) == len(set(rows)) == 2 * len(wanted)


async def test_what_came_of_a_reading(store: Outreach, clock: FakeClock) -> None:
    subscribe(store, 2, since=shanghai("2026-12-01T00:00"))
    clock.moment = shanghai("2026-12-04T07:30")
    name = "morning-2026-12-04"
    await run_until(
        engine(store.database, clock, FakeSender(), series=[MORNING]),
        lambda: bool(days(store)) and campaign_of(store.database, name).state == "finished",
    )
    clock.advance(minutes=1)
    with store.database.write() as connection:
        gone = subscriptions.c.key == "resident-00000"
        connection.execute(delete(subscriptions).where(gone))
    office = Office(store, lambda: pytest.fail("nothing is checked"))
    found = office.status(name).to_json()
    assert (found["kind"], found["state"], found["delivered"]) == ("morning", "finished", 2)
    assert (found["audience"], found["unsubscribed"]) == (2, 1)
    assert [step.step for step in office.log(name)] == ["sending", "finished"]
    assert [one.id for one in office.listed(KINDS)] == [name]
    assert office.listed() == []
    with pytest.raises(OutreachError, match="没有推送活动"):
        office.pause(name, by="甲")


async def test_a_reading_moves_on_only_where_it_was_sent(store: Outreach, clock: FakeClock) -> None:
    subscribe(store, 2, since=shanghai("2026-12-01T00:00"))
    clock.moment = shanghai("2026-12-04T07:30")
    sender = FakeSender()
    await run_until(
        engine(store.database, clock, sender, series=[MORNING]),
        lambda: (
            bool(days(store))
            and campaign_of(store.database, "morning-2026-12-04").state == "finished"
        ),
    )
    assert sorted(sender.got) == ["0", "1"]
    with store.database.read() as connection:
        assert connection.execute(select(subscriptions.c.position)).scalars().all() == [1, 1]
