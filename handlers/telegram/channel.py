"""The Telegram channel: life cycle, and the way of one update from the platform to its answer.

stored (``FrontDesk.receive``) → confirmed to Telegram → answered (``FrontDesk.answer``) → sent →
forgotten (``FrontDesk.sent``). A crash at any arrow leaves the update stored and unsent; the next
start answers it before it listens. What a crash in the middle of a long reply had already sent is
then sent again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import re
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Any, TypeVar
from urllib.parse import urlsplit

from starlette.routing import Route
from telegram import Bot, BotCommand, Update
from telegram.error import BadRequest, InvalidToken, RetryAfter, TelegramError
from telegram.request import HTTPXRequest

from errors import ChannelError, SettingsError
from handlers.messages import Button, Channel, Incoming, Reply
from handlers.reception import FrontDesk
from handlers.services.commands import COMMANDS, payload
from handlers.telegram.lanes import Lanes
from handlers.telegram.polling import REFUSED_SIGN_IN, PollingRequest, poll
from handlers.telegram.rendering import render, render_text
from handlers.telegram.sending import (
    Delivery,
    Limiter,
    Sender,
    Timer,
    backoff,
    brief,
    retry_after,
)
from handlers.telegram.updates import (
    ALLOWED_UPDATES,
    Address,
    Me,
    Notice,
    Question,
    read,
    with_group,
)
from handlers.telegram.webhook import Webhook
from settings import Clock, Settings

PATH = "/telegram/webhook"
ABROAD = (
    "已启用 Telegram 渠道。Telegram 的服务器在境外：国家机关处理的个人信息应当在境内存储，"
    "向境外提供须经安全评估（个人信息保护法第三十六条，另见第三十八条至第四十条）。本渠道仅供演示和开发，"
    "请勿用于面向群众的正式服务。"
)
BUSY = "抱歉，系统出了点问题，您的问题已经记下，恢复后会答复。急事请直接拨打相关热线。"
MAX_PENDING = 500  # answers being worked on before polling takes a breath
_TRIES = 4  # of a blocking call that fails
_OUTCOMES = {
    Delivery.UNKNOWN: "发送结果不明（两次超时），不再重发",
    Delivery.GONE: "无法送达（被拉黑、已退出或无权发言）",
}
_A = TypeVar("_A")
_T = TypeVar("_T")
_log = logging.getLogger(__name__)


class TelegramChannel:
    """One bot account, by long polling, or by webhook where a webhook URL is set.

    ``await start()`` returns at once and works in the background; ``await run()`` also waits and
    raises what ended it; ``await stop()`` may be called twice. ``routes()`` are mounted by the web
    app and are empty in polling mode.
    """

    def __init__(
        self,
        desk: FrontDesk,
        settings: Settings,
        clock: Clock,
        *,
        commands: Sequence[tuple[str, str]] = COMMANDS,
        bot: Bot | None = None,
        timer: Timer | None = None,
        limiter: Limiter | None = None,
    ) -> None:
        """Build the channel; nothing is sent yet.

        Args:
            desk: where updates are stored and answered.
            settings: token, API address, webhook.
            clock: dates what Telegram does not date.
            commands: the menu, as (command, what it does).
            bot: another transport than HTTP, for tests.
            timer: another time than the event loop's, for tests.
            limiter: another pace than Telegram's.

        Raises:
            SettingsError: no token, or a webhook setting that Telegram would refuse.
        """
        token = settings.telegram_token
        if not token:
            raise SettingsError("未设置 PUFA_TELEGRAM_TOKEN，Telegram 渠道不启用")
        quiet_loggers()
        self._desk, self._clock, self._commands = desk, clock, tuple(commands)
        self._timer = timer or Timer()
        self._bot = bot or _bot(token, settings.telegram_api.rstrip("/"))
        self.limiter = limiter or Limiter(self._timer)  # pushes of this process share it
        self._sender = Sender(self._bot, self.limiter, self._timer)
        self._lanes = Lanes()
        # Storing must not queue behind searching: the platform is waiting for it.
        self._store_pool = ThreadPoolExecutor(2, thread_name_prefix="telegram-store")
        self._answer_pool = ThreadPoolExecutor(4, thread_name_prefix="telegram-answer")
        self._webhook_url, self._secret = _webhook(settings)
        self._webhook = Webhook(self._secret, self._take) if self._webhook_url else None
        self._me: Me | None = None
        self._working: set[str] = set()  # update keys on their way to an answer
        self._noticed: OrderedDict[str, None] = OrderedDict()
        self._owed: dict[str, Incoming] = {}  # answered, could not be sent, to be tried again
        self._listening = self._closing = False
        self._chores: set[asyncio.Task[None]] = set()
        self._task: asyncio.Task[None] | None = None
        self.problem: str | None = None  # why the channel ended, in Chinese

    def routes(self) -> list[Route]:
        """The ASGI routes to mount: ``POST /telegram/webhook`` in webhook mode, else none."""
        if self._webhook is None:
            return []
        return [Route(PATH, self._webhook.__call__, methods=["POST"], name="telegram_webhook")]

    @property
    def listening(self) -> bool:
        """Whether updates are taken: signed in, registered, and what was owed is on its way."""
        return self._listening and not self._closing

    async def start(self) -> None:
        """Begin in the background; problems with the network are waited out."""
        if self._task is None:
            _log.warning(ABROAD)
            self._task = asyncio.create_task(self._serve(), name="telegram")
            self._task.add_done_callback(self._ended)

    async def run(self) -> None:
        """Start, and wait until stopped.

        Raises:
            ChannelError: Telegram refuses the token or the webhook.
        """
        await self.start()
        assert self._task is not None
        await asyncio.wait([self._task])
        if not self._task.cancelled():
            self._task.result()

    async def stop(self, grace: float = 10.0) -> None:
        """Take nothing more, let replies under way finish for ``grace`` seconds, close everything.

        A webhook stays registered: Telegram keeps the updates until the next start.
        """
        self._closing = True
        if self._webhook is not None:
            self._webhook.ready = False
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])
        await self._lanes.close(grace)
        for chore in list(self._chores):
            chore.cancel()
        await asyncio.gather(*self._chores, return_exceptions=True)
        for pool in (self._store_pool, self._answer_pool):
            await asyncio.to_thread(pool.shutdown, True)
        with contextlib.suppress(TelegramError):
            await self._bot.shutdown()

    def _ended(self, task: asyncio.Task[None]) -> None:
        self._listening = False
        if not task.cancelled() and (error := task.exception()) is not None:
            self.problem = str(error) if isinstance(error, ChannelError) else type(error).__name__
            _log.critical("Telegram 渠道已停止：%s", self.problem)

    async def _serve(self) -> None:
        self._me = await self._persist(self._sign_in, "登录")
        await self._publish_commands()
        await self._persist(self._recover, "读取未答复的消息")
        if self._webhook is not None:
            self._webhook.ready = True
            await self._persist(self._register, "登记 webhook")
            self._listening = True
            _log.info("Telegram 渠道就绪（webhook）")
            await asyncio.Event().wait()
        else:
            await self._persist(self._bot.delete_webhook, "取消 webhook")
            self._listening = True
            _log.info("Telegram 渠道就绪（长轮询）")
            await poll(self._bot, self._take_in_turn, self._timer)

    async def _persist(self, step: Callable[[], Awaitable[_T]], what: str) -> _T:
        """Do a step of the start, waiting out the network; what waiting cannot mend is raised."""
        failures = 0
        while True:
            try:
                return await step()
            except RetryAfter as error:
                await self._timer.sleep(retry_after(error))
                continue
            except InvalidToken:
                raise ChannelError(REFUSED_SIGN_IN) from None
            except BadRequest as error:
                raise ChannelError(f"Telegram 拒绝了“{what}”：{brief(error)}") from None
            except Exception as error:
                failures += 1
                if failures >= _TRIES and not isinstance(error, TelegramError):
                    raise
                if failures == 1 or failures % 10 == 0:
                    _log.warning("Telegram：%s未成功（第 %d 次）：%s", what, failures, brief(error))
            await self._timer.sleep(backoff(failures))

    async def _sign_in(self) -> Me:
        await self._bot.initialize()
        return Me(self._bot.bot.id, self._bot.bot.username or "")

    async def _register(self) -> None:
        await self._bot.set_webhook(
            url=self._webhook_url or "",
            secret_token=self._secret,
            allowed_updates=ALLOWED_UPDATES,
            max_connections=40,
        )

    async def _publish_commands(self) -> None:
        """The menu is a comfort: an API without the method must not stop the channel."""
        try:
            await self._bot.set_my_commands([BotCommand(*command) for command in self._commands])
        except TelegramError as error:
            _log.info("命令菜单未能登记：%s", brief(error))

    async def _recover(self) -> None:
        """Queue what earlier runs still owe; lanes keep it ahead of anything new in its chat."""
        for incoming in await self._in(self._store_pool, self._desk.unsent, Channel.TELEGRAM):
            self._schedule(with_group(incoming), fresh=False)

    async def _take_in_turn(self, update: Update) -> None:
        await self._lanes.below(MAX_PENDING)
        await self._take(update)

    async def _take(self, update: Update) -> None:
        """Store an update, then see to it in the background.

        Whatever is raised here means "not stored": the caller lets Telegram deliver it again.
        """
        assert self._me is not None
        found = read(update, self._me, self._clock.now())
        if isinstance(found, Question):
            incoming = await self._in(self._store_pool, self._receive, found)
            if incoming is not None:
                self._schedule(incoming, fresh=True)
        elif isinstance(found, Notice):
            self._notice(found)
        if update.callback_query is not None:
            self._chore(self._sender.acknowledge(update.callback_query.id))

    def _receive(self, question: Question) -> Incoming | None:
        """In a thread: store the question; None if it was known already."""
        incoming = question.incoming(self._desk.resident(Channel.TELEGRAM, str(question.user)))
        return incoming if self._desk.receive(incoming) else None

    def _schedule(self, incoming: Incoming, *, fresh: bool) -> None:
        if incoming.update_key in self._working or self._closing:
            return
        try:
            address = Address.parse(incoming.address or "")
        except ValueError:
            _log.error("消息 %s 没有可用的回复地址，无法答复", incoming.update_key)
            self._chore(self._forget(incoming.update_key))
            return
        self._working.add(incoming.update_key)
        self._lanes.put(address.chat, lambda: self._reply(incoming, address, fresh=fresh))

    async def _reply(self, incoming: Incoming, address: Address, *, fresh: bool) -> None:
        key = incoming.update_key
        try:
            try:
                reply = await self._answer(incoming)
            except Exception:
                if fresh:
                    await self._sender.deliver(address, render_text(BUSY))
                raise
            delivery = await self._sender.deliver(address, render(self._continued(reply)))
            if delivery is Delivery.OWED:
                _log.error("消息 %s 的答复暂时发不出去，恢复后再发", key)
                self._owed[key] = incoming
                return
            if delivery is not Delivery.SENT:
                _log.warning("消息 %s 的答复：%s", key, _OUTCOMES[delivery])
            await self._forget(key)
        finally:
            self._working.discard(key)
        if delivery is Delivery.SENT and self._owed:  # the way is open again
            owed, self._owed = self._owed, {}
            for earlier in owed.values():
                self._schedule(earlier, fresh=False)

    def _continued(self, reply: Reply) -> Reply:
        """A group's reply with the link that goes on in private (Bot features, "Deep linking")."""
        if reply.private is None or self._me is None:
            return reply
        start = payload(reply.private) or "menu"
        link = f"https://t.me/{self._me.username}?start={start}"
        row = (Button("私聊我继续", url=link),)
        return replace(reply, buttons=(*reply.buttons, row))

    async def _answer(self, incoming: Incoming) -> Reply:
        """The reply; a store that is busy for a moment gets a few seconds."""
        for failures in range(1, _TRIES):
            try:
                return (await self._in(self._answer_pool, self._desk.answer, incoming)).reply
            except Exception as error:
                _log.warning("答复 %s 出错：%s", incoming.update_key, type(error).__name__)
                await self._timer.sleep(backoff(failures, 4))
        return (await self._in(self._answer_pool, self._desk.answer, incoming)).reply

    async def _forget(self, update_key: str) -> None:
        await self._in(self._store_pool, self._desk.sent, update_key)

    def _notice(self, notice: Notice) -> None:
        """Say once that something cannot be read; lost in a crash, which does no harm."""
        if notice.key in self._noticed or self._closing:
            return
        self._noticed[notice.key] = None
        if len(self._noticed) > 1024:
            self._noticed.popitem(last=False)

        async def say() -> None:
            await self._sender.deliver(notice.address, render_text(notice.text))

        self._lanes.put(notice.address.chat, say)

    def _chore(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something nobody waits for."""
        task = asyncio.create_task(work)
        self._chores.add(task)
        task.add_done_callback(self._chores.discard)

    async def _in(self, pool: ThreadPoolExecutor, call: Callable[[_A], _T], argument: _A) -> _T:
        """A blocking call of the desk, off the event loop."""
        return await asyncio.get_running_loop().run_in_executor(pool, call, argument)


def quiet_loggers() -> None:
    """Keep the libraries from logging what carries the bot token.

    httpx logs every URL at INFO, and the token is part of the URL; the library's own DEBUG lines
    hold URLs and residents' words.
    """
    for name, least in (
        ("httpx", logging.WARNING),
        ("httpcore", logging.WARNING),
        ("telegram", logging.INFO),
    ):
        logger = logging.getLogger(name)
        logger.setLevel(max(least, logger.getEffectiveLevel()))


def _bot(token: str, api: str) -> Bot:
    """The bot with time-outs in seconds: generous ones leave fewer sends with an unknown end."""
    return Bot(
        token,
        base_url=f"{api}/bot",
        base_file_url=f"{api}/file/bot",
        request=HTTPXRequest(
            connection_pool_size=64, pool_timeout=30, read_timeout=15, connect_timeout=10
        ),
        get_updates_request=PollingRequest(connection_pool_size=1, pool_timeout=5),
    )


def _webhook(settings: Settings) -> tuple[str | None, str]:
    """The URL to register and the secret, checked by the rules of ``setWebhook``.

    Raises:
        SettingsError: the URL is no URL, or the secret is missing or has other characters.
    """
    url = settings.telegram_webhook_url
    if not url:
        return None, ""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise SettingsError("PUFA_TELEGRAM_WEBHOOK_URL 必须是完整的 https:// 网址")
    secret = settings.telegram_webhook_secret or ""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,256}", secret):
        raise SettingsError(
            "使用 webhook 必须设置 PUFA_TELEGRAM_WEBHOOK_SECRET（1–256 个字母、数字、_ 或 -）"
        )
    return (url if parts.path.strip("/") else f"{url.rstrip('/')}{PATH}"), secret
