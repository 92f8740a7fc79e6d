"""Events to test with, and Hypothesis strategies for whole logs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from outreach.activities import Activity, Material
from outreach.events import (
    Answer,
    Cited,
    Event,
    Feedback,
    Gap,
    QuizAnswered,
    QuizAttempt,
    Referral,
    Reversal,
    event_key,
)

CONSUMER = Cited("中华人民共和国消费者权益保护法", "第二十五条", date(2013, 10, 25))
FRAUD = Cited("中华人民共和国反电信网络诈骗法", "第二十条", date(2022, 9, 2))
CIVIL = Cited("中华人民共和国民法典", "第一千二百五十四条", date(2020, 5, 28))
NOON = datetime(2026, 11, 24, 4, tzinfo=UTC)  # 12:00 in Shanghai


def answer(name: str = "a", **fields: Any) -> Answer:
    given: dict[str, Any] = {
        "key": event_key(name, "answer"),
        "at": NOON,
        "channel": "web",
        "resident": "r1",
        "kind": "answer",
        "topic": "消费",
        "organ": "市场监管局",
        "system": "消费者权益",
        "articles": (CONSUMER,),
    }
    return Answer(**(given | fields))


def referral(name: str = "r", **fields: Any) -> Referral:
    given: dict[str, Any] = {
        "key": event_key(name, "referral"),
        "at": NOON,
        "channel": "web",
        "resident": "r1",
        "kind": "urgent",
        "topic": "反诈",
        "organ": "公安局",
        "result": "shown",
    }
    return Referral(**(given | fields))


def gap(name: str = "g", **fields: Any) -> Gap:
    given: dict[str, Any] = {
        "key": event_key(name, "gap"),
        "at": NOON,
        "channel": "web",
        "resident": "r1",
        "kind": "declined",
        "organ": "司法局",
    }
    return Gap(**(given | fields))


def activity(**fields: Any) -> Activity:
    given: dict[str, Any] = {
        "kind": "activity",
        "first": date(2026, 11, 1),
        "last": date(2026, 11, 1),
        "organ": "公安局",
        "name": "反诈宣传",
        "reporter": "张三",
        "topic": "反诈",
        "laws": (FRAUD.law,),
        "attended": 120,
        "method": "sign_in",
    }
    return Activity(**(given | fields))


@dataclass(frozen=True)
class Report:
    """A report and what becomes of it; a second one with the same number corrects the first."""

    activity: Activity
    fate: str  # submitted, approved, returned, reversed

    @property
    def counts(self) -> bool:
        return self.fate == "approved"


@st.composite
def reports(draw: st.DrawFn, max_size: int = 8) -> list[list[Report]]:
    """Random reports by number, each number's in order: the last one stands."""
    numbers: list[list[Report]] = []
    for number in range(draw(st.integers(0, max_size))):
        versions = draw(st.integers(1, 2))
        numbers.append([draw(_report(f"N{number}", version)) for version in range(versions)])
    return numbers


_SEVERAL = st.lists(st.sampled_from([CONSUMER.law, FRAUD.law, CIVIL.law]), unique=True, max_size=2)


@st.composite
def _report(draw: st.DrawFn, number: str, version: int) -> Report:
    day = draw(st.sampled_from([date(2026, 10, 31), date(2026, 11, 1), date(2026, 11, 2)]))
    organ = draw(st.sampled_from(["公安局", "市场监管局"]))
    others = [name for name in ("公安局", "市场监管局", "团委") if name != organ]
    units = draw(st.lists(st.sampled_from(_UNITS), unique=True, max_size=3))
    attended = draw(st.sampled_from([None, 1, 3, 4, 5, 60, 1200]))
    told = Activity(
        number=number,
        kind=draw(st.sampled_from(["activity", "activity", "training"])),
        first=day,
        last=day + timedelta(days=draw(st.integers(0, 3))),
        organ=organ,
        name=f"活动{version}",  # versions differ
        reporter="张三",
        joint=tuple(draw(st.lists(st.sampled_from(others), unique=True))),
        topic=draw(st.sampled_from(["消费", None])),
        system=draw(st.sampled_from(["反诈", None])),
        town=draw(st.sampled_from(["城关镇", "东川镇", None])),
        group=draw(st.sampled_from(["务农", "务工", None])),
        laws=tuple(draw(_SEVERAL)),
        attended=attended,
        method=draw(st.sampled_from(["sign_in", "estimate"])) if attended else None,
        consulted=draw(st.sampled_from([None, 2, 30])),
        materials=tuple(Material(7 + n, unit, given) for n, (unit, given) in enumerate(units)),
    )
    fates = ["approved", "approved", "submitted", "returned", "reversed"]
    return Report(told, draw(st.sampled_from(fates)))


