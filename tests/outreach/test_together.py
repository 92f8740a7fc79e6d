"""Writes of several threads that share a transaction: nothing acknowledged is ever lost."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from sqlalchemy import Connection, event, func, insert, select

from errors import OutreachError
from outreach import tables
from outreach.database import Database
from outreach.store import Outreach
from settings import ROOT
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import answer

MANY = 12


def add(key: str) -> Callable[[Connection], str]:
    def work(connection: Connection) -> str:
        connection.execute(insert(tables.residents).values(key=key))
        return key

    return work


def keys(database: Database) -> set[str]:
    with database.read() as connection:
        return set(connection.execute(select(tables.residents.c.key)).scalars())


def wait(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 60
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.001)


def at_once(database: Database, works: list[Callable[[Connection], str]]) -> list[object]:
    """Results or errors of writes that all came in while the store was busy."""
    found: list[object] = [None] * len(works)

    def call(place: int) -> None:
        try:
            found[place] = database.together(works[place])
        except Exception as error:
            found[place] = error

    threads = [threading.Thread(target=call, args=(place,)) for place in range(len(works))]
    with database.write():
        threads[0].start()
        wait(lambda: database._led and not database._queue)  # it leads, and waits for the store
        for thread in threads[1:]:
            thread.start()
        wait(lambda: len(database._queue) == len(works) - 1)
    for thread in threads:
        thread.join()
    return found


def commits(database: Database) -> list[Connection]:
    seen: list[Connection] = []
    event.listen(database._writer, "commit", seen.append)
    return seen


def test_what_waits_shares_one_commit(store: Outreach) -> None:
    seen = commits(store.database)
    names = [f"k{number}" for number in range(MANY)]
    assert at_once(store.database, [add(name) for name in names]) == names
    assert keys(store.database) == set(names)
    assert len(seen) == 3  # the busy one, the first in the queue, all others


def test_one_that_fails_takes_no_other_along(store: Outreach) -> None:
    def fail(connection: Connection) -> str:
        add("half")(connection)
        raise ZeroDivisionError

    works = [add("a"), add("b"), fail, add("c"), add("b"), add("d")]
    found = at_once(store.database, works)
    assert [each for each in found if isinstance(each, str)] == ["a", "b", "c", "d"]
    assert isinstance(found[2], ZeroDivisionError)
    assert found[4] is not None
    assert not isinstance(found[4], str)  # the same key again
    assert keys(store.database) == {"a", "b", "c", "d"}
    assert store.database.together(add("later")) == "later"


def test_each_is_told_when_the_store_is_closed(store: Outreach) -> None:
    store.close()
    with pytest.raises(OutreachError, match="已关闭"):
        store.database.together(add("a"))
    with pytest.raises(OutreachError, match="已关闭"):
        store.database.together(add("b"))


def test_it_does_not_nest(store: Outreach) -> None:
    with store.database.write(), pytest.raises(RuntimeError, match="inside"):
        store.database.together(add("a"))
    with pytest.raises(RuntimeError, match="inside"):
        store.database.together(lambda _: store.database.together(add("a")))
    assert keys(store.database) == set()


def test_the_same_update_from_all_sides_is_answered_once(store: Outreach, clock: FakeClock) -> None:
    store.inbox.receive("u", "web", "r1", "能退货吗", at=clock.now())
    results: list[bool] = []

    def work() -> None:
        results.append(store.record_answer("u", "answer", answer("a")))

    threads = [threading.Thread(target=work) for _ in range(MANY)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == [False] * (MANY - 1) + [True]


SERVE = """
import os, sys, threading
from outreach.store import Outreach
from settings import SystemClock
from tests.outreach.samples import answer
store = Outreach.open(sys.argv[1], SystemClock())

def serve(name):
    for number in range(1_000_000):
        key = f"web:{name}:{number}"
        store.inbox.receive(key, "web", name, "x", at=store.clock.now())
        store.record_answer(key, "answer", answer(key, resident=name))
        os.write(1, f"{key}\\n".encode())

for name in range(8):
    threading.Thread(target=serve, args=(f"r{name}",)).start()
"""


@pytest.mark.slow
def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'outreach.db'}"
    process = subprocess.Popen(
        [sys.executable, "-c", SERVE, url],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    told = [process.stdout.readline() for _ in range(150)]
    process.kill()
    told += process.stdout.readlines()
    process.wait()
    process.stdout.close()
    acknowledged = {line.strip() for line in told if line.endswith("\n")}
    assert len(acknowledged) >= 150
    store = Outreach.open(url, FakeClock())
    with store.database.read() as connection:
        rows = connection.execute(select(tables.inbox.c.update_key, tables.inbox.c.state)).all()
        events = connection.execute(select(func.count()).select_from(tables.events)).scalar_one()
        cited = connection.execute(
            select(func.count(tables.event_articles.c.event_id.distinct()))
        ).scalar_one()
    store.close()
    answered = {row.update_key for row in rows if row.state == "answered"}
    assert acknowledged <= answered
    assert events == cited == len(answered)  # an outcome and its event, or neither
