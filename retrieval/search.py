"""The one door into retrieval: ``Searcher.search(question, k, today) -> Result``."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from typing import Protocol

import numpy as np

from knowledge.articles import Article
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval.confidence import Gate, inputs
from retrieval.features import Extractor, Flags, Ints
from retrieval.index import Index, ensure
from retrieval.marking import best_sentence
from retrieval.model.encoder import open_encoder
from retrieval.perceptron import Floats, Perceptron
from retrieval.prior import Prior
from retrieval.ranking import load_ranker, order
from retrieval.related import related_questions
from retrieval.remembered import Remembered
from retrieval.text import normalise
from retrieval.vectors import Encodes, Progress
from settings import Settings

RELATED = 3
HINTS = 2  # bank questions that help to find the best sentence
MARKED = 10  # hits whose best sentence is marked; a list of a hundred is for evaluation
BATCH = 16  # questions encoded at once
REMEMBERED_DAYS = 8
REMEMBERED_RESULTS = 1024  # what is asked again within minutes: a campaign's question, a button
KNOWN_AMONG = 100  # ranked articles among which a bank question's own are looked for

_MARKS = re.compile(r"[\W_]+")
_WARM_UP = "网购的羽绒服不喜欢，商家说特价不退，合法吗"


def _bare(text: str) -> str:
    """Letters, digits and Han characters only: what makes two questions the same."""
    return _MARKS.sub("", text).lower()


@dataclass(frozen=True, slots=True)
class Hit:
    """One ranked article; ``marked`` is the slice of its text that answers best."""

    article: Article
    score: float  # comparable within one Result only
    marked: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Related:
    """A resident's question from the bank that leads to a neighbouring article."""

    id: str
    text: str


@dataclass(frozen=True, slots=True)
class Result:
    """Ranked articles, best first.

    ``confidence`` estimates that one of the first three answers, ``scope`` that the question is one
    for the law at all; see :mod:`retrieval.confidence` for the thresholds.
    """

    hits: tuple[Hit, ...]
    confidence: float
    related: tuple[Related, ...] = ()
    scope: float = 1.0


NOTHING = Result((), 0.0, scope=0.0)


class Search(Protocol):
    """What the conversation needs of retrieval."""

    def search(self, question: str, k: int, today: date) -> Result:
        """The ``k`` best articles that apply on ``today``."""
        ...

    def search_batch(self, questions: Sequence[str], k: int, today: date) -> list[Result]:
        """The same for many questions at once, faster."""
        ...

    def question(self, id_: str) -> str | None:
        """The bank question that a ``Related.id`` stands for; None when it is unknown."""
        ...


