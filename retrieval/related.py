"""Bank questions to offer next: they lead to other articles near the ones that were found."""

from __future__ import annotations

import numpy as np

from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval.features import Flags, Ints
from retrieval.index import Index
from retrieval.text import bigrams, normalise
from retrieval.vectors import Floats

NEIGHBOURHOOD = 2  # articles before and after the first hit that count as near
FOLLOWING_HITS = 6  # further hits whose questions may be offered
SHORTEST, LONGEST = 6, 30  # characters of a question that fits a button
STYLES = ("short", "plain", "formal", "twist")  # readable by everybody
PARAPHRASE = 0.5  # share of common bigrams from which two questions count as the same


def related_questions(
    corpus: Corpus,
    bank: Bank,
    index: Index,
    ranked: Ints,
    text: str,
    vector: Floats,
    allowed: Flags,
    limit: int,
) -> list[int]:
    """Numbers of bank questions, at most one for each neighbouring article.

    Args:
        corpus, bank, index: of one searcher.
        ranked: rows of the hits, best first.
        text, vector: the question asked; what says the same is not offered.
        allowed: rows that apply.
        limit: how many at most.
    """
    if not len(ranked):
        return []
    first = int(ranked[0])
    version = corpus.articles[index.articles[first]].version.id
    near = [
        row
        for row in range(first - NEIGHBOURHOOD, first + NEIGHBOURHOOD + 1)
        if 0 <= row < len(index.articles)
        and row != first
        and corpus.articles[index.articles[row]].version.id == version
    ]
    rows = dict.fromkeys([*ranked[1:FOLLOWING_HITS].tolist(), *near])
    own = set(index.questions_of(first).tolist())
    offered: list[tuple[float, int]] = []
    for row in rows:
        numbers = [
            number
            for number in index.questions_of(row).tolist()
            if allowed[row] and number not in own and _fits(bank, number)
        ]
        if numbers:
            cosines = index.question_vectors.cosines(vector, np.array(numbers))
            offered.append(max(zip(cosines.round(4).tolist(), numbers, strict=True)))
    chosen: list[int] = []
    said = [bigrams(text)]
    for _, number in sorted(offered, key=lambda pair: (-pair[0], pair[1])):
        own_words = bigrams(normalise(bank.questions[number].text))
        if number not in chosen and all(_overlap(own_words, other) < PARAPHRASE for other in said):
            chosen.append(number)
            said.append(own_words)
            if len(chosen) == limit:
                break
    return chosen


def _fits(bank: Bank, number: int) -> bool:
    question = bank.questions[number]
    return question.style in STYLES and SHORTEST <= len(question.text) <= LONGEST


def _overlap(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / max(1, min(len(one), len(other)))
