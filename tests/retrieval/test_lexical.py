import math
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from retrieval.lexical import K1, B, LexicalIndex, Vocabulary, article_tokens
from tests.retrieval.small import corpus

DOCUMENTS = [["退货", "七日", "退货"], ["盗窃", "三年"], ["退货", "盗窃", "罚款", "没收"], []]


def slow_bm25(documents: list[list[str]], query: list[str]) -> list[float]:
    """Lucene's BM25, term by term (Kamphuis et al. 2020)."""
    average = sum(map(len, documents)) / len(documents)
    scores = []
    for document in documents:
        counts, score = Counter(document), 0.0
        for term in query:
            held = sum(term in other for other in documents)
            if held:
                idf = math.log(1 + (len(documents) - held + 0.5) / (held + 0.5))
                norm = K1 * (1 - B + B * len(document) / average)
                score += idf * counts[term] / (counts[term] + norm)
        scores.append(score)
    return scores


@pytest.mark.parametrize("query", [["退货"], ["盗窃", "退货", "退货"], ["没有"], []])
def test_scores_are_those_of_the_formula(query: list[str]) -> None:
    vocabulary = Vocabulary.of(DOCUMENTS)
    index = LexicalIndex.build([vocabulary.numbers(d) for d in DOCUMENTS], len(vocabulary))
    expected = slow_bm25(DOCUMENTS, [term for term in query if term in vocabulary])
    assert index.scores(vocabulary.numbers(query)).tolist() == pytest.approx(expected, abs=1e-5)


def test_saved_and_loaded_gives_the_same(tmp_path: Path) -> None:
    vocabulary = Vocabulary.of(DOCUMENTS)
    index = LexicalIndex.build([vocabulary.numbers(d) for d in DOCUMENTS], len(vocabulary))
    index.save(tmp_path)
    vocabulary.save(tmp_path / "words")
    again, words = LexicalIndex.load(tmp_path), Vocabulary.load(tmp_path / "words")
    query = ["退货", "盗窃"]
    assert words.numbers(query) == vocabulary.numbers(query)
    assert np.array_equal(
        again.scores(words.numbers(query)), index.scores(vocabulary.numbers(query))
    )
    assert len(again) == len(DOCUMENTS)


def test_law_and_chapter_count_twice() -> None:
    tokens = Counter(article_tokens(corpus().articles[6]))
    assert tokens["窃法"] == 2  # 盗窃法
    assert tokens["盗窃"] == 5  # law ×2, chapter ×2, text ×1
