"""Sending within Telegram's limits, and knowing what became of it.

Telegram's FAQ ("My bot is hitting limits"): about 30 messages a second overall, one a second in a
chat, 20 a minute in a group. Replies keep to less, so that a broadcast can have the rest.
"""

from __future__ import annotations

import asyncio
import logging
import random
import re
import warnings
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

import httpx
from telegram import Bot, LinkPreviewOptions, ReplyParameters
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.warnings import PTBDeprecationWarning

from handlers.telegram.rendering import Outgoing
from handlers.telegram.updates import Address

MAX_FAILURES = 8  # with back-off: about four minutes of outage
MAX_FLOODS = 8
MAX_UNKNOWN = 2
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
_PREVIEW = LinkPreviewOptions(is_disabled=True)
_TOKEN = re.compile(r"\d+:[\w-]{4,}")
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Timer:
    """Monotonic seconds and a pause: the event loop's, or a test's."""

    time: Callable[[], float] = field(default=lambda: asyncio.get_running_loop().time())
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep


def backoff(failures: int, longest: float = 60.0) -> float:
    """Seconds to wait after the n-th failure in a row: doubling, capped, with full jitter
    over its upper half, so that many clients do not come back at once."""
    ceiling = min(longest, 2.0 ** min(failures, 16))
    return ceiling / 2 + random.uniform(0, ceiling / 2)  # noqa: S311 (no secret)


def retry_after(error: RetryAfter) -> float:
    """The seconds that Telegram asks for (the library may give them as a timedelta)."""
    given = error.retry_after
    return given.total_seconds() if isinstance(given, timedelta) else float(given)


def accept_retry_after() -> None:
    """Let the library raise ``RetryAfter`` without its note that the attribute's type will change:
    :func:`retry_after` takes both types. Under "warnings are errors" it could not even be raised.
    """
    warnings.filterwarnings("ignore", ".*`retry_after`", PTBDeprecationWarning)


def brief(error: BaseException) -> str:
    """An error for the log: its kind, and for the platform's answers the description without
    anything that looks like a token. Nothing of other errors, which may quote a resident."""
    if isinstance(error, TelegramError) and not isinstance(error, InvalidToken):
        return f"{type(error).__name__}: {_TOKEN.sub('***', str(error))}"
    return type(error).__name__


class Limiter:
    """A place in the queue for every message: overall, per chat, and after a 429.

    Two lanes share it. Replies go first: while one of them waits for its place, no push takes one.
    Pushes go one after the other, at most at their process's share of the pace.

    The first chat that is told to wait pauses alone (a busy group has its own limit); a second
    chat told so meanwhile means that the bot as a whole is too fast, and everything pauses. Where
    pushes were told so, only they pause.
    """

    def __init__(
        self,
        timer: Timer,
        per_second: float = 24.0,
        chat_gap: float = 1.0,
        group_gap: float = 3.0,
    ) -> None:
        self._timer = timer
        self._gap, self._chat_gap, self._group_gap = 1 / per_second, chat_gap, group_gap
        self._next = 0.0
        self._chats: dict[int, float] = {}
        self._flooded: dict[bool, tuple[int, float]] = {}  # by lane: chat, until
        self._replies = 0  # that wait for a place
        self._bulk_next = 0.0
        self._bulk_gap = self._gap
        self._bulk_lane = asyncio.Lock()

    async def turn(self, chat: int) -> None:
        """Wait until a reply may go to ``chat``, and count it."""
        planned = 0.0
        while True:
            now = self._timer.time()
            place = max(self._next, self._chats.get(chat, 0.0))
            if place <= now:
                break
            planned = place
            queues = self._next >= place
            self._replies += queues
            try:
                await self._timer.sleep(place - now)
            finally:
                self._replies -= queues
        self._count(chat, now, planned)

    async def bulk_turn(self, chat: int) -> None:
        """Wait until a push may go to ``chat``, and count it."""
        planned = 0.0
        while True:
            if (wait := self._chats.get(chat, 0.0) - self._timer.time()) > 0:
                await self._timer.sleep(wait)  # outside of the lane: others need not wait for it
                continue
            async with self._bulk_lane:
                while True:
                    now = self._timer.time()
                    place = max(self._next, self._bulk_next)
                    if place > now:
                        planned = place
                        await self._timer.sleep(place - now)
                    elif self._replies:
                        planned = 0.0
                        await self._timer.sleep(self._gap)
                    else:
                        break
                if self._chats.get(chat, 0.0) > now:
                    continue
                base = self._count(chat, now, planned)
                self._bulk_next = max(self._bulk_next, base + self._bulk_gap)
                return

    def bulk_share(self, processes: int) -> None:
        """Give pushes of this process their part of the pace."""
        self._bulk_gap = self._gap * processes

    def _count(self, chat: int, now: float, planned: float) -> float:
        """Take a place; one that was waited for counts from its planned moment, so that waking up
        late by a millisecond does not add up."""
        base = max(planned, now - self._gap)
        if len(self._chats) > 4096:
            self._chats = {key: at for key, at in self._chats.items() if at > now}
        self._next = max(self._next, (base if planned else now) + self._gap)
        self._chats[chat] = now + (self._group_gap if chat < 0 else self._chat_gap)
        return base if planned else now

    def pause(self, chat: int, seconds: float, *, bulk: bool = False) -> None:
        """Obey a 429 received for ``chat``, by a push or by a reply."""
        now = self._timer.time()
        other, until = self._flooded.get(bulk, (chat, 0.0))
        if other != chat and until > now:
            self._bulk_next = max(self._bulk_next, now + seconds)
            if not bulk:
                self._next = max(self._next, now + seconds)
        self._flooded[bulk] = (chat, now + seconds)
        self._chats[chat] = max(self._chats.get(chat, 0.0), now + seconds)


