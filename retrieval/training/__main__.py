"""``python -m retrieval.training [--bench FILE]…``: train ranker and confidence, print figures.

From committed data (question bank, ``knowledge/labelled/off_topic.jsonl``) and, where given, files
in the bench format, of which nothing but trained weights is kept. Reproducible: fixed seed, one
thread. About ten minutes on two cores.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from knowledge.build import ensure
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval import confidence as gate
from retrieval.evaluate import read_items
from retrieval.features import FEATURES, Flags
from retrieval.model.encoder import open_encoder
from retrieval.ranking import WEIGHTS as RANKER
from retrieval.ranking import order, reciprocal_rank_fusion
from retrieval.training import confidence, ranker
from retrieval.training.lists import FOLDS, Example, Workshop, fold_of, read_off_topic
from retrieval.vectors import Floats
from settings import Settings

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
KINDS = ("asked", "silent", "bench")


def main() -> None:
    """Make the lists, cross-validate, fit on everything, write the weights."""
    parser = argparse.ArgumentParser(prog="python -m retrieval.training", description=__doc__)
    parser.add_argument("--bench", type=Path, action="append", default=[], metavar="FILE")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    settings = Settings.from_environment()
    ensure(settings.knowledge_db)
    workshop = Workshop(
        Corpus.open(settings.knowledge_db), Bank.load(), open_encoder(settings, threads=2)
    )
    examples = workshop.bank_examples("asked", say) + workshop.bank_examples("silent", say)
    for path in arguments.bench:
        examples += workshop.other_examples("bench", read_items(path))
    examples += workshop.other_examples("off_topic", read_off_topic())
    train(examples, [path.stem for path in arguments.bench])


def train(examples: list[Example], bench: Sequence[str]) -> None:
    """Cross-validate, print, fit and write."""
    scores = ranker.out_of_fold(examples, say)
    say(quality(examples, [reciprocal_rank_fusion(e.features) for e in examples], "RRF"))
    say(quality(examples, scores, "ranker, out of fold"))
    counts = ", ".join(f"{kind} {sum(e.kind == kind for e in examples)}" for kind in KINDS)
    about = f"trained by retrieval.training on {counts}; bench files: {', '.join(bench) or 'none'}"
    fitted = ranker.fit([e for e in examples if e.kind in KINDS])
    fitted.save(RANKER, FEATURES, about)
    # off-topic inputs are in no fold of the ranker: score them with what is shipped
    scores = [
        fitted(e.features) if e.kind == "off_topic" else s
        for e, s in zip(examples, scores, strict=True)
    ]
    rows = confidence.rows_of(examples, scores)
    off = np.array([e.kind == "off_topic" for e in examples])
    learns = ~off | np.array([fold_of(e.text, "gate", 2) == 0 for e in examples])
    kept = [e for e, learn in zip(examples, learns, strict=True) if learn]
    for name, labels, path in (
        ("one of three answers", confidence.right_in_three(examples, scores), gate.ANSWERS),
        ("in scope", (~off).astype(np.float32), gate.SCOPE),
    ):
        say(gate_figures(name, examples, rows, labels, learns))
        model = confidence.fit(rows[learns], labels[learns], confidence.weights_of(kept))
        model.save(path, gate.INPUTS, about + "; off-topic: the training half")


def quality(examples: Sequence[Example], scores: Sequence[Floats], name: str) -> str:
    """hit@1, 3, 5 and recall@10, 100 by situation."""
    lines = [name]
    for kind in KINDS:
        rows = []
        for example, score in zip(examples, scores, strict=True):
            if example.kind == kind:
                right = example.gold[order(example.rows, score)]
                hits = [float(right[:k].any()) for k in (1, 3, 5)]
                rows.append([*hits, *(right[:k].sum() / example.golds for k in (10, 100))])
        if rows:
            means = " ".join(f"{value:.3f}" for value in np.mean(rows, axis=0))
            lines.append(f"  {kind:7s} {len(rows):6d}  H@1 H@3 H@5 R@10 R@100: {means}")
    return "\n".join(lines)


def gate_figures(
    name: str, examples: Sequence[Example], rows: Floats, labels: Floats, learns: Flags
) -> str:
    """Separation and calibration: in-scope out of fold, off-topic on the half not learnt from."""
    folds = np.array([e.fold for e in examples])
    kinds = np.array([e.kind for e in examples])
    styles = np.array([e.style for e in examples])
    values = np.zeros(len(examples))
    off = kinds == "off_topic"
    unseen = off & ~learns
    for fold in range(FOLDS):
        fit_on = learns & (off | (folds != fold))
        chosen = [e for e, use in zip(examples, fit_on, strict=True) if use]
        model = confidence.fit(rows[fit_on], labels[fit_on], confidence.weights_of(chosen))
        said = 1 / (1 + np.exp(-np.clip(model(rows), -30, 30)))
        values += np.where(unseen, said / FOLDS, 0) + np.where(~off & (folds == fold), said, 0)
    bad = values[unseen]
    groups = {kind: kinds == kind for kind in KINDS}
    groups["short"] = (styles == "short") & (kinds == "asked")
    lines = [f"{name}: passed (in scope / {len(bad)} off-topic unseen) at {THRESHOLDS}"]
    for group, members in groups.items():
        good = values[members]
        if len(good):
            area = (good[:, None] > bad[None]).mean() + (good[:, None] == bad[None]).mean() / 2
            passed = " ".join(
                f"{(good >= t).mean():.3f}/{(bad >= t).mean():.3f}" for t in THRESHOLDS
            )
            lines.append(f"  {group:7s} AUROC {area:.4f}: {passed}")
    for low in np.arange(0, 1, 0.1):
        inside = (values >= low) & (values < low + 0.1) & (unseen | ~off)
        if inside.any():
            lines.append(
                f"  said {low:.1f}–{low + 0.1:.1f}: n {inside.sum():5d}, "
                f"mean {values[inside].mean():.3f}, right {labels[inside].mean():.3f}"
            )
    return "\n".join(lines)


def say(text: str) -> None:
    """Progress and figures go to the person at the terminal."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
