"""Long polling in which an update is confirmed only after it has been stored.

Telegram counts an update as received "as soon as getUpdates is called with an offset higher than
its update_id" (Bot API, ``getUpdates``). The library's own updater asks for the next ones once the
last are in a memory queue; here the offset moves only past what ``store`` has taken.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from telegram import Bot, Update
from telegram.error import Conflict, InvalidToken, NetworkError, RetryAfter, TelegramError, TimedOut
from telegram.request import HTTPXRequest

from errors import ChannelError
from handlers.telegram.sending import Timer, backoff, brief, retry_after
from handlers.telegram.updates import ALLOWED_UPDATES, UnreadableUpdate, parse_update

HOLD = 30  # seconds that Telegram may keep an empty request open
REFUSED_SIGN_IN = "PUFA_TELEGRAM_TOKEN 无效或已被撤销：请向 @BotFather 核对令牌后重启"
CONFLICT = (
    "Telegram 报告冲突：另一个程序正用同一令牌接收消息（或仍登记着 webhook）。"
    "请只保留一个；本程序会继续重试"
)
_log = logging.getLogger(__name__)


class PollingRequest(HTTPXRequest):
    """The request used for ``getUpdates`` only: one unreadable update must not block the others.

    The library parses a batch as a whole and logs it in full when that fails. Here such an update
    is reduced to its ``update_id`` beforehand, so that it is passed over and confirmed.
    """

    @staticmethod
    def parse_json_payload(payload: bytes) -> dict[str, Any]:
        """See ``BaseRequest.parse_json_payload``, whose replacement the library provides for."""
        try:
            answer = json.loads(payload)
        except ValueError:
            answer = None
        if not isinstance(answer, dict):
            raise TelegramError("Invalid server response")
        if isinstance(answer.get("result"), list):
            answer["result"] = [_readable(update) for update in answer["result"]]
        return answer


def _readable(data: Any) -> Any:
    try:
        parse_update(data)
    except UnreadableUpdate as error:
        if not isinstance(data, dict) or type(data.get("update_id")) is not int:
            raise TelegramError("Invalid server response") from None
        _log.error("跳过无法解析的 Telegram 更新 %s：%s", data["update_id"], error)
        return {"update_id": data["update_id"]}
    return data


async def poll(bot: Bot, store: Callable[[Update], Awaitable[None]], timer: Timer) -> None:
    """Fetch updates for ever, hand each to ``store``, and confirm what it took.

    Where ``store`` raises, the update and those after it are fetched again.

    Raises:
        ChannelError: the token is not accepted.
    """
    offset: int | None = None
    failures = 0
    while True:
        try:
            updates = await bot.get_updates(
                offset=offset, limit=100, timeout=HOLD, allowed_updates=ALLOWED_UPDATES
            )
        except RetryAfter as error:
            await timer.sleep(retry_after(error))
            continue
        except InvalidToken:
            raise ChannelError(REFUSED_SIGN_IN) from None
        except TelegramError as error:
            failures += 1
            _report(error, failures)
            await timer.sleep(backoff(failures))
            continue
        for update in updates:
            try:
                await store(update)
            except Exception as error:  # whatever keeps it from being stored: do not confirm
                failures += 1
                _log.error("消息未能入库，未向 Telegram 确认，稍后重取：%s", type(error).__name__)
                await timer.sleep(backoff(failures))
                break
            offset = update.update_id + 1
        else:
            failures = 0


def _report(error: TelegramError, failures: int) -> None:
    """One line for the first failure in a row and for every tenth; time-outs are routine."""
    if isinstance(error, TimedOut) and failures < 3:
        _log.debug("getUpdates 超时")
    elif failures == 1 or failures % 10 == 0:
        if isinstance(error, Conflict):
            _log.error(CONFLICT)
        elif isinstance(error, NetworkError):
            _log.warning("连不上 Telegram（第 %d 次）：%s", failures, brief(error))
        else:
            _log.error("Telegram 返回错误（第 %d 次）：%s", failures, brief(error))
