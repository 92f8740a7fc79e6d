"""Figures of a training: quality by situation, separation and calibration of the gates."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from retrieval.features import Flags
from retrieval.ranking import order
from retrieval.training import confidence
from retrieval.training.lists import FOLDS, Example
from retrieval.vectors import Floats

THRESHOLDS = (0.05, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7, 0.8, 0.9)
KINDS = ("asked", "silent", "natural", "bench")


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
            lines.append(f"  {kind:8s} {len(rows):6d}  H@1 H@3 H@5 R@10 R@100: {means}")
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
    groups = {kind: kinds == kind for kind in (*KINDS, "short")}
    groups["terse"] = (styles == "short") & (kinds == "asked")
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
