"""Which sums there are, what each needs, and what it asks when a figure is missing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from decimal import Decimal

from handlers.calculators import compensation, deposit, persons
from handlers.calculators.deadlines import deadline
from handlers.calculators.figures import MINE, OTHER, Figures, Outcome
from knowledge.holidays import Holidays
from knowledge.time_limits import TimeLimit, TimeLimits

Work = Callable[[Figures, date], Outcome]


@dataclass(frozen=True, slots=True)
class Question:
    """What to ask for a missing figure, with ready answers: label → what the figure becomes."""

    text: str
    example: str
    choices: tuple[tuple[str, object], ...] = ()


@dataclass(frozen=True, slots=True)
class Calculator:
    """One sum: ``needs`` names the figures without which it cannot be done, in asking order."""

    key: str
    label: str
    needs: tuple[str, ...]
    questions: dict[str, Question]
    work: Work

    def missing(self, figures: Figures) -> str | None:
        """The first figure that is still needed."""
        return next((name for name in self.needs if getattr(figures, name) is None), None)


_SPENT = tuple((f"{yuan} 元", Decimal(yuan)) for yuan in (50, 100, 300, 1000))


def _plain(work: Callable[[Figures], Outcome]) -> Work:
    return lambda figures, _: work(figures)


def _price(example: str) -> dict[str, Question]:
    return {"price": Question("花了多少钱？", example, _SPENT)}


_COMPUTED = (
    Calculator(
        "triple",
        "三倍赔偿",
        ("price",),
        _price("三倍赔偿 300元"),
        _plain(compensation.triple),
    ),
    Calculator(
        "food",
        "食品十倍赔偿",
        ("price",),
        _price("食品十倍赔偿 30元"),
        _plain(compensation.food),
    ),
    Calculator(
        "drug",
        "假药十倍赔偿",
        ("price",),
        _price("假药十倍赔偿 80元"),
        _plain(compensation.drug),
    ),
    Calculator(
        "deposit",
        "定金怎么退",
        ("price", "side"),
        {
            "price": Question("交了多少定金？", "定金 2000元，对方不卖了"),
            "side": Question(
                "是谁没按约定办？",
                "定金 2000元，对方违约",
                (("对方违约（不卖、不做了）", OTHER), ("我这边违约（不买了）", MINE)),
            ),
        },
        _plain(deposit.deposit),
    ),
    Calculator(
        "minor",
        "孩子花的钱",
        ("age",),
        {
            "age": Question(
                "孩子多大（周岁）？",
                "孩子12岁充值6000元",
                (
                    ("6 岁", 6),
                    ("8 岁", 8),
                    ("10 岁", 10),
                    ("12 岁", 12),
                    ("14 岁", 14),
                    ("16 岁", 16),
                ),
            )
        },
        _plain(persons.minor),
    ),
    Calculator(
        "penalty",
        "违约金高不高",
        ("price", "loss"),
        {
            "price": Question("约定的违约金是多少？", "违约金 5000元，损失 2000元"),
            "loss": Question("实际损失大约多少？", "违约金 5000元，损失 2000元"),
        },
        _plain(compensation.penalty),
    ),
    Calculator("interest", "借款利息", (), {}, _plain(persons.interest)),
)


class Catalogue:
    """All sums: the computed ones, and one for each statutory time limit."""

    def __init__(self, holidays: Holidays, limits: TimeLimits) -> None:
        self.limits = limits
        dated = tuple(_dated(limit, holidays) for limit in limits.all)
        self.all = (*_COMPUTED, *dated)
        self._by_key = {calculator.key: calculator for calculator in self.all}

    @classmethod
    def load(cls) -> Catalogue:
        """The catalogue on the project's own data files.

        Raises:
            DataError: one of them is wrong.
        """
        return cls(Holidays.load(), TimeLimits.load())

    def get(self, key: str) -> Calculator | None:
        """The sum with this key."""
        return self._by_key.get(key)


def _dated(limit: TimeLimit, holidays: Holidays) -> Calculator:
    question = Question(
        f"是哪一天{limit.start}的？",
        f"11月7日{limit.start}，{limit.title}到几号",
    )
    return Calculator(
        limit.key,
        limit.title,
        ("day",),
        {"day": question},
        lambda figures, today: deadline(limit, figures, holidays, today),
    )
