from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from errors import DuplicateKey, OutreachError
from outreach import tables
from outreach.events import Answer, Event, Feedback, Gap, Reversal, event_key, local_day
from outreach.residents import resident_key
from outreach.store import Outreach
from outreach.tables import from_micros, to_micros
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import CIVIL, CONSUMER, FRAUD, NOON, answer, gap, referral


def stored(store: Outreach, table: str = "events") -> list[dict[str, Any]]:
    found = tables.metadata.tables[table]
    with store.database.read() as connection:
        query = select(found).order_by(*found.primary_key.columns)
        return [dict(row) for row in connection.execute(query).mappings()]


def test_an_event_keeps_its_dimensions_and_articles(store: Outreach, clock: FakeClock) -> None:
    store.record(answer("a", town="城关镇", articles=(FRAUD, CONSUMER)))
    (row,) = stored(store)
    assert row["type"] == "answer"
    assert row["at"] == NOON
    assert row["recorded_at"] == clock.now()
    assert (row["day"], row["unit"], row["quantity"]) == (20261124, "人次", 1)
    assert (row["organ"], row["town"], row["village"]) == ("市场监管局", "城关镇", None)
    assert [
        (cited["rank"], cited["law"], cited["article"], cited["version_date"])
        for cited in stored(store, "event_articles")
    ] == [(1, FRAUD.law, "第二十条", 20220902), (2, CONSUMER.law, "第二十五条", 20131025)]


def test_the_log_does_not_hold_the_residents_key(store: Outreach) -> None:
    key = resident_key(b"x" * 32, "web", "13800000000")
    store.record(answer("a", resident=key))
    assert key not in str(stored(store))
    assert stored(store, "residents") == [{"id": stored(store)[0]["resident_id"], "key": key}]


def test_the_same_event_again_is_nothing_new(store: Outreach, clock: FakeClock) -> None:
    assert store.record(answer("a")) is True
    clock.advance(hours=1)
    assert store.record(answer("a")) is False
    assert len(stored(store)) == 1


@pytest.mark.parametrize(
    "change",
    [
        {"topic": "其他"},
        {"at": NOON + timedelta(microseconds=1)},
        {"resident": "r2"},
        {"articles": (CIVIL,)},
        {"articles": ()},
        {"articles": (replace(CONSUMER, version_date=CIVIL.version_date),)},
        {"in_scope": False},
        {"quantity": 2},
    ],
)
def test_the_same_key_with_other_content_is_refused(
    store: Outreach, change: dict[str, Any]
) -> None:
    store.record(answer("a"))
    with pytest.raises(DuplicateKey):
        store.record(answer("a", **change))
    assert len(stored(store)) == 1
    assert [row["key"] for row in stored(store, "residents")] == ["r1"]


def test_the_same_key_with_another_type_is_refused(store: Outreach) -> None:
    store.record(gap("g"))
    with pytest.raises(DuplicateKey):
        store.record(referral("g", key=event_key("g", "gap"), result=None, topic=None))


def test_a_redelivery_after_a_deletion_request_brings_nobody_back(store: Outreach) -> None:
    store.record(answer("a"))
    store.erase("r1")
    assert store.record(answer("a")) is False
    assert stored(store, "residents") == []


def test_a_correction_says_who_and_why(store: Outreach) -> None:
    store.record(answer("a"))
    store.reverse(answer("a").key, actor="王", reason="重复登记")
    original, back = stored(store)
    assert (back["type"], back["reverses"]) == ("reversal", original["id"])
    assert (back["actor"], back["reason"], back["quantity"]) == ("王", "重复登记", -1)
    assert (back["organ"], back["resident_id"]) == (original["organ"], None)


def test_corrections_that_make_no_sense_are_refused(store: Outreach) -> None:
    key = answer("a").key
    with pytest.raises(OutreachError, match="不存在"):
        store.reverse("nothing", actor="王", reason="误记")
    store.record(answer("a"))
    with pytest.raises(OutreachError, match="经办人和原因"):
        store.reverse(key, actor="王", reason=" ")
    first = Reversal(key="v1", at=NOON, of=key, actor="王", reason="误记")
    assert store.record(first) is True
    assert store.record(first) is False
    with pytest.raises(OutreachError, match="已经冲销过"):
        store.record(replace(first, key="v2"))
    with pytest.raises(OutreachError, match="不能再冲销"):
        store.record(Reversal(key="v3", at=NOON, of="v1", actor="王", reason="误记"))
    with pytest.raises(DuplicateKey):
        store.record(replace(first, reason="另一个原因"))
    assert len(stored(store)) == 2


