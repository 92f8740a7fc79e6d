"""What the query tower learns from, and the tower itself.

It learns from the question bank and from the bench files (each of their questions
several times, or the bank's 20,000 would drown them), except what is held back for the ranker
(:mod:`retrieval.training.lists`), and from sentences of the corpus itself, which keep articles
without any question where they are. A finished tower is kept in a folder: training ranker and
gates anew does not need a new one.
"""

from __future__ import annotations

import hashlib
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch

from retrieval.evaluate import Item
from retrieval.model import tuned
from retrieval.text import normalise
from retrieval.training import tower as tower_module
from retrieval.training.lists import NATURAL, Vectors, Workshop, unseen
from retrieval.training.tower import STAGES, Pair, QueryTower, Stage, train
from retrieval.vectors import Floats

BENCH_TIMES = 3
NATURAL_TIMES = 2
SENTENCES = 2500
SEED = 20261124

Say = Callable[[str], None]

_STOP = re.compile("[。；：\n]")


class TowerYard:
    """Questions with their lower halves computed once, and the tower trained on them."""

    def __init__(
        self,
        workshop: Workshop,
        sentence_transformer: Any,
        bench: Sequence[Item],
        others: Sequence[str],
        folder: Path,
        say: Say,
    ) -> None:
        """Prepare.

        Args:
            workshop: corpus and bank.
            sentence_transformer: the untuned encoder.
            bench: questions to learn from besides the bank.
            others: texts to be encoded and not learnt from.
            folder: where a finished tower is kept.
            say: told of progress.
        """
        self._workshop, self._say, self._folder = workshop, say, folder
        self._model = sentence_transformer
        usable = [(normalise(item.text), workshop.answers(item)) for item in bench]
        self._bench = [(text, right) for text, right in usable if text and right]
        self._sentences = corpus_sentences(workshop)
        self._others = list(dict.fromkeys([text for text, _ in self._bench] + list(others)))
        texts = [
            *workshop.texts,
            *(text for text, _ in self._bench),
            *(text for text, _ in self._sentences),
        ]
        self._texts = texts
        say(f"{len(texts)} questions and sentences through the frozen layers")
        tower = QueryTower(sentence_transformer)
        self._states = tower.lower(texts)
        self._other_states = tower.lower(self._others)

    def pairs(self) -> list[Pair]:
        """What the tower learns from."""
        workshop = self._workshop
        result = []
        for number in range(len(workshop.texts)):
            right = workshop.right(number)
            if right and workshop.situation(number) == "seen":
                natural = workshop.bank.questions[number].path.name.startswith(NATURAL)
                result += [Pair(number, right)] * (NATURAL_TIMES if natural else 1)
        at = len(workshop.texts)
        for place, (text, right) in enumerate(self._bench):
            if not unseen(text):
                result += [Pair(at + place, right)] * BENCH_TIMES
        at += len(self._bench)
        return result + [Pair(at + place, (row,)) for place, (_, row) in enumerate(self._sentences)]

    def tower(self, *, onwards: bool = False) -> QueryTower:
        """The tower, trained now or before.

        Args:
            onwards: begin with the weights that ship and add only the last stage. They must have
                been kept from what is held back now.
        """
        pairs = self.pairs()
        path = self._folder / f"tower-{self._key(pairs, onwards)}.pt"
        tower = QueryTower(self._model)
        if path.is_file():
            tower.load_state_dict(torch.load(path, weights_only=True))
            self._say(f"tower: taken from {path.name}")
            return tower
        self._say(f"tower: {len(pairs)} examples an epoch")
        workshop = self._workshop
        stages: Sequence[Stage] = STAGES
        if onwards:
            tower.begin_with(*tuned.load())
            stages = STAGES[-1:]
        train(tower, self._states, pairs, workshop.base, workshop.allowed, self._say, stages)
        self._folder.mkdir(parents=True, exist_ok=True)
        torch.save(tower.state_dict(), path)
        return tower

    def vectors(self, tower: QueryTower) -> Vectors:
        """What a tower makes of articles, bank, bench and the other texts."""
        questions = tower.encode(self._states[: len(self._workshop.texts)])
        encoded = tower.encode(self._other_states)
        others: dict[str, Floats] = dict(zip(self._others, encoded, strict=True))
        return self._workshop.vectors(tower.matrix(), questions, others)

    def _key(self, pairs: Sequence[Pair], onwards: bool) -> str:
        digest = hashlib.sha256(Path(tower_module.__file__).read_bytes())
        if onwards:
            digest.update(tuned.WEIGHTS.read_bytes())
        for pair in pairs:
            digest.update(f"{self._texts[pair.question]}\x1f{pair.rows}\x1e".encode())
        return digest.hexdigest()[:16]


def corpus_sentences(workshop: Workshop) -> list[tuple[str, int]]:
    """Single sentences of articles drawn by chance, each with its article's row."""
    rng = random.Random(SEED)  # noqa: S311 (no secret)
    rows = [row for row in range(len(workshop.articles)) if workshop.allowed[row]]
    result = []
    for row in rng.sample(rows, min(SENTENCES, len(rows))):
        parts = [p for p in _STOP.split(workshop.articles[row].text) if 10 <= len(p) <= 120]
        if parts:
            result.append((normalise(rng.choice(parts)), row))
    return result
