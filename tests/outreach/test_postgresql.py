"""The same store on PostgreSQL: what differs between the engines is tried here."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from hypothesis import HealthCheck, given, settings
from sqlalchemy import create_engine, func, select, text
from sqlalchemy.exc import DBAPIError

from errors import OutreachError
from outreach import notices, sealing, tables
from outreach.codes import county_codes
from outreach.events import Event, Reversal, record
from outreach.evidence_package import write_package
from outreach.evidence_records import of_event
from outreach.insight import insight
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.recount import OFFLINE, recount, recount_offline
from tests.outreach.samples import CIVIL, FRAUD, NOON, Log, Report, answer, logs, reports, standing
from tests.outreach.test_database import fill_log
from tests.outreach.test_imports import JOINT, approve_all, as_csv
from tests.outreach.test_offline import tell_all
from tests.outreach.test_rollups import Step, both, carry_out, histories
from tests.outreach.test_statistics import COUNTED, LATER, WHOLE, exact, figures

pytestmark = pytest.mark.slow


@pytest.fixture
def store(postgresql: str) -> Iterator[Outreach]:
    wipe(postgresql)
    opened = Outreach.open(postgresql, FakeClock())
    yield opened
    opened.close()


def wipe(url: str) -> None:
    engine = create_engine(url, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        connection.execute(text("DROP SCHEMA public CASCADE"))
        connection.execute(text("CREATE SCHEMA public"))
    engine.dispose()


def test_the_schema_is_the_same(store: Outreach) -> None:
    with store.database.read() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, tables.metadata) == []


def test_several_may_open_at_once(postgresql: str) -> None:
    wipe(postgresql)
    problems: list[BaseException] = []

    def work() -> None:
        try:
            Outreach.open(postgresql, FakeClock()).close()
        except BaseException as error:
            problems.append(error)

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert problems == []


def test_a_conversation_is_received_answered_counted_and_forgotten(
    store: Outreach, tmp_path: Path
) -> None:
    assert store.inbox.receive("web:1", "web", "r1", "能退货吗", at=NOON)
    assert not store.inbox.receive("web:1", "web", "r1", "能退货吗", at=NOON)
    assert store.record_answer("web:1", "answer", answer("a"))
    assert not store.record_answer("web:1", "answer", answer("b"))
    store.inbox.sent("web:1")
    assert store.inbox.unsent("web") == []
    day = date(2026, 11, 24)
    assert store.stats(day, day, ["law"], LATER).total["consultations"] == 1
    done = store.export(
        tmp_path / "l.csv", kind="ledger", format="csv", start=day, end=day, exporter="李"
    )
    assert done.rows == 1
    assert store.erase("r1") is not None
    assert store.stats(day, day, [], LATER).total["online_residents"] == 1


@pytest.mark.parametrize("table", tables.APPEND_ONLY)
@pytest.mark.parametrize(
    "statement", ["UPDATE {0} SET {1} = {1}", "DELETE FROM {0}", "TRUNCATE {0} CASCADE"]
)
def test_the_log_is_append_only(store: Outreach, table: str, statement: str) -> None:
    fill_log(store)
    column = tables.metadata.tables[table].primary_key.columns[0].name
    with pytest.raises(DBAPIError, match="append-only"), store.database.write() as connection:
        connection.execute(text(statement.format(table, column)))


def test_readers_cannot_write(store: Outreach) -> None:
    with pytest.raises(DBAPIError, match="read-only"), store.database.read() as connection:
        connection.execute(text("INSERT INTO residents (key) VALUES ('k')"))


def test_replicas_record_the_same_event_once(store: Outreach, postgresql: str) -> None:
    other = Outreach.open(postgresql, FakeClock())
    results: list[bool] = []

    def work(mine: Outreach) -> None:
        for number in range(30):
            results.append(mine.record(answer(str(number))))

    threads = [threading.Thread(target=work, args=(each,)) for each in (store, other, store)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    other.close()
    assert sorted(results) == [False] * 60 + [True] * 30
    with store.database.read() as connection:
        assert connection.execute(select(func.count()).select_from(tables.events)).scalar() == 30
        assert connection.execute(select(func.count()).select_from(tables.residents)).scalar() == 1


def test_an_event_is_taken_back_once(store: Outreach) -> None:
    store.record(answer("a"))
    first = Reversal(key="v1", at=NOON, of=answer("a").key, actor="王", reason="误记")
    assert store.record(first) is True
    assert store.record(first) is False
    with pytest.raises(OutreachError, match="已经冲销过"):
        store.record(replace(first, key="v2"))


@settings(
    max_examples=examples(15),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(log=logs())
def test_figures_agree_with_the_slow_recount(postgresql: str, log: Log) -> None:
    wipe(postgresql)
    store = Outreach.open(postgresql, FakeClock(datetime(2026, 1, 1, tzinfo=UTC)))
    with store.database.write() as connection:
        happened: list[Event | Reversal] = [*log.events, *log.reversals]
        for event in happened:
            record(connection, event, now=store.clock.now())
    for by in (["organ", "topic", "month"], ["law", "town"]):
        assert figures(exact(store, *WHOLE, by)) == recount(log.standing, *WHOLE, by)
    total = store.stats(*WHOLE, [], LATER).total
    expected = recount(log.standing, *WHOLE, []).get((), dict.fromkeys(COUNTED, 0))
    store.close()
    assert {name: total[name] for name in COUNTED} == expected


@settings(
    max_examples=examples(6),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(history=histories())
def test_columns_and_raw_rows_agree(postgresql: str, history: tuple[Log, list[Step]]) -> None:
    wipe(postgresql)
    store = Outreach.open(postgresql, FakeClock())
    carry_out(store, history[1])
    for by in (["organ", "topic", "month"], ["law", "town"], []):
        quick, slow = both(store.database, *WHOLE, by, LATER)
        assert quick == slow
    store.close()


def test_columns_miss_nothing_that_replicas_commit_late(store: Outreach, postgresql: str) -> None:
    """A number that is taken early and committed late is still after the mark."""
    other = Outreach.open(postgresql, FakeClock())
    store.record(answer("first", at=NOON - timedelta(days=1)))
    sealed = threading.Thread(target=sealing.seal, args=(store.database, date(2026, 11, 23)))
    with other.database.write() as connection:
        record(connection, answer("slow", at=NOON - timedelta(days=1), resident="r2"), now=NOON)
        sealed.start()
        waiting = text("SELECT count(*) FROM pg_locks WHERE NOT granted")
        while sealed.is_alive() and not connection.execute(waiting).scalar():
            pass
        assert sealed.is_alive()  # it waits for who is writing
    sealed.join()
    other.close()
    quick, slow = both(store.database, *WHOLE, [], LATER)
    assert quick == slow
    assert quick["total"]["consultations"] == 2


@settings(
    max_examples=examples(10),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(numbers=reports())
def test_offline_figures_agree_with_the_slow_recount(
    postgresql: str, numbers: list[list[Report]]
) -> None:
    wipe(postgresql)
    store = Outreach.open(postgresql, FakeClock())
    tell_all(store, numbers)
    for by in (["organ", "topic", "month"], ["law", "group"]):
        expected = recount_offline(standing(numbers), *WHOLE, by)
        table = exact(store, *WHOLE, by)
        assert {
            tuple(row.by.values()): {name: row.measures[name] for name in OFFLINE}
            for row in table.rows
        } == expected
    store.close()


def test_an_activity_goes_from_sheet_to_closed_month(store: Outreach, tmp_path: Path) -> None:
    file = as_csv(tmp_path / "l.csv", JOINT)
    assert store.import_activities(file, actor="王五").count("added") == 3
    approve_all(store)
    out = tmp_path / "out.csv"
    store.export(out, kind="ledger", format="csv", start=WHOLE[0], end=WHOLE[1], exporter="李")
    assert store.import_activities(out, actor="王五").count("unchanged") == 3
    assert store.close_period("2026-04", actor="李四").figures["司法局"]["trainings"] == 1
    (training,) = [a for a in store.activities() if a.activity.kind == "training"]
    store.reverse_activity(training.number, actor="李四", reason="没有办")
    told = {d.measure for d in store.period_differences("2026-04").changes}
    assert told >= {"trainings", "offline_person_times", "donated_books"}


def test_notices_insight_and_evidence(store: Outreach, tmp_path: Path) -> None:
    fill_log(store)  # a notice with its file among the rest
    store.record(answer("b", resident="r2", articles=(CIVIL, FRAUD)))
    day = date(2026, 11, 24)
    given = (store.database, county_codes(), county.duties().calendar)
    found = insight(*given, date(2026, 11, 1), day, store.clock.now())
    assert found.table("topic").withheld == 1
    narrowed = insight(*given, date(2026, 11, 1), day, store.clock.now(), "chengguan")
    assert narrowed.table("topic").withheld == 0
    (reminder,) = notices.listed(store.database, LATER)
    assert reminder.answer is not None
    assert [each.name for each in reminder.answer.files] == ["a.jpg"]
    (held,) = store.activities()
    package = of_event(store.database, county_codes(), held.number)
    assert [step.step for step in package.chain] == ["登记", "附佐证", "审核通过"]
    assert write_package(package, None, tmp_path / "p.zip").missing
