"""The list of what the bot could not help with: for staff, to write cards and plan lectures.

Topic, day and channel of questions left unanswered, answers found useless, and residents who asked
for a person. The masked words stand there only where the resident agreed, for
:data:`KEEP_DAYS` days.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, and_, delete, or_, select

from outreach.events import day_number
from outreach.tables import event_texts, events

KEEP_DAYS = 90
ASKED = "asked"  # result of a referral that the resident asked for
KINDS = {"gap": "没答上", "feedback": "说没用", "referral": "要人工"}


@dataclass(frozen=True, slots=True)
class Missing:
    """One line of the list; ``text`` is None where the resident did not agree, or it is over."""

    at: datetime
    kind: str
    topic: str | None
    subject: str | None
    channel: str
    town: str | None
    text: str | None

    def to_json(self) -> dict[str, Any]:
        """For ``gaps list --json``."""
        return asdict(self)


def condition() -> Any:
    """Events that belong on the list."""
    return or_(
        events.c.type == "gap",
        and_(events.c.type == "feedback", events.c.result == "not_useful"),
        and_(events.c.type == "referral", events.c.result == ASKED),
    )


def listed(connection: Connection, first: date, last: date) -> list[Missing]:
    """The list of [first, last], newest first."""
    back = select(events.c.reverses).where(events.c.reverses.is_not(None))
    names = ("at", "type", "topic", "subject", "channel", "town")
    query = (
        select(*(events.c[name] for name in names), event_texts.c.text)
        .outerjoin(event_texts, event_texts.c.event_id == events.c.id)
        .where(
            condition(),
            events.c.day >= day_number(first),
            events.c.day <= day_number(last),
            events.c.id.not_in(back),
        )
        .order_by(events.c.at.desc(), events.c.id.desc())
    )
    return [
        Missing(row.at, KINDS[row.type], row.topic, row.subject, row.channel, row.town, row.text)
        for row in connection.execute(query)
    ]


def purge(connection: Connection, now: datetime, others: timedelta) -> int:
    """Delete question texts: those of the list after 90 days, all others after ``others``."""
    ours = select(events.c.id).where(condition())
    old = and_(
        event_texts.c.kept_at < now - others,
        or_(
            event_texts.c.kept_at < now - timedelta(days=KEEP_DAYS),
            event_texts.c.event_id.not_in(ours),
        ),
    )
    return connection.execute(delete(event_texts).where(old)).rowcount
