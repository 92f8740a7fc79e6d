"""The event log as an auditor gets it: enough to count everything again, nobody to be found."""

from __future__ import annotations

import csv
import json
from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UsageError
from outreach.event_rows import COLUMNS, HIDDEN, Hidden, Place
from outreach.events import Feedback, event_key
from outreach.small_cells import FEW
from outreach.store import Outreach
from settings import SHANGHAI
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, approve, fill, on
from tests.outreach.recount import recount
from tests.outreach.samples import NOON, answer, gap, referral

YEAR: dict[str, Any] = {"start": date(2026, 1, 1), "end": date(2026, 12, 31)}


def export(store: Outreach, out: Path, **fields: Any) -> list[dict[str, str]]:
    given_: dict[str, Any] = {"kind": "events", "format": "csv", "exporter": "李", **YEAR}
    store.export(out, **(given_ | fields))
    if out.suffix == ".json":
        rows: list[dict[str, str]] = json.loads(out.read_text(encoding="utf-8"))["rows"]
        return rows
    with out.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    fill(store, clock)
    for number in range(8):
        at = NOON + timedelta(minutes=25 * number)
        who = {"resident": f"r{number % 3}", "town": "chengguan"}
        store.record(answer(f"a{number}", at=at, **who))
        store.record(gap(f"g{number}", at=at + timedelta(minutes=7), **who))
        store.record(referral(f"t{number}", at=at, resident="r9", result="tapped"))
        store.record(referral(f"s{number}", at=at, resident="r9"))
    store.record(answer("mine", source="staff", actor="王五"))
    clock.advance(hours=1)
    store.reverse(answer("a3").key, actor="王", reason="重复登记")
    return store


def test_the_figures_can_be_counted_again_from_the_file(filled: Outreach, tmp_path: Path) -> None:
    days: dict[str, Any] = {"start": date(2026, 11, 1), "end": date(2026, 11, 30)}
    rows = export(filled, tmp_path / "e.csv", **days)
    types = {"解答": "answer", "转介": "referral", "未答": "gap"}
    standing = [
        SimpleNamespace(
            type=types[row["类型"]],
            at=datetime.fromisoformat(row["发生时间"]).replace(tzinfo=SHANGHAI),
            key=row["序号"],
            resident=row["居民"],
            organ=row["责任单位"],
            channel=row["渠道"],
            source="bot",
            in_scope=True,
            result=None,
            articles=[],
        )
        for row in rows
        if row["类型"] in types
        and (row["来源"], row["属于普法范围"], row["被冲销于"]) == ("系统", "是", "")
        and row["结果"] != "点按"
    ]
    counted: Any = recount(standing, days["start"], days["end"], ["organ"])  # type: ignore[arg-type]
    table = filled.stats(**days, by=["organ"])
    told = {
        (row.by["organ"],): {name: row.measures[name] for name in counted[row.by["organ"],]}
        for row in table.rows
        if (row.by["organ"],) in counted
    }
    assert told == counted
    assert sum(each["consultations"] for each in counted.values()) == 8


def test_every_record_and_correction_is_a_row(filled: Outreach, tmp_path: Path) -> None:
    rows = export(filled, tmp_path / "e.csv")
    assert tuple(rows[0]) == COLUMNS
    assert [row["序号"] for row in rows] == [str(n + 1) for n in range(len(rows))]
    with filled.database.read() as connection:
        known = connection.exec_driver_sql("SELECT count(*) FROM events").scalar()
    assert len(rows) == known
    (back,) = (row for row in rows if row["类型"] == "冲销")
    gone = rows[int(back["冲销的序号"]) - 1]
    assert (back["经办人"], back["冲销原因"], back["数量"]) == ("王", "重复登记", "-1")
    assert (gone["类型"], gone["被冲销于"]) == ("解答", back["登记时间"])
    held = [row for row in rows if row["类型"] == "线下活动"]
    assert {row["审核"] for row in held} == {"已审核"}
    # What was taken back after the moment stands as it stood then.
    before = export(filled, tmp_path / "b.csv", as_of=filled.clock.now() - timedelta(minutes=1))
    assert {row["被冲销于"] for row in before} == {""}


def test_nobody_can_be_found_in_it(filled: Outreach, tmp_path: Path) -> None:
    filled.record(
        Feedback(key=event_key("f"), at=NOON, channel="web", subject=answer("a0").key, result="x")
    )
    for name in ("e.csv", "e.json"):
        export(filled, tmp_path / name, format=name[2:])
        text = (tmp_path / name).read_text(encoding="utf-8-sig")
        with filled.database.read() as connection:
            keys = connection.exec_driver_sql("SELECT key FROM events").scalars().all()
        assert not [key for key in keys if key in text]
        assert not [n for n in range(10) if f'"r{n}"' in text or f",r{n}," in text]


def test_residents_cannot_be_joined_across_exports(filled: Outreach, tmp_path: Path) -> None:
    again = {"as_of": filled.clock.now()}
    rows = export(filled, tmp_path / "one.csv", **again)
    export(filled, tmp_path / "two.csv", **again)
    assert (tmp_path / "one.csv").read_bytes() == (tmp_path / "two.csv").read_bytes()
    part = export(filled, tmp_path / "part.csv", start=date(2026, 11, 1))
    people = [{row["居民"] for row in each if row["居民"]} for each in (rows, part)]
    assert min(map(len, people)) > 2
    assert not people[0] & people[1]


def test_the_few_of_a_village_are_not_named(store: Outreach, tmp_path: Path) -> None:
    for number in range(14):
        village = "v1" if number < 6 else "v2" if number < 8 else None
        place = {"town": "chengguan", "village": village, "target_group": "farmers"}
        store.record(answer(str(number), resident=f"p{number}", **place))
    approve(store, on(date(2026, 5, 6), village="v2", town="chengguan"))
    rows = export(store, tmp_path / "e.csv", as_of=AS_OF + timedelta(hours=1))
    shown = [(row["乡镇"], row["村(社区)"], row["重点对象"]) for row in rows if row["居民"]]
    # Two of v2 alone would be two: the fewest others are hidden with them.
    assert shown.count(HIDDEN) == 8
    assert {row["村(社区)"] for row in rows if row["类型"] == "线下活动"} == {"v2"}


places = st.tuples(
    st.sampled_from(["t1", "t2"]), st.sampled_from(["v", None]), st.sampled_from(["g", "h", None])
)


@given(st.lists(st.tuples(st.integers(0, 40), places), unique=True, max_size=60))
def test_five_share_whatever_is_shown(chosen: list[tuple[int, Place]]) -> None:
    hidden = Hidden(chosen)
    people: dict[Place, set[int]] = defaultdict(set)
    for who, place in chosen:
        shown = hidden.shown(who, place)
        assert all(part in (FEW, told) for part, told in zip(shown, place, strict=True))
        people[shown].add(who)
    some = [len(who) for shown, who in people.items() if shown != HIDDEN]
    assert all(count >= 5 for count in some)
    assert not some or len(people[HIDDEN]) not in (1, 2, 3, 4)


def test_it_is_no_workbook(store: Outreach, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="csv、json"):
        export(store, tmp_path / "e.xlsx", format="xlsx")


def test_an_empty_window_has_no_rows(store: Outreach, tmp_path: Path) -> None:
    assert export(store, tmp_path / "e.csv") == []
    assert datetime(2026, 1, 1, tzinfo=UTC) < store.clock.now()
