"""The lunar calendar and the solar terms (GB/T 33661-2017), by the library borax.

borax reads printed tables. They were compared day by day with an astronomical library (sxtwl 2.0.7)
and agree from 1979-01-22 to 2057-09-27, hence :data:`YEARS`.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from borax.calendars.lunardate import TERMS_CN, InvalidLunarDateError, LunarDate, TermUtils

YEARS = range(1980, 2057)  # Gregorian years that the calendar answers for
TERMS: tuple[str, ...] = tuple(TERMS_CN)


@dataclass(frozen=True, slots=True)
class LunarDay:
    """A day of the lunar calendar; ``leap`` marks a day of a leap month (闰月)."""

    month: int
    day: int
    leap: bool


def lunar_day(day: date) -> LunarDay:
    """The lunar day of a Gregorian one."""
    found = LunarDate.from_solar(day)
    return LunarDay(int(found.month), int(found.day), bool(found.leap))


def solar_days(year: int, month: int, day: int) -> tuple[date, ...]:
    """The days of the Gregorian ``year`` that are 农历 ``month``月``day``.

    None, one or two: the lunar year ends in January or February of the next Gregorian year. A leap
    month has no feast days. 三十 of a month with 29 days is its last day (除夕).
    """
    found = (_solar(lunar_year, month, day) for lunar_year in (year - 1, year))
    return tuple(each for each in found if each.year == year)


def term_day(year: int, name: str) -> date:
    """The day of a solar term (秋分) in a Gregorian year.

    Raises:
        ValueError: no solar term has that name.
    """
    found: date = TermUtils.nth_term_day(year, TERMS.index(name))
    return found


def _solar(lunar_year: int, month: int, day: int) -> date:
    try:
        found: date = LunarDate(lunar_year, month, day).to_solar_date()
    except InvalidLunarDateError:
        if day != 30:
            raise
        found = LunarDate(lunar_year, month, 29).to_solar_date()
    return found
