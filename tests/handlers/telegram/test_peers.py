"""The channel against foreign Bot API servers, in both modes, over real HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
import uvicorn
from starlette.applications import Starlette

from handlers.messages import Button, Incoming, Kind, Reply, ShownArticle
from handlers.telegram import TelegramChannel
from handlers.telegram.rendering import render
from settings import Settings, SystemClock
from tests.handlers.telegram.doubles import MemoryDesk
from tests.handlers.telegram.peers import (
    SECRET,
    PollingPeer,
    WebhookPeer,
    missing_node,
    missing_telemelya,
    polling_peer,
    webhook_peer,
)

pytestmark = pytest.mark.slow

TOKEN = "777000111:AAAA-token-for-the-peer"
QUESTION = "网购的羽绒服不喜欢，商家说特价不退，合法吗"
TEXT = (
    "经营者采用网络等方式销售商品，<消费者>有权自收到商品之日起七日内退货 & 无需说明理由。\n" * 120
)


def answer(incoming: Incoming) -> Reply:
    """An answer that needs two messages, escapes, a quotation, bold and two kinds of buttons."""
    if incoming.action is not None:
        return Reply(Kind.MENU, f"按了 {incoming.action}")
    article = ShownArticle(
        law="中华人民共和国消费者权益保护法",
        short="消费者权益保护法",
        article="第二十五条",
        text=TEXT,
        status="in_force",
        version_date=date(2013, 10, 25),
        effective_date=date(2014, 3, 15),
        organ="市场监督管理局",
        score=1.0,
        marked=(0, 45),
    )
    buttons = (
        (Button("有用", "good:1"), Button("没用", "bad:1")),
        (Button("官方文本", url="https://flk.npc.gov.cn/"), Button("拨打12315", url="tel:12315")),
    )
    return Reply(Kind.ANSWER, "", f"问：{incoming.text}", "12348", (article,), 1, buttons=buttons)


def expected(text: str) -> list[str]:
    incoming = Incoming("k", None, "r", text, None)  # type: ignore[arg-type]
    parts = [message.html for message in render(answer(incoming))]
    assert len(parts) == 2
    return parts


async def eventually(condition: Callable[[], bool], seconds: float = 30) -> None:
    """Wait for what another process brings about; its HTTP calls stay off the event loop."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.05)


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1,localhost")
    monkeypatch.setenv("no_proxy", "127.0.0.1,localhost")


@asynccontextmanager
async def running(channel: TelegramChannel) -> AsyncIterator[TelegramChannel]:
    await channel.start()
    try:
        yield channel
    finally:
        await channel.stop()


@pytest.fixture
def polling(tmp_path: Path) -> Iterator[PollingPeer]:
    if reason := missing_node():
        pytest.skip(reason)
    with polling_peer(tmp_path, TOKEN) as peer:
        yield peer


def polling_channel(peer: PollingPeer, desk: MemoryDesk) -> TelegramChannel:
    settings = Settings(Path("unused"), telegram_token=TOKEN, telegram_api=peer.api)
    return TelegramChannel(desk, settings, SystemClock())


async def test_polling_question_answer_and_buttons(polling: PollingPeer) -> None:
    desk = MemoryDesk(respond=answer)
    async with running(polling_channel(polling, desk)):
        await asyncio.to_thread(polling.say, 7, QUESTION)
        await eventually(lambda: len(polling.shown(7)) == 2)
        first, second = polling.shown(7)
        assert [first["text"], second["text"]] == expected(QUESTION)
        assert "reply_markup" not in first
        rows = second["reply_markup"]["inline_keyboard"]
        assert [[button["text"] for button in row] for row in rows] == [
            ["有用", "没用"],
            ["官方文本"],
        ]
        await asyncio.to_thread(polling.press, 7, second, rows[0][0]["callback_data"])
        await eventually(lambda: len(polling.shown(7)) == 3)
        assert polling.shown(7)[2]["text"] == "按了 good:1"
        await eventually(lambda: bool(polling.calls("answerCallbackQuery")))
        await eventually(lambda: len(desk.done) == 2)
    assert polling.calls("setMyCommands")


