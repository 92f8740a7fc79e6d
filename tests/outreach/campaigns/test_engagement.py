from __future__ import annotations

import csv
import json
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook
from sqlalchemy import delete, update

from outreach.campaign_figures import CAMPAIGN_COLUMNS
from outreach.campaigns.office import Office
from outreach.delivery_tables import deliveries
from outreach.events import Event, event_key
from outreach.service_tables import subscriptions
from outreach.statistics import Table
from outreach.store import Outreach
from tests.outreach.campaigns.samples import definition, ledger, people, released, settle
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import answer, gap

DAY = date(2026, 11, 24)
ID = "anti-fraud-1"
CONTRACT = [
    *("id", "state", "audience", "queued", "sent", "failed", "blocked", "opted_out", "unknown"),
    *("clicks", "clicked_residents", "unsubscribed", "quiz"),
]


class Delivered(Event):
    __slots__ = ()
    type = "delivery"


class Clicked(Event):
    __slots__ = ()
    type = "click"


class Quiz(Event):
    __slots__ = ()
    type = "quiz"


class QuizAnswer(Event):
    __slots__ = ()
    type = "quiz_answer"


def push(office: Office, count: int, id_: str = ID, **changes: Any) -> None:
    people(office.store, [f"{id_}-{n:03}" for n in range(count)])
    office._save(definition(id=id_, **changes), by="甲")
    released(office, id_)


def names(*numbers: int, id_: str = ID) -> list[str]:
    return [f"{id_}-{n:03}" for n in numbers]


def test_the_contract_s_fields_in_every_state_of_the_ledger(
    office: Office, store: Outreach
) -> None:
    push(office, 12)
    settle(store, ID, names(0, 1, 2, 3))
    settle(store, ID, names(4, 5), "failed", reason="chat_not_found")
    settle(store, ID, names(6), "failed", reason="bad_request")
    settle(store, ID, names(7), "blocked")
    settle(store, ID, names(8), "opted_out")
    settle(store, ID, names(9), "unknown")
    with store.database.write() as connection:
        row = deliveries.c
        connection.execute(
            update(deliveries)
            .where(row.resident.in_(names(0, 1)))
            .values(clicks=3, clicked_at=store.clock.now())
        )
    found = office.status(ID).to_json()
    assert list(found)[: len(CONTRACT)] == CONTRACT
    expected = {
        "state": "sending",
        "audience": 12,
        "queued": 2,
        "sent": 4,
        "failed": {"chat_not_found": 2, "bad_request": 1},
        "blocked": 1,
        "opted_out": 1,
        "unknown": 1,
        "clicks": 6,
        "clicked_residents": 2,
        "unsubscribed": 0,
        "attempted": 9,
        "delivered": 4,
        "comparison": None,
    }
    assert {name: found[name] for name in expected} == expected
    assert (found["rates"]["delivered"]["n"], found["rates"]["delivered"]["of"]) == (4, 9)
    assert (found["rates"]["clicked"]["n"], found["rates"]["clicked"]["of"]) == (2, 4)
    assert found["rates"]["clicked"]["rate"] == 0.5
    office.recall(ID, by="乙")
    recalled = office.status(ID).to_json()
    assert (recalled["queued"], recalled["recalled"], recalled["delivered"]) == (0, 2, 4)
    # the engine then deletes what it can: that was delivered all the same
    settle(store, ID, names(0), "recalled", reason="deleted")
    after = office.status(ID).to_json()
    assert (after["sent"], after["delivered"], after["taken_back"]) == (3, 4, 1)
    assert after["rates"]["delivered"] == recalled["rates"]["delivered"]


def test_replies_are_consultations_within_48_hours(
    office: Office, store: Outreach, clock: FakeClock
) -> None:
    push(office, 4)
    early, replied, late, failed = names(0, 1, 2, 3)
    at = clock.now()
    store.record(answer("before", resident=early, channel="telegram", at=at - timedelta(hours=1)))
    settle(store, ID, [early, replied, late])
    settle(store, ID, [failed], "failed")

    def ask(name: str, resident: str, **after: float) -> None:
        moment = at + timedelta(**after)
        store.record(answer(name, resident=resident, channel="telegram", at=moment))

    ask("1", replied, minutes=5)
    ask("2", replied, minutes=20)  # the same consultation
    ask("3", replied, hours=47)
    ask("4", late, hours=48)
    ask("5", failed, minutes=5)
    store.record(gap("6", resident=early, channel="telegram", at=at + timedelta(minutes=2)))
    clock.advance(days=5)
    found = office.status(ID)
    assert (found.replies, found.replied) == (2, 1)
    assert found.rates()["replied"].of == 3


