"""The webhook endpoint: Telegram is told 200 only after the update has been stored.

Follows the Bot API's ``setWebhook`` page: the secret token comes in the header
``X-Telegram-Bot-Api-Secret-Token``; anything but a 2xx answer is delivered again.
"""

from __future__ import annotations

import hmac
import json
import logging
from collections.abc import Awaitable, Callable

from starlette.requests import Request
from starlette.responses import Response
from telegram import Update

from handlers.telegram.updates import UnreadableUpdate, parse_update

MAX_BODY = 1 << 20  # bytes; real updates stay under a tenth of it
_HEADER = "X-Telegram-Bot-Api-Secret-Token"
_log = logging.getLogger(__name__)


class Webhook:
    """``POST /telegram/webhook``: 403 wrong secret, 413 oversize, 400 malformed, 503 not ready,
    500 not stored (Telegram will deliver again), 200 stored."""

    def __init__(self, secret: str, store: Callable[[Update], Awaitable[None]]) -> None:
        self._secret = secret.encode()
        self._store = store
        self.ready = False

    async def __call__(self, request: Request) -> Response:
        """Answer one delivery."""
        given = request.headers.get(_HEADER, "").encode("latin-1")
        if not hmac.compare_digest(given, self._secret):
            return Response(status_code=403)
        if not self.ready:
            return Response(status_code=503)
        body = await _body(request)
        if body is None:
            return Response(status_code=413)
        try:
            update = parse_update(json.loads(body))
        except (UnreadableUpdate, ValueError, RecursionError) as error:
            _log.warning("webhook 收到无法解析的内容：%s", type(error).__name__)
            return Response(status_code=400)
        try:
            await self._store(update)
        except Exception as error:  # whatever keeps it from being stored: ask for it again
            _log.error("消息未能入库，请 Telegram 重发：%s", type(error).__name__)
            return Response(status_code=500)
        return Response(status_code=200)


async def _body(request: Request) -> bytes | None:
    """The body, read no further than ``MAX_BODY``; None if it is longer."""
    declared = request.headers.get("content-length", "")
    if declared.isdigit() and int(declared) > MAX_BODY:
        return None
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY:
            return None
    return bytes(body)
