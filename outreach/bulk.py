"""Filling an empty SQLite store with millions of simulated events in minutes; benchmarks only.

It goes around :func:`outreach.events.record` on purpose: no look for known keys, no triggers, no
indexes until the rows are in. The rows are the same.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Connection

from errors import OutreachError
from outreach.database import Database
from outreach.events import day_number, local_day
from outreach.simulation import ADOPTED, CountyYear, Turns
from outreach.tables import event_articles, events, from_micros

EVENT = [column.name for column in events.columns]
ARTICLE = [column.name for column in event_articles.columns]
DELAY = 2_000_000  # microseconds from a turn to its record
LATE = 3 * 86_400_000_000
HOUR = 3_600_000_000  # Asia/Shanghai's days begin with a whole hour of UTC

Progress = Callable[[int, int], None]


def fill(database: Database, year: CountyYear, progress: Progress | None = None) -> int:
    """Write a simulated year's turns into an empty store; returns their number.

    Raises:
        OutreachError: the store is not empty, or not SQLite.
    """
    done = 0
    with database.write() as connection:
        if connection.dialect.name != "sqlite":
            raise OutreachError("批量模拟数据只能写入 SQLite")
        if connection.exec_driver_sql("SELECT 1 FROM events LIMIT 1").first():
            raise OutreachError("批量模拟数据只能写入空库")
        connection.exec_driver_sql("PRAGMA cache_size=-1000000")
        later = _strip(connection)
        people = [(who + 1, f"r{who:031x}") for who in range(year.residents)]
        connection.exec_driver_sql("INSERT INTO residents (id, key) VALUES (?, ?)", people)
        into_events = _insert("events", EVENT)
        into_articles = _insert("event_articles", ARTICLE)
        for _, turns in year.days():
            rows, articles = _rows(year, turns)
            for statement, new in ((into_events, rows), (into_articles, articles)):
                if new:
                    connection.exec_driver_sql(statement, new)
            done += len(rows)
            if progress:
                progress(done, max(done, year.events))
        for statement in later:
            connection.exec_driver_sql(statement)
        connection.exec_driver_sql("ANALYZE")
        connection.exec_driver_sql("PRAGMA cache_size=-2000")
    if progress:
        progress(done, done)
    database.checkpoint()
    return done


def _strip(connection: Connection) -> list[str]:
    """Drop indexes and triggers of the two tables: the statements that make them again."""
    found = connection.exec_driver_sql(
        "SELECT type, name, sql FROM sqlite_master WHERE tbl_name IN ('events', 'event_articles') "
        "AND type IN ('index', 'trigger') AND sql IS NOT NULL"
    ).all()
    for kind, name, _ in found:
        connection.exec_driver_sql(f"DROP {kind} {name}")
    return [statement for *_, statement in found]


def _insert(table: str, columns: Sequence[str]) -> str:
    marks = ", ".join("?" * len(columns))
    return f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})"  # noqa: S608 (constants)


def _hours(turns: Turns) -> list[int]:
    return sorted({int(number) for number in turns.at // HOUR})


def _rows(year: CountyYear, turns: Turns) -> tuple[list[tuple[Any, ...]], list[tuple[Any, ...]]]:
    kinds = ("answer", "referral", "gap")
    told = ("answer", "urgent", "declined")
    units = ("人次", "次", "次")
    adopted = day_number(ADOPTED)
    days = {number: local_day(from_micros(number * HOUR)) for number in _hours(turns)}
    columns = (turns.number, turns.at, turns.resident, turns.kind, turns.subject, turns.law)
    rows, articles = [], []
    for number, at, who, kind, place, law, laws, late, trial in zip(
        *(column.tolist() for column in (*columns, turns.laws, turns.late, turns.trial)),
        strict=True,
    ):
        about = year.subjects[place]
        rows.append(
            (
                *(number + 1, year.key(number), kinds[kind], at, days[at // HOUR]),
                *(at + (LATE if late else DELAY), "staff" if trial else "bot"),
                *(year.channel(who), who + 1, told[kind], about.topic, about.organ, about.system),
                *(year.town(who), None, year.group(who), None, None, None, None, None),
                *("shown" if kind == 1 else None, 1, 0, 1, units[kind], None),
                *("王五" if trial else None, None),
            )
        )
        for rank, name in enumerate(year.cited(about, kind, law, laws), start=1):
            articles.append((number + 1, rank, name, f"第{1 + law % 99}条", adopted))
    return rows, articles
