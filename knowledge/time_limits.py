"""Statutory time limits (``time_limits.toml``): how long, from when, and what one may do till then.

Each rests on a sentence that must stand word for word in the article that applies on the day
(:mod:`knowledge.grounds`); how days are counted is :mod:`knowledge.periods`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from knowledge.datafiles import Row, toml_rows, unique
from knowledge.grounds import Ground
from knowledge.periods import Unit

TIME_LIMITS = Path(__file__).with_name("time_limits.toml")
CIVIL, PROCEDURE = "民法典", "民事诉讼法"
_YEARS_OR_MONTHS = Ground("民法典第二百零二条", ("到期月的对应日为期间的最后一日",))
_FIRST_DAY = Ground("民法典第二百零一条", ("开始的当日不计入，自下一日开始计算",))
_REST_DAY = Ground("民法典第二百零三条", ("以法定休假日结束的次日为期间的最后一日",))
_PROCEDURE = Ground(
    "民事诉讼法第八十五条",
    ("期间开始的时和日，不计算在期间内", "以法定休假日后的第一日为期间届满的日期"),
)
_KEYS = {
    *("key", "title", "start", "act", "amount", "unit", "ground", "words", "counting"),
    *("asks", "unless", "outer", "notes"),
}


@dataclass(frozen=True, slots=True)
class Outer:
    """The longest limit, whatever one knew: 民法典 188's twenty years."""

    amount: int
    unit: Unit
    start: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """One limit. ``asks`` holds alternatives of groups: one word of each group must occur."""

    key: str
    title: str
    start: str
    act: str
    amount: int
    unit: Unit
    ground: Ground
    counting: str
    asks: tuple[tuple[tuple[str, ...], ...], ...]
    unless: tuple[str, ...]
    outer: Outer | None
    notes: tuple[str, ...]

    @property
    def spelt(self) -> str:
        """七日 as 7日, 3年, 6个月, 7个工作日."""
        return f"{self.amount}{'个' if self.unit is Unit.WORKING_DAYS else ''}{self.unit}"

    @property
    def grounds(self) -> tuple[Ground, ...]:
        """Its article, then the articles on how to count, then its outer limit's."""
        if self.counting == PROCEDURE:
            counting: tuple[Ground, ...] = (_PROCEDURE,)
        elif self.unit is Unit.WORKING_DAYS:
            counting = (_FIRST_DAY,)
        elif self.unit is Unit.DAYS:
            counting = (_FIRST_DAY, _REST_DAY)
        else:
            counting = (_YEARS_OR_MONTHS, _REST_DAY)
        return (self.ground, *((self.outer.ground,) if self.outer else ()), *counting)

    def asked(self, text: str) -> bool:
        """Whether a text is about this limit."""
        if any(word in text for word in self.unless):
            return False
        return any(all(any(w in text for w in group) for group in way) for way in self.asks)


class TimeLimits:
    """The limits in the file's order. Immutable once loaded."""

    def __init__(self, limits: tuple[TimeLimit, ...]) -> None:
        self.all = limits
        self._by_key = {limit.key: limit for limit in limits}

    @classmethod
    def load(cls, path: Path = TIME_LIMITS) -> TimeLimits:
        """Read the file.

        Raises:
            DataError: an entry is wrong; the message names file, line and mend.
        """
        rows = toml_rows(path, "limit")
        unique(rows, lambda row: row.values.get("key"), "期限 key ")
        return cls(tuple(_limit(row) for row in rows))

    def get(self, key: str) -> TimeLimit | None:
        """The limit with this key."""
        return self._by_key.get(key)

    def asked(self, text: str) -> TimeLimit | None:
        """The first limit that a text is about."""
        return next((limit for limit in self.all if limit.asked(text)), None)


def _limit(row: Row) -> TimeLimit:
    row.only(_KEYS)
    key = row.text("key")
    if not (key.isascii() and key.isalnum() and key.islower()) or len(key) > 10:
        row.fail(f"key {key!r} 不合格", "请用不超过 10 个小写字母和数字")
    ground = Ground(row.text("ground"), row.texts("words"))
    outer: Any = row.values.get("outer")
    asks = tuple(
        tuple(tuple(word.strip() for word in group.split("|")) for group in way.split("+"))
        for way in row.texts("asks")
    )
    if not all(word for way in asks for group in way for word in group):
        row.fail("asks 里有空的词", "“+”“|”两边都要有字")
    return TimeLimit(
        key,
        row.text("title"),
        row.text("start"),
        row.text("act"),
        _amount(row),
        Unit(row.choice("unit", tuple(Unit))),
        ground,
        row.choice("counting", (CIVIL, PROCEDURE)),
        asks,
        row.texts("unless", ()),
        _outer(row, outer, ground) if outer is not None else None,
        row.texts("notes", ()),
    )


def _outer(row: Row, values: Any, ground: Ground) -> Outer:
    entry = Row(row.path, row.line, values if isinstance(values, dict) else {})
    entry.only({"amount", "unit", "start", "ground", "words"})
    return Outer(
        _amount(entry),
        Unit(entry.choice("unit", tuple(Unit))),
        entry.text("start"),
        Ground(entry.text("ground", ground.citation), entry.texts("words")),
    )


def _amount(row: Row) -> int:
    amount = row.values.get("amount")
    if type(amount) is not int or not 1 <= amount <= 1000:
        row.fail("amount 不是 1 到 1000 的整数", "请写 amount = 7")
    return amount
