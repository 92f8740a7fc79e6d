from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from errors import NotAllowed, OutreachError, UsageError
from outreach import notices
from outreach.activities import Evidence
from outreach.duties import OrganDuties, due_and_done
from outreach.events import event_key
from outreach.report import Material, section, trace
from outreach.store import Outreach
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, YEAR

LIST = county.duties()
DEADLINE = date(2026, 12, 9)


@pytest.fixture
def police(store: Outreach, clock: FakeClock) -> OrganDuties:
    county.fill(store, clock)
    found = due_and_done(store.database, LIST, as_of=AS_OF, **YEAR)
    return next(each for each in found if each.organ == "公安局")


def drafted(store: Outreach, found: OrganDuties, now: datetime = AS_OF) -> notices.Reminder:
    given = {"deadline": DEADLINE, "actor": "王", "now": now}
    return notices.draft(store.database, found.organ, found.items, **given)  # type: ignore[arg-type]


def test_the_loop_from_draft_to_closed(store: Outreach, police: OrganDuties) -> None:
    reminder = drafted(store, police)
    assert reminder.number == "普法提示〔2026〕1号"
    assert {owed.state for owed in reminder.owed} == {"逾期"}
    assert len(reminder.owed) == police.overdue
    database, number = store.database, reminder.number
    day = timedelta(days=1)
    notices.send(database, number, actor="王", now=AS_OF + day)
    notices.feedback(database, number, note="已补办", actor="公安局 李", now=AS_OF + 2 * day)
    for who in ("王", "公安局 李", "公安局李"):
        with pytest.raises(NotAllowed, match="另一人"):
            notices.close(database, number, actor=who, now=AS_OF + 3 * day)
    closed = notices.close(database, number, actor="赵", now=AS_OF + 3 * day)
    assert [step.state for step in closed.steps] == list(notices.STATES)
    assert closed.steps[2].note == "已补办"
    # What stood earlier can still be asked for.
    (then,) = notices.listed(database, AS_OF + day)
    assert then.state == notices.SENT


def test_steps_keep_their_order(store: Outreach, police: OrganDuties) -> None:
    number = drafted(store, police).number
    with pytest.raises(OutreachError, match=r"已拟稿.*不能改为.*已反馈"):
        notices.feedback(store.database, number, note="好", actor="王", now=AS_OF)
    with pytest.raises(OutreachError, match="没有编号"):
        notices.send(store.database, "普法提示〔2026〕9号", actor="王", now=AS_OF)
    notices.send(store.database, number, actor="王", now=AS_OF)
    with pytest.raises(OutreachError, match="写明单位反馈了什么"):
        notices.feedback(store.database, number, note=" ", actor="王", now=AS_OF)


def test_late_feedback_is_overdue(store: Outreach, police: OrganDuties) -> None:
    number = drafted(store, police).number
    sent = notices.send(store.database, number, actor="王", now=AS_OF)
    assert not sent.overdue(DEADLINE)
    assert sent.overdue(DEADLINE + timedelta(days=1))


def test_a_step_taken_back_can_be_taken_again(store: Outreach, police: OrganDuties) -> None:
    number = drafted(store, police).number
    notices.send(store.database, number, actor="王", now=AS_OF)
    store.reverse(event_key("notice", number, "1"), actor="王", reason="没有发出")
    (back,) = notices.listed(store.database, AS_OF)
    assert back.state == notices.DRAFTED
    again = notices.send(store.database, number, actor="王", now=AS_OF)
    assert again.state == notices.SENT


def test_the_same_matter_is_not_reminded_of_twice(store: Outreach, police: OrganDuties) -> None:
    first = drafted(store, police)
    with pytest.raises(OutreachError, match="1号 已经提示过同一事项"):
        drafted(store, police)
    notices.send(store.database, first.number, actor="王", now=AS_OF)
    notices.feedback(store.database, first.number, note="好", actor="王", now=AS_OF)
    notices.close(store.database, first.number, actor="赵", now=AS_OF)
    assert drafted(store, police).number == "普法提示〔2026〕2号"


def test_numbers_begin_anew_each_year_and_none_is_given_twice(
    store: Outreach, police: OrganDuties
) -> None:
    drafted(store, police)
    store.reverse(event_key("notice", "普法提示〔2026〕1号", "0"), actor="王", reason="误拟")
    assert notices.listed(store.database, AS_OF) == ()
    assert drafted(store, police).number == "普法提示〔2026〕2号"
    # New Year in Shanghai, not in UTC.
    new_year = datetime(2025, 12, 31, 16, tzinfo=UTC)
    items = [each for each in police.items if each.state == "逾期"]
    found = notices.draft(
        store.database, "公安局", items, deadline=DEADLINE, actor="王", now=new_year
    )
    assert found.number == "普法提示〔2026〕3号"


def test_nothing_overdue_is_no_notice(store: Outreach, police: OrganDuties) -> None:
    done = [each for each in police.items if each.state == "已办"]
    given = {"deadline": DEADLINE, "actor": "王", "now": AS_OF}
    with pytest.raises(OutreachError, match="没有逾期"):
        notices.draft(store.database, "公安局", done, **given)  # type: ignore[arg-type]
    with pytest.raises(OutreachError, match="不是司法局的事项"):
        notices.draft(store.database, "司法局", police.items, **given)  # type: ignore[arg-type]
    given["deadline"] = date(2026, 11, 23)
    with pytest.raises(OutreachError, match="已经过去"):
        notices.draft(store.database, "公安局", police.items, **given)  # type: ignore[arg-type]


