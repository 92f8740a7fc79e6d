from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from errors import OutreachError
from outreach import notices
from outreach.duties import OrganDuties, due_and_done
from outreach.events import event_key
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
    closed = notices.close(database, number, actor="王", now=AS_OF + 3 * day)
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
    notices.close(store.database, first.number, actor="王", now=AS_OF)
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
