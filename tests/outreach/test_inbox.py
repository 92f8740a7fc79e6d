from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from errors import DuplicateKey, OutreachError
from outreach import tables
from outreach.database import Database
from outreach.inbox import Inbox
from outreach.store import Outreach
from settings import ROOT
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import NOON, answer, gap, referral


def receive(store: Outreach, key: str = "web:1", **fields: Any) -> bool:
    given: dict[str, Any] = {"at": NOON, "address": "chat-7", "action": None}
    channel = fields.pop("channel", "web")
    resident = fields.pop("resident", "r1")
    return store.inbox.receive(key, channel, resident, "能退货吗", **(given | fields))


def rows(store: Outreach) -> list[dict[str, Any]]:
    with store.database.read() as connection:
        query = select(tables.inbox).order_by(tables.inbox.c.seq)
        return [dict(row) for row in connection.execute(query).mappings()]


def count(store: Outreach, table: str = "events") -> int:
    with store.database.read() as connection:
        found = connection.execute(
            select(func.count()).select_from(tables.metadata.tables[table])
        ).scalar_one()
    return int(found)


def test_an_update_is_received_once(store: Outreach) -> None:
    assert receive(store) is True
    assert receive(store) is False
    assert len(rows(store)) == 1


def test_what_is_owed_comes_oldest_first_per_channel(store: Outreach) -> None:
    # Platforms' clocks have seconds only and may go back: the order of arrival decides.
    for number in (9, 10, 11):
        receive(
            store, f"telegram:{number}", channel="telegram", at=NOON - timedelta(seconds=number)
        )
    receive(store, "web:1")
    owed = store.inbox.unsent("telegram")
    assert [pending.update_key for pending in owed] == ["telegram:9", "telegram:10", "telegram:11"]
    first = owed[0]
    assert (first.text, first.address, first.resident) == ("能退货吗", "chat-7", "r1")
    assert first.at == NOON - timedelta(seconds=9)
    assert first.at.tzinfo is UTC
    assert first.answered is False


def test_answered_once_with_its_events(store: Outreach) -> None:
    receive(store)
    assert store.record_answer("web:1", "urgent", [answer("a"), referral("a")]) is True
    assert store.record_answer("web:1", "urgent", [answer("other"), referral("other")]) is False
    assert count(store) == 2
    (pending,) = store.inbox.unsent("web")
    assert pending.answered is True
    store.inbox.sent("web:1")
    assert store.inbox.unsent("web") == []
    assert store.record_answer("web:1", "urgent", answer("again")) is False
    assert receive(store) is False


def test_a_reply_without_an_event_has_an_outcome_too(store: Outreach, clock: FakeClock) -> None:
    receive(store)
    clock.advance(seconds=1)
    assert store.record_answer("web:1", "menu") is True
    (row,) = rows(store)
    assert (row["state"], row["kind"], row["answered_at"]) == ("answered", "menu", clock.now())
    assert count(store) == 0


def test_event_and_outcome_stand_or_fall_together(store: Outreach) -> None:
    receive(store)
    store.record(answer("taken"))
    with pytest.raises(DuplicateKey):
        store.record_answer("web:1", "answer", [gap("new"), answer("taken", topic="其他")])
    assert rows(store)[0]["state"] == "received"
    assert count(store) == 1


def test_an_update_that_never_came_is_a_mistake(store: Outreach) -> None:
    with pytest.raises(OutreachError, match="没有收到"):
        store.record_answer("web:404", "answer", answer("a"))
    assert count(store) == 0


def test_sent_forgets_who_and_what(store: Outreach, clock: FakeClock) -> None:
    receive(store, action="more:3")
    store.record_answer("web:1", "answer")
    store.inbox.sent("web:1")
    when = clock.now()
    clock.advance(hours=1)
    store.inbox.sent("web:1")  # a second confirmation changes nothing
    (row,) = rows(store)
    assert [row[name] for name in ("text", "address", "action", "resident")] == [None] * 4
    assert (row["state"], row["sent_at"], row["kind"]) == ("sent", when, "answer")


def test_forgotten_text_is_not_in_the_file_either(store: Outreach) -> None:
    receive(store)
    store.inbox.sent("web:1")
    with store.database.read() as connection:
        path = Path(connection.engine.url.database or "")
    store.close()  # folds the write-ahead log into the file
    assert [file.name for file in path.parent.iterdir()] == [path.name]
    assert "能退货吗".encode() not in path.read_bytes()


def test_retention_deletes_old_keys_sent_or_not(store: Outreach, clock: FakeClock) -> None:
    receive(store, "web:old", at=clock.now())
    receive(store, "web:stuck", at=clock.now())
    store.inbox.sent("web:old")
    clock.advance(days=30)
    receive(store, "web:new", at=clock.now())
    assert store.purge() == (0, 0)
    clock.advance(seconds=1)
    assert store.purge() == (2, 0)
    assert [row["update_key"] for row in rows(store)] == ["web:new"]


@pytest.mark.slow
@pytest.mark.parametrize("step", ["receive", "record_answer"])
def test_kill_9_loses_nothing_that_was_promised(tmp_path: Path, step: str) -> None:
    url = f"sqlite:///{tmp_path / 'o.db'}"
    code = f"""
import sys
from outreach.store import Outreach
from settings import SystemClock
from tests.outreach.samples import NOON, answer
store = Outreach.open({url!r}, SystemClock())
assert store.inbox.receive("web:1", "web", "r1", "问题", at=NOON, address="c")
if {step!r} == "record_answer":
    assert store.record_answer("web:1", "answer", answer("a"))
print("promised", flush=True)
sys.stdin.read()
"""
    process = subprocess.Popen(
        [sys.executable, "-c", code],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )
    assert process.stdout
    assert process.stdin
    assert process.stdout.readline() == "promised\n"
    process.kill()
    process.wait()
    process.stdout.close()
    process.stdin.close()
    database = Database.open(url)
    (pending,) = Inbox(database, FakeClock(datetime.now(UTC))).unsent("web")
    assert (pending.update_key, pending.text) == ("web:1", "问题")
    assert pending.answered is (step == "record_answer")
    with database.read() as connection:
        found = connection.execute(select(func.count()).select_from(tables.events)).scalar()
        assert found == (1 if step == "record_answer" else 0)
    database.close()
