"""Events to test with, and Hypothesis strategies for whole logs."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from outreach.events import Answer, Cited, Event, Feedback, Gap, Referral, Reversal, event_key

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
    classes = st.sampled_from([Answer, Answer, Answer, Referral, Gap, Feedback])
    made: list[Event] = []
    for number in range(draw(st.integers(0, max_size))):
        made.append(
            draw(classes)(
                key=event_key(str(number)),
                at=draw(_MOMENTS),
                channel=draw(st.sampled_from(["web", "wechat"])),
                resident=draw(st.sampled_from(["r1", "r2", "r3"])),
                organ=draw(st.sampled_from(["市场监管局", "公安局"])),
                system=draw(st.sampled_from(["反诈", None])),
                topic=draw(st.sampled_from(["消费", "", None])),
                town=draw(st.sampled_from(["城关镇", None, "—"])),
                articles=tuple(
                    draw(st.lists(st.sampled_from([CONSUMER, FRAUD, CIVIL]), unique=True))
                ),
                in_scope=draw(st.sampled_from([True, True, True, False])),
                source=draw(st.sampled_from(["bot", "bot", "bot", "bot", "staff"])),
                result=draw(st.sampled_from(["shown", None, "tapped"])),
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
