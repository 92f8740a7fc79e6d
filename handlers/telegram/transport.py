"""HTTP for pushes: the library's transport interface on aiohttp.

Replies keep the library's own transport. Pushes have connections of their own, so that no reply
waits for one, and a client that costs a sixth of the processor time (``bench broadcast``).
"""

from __future__ import annotations

from typing import Any

import aiohttp
from telegram.error import NetworkError, TimedOut
from telegram.request import BaseRequest, RequestData

_FORM = "application/x-www-form-urlencoded"
NOT_SENT = (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError)


class BulkRequest(BaseRequest):
    """Requests over at most ``connections`` kept-alive connections; time-outs in seconds."""

    def __init__(
        self, connections: int = 32, connect_timeout: float = 10.0, read_timeout: float = 15.0
    ) -> None:
        self._connections = connections
        self._timeout = aiohttp.ClientTimeout(
            total=None, connect=connect_timeout, sock_read=read_timeout
        )
        self._session: aiohttp.ClientSession | None = None

    @property
    def read_timeout(self) -> float | None:
        """Seconds that an answer may take."""
        return self._timeout.sock_read

    async def initialize(self) -> None:
        """Nothing: connections open when they are needed."""

    def _opened(self) -> aiohttp.ClientSession:
        """The connections' pool; proxies are taken from the environment."""
        if self._session is None:
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=self._connections),
                timeout=self._timeout,
                trust_env=True,
            )
        return self._session

    async def shutdown(self) -> None:
        """Close the connections; may be called twice."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    async def do_request(
        self,
        url: str,
        method: str,
        request_data: RequestData | None = None,
        *_: Any,
        **__: Any,
    ) -> tuple[int, bytes]:
        """One request; status and body.

        Raises:
            TimedOut: no answer in time.
            NetworkError: no connection, or it broke; the cause is one of :data:`NOT_SENT` where
                nothing went out.
        """
        try:
            body, headers = _body(request_data)
            sending = self._opened().request(method, url, data=body, headers=headers)
            async with sending as answer:
                return answer.status, await answer.read()
        except NOT_SENT as error:
            raise NetworkError(type(error).__name__) from error
        except TimeoutError as error:
            raise TimedOut from error
        except (aiohttp.ClientError, OSError) as error:
            raise NetworkError(type(error).__name__) from error


def _body(data: RequestData | None) -> tuple[Any, dict[str, str] | None]:
    if data is None:
        return None, None
    if not data.contains_files:
        return data.url_encoded_parameters().encode(), {"Content-Type": _FORM}
    form = aiohttp.FormData(data.json_parameters)
    for name, (filename, content, media) in (data.multipart_data or {}).items():
        form.add_field(name, content, filename=filename, content_type=media)
    return form, None
