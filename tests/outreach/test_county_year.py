"""A simulated county-year from the first record to the report; every cell is counted twice.

The year is that of tests/outreach/county_year.py.
"""

from __future__ import annotations

import calendar
import csv
import json
import shutil
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from outreach import bulk, sealing, statistics
from outreach.events import record
from outreach.ledger import LEDGER_COLUMNS
from outreach.sheet_parts import MEASURE_TITLES
from outreach.simulation import CountyYear
from outreach.statistics import DIMENSIONS
from outreach.store import Outreach
from tests.outreach import raw_rows, slow_pushes
from tests.outreach.conftest import FakeClock
from tests.outreach.county_year import FIRST, LAST, NOW, YEAR, Lived, label
from tests.outreach.raw_rows import Raw
from tests.outreach.recount import OFFLINE, recount, recount_offline
from tests.outreach.slow_pushes import PUSHED
from tests.outreach.test_rollups import kept

pytestmark = pytest.mark.slow
ASKED = ("consultations", "online_residents", "referrals", "gaps", "quiz_attempts")
ONLINE = (*ASKED, *PUSHED)


def expected(
    raw: Raw, first: date, last: date, by: list[str], as_of: datetime = NOW
) -> dict[tuple[str, ...], Any]:
    """Rows of a table, all measures, under the names that people read."""
    online = recount(raw.events, first, last, by)
    offline = recount_offline(raw.activities, first, last, by)
    pushes = slow_pushes.recount(raw, first, last, by, as_of)
    rows: dict[tuple[str, ...], Any] = {}
    for values in {*online, *offline, *pushes}:
        found: dict[str, int | None] = {
            **dict.fromkeys((*ONLINE, *OFFLINE), 0),
            **online.get(values, {}),
            **offline.get(values, {}),
            **pushes.get(values, {}),
        }
        channel = dict(zip(by, values, strict=True)).get("channel")
        for name in OFFLINE if channel not in (None, "offline") else ():
            found[name] = None
        for name in ONLINE if channel == "offline" else ():
            found[name] = None
        named = tuple(
            label(name, value)
            if name in ("town", "village", "group", "node") and value != "—"
            else value
            for name, value in zip(by, values, strict=True)
        )
        rows[named] = found
    return rows


@pytest.mark.parametrize(
    "by",
    [
        *([name] for name in DIMENSIONS),
        ["organ", "month"],
        ["law", "channel"],
        ["town", "group"],
        ["system", "topic", "node"],
    ],
    ids="-".join,
)
def test_every_cell_of_the_statistics(lived: Lived, by: list[str]) -> None:
    table = statistics.stats(lived.store.database, FIRST, LAST, by, NOW, exact=True)
    cells = {
        tuple(row.by.values()): {name: row.measures[name] for name in (*ONLINE, *OFFLINE)}
        for row in table.rows
    }
    assert cells == expected(lived.raw, FIRST, LAST, by)
    assert {name: table.total[name] for name in (*ONLINE, *OFFLINE)} == expected(
        lived.raw, FIRST, LAST, []
    )[()]


def test_the_columns_of_closed_days_were_used(lived: Lived) -> None:
    assert len(kept(lived.store, NOW)) > 200


def test_every_cell_of_the_ledger(lived: Lived, tmp_path: Path) -> None:
    out = tmp_path / "ledger.csv"
    lived.store.export(out, kind="ledger", format="csv", start=FIRST, end=LAST, exporter="李")
    with out.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    assert [row.pop("序号") for row in rows] == [str(n + 1) for n in range(len(rows))]
    names = LEDGER_COLUMNS[1:]
    told = sorted(tuple(row[name] for name in names) for row in rows)
    counted = raw_rows.ledger(lived.raw, FIRST, LAST, label)
    assert told == sorted(tuple(row.get(name, "") for name in names) for row in counted)
    assert [row["日期"] for row in rows] == sorted(row["日期"] for row in rows)


def sheet(path: Path, name: str) -> list[dict[str, Any]]:
    book = load_workbook(path, read_only=True)
    lines = list(book[name].iter_rows(min_row=3, values_only=True))
    book.close()
    head = [str(cell) for cell in lines[0] if cell is not None]
    return [dict(zip(head, line, strict=False)) for line in lines[1:] if line[1] is not None]


TITLES = {
    title: name
    for name, title in MEASURE_TITLES.items()
    if name in (*ONLINE, *OFFLINE, "online_person_times")
}


def cells_agree(shown: dict[str, Any], counted: dict[str, Any] | None) -> None:
    for title in TITLES.keys() & shown.keys():
        name = TITLES[title].replace("online_person_times", "consultations")
        name = name if title != "线下人次" else "offline_person_times"
        value = 0 if counted is None else counted[name]
        assert shown[title] == value, (shown, title)


def test_every_figure_of_the_units_and_months(lived: Lived, tmp_path: Path) -> None:
    out = tmp_path / "organs.xlsx"
    lived.store.export(out, kind="organs", format="xlsx", start=FIRST, end=LAST, exporter="李")
    for name, by, head in (
        ("按单位", "organ", "责任单位"),
        ("按系统", "system", "系统"),
        ("按月", "month", "月"),
    ):
        counted = expected(lived.raw, FIRST, LAST, [by])
        rows = {row[head]: row for row in sheet(out, name)}
        cells_agree(rows.pop("合计"), expected(lived.raw, FIRST, LAST, [])[()])
        assert {values[0] for values in counted} <= rows.keys()
        for value, row in rows.items():
            cells_agree(row, counted.get((value,)))