class Searcher:
    """Search over one corpus and its index. Immutable but for caches; share it freely."""

    def __init__(
        self,
        corpus: Corpus,
        bank: Bank,
        index: Index,
        encoder: Encodes,
        ranker: Perceptron,
        gate: Gate,
        prior: Prior,
    ) -> None:
        self.corpus, self.bank, self.index, self.encoder = corpus, bank, index, encoder
        self._extractor = Extractor(corpus, index, prior)
        self._ranker, self._gate = ranker, gate
        self._texts = {question.id: question.text for question in bank.questions}
        self._answers = {_bare(question.text): question.targets for question in bank.questions}
        self._days: dict[date, Flags] = {}
        self._lock = threading.Lock()
        self._remembered: Remembered[Result] = Remembered(REMEMBERED_RESULTS)

    @classmethod
    def open(cls, corpus: Corpus, settings: Settings, progress: Progress | None = None) -> Searcher:
        """Open, and where needed make, model and index; ready at once for the first question.

        Args:
            corpus: the laws; what was imported into it is encoded on the spot.
            settings: ``home`` holds model and index, ``model`` may name another model.
            progress: told what is being done when something must be made.

        Raises:
            DataError: the question bank is wrong.
            ModelError: the model cannot be loaded.
            ArtefactError: a shipped file is damaged, or the index cannot be written.
        """
        bank = Bank.load()
        encoder = open_encoder(settings)
        index = ensure(corpus, bank, encoder, settings, progress)
        searcher = cls(corpus, bank, index, encoder, load_ranker(), Gate.load(), Prior.load())
        searcher.search(_WARM_UP, 3, settings.clock().today())
        return searcher

    def search(self, question: str, k: int, today: date) -> Result:
        """The ``k`` best articles that apply on ``today``."""
        text = normalise(question)
        if not text:
            return NOTHING
        key = self._remembered.key(text, k, today)
        result = self._remembered.get(key)
        if result is None:
            vector = self.encoder.encode([text], "query")[0]
            result = self._result(text, vector, k, self._allowed(today))
            self._remembered.put(key, result)
        return result

    def search_batch(self, questions: Sequence[str], k: int, today: date) -> list[Result]:
        """The same for many questions at once, faster."""
        texts = [normalise(question) for question in questions]
        allowed = self._allowed(today)
        results = [NOTHING] * len(texts)
        # equal lengths together: padding is what batches waste
        pending = sorted((i for i, text in enumerate(texts) if text), key=lambda i: len(texts[i]))

        def work(part: Sequence[int]) -> None:
            vectors = self.encoder.encode([texts[i] for i in part], "query")
            for i, vector in zip(part, vectors, strict=True):
                results[i] = self._result(texts[i], vector, k, allowed)

        parts = [pending[start : start + BATCH] for start in range(0, len(pending), BATCH)]
        # the encoder lets other threads run while it works: a thread for each core
        with ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
            list(pool.map(work, parts))
        return results

    def question(self, id_: str) -> str | None:
        """The bank question that a ``Related.id`` stands for; None when it is unknown."""
        return self._texts.get(id_)

    def _allowed(self, today: date) -> Flags:
        """Rows whose version applies on a day, worked out once a day."""
        with self._lock:
            if today not in self._days:
                if len(self._days) >= REMEMBERED_DAYS:
                    self._days.pop(next(iter(self._days)))
                self._days[today] = np.array(
                    [
                        self.corpus.applies(self.corpus.articles[id_], today)
                        for id_ in self.index.articles
                    ],
                    bool,
                )
            return self._days[today]

    def _result(self, text: str, vector: Floats, k: int, allowed: Flags) -> Result:
        found = self._extractor.extract(text, vector, allowed)
        if not len(found.rows):
            return NOTHING
        scores = self._ranker(found.features)
        places = order(found.rows, scores)
        row = inputs(found.features, scores, places, found.signals)
        answers, scope = self._gate.probabilities(row, vector)
        places = self._known_first(text, found.rows, places)
        ranked = found.rows[places]
        hits = tuple(
            self._hit(int(place), float(score), text if number < MARKED else None, vector)
            for number, (place, score) in enumerate(
                zip(ranked[:k], scores[places[:k]], strict=True)
            )
        )
        related = related_questions(
            self.corpus, self.bank, self.index, ranked, text, vector, allowed, RELATED
        )
        questions = (self.bank.questions[number] for number in related)
        return Result(
            hits,
            answers,
            tuple(Related(question.id, question.text) for question in questions),
            scope,
        )

    def _known_first(self, text: str, rows: Ints, places: Ints) -> Ints:
        """The ranking with the articles first that the bank gives for this very question."""
        targets = self._answers.get(_bare(text), ())
        front = [
            number
            for number, row in enumerate(rows[places[:KNOWN_AMONG]])
            for article in (self.corpus.articles[self.index.articles[row]],)
            if (article.version.short, article.number) in targets
        ]
        return np.concatenate([places[front], np.delete(places, front)]) if front else places

    def _hit(self, row: int, score: float, text: str | None, vector: Floats) -> Hit:
        article = self.corpus.articles[self.index.articles[row]]
        if text is None:
            return Hit(article, round(score, 4), None)
        numbers = self.index.questions_of(row)
        cosines = self.index.question_vectors.cosines(vector, numbers)
        hints = [
            normalise(self.bank.questions[numbers[i]].text)
            for i in np.argsort(-np.round(cosines, 4), kind="stable")[:HINTS]
        ]
        marked = best_sentence(article.text, text, self.index.weigh, hints)
        return Hit(article, round(score, 4), marked)
