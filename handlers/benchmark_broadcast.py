"""What pushing costs, measured on real processes against a Bot API of its own process.

The figures are the peer's: how many messages it took, and when. Moments of different processes are
compared on the machine's one monotonic clock. Figures are printed, never asserted.
"""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from handlers.benchmark import Latency
from handlers.benchmark import questions as sentences
from handlers.benchmark_peer import Counting, Peer, peer, wait
from handlers.telegram.bulk import BulkSender
from handlers.telegram.sending import Limiter, Timer
from outreach.campaigns.definition import Definition
from outreach.database import Database
from outreach.delivery.engine import Engine, Options
from outreach.delivery.ledger import Claimed, progress
from outreach.delivery.sample import CAMPAIGN, fill, outcomes, unsettled
from outreach.delivery.sender import Push, PushButton
from settings import ROOT, SystemClock

TOKEN = "777000111:AAAA-token-for-the-peer"  # noqa: S105 (of the peer)
PLATFORM = 30.0  # messages a second that Telegram takes
UNLIMITED = 1e9
Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Trial:
    """A store with a queued campaign, and how its processes send."""

    url: str
    api: str
    pace: float = UNLIMITED  # messages a second
    lease: float = 10.0
    in_flight: int = 64
    tick: float = 0.1

    def start(self, name: str = "") -> subprocess.Popen[bytes]:
        """A sending process; it ends when the campaign has, and says what time it computed.

        Args:
            name: goes before the id that it claims with.
        """
        words = [
            *(self.url, self.api),
            *map(str, (self.pace, self.lease, self.in_flight, self.tick)),
            name,
        ]
        command = [sys.executable, "-m", "handlers.benchmark_broadcast", *words]
        return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE)  # noqa: S603


def _words(row: Claimed, _: str) -> Push:
    text = f"反诈提醒\n验证码不给任何人，转账前先核实。拿不准，打96110。（{row.address}）"
    return Push(text, buttons=((PushButton("退订", action="stop"),),))


async def send(trial: Trial, name: str) -> float:
    """What a sending process does; the processor's seconds that sending took."""
    limiter = Limiter(Timer(), per_second=trial.pace, chat_gap=0.0)
    sender = BulkSender(TOKEN, trial.api, limiter, connections=trial.in_flight)
    options = Options(tick=trial.tick, lease=trial.lease, in_flight=trial.in_flight)
    begun = time.process_time()
    with closing(Database.open(trial.url)) as database:
        engine = Engine(
            database, SystemClock(), {"telegram": sender}, _words, options=options, name=name
        )
        task = asyncio.create_task(engine.run())
        while not await asyncio.to_thread(_done, database):  # noqa: ASYNC110 (another process's)
            await asyncio.sleep(0.25)
        await engine.stop()
        await task
    await sender.close()
    return time.process_time() - begun


def _done(database: Database) -> bool:
    with database.read() as connection:
        rows = progress(connection, CAMPAIGN)
    return not rows["queued"] and not rows["claimed"]


@contextmanager
def store(residents: int) -> Iterator[tuple[str, Database]]:
    """A temporary store with a campaign queued for so many."""
    with tempfile.TemporaryDirectory(prefix="pufa-bench-") as folder:
        url = f"sqlite:///{folder}/outreach.db"
        with closing(Database.open(url)) as database:
            fill(database, residents, SystemClock().now())
            yield url, database


def pace(say: Say, residents: int = 300) -> float:
    """The share of the platform's pace that the engine loses at 30 messages a second."""
    with store(residents) as (url, _), peer() as found:
        Trial(url, found.api, pace=PLATFORM).start().communicate()
        times = found.control("state")["times"]
    rate = float((len(times) - 1) / (times[-1] - times[0]))
    lost = 1 - rate / PLATFORM
    say(f"限速 {PLATFORM:.0f} 条/秒：实际 {rate:.2f} 条/秒，引擎开销 {lost:.1%}（{len(times)} 条）")
    return lost


def throughput(say: Say, residents: int = 10_000, processes: int = 1) -> float:
    """Messages a second against a peer without limits, from the first to the last."""
    with store(residents) as (url, database), peer() as found:
        trial = Trial(url, found.api, in_flight=256, tick=0.5)
        begun = found.control("cpu")
        running = [trial.start() for _ in range(processes)]
        spent = sum(float(process.communicate()[0] or 0) for process in running)
        beside = found.control("cpu") - begun
        state = found.control("state")
        states = Counter(state for state, _ in outcomes(database).values())
    times, most = state["times"], max(state["received"].values())
    rate = float((len(times) - 1) / (times[-1] - times[0]))
    say(
        f"不限速，{processes} 个进程：{rate:.0f} 条/秒（{residents} 人，{dict(states)}，"
        f"每人最多收到 {most} 条）；每条占处理器 {spent / residents * 1000:.2f} 毫秒，"
        f"另有对端 {beside / residents * 1000:.2f} 毫秒；负载 {os.getloadavg()[0]:.1f}"
    )
    return rate


@dataclass(frozen=True, slots=True)
class Crashes:
    """What killing the sending process came to; the sets hold residents' numbers."""

    kills: int
    in_flight: frozenset[int]  # claimed by a process when it was killed
    unknown: frozenset[int]
    states: Counter[str]
    twice: frozenset[int]  # got more than one message
    untrue: frozenset[int]  # sent without a message, or a message that the ledger knows nothing of

    def __str__(self) -> str:
        return (
            f"杀死发送进程 {self.kills} 次：收到两条的 {len(self.twice)} 人，"
            f"当时在途 {len(self.in_flight)} 条，标为不明 {len(self.unknown)} 条"
            f"（{'完全一致' if self.in_flight == self.unknown else '不一致'}），"
            f"账实不符 {len(self.untrue)} 条，结果 {dict(self.states)}"
        )


