"""Words that speak for or against an alarm, as named features of the classifier.

Some hundred labelled stories cannot teach a classifier every weapon, relative, disguise or way to
say "last year"; the lists in ``cues.toml`` can. Each cue is one yes-or-no feature, each pair one
more, and once more where nothing speaks against an alarm; how much each weighs is learnt
(:mod:`handlers.triage.train`). Only certain cases are decided by hand, in
:mod:`handlers.triage.rules`.
"""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errors import DataError

CUES = Path(__file__).with_name("cues.toml")


def read_cues(path: Path = CUES) -> dict[str, re.Pattern[str]]:
    """The cues of a file by name, in its order.

    Raises:
        DataError: names the file, the cue and the mend.
    """
    try:
        table = tomllib.loads(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise DataError(path, None, f"读不了：{error}", "文件须为 UTF-8 的 TOML") from error
    patterns = {}
    for name, words in table.items():
        if not isinstance(words, list) or not all(isinstance(w, str) and w for w in words):
            raise DataError(path, None, f"{name} 不是文字列表", "应写作 ['…', '…']")
        try:
            patterns[name] = re.compile("|".join(words))
        except re.error as error:
            raise DataError(
                path, None, f"{name} 里有不成立的正则表达式：{error}", "请改正"
            ) from error
    return patterns


_PATTERNS = read_cues()
_PAIRS: tuple[tuple[str, str], ...] = (
    ("just", "pay"), ("now", "pay"), ("demand", "pay"), ("demand", "secret"), ("demand", "lock"),
    ("authority", "demand"), ("service", "demand"), ("familiar", "demand"), ("lure", "pay"),
    ("loan", "demand"), ("trade", "demand"), ("authority", "hush"), ("just", "scam"),
    ("scam", "whatnow"), ("pay", "gone"), ("pay", "lock"), ("service", "secret"),
    ("partner", "violence"), ("relative", "violence"), ("he", "violence"), ("just", "violence"),
    ("child", "violence"), ("child", "child_harm"), ("child", "weapon"), ("child", "captive"),
    ("intimate", "expose"), ("intimate", "demand"), ("body", "weapon"), ("now", "threat"),
    ("weapon", "threat"), ("just", "body"), ("disaster", "body"), ("help", "violence"),
    ("end_life", "edge"), ("past", "settled"), ("past", "violence"), ("past", "scam"),
    ("past", "just"), ("penalty", "violence"), ("penalty", "scam"), ("study", "scam"),
    ("concept", "statute"), ("dispute", "pay"), ("procedure", "violence"), ("help", "chase"),
)  # fmt: skip

# Cues that say: this is a question about law, the past, a shop, or not meant literally.
_AGAINST = (
    "past", "settled", "study", "concept", "penalty", "statute", "procedure", "dispute", "hotline",
    "joke", "ordinary", "quarrel",
)  # fmt: skip
_NEUTRAL = ("question", "claim", "far", "digits")
_named = {*_AGAINST, *_NEUTRAL, *(name for pair in _PAIRS for name in pair)}
if missing := _named - _PATTERNS.keys():
    raise DataError(CUES, None, f"缺少 {'、'.join(sorted(missing))}", "代码要用这些名字，请补上")
_FOR = tuple(name for name in _PATTERNS if name not in (*_AGAINST, *_NEUTRAL))
NAMES: tuple[str, ...] = (
    *_PATTERNS,
    *(f"{a}+{b}" for a, b in _PAIRS),
    *(f"{name} alone" for name in _FOR),
    *(f"{a}+{b} alone" for a, b in _PAIRS),
    "clear",
)
# A change makes the trained weights stale.
FINGERPRINT = repr(([(name, p.pattern) for name, p in _PATTERNS.items()], NAMES))


def cues(text: str) -> npt.NDArray[np.float32]:
    """Which cues and pairs of cues a normalised text holds: 0 or 1, in the order of ``NAMES``."""
    lower = text.lower()
    found = {name: pattern.search(lower) is not None for name, pattern in _PATTERNS.items()}
    clear = not any(found[name] for name in _AGAINST)
    pairs = [found[a] and found[b] for a, b in _PAIRS]
    alone = [clear and found[name] for name in _FOR]
    return np.array(
        [*found.values(), *pairs, *alone, *(clear and pair for pair in pairs), clear], np.float32
    )
