"""Fitting the ranker to example lists."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import numpy.typing as npt
import torch

from retrieval.features import FEATURES
from retrieval.perceptron import Perceptron
from retrieval.training.lists import FOLDS, Example
from retrieval.vectors import Floats

UNITS = 24
EPOCHS = 12
BATCH = 64  # lists
RATE = 3e-3
DECAY = 1e-4
WIDTH = 128  # candidates of a list that are learnt from: right ones, the hardest, random others
HARDEST = 64
# Of a list in the loss. More for the silent ones helps articles without questions and costs all
# others more (docs/retrieval.md has the table).
WEIGHTS = {"asked": 0.3, "natural": 3.0, "silent": 0.15, "bench": 10.0}
# Votes for laws and chapters look better inside the bank than on questions by other writers; the
# blend is not learnt from but added, which holds the ranker near what works everywhere.
IGNORED = (
    "law by nearest questions",
    "law by nearest articles",
    "law by bm25",
    "chapter by nearest questions",
    "chapter by bm25",
    "blend",
)
BLEND_WEIGHT = 4.0
_IGNORED = [FEATURES.index(name) for name in IGNORED]


def fit(examples: Sequence[Example], seeds: Sequence[int] = (7, 8, 9)) -> Perceptron:
    """The mean of several rankers that differ in their seed, as one perceptron: steadier than any.

    Trained on the lists that hold a right candidate; deterministic for seeds and thread count.
    """
    parts = [_fit_one(examples, seed) for seed in seeds]
    return Perceptron(
        parts[0].mean,
        parts[0].scale,
        np.concatenate([part.hidden for part in parts], axis=1),
        np.concatenate([part.hidden_bias for part in parts]),
        np.asarray(np.concatenate([part.output for part in parts]) / len(parts), np.float32),
        np.mean([part.linear for part in parts], axis=0, dtype=np.float32),
        parts[0].bias,
    )


def _fit_one(examples: Sequence[Example], seed: int) -> Perceptron:
    torch.manual_seed(seed)
    usable = [example for example in examples if example.gold.any()]
    rng = np.random.default_rng(seed)
    stacked = np.concatenate([e.features[:: max(1, len(e.rows) // 20)] for e in usable])
    mean, scale = stacked.mean(axis=0), stacked.std(axis=0) + 1e-3
    learnt = np.ones(len(FEATURES), np.float32)
    learnt[_IGNORED] = 0
    features = torch.zeros(len(usable), WIDTH, len(FEATURES))
    gold = torch.zeros(len(usable), WIDTH)
    real = torch.zeros(len(usable), WIDTH, dtype=torch.bool)
    for i, example in enumerate(usable):
        chosen = _chosen(example, rng)
        n = len(chosen)
        features[i, :n] = torch.from_numpy(
            np.clip((example.features[chosen] - mean) / scale, -6, 6) * learnt
        )
        gold[i, :n] = torch.from_numpy(example.gold[chosen].astype(np.float32))
        real[i, :n] = True
    gold /= gold.sum(dim=1, keepdim=True)
    weight = torch.tensor([WEIGHTS[example.kind] for example in usable])
    first = torch.nn.Linear(len(FEATURES), UNITS)
    second = torch.nn.Linear(UNITS, 1, bias=False)
    linear = torch.nn.Linear(len(FEATURES), 1, bias=False)
    torch.nn.init.zeros_(linear.weight)
    parameters = [*first.parameters(), *second.parameters(), *linear.parameters()]
    optimiser = torch.optim.AdamW(parameters, RATE, weight_decay=DECAY)
    steps = EPOCHS * ((len(usable) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        order = rng.permutation(len(usable))
        for start in range(0, len(order), BATCH):
            part = torch.from_numpy(order[start : start + BATCH])
            x = features[part]
            scores = (second(torch.relu(first(x))) + linear(x)).squeeze(2)
            scores = scores.masked_fill(~real[part], -1e9)
            losses = -(gold[part] * torch.log_softmax(scores, dim=1)).sum(dim=1)
            loss = (losses * weight[part]).sum() / weight[part].sum()
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()

    def numbers(tensor: torch.Tensor) -> Floats:
        return tensor.detach().numpy().astype(np.float32)

    blend = FEATURES.index("blend")
    straight = numbers(linear.weight)[0] * learnt
    straight[blend] = BLEND_WEIGHT * scale[blend]  # its inputs are standardised
    return Perceptron(
        mean.astype(np.float32),
        scale.astype(np.float32),
        numbers(first.weight).T * learnt[:, None],
        numbers(first.bias),
        numbers(second.weight)[0],
        straight,
        np.zeros((), np.float32),
    )


def _chosen(example: Example, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    """Right candidates, then the hardest others by their main relative features, then others by
    chance: without these the ranker never learns what a hopeless candidate looks like."""
    key = example.features[:, 1] + example.features[:, 9] / 2 + example.features[:, 12] / 2
    ranked = np.lexsort((-key, ~example.gold))
    rest = rng.permutation(ranked[HARDEST:])
    return np.concatenate([ranked[:HARDEST], rest])[:WIDTH].astype(np.int64)


def out_of_fold(
    examples: Sequence[Example], say: Callable[[str], None] = lambda _: None
) -> list[Floats]:
    """Scores of every example's candidates by a ranker that has not seen its question."""
    scores: list[Floats] = [np.zeros(0, np.float32)] * len(examples)
    for fold in range(FOLDS):
        ranker = fit([e for e in examples if e.fold != fold and e.kind in WEIGHTS])
        for i, example in enumerate(examples):
            if example.fold == fold:
                scores[i] = ranker(example.features)
        say(f"ranker {fold + 1}/{FOLDS}")
    return scores
