"""The pushes of the simulated county-year, through the product's own steps, claims and outcomes.

A dozen campaigns to those who subscribed: two texts, narrow audiences, a pause at a month's end, a
recall, an expiry, a process that dies; refusals by reason, clicks with repeats, residents who leave
(before or after the message), come back, ask for deletion, reply within 48 hours and just after.
"""

from __future__ import annotations

import heapq
import random
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

from sqlalchemy import Connection, select

from outreach.campaigns import release, staff, steps
from outreach.campaigns.definition import Audience, Definition
from outreach.changes import Turn
from outreach.delivery import clicks, leases, ledger, recalls, schedule
from outreach.delivery.ledger import Settled
from outreach.delivery.sender import (
    Blocked,
    Failed,
    Kept,
    NotFound,
    Outcome,
    Removed,
    RetryAfter,
    Sent,
    Unknown,
)
from outreach.delivery_tables import deliveries
from outreach.events import Answer, QuizAnswered, QuizAttempt, Reversal, event_key, record
from outreach.profiles import SetGroup, SetTown, Subscribe, Unsubscribe
from outreach.simulation import CountyYear
from settings import SHANGHAI

Action = Callable[[Connection, datetime], None]
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
_LASTS = {"expires": 5 * HOUR, "overnight": 3 * DAY}


@dataclass(frozen=True)
class Planned:
    """A campaign, when it is released and what becomes of it."""

    id: str
    month: int
    day: int
    node: str | None = None
    second: bool = False
    urgent: bool = False
    audience: Audience = field(default_factory=Audience)
    fate: str = ""  # recalled, expires, overnight, dies


def plans(year: CountyYear) -> list[Planned]:
    """The year's campaigns; three fall within one week, which the cap of two a week notices."""
    towns = Audience(towns=year.towns[:8])
    return [
        Planned("new-year-2026", 1, 31, fate="overnight"),
        Planned("consumer-2026", 3, 13, "consumer-rights-day", second=True),
        Planned("consumer-2026-b", 3, 14, "consumer-rights-day", audience=Audience(("wechat",))),
        Planned("consumer-2026-c", 3, 16),
        Planned("consumer-2026-d", 3, 17, urgent=True),
        Planned("security-2026", 4, 15, audience=towns),
        Planned("anti-drug-2026", 6, 26, "anti-drug-day", fate="recalled"),
        Planned("anti-fraud-2026", 8, 3, "anti-fraud-month", fate="dies"),
        Planned("anti-fraud-2026-b", 8, 18, "anti-fraud-month", second=True),
        Planned("winter-2026", 11, 20, fate="expires"),
        Planned("constitution-2026", 12, 4, "constitution-day", second=True),
        Planned("year-end-2026", 12, 30),
    ]


