from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from starlette.applications import Starlette
from telegram.error import NetworkError

from errors import ChannelError, SettingsError
from handlers.telegram.webhook import MAX_BODY
from tests.handlers.telegram.conftest import House
from tests.handlers.telegram.doubles import message, press, until

SECRET = "a-Secret_1"
HOOK = {
    "telegram_webhook_url": "https://bot.example/telegram/webhook",
    "telegram_webhook_secret": SECRET,
}
HEADERS = {"X-Telegram-Bot-Api-Secret-Token": SECRET}


class Hook:
    def __init__(self, house: House, client: httpx.AsyncClient) -> None:
        self.house, self._client = house, client

    async def post(self, body: Any, **changes: Any) -> int:
        content = {"content": body} if isinstance(body, bytes) else {"json": body}
        answer = await self._client.post(
            "/telegram/webhook", **{"headers": HEADERS, **content, **changes}
        )
        return answer.status_code


@pytest.fixture
async def hook(house: House) -> AsyncIterator[Hook]:
    channel = await house.start(**HOOK)
    await until(lambda: bool(house.telegram.of("setWebhook")))
    transport = httpx.ASGITransport(Starlette(routes=channel.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        yield Hook(house, client)


async def test_stored_before_the_platform_is_told(hook: Hook) -> None:
    assert await hook.post(message(1)) == 200
    assert "telegram:1" in hook.house.desk.inbox
    await until(lambda: bool(hook.house.desk.done))
    assert hook.house.telegram.texts == [(7, "答：押金不退怎么办")]


async def test_a_button_is_acknowledged_and_answered(hook: Hook) -> None:
    assert await hook.post(press(1, "good:1")) == 200
    await until(lambda: bool(hook.house.desk.done))
    await until(lambda: bool(hook.house.telegram.of("answerCallbackQuery")))
    assert hook.house.telegram.texts == [(7, "答：good:1")]


async def test_a_redelivery_is_told_received_and_not_answered_again(hook: Hook) -> None:
    assert [await hook.post(message(1)) for _ in range(3)] == [200, 200, 200]
    assert await hook.post(message(2, "别的")) == 200
    await until(lambda: len(hook.house.desk.done) == 2)
    assert hook.house.telegram.texts == [(7, "答：押金不退怎么办"), (7, "答：别的")]


async def test_storage_failure_asks_for_the_update_again(hook: Hook) -> None:
    hook.house.desk.full = 1
    assert await hook.post(message(1)) == 500
    assert hook.house.desk.inbox == {}
    assert await hook.post(message(1)) == 200
    await until(lambda: bool(hook.house.desk.done))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"X-Telegram-Bot-Api-Secret-Token": ""},
        {"X-Telegram-Bot-Api-Secret-Token": SECRET[:-1]},
        {"X-Telegram-Bot-Api-Secret-Token": SECRET.lower()},
        {"X-Telegram-Bot-Api-Secret-Token": b"\xff\xfe"},
    ],
)
async def test_without_the_secret_nothing_is_read(hook: Hook, headers: Any) -> None:
    assert await hook.post(message(1), headers=headers) == 403
    assert hook.house.desk.inbox == {}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff\xff",
        b"[]",
        b"null",
        b'"x"',
        b'{"update_id": "1"}',
        b'{"update_id": 1, "message": 5}',
        b'{"update_id": 1, "message": {"message_id": 1}}',
        b"[" * 100_000,
    ],
)
async def test_malformed_bodies_are_refused(hook: Hook, body: bytes) -> None:
    assert await hook.post(body) == 400
    assert hook.house.desk.inbox == {}


async def test_updates_of_a_kind_it_does_not_know_are_received(hook: Hook) -> None:
    assert await hook.post({"update_id": 1, "poll_answer_of_2030": {"x": 1}}) == 200
    assert hook.house.desk.inbox == {}


async def test_oversize_is_refused_with_and_without_a_declared_length(hook: Hook) -> None:
    assert await hook.post(b" " * (MAX_BODY + 1)) == 413

    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(MAX_BODY // 65536 + 1):
            yield b" " * 65536

    assert await hook.post(message(1), json=None, content=chunks()) == 413
    padded = b" " * (MAX_BODY - 100) + b'{"update_id": 1}'
    assert await hook.post(padded) == 200


async def test_get_is_not_allowed(hook: Hook) -> None:
    assert (await hook._client.get("/telegram/webhook")).status_code == 405


async def test_registers_url_secret_and_kinds_and_fetches_nothing(hook: Hook) -> None:
    (call,) = hook.house.telegram.of("setWebhook")
    assert call["url"] == HOOK["telegram_webhook_url"]
    assert call["secret_token"] == SECRET
    assert call["allowed_updates"] == '["message", "edited_message", "callback_query"]'
    assert "drop_pending_updates" not in call
    assert hook.house.telegram.of("getUpdates") == []


async def test_before_the_start_and_after_the_stop_telegram_is_asked_to_wait(house: House) -> None:
    channel = house.channel(**HOOK)
    transport = httpx.ASGITransport(Starlette(routes=channel.routes()))
    async with httpx.AsyncClient(transport=transport, base_url="http://bot") as client:
        hook = Hook(house, client)
        assert await hook.post(message(1)) == 503
        await channel.start()
        await until(lambda: bool(house.telegram.of("setWebhook")))
        assert await hook.post(message(1)) == 200
        await channel.stop()
        assert await hook.post(message(2)) == 503
    assert house.telegram.of("deleteWebhook") == []  # Telegram keeps what comes meanwhile


async def test_registering_is_repeated_until_telegram_answers(house: House) -> None:
    house.telegram.fail("setWebhook", NetworkError("away"), NetworkError("away"))
    await house.start(**HOOK)
    await until(lambda: len(house.telegram.of("setWebhook")) == 3)


async def test_a_refused_url_ends_the_channel_with_one_clear_line(house: House) -> None:
    answer = {"ok": False, "description": "Bad Request: bad webhook: HTTPS url must be provided"}
    house.telegram.fail("setWebhook", (400, answer))
    with pytest.raises(ChannelError, match=r"登记 webhook.*https url must be provided"):
        await house.channel(**HOOK).run()


@pytest.mark.parametrize(
    ("url", "registered"),
    [
        ("https://bot.example", "https://bot.example/telegram/webhook"),
        ("https://bot.example/", "https://bot.example/telegram/webhook"),
        ("https://bot.example/other/path", "https://bot.example/other/path"),
    ],
)
async def test_the_path_may_be_left_out(house: House, url: str, registered: str) -> None:
    await house.start(**(HOOK | {"telegram_webhook_url": url}))
    await until(lambda: bool(house.telegram.of("setWebhook")))
    assert house.telegram.of("setWebhook")[0]["url"] == registered


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"telegram_webhook_secret": None}, "PUFA_TELEGRAM_WEBHOOK_SECRET"),
        ({"telegram_webhook_secret": "有汉字"}, "PUFA_TELEGRAM_WEBHOOK_SECRET"),
        ({"telegram_webhook_secret": "x" * 257}, "PUFA_TELEGRAM_WEBHOOK_SECRET"),
        ({"telegram_webhook_url": "bot.example"}, "PUFA_TELEGRAM_WEBHOOK_URL"),
    ],
)
async def test_settings_that_telegram_would_refuse(house: House, change: Any, name: str) -> None:
    with pytest.raises(SettingsError, match=name):
        house.channel(**(HOOK | change))


async def test_polling_mounts_no_route(house: House) -> None:
    assert house.channel().routes() == []
