"""Nearest articles and nearest bank questions by inner product of unit vectors (FAISS).

26,000 articles are few: no index structure is needed. All rows are looked at in int8 (.4 ms where
fp32 takes 2.5, for the memory that has to be read), and the first few more than wanted are then
measured in fp32. Johnson et al. 2019, arXiv 1702.08734.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import faiss
import numpy as np
import numpy.typing as npt

from retrieval.vectors import Bytes, dequantise

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

LARGEST = 127.0  # of an int8
SPARE = 50  # rows measured beyond those wanted: rounding moves a row by a few places

faiss.omp_set_num_threads(1)  # one question, one core; batches run side by side


class DenseIndex:
    """Rows of unit vectors, kept in int8 on disk and in fp32 in memory."""

    def __init__(self, values: Bytes) -> None:
        """Take int8 rows (n, d), as :func:`retrieval.vectors.quantise` gives them."""
        self._values = values
        vectors = dequantise(values)
        self._index = faiss.IndexFlatIP(vectors.shape[1])
        self._index.add(vectors)
        # one scale for all rows, so that products compare; the query is rounded likewise
        self._scale = LARGEST / max(float(np.abs(vectors).max(initial=0.0)), 1e-6)
        self._coarse = faiss.IndexScalarQuantizer(
            vectors.shape[1],
            faiss.ScalarQuantizer.QT_8bit_direct_signed,
            faiss.METRIC_INNER_PRODUCT,
        )
        self._coarse.is_trained = True  # nothing is learnt: values are taken as they are
        if len(vectors):
            self._coarse.add(np.rint(vectors * self._scale))

    def __len__(self) -> int:
        return int(self._index.ntotal)

    def nearest(
        self, vector: Floats, k: int, allowed: npt.NDArray[np.uint8] | None = None
    ) -> tuple[Ints, Floats]:
        """The ``k`` nearest rows, best first, and their cosines.

        Args:
            vector: unit vector, shape (d,).
            k: at most so many are returned.
            allowed: packed bits (``np.packbits(…, bitorder="little")``) of the rows to look at.
        """
        parameters = None
        if allowed is not None:
            selector = faiss.IDSelectorBitmap(len(self), faiss.swig_ptr(allowed))
            parameters = faiss.SearchParameters(sel=selector)  # type: ignore[call-arg]
        rounded = np.rint(vector * (LARGEST / max(float(np.abs(vector).max()), 1e-6)))
        _, found = self._coarse.search(
            rounded.reshape(1, -1), min(k + SPARE, len(self)), params=parameters
        )
        rows = np.sort(found[0][found[0] >= 0])
        cosines = self.cosines(vector, rows)
        best = np.argsort(-cosines, kind="stable")[:k]
        return rows[best], cosines[best]

    def cosines(self, vector: Floats, rows: Sequence[int] | Ints) -> Floats:
        """Cosine of some rows to a unit vector (computed in place: gathering them takes longer)."""
        ids = np.ascontiguousarray(rows, np.int64)
        result = np.empty(len(ids), np.float32)
        faiss.fvec_inner_products_by_idx(  # type: ignore[attr-defined]
            faiss.swig_ptr(result),
            faiss.swig_ptr(np.ascontiguousarray(vector, np.float32)),
            self._index.get_xb(),
            faiss.swig_ptr(ids),
            self._index.d,
            1,
            len(ids),
        )
        return result

    def save(self, folder: Path, name: str) -> None:
        """Write ``name-vectors.npy`` (int8)."""
        np.save(folder / f"{name}-vectors.npy", self._values, allow_pickle=False)

    @classmethod
    def load(cls, folder: Path, name: str) -> DenseIndex:
        """Read what :meth:`save` wrote; the int8 rows stay memory-mapped."""
        values = np.load(folder / f"{name}-vectors.npy", mmap_mode="r", allow_pickle=False)
        return cls(values)
