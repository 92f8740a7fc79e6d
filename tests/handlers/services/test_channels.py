"""The same words bring the same content through the web API, Telegram and the terminal."""

from __future__ import annotations

import html as entities
import io
import json
import re
from collections.abc import AsyncIterator, Mapping, Sequence
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

LECTURE = "点单 主题：反诈；时间：12月10日；单位：一中"
# Each flow that reads or changes what is kept. A step is a message, or a button of the reply
# before it in brackets, with words that its reply holds on every channel. A terminal keeps
# nothing and is nobody, so what tells of the earlier steps (SHOWS_KEPT) is not asked of it.
FLOWS: dict[str, tuple[tuple[str, str], ...]] = {
    **{f"/{name}": ((f"/{name}", ""),) for name, _ in COMMANDS},
    "quiz": (
        ("每日一题", "每日一题（1/5）"),
        ("[A. ", "正确答案"),
        ("[下一题", "每日一题（"),
        ("第1题A", "正确答案"),
    ),
    "practice": (("qp:xf-001:0", "正确答案"),),
    "ranking": (("排行榜", "首答正确率"),),
    "morning": (
        ("宪法晨读", "一句话："),
        ("[下一条", "宪法"),
        ("read:5", "（6/"),
        ("sub:morning", "每天早上"),
        ("unsub:morning", "已退订"),
    ),
    "town": (("选乡镇", "请选"), ("[城关镇", "城关镇"), ("我的数据", "城关镇")),
    "town by name": (("选乡镇 城关镇", "城关镇"), ("我的数据", "城关镇")),
    "group": (("选人群", "可以不选"), ("[农民", "农民"), ("我的数据", "农民")),
    "topics": (("关注话题", "没有选"), ("[反诈", "反诈"), ("我的数据", "关注话题")),
    "lecture by words": ((LECTURE, "点单收到了"), ("我的点单", "一中")),
    "lecture by buttons": (
        ("点单", "主题"),
        ("[反诈", "哪个乡镇"),
        ("[城关镇", "城关镇"),
        ("lec:fraud:chengguan-01:20261207", "请核对"),
        ("[提交", "点单收到了"),
    ),
    "large type": (("大字", "已打开大字"), ("网购不给退货", "第二十五条"), ("正常字", "已关掉")),
    "privacy": (("隐私", "第十七条"), ("[我的数据", "我这里和您有关的记录")),
    "delete": (("删除我的数据", "确定"), ("[确定删除", "已删除"), ("我的数据", "记录：没有")),
    "delete, no": (("/delete", "确定"), ("[不删", "没有删除")),
    "stop": (("退订", "已退订"),),
    "under 14": (
        ("我12岁", "不再留存"),
        ("网购不给退货", "第二十五条"),
        ("我的数据", "没有别的记录"),
        ("age:14+", "取消"),
    ),
    "feedback": (("网购不给退货", "第二十五条"), ("[有用", "谢谢")),
    "feedback, then a person": (
        ("网购不给退货", "第二十五条"),
        ("[没用", "已经记下"),
        ("[转人工", "12348"),
    ),
    "ask a person": (("网购不给退货", "第二十五条"), ("转人工", "12348")),
    "agree": (("agree:1", "90天"), ("agree:0", "不留问题原文")),
    "letters": (("[写文书", "要写哪一种"), ("[模板：借条", "借条")),
    "sums": (("[算一算", ""), ("假货花了三百块能赔多少", "900")),
    "menu, then everything": (("菜单", "普法问答机器人"), ("[帮助", "怎么用")),
}
SHOWS_KEPT = {"我的数据", "我的点单", "[我的数据", "[下一题", "/mydata", "/subscribe", "/lectures"}


@pytest.fixture
def finds(corpus: Corpus) -> Finds:
    return Finds(corpus, CITATIONS)


@pytest.fixture
def desk(finds: Finds, outreach: Outreach, clock: FakeClock) -> Reception:
    return reception(finds, outreach, clock)


def is_action(said: str) -> bool:
    return said.partition(":")[0] in "age agree do erase lec qp read sub top unsub".split()


def chosen(said: str, buttons: Sequence[Mapping[str, Any]]) -> tuple[str, bool]:
    """What a step sends, and whether it is a button's value."""
    if not said.startswith("["):
        return said, is_action(said)
    action = next(b["action"] for b in buttons if said[1:] in b["label"] and b["action"])
    return str(action), True


@pytest.fixture
async def web(desk: Reception, clock: FakeClock) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(desk, health=lambda: Health({}), clock=clock)
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        yield client


