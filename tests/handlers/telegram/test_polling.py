"""Long polling: nothing is confirmed to Telegram before it is stored."""

from __future__ import annotations

import asyncio
import threading
from itertools import pairwise

import httpx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from telegram.error import NetworkError, TimedOut

from errors import ChannelError
from handlers.messages import Incoming
from handlers.telegram import TelegramChannel
from handlers.telegram.polling import CONFLICT
from tests.conftest import examples
from tests.handlers.telegram.conftest import House
from tests.handlers.telegram.doubles import (
    TOKEN,
    FakeTelegram,
    FakeTimer,
    FixedClock,
    Log,
    MemoryDesk,
    message,
    press,
    until,
)
from tests.handlers.telegram.doubles import settings as channel_settings


def confirmed_too_early(log: Log, keys: set[int]) -> list[tuple[int, int]]:
    """(offset, update) pairs where getUpdates confirmed an update that was not stored yet."""
    stored: set[int] = set()
    early = []
    for name, value in log:
        if name == "receive":
            stored.add(int(value.removeprefix("telegram:")))
        elif name == "getUpdates" and value is not None:
            early += [(int(value), key) for key in keys - stored if key < int(value)]
    return early


async def test_stored_before_confirmed(house: House) -> None:
    house.telegram.push(message(1), message(2, person=8))
    await house.start()
    await until(lambda: not house.telegram.updates)
    house.telegram.push(press(3, "more:1"))
    await until(lambda: len(house.desk.done) == 3)
    assert confirmed_too_early(house.log, {1, 2, 3}) == []
    offsets = [value for name, value in house.log if name == "getUpdates"]
    assert offsets[:2] == [None, "3"]


async def test_what_cannot_be_stored_is_fetched_again(house: House) -> None:
    house.desk.full = 2
    house.telegram.push(message(1), message(2), message(3))
    await house.start()
    await until(lambda: len(house.desk.done) == 3)
    assert confirmed_too_early(house.log, {1, 2, 3}) == []
    assert len(house.telegram.accepted) == 3
    assert [p for p in house.time.slept if p >= 1][:1]  # and not in a hot loop


@settings(deadline=None, max_examples=examples(25))
@given(st.integers(1, 5), st.sets(st.integers(0, 6)), st.integers(1, 4))
def test_no_fault_in_storing_loses_or_doubles_an_update(
    count: int, faults: set[int], crashes: int
) -> None:
    """Storing fails at some calls and the process is replaced several times."""

    async def scenario() -> None:
        log: Log = []
        calls = iter(range(1_000_000))

        class Faulty(MemoryDesk):
            def receive(self, incoming: Incoming) -> bool:
                if next(calls) in faults:
                    raise OSError("busy")
                return super().receive(incoming)

        desk, telegram = Faulty(log), FakeTelegram(log)
        telegram.push(*(message(n, f"问{n}") for n in range(1, count + 1)))
        for life in range(crashes + 1):
            channel = TelegramChannel(
                desk,
                channel_settings(),
                FixedClock(),
                bot=telegram.bot(),
                timer=FakeTimer().timer,
            )
            await channel.start()
            if life < crashes:
                enough = min(life + 1, count)
                await until(lambda enough=enough: len(desk.inbox) >= enough)  # type: ignore[misc]
            else:
                await until(lambda: len(desk.done) == count)
            await channel.stop()
        assert confirmed_too_early(log, set(range(1, count + 1))) == []
        answers = [text for _, text in telegram.texts]
        assert answers == [f"答：问{n}" for n in range(1, count + 1)]

    asyncio.run(scenario())