def test_a_deletion_request_cuts_the_tie_and_is_logged(store: Outreach, clock: FakeClock) -> None:
    kept = Outreach(store.database, clock, store.inbox, keep_texts=True)
    for number, resident in enumerate(("r1", "r1", "r2")):
        kept.inbox.receive(f"web:{number}", "web", resident, "问", at=NOON)
        event = answer(str(number), resident=resident)
        kept.record_answer(f"web:{number}", "answer", event, text="能退货吗")
    number = stored(store)[0]["resident_id"]
    done = store.erase("r1", during="web:1")
    assert done is not None
    assert (done.events, done.texts) == (2, 2)
    assert [row["key"] for row in stored(store, "residents")] == ["r2"]
    assert [row["event_id"] for row in stored(store, "event_texts")] == [3]
    (log,) = stored(store, "erasures")
    assert (log["resident_id"], log["at"], log["actor"]) == (number, clock.now(), "本人")
    assert "r1" not in str(log)
    # The request itself is still owed its reply; the rest is forgotten.
    assert [p.update_key for p in store.inbox.unsent("web")] == ["web:1", "web:2"]
    assert store.erase("r1") is None
    # Coming back makes a new person.
    store.record(answer("back", resident="r1"))
    assert stored(store)[-1]["resident_id"] != number


def test_the_number_of_an_erased_resident_is_not_given_again(store: Outreach) -> None:
    store.record(answer("a"))
    store.erase("r1")
    store.record(answer("b", resident="r9"))
    first, second = stored(store)
    assert first["resident_id"] != second["resident_id"]


def test_question_texts_are_off_unless_asked_for(store: Outreach, clock: FakeClock) -> None:
    store.inbox.receive("web:1", "web", "r1", "问", at=NOON)
    store.record_answer("web:1", "answer", [answer("a"), referral("a")], text="能退货吗")
    assert stored(store, "event_texts") == []
    kept = Outreach(store.database, clock, store.inbox, keep_texts=True)
    store.inbox.receive("web:2", "web", "r1", "问", at=NOON)
    kept.record_answer("web:2", "answer", [answer("b"), referral("b")], text="能退货吗")
    assert [row["text"] for row in stored(store, "event_texts")] == ["能退货吗"]
    clock.advance(days=31)
    assert kept.purge() == (2, 1)
    assert stored(store, "event_texts") == []
    assert len(stored(store)) == 4


def test_blank_is_stored_in_one_way(store: Outreach) -> None:
    store.record(answer("a", town="", topic="—"))
    (row,) = stored(store)
    assert (row["town"], row["topic"]) == (None, None)


@pytest.mark.parametrize(
    "build",
    [
        lambda: answer(organ=None),
        lambda: answer(resident=None),
        lambda: answer(at=datetime(2026, 1, 1)),  # noqa: DTZ001
        lambda: answer(articles=(CIVIL, CIVIL)),
        lambda: answer(kind="smalltalk"),
        lambda: Reversal(key="v", at=datetime(2026, 1, 1), of="x", actor="a", reason="r"),  # noqa: DTZ001
    ],
)
def test_an_event_that_cannot_be_is_a_defect(build: Any) -> None:
    with pytest.raises(ValueError, match=r"aware|needs a resident|once per event|never in scope"):
        build()


def test_feedback_needs_nobody(store: Outreach) -> None:
    store.record(
        Feedback(key="f", at=NOON, channel="web", subject=answer("a").key, result="useful")
    )
    (row,) = stored(store)
    assert (row["type"], row["resident_id"], row["organ"]) == ("feedback", None, None)


def test_every_type_has_its_own_word() -> None:
    types = [each.type for each in (Answer, Gap, Feedback)]
    assert len(set(types)) == len(types)
    assert not hasattr(Event, "type")


def test_keys_depend_on_every_part_and_its_place() -> None:
    keys = {event_key("a", "b"), event_key("ab"), event_key("b", "a"), event_key("a", "b", "")}
    assert len(keys) == 4
    assert {len(key) for key in keys} == {32}


@settings(deadline=None)
@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 1, 1), timezones=st.timezones()))  # noqa: DTZ001
def test_moments_survive_to_the_microsecond(moment: datetime) -> None:
    assert from_micros(to_micros(moment)) == moment.astimezone(UTC)


@pytest.mark.parametrize(
    ("utc", "day"),
    [
        ("2026-10-31T15:59:59.999999+00:00", 20261031),
        ("2026-10-31T16:00:00+00:00", 20261101),
        ("2026-12-31T16:00:00+00:00", 20270101),
    ],
)
def test_days_are_shanghai_days(utc: str, day: int) -> None:
    assert local_day(datetime.fromisoformat(utc)) == day
