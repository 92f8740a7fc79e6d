"""Candidate lists to learn from, each taken from an index that does not know the question.

Three situations that a live question can meet:

- ``asked``: its article has other bank questions (the question's fold is left out of the bank);
- ``silent``: its article has none, nor has its chapter (all questions of a fold of chapters are
  left out; an article alone without questions among neighbours that have some gives itself away);
- ``bench``: a question by other people, from a file in the bench format; the whole bank is in.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from knowledge.corpus import Corpus
from knowledge.questions.bank import BANK_DATE, Bank, Question
from retrieval.documents import passage
from retrieval.evaluate import Item
from retrieval.features import Extractor
from retrieval.index import (
    ARTICLE_VECTORS,
    QUESTION_VECTORS,
    Index,
    article_rows,
    assemble,
    relation,
)
from retrieval.lexical import article_tokens
from retrieval.text import normalise, tokenise
from retrieval.vectors import Encodes, Floats, collect, dequantise
from settings import ROOT

OFF_TOPIC = ROOT / "knowledge" / "labelled" / "off_topic.jsonl"
FOLDS = 5
SILENT_SHARE = 0.4  # of the bank's questions that are also learnt from as ``silent``


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its candidates' features and which of them are right."""

    kind: str  # asked, silent, bench, off_topic
    fold: int
    text: str
    style: str
    rows: npt.NDArray[np.int64]
    features: Floats
    gold: npt.NDArray[np.bool_]  # which candidates are right
    golds: int  # how many right answers there are, found or not
    signals: Floats


def fold_of(text: str, salt: str = "", folds: int = FOLDS) -> int:
    """A stable fold number from a text."""
    return int(hashlib.sha256(f"{salt}{text}".encode()).hexdigest()[:8], 16) % folds


def read_off_topic() -> list[Item]:
    """The labelled inputs that nothing in the corpus answers."""
    lines = OFF_TOPIC.read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.strip()]
    return [Item(entry["kind"], entry["q"], frozenset()) for entry in entries]


class Workshop:
    """Everything that lists are made from, tokenised and encoded once."""

    def __init__(self, corpus: Corpus, bank: Bank, encoder: Encodes) -> None:
        self.corpus, self.bank, self.encoder = corpus, bank, encoder
        self.ids, rows = article_rows(corpus)
        articles = [corpus.articles[id_] for id_ in self.ids]
        self.tokens = [article_tokens(article) for article in articles]
        self.allowed = np.array([corpus.applies(article, BANK_DATE) for article in articles])
        self.texts = [normalise(question.text) for question in bank.questions]
        self.asked = [tokenise(text) for text in self.texts]
        self.targets = relation(corpus, bank, rows)
        self.article_vectors = collect(
            encoder, [passage(article) for article in articles], "passage", (ARTICLE_VECTORS,)
        )
        self.question_vectors = collect(encoder, self.texts, "query", (QUESTION_VECTORS,))
        self.by_name = {
            (article.version.short, article.number): row
            for row, article in enumerate(articles)
            if self.allowed[row]
        }

    def index(self, kept: Callable[[Question], bool]) -> Index:
        """An index with a part of the bank."""
        numbers = [i for i, question in enumerate(self.bank.questions) if kept(question)]
        return assemble(
            self.ids,
            self.tokens,
            [self.asked[i] for i in numbers],
            [self.targets[i] for i in numbers],
            self.article_vectors,
            self.question_vectors[numbers],
        )

    def _outside(self, kind: str, fold: int) -> Callable[[Question], bool]:
        return lambda question: self._fold(question, kind) != fold

    def _fold(self, question: Question, kind: str) -> int:
        if kind == "asked":
            return fold_of(question.id)
        row = self.by_name[question.targets[0]]
        return fold_of("".join(self._chapter(row)), "chapter")

    def _chapter(self, row: int) -> tuple[str, ...]:
        article = self.corpus.articles[self.ids[row]]
        return (article.version.law, *article.path)

    def bank_examples(self, kind: str, say: Callable[[str], None]) -> list[Example]:
        """``asked`` or ``silent`` examples of the bank."""
        vectors = dequantise(self.question_vectors)
        examples = []
        for fold in range(FOLDS):
            extractor = Extractor(self.corpus, self.index(self._outside(kind, fold)))
            for number, question in enumerate(self.bank.questions):
                if self._fold(question, kind) != fold or (
                    kind == "silent" and fold_of(question.id, "silent", 100) >= 100 * SILENT_SHARE
                ):
                    continue
                right = [row for row in self.targets[number] if self.allowed[row]]
                examples.append(
                    self._example(
                        extractor,
                        kind,
                        self.texts[number],
                        question.style,
                        vectors[number],
                        right,
                    )
                )
            say(f"{kind} {fold + 1}/{FOLDS}: {len(examples)}")
        return examples

    def other_examples(self, kind: str, items: Sequence[Item]) -> list[Example]:
        """``bench`` or ``off_topic`` examples against the whole bank."""
        extractor = Extractor(self.corpus, self.index(lambda _: True))
        examples = []
        for item in items:
            text = normalise(item.text)
            right = sorted(self.by_name[gold] for gold in item.gold if gold in self.by_name)
            if not text or (item.gold and not right):
                continue
            vector = self.encoder.encode([text], "query")[0]
            examples.append(
                self._example(
                    extractor, kind, text, item.id if kind == "off_topic" else kind, vector, right
                )
            )
        return examples

    def _example(
        self,
        extractor: Extractor,
        kind: str,
        text: str,
        style: str,
        vector: Floats,
        right: Sequence[int],
    ) -> Example:
        found = extractor.extract(text, vector, self.allowed)
        return Example(
            kind,
            fold_of(text, "rank"),
            text,
            style,
            found.rows,
            found.features,
            np.isin(found.rows, np.array(right, np.int64)),
            len(set(right)),
            found.signals,
        )
