"""A Bot API that takes thousands of messages a second, with the faults of a large push.

It runs in a process of its own (``python telegram_bulk.py PORT``), knows nothing of the bot and
answers with the JSON of core.telegram.org/bots/api. What it received is asked for, and faults are
set, under ``/control``. Plain asyncio: a web framework would be slower than the bot it measures.
"""

from __future__ import annotations

import asyncio
import json
import math
import sys
import time
from collections import Counter, deque
from typing import Any
from urllib.parse import parse_qs

ME = {"id": 777000111, "is_bot": True, "first_name": "普法", "username": "pufa_peer_bot"}


class Platform:
    """The messages, the updates and the faults."""

    def __init__(self) -> None:
        self.faults: dict[str, Any] = {}
        self.reset()

    def reset(self) -> None:
        """Forget everything received."""
        self.received: Counter[int] = Counter()  # messages that a chat shows
        self.requests: Counter[str] = Counter()
        self.asked: list[float] = []  # of all messages, refused ones too
        self.times: list[float] = []  # of accepted messages
        self.texts: dict[int, list[str]] = {}
        self.shown: dict[tuple[int, int], str] = {}
        self.unanswered: list[int] = []
        self.order: list[tuple[int, str, float]] = []  # (chat, first words, when), accepted
        self.last = 0
        self.window: deque[float] = deque()
        self.flooded_until = 0.0
        self.floods = 0
        self.updates: list[dict[str, Any]] = []
        self.news = asyncio.Event()

    async def call(self, method: str, fields: dict[str, str]) -> tuple[int, Any] | None:
        """A request's status and answer; None where the connection is left without an answer."""
        self.requests[method] += 1
        if method in ("sendMessage", "sendPhoto"):
            answer = self._send(fields, "caption" if method == "sendPhoto" else "text")
            if delay := self.faults.get("delay", 0):  # the message is taken, the answer is slow
                await asyncio.sleep(delay)
            return answer
        if method in ("deleteMessage", "editMessageText", "editMessageCaption"):
            return self._change(method, fields)
        if method == "getMe":
            return _ok(ME)
        if method == "getUpdates":
            return _ok(await self._updates(fields))
        return _ok(True)

    def _send(self, fields: dict[str, str], where: str) -> tuple[int, Any] | None:
        chat, faults, now = int(fields["chat_id"]), self.faults, time.monotonic()
        self.asked.append(now)
        if (refusal := self._flood(now)) is not None:
            return refusal
        if chat in faults.get("blocked", ()):
            return _refuse(403, "Forbidden: bot was blocked by the user")
        if chat in faults.get("missing", ()):
            return _refuse(400, "Bad Request: chat not found")
        if chat in faults.get("broken", ()):
            return _refuse(400, "Bad Request: can't parse entities")
        if chat in faults.get("lost", ()):  # neither taken nor answered
            self.unanswered.append(chat)
            return None
        self.last += 1
        text = fields.get(where, "")
        self.received[chat] += 1
        self.times.append(now)
        self.order.append((chat, text[:40], now))
        self.texts.setdefault(chat, []).append(text)
        self.shown[chat, self.last] = text
        if chat in faults.get("silent", ()):  # taken, but the answer never comes
            self.unanswered.append(chat)
            return None
        message: dict[str, Any] = {
            "message_id": self.last,
            "date": int(time.time()),
            "from": ME,
            "chat": {"id": chat, "type": "private", "first_name": "张"},
        }
        if where == "caption":
            photo = {"file_id": "photo-1", "file_unique_id": "p1", "width": 1, "height": 1}
            return _ok(message | {"caption": text, "photo": [photo]})
        return _ok(message | {"text": text})

    def _flood(self, now: float) -> tuple[int, Any] | None:
        """429 above a rate, and in bursts after every so many messages."""
        every, burst = self.faults.get("flood_every", 0), self.faults.get("flood_seconds", 1)
        if every and len(self.times) >= every * (self.floods + 1):
            self.floods += 1
            self.flooded_until = now + burst
        limit = self.faults.get("limit", 0)
        if limit:
            while self.window and self.window[0] <= now - 1:
                self.window.popleft()
            if len(self.window) >= limit:
                self.flooded_until = max(self.flooded_until, now + 1)
            else:
                self.window.append(now)
        if now >= self.flooded_until:
            return None
        self.requests["429"] += 1
        wait = math.ceil(self.flooded_until - now)
        return 429, {
            "ok": False,
            "error_code": 429,
            "description": f"Too Many Requests: retry after {wait}",
            "parameters": {"retry_after": wait},
        }

    def _change(self, method: str, fields: dict[str, str]) -> tuple[int, Any]:
        key = int(fields["chat_id"]), int(fields["message_id"])
        if key not in self.shown:
            return _refuse(400, "Bad Request: message to delete not found")
        if method == "deleteMessage":
            if key[0] in self.faults.get("undeletable", ()):
                return _refuse(400, "Bad Request: message can't be deleted")
            del self.shown[key]
        else:
            self.shown[key] = fields.get("text") or fields.get("caption") or ""
        return _ok(True)

    async def _updates(self, fields: dict[str, str]) -> list[dict[str, Any]]:
        offset, wait = int(fields.get("offset", 0)), float(fields.get("timeout", 0))
        self.updates = [each for each in self.updates if each["update_id"] >= offset]
        if not self.updates and wait:
            self.news.clear()
            try:
                await asyncio.wait_for(self.news.wait(), wait)
            except TimeoutError:
                return []
        return self.updates[:100]

    def control(self, what: str, body: Any) -> Any:
        """What tests ask and set."""
        match what:
            case "faults":
                self.faults = {
                    key: frozenset(value) if isinstance(value, list) else value
                    for key, value in body.items()
                }
            case "reset":
                self.reset()
            case "updates":
                self.updates += body
                self.news.set()
            case "state":
                return {
                    "received": dict(self.received),
                    "requests": dict(self.requests),
                    "floods": self.floods,
                    "asked": self.asked,
                    "times": self.times,
                    "unanswered": self.unanswered,
                    "order": self.order,
                    "shown": [[chat, number, text] for (chat, number), text in self.shown.items()],
                }
            case "texts":
                return self.texts
            case "count":
                return sum(self.received.values())
            case "cpu":
                return time.process_time()
        return True


