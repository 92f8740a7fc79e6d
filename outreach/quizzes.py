"""The daily quiz: each question scores once per resident and day; the towns' ranking.

What scores is recorded as events: a :class:`~outreach.events.QuizAttempt` with a resident's first
answer of the day, a :class:`~outreach.events.QuizAnswered` with every answer. ``quiz_answers`` only
sees to "once", and feeds the ranking of those who joined it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, Integer, cast, delete, distinct, func, select

from outreach.changes import Turn
from outreach.database import insert_new
from outreach.events import Cited, QuizAnswered, QuizAttempt, day_number, event_key, local_day
from outreach.events import record as record_event
from outreach.service_tables import profiles, quiz_answers
from outreach.small_cells import LEAST

KEEP_DAYS = 62  # the ranking looks at this month and the last


@dataclass(frozen=True, slots=True)
class Answered:
    """A scored answer: the chosen indices, and whether they were right."""

    chosen: tuple[int, ...]
    right: bool


@dataclass(frozen=True, slots=True)
class Standing:
    """A town in the ranking: how many took part, and the share of right answers, 0 to 1."""

    town: str
    residents: int
    share: float


@dataclass(frozen=True, slots=True)
class QuizAnswer:
    """A resident's answer to a question of a day's quiz; a second one changes nothing."""

    day: date
    question: str
    chosen: tuple[int, ...]
    right: bool
    article: Cited
    organ: str
    topic: str
    system: str | None = None
    town: str | None = None
    group: str | None = None

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Score it where it is the first, and record what counts."""
        before = answers(connection, turn.resident, self.day)
        row = {
            "key": turn.resident,
            "day": day_number(self.day),
            "question": self.question,
            "chosen": "".join(map(str, self.chosen)),
            "correct": self.right,
            "at": turn.now,
        }
        if insert_new(connection, quiz_answers, row) is None:
            return

        def key(kind: str) -> str:
            return event_key(turn.update_key, kind)

        common: dict[str, Any] = {
            "at": turn.at,
            "channel": turn.channel,
            "resident": turn.resident,
            "town": self.town,
            "target_group": self.group,
            "form": "quiz",
        }
        if not before:
            attempt = QuizAttempt(
                key=key("quiz"), organ=self.organ, subject=quiz_of(self.day), **common
            )
            record_event(connection, attempt, now=turn.now)
        answered = QuizAnswered(
            key=key("quiz_answer"),
            organ=self.organ,
            topic=self.topic,
            system=self.system,
            subject=f"{quiz_of(self.day)}:{self.question}",
            result="right" if self.right else "wrong",
            articles=(self.article,),
            **common,
        )
        record_event(connection, answered, now=turn.now)


def quiz_of(day: date) -> str:
    """How events name the quiz of a day."""
    return f"daily-{day.isoformat()}"


def answers(connection: Connection, resident: str, day: date) -> Mapping[str, Answered]:
    """A resident's scored answers of a day's quiz, by question."""
    query = select(quiz_answers.c.question, quiz_answers.c.chosen, quiz_answers.c.correct).where(
        quiz_answers.c.key == resident, quiz_answers.c.day == day_number(day)
    )
    return {
        question: Answered(tuple(map(int, chosen)), right)
        for question, chosen, right in connection.execute(query)
    }


def standings(connection: Connection, first: date, last: date) -> list[Standing]:
    """The towns' shares of right answers in a window, best first.

    Only residents who joined the ranking and chose a town take part; towns where fewer than five
    of them did are left out (rule R11).
    """
    people = func.count(distinct(quiz_answers.c.key))
    share = func.avg(cast(quiz_answers.c.correct, Integer) * 1.0)
    query = (
        select(profiles.c.town, people, share)
        .join(profiles, profiles.c.key == quiz_answers.c.key)
        .where(
            profiles.c.ranked.is_(True),
            profiles.c.town.is_not(None),
            quiz_answers.c.day >= day_number(first),
            quiz_answers.c.day <= day_number(last),
        )
        .group_by(profiles.c.town)
        .having(people >= LEAST)
    )
    found = [Standing(town, count, float(mean)) for town, count, mean in connection.execute(query)]
    return sorted(found, key=lambda each: (-each.share, each.town))


def forget(connection: Connection, resident: str) -> int:
    """Delete a resident's answers; the events stay, without anybody behind them."""
    return connection.execute(delete(quiz_answers).where(quiz_answers.c.key == resident)).rowcount


def purge(connection: Connection, now: datetime) -> int:
    """Delete answers that neither "once a day" nor the ranking needs any more."""
    oldest = local_day(now - timedelta(days=KEEP_DAYS))
    return connection.execute(delete(quiz_answers).where(quiz_answers.c.day < oldest)).rowcount
