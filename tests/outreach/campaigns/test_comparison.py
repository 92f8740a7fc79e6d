from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import binomtest  # type: ignore[import-untyped]

from outreach.campaigns.comparison import Rate, compare, newcombe, wilson

counts = st.integers(1, 5000).flatmap(lambda of: st.tuples(st.integers(0, of), st.just(of)))


@given(counts)
def test_wilson_is_scipy_s(pair: tuple[int, int]) -> None:
    hits, of = pair
    expected = binomtest(hits, of).proportion_ci(method="wilson")
    assert wilson(hits, of) == pytest.approx((expected.low, expected.high), abs=1e-12)


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [  # Newcombe (1998), table II, method 10
        ((56, 70), (48, 80), (0.0524, 0.3339)),
        ((9, 10), (3, 10), (0.1705, 0.8090)),
        ((6, 7), (2, 7), (0.0582, 0.8062)),
        ((5, 56), (0, 29), (-0.0381, 0.1926)),
        ((0, 10), (0, 20), (-0.1611, 0.2775)),
        ((10, 10), (0, 20), (0.6791, 1.0)),
    ],
)
def test_newcombe_s_published_examples(
    a: tuple[int, int], b: tuple[int, int], expected: tuple[float, float]
) -> None:
    assert newcombe(*a, *b) == pytest.approx(expected, abs=6e-5)


@given(counts, counts)
def test_the_interval_holds_the_difference_and_turns_with_it(
    a: tuple[int, int], b: tuple[int, int]
) -> None:
    low, high = newcombe(*a, *b)
    difference = a[0] / a[1] - b[0] / b[1]
    assert -1 - 1e-12 <= low <= difference + 1e-12
    assert difference - 1e-12 <= high <= 1 + 1e-12
    assert newcombe(*b, *a) == pytest.approx((-high, -low), abs=1e-12)


def test_noise_has_no_winner() -> None:
    # The same text twice, 1,000 times: a winner in about 5 % of them, as a 95 % interval promises.
    toss = random.Random(124)
    shown = 0
    for _ in range(1000):
        a, b = (Rate(sum(toss.random() < 0.06 for _ in range(400)), 400) for _ in "ab")
        shown += compare(a, b, complete=True).better is not None
    assert shown <= 75  # 5 % and four standard deviations


def test_a_clear_difference_is_shown() -> None:
    found = compare(Rate(120, 1000), Rate(60, 1000), complete=True)
    assert found.better == "a"
    assert "第一种文案点击率较高" in found.verdict
    assert compare(Rate(60, 1000), Rate(120, 1000), complete=True).better == "b"
    assert "看不出差别" in compare(Rate(60, 1000), Rate(64, 1000), complete=True).verdict


def test_no_verdict_before_everything_is_sent() -> None:
    found = compare(Rate(120, 1000), Rate(60, 1000), complete=False)
    assert found.better is None
    assert "暂不下结论" in found.verdict
    assert "不能比较" in compare(Rate(0, 0), Rate(1, 2), complete=True).verdict
    assert Rate(0, 0).to_json() == {"n": 0, "of": 0, "rate": None, "interval": None}


def test_more_hits_than_trials_is_a_defect() -> None:
    for hits, of in ((1, 0), (3, 2), (-1, 2)):
        with pytest.raises(ValueError, match="no proportion"):
            wilson(hits, of)
