"""Pushing against a Bot API in a process of its own: ten thousand residents, faults, crashes."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import time
from collections import Counter
from contextlib import closing
from itertools import pairwise
from pathlib import Path
from statistics import median
from typing import Any

import pytest

from handlers.benchmark_broadcast import crashes
from handlers.benchmark_peer import peer
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
from tests.handlers.telegram.peers import missing_node, polling_peer
from tests.handlers.telegram.push_peers import BulkPeer, bulk_peer, push_peer
from tests.outreach.delivery.rows import states, steps_of

pytestmark = pytest.mark.slow

TOKEN = "777000111:AAAA-token-for-the-peer"
# 10,000 take minutes on a busy machine; PUFA_TEST_RESIDENTS=10000 runs them all
RESIDENTS = int(os.environ.get("PUFA_TEST_RESIDENTS", "2000"))
LIMIT = min(500, max(40, RESIDENTS // 10))  # messages a second that this platform takes
IN_FLIGHT = 128
KILLS = int(os.environ.get("PUFA_TEST_KILLS", "10"))  # 200 take half an hour
ASKING = range(900_001, 900_101)
CONTENT = Definition(
    id=CAMPAIGN, title="反诈提醒", text={"default": "验证码不给任何人。"}, organ="公安局"
).to_json()


def words(*_: object) -> Push:
    return Push("反诈提醒\n验证码不给任何人。", buttons=((PushButton("退订", action="stop"),),))


BOTH = [
    "ours",
    pytest.param(
        "foreign", marks=pytest.mark.skipif(bool(missing_node()), reason=missing_node() or "")
    ),
]


@pytest.mark.parametrize("which", BOTH)
async def test_ten_thousand_residents_with_all_that_goes_wrong(which: str, tmp_path: Path) -> None:
    """2 % blocked, 1 % without an answer (half of them took the message), bursts of 429."""
    blocked = range(50, RESIDENTS + 1, 50)
    silent, lost = range(101, RESIDENTS + 1, 200), range(201, RESIDENTS + 1, 200)
    with (
        push_peer(which, tmp_path, TOKEN) as peer,
        closing(Database.open(f"sqlite:///{tmp_path}/outreach.db")) as database,
    ):
        fill(database, RESIDENTS, SystemClock().now())
        peer.push_faults(
            blocked=list(blocked),
            silent=list(silent),
            lost=list(lost),
            flood_every=max(1, RESIDENTS // 4),
            flood_seconds=2,
        )
        desk, timer = MemoryDesk(), Timer()
        settings = Settings(tmp_path, telegram_token=TOKEN, telegram_api=peer.api)
        limiter = Limiter(timer, per_second=0.8 * LIMIT, chat_gap=0.01)
        channel = TelegramChannel(desk, settings, SystemClock(), timer=timer, limiter=limiter)
        sender = BulkSender(TOKEN, peer.api, limiter, connections=IN_FLIGHT, read_timeout=10)
        engine = Engine(
            database,
            SystemClock(),
            {"telegram": sender},
            words,
            options=Options(tick=0.1, in_flight=IN_FLIGHT, lease=60),
        )
        await channel.start()
        pushing = asyncio.create_task(engine.run())
        said: dict[int, float] = {}
        bare: list[float] = []  # seconds that the peer takes to say a number
        for step, chat in enumerate(ASKING, 1):  # spread over the first four fifths of the push
            await reached(lambda n=step: peer.count() > n * RESIDENTS * 0.8 / len(ASKING), 300)
            before = time.monotonic()
            await asyncio.to_thread(peer.count)
            said[chat] = time.monotonic()
            bare.append(said[chat] - before)
            await asyncio.to_thread(peer.say, chat, "押金不退怎么办")
        await reached(
            lambda: steps_of(database, CAMPAIGN)[-1:] == ["finished"], max(600, RESIDENTS / 5)
        )
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
    # Each burst refuses what is on its way, and then nothing is sent until it is over.
    assert state["floods"] >= 3
    assert state["floods"] <= state["requests"]["429"] <= state["floods"] * (IN_FLIGHT + 20)
    assert sum(gap > 0.9 for gap in gaps(state["asked"])) >= 3
    # The peer may be kept from its work and then see a heap at once: hence two seconds.
    assert busiest(state["asked"], 2) <= 2 * LIMIT
    # Replies: all of them, while there still was something to push. One that a burst refuses can't
    # go out before it is over, which is up to the platform: it hits one or two each time.
    first = {chat: moment for chat, _, moment in reversed(state["order"])}
    waits = sorted(first[chat] - begun for chat, begun in said.items())
    # A machine that other work keeps busy is slow with a bare request too, and gets so much longer.
    assert waits[int(0.95 * len(waits)) - 1] < max(1.0, 20 * median(bare))
    pushed = [moment for chat, _, moment in state["order"] if chat not in said]
    assert max(first[chat] for chat in said) < pushed[-1]


def gaps(moments: list[float]) -> list[float]:
    return [later - earlier for earlier, later in pairwise(moments)]


def busiest(times: list[float], seconds: float) -> int:
    """The most messages in any such window."""
    start, most = 0, 0
    for end, moment in enumerate(times):
        while times[start] <= moment - seconds:
            start += 1
        most = max(most, end - start + 1)
    return most


async def reached(condition: Any, seconds: float = 120) -> None:
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


@pytest.mark.parametrize("processes", [1, 2])
@pytest.mark.parametrize("which", BOTH)
def test_killed_again_and_again_nobody_gets_it_twice(
    which: str, processes: int, tmp_path: Path
) -> None:
    beside = (lambda: polling_peer(tmp_path, TOKEN)) if which == "foreign" else peer
    done = crashes(KILLS, per_kill=30, seed=processes, processes=processes, beside=beside)
    assert done.kills == KILLS
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
            peer.say(ASKING[0], "押金不退怎么办")
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
