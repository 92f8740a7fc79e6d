"""A small county-year for the documents: consultations, approved activities, trainings."""

from __future__ import annotations

import atexit
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from knowledge.duties import Duties
from outreach.activities import Activity, Material
from outreach.events import event_key
from outreach.register import decide, submit
from outreach.store import Outreach
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import CIVIL, FRAUD, activity, answer

START, END = date(2026, 1, 1), date(2026, 11, 24)
YEAR: dict[str, Any] = {"start": START, "end": END}
AS_OF = datetime(2026, 11, 24, 2, tzinfo=UTC)


def approve(store: Outreach, *held: Activity) -> None:
    """Report activities and have them approved by another person."""
    now = store.clock.now()
    with store.database.write() as connection:
        for each in held:
            number = submit(connection, each, actor="张三", now=now).registered.number
            decide(connection, number, "approved", actor="李四", now=now)


def on(day: date, **fields: Any) -> Activity:
    given: dict[str, Any] = {"first": day, "last": day, "name": f"{day}宣传"}
    return activity(**(given | fields))


def fill(store: Outreach, clock: FakeClock) -> None:
    """Record the county-year an hour before :data:`AS_OF`, in a store without rows.

    It is recorded once; later stores get a copy of the file.
    """
    with store.database.read() as connection:
        path = connection.engine.url.database
    assert path
    kept = _folder() / "county.db"
    known = kept.exists()
    if not known:
        clock.moment = AS_OF - timedelta(hours=1)
        _record(store)
    with closing(sqlite3.connect(path)) as ours, closing(sqlite3.connect(kept)) as theirs:
        if known:
            theirs.backup(ours)
        else:
            ours.backup(theirs)
    clock.moment = AS_OF


@cache
def _folder() -> Path:
    folder = TemporaryDirectory(prefix="pufa-county-")
    atexit.register(folder.cleanup)
    return Path(folder.name)


def _record(store: Outreach) -> None:
    for number in range(12):
        at = datetime(2026, 1 + number % 10, 5, 4, tzinfo=UTC)
        police = number % 3 == 0
        store.record(
            answer(
                f"c{number}",
                key=event_key("county", str(number)),
                at=at,
                resident=f"r{number % 5}",
                channel="wechat" if number % 2 else "web",
                organ="公安局" if police else "市场监督管理局",
                system="反诈" if police else "消费",
                topic="反诈" if police else "消费",
                articles=(FRAUD,) if police else (CIVIL,),
            )
        )
    approve(store, *offline())


def offline() -> Sequence[Activity]:
    return (
        on(
            date(2026, 3, 14),
            organ="市场监督管理局",
            system="消费",
            node="consumer-rights-day",
            joint=("公安局", "司法局"),
            venue="school",
            group="youth",
            form="lecture",
            attended=300,
            method="estimate",
            consulted=41,
            materials=(Material(500, "份"), Material(20, "册"), Material(7, "册", donated=True)),
        ),
        on(
            date(2026, 6, 26),
            node="anti-drug-day",
            system="其他",
            venue="community",
            group="youth",
            form="display",
            attended=80,
            materials=(Material(6, "块"), Material(12, "条")),
        ),
        on(date(2026, 8, 20), node="anti-fraud-month", system="反诈", venue="school", attended=55),
        on(date(2026, 9, 1), kind="training", name="干部班", organ="司法局", attended=66),
        on(date(2026, 9, 8), kind="training", name="干部二班", organ="司法局", attended=34),
    )


def not_yet_approved(store: Outreach) -> None:
    with store.database.write() as connection:
        later = on(date(2026, 5, 15), node="economic-crime-day", attended=999)
        submit(connection, later, actor="张三", now=store.clock.now())


def duties() -> Duties:
    return Duties.load()