def test_an_unsubscription_is_put_down_to_the_last_push(
    office: Office, store: Outreach, clock: FakeClock
) -> None:
    push(office, 4, "one")
    stays, leaves, back, blocks = names(0, 1, 2, 3, id_="one")
    settle(store, "one", [stays, leaves, back, blocks])

    def unsubscribe(resident: str) -> None:
        with store.database.write() as connection:
            connection.execute(delete(subscriptions).where(subscriptions.c.key == resident))

    clock.advance(hours=1)
    unsubscribe(back)
    clock.advance(hours=1)
    with store.database.write() as connection:
        connection.execute(
            subscriptions.insert().values(key=back, what="campaign", since=clock.now(), position=0)
        )
    assert office.status("one").unsubscribed == 1  # came back, but had left
    clock.advance(hours=1)
    office._save(definition(id="two"), by="甲")
    released(office, "two")
    settle(store, "two", [stays, leaves, back])
    settle(store, "two", [blocks], "blocked")
    unsubscribe(leaves)
    unsubscribe(blocks)  # the engine does so for whoever blocked the bot
    assert office.status("one").unsubscribed == 1
    assert office.status("two").unsubscribed == 1


def test_an_unsubscription_counts_once(office: Office, store: Outreach, clock: FakeClock) -> None:
    """Also where the last push was taken back, and not for whoever asked for deletion."""
    push(office, 2, "one")
    leaves, erased = names(0, 1, id_="one")
    settle(store, "one", [leaves, erased])
    clock.advance(hours=1)
    office._save(definition(id="two"), by="甲")
    released(office, "two")
    settle(store, "two", [leaves, erased])
    office.recall("two", by="乙")
    settle(store, "two", [leaves], "recalled", reason="deleted")
    clock.advance(hours=1)
    with store.database.write() as connection:
        connection.execute(delete(subscriptions).where(subscriptions.c.key == leaves))
    store.erase(erased)
    assert [office.status(id_).unsubscribed for id_ in ("one", "two")] == [0, 1]


def test_quiz_and_the_two_texts(office: Office, store: Outreach) -> None:
    push(office, 40, second={"default": "别的说法"})
    settle(store, ID, names(*range(40)))
    rows = ledger(store, ID)
    a = [row.resident for row in rows if row.variant == "a"]
    with store.database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.resident.in_(a))
            .values(clicks=1, clicked_at=store.clock.now())
        )
    at = store.clock.now() + timedelta(hours=1)

    def quiz(kind: type[Event], name: str, resident: str, **fields: Any) -> None:
        store.record(
            kind(key=event_key(name), at=at, channel="telegram", resident=resident, **fields)
        )

    quiz(Quiz, "q1", a[0])
    quiz(QuizAnswer, "q2", a[0], result="right")
    quiz(QuizAnswer, "q3", a[0], result="wrong")
    quiz(Quiz, "q4", "stranger")
    found = office.status(ID).to_json()
    assert found["quiz"] == {
        "residents": 1,
        "attempts": 1,
        "answered": 2,
        "right_first": 1,
        "right_first_rate": 0.5,
    }
    assert found["variants"]["a"] == {"audience": len(a), "sent": len(a), "clicked": len(a)}
    assert found["comparison"]["better"] == "a"
    assert json.loads(json.dumps(found)) == found


def table(store: Outreach, *by: str, as_of: datetime | None = None) -> Table:
    return store.stats(DAY, date(2026, 12, 31), by, as_of)


