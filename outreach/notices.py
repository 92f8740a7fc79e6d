"""普法提示: from draft to feedback, as events (法治宣传教育法 57).

A notice is never changed: each step is an event of its own with who and when, and what a person
got wrong is taken back by a reversal. What stands at a moment is read from the events recorded by
then. Its number is its identity.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, select

from errors import OutreachError
from outreach.database import Database
from outreach.duties import DueItem
from outreach.events import Event, event_key, record
from outreach.tables import events
from settings import SHANGHAI

DRAFTED, SENT, FEEDBACK, CLOSED = "drafted", "sent", "feedback", "closed"
STATES = {DRAFTED: "已拟稿", SENT: "已发出", FEEDBACK: "已反馈", CLOSED: "已办结"}
_BEFORE = {SENT: DRAFTED, FEEDBACK: SENT, CLOSED: FEEDBACK}


class Notice(Event):
    """One step of a 普法提示: ``subject`` is its number, ``result`` the state, ``organ`` who is
    reminded; ``reason`` holds what belongs to the step (JSON).
    """

    __slots__ = ()
    type = "notice"
    units = "件"


@dataclass(frozen=True, slots=True)
class Owed:
    """An item that a notice reminds of, as it stood when the notice was drafted."""

    key: str
    name: str
    start: date
    end: date
    basis: str
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step that stands: when, by whom, with what words."""

    state: str
    at: datetime
    actor: str
    note: str


@dataclass(frozen=True, slots=True)
class Reminder:
    """A notice as it stands. ``deadline``: the last day for feedback, fixed when it was drafted."""

    number: str
    organ: str
    owed: tuple[Owed, ...]
    deadline: date
    steps: tuple[Step, ...]

    @property
    def state(self) -> str:
        """One of :data:`STATES`."""
        return self.steps[-1].state

    def reached(self, state: str) -> Step | None:
        """The step by which it came to a state."""
        return next((step for step in self.steps if step.state == state), None)

    def overdue(self, today: date) -> bool:
        """Whether it was sent and the feedback is late."""
        return self.state == SENT and today > self.deadline


def draft(
    database: Database,
    organ: str,
    items: Iterable[DueItem],
    *,
    deadline: date,
    actor: str,
    now: datetime,
) -> Reminder:
    """Draft a notice about items that are overdue; the store numbers it within the year.

    Raises:
        OutreachError: nothing is overdue, an item belongs to another unit or stands in an open
            notice already, or the deadline is past.
    """
    overdue = [item for item in items if item.state == "逾期"]
    if not overdue:
        raise OutreachError(f"{organ}没有逾期的事项，不拟普法提示单")
    if wrong := [item.name for item in overdue if item.organ != organ]:
        raise OutreachError(f"“{wrong[0]}”不是{organ}的事项")
    today = now.astimezone(SHANGHAI).date()
    if deadline < today:
        raise OutreachError(f"反馈期限 {deadline} 已经过去，请写今天以后的日期")
    owed = [
        Owed(item.key, item.name, item.start, item.end, item.basis, item.shown) for item in overdue
    ]
    content = json.dumps(
        {"deadline": deadline, "owed": [asdict(each) for each in owed]},
        ensure_ascii=False,
        default=str,
    )
    with database.write() as connection:
        known = _reminders(connection, now)
        for each in known.values():
            if each.organ == organ and each.state != CLOSED:
                again = {one.key for one in each.owed} & {one.key for one in owed}
                if again:
                    raise OutreachError(f"{each.number} 已经提示过同一事项，还没有办结")
        number = _next_number(connection, today.year)
        _append(connection, number, DRAFTED, organ, actor, content, now)
        return _reminders(connection, now)[number]


def send(database: Database, number: str, *, actor: str, now: datetime) -> Reminder:
    """Record that the notice went out.

    Raises:
        OutreachError: there is no such notice, or it is not a draft.
    """
    return _step(database, number, SENT, actor, "", now)


def feedback(database: Database, number: str, *, note: str, actor: str, now: datetime) -> Reminder:
    """Record the unit's feedback: what it did about it.

    Raises:
        OutreachError: there is no such notice, it is not out, or the note is empty.
    """
    if not note.strip():
        raise OutreachError("请写明单位反馈了什么")
    return _step(database, number, FEEDBACK, actor, note.strip(), now)


