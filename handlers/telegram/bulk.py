"""Pushes on Telegram: the delivery engine's :class:`~outreach.delivery.sender.Sender`.

Follows the Bot API's ``sendMessage``, ``sendPhoto``, ``deleteMessage`` (within 48 hours) and
``editMessageText``. Each call makes one attempt: what a request's end means is said exactly, and
only the engine repeats anything.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import httpx
from telegram import Bot, InlineKeyboardMarkup, LinkPreviewOptions
from telegram.constants import MessageLimit, ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    TelegramError,
)
from telegram.error import RetryAfter as TelegramRetryAfter

from handlers.messages import Button, Kind, Reply
from handlers.telegram.rendering import LIMIT, Span, keyboard_of, markup
from handlers.telegram.sending import Limiter, accept_retry_after, brief, retry_after
from handlers.telegram.transport import NOT_SENT, BulkRequest
from handlers.telegram.updates import Address
from outreach.delivery.sender import (
    Blocked,
    Failed,
    Kept,
    NotFound,
    Outcome,
    Push,
    Removal,
    Removed,
    RetryAfter,
    Sent,
    Unknown,
    Unreached,
)

CAPTION = int(MessageLimit.CAPTION_LENGTH)  # UTF-16 code units
_NOWHERE = ("chat not found", "user not found", "peer_id_invalid", "user is deactivated")
_GONE = ("message to delete not found", "message to edit not found", "message is not modified")
_NO_PREVIEW = LinkPreviewOptions(is_disabled=True)
_log = logging.getLogger(__name__)


class BulkSender:
    """The bulk lane of one bot account, beside its replies: both share ``limiter``.

    It has connections of its own, and asks the platform nothing before the first message.
    """

    def __init__(
        self,
        token: str,
        api: str,
        limiter: Limiter,
        *,
        connections: int = 32,
        read_timeout: float = 15.0,
    ) -> None:
        """Build it.

        Args:
            token: of the bot account.
            api: the Bot API's base address.
            limiter: the account's, shared with replies of the same process.
            connections: messages on their way at once.
            read_timeout: seconds until a message without an answer is unknown.
        """
        accept_retry_after()
        base = api.rstrip("/")
        self._request = BulkRequest(connections, read_timeout=read_timeout)
        self._bot = Bot(
            token,
            base_url=f"{base}/bot",
            base_file_url=f"{base}/file/bot",
            request=self._request,
            get_updates_request=BulkRequest(1),
        )
        self._limiter = limiter
        self._pictures: dict[Path, str] = {}  # Telegram's file id, once it has the picture

    async def close(self) -> None:
        """Close the connections."""
        await self._request.shutdown()

    def share(self, processes: int) -> None:
        """How many processes push with this account now."""
        self._limiter.bulk_share(processes)

    async def turn(self, address: str) -> None:
        """Wait for a place; what is no address fails when it is sent to."""
        chat = _chat(address)
        if chat is not None:
            await self._limiter.bulk_turn(chat)

    async def send(self, address: str, push: Push) -> Outcome:
        """Send one message, once."""
        chat = _chat(address)
        if chat is None:
            return NotFound()
        if _units(push.text) > (CAPTION if push.picture else LIMIT):
            return Failed("too_long")
        try:
            return await self._once(chat, push)
        except TelegramRetryAfter as error:
            seconds = retry_after(error)
            self._limiter.pause(chat, seconds, bulk=True)
            return RetryAfter(seconds)
        except Forbidden:
            return Blocked()
        except ChatMigrated:
            return Failed("chat_migrated")
        except BadRequest as error:
            if any(words in str(error).lower() for words in _NOWHERE):
                return NotFound()
            _log.warning("Telegram 不接受一条推送：%s", brief(error))
            return Failed("bad_request")
        except InvalidToken:
            return Unreached("invalid_token")
        except NetworkError as error:
            if _never_sent(error):
                return Unreached("no_connection")
            _log.info("推送没有得到回应：%s", brief(error))
            return Unknown()
        except TelegramError as error:
            _log.info("推送的回应读不懂：%s", brief(error))
            return Unknown()

    async def _once(self, chat: int, push: Push) -> Outcome:
        text, keyboard = _html(push.text), _keyboard(push)
        if push.picture is None:
            message = await self._bot.send_message(
                chat,
                text,
                parse_mode=ParseMode.HTML,
                link_preview_options=_NO_PREVIEW,
                reply_markup=keyboard,
            )
            return Sent(str(message.message_id))
        try:
            photo = self._pictures.get(push.picture) or push.picture.read_bytes()
        except OSError:
            return Failed("no_picture")
        message = await self._bot.send_photo(
            chat, photo, caption=text, parse_mode=ParseMode.HTML, reply_markup=keyboard
        )
        if message.photo:
            self._pictures[push.picture] = message.photo[-1].file_id
        return Sent(str(message.message_id))

    async def remove(self, address: str, message: str, notice: str) -> Removal:
        """Delete a sent message, or else put ``notice`` in its place; repeating does no harm."""
        chat, number = _chat(address), int(message)
        if chat is None:
            return Kept()

        async def edit_text() -> Any:
            await self._bot.edit_message_text(notice, chat, number)

        async def edit_caption() -> Any:
            await self._bot.edit_message_caption(chat, number, caption=notice)

        tries: tuple[tuple[str, Callable[[], Awaitable[Any]]], ...] = (
            ("deleted", lambda: self._bot.delete_message(chat, number)),
            ("edited", edit_text),
            ("edited", edit_caption),
        )
        for how, attempt in tries:
            try:
                await attempt()
            except TelegramRetryAfter as error:
                self._limiter.pause(chat, retry_after(error), bulk=True)
                return RetryAfter(retry_after(error))
            except BadRequest as error:
                if any(words in str(error).lower() for words in _GONE):
                    return Removed(how)
            except (InvalidToken, NetworkError):
                return Unreached("no_connection")
            except TelegramError:
                return Kept()
            else:
                return Removed(how)
        return Kept()


def _html(text: str) -> str:
    """The text with its first line, the title, in bold."""
    title, line, rest = text.partition("\n")
    return markup([Span(title, ("b",)), Span(line + rest)])


def _keyboard(push: Push) -> InlineKeyboardMarkup | None:
    rows = tuple(
        tuple(Button(button.label, button.action, button.url) for button in row)
        for row in push.buttons
    )
    return keyboard_of(Reply(Kind.MENU, "", buttons=rows))


def _chat(address: str) -> int | None:
    """The chat of an address: ``chat:topic:message`` as replies keep it, or the bare number."""
    try:
        return int(address) if ":" not in address else Address.parse(address).chat
    except ValueError:
        return None


def _units(text: str) -> int:
    return len(text.encode("utf-16-le", "surrogatepass")) // 2


def _never_sent(error: NetworkError) -> bool:
    unsent = (*NOT_SENT, httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)
    return isinstance(error.__cause__, unsent)
