"""A perceptron with one hidden layer and a linear path, whose weights are plain JSON numbers."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errors import ArtefactError

Floats = npt.NDArray[np.float32]

_ARRAYS = ("mean", "scale", "hidden", "hidden_bias", "output", "linear", "bias")


@dataclass(frozen=True, slots=True)
class Perceptron:
    """Weights; ``mean`` and ``scale`` standardise the inputs."""

    mean: Floats  # (inputs,)
    scale: Floats  # (inputs,)
    hidden: Floats  # (inputs, units)
    hidden_bias: Floats  # (units,)
    output: Floats  # (units,)
    linear: Floats  # (inputs,)
    bias: Floats  # ()

    def __call__(self, inputs: Floats) -> Floats:
        """Outputs (n,) for inputs (n, inputs)."""
        x = np.clip((inputs - self.mean) / self.scale, -6, 6)
        units = np.maximum(x @ self.hidden + self.hidden_bias, 0)
        return np.asarray(units @ self.output + x @ self.linear + self.bias, np.float32)

    @classmethod
    def load(cls, path: Path, inputs: Sequence[str]) -> Perceptron:
        """Read weights that were trained on the named inputs.

        Raises:
            ArtefactError: the file is missing, damaged or made for other inputs.
        """
        try:
            content = json.loads(path.read_text("utf-8"))
            if content["inputs"] != list(inputs):
                raise ValueError("输入特征不同")
            loaded = cls(*(np.array(content[name], np.float32) for name in _ARRAYS))
            if loaded.hidden.shape[0] != len(inputs) or not all(
                np.isfinite(getattr(loaded, name)).all() for name in _ARRAYS
            ):
                raise ValueError("数值不完整")
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise ArtefactError(f"权重文件 {path} 不能用（{error}）：请从仓库恢复该文件") from error
        return loaded

    def save(self, path: Path, inputs: Sequence[str], about: str) -> None:
        """Write the weights with a line on what they were trained on."""
        content = {
            "about": about,
            "inputs": list(inputs),
            **{
                name: np.round(np.asarray(getattr(self, name), float), 6).tolist()
                for name in _ARRAYS
            },
        }
        path.write_text(json.dumps(content, ensure_ascii=False, indent=0) + "\n", "utf-8")
