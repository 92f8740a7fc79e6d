"""multilingual-e5-small in plain NumPy over the uncut vocabulary: slow, and independent of
transformers, tokenizers and sentence-transformers. What the converted model is compared with."""

from __future__ import annotations

import math
import unicodedata

import numpy as np

from retrieval.model.convert import Source

LONGEST_PIECE = 16  # characters; longer ones do not occur in the sample texts


def tokenise(source: Source, text: str) -> list[int]:
    """Unigram (Kudo 2018): the segmentation with the highest sum of scores."""
    numbers = {piece: number for number, piece in enumerate(source.pieces)}
    text = "▁" + " ".join(unicodedata.normalize("NFKC", text).split()).replace(" ", "▁")
    unknown = float(source.scores.min()) - 10
    best = [(0.0, 0, 0)] + [(-math.inf, 0, 0)] * len(text)  # score, start, piece
    for start in range(len(text)):
        for end in range(start + 1, min(len(text), start + LONGEST_PIECE) + 1):
            number = numbers.get(text[start:end])
            if number is None and end > start + 1:
                continue
            gain = unknown if number is None else float(source.scores[number])
            if best[start][0] + gain > best[end][0]:
                best[end] = (best[start][0] + gain, start, 3 if number is None else number)
    ids, at = [], len(text)
    while at:
        ids.append(best[at][2])
        at = best[at][1]
    return [0, *reversed(ids), 2]


def embed(source: Source, text: str) -> np.ndarray:
    """The unit vector of a text that carries its prompt."""
    shape, ids = source.shape, tokenise(source, text)
    h, n = shape.hidden, len(ids)

    def get(name: str, *dims: int) -> np.ndarray:
        return source.tensor(name, *dims).astype(np.float64)

    def norm(x: np.ndarray, name: str) -> np.ndarray:
        centred = x - x.mean(axis=1, keepdims=True)
        spread = np.sqrt((centred**2).mean(axis=1, keepdims=True) + shape.epsilon)
        return np.asarray(centred / spread * get(f"{name}.w", h) + get(f"{name}.b", h))

    def dense(x: np.ndarray, name: str, rows: int, columns: int) -> np.ndarray:
        return np.asarray(x @ get(f"{name}.w", rows, columns).T + get(f"{name}.b", rows))

    words = source.tensor("emb.word", shape.vocabulary, h)[ids].astype(np.float64)
    places = get("emb.pos", shape.positions, h)[:n]
    x = norm(words + places + get("emb.type", shape.types, h)[0], "emb.ln")
    erf = np.vectorize(math.erf)
    for layer in range(shape.layers):
        name = f"l{layer}"
        q, k, v = (
            dense(x, f"{name}.{part}", h, h).reshape(n, shape.heads, -1).transpose(1, 0, 2)
            for part in "qkv"
        )
        logits = q @ k.transpose(0, 2, 1) / math.sqrt(h / shape.heads)
        attention = np.exp(logits - logits.max(axis=2, keepdims=True))
        attention /= attention.sum(axis=2, keepdims=True)
        context = (attention @ v).transpose(1, 0, 2).reshape(n, h)
        x = norm(x + dense(context, f"{name}.ao", h, h), f"{name}.aln")
        inner = dense(x, f"{name}.fi", shape.inner, h)
        inner = inner * 0.5 * (1 + erf(inner / math.sqrt(2)))
        x = norm(x + dense(inner, f"{name}.fo", h, shape.inner), f"{name}.oln")
    pooled = x.mean(axis=0)
    return np.asarray(pooled / np.linalg.norm(pooled))
