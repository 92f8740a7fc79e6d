"""A simulated county-year, lived day by day through the real paths: what is counted twice.

record → approve → correct → erase → remind → close each month, at the size that
``PUFA_COUNTY_EVENTS`` asks for (600000 is the county's; a test's size by default).
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from errors import OutreachError
from knowledge.duties import Duties
from outreach import notices
from outreach.codes import county_codes
from outreach.duties import due_and_done
from outreach.events import QuizAnswered, QuizAttempt, Reversal, event_key, record
from outreach.register import decide, submit, take_back
from outreach.simulation import CountyYear, Reported
from outreach.store import Outreach
from settings import SHANGHAI
from tests.outreach import county_pushes
from tests.outreach.conftest import FakeClock
from tests.outreach.raw_rows import Raw

EVENTS = int(os.environ.get("PUFA_COUNTY_EVENTS", "2000"))
SMALL = EVENTS < 100_000
YEAR = CountyYear(
    events=EVENTS,
    residents=150 if SMALL else 40_000,
    activities=40 if SMALL else 133,
    trainings=8 if SMALL else 22,
)
DUTIES = Duties.load()
FIRST, LAST = date(2026, 1, 1), date(2026, 12, 31)
NOW = datetime(2027, 2, 1, 2, tzinfo=UTC)


@dataclass(frozen=True)
class Lived:
    """A store after the year, its file, what was closed when, and the raw rows."""

    store: Outreach
    path: Path
    closed: dict[str, datetime]
    raw: Raw


def evening(day: date) -> datetime:
    return datetime.combine(day, time(23, 59), SHANGHAI).astimezone(UTC) + timedelta(hours=6)


def live(store: Outreach, clock: FakeClock) -> dict[str, datetime]:
    """Record the year day by day, as a county does; returns when each month was closed."""
    late: list[tuple[date, Any]] = []
    reports = list(YEAR.offline())
    closed = {}
    pushes = county_pushes.Pushes(YEAR)
    for day, turns in YEAR.days():
        clock.moment = evening(day)
        now = clock.now()
        with store.database.write() as connection:
            pushes.live(connection, now)
            backs: list[Reversal] = []
            for due, event in late:
                if due <= day:
                    record(connection, event, now=now)
            late = [(due, event) for due, event in late if due > day]
            for event, is_late in YEAR.happened(turns):
                if is_late:
                    late.append((day + timedelta(days=40), event))
                    continue
                record(connection, event, now=now)
                back = YEAR.taken_back(event, now)
                if back:
                    backs.append(back)
            for back in backs:
                record(connection, back, now=now)
            if day.day % 9 == 0:
                quiz(connection, day, now)
            while reports and reports[0].activity.last < day:
                report(connection, reports.pop(0), now)
        if day.day == 20 and day.month % 4 == 0:
            store.erase(f"r{day.month:031x}")
        if leaver := county_pushes.erased(day):
            store.erase(leaver)
        if day.day == 5 and day.month > 1:
            month = f"2026-{day.month - 1:02d}"
            closed[month] = clock.now()
            store.close_period(month, actor="赵六")
        if day.day == 10:
            store.purge()
        if day.day == 6 and day.month in (4, 7, 10):
            remind(store, day, now)
    clock.moment = NOW - timedelta(hours=1)
    with store.database.write() as connection:
        pushes.live(connection, clock.now())
        for _, event in late:
            record(connection, event, now=clock.now())
        for each in reports:
            report(connection, each, clock.now())
    closed["2026-12"] = clock.now()
    store.close_period("2026-12", actor="赵六")
    clock.moment = NOW
    return closed


def quiz(connection: Any, day: date, now: datetime) -> None:
    """Three residents answer two questions each; one in two is right the first time."""
    for number in range(3):
        who: dict[str, Any] = {
            "at": now - timedelta(hours=9),
            "channel": "web",
            "resident": f"r{number:031x}",
            "topic": "宪法",
            "organ": YEAR.organs[(day.month + number) % len(YEAR.organs)],
            "subject": "constitution",
        }
        name = f"{day} {number}"
        record(connection, QuizAttempt(key=event_key("quiz", name), **who), now=now)
        for place, result in enumerate(("right", "wrong" if number else "right")):
            key = event_key("quiz", name, str(place))
            record(connection, QuizAnswered(key=key, result=result, **who), now=now)


def remind(store: Outreach, day: date, now: datetime) -> None:
    """普法提示: of the units that are late, each one's notice comes a step further."""
    first = date(day.year, 1, 1)
    late = [each for each in due_and_done(store.database, DUTIES, first, day, now) if each.overdue]
    for number, each in enumerate(late[:6]):
        try:
            one = notices.draft(
                store.database,
                each.organ,
                each.items,
                deadline=day + timedelta(days=20),
                actor="王",
                now=now,
            )
        except OutreachError:  # an earlier notice reminds of the same
            continue
        for step in range(number):
            then = now + timedelta(days=1 + step * (18 if number == 3 else 2))
            if step == 0:
                notices.send(store.database, one.number, actor="王", now=then)
            elif step == 1:
                words = {"note": "已补办一场", "by": "单位 李", "actor": "钱", "now": then}
                notices.feedback(store.database, one.number, **words)  # type: ignore[arg-type]
            elif step == 2:
                notices.close(store.database, one.number, actor="赵", now=then, note="属实")
        if number == 4:
            notices.take_back(store.database, one.number, actor="王", reason="误登", now=then)


def report(connection: Any, each: Reported, now: datetime) -> None:
    number = submit(connection, each.activity, actor="张三", now=now).registered.number
    if each.fate in ("approved", "reversed"):
        decide(connection, number, "approved", actor="李四", now=now)
    if each.fate == "returned":
        decide(connection, number, "returned", actor="李四", now=now, note="缺照片")
    if each.fate == "reversed":
        take_back(connection, number, actor="李四", reason="没有办", now=now)


def label(name: str, key: str) -> str:
    return county_codes().label(name, key)
