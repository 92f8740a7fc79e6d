from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import UsageError
from outreach import pushes, statistics
from outreach.events import Event, Reversal, record
from outreach.statistics import DEFINITIONS, DIMENSIONS, Table
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach.conftest import FakeClock
from tests.outreach.recount import OFFLINE, Figures, recount
from tests.outreach.samples import (
    CIVIL,
    CONSUMER,
    FRAUD,
    NOON,
    Log,
    answer,
    gap,
    logs,
    moved,
    referral,
)

Fresh = Callable[[], Outreach]
relaxed = settings(
    max_examples=examples(25),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
days = st.sampled_from(
    [date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2), date(2026, 12, 31), date(2027, 1, 1)]
)
dimensions = st.lists(st.sampled_from(DIMENSIONS), unique=True, max_size=3)
LATER = datetime(2027, 6, 1, tzinfo=UTC)


def fill(store: Outreach, *happened: Event | Reversal) -> None:
    with store.database.write() as connection:
        for event in happened:
            record(connection, event, now=store.clock.now())


def figures(table: Table) -> Figures:
    """The table in the shape of the recount."""
    return {
        tuple(row.by.values()): {name: row.measures[name] for name in COUNTED}  # type: ignore[misc]
        for row in table.rows
    }


COUNTED = ("consultations", "online_residents", "referrals", "gaps", "quiz_attempts")
WHOLE = (date(2026, 1, 1), date(2027, 12, 31))


def exact(store: Outreach, first: date, last: date, by: list[str]) -> Table:
    """Figures with their small cells."""
    return statistics.stats(store.database, first, last, by, LATER, exact=True)


def total(store: Outreach, first: date = WHOLE[0], last: date = WHOLE[1]) -> dict[str, Any]:
    return dict(store.stats(first, last, (), LATER).total)


@pytest.mark.slow
@relaxed
@given(log=logs(), first=days, last=days, by=dimensions)
def test_agrees_with_a_slow_recount(
    fresh: Fresh, log: Log, first: date, last: date, by: list[str]
) -> None:
    store = fresh()
    fill(store, *log.events, *log.reversals)
    first, last = min(first, last), max(first, last)
    table = exact(store, first, last, by)
    if by:
        assert figures(table) == recount(log.standing, first, last, by)
    sums = recount(log.standing, first, last, ()).get((), dict.fromkeys(COUNTED, 0))
    assert {name: table.total[name] for name in COUNTED} == sums


@pytest.mark.slow
@relaxed
@given(log=logs(), data=st.data())
def test_order_and_repetition_change_nothing(fresh: Fresh, log: Log, data: st.DataObject) -> None:
    straight, shuffled = fresh(), fresh()
    fill(straight, *log.events, *log.reversals)
    again = data.draw(st.permutations(log.events + log.events[:5]))
    fill(shuffled, *again, *reversed(log.reversals), *log.events, *log.reversals)
    for by in (["organ", "topic"], ["law"], ["month", "channel"]):
        expected = straight.stats(*WHOLE, by, LATER).to_json()
        assert shuffled.stats(*WHOLE, by, LATER).to_json() == expected


@pytest.mark.slow
@relaxed
@given(log=logs(max_size=15), data=st.data())
def test_a_reversal_restores_the_figures(fresh: Fresh, log: Log, data: st.DataObject) -> None:
    store = fresh()
    fill(store, *log.events)
    before = store.stats(*WHOLE, ["organ", "law", "month"], LATER).to_json()
    extra = answer("extra", at=data.draw(st.sampled_from([e.at for e in log.events] or [NOON])))
    fill(store, extra)
    store.reverse(extra.key, actor="王", reason="测试数据")
    assert store.stats(*WHOLE, ["organ", "law", "month"], LATER).to_json() == before


