"""The same words bring the same content through the web API, Telegram and the terminal."""

from __future__ import annotations

import html as entities
import io
import json
import re
from collections.abc import AsyncIterator
from functools import partial
from typing import Any

import httpx
import pytest

from handlers import terminal
from handlers.conversation import Conversation
from handlers.messages import Channel, Incoming
from handlers.reception import Reception
from handlers.services import COMMANDS, Services
from handlers.telegram import TelegramChannel
from handlers.web.app import create_app
from handlers.web.health import Health
from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds, composer
from tests.handlers.services.house import CITATIONS, reception
from tests.handlers.telegram.doubles import (
    FakeTelegram,
    FakeTimer,
    message,
    press,
    settings,
    until,
)

FLOWS = [
    *([f"/{name}"] for name, _ in COMMANDS),
    ["/quiz", "第1题A", "/quiz"],
    ["选乡镇 城关镇", "我的数据"],
    ["点单 主题：反诈；时间：12月10日；单位：一中", "我的点单"],
    ["大字", "网购不给退货"],
    ["网购不给退货", "转人工"],
    ["/delete", "erase:yes", "/mydata"],
    ["age:u14", "网购不给退货", "/mydata"],
    ["do:morning", "read:5"],
    ["qp:xf-001:0"],
    ["退订"],
]


@pytest.fixture
def finds(corpus: Corpus) -> Finds:
    return Finds(corpus, CITATIONS)


@pytest.fixture
def desk(finds: Finds, outreach: Outreach, clock: FakeClock) -> Reception:
    return reception(finds, outreach, clock)


def is_action(said: str) -> bool:
    return said.partition(":")[0] in ("erase", "age", "do", "read", "qp")


@pytest.fixture
async def web(desk: Reception, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(desk, health=lambda: Health({}), clock=clock)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        yield client


async def through_the_web(web: httpx.AsyncClient, flow: list[str]) -> list[str]:
    texts = []
    for said in ["/start", *flow]:
        body = {"action" if is_action(said) else "text": said, "session": "one"}
        answer = await web.post("/api/ask", json=body)
        assert answer.status_code == 200, answer.text
        texts.append(answer.json()["text"])
    return texts[1:]


async def through_telegram(desk: Reception, clock: FakeClock, flow: list[str]) -> list[str]:
    telegram, texts = FakeTelegram(), []
    channel = TelegramChannel(desk, settings(), clock, bot=telegram.bot(), timer=FakeTimer().timer)
    await channel.start()
    try:
        for number, said in enumerate(["/start", *flow], 1):
            before = len(telegram.accepted)
            telegram.push(press(number, said) if is_action(said) else message(number, said))
            await until(partial(is_sent, desk, f"telegram:{number}"))
            texts.append("\n".join(m["text"] for m in telegram.accepted[before:]))
    finally:
        await channel.stop()
    return texts[1:]


def is_sent(desk: Reception, key: str) -> bool:
    """Whether the reply to an update has gone out."""
    with desk._outreach.database.read() as connection:
        return desk._outreach.inbox.outcome(connection, key) == "sent"


def in_the_terminal(finds: Finds, clock: FakeClock, flow: list[str]) -> list[str]:
    """What the terminal says; without a store, so a first contact each time."""
    made = composer(finds.corpus)
    talk = Conversation(made, finds, clock, Services(made))
    return [
        talk.respond(
            terminal.question("", clock, said)
            if is_action(said)
            else terminal.question(said, clock)
        ).text
        for said in flow
    ]


def essence(markup: str) -> str:
    """A Telegram message's words."""
    return "".join(entities.unescape(re.sub(r"</?[a-z][^>]*>", "", markup)).split())


@pytest.mark.parametrize("flow", FLOWS, ids=lambda flow: "→".join(flow))
async def test_web_and_telegram_say_the_same(
    web: httpx.AsyncClient, desk: Reception, clock: FakeClock, flow: list[str]
) -> None:
    ours = await through_the_web(web, flow)
    theirs = await through_telegram(desk, clock, flow)
    for said, one, other in zip(flow, ours, theirs, strict=True):
        assert one.strip(), said
        if said in ("点单 主题：反诈；时间：12月10日；单位：一中", "我的点单"):
            one, other = (_without_number(text) for text in (one, other))
        if said == "大字":  # where letters are made larger depends on the channel
            one = one[:25]
        lines = ["".join(line.split()) for line in one.split("\n") if line.strip()]
        missing = [line for line in lines if line not in essence(other)]
        assert not missing, said


def _without_number(text: str) -> str:
    return re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "", text)


