"""The Bot API for pushes: one request in, its answer as it is, over connections of their own.

Replies keep python-telegram-bot's ``Bot``. A push needs four methods and of each answer two fields,
and by the ten thousand: reading every answer into the library's objects costs three times what
sending the request does (``bench broadcast``). So pushes speak JSON over aiohttp, and no reply
waits for one of their connections.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit
from urllib.request import getproxies, proxy_bypass

import aiohttp

_JSON = {"Content-Type": "application/json"}
_NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class NoAnswer(Exception):
    """No answer that can be read; ``sent`` says whether the request may have gone out."""

    def __init__(self, kind: str, *, sent: bool) -> None:
        super().__init__(kind)
        self.sent = sent


@dataclass(frozen=True, slots=True)
class Answer:
    """What the platform answered (core.telegram.org/bots/api, "Making requests")."""

    status: int
    ok: bool
    result: Any = None
    description: str = ""
    parameters: Mapping[str, Any] = field(default_factory=dict)

    @property
    def retry_after(self) -> float | None:
        """Seconds to wait, where it asks to; one where it does not say how many."""
        found = self.parameters.get("retry_after", 1 if self.status == 429 else None)
        return float(found) if isinstance(found, int | float) else None


class BulkApi:
    """Calls of one bot over at most ``connections`` kept-alive connections; time-outs in seconds.

    Proxies are taken from the environment once: asking for each request costs more than sending it.
    """

    def __init__(
        self,
        token: str,
        api: str,
        connections: int = 32,
        connect_timeout: float = 10.0,
        read_timeout: float = 15.0,
    ) -> None:
        self._base = f"{api.rstrip('/')}/bot{token}"
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_read=read_timeout
        )
        self._proxy = proxy_of(api)
        self._session: aiohttp.ClientSession | None = None

    async def close(self) -> None:
        """Close the connections; may be called twice."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def call(
        self, method: str, fields: Mapping[str, Any], file: tuple[str, str, bytes] | None = None
    ) -> Answer:
        """One request, made once.

        Args:
            method: of the Bot API.
            fields: its parameters; nested ones are JSON already.
            file: a parameter that is uploaded: its name, the file's name, the content.

        Raises:
            NoAnswer: none came, or none that can be read.
        """
        data: Any = json.dumps(fields, ensure_ascii=False).encode() if file is None else None
        if file is not None:
            data = aiohttp.FormData({name: str(value) for name, value in fields.items()})
            name, filename, content = file
            data.add_field(name, content, filename=filename)
        try:
            async with self._opened().post(
                f"{self._base}/{method}",
                data=data,
                headers=None if file else _JSON,
                proxy=self._proxy,
            ) as answer:
                status, body = answer.status, await answer.read()
        except _NOT_SENT as error:
            raise NoAnswer(type(error).__name__, sent=False) from error
        except (aiohttp.ClientError, OSError) as error:  # a time-out is an OSError
            raise NoAnswer(type(error).__name__, sent=True) from error
        return read_answer(status, body)

    def _opened(self) -> aiohttp.ClientSession:
        """The connections' pool, opened when it is first needed: in the loop that uses it."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=self._timeout,
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session


def read_answer(status: int, body: bytes) -> Answer:
    """An answer's fields, empty where it has none."""
    try:
        value = json.loads(body)
    except ValueError:
        value = None
    if not isinstance(value, dict):
        value = {}
    parameters = value.get("parameters")
    return Answer(
        status,
        value.get("ok") is True,
        value.get("result"),
        str(value.get("description", "")),
        parameters if isinstance(parameters, dict) else {},
    )


def proxy_of(api: str) -> str | None:
    """The proxy that the environment names for an address."""
    parts = urlsplit(api)
    if proxy_bypass(parts.hostname or ""):
        return None
    return getproxies().get(parts.scheme)
