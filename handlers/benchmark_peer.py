"""The Bot API of :mod:`handlers.benchmark_broadcast`, in a process of its own."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, Protocol

from errors import UsageError
from settings import ROOT

PEER = ROOT / "tests" / "peers" / "telegram_bulk.py"


class Counting(Protocol):
    """A Bot API beside, which counts what each resident was sent."""

    api: str

    def slow(self, seconds: float) -> None:
        """Answer so much later."""

    def count(self) -> int:
        """How many messages it has taken."""

    def received(self) -> Mapping[int, int]:
        """Of each chat, how many."""


class Peer:
    """The Bot API that ran beside; ``control`` asks and sets."""

    def __init__(self, port: int) -> None:
        self.api = f"http://127.0.0.1:{port}"
        self._open = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def control(self, what: str, body: Any = None) -> Any:
        """``faults``, ``updates``, ``count``, ``state``, ``reset``."""
        address = f"{self.api}/control/{what}"
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(address, data)  # noqa: S310 (loopback)
        with self._open.open(request, timeout=60) as answer:
            return json.load(answer)

    def slow(self, seconds: float) -> None:
        """See :class:`Counting`."""
        self.control("faults", {"delay": seconds})

    def count(self) -> int:
        """See :class:`Counting`."""
        return int(self.control("count"))

    def received(self) -> Mapping[int, int]:
        """See :class:`Counting`."""
        return {int(k): v for k, v in self.control("state")["received"].items()}


@contextmanager
def peer() -> Iterator[Peer]:
    """A fresh Bot API, in a process of its own.

    Raises:
        UsageError: the source tree with the peer is not there.
    """
    if not PEER.exists():
        raise UsageError(f"测量推送要用源码里的 {PEER.relative_to(ROOT)}，这里没有")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    process = subprocess.Popen([sys.executable, str(PEER), str(port)])  # noqa: S603
    try:
        found = Peer(port)
        wait(lambda: _answers(found), 60)
        yield found
    finally:
        process.kill()
        process.wait()


def _answers(found: Peer) -> bool:
    try:
        return found.count() == 0
    except OSError:
        return False


def wait(condition: Callable[[], bool], seconds: float, pause: float = 0.02) -> None:
    """Wait for what other processes bring about.

    Raises:
        UsageError: it took longer.
    """
    deadline = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > deadline:
            raise UsageError("测量没有在规定时间内完成：机器太忙，或推送停住了")
        time.sleep(pause)
