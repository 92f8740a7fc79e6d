"""The resident web chat: an ASGI application that ``bot.py`` serves with uvicorn.

``GET /`` is the page, ``POST /`` the same page's form without JavaScript, ``POST /api/ask`` the
contract's answer object, ``/letters`` the letters to fill in (:mod:`handlers.web.letters`), and
``/healthz``, ``/readyz``, ``/metrics`` are for operators.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import anyio
import anyio.to_thread
import jinja2
from prometheus_client import CollectorRegistry
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.middleware.gzip import GZipMiddleware
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route
from starlette.types import Lifespan

from handlers.letters.writing import Letters
from handlers.reception import FrontDesk
from handlers.web import requests
from handlers.web.assets import Assets
from handlers.web.health import Health, HealthCheck
from handlers.web.letters import LetterPages
from handlers.web.limits import Rate
from handlers.web.metrics import Metrics
from handlers.web.middleware import Observed, SecurityHeaders, log_defect
from handlers.web.service import NUMBERS, Answered, Service
from handlers.web.sessions import Session, Sessions
from handlers.web.view import answer_object, environment
from settings import Clock

_SENTENCES = {
    404: "没有这个页面。",
    405: "这个地址不支持这种访问方式。",
}


@dataclass(frozen=True, slots=True)
class WebOptions:
    """What an operator may set; the defaults suit one machine on localhost.

    ``contact`` names the operator and how to reach it (个人信息保护法 17). ``secure_cookies`` says
    that residents come through HTTPS: Secure ``__Host-`` cookie and HSTS. See
    :class:`handlers.web.service.Service` for the bounds.
    """

    county: str = "本县"
    contact: str = ""
    secure_cookies: bool = False
    rate: Rate = field(default_factory=Rate)
    workers: int = 8
    waiting: int = 64
    timeout: float = 20.0  # seconds

    @property
    def title(self) -> str:
        """The page's name."""
        return "普法问答" if self.county == "本县" else f"{self.county}普法问答"


def create_app(
    desk: FrontDesk,
    *,
    health: HealthCheck,
    clock: Clock,
    options: WebOptions | None = None,
    registry: CollectorRegistry | None = None,
    routes: Sequence[BaseRoute] = (),
    letters: Letters | None = None,
    lifespan: Lifespan[Starlette] | None = None,
) -> Starlette:
    """The application.

    Args:
        desk: answers; its blocking calls run in a bounded pool of threads.
        health: looks at corpus, index and database for ``/readyz``; may block, must not hang.
        clock: the time of messages and of the rate limit.
        options: see :class:`WebOptions`.
        registry: where metrics go; a new registry unless several channels share one.
        routes: further routes on the same port (staff console, webhooks), asked first.
        letters: what ``/letters`` lets residents fill in; without it there are no such pages.
        lifespan: starlette's start-up and shut-down hook.

    Run it with ``uvicorn.run(app, access_log=False, server_header=False)``: it keeps its own access
    log (logger ``pufa.web.access``) that holds no path, no query and no address.
    """
    options = options or WebOptions()
    metrics = Metrics(registry)
    service = Service(
        desk,
        clock=clock,
        metrics=metrics,
        rate=options.rate,
        workers=options.workers,
        waiting=options.waiting,
        timeout=options.timeout,
    )
    assets = Assets()
    templates = environment(assets)
    chat = _Chat(service, health, metrics, assets, templates, options, letters=bool(letters))
    pages = LetterPages(letters, templates, options, clock).routes() if letters else []
    return Starlette(
        routes=[*routes, *pages, *chat.routes()],
        middleware=[
            Middleware(SecurityHeaders, secure=options.secure_cookies),
            Middleware(GZipMiddleware, minimum_size=1024),
            Middleware(Observed, metrics=metrics, route_of=_route, broken=chat.broken),
        ],
        exception_handlers={HTTPException: chat.refused},
        lifespan=lifespan,
    )


