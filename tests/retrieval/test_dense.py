from pathlib import Path

import numpy as np
import pytest

from retrieval.dense import DenseIndex
from retrieval.vectors import dequantise, quantise


@pytest.fixture
def vectors() -> np.ndarray:
    rng = np.random.default_rng(3)
    return rng.normal(size=(50, 32)).astype(np.float32)


def test_nearest_is_what_brute_force_finds(vectors: np.ndarray) -> None:
    index, unit = DenseIndex(quantise(vectors)), dequantise(quantise(vectors))
    query = unit[7]
    rows, cosines = index.nearest(query, 5)
    exact = unit @ query
    assert rows.tolist() == np.argsort(-exact)[:5].tolist()
    assert cosines == pytest.approx(exact[rows], abs=1e-5)
    assert index.cosines(query, [3, 7, 40]) == pytest.approx(exact[[3, 7, 40]], abs=1e-5)


def test_only_allowed_rows_are_returned(vectors: np.ndarray) -> None:
    index = DenseIndex(quantise(vectors))
    query = dequantise(quantise(vectors))[7]
    allowed = np.zeros(50, bool)
    allowed[[1, 9, 33]] = True
    rows, _ = index.nearest(query, 5, np.packbits(allowed, bitorder="little"))
    assert sorted(rows.tolist()) == [1, 9, 33]


def test_saved_and_loaded_gives_the_same(vectors: np.ndarray, tmp_path: Path) -> None:
    index = DenseIndex(quantise(vectors))
    index.save(tmp_path, "article")
    again = DenseIndex.load(tmp_path, "article")
    query = dequantise(quantise(vectors))[0]
    assert np.array_equal(again.nearest(query, 9)[1], index.nearest(query, 9)[1])
