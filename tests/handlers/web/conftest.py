from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette

from handlers.web.app import WebOptions, create_app
from handlers.web.health import Health
from tests.handlers.desks import DeskDouble, FakeClock

Connect = Callable[..., httpx.AsyncClient]


@pytest.fixture
def desk() -> DeskDouble:
    return DeskDouble()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


def well() -> Health:
    return Health({"corpus": None, "index": None, "database": None})


@pytest.fixture
def make_app(desk: DeskDouble, clock: FakeClock) -> Callable[..., Starlette]:
    def make(health: Callable[[], Health] = well, **options: Any) -> Starlette:
        return create_app(desk, health=health, clock=clock, options=WebOptions(**options))

    return make


@pytest.fixture
async def connect(make_app: Callable[..., Starlette]) -> AsyncIterator[Connect]:
    """Opens clients, each a browser of its own, on one application per set of options."""
    clients: list[httpx.AsyncClient] = []

    def open_client(app: Starlette | None = None, **options: Any) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(app=app or make_app(**options))
        client = httpx.AsyncClient(transport=transport, base_url="http://chat.test")
        clients.append(client)
        return client

    yield open_client
    for client in clients:
        await client.aclose()


@pytest.fixture
def client(connect: Connect) -> httpx.AsyncClient:
    return connect()
