"""A linear classifier on hashed n-grams and cues, evaluated with numpy alone.

Multinomial logistic regression (scikit-learn, at training time only): probabilities are the softmax
of ``ngrams · weights + cues · cue_weights + bias``. The weights lie in ``model.npz`` beside this
module: n-gram weights as int8 with one scale a label, the rest in fp32.
"""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from errors import ArtefactError
from handlers.triage.alarms import Alarm
from handlers.triage.cues import NAMES, cues
from handlers.triage.features import BUCKETS, Floats, ngrams

MODEL = Path(__file__).with_name("model.npz")
RETRAIN = "请重新训练：.venv/bin/python -m handlers.triage.train"
LABELS: tuple[str, ...] = ("none", *Alarm)


@dataclass(frozen=True, slots=True)
class Classifier:
    """Trained weights; ``data_hash`` says from which data and features."""

    weights: Floats  # (BUCKETS, labels)
    cue_weights: Floats  # (cues, labels)
    bias: Floats  # (labels,)
    data_hash: str

    @classmethod
    def load(cls, path: Path = MODEL) -> Classifier:
        """Read a model file.

        Raises:
            ArtefactError: it is missing, damaged, or made for other features.
        """
        try:
            with np.load(io.BytesIO(path.read_bytes()), allow_pickle=False) as stored:
                parts = {name: stored[name] for name in stored.files}
            meta: dict[str, Any] = json.loads(str(parts["meta"]))
            weights = parts["weights"].astype(np.float32) * parts["scale"].astype(np.float32)
            model = cls(weights, parts["cue_weights"], parts["bias"], str(meta["data"]))
        except (OSError, EOFError, ValueError, KeyError, zipfile.BadZipFile) as error:
            raise ArtefactError(f"分诊模型 {path.name} 读不了（{error}）。{RETRAIN}") from error
        count = len(LABELS)
        shapes = (model.weights.shape, model.cue_weights.shape, model.bias.shape)
        if shapes != ((BUCKETS, count), (len(NAMES), count), (count,)):
            raise ArtefactError(f"分诊模型 {path.name} 与代码不符。{RETRAIN}")
        return model

    def save(self, path: Path, meta: dict[str, Any]) -> None:
        """Write the weights, n-gram weights rounded to 255 steps a label."""
        scale = (np.abs(self.weights).max(axis=0) / 127.0).astype(np.float32)
        np.savez_compressed(
            path,
            weights=np.rint(self.weights / scale).astype(np.int8),
            scale=scale,
            cue_weights=self.cue_weights.astype(np.float32),
            bias=self.bias.astype(np.float32),
            meta=np.array(json.dumps({**meta, "data": self.data_hash}, ensure_ascii=False)),
        )

    def probabilities(self, text: str) -> Floats:
        """Probability of each of ``LABELS`` for a normalised text, shape (labels,)."""
        buckets, values = ngrams(text)
        scores = values @ self.weights[buckets] + cues(text) @ self.cue_weights + self.bias
        exponents = np.exp(scores - scores.max())
        return np.asarray(exponents / exponents.sum(), np.float32)


@lru_cache(maxsize=1)
def default() -> Classifier:
    """The model that the project ships, read once."""
    return Classifier.load()
