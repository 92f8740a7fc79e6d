"""Candidate lists to learn from, each as if its question had never been seen.

Four situations that a live question can meet:

- ``asked``: its article has other bank questions (the question's fold is left out of the bank);
- ``silent``: its article has none, nor has its chapter (all questions of a fold of chapters are
  left out; an article alone without questions among neighbours that have some gives itself away);
- ``natural``: a question of the files that were written from situations (:data:`NATURAL`), whose
  distribution over laws is nearer to what residents ask (its fifth is left out of the bank);
- ``bench``: a question by other people, from a file in the bench format; the whole bank is in.

The query tower that ships has seen none of them (:mod:`retrieval.training.towers`): a tenth of the
bank's questions, all questions of a twentieth of the chapters, a fifth of the natural ones and a
fifth of the bench are kept from it. Had it seen them, the ranker would learn to trust cosines that
are too good to last; and so the figures printed here are those of the shipped weights.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from knowledge.corpus import Corpus
from knowledge.questions.bank import BANK_DATE, Bank, Question
from retrieval.documents import passage
from retrieval.evaluate import Item
from retrieval.features import Extractor
from retrieval.index import ARTICLE_VECTORS, Index, article_rows, assemble, relation
from retrieval.lexical import article_tokens
from retrieval.model.towers import place
from retrieval.prior import Prior
from retrieval.text import normalise, tokenise
from retrieval.vectors import Bytes, Encodes, Floats, collect, dequantise, quantise
from settings import ROOT

LABELLED = ROOT / "knowledge" / "labelled"
OFF_TOPIC = (LABELLED / "off_topic.jsonl", LABELLED / "off_topic_more.jsonl")
SHORT = LABELLED / "in_scope_short.jsonl"
FOLDS = 5  # of the ranker's cross-validation; natural and bench questions are held back by one
ASKED = 10  # one bank question in so many is kept from the tower
CHAPTERS = 20  # one in so many is silent
NATURAL = ("j", "k")  # how the names of the files begin that were written from situations


@dataclass(frozen=True, slots=True)
class Example:
    """One question with its candidates' features and which of them are right."""

    kind: str  # asked, silent, natural, bench, short, off_topic
    fold: int  # of the ranker, not of the tower
    text: str
    style: str
    vector: Floats
    rows: npt.NDArray[np.int64]
    features: Floats
    gold: npt.NDArray[np.bool_]  # which candidates are right
    golds: int  # how many right answers there are, found or not
    signals: Floats


@dataclass(frozen=True, slots=True)
class Vectors:
    """What a tower makes of everything: articles and bank as stored, other texts."""

    articles: Bytes  # placed
    questions: Bytes
    others: dict[str, Floats]  # by normalised text


def fold_of(text: str, salt: str = "", folds: int = FOLDS) -> int:
    """A stable fold number from a text."""
    return int(hashlib.sha256(f"{salt}{text}".encode()).hexdigest()[:8], 16) % folds


def unseen(text: str) -> bool:
    """Whether a bench question is kept from the tower."""
    return fold_of(text, "rank") == 0


def read_off_topic() -> list[Item]:
    """The labelled inputs that nothing in the corpus answers."""
    return [Item(kind, text, frozenset()) for path in OFF_TOPIC for kind, text in _lines(path)]


def read_short() -> list[Item]:
    """Short legal questions without a labelled article: they are in scope, that is all."""
    return [Item(kind, text, frozenset()) for kind, text in _lines(SHORT)]


def _lines(path: Path) -> list[tuple[str, str]]:
    lines = path.read_text("utf-8").splitlines()
    entries = [json.loads(line) for line in lines if line.strip()]
    return [(entry["kind"], entry["q"]) for entry in entries]