class Delivery(StrEnum):
    """What became of a reply."""

    SENT = "sent"
    UNKNOWN = "unknown"  # a request broke off twice after it had gone out: not sent a third time
    GONE = "gone"  # blocked, deleted, no right to write: never deliverable
    OWED = "owed"  # not sent now; stays stored and is tried again later


class Sender:
    """Sends replies, one message after the other, with bounded retries."""

    def __init__(self, bot: Bot, limiter: Limiter, timer: Timer) -> None:
        accept_retry_after()
        self._bot, self._limiter, self._timer = bot, limiter, timer

    async def deliver(self, address: Address, messages: Sequence[Outgoing]) -> Delivery:
        """Send all of a reply's messages in order.

        A request that times out after it has gone out may have been carried out: it is sent once
        more, and not again for this reply. Refusals of the layout (400) are answered by sending
        the same words plain.
        """
        attempt = _Attempt(address)
        for message in messages:
            outcome = await self._send(attempt, message)
            if outcome is not Delivery.SENT:
                return outcome
        return Delivery.UNKNOWN if attempt.unknown >= MAX_UNKNOWN else Delivery.SENT

    async def _send(self, attempt: _Attempt, message: Outgoing) -> Delivery:
        plain = False
        while True:
            await self._limiter.turn(attempt.chat)
            try:
                await self._call(attempt, message, plain)
            except RetryAfter as error:
                attempt.floods += 1
                self._limiter.pause(attempt.chat, retry_after(error))
                if attempt.floods > MAX_FLOODS:
                    return Delivery.OWED
            except ChatMigrated as error:
                attempt.chat = error.new_chat_id
            except Forbidden:
                return Delivery.GONE
            except BadRequest as error:
                _log.warning("Telegram 拒绝了一条消息：%s", brief(error))
                if plain:
                    return Delivery.GONE
                plain = True
            except NetworkError as error:
                attempt.failures += 1
                if _may_have_arrived(error):
                    attempt.unknown += 1
                    if attempt.unknown >= MAX_UNKNOWN:
                        return Delivery.SENT  # as far as can be known; deliver() says UNKNOWN
                if attempt.failures >= MAX_FAILURES:
                    return Delivery.OWED
                await self._timer.sleep(backoff(attempt.failures))
            except InvalidToken:
                return Delivery.OWED
            else:
                return Delivery.SENT

    async def _call(self, attempt: _Attempt, message: Outgoing, plain: bool) -> None:
        where = attempt.address
        answers = (
            ReplyParameters(where.answers, allow_sending_without_reply=True)
            if where.answers and not plain
            else None
        )
        if message.file is not None:
            await self._bot.send_document(
                chat_id=attempt.chat,
                document=message.file.content,
                filename=message.file.name,
                caption=message.plain,
                message_thread_id=None if plain else where.topic,
                reply_parameters=answers,
            )
            return
        await self._bot.send_message(
            chat_id=attempt.chat,
            text=message.plain if plain else message.html,
            parse_mode=None if plain else ParseMode.HTML,
            link_preview_options=_PREVIEW,
            message_thread_id=None if plain else where.topic,
            reply_parameters=answers,
            reply_markup=None if plain else message.keyboard,
        )

    async def acknowledge(self, callback_id: str) -> None:
        """Stop the pressed button's spinner (``answerCallbackQuery``); failing is harmless."""
        try:
            await self._bot.answer_callback_query(callback_id)
        except TelegramError as error:
            _log.info("按钮应答未成功：%s", brief(error))


@dataclass(slots=True)
class _Attempt:
    """The counts of one reply's delivery."""

    address: Address
    chat: int = field(init=False)
    failures: int = 0
    floods: int = 0
    unknown: int = 0

    def __post_init__(self) -> None:
        self.chat = self.address.chat


def _may_have_arrived(error: NetworkError) -> bool:
    """Whether the request had gone out. A refused connection and an HTTP answer (5xx) say no."""
    cause = error.__cause__
    return isinstance(cause, httpx.HTTPError) and not isinstance(cause, _NOT_SENT)
