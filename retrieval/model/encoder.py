"""The embedding model: where it is, loading it through sentence-transformers, running it.

The bundled encoder is converted once into ``settings.model_dir``; the query tower, the same with
the layers that this project trained (:mod:`retrieval.model.tuned`), is put beside it.
``PUFA_MODEL`` names any other SentenceTransformer folder or hub model to be used for both instead.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import logging
import subprocess
import sys
import threading
import warnings
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from errors import ModelError
from retrieval.artefacts import sealed
from retrieval.model import tuned
from retrieval.model.convert import CODE, convert
from retrieval.model.onnx import OnnxEncoder, export, is_exported
from retrieval.model.towers import Towers, towers_hash
from retrieval.vectors import Bytes, Encodes, Floats
from settings import ROOT, Settings

log = logging.getLogger(__name__)

_HASHED = {".json", ".safetensors", ".bin", ".txt", ".model"}

BUNDLED = "multilingual-e5-small"
QUERY_TOWER = "pufa-query-tower"
SEAL = "converted.sha256"  # the hash of the files as they were written, and by which code


class SentenceEncoder:
    """A sentence-transformers model: texts → unit vectors. Safe to share between threads."""

    def __init__(self, model: Any, model_hash: str) -> None:
        self._model = model
        self._prompts: dict[str, str] = prompts_of(model)
        self._lock = threading.Lock()
        self.hash = model_hash
        self.dimension = int(model.get_embedding_dimension())

    def identity(self, kind: str) -> str:
        """The model's hash: one model encodes both kinds."""
        del kind
        return self.hash

    def placed(self, articles: Bytes) -> Bytes:
        """The same: one model encodes both kinds."""
        return articles

    def prefixed(self, text: str, kind: str) -> str:
        """The text as the model reads it, with the prompt of ``query`` or ``passage``."""
        return self._prompts[kind] + text

    def encode(self, texts: Sequence[str], kind: str) -> Floats:
        """Unit vectors, shape (len(texts), dimension)."""
        prefixed = [self.prefixed(text, kind) for text in texts]
        with self._lock:  # one forward pass at a time: two would fight for the same cores
            vectors = self._model.encode(
                prefixed,
                prompt="",
                batch_size=max(1, len(prefixed)),
                show_progress_bar=False,
                normalize_embeddings=True,
                convert_to_numpy=True,
            )
        return np.asarray(vectors, np.float32)


def prompts_of(model: Any) -> dict[str, str]:
    """The model's own prompts for ``query`` and ``passage``; empty where it has none."""
    given: dict[str, str] = dict(model.prompts or {})
    return {
        "query": given.get("query") or "",
        "passage": given.get("passage") or given.get("document") or "",
    }


def locate(settings: Settings) -> tuple[Path, str]:
    """Folder and hash of the model in use.

    The bundled model is converted where it is not there yet, and again where its files are no
    longer those that the conversion wrote.

    Raises:
        ModelError: it cannot be made or fetched.
    """
    if settings.model is None:
        return _bundled(settings.model_dir / BUNDLED)
    folder = Path(settings.model).expanduser()
    if not folder.is_dir():
        from huggingface_hub import snapshot_download

        try:
            folder = Path(snapshot_download(settings.model))
        except Exception as error:  # the hub client raises many kinds, and so does its transport
            raise ModelError(
                f"PUFA_MODEL={settings.model} 既不是模型文件夹，也无法下载：请改用本地文件夹"
            ) from error
    return folder, folder_hash(folder)


def _bundled(folder: Path) -> tuple[Path, str]:
    seal = folder / SEAL
    with contextlib.suppress(OSError, ModelError):
        found = folder_hash(folder)
        if seal.read_text("utf-8") == f"{CODE} {found}":
            return folder, found
    convert(folder)
    found = folder_hash(folder)
    try:
        seal.write_text(f"{CODE} {found}", "utf-8")
    except OSError as error:
        raise ModelError(f"无法写入模型文件夹 {folder}：{error}") from error
    return folder, found


def folder_hash(folder: Path) -> str:
    """SHA-256 over names and contents of a model folder's files.

    Raises:
        ModelError: nothing there that could be a model.
    """
    digest = hashlib.sha256()
    files = sorted(path for path in folder.rglob("*") if path.suffix in _HASHED and path.is_file())
    if not any(path.name == "modules.json" for path in files):
        raise ModelError(f"{folder} 不是 SentenceTransformer 模型文件夹（缺 modules.json）")
    for path in files:
        digest.update(f"{path.relative_to(folder).as_posix()}\n{path.stat().st_size}\n".encode())
        with path.open("rb") as stream:
            while chunk := stream.read(1 << 20):
                digest.update(chunk)
    return digest.hexdigest()


