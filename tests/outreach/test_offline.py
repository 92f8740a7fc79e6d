"""Offline figures against the slow recount, and what approval, repetition and reversal do."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import date
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from outreach import register
from outreach.activities import Activity, Material
from outreach.statistics import DEFINITIONS, DIMENSIONS, Table
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach.conftest import FakeClock
from tests.outreach.recount import OFFLINE, recount, recount_offline
from tests.outreach.samples import (
    CIVIL,
    CONSUMER,
    Log,
    Report,
    activity,
    answer,
    logs,
    reports,
    standing,
)
from tests.outreach.test_statistics import COUNTED, LATER, WHOLE, dimensions, exact, fill

Fresh = Callable[[], Outreach]
relaxed = settings(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
days = st.sampled_from([date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)])


def tell(store: Outreach, *told: Report) -> None:
    """Report and decide, one after another; each step may have been taken before."""
    now = store.clock.now()
    with store.database.write() as connection:
        for report in told:
            done = register.submit(
                connection, report.activity, actor="张三", now=now, reason="更正"
            )
            found = done.registered
            if found.state != "submitted":
                continue
            if report.fate == "reversed":
                register.take_back(connection, found.number, actor="李四", reason="误报", now=now)
            elif report.fate != "submitted":
                state: Any = report.fate
                register.decide(
                    connection, found.number, state, actor="李四", now=now, note="材料不全"
                )


def tell_all(store: Outreach, numbers: Iterable[Iterable[Report]]) -> None:
    tell(store, *(report for versions in numbers for report in versions))


def held(store: Outreach, *told: Activity) -> None:
    tell_all(store, [[Report(each, "approved")] for each in told])


def by(table: Table, measure: str) -> dict[str, Any]:
    return {"/".join(row.by.values()): row.measures[measure] for row in table.rows}


@pytest.mark.slow
@relaxed
@given(log=logs(max_size=10), numbers=reports(), first=days, last=days, names=dimensions)
def test_online_and_offline_agree_with_a_slow_recount(
    fresh: Fresh, log: Log, numbers: list[list[Report]], first: date, last: date, names: list[str]
) -> None:
    store = fresh()
    fill(store, *log.events, *log.reversals)
    tell_all(store, numbers)
    first, last = min(first, last), max(first, last)
    online = recount(log.standing, first, last, names)
    offline = recount_offline(standing(numbers), first, last, names)
    table = exact(store, first, last, names)
    if names:
        assert {tuple(row.by.values()) for row in table.rows} == {*online, *offline}
    for row in table.rows:
        values = tuple(row.by.values())
        channel = row.by.get("channel")
        for counted, expected, ours in (
            (COUNTED, online.get(values, {}), channel != "offline"),
            (OFFLINE, offline.get(values, {}), channel in (None, "offline")),
        ):
            for name in counted:
                assert row.measures[name] == (expected.get(name, 0) if ours else None), name
    sums = recount_offline(standing(numbers), first, last, ()).get((), dict.fromkeys(OFFLINE, 0))
    assert {name: table.total[name] for name in OFFLINE} == sums


@pytest.mark.slow
@relaxed
@given(numbers=reports(), data=st.data())
def test_order_and_repetition_change_nothing(
    fresh: Fresh, numbers: list[list[Report]], data: st.DataObject
) -> None:
    straight, shuffled = fresh(), fresh()
    tell_all(straight, numbers)
    # Each number's own history stays in order; everything else is dealt anew, with repeats.
    deal = [number for number, versions in enumerate(numbers) for _ in versions]
    rest = [list(versions) for versions in numbers]
    dealt = [rest[number].pop(0) for number in data.draw(st.permutations(deal))]
    tell(shuffled, *(again for one in dealt for again in [one] * data.draw(st.integers(1, 2))))
    for names in (["organ", "topic"], ["law"], ["month", "channel"]):
        expected = exact(straight, *WHOLE, names).to_json()
        assert exact(shuffled, *WHOLE, names).to_json() == expected


@relaxed
@given(numbers=reports(max_size=5))
def test_a_reversal_restores_the_figures(fresh: Fresh, numbers: list[list[Report]]) -> None:
    store = fresh()
    tell_all(store, numbers)
    before = exact(store, *WHOLE, ["organ", "law", "month"]).to_json()
    held(store, activity(number="extra", joint=("团委",), materials=(Material(9, "册"),)))
    assert exact(store, *WHOLE, ["organ", "law", "month"]).to_json() != before
    store.reverse_activity("extra", actor="王", reason="测试数据")
    assert exact(store, *WHOLE, ["organ", "law", "month"]).to_json() == before


@pytest.mark.slow
@relaxed
@given(numbers=reports())
def test_offline_windows_and_organ_rows_add_up(fresh: Fresh, numbers: list[list[Report]]) -> None:
    store = fresh()
    tell_all(store, numbers)
    whole = exact(store, date(2026, 10, 1), date(2026, 11, 30), ["organ"])
    parts = [
        exact(store, date(2026, 10, 1), date(2026, 10, 31), []),
        exact(store, date(2026, 11, 1), date(2026, 11, 30), []),
    ]
    for name in OFFLINE:
        assert whole.total[name] == sum(part.total[name] for part in parts)  # type: ignore[misc]
        assert whole.total[name] == sum(row.measures[name] for row in whole.rows)  # type: ignore[misc]


def test_the_ledger_adds_up_to_the_figures(store: Outreach) -> None:
    from outreach.consultations import Window
    from outreach.exports import LEDGER_COLUMNS, ledger

    fill(store, answer("a"))
    held(
        store,
        activity(
            number="A",
            joint=("团委",),
            materials=(Material(5, "份"), Material(6, "册"), Material(7, "册", donated=True)),
        ),
        activity(number="B", kind="training", attended=40, consulted=8),
    )
    tell(store, Report(activity(number="C"), "submitted"))
    window = Window(*WHOLE, LATER)
    with store.database.read() as connection:
        rows = [dict(zip(LEDGER_COLUMNS, row, strict=True)) for row in ledger(connection, window)]
    figures = exact(store, *WHOLE, []).total
    assert len(rows) == 4
    for measure, column in {
        "activities": "场次",
        "trainings": "期",
        "offline_person_times": "线下人次",
        "leaflets": "资料(份)",
        "books": "图书(册)",
        "consultations": "咨询人次",
    }.items():
        assert sum(int(row[column] or 0) for row in rows) == figures[measure], measure
    assert figures["donated_books"] == 7


def test_a_joint_event_is_one_activity_of_its_host(store: Outreach) -> None:
    held(store, activity(joint=("教育局", "团委")))
    table = exact(store, *WHOLE, ["organ"])
    assert by(table, "activities") == {"公安局": 1, "教育局": 0, "团委": 0}
    assert by(table, "joint_participations") == {"公安局": 0, "教育局": 1, "团委": 1}
    assert by(table, "offline_person_times") == {"公安局": 120, "教育局": 0, "团委": 0}
    assert (table.total["activities"], table.total["joint_participations"]) == (1, 2)


def test_online_and_offline_never_share_a_channel_s_row(store: Outreach) -> None:
    fill(store, answer("a"))
    held(store, activity())
    table = exact(store, *WHOLE, ["channel"])
    assert by(table, "offline_person_times") == {"web": None, "offline": 120}
    assert by(table, "consultations") == {"web": 1, "offline": None}
    assert by(table, "online_residents") == {"web": 1, "offline": None}
    (row,) = [row for row in exact(store, *WHOLE, ["organ"]).rows if row.by["organ"] == "公安局"]
    assert (row.measures["consultations"], row.measures["activities"]) == (0, 1)


def test_an_activity_with_two_laws_is_touched_by_both(store: Outreach) -> None:
    held(store, activity(laws=(CONSUMER.law, CIVIL.law)))
    table = exact(store, *WHOLE, ["law"])
    assert by(table, "activities") == {CONSUMER.law: 1, CIVIL.law: 1}
    assert table.total["activities"] == 1


def test_as_of_leaves_later_decisions_out(store: Outreach, clock: FakeClock) -> None:
    told = activity(number="A")
    tell(store, Report(told, "submitted"))
    submitted = clock.now()
    clock.advance(days=1)
    store.approve("A", actor="李四")
    approved = clock.now()
    clock.advance(days=1)
    store.reverse_activity("A", actor="李四", reason="误报")
    counted = [
        store.stats(*WHOLE, (), moment).total["activities"]
        for moment in (submitted, approved, clock.now())
    ]
    assert counted == [0, 1, 0]


def test_people_of_a_village_are_not_picked_out(store: Outreach) -> None:
    held(
        store,
        activity(number="A", town="chengguan", village="chengguan-01", attended=3),
        activity(number="B", town="dongchuan", village="dongchuan-01", attended=60),
        activity(number="C", town="xihe", village="xihe-01", attended=80),
    )
    table = store.stats(*WHOLE, ["village"], LATER)
    shown = {"东街社区": "<5", "东川村": "≥5", "西河村": 80}
    assert by(table, "offline_person_times") == shown
    assert by(table, "activities") == dict.fromkeys(shown, 1)  # an organ's work, no person's
    assert table.total["offline_person_times"] == 143
    assert any("<5" in note for note in table.notes)
    organs = store.stats(*WHOLE, ["organ"], LATER)
    assert by(organs, "offline_person_times") == {"公安局": 143}


def test_a_lone_small_row_takes_the_total_with_it(store: Outreach) -> None:
    held(store, activity(group="women", attended=2))
    table = store.stats(*WHOLE, ["group"], LATER)
    assert by(table, "offline_person_times") == {"妇女": "<5"}
    assert table.total["offline_person_times"] == "<5"


def test_blank_rows_pick_nobody_out(store: Outreach) -> None:
    fill(store, answer("a"))
    table = store.stats(*WHOLE, ["town", "group"], LATER)
    assert by(table, "consultations") == {"—/—": 1}


def test_small_cells_of_online_figures_are_hidden_too(store: Outreach) -> None:
    fill(store, answer("a", town="chengguan"))
    fill(store, *(answer(f"b{n}", resident=f"x{n}", town="xihe") for n in range(7)))
    table = store.stats(*WHOLE, ["town"], LATER)
    for name in ("consultations", "online_person_times", "online_residents"):
        assert by(table, name) == {"城关镇": "<5", "西河镇": "≥5"}


def test_part_of_a_hidden_whole_is_hidden(store: Outreach) -> None:
    held(
        store,
        activity(number="A", village="chengguan-01", attended=3),
        activity(number="B", kind="training", village="dongchuan-01", attended=60),
    )
    table = store.stats(*WHOLE, ["village"], LATER)
    assert by(table, "training_person_times") == {"东街社区": "<5", "东川村": "≥5"}


def test_two_values_of_one_name_stay_two_rows(store: Outreach) -> None:
    fill(store, *(answer(f"a{n}", resident=f"x{n}", town="chengguan") for n in range(5)))
    fill(store, *(answer(f"b{n}", resident=f"y{n}", town="城关镇") for n in range(6)))
    table = store.stats(*WHOLE, ["town"], LATER)
    assert by(table, "online_residents") == {"城关镇（chengguan）": 5, "城关镇": 6}


@pytest.mark.parametrize("name", DIMENSIONS)
def test_every_dimension_counts_offline(store: Outreach, name: str) -> None:
    held(store, activity(node="consumer-rights-day", campaign="反诈月", village="xihe-01"))
    (row,) = store.stats(*WHOLE, [name], LATER).rows
    assert row.measures["activities"] == 1
    assert set(row.measures) == set(DEFINITIONS)
