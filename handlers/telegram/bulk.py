"""Pushes on Telegram: the delivery engine's :class:`~outreach.delivery.sender.Sender`.

Follows the Bot API's ``sendMessage``, ``sendPhoto``, ``deleteMessage`` (within 48 hours) and
``editMessageText``. Each call makes one attempt: what a request's end means is said exactly, and
only the engine repeats anything.
"""

from __future__ import annotations

import asyncio
import json
import logging
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from telegram.constants import MessageLimit, ParseMode

from handlers.telegram.rendering import LIMIT, Span, button_fields, markup
from handlers.telegram.sending import Limiter
from handlers.telegram.transport import Answer, BulkApi, NoAnswer
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
_FIXED = {"parse_mode": str(ParseMode.HTML)}
_NO_PREVIEW = _FIXED | {"link_preview_options": json.dumps({"is_disabled": True})}
_TOKEN = re.compile(r"\d+:[\w-]{4,}")
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
        self._api = BulkApi(token, api, connections, read_timeout=read_timeout)
        self._limiter = limiter
        self._pictures: dict[Path, str] = {}  # Telegram's file id, once it has the picture

    async def close(self) -> None:
        """Close the connections."""
        await self._api.close()

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
        text, units = _html(push.text)
        if units > (CAPTION if push.picture else LIMIT):
            return Failed("too_long")
        fields: dict[str, Any] = {"chat_id": chat, "caption" if push.picture else "text": text}
        if keyboard := _keyboard(push):
            fields["reply_markup"] = keyboard
        try:
            if push.picture is None:
                answer = await self._api.call("sendMessage", fields | _NO_PREVIEW)
            else:
                answer = await self._photo(fields | _FIXED, push.picture)
        except NoAnswer as error:
            if not error.sent:
                return Unreached("no_connection")
            _log.info("推送没有得到回应：%s", error)
            return Unknown()
        except OSError:
            return Failed("no_picture")
        return self._outcome(chat, answer)

    async def _photo(self, fields: dict[str, Any], picture: Path) -> Answer:
        if known := self._pictures.get(picture):
            return await self._api.call("sendPhoto", fields | {"photo": known})
        file = ("photo", picture.name, await asyncio.to_thread(picture.read_bytes))
        answer = await self._api.call("sendPhoto", fields, file)
        if answer.ok and isinstance(answer.result, dict) and answer.result.get("photo"):
            self._pictures[picture] = answer.result["photo"][-1]["file_id"]
        return answer

    def _outcome(self, chat: int, answer: Answer) -> Outcome:
        """What an answer means; one that can't be read leaves open whether the message went out."""
        if answer.ok and isinstance(answer.result, dict) and "message_id" in answer.result:
            return Sent(str(answer.result["message_id"]))
        if (seconds := answer.retry_after) is not None:
            self._limiter.pause(chat, seconds, bulk=True)
            return RetryAfter(seconds)
        match answer.status:
            case 403:
                return Blocked()
            case 401 | 404:
                return Unreached("invalid_token")
            case 400 if "migrate_to_chat_id" in answer.parameters:
                return Failed("chat_migrated")
            case 400 if _says(answer, _NOWHERE):
                return NotFound()
            case 400:
                _log.warning("Telegram 不接受一条推送：%s", _TOKEN.sub("***", answer.description))
                return Failed("bad_request")
        _log.info("推送的回应读不懂：%d", answer.status)
        return Unknown()

    async def remove(self, address: str, message: str, notice: str) -> Removal:
        """Delete a sent message, or else put ``notice`` in its place; repeating does no harm."""
        chat = _chat(address)
        if chat is None:
            return Kept()
        which = {"chat_id": chat, "message_id": int(message)}
        tries: tuple[tuple[str, str, Mapping[str, Any]], ...] = (
            ("deleted", "deleteMessage", which),
            ("edited", "editMessageText", which | {"text": notice}),
            ("edited", "editMessageCaption", which | {"caption": notice}),
        )
        for how, method, fields in tries:
            try:
                answer = await self._api.call(method, fields)
            except NoAnswer:
                return Unreached("no_connection")
            if answer.ok or (answer.status == 400 and _says(answer, _GONE)):
                return Removed(how)
            if (seconds := answer.retry_after) is not None:
                self._limiter.pause(chat, seconds, bulk=True)
                return RetryAfter(seconds)
            if answer.status in (401, 404) or answer.status >= 500:
                return Unreached("no_connection")
            if answer.status != 400:
                return Kept()
        return Kept()


@lru_cache(maxsize=64)  # everybody gets the same words
def _html(text: str) -> tuple[str, int]:
    """The text with its first line, the title, in bold; and its length as Telegram counts it."""
    title, line, rest = text.partition("\n")
    units = len(text.encode("utf-16-le", "surrogatepass")) // 2
    return markup([Span(title, ("b",)), Span(line + rest)]), units


def _keyboard(push: Push) -> str | None:
    """The inline keyboard as JSON, without buttons that Telegram would refuse."""
    rows = [
        made
        for row in push.buttons
        if (made := [f for b in row if (f := button_fields(b.label, b.action, b.url))])
    ]
    return json.dumps({"inline_keyboard": rows}, ensure_ascii=False) if rows else None


def _says(answer: Answer, signs: tuple[str, ...]) -> bool:
    description = answer.description.lower()
    return any(words in description for words in signs)


def _chat(address: str) -> int | None:
    """The chat of an address: ``chat:topic:message`` as replies keep it, or the bare number."""
    try:
        return int(address) if ":" not in address else Address.parse(address).chat
    except ValueError:
        return None
