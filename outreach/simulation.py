"""A simulated county-year: what residents asked and staff held, the same for the same seed.

For benchmarks and tests, never for a county's store. Its proportions are those of the county
report behind the domain specification (133 场次, 22 期, 4,000 people trained, 50,000 books) and of
a chat service: people ask by day, in runs of questions with short and long pauses, some over
midnight; some records come late, a few are taken back. Organs, systems, laws, towns and nodes are
the county's own data files.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from knowledge.articles import REPUBLIC
from knowledge.calendar import Calendar
from knowledge.codelists import CodeLists
from knowledge.organs import Organs
from knowledge.topics import Topics
from outreach.activities import Activity, Material
from outreach.events import Answer, Cited, Event, Gap, Referral, Reversal
from settings import SHANGHAI

ORGANS, TOWNS, RESIDENTS = 30, 16, 40_000
EVENTS, ACTIVITIES, TRAININGS = 600_000, 133, 22
ADOPTED = date(2025, 1, 1)
# Sessions by hour of the day, out of all: few at night, but some run over midnight.
_HOURS = np.array(
    [8, 3, 2, 1, 1, 4, 15, 40, 70, 90, 85, 70, 60, 60, 70, 75, 75, 70, 65, 70, 75, 60]
)
_HOURS = np.append(_HOURS, [35, 18]) / (_HOURS.sum() + 53)
_CHANNELS = ("wechat", "wechat", "wechat", "wechat", "web", "web", "web", "mini_program")
_GROUPS = ("farmers", "workers", "elderly", "youth", "women")
_KINDS = (Answer, Referral, Gap)
_TURNS = 1.6  # per session, about

Row = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Subject:
    """What a question is about, and whose business it is."""

    organ: str
    system: str
    topic: str
    laws: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Turns:
    """Many turns in order of time, in columns; ``subject``, ``town``, ``group`` are places in the
    simulation's lists, -1 where blank; ``kind`` in (answer, referral, gap).
    """

    number: NDArray[np.int64]
    at: NDArray[np.int64]  # microseconds since the epoch
    resident: NDArray[np.int64]
    kind: NDArray[np.int64]
    subject: NDArray[np.int64]
    law: NDArray[np.int64]  # which law of the subject comes first
    laws: NDArray[np.int64]  # how many are cited
    late: NDArray[np.bool_]  # recorded days later
    trial: NDArray[np.bool_]  # staff's own


@dataclass(frozen=True, slots=True)
class Reported:
    """An activity, and what became of it."""

    activity: Activity
    fate: str  # approved, submitted, returned, reversed


@dataclass(frozen=True)
class CountyYear:
    """One year of a county; ``events`` is about how many turns there are."""

    seed: int = 20261204
    year: int = 2026
    events: int = EVENTS
    residents: int = RESIDENTS
    activities: int = ACTIVITIES
    trainings: int = TRAININGS

    @cached_property
    def organs(self) -> tuple[str, ...]:
        """30 units: those with laws of their own, then other bodies."""
        bodies = (code.label for code in CodeLists.load().get("bodies"))
        return tuple(dict.fromkeys((*Organs.load().names, *bodies)))[:ORGANS]

    @cached_property
    def towns(self) -> tuple[str, ...]:
        """16 towns' keys."""
        return tuple(code.key for code in CodeLists.load().get("towns"))[:TOWNS]

    @cached_property
    def subjects(self) -> tuple[Subject, ...]:
        """(organ, system, topic) with its laws; every organ has at least one."""
        organs, topics = Organs.load(), Topics.load()
        found: dict[tuple[str, str, str], list[str]] = {}
        for law, key in topics.laws.items():
            unit, topic = organs.of(law, ADOPTED), topics.get(key)
            assert topic is not None
            if unit.primary in self.organs:
                held = found.setdefault((unit.primary, unit.system, topic.name), [])
                held.append(f"{REPUBLIC}{law}")
        for organ in self.organs:
            if all(organ != key[0] for key in found):
                found[organ, "其他", "其他"] = []
        return tuple(Subject(*key, tuple(laws)) for key, laws in found.items())

    def days(self) -> Iterator[tuple[date, Turns]]:
        """Each day's turns in order; a run of questions stays with the day that it starts on."""
        rng = np.random.default_rng(self.seed)
        first = date(self.year, 1, 1)
        count = (date(self.year + 1, 1, 1) - first).days
        weight = np.array(
            [1.0 if (first + timedelta(days=n)).weekday() < 5 else 0.7 for n in range(count)]
        ) * rng.uniform(0.8, 1.2, count)
        for node in (74, 337):  # 3月15日, 12月4日: twice as busy
            weight[node - 1 : node + 2] *= 2
        sessions = rng.multinomial(round(self.events / _TURNS), weight / weight.sum())
        number = 0
        for day, n in enumerate(sessions):
            turns = self._turns(rng, first + timedelta(days=day), int(n), number)
            number += len(turns.at)
            yield first + timedelta(days=day), turns

    def _turns(self, rng: np.random.Generator, day: date, n: int, number: int) -> Turns:
        hours = rng.choice(24, n, p=_HOURS)
        starts = hours * 3_600_000_000 + rng.integers(0, 3_600_000_000, n)
        length = np.minimum(rng.geometric(1 / _TURNS, n), 6)
        who = (self.residents * rng.random(n) ** 1.4).astype(np.int64)
        subject = (len(self.subjects) * rng.random(n) ** 1.5).astype(np.int64)
        session = np.repeat(np.arange(n), length)
        # Most pauses are short; one in ten is long enough to begin another consultation.
        pause = np.where(
            rng.random(len(session)) < 0.1,
            rng.integers(1_500_000_000, 3_000_000_000, len(session)),
            rng.integers(5_000_000, 600_000_000, len(session)),
        )
        opening = np.r_[0, np.cumsum(length)[:-1]] if n else np.zeros(0, np.int64)
        pause[opening] = 0
        passed = np.cumsum(pause)
        at = starts[session] + passed - passed[opening][session]
        midnight = datetime.combine(day, time(), SHANGHAI).astimezone(UTC)
        at += int(midnight.timestamp()) * 1_000_000
        order = np.argsort(at, kind="stable")
        size = len(order)
        cited = rng.choice(4, size, p=[0.05, 0.7, 0.2, 0.05])
        return Turns(
            number=np.arange(number, number + size),
            at=at[order],
            resident=who[session][order],
            kind=rng.choice(3, size, p=[0.84, 0.08, 0.08]),
            subject=subject[session][order],
            law=rng.integers(0, 1 << 20, size),
            laws=cited,
            late=rng.random(size) < 0.002,
            trial=rng.random(size) < 0.001,
        )

    def key(self, number: int) -> str:
        """The key of a turn."""
        return f"{self.seed:012x}{number:020x}"

    def channel(self, resident: int) -> str:
        """The one channel that a resident uses."""
        return _CHANNELS[resident % len(_CHANNELS)]

    def town(self, resident: int) -> str | None:
        """The town that a resident chose; most choose none."""
        return self.towns[resident % len(self.towns)] if resident % 5 < 2 else None

    def group(self, resident: int) -> str | None:
        """The group that a resident chose; most choose none."""
        return _GROUPS[resident % len(_GROUPS)] if resident % 7 == 0 else None

    def cited(self, subject: Subject, kind: int, law: int, laws: int) -> tuple[str, ...]:
        """The laws that a turn cites: of its subject, some of another one."""
        if kind != 0 or not subject.laws:
            return ()
        own = [subject.laws[(law + n) % len(subject.laws)] for n in range(laws)]
        return tuple(dict.fromkeys(own))

    def happened(self, turns: Turns) -> Iterator[tuple[Event, bool]]:
        """Turns as events, each with whether it is recorded late."""
        columns = (turns.number, turns.at, turns.resident, turns.kind, turns.subject, turns.law)
        more = (turns.laws, turns.late, turns.trial)
        for number, at, who, kind, place, law, laws, late, trial in zip(
            *(column.tolist() for column in (*columns, *more)), strict=True
        ):
            about = self.subjects[place]
            yield (
                _KINDS[kind](
                    key=self.key(number),
                    at=datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=at),
                    channel=self.channel(who),
                    resident=f"r{who:031x}",
                    kind=("answer", "urgent", "declined")[kind],
                    topic=about.topic,
                    organ=about.organ,
                    system=about.system,
                    town=self.town(who),
                    target_group=self.group(who),
                    result="shown" if kind == 1 else None,
                    articles=tuple(
                        Cited(name, f"第{1 + law % 99}条", ADOPTED)
                        for name in self.cited(about, kind, law, laws)
                    ),
                    source="staff" if trial else "bot",
                    actor="王五" if trial else None,
                ),
                late,
            )

    def taken_back(self, event: Event, now: datetime) -> Reversal | None:
        """The correction of one event in 500."""
        if int(event.key[-5:], 16) % 500 != 499:
            return None
        key = f"back{event.key[4:]}"
        return Reversal(key=key, at=now, of=event.key, actor="李四", reason="重复登记")

    def offline(self) -> Iterator[Reported]:
        """133 场次 and 22 期 that count, and some reports that do not, by day."""
        rng = np.random.default_rng(self.seed + 1)
        calendar = Calendar.load()
        nodes = [
            each
            for each in calendar.occurrences(self.year)
            if each.start.year == self.year and each.node.lead in self.organs
        ]
        made: list[Reported] = []
        extra = (self.activities + self.trainings) // 8
        for n in range(self.activities + extra):
            fate = (
                "approved" if n < self.activities else ("submitted", "returned", "reversed")[n % 3]
            )
            held = nodes[int(rng.integers(len(nodes)))] if n % 3 else None
            made.append(Reported(self._activity(rng, n, held), fate))
        for n in range(self.trainings + 2):
            fate = "approved" if n < self.trainings else "submitted"
            made.append(Reported(self._training(rng, n), fate))
        yield from sorted(made, key=lambda each: (each.activity.first, each.activity.number or ""))

    def _activity(self, rng: np.random.Generator, n: int, held: Any) -> Activity:
        def one(values: Any) -> Any:
            return values[int(rng.integers(len(values)))]

        about = one(self.subjects)
        if held is None:
            day = date(self.year, 1, 1) + timedelta(days=int(rng.integers(334)))
            organ, joint, node = about.organ, (), None
        else:
            day, organ, node = held.start, held.node.lead, held.node.key
            joint = tuple(sorted({*held.node.partners} & {*self.organs} - {organ}))
        method = one(("sign_in", "scan", "estimate"))
        given = {"份": 2000, "册": 700, "条": 12, "块": 20, "件": 300, "台": 3}
        materials = [
            Material(int(rng.integers(1, most)), unit)
            for unit, most in given.items()
            if rng.random() < 0.5
        ]
        if rng.random() < 0.3:
            materials.append(Material(int(rng.integers(1, 400)), "册", donated=True))
        town = one(self.towns) if rng.random() < 0.6 else None
        consulted = 5 * int(rng.integers(0, 24))
        return Activity(
            kind="activity",
            number=f"HD-{self.year}-{n:04d}",
            first=day,
            last=day + timedelta(days=int(rng.integers(0, 3))),
            organ=organ,
            name=f"{about.topic}法治宣传（{n}）",
            reporter="张三",
            joint=joint,
            place=one(("文化广场", "集市", "村委会", None)),
            town=town,
            topic=about.topic,
            system=about.system,
            laws=tuple(dict.fromkeys(about.laws[: int(rng.integers(0, 4))])),
            form=one(("lecture", "consultation", "display", "performance", "leaflets")),
            group=one((*_GROUPS, None, None)),
            venue=one(("agency", "school", "village", "community", "enterprise", "market", None)),
            node=node,
            campaign="平安建设专项" if n % 10 == 0 else None,
            attended=int(rng.integers(5, 900)),
            method=method,
            consulted=consulted or None,
            materials=tuple(materials),
            evidence=one(("照片3张、通知1份", "报道1篇", None)),
        )

    def _training(self, rng: np.random.Generator, n: int) -> Activity:
        day = date(self.year, 1, 10) + timedelta(days=int(rng.integers(320)))
        return Activity(
            kind="training",
            number=f"PX-{self.year}-{n:04d}",
            first=day,
            last=day + timedelta(days=int(rng.integers(0, 2))),
            organ=self.organs[int(rng.integers(len(self.organs)))],
            name=f"干部法治培训班（第{n + 1}期）",
            reporter="张三",
            topic="宪法",
            system="宪法",
            form="training",
            group="officials",
            venue="agency",
            attended=int(rng.integers(120, 245)),
            method="sign_in",
        )
