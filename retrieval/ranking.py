"""The learned combiner of all signals: features of a candidate → one score.

A small perceptron trained list by list (softmax cross-entropy over the candidates; Cao et al. 2007,
ListNet) by :mod:`retrieval.training`. A plain reciprocal rank fusion stands beside it as the
baseline to beat (Cormack et al. 2009).
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from retrieval.features import FEATURES
from retrieval.perceptron import Floats, Perceptron

WEIGHTS = Path(__file__).resolve().parent / "model" / "ranker.json"

_FUSED = ("bm25 expanded rank", "cosine article rank", "cosine best question rank")


def load_ranker(path: Path = WEIGHTS) -> Perceptron:
    """The shipped ranker.

    Raises:
        ArtefactError: its file is missing, damaged or made for other features.
    """
    return Perceptron.load(path, FEATURES)


def order(rows: npt.NDArray[np.int64], scores: Floats) -> npt.NDArray[np.int64]:
    """Positions best first. Scores that differ by less than rounding count as equal; then by row,
    so that the order does not depend on the machine's last bits."""
    return np.lexsort((rows, -np.round(scores, 4)))


def reciprocal_rank_fusion(features: Floats) -> Floats:
    """The baseline: sum of 1 / (9 + rank) over BM25, article and question cosines."""
    columns = [FEATURES.index(name) for name in _FUSED]
    return np.asarray(features[:, columns].sum(axis=1), np.float32)