@pytest.fixture
def pushed(office: Office, store: Outreach) -> Outreach:
    """Of 6: 3 delivered (one clicks), 2 failed, 1 unknown; and one more delivered in December."""
    push(office, 7, node="anti-fraud-month")
    settle(store, ID, names(0, 1, 2))
    settle(store, ID, names(3, 4), "failed", reason="chat_not_found")
    settle(store, ID, names(5), "unknown")
    at = store.clock.now()
    common: dict[str, Any] = {
        "channel": "telegram",
        "campaign": ID,
        "organ": "公安局",
        "topic": "反诈",
        "node": "anti-fraud-month",
    }
    for n in (0, 1, 2):
        town = "chengguan" if n else None
        store.record(
            Delivered(key=event_key(f"d{n}"), at=at, resident=names(n)[0], town=town, **common)
        )
    for n in (0, 0, 1):
        store.record(Clicked(key=event_key(f"c{n}"), at=at, resident=names(n)[0], **common))
    december = datetime(2026, 12, 2, tzinfo=UTC)
    store.record(Delivered(key=event_key("d9"), at=december, resident=names(6)[0], **common))
    return store


def test_the_measures(pushed: Outreach, clock: FakeClock) -> None:
    clock.advance(days=30)
    total = table(pushed).total
    assert (total["pushed"], total["delivered"], total["clicked_residents"]) == (7, 4, 2)
    by_month = {row.by["month"]: row.measures for row in table(pushed, "month").rows}
    assert [by_month[m]["pushed"] for m in ("2026-11", "2026-12")] == [6, 1]
    assert [by_month[m]["clicked_residents"] for m in ("2026-11", "2026-12")] == [2, 0]
    (row,) = table(pushed, "campaign", "organ", "topic", "channel", "node").rows
    assert list(row.by.values())[:4] == [ID, "公安局", "反诈", "telegram"]
    assert (row.measures["pushed"], row.measures["delivered"]) == (7, 4)
    towns = {row.by["town"]: row.measures for row in table(pushed, "town").rows}
    assert towns["城关镇"]["delivered"] == "<5"
    (law,) = table(pushed, "law").rows
    assert (law.by["law"], law.measures["pushed"]) == ("—", 7)
    (row,) = table(pushed, "law", "campaign").rows
    assert row.measures["delivered"] == 4


def test_figures_as_of_then_are_the_same_again(pushed: Outreach, clock: FakeClock) -> None:
    before = clock.now() - timedelta(seconds=1)
    assert table(pushed, as_of=before).total["pushed"] == 0
    now = clock.now()
    first = table(pushed, as_of=now).total
    clock.advance(days=1)
    settle(pushed, ID, names(6), "failed", reason="x")
    assert table(pushed, as_of=now).total == first
    assert table(pushed, as_of=clock.now()).total["pushed"] == 8


def test_erasing_a_resident_changes_no_figure(pushed: Outreach, clock: FakeClock) -> None:
    clock.advance(days=30)
    before = table(pushed).total
    assert pushed.erase(names(0)[0]) is not None
    assert table(pushed).total == before


def test_an_empty_store_has_no_row_of_pushes(store: Outreach) -> None:
    assert table(store, "law").rows == ()
    assert table(store, "campaign").rows == ()
    assert table(store).total["pushed"] == 0


@pytest.mark.parametrize("form", ["csv", "json", "xlsx"])
def test_the_export(pushed: Outreach, clock: FakeClock, tmp_path: Path, form: str) -> None:
    clock.advance(days=30)
    out = tmp_path / f"c.{form}"
    done = pushed.export(
        out, kind="campaigns", format=form, start=DAY, end=date(2026, 12, 31), exporter="李"
    )
    assert done.rows == 1
    if form == "csv":
        with out.open(encoding="utf-8-sig", newline="") as stream:
            (row,) = csv.DictReader(stream)
        assert done.meta is not None
        assert json.loads(done.meta.read_text())["columns"] == list(CAMPAIGN_COLUMNS)
    elif form == "json":
        held = json.loads(out.read_text())
        (row,) = held["rows"]
        assert held["meta"]["sha256"] == done.sha256
    else:
        sheet = load_workbook(out)["推送活动"]
        cells = [[str(cell.value) for cell in line] for line in sheet.iter_rows()]
        head = next(n for n, line in enumerate(cells) if line[0] == "编号")
        row = dict(zip(cells[head], cells[head + 1], strict=True))
    assert (row["编号"], row["活动"], row["状态"]) == (ID, "先停一停", "发送中")
    found = [str(row[name]) for name in ("推送", "送达", "点击人数")]
    assert found == ["7", "4", "2"]
    assert float(row["触达率"]) == pytest.approx(4 / 7, abs=1e-6)
    assert float(row["点击率"]) == 0.5