def test_every_figure_of_the_nodes(lived: Lived, tmp_path: Path) -> None:
    out = tmp_path / "nodes.xlsx"
    lived.store.export(out, kind="nodes", format="xlsx", start=FIRST, end=LAST, exporter="李")
    counted = expected(lived.raw, FIRST, LAST, ["node"])
    seen = set()
    for row in sheet(out, "节点活动"):
        if row["场次"] != "—":  # a second date of the same node
            cells_agree(row, counted.get((row["节点"],)))
            seen.add(row["节点"])
    assert {values[0] for values in counted} - {"—"} <= seen


def test_every_figure_of_the_paragraph(lived: Lived, tmp_path: Path) -> None:
    out = tmp_path / "report.json"
    lived.store.export(out, kind="report", format="json", start=FIRST, end=LAST, exporter="李")
    (draft, *_) = json.loads(out.read_text(encoding="utf-8"))["drafts"]
    checked = 0
    for told in draft["figures"]:
        measure = told["id"].partition("@")[0]
        if "." in measure:  # duties and notices: test_county_audit.py
            continue
        where = told["where"]
        if measure in PUSHED:
            assert not where
            value = expected(lived.raw, FIRST, LAST, [])[()][measure]
        else:
            value = raw_rows.figure(lived.raw, FIRST, LAST, measure, where, label)
        assert told["value"] == value, told["id"]
        checked += 1
    assert checked > 25
    assert {told["id"] for told in draft["figures"]} >= {*PUSHED}
    assert f"举办培训班{YEAR.trainings}期" in draft["text"]
    assert f"活动{YEAR.activities}场次" in draft["text"]


def test_every_closed_month(lived: Lived) -> None:
    for period in lived.store.closed_periods():
        month = period.month
        closed = lived.closed[str(month)]
        raw = raw_rows.read(lived.path, closed)
        last = date(month.year, month.month, calendar.monthrange(month.year, month.month)[1])
        rows = expected(raw, month.first, last, ["organ"], closed)
        rows[("合计",)] = expected(raw, month.first, last, [], closed).get((), None)
        assert {(name,) for name in period.figures} == rows.keys()
        for (name,), counted in rows.items():
            if counted is not None:
                shown = {m: period.figures[name][m] for m in (*ONLINE, *OFFLINE)}
                assert shown == counted, (str(month), name)
        # What has changed since is the difference between then and now.
        now = expected(lived.raw, month.first, last, ["organ"])
        told = lived.store.period_differences(str(month))
        assert told.intact
        changes = {(d.organ, d.measure): (d.closed or 0, d.now or 0) for d in told.changes}
        for (name,) in {*rows, *now} - {("合計",), ("合计",)}:
            for measure in (*ONLINE, *OFFLINE):
                then = (rows.get((name,)) or {}).get(measure, 0)
                today = now.get((name,), {}).get(measure, 0)
                assert ((name, measure) in changes) == (then != today)


def test_the_bulk_path_writes_the_same_rows(empty: Path, tmp_path: Path, clock: FakeClock) -> None:
    """The bench's events are those of the real path, but for when they were recorded."""
    year = CountyYear(events=600, residents=40)
    stores = []
    for name in ("bulk", "real"):
        path = Path(shutil.copy(empty, tmp_path / name))
        stores.append((path, Outreach.open(f"sqlite:///{path}", clock)))
    bulk.fill(stores[0][1].database, year)
    with stores[1][1].database.write() as connection:
        for _, turns in year.days():
            for event, _ in year.happened(turns):
                record(connection, event, now=clock.now())
    found = []
    for path, store in stores:
        raw = raw_rows.read(path, datetime(2030, 1, 1, tzinfo=UTC))
        for each in raw.events:
            each.resident = each.resident_id = each.recorded_at = None
            each.articles = [article.law for article in each.articles]
        found.append([vars(each) for each in raw.events])
        store.close()
    assert found[0] == found[1]


def test_the_bulk_store_has_its_guards_and_counts(
    empty: Path, tmp_path: Path, clock: FakeClock
) -> None:
    path = Path(shutil.copy(empty, tmp_path / "bulk"))
    store = Outreach.open(f"sqlite:///{path}", clock)

    def schema() -> list[Any]:
        with store.database.read() as connection:
            query = "SELECT type, name, sql FROM sqlite_master ORDER BY 1, 2"
            rows = connection.exec_driver_sql(query).all()
        return [tuple(row) for row in rows if not row.name.startswith("sqlite_stat")]

    before = schema()
    bulk.fill(store.database, CountyYear(events=600, residents=40))
    assert schema() == before
    sealing.seal(store.database, LAST)
    quick = statistics.stats(store.database, FIRST, LAST, ["organ", "law"], NOW)
    slow = statistics.stats(store.database, FIRST, LAST, ["organ", "law"], NOW, recount=True)
    assert quick.to_json() == slow.to_json()
    store.close()
