"""The figures of one sum, and how they travel in a button's value."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any

from errors import UsageError
from handlers.calculators.days import parse_day, written
from handlers.calculators.money import parse_amount, shown
from knowledge.grounds import Ground

OTHER, MINE = "other", "mine"  # which side breaks the contract
OLDEST = 150  # years of age


@dataclass(frozen=True, slots=True)
class Figures:
    """What is known so far; ``assumed`` says in Chinese what the message left open."""

    price: Decimal | None = None
    loss: Decimal | None = None
    total: Decimal | None = None
    day: date | None = None
    age: int | None = None
    side: str | None = None
    assumed: tuple[str, ...] = ()

    def having(self, name: str, value: object) -> Figures:
        """The same with one figure set."""
        changes: dict[str, Any] = {name: value}
        return replace(self, **changes)


_LETTERS = {"p": "price", "l": "loss", "t": "total", "d": "day", "g": "age", "s": "side"}


def encode(figures: Figures) -> str:
    """``p300,d20261107``: letters and values; nothing that was assumed."""
    parts = []
    for letter, name in _LETTERS.items():
        value = getattr(figures, name)
        if isinstance(value, Decimal):
            parts.append(f"{letter}{value.normalize():f}")
        elif isinstance(value, date):
            parts.append(f"{letter}{value:%Y%m%d}")
        elif value is not None:
            parts.append(f"{letter}{value}")
    return ",".join(parts)


def decode(text: str, today: date) -> Figures:
    """The figures of a button's value.

    Raises:
        UsageError: it was not written by :func:`encode`.
    """
    values: dict[str, object] = {}
    for part in filter(None, text.split(",")):
        name, value = _LETTERS.get(part[0]), part[1:]
        if name is None or name in values:
            raise UsageError("这个按钮的内容看不懂，请把问题再发一次")
        match name:
            case "day":
                values[name] = parse_day(value, today)
            case "age":
                values[name] = parse_age(value)
            case "side":
                if value not in (OTHER, MINE):
                    raise UsageError("这个按钮的内容看不懂，请把问题再发一次")
                values[name] = value
            case _:
                values[name] = parse_amount(value)
    return Figures(**values)  # type: ignore[arg-type]


def parse_age(text: str) -> int:
    """An age in full years.

    Raises:
        UsageError: it is no age.
    """
    if not (text.isascii() and text.isdecimal()) or len(text) > 3 or int(text) > OLDEST:
        raise UsageError(f"年龄请写周岁，0 到 {OLDEST} 之间的整数")
    return int(text)


def told(figures: Figures) -> str:
    """The figures in words, for a button: 300 元，2026年11月7日."""
    parts = [shown(value) for value in (figures.price, figures.loss, figures.total) if value]
    if figures.day:
        parts.append(written(figures.day))
    if figures.age is not None:
        parts.append(f"{figures.age}岁")
    return "，".join(parts)


@dataclass(frozen=True, slots=True)
class Outcome:
    """A finished sum: the answer in one line, how it came about, and what it presupposes."""

    title: str
    answer: str
    steps: tuple[str, ...]
    conditions: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    grounds: Sequence[Ground] = field(default_factory=tuple)
    next: tuple[tuple[str, str], ...] = ()  # further sums: label, key:figures
    cards: tuple[str, ...] = ()  # ids of scenario cards that go further
