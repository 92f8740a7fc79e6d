"""Two encoders as one: questions through the tuned tower, articles through the untuned encoder.

The articles' vectors ship with the repository, so a serving process opens only the query tower;
the other is opened when a law has been imported and its articles must be encoded on the spot.
"""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable, Sequence

import numpy as np

from retrieval.model import tuned
from retrieval.vectors import Bytes, Encodes, Floats, dequantise, quantise


def towers_hash(base: str, weights: str) -> str:
    """Identity of base encoder and tuned weights together."""
    return hashlib.sha256(f"towers {tuned.CODE} {base} {weights}".encode()).hexdigest()


class Towers:
    """Query and passage encoders with one door. Safe to share between threads."""

    def __init__(self, query: Encodes, base_hash: str, passage: Callable[[], Encodes]) -> None:
        """Take the opened query tower, and a way to open the other when it is needed."""
        self._query, self._base_hash, self._open = query, base_hash, passage
        self._passage: Encodes | None = None
        self._lock = threading.Lock()
        self.hash = query.hash
        self.dimension = query.dimension

    def identity(self, kind: str) -> str:
        """Hash of what encodes a kind; for passages it does not change with the tuning."""
        return self.hash if kind == "query" else self._base_hash

    def prefixed(self, text: str, kind: str) -> str:
        """The text as the model reads it: both towers have the same prompts."""
        return self._query.prefixed(text, kind)

    def encode(self, texts: Sequence[str], kind: str) -> Floats:
        """Unit vectors, shape (len(texts), dimension).

        Raises:
            ModelError: the passage encoder cannot be opened.
        """
        if kind == "query":
            return self._query.encode(texts, kind)
        with self._lock:
            if self._passage is None:
                self._passage = self._open()
        return self._passage.encode(texts, kind)

    def placed(self, articles: Bytes) -> Bytes:
        """Articles' vectors moved by the matrix that was trained with the query tower.

        Raises:
            ArtefactError: the shipped weights cannot be used.
        """
        return quantise(place(dequantise(articles), tuned.load()[1]))


def place(articles: Floats, matrix: Floats) -> Floats:
    """``unit(a + M a)`` for each row."""
    moved = articles + articles @ matrix.T
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True), np.float32)
