from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from errors import ArtefactError
from retrieval.vectors import collect, dequantise, key, load, quantise, save
from tests.retrieval.small import DIMENSION, HashingEncoder

TEXTS = ["退货几天", "偷手机判几年", "退货几天", "戴头盔"]


@given(arrays(np.float32, (3, 16), elements=st.floats(-1, 1, width=32)))
def test_int8_keeps_the_direction(vectors: np.ndarray) -> None:
    norms = np.linalg.norm(vectors, axis=1, keepdims=True)
    kept = norms[:, 0] > 1e-3
    unit = vectors[kept] / norms[kept]
    back = dequantise(quantise(unit))
    assert ((back * unit).sum(axis=1) > 0.999).all()
    assert (quantise(back) == quantise(unit)).all()  # storing again loses nothing


def test_what_is_missing_is_encoded_once_and_kept(tmp_path: Path) -> None:
    encoder, cache = HashingEncoder(), tmp_path / "cache" / "v.npy"
    shares: list[float] = []
    first = collect(encoder, TEXTS, "query", (), cache, lambda _, share: shares.append(share), 2)
    assert sorted(encoder.encoded) == sorted(set(TEXTS))
    assert shares[-1] == 1.0
    expected = encoder.encode(TEXTS, "query")
    assert ((dequantise(first) * expected).sum(axis=1) > 0.999).all()
    again = HashingEncoder()
    assert (collect(again, TEXTS, "query", (), cache) == first).all()
    assert again.encoded == []


def test_shipped_vectors_are_used_only_for_the_same_text_kind_and_model(tmp_path: Path) -> None:
    encoder, store = HashingEncoder(), tmp_path / "shipped.npy"
    rows = quantise(encoder.encode(["退货几天"], "query"))
    save(store, {key(encoder.hash, "query: 退货几天"): rows[0]}, DIMENSION)
    encoder.encoded.clear()
    collect(encoder, ["退货几天"], "query", (store,))
    assert encoder.encoded == []
    collect(encoder, ["退货几天"], "passage", (store,))
    collect(encoder, ["退货几天？"], "query", (store,))
    other = HashingEncoder()
    other.hash = "another model"
    collect(other, ["退货几天"], "query", (store,))
    assert (encoder.encoded, other.encoded) == (["退货几天", "退货几天？"], ["退货几天"])


def test_a_damaged_shipped_file_is_refused_with_the_mend(tmp_path: Path) -> None:
    store = tmp_path / "shipped.npy"
    save(store, {b"k" * 16: np.ones(DIMENSION, np.int8)}, DIMENSION)
    store.write_bytes(store.read_bytes()[:-9])
    with pytest.raises(ArtefactError, match=r"shipped\.npy.*retrieval\.model\.encode"):
        collect(HashingEncoder(), ["退货"], "query", (store,))


def test_a_damaged_cache_is_made_anew(tmp_path: Path) -> None:
    cache = tmp_path / "v.npy"
    cache.write_bytes(b"\x93NUMPY nonsense")
    collect(HashingEncoder(), ["退货"], "query", (), cache)
    assert len(load(cache)[0]) == 1


def test_files_do_not_depend_on_the_order_of_texts(tmp_path: Path) -> None:
    for name, texts in (("a", TEXTS), ("b", TEXTS[::-1])):
        collect(HashingEncoder(), texts, "query", (), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
