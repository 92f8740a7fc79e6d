"""When a node of the calendar falls: the rules written in ``nodes.csv`` and ``towns.toml``.

=======================  ============================================================
``fixed:12-04``          one day
``range:03-01/03-08``    from a day to a day; an end before the start is next year's
``month:05``             a whole month
``nthweek:09:3``         9月第三周, see :class:`NthWeek`; staff confirm it each year
``nthweekday:05:3:SUN``  5月第三个星期日
``weekof:05-15``         the week (Monday to Sunday) around a day; staff confirm it
``lunar:09-09``          农历九月初九
``solarterm:秋分``       the day of a solar term
``notice:<rule>``        set by a yearly notice; the rule is only the usual date
``localmarket``          the market days of each town (``towns.toml``)
=======================  ============================================================

Several rules are joined with ``;``. Writing is strict: ``str`` of what was read is the text.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from typing import ClassVar

from knowledge.lunar import solar_days, term_day
from knowledge.numerals import format_number

WEEKDAYS = ("MON", "TUE", "WED", "THU", "FRI", "SAT", "SUN")
WEEKDAY_NAMES = "一二三四五六日"
_WEEK = timedelta(days=6)


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """From one day to another, both included."""

    start: date
    end: date

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.end - self.start).days + 1


@dataclass(frozen=True, slots=True)
class Rule:
    """A rule for one date of each year; ``proposed``: the computed date needs confirming."""

    proposed: ClassVar[bool] = False

    def spans(self, year: int) -> tuple[Span, ...]:
        """Its dates of a year, in order.

        They start in that year; only a week (:class:`NthWeek`, :class:`WeekOf`) may begin in the
        last days of the year before, and only a range over New Year ends in the next.
        """
        raise NotImplementedError

    @property
    def spelt(self) -> str:
        """The rule in Chinese, in the words of the statutes."""
        raise NotImplementedError


@dataclass(frozen=True, slots=True)
class Fixed(Rule):
    """``fixed:MM-DD``."""

    month: int
    day: int

    def spans(self, year: int) -> tuple[Span, ...]:
        """That day."""
        found = date(year, self.month, self.day)
        return (Span(found, found),)

    @property
    def spelt(self) -> str:
        """12月4日."""
        return f"{self.month}月{self.day}日"

    def __str__(self) -> str:
        return f"fixed:{_written(self.month, self.day)}"


@dataclass(frozen=True, slots=True)
class Range(Rule):
    """``range:MM-DD/MM-DD``; an end on 02-29 is the last day of February."""

    month: int
    day: int
    end_month: int
    end_day: int

    @property
    def over_new_year(self) -> bool:
        """Whether it ends in the next year."""
        return (self.end_month, self.end_day) < (self.month, self.day)

    def spans(self, year: int) -> tuple[Span, ...]:
        """The range that starts in the year."""
        last = year + self.over_new_year
        end_day = min(self.end_day, calendar.monthrange(last, self.end_month)[1])
        return (Span(date(year, self.month, self.day), date(last, self.end_month, end_day)),)

    @property
    def spelt(self) -> str:
        """3月1日至3月8日, 11月15日至次年2月5日."""
        following = "次年" if self.over_new_year else ""
        return f"{self.month}月{self.day}日至{following}{self.end_month}月{self.end_day}日"

    def __str__(self) -> str:
        start, end = _written(self.month, self.day), _written(self.end_month, self.end_day)
        return f"range:{start}/{end}"


@dataclass(frozen=True, slots=True)
class Month(Rule):
    """``month:MM``."""

    month: int

    def spans(self, year: int) -> tuple[Span, ...]:
        """Its first to its last day."""
        last = calendar.monthrange(year, self.month)[1]
        return (Span(date(year, self.month, 1), date(year, self.month, last)),)

    @property
    def spelt(self) -> str:
        """5月."""
        return f"{self.month}月"

    def __str__(self) -> str:
        return f"month:{self.month:02}"


@dataclass(frozen=True, slots=True)
class NthWeek(Rule):
    """``nthweek:MM:N``, N from 1 to 4: N月第X周, which no statute defines.

    Here a week runs from Monday to Sunday (GB/T 7408.1), and the first one is the week that holds
    the 1st, even if most of it lies in the month before. This gives the days announced for
    9月第三周 in 2020 and 2022–2025; in 2018 and 2019 it was a week later, and the 5月第二周 of
    职业教育 has run from Sunday to Saturday. So the date is a proposal until the year's notice is
    in ``notices.toml``.
    """

    proposed: ClassVar[bool] = True

    month: int
    number: int

    def spans(self, year: int) -> tuple[Span, ...]:
        """Monday to Sunday."""
        first = _monday(date(year, self.month, 1))
        start = first + timedelta(weeks=self.number - 1)
        return (Span(start, start + _WEEK),)

    @property
    def spelt(self) -> str:
        """9月第三周."""
        return f"{self.month}月第{format_number(self.number)}周"

    def __str__(self) -> str:
        return f"nthweek:{self.month:02}:{self.number}"


@dataclass(frozen=True, slots=True)
class NthWeekday(Rule):
    """``nthweekday:MM:N:DAY``, N from 1 to 4."""

    month: int
    number: int
    weekday: int  # 0 is Monday

    def spans(self, year: int) -> tuple[Span, ...]:
        """That day."""
        first = date(year, self.month, 1)
        ahead = (self.weekday - first.weekday()) % 7
        found = first + timedelta(days=ahead, weeks=self.number - 1)
        return (Span(found, found),)

    @property
    def spelt(self) -> str:
        """5月第三个星期日."""
        number = format_number(self.number)
        return f"{self.month}月第{number}个星期{WEEKDAY_NAMES[self.weekday]}"

    def __str__(self) -> str:
        return f"nthweekday:{self.month:02}:{self.number}:{WEEKDAYS[self.weekday]}"


@dataclass(frozen=True, slots=True)
class WeekOf(Rule):
    """``weekof:MM-DD``: Monday to Sunday, as for 5月15日所在周 in 2022 (9日至15日)."""

    proposed: ClassVar[bool] = True

    month: int
    day: int

    def spans(self, year: int) -> tuple[Span, ...]:
        """The week around that day."""
        start = _monday(date(year, self.month, self.day))
        return (Span(start, start + _WEEK),)

    @property
    def spelt(self) -> str:
        """5月15日所在周."""
        return f"{self.month}月{self.day}日所在周"

    def __str__(self) -> str:
        return f"weekof:{_written(self.month, self.day)}"


@dataclass(frozen=True, slots=True)
class Lunar(Rule):
    """``lunar:MM-DD``: a day of the lunar calendar, see :func:`knowledge.lunar.solar_days`."""

    month: int
    day: int

    def spans(self, year: int) -> tuple[Span, ...]:
        """Usually one day; none or two for days at the end of the lunar year."""
        return tuple(Span(day, day) for day in solar_days(year, self.month, self.day))

    @property
    def spelt(self) -> str:
        """农历九月初九."""
        month = "正" if self.month == 1 else format_number(self.month)
        day = "初" if self.day <= 10 else ""
        return f"农历{month}月{day}{format_number(self.day)}"

    def __str__(self) -> str:
        return f"lunar:{_written(self.month, self.day)}"


@dataclass(frozen=True, slots=True)
class SolarTerm(Rule):
    """``solarterm:秋分``."""

    name: str

    def spans(self, year: int) -> tuple[Span, ...]:
        """That day."""
        found = term_day(year, self.name)
        return (Span(found, found),)

    @property
    def spelt(self) -> str:
        """农历秋分日."""
        return f"农历{self.name}日"

    def __str__(self) -> str:
        return f"solarterm:{self.name}"


@dataclass(frozen=True, slots=True)
class Notice(Rule):
    """``notice:<rule>``: moves each year; ``usual`` stands until the notice is known."""

    proposed: ClassVar[bool] = True

    usual: Rule

    def spans(self, year: int) -> tuple[Span, ...]:
        """The usual dates."""
        return self.usual.spans(year)

    @property
    def spelt(self) -> str:
        """按年度通知（通常6月15日至7月14日）."""
        return f"按年度通知（通常{self.usual.spelt}）"

    def __str__(self) -> str:
        return f"notice:{self.usual}"


@dataclass(frozen=True, slots=True)
class LocalMarket(Rule):
    """``localmarket``: no dates of its own, see :class:`knowledge.markets.MarketDays`."""

    def spans(self, year: int) -> tuple[Span, ...]:  # noqa: ARG002 (as every rule)
        """None: every town has its own."""
        return ()

    @property
    def spelt(self) -> str:
        """逢集日."""
        return "逢集日"

    def __str__(self) -> str:
        return "localmarket"


def _monday(day: date) -> date:
    return day - timedelta(days=day.weekday())


def _written(month: int, day: int) -> str:
    return f"{month:02}-{day:02}"