class _Chat:
    """The endpoints."""

    def __init__(
        self,
        service: Service,
        health: HealthCheck,
        metrics: Metrics,
        assets: Assets,
        templates: jinja2.Environment,
        options: WebOptions,
        *,
        letters: bool,
    ) -> None:
        self._service, self._health, self._metrics = service, health, metrics
        self._assets, self._options, self._letters = assets, options, letters
        self._sessions = Sessions(secure=options.secure_cookies)
        self._templates = templates
        # apart from the desk's threads: a busy desk must not make the process look dead
        self._health_thread = anyio.CapacityLimiter(1)

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/", self.home, methods=["GET", "POST"]),
            Route("/api/ask", self.ask, methods=["POST"]),
            Route("/healthz", self.alive, methods=["GET"]),
            Route("/readyz", self.ready, methods=["GET"]),
            Route("/metrics", self.metrics, methods=["GET"]),
            Route("/assets/{path:path}", self._assets.serve, methods=["GET"]),
        ]

    async def ask(self, request: Request) -> Response:
        """``POST /api/ask``."""
        message = await requests.read_json(request)
        session = self._sessions.of(request, message.session)
        answered = await self._service.answer(message, session)
        response = JSONResponse(
            answer_object(answered.reply, answered.elapsed_ms), background=self._close(answered)
        )
        self._sessions.keep(response, session)
        return response

    async def home(self, request: Request) -> Response:
        """``GET /`` and ``POST /``; one route, so that a 405 names both methods."""
        return await (self.form(request) if request.method == "POST" else self.page(request))

    async def page(self, request: Request) -> Response:
        """``GET /``.

        The cookie is set here and not with the first answer: were that answer lost on the way, its
        retry would come from another session and count as another resident.
        """
        response = self._page()
        self._sessions.keep(response, self._sessions.of(request))
        return response

    async def form(self, request: Request) -> Response:
        """``POST /``: the page's form without JavaScript; a refusal keeps what was typed."""
        fields: dict[str, str] = {}
        session: Session | None = None
        try:
            fields = await requests.read_form(request)
            message = requests.form_message(fields)
            session = self._sessions.of(request)
            answered = await self._service.answer(message, session)
        except HTTPException as refusal:
            response = self._page(
                status=refusal.status_code,
                headers=refusal.headers,
                key=fields.get("key"),  # a second try is the same message
                problem=refusal.detail,
                typed=fields.get("text", ""),
            )
        else:
            answer = answer_object(answered.reply, answered.elapsed_ms)
            turn = {"asked": message.text, "answer": answer}
            response = self._page(turn=turn)
            response.background = self._close(answered)
        if session is not None:
            self._sessions.keep(response, session)
        return response

    async def alive(self, _request: Request) -> Response:
        """``GET /healthz``: the process serves."""
        return PlainTextResponse("ok")

    async def ready(self, _request: Request) -> Response:
        """``GET /readyz``: 200 when every part works, else 503; the body names the parts."""
        try:
            found = await anyio.to_thread.run_sync(self._health, limiter=self._health_thread)
        except Exception as error:
            log_defect("health", error)
            found = Health({"health": "检查没有完成"})
        return JSONResponse(found.to_json(), 200 if found.ready else 503)

    async def metrics(self, _request: Request) -> Response:
        """``GET /metrics``: Prometheus text format."""
        content, media_type = self._metrics.exposition()
        return Response(content, headers={"Content-Type": media_type})

    async def refused(self, request: Request, refusal: Exception) -> Response:
        """An HTTPException as JSON, or as a page for a person's browser."""
        assert isinstance(refusal, HTTPException)
        status, headers = refusal.status_code, dict(refusal.headers or {})
        said = (
            refusal.detail if not refusal.detail.isascii() else _SENTENCES.get(status, "出错了。")
        )
        if "text/html" in request.headers.get("accept", "") and request.url.path != "/api/ask":
            return self._error_page(status, said, headers)
        return JSONResponse({"error": {"status": status, "message": said}}, status, headers)

    def broken(self, request: Request) -> Response:
        """The answer to a defect."""
        said = f"系统出错了，我们会尽快修好。{NUMBERS}"
        if "text/html" in request.headers.get("accept", ""):
            return self._error_page(500, said, {})
        return JSONResponse({"error": {"status": 500, "message": said}}, 500)

    def _close(self, answered: Answered) -> BackgroundTask:
        return BackgroundTask(self._service.close, answered.update_key)

    def _page(
        self,
        *,
        status: int = 200,
        headers: Any = None,
        key: str | None = None,
        turn: dict[str, Any] | None = None,
        problem: str = "",
        typed: str = "",
    ) -> HTMLResponse:
        page = self._templates.get_template("chat.html").render(
            options=self._options,
            key=key or requests.new_key(),
            turn=turn,
            problem=problem,
            typed=typed,
            most=requests.MAX_CHARACTERS,
            letters=self._letters,
        )
        return HTMLResponse(page, status, headers)

    def _error_page(self, status: int, said: str, headers: dict[str, str]) -> HTMLResponse:
        page = self._templates.get_template("error.html").render(options=self._options, said=said)
        return HTMLResponse(page, status, headers)


_ROUTES = frozenset({"/", "/api/ask", "/healthz", "/readyz", "/metrics"})


def _route(path: str) -> str:
    """The pattern that a path is logged and counted under; unknown paths are all ``other``."""
    if path.startswith("/assets/"):
        return "/assets"
    if path == "/letters" or path.startswith("/letters/"):
        return "/letters"
    if path.startswith("/c/"):  # a pushed link; its token stays out of the log
        return "/c"
    return path if path in _ROUTES else "other"