_UNITS = [("份", False), ("册", False), ("条", False), ("块", False), ("件", False), ("台", False)]
_UNITS += [("份", True), ("册", True), ("件", True)]


def standing(numbers: list[list[Report]]) -> list[Activity]:
    """The activities that count: the last of each number, where approved."""
    return [versions[-1].activity for versions in numbers if versions[-1].counts]


@dataclass(frozen=True)
class Log:
    """A random history: events, and reversals of some of them."""

    events: tuple[Event, ...]
    reversals: tuple[Reversal, ...]

    @property
    def standing(self) -> list[Event]:
        """What is left when the reversals are taken into account."""
        back = {reversal.of for reversal in self.reversals}
        return [event for event in self.events if event.key not in back]


# Shanghai midnights: an ordinary day, a month's end, a year's end.
_MIDNIGHTS = [
    datetime(2026, 10, 31, 16, tzinfo=UTC),
    datetime(2026, 11, 1, 16, tzinfo=UTC),
    datetime(2026, 12, 31, 16, tzinfo=UTC),
]
# Distances that sit on, just under and just over the half hour; others chain.
_MINUTES = [-61, -60, -45, -31, -30, -20, -15, -1, 0, 1, 14, 15, 29, 30, 31, 45, 59, 60, 75, 90]
_MOMENTS = st.builds(
    lambda midnight, minutes, micros: midnight + timedelta(minutes=minutes, microseconds=micros),
    st.sampled_from(_MIDNIGHTS),
    st.sampled_from(_MINUTES),
    st.sampled_from([-1, 0, 0, 0, 1]),
)


@st.composite
def logs(draw: st.DrawFn, max_size: int = 25) -> Log:
    """Random logs, dense around midnights."""
    classes: st.SearchStrategy[type[Event]] = st.sampled_from(
        [Answer, Answer, Answer, Referral, Gap, Feedback, QuizAttempt, QuizAnswered]
    )
    made: list[Event] = []
    for number in range(draw(st.integers(0, max_size))):
        kind = draw(classes)
        results = ["right", "wrong"] if kind is QuizAnswered else ["shown", None, "tapped"]
        made.append(
            kind(
                key=event_key(str(number)),
                at=draw(_MOMENTS),
                channel=draw(st.sampled_from(["web", "wechat"])),
                resident=draw(st.sampled_from(["r1", "r2", "r3"])),
                organ=draw(st.sampled_from(["市场监管局", "公安局"])),
                system=draw(st.sampled_from(["反诈", None])),
                topic=draw(st.sampled_from(["消费", "", None])),
                town=draw(st.sampled_from(["城关镇", None, "—"])),
                target_group=draw(st.sampled_from(["务农", None])),
                articles=tuple(
                    draw(st.lists(st.sampled_from([CONSUMER, FRAUD, CIVIL]), unique=True))
                ),
                in_scope=draw(st.sampled_from([True, True, True, False])),
                source=draw(st.sampled_from(["bot", "bot", "bot", "bot", "staff"])),
                result=draw(st.sampled_from(results)),
            )
        )
    back = draw(st.sets(st.sampled_from(made), max_size=4)) if made else set()
    reversals = [
        Reversal(
            key=event_key(event.key, "reversal"),
            at=event.at + timedelta(days=40),
            of=event.key,
            actor="王",
            reason="重复登记",
        )
        for event in made
        if event in back
    ]
    return Log(tuple(made), tuple(reversals))


def moved(event: Answer, **delta: float) -> Answer:
    """The same question asked later, under another key."""
    later = event.at + timedelta(**delta)
    return replace(event, at=later, key=event_key(event.key, later.isoformat()))
