"""The way of an update through the channel, on a scripted Bot API."""

from __future__ import annotations

import asyncio
import logging
import threading
from dataclasses import replace

import httpx
import pytest
from telegram.error import NetworkError, TimedOut

from errors import SettingsError
from handlers.messages import Button, Channel, Incoming, Kind, Reply
from handlers.telegram import TelegramChannel
from handlers.telegram.channel import BUSY
from handlers.telegram.updates import NO_PICTURE
from tests.handlers.telegram.conftest import House
from tests.handlers.telegram.doubles import (
    TOKEN,
    FixedClock,
    MemoryDesk,
    echo,
    message,
    press,
    settings,
    until,
)

BLOCKED = (403, {"ok": False, "description": "Forbidden: bot was blocked by the user"})


def away(times: int) -> list[Exception]:
    faults: list[Exception] = []
    for _ in range(times):
        error = NetworkError("httpx.ConnectError")
        error.__cause__ = httpx.ConnectError("refused")
        faults.append(error)
    return faults


async def test_a_question_is_answered_sent_and_forgotten(house: House) -> None:
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert house.telegram.texts == [(7, "答：押金不退怎么办")]
    assert house.desk.inbox["telegram:1"].resident == "telegram-7"
    steps = ("receive", "answer", "sendMessage", "sent")
    assert tuple(name for name, _ in house.log if name in steps) == steps


async def test_a_pressed_button_is_acknowledged_and_answered(house: House) -> None:
    house.telegram.push(press(1, "more:1,2"))
    await house.start()
    await until(lambda: bool(house.desk.done) and bool(house.telegram.of("answerCallbackQuery")))
    assert house.telegram.of("answerCallbackQuery") == [{"callback_query_id": "cb1"}]
    assert house.telegram.texts == [(7, "答：more:1,2")]
    assert house.desk.inbox["telegram:1"].text == ""


async def test_a_button_is_acknowledged_before_its_answer_is_ready(house: House) -> None:
    ready = threading.Event()

    def slow(incoming: Incoming) -> Reply:
        ready.wait(10)
        return echo(incoming)

    house.desk.respond = slow
    house.telegram.push(press(1, "x"))
    await house.start()
    await until(lambda: bool(house.telegram.of("answerCallbackQuery")))
    assert house.telegram.accepted == []
    ready.set()
    await until(lambda: bool(house.desk.done))


async def test_a_redelivered_update_is_not_answered_twice(house: House) -> None:
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    house.telegram.push(message(1, "改了"), message(2, "别的"))
    # A confirmed update_id would not come again, but nothing here relies on that.
    house.telegram.updates = [message(1, "改了"), message(2, "别的")]
    await until(lambda: len(house.desk.done) == 2)
    assert house.telegram.texts == [(7, "答：押金不退怎么办"), (7, "答：别的")]


async def test_replies_in_a_chat_keep_their_order_and_chats_run_side_by_side(house: House) -> None:
    first = threading.Event()

    def respond(incoming: Incoming) -> Reply:
        if incoming.text == "慢":
            first.wait(10)
        return echo(incoming)

    house.desk.respond = respond
    house.telegram.push(message(1, "慢"), message(2, "快"), message(3, "别人", person=8))
    await house.start()
    await until(lambda: "telegram:3" in house.desk.done)
    assert house.telegram.texts == [(8, "答：别人")]
    first.set()
    await until(lambda: len(house.desk.done) == 3)
    assert house.telegram.texts[1:] == [(7, "答：慢"), (7, "答：快")]


async def test_a_restart_answers_what_was_stored_before_anything_new(house: House) -> None:
    for key, text in (("telegram:1", "早"), ("telegram:2", "中")):
        house.desk.inbox[key] = Incoming(
            key, Channel.TELEGRAM, "r", text, FixedClock().now(), None, "7::"
        )
    house.telegram.push(message(3, "晚"))
    await house.start()
    await until(lambda: len(house.desk.done) == 3)
    assert [text for _, text in house.telegram.texts] == ["答：早", "答：中", "答：晚"]


async def test_an_answered_but_unsent_reply_is_sent_after_a_restart(house: House) -> None:
    house.telegram.push(message(1))
    house.telegram.fail("sendMessage", *away(8))
    channel = await house.start()
    await until(lambda: len(house.telegram.of("sendMessage")) == 8)
    await channel.stop()
    assert house.desk.done == set()
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert house.telegram.texts == [(7, "答：押金不退怎么办")]


async def test_an_owed_reply_follows_when_the_way_is_open_again(house: House) -> None:
    house.telegram.push(message(1, "欠"))
    house.telegram.fail("sendMessage", *away(8))
    await house.start()
    await until(lambda: len(house.telegram.of("sendMessage")) == 8)
    house.telegram.push(message(2, "新", person=8))
    await until(lambda: len(house.desk.done) == 2)
    assert house.telegram.texts == [(8, "答：新"), (7, "答：欠")]


@pytest.mark.parametrize("fault", [BLOCKED, (400, {"ok": False, "description": "chat not found"})])
async def test_an_undeliverable_reply_is_not_owed_for_ever(
    house: House, fault: tuple[int, object]
) -> None:
    house.telegram.fail("sendMessage", fault, fault)
    house.telegram.push(message(1))
    channel = await house.start()
    await until(lambda: bool(house.desk.done))
    await channel.stop()
    calls = len(house.telegram.of("sendMessage"))
    await house.start()
    await until(lambda: len(house.telegram.of("getUpdates")) >= 2)
    assert len(house.telegram.of("sendMessage")) == calls
    assert house.telegram.accepted == []


