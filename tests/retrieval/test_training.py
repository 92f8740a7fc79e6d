from importlib import import_module
from types import ModuleType

import numpy as np
import pytest

from retrieval.features import FEATURES, SIGNALS
from retrieval.training.lists import Example, fold_of


def example(seed: int) -> Example:
    """Twenty candidates; the right one is where two features together are highest."""
    rng = np.random.default_rng(seed)
    features = rng.normal(size=(20, len(FEATURES))).astype(np.float32)
    features[:, FEATURES.index("blend")] = 0  # added with a fixed weight, not learnt
    gold = np.zeros(20, bool)
    gold[np.argmax(features[:, 0] + features[:, 8])] = True
    signals = np.zeros(len(SIGNALS), np.float32)
    rows = np.arange(20)
    vector = np.zeros(8, np.float32)
    return Example("asked", seed % 5, f"q{seed}", "plain", vector, rows, features, gold, 1, signals)


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return [example(seed) for seed in range(300)]


@pytest.fixture(scope="module")
def ranker() -> ModuleType:
    """The module, which brings torch: seconds that only these tests need to spend."""
    pytest.importorskip("torch")
    return import_module("retrieval.training.ranker")


@pytest.mark.slow
def test_it_learns_what_makes_a_candidate_right(
    ranker: ModuleType, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(ranker, "EPOCHS", 60)  # few examples need more rounds
    fitted = ranker.fit(examples[:250], seeds=(1, 2))
    right = [e.gold[np.argmax(fitted(e.features))] for e in examples[250:]]
    assert np.mean(right) > 0.8


@pytest.mark.slow
def test_the_mean_of_rankers_is_one_perceptron(ranker: ModuleType, examples: list[Example]) -> None:
    parts = [ranker.fit(examples[:50], seeds=(seed,)) for seed in (1, 2)]
    both = ranker.fit(examples[:50], seeds=(1, 2))
    inputs = examples[0].features
    expected = (parts[0](inputs) + parts[1](inputs)) / 2
    assert both(inputs) == pytest.approx(expected, abs=1e-4)


@pytest.mark.slow
def test_every_question_is_scored_by_a_ranker_that_has_not_seen_it(
    ranker: ModuleType, examples: list[Example], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[set[str]] = []
    fit = ranker.fit

    def spy(part: list[Example]) -> object:
        seen.append({e.text for e in part})
        return fit(part[:20], seeds=(1,))

    monkeypatch.setattr(ranker, "fit", spy)
    ranker.out_of_fold(examples)
    for fold, texts in enumerate(seen):
        assert not texts & {e.text for e in examples if e.fold == fold}
    assert set().union(*seen) == {e.text for e in examples}


def test_folds_are_stable() -> None:
    assert [fold_of(f"q{i}") for i in range(6)] == [2, 2, 3, 0, 4, 0]
    assert len({fold_of(f"q{i}") for i in range(100)}) == 5