class Pushes:
    """What is pushed, and what residents do about it, moment by moment."""

    def __init__(self, year: CountyYear) -> None:
        self._year = year
        self._random = random.Random(year.seed)
        self._waiting: list[tuple[datetime, int, Action]] = []
        self._order = count()
        self._at(self._local(1, 2), self._begin)
        for plan in plans(year):
            self._at(self._local(plan.month, plan.day), self._release(plan))

    def live(self, connection: Connection, until: datetime) -> None:
        """Everything that happens until a moment."""
        while self._waiting and self._waiting[0][0] <= until:
            moment, _, act = heapq.heappop(self._waiting)
            act(connection, moment)

    def _at(self, moment: datetime, act: Action) -> None:
        heapq.heappush(self._waiting, (moment, next(self._order), act))

    def _local(self, month: int, day: int, hour: int = 9) -> datetime:
        return datetime(self._year.year, month, day, hour, tzinfo=SHANGHAI).astimezone(UTC)

    def _begin(self, connection: Connection, now: datetime) -> None:
        for name, roles in (("甲", ["editor"]), ("乙", ["reviewer"]), ("丙", ["publisher"])):
            staff.add(connection, name, roles, by="管理员", now=now)
        known = [n for n in range(self._year.residents // 10 + 90) if n < self._year.residents]
        keys = [(n, f"r{n:031x}", "wechat") for n in known if self._year.channel(n) == "wechat"]
        keys += [(n, f"t{n:031x}", "telegram") for n in range(15 + len(keys) // 10)]
        for number, key, channel in keys:
            turn = Turn(f"subscribe-{key}", key, channel, now, now, f"{number}::")
            if number % 9 == 8:  # in June
                self._at(self._local(6, 1), self._subscribe(turn))
            else:
                self._subscribe(turn)(connection, now)

    def _subscribe(self, turn: Turn) -> Action:
        number = int(turn.resident[1:], 16)

        def act(connection: Connection, now: datetime) -> None:
            each = Turn(turn.update_key, turn.resident, turn.channel, now, now, turn.address)
            Subscribe("campaign").carry_out(connection, each)
            SetTown(self._year.town(number)).carry_out(connection, each)
            SetGroup(self._year.group(number)).carry_out(connection, each)

        return act

    def _release(self, plan: Planned) -> Action:
        def act(connection: Connection, now: datetime) -> None:
            number = plan.month + plan.day
            drafted = Definition(
                id=plan.id,
                title=f"普法提醒（{plan.id}）",
                text={"default": "请看。"},
                second={"default": "请您看。"} if plan.second else None,
                topic=None if number % 5 == 0 else "宪法",
                organ=self._year.organs[number % len(self._year.organs)],
                node=plan.node,
                audience=plan.audience,
                expires=now + _LASTS[plan.fate] if plan.fate in _LASTS else None,
            )
            steps.save(connection, drafted, by="甲", now=now)
            steps.take(connection, steps.SUBMIT, plan.id, "submitted", by="甲", now=now)
            urgent = {"urgent": plan.urgent}
            approved = {"by": "乙", "now": now, "values": urgent}
            steps.take(connection, steps.APPROVE, plan.id, "approved", **approved)  # type: ignore[arg-type]
            release.release(connection, plan.id, by="丙", now=now)
            left = self._some(connection, plan.id, "queued", 0.03)
            for each in left:  # while the message waits
                self._leave(each)(connection, now)
            self._send(plan, first=True)(connection, now + timedelta(minutes=5))

        return act

    def _send(self, plan: Planned, *, first: bool = False) -> Action:
        """Send to everybody, or first to half of them where more is to come."""

        def act(connection: Connection, now: datetime) -> None:
            schedule.tick(connection, now)
            leases.heartbeat(connection, "one", ("telegram", "wechat"), now, HOUR)
            whole = sum(ledger.progress(connection, plan.id).values())
            some = whole // 4 + 1 if first and plan.fate else whole
            for channel in ("telegram", "wechat"):
                held = ledger.reserve(connection, "one", channel, now, some)
                claims = ledger.claim(connection, "one", [row.id for row in held], now)
                settled = []
                for place, row in enumerate(claims.values()):
                    done = now + timedelta(seconds=1 + place)
                    settled.append(Settled(row, outcome := self._outcome(row.id), done))
                    if isinstance(outcome, Sent):
                        self._react(plan, row, done)
                    elif isinstance(outcome, RetryAfter):
                        self._at(now + 2 * HOUR, self._send(plan))
                ledger.settle(connection, "one", settled, now + HOUR / 2)
            if first and plan.fate == "overnight":
                self._at(now + DAY, self._send(plan))
            elif first and plan.fate == "dies":
                held = ledger.reserve(connection, "two", "wechat", now, 3)
                ledger.claim(connection, "two", [row.id for row in held], now)
                self._at(now + HOUR, _lapse)
                self._at(now + 3 * HOUR, self._send(plan))
            elif first and plan.fate == "expires":
                self._at(now + 6 * HOUR, self._send(plan))
            elif first and plan.fate == "recalled":
                self._at(now + HOUR, self._recall(plan.id))
            else:
                schedule.tick(connection, now + HOUR / 2)

        return act

    def _outcome(self, row: int) -> Outcome:
        drawn = self._random.random()
        for share, outcome in (
            (0.03, Blocked()),
            (0.06, NotFound()),
            (0.09, Failed("bad_request")),
            (0.13, Unknown()),
            (0.16, RetryAfter(60)),
        ):
            if drawn < share:
                return outcome
        return Sent(str(row))

    def _recall(self, id_: str) -> Action:
        def act(connection: Connection, now: datetime) -> None:
            steps.take(connection, steps.RECALL, id_, "recalled", by="乙", now=now)
            release.recall_queued(connection, id_, now)
            for channel in ("telegram", "wechat"):
                for place, row in enumerate(recalls.reserve(connection, "one", channel, now, 999)):
                    removal = (
                        Kept() if place % 3 == 2 else Removed(("deleted", "edited")[place % 2])
                    )
                    recalls.settle(connection, "one", row, removal, now)

        return act

    def _react(self, plan: Planned, row: ledger.Claimed, done: datetime) -> None:
        """Clicks (some again, some the next month), a reply, a quiz; some leave, some come back."""
        drawn = self._random.random
        if drawn() < 0.4:
            for _ in range(1 + int(drawn() * 2.5)):
                self._at(done + drawn() * (4 * DAY if plan.second else 20 * HOUR), _click(row))
            if drawn() < 0.5:
                self._at(done + drawn() * 60 * HOUR, self._quiz(plan, row))
        if drawn() < 0.15:
            exactly = (timedelta(minutes=3), 48 * HOUR - timedelta(seconds=1), 48 * HOUR)
            self._at(done + exactly[int(drawn() * 3)], self._reply(plan, row))
        if drawn() < 0.08:
            self._at(done + 26 * HOUR, self._leave(row.resident))
            if drawn() < 0.5:
                turn = Turn("again", row.resident, row.channel, done, done, "1::")
                self._at(done + 15 * DAY, self._subscribe(turn))

    def _leave(self, resident: str) -> Action:
        def act(connection: Connection, now: datetime) -> None:
            turn = Turn("leave", resident, "wechat", now, now)
            Unsubscribe("campaign").carry_out(connection, turn)

        return act

    def _reply(self, plan: Planned, row: ledger.Claimed) -> Action:
        def act(connection: Connection, now: datetime) -> None:
            record(
                connection,
                Answer(key=event_key("reply", str(row.id)), at=now, **self._about(plan, row)),
                now=now,
            )

        return act

    def _quiz(self, plan: Planned, row: ledger.Claimed) -> Action:
        def act(connection: Connection, now: datetime) -> None:
            trial = {"source": "staff", "actor": "王五"} if row.id % 11 == 0 else {}
            about = {**self._about(plan, row), "at": now, "subject": "constitution", **trial}
            key = event_key("push-quiz", str(row.id))
            record(connection, QuizAttempt(key=key, **about), now=now)
            for place in ("1", "2"):
                result = ("right", "wrong")[int(self._random.random() * 2)]
                again = event_key("push-quiz", str(row.id), place)
                record(connection, QuizAnswered(key=again, result=result, **about), now=now)
            if row.id % 7 == 0:  # put down twice
                words = {"actor": "李四", "reason": "重复登记"}
                back = Reversal(key=event_key("back", str(row.id)), at=now, of=key, **words)
                record(connection, back, now=now)

        return act

    def _about(self, plan: Planned, row: ledger.Claimed) -> dict[str, Any]:
        organ = self._year.organs[(plan.month + plan.day) % len(self._year.organs)]
        about = {"channel": row.channel, "resident": row.resident, "topic": "宪法", "organ": organ}
        return about | {"campaign": plan.id, "node": plan.node}

    def _some(self, connection: Connection, id_: str, state: str, share: float) -> list[str]:
        query = select(deliveries.c.resident).where(
            deliveries.c.campaign == id_, deliveries.c.state == state
        )
        found = connection.execute(query.order_by(deliveries.c.id)).scalars()
        return [key for key in found if self._random.random() < share]


def _click(row: ledger.Claimed) -> Action:
    def act(connection: Connection, now: datetime) -> None:
        clicks.count(connection, row.id, now, row.resident)

    return act


def _lapse(connection: Connection, now: datetime) -> None:
    leases.lapse(connection, now)


def erased(day: date) -> str | None:
    """A subscriber who asks for deletion on a day, besides those of the county-year."""
    return {date(2026, 8, 25): f"t{3:031x}", date(2026, 12, 10): f"r{16:031x}"}.get(day)
