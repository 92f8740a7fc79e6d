"""A message as numbers: hashed character n-grams, and the cues beside them.

n-grams of 1–4 characters are hashed by CRC-32 into ``BUCKETS`` (no vocabulary to ship; the same on
every machine), counted as 1 + ln(count), and the whole has length 1.
"""

from __future__ import annotations

import math
import zlib
from collections import Counter

import numpy as np
import numpy.typing as npt

BUCKETS = 1 << 16
LONGEST = 4
VERSION = 1  # raise when the same text gives other features

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def ngrams(text: str) -> tuple[Ints, Floats]:
    """Buckets and values of a normalised text; both empty for an empty one."""
    framed = f"\x02{text.lower()}\x03"
    counts = Counter(
        framed[start : start + length]
        for length in range(1, LONGEST + 1)
        for start in range(len(framed) - length + 1)
    )
    values: dict[int, float] = {}
    for gram, count in counts.items():
        bucket = zlib.crc32(gram.encode()) % BUCKETS
        values[bucket] = values.get(bucket, 0.0) + 1.0 + math.log(count)
    weights = np.fromiter(values.values(), np.float32, len(values))
    length = float(np.sqrt(np.square(weights).sum())) or 1.0
    return np.fromiter(values, np.int64, len(values)), weights / np.float32(length)