def test_notices_are_no_consultations(store: Outreach, police: OrganDuties) -> None:
    before = store.stats(**YEAR, by=["organ", "channel"]).to_json()
    drafted(store, police)
    assert store.stats(**YEAR, by=["organ", "channel"]).to_json() == before


PHOTO = Evidence(sha256="a" * 64, name="照片.jpg", size=3, media="image/jpeg")


def answered(store: Outreach, police: OrganDuties) -> str:
    number = drafted(store, police).number
    notices.send(store.database, number, actor="王", now=AS_OF)
    given = {"note": "已补办一场", "actor": "王", "now": AS_OF, "by": "公安局 李"}
    notices.feedback(store.database, number, files=[PHOTO], **given)  # type: ignore[arg-type]
    return number


def test_feedback_is_corrected_by_another_row(store: Outreach, police: OrganDuties) -> None:
    number = answered(store, police)
    later = AS_OF + timedelta(days=20)
    given = {"note": "已补办两场", "actor": "钱", "now": later}
    with pytest.raises(OutreachError, match="更正要写明原因"):
        notices.feedback(store.database, number, **given)  # type: ignore[arg-type]
    notices.feedback(store.database, number, reason="少写一场", **given)  # type: ignore[arg-type]
    (found,) = notices.listed(store.database, later)
    assert [step.note for step in found.steps[2:]] == ["已补办一场", "已补办两场"]
    assert found.answer is not None
    assert (found.answer.note, found.answer.reason) == ("已补办两场", "少写一场")
    assert found.steps[2].files == (PHOTO,)
    # It was answered in time, whatever is corrected later.
    assert not found.answered_late()
    closed = notices.close(store.database, number, actor="赵", now=later)
    with pytest.raises(OutreachError, match="不能改为"):
        notices.feedback(store.database, number, reason="再改", **given)  # type: ignore[arg-type]
    assert closed.shown(later.date()) == "已办结"


def test_a_notice_is_taken_back_step_by_step(store: Outreach, police: OrganDuties) -> None:
    number = answered(store, police)
    given = {"actor": "王", "reason": "登记错了", "now": AS_OF}
    states = []
    while (left := notices.take_back(store.database, number, **given)) is not None:  # type: ignore[arg-type]
        states.append(left.state)
    assert states == [notices.SENT, notices.DRAFTED]
    with pytest.raises(OutreachError, match="没有编号"):
        notices.take_back(store.database, number, **given)  # type: ignore[arg-type]


def test_only_what_no_open_notice_reminds_of(store: Outreach, police: OrganDuties) -> None:
    one, *others = [each for each in police.items if each.state == "逾期"]
    first = drafted(store, replace(police, items=(one,)))
    second = drafted(store, police)
    assert [each.key for each in first.owed] == [one.key]
    assert [each.key for each in second.owed] == [each.key for each in others]


@pytest.mark.parametrize(
    "text", ["3", "2026-3", "普法提示〔2026〕3号", "普法提示[2026]3", "〔2026〕 3号", "３号"]
)
def test_a_number_as_people_type_it(text: str) -> None:
    assert notices.full_number(text, 2026) == "普法提示〔2026〕3号"


@pytest.mark.parametrize("text", ["", "号", "三号", "2026-", "2026", "-3", "普法提示"])
def test_what_is_no_number(text: str) -> None:
    if text == "2026":  # a serial, however unlikely
        assert notices.full_number(text, 2026) == "普法提示〔2026〕2026号"
        return
    with pytest.raises(UsageError, match="编号请写成"):
        notices.full_number(text, 2026)


def test_the_loop_stands_in_the_export_and_the_report(
    store: Outreach, police: OrganDuties, tmp_path: Path
) -> None:
    number = answered(store, police)
    late = AS_OF + timedelta(days=1)
    education = due_and_done(store.database, LIST, as_of=AS_OF, **YEAR)
    other = next(each for each in education if each.organ == "教育局")
    open_ = drafted(store, other)
    notices.send(store.database, open_.number, actor="王", now=late)
    as_of = datetime(2026, 12, 20, tzinfo=UTC)
    given: dict[str, Any] = {"kind": "duties", "format": "json", "exporter": "李", "as_of": as_of}
    days: dict[str, Any] = {"start": date(2026, 1, 1), "end": date(2026, 12, 19)}
    store.export(tmp_path / "d.json", **given, **days)
    tables = json.loads((tmp_path / "d.json").read_text(encoding="utf-8"))["tables"]
    items, told = (table["rows"] for table in tables)
    assert [row["现状"] for row in told] == ["已反馈", "已发出（逾期未反馈）"]
    assert told[0]["反馈"] == "2026-11-24 公安局 李"
    assert told[0]["反馈佐证"] == "照片.jpg〔aaaaaaaa〕"
    named = {row["应办事项"] for row in items if row["普法提示"] == number}
    assert named == {each.name for each in police.items if each.state == "逾期"}
    draft = section(Material.read(store.database, LIST, as_of=as_of, county="甲县", **days))
    assert "发出普法提示单2件，收到反馈1件，办结0件，逾期未反馈1件。" in draft.text
    traced = trace(store.database, LIST, "notices.overdue", as_of=as_of, **days)
    assert [row[0] for row in traced.rows] == [open_.number]
