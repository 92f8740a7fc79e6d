from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from errors import UsageError
from knowledge.duties import Duties, Duty
from outreach.duties import DueItem, OrganDuties, due_and_done
from outreach.store import Outreach
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, YEAR, approve, on

LIST = county.duties()


def owed(store: Outreach, organ: str, as_of: datetime = AS_OF, **days: date) -> OrganDuties:
    found = due_and_done(store.database, LIST, as_of=as_of, **(YEAR | days))
    return next(each for each in found if each.organ == organ)


def item(found: OrganDuties, name: str) -> DueItem:
    return next(each for each in found.items if each.name == name)


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    county.fill(store, clock)
    return store


def test_a_node_is_done_when_its_unit_held_something_for_it(filled: Outreach) -> None:
    found = owed(filled, "公安局")
    assert item(found, "国际禁毒日").state == "已办"
    assert item(found, "打击和防范经济犯罪宣传日").state == "逾期"
    assert (found.due, found.done, found.overdue) == (5, 1, 4)
    assert found.due == found.done + found.open + found.overdue


def test_what_is_held_before_the_day_counts_for_it(filled: Outreach) -> None:
    assert item(owed(filled, "市场监督管理局"), "国际消费者权益日").state == "已办"


def test_what_is_made_up_for_is_done_late(filled: Outreach) -> None:
    made_up = item(owed(filled, "公安局"), "全民反诈在行动集中宣传月")
    # The usual month is 06-15/07-14; 08-20 is more than 30 days after it.
    assert (made_up.end, made_up.state) == (date(2026, 7, 14), "逾期")
    approve(filled, on(date(2026, 8, 13), node="anti-fraud-month"))
    made_up = item(owed(filled, "公安局", AS_OF + timedelta(days=1)), "全民反诈在行动集中宣传月")
    assert (made_up.state, made_up.late, made_up.shown) == ("已办", True, "已办（逾期补办）")


def test_a_report_that_nobody_approved_is_not_done(filled: Outreach) -> None:
    county.not_yet_approved(filled)
    assert item(owed(filled, "公安局"), "打击和防范经济犯罪宣传日").state == "逾期"


def test_taking_part_is_doing(filled: Outreach) -> None:
    node = next(each for each in LIST.calendar.nodes if each.key == "national-security-day")
    assert "全体责任单位" in node.partners
    day = on(date(2026, 4, 15), organ="国家安全机关", node=node.key, joint=("公安局",))
    approve(filled, day)
    assert item(owed(filled, "公安局"), node.name).state == "已办"
    assert item(owed(filled, "教育局"), node.name).state == "逾期"


def test_until_the_last_day_nothing_is_overdue(store: Outreach, clock: FakeClock) -> None:
    days = {"start": date(2026, 3, 1), "end": date(2026, 3, 31)}
    for now, state in (
        (datetime(2026, 3, 15, 15, 59, tzinfo=UTC), "未办"),
        (datetime(2026, 3, 15, 16, tzinfo=UTC), "逾期"),
    ):
        found = owed(store, "市场监督管理局", now, **days)
        assert item(found, "国际消费者权益日").state == state


def test_months_add_up_to_the_year(filled: Outreach) -> None:
    months = [date(2026, month, 1) for month in range(1, 13)]
    ends = [*(day - timedelta(days=1) for day in months[1:]), date(2026, 12, 31)]
    parts = [
        each.key
        for start, end in zip(months, ends, strict=True)
        for each in owed(filled, "公安局", start=start, end=end).items
    ]
    whole = [each.key for each in owed(filled, "公安局", end=date(2026, 12, 31)).items]
    assert sorted(parts) == sorted(whole)


def test_a_yearly_task_is_the_county_s_own(
    filled: Outreach, monkeypatch: pytest.MonkeyPatch
) -> None:
    def of(self: Duties, organ: str, day: date) -> Duty:
        return replace(original(self, organ, day), yearly_activities=2, yearly_trainings=3)

    original = Duties.of
    monkeypatch.setattr(Duties, "of", of)
    assert item(owed(filled, "公安局"), "2026年普法活动不少于2场次").state == "已办"
    trainings = item(owed(filled, "司法局"), "2026年培训不少于3期")
    assert (trainings.done, trainings.state) == (2, "未办")
    assert item(owed(filled, "司法局", AS_OF + timedelta(days=60)), trainings.name).state == "逾期"
    # 参与 is not one's own activity.
    assert item(owed(filled, "司法局"), "2026年普法活动不少于2场次").done == 0


def test_a_window_that_ends_before_it_begins(store: Outreach) -> None:
    with pytest.raises(UsageError, match="早于"):
        owed(store, "公安局", start=date(2027, 1, 1))
