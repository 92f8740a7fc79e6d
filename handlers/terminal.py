"""The conversation in a terminal: one question, a batch, or a chat. No event is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import count
from pathlib import Path
from time import perf_counter
from typing import Any, TextIO

from errors import DataError, UsageError
from handlers.conversation import Conversation
from handlers.messages import Channel, Incoming, Reply
from settings import Clock

BATCH = 64  # questions searched together


def question(
    text: str,
    clock: Clock,
    action: str | None = None,
    resident: str = "",
    key: str = "terminal",
) -> Incoming:
    """A question typed here; the key is never stored, so it matters within one chat only.

    Without a resident it stands alone: what was asked before does not count.
    """
    return Incoming(key, Channel.TERMINAL, resident, text, clock.now(), action)


def ask(conversation: Conversation, clock: Clock, text: str, top_k: int) -> dict[str, Any]:
    """The contract's answer object for one question."""
    started = perf_counter()
    reply = conversation.respond(question(text, clock), top_k)
    return reply.to_json((perf_counter() - started) * 1000)


def read_batch(path: Path) -> list[tuple[Any, str]]:
    """(id, question) of each line of a JSONL file.

    Raises:
        UsageError: the file cannot be read.
        DataError: a line is not an object with ``id`` and a text ``q``.
    """
    try:
        lines = path.read_text(encoding="utf-8-sig").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise UsageError(f"读不了 {path}：{error}") from error
    rows = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                path, number, f"不是 JSON（{error.msg}）", '每行写成 {"id": …, "q": "…"}'
            ) from error
        if not isinstance(row, dict) or "id" not in row or not isinstance(row.get("q"), str):
            raise DataError(path, number, "缺少 id 或 q", '每行写成 {"id": …, "q": "…"}')
        rows.append((row["id"], row["q"]))
    return rows


def answer_batch(
    conversation: Conversation,
    clock: Clock,
    rows: Iterable[tuple[Any, str]],
    top_k: int,
    progress: Callable[[int], None],
) -> Iterator[dict[str, Any]]:
    """The contract's objects, in order, each with its ``id``; searched in groups."""
    rows = list(rows)
    for start in range(0, len(rows), BATCH):
        part = rows[start : start + BATCH]
        began = perf_counter()
        replies = conversation.respond_batch([question(q, clock) for _, q in part], top_k)
        each = (perf_counter() - began) * 1000 / len(part)
        for (key, _), reply in zip(part, replies, strict=True):
            yield {"id": key, **reply.to_json(each)}
        progress(len(part))


def chat(conversation: Conversation, clock: Clock, source: TextIO, sink: TextIO) -> None:
    """Questions line by line until the input ends or says 再见; a number presses a button."""
    lines = count(1)

    def typed(text: str, action: str | None = None) -> Incoming:
        return question(text, clock, action, resident="terminal", key=f"terminal:{next(lines)}")

    def show(text: str, end: str = "\n") -> None:
        sink.write(text + end)
        sink.flush()

    reply: Reply = conversation.respond(typed("/start"))
    show(reply.text)
    while True:
        show("\n> ", end="")
        line = source.readline()
        if not line or line.strip() in ("再见", "退出", "exit", "quit"):
            show("再见。")
            return
        buttons = [button for row in reply.buttons for button in row]
        choice = line.strip()
        if choice.isdecimal() and 0 < int(choice) <= len(buttons):
            pressed = buttons[int(choice) - 1]
            reply = conversation.respond(typed("", pressed.action))
        else:
            reply = conversation.respond(typed(line))
        show(reply.text)
        for number, button in enumerate((b for row in reply.buttons for b in row), 1):
            show(f"  [{number}] {button.label}")
