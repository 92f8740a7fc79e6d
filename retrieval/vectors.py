"""A content-addressed store of precomputed vectors.

A vector's key is made of the model and the exact text that was encoded, so that a vector can never
be used for another text or model, and an edited article simply misses. Vectors are kept in int8,
each stretched to its own largest value; being unit vectors they need no scale to come back. A file
is one plain NumPy array of records, sorted by key, readable without pickle.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
import numpy.typing as npt

from errors import ArtefactError

KEY_BYTES = 16

Floats = npt.NDArray[np.float32]
Bytes = npt.NDArray[np.int8]
Progress = Callable[[str, float], None]  # what is being done, share done from 0 to 1


class Encodes(Protocol):
    """What the store needs of an encoder."""

    @property
    def hash(self) -> str:
        """Identity of all that turns texts into vectors: weights, tokenizers, pooling."""
        ...

    @property
    def dimension(self) -> int:
        """Length of a vector."""
        ...

    def identity(self, kind: str) -> str:
        """Identity of what encodes texts of one ``kind``, ``query`` or ``passage``: the hash
        itself where one model encodes both."""
        ...

    def prefixed(self, text: str, kind: str) -> str:
        """The text as the model reads it; ``kind`` is ``query`` or ``passage``."""
        ...

    def encode(self, texts: Sequence[str], kind: str) -> Floats:
        """Unit vectors, shape (len(texts), dimension)."""
        ...

    def placed(self, articles: Bytes) -> Bytes:
        """Passages' vectors, as stored, put where queries look for them, same shape."""
        ...


def key(model_hash: str, prefixed: str) -> bytes:
    """First 16 bytes of SHA-256 over the model's hash and the prefixed text."""
    return hashlib.sha256(f"{model_hash}\n{prefixed}".encode()).digest()[:KEY_BYTES]


def quantise(vectors: Floats) -> Bytes:
    """fp32 (n, d) → int8 (n, d): each row's largest magnitude becomes 127."""
    peak = np.abs(vectors).max(axis=1, keepdims=True, initial=0.0)
    return np.rint(vectors / np.where(peak > 0, peak, 1.0) * 127.0).astype(np.int8)


def dequantise(values: Bytes) -> Floats:
    """int8 rows → unit fp32 rows."""
    vectors = values.astype(np.float32)
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    result: Floats = np.divide(vectors, norms, out=vectors, where=norms > 0)
    return result


def _record(dimension: int) -> np.dtype[np.void]:
    return np.dtype([("key", "u1", (KEY_BYTES,)), ("vector", "i1", (dimension,))])


def save(path: Path, vectors: Mapping[bytes, Bytes], dimension: int) -> None:
    """Write a store; the file appears under its name only when it is complete."""
    keys = sorted(vectors)
    records = np.zeros(len(keys), _record(dimension))
    if keys:
        records["key"] = np.frombuffer(b"".join(keys), np.uint8).reshape(-1, KEY_BYTES)
        records["vector"] = np.stack([vectors[k] for k in keys])
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix=f".{path.name}-", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as stream:
            np.save(stream, records, allow_pickle=False)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def load(path: Path) -> tuple[dict[bytes, int], npt.NDArray[np.void]]:
    """A store: row by key, and the records (memory-mapped).

    Raises:
        ArtefactError: damaged, or not such a file.
    """
    try:
        records = np.load(path, mmap_mode="r", allow_pickle=False)
        if records.ndim != 1 or set(records.dtype.names or ()) != {"key", "vector"}:
            raise ValueError("not a vector store")
        raw = records["key"].tobytes()
    except (OSError, ValueError, EOFError) as error:
        raise ArtefactError(
            f"向量文件 {path} 已损坏（{error}）：请从仓库恢复，或运行"
            " python -m retrieval.model.encode"
        ) from error
    keys = {raw[i : i + KEY_BYTES]: i // KEY_BYTES for i in range(0, len(raw), KEY_BYTES)}
    return keys, records


def collect(
    encoder: Encodes,
    texts: Sequence[str],
    kind: str,
    stores: Iterable[Path],
    cache: Path | None = None,
    progress: Progress | None = None,
    batch: int = 32,
) -> Bytes:
    """The vectors of ``texts``: from the stores where they are, encoded on the spot otherwise.

    Args:
        encoder: gives the keys, and encodes what is missing.
        texts: without prefix.
        kind: ``query`` or ``passage``.
        stores: files to look into; those that are not there are passed over.
        cache: file that keeps what had to be encoded, and is looked into as well. One that cannot
            be read is made anew.
        progress: told of the encoding only.
        batch: texts encoded at once.

    Returns:
        int8 rows (n, d), in the order of ``texts``.
    """
    identity = encoder.identity(kind)
    keys = [key(identity, encoder.prefixed(text, kind)) for text in texts]
    values = np.zeros((len(texts), encoder.dimension), np.int8)
    found = np.zeros(len(texts), bool)
    cached: dict[bytes, Bytes] = {}
    for path in stores:
        if path.is_file():
            _fill(*load(path), keys, values, found)
    if cache is not None and cache.is_file():
        try:
            rows, records = load(cache)
        except ArtefactError:
            cache.unlink()
        else:
            _fill(rows, records, keys, values, found)
            kept = np.array(records["vector"])
            if kept.shape[1:] == (encoder.dimension,):
                cached = {k: kept[row] for k, row in rows.items()}
    missing: dict[bytes, list[int]] = {}
    for position in np.flatnonzero(~found).tolist():
        missing.setdefault(keys[position], []).append(position)
    # equal lengths together: padding is what batches waste
    order = sorted(missing, key=lambda k: (len(texts[missing[k][0]]), k))
    for start in range(0, len(order), batch):
        part = order[start : start + batch]
        encoded = encoder.encode([texts[missing[k][0]] for k in part], kind)
        for k, row in zip(part, quantise(encoded), strict=True):
            values[missing[k]] = cached[k] = row
        if progress:
            progress("计算向量", min(1.0, (start + batch) / len(order)))
    if order and cache is not None:
        save(cache, cached, encoder.dimension)
    return values


def _fill(
    rows: Mapping[bytes, int],
    records: npt.NDArray[np.void],
    keys: Sequence[bytes],
    values: Bytes,
    found: npt.NDArray[np.bool_],
) -> None:
    if records["vector"].shape[1:] != values.shape[1:]:
        return  # another model's dimension
    pairs = [(i, rows[k]) for i, k in enumerate(keys) if not found[i] and k in rows]
    if pairs:
        into, source = (list(side) for side in zip(*pairs, strict=True))
        values[into] = records["vector"][source]
        found[into] = True
