"""How much a clause has of what residents ask the law about: log odds of its character bigrams.

Naive Bayes of the question bank against chat (the training half of the off-topic messages); a
bigram's weight is ln(share among bank questions / share in chat). Used to choose which clauses of a
long story are searched, so it has to be quick and need not be right each time. Trained by
:mod:`retrieval.training.matter`.
"""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterable, Mapping
from functools import lru_cache
from math import log
from pathlib import Path

import numpy as np

from errors import ArtefactError
from retrieval.text import bigrams, normalise

WEIGHTS = Path(__file__).with_name("matter.npz")
SMOOTHING = 0.05  # of the counts; chosen by how much of a question a digest of a story keeps
SEEN = 4  # times that a bigram must be seen to have a weight
STEP = 16.0  # weights are kept as int8 in sixteenths


class Matter:
    """Weights of bigrams; unknown ones weigh nothing."""

    def __init__(self, weights: Mapping[str, float]) -> None:
        self._weights = weights

    def __call__(self, clause: str) -> float:
        """The log odds of a clause, not below 0."""
        known = self._weights
        return max(0.0, sum(known.get(pair, 0.0) for pair in sorted(bigrams(clause))))

    @classmethod
    def trained(cls, questions: Iterable[str], chat: Iterable[str]) -> Matter:
        """Count both and weigh."""
        law = Counter(pair for text in questions for pair in bigrams(normalise(text)))
        idle = Counter(pair for text in chat for pair in bigrams(normalise(text)))
        share = idle.total() / max(1, law.total())
        return cls(
            {
                pair: log((law[pair] * share + SMOOTHING) / (idle[pair] + SMOOTHING))
                for pair in sorted(law.keys() | idle.keys())
                if law[pair] + idle[pair] >= SEEN
            }
        )

    def save(self, path: Path = WEIGHTS) -> None:
        """Write bigrams and weights; what is near zero is left out."""
        kept = {p: round(w * STEP) for p, w in self._weights.items() if abs(w) * STEP >= 2}
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            parts = {
                "pairs": np.array("\n".join(kept)),
                "weights": np.clip(list(kept.values()), -127, 127).astype(np.int8),
            }
            for name, part in parts.items():
                stream = io.BytesIO()
                np.save(stream, part, allow_pickle=False)
                # a fixed time: the same weights are the same file
                archive.writestr(zipfile.ZipInfo(f"{name}.npy"), stream.getvalue(), 8)

    @classmethod
    def load(cls, path: Path = WEIGHTS) -> Matter:
        """Read what :meth:`save` wrote.

        Raises:
            ArtefactError: missing or damaged.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                pairs = str(stored["pairs"]).split("\n")
                weights = (stored["weights"] / STEP).tolist()
            if len(pairs) != len(weights):
                raise ValueError("长度不同")
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ArtefactError(
                f"{path.name} 读不了（{error}）：请从仓库恢复，或运行"
                " python -m retrieval.training.matter"
            ) from error
        return cls(dict(zip(pairs, weights, strict=True)))


@lru_cache(maxsize=1)
def default() -> Matter:
    """The weights that the project ships, read once."""
    return Matter.load()
