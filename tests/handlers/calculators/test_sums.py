"""The sums themselves: floors, caps, monotony, and an own recomputation in whole fen."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UsageError
from handlers.calculators.catalogue import Catalogue
from handlers.calculators.compensation import TENFOLD, THREEFOLD, Damages, damages
from handlers.calculators.deposit import due, effective
from handlers.calculators.figures import MINE, OTHER, Figures, decode, encode
from handlers.calculators.money import MOST
from handlers.calculators.persons import minor
from knowledge.corpus import Corpus
from knowledge.grounds import hold
from tests.conftest import AS_OF

CATALOGUE = Catalogue.load()
yuan = st.integers(1, int(MOST) * 100).map(lambda n: Decimal(n) / 100)
rules = st.sampled_from((THREEFOLD, TENFOLD))


def slow_damages(rule: Damages, price: int, loss: int | None) -> int:
    """In fen, by adding up."""
    best = sum([price] * (3 if rule is THREEFOLD else 10))
    if loss is not None and rule is TENFOLD:
        best = max(best, loss + loss + loss)
    least = 50_000 if rule is THREEFOLD else 100_000
    return least if best < least else best


@given(rules, yuan, st.none() | yuan)
def test_damages_are_those_of_a_slow_sum(
    rule: Damages, price: Decimal, loss: Decimal | None
) -> None:
    slow = slow_damages(rule, int(price * 100), None if loss is None else int(loss * 100))
    assert damages(rule, price, loss) * 100 == slow


@given(rules, yuan, yuan)
def test_damages_have_a_floor_and_never_fall(rule: Damages, a: Decimal, b: Decimal) -> None:
    low, high = sorted((a, b))
    assert rule.floor <= damages(rule, low) <= damages(rule, high)


@given(yuan, yuan, st.sampled_from((OTHER, MINE)))
def test_deposits_are_those_of_a_slow_sum(a: Decimal, b: Decimal, side: str) -> None:
    paid, total = sorted((a, b))
    cap = int(total * 100) // 5
    valid = min(int(paid * 100), cap)
    rest = int(paid * 100) - valid
    assert due(paid, side, total) * 100 == rest + (valid + valid if side == OTHER else 0)
    assert effective(paid, total) * 5 <= total
    assert due(paid, MINE, total) <= paid <= due(paid, OTHER, total) <= 2 * paid
    assert due(paid, OTHER) == 2 * paid
    assert due(paid, MINE) == 0


@pytest.mark.parametrize(
    ("age", "said"),
    [
        (0, "不满 8 周岁"),
        (7, "不满 8 周岁"),
        (8, "8 周岁：家长"),
        (17, "17 周岁：家长"),
        (18, "已经成年"),
    ],
)
def test_the_ages_turn_where_the_law_says(age: int, said: str) -> None:
    outcome = minor(Figures(age=age))
    assert said in outcome.answer
    assert ("已满 16 周岁" in "".join(outcome.steps)) == (age in (16, 17))


figures = st.builds(
    Figures,
    price=st.none() | yuan,
    loss=st.none() | yuan,
    total=st.none() | yuan,
    day=st.none() | st.dates(date(1950, 1, 1), AS_OF),
    age=st.none() | st.integers(0, 150),
    side=st.none() | st.sampled_from((OTHER, MINE)),
)


@given(figures)
def test_figures_survive_a_button(some: Figures) -> None:
    assert decode(encode(some), AS_OF) == some


@pytest.mark.parametrize(
    "value", ["p", "p-1", "x300", "p1,p2", "d20261399", "g999", "sboth", "p1e9", "d", "g-1"]
)
def test_a_forged_button_is_refused(value: str) -> None:
    with pytest.raises(UsageError):
        decode(value, AS_OF)


def some_figures() -> list[Figures]:
    money = Decimal("2000.00")
    return [
        Figures(money, Decimal("900.00"), total, date(2025, 3, 1), age, side)
        for total in (None, Decimal(5000), Decimal(20_000))
        for age in (3, 12, 16, 30)
        for side in (OTHER, MINE)
    ]


@pytest.mark.parametrize("calculator", CATALOGUE.all, ids=lambda one: one.key)
def test_every_sum_stands_on_the_corpus_and_needs_what_it_says(
    corpus: Corpus, calculator: object
) -> None:
    from handlers.calculators.catalogue import Calculator

    assert isinstance(calculator, Calculator)
    names = {field.name for field in fields(Figures)}
    assert set(calculator.needs) <= names
    assert set(calculator.questions) >= set(calculator.needs)
    for given_ in some_figures():
        outcome = calculator.work(given_, AS_OF)
        assert outcome.grounds, calculator.key
        assert hold(corpus, outcome.grounds, AS_OF).lost == ()
        assert outcome.answer.endswith("。")
        assert outcome.steps
        for word in ground_words(outcome.grounds):
            assert word


def ground_words(grounds: object) -> list[str]:
    return [word for ground in grounds for word in ground.words]  # type: ignore[attr-defined]


def test_a_deposit_larger_than_the_price_is_a_mistake() -> None:
    calculator = CATALOGUE.get("deposit")
    assert calculator is not None
    with pytest.raises(UsageError, match="比合同总价还多"):
        calculator.work(Figures(Decimal(300), total=Decimal(200), side=MINE), AS_OF)


def test_a_day_to_come_is_a_mistake() -> None:
    calculator = CATALOGUE.get("return")
    assert calculator is not None
    with pytest.raises(UsageError, match="还没有到"):
        calculator.work(Figures(day=date(2026, 11, 25)), AS_OF)
