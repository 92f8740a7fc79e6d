from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from errors import NotAllowed, OutreachError, UsageError
from outreach.campaigns.office import Office
from outreach.store import Outreach
from tests.outreach.campaigns.samples import ledger, people, released, settle, write
from tests.outreach.conftest import FakeClock


def test_from_draft_to_release(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1", "r2", "r3"])
    saved = office.create(write(tmp_path), by="甲")
    assert (saved.done, saved.campaign.state, saved.problems) == ("created", "draft", ())
    assert office.submit("anti-fraud-1", by="甲").state == "submitted"
    assert office.approve("anti-fraud-1", by="乙").state == "approved"
    sent = office.send("anti-fraud-1", by="丙")
    assert (sent.state, sent.audience) == ("sending", 3)
    rows = ledger(store, "anti-fraud-1")
    assert [(r.resident, r.state, r.variant, r.address) for r in rows] == [
        ("r1", "queued", None, "0::"),
        ("r2", "queued", None, "1::"),
        ("r3", "queued", None, "2::"),
    ]
    log = office.log("anti-fraud-1")
    assert [(s.step, s.actor) for s in log] == [
        ("created", "甲"),
        ("submit", "甲"),
        ("approve", "乙"),
        ("send", "丙"),
    ]
    assert {s.sha256 for s in log} == {sent.sha256}


def test_nobody_approves_their_own_draft(office: Office, tmp_path: Path) -> None:
    office.create(write(tmp_path), by="丁")
    office.submit("anti-fraud-1", by="甲")
    with pytest.raises(NotAllowed, match="不能自己审核"):
        office.approve("anti-fraud-1", by="丁")
    assert office.get("anti-fraud-1").state == "submitted"
    assert office.approve("anti-fraud-1", by="乙").state == "approved"


def test_who_changed_or_submitted_it_is_an_author_too(office: Office, tmp_path: Path) -> None:
    office.create(write(tmp_path), by="甲")
    office.create(write(tmp_path, 全民反诈="全县反诈"), by="丁")
    office.submit("anti-fraud-1", by="甲")
    with pytest.raises(NotAllowed, match="丁 起草、修改或提交过"):
        office.approve("anti-fraud-1", by="丁")


@pytest.mark.parametrize(
    ("step", "who"),
    [("submit", "乙"), ("submit", "丙"), ("approve", "甲"), ("approve", "丙"), ("send", "甲")],
)
def test_each_step_needs_its_role(office: Office, tmp_path: Path, step: str, who: str) -> None:
    office.create(write(tmp_path), by="甲")
    if step != "submit":
        office.submit("anti-fraud-1", by="甲")
    if step == "send":
        office.approve("anti-fraud-1", by="乙")
    before = office.get("anti-fraud-1")
    with pytest.raises(NotAllowed, match="角色"):
        getattr(office, step)("anti-fraud-1", by=who)
    assert office.get("anti-fraud-1") == before


def test_a_disabled_person_may_do_nothing(office: Office, tmp_path: Path) -> None:
    office.disable_staff("甲", by="管理员")
    with pytest.raises(NotAllowed, match="不是在岗"):
        office.create(write(tmp_path), by="甲")
    with pytest.raises(NotAllowed, match="不是在岗"):
        office.create(write(tmp_path), by="路人")


@pytest.mark.parametrize("approved", [False, True])
def test_an_edit_sends_it_back_to_draft(
    office: Office, store: Outreach, tmp_path: Path, approved: bool
) -> None:
    people(store, ["r1"])
    office.create(write(tmp_path), by="甲")
    office.submit("anti-fraud-1", by="甲")
    if approved:
        office.approve("anti-fraud-1", by="乙", urgent=True)
    assert office.create(write(tmp_path), by="甲").done == "unchanged"  # the same is no edit
    assert office.get("anti-fraud-1").state == ("approved" if approved else "submitted")
    saved = office.create(write(tmp_path, 全民反诈="全县反诈"), by="甲")
    assert (saved.done, saved.campaign.state, saved.campaign.urgent) == ("edited", "draft", False)
    with pytest.raises(OutreachError, match="草稿"):
        office.send("anti-fraud-1", by="丙")
    assert ledger(store, "anti-fraud-1") == []


def test_a_released_campaign_is_not_edited(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1"])
    office.create(write(tmp_path), by="甲")
    released(office, "anti-fraud-1")
    with pytest.raises(OutreachError, match="不能再改"):
        office.create(write(tmp_path, 全民反诈="全县反诈"), by="甲")


def test_returned_with_a_reason(office: Office, tmp_path: Path) -> None:
    office.create(write(tmp_path), by="甲")
    office.submit("anti-fraud-1", by="甲")
    with pytest.raises(UsageError, match="理由"):
        office.send_back("anti-fraud-1", by="乙", reason=" ")
    assert office.send_back("anti-fraud-1", by="乙", reason="写短些").state == "returned"
    assert office.log("anti-fraud-1")[-1].note == "写短些"
    assert office.submit("anti-fraud-1", by="甲").state == "submitted"


def test_releasing_twice_adds_nothing(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1", "r2"])
    office.create(write(tmp_path), by="甲")
    office.submit("anti-fraud-1", by="甲")
    office.approve("anti-fraud-1", by="乙")
    first = office.send("anti-fraud-1", by="丙", key="k")
    people(store, ["r3"])
    assert office.send("anti-fraud-1", by="丙", key="k") == first  # the same request again
    with pytest.raises(OutreachError, match="发送中"):
        office.send("anti-fraud-1", by="丙", key="another")
    assert [r.resident for r in ledger(store, "anti-fraud-1")] == ["r1", "r2"]
    assert [s.step for s in office.log("anti-fraud-1")].count("send") == 1


def test_a_later_campaign_waits(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1"])
    extra = "\n[schedule]\nat = 2026-12-04T09:00:00\nquiet = ['22:00', '07:30']\n"
    office.create(write(tmp_path, extra=extra), by="甲")
    released(office, "anti-fraud-1")
    found = office.get("anti-fraud-1")
    assert found.state == "scheduled"
    assert found.not_before == datetime(2026, 12, 4, 1, tzinfo=UTC)
    assert found.expires_at == datetime(2026, 12, 5, 1, tzinfo=UTC)
    assert found.definition.quiet == (22 * 60, 7 * 60 + 30)
    with pytest.raises(OutreachError, match="待发送"):
        office.pause("anti-fraud-1", by="丙")


def test_the_publisher_need_not_wait(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1"])
    office.create(write(tmp_path, extra="\n[schedule]\nat = 2026-12-04T09:00:00\n"), by="甲")
    office.submit("anti-fraud-1", by="甲")
    office.approve("anti-fraud-1", by="乙")
    sent = office.send("anti-fraud-1", by="丙", at_once=True)
    assert (sent.state, sent.not_before) == ("sending", store.clock.now())
    assert sent.expires_at == datetime(2026, 12, 5, 1, tzinfo=UTC)
    assert office.log("anti-fraud-1")[-1].note == "提前发送，原定 2026-12-04 09:00"


def test_pause_resume_recall(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1", "r2"])
    office.create(write(tmp_path), by="甲")
    released(office, "anti-fraud-1")
    settle(store, "anti-fraud-1", ["r1"])
    paused = office.pause("anti-fraud-1", by="丙", reason="有错字")
    assert (paused.state, paused.pause_reason) == ("paused", "有错字")
    resumed = office.resume("anti-fraud-1", by="丙")
    assert (resumed.state, resumed.pause_reason) == ("sending", None)
    assert office.recall("anti-fraud-1", by="乙", reason="有错字").state == "recalled"
    rows = ledger(store, "anti-fraud-1")
    assert [(r.resident, r.state, r.address) for r in rows] == [
        ("r1", "sent", None),
        ("r2", "recalled", None),
    ]
    with pytest.raises(OutreachError, match="已撤回"):
        office.resume("anti-fraud-1", by="丙")


def test_nobody_to_reach_or_too_late(
    office: Office, store: Outreach, tmp_path: Path, clock: FakeClock
) -> None:
    office.create(write(tmp_path), by="甲")
    office.submit("anti-fraud-1", by="甲")
    office.approve("anti-fraud-1", by="乙")
    with pytest.raises(OutreachError, match="0 人"):
        office.send("anti-fraud-1", by="丙")
    assert office.get("anti-fraud-1").state == "approved"  # nothing of it remains
    people(store, ["r1"])
    extra = "\n[schedule]\nexpires = 2026-11-25T09:00:00\n"
    office.create(write(tmp_path, extra=extra), by="甲")
    office.submit("anti-fraud-1", by="甲")
    office.approve("anti-fraud-1", by="乙")
    clock.moment += timedelta(days=2)
    with pytest.raises(OutreachError, match="过期"):
        office.send("anti-fraud-1", by="丙")
    assert ledger(store, "anti-fraud-1") == []
