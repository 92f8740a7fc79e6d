"""The whole bot on Telegram's two modes, against two foreign Bot API servers."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from settings import Settings
from tests.e2e.processes import furnish, json_of, running
from tests.handlers.telegram.peers import (
    SECRET,
    WebhookPeer,
    missing_node,
    missing_telemelya,
    polling_peer,
    webhook_peer,
)

pytestmark = pytest.mark.slow

TOKEN = "777000111:AAAA-token-for-the-peer"
QUESTION = "网购的羽绒服不喜欢，商家说特价不退，合法吗"
DECEMBER = ("--from", "2026-01-01", "--to", "2027-12-31")
RESIDENT = 4711


def eventually(condition: Callable[[], Any], seconds: float = 60) -> Any:
    """Wait for what other processes bring about."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        found = condition()
        if found:
            return found
        time.sleep(0.1)
    raise AssertionError("it did not happen")


@pytest.fixture
def home(tmp_path: Path, indexed: Settings) -> Path:
    return furnish(tmp_path / "home", indexed.home)


def texts(messages: list[dict[str, Any]]) -> str:
    return "\n".join(str(message.get("text", "")) for message in messages)


def buttons(message: dict[str, Any]) -> dict[str, str]:
    """Label → callback data of a sendMessage body."""
    markup = message.get("reply_markup") or {}
    if isinstance(markup, str):
        markup = json.loads(markup)
    rows = markup.get("inline_keyboard", [])
    return {b["text"]: b["callback_data"] for row in rows for b in row if "callback_data" in b}


@pytest.mark.skipif(missing_node() is not None, reason=missing_node() or "")
def test_long_polling(home: Path, tmp_path: Path) -> None:
    with polling_peer(tmp_path, TOKEN) as peer:
        more = {"PUFA_TELEGRAM_TOKEN": TOKEN, "PUFA_TELEGRAM_API": peer.api}
        with running(home, tmp_path / "bot.log", more=more) as bot:
            peer.say(RESIDENT, QUESTION)
            eventually(lambda: "第二十五条" in texts(peer.calls("sendMessage")))
            sent = peer.calls("sendMessage")
            web = bot.ask(QUESTION, "key-0001")
            for article in web["articles"]:
                assert article["article"] in texts(sent)
            pressed = buttons(sent[-1])["有用"]
            peer.press(RESIDENT, peer.shown(RESIDENT)[-1], pressed)
            eventually(lambda: "您的反馈" in texts(peer.calls("sendMessage")))
            before = json_of(home, "stats", *DECEMBER, "--by", "channel")["rows"]
            count = len(peer.calls("sendMessage"))
            peer.resend(first_update(home), RESIDENT, QUESTION)
            peer.say(RESIDENT, "谢谢")  # answered after the repeated one, which brings nothing
            eventually(lambda: "不客气" in texts(peer.calls("sendMessage")))
            assert len(peer.calls("sendMessage")) == count + 1
            assert json_of(home, "stats", *DECEMBER, "--by", "channel")["rows"] == before
        channels = {row["by"]["channel"]: row["consultations"] for row in before}
        assert channels == {"telegram": 1, "web": 1}
        assert TOKEN not in (tmp_path / "bot.log").read_text(errors="replace")


def first_update(home: Path) -> int:
    """The platform's id of the first update that the bot stored."""
    with closing(sqlite3.connect(home / "outreach.db")) as database:
        query = "SELECT update_key FROM inbox WHERE channel = 'telegram' ORDER BY seq LIMIT 1"
        (key,) = database.execute(query).fetchone()
    return int(key.removeprefix("telegram:"))


@pytest.mark.skipif(missing_telemelya() is not None, reason=missing_telemelya() or "")
def test_webhook(home: Path, tmp_path: Path) -> None:
    with webhook_peer(tmp_path) as peer:
        more = {
            "PUFA_TELEGRAM_TOKEN": TOKEN,
            "PUFA_TELEGRAM_API": peer.api,
            "PUFA_TELEGRAM_WEBHOOK_URL": peer.hook,
            "PUFA_TELEGRAM_WEBHOOK_SECRET": SECRET,
            "PUFA_PORT": str(peer.bot_port),
        }
        with running(home, tmp_path / "bot.log", more=more) as bot:
            update = eventually(lambda: _say(peer))  # the webhook is registered after ready
            said = eventually(lambda: _said(peer.calls(RESIDENT), "第二十五条"))
            web = bot.ask(QUESTION, "key-0001")
            for article in web["articles"]:
                assert article["article"] in said
            before = json_of(home, "stats", *DECEMBER, "--by", "channel")["rows"]
            assert peer.deliver(update) == 200
            peer.say(TOKEN, RESIDENT, "谢谢")
            eventually(lambda: _said(peer.calls(RESIDENT), "不客气"))
            assert str(peer.calls(RESIDENT)).count("无需说明理由") == said.count("无需说明理由")
            assert json_of(home, "stats", *DECEMBER, "--by", "channel")["rows"] == before
        channels = {row["by"]["channel"]: row["consultations"] for row in before}
        assert channels == {"telegram": 1, "web": 1}


def _said(calls: list[dict[str, Any]], word: str) -> str:
    """Everything the bot did, as text, once ``word`` is in it; else empty."""
    text = str(calls)
    return text if word in text else ""


def _say(peer: WebhookPeer) -> dict[str, Any] | None:
    try:
        return peer.say(TOKEN, RESIDENT, QUESTION)
    except httpx.HTTPStatusError:
        return None