async def test_a_reply_with_unknown_end_is_not_owed_for_ever(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(2):
        error = TimedOut()
        error.__cause__ = httpx.ReadTimeout("read")
        house.telegram.fail("sendMessage", error)
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert len(house.telegram.of("sendMessage")) == 2
    assert "发送结果不明" in caplog.text


async def test_a_defect_in_answering_is_told_and_stays_stored(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(incoming: Incoming) -> Reply:
        raise RuntimeError(f"defect while reading {incoming.text}")

    house.desk.respond = broken
    house.telegram.push(message(1, "张三被骗了"))
    await house.start()
    await until(lambda: bool(house.telegram.accepted))
    house.desk.respond = echo
    house.telegram.push(message(2, "下一个"))
    await until(lambda: "telegram:2" in house.desk.done)
    assert house.telegram.texts == [(7, BUSY), (7, "答：下一个")]
    assert "telegram:1" not in house.desk.done
    assert "张三" not in caplog.text


async def test_a_store_that_is_busy_for_a_moment_is_asked_again(house: House) -> None:
    failures = iter((True, True))

    def busy(incoming: Incoming) -> Reply:
        if next(failures, False):
            raise OSError("database is locked")
        return echo(incoming)

    house.desk.respond = busy
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert house.telegram.texts == [(7, "答：押金不退怎么办")]


async def test_a_stored_update_without_address_does_not_stop_the_start(house: House) -> None:
    house.desk.inbox["telegram:1"] = Incoming(
        "telegram:1", Channel.TELEGRAM, "r", "x", FixedClock().now()
    )
    house.telegram.push(message(2))
    await house.start()
    await until(lambda: house.desk.done == {"telegram:1", "telegram:2"})


async def test_pictures_get_one_sentence_and_no_record(house: House) -> None:
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 1, "height": 1}]
    album = [message(n, None, photo=photo, media_group_id="g") for n in (1, 2, 3)]
    house.telegram.push(*album, message(4))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert house.telegram.texts == [(7, NO_PICTURE), (7, "答：押金不退怎么办")]
    assert set(house.desk.inbox) == {"telegram:4"}


async def test_long_replies_go_out_in_order_with_the_keyboard_last(house: House) -> None:
    lines = "".join(f"{n}\n" for n in range(2000))
    buttons = ((Button("有用", "good:1"),),)
    house.desk.respond = lambda _: Reply(Kind.ANSWER, lines, buttons=buttons)
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))
    assert "".join(text for _, text in house.telegram.texts) == lines
    assert ["reply_markup" in m for m in house.telegram.accepted] == [False, False, True]


async def test_an_api_without_command_menus_does_not_stop_the_channel(house: House) -> None:
    house.telegram.fail("setMyCommands", (404, {"ok": False, "description": "Not Found"}))
    house.telegram.push(message(1))
    await house.start()
    await until(lambda: bool(house.desk.done))


async def test_the_menu_is_registered(house: House) -> None:
    await house.start()
    await until(lambda: bool(house.telegram.of("setMyCommands")))
    (call,) = house.telegram.of("setMyCommands")
    assert '"command": "help"' in call["commands"]


async def test_says_at_the_start_that_it_is_no_place_for_residents(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    await house.start()
    warnings = [r.getMessage() for r in caplog.records if r.levelno == logging.WARNING]
    assert any("个人信息保护法第三十六条" in text and "演示和开发" in text for text in warnings)


async def test_a_stop_lets_a_reply_under_way_finish(house: House) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def slow(incoming: Incoming) -> Reply:
        begun.set()
        go_on.wait(10)
        return echo(incoming)

    house.desk.respond = slow
    house.telegram.push(message(1))
    channel = await house.start()
    await until(begun.is_set)
    stopping = asyncio.create_task(channel.stop())
    await until(lambda: not channel.listening)
    go_on.set()
    await stopping
    assert house.telegram.texts == [(7, "答：押金不退怎么办")]
    assert house.desk.done == {"telegram:1"}
    await channel.stop()  # twice is once


async def test_run_returns_when_stopped(house: House) -> None:
    channel = house.channel()
    running = asyncio.create_task(channel.run())
    await until(lambda: channel.listening)
    await channel.stop()
    await running
    assert channel.problem is None


async def test_no_token_no_channel() -> None:
    with pytest.raises(SettingsError, match="PUFA_TELEGRAM_TOKEN"):
        TelegramChannel(MemoryDesk(), replace(settings(), telegram_token=None), FixedClock())


async def test_the_token_appears_in_no_log_of_real_requests(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that accepts nothing: the real HTTP stack is driven at the lowest level."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    caplog.set_level(logging.DEBUG)

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        body = b'{"ok":false,"error_code":401,"description":"Unauthorized"}'
        head = f"HTTP/1.1 401 Unauthorized\r\nContent-Length: {len(body)}\r\n"
        writer.write(head.encode() + b"Connection: close\r\n\r\n" + body)
        await writer.drain()
        writer.close()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    api = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    async with server:
        channel = TelegramChannel(MemoryDesk(), settings(telegram_api=api), FixedClock())
        await channel.start()
        await until(lambda: channel.problem is not None)
        await channel.stop()
    assert caplog.records
    assert TOKEN not in caplog.text
    assert TOKEN.split(":")[1] not in caplog.text
