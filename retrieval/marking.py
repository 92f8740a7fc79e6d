"""Which sentence of an article answers a question: the slice that is marked in the reply."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise

from retrieval.text import bigrams, normalise

Weigh = Callable[[Sequence[str]], dict[str, float]]

HINT = 0.3  # weight of a bigram that only a bank question of the article has
SINGLE = 0.25  # weight of a shared single character against a shared bigram of rarity 1
FIRST = 1.3  # the first sentence states the rule,
ITEM = 0.5  # an item (（一）…) one case of it

_END = re.compile(r"(?<=[。；！？])")
_COMMON = frozenset(
    "的了是不我有在人他她你们这那个一和也就都要会能去来上下大小中为对所以及其或者与等"
)


def sentences(text: str) -> list[tuple[int, int]]:
    """Slices of the sentences of an article; lines (款, 项) end a sentence too.

    Items keep their number; white space at the edges is left out.
    """
    slices = []
    start = 0
    for line in text.split("\n"):
        ends = [0, *(found.start() for found in _END.finditer(line)), len(line)]
        for a, b in pairwise(ends):
            piece = line[a:b]
            if piece.strip():
                lead = len(piece) - len(piece.lstrip())
                slices.append((start + a + lead, start + a + len(piece.rstrip())))
        start += len(line) + 1
    return slices


def best_sentence(
    text: str, question: str, weigh: Weigh, hints: Sequence[str] = ()
) -> tuple[int, int] | None:
    """The sentence that shares most with the question, weighted by rarity.

    Args:
        text: an article, verbatim.
        question: normalised.
        weigh: rarity of bigrams; unknown ones are left out.
        hints: bank questions that lead to this article and resemble the one asked. Residents and
            statutes share few words; what the hints add counts less.

    Returns:
        A slice of ``text``. Where no sentence shares anything with the question it is the first
        one: statutes state the rule first. None only for a text without a sentence.
    """
    parts = _sentence_bigrams(text)
    if len(parts) < 2:
        return parts[0][0] if parts else None
    asked = weigh(sorted(bigrams(question)))
    for bigram, weight in weigh(sorted(set().union(*map(bigrams, hints)))).items():
        asked.setdefault(bigram, weight * HINT)
    characters = set(question) - _COMMON
    best, found = 0.0, parts[0][0]
    for number, (piece, own, singles) in enumerate(parts):
        shared = sum(asked.get(bigram, 0.0) for bigram in own)
        score = (shared + SINGLE * len(characters & singles)) / (piece[1] - piece[0] + 60) ** 0.5
        if number == 0:
            score *= FIRST
        elif text[piece[0]] == "（":
            score *= ITEM
        if score > best:
            best, found = score, piece
    return found


@lru_cache(maxsize=4096)
def _sentence_bigrams(
    text: str,
) -> list[tuple[tuple[int, int], tuple[str, ...], frozenset[str]]]:
    """The sentences with their bigrams (sorted, so that sums do not depend on the hash seed) and
    their Han characters."""
    result = []
    for a, b in sentences(text):
        sentence = normalise(text[a:b])
        han = frozenset(character for character in sentence if "\u4e00" <= character <= "\u9fff")
        result.append(((a, b), tuple(sorted(bigrams(sentence))), han))
    return result
