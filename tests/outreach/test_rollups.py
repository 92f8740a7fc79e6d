"""Columns of closed days say what the raw rows say: whatever comes late, is taken back, erased."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select, update

from outreach import sealing, statistics
from outreach.consultations import Window
from outreach.database import Database
from outreach.events import Event, Reversal, record
from outreach.exports import ledger
from outreach.rollup_tables import rollup_days, rollup_mark, rollups
from outreach.rollups import plan
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach.conftest import FakeClock
from tests.outreach.recount import recount
from tests.outreach.samples import NOON, Log, answer, gap, logs, referral
from tests.outreach.test_statistics import LATER, WHOLE, Fresh, days, dimensions, figures

relaxed = settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
DAY = date(2026, 11, 24)  # NOON's
LAST = date(2027, 2, 1)


@dataclass(frozen=True)
class Step:
    """What is done next, at a moment of recording."""

    do: Event | Reversal | str  # "seal", or "erase" and the resident's key
    at: datetime


@st.composite
def histories(draw: st.DrawFn) -> tuple[Log, list[Step]]:
    """A log in any order of recording, with columns built and residents erased in between."""
    log = draw(logs())
    backs = {reversal.of: reversal for reversal in log.reversals}
    steps: list[Step] = []
    moment = datetime(2027, 1, 10, tzinfo=UTC)
    waiting: list[Reversal] = []

    def add(do: Event | Reversal | str) -> None:
        nonlocal moment
        moment += timedelta(minutes=1)
        steps.append(Step(do, moment))

    for event in draw(st.permutations(log.events)):
        add(event)
        if event.key in backs:
            waiting.append(backs[event.key])
        match draw(st.integers(0, 7)):
            case 0 | 1:
                add("seal")
            case 2 if waiting:
                add(waiting.pop())
            case 3:
                add(f"erase {draw(st.sampled_from(['r1', 'r2', 'r3']))}")
    for reversal in waiting:
        add(reversal)
        if draw(st.booleans()):
            add("seal")
    return log, steps


def carry_out(store: Outreach, steps: list[Step]) -> None:
    for step in steps:
        if step.do == "seal":
            sealing.seal(store.database, LAST)
        elif isinstance(step.do, str):
            store.erase(step.do.removeprefix("erase "))
        else:
            with store.database.write() as connection:
                record(connection, step.do, now=step.at)


def both(
    database: Database, first: date, last: date, by: list[str], as_of: datetime
) -> list[dict[str, Any]]:
    return [
        statistics.stats(database, first, last, by, as_of, exact=True, recount=recounted).to_json()
        for recounted in (False, True)
    ]


@pytest.mark.slow
@relaxed
@given(history=histories(), first=days, last=days, by=dimensions, data=st.data())
def test_columns_and_raw_rows_agree(
    fresh: Fresh,
    history: tuple[Log, list[Step]],
    first: date,
    last: date,
    by: list[str],
    data: st.DataObject,
) -> None:
    log, steps = history
    store = fresh()
    carry_out(store, steps)
    first, last = min(first, last), max(first, last)
    moments = [LATER, *(step.at for step in steps)]
    for as_of in (LATER, data.draw(st.sampled_from(moments))):
        quick, slow = both(store.database, first, last, by, as_of)
        assert quick == slow
    if by and not any(isinstance(step.do, str) and step.do != "seal" for step in steps):
        table = statistics.stats(store.database, first, last, by, LATER, exact=True)
        assert figures(table) == recount(log.standing, first, last, by)


@pytest.mark.slow
@relaxed
@given(history=histories())
def test_the_ledger_does_not_depend_on_columns(
    fresh: Fresh, history: tuple[Log, list[Step]]
) -> None:
    store = fresh()
    carry_out(store, history[1])
    window = Window(*WHOLE, LATER)
    with store.database.read() as connection:
        quick = list(ledger(connection, window))
    forget(store.database)
    with store.database.read() as connection:
        assert list(ledger(connection, window)) == quick


def forget(database: Database) -> None:
    with database.write() as connection:
        for table in (rollups, rollup_days, rollup_mark):
            connection.execute(delete(table))


def kept(store: Outreach, as_of: datetime = LATER) -> set[date]:
    """Days that are answered for by columns."""
    with store.database.read() as connection:
        spans = [span for span in plan(connection, Window(*WHOLE, as_of)) if span.kept]
    return {
        span.first + timedelta(days=n)
        for span in spans
        for n in range(400)
        if span.first + timedelta(days=n) <= span.last
    }


def total(store: Outreach, as_of: datetime = LATER) -> int:
    quick, slow = both(store.database, *WHOLE, [], as_of)
    assert quick == slow
    found: int = quick["total"]["consultations"]
    return found


def lie(store: Outreach) -> None:
    """Empty all columns, so that an answer that comes from them is told from one that does not."""
    with store.database.write() as connection:
        connection.execute(update(rollups).where(rollups.c.name.like("%.rows")).values(data=b"0"))
        connection.execute(
            update(rollups).where(rollups.c.name.not_like("%.rows")).values(data=b"[]\n")
        )
        empty = rollups.c.name.like("%resident_id") | rollups.c.name.like("%law.of")
        connection.execute(update(rollups).where(empty).values(data=b"4"))


def test_closed_days_are_answered_from_columns(store: Outreach) -> None:
    store.record(answer("a"))
    assert sealing.seal(store.database, DAY) == 1
    assert kept(store) == {DAY}
    lie(store)
    assert statistics.stats(store.database, *WHOLE, [], LATER).total["consultations"] == 0
    assert (
        statistics.stats(store.database, *WHOLE, [], LATER, recount=True).total["consultations"]
        == 1
    )


def test_an_old_moment_is_answered_from_the_raw_rows(store: Outreach, clock: FakeClock) -> None:
    store.record(answer("a"))
    before = clock.now()
    clock.advance(hours=1)
    store.reverse(answer("a").key, actor="王", reason="误记")
    sealing.seal(store.database, DAY)
    assert kept(store) == {DAY}
    assert kept(store, before) == set()
    assert (total(store), total(store, before)) == (0, 1)


@pytest.mark.slow
@pytest.mark.parametrize("taken_back", [False, True])
def test_a_late_record_changes_its_day_only(store: Outreach, taken_back: bool) -> None:
    for n in range(5):
        store.record(answer(str(n), at=NOON - timedelta(days=n)))
    sealing.seal(store.database, DAY)
    whole = {DAY - timedelta(days=n) for n in range(5)}
    assert kept(store) == whole
    if taken_back:
        store.reverse(answer("2").key, actor="王", reason="误记")
    else:
        store.record(answer("late", at=NOON - timedelta(days=2), resident="r9"))
    assert kept(store) == whole - {DAY - timedelta(days=2)}
    assert total(store) == (4 if taken_back else 6)
    assert sealing.seal(store.database, DAY) == 1
    assert kept(store) == whole


MIDNIGHT = datetime(2026, 11, 23, 16, tzinfo=UTC)  # DAY begins


def test_a_chain_over_midnight_changes_the_day_that_it_began_on(store: Outreach) -> None:
    # Every 20 minutes from 23:50 over the whole of DAY into the next one.
    begin = MIDNIGHT - timedelta(minutes=10)
    for n in range(76):
        store.record(gap(f"g{n}", at=begin + timedelta(minutes=20 * n)))
    store.record(answer("other", at=MIDNIGHT - timedelta(minutes=20), resident="r2"))
    sealing.seal(store.database, DAY + timedelta(days=1))
    yesterday, tomorrow = DAY - timedelta(days=1), DAY + timedelta(days=1)
    assert kept(store) == {yesterday, DAY, tomorrow}
    assert total(store) == 1  # r2's: gaps alone are none
    # The chain's only answer comes on the third day: the consultation belongs to the first.
    store.record(answer("a", at=begin + timedelta(minutes=20 * 75 + 5)))
    assert kept(store) == set()
    found = statistics.stats(store.database, yesterday, yesterday, [], LATER).total
    assert found["consultations"] == total(store) == 2


def test_what_comes_before_midnight_may_take_away_a_beginning(store: Outreach) -> None:
    store.record(answer("a", at=MIDNIGHT + timedelta(minutes=10)))
    store.record(answer("b", at=MIDNIGHT - timedelta(hours=9), resident="r2"))
    sealing.seal(store.database, DAY)
    store.record(answer("late", at=MIDNIGHT - timedelta(minutes=15)))
    assert kept(store) == set()
    found = statistics.stats(store.database, DAY, DAY, [], LATER).total
    assert found["consultations"] == 0
    assert total(store) == 2


def test_a_reader_sees_what_came_after_the_columns(store: Outreach) -> None:
    store.record(answer("a"))
    sealing.seal(store.database, DAY)
    store.record(answer("b", resident="r2"))
    store.record(referral("r", at=NOON + timedelta(days=1)))
    assert total(store) == 3


def test_columns_are_built_where_reading_takes_long(
    store: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(5):
        store.record(answer(str(n), at=NOON - timedelta(days=n)))
    store.stats(*WHOLE, [], LATER)
    assert kept(store) == set()
    monkeypatch.setattr(sealing, "PATIENCE", 3)
    store.stats(*WHOLE, [], NOON)  # the fifth day is still open
    assert kept(store) == {DAY - timedelta(days=n) for n in range(1, 5)}


def test_the_nightly_round_builds_columns(store: Outreach, clock: FakeClock) -> None:
    store.record(answer("a", at=clock.now()))
    store.purge()
    assert kept(store) == set()
    clock.advance(days=1)
    store.purge()
    assert kept(store) == {clock.today() - timedelta(days=1)}


def test_two_that_build_at_once_do_not_mix(
    store: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    for n in range(3):
        store.record(answer(str(n), at=NOON - timedelta(days=n)))
    add: Callable[..., bool] = sealing._add

    def other_comes_first(database: Database, through: int, built: list[Any]) -> bool:
        monkeypatch.setattr(sealing, "_add", add)
        store.record(answer("late", at=NOON - timedelta(days=2), resident="r9"))
        assert sealing.seal(database, DAY) == 3
        return add(database, through, built)

    monkeypatch.setattr(sealing, "_add", other_comes_first)
    assert sealing.seal(store.database, DAY) == 0  # its snapshot is older
    assert total(store) == 4
    with store.database.read() as connection:
        assert len(connection.execute(select(rollup_days)).all()) == 3
    assert len(kept(store)) == 3


def test_days_kept_by_an_earlier_release_are_built_again(store: Outreach) -> None:
    store.record(answer("a"))
    sealing.seal(store.database, DAY)
    with store.database.write() as connection:  # it kept no articles
        connection.execute(delete(rollups).where(rollups.c.name.like("%.article%")))
    assert kept(store) == set()
    assert total(store) == 1
    assert sealing.seal(store.database, DAY) == 1
    assert kept(store) == {DAY}