def query_tower(settings: Settings) -> tuple[Path, str]:
    """Folder and hash of the query tower, made where it is not there whole.

    Raises:
        ModelError, ArtefactError: the bundled encoder or the shipped weights cannot be used.
    """
    base, base_hash = _bundled(settings.model_dir / BUNDLED)
    found = towers_hash(base_hash, tuned.weights_hash())
    folder = settings.model_dir / QUERY_TOWER
    if not sealed(folder, found):
        tuned.make(base, folder, found)
    return folder, found


def open_encoder(settings: Settings, threads: int = 1) -> Encodes:
    """The encoder in use, ready to run: exported to ONNX where that works.

    Args:
        settings: ``model``, and where converted and exported models are kept.
        threads: cores that one call uses.

    Raises:
        ModelError: the model cannot be loaded.
        ArtefactError: the shipped weights of the query tower are missing or damaged.
    """
    if settings.model is not None:
        return _open(settings, "model", threads)
    query = _open(settings, "query", threads)
    _, base_hash = _bundled(settings.model_dir / BUNDLED)
    return Towers(query, base_hash, lambda: _open(settings, "passage", threads))


def open_base(settings: Settings, threads: int = 1) -> Encodes:
    """The untuned encoder alone, which training starts from.

    Raises:
        ModelError: the model cannot be loaded.
    """
    return _open(settings, "model" if settings.model else "passage", threads)


def _open(settings: Settings, part: str, threads: int) -> Encodes:
    ready = _ready(settings, part)
    if ready is None:
        refused = _prepare_aside(settings, part)
        ready = _ready(settings, part)
        if ready is None:  # an architecture that the exporter does not know still works
            log.warning("%s；改用 sentence-transformers 直接运行", refused)
            folder, model_hash = _part(settings, part)
            return SentenceEncoder(load_model(folder, threads), model_hash)
    return OnnxEncoder(ready, threads)


def _part(settings: Settings, part: str) -> tuple[Path, str]:
    return query_tower(settings) if part == "query" else locate(settings)


def prepare(settings: Settings, part: str) -> str | None:
    """Convert and export a model where that is not done; why it cannot be exported, if so.

    Args:
        settings: which model, and where it is kept.
        part: ``query`` (the tuned tower, in int8), ``passage`` (the bundled encoder) or ``model``
            (the one that ``settings.model`` names).

    Raises:
        ModelError, ArtefactError: the model cannot be loaded at all.
    """
    folder, model_hash = _part(settings, part)
    model = load_model(folder)
    int8 = part == "query"
    try:
        with quiet():
            export(model, model_hash, prompts_of(model), _exported(settings, model_hash), int8)
    except ModelError as error:
        return str(error)
    return None


def _prepare_aside(settings: Settings, part: str) -> str:
    """:func:`prepare` in a process of its own (see :mod:`retrieval.model.prepare`)."""
    command = [sys.executable, "-m", "retrieval.model.prepare", part, str(settings.home)]
    if settings.model is not None:
        folder = Path(settings.model).expanduser()
        command.append(str(folder.resolve()) if folder.is_dir() else settings.model)
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)  # noqa: S603
    try:
        report: dict[str, str] = json.loads(run.stdout)
    except ValueError as error:
        last = (run.stderr.strip().splitlines() or ["没有输出"])[-1]
        raise ModelError(f"模型准备中断（退出码 {run.returncode}）：{last}") from error
    if "error" in report:
        raise ModelError(report["error"])
    return report.get("refused", "")


def _ready(settings: Settings, part: str) -> Path | None:
    """The exported folder, if it is there for the model in use."""
    if settings.model is None and not (settings.model_dir / BUNDLED).is_dir():
        return None  # not converted yet
    _, model_hash = _part(settings, part)
    folder = _exported(settings, model_hash)
    return folder if is_exported(folder, model_hash, part == "query") else None


def _exported(settings: Settings, model_hash: str) -> Path:
    return settings.model_dir / f"onnx-{model_hash[:16]}"


def load_model(folder: Path, threads: int = 1) -> Any:
    """Load a SentenceTransformer folder on the CPU, without touching the network.

    Raises:
        ModelError: the folder is incomplete or of an unknown kind.
    """
    try:
        import torch

        with quiet():
            from sentence_transformers import SentenceTransformer

            torch.set_num_threads(threads)
            return SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    except (OSError, ValueError, KeyError, RuntimeError, ImportError) as error:
        raise ModelError(f"模型 {folder} 无法加载（{error}）：请删除该文件夹后重试") from error


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Importing, loading and exporting talk (progress bars, missing pooler weights); the
    resident's terminal is not the place for it."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from transformers.utils import logging as chatter

        verbosity = chatter.get_verbosity()
        chatter.set_verbosity_error()
        chatter.disable_progress_bar()
        try:
            yield
        finally:
            chatter.set_verbosity(verbosity)
