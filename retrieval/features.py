"""From a question to candidates, and what the ranker and the confidence look at.

Every number is computed from the index alone, so that training can compute it from an index that
lacks the question at hand (:mod:`retrieval.training`).
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.corpus import Corpus
from retrieval.index import Index
from retrieval.prior import Prior
from retrieval.text import tokenise

LEXICAL_CANDIDATES = 100
DENSE_CANDIDATES = 100
NEIGHBOURS = 30  # nearest questions and articles that vote for their law and chapter
# Blend of the strongest signals by hand: the better of article and bank question, questions at a
# discount (articles with many questions crowd out those with none), and the lexical share.
QUESTION_DISCOUNT = 0.15  # of cosine
LEXICAL_SHARE = 0.5
TEMPERATURE = 0.02  # of softmaxes over cosines, the one that the query tower was trained with
LEAST_SHARE = -12.0  # natural logarithm; below it a share says nothing more

FEATURES = (
    "bm25 expanded",
    "bm25 expanded / best",
    "bm25 expanded rank",
    "bm25 plain",
    "bm25 plain / best",
    "bm25 plain rank",
    "bm25 best question",
    "bm25 best question / best",
    "cosine article",
    "cosine article − best",
    "cosine article rank",
    "cosine best question",
    "cosine best question − best",
    "cosine best question rank",
    "cosine of its three best questions",
    "log share of article cosines",
    "log share of question cosines",
    "article by nearest questions",
    "has questions",
    "log questions",
    "law by nearest questions",
    "law by nearest articles",
    "law by bm25",
    "chapter by nearest questions",
    "chapter by bm25",
    "law named",
    "other law named",
    "log length",
    "first article",
    "constitution",
    "law asked before",
    "article asked before",
    "blend",
)

_ARTICLE = FEATURES.index("cosine article")
_QUESTION = FEATURES.index("cosine best question")
_LEXICAL = FEATURES.index("bm25 expanded / best")

SIGNALS = (
    "bm25",
    "bm25 plain",
    "bm25 question",
    "bm25 per weight",
    "bm25 question per weight",
    "cosine article",
    "cosine question",
    "cosine three",
    "law share",
    "law share articles",
    "law share bm25",
    "chapter share",
    "chapter share bm25",
    "named",
    "known tokens",
    "mean idf",
    "log tokens",
)

Floats = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Candidates:
    """Candidate rows of a question with their features, shape (candidates, len(FEATURES)).

    ``signals`` (len(SIGNALS),) are what the confidence looks at besides the scores.
    ``questions`` are the nearest bank questions, best first, with their cosines.
    """

    rows: Ints
    features: Floats
    signals: Floats
    questions: Ints
    question_cosines: Floats


class Extractor:
    """Computes candidates and features over one index. Immutable, safe to share."""

    def __init__(self, corpus: Corpus, index: Index, prior: Prior) -> None:
        self.index = index
        articles = [corpus.articles[id_] for id_ in index.articles]
        self._laws = _numbered([article.version.law for article in articles])
        self._chapters = _numbered([(article.version.law, article.path) for article in articles])
        self._counts = np.diff(index.offsets).astype(np.float32)
        self._static = np.column_stack(
            [
                np.log1p([len(article.text) for article in articles]),
                [article.ordinal == 0 for article in articles],
                [article.version.level == "宪法" for article in articles],
                prior.of(articles),
            ]
        ).astype(np.float32)
        law_numbers = {a.version.law: n for a, n in zip(articles, self._laws, strict=True)}
        names = {
            name: frozenset(
                int(law_numbers[law]) for law in corpus.laws_named(name) if law in law_numbers
            )
            for name in corpus.names()
            if len(name) > 1
        }
        self._named = {name: laws for name, laws in names.items() if laws}
        self._pattern = re.compile(
            "|".join(map(re.escape, sorted(self._named, key=lambda n: (-len(n), n)))) or r"(?!)"
        )

    def laws_named(self, text: str) -> frozenset[int]:
        """Numbers of the laws that a text names."""
        found = (self._named[match] for match in self._pattern.findall(text))
        return frozenset().union(*found)

    def extract(self, text: str, vector: Floats, allowed: Flags) -> Candidates:
        """Candidates for a normalised question.

        Args:
            text: normalised.
            vector: its unit vector.
            allowed: rows that may be returned, shape (rows,).
        """
        index = self.index
        words = tokenise(text)
        tokens = index.vocabulary.numbers(words)
        known = len(tokens) / max(1, len(words))
        expanded: Floats = index.expanded.scores(tokens) * allowed
        plain: Floats = index.plain.scores(tokens) * allowed
        asked = index.questions.scores(tokens)
        bits = np.packbits(allowed, bitorder="little")
        near, near_cosines = index.article_vectors.nearest(vector, DENSE_CANDIDATES, bits)
        similar, similar_cosines = index.question_vectors.nearest(vector, DENSE_CANDIDATES)
        owners, owner_cosines = self._owners(similar, similar_cosines, allowed)
        rows = np.unique(
            np.concatenate(
                [
                    _top(expanded, LEXICAL_CANDIDATES),
                    _top(plain, LEXICAL_CANDIDATES),
                    near,
                    owners,
                ]
            )
        )
        rows = rows[allowed[rows]]
        if not len(rows):
            empty = np.zeros((0, len(FEATURES)), np.float32)
            return Candidates(
                rows, empty, self._signals(tokens, known, rows, empty), similar, similar_cosines
            )
        best_bm25, best_cosine, three = self._questions_of(rows, vector, asked)
        cosines = index.article_vectors.cosines(vector, rows)
        named = self.laws_named(text)
        laws, chapters = self._laws[rows], self._chapters[rows]
        is_named = np.array([law in named for law in laws.tolist()], np.float32)
        top = _top(expanded, NEIGHBOURS)
        nearest, weights = near[:NEIGHBOURS], _softmax(near_cosines[:NEIGHBOURS])
        owner_weights = _softmax(owner_cosines[:NEIGHBOURS])
        owners = owners[:NEIGHBOURS]
        lexical_weights = expanded[top] / max(float(expanded[top].sum()), 1e-6)
        has = self._counts[rows] > 0
        shares = _log_shares(cosines)
        asked_shares = np.where(
            has, _log_shares(np.where(has, best_cosine, -1.0).astype(np.float32)), LEAST_SHARE
        )
        columns = [
            expanded[rows] / 10,
            *_relative(expanded[rows]),
            plain[rows] / 10,
            *_relative(plain[rows]),
            best_bm25 / 10,
            best_bm25 / max(float(best_bm25.max()), 1e-6),
            (cosines - 0.5) * 5,
            (cosines - cosines.max()) * 10,
            _inverse_rank(cosines),
            np.where(has, (best_cosine - 0.5) * 5, -1),
            np.where(has, (best_cosine - best_cosine.max()) * 10, -4),
            np.where(has, _inverse_rank(best_cosine), 0),
            np.where(has, (three - 0.5) * 5, -1),
            shares / 4,
            asked_shares / 4,
            _votes(owners, owner_weights, rows),
            has,
            np.log1p(self._counts[rows]),
            _votes(self._laws[owners], owner_weights, laws),
            _votes(self._laws[nearest], weights, laws),
            _votes(self._laws[top], lexical_weights, laws),
            _votes(self._chapters[owners], owner_weights, chapters),
            _votes(self._chapters[top], lexical_weights, chapters),
            is_named,
            (1 - is_named) * bool(named),
            *self._static[rows].T,
        ]
        columns.append(
            np.maximum(columns[_ARTICLE], columns[_QUESTION] - 5 * QUESTION_DISCOUNT)
            + LEXICAL_SHARE * columns[_LEXICAL]
        )
        features = np.stack(columns, axis=1).astype(np.float32)
        return Candidates(
            rows, features, self._signals(tokens, known, rows, features), similar, similar_cosines
        )

    def _owners(self, questions: Ints, cosines: Floats, allowed: Flags) -> tuple[Ints, Floats]:
        """Rows of questions, each with its best cosine, best first."""
        index = self.index
        best: dict[int, float] = {}
        for question, cosine in zip(questions.tolist(), cosines.tolist(), strict=True):
            start, end = index.owner_offsets[question : question + 2]
            for row in index.owners[start:end].tolist():
                if allowed[row]:
                    best.setdefault(row, cosine)
        return (
            np.fromiter(best.keys(), np.int64, len(best)),
            np.fromiter(best.values(), np.float32, len(best)),
        )

    def _questions_of(
        self, rows: Ints, vector: Floats, asked: Floats
    ) -> tuple[Floats, Floats, Floats]:
        """Per row: best BM25, best cosine and mean of the three best cosines of its questions."""
        index = self.index
        starts, counts = index.offsets[rows], self._counts[rows].astype(np.int64)
        bm25, cosine, three = (np.zeros(len(rows), np.float32) for _ in range(3))
        total = int(counts.sum())
        if total:
            has = np.flatnonzero(counts)
            begins = np.concatenate([[0], np.cumsum(counts)[:-1]])
            numbers = index.owned[np.arange(total) + np.repeat(starts - begins, counts)]
            values = index.question_vectors.cosines(vector, numbers)
            begins = begins[has]
            bm25[has] = np.maximum.reduceat(asked[numbers], begins)
            cosine[has] = np.maximum.reduceat(values, begins)
            owner = np.repeat(np.arange(len(rows)), counts)
            order = np.lexsort((-values, owner))
            place = np.arange(total) - np.repeat(np.cumsum(counts) - counts, counts)
            kept = place < 3
            sums = np.bincount(owner[order][kept], values[order][kept], len(rows))
            three[has] = (sums[has] / np.minimum(counts[has], 3)).astype(np.float32)
        return bm25, cosine, three

    def _signals(self, tokens: Sequence[int], known: float, rows: Ints, features: Floats) -> Floats:
        idf = self.index.expanded.idf(sorted(set(tokens)))
        weight = float(idf.sum())
        columns = {name: features[:, i] for i, name in enumerate(FEATURES)} if len(rows) else {}

        def best(name: str) -> float:
            return float(columns[name].max()) if columns else 0.0

        values = (
            best("bm25 expanded"),
            best("bm25 plain"),
            best("bm25 best question"),
            10 * best("bm25 expanded") / (weight + 3),
            10 * best("bm25 best question") / (weight + 3),
            best("cosine article"),
            best("cosine best question"),
            best("cosine of its three best questions"),
            best("law by nearest questions"),
            best("law by nearest articles"),
            best("law by bm25"),
            best("chapter by nearest questions"),
            best("chapter by bm25"),
            best("law named"),
            known,
            weight / max(1, len(idf)),
            np.log1p(len(tokens)),
        )
        return np.array(values, np.float32)


def _numbered(values: Sequence[object]) -> Ints:
    numbers: dict[object, int] = {}
    return np.array([numbers.setdefault(value, len(numbers)) for value in values], np.int64)


def _top(scores: Floats, k: int) -> Ints:
    """Rows of the ``k`` best positive scores, best first; ties by row."""
    k = min(k, len(scores))
    part = np.argpartition(-scores, k - 1)[:k]
    part = part[scores[part] > 0]
    result: Ints = part[np.lexsort((part, -scores[part]))]
    return result


def _relative(values: Floats) -> tuple[Floats, Floats]:
    """Share of the best, and inverse rank."""
    return values / max(float(values.max()), 1e-6), _inverse_rank(values)


def _inverse_rank(values: Floats) -> Floats:
    """10 / (9 + rank): 1 for the best, slowly falling."""
    order = np.argsort(-values, kind="stable")
    ranks = np.empty(len(values), np.float32)
    ranks[order] = np.arange(1, len(values) + 1)
    return np.asarray(10 / (9 + ranks), np.float32)


def _softmax(cosines: Floats) -> Floats:
    if not len(cosines):
        return cosines
    values = cosines / TEMPERATURE
    powers = np.exp(values - values.max())
    return np.asarray(powers / powers.sum(), np.float32)


def _log_shares(cosines: Floats) -> Floats:
    """Natural logarithm of each one's share of the softmax, at least :data:`LEAST_SHARE`."""
    return np.maximum(np.log(np.maximum(_softmax(cosines), 1e-30)), LEAST_SHARE)


def _votes(groups: Ints, weights: Floats, asked: Ints) -> Floats:
    """For each asked group the weight of the neighbours in it."""
    totals: dict[int, float] = {}
    for group, weight in zip(groups.tolist(), weights.tolist(), strict=True):
        totals[group] = totals.get(group, 0.0) + weight
    return np.array([totals.get(group, 0.0) for group in asked.tolist()], np.float32)
