"""Counting periods of time as the statutes do (期间).

民法典 200–204 and 民事诉讼法 85: the day on which a period starts is not counted; a period of years
or months ends on the corresponding day of its last month, or on that month's last day where there
is none; when the last day is a rest day, the first day after the rest is the last one. Working days
(工作日) are counted one by one from the day after the start.
"""

from __future__ import annotations

import calendar
from dataclasses import dataclass
from datetime import date, timedelta
from enum import StrEnum

from errors import UsageError
from knowledge.holidays import Holidays

ONE_DAY = timedelta(days=1)
LATEST = date(2200, 12, 31)  # ends beyond it are of no use to anybody


class Unit(StrEnum):
    """What a period is counted in."""

    DAYS = "日"
    WORKING_DAYS = "工作日"
    MONTHS = "个月"
    YEARS = "年"


@dataclass(frozen=True, slots=True)
class Period:
    """A counted period.

    ``first`` is the first day that counts, ``nominal`` the last day before rest days are heeded,
    ``last`` the last day on which one may act. ``skipped`` are rest days: those between ``nominal``
    and ``last``, or the ones left out of a count of working days. ``assumed`` names the years whose
    holidays are not known.
    """

    start: date
    amount: int
    unit: Unit
    first: date
    nominal: date
    last: date
    skipped: tuple[date, ...]
    assumed: tuple[int, ...]

    @property
    def extended(self) -> bool:
        """Whether rest days moved the end."""
        return self.last != self.nominal


def count(start: date, amount: int, unit: Unit, holidays: Holidays) -> Period:
    """The period of ``amount`` ``unit`` that begins with what happened on ``start``.

    Raises:
        UsageError: the period would end beyond the year 2200.
    """
    if amount < 1:
        raise ValueError(f"a period has at least one {unit}: {amount}")
    if start.year + amount * (unit is Unit.YEARS) >= LATEST.year:
        raise UsageError("日期太远，请核对年份")
    first = start + ONE_DAY
    skipped: list[date] = []
    if unit is Unit.WORKING_DAYS:
        day, left = start, amount
        while left:
            day += ONE_DAY
            if holidays.rests(day):
                skipped.append(day)
            else:
                left -= 1
        nominal = last = day
    else:
        if unit is Unit.DAYS:
            nominal = start + timedelta(days=amount)
        else:
            nominal = add_months(start, amount * (12 if unit is Unit.YEARS else 1))
        last = nominal
        while holidays.rests(last):
            skipped.append(last)
            last += ONE_DAY
    looked_at = range(first.year if unit is Unit.WORKING_DAYS else nominal.year, last.year + 1)
    assumed = tuple(year for year in looked_at if not holidays.known(year))
    return Period(start, amount, unit, first, nominal, last, tuple(skipped), assumed)


def add_months(start: date, months: int) -> date:
    """The corresponding day ``months`` later, the month's last day where there is none.

    >>> add_months(date(2024, 1, 31), 1), add_months(date(2024, 2, 29), 12)
    (datetime.date(2024, 2, 29), datetime.date(2025, 2, 28))
    """
    year, month = divmod(start.year * 12 + start.month - 1 + months, 12)
    length = calendar.monthrange(year, month + 1)[1]
    return date(year, month + 1, min(start.day, length))
