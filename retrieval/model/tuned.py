"""The weights that this project trained, as the repository ships them, and how they come back.

``query-tower.safetensors`` holds the upper layers of the query tower in int8 (a scale for each
row) and the articles' matrix in half precision; see :mod:`retrieval.training.tower` for what they
are and ``README.md`` beside this file for how they were made. The lower layers, the vocabulary
and the untuned encoder that reads articles come from the bundled package
(:mod:`retrieval.model.convert`).
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errors import ArtefactError
from retrieval.artefacts import replace_folder

WEIGHTS = Path(__file__).resolve().parent / "query-tower.safetensors"
CODE = 1  # raise when the made folder changes for the same weights

_MATRIX = "articles"
_SCALE = ".scale"

Floats = npt.NDArray[np.float32]


def weights_hash(path: Path = WEIGHTS) -> str:
    """SHA-256 of the shipped file.

    Raises:
        ArtefactError: it is missing.
    """
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError as error:
        raise ArtefactError(f"缺少权重文件 {path}：请从仓库恢复") from error


def save(path: Path, layers: Mapping[str, Floats], matrix: Floats, about: str) -> None:
    """Write the shipped form.

    Args:
        path: replaced when complete.
        layers: fp32 tensors under BertModel's names (``encoder.layer.6.…``).
        matrix: the articles' move, shape (width, width).
        about: data and recipe in a line, kept in the file.
    """
    from safetensors.numpy import save_file

    tensors: dict[str, npt.NDArray[np.generic]] = {_MATRIX: matrix.astype(np.float16)}
    for name, values in layers.items():
        if values.ndim == 2:
            scale = np.abs(values).max(axis=1, keepdims=True) / 127
            scale = np.where(scale > 0, scale, 1).astype(np.float32)
            tensors[name] = np.rint(values / scale).astype(np.int8)
            tensors[name + _SCALE] = scale
        else:
            tensors[name] = values.astype(np.float32)
    scratch = path.with_suffix(".part")
    save_file(tensors, scratch, {"about": about})
    scratch.replace(path)


def load(path: Path = WEIGHTS) -> tuple[dict[str, Floats], Floats]:
    """Layers in fp32 and the articles' matrix.

    Raises:
        ArtefactError: the file is missing, truncated or of another kind.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        tensors = load_file(path)
        matrix = tensors.pop(_MATRIX).astype(np.float32)
        layers = {
            name: values.astype(np.float32) * tensors[name + _SCALE]
            if values.dtype == np.int8
            else values
            for name, values in tensors.items()
            if not name.endswith(_SCALE)
        }
    except (OSError, SafetensorError, KeyError) as error:
        raise ArtefactError(f"权重文件 {path} 不能用（{error}）：请从仓库恢复该文件") from error
    return layers, matrix


def make(base: Path, target: Path, made_from: str, path: Path = WEIGHTS) -> None:
    """Write the query tower as a SentenceTransformer folder: the base with its layers replaced.

    Args:
        base: the converted encoder's folder.
        target: appears under its name only when complete.
        made_from: identity of base and weights, for the folder's seal.
        path: the shipped weights.

    Raises:
        ArtefactError: the weights cannot be used or do not belong to this base.
    """
    from safetensors.numpy import load_file, save_file

    layers, _ = load(path)

    def fill(scratch: Path) -> None:
        shutil.copytree(base, scratch, dirs_exist_ok=True)
        tensors = load_file(base / "model.safetensors")
        for name, values in layers.items():
            if name not in tensors or tensors[name].shape != values.shape:
                raise ArtefactError(f"权重文件 {path} 与模型不配（{name}）：请从仓库恢复该文件")
            tensors[name] = values
        save_file(tensors, scratch / "model.safetensors", {"format": "pt"})

    replace_folder(target, made_from, fill)