def _ok(result: Any) -> tuple[int, Any]:
    return 200, {"ok": True, "result": result}


def _refuse(status: int, description: str) -> tuple[int, Any]:
    return status, {"ok": False, "error_code": status, "description": description}


async def _serve(platform: Platform, reader: Any, writer: Any) -> None:
    try:
        while True:
            head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
            line, *headers = head.split("\r\n")
            path = line.split(" ")[1]
            values = dict(h.lower().split(": ", 1) for h in headers if ": " in h)
            body = await reader.readexactly(int(values.get("content-length", 0)))
            answer = await _answer(platform, path, values.get("content-type", ""), body)
            if answer is None:
                await asyncio.sleep(3600)
                return
            status, content = answer
            data = json.dumps(content).encode()
            writer.write(
                b"HTTP/1.1 %d X\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"
                % (status, len(data))
                + data
            )
            await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def _answer(platform: Platform, path: str, kind: str, body: bytes) -> tuple[int, Any] | None:
    parts = path.strip("/").split("/")
    if parts[0] == "control":
        return 200, platform.control(parts[1], json.loads(body) if body else None)
    return await platform.call(parts[1], _fields(kind, body))


def _fields(kind: str, body: bytes) -> dict[str, str]:
    if kind.startswith("multipart/form-data"):
        fields: dict[str, str] = {}
        boundary = b"--" + kind.split("boundary=")[1].encode()
        for part in body.split(boundary)[1:-1]:
            head, _, value = part.partition(b"\r\n\r\n")
            name = head.split(b'name="')[1].split(b'"')[0].decode()
            if b"filename=" not in head:
                fields[name] = value.removesuffix(b"\r\n").decode()
        return fields
    if kind.startswith("application/json"):
        return {key: str(value) for key, value in json.loads(body).items()}
    return {key: values[0] for key, values in parse_qs(body.decode()).items()}


async def main(port: int) -> None:
    """Serve on loopback until killed."""
    platform = Platform()
    server = await asyncio.start_server(
        lambda reader, writer: _serve(platform, reader, writer), "127.0.0.1", port, limit=1 << 20
    )
    async with server:
        await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(main(int(sys.argv[1])))