async def through_the_web(web: httpx.AsyncClient, flow: Sequence[str]) -> list[str]:
    texts: list[str] = []
    buttons: list[dict[str, Any]] = []
    for said in ["/start", *flow]:
        value, pressed = chosen(said, buttons)
        body = {"action" if pressed else "text": value, "session": "one"}
        answer = await web.post("/api/ask", json=body)
        assert answer.status_code == 200, answer.text
        texts.append(answer.json()["text"])
        buttons = [button for row in answer.json()["buttons"] for button in row]
    return texts[1:]


async def through_telegram(
    desk: Reception, clock: FakeClock, flow: Sequence[str], first: str = "/start"
) -> list[str]:
    telegram, texts = FakeTelegram(), []
    channel = TelegramChannel(desk, settings(), clock, bot=telegram.bot(), timer=FakeTimer().timer)
    await channel.start()
    try:
        for number, said in enumerate([first, *flow], 1):
            before = len(telegram.accepted)
            value, pressed = chosen(said, keyboard(telegram.accepted[-1:]))
            telegram.push(press(number, value) if pressed else message(number, value))
            await until(partial(is_sent, desk, f"telegram:{number}"))
            texts.append("\n".join(m["text"] for m in telegram.accepted[before:]))
    finally:
        await channel.stop()
    return texts[1:] or texts


def keyboard(sent: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """The buttons under what was sent last."""
    markup = sent[0].get("reply_markup") if sent else None
    rows = json.loads(markup) if isinstance(markup, str) else markup or {}
    return [
        {"label": button["text"], "action": button.get("callback_data")}
        for row in rows.get("inline_keyboard", ())
        for button in row
    ]


def is_sent(desk: Reception, key: str) -> bool:
    """Whether the reply to an update has gone out."""
    with desk._outreach.database.read() as connection:
        return desk._outreach.inbox.outcome(connection, key) == "sent"


def in_the_terminal(finds: Finds, clock: FakeClock, flow: Sequence[str]) -> list[str]:
    """What a chat in the terminal says."""
    made = composer(finds.corpus)
    talk = Conversation(made, finds, clock, Services(made))
    texts: list[str] = []
    buttons: list[dict[str, Any]] = []
    for number, said in enumerate(["/start", *flow]):
        value, pressed = chosen(said, buttons)
        text, action = ("", value) if pressed else (value, None)
        reply = talk.respond(terminal.question(text, clock, action, "terminal", f"t:{number}"))
        texts.append(reply.text)
        buttons = [{"label": b.label, "action": b.action} for row in reply.buttons for b in row]
    return texts[1:]


def essence(markup: str) -> str:
    """A Telegram message's words."""
    return "".join(entities.unescape(re.sub(r"</?[a-z][^>]*>", "", markup)).split())


@pytest.mark.parametrize("flow", FLOWS)
async def test_the_same_on_every_channel(
    web: httpx.AsyncClient, desk: Reception, finds: Finds, clock: FakeClock, flow: str
) -> None:
    steps = FLOWS[flow]
    said = [words for words, _ in steps]
    ours = await through_the_web(web, said)
    theirs = await through_telegram(desk, clock, said)
    typed = in_the_terminal(finds, clock, said)
    for (words, held), one, other, third in zip(steps, ours, theirs, typed, strict=True):
        assert one.strip(), words
        assert held in one, words
        missing = [line for line in lines_of(one, words) if line not in essence(other)]
        assert not missing, words
        if words not in SHOWS_KEPT and not (flow == "large type" and words == "网购不给退货"):
            missing = [line for line in lines_of(one, words) if line not in essence(third)]
            assert not missing, words


def lines_of(text: str, said: str) -> list[str]:
    """A reply's lines without what differs by channel: numbers of requests, where type is set."""
    if said == "大字":
        text = text[:25]
    text = re.sub(r"[0-9A-Z]{4}-[0-9A-Z]{4}", "\n", text)
    return ["".join(line.split()) for line in text.split("\n") if line.strip()]


async def test_the_first_contact_is_told_the_same(
    web: httpx.AsyncClient, desk: Reception, clock: FakeClock
) -> None:
    """By web and Telegram; a terminal keeps nothing, so it has nothing to tell."""
    body = {"text": "网购不给退货", "session": "another"}
    ours = (await web.post("/api/ask", json=body)).json()["text"]
    assert ours.startswith("【个人信息告知】")
    (theirs,) = await through_telegram(desk, clock, [], first="网购不给退货")
    assert essence(theirs).startswith("【个人信息告知】")


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