async def test_a_crash_between_storing_and_confirming_loses_nothing(house: House) -> None:
    storing = threading.Event()
    crashed = threading.Event()
    receive = house.desk.receive

    def slow(incoming: Incoming) -> bool:
        known = receive(incoming)
        storing.set()
        crashed.wait(10)
        return known

    house.desk.receive = slow  # type: ignore[method-assign]
    house.telegram.push(message(1))
    channel = await house.start()
    await until(storing.is_set)
    stopping = asyncio.create_task(channel.stop())
    await until(lambda: channel._task is not None and channel._task.done())
    crashed.set()
    await stopping
    assert house.telegram.updates  # Telegram still holds it: it was not confirmed
    assert house.telegram.accepted == []
    house.desk.receive = receive  # type: ignore[method-assign]
    await house.start()
    await until(lambda: bool(house.desk.done) and not house.telegram.updates)
    assert house.telegram.texts == [(7, "答：押金不退怎么办")]
    assert confirmed_too_early(house.log, {1}) == []


async def test_asks_for_the_updates_it_understands_and_holds_the_line(house: House) -> None:
    await house.start()
    await until(lambda: bool(house.telegram.of("getUpdates")))
    (call,) = house.telegram.of("getUpdates")
    assert call["allowed_updates"] == '["message", "edited_message", "callback_query"]'
    assert int(call["timeout"]) >= 20
    assert [name for name, _ in house.telegram.calls].index("deleteWebhook") < [
        name for name, _ in house.telegram.calls
    ].index("getUpdates")
    assert house.telegram.of("deleteWebhook") == [{}]  # pending updates are not dropped


async def test_backs_off_while_telegram_is_away(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    away = NetworkError(f"cannot reach https://api.telegram.org/bot{TOKEN}/getUpdates")
    house.telegram.fail("getUpdates", *[away] * 8, TimedOut(), (502, b"<html>"), (200, b"oops"))
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    pauses = [pause for pause in house.time.slept if pause >= 1][:8]
    assert all(later > earlier / 2 for earlier, later in pairwise(pauses))
    assert 30 <= pauses[-1] <= 60
    assert sum("连不上 Telegram" in record.getMessage() for record in caplog.records) == 2
    assert TOKEN not in caplog.text


async def test_obeys_retry_after(house: House) -> None:
    answer = {"ok": False, "description": "flood", "parameters": {"retry_after": 17}}
    house.telegram.fail("getUpdates", (429, answer))
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert 17.0 in house.time.slept


async def test_a_second_bot_is_reported_and_waited_out(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    conflict = (409, {"ok": False, "description": "Conflict: terminated by other getUpdates"})
    house.telegram.fail("getUpdates", conflict, conflict, conflict)
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert [r.getMessage() for r in caplog.records if r.levelname == "ERROR"] == [CONFLICT]


@pytest.mark.parametrize("method", ["getMe", "getUpdates"])
async def test_a_refused_token_ends_the_channel_with_one_clear_line(
    house: House, method: str, caplog: pytest.LogCaptureFixture
) -> None:
    house.telegram.fail(method, (401, {"ok": False, "description": "Unauthorized"}))
    channel = house.channel()
    with pytest.raises(ChannelError, match="PUFA_TELEGRAM_TOKEN 无效"):
        await channel.run()
    assert channel.problem
    assert "PUFA_TELEGRAM_TOKEN 无效" in channel.problem
    assert not channel.listening
    assert TOKEN not in caplog.text


async def test_an_unreadable_update_does_not_block_the_others(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    broken = {"update_id": 1, "message": {"text": "张三的电话"}}
    house.telegram.push(broken, message(2))
    await house.start()
    await until(lambda: bool(house.desk.done) and not house.telegram.updates)
    assert house.telegram.texts == [(7, "答：押金不退怎么办")]
    assert "张三" not in caplog.text


async def test_network_trouble_at_the_start_is_waited_out(house: House) -> None:
    cause = NetworkError("httpx.ConnectError")
    cause.__cause__ = httpx.ConnectError("refused")
    house.telegram.fail("getMe", cause, cause)
    house.telegram.fail("deleteWebhook", cause)
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
