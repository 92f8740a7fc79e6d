from __future__ import annotations

import asyncio
import time
from collections import Counter
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from errors import OutreachError
from outreach.campaign_tables import campaigns
from outreach.campaigns.release import recall_queued
from outreach.delivery import ledger
from outreach.delivery.sender import (
    Blocked,
    Failed,
    Kept,
    NotFound,
    Outcome,
    RetryAfter,
    Sent,
    Unknown,
    Unreached,
)
from outreach.delivery_tables import deliveries, senders
from outreach.service_tables import profiles, subscriptions
from outreach.store import Outreach
from outreach.tables import events
from tests.outreach.conftest import FakeClock
from tests.outreach.delivery.rows import (
    NOW,
    QUICK,
    FakeSender,
    add_campaign,
    add_residents,
    campaign_of,
    count_events,
    engine,
    enqueue,
    leave,
    prepare,
    rows_of,
    run_until,
    set_state,
    states,
    steps_of,
    until,
    words,
)


def over(store: Outreach, campaign: str = "c1") -> bool:
    return bool(campaign_of(store.database, campaign).state == "finished")


async def test_everybody_gets_it_once_and_the_campaign_finishes(
    store: Outreach, clock: FakeClock
) -> None:
    prepare(store.database, 300)
    sender = FakeSender()
    await run_until(engine(store.database, clock, sender), lambda: over(store))
    assert sorted(sender.got, key=int) == [str(number) for number in range(300)]
    assert states(store.database) == {"sent": 300}
    assert count_events(store.database, "delivery") == 300
    assert steps_of(store.database) == ["finished"]
    with store.database.read() as connection:
        assert connection.execute(select(senders)).all() == []
        town = connection.execute(
            select(events.c.town).where(events.c.type == "delivery", events.c.town.is_not(None))
        ).all()
    assert len(town) == 150


async def test_two_processes_share_the_rows(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 400)

    async def slowly(_: str) -> Outcome:
        await asyncio.sleep(0.001)
        return Sent("1")

    first, second = FakeSender(slowly), FakeSender(slowly)
    both = [engine(store.database, clock, one) for one in (first, second)]
    await asyncio.gather(*(run_until(one, lambda: over(store)) for one in both))
    assert Counter(first.got + second.got) == Counter(str(number) for number in range(400))
    assert len(first.got) > 50
    assert len(second.got) > 50
    assert 2 in first.shares
    assert states(store.database) == {"sent": 400}


async def test_outcomes_are_kept_as_they_are(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 8)
    outcomes: dict[str, Outcome] = {
        "0": Blocked(),
        "1": NotFound(),
        "2": Failed("bad_request"),
        "3": Unknown(),
        "4": RetryAfter(60),
        "5": Unreached("no_connection"),
    }

    async def answer(address: str) -> Outcome:
        return outcomes.get(address, Sent(f"m{address}"))

    sender = FakeSender(answer)
    await run_until(
        engine(store.database, clock, sender),
        lambda: (
            sum(states(store.database)[s] for s in ("queued", "claimed")) == 2
            and len(sender.got) == 8
        ),
    )
    rows = rows_of(store.database)
    assert [row.state for row in rows] == [
        "blocked",
        "failed",
        "failed",
        "unknown",
        "queued",
        "queued",
        "sent",
        "sent",
    ]
    assert [row.reason for row in rows][:4] == [None, "chat_not_found", "bad_request", "no_answer"]
    assert rows[4].due_at == clock.now() + timedelta(seconds=60)
    assert rows[5].due_at == clock.now() + timedelta(seconds=2)
    assert [row.address for row in rows] == [None] * 4 + ["4", "5", "6", "7"]
    assert [row.message for row in rows][6:] == ["m6", "m7"]
    assert count_events(store.database, "delivery") == 2
    with store.database.read() as connection:
        left = connection.execute(select(subscriptions.c.key)).scalars().all()
        address = select(profiles.c.address).where(profiles.c.key == "resident-00000")
        assert connection.execute(address).scalar() is None
    assert "resident-00000" not in left
    assert len(left) == 7
    outcomes.clear()
    clock.advance(seconds=60)
    await run_until(engine(store.database, clock, sender), lambda: over(store))
    assert states(store.database)["sent"] == 4
    assert Counter(sender.got)["3"] == 1  # unknown is never sent again