class Workshop:
    """Everything that lists are made from, tokenised once."""

    def __init__(self, corpus: Corpus, bank: Bank, encoder: Encodes) -> None:
        self.corpus, self.bank = corpus, bank
        self.ids, rows = article_rows(corpus)
        articles = [corpus.articles[id_] for id_ in self.ids]
        self.articles = articles
        self.tokens = [article_tokens(article) for article in articles]
        self.allowed = np.array([corpus.applies(article, BANK_DATE) for article in articles])
        self.texts = [normalise(question.text) for question in bank.questions]
        self.asked = [tokenise(text) for text in self.texts]
        self.targets = relation(corpus, bank, rows)
        self.base = dequantise(
            collect(encoder, [passage(a) for a in articles], "passage", (ARTICLE_VECTORS,))
        )
        self.by_name = {
            (article.version.short, article.number): row
            for row, article in enumerate(articles)
            if self.allowed[row]
        }

    def right(self, number: int) -> tuple[int, ...]:
        """Rows that answer a bank question and may be shown."""
        return tuple(sorted({row for row in self.targets[number] if self.allowed[row]}))

    def answers(self, item: Item) -> tuple[int, ...]:
        """Rows that answer a question from elsewhere."""
        return tuple(sorted({self.by_name[gold] for gold in item.gold if gold in self.by_name}))

    def situation(self, number: int) -> str:
        """What a bank question is to the tower: ``silent``, ``natural``, ``asked`` or ``seen``."""
        question, text = self.bank.questions[number], self.texts[number]
        article = self.articles[self.by_name[question.targets[0]]]
        chapter = "".join((article.version.law, *article.path))
        if fold_of(chapter, "chapter", CHAPTERS) == 0:
            return "silent"
        if question.path.name.startswith(NATURAL):
            return "natural" if fold_of(text, "asked") == 0 else "seen"
        # a tenth within the fifth that earlier towers were kept from
        return "asked" if fold_of(text, "asked", ASKED) == 0 else "seen"

    def prior(self, bench: Sequence[Item]) -> Prior:
        """Counted from the natural and bench questions that are not held back."""
        natural = [
            question.targets
            for number, question in enumerate(self.bank.questions)
            if question.path.name.startswith(NATURAL) and self.situation(number) == "seen"
        ]
        others = [
            [(self.articles[row].version.short, self.articles[row].number) for row in right]
            for item in bench
            if not unseen(normalise(item.text))
            for right in (self.answers(item),)
        ]
        return Prior.counted([*natural, *others])

    def vectors(self, matrix: Floats, questions: Floats, others: dict[str, Floats]) -> Vectors:
        """A tower's vectors as an index holds them."""
        return Vectors(quantise(place(self.base, matrix)), quantise(questions), others)

    def index(self, vectors: Vectors, kept: Callable[[Question], bool]) -> Index:
        """An index with a part of the bank."""
        numbers = [i for i, question in enumerate(self.bank.questions) if kept(question)]
        return assemble(
            self.ids,
            self.tokens,
            [self.asked[i] for i in numbers],
            [self.targets[i] for i in numbers],
            vectors.articles,
            vectors.questions[numbers],
        )

    def bank_examples(self, kind: str, vectors: Vectors, prior: Prior) -> list[Example]:
        """``asked``, ``silent`` or ``natural`` examples."""
        members = {
            self.bank.questions[number].id: number
            for number in range(len(self.texts))
            if self.situation(number) == kind
        }
        index = self.index(vectors, lambda question: question.id not in members)
        extractor = Extractor(self.corpus, index, prior)
        encoded = dequantise(vectors.questions)
        return [
            self._example(
                extractor,
                kind,
                self.texts[number],
                self.bank.questions[number].style,
                encoded[number],
                self.right(number),
            )
            for number in members.values()
        ]

    def other_examples(
        self, kind: str, items: Sequence[Item], vectors: Vectors, prior: Prior
    ) -> list[Example]:
        """``bench``, ``short`` or ``off_topic`` examples against the whole bank.

        Of the bench those that the tower has not seen.
        """
        extractor = Extractor(self.corpus, self.index(vectors, lambda _: True), prior)
        examples = []
        for item in items:
            text = normalise(item.text)
            right = self.answers(item)
            if not text or (item.gold and not right) or (kind == "bench" and not unseen(text)):
                continue
            style = item.id if kind == "off_topic" else kind
            examples.append(
                self._example(extractor, kind, text, style, vectors.others[text], right)
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
            fold_of(text, "ranker"),
            text,
            style,
            vector,
            found.rows,
            found.features,
            np.isin(found.rows, np.array(right, np.int64)),
            len(set(right)),
            found.signals,
        )
