"""Profiles, quiz answers, requests, gaps and erasure in the store itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta

import pytest
from sqlalchemy import insert, select

from errors import OutreachError, UsageError
from outreach import campaign_tables, delivery_tables, gaps, requests
from outreach.changes import Change, Turn
from outreach.erasure import DeclareMinor, Erase
from outreach.events import Cited
from outreach.profiles import JoinRanking, NoticeShown, SetTown, Subscribe, Unsubscribe
from outreach.quizzes import QuizAnswer
from outreach.requests import LectureRequest, number_for
from outreach.service_tables import request_log
from outreach.store import Outreach
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import NOON, answer, gap
from tests.outreach.test_postgresql import wipe

DAY = date(2026, 11, 24)
MORNING = datetime(2026, 11, 24, 1, tzinfo=UTC)
CITED = Cited("中华人民共和国宪法", "第三十三条", date(2018, 3, 11))


@pytest.fixture(params=["sqlite", "postgresql"])
def either(request: pytest.FixtureRequest, clock: FakeClock) -> Iterator[Outreach]:
    """The same store in both engines."""
    if request.param == "sqlite":
        yield request.getfixturevalue("store")
        return
    url = request.getfixturevalue("postgresql")
    wipe(url)
    opened = Outreach.open(url, clock)
    yield opened
    opened.close()


def turn(resident: str = "r1", key: str = "telegram:1") -> Turn:
    return Turn(key, resident, "telegram", MORNING, MORNING, "7::")


def change(store: Outreach, resident: str, *changes: Change, key: str = "telegram:1") -> None:
    with store.database.write() as connection:
        for each in changes:
            each.carry_out(connection, turn(resident, key))


def quiz(question: str = "xf-001", right: bool = True, day: date = DAY) -> QuizAnswer:
    return QuizAnswer(day, question, (0,), right, CITED, "司法局", "宪法")


def test_a_profile_grows_and_is_forgotten(either: Outreach) -> None:
    change(either, "r1", NoticeShown(), SetTown("chengguan"), Subscribe("morning"))
    change(either, "r1", Subscribe("morning"), Subscribe("quiz"), key="telegram:2")
    profile = either.memory.profile("r1")
    assert (profile.town, profile.noticed) == ("chengguan", True)
    assert dict(profile.subscriptions) == {"morning": 0, "quiz": 0}
    assert profile.notice_due("telegram:1")
    assert not profile.notice_due("telegram:2")
    change(either, "r1", Unsubscribe())
    assert not either.memory.profile("r1").subscriptions
    change(either, "r1", Erase())
    assert either.memory.profile("r1").town is None


def test_changes_belong_to_the_update_s_transaction(store: Outreach) -> None:
    """A change that fails takes the outcome with it; a repeated update changes nothing."""

    class Broken:
        def carry_out(self, *_: object) -> None:
            raise ZeroDivisionError

    store.inbox.receive("telegram:1", "telegram", "r1", "x", at=NOON)
    with pytest.raises(ZeroDivisionError):
        store.record_answer("telegram:1", "menu", changes=[SetTown("a"), Broken()], turn=turn())
    assert store.memory.profile("r1").town is None
    assert store.record_answer("telegram:1", "menu", changes=[SetTown("a")], turn=turn())
    assert not store.record_answer("telegram:1", "menu", changes=[SetTown("b")], turn=turn())
    assert store.memory.profile("r1").town == "a"


def test_a_question_scores_once(either: Outreach) -> None:
    change(either, "r1", quiz(right=False))
    change(either, "r1", quiz(right=True), key="telegram:2")
    change(either, "r1", quiz("xf-002"), key="telegram:3")
    given = either.memory.answers("r1", DAY)
    assert {q: a.right for q, a in given.items()} == {"xf-001": False, "xf-002": True}
    total = either.stats(DAY, DAY).total
    assert (total["quiz_attempts"], total["quiz_right_first_rate"]) == (1, 0.5)


def test_no_answers_no_rate(store: Outreach) -> None:
    total = store.stats(DAY, DAY).total
    assert (total["quiz_attempts"], total["quiz_right_first_rate"]) == (0, None)


def test_a_rate_of_few_people_is_hidden(store: Outreach) -> None:
    for number in range(6):
        town = "chengguan" if number < 2 else "dongchuan"
        told = QuizAnswer(DAY, "xf-001", (0,), True, CITED, "司法局", "宪法", town=town)
        change(store, f"r{number}", told, key=f"telegram:{number}")
    rows = {tuple(r.by.values()): r.measures for r in store.stats(DAY, DAY, ["town"]).rows}
    assert len(rows) == 2
    assert all(row["quiz_attempts"] in ("<5", "≥5") for row in rows.values())
    assert all(row["quiz_right_first_rate"] is None for row in rows.values())


@pytest.mark.parametrize("count", [4, 5])
def test_the_ranking_needs_five(either: Outreach, count: int) -> None:
    for number in range(count):
        change(
            either, f"r{number}", SetTown("chengguan"), JoinRanking(True), quiz(right=number > 0),
            key=f"telegram:{number}",
        )  # fmt: skip
    found = either.memory.standings(DAY.replace(day=1), DAY)
    assert [(s.town, s.residents, s.share) for s in found] == (
        [("chengguan", 5, 0.8)] if count == 5 else []
    )


def lecture(number: str = "7QK2-M4XA") -> LectureRequest:
    return LectureRequest(number, "一中", "反诈", "12月10日", "礼堂", date(2026, 12, 10))


def test_a_request_goes_its_way(either: Outreach) -> None:
    change(either, "r1", lecture(), lecture())
    with either.database.write() as connection:
        for step, note in (("accepted", None), ("scheduled", "12月10日14时"), ("held", None)):
            done = requests.decide(connection, "7qk2-m4xa", step, actor="李四", note=note, now=NOON)
            assert done.state == step
        with pytest.raises(OutreachError, match="已举办"):
            requests.decide(connection, "7QK2-M4XA", "declined", actor="李四", note="x", now=NOON)
    (mine,) = either.memory.requests("r1")
    assert (mine.label, mine.answer) == ("已举办", "12月10日14时")
    with either.database.read() as connection:
        log = select(request_log.c.step).order_by(request_log.c.id)
        assert connection.execute(log).scalars().all() == [
            "received",
            "accepted",
            "scheduled",
            "held",
        ]


def test_staff_s_slips_are_named(store: Outreach) -> None:
    change(store, "r1", lecture())
    with store.database.write() as connection:
        with pytest.raises(UsageError, match="没有编号"):
            requests.decide(connection, "nope", "accepted", actor="李四", note=None, now=NOON)
        with pytest.raises(UsageError, match="写明"):
            requests.decide(connection, "7QK2-M4XA", "declined", actor="李四", note=" ", now=NOON)
        with pytest.raises(OutreachError, match="不能改成"):
            requests.decide(connection, "7QK2-M4XA", "held", actor="李四", note=None, now=NOON)


def test_numbers_are_those_of_the_update() -> None:
    assert number_for("a") == number_for("a") != number_for("b")
    assert len(number_for("a")) == 9


def test_erasure_reaches_everything(either: Outreach) -> None:
    change(either, "r1", SetTown("chengguan"), Subscribe("morning"), quiz(), lecture())
    change(either, "r1", lecture("AAAA-BBBB"), key="telegram:2")
    change(either, "r2", SetTown("xihe"), lecture("CCCC-DDDD"), key="telegram:3")
    either.record(answer("a"))
    with either.database.write() as connection:
        requests.decide(connection, "AAAA-BBBB", "accepted", actor="李四", note=None, now=NOON)
        for state in ("queued", "sent"):
            connection.execute(insert(campaign_tables.campaigns).values(
                id=state, kind="campaign", title="t", content="{}", sha256="0", state="sending",
                urgent=False, created_at=NOON, changed_at=NOON,
            ))  # fmt: skip
            connection.execute(insert(delivery_tables.deliveries).values(
                campaign=state, resident="r1", channel="telegram", address="7::", state=state,
                attempts=0, clicks=0,
            ))  # fmt: skip
        connection.execute(insert(campaign_tables.staff).values(
            name="李四", roles="editor", active=True, resident="r1", created_at=NOON
        ))  # fmt: skip
    held = either.memory.held("r1")
    assert (held.events, held.answers) == ({"answer": 1, "quiz": 1, "quiz_answer": 1}, 1)
    assert held.pushes == {"queued": 1, "sent": 1}
    done = either.erase("r1")
    assert done is not None
    assert done.events == 3
    after = either.memory.held("r1")
    assert (after.events, after.pushes, after.requests, after.answers) == ({}, {}, (), 0)
    with either.database.read() as connection:
        pushes = connection.execute(select(delivery_tables.deliveries)).mappings().all()
        left = requests.listed(connection)
        staff = connection.execute(select(campaign_tables.staff.c.resident)).scalar()
    assert {p["state"] for p in pushes} == {"opted_out", "sent"}  # the unsent one never goes out
    assert all(p["address"] is None and p["resident"].startswith("erased-") for p in pushes)
    assert [r.number for r in left] == ["CCCC-DDDD", "AAAA-BBBB"]  # taken up: stays, without author
    assert staff is None
    assert either.memory.profile("r2").town == "xihe"
    assert either.erase("r1") is None


def test_a_minor_keeps_the_bare_mark(either: Outreach) -> None:
    change(either, "r1", SetTown("chengguan"), Subscribe("quiz"), quiz())
    change(either, "r1", DeclareMinor(), key="telegram:2")
    profile = either.memory.profile("r1")
    assert (profile.minor, profile.town, dict(profile.subscriptions)) == (True, None, {})
    assert either.memory.held("r1").events == {}


def test_gap_texts_stay_90_days_and_others_30(store: Outreach, clock: FakeClock) -> None:
    start = clock.now()
    for name, event in (("g", gap("g")), ("a", answer("a"))):
        store.inbox.receive(name, "web", "r1", "原文", at=NOON)
        store.record_answer(name, "x", event, text=f"{name}的原文", agreed=True)

    def texts() -> int:
        return store.memory.held("r1").texts

    assert texts() == 2
    clock.moment = start + timedelta(days=31)
    store.purge()
    assert texts() == 1
    with store.database.read() as connection:
        (line,) = gaps.listed(connection, DAY, DAY)
    assert line.text == "g的原文"
    clock.moment = start + timedelta(days=91)
    store.purge()
    assert texts() == 0