def close(
    database: Database, number: str, *, actor: str, now: datetime, note: str = ""
) -> Reminder:
    """Record that the feedback was checked and the matter is done (办结).

    Raises:
        OutreachError: there is no such notice, or no feedback yet.
    """
    return _step(database, number, CLOSED, actor, note.strip(), now)


def listed(database: Database, as_of: datetime) -> tuple[Reminder, ...]:
    """Every notice as it stood at ``as_of``, by number."""
    with database.read() as connection:
        return tuple(_reminders(connection, as_of).values())


def sent_within(found: Sequence[Reminder], start: date, end: date) -> tuple[Reminder, ...]:
    """The notices that went out on days [start, end] of Asia/Shanghai."""
    chosen = []
    for each in found:
        step = each.reached(SENT)
        if step and start <= step.at.astimezone(SHANGHAI).date() <= end:
            chosen.append(each)
    return tuple(chosen)


def _step(
    database: Database, number: str, state: str, actor: str, note: str, now: datetime
) -> Reminder:
    with database.write() as connection:
        known = _reminders(connection, now).get(number)
        if known is None:
            raise OutreachError(f"没有编号为 {number} 的普法提示单")
        if known.state != _BEFORE[state]:
            raise OutreachError(
                f"{number} 现在是“{STATES[known.state]}”，不能改为“{STATES[state]}”"
            )
        content = json.dumps({"note": note}, ensure_ascii=False)
        _append(connection, number, state, known.organ, actor, content, now)
        return _reminders(connection, now)[number]


def _append(
    connection: Connection,
    number: str,
    state: str,
    organ: str,
    actor: str,
    content: str,
    now: datetime,
) -> None:
    if not actor.strip():
        raise OutreachError("请写明经办人")
    # A step that was taken back may be taken again: the place in the history makes its key.
    query = select(events.c.id).where(events.c.type == Notice.type, events.c.subject == number)
    place = len(connection.execute(query).all())
    event = Notice(
        key=event_key("notice", number, str(place)),
        at=now,
        channel="offline",
        organ=organ,
        subject=number,
        result=state,
        source="staff",
        actor=actor.strip(),
        reason=content,
    )
    record(connection, event, now=now)


def _next_number(connection: Connection, year: int) -> str:
    """Numbers run within the year; one that was taken back is not given again."""
    prefix = f"普法提示〔{year}〕"
    query = select(events.c.subject).where(
        events.c.type == Notice.type, events.c.subject.startswith(prefix)
    )
    taken = {
        int(number.removeprefix(prefix).removesuffix("号"))
        for (number,) in connection.execute(query)
    }
    return f"{prefix}{max(taken, default=0) + 1}号"


def _reminders(connection: Connection, as_of: datetime) -> dict[str, Reminder]:
    back = select(events.c.reverses).where(
        events.c.reverses.is_not(None), events.c.recorded_at <= as_of
    )
    query = (
        select(
            *(events.c[name] for name in ("subject", "result", "organ", "at", "actor", "reason"))
        )
        .where(
            events.c.type == Notice.type,
            events.c.recorded_at <= as_of,
            events.c.id.not_in(back),
        )
        .order_by(events.c.id)
    )
    found: dict[str, Reminder] = {}
    for number, state, organ, at, actor, reason in connection.execute(query):
        content: dict[str, Any] = json.loads(reason)
        step = Step(state, at, actor, content.get("note", ""))
        if state == DRAFTED:
            found[number] = Reminder(
                number=number,
                organ=organ,
                owed=tuple(_owed(each) for each in content["owed"]),
                deadline=date.fromisoformat(content["deadline"]),
                steps=(step,),
            )
        # A step that was taken back takes the later ones with it.
        elif number in found and found[number].state == _BEFORE[state]:
            found[number] = replace(found[number], steps=(*found[number].steps, step))
    return found


def _owed(plain: dict[str, str]) -> Owed:
    days = {name: date.fromisoformat(plain[name]) for name in ("start", "end")}
    return Owed(
        key=plain["key"], name=plain["name"], basis=plain["basis"], state=plain["state"], **days
    )


def due_deadline(today: date, days: int) -> date:
    """The last day for feedback: ``days`` calendar days from today."""
    return today + timedelta(days=days)