def crashes(
    kills: int,
    *,
    per_kill: int = 40,
    pace: float = 200.0,
    seed: int = 1,
    processes: int = 1,
    beside: Callable[[], AbstractContextManager[Counting]] = peer,
) -> Crashes:
    """Kill (SIGKILL) a sending process again and again at random moments, then let them finish.

    Args:
        kills: how often.
        per_kill: residents for each of them.
        pace: messages a second, of all processes together.
        seed: of the moments, and of which process it hits.
        processes: that send together.
        beside: starts the Bot API that counts.
    """
    chance = random.Random(seed)  # noqa: S311 (no secret)
    flying: set[int] = set()
    # Where several send, the others go on while one is killed and starts again.
    residents = kills * per_kill * (5 if processes > 1 else 1)
    with store(residents) as (url, database), beside() as found:
        found.slow(0.03)
        trial = Trial(url, found.api, pace=pace, lease=1.0)
        names = (f"run-{number}-" for number in itertools.count())
        running = {name: trial.start(name) for name in itertools.islice(names, processes)}
        killed = 0
        while killed < kills:
            name, before = chance.choice(sorted(running)), found.count()
            process = running.pop(name)
            wait(lambda b=before, p=process: _moved(found, b, p), 300)  # type: ignore[misc]
            time.sleep(chance.uniform(0, 1.5 * per_kill / pace))
            if process.poll() is not None:  # nothing is left to send
                process.communicate()
                break
            process.kill()
            process.communicate()
            killed += 1
            flying |= unsettled(database, name)
            again = next(names)
            running[again] = trial.start(again)
        for process in running.values():
            process.communicate()
        received, rows = found.received(), outcomes(database)
    return Crashes(
        killed,
        frozenset(flying),
        frozenset(number for number, (state, _) in rows.items() if state == "unknown"),
        Counter(state for state, _ in rows.values()),
        frozenset(number for number, count in received.items() if count > 1),
        frozenset(
            number
            for number, (state, _) in rows.items()
            if (state == "sent") > (number in received)
            or (number in received) > (state in ("sent", "unknown"))
        ),
    )


def _moved(found: Counting, before: int, process: subprocess.Popen[bytes]) -> bool:
    return process.poll() is not None or found.count() > before


def replies(say: Say, home: Path, residents: int = 1500, questions: int = 120) -> Latency:
    """How long residents wait for a reply while ``bot.py run`` pushes, in milliseconds.

    From the moment an update is there for the bot to fetch to the moment the peer has taken the
    reply's first message: search, bookkeeping and the wait for a place included.
    """
    asked = sentences(questions)
    with tempfile.TemporaryDirectory(prefix="pufa-bench-") as folder, peer() as found:
        for name in ("knowledge.db", "model", "index"):
            (Path(folder) / name).symlink_to(home / name)
        with closing(Database.open(f"sqlite:///{folder}/outreach.db")) as database:
            fill(database, residents, SystemClock().now(), _CONTENT)
        environment = {
            **{key: value for key, value in os.environ.items() if not key.startswith("PUFA_")},
            "PUFA_HOME": folder,
            "PUFA_PORT": "0",
            "PUFA_TELEGRAM_TOKEN": TOKEN,
            "PUFA_TELEGRAM_API": found.api,
            "NO_PROXY": "127.0.0.1",
        }
        process = subprocess.Popen(
            [sys.executable, "bot.py", "run"],
            cwd=ROOT,
            env=environment,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            wait(lambda: found.control("count") > 24, 300)
            said: dict[int, float] = {}
            for number, question in enumerate(asked, 1):
                chat = 900_000 + number
                said[chat] = time.monotonic()
                found.control("updates", [_update(number, chat, question)])
                time.sleep(0.25)
            wait(lambda: _answered(found, said), 120, 0.2)
            order = found.control("state")["order"]
        finally:
            process.terminate()
            process.wait()
    first: dict[int, float] = {}
    for chat, _, moment in order:
        first.setdefault(chat, moment)
    pushed = sorted(moment for chat, _, moment in order if chat not in said)
    waits = [(first[chat] - begun) * 1000 for chat, begun in said.items()]
    during = [moment for moment in pushed if min(said.values()) <= moment <= max(first.values())]
    latency = Latency.of(waits)
    rate = len(during) / (during[-1] - during[0])
    say(f"推送（{rate:.1f} 条/秒）期间的答复，从消息到达到答复送达：{latency}")
    return latency


_CONTENT = Definition(
    id=CAMPAIGN, title="反诈提醒", text={"default": "验证码不给任何人。"}, organ="公安局"
).to_json()


def _answered(found: Peer, said: dict[int, float]) -> bool:
    received = found.control("state")["received"]
    return all(str(chat) in received for chat in said)


def _update(number: int, chat: int, text: str) -> dict[str, Any]:
    return {
        "update_id": number,
        "message": {
            "message_id": number,
            "date": int(SystemClock().now().timestamp()),
            "chat": {"id": chat, "type": "private", "first_name": "张"},
            "from": {"id": chat, "is_bot": False, "first_name": "张"},
            "text": text,
        },
    }


def broadcast(say: Say, home: Path, kills: int) -> None:
    """Everything, in this order."""
    say(f"机器：{os.cpu_count()} 核，负载 {os.getloadavg()[0]:.1f}")
    pace(say)
    throughput(say)
    throughput(say, processes=2)
    replies(say, home)
    say(str(crashes(kills)))


if __name__ == "__main__":
    url, api, rate, lease, in_flight, tick, name = sys.argv[1:]
    trial = Trial(url, api, float(rate), float(lease), int(in_flight), float(tick))
    sys.stdout.write(str(asyncio.run(send(trial, name))))
