"""Runs the channels in one process: the web application, and Telegram where it is wanted."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import Callable
from contextlib import AsyncExitStack
from functools import partial

import uvicorn

from errors import ChannelError
from handlers.broadcast import Broadcaster, PressDesk
from handlers.letters.writing import Letters
from handlers.reception import Reception
from handlers.telegram import TelegramChannel
from handlers.web import clicks
from handlers.web.app import WebOptions, create_app
from handlers.web.health import Health
from settings import Settings

log = logging.getLogger("pufa.server")


def serve(
    settings: Settings,
    desk: Reception,
    channels: frozenset[str],
    announce: Callable[[str], None],
    broadcaster: Broadcaster,
    letters: Letters | None = None,
) -> None:
    """Serve until SIGINT or SIGTERM; ``announce`` gets ``ready http://…`` once requests succeed.

    Raises:
        ChannelError: the port is taken, or Telegram refuses the token.
    """
    listener = _listen(settings.host, settings.port)
    with listener:
        asyncio.run(_serve(settings, desk, channels, listener, announce, broadcaster, letters))


def _health(desk: Reception) -> Health:
    """Corpus and index are in memory once the process serves; the database may still fail."""
    return Health({"corpus": None, "index": None, "database": desk.trouble()})


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise ChannelError(
            f"不能在 {host}:{port} 上提供服务（{error.strerror}）：换一个端口，例如 PUFA_PORT=8001"
        ) from error
    listener.listen(2048)
    return listener


class _Server(uvicorn.Server):
    """uvicorn that says when it serves."""

    def __init__(self, config: uvicorn.Config, ready: asyncio.Event) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start, then tell."""
        await super().startup(sockets)
        self._ready.set()


async def _serve(
    settings: Settings,
    desk: Reception,
    channels: frozenset[str],
    listener: socket.socket,
    announce: Callable[[str], None],
    broadcaster: Broadcaster,
    letters: Letters | None,
) -> None:
    telegram = None
    if "telegram" in channels:
        presses = PressDesk(desk, broadcaster.store)
        telegram = TelegramChannel(presses, settings, settings.clock())
        broadcaster.limiter = telegram.limiter
    app = create_app(
        desk,
        health=partial(_health, desk),
        clock=settings.clock(),
        options=WebOptions(county=settings.county, secure_cookies=settings.https),
        routes=[*(telegram.routes() if telegram else ()), clicks.route(broadcaster.follow)],
        letters=letters,
    )
    config = uvicorn.Config(
        app, log_config=None, access_log=False, server_header=False, timeout_graceful_shutdown=10
    )
    ready = asyncio.Event()
    server = _Server(config, ready)
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    waiting = asyncio.create_task(ready.wait())
    await asyncio.wait({serving, waiting}, return_when=asyncio.FIRST_COMPLETED)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(_stop, server, serving)
        if telegram is not None:
            await telegram.start()
            stack.push_async_callback(telegram.stop)
        await broadcaster.start()
        stack.push_async_callback(broadcaster.stop)
        tidying = asyncio.create_task(_tidy(desk))
        stack.push_async_callback(_cancel, tidying)
        host, port = listener.getsockname()[:2]
        shown = f"[{host}]" if ":" in host else host
        announce(f"ready http://{shown}:{port}")
        await serving


async def _tidy(desk: Reception) -> None:
    """Retention, at once and then every hour."""
    while True:
        try:
            await asyncio.to_thread(desk.tidy)
        except Exception:
            log.exception("retention failed; it is tried again in an hour")
        await asyncio.sleep(3600)


async def _cancel(task: asyncio.Task[None]) -> None:
    task.cancel()
    await asyncio.wait({task})


async def _stop(server: uvicorn.Server, serving: asyncio.Task[None]) -> None:
    server.should_exit = True
    await asyncio.wait({serving})