async def test_who_opts_out_while_queued_gets_nothing(store: Outreach, clock: FakeClock) -> None:
    keys = prepare(store.database, 200)
    left: list[str] = []

    async def answer(address: str) -> Outcome:
        if len(left) < 50:
            gone = keys[-1 - len(left)]
            left.append(str(int(gone.rsplit("-", 1)[1])))
            await asyncio.to_thread(leave, store.database, gone)
        return Sent("1")

    sender = FakeSender(answer)
    await run_until(engine(store.database, clock, sender), lambda: over(store))
    assert not set(left) & set(sender.got)
    assert states(store.database) == {"sent": 150, "opted_out": 50}


async def test_who_says_to_be_a_child_gets_nothing(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 2)
    with store.database.write() as connection:
        connection.execute(
            update(profiles).where(profiles.c.key == "resident-00001").values(minor=True)
        )
    sender = FakeSender()
    await run_until(engine(store.database, clock, sender), lambda: over(store))
    assert sender.got == ["0"]


@pytest.mark.parametrize("order", ["paused", "recalled"])
async def test_staff_stop_a_campaign(store: Outreach, clock: FakeClock, order: str) -> None:
    prepare(store.database, 500)
    stopped = asyncio.Event()
    late: list[str] = []

    async def answer(address: str) -> Outcome:
        if stopped.is_set():
            late.append(address)
        elif len(sender.got) == 100:
            await asyncio.to_thread(set_state, store.database, order)
            stopped.set()
        else:
            await asyncio.sleep(0.001)
        return Sent(address)

    sender = FakeSender(answer)
    machine = engine(store.database, clock, sender)
    task = asyncio.create_task(machine.run())
    await asyncio.wait_for(stopped.wait(), 30)
    await until(lambda: states(store.database)["claimed"] == 0)
    count = len(sender.got)
    assert len(late) <= QUICK.in_flight  # what was claimed before
    if order == "paused":
        set_state(store.database, "sending")
        await until(lambda: over(store))
        assert len(set(sender.got)) == len(sender.got) == 500
    else:
        await until(lambda: states(store.database)["sent"] == 0)
        assert len(sender.got) == count
        assert Counter(sender.removed) == Counter((address, address) for address in sender.got)
        assert states(store.database) == {"recalled": count, "queued": 500 - count}
        assert {row.address for row in rows_of(store.database) if row.state == "recalled"} == {None}
    await machine.stop()
    await task


async def test_a_recall_stops_within_a_second(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 3000)
    moments: list[float] = []

    async def answer(address: str) -> Outcome:
        moments.append(time.monotonic())
        await asyncio.sleep(0.002)
        return Sent(address)

    def recall() -> float:
        with store.database.write() as connection:
            connection.execute(update(campaigns).values(state="recalled", changed_at=clock.now()))
            recall_queued(connection, "c1", clock.now())
        return time.monotonic()

    sender = FakeSender(answer)
    machine = engine(store.database, clock, sender)
    task = asyncio.create_task(machine.run())
    await until(lambda: len(moments) > 100)
    recalled = await asyncio.to_thread(recall)
    await until(lambda: states(store.database) == {"recalled": 3000})
    assert max(moments) < recalled + 1
    assert len(sender.got) < 3000
    assert sorted(address for address, _ in sender.removed) == sorted(sender.got)
    await machine.stop()
    await task


