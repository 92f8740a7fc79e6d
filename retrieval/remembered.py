"""Answers to what was asked a moment ago, without keeping who asked or what.

A campaign sends hundreds of residents to the same question; working it out once is enough. Keys are
a keyed hash of the normalised text (BLAKE2b, RFC 7693) with a secret that lives as long as the
process, so that a memory dump does not give questions back; values hold articles only.
"""

from __future__ import annotations

import secrets
import threading
from collections import OrderedDict
from datetime import date
from hashlib import blake2b
from typing import Generic, TypeVar

Value = TypeVar("Value")


class Remembered(Generic[Value]):
    """The last ``size`` values, the least lately used dropped first. Safe to share."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._secret = secrets.token_bytes(32)
        self._values: OrderedDict[bytes, Value] = OrderedDict()
        self._lock = threading.Lock()

    def key(self, text: str, k: int, today: date) -> bytes:
        """What stands for a question: nothing of it can be read back."""
        content = f"{k}\x1f{today.isoformat()}\x1f{text}".encode()
        return blake2b(content, key=self._secret, digest_size=16).digest()

    def get(self, key: bytes) -> Value | None:
        """The value, or None when it was not put or has been dropped."""
        with self._lock:
            value = self._values.get(key)
            if value is not None:
                self._values.move_to_end(key)
            return value

    def put(self, key: bytes, value: Value) -> None:
        """Remember a value."""
        with self._lock:
            self._values[key] = value
            self._values.move_to_end(key)
            while len(self._values) > self._size:
                self._values.popitem(last=False)

    def __len__(self) -> int:
        return len(self._values)
