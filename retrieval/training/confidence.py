"""Fitting the confidence: in-scope questions, right or wrong in three, against off-topic inputs."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch

from retrieval.confidence import inputs
from retrieval.perceptron import Perceptron
from retrieval.ranking import order
from retrieval.training.lists import Example
from retrieval.vectors import Floats

UNITS = 12
EPOCHS = 60
BATCH = 256
RATE = 3e-3
DECAY = 3e-3

# The share of each situation among live questions that the probability is calibrated to: most
# residents ask what the bank knows, some what it does not, and a quarter are off topic.
SHARES = {
    "asked": 0.2,
    "natural": 0.2,
    "silent": 0.1,
    "bench": 0.15,
    "short": 0.1,
    "off_topic": 0.25,
}


def rows_of(examples: Sequence[Example], scores: Sequence[Floats]) -> Floats:
    """Inputs of the confidence, shape (examples, len(INPUTS))."""
    return np.stack(
        [
            inputs(example.features, score, order(example.rows, score), example.signals)
            for example, score in zip(examples, scores, strict=True)
        ]
    )


def scope_rows_of(examples: Sequence[Example], scores: Sequence[Floats]) -> Floats:
    """Inputs of the scope, shape (examples, len(SCOPE_INPUTS))."""
    vectors = np.stack([example.vector for example in examples])
    return np.concatenate([rows_of(examples, scores), vectors], axis=1)


def right_in_three(examples: Sequence[Example], scores: Sequence[Floats]) -> Floats:
    """1 where one of the first three is right; off-topic examples have no right one."""
    return np.array(
        [
            float(example.gold[order(example.rows, score)[:3]].any())
            for example, score in zip(examples, scores, strict=True)
        ],
        np.float32,
    )


def weights_of(examples: Sequence[Example]) -> Floats:
    """A weight for each example that gives every situation its share."""
    counts = {kind: sum(e.kind == kind for e in examples) for kind in SHARES}
    return np.array([SHARES[e.kind] * len(examples) / counts[e.kind] for e in examples], np.float32)


def fit(rows: Floats, right: Floats, weights: Floats, seed: int = 7) -> Perceptron:
    """Train by weighted cross-entropy; deterministic for a seed and thread count."""
    torch.manual_seed(seed)
    rng = np.random.default_rng(seed)
    mean, scale = rows.mean(axis=0), rows.std(axis=0) + 1e-3
    x = torch.from_numpy(np.clip((rows - mean) / scale, -6, 6).astype(np.float32))
    y, w = torch.from_numpy(right), torch.from_numpy(weights)
    width = rows.shape[1]
    first = torch.nn.Linear(width, UNITS)
    second = torch.nn.Linear(UNITS, 1, bias=False)
    linear = torch.nn.Linear(width, 1)
    torch.nn.init.zeros_(linear.weight)
    parameters = [*first.parameters(), *second.parameters(), *linear.parameters()]
    optimiser = torch.optim.AdamW(parameters, RATE, weight_decay=DECAY)
    steps = EPOCHS * ((len(rows) + BATCH - 1) // BATCH)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, RATE, total_steps=steps)
    for _ in range(EPOCHS):
        shuffled = rng.permutation(len(rows))
        for start in range(0, len(shuffled), BATCH):
            part = torch.from_numpy(shuffled[start : start + BATCH])
            logits = (second(torch.relu(first(x[part]))) + linear(x[part])).squeeze(1)
            loss = torch.nn.functional.binary_cross_entropy_with_logits(
                logits, y[part], weight=w[part]
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimiser.step()
            schedule.step()

    def numbers(tensor: torch.Tensor) -> Floats:
        return tensor.detach().numpy().astype(np.float32)

    return Perceptron(
        mean.astype(np.float32),
        scale.astype(np.float32),
        numbers(first.weight).T,
        numbers(first.bias),
        numbers(second.weight)[0],
        numbers(linear.weight)[0],
        numbers(linear.bias)[0],
    )