async def test_what_cannot_be_recalled_is_marked(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 3)
    sender = FakeSender(removal=Kept())
    await run_until(engine(store.database, clock, sender), lambda: over(store))
    with store.database.write() as connection:
        connection.execute(update(campaigns).values(state="recalled", changed_at=clock.now()))
    await run_until(
        engine(store.database, clock, sender),
        lambda: all(row.reason == "kept" for row in rows_of(store.database)),
    )
    assert states(store.database) == {"sent": 3}
    assert len(sender.removed) == 3


async def test_nothing_in_quiet_hours_but_what_is_urgent(store: Outreach, clock: FakeClock) -> None:
    keys = add_residents(store.database, 2)
    quiet: dict[str, Any] = {"quiet_from": 21 * 60, "quiet_to": 8 * 60}
    add_campaign(store.database, "calm", **quiet)
    add_campaign(store.database, "alarm", urgent=True, **quiet)
    enqueue(store.database, keys, "calm")
    enqueue(store.database, keys, "alarm")
    clock.moment = NOW.replace(hour=23, minute=59)  # 07:59 in Shanghai
    sender = FakeSender()
    machine = engine(store.database, clock, sender)
    task = asyncio.create_task(machine.run())
    await until(lambda: over(store, "alarm"))
    assert states(store.database, "calm") == {"queued": 2}
    clock.advance(minutes=1)
    await until(lambda: over(store, "calm"))
    await machine.stop()
    await task


async def test_expiry_while_sending(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 300, expires_at=NOW + timedelta(hours=1))

    async def answer(_: str) -> Outcome:
        if len(sender.got) == 100:
            clock.advance(hours=1)
        return Sent("1")

    sender = FakeSender(answer)
    await run_until(engine(store.database, clock, sender), lambda: over(store))
    found = states(store.database)
    assert found["sent"] == len(sender.got) < 100 + QUICK.in_flight + 1
    assert found["expired"] == 300 - found["sent"]


async def test_twenty_failures_in_a_row_pause(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 200)

    async def answer(address: str) -> Outcome:
        return Failed("bad_request") if int(address) >= 50 else Sent("1")

    sender = FakeSender(answer)
    await run_until(
        engine(store.database, clock, sender),
        lambda: (
            campaign_of(store.database).state == "paused" and states(store.database)["claimed"] == 0
        ),
    )
    assert campaign_of(store.database).pause_reason == "连续 20 次没有发成：平台不接受这条消息"
    assert steps_of(store.database) == ["paused"]
    found = states(store.database)
    assert found["sent"] == 50
    assert 20 <= found["failed"] < 20 + QUICK.in_flight


async def test_an_outage_loses_nothing_and_pauses_in_the_end(
    store: Outreach, clock: FakeClock
) -> None:
    prepare(store.database, 100)

    async def answer(_: str) -> Outcome:
        return Unreached("no_connection")

    sender = FakeSender(answer)
    options = replace(QUICK, longest_hold=0.001)
    await run_until(
        engine(store.database, clock, sender, options),
        lambda: campaign_of(store.database).state == "paused",
    )
    assert states(store.database) == {"queued": 100}
    assert "连不上平台" in campaign_of(store.database).pause_reason
    # the first breakdown hits what was on its way; then one at a time tries
    assert len(sender.got) <= QUICK.in_flight + 20


async def test_a_message_that_cannot_be_worded_pauses_and_loses_nothing(
    store: Outreach, clock: FakeClock
) -> None:
    prepare(store.database, 5)
    sender, broken = FakeSender(), True

    def compose(*known: object) -> object:
        if broken:
            raise KeyError("第一条")
        return words(*known)  # type: ignore[arg-type]

    machine = engine(store.database, clock, sender)
    machine._compose = compose  # type: ignore[assignment]
    task = asyncio.create_task(machine.run())
    await until(lambda: campaign_of(store.database).state == "paused")
    await until(lambda: states(store.database) == {"queued": 5})
    broken = False
    clock.advance(minutes=10)
    set_state(store.database, "sending")
    await until(lambda: over(store))
    await machine.stop()
    await task
    assert len(sender.got) == 5


