"""Two calibrated probabilities: that one of the first three articles answers the question, and
that the question is one for the law at all.

Both are absolute: they look at raw BM25, cosines and ranker scores, never at shares of the list's
own maximum alone, so that an input without an answer can be told. Trained by
:mod:`retrieval.training` on in-scope questions (short ones among them) against off-topic,
near-topic and nonsense inputs. They are two, because a hard question for the law and small talk
both have a low first probability, and deserve different replies.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from retrieval.features import FEATURES, SIGNALS, Ints
from retrieval.perceptron import Floats, Perceptron

_FOLDER = Path(__file__).resolve().parent / "model"
ANSWERS, SCOPE = _FOLDER / "confidence.json", _FOLDER / "scope.json"

# Chosen on lists that the query tower has not seen and a fifth of the off-topic inputs that no gate
# learnt from (docs/retrieval.md has the table). Turning away a person with a real question costs
# more than showing a doubtful article under a doubtful heading.
DECLINE_BELOW = 0.03  # confidence: nothing in the corpus seems to answer
SCOPE_BELOW = 0.5  # scope: not a question for the law
# On an older set by another writer the probability says less than it keeps (.46 said, .69 right in
# three), so only what is really doubtful is asked back.
ASK_BELOW = 0.15  # confidence: show what was found, and ask back

INPUTS = (
    "score",
    "score − second",
    "score − fourth",
    "score − twentieth",
    "share of first three",
    *(f"first: {name}" for name in FEATURES),
    *SIGNALS,
)

WIDTH = 384  # of the query tower's vectors
# What a message is about shows in its vector even where nothing resembles an article.
SCOPE_INPUTS = (*INPUTS, *(f"vector {i}" for i in range(WIDTH)))


@dataclass(frozen=True, slots=True)
class Gate:
    """Both models; inputs are those of :func:`inputs`."""

    answers: Perceptron
    scope: Perceptron

    def probabilities(self, row: Floats, vector: Floats) -> tuple[float, float]:
        """(one of the first three answers, the question is in scope)."""
        if len(vector) != WIDTH:  # another model's: the mean, which says nothing
            vector = self.scope.mean[-WIDTH:]
        scope = _sigmoid(self.scope, np.concatenate([row, vector]))
        return _sigmoid(self.answers, row), scope

    @classmethod
    def load(cls) -> Gate:
        """The shipped weights.

        Raises:
            ArtefactError: a file is missing, damaged or made for other inputs.
        """
        return cls(Perceptron.load(ANSWERS, INPUTS), Perceptron.load(SCOPE, SCOPE_INPUTS))


def inputs(features: Floats, scores: Floats, positions: Ints, signals: Floats) -> Floats:
    """What the confidence looks at, shape (len(INPUTS),).

    Args:
        features: the candidates' features.
        scores: the ranker's scores of the candidates.
        positions: candidates best first.
        signals: question-level numbers.
    """
    if not len(positions):
        return np.zeros(len(INPUTS), np.float32)
    ranked = scores[positions]
    powers = np.exp(ranked - ranked[0])

    def behind(place: int) -> float:
        return float(ranked[0] - ranked[min(place, len(ranked)) - 1])

    head = [ranked[0], behind(2), behind(4), behind(20), powers[:3].sum() / powers.sum()]
    return np.concatenate([head, features[positions[0]], signals]).astype(np.float32)


def _sigmoid(model: Perceptron, row: Floats) -> float:
    return float(1 / (1 + np.exp(-np.clip(model(row[None])[0], -30, 30))))
