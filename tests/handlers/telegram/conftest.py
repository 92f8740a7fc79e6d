from __future__ import annotations

import logging
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from typing import Any

import pytest

from handlers.telegram import TelegramChannel
from tests.handlers.telegram.doubles import (
    FakeTelegram,
    FakeTimer,
    FixedClock,
    Log,
    MemoryDesk,
    settings,
)


class House:
    """One desk and one Bot API, and the channels that a test starts between them."""

    def __init__(self, stack: AsyncExitStack) -> None:
        self.log: Log = []
        self.desk, self.telegram = MemoryDesk(self.log), FakeTelegram(self.log)
        self.time = FakeTimer()
        self._stack = stack

    def channel(self, **changes: Any) -> TelegramChannel:
        channel = TelegramChannel(
            self.desk,
            settings(**changes),
            FixedClock(),
            bot=self.telegram.bot(),
            timer=self.time.timer,
        )
        self._stack.push_async_callback(channel.stop)
        return channel

    async def start(self, **changes: Any) -> TelegramChannel:
        channel = self.channel(**changes)
        await channel.start()
        return channel


@pytest.fixture
async def house() -> AsyncIterator[House]:
    async with AsyncExitStack() as stack:
        yield House(stack)


@pytest.fixture(autouse=True)
def _loggers_as_before() -> Iterator[None]:
    """Channels quieten foreign loggers; give them back."""
    names = ("httpx", "httpcore", "telegram")
    levels = {name: logging.getLogger(name).level for name in names}
    yield
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)
