"""Campaigns on PostgreSQL: the same statements, the same figures."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from errors import OutreachError
from outreach.campaigns import audience
from outreach.campaigns.definition import Audience
from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from outreach.delivery_tables import deliveries
from outreach.events import Event, event_key
from outreach.store import Outreach
from tests.outreach.campaigns.samples import (
    definition,
    ledger,
    office_of,
    people,
    released,
    settle,
    team,
)
from tests.outreach.conftest import FakeClock
from tests.outreach.test_postgresql import wipe

pytestmark = pytest.mark.slow


class Delivered(Event):
    __slots__ = ()
    type = "delivery"


@pytest.fixture
def store(postgresql: str, clock: FakeClock) -> Iterator[Outreach]:
    wipe(postgresql)
    opened = Outreach.open(postgresql, clock)
    yield opened
    opened.close()


@pytest.fixture
def office(store: Outreach, gate: Gate) -> Office:
    office = office_of(store, gate)
    team(office)
    return office


def test_from_draft_to_figures(office: Office, store: Outreach, clock: FakeClock) -> None:
    people(store, ["r1", "r2"], town="chengguan", topics="fraud,land")
    people(store, ["r3"], town="xihe")
    wanted = Audience(
        towns=("chengguan",), topics=("fraud",), without_groups=("farmers",), quiz="not_answered"
    )
    for id_, second in (("one", None), ("two", {"default": "别的"})):
        office._save(definition(id=id_, audience=wanted, second=second), by="甲")
        released(office, id_)
        assert [row.resident for row in ledger(store, id_)] == ["r1", "r2"]
    with store.database.read() as connection:
        found = audience.count(connection, definition(audience=wanted), clock.now())
    assert found.excluded == {"town": 1, "cap": 2}
    settle(store, "one", ["r1"])
    settle(store, "one", ["r2"], "failed", reason="bad_request")
    common: dict[str, Any] = {"channel": "telegram", "campaign": "one", "town": "chengguan"}
    store.record(Delivered(key=event_key("d"), at=clock.now(), resident="r1", **common))
    status = office.status("one").to_json()
    assert (status["sent"], status["failed"], status["unsubscribed"]) == (1, {"bad_request": 1}, 0)
    clock.advance(days=1)
    for by in ([], ["campaign"], ["law"], ["month", "channel"], ["town", "organ"]):
        table = store.stats(date(2026, 10, 5), date(2026, 12, 31), by)
        if "town" not in by:
            assert (table.total["pushed"], table.total["delivered"]) == (2, 1)
        else:
            assert {row.by["town"]: row.measures["delivered"] for row in table.rows} == {
                "城关镇": "<5",
                "—": "<5",
            }
    assert office.recall("two", by="乙").state == "recalled"


def test_two_publishers_at_once_release_once(office: Office, store: Outreach) -> None:
    people(store, [f"r{n}" for n in range(50)])
    office._save(definition(), by="甲")
    office.submit("anti-fraud-1", by="甲")
    office.approve("anti-fraud-1", by="乙")
    together = threading.Barrier(3)
    results: list[str] = []

    def send(who: str) -> None:
        together.wait()
        try:
            results.append(office.send("anti-fraud-1", by=who).state)
        except OutreachError as error:
            results.append(str(error))

    threads = [threading.Thread(target=send, args=(who,)) for who in ("丙", "丙", "丁")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results)[-1] == "sending"
    assert results.count("sending") == 1
    with store.database.read() as connection:
        assert len(connection.execute(select(deliveries)).all()) == 50


@pytest.mark.parametrize("table", ["campaign_log", "staff_log"])
@pytest.mark.parametrize("statement", ["UPDATE {0} SET step = 'x'", "DELETE FROM {0}"])
def test_the_logs_are_append_only(
    office: Office, store: Outreach, table: str, statement: str
) -> None:
    office._save(definition(), by="甲")
    with pytest.raises(DBAPIError, match="append-only"), store.database.write() as connection:
        connection.execute(text(statement.format(table)))


def test_a_code_binds_one_account(office: Office, clock: FakeClock) -> None:
    code = office.issue_code("乙", by="管理员")
    assert office.bind(code, "k1").name == "乙"
    with pytest.raises(OutreachError, match="不对"):
        office.bind(code, "k2")
    late = office.issue_code("丙", by="管理员")
    clock.moment += timedelta(minutes=16)
    with pytest.raises(OutreachError, match="过期"):
        office.bind(late, "k3")
