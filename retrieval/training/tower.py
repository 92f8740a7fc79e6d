"""The query tower: the bundled encoder's upper layers, tuned so that a resident's question lands
on the article that answers it.

Articles keep the vectors that the untuned encoder gave them, moved by one learned matrix: then the
loss can look at all 26,000 articles at every step instead of the few that a batch holds (sampled
softmax is only a stand-in for this one; Yih et al. 2011 train such a projection, Karpukhin et al.
2020, arXiv 2004.04906, the in-batch form). The lower layers are frozen and their outputs computed
once. Trained on a CPU in bfloat16 where the processor has it; deterministic for a seed and a
thread count.
"""

from __future__ import annotations

import copy
import math
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import nn

from retrieval.vectors import Floats

FROZEN = 6  # lower layers that stay as they are
BATCH = 128
DECAY = 0.01
WARM_UP = 0.06  # share of a stage's steps
TEMPERATURE = 0.02
DROPOUT = 0.0
LONGEST = 256  # tokens of a question that is learnt from
POOL = 16  # batches among which equal lengths are put together: padding is what batches waste

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Stage:
    """Epochs at one falling schedule of rates: of the layers, and of the articles' matrix."""

    epochs: int
    rate: float
    matrix_rate: float
    seed: int  # of the order of examples


# Two epochs alone leave the loss at 1.81; a second start lower down goes on to about 1.3
# (Loshchilov and Hutter 2017, arXiv 1608.03983, for the warm restart), a third to below 1.
STAGES = (Stage(2, 1.5e-4, 1e-3, 1), Stage(3, 1e-4, 6e-4, 2), Stage(3, 1e-4, 6e-4, 3))


@dataclass(frozen=True, slots=True)
class Pair:
    """A question's number among the cached ones, and the rows of its articles."""

    question: int
    rows: tuple[int, ...]


