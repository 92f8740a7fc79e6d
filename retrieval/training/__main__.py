"""``python -m retrieval.training [--bench FILE]…``: train everything that retrieval learns.

1. The query tower (an hour on two idle cores; kept under ``PUFA_HOME/training``; with
   ``--onwards`` the shipped one only gets the last stage).
2. The ranker, from lists of what the tower has not seen.
3. The two probabilities, from the ranker's out-of-fold scores.

From committed data (question bank, ``knowledge/labelled``) and, where given, files in the bench
format, of which nothing but trained weights is kept. Reproducible: fixed seeds, two threads.
Afterwards run ``python -m retrieval.model.encode``: the bank's vectors are the new tower's.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np
import torch

from knowledge.build import ensure
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval import confidence as gate
from retrieval.evaluate import read_items
from retrieval.features import FEATURES
from retrieval.model import tuned
from retrieval.model.encoder import load_model, locate, open_base
from retrieval.prior import WEIGHTS as PRIOR
from retrieval.ranking import WEIGHTS as RANKER
from retrieval.ranking import reciprocal_rank_fusion
from retrieval.text import normalise
from retrieval.training import confidence, figures, ranker
from retrieval.training.lists import FOLDS, Example, Workshop, fold_of, read_off_topic, read_short
from retrieval.training.tower import QueryTower
from retrieval.training.towers import TowerYard
from settings import Settings


def main() -> None:
    """Train towers, make the lists, cross-validate, fit on everything, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m retrieval.training", description=__doc__)
    parser.add_argument("--bench", type=Path, action="append", default=[], metavar="FILE")
    parser.add_argument("--onwards", action="store_true")
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    settings = Settings.from_environment()
    ensure(settings.knowledge_db)
    workshop = Workshop(
        Corpus.open(settings.knowledge_db), Bank.load(), open_base(settings, threads=2)
    )
    bench = [item for path in arguments.bench for item in read_items(path)]
    off_topic, short = read_off_topic(), read_short()
    others = [normalise(item.text) for item in (*off_topic, *short)]
    yard = TowerYard(
        workshop,
        load_model(locate(settings)[0], 2),
        bench,
        others,
        settings.home / "training",
        say,
    )
    about = (
        f"{len(workshop.texts)} bank questions; bench files: "
        f"{', '.join(path.stem for path in arguments.bench) or 'none'}"
    )
    tower = yard.tower(onwards=arguments.onwards)
    ship(tower, about)
    vectors = yard.vectors(tower)
    examples: list[Example] = []
    prior = workshop.prior(bench)
    prior.save(PRIOR, about)
    for kind in ("asked", "silent", "natural"):
        examples += workshop.bank_examples(kind, vectors, prior)
        say(f"lists: {kind}")
    for kind, items in (("bench", bench), ("short", short), ("off_topic", off_topic)):
        examples += workshop.other_examples(kind, items, vectors, prior)
        say(f"lists: {kind}")
    torch.set_num_threads(1)
    train(examples, about)


def ship(tower: QueryTower, about: str) -> None:
    """Write the tower that ships."""
    tuned.save(tuned.WEIGHTS, tower.layers(), tower.matrix(), about)


def train(examples: list[Example], about: str) -> None:
    """Cross-validate ranker and gates, print, fit and write."""
    scores = ranker.out_of_fold(examples, say)
    say(figures.quality(examples, [reciprocal_rank_fusion(e.features) for e in examples], "RRF"))
    say(figures.quality(examples, scores, "ranker, out of fold"))
    fitted = ranker.fit([e for e in examples if e.kind in ranker.WEIGHTS])
    counts = ", ".join(
        f"{kind} {sum(e.kind == kind for e in examples)}" for kind in confidence.SHARES
    )
    about = f"trained by retrieval.training on {about}; lists: {counts}"
    fitted.save(RANKER, FEATURES, about)
    # inputs without an answer are in no fold of the ranker: score them with what is shipped
    scores = [
        score if example.kind in ranker.WEIGHTS else fitted(example.features)
        for example, score in zip(examples, scores, strict=True)
    ]
    off = np.array([e.kind == "off_topic" for e in examples])
    learns = ~off | np.array([fold_of(e.text, "gate", FOLDS) != 0 for e in examples])
    for name, labels, path, names, rows, used in (
        (
            "one of three answers",
            confidence.right_in_three(examples, scores),
            gate.ANSWERS,
            gate.INPUTS,
            confidence.rows_of(examples, scores),
            np.array([e.kind != "short" for e in examples]),
        ),
        (
            "in scope",
            (~off).astype(np.float32),
            gate.SCOPE,
            gate.SCOPE_INPUTS,
            confidence.scope_rows_of(examples, scores),
            np.ones(len(examples), bool),
        ),
    ):
        chosen = [e for e, use in zip(examples, used, strict=True) if use]
        say(figures.gate_figures(name, chosen, rows[used], labels[used], learns[used]))
        both = learns & used
        kept = [e for e, keep in zip(examples, both, strict=True) if keep]
        model = confidence.fit(rows[both], labels[both], confidence.weights_of(kept))
        model.save(path, names, about + "; off-topic: four fifths of them")


def say(text: str) -> None:
    """Progress and figures go to the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