@pytest.mark.parametrize(
    "said", ["/start", "/help", "/quiz", "/morning", "/town", "/privacy", "/human", "/lecture"]
)
async def test_the_terminal_says_the_same(
    web: httpx.AsyncClient, finds: Finds, clock: FakeClock, said: str
) -> None:
    (there,) = in_the_terminal(finds, clock, [said])
    ours = await through_the_web(web, [said])
    assert "".join(there.split()) == "".join(ours[0].split())


def test_a_chat_in_the_terminal(finds: Finds, clock: FakeClock) -> None:
    sink = io.StringIO()
    lines = "\n".join(["每日一题", "1", "/stop", "再见"]) + "\n"
    made = composer(finds.corpus)
    terminal.chat(Conversation(made, finds, clock), clock, io.StringIO(lines), sink)
    said = sink.getvalue()
    assert "每日一题（1/5）" in said
    assert "正确答案" in said
    assert "已退订" in said
    assert said.rstrip().endswith("再见。")


async def test_a_telegram_group_gets_a_link_to_go_on(desk: Reception, clock: FakeClock) -> None:
    telegram = FakeTelegram()
    channel = TelegramChannel(desk, settings(), clock, bot=telegram.bot(), timer=FakeTimer().timer)
    group = {"id": -1009, "type": "supergroup", "title": "村民群"}
    text = "/ask@pufa_bot 网购不给退货"
    entity = [{"type": "bot_command", "offset": 0, "length": 13}]
    telegram.push(
        message(1, "今天真热", chat=group),
        message(2, text, chat=group, entities=entity),
        message(3, "/mydata", chat=group, entities=[dict(entity[0], length=7)]),
    )
    await channel.start()
    await until(lambda: is_sent(desk, "telegram:3"))
    await channel.stop()
    answered, referred = telegram.accepted  # the chatter got nothing
    assert "第二十五条" in answered["text"]
    assert "第二十四条" not in answered["text"]
    assert "个人信息告知" not in answered["text"]
    link = urls(answered)[0]
    assert link.startswith("https://t.me/pufa_bot?start=")
    assert urls(referred) == ["https://t.me/pufa_bot?start=do_mydata"]
    assert "我这里和您有关的记录" not in referred["text"]


def urls(sent: dict[str, Any]) -> list[str]:
    markup = sent["reply_markup"]
    if isinstance(markup, str):
        markup = json.loads(markup)
    return [b["url"] for row in markup["inline_keyboard"] for b in row if "url" in b]


async def test_a_group_update_is_one_after_a_crash_too(
    desk: Reception, clock: FakeClock, finds: Finds, outreach: Outreach
) -> None:
    """The store keeps the address only: whether it was a group is read from it."""
    resident = desk.resident(Channel.TELEGRAM, "7")
    update = Incoming(
        "telegram:9", Channel.TELEGRAM, resident, "/mydata", clock.now(), None, "-5::3"
    )
    desk.receive(update)
    telegram = FakeTelegram()
    channel = TelegramChannel(
        reception(finds, outreach, clock), settings(), clock, bot=telegram.bot(),
        timer=FakeTimer().timer,
    )  # fmt: skip
    await channel.start()
    await until(lambda: is_sent(desk, "telegram:9"))
    await channel.stop()
    assert "私聊" in telegram.accepted[0]["text"]
