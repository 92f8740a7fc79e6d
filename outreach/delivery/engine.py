"""Sends what the ledger holds: one engine in each process that sends.

For each channel: set rows aside → wait for the platform's pace → claim at the moment of sending →
send → settle. Every tick (half a second): renew the lease, take over what dead processes left,
begin, expire and finish campaigns. What staff or residents decide meanwhile (pause, recall,
opt-out) is seen by the next claim.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import traceback
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy import Connection

from errors import OutreachError
from outreach.database import Database
from outreach.delivery import leases, ledger, recalls, schedule
from outreach.delivery.journal import Journal
from outreach.delivery.ledger import Claimed, Reserved
from outreach.delivery.sender import (
    Blocked,
    Failed,
    Outcome,
    Push,
    RetryAfter,
    Sender,
    Sent,
    Unknown,
    Unreached,
)
from outreach.delivery.series import Series, fire
from settings import Clock

Compose = Callable[[Claimed, str], Push]  # the row and its campaign's definition, canonical JSON
TIDY = timedelta(hours=1)  # between two looks for addresses that have no purpose any more
RECALLED = "这条消息已被发布单位撤回。"
_log = logging.getLogger("pufa.delivery")


@dataclass(frozen=True, slots=True)
class Options:
    """What tests and measurements change; durations in seconds.

    ``in_flight`` messages are on their way at once: with answers after a third of a second,
    thirty keep a pace of more than eighty a second.
    """

    tick: float = 0.5
    lease: float = 10.0
    in_flight: int = 32
    max_failures: int = 20  # one after the other, until the campaign pauses by itself
    longest_hold: float = 60.0
    grace: float = 20.0


class Engine:
    """Sends until it is stopped. ``await run()`` in a task, ``await stop()`` once."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        senders: Mapping[str, Sender],
        compose: Compose,
        *,
        series: Sequence[Series] = (),
        options: Options | None = None,
        name: str = "",
    ) -> None:
        """Build the engine; nothing is sent yet.

        Args:
            database: the store.
            clock: the time of everything but pauses.
            senders: channel → its bulk lane.
            compose: words one message; runs in the event loop, so it must be quick.
            series: the daily pushes.
            options: see :class:`Options`.
            name: goes before the random id of this process's lease, e.g. the host's name.
        """
        self.me = f"{name[:30]}-{secrets.token_hex(8)}".lstrip("-")
        self._clock, self._senders, self._compose = clock, dict(senders), compose
        self._series, self._options = tuple(series), options or Options()
        self._journal = Journal(database, clock, self.me)
        self._contents: dict[str, tuple[str, str]] = {}  # campaign → sha256, content
        self._failures: Counter[str] = Counter()  # in a row, by campaign
        self._unreached: Counter[str] = Counter()  # in a row, by channel
        self._committed: set[asyncio.Task[None]] = set()  # past the claim: not to be interrupted
        self._live: frozenset[str] = frozenset()  # campaigns that are sending
        self._probing = {channel: asyncio.Lock() for channel in self._senders}
        self._tidied = datetime.min.replace(tzinfo=UTC)
        self._stopping = asyncio.Event()
        self._stopped = asyncio.Event()

    async def run(self) -> None:
        """Send until :meth:`stop`; trouble with the store is waited out."""
        self._journal.start()
        lanes: list[asyncio.Task[None]] = []
        try:
            await self._upkeep()
            for channel in self._senders:
                queue: asyncio.Queue[Reserved] = asyncio.Queue(self._options.in_flight)
                lanes.append(asyncio.create_task(self._feed(channel, queue)))
                lanes += [
                    asyncio.create_task(self._work(channel, queue))
                    for _ in range(self._options.in_flight)
                ]
            while not self._stopping.is_set():
                await self._pause(self._options.tick)
                await self._upkeep()
        finally:
            await self._wind_up(lanes)
            self._stopped.set()

    async def stop(self) -> None:
        """Begin nothing more, let what is on its way come to its outcome, give the rest back."""
        self._stopping.set()
        await self._stopped.wait()

    async def _wind_up(self, lanes: list[asyncio.Task[None]]) -> None:
        for task in lanes:
            if task not in self._committed:
                task.cancel()
        if late := [task for task in lanes if task in self._committed]:
            await asyncio.wait(late, timeout=self._options.grace)
        for task in lanes:
            task.cancel()
        await asyncio.gather(*lanes, return_exceptions=True)
        try:
            async with asyncio.timeout(self._options.grace):
                await self._journal.close()
        except (OutreachError, TimeoutError) as error:
            _log.error("推送停止时没能写完结果，未写入的会标为不明：%s", error)

    async def _pause(self, seconds: float) -> None:
        """Sleep, but wake at once to stop."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._stopping.wait()

    async def _upkeep(self) -> None:
        try:
            steps, lost, sending, live = await self._journal.do(self._tick)
        except OutreachError as error:
            _log.warning("推送的日程暂时查不了，稍后再试：%s", error)
            return
        except Exception as error:
            _defect(error)
            return
        if lost:
            _log.warning("接手中断的推送：%d 条发送结果不明，不会自动重发", lost)
        for step in steps:
            _log.info("推送：%s", step)
        self._live = live
        for channel, sender in self._senders.items():
            sender.share(max(1, sending[channel]))

    def _tick(
        self, connection: Connection, now: datetime
    ) -> tuple[list[str], int, Counter[str], frozenset[str]]:
        lease = timedelta(seconds=self._options.lease)
        leases.heartbeat(connection, self.me, tuple(self._senders), now, lease)
        lost = leases.lapse(connection, now)
        if now - self._tidied >= TIDY:
            recalls.forget_addresses(connection, now)
            self._tidied = now
        steps = schedule.tick(connection, now)
        steps += [f"{made} sending" for one in self._series if (made := fire(connection, one, now))]
        return steps, lost, leases.sending(connection, now), schedule.live(connection)

    async def _feed(self, channel: str, queue: asyncio.Queue[Reserved]) -> None:
        """Keep rows at hand: recalls first, then what is queued."""
        size = self._options.in_flight

        def reserve(connection: Connection, now: datetime) -> list[Reserved]:
            found = recalls.reserve(connection, self.me, channel, now, size)
            return found or ledger.reserve(connection, self.me, channel, now, size)

        while True:
            try:
                rows = await self._journal.do(reserve)
            except OutreachError as error:
                _log.warning("推送名单暂时读不了，稍后再试：%s", error)
                rows = []
            except Exception as error:
                _defect(error)
                rows = []
            for row in rows:
                await queue.put(row)
            if not rows:
                await asyncio.sleep(self._options.tick / 2)

    async def _work(self, channel: str, queue: asyncio.Queue[Reserved]) -> None:
        while not self._stopping.is_set():
            row = await queue.get()
            try:
                await self._handle(channel, row)
            except Exception as error:
                _defect(error)

    async def _handle(self, channel: str, row: Reserved) -> None:
        """Bring one row to its outcome, or back to the queue."""
        sender, task = self._senders[channel], asyncio.current_task()
        assert task is not None
        while not self._stopping.is_set():
            if row.message is None and row.campaign not in self._live:
                await self._journal.do(
                    lambda connection, _: ledger.release(connection, self.me, [row.id])
                )
                return
            async with self._reachable(channel):
                await sender.turn(row.address)
                self._committed.add(task)
                try:
                    if row.message is not None:
                        removal = await sender.remove(row.address, row.message, RECALLED)
                        self._journal.settle_recall(row, removal)
                    else:
                        await self._deliver(channel, sender, row)
                    return
                except OutreachError:  # the journal said so; the row is still set aside
                    await self._pause(1.0)
                finally:
                    self._committed.discard(task)

    async def _deliver(self, channel: str, sender: Sender, row: Reserved) -> None:
        claimed = await self._journal.claim(row.id)
        if claimed is None:
            return
        try:
            push = self._compose(claimed, await self._content(claimed))
        except Exception:
            # Nothing went out: the row waits until somebody has mended and resumed the campaign.
            self._journal.settle(claimed, Unreached("content"))
            await self._pause_campaign(claimed.campaign, "内容无法生成，请检查后继续")
            raise
        outcome: Outcome = Unknown()
        earlier = self._unreached[channel]
        try:
            outcome = await sender.send(claimed.address, push)
        finally:  # also where this task is cancelled: the request may have gone out
            self._journal.settle(claimed, outcome)
        if isinstance(outcome, Unreached) and earlier != self._unreached[channel]:
            return  # one of several that one breakdown hit
        await self._watch(channel, claimed.campaign, outcome)

    async def _content(self, row: Claimed) -> str:
        kept = self._contents.get(row.campaign)
        if kept is None or kept[0] != row.sha256:
            if len(self._contents) > 64:
                self._contents.clear()
            read = await self._journal.do(
                lambda connection, _: ledger.content(connection, row.campaign)
            )
            kept = self._contents[row.campaign] = (row.sha256, read)
        return kept[1]

    @asynccontextmanager
    async def _reachable(self, channel: str) -> AsyncIterator[None]:
        """While a platform can't be reached, one message at a time tries, ever less often."""
        if not self._unreached[channel]:
            yield
            return
        async with self._probing[channel]:
            if failed := self._unreached[channel]:
                longest = self._options.longest_hold
                await self._pause(min(longest, 2.0 ** min(failed - 1, 16)))
            yield

    async def _watch(self, channel: str, campaign: str, outcome: Outcome) -> None:
        """Pause a campaign after too many failures in a row."""
        match outcome:
            case Blocked() | RetryAfter():  # says nothing about the campaign or the platform
                return
            case Sent():
                self._failures[campaign] = self._unreached[channel] = 0
                return
            case Unreached(reason):
                self._unreached[channel] += 1
            case Failed(reason):
                pass
            case Unknown():
                reason = "no_answer"
            case _:
                reason = "chat_not_found"
        self._failures[campaign] += 1
        count = self._failures[campaign]
        if count >= self._options.max_failures:
            words = REASONS.get(reason, reason)
            await self._pause_campaign(campaign, f"连续 {count} 次没有发成：{words}")

    async def _pause_campaign(self, campaign: str, reason: str) -> None:
        self._failures[campaign] = 0
        paused = await self._journal.do(
            lambda connection, now: schedule.pause(connection, campaign, reason, now)
        )
        if paused:
            _log.error("推送 %s 已自动暂停：%s", campaign, reason)


def _defect(error: Exception) -> None:
    """Log a defect without its words, which may quote a resident: kind and frames only."""
    frames = "".join(traceback.format_tb(error.__traceback__))
    _log.error("推送处理出错：%s\n%s", type(error).__name__, frames)


REASONS = {
    "no_answer": "平台没有回应",
    "no_connection": "连不上平台",
    "invalid_token": "平台不认机器人的令牌",
    "chat_not_found": "平台没有这些会话",
    "bad_request": "平台不接受这条消息",
    "too_long": "消息超出平台的长度",
    "no_picture": "图片读不出来",
}