async def test_polling_a_resent_update_is_not_answered_twice(polling: PollingPeer) -> None:
    desk = MemoryDesk()
    async with running(polling_channel(polling, desk)):
        await asyncio.to_thread(polling.say, 7, "一")
        await eventually(lambda: len(desk.done) == 1)
        (key,) = desk.inbox
        again = int(key.removeprefix("telegram:"))
        await asyncio.to_thread(polling.resend, again, 7, "一")
        await asyncio.to_thread(polling.say, 7, "二")
        await eventually(lambda: len(desk.done) == 2)
    assert [m["text"] for m in polling.shown(7)] == ["答：一", "答：二"]
    assert desk.log.count(("receive", key)) == 2


async def test_polling_a_restart_answers_what_was_stored(polling: PollingPeer) -> None:
    desk = MemoryDesk()
    down = {"ok": False, "error_code": 500, "description": "Internal Server Error"}
    polling.plant({"method": "sendMessage", "times": 99, "status": 500, "body": down})
    async with running(polling_channel(polling, desk)) as channel:
        await asyncio.to_thread(polling.say, 7, "一")
        await eventually(lambda: bool(polling.calls("sendMessage")))
        # Confirmed to Telegram, so only the desk still knows of it.
        await eventually(lambda: any(c.get("offset") == "2" for c in polling.calls("getUpdates")))
        await channel.stop(grace=0)  # what is under way is cut off, as by a crash
    assert desk.done == set()
    polling.plant()
    async with running(polling_channel(polling, desk)):
        await eventually(lambda: len(desk.done) == 1)
    assert [m["text"] for m in polling.shown(7)] == ["答：一"]


async def test_polling_flood_control_and_a_blocked_bot(polling: PollingPeer) -> None:
    desk = MemoryDesk()
    flood = {
        "ok": False,
        "error_code": 429,
        "description": "Too Many Requests: retry after 1",
        "parameters": {"retry_after": 1},
    }
    blocked = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked"}
    polling.plant(
        {"method": "sendMessage", "chat": 7, "times": 2, "status": 429, "body": flood},
        {"method": "sendMessage", "chat": 8, "times": 99, "status": 403, "body": blocked},
    )
    async with running(polling_channel(polling, desk)):
        for chat in (7, 8, 9):
            await asyncio.to_thread(polling.say, chat, "一")
        await eventually(lambda: len(desk.done) == 3)
    assert [len(polling.shown(chat)) for chat in (7, 8, 9)] == [1, 0, 1]
    tries = [call["chat_id"] for call in polling.calls("sendMessage")]
    assert [tries.count(chat) for chat in ("7", "8", "9")] == [3, 1, 1]


async def test_polling_many_residents_at_once_are_each_answered_once(polling: PollingPeer) -> None:
    desk = MemoryDesk()

    def everybody() -> None:
        for chat in range(100, 140):
            polling.say(chat, "一")

    async with running(polling_channel(polling, desk)):
        await asyncio.to_thread(everybody)
        await eventually(lambda: len(desk.done) == 40)
    assert all(len(polling.shown(chat)) == 1 for chat in range(100, 140))


@pytest.fixture(scope="module")
def webhook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[WebhookPeer]:
    if reason := missing_telemelya():
        pytest.skip(reason)
    with webhook_peer(tmp_path_factory.mktemp("peers")) as peer:
        yield peer


