"""Any sequence of steps by any of the staff, against a plain model of the rules."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from sqlalchemy import select, update

from errors import PufaError
from knowledge.corpus import Corpus
from outreach.campaign_tables import campaign_log, campaigns
from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach.campaigns.samples import definition, ledger, people, team
from tests.outreach.conftest import FakeClock

ROLES = {
    "甲": {"editor"},
    "乙": {"reviewer"},
    "丙": {"publisher"},
    "丁": {"editor", "reviewer", "publisher"},
    "戊": {"editor", "reviewer"},
    "路人": set(),
}
# step → (states it starts from, roles that may take it, state it leads to): as in design.md
RULES: dict[str, tuple[set[str], set[str], str]] = {
    "submit": ({"draft", "returned"}, {"editor"}, "submitted"),
    "approve": ({"submitted"}, {"reviewer"}, "approved"),
    "send_back": ({"submitted", "approved"}, {"reviewer"}, "returned"),
    "send": ({"approved"}, {"publisher"}, "sending"),
    "pause": ({"sending"}, {"publisher", "reviewer"}, "paused"),
    "resume": ({"paused"}, {"publisher"}, "sending"),
    "recall": (
        {"scheduled", "sending", "paused", "finished"},
        {"publisher", "reviewer"},
        "recalled",
    ),
}
ID = "anti-fraud-1"
someone = st.sampled_from(sorted(ROLES))


class States(RuleBasedStateMachine):
    gate: Gate
    empty: Path

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        path = shutil.copy(self.empty, self.folder / "o.db")
        self.store = Outreach.open(f"sqlite:///{path}", FakeClock())
        self.office = Office(self.store, lambda: self.gate)
        team(self.office)
        self.office.add_staff("戊", ["editor", "reviewer"], by="管理员")
        people(self.store, ["r1", "r2"])
        self.state: str | None = None
        self.authors: set[str] = set()
        self.content = 0
        self.steps = 0
        self.released = False

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)

    def attempt(self, allowed: bool, act: Any) -> None:
        try:
            act()
        except PufaError:
            assert not allowed
        else:
            assert allowed

    @rule(who=someone, content=st.integers(0, 2))
    def save(self, who: str, content: int) -> None:
        editable = self.state in (None, "draft", "submitted", "returned", "approved")
        allowed = "editor" in ROLES[who] and editable
        draft = definition(title=f"第{content}稿")
        self.attempt(allowed, lambda: self.office._save(draft, by=who))
        if allowed and (self.state is None or content != self.content):
            self.state, self.content = "draft", content
            self.authors.add(who)
            self.steps += 1

    @precondition(lambda self: self.state is not None)
    @rule(data=st.data(), again=st.booleans())
    def step(self, data: st.DataObject, again: bool) -> None:
        # Mostly a step that fits the state, by somebody with the role: else few would get far.
        fitting = [name for name, (before, *_) in RULES.items() if self.state in before]
        step = data.draw(st.sampled_from(sorted(RULES) + fitting * 6), label="step")
        before, roles, after = RULES[step]
        able = [name for name in sorted(ROLES) if roles & ROLES[name]]
        who = data.draw(st.sampled_from(sorted(ROLES) + able * 4), label="who")
        allowed = self.state in before and bool(roles & ROLES[who])
        allowed = allowed and not (step == "approve" and who in self.authors)
        given: dict[str, Any] = {"by": who, "key": f"{self.steps}-{step}-{who}"}
        if step == "send_back":
            given["reason"] = "改"

        def act() -> None:
            getattr(self.office, step)(ID, **given)

        self.attempt(allowed, act)
        if allowed:
            self.state = after
            self.released |= step == "send"
            self.authors |= {who} if step == "submit" else set()
            if again:  # the same request delivered twice changes nothing
                act()
            self.steps += 1

    @precondition(lambda self: self.state == "sending")
    @rule()
    def finish(self) -> None:
        """What the engine does."""
        with self.store.database.write() as connection:
            connection.execute(update(campaigns).values(state="finished"))
        self.state = "finished"

    @invariant()
    def as_told(self) -> None:
        if self.state is None:
            return
        assert self.office.get(ID).state == self.state
        with self.store.database.read() as connection:
            log = connection.execute(select(campaign_log).order_by(campaign_log.c.id)).all()
        assert len(log) == self.steps
        rows = ledger(self.store, ID)
        assert len(rows) == (2 if self.released else 0)
        if self.state == "recalled":
            assert {row.state for row in rows} == {"recalled"}
        if self.released:  # two persons, and nothing changed in between
            steps = [row.step for row in log]
            approved = max(n for n, step in enumerate(steps) if step == "approve")
            assert "edited" not in steps[approved:]
            authors = {r.actor for r in log if r.step in ("created", "edited", "submit")}
            assert log[approved].actor not in authors
            assert log[approved].sha256 == self.office.get(ID).sha256


def test_states(corpus: Corpus, empty: Path, gate: Gate) -> None:
    States.gate, States.empty = gate, empty
    machine = States.TestCase
    machine.settings = settings(
        max_examples=examples(40),
        stateful_step_count=30,
        deadline=None,
        # A failure is told as found: to shrink it takes minutes, for every example is a store.
        phases=(Phase.explicit, Phase.reuse, Phase.generate),
    )
    machine("runTest").runTest()


@pytest.mark.parametrize("step", sorted(RULES))
def test_no_step_on_a_campaign_that_is_not_there(office: Office, step: str) -> None:
    with pytest.raises(PufaError, match="没有推送活动"):
        getattr(office, step)("nope", by="丁", **({"reason": "x"} if step == "send_back" else {}))
