"""Starts the Bot APIs that pushes are tried against: ours, and one that somebody else wrote."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

import httpx

from settings import ROOT
from tests.handlers.telegram.peers import free_port, polling_peer, process


class BulkPeer:
    """The server of tests/peers/telegram_bulk.py: thousands of messages, and a push's faults."""

    def __init__(self, port: int) -> None:
        self.api = f"http://127.0.0.1:{port}"
        self._client = httpx.Client(base_url=self.api, trust_env=False, timeout=30)
        self._said = 0

    def close(self) -> None:
        self._client.close()

    def plant(self, **faults: Any) -> None:
        """Set what goes wrong; see the server's ``faults``."""
        self._post("faults", faults)

    def push_faults(self, **faults: Any) -> None:
        """The same, by the name that both peers have."""
        self.plant(**faults)

    def say(self, chat: int, text: str) -> None:
        """A resident's private message."""
        self._said += 1
        person = {"id": chat, "is_bot": False, "first_name": "张"}
        message = {
            "message_id": self._said,
            "date": int(time.time()),
            "text": text,
            "from": person,
            "chat": {"id": chat, "type": "private"},
        }
        self.update({"update_id": self._said, "message": message})

    def update(self, *updates: dict[str, Any]) -> None:
        """Let ``getUpdates`` return these."""
        self._post("updates", list(updates))

    def state(self) -> dict[str, Any]:
        """Everything it has received."""
        answer = self._client.get("/control/state").json()
        assert isinstance(answer, dict)
        return answer | {"received": {int(k): v for k, v in answer["received"].items()}}

    def count(self) -> int:
        """How many messages it has taken."""
        return int(self._client.get("/control/count").json())

    def texts(self) -> dict[int, list[str]]:
        return {int(k): v for k, v in self._client.get("/control/texts").json().items()}

    def _post(self, what: str, body: Any) -> None:
        self._client.post(f"/control/{what}", json=body).raise_for_status()


@contextmanager
def bulk_peer(folder: Path) -> Iterator[BulkPeer]:
    """A fresh one."""
    port = free_port()
    script = ROOT / "tests" / "peers" / "telegram_bulk.py"
    with process([sys.executable, script, str(port)], port, folder):
        peer = BulkPeer(port)
        try:
            yield peer
        finally:
            peer.close()


class PushPeer(Protocol):
    """What both Bot APIs that a push is tried against have."""

    api: str

    def push_faults(self, **faults: Any) -> None: ...
    def say(self, chat: int, text: str) -> None: ...
    def count(self) -> int: ...
    def state(self) -> dict[str, Any]: ...


@contextmanager
def push_peer(which: str, folder: Path, token: str) -> Iterator[PushPeer]:
    """``ours``, which is quick, or ``foreign``, which somebody else wrote."""
    if which == "ours":
        with bulk_peer(folder) as ours:
            yield ours
    else:
        with polling_peer(folder, token) as foreign:
            yield foreign
