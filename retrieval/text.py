"""From what a resident typed to what the indexes see.

:func:`normalise` makes one spelling of many (traditional and simplified, full and half width,
emoji, links, stretched punctuation); :func:`tokenise` cuts the normalised text into character
bigrams and dictionary words, the units of BM25.
"""

from __future__ import annotations

import re
import threading
import unicodedata
import warnings
from functools import lru_cache
from typing import Any

MAX_CHARACTERS = 1500  # a longer message is cut: the encoder reads 512 tokens anyway

_URL = re.compile(r"(?:https?://|www\.)[^\s\u4e00-\u9fff，。！？、；：“”（）]+", re.IGNORECASE)
_HAN = "\u3400-\u4dbf\u4e00-\u9fff"
_HAN_CHARACTER = re.compile(f"[{_HAN}]")
_REPEATED_MARK = re.compile(r"([^\w\s])\1+")
_STRETCHED = re.compile(rf"([{_HAN}a-zA-Z])\1{{3,}}")
_SPACED = re.compile(rf"(?<![{_HAN}])(?:[{_HAN}] ){{2,}}[{_HAN}](?![{_HAN}])")
_RUN = re.compile(rf"[{_HAN}]+|[a-z]+|\d+(?:\.\d+)?")
_IGNORED = frozenset("\u00ad\ufe0e\ufe0f\u20e3")


def normalise(text: str) -> str:
    """One spelling of a message; the empty string where nothing readable is left.

    NFKC (full width → half width), links and emoji dropped, zero-width and control characters
    removed, marks that repeat written once, letters stretched beyond three cut to two, Han
    characters typed apart joined, traditional ones simplified. Case is kept. Applying it twice
    changes nothing.
    """
    text = unicodedata.normalize("NFKC", text[: 4 * MAX_CHARACTERS])
    text = _URL.sub(" ", text)
    text = "".join(_readable(character) for character in text)
    text = simplify(text)
    text = _REPEATED_MARK.sub(r"\1", text)
    text = _STRETCHED.sub(r"\1\1", text)
    text = " ".join(text.split())
    text = _SPACED.sub(lambda found: found.group().replace(" ", ""), text)
    return text[:MAX_CHARACTERS].strip()


def _readable(character: str) -> str:
    if character in _IGNORED:
        return ""
    category = unicodedata.category(character)
    if category == "Cf":  # zero-width marks stand inside words
        return ""
    if category[0] in "CZ" or category in ("So", "Sk") or character == "\u2581":
        return " "
    return character


def simplify(text: str) -> str:
    """Traditional → simplified characters, by phrases (OpenCC, configuration tw2s: 著 → 着 too).

    Only text with a Han character outside GB 2312 is touched. OpenCC reads simplified text as
    traditional otherwise, and errs on characters that exist in both (打坏 → 打坯); measured on
    the question bank and the corpus, the guard leaves no such change.
    """
    return _converter().convert(text) if _has_traditional(text) else text


def _has_traditional(text: str) -> bool:
    return any(not _in_gb2312(character) for character in set(_HAN_CHARACTER.findall(text)))


@lru_cache(maxsize=30_000)
def _in_gb2312(character: str) -> bool:
    try:
        character.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return True


@lru_cache(maxsize=1)
def _converter() -> Any:
    from opencc import OpenCC

    return OpenCC("tw2s")


def tokenise(text: str) -> list[str]:
    """Tokens of a normalised text: Han bigrams, dictionary words of 3+ characters, Latin, numbers.

    A run of one Han character gives that character. Two-character words equal their bigram and
    are not counted again.
    """
    tokens: list[str] = []
    for run in _RUN.findall(text.lower()):
        if len(run) == 1 or not _HAN_CHARACTER.match(run):
            tokens.append(run)
        else:
            tokens.extend(run[i : i + 2] for i in range(len(run) - 1))
            tokens.extend(word for word in words(run) if len(word) > 2)
    return tokens


def bigrams(text: str) -> frozenset[str]:
    """The distinct tokens of a normalised text without dictionary words: for quick comparisons."""
    found: set[str] = set()
    for run in _RUN.findall(text.lower()):
        if len(run) == 1 or not _HAN_CHARACTER.match(run):
            found.add(run)
        else:
            found.update(run[i : i + 2] for i in range(len(run) - 1))
    return frozenset(found)


def words(text: str) -> list[str]:
    """The dictionary words of a text, in order (jieba without its guess at unknown words)."""
    segmenter = _segmenter()
    return list(segmenter.cut(text, HMM=False))


_lock = threading.Lock()
_loaded: list[Any] = []


def _segmenter() -> Any:
    """jieba with its dictionary read from the package (0.7 s).

    Its own start-up leaves a marshal file in the shared temporary folder and trusts whatever lies
    there under that name; reading the dictionary each time avoids both.
    """
    if not _loaded:
        with _lock:
            if not _loaded:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # invalid escapes, pkg_resources
                    import jieba
                segmenter = jieba.Tokenizer()
                with segmenter.get_dict_file() as stream:
                    segmenter.FREQ, segmenter.total = segmenter.gen_pfdict(stream)
                segmenter.initialized = True
                _loaded.append(segmenter)
    return _loaded[0]
