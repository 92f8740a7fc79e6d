from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

import pytest
from sqlalchemy import select

from outreach.database import Database
from outreach.delivery import leases, ledger, recalls
from outreach.delivery.ledger import Claimed, Settled
from outreach.delivery.sender import Outcome, RetryAfter, Sent
from outreach.delivery_tables import senders
from outreach.store import Outreach
from tests.outreach.conftest import FakeClock
from tests.outreach.delivery.rows import (
    NOW,
    FakeSender,
    campaign_of,
    count_events,
    engine,
    prepare,
    rows_of,
    run_until,
    states,
    steps_of,
)
from tests.outreach.test_postgresql import wipe

LEASE = timedelta(seconds=10)
LATER = NOW + timedelta(seconds=11)


def claim(database: Database, me: str, count: int = 9) -> list[Claimed]:
    with database.write() as connection:
        leases.heartbeat(connection, me, ("telegram",), NOW, LEASE)
        rows = ledger.reserve(connection, me, "telegram", NOW, count)
        return list(ledger.claim(connection, me, [row.id for row in rows], NOW).values())


def settle(database: Database, me: str, row: Claimed, outcome: Outcome) -> None:
    with database.write() as connection:
        ledger.settle(connection, me, [Settled(row, outcome, LATER)], LATER)


@pytest.mark.parametrize(
    ("outcome", "state", "events"), [(Sent("1"), "sent", 1), (RetryAfter(5), "unknown", 0)]
)
def test_who_was_thought_dead_may_tell_the_truth_but_not_send_again(
    store: Outreach, outcome: Outcome, state: str, events: int
) -> None:
    prepare(store.database, 1)
    (row,) = claim(store.database, "slow")
    with store.database.write() as connection:
        assert leases.lapse(connection, LATER) == 1
    assert states(store.database) == {"unknown": 1}
    settle(store.database, "slow", row, outcome)
    assert states(store.database) == {state: 1}
    assert count_events(store.database, "delivery") == events


def test_nobody_settles_what_another_claimed(store: Outreach) -> None:
    prepare(store.database, 1)
    (row,) = claim(store.database, "one")
    settle(store.database, "two", row, Sent("1"))
    assert states(store.database) == {"claimed": 1}


def test_an_outcome_told_twice_is_one_event(store: Outreach) -> None:
    prepare(store.database, 1)
    (row,) = claim(store.database, "one")
    settle(store.database, "one", row, Sent("1"))
    settle(store.database, "one", row, RetryAfter(1))
    assert states(store.database) == {"sent": 1}
    assert count_events(store.database, "delivery") == 1


def test_addresses_are_forgotten_when_nothing_can_be_recalled(store: Outreach) -> None:
    prepare(store.database, 2)
    first, second = claim(store.database, "one")
    settle(store.database, "one", first, Sent("1"))
    with store.database.write() as connection:
        assert recalls.forget_addresses(connection, LATER + timedelta(hours=47)) == 0
        assert recalls.forget_addresses(connection, LATER + timedelta(hours=48)) == 1
    rows = rows_of(store.database)
    assert [row.address for row in rows] == [None, "1"]
    assert second.address == "1"


def test_a_process_that_leaves_gives_back_what_it_had_set_aside(store: Outreach) -> None:
    prepare(store.database, 3)
    (row,) = claim(store.database, "one", 1)
    with store.database.write() as connection:
        assert len(ledger.reserve(connection, "one", "telegram", NOW, 2)) == 2
        assert ledger.reserve(connection, "two", "telegram", NOW, 3) == []
        leases.leave(connection, "one")
        assert len(ledger.reserve(connection, "two", "telegram", NOW, 3)) == 2
        assert connection.execute(select(senders)).all() == []
    assert states(store.database)["claimed"] == 1
    assert row.attempts == 1


@pytest.mark.parametrize(
    ("seconds", "renewed"), [(0, False), (3, False), (4, True), (9, True), (-1, True)]
)
def test_a_lease_is_renewed_in_time_and_not_all_the_time(
    store: Outreach, seconds: int, renewed: bool
) -> None:
    moment = NOW + timedelta(seconds=seconds)
    with store.database.write() as connection:
        leases.heartbeat(connection, "one", ("telegram",), NOW, LEASE)
        leases.heartbeat(connection, "one", ("telegram",), moment, LEASE)
        found = connection.execute(select(senders.c.expires_at)).scalar_one()
    assert found == (moment if renewed else NOW) + LEASE


@pytest.fixture
def server(postgresql: str) -> Iterator[Outreach]:
    wipe(postgresql)
    opened = Outreach.open(postgresql, FakeClock())
    yield opened
    opened.close()


@pytest.mark.slow
def test_two_replicas_on_postgresql_get_different_rows(server: Outreach) -> None:
    prepare(server.database, 4)
    with server.database.write() as one, server.database.write() as two:
        mine = ledger.reserve(one, "one", "telegram", NOW, 3)
        theirs = ledger.reserve(two, "two", "telegram", NOW, 3)  # would wait for ever otherwise
    assert len(mine) == 3
    assert len(theirs) == 1
    assert not {row.id for row in mine} & {row.id for row in theirs}


@pytest.mark.slow
async def test_two_engines_on_postgresql(server: Outreach, clock: FakeClock) -> None:
    prepare(server.database, 300)
    first, second = FakeSender(), FakeSender()
    await asyncio.gather(
        *(
            run_until(
                engine(server.database, clock, sender),
                lambda: campaign_of(server.database).state == "finished",
            )
            for sender in (first, second)
        )
    )
    assert Counter(first.got + second.got) == Counter(str(number) for number in range(300))
    assert states(server.database) == {"sent": 300}
    assert count_events(server.database, "delivery") == 300
    assert steps_of(server.database) == ["finished"]
