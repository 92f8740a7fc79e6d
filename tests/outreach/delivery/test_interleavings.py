"""Any order of claims, crashes, opt-outs, pauses and late answers: at most one message each."""

from __future__ import annotations

import atexit
import shutil
from collections import Counter
from datetime import timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)
from sqlalchemy import update

from outreach.database import Database
from outreach.delivery import leases, ledger, schedule
from outreach.delivery.ledger import Claimed, Settled
from outreach.delivery.sender import Blocked, Failed, Outcome, RetryAfter, Sent, Unknown
from outreach.delivery_tables import deliveries
from tests.conftest import examples
from tests.outreach.delivery.rows import (
    NOW,
    campaign_of,
    count_events,
    leave,
    prepare,
    rows_of,
    set_state,
    states,
)

RESIDENTS = 6
LEASE = timedelta(seconds=10)
FINAL = {"sent", "failed", "blocked", "opted_out", "unknown", "recalled", "expired"}


class Deliveries(RuleBasedStateMachine):
    """Two processes, each with rows set aside, messages on their way, and a heart that may stop."""

    @initialize()
    def begin(self) -> None:
        self.folder = TemporaryDirectory(prefix="pufa-")
        path = Path(self.folder.name) / "outreach.db"
        shutil.copy(template(), path)
        self.database = Database.open(f"sqlite:///{path}")
        self.keys = prepare(self.database, RESIDENTS)
        self.now = NOW
        self.starts = 0
        self.names = ["p0", "p1"]
        self.aside: dict[str, list[int]] = {"p0": [], "p1": []}
        self.flying: dict[str, list[Claimed]] = {"p0": [], "p1": []}
        self.messages: Counter[str] = Counter()  # what residents really got
        self.left: set[str] = set()
        self.after_leaving: list[str] = []
        self.states: dict[int, str] = {}
        for name in self.names:
            self.beat(name)

    def teardown(self) -> None:
        if hasattr(self, "database"):
            self.finish()
            self.database.close()
            self.folder.cleanup()

    def beat(self, name: str) -> None:
        with self.database.write() as connection:
            leases.heartbeat(connection, name, ("telegram",), self.now, LEASE)

    @rule(who=st.integers(0, 1), count=st.integers(1, 4))
    def reserve(self, who: int, count: int) -> None:
        name = self.names[who]
        with self.database.write() as connection:
            rows = ledger.reserve(connection, name, "telegram", self.now, count)
        self.aside[name] += [row.id for row in rows]

    @rule(who=st.integers(0, 1), count=st.integers(1, 4))
    def claim_and_send(self, who: int, count: int) -> None:
        """The message goes out at once; what is known of it comes later."""
        name = self.names[who]
        batch, self.aside[name] = self.aside[name][:count], self.aside[name][count:]
        state = campaign_of(self.database).state
        with self.database.write() as connection:
            claimed = ledger.claim(connection, name, batch, self.now)
        assert not claimed or state == "sending"
        for row in claimed.values():
            assert row.resident not in self.left
            self.flying[name].append(row)

    @rule(
        who=st.integers(0, 1),
        outcome=st.sampled_from(
            [Sent("1"), Sent("1"), Unknown(), Blocked(), Failed("x"), RetryAfter(5)]
        ),
    )
    def answer(self, who: int, outcome: Outcome) -> None:
        name = self.names[who]
        if not self.flying[name]:
            return
        row = self.flying[name].pop(0)
        if isinstance(outcome, Sent | Unknown):
            self.messages[row.resident] += 1
        with self.database.write() as connection:
            ledger.settle(connection, name, [Settled(row, outcome, self.now)], self.now)
        if isinstance(outcome, Blocked):
            self.left.add(row.resident)

    @rule(who=st.integers(0, 1), arrived=st.booleans())
    def crash(self, who: int, arrived: bool) -> None:
        """All that the process knew is gone; its messages may have arrived."""
        name = self.names[who]
        if arrived:
            self.messages.update(row.resident for row in self.flying[name])
        self.starts += 1
        again = f"p{who}-{self.starts}"
        self.aside[again], self.flying[again] = [], []
        self.aside[name], self.flying[name] = [], []
        self.names[who] = again
        self.beat(again)

    @rule(who=st.integers(0, 1), seconds=st.sampled_from([1, 6, 11]))
    def tick(self, who: int, seconds: int) -> None:
        """Time goes by for both; only one of them is quick enough to renew its lease."""
        self.now += timedelta(seconds=seconds)
        self.beat(self.names[who])
        with self.database.write() as connection:
            leases.lapse(connection, self.now)
            schedule.tick(connection, self.now)

    @rule(who=st.integers(0, RESIDENTS - 1))
    def opt_out(self, who: int) -> None:
        leave(self.database, self.keys[who])
        self.left.add(self.keys[who])

    @rule(who=st.integers(0, RESIDENTS - 1))
    def take_out(self, who: int) -> None:
        """A row leaves the queue while it may be set aside, as by a recall or an erasure."""
        queued = (deliveries.c.resident == self.keys[who], deliveries.c.state == "queued")
        with self.database.write() as connection:
            connection.execute(update(deliveries).where(*queued).values(state="recalled"))

    @precondition(lambda self: campaign_of(self.database).state in ("sending", "paused"))
    @rule(state=st.sampled_from(["paused", "sending", "sending"]))
    def order(self, state: str) -> None:
        set_state(self.database, state)

    @invariant()
    def at_most_one_message_each(self) -> None:
        if hasattr(self, "messages"):
            assert max(self.messages.values(), default=0) <= 1

    @invariant()
    def the_ledger_tells_the_truth(self) -> None:
        if not hasattr(self, "database"):
            return
        for row in rows_of(self.database):
            before, self.states[row.id] = self.states.get(row.id, "queued"), row.state
            # only the truth about an unknown row changes a final one
            assert before == row.state or before not in FINAL - {"unknown"}
            assert before != "unknown" or row.state in FINAL
            if row.state == "sent":
                assert self.messages[row.resident] == 1
            if self.messages[row.resident]:
                assert row.state in ("sent", "unknown", "claimed")
        sent = states(self.database)["sent"]
        assert count_events(self.database, "delivery") == sent

    def finish(self) -> None:
        """Everybody dies, one process starts anew and works until nothing is left."""
        self.now += timedelta(seconds=20)
        if campaign_of(self.database).state == "paused":
            set_state(self.database, "sending")
        self.beat("last")
        for _ in range(RESIDENTS):
            with self.database.write() as connection:
                leases.lapse(connection, self.now)
                rows = ledger.reserve(connection, "last", "telegram", self.now, 2)
                ids = [row.id for row in rows]
                claimed = ledger.claim(connection, "last", ids, self.now)
                settled = [Settled(row, Sent("1"), self.now) for row in claimed.values()]
                ledger.settle(connection, "last", settled, self.now)
            self.messages.update(row.resident for row in claimed.values())
        with self.database.write() as connection:
            schedule.tick(connection, self.now)
        assert set(states(self.database)) <= FINAL
        assert campaign_of(self.database).state == "finished"
        self.at_most_one_message_each()


@cache
def template() -> Path:
    """A migrated file without rows."""
    folder = TemporaryDirectory(prefix="pufa-template-")
    atexit.register(folder.cleanup)
    path = Path(folder.name) / "empty.db"
    Database.open(f"sqlite:///{path}").close()
    return path


Deliveries.TestCase.settings = settings(
    max_examples=examples(60), stateful_step_count=40, deadline=None
)
TestDeliveries = Deliveries.TestCase
