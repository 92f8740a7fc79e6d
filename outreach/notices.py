"""普法提示: from draft to feedback and 办结, as events (法治宣传教育法 57).

A notice is never changed: each step is an event of its own with who and when. Feedback that was
recorded wrongly is corrected by another row that says why; a step that should not have been taken
is taken back by a reversal. What stands at a moment is read from the events recorded by then. Its
number is its identity.

drafted → sent → feedback (→ feedback, corrected) → closed, the last by another person than the one
who sent it or recorded the feedback.
"""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, insert, select

from errors import NotAllowed, OutreachError, UsageError
from outreach.activities import Evidence, person, same_person
from outreach.database import Database
from outreach.duties import DueItem
from outreach.events import Reversal, event_key, record
from outreach.notice_tables import notice_files
from outreach.reminders import BEFORE, Notice, Owed, Step
from outreach.reminders import CLOSED as CLOSED
from outreach.reminders import DRAFTED as DRAFTED
from outreach.reminders import FEEDBACK as FEEDBACK
from outreach.reminders import SENT as SENT
from outreach.reminders import STATES as STATES
from outreach.reminders import Reminder as Reminder
from outreach.tables import events
from settings import SHANGHAI

MOST_WORDS = 2000
_TYPED = re.compile(
    r"(?:普法提示)?[〔\[(（【]?(?:(?P<year>\d{4})(?:[〕\])）】]|-))?第?(?P<serial>\d{1,5})号?"
)


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

    Items that stand in an open notice are left out: they have been reminded of.

    Raises:
        OutreachError: nothing is overdue, an item belongs to another unit, all of them stand in
            open notices, or the deadline is past.
    """
    overdue = [item for item in items if item.state == "逾期"]
    if not overdue:
        raise OutreachError(f"{organ}没有逾期的事项，不拟普法提示单")
    if wrong := [item.name for item in overdue if item.organ != organ]:
        raise OutreachError(f"“{wrong[0]}”不是{organ}的事项")
    today = now.astimezone(SHANGHAI).date()
    if deadline < today:
        raise OutreachError(f"反馈期限 {deadline} 已经过去，请写今天以后的日期")
    with database.write() as connection:
        known = _reminders(connection, now)
        open_ = {
            one.key: each.number
            for each in known.values()
            if each.organ == organ and each.state != CLOSED
            for one in each.owed
        }
        owed = [
            Owed(item.key, item.name, item.start, item.end, item.basis, item.shown)
            for item in overdue
            if item.key not in open_
        ]
        if not owed:
            number = open_[overdue[0].key]
            raise OutreachError(f"{number} 已经提示过同一事项，还没有办结")
        content = {"deadline": deadline, "owed": [asdict(each) for each in owed]}
        number = _next_number(connection, today.year)
        _append(connection, number, DRAFTED, organ, actor, content, now)
        return _reminders(connection, now)[number]


def send(database: Database, number: str, *, actor: str, now: datetime) -> Reminder:
    """Record that the notice went out.

    Raises:
        OutreachError: there is no such notice, or it is not a draft.
    """
    with database.write() as connection:
        known = _ready(connection, number, SENT, now)
        _append(connection, number, SENT, known.organ, actor, {"note": ""}, now)
        return _reminders(connection, now)[number]


def feedback(
    database: Database,
    number: str,
    *,
    note: str,
    actor: str,
    now: datetime,
    by: str | None = None,
    reason: str | None = None,
    files: Sequence[Evidence] = (),
) -> Reminder:
    """Record the unit's feedback: what it did about it; again with ``reason``: a correction.

    Args:
        database: the store.
        number: the notice's.
        note: what the unit did, in its words.
        actor: who records it.
        now: the moment of recording.
        by: who answered for the unit; ``actor`` where not given.
        reason: why feedback that was recorded before is corrected.
        files: kept files that came with it.

    Raises:
        OutreachError: there is no such notice, it is not out, the note is empty or too long, or
            feedback is there and no reason is given.
    """
    if not note.strip() or len(note) > MOST_WORDS:
        raise OutreachError(f"请写明单位反馈了什么（{MOST_WORDS}字以内）")
    reason = (reason or "").strip()
    with database.write() as connection:
        known = _ready(connection, number, FEEDBACK, now)
        if known.state == FEEDBACK and not reason:
            raise OutreachError(f"{number} 已经有反馈，更正要写明原因")
        content = {"note": note.strip(), "by": person(by) if by else "", "reason": reason}
        event = _append(connection, number, FEEDBACK, known.organ, actor, content, now)
        kept = {each.sha256: {"event_id": event, **asdict(each)} for each in files}
        if kept:
            connection.execute(insert(notice_files), list(kept.values()))
        return _reminders(connection, now)[number]


def close(
    database: Database, number: str, *, actor: str, now: datetime, note: str = ""
) -> Reminder:
    """Record that the feedback was checked and the matter is done (办结), by another person.

    Raises:
        NotAllowed: by the one who sent the notice, recorded the feedback or gave it.
        OutreachError: there is no such notice, or no feedback yet.
    """
    with database.write() as connection:
        known = _ready(connection, number, CLOSED, now)
        sent, answered = known.reached(SENT), known.answer
        assert sent is not None
        assert answered is not None
        actor = person(actor)
        if any(same_person(actor, who) for who in (sent.actor, answered.actor, answered.by)):
            raise NotAllowed(f"{number} 由{actor}发出或登记反馈，须由另一人核实办结")
        _append(connection, number, CLOSED, known.organ, actor, {"note": note.strip()}, now)
        return _reminders(connection, now)[number]


def take_back(
    database: Database, number: str, *, actor: str, reason: str, now: datetime
) -> Reminder | None:
    """Reverse the last step that stands, saying who and why; None where that was the draft.

    Raises:
        OutreachError: there is no such notice, or no reason is given.
    """
    with database.write() as connection:
        last = _known(connection, number, now).steps[-1]
        back = Reversal(
            key=event_key(last.key, "reversal"),
            at=now,
            of=last.key,
            actor=person(actor),
            reason=reason,
        )
        record(connection, back, now=now)
        return _reminders(connection, now).get(number)


def listed(database: Database, as_of: datetime) -> tuple[Reminder, ...]:
    """Every notice as it stood at ``as_of``, by number."""
    with database.read() as connection:
        return tuple(_reminders(connection, as_of).values())


def found(database: Database, number: str, as_of: datetime) -> Reminder:
    """One notice.

    Raises:
        OutreachError: there is none with this number.
    """
    with database.read() as connection:
        return _known(connection, number, as_of)


def full_number(text: str, year: int) -> str:
    """A notice's number from what somebody types: ``1`` (of ``year``), ``2026-1``, or all of it.

    Raises:
        UsageError: it is no number of a notice.
    """
    found = _TYPED.fullmatch(unicodedata.normalize("NFKC", text).replace(" ", ""))
    if found is None:
        raise UsageError(f"提示单编号请写成 1、{year}-1 或 普法提示〔{year}〕1号，现在是 {text!r}")
    return f"普法提示〔{found['year'] or year}〕{int(found['serial'])}号"


def sent_within(reminders: Sequence[Reminder], start: date, end: date) -> tuple[Reminder, ...]:
    """The notices that went out on days [start, end] of Asia/Shanghai."""
    chosen = []
    for each in reminders:
        step = each.reached(SENT)
        if step and start <= step.day <= end:
            chosen.append(each)
    return tuple(chosen)


def _known(connection: Connection, number: str, now: datetime) -> Reminder:
    known = _reminders(connection, now).get(number.strip())
    if known is None:
        raise OutreachError(f"没有编号为 {number} 的普法提示单")
    return known


def _ready(connection: Connection, number: str, state: str, now: datetime) -> Reminder:
    known = _known(connection, number, now)
    if known.state not in BEFORE[state]:
        raise OutreachError(f"{number} 现在是“{STATES[known.state]}”，不能改为“{STATES[state]}”")
    return known


def _append(
    connection: Connection,
    number: str,
    state: str,
    organ: str,
    actor: str,
    content: dict[str, Any],
    now: datetime,
) -> int:
    """Record a step: the number of its event."""
    # A step that was taken back may be taken again: the place in the history makes its key.
    query = select(events.c.id).where(events.c.type == Notice.type, events.c.subject == number)
    key = event_key("notice", number, str(len(connection.execute(query).all())))
    event = Notice(
        key=key,
        at=now,
        channel="offline",
        organ=organ,
        subject=number,
        result=state,
        source="staff",
        actor=person(actor),
        reason=json.dumps(content, ensure_ascii=False, default=str),
    )
    record(connection, event, now=now)
    made: int = connection.execute(select(events.c.id).where(events.c.key == key)).scalar_one()
    return made


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
    names = ("id", "key", "subject", "result", "organ", "at", "actor", "reason")
    query = (
        select(*(events.c[name] for name in names))
        .where(
            events.c.type == Notice.type,
            events.c.recorded_at <= as_of,
            events.c.id.not_in(back),
        )
        .order_by(events.c.id)
    )
    files: dict[int, list[Evidence]] = {}
    for one in connection.execute(select(notice_files).order_by(notice_files.c.name)).mappings():
        kept = Evidence(**{name: one[name] for name in ("sha256", "name", "size", "media")})
        files.setdefault(one["event_id"], []).append(kept)
    known: dict[str, Reminder] = {}
    for row in connection.execute(query):
        content: dict[str, Any] = json.loads(row.reason)
        step = Step(
            *(row.result, row.at, row.actor, content.get("note", "")),
            by=content.get("by", ""),
            reason=content.get("reason", ""),
            files=tuple(files.get(row.id, ())),
            key=row.key,
        )
        number = row.subject
        if step.state == DRAFTED:
            known[number] = Reminder(
                number=number,
                organ=row.organ,
                owed=tuple(_owed(each) for each in content["owed"]),
                deadline=date.fromisoformat(content["deadline"]),
                steps=(step,),
            )
        # A step that was taken back takes the later ones with it.
        elif number in known and known[number].state in BEFORE[step.state]:
            known[number] = replace(known[number], steps=(*known[number].steps, step))
    return known


def _owed(plain: dict[str, str]) -> Owed:
    days = {name: date.fromisoformat(plain[name]) for name in ("start", "end")}
    return Owed(
        key=plain["key"], name=plain["name"], basis=plain["basis"], state=plain["state"], **days
    )
