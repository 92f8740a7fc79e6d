"""How often residents' questions end at a law and at an article: what is known before any is asked.

The question bank covers laws evenly, article by article; people don't ask evenly. Without a prior a
ranker takes the shared-bike deposit to maritime law. Counts come from questions that were written
from situations rather than from articles, and from the benchmark's training part
(:mod:`retrieval.training`); only numbers stay.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errors import ArtefactError
from knowledge.articles import Article

WEIGHTS = Path(__file__).resolve().parent / "model" / "prior.json"
SMOOTHING = 1.0  # added to each law's count
COLUMNS = ("log share of the law", "log count of the article")

Floats = npt.NDArray[np.float32]


class Prior:
    """Counts of questions by article, and by law as their sum."""

    def __init__(self, articles: Mapping[tuple[str, str], float]) -> None:
        self._articles = dict(articles)
        self._laws: dict[str, float] = {}
        for (law, _), count in self._articles.items():
            self._laws[law] = self._laws.get(law, 0.0) + count

    @classmethod
    def counted(cls, questions: Iterable[Sequence[tuple[str, str]]]) -> Prior:
        """From the (law short name, article number) pairs of each question; a question counts 1,
        shared among its articles."""
        counts: dict[tuple[str, str], float] = {}
        for targets in questions:
            for target in targets:
                counts[target] = counts.get(target, 0.0) + 1 / len(targets)
        return cls(counts)

    def of(self, articles: Sequence[Article]) -> Floats:
        """:data:`COLUMNS` of each article, shape (articles, 2)."""
        total = sum(self._laws.values()) + SMOOTHING * max(1, len(self._laws))
        laws = {
            law: math.log((self._laws.get(law, 0.0) + SMOOTHING) / total)
            for law in {article.version.short for article in articles}
        }
        return np.array(
            [
                (
                    laws[article.version.short],
                    math.log1p(self._articles.get((article.version.short, article.number), 0.0)),
                )
                for article in articles
            ],
            np.float32,
        ).reshape(-1, len(COLUMNS))

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Prior:
        """The shipped counts.

        Raises:
            ArtefactError: the file is missing or damaged.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            counts = {
                (law, number): float(count)
                for law, numbers in content["articles"].items()
                for number, count in numbers.items()
            }
            if not all(math.isfinite(count) and count >= 0 for count in counts.values()):
                raise ValueError("数值不完整")
        except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
            raise ArtefactError(f"权重文件 {path} 不能用（{error}）：请从仓库恢复该文件") from error
        return cls(counts)

    def save(self, path: Path, about: str) -> None:
        """Write the counts, rounded, with a line on what was counted."""
        laws: dict[str, dict[str, float]] = {}
        for (law, number), count in sorted(self._articles.items()):
            laws.setdefault(law, {})[number] = round(count, 2)
        content = {"about": about, "articles": laws}
        path.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", "utf-8")