async def test_stopping_waits_for_what_is_on_its_way(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 100)
    release = asyncio.Event()

    async def answer(_: str) -> Outcome:
        await release.wait()
        return Sent("1")

    sender = FakeSender(answer)
    machine = engine(store.database, clock, sender)
    task = asyncio.create_task(machine.run())
    await until(lambda: len(sender.got) == QUICK.in_flight)
    stopping = asyncio.create_task(machine.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    release.set()
    await stopping
    await task
    assert states(store.database) == {"sent": QUICK.in_flight, "queued": 100 - QUICK.in_flight}
    assert {row.claimed_by for row in rows_of(store.database)} == {None}


async def test_what_a_dead_process_had_claimed_is_unknown_and_the_rest_goes_on(
    store: Outreach, clock: FakeClock
) -> None:
    prepare(store.database, 100)

    async def never(_: str) -> Outcome:
        await asyncio.Event().wait()
        raise AssertionError

    async def never_closed() -> None:
        await asyncio.Event().wait()

    dead = FakeSender(never)
    machine = engine(store.database, clock, dead)
    crash = asyncio.create_task(machine.run())
    await until(lambda: len(dead.got) == QUICK.in_flight)
    machine._journal.settle = lambda *_: None  # type: ignore[method-assign]
    machine._journal.close = never_closed  # type: ignore[method-assign]
    machine._options = replace(QUICK, grace=0)
    crash.cancel()
    await asyncio.gather(crash, return_exceptions=True)
    sender = FakeSender()
    second = engine(store.database, clock, sender)
    task = asyncio.create_task(second.run())
    await until(lambda: sender.shares != [])
    assert states(store.database)["claimed"] == QUICK.in_flight  # the lease still holds
    clock.advance(seconds=11)
    await until(lambda: over(store))
    await second.stop()
    await task
    assert not set(dead.got) & set(sender.got)
    assert states(store.database) == {"unknown": QUICK.in_flight, "sent": 100 - QUICK.in_flight}
    assert {row.reason for row in rows_of(store.database) if row.state == "unknown"} == {
        "interrupted"
    }


@pytest.mark.parametrize("trouble", [OutreachError("一直被占用"), ZeroDivisionError("defect")])
async def test_a_store_that_takes_nothing_is_waited_for(
    store: Outreach, clock: FakeClock, monkeypatch: pytest.MonkeyPatch, trouble: Exception
) -> None:
    prepare(store.database, 50)
    real, failures = ledger.settle, 3

    def busy(*arguments: object) -> None:
        nonlocal failures
        if failures:
            failures -= 1
            raise trouble
        real(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(ledger, "settle", busy)
    sender = FakeSender()
    machine = engine(store.database, clock, sender)
    machine._journal._retry = 0.01
    await run_until(machine, lambda: over(store))
    assert len(sender.got) == 50
    assert states(store.database) == {"sent": 50}


async def test_erasure_during_a_push(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 1)

    async def answer(_: str) -> Outcome:
        with store.database.write() as connection:
            row = update(deliveries).values(resident="erased-1", address=None)
            connection.execute(row)
        return Sent("1")

    await run_until(engine(store.database, clock, FakeSender(answer)), lambda: over(store))
    (row,) = rows_of(store.database)
    assert (row.state, row.address) == ("sent", None)
    with store.database.read() as connection:
        found = connection.execute(select(events).where(events.c.type == "delivery")).one()
    assert found.resident_id is None


async def test_addresses_go_by_themselves(store: Outreach, clock: FakeClock) -> None:
    prepare(store.database, 2)
    machine = engine(store.database, clock, FakeSender())
    task = asyncio.create_task(machine.run())
    await until(lambda: over(store))
    assert {row.address for row in rows_of(store.database)} == {"0", "1"}
    clock.advance(hours=48)
    await until(lambda: {row.address for row in rows_of(store.database)} == {None})
    await machine.stop()
    await task