@pytest.mark.slow
@relaxed
@given(log=logs())
def test_windows_add_up_in_times_and_never_in_people(fresh: Fresh, log: Log) -> None:
    store = fresh()
    fill(store, *log.events)
    parts = [
        total(store, date(2026, 10, 1), date(2026, 10, 31)),
        total(store, date(2026, 11, 1), date(2026, 11, 1)),
        total(store, date(2026, 11, 2), date(2027, 1, 31)),
    ]
    merged = total(store, date(2026, 10, 1), date(2027, 1, 31))
    for name in ("consultations", "referrals", "gaps"):
        assert merged[name] == sum(part[name] for part in parts)
    people = [part["online_residents"] for part in parts]
    assert max(people) <= merged["online_residents"] <= sum(people)


@pytest.mark.slow
@relaxed
@given(log=logs())
def test_organ_rows_add_up_to_the_total(fresh: Fresh, log: Log) -> None:
    store = fresh()
    fill(store, *log.events)
    table = store.stats(*WHOLE, ["organ"], LATER)
    rows = [row.measures["consultations"] for row in table.rows]
    assert sum(rows) == table.total["consultations"]  # type: ignore[arg-type]


def test_one_person_in_two_months_is_one_person(store: Outreach) -> None:
    fill(store, answer("a"), moved(answer("a"), days=-30))
    assert [
        row.measures["online_residents"] for row in store.stats(*WHOLE, ["month"], LATER).rows
    ] == [1, 1]
    assert total(store)["online_residents"] == 1


@pytest.mark.parametrize(
    ("pause", "consultations"),
    [
        (timedelta(minutes=30) - timedelta(microseconds=1), 1),
        (timedelta(minutes=30), 2),
    ],
)
def test_half_an_hour_parts_consultations(
    store: Outreach, pause: timedelta, consultations: int
) -> None:
    fill(store, answer("a"), answer("b", at=NOON + pause))
    assert total(store)["consultations"] == consultations


@pytest.mark.parametrize("keys", [("a", "z"), ("z", "a")])
@pytest.mark.parametrize("turned", [False, True])
def test_ties_in_time_do_not_depend_on_the_order_of_recording(
    store: Outreach, keys: tuple[str, str], turned: bool
) -> None:
    # One update may be both, in the same microsecond: the answer gives the organ, both the laws.
    both = [
        answer(key=keys[0], articles=(CONSUMER,)),
        referral(key=keys[1], articles=(FRAUD,)),
        answer(key="m" + keys[1], organ="教育局", channel="wechat"),
        answer(key="m" + keys[0], organ="民政局", channel="wechat"),
    ]
    fill(store, *(reversed(both) if turned else both))
    organs = store.stats(*WHOLE, ["organ"], LATER).rows
    counted = {row.by["organ"] for row in organs if row.measures["consultations"]}
    assert counted == {"市场监管局", "民政局" if keys[0] == "a" else "教育局"}
    laws = store.stats(*WHOLE, ["channel", "law"], LATER).rows
    assert [row.by["law"] for row in laws if row.by["channel"] == "web"] == [
        FRAUD.law,
        CONSUMER.law,
    ]


def test_another_channel_is_another_consultation(store: Outreach) -> None:
    fill(store, answer("a"), answer("b", channel="wechat"))
    assert total(store)["consultations"] == 2


def test_off_topic_neither_counts_nor_prolongs(store: Outreach) -> None:
    fill(
        store,
        answer("a"),
        answer("b", at=NOON + timedelta(minutes=20), in_scope=False),
        answer("c", at=NOON + timedelta(minutes=40)),
    )
    assert total(store)["consultations"] == 2


def test_what_staff_try_out_is_not_counted(store: Outreach) -> None:
    fill(store, answer("a", source="staff"))
    assert total(store)["consultations"] == 0


def test_a_gap_alone_is_no_consultation_but_opens_one(store: Outreach) -> None:
    fill(store, gap("g"))
    assert total(store)["consultations"] == 0
    fill(store, referral("r", at=NOON + timedelta(minutes=10)))
    table = store.stats(*WHOLE, ["organ"], LATER)
    assert [(row.by["organ"], row.measures["consultations"]) for row in table.rows] == [
        ("公安局", 1),
        ("司法局", 0),
    ]
    assert (table.total["gaps"], table.total["referrals"]) == (1, 1)