@asynccontextmanager
async def serve(
    peer: WebhookPeer, desk: MemoryDesk, token: str, *, api: str | None = None
) -> AsyncIterator[TelegramChannel]:
    settings = Settings(
        Path("unused"),
        telegram_token=token,
        telegram_api=api or peer.api,
        telegram_webhook_url=peer.hook,
        telegram_webhook_secret=SECRET,
    )
    channel = TelegramChannel(desk, settings, SystemClock())
    app = Starlette(routes=channel.routes())
    config = uvicorn.Config(
        app, host="127.0.0.1", port=peer.bot_port, log_config=None, ws="none", lifespan="off"
    )
    server = uvicorn.Server(config)
    server.capture_signals = contextlib.nullcontext  # type: ignore
    serving = asyncio.create_task(server.serve())
    await eventually(lambda: server.started)
    try:
        async with running(channel):
            await eventually(lambda: channel.listening)
            yield channel
    finally:
        server.should_exit = True
        await serving


async def test_webhook_question_answer_and_buttons(webhook: WebhookPeer) -> None:
    desk = MemoryDesk(respond=answer)
    async with serve(webhook, desk, "1:question-token"):
        await asyncio.to_thread(webhook.say, "1:question-token", 11, QUESTION)
        await eventually(lambda: len(desk.done) == 1)
        first, second = webhook.calls(11)
        assert [first["text"], second["text"]] == expected(QUESTION)
        assert first["raw"]["parse_mode"] == "HTML"
        rows = second["reply_markup"]["inline_keyboard"]
        assert [[button["text"] for button in row] for row in rows] == [
            ["有用", "没用"],
            ["官方文本"],
        ]
        data = rows[0][1]["callback_data"]
        await asyncio.to_thread(webhook.press, "1:question-token", 11, second["message_id"], data)
        await eventually(lambda: len(webhook.calls(11)) == 4)
        later = {call["method"]: call for call in webhook.calls(11)[2:]}
        assert set(later) == {"answerCallbackQuery", "sendMessage"}
        assert later["sendMessage"]["text"] == "按了 bad:1"
        await eventually(lambda: len(desk.done) == 2)


async def test_webhook_a_resent_update_is_not_answered_twice(webhook: WebhookPeer) -> None:
    desk = MemoryDesk()
    async with serve(webhook, desk, "2:resend-token"):
        update = await asyncio.to_thread(webhook.say, "2:resend-token", 12, "一")
        assert [await asyncio.to_thread(webhook.deliver, update) for _ in range(2)] == [200, 200]
        await asyncio.to_thread(webhook.say, "2:resend-token", 12, "二")
        await eventually(lambda: len(desk.done) == 2)
    assert [call["text"] for call in webhook.calls(12)] == ["答：一", "答：二"]


async def test_webhook_a_restart_answers_what_was_stored(webhook: WebhookPeer) -> None:
    desk = MemoryDesk()
    async with serve(webhook, desk, "3:restart-token"):
        update = await asyncio.to_thread(webhook.say, "3:restart-token", 13, "一")
        await eventually(lambda: len(desk.done) == 1)
    key = f"telegram:{update['update_id'] + 1}"
    earlier = desk.inbox[f"telegram:{update['update_id']}"]
    desk.receive(replace(earlier, update_key=key, text="停机前收到"))
    async with serve(webhook, desk, "3:restart-token"):
        await eventually(lambda: key in desk.done)
    assert [call["text"] for call in webhook.calls(13)] == ["答：一", "答：停机前收到"]


async def test_webhook_flood_control_is_obeyed(webhook: WebhookPeer) -> None:
    desk = MemoryDesk()
    token = "4:flood-token"
    async with serve(webhook, desk, token, api=webhook.slow_api):
        for chat in (14, 15):
            await asyncio.to_thread(webhook.say, token, chat, "一")
        await eventually(lambda: len(desk.done) == 2)
    assert [[call["text"] for call in webhook.calls(chat)] for chat in (14, 15)] == [
        ["答：一"],
        ["答：一"],
    ]
    assert webhook.floods() >= 1


async def test_webhook_the_webhook_is_registered_and_kept_over_a_stop(webhook: WebhookPeer) -> None:
    for _ in range(2):
        async with serve(webhook, MemoryDesk(), "5:info-token") as channel:
            info = await channel._bot.get_webhook_info()
            assert info.url == f"{webhook.hook}/telegram/webhook"
