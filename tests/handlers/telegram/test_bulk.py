"""Pushes over Telegram: what an answer means, and the two lanes of the limiter."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterator
from heapq import heappop, heappush
from itertools import count, pairwise
from pathlib import Path
from typing import Any

import pytest

from handlers.telegram.bulk import BulkSender
from handlers.telegram.sending import Limiter, Timer
from handlers.telegram.transport import proxy_of, read_answer
from outreach.delivery.sender import (
    Blocked,
    Failed,
    Kept,
    NotFound,
    Outcome,
    Push,
    PushButton,
    Removed,
    RetryAfter,
    Sent,
    Unknown,
    Unreached,
)
from tests.handlers.telegram.peers import free_port
from tests.handlers.telegram.push_peers import BulkPeer, bulk_peer

TOKEN = "777000111:AAAA-token-for-the-peer"
PUSH = Push("反诈 <提醒>\n验证码 & 密码不给人", buttons=((PushButton("退订", action="stop"),),))
PIXEL = bytes.fromhex(  # a PNG of one pixel
    "89504e470d0a1a0a0000000d4948445200000001000000010806000000"
    "1f15c4890000000d49444154789c6360606060000000050001a5f64540"
    "0000000049454e44ae426082"
)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BulkPeer]:
    with bulk_peer(tmp_path_factory.mktemp("bulk")) as found:
        yield found


@pytest.fixture
def peer(server: BulkPeer) -> BulkPeer:
    server.plant()
    server._post("reset", None)
    return server


def lane(api: str, read_timeout: float = 30) -> BulkSender:
    limiter = Limiter(Timer(), per_second=1e6, chat_gap=0)
    return BulkSender(TOKEN, api, limiter, read_timeout=read_timeout)


@pytest.fixture
async def sender(peer: BulkPeer) -> AsyncIterator[BulkSender]:
    made = lane(peer.api)
    yield made
    await made.close()


async def test_a_message_with_its_title_in_bold_and_a_way_out(
    sender: BulkSender, peer: BulkPeer
) -> None:
    assert await sender.send("7::", PUSH) == Sent("1")
    assert peer.texts() == {7: ["<b>反诈 &lt;提醒&gt;</b>\n验证码 &amp; 密码不给人"]}


async def test_a_picture_is_uploaded_once(
    sender: BulkSender, peer: BulkPeer, tmp_path: Path
) -> None:
    picture = tmp_path / "fraud.png"
    picture.write_bytes(PIXEL)
    push = Push("题目\n正文", picture)
    assert isinstance(await sender.send("7", push), Sent)
    picture.unlink()
    assert isinstance(await sender.send("8", push), Sent)
    assert peer.state()["requests"]["sendPhoto"] == 2
    assert await sender.send("9", Push("题目", tmp_path / "gone.png")) == Failed("no_picture")


@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        ({"blocked": [7]}, Blocked()),
        ({"missing": [7]}, NotFound()),
        ({"broken": [7]}, Failed("bad_request")),
        ({"flood_every": 1, "flood_seconds": 3}, RetryAfter(3)),
    ],
)
async def test_what_the_platform_says_is_said_as_it_is(
    sender: BulkSender, peer: BulkPeer, fault: dict[str, object], outcome: Outcome
) -> None:
    peer.plant(**fault)
    if "flood_every" in fault:
        assert isinstance(await sender.send("6", PUSH), Sent)
    assert await sender.send("7", PUSH) == outcome
    assert peer.state()["requests"]["sendMessage"] == 1 + ("flood_every" in fault)


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (200, b'{"ok": true, "result": {"message_id": 5}}', Sent("5")),
        (200, b"<html>", Unknown()),
        (200, b"[1]", Unknown()),
        (200, b'{"ok": true, "result": true}', Unknown()),
        (502, b'{"ok": false, "description": "Bad Gateway"}', Unknown()),
        (401, b'{"ok": false, "description": "Unauthorized"}', Unreached("invalid_token")),
        (404, b'{"ok": false, "description": "Not Found"}', Unreached("invalid_token")),
        (429, b"{}", RetryAfter(1)),
        (400, b'{"parameters": {"migrate_to_chat_id": -1001}}', Failed("chat_migrated")),
        (400, b'{"description": "Bad Request: user is deactivated"}', NotFound()),
        (
            400,
            b'{"description": "Bad Request: 1:SECRET no", "parameters": 1}',
            Failed("bad_request"),
        ),
    ],
)
async def test_what_an_answer_means(
    status: int, body: bytes, outcome: Outcome, caplog: pytest.LogCaptureFixture
) -> None:
    sender = lane("http://127.0.0.1")
    assert sender._outcome(7, read_answer(status, body)) == outcome
    assert "SECRET" not in caplog.text


@pytest.mark.parametrize(
    ("api", "proxy"),
    [
        ("https://api.telegram.org", "http://proxy.example:3128"),
        ("http://127.0.0.1:8081", None),
        ("http://plain.example", None),
    ],
)
def test_the_environment_names_the_proxy(
    monkeypatch: pytest.MonkeyPatch, api: str, proxy: str | None
) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("https_proxy", "http://proxy.example:3128")
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    assert proxy_of(api) == proxy


@pytest.mark.parametrize("fault", ["silent", "lost"])
async def test_no_answer_may_be_a_message_or_none(peer: BulkPeer, fault: str) -> None:
    peer.plant(**{fault: [7]})
    sender = lane(peer.api, read_timeout=0.1)
    assert await sender.send("7", PUSH) == Unknown()
    assert peer.state()["requests"]["sendMessage"] == 1
    await sender.close()


async def test_no_connection_is_no_message() -> None:
    sender = lane(f"http://127.0.0.1:{free_port()}")
    assert await sender.send("7", PUSH) == Unreached("no_connection")
    await sender.close()
    await sender.close()


@pytest.mark.parametrize("address", ["", "x", "7:8", "oABC"])
async def test_an_address_of_another_platform(sender: BulkSender, address: str) -> None:
    await sender.turn(address)
    assert await sender.send(address, PUSH) == NotFound()
    assert await sender.remove(address, "1", "撤回") == Kept()


async def test_too_long_is_said_without_asking(sender: BulkSender, peer: BulkPeer) -> None:
    assert isinstance(await sender.send("7", Push("字" * 4096)), Sent)
    assert await sender.send("7", Push("字" * 4097)) == Failed("too_long")
    assert await sender.send("7", Push("字" * 1025, Path("any.png"))) == Failed("too_long")
    assert peer.count() == 1


async def test_taking_back(sender: BulkSender, peer: BulkPeer) -> None:
    peer.plant(undeletable=[8])
    for chat in ("7", "8"):
        assert isinstance(await sender.send(chat, PUSH), Sent)
    assert await sender.remove("7", "1", "已撤回") == Removed("deleted")
    assert await sender.remove("7", "1", "已撤回") == Removed("deleted")  # gone already
    assert await sender.remove("8", "2", "已撤回") == Removed("edited")
    assert peer.state()["shown"] == [[8, 2, "已撤回"]]


class Lanes:
    """A limiter on time that many sleepers share, and who passed when (seconds from the start)."""

    def __init__(self, late: float = 0.0) -> None:
        self.at = 1000.0
        self.late = late  # how much later than asked everybody wakes up
        self.numbers = count()
        self.asleep: list[tuple[float, int, asyncio.Future[None]]] = []
        self.limiter = Limiter(Timer(lambda: self.at, self.sleep))
        self.passed: list[tuple[str, float]] = []

    async def sleep(self, seconds: float) -> None:
        woken: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heappush(self.asleep, (self.at + seconds + self.late, next(self.numbers), woken))
        await woken

    async def all(self, *work: Coroutine[Any, Any, None]) -> None:
        """Let time go on, from sleeper to sleeper, until all is done."""
        tasks = [asyncio.ensure_future(each) for each in work]
        while not all(task.done() for task in tasks):
            for _ in range(5):
                await asyncio.sleep(0)
            if self.asleep:
                self.at, _, woken = heappop(self.asleep)
                woken.set_result(None)

    async def push(self, chat: int) -> None:
        await self.limiter.bulk_turn(chat)
        self.passed.append(("push", self.at - 1000))

    async def reply(self, chat: int) -> None:
        await self.limiter.turn(chat)
        self.passed.append(("reply", self.at - 1000))


async def test_replies_go_first() -> None:
    lanes = Lanes()

    async def later(chat: int) -> None:
        await lanes.sleep(0.41)
        await lanes.reply(chat)

    pushes = [lanes.push(chat) for chat in range(50)]
    replies = [later(chat) for chat in range(200, 210)]
    await lanes.all(*pushes, *replies)
    order = [who for who, _ in lanes.passed]
    assert order == ["push"] * 10 + ["reply"] * 10 + ["push"] * 40
    moments = [moment for _, moment in lanes.passed]
    assert min(later - earlier for earlier, later in pairwise(moments)) >= 1 / 24 - 1e-9
    assert moments[-1] == pytest.approx(59 / 24, abs=0.1)  # and no place is left empty


async def test_pushes_of_two_processes_keep_to_half_the_pace_each() -> None:
    lanes = Lanes()
    lanes.limiter.bulk_share(2)
    await lanes.all(*(lanes.push(chat) for chat in range(25)))
    assert lanes.passed[-1][1] == pytest.approx(24 / 12, abs=1e-6)
    await lanes.all(lanes.reply(99))
    assert lanes.passed[-1][1] == pytest.approx(24 / 12 + 1 / 24, abs=1e-6)


async def test_a_chat_told_to_wait_does_not_hold_up_the_others() -> None:
    lanes = Lanes()
    lanes.limiter.pause(5, 30, bulk=True)
    await lanes.all(*(lanes.push(chat) for chat in (5, 6, 7)))
    assert [round(moment, 3) for _, moment in lanes.passed] == [0, 0.042, 30]


async def test_a_flood_of_pushes_pauses_the_pushes_and_not_the_replies() -> None:
    lanes = Lanes()
    lanes.limiter.pause(5, 30, bulk=True)
    lanes.limiter.pause(6, 30, bulk=True)
    await lanes.all(lanes.push(7), lanes.reply(8))
    assert lanes.passed == [("reply", 0), ("push", 30)]


async def test_a_flood_of_replies_pauses_everything() -> None:
    lanes = Lanes()
    lanes.limiter.pause(5, 30)
    lanes.limiter.pause(6, 30)
    await lanes.all(lanes.push(7), lanes.reply(8))
    assert [moment for _, moment in lanes.passed] == [30, pytest.approx(30 + 1 / 24)]


async def test_waking_up_late_does_not_add_up() -> None:
    lanes = Lanes(late=0.005)
    await lanes.all(*(lanes.push(chat) for chat in range(49)))
    assert lanes.passed[-1][1] == pytest.approx(48 / 24, abs=0.01)


async def test_an_idle_lane_saves_nothing_up() -> None:
    lanes = Lanes()
    await lanes.all(lanes.push(1), lanes.push(2))
    lanes.at += 60
    start = lanes.at - 1000
    await lanes.all(*(lanes.push(chat) for chat in range(3, 6)))
    passed = [moment - start for _, moment in lanes.passed[2:]]
    assert passed == pytest.approx([0, 1 / 24, 2 / 24])
