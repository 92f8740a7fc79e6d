"""Pushing against a Bot API in a process of its own: ten thousand residents, faults, crashes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from handlers.benchmark_broadcast import crashes
from handlers.telegram import TelegramChannel
from handlers.telegram.bulk import BulkSender
from handlers.telegram.sending import Limiter, Timer
from outreach.campaigns.definition import Definition
from outreach.database import Database
from outreach.delivery.engine import Engine, Options
from outreach.delivery.sample import CAMPAIGN, fill, outcomes
from outreach.delivery.sender import Push, PushButton
from settings import Settings, SystemClock
from tests.e2e.processes import command, furnish, running
from tests.e2e.test_telegram import eventually
from tests.handlers.telegram.doubles import MemoryDesk
from tests.handlers.telegram.peers import BulkPeer, bulk_peer
from tests.outreach.delivery.rows import states, steps_of

pytestmark = pytest.mark.slow

TOKEN = "777000111:AAAA-token-for-the-peer"
LIMIT = 500  # messages a second that this platform takes
# 10,000 take minutes on a busy machine; PUFA_TEST_RESIDENTS=10000 runs them all
RESIDENTS = int(os.environ.get("PUFA_TEST_RESIDENTS", "2000"))
ASKING = range(900_001, 900_021)
CONTENT = Definition(
    id=CAMPAIGN, title="反诈提醒", text={"default": "验证码不给任何人。"}, organ="公安局"
).to_json()


def question(number: int, chat: int) -> dict[str, Any]:
    person = {"id": chat, "is_bot": False, "first_name": "张"}
    message = {"message_id": number, "date": 1795485600, "text": "押金不退怎么办"}
    return {
        "update_id": number,
        "message": message | {"from": person, "chat": {"id": chat, "type": "private"}},
    }


def words(*_: object) -> Push:
    return Push("反诈提醒\n验证码不给任何人。", buttons=((PushButton("退订", action="stop"),),))


async def test_ten_thousand_residents_with_all_that_goes_wrong(tmp_path: Path) -> None:
    """2 % blocked, 1 % without an answer (half of them took the message), bursts of 429."""
    blocked = range(50, RESIDENTS + 1, 50)
    silent, lost = range(101, RESIDENTS + 1, 200), range(201, RESIDENTS + 1, 200)
    with (
        bulk_peer(tmp_path) as peer,
        closing(Database.open(f"sqlite:///{tmp_path}/outreach.db")) as database,
    ):
        fill(database, RESIDENTS, SystemClock().now())
        peer.plant(
            limit=LIMIT,
            blocked=list(blocked),
            silent=list(silent),
            lost=list(lost),
            flood_every=2500,
            flood_seconds=2,
        )
        desk, timer = MemoryDesk(), Timer()
        settings = Settings(tmp_path, telegram_token=TOKEN, telegram_api=peer.api)
        limiter = Limiter(timer, per_second=0.8 * LIMIT, chat_gap=0.01)
        channel = TelegramChannel(desk, settings, SystemClock(), timer=timer, limiter=limiter)
        sender = BulkSender(TOKEN, peer.api, limiter, connections=64, read_timeout=20)
        engine = Engine(
            database,
            SystemClock(),
            {"telegram": sender},
            words,
            options=Options(tick=0.1, in_flight=64, lease=60),
        )
        await channel.start()
        pushing = asyncio.create_task(engine.run())
        await reached(lambda: peer.count() > 500)
        await asyncio.to_thread(peer.update, *map(question, range(1, 21), ASKING))
        await reached(lambda: steps_of(database, CAMPAIGN)[-1:] == ["finished"], 600)
        await engine.stop()
        await pushing
        await channel.stop()
        await sender.close()
        state, ledger = peer.state(), outcomes(database)
        found = states(database, CAMPAIGN)
    received: dict[int, int] = state["received"]
    assert max(received.values()) == 1  # at most once, and so the replies
    assert set(found) <= {"sent", "blocked", "unknown"}
    assert found["blocked"] == len(blocked)
    unknown = {number for number, (what, _) in ledger.items() if what == "unknown"}
    assert unknown >= {*silent, *lost}
    assert found.total() == RESIDENTS
    for number, (what, _) in ledger.items():
        assert (
            received[number] == 1
            if what == "sent"
            else number not in received or (number in unknown)
        )
    assert RESIDENTS < 10_000 or state["requests"]["429"] > 0  # there were bursts
    assert busiest(state["times"]) <= LIMIT
    # replies: all of them, while there still was something to push
    order = [chat for chat, *_ in state["order"]]
    assert set(ASKING) <= set(order)
    assert max(order.index(chat) for chat in ASKING) < len(order) - 1000


def busiest(times: list[float]) -> int:
    """The most messages in any second."""
    start, most = 0, 0
    for end, moment in enumerate(times):
        while times[start] <= moment - 1:
            start += 1
        most = max(most, end - start + 1)
    return most


async def reached(condition: Any, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.1)


def test_killed_forty_times_nobody_gets_it_twice() -> None:
    done = crashes(40, per_kill=30)
    assert done.kills == 40
    assert not done.twice
    assert not done.untrue
    assert done.in_flight == done.unknown
    assert done.in_flight  # something was on its way at all
    assert set(done.states) == {"sent", "unknown"}


@pytest.fixture
def home(tmp_path: Path, indexed: Settings) -> Path:
    return furnish(tmp_path / "home", indexed.home)


def enqueue(home: Path, residents: int) -> str:
    url = f"sqlite:///{home}/outreach.db"
    with closing(Database.open(url)) as database:
        fill(database, residents, SystemClock().now(), CONTENT)
    return url


def ledger_of(home: Path) -> Counter[str]:
    with closing(sqlite3.connect(home / "outreach.db")) as database:
        query = "SELECT state, count(*) FROM deliveries GROUP BY state"
        return Counter(dict(database.execute(query).fetchall()))


def environment(peer: BulkPeer) -> dict[str, str]:
    return {"PUFA_TELEGRAM_TOKEN": TOKEN, "PUFA_TELEGRAM_API": peer.api}


def test_the_bot_goes_on_with_a_push_after_a_crash(home: Path, tmp_path: Path) -> None:
    enqueue(home, 150)
    with bulk_peer(tmp_path) as peer:
        with running(home, tmp_path / "bot.log", more=environment(peer)) as bot:
            eventually(lambda: peer.count() > 20)
            bot.kill()
        claimed = ledger_of(home)["claimed"]
        with running(home, tmp_path / "bot.log", more=environment(peer)):
            peer.update(question(1, ASKING[0]))
            eventually(lambda: ASKING[0] in peer.state()["received"])
            eventually(lambda: not {"queued", "claimed"} & set(ledger_of(home)))
        received = peer.state()["received"]
    assert max(received[chat] for chat in range(1, 151) if chat in received) == 1
    assert ledger_of(home) == Counter(sent=150 - claimed, unknown=claimed) - Counter()
    assert TOKEN not in (tmp_path / "bot.log").read_text(errors="replace")


def test_a_process_that_only_sends(home: Path, tmp_path: Path) -> None:
    enqueue(home, 30)
    with bulk_peer(tmp_path) as peer:
        done = command(home, "deliver", "--campaign", CAMPAIGN, **environment(peer))
        assert (done.returncode, done.stdout) == (0, f"{CAMPAIGN}：finished\n"), done.stderr
        assert peer.count() == 30
        assert "验证码不给任何人。" in peer.texts()[1][0]
        missing = command(home, "deliver", "--campaign", "nothing", **environment(peer))
    assert missing.returncode == 1
    assert missing.stderr.strip() == "错误：没有推送活动 nothing"
    alone = command(home, "deliver")
    assert alone.returncode == 2
    assert "PUFA_TELEGRAM_TOKEN" in alone.stderr
