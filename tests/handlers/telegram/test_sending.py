from __future__ import annotations

import asyncio
from itertools import pairwise
from typing import Any

import httpx
import pytest
from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.error import InvalidToken, NetworkError, RetryAfter, TimedOut

from handlers.telegram.rendering import Outgoing
from handlers.telegram.sending import (
    MAX_FAILURES,
    MAX_FLOODS,
    Delivery,
    Limiter,
    Sender,
    Timer,
    accept_retry_after,
    backoff,
    brief,
    retry_after,
)
from handlers.telegram.updates import Address
from tests.handlers.telegram.doubles import TOKEN, FakeTelegram, FakeTimer

ONE = (Outgoing("<b>一</b>", "一"),)
FLOOD = {"ok": False, "error_code": 429, "description": "Too Many Requests: retry after 9"}
BLOCKED = {"ok": False, "error_code": 403, "description": "Forbidden: bot was blocked by the user"}


def flood(seconds: int = 9) -> tuple[int, Any]:
    return 429, FLOOD | {"parameters": {"retry_after": seconds}}


def refusal(description: str = "Bad Request: can't parse entities") -> tuple[int, Any]:
    return 400, {"ok": False, "error_code": 400, "description": description}


def caused(error: NetworkError, cause: Exception) -> NetworkError:
    error.__cause__ = cause
    return error


def unknown() -> NetworkError:
    return caused(TimedOut(), httpx.ReadTimeout("read"))


def refused() -> NetworkError:
    return caused(NetworkError("connect"), httpx.ConnectError("connect"))


class Rig:
    def __init__(self) -> None:
        self.telegram, self.time = FakeTelegram(), FakeTimer()
        self.sender = Sender(self.telegram.bot(), Limiter(self.time.timer), self.time.timer)

    async def deliver(self, *messages: Outgoing, to: Address | None = None) -> Delivery:
        return await self.sender.deliver(to or Address(7), messages or ONE)


@pytest.fixture
def rig() -> Rig:
    return Rig()


async def test_sends_html_without_preview_and_with_the_keyboard(rig: Rig) -> None:
    keyboard = InlineKeyboardMarkup([[InlineKeyboardButton("有用", callback_data="good:1")]])
    assert await rig.deliver(Outgoing("<b>一</b>", "一", keyboard)) is Delivery.SENT
    (sent,) = rig.telegram.accepted
    assert (sent["text"], sent["parse_mode"], sent["chat_id"]) == ("<b>一</b>", "HTML", "7")
    assert "good:1" in sent["reply_markup"]
    assert "is_disabled" in sent["link_preview_options"]
    assert "reply_parameters" not in sent


async def test_answers_the_message_in_its_topic(rig: Rig) -> None:
    await rig.deliver(to=Address(-100, 8, 55))
    (sent,) = rig.telegram.accepted
    assert sent["message_thread_id"] == "8"
    assert '"message_id": 55' in sent["reply_parameters"]
    assert '"allow_sending_without_reply": true' in sent["reply_parameters"]


