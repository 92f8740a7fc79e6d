"""Rest days and working days: the State Council's yearly notices (``holidays.toml``).

民法典 203 and 民事诉讼法 85 move the end of a period past 法定休假日; 消法 46 counts 工作日.
Where a year's notice is not in the file, Saturdays and Sundays are taken as the only rest days,
and callers must say so (:meth:`Holidays.known`).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

from knowledge.datafiles import Row, toml_rows, unique

HOLIDAYS = Path(__file__).with_name("holidays.toml")
_SATURDAY = 5
_KEYS = {"year", "notice", "issued", "source", "holidays", "workdays"}


@dataclass(frozen=True, slots=True)
class YearNotice:
    """One year's notice: days off by name, and weekend days on which people work."""

    year: int
    notice: str
    issued: date
    source: str
    off: dict[date, str]
    workdays: frozenset[date]


class Holidays:
    """Answers whether a day is worked."""

    def __init__(self, notices: tuple[YearNotice, ...]) -> None:
        self.notices = {notice.year: notice for notice in notices}
        self._off = {day: name for notice in notices for day, name in notice.off.items()}
        self._on = frozenset(day for notice in notices for day in notice.workdays)

    @classmethod
    def load(cls, path: Path = HOLIDAYS) -> Holidays:
        """Read the file.

        Raises:
            DataError: an entry is wrong; the message names file, line and mend.
        """
        rows = toml_rows(path, "year")
        unique(rows, lambda row: row.values.get("year"), "年份")
        return cls(tuple(_notice(row) for row in rows))

    def known(self, year: int) -> bool:
        """Whether the notice of a year is in the file."""
        return year in self.notices

    def rests(self, day: date) -> bool:
        """Whether a day is a rest day (weekend or holiday, and not made up for by work)."""
        if day in self._on:
            return False
        return day in self._off or day.weekday() >= _SATURDAY

    def name(self, day: date) -> str:
        """Why a day is a rest day: 国庆节, 周六; a worked weekend day is 调休上班; else empty."""
        if day in self._on:
            return "调休上班"
        if day in self._off:
            return f"{self._off[day]}放假"
        return ("周六", "周日")[day.weekday() - _SATURDAY] if day.weekday() >= _SATURDAY else ""


def _notice(row: Row) -> YearNotice:
    row.only(_KEYS)
    year = row.values.get("year")
    if not isinstance(year, int) or not 2000 <= year <= 2100:
        row.fail("year 不是年份", "请写 year = 2026")
    issued = row.day("issued")
    if issued is None:
        row.fail("缺少发文日期 issued", '请写 issued = "YYYY-MM-DD"')
    off: dict[date, str] = {}
    periods = row.values.get("holidays")
    if not isinstance(periods, list) or not periods:
        row.fail("缺少 holidays", "请照通知列出每个假期")
    for period in periods:
        entry = Row(row.path, row.line, period if isinstance(period, dict) else {})
        entry.only({"name", "from", "to", "days"})
        name, start, end = entry.text("name"), entry.day("from"), entry.day("to")
        if start is None or end is None or end < start:
            entry.fail(f"{name}的起止日期不对", "from、to 写成 YYYY-MM-DD，to 不早于 from")
        length = (end - start).days + 1
        if length != entry.values.get("days"):
            entry.fail(f"{name}从 {start} 到 {end} 是 {length} 天，与 days 不符", "请对照通知改正")
        for place in range(length):
            day = start + timedelta(days=place)
            if day.year not in (year - 1, year) or day in off:
                entry.fail(f"{name}里的 {day} 不属于这一年或写了两次", "请对照通知改正")
            off[day] = name
    workdays = set()
    for text in row.texts("workdays", ()):
        day_ = Row(row.path, row.line, {"workdays": text}).day("workdays")
        assert day_ is not None
        if day_.weekday() < _SATURDAY or day_ in off:
            row.fail(f"workdays 里的 {day_} 不是周末，或又写成了放假", "请对照通知改正")
        workdays.add(day_)
    notice, source = row.text("notice"), row.text("source")
    return YearNotice(year, notice, issued, source, off, frozenset(workdays))