def test_counted_where_it_starts_even_when_answered_next_month(store: Outreach) -> None:
    midnight = datetime(2026, 10, 31, 16, tzinfo=UTC)
    turns = [gap("g", at=midnight - timedelta(minutes=5))]
    # Hours of turns, each within the half hour, before the first answer.
    turns += [gap(f"g{n}", at=midnight + timedelta(minutes=20 * n)) for n in range(12)]
    fill(store, *turns, answer("a", at=midnight + timedelta(hours=4)))
    assert total(store, date(2026, 10, 1), date(2026, 10, 31))["consultations"] == 1
    assert total(store, date(2026, 11, 1), date(2026, 11, 30))["consultations"] == 0
    rows = store.stats(date(2026, 10, 1), date(2026, 10, 31), ["month", "law"], LATER).rows
    counted = [list(row.by.values()) for row in rows if row.measures["consultations"]]
    assert counted == [["2026-10", CONSUMER.law]]


def test_an_answer_with_three_laws_is_one_consultation(store: Outreach) -> None:
    fill(store, answer("a", articles=(CONSUMER, FRAUD, CIVIL)))
    table = store.stats(*WHOLE, ["law"], LATER)
    assert [row.measures["consultations"] for row in table.rows] == [1, 1, 1]
    assert table.total["consultations"] == 1
    assert any("涉及次数" in note for note in table.notes)


def test_a_law_cited_twice_in_one_consultation_is_touched_once(store: Outreach) -> None:
    fill(store, answer("a"), answer("b", at=NOON + timedelta(minutes=1)))
    (row,) = store.stats(*WHOLE, ["law"], LATER).rows
    assert row.measures["consultations"] == 1


def test_as_of_gives_yesterdays_figures_again(store: Outreach, clock: FakeClock) -> None:
    fill(store, answer("a"))
    yesterday = clock.now()
    clock.advance(days=1)
    fill(store, answer("late", resident="r2"))  # happened before, recorded later
    store.reverse(answer("a").key, actor="王", reason="误记")
    assert store.stats(*WHOLE, (), yesterday).total["consultations"] == 1
    now = store.stats(*WHOLE).total
    assert (now["consultations"], now["online_residents"]) == (1, 1)


def test_a_deletion_request_leaves_the_figures(store: Outreach) -> None:
    fill(store, answer("a"), answer("b", resident="r2"))
    before = store.stats(*WHOLE, ["organ"], LATER).to_json()
    assert store.erase("r1") is not None
    assert store.stats(*WHOLE, ["organ"], LATER).to_json() == before


def test_the_contract_s_shape(store: Outreach) -> None:
    fill(store, answer("a"))
    found = store.stats(date(2026, 11, 24), date(2026, 11, 24), ["month", "channel", "town"])
    json = found.to_json()
    assert (json["from"], json["to"]) == ("2026-11-24", "2026-11-24")
    assert json["as_of"] == "2026-11-24T10:00:00+08:00"
    (row,) = json["rows"]
    assert row["by"] == {"month": "2026-11", "channel": "web", "town": "—"}
    assert row["consultations"] == row["online_person_times"] == row["online_residents"] == 1
    assert [row[name] for name in pushes.MEASURES] == [0, 0, 0]
    for name in DEFINITIONS.keys() - {*COUNTED, *pushes.MEASURES, "online_person_times"}:
        assert row[name] is None
        assert json["total"][name] == (0 if name in OFFLINE else None)
    assert set(DEFINITIONS) <= set(row)


def test_an_empty_store_counts_nothing(store: Outreach) -> None:
    found = store.stats(date(2026, 1, 1), date(2026, 12, 31), ["organ"])
    assert found.rows == ()
    assert found.total["consultations"] == 0


def test_bad_words_are_named(store: Outreach) -> None:
    with pytest.raises(UsageError, match="colour"):
        store.stats(*WHOLE, ["colour"])
    with pytest.raises(UsageError, match="早于"):
        store.stats(date(2026, 2, 1), date(2026, 1, 1))