class QueryTower(nn.Module):
    """Upper layers and the articles' matrix; the frozen half only fills :meth:`lower`."""

    def __init__(self, sentence_transformer: Any, frozen: int = FROZEN) -> None:
        super().__init__()
        bert = sentence_transformer[0].auto_model
        self._frozen = (bert.embeddings, bert.encoder.layer[:frozen])
        self._number = frozen
        self._tokenizer = sentence_transformer.tokenizer.backend_tokenizer
        self._prompt = sentence_transformer.prompts["query"]
        self.upper = copy.deepcopy(bert.encoder.layer[frozen:])
        width = int(bert.config.hidden_size)
        self.articles = nn.Linear(width, width, bias=False)
        nn.init.zeros_(self.articles.weight)  # begins as the identity: see mapped()
        for module in self.modules():
            if isinstance(module, nn.Dropout):
                module.p = DROPOUT

    def tokens(self, texts: Sequence[str]) -> list[list[int]]:
        """Token ids of normalised questions, with the query prompt."""
        self._tokenizer.no_padding()
        self._tokenizer.enable_truncation(LONGEST)
        encoded = self._tokenizer.encode_batch([self._prompt + text for text in texts])
        return [item.ids for item in encoded]

    def lower(self, texts: Sequence[str], batch: int = 64) -> list[torch.Tensor]:
        """Outputs of the frozen layers, one (tokens, width) bfloat16 tensor a text."""
        embeddings, layers = self._frozen
        ids = self.tokens(texts)
        result: list[torch.Tensor] = [torch.empty(0)] * len(ids)
        order = sorted(range(len(ids)), key=lambda i: len(ids[i]))
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for start in range(0, len(order), batch):
                part = order[start : start + batch]
                longest = max(len(ids[i]) for i in part)
                padded = torch.ones((len(part), longest), dtype=torch.long)
                mask = torch.zeros((len(part), longest))
                for place, i in enumerate(part):
                    padded[place, : len(ids[i])] = torch.tensor(ids[i])
                    mask[place, : len(ids[i])] = 1
                states = _through(layers, embeddings(input_ids=padded), mask)
                for place, i in enumerate(part):
                    result[i] = states[place, : len(ids[i])].to(torch.bfloat16).clone()
        return result

    def forward(self, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
        """Unit vectors (n, width) from the frozen layers' outputs (n, tokens, width)."""
        states = _through(self.upper, states, mask).float()
        weight = mask[:, :, None]
        pooled = (states * weight).sum(1) / weight.sum(1)
        return nn.functional.normalize(pooled, dim=1)

    def mapped(self, articles: torch.Tensor) -> torch.Tensor:
        """The articles' vectors as this tower's questions find them, unit length."""
        return nn.functional.normalize(articles + self.articles(articles).float(), dim=1)

    def encode(self, states: Sequence[torch.Tensor], batch: int = 64) -> Floats:
        """Vectors of questions whose lower half is cached, (n, width)."""
        self.eval()
        vectors = np.zeros((len(states), self.articles.in_features), np.float32)
        order = sorted(range(len(states)), key=lambda i: len(states[i]))
        with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
            for start in range(0, len(order), batch):
                part = order[start : start + batch]
                vectors[part] = self(*_padded([states[i] for i in part])).numpy()
        return vectors

    def layers(self) -> dict[str, Floats]:
        """The upper layers' parameters under their names in the whole encoder."""
        return {
            f"encoder.layer.{self._number + int(number)}.{rest}": values.detach().numpy()
            for name, values in self.upper.state_dict().items()
            for number, _, rest in (name.partition("."),)
        }

    def begin_with(self, layers: Mapping[str, Floats], matrix: Floats) -> None:
        """Take over what :meth:`layers` and :meth:`matrix` of an earlier tower gave."""
        names = dict(zip(self.layers(), self.upper.state_dict(), strict=True))
        self.upper.load_state_dict(
            {names[name]: torch.from_numpy(np.array(layers[name])) for name in names}
        )
        with torch.no_grad():
            self.articles.weight.copy_(torch.from_numpy(np.array(matrix)))

    def matrix(self) -> Floats:
        """M of ``unit(a + M a)``, the articles' move, shape (width, width)."""
        return np.asarray(self.articles.weight.detach().numpy(), np.float32)


def _through(layers: Any, states: torch.Tensor, mask: torch.Tensor) -> torch.Tensor:
    attended = mask[:, None, None, :].bool()
    for layer in layers:
        output = layer(states, attended)
        states = output[0] if isinstance(output, tuple) else output
    return states


def _padded(states: Sequence[torch.Tensor]) -> tuple[torch.Tensor, torch.Tensor]:
    longest = max(len(state) for state in states)
    padded = torch.zeros((len(states), longest, states[0].shape[1]))
    mask = torch.zeros((len(states), longest))
    for place, state in enumerate(states):
        padded[place, : len(state)] = state.float()
        mask[place, : len(state)] = 1
    return padded, mask


def train(
    tower: QueryTower,
    states: Sequence[torch.Tensor],
    pairs: Sequence[Pair],
    articles: Floats,
    allowed: npt.NDArray[np.bool_],
    say: Say,
    stages: Sequence[Stage] = STAGES,
) -> None:
    """Tune ``tower`` in place: softmax over all articles, averaged over a question's right ones.

    Args:
        tower: from :class:`QueryTower`.
        states: cached lower halves, by question number.
        pairs: what to learn; a question may stand in it several times.
        articles: unit vectors of the untuned encoder, (rows, width).
        allowed: rows that may answer.
        say: told of progress.
        stages: one after the other.
    """
    for stage in stages:
        _train(tower, states, pairs, articles, allowed, say, stage)


def _train(
    tower: QueryTower,
    states: Sequence[torch.Tensor],
    pairs: Sequence[Pair],
    articles: Floats,
    allowed: npt.NDArray[np.bool_],
    say: Say,
    stage: Stage,
) -> None:
    rng = random.Random(stage.seed)  # noqa: S311 (no secret)
    torch.manual_seed(stage.seed)
    parameters = [
        {"params": list(tower.upper.parameters()), "lr": stage.rate},
        {"params": list(tower.articles.parameters()), "lr": stage.matrix_rate},
    ]
    optimiser = torch.optim.AdamW(parameters, weight_decay=DECAY)
    steps = math.ceil(len(pairs) / BATCH) * stage.epochs
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser,
        lambda step: min(1.0, (step + 1) / (WARM_UP * steps)) * max(0.02, 1 - step / steps),
    )
    kept = torch.from_numpy(np.flatnonzero(allowed))
    place = np.full(len(allowed), -1)
    place[allowed] = np.arange(len(kept))
    base = torch.from_numpy(articles)[kept]
    done = 0
    for epoch in range(stage.epochs):
        tower.train()
        total = 0.0
        for batch in _batches(pairs, states, rng):
            padded, mask = _padded([states[pair.question] for pair in batch])
            with torch.autocast("cpu", dtype=torch.bfloat16):
                vectors, targets = tower(padded, mask), tower.mapped(base)
            logits = torch.log_softmax(vectors.float() @ targets.T / TEMPERATURE, dim=1)
            loss = -(logits * _right(batch, place, len(kept))).sum() / len(batch)
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(tower.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            total += loss.item() * len(batch)
            done += 1
            if done % 20 == 0:
                say(f"  step {done}/{steps}, loss {loss.item():.3f}")
        say(f"  epoch {epoch + 1}/{stage.epochs}: mean loss {total / len(pairs):.3f}")


def _right(batch: Sequence[Pair], place: npt.NDArray[np.int64], width: int) -> torch.Tensor:
    """Each question's right articles as a distribution over all of them, (batch, width)."""
    shares = torch.zeros((len(batch), width))
    for i, pair in enumerate(batch):
        shares[i, place[list(pair.rows)]] = 1 / len(pair.rows)
    return shares


def _batches(
    pairs: Sequence[Pair], states: Sequence[torch.Tensor], rng: random.Random
) -> list[list[Pair]]:
    order = list(pairs)
    rng.shuffle(order)
    batches = []
    for start in range(0, len(order), BATCH * POOL):
        pool = sorted(
            order[start : start + BATCH * POOL], key=lambda pair: len(states[pair.question])
        )
        batches += [pool[i : i + BATCH] for i in range(0, len(pool), BATCH)]
    rng.shuffle(batches)
    return batches