async def test_retry_after_is_obeyed_to_the_second(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", flood(9))
    assert await rig.deliver() is Delivery.SENT
    assert rig.time.slept == [9.0]
    assert len(rig.telegram.accepted) == 1


async def test_endless_flood_control_ends_and_stays_owed(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", *[flood(1)] * 50)
    assert await rig.deliver() is Delivery.OWED
    assert len(rig.telegram.of("sendMessage")) == MAX_FLOODS + 1


async def test_a_blocked_bot_gives_up_at_once(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", (403, BLOCKED))
    assert await rig.deliver(*ONE, *ONE) is Delivery.GONE
    assert len(rig.telegram.of("sendMessage")) == 1


async def test_time_out_after_sending_is_repeated_once_per_reply(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", unknown())
    assert await rig.deliver() is Delivery.SENT
    assert len(rig.telegram.of("sendMessage")) == 2


async def test_two_time_outs_are_unknown_and_the_rest_of_the_reply_still_goes_out(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", unknown(), unknown())
    two = Outgoing("二", "二")
    assert await rig.deliver(*ONE, two) is Delivery.UNKNOWN
    assert [call["text"] for call in rig.telegram.of("sendMessage")] == ["<b>一</b>"] * 2 + ["二"]


@pytest.mark.parametrize("fault", [refused(), (502, {"ok": False}), (500, b"<html>")])
async def test_what_did_not_arrive_is_repeated_with_back_off(rig: Rig, fault: Any) -> None:
    rig.telegram.fail("sendMessage", fault, fault, fault)
    assert await rig.deliver() is Delivery.SENT
    pauses = [pause for pause in rig.time.slept if pause >= 1]
    assert len(pauses) == 3
    assert pauses == sorted(pauses)


async def test_a_long_outage_leaves_the_reply_owed(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", *[refused()] * 50)
    assert await rig.deliver() is Delivery.OWED
    assert len(rig.telegram.of("sendMessage")) == MAX_FAILURES


async def test_a_refused_layout_is_sent_plain(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", refusal())
    assert await rig.deliver() is Delivery.SENT
    (sent,) = rig.telegram.accepted
    assert sent["text"] == "一"
    assert "parse_mode" not in sent


async def test_a_chat_that_is_gone_is_not_asked_for_ever(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", *[refusal("Bad Request: chat not found")] * 9)
    assert await rig.deliver() is Delivery.GONE
    assert len(rig.telegram.of("sendMessage")) == 2


async def test_a_migrated_group_is_followed(rig: Rig) -> None:
    moved = {"ok": False, "description": "x", "parameters": {"migrate_to_chat_id": -1009}}
    rig.telegram.fail("sendMessage", (400, moved))
    assert await rig.deliver(*ONE, *ONE, to=Address(-9)) is Delivery.SENT
    assert [chat for chat, _ in rig.telegram.texts] == [-1009, -1009]


async def test_a_revoked_token_leaves_the_reply_owed(rig: Rig) -> None:
    rig.telegram.fail("sendMessage", (401, {"ok": False, "description": "Unauthorized"}))
    assert await rig.deliver() is Delivery.OWED


async def test_acknowledging_an_old_button_fails_in_silence(rig: Rig) -> None:
    rig.telegram.fail("answerCallbackQuery", refusal("Bad Request: query is too old"))
    await rig.sender.acknowledge("cb")
    assert len(rig.telegram.of("answerCallbackQuery")) == 1


class Turns:
    """When a limiter lets messages through."""

    def __init__(self) -> None:
        self.time = FakeTimer()
        self.limiter = Limiter(self.time.timer)

    async def pass_through(self, *chats: int) -> list[float]:
        passed = []
        for chat in chats:
            await self.limiter.turn(chat)
            passed.append(round(self.time.at - 1000.0, 4))
        return passed


async def test_one_message_a_second_in_a_chat_and_fewer_in_a_group() -> None:
    assert await Turns().pass_through(7, 7, 7) == [0, 1, 2]
    assert await Turns().pass_through(-7, -7, -7) == [0, 3, 6]


async def test_below_thirty_a_second_overall() -> None:
    passed = await Turns().pass_through(*range(1, 61))
    assert passed[-1] == pytest.approx(59 / 24, abs=1e-3)


async def test_one_slow_chat_does_not_hold_up_the_others() -> None:
    turns = Turns()
    turns.limiter.pause(-5, 600)
    assert await turns.pass_through(1, 2) == [0, pytest.approx(1 / 24, abs=1e-4)]


async def test_a_second_chat_in_trouble_pauses_everything() -> None:
    turns = Turns()
    turns.limiter.pause(1, 30)
    turns.limiter.pause(2, 40)
    assert await turns.pass_through(3) == [40]


async def test_waiting_senders_share_the_limit() -> None:
    turns = Turns()
    times: list[float] = []

    async def send() -> None:
        await turns.limiter.turn(7)
        times.append(turns.time.at)

    await asyncio.gather(*(send() for _ in range(5)))
    gaps = [later - earlier for earlier, later in pairwise(times)]
    assert len(gaps) == 4
    assert min(gaps) >= 1.0


def test_back_off_doubles_to_a_cap_and_is_spread() -> None:
    assert all(1 <= backoff(1) <= 2 for _ in range(50))
    assert all(30 <= backoff(n) <= 60 for n in (6, 50, 10_000))
    assert len({backoff(6) for _ in range(20)}) > 1


def test_retry_after_in_seconds_whatever_the_type(monkeypatch: pytest.MonkeyPatch) -> None:
    accept_retry_after()
    assert retry_after(RetryAfter(3)) == 3.0
    monkeypatch.setenv("PTB_TIMEDELTA", "1")
    assert retry_after(RetryAfter(3)) == 3.0


def test_errors_for_the_log_hold_no_token_and_no_words() -> None:
    assert TOKEN not in brief(InvalidToken(f"The token `{TOKEN}` was rejected"))
    assert TOKEN not in brief(NetworkError(f"https://api.telegram.org/bot{TOKEN}/getMe"))
    assert brief(ValueError("张三被骗")) == "ValueError"
    assert "refused" in brief(NetworkError("refused"))


async def test_default_timer_is_the_event_loop() -> None:
    assert Timer().time() == pytest.approx(asyncio.get_running_loop().time(), abs=60)
