"""Sends pushes from this process: the delivery engine with its channels, in ``bot.py run`` beside
the conversations and in ``bot.py deliver`` alone; and the desk that counts presses on pushes."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import time

from errors import OutreachError, UsageError
from handlers.messages import Channel, Incoming
from handlers.pushes import Wording, pressed
from handlers.questions import Composer
from handlers.reception import FrontDesk, Outcome
from handlers.telegram.bulk import BulkSender
from handlers.telegram.channel import quiet_loggers
from handlers.telegram.sending import Limiter, Timer
from knowledge.quizzes import Quizzes
from knowledge.readings import Readings
from outreach.delivery import clicks, ledger, schedule
from outreach.delivery.engine import Engine, Options
from outreach.delivery.sender import Sender
from outreach.delivery.series import Series
from outreach.store import Outreach
from settings import Settings

SERIES = (
    Series("morning", "宪法晨读", time(7, 30), time(10), topic="宪法", organ="司法局"),
    Series("quiz", "每日一题", time(12), time(20), organ="司法局"),
)
OPEN = ("queued", "claimed")
_log = logging.getLogger("pufa.broadcast")


def wording(settings: Settings, composer: Composer) -> Wording:
    """The words of all pushes; ``settings`` has its secret key."""
    assert settings.secret_key is not None
    return Wording(
        composer,
        Readings.load(),
        Quizzes.load(),
        settings.clock(),
        settings.secret_key,
        settings.home / "evidence",
        settings.public_url,
    )


@dataclass
class Broadcaster:
    """The engine of this process; Telegram's bulk lane where a token is set."""

    settings: Settings
    store: Outreach
    wording: Wording
    limiter: Limiter | None = None  # shared with the replies of this process
    options: Options = field(default_factory=Options)
    _senders: list[BulkSender] = field(default_factory=list, init=False)
    _engine: Engine | None = field(default=None, init=False)
    _task: asyncio.Task[None] | None = field(default=None, init=False)

    async def start(self) -> None:
        """Begin in the background: whatever is due or was interrupted goes on by itself."""
        self._engine = Engine(
            self.store.database,
            self.store.clock,
            self._connect(),
            self.wording,
            series=SERIES,
            options=self.options,
            name=socket.gethostname(),
        )
        self._task = asyncio.create_task(self._engine.run(), name="broadcast")
        self._task.add_done_callback(_ended)

    async def stop(self) -> None:
        """Let what is on its way come to its outcome, and close."""
        if self._engine is not None and self._task is not None:
            if not self._task.done():
                await self._engine.stop()
            await asyncio.wait({self._task})
        for sender in self._senders:
            await sender.close()

    def _connect(self) -> dict[str, Sender]:
        token = self.settings.telegram_token
        if not token:
            return {}
        quiet_loggers()
        sender = BulkSender(
            token,
            self.settings.telegram_api,
            self.limiter or Limiter(Timer()),
            connections=self.options.in_flight,
        )
        self._senders.append(sender)
        return {Channel.TELEGRAM.value: sender}

    def follow(self, token: str, counted: bool) -> str | None:
        """Count a click on a pushed link (:mod:`handlers.web.clicks`) and give its target."""
        found = clicks.read_token(self.wording.secret, token)
        if found is None:
            return None
        delivery, button = found
        content = self._content(delivery)
        target = self.wording.target(content, button) if content else None
        if target and counted:
            with suppress(OutreachError), self.store.database.write() as connection:
                clicks.count(connection, delivery, self.store.clock.now())
        return target

    def _content(self, delivery: int) -> str | None:
        with self.store.database.read() as connection:
            return clicks.content(connection, delivery)

    def progress(self, campaign: str) -> Counter[str]:
        """The rows of a campaign by state."""
        with self.store.database.read() as connection:
            return ledger.progress(connection, campaign)

    async def until_done(self, campaign: str | None, bar: Callable[[int, int], None]) -> None:
        """Wait until a campaign is no longer sending, or for ever.

        Args:
            campaign: its id; None waits until the engine ends.
            bar: gets (rows done, all rows) about twice a second.
        """
        assert self._task is not None
        if campaign is None:
            await asyncio.wait({self._task})
            return
        while not self._task.done():
            rows = await asyncio.to_thread(self.progress, campaign)
            state = await asyncio.to_thread(self.state, campaign)
            total = rows.total()
            bar(total - sum(rows[each] for each in OPEN), total)
            if state not in ("sending", "scheduled") and not rows["claimed"]:
                return
            await asyncio.sleep(0.5)

    def state(self, campaign: str) -> str:
        """A campaign's state.

        Raises:
            OutreachError: there is no such campaign.
        """
        with self.store.database.read() as connection:
            return schedule.state(connection, campaign)


def _ended(task: asyncio.Task[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _log.critical("推送已停止：%s", type(error).__name__)


def deliver(
    settings: Settings,
    store: Outreach,
    composer: Composer,
    campaign: str | None,
    bar: Callable[[int, int], None],
) -> str | None:
    """Send in a process of its own: one campaign to its end, or everything until it is stopped.

    Returns:
        The campaign's state at the end; None where there was none to wait for.

    Raises:
        UsageError: no platform to push to is set.
        OutreachError: there is no such campaign.
    """
    if not settings.telegram_token:
        raise UsageError("没有可以推送的平台：请先设置 PUFA_TELEGRAM_TOKEN")
    broadcaster = Broadcaster(settings, store, wording(settings, composer))
    if campaign is not None:
        broadcaster.state(campaign)

    async def run() -> str | None:
        stop = asyncio.Event()
        loop = asyncio.get_running_loop()
        for sign in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(sign, stop.set)
        await broadcaster.start()
        try:
            stopped = asyncio.create_task(stop.wait())
            done = asyncio.create_task(broadcaster.until_done(campaign, bar))
            await asyncio.wait({stopped, done}, return_when=asyncio.FIRST_COMPLETED)
            stopped.cancel()
            done.cancel()
        finally:
            await broadcaster.stop()
        return None if campaign is None else broadcaster.state(campaign)

    return asyncio.run(run())


@dataclass(frozen=True)
class PressDesk:
    """A front desk that counts presses on pushes and hands the button's own value on."""

    desk: FrontDesk
    store: Outreach

    def resident(self, channel: Channel, platform_id: str) -> str:
        """See :class:`FrontDesk`."""
        return self.desk.resident(channel, platform_id)

    def receive(self, incoming: Incoming) -> bool:
        """See :class:`FrontDesk`; the press is stored as it came."""
        return self.desk.receive(incoming)

    def answer(self, incoming: Incoming) -> Outcome:
        """Answer the button itself; an update answered for the first time counts as a click."""
        found = pressed(incoming.action) if incoming.action else None
        if found is None:
            return self.desk.answer(incoming)
        delivery, own = found
        outcome = self.desk.answer(replace(incoming, action=own))
        if outcome.first:
            with suppress(OutreachError), self.store.database.write() as connection:
                clicks.count(connection, delivery, self.store.clock.now(), incoming.resident)
        return outcome

    def sent(self, update_key: str) -> None:
        """See :class:`FrontDesk`."""
        self.desk.sent(update_key)

    def unsent(self, channel: Channel) -> list[Incoming]:
        """See :class:`FrontDesk`."""
        return self.desk.unsent(channel)
