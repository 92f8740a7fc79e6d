"""Around every response: security headers, an access log without content, no leaking tracebacks."""

from __future__ import annotations

import logging
import time
import traceback
from collections.abc import Callable

from starlette.datastructures import MutableHeaders
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from handlers.web.metrics import Metrics

access_log = logging.getLogger("pufa.web.access")
error_log = logging.getLogger("pufa.web.error")

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
_HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",  # for browsers that do not know frame-ancestors
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), microphone=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
_TRANSPORT_SECURITY = "max-age=31536000"


class SecurityHeaders:
    """Adds the headers (OWASP Secure Headers) where a response has not set its own."""

    def __init__(self, app: ASGIApp, *, secure: bool) -> None:
        self._app = app
        self._headers = dict(_HEADERS)
        if secure:
            self._headers["Strict-Transport-Security"] = _TRANSPORT_SECURITY

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                for name, value in self._headers.items():
                    headers.setdefault(name, value)
            await send(message)

        await self._app(scope, receive, send_with_headers)


class Observed:
    """Logs and counts each request by its route, and turns a defect into a plain 500.

    Only method, route pattern, status and duration are logged: a path, a query string, an
    exception's message may hold what a resident wrote. Of a defect the places in the code and the
    exception's class are logged, not its words.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        metrics: Metrics,
        route_of: Callable[[str], str],
        broken: Callable[[Request], Response],
    ) -> None:
        self._app, self._metrics = app, metrics
        self._route_of, self._broken = route_of, broken

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 0

        async def watch(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, watch)
        except ClientDisconnect:
            status = status or 499  # nobody is left to read a response
        except Exception as error:
            log_defect("unhandled", error)
            if status:
                raise RuntimeError("response broken off") from None
            await self._broken(Request(scope))(scope, receive, watch)
        finally:
            route = self._route_of(scope["path"])
            self._metrics.request(route, scope["method"], status)
            milliseconds = (time.perf_counter() - started) * 1000
            access_log.info("%s %s %d %.1f ms", scope["method"], route, status, milliseconds)


def log_defect(what: str, error: BaseException) -> None:
    """Log where an error arose and its class, without its message or values."""
    places = "".join(traceback.format_tb(error.__traceback__))
    error_log.error("%s: %s\n%s", what, type(error).__qualname__, places)
