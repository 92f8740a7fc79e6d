"""A front desk in memory and a Bot API behind the library's own transport class.

Both write into one log, so that tests can assert what happened before what.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

from telegram import Bot
from telegram.request import RequestData

from handlers.messages import Channel, Incoming, Kind, Reply
from handlers.reception import Outcome
from handlers.telegram.polling import PollingRequest
from handlers.telegram.sending import Timer
from settings import Settings

TOKEN = "123456789:AAAA-secret-of-the-bot"
NOW = datetime(2026, 3, 1, 8, 0, tzinfo=UTC)
Log = list[tuple[str, Any]]


@dataclass
class FixedClock:
    moment: datetime = NOW

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.date()


class FakeTimer:
    """Time that passes only in pauses."""

    def __init__(self) -> None:
        self.at = 1000.0
        self.slept: list[float] = []

    async def sleep(self, seconds: float) -> None:
        if len(self.slept) > 1000:  # a hot loop: let the test time out with a short log
            await asyncio.Event().wait()
        self.slept.append(seconds)
        self.at += seconds
        await asyncio.sleep(0)

    @property
    def timer(self) -> Timer:
        return Timer(lambda: self.at, self.sleep)


def echo(incoming: Incoming) -> Reply:
    return Reply(Kind.ANSWER, f"答：{incoming.action or incoming.text}")


@dataclass
class MemoryDesk:
    """A :class:`FrontDesk` that outlives the channels of a test, as a database would."""

    log: Log = field(default_factory=list)
    respond: Callable[[Incoming], Reply] = echo
    inbox: dict[str, Incoming] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    outcomes: dict[str, Reply] = field(default_factory=dict)
    full: int = 0  # how many times storing still fails
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def resident(self, channel: Channel, platform_id: str) -> str:
        return f"{channel.value}-{platform_id}"

    def receive(self, incoming: Incoming) -> bool:
        with self._lock:
            if self.full:
                self.full -= 1
                raise OSError("disk full")
            known = incoming.update_key in self.inbox
            self.inbox.setdefault(incoming.update_key, incoming)
            self.log.append(("receive", incoming.update_key))
            return not known

    def answer(self, incoming: Incoming) -> Outcome:
        assert threading.current_thread() is not threading.main_thread()
        reply = self.respond(incoming)
        with self._lock:
            assert incoming.update_key in self.inbox
            first = incoming.update_key not in self.outcomes
            self.outcomes.setdefault(incoming.update_key, reply)
            self.log.append(("answer", incoming.update_key))
            return Outcome(self.outcomes[incoming.update_key], first)

    def sent(self, update_key: str) -> None:
        with self._lock:
            self.done.add(update_key)
            self.log.append(("sent", update_key))

    def unsent(self, channel: Channel) -> list[Incoming]:
        with self._lock:
            return [i for key, i in self.inbox.items() if key not in self.done]


class FakeTelegram:
    """The Bot API's rules for updates, and scripted faults for everything else."""

    def __init__(self, log: Log | None = None) -> None:
        self.log: Log = [] if log is None else log
        self.updates: list[Any] = []  # not yet confirmed
        self.faults: dict[str, list[Exception | tuple[int, Any]]] = {}
        self.calls: list[tuple[str, dict[str, Any]]] = []
        self.accepted: list[dict[str, Any]] = []  # messages that went through
        self.documents: list[dict[str, Any]] = []  # with their file as (name, content, type)
        self._news = asyncio.Event()

    def bot(self) -> Bot:
        return Bot(TOKEN, request=_Transport(self), get_updates_request=_Transport(self))

    def push(self, *updates: Any) -> None:
        self.updates.extend(updates)
        self._news.set()

    def fail(self, method: str, *faults: Exception | tuple[int, Any]) -> None:
        """The next calls of ``method`` raise, or answer with (status, body)."""
        self.faults.setdefault(method, []).extend(faults)

    def of(self, method: str) -> list[dict[str, Any]]:
        return [body for name, body in self.calls if name == method]

    @property
    def texts(self) -> list[tuple[int, str]]:
        return [(int(m["chat_id"]), m["text"]) for m in self.accepted]

    async def call(self, method: str, body: dict[str, Any]) -> tuple[int, Any]:
        self.calls.append((method, body))
        self.log.append((method, body.get("offset")))
        if self.faults.get(method):
            fault = self.faults[method].pop(0)
            if isinstance(fault, Exception):
                raise fault
            return fault
        if method == "getUpdates":
            return 200, {"ok": True, "result": await self._updates(int(body.get("offset", 0)))}
        if method == "getMe":
            me = {"id": 666, "is_bot": True, "first_name": "普法", "username": "pufa_bot"}
            return 200, {"ok": True, "result": me}
        if method in ("sendMessage", "sendDocument"):
            sent = self.accepted if method == "sendMessage" else self.documents
            sent.append(body)
            chat = {"id": int(body["chat_id"]), "type": "private"}
            message = {"message_id": len(sent), "date": 0, "chat": chat, "text": "x"}
            return 200, {"ok": True, "result": message}
        return 200, {"ok": True, "result": True}

    async def _updates(self, offset: int) -> list[Any]:
        self.updates = [u for u in self.updates if u["update_id"] >= offset]
        if not self.updates:
            self._news.clear()
            await self._news.wait()
        return list(self.updates)


class _Transport(PollingRequest):
    def __init__(self, server: FakeTelegram) -> None:
        super().__init__(httpx_kwargs={"verify": False})  # reading certificates takes long
        self._server = server

    async def do_request(
        self, url: str, method: str, request_data: RequestData | None = None, *_: Any, **__: Any
    ) -> tuple[int, bytes]:
        assert url.startswith("https://api.telegram.org/bot")
        body: dict[str, Any] = dict(request_data.json_parameters) if request_data else {}
        if request_data and request_data.multipart_data:
            body["file"] = next(iter(request_data.multipart_data.values()))
        status, answer = await self._server.call(url.rsplit("/", 1)[1], body)
        return status, answer if isinstance(answer, bytes) else json.dumps(answer).encode()


def settings(**changes: Any) -> Settings:
    return Settings(home=Path("unused"), telegram_token=TOKEN, **changes)


def message(
    update_id: int, text: str | None = "押金不退怎么办", *, person: int = 7, **fields: Any
) -> dict[str, Any]:
    """A private message as Telegram sends it; ``fields`` replace or add parts of the message."""
    body: dict[str, Any] = {
        "message_id": 100 + update_id,
        "date": int(NOW.timestamp()) - 5,
        "chat": {"id": person, "type": "private"},
        "from": {"id": person, "is_bot": False, "first_name": "张"},
    }
    if text is not None:
        body["text"] = text
    return {"update_id": update_id, "message": body | fields}


def press(update_id: int, data: str, *, person: int = 7) -> dict[str, Any]:
    """A pressed button."""
    return {
        "update_id": update_id,
        "callback_query": {
            "id": f"cb{update_id}",
            "from": {"id": person, "is_bot": False, "first_name": "张"},
            "chat_instance": "1",
            "data": data,
            "message": {
                "message_id": 5,
                "date": int(NOW.timestamp()),
                "chat": {"id": person, "type": "private"},
            },
        },
    }


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for something that other tasks or threads bring about."""
    async with asyncio.timeout(seconds):
        while not condition():  # noqa: ASYNC110 (threads and processes set no event)
            await asyncio.sleep(0.002)
