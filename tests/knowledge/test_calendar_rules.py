"""The rules of the calendar: what is written is what is read, and every year has its dates."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import DataError
from knowledge.calendar_rule_text import read_rules
from knowledge.calendar_rules import (
    WEEKDAYS,
    LocalMarket,
    Lunar,
    Notice,
    NthWeek,
    Range,
    Rule,
    WeekOf,
)
from knowledge.datafiles import Row
from knowledge.lunar import TERMS, YEARS, lunar_day, solar_days, term_day
from knowledge.markets import MarketDays, read_market


def rules(text: str) -> tuple[Rule, ...]:
    return read_rules(Row(Path("nodes.csv"), 7, {"规则": text}), "规则")


def spans(text: str, year: int) -> list[tuple[str, str]]:
    return [
        (span.start.isoformat(), span.end.isoformat())
        for rule in rules(text)
        for span in rule.spans(year)
    ]


def market(text: str) -> MarketDays | None:
    return read_market(Row(Path("towns.toml"), 7, {"market": text}), "market")


years = st.integers(YEARS[0], YEARS[-1])
months = st.integers(1, 12).map("{:02}".format)
numbers = st.integers(1, 4)
days = st.dates(date(2025, 1, 1), date(2025, 12, 31)).map(lambda day: day.strftime("%m-%d"))


@st.composite
def ranges(draw: st.DrawFn) -> str:
    start = draw(st.dates(date(2025, 1, 1), date(2025, 12, 31)))
    last = date(2025, 12, 31) if draw(st.booleans()) else start + timedelta(days=180)
    end = draw(st.dates(start + timedelta(days=1), max(last, start + timedelta(days=1))))
    return f"range:{start:%m-%d}/{end:%m-%d}"


exact = st.one_of(
    days.map("fixed:{}".format),
    ranges(),
    months.map("month:{}".format),
    st.builds("nthweek:{}:{}".format, months, numbers),
    st.builds("nthweekday:{}:{}:{}".format, months, numbers, st.sampled_from(WEEKDAYS)),
    days.map("weekof:{}".format),
    st.builds("lunar:{}-{:02}".format, months, st.integers(1, 30)),
    st.sampled_from(TERMS).map("solarterm:{}".format),
)
single = st.one_of(exact, exact.map("notice:{}".format), st.just("localmarket"))


@given(st.lists(single, min_size=1, max_size=3, unique=True).map(";".join))
def test_what_was_read_is_written_again(text: str) -> None:
    assert ";".join(map(str, rules(text))) == text


@given(single, years)
def test_dates_lie_in_their_year(text: str, year: int) -> None:
    (rule,) = rules(text)
    usual = rule.usual if isinstance(rule, Notice) else rule
    found = rule.spans(year)
    assert found == tuple(sorted(found))
    if not isinstance(usual, Lunar):
        assert len(found) == (0 if isinstance(rule, LocalMarket) else 1)
    for span in found:
        assert span.start <= span.end
        if isinstance(usual, NthWeek | WeekOf):
            assert span.start.year == year or span.end.year == year
        else:
            assert span.start.year == year
        if isinstance(usual, Range) and usual.over_new_year:
            assert span.end.year == year + 1
            assert span.days <= 184
        elif not isinstance(usual, NthWeek | WeekOf):
            assert span.end.year == year


@given(st.integers(1, 12), numbers, st.sampled_from(WEEKDAYS), years)
def test_nth_weekday_is_that_weekday(month: int, number: int, name: str, year: int) -> None:
    (span,) = rules(f"nthweekday:{month:02}:{number}:{name}")[0].spans(year)
    weekday = WEEKDAYS.index(name)
    column = [week[weekday] for week in calendar.monthcalendar(year, month) if week[weekday] != 0]
    assert (span.start.month, span.start.day) == (month, column[number - 1])
    assert span.start == span.end


@given(st.integers(1, 12), numbers, years)
def test_nth_week_is_a_row_of_the_months_calendar(month: int, number: int, year: int) -> None:
    (span,) = rules(f"nthweek:{month:02}:{number}")[0].spans(year)
    row = [day for day in calendar.monthcalendar(year, month)[number - 1] if day]
    week = [span.start + timedelta(days=offset) for offset in range(span.days)]
    assert [day.day for day in week if day.month == month] == row
    assert (span.start.weekday(), span.days) == (0, 7)


@given(days, years)
def test_the_week_of_a_day_holds_it(day: str, year: int) -> None:
    (span,) = rules(f"weekof:{day}")[0].spans(year)
    assert span.start <= date(year, int(day[:2]), int(day[3:])) <= span.end
    assert (span.start.weekday(), span.days) == (0, 7)


@pytest.mark.parametrize(
    ("text", "year", "expected"),
    [
        ("range:11-15/02-05", 2025, [("2025-11-15", "2026-02-05")]),
        ("range:12-31/01-01", 2026, [("2026-12-31", "2027-01-01")]),
        ("range:02-01/02-29", 2027, [("2027-02-01", "2027-02-28")]),
        ("range:02-01/02-29", 2028, [("2028-02-01", "2028-02-29")]),
        ("range:12-01/02-29", 2027, [("2027-12-01", "2028-02-29")]),
        ("month:02", 2028, [("2028-02-01", "2028-02-29")]),
        ("month:02", 2027, [("2027-02-01", "2027-02-28")]),
        ("weekof:01-01", 2027, [("2026-12-28", "2027-01-03")]),
        ("nthweek:09:3", 2024, [("2024-09-09", "2024-09-15")]),
        ("nthweekday:05:3:SUN", 2026, [("2026-05-17", "2026-05-17")]),
        ("nthweekday:09:3:SAT", 2026, [("2026-09-19", "2026-09-19")]),
        ("month:11;fixed:11-09", 2026, [("2026-11-01", "2026-11-30"), ("2026-11-09",) * 2]),
        ("localmarket", 2026, []),
    ],
)
def test_dates(text: str, year: int, expected: list[tuple[str, str]]) -> None:
    assert spans(text, year) == expected


@pytest.mark.parametrize(
    "text",
    """
    fixed:2-30 fixed:02-29 fixed:13-01 fixed:00-10 fixed:06-31 fixed:3-8 fixed:03-15-
    range:03-08/03-01 range:03-01/03-01 range:03-01 range:02-29/03-05 range:01-01/04-31
    range:01-01/13-01 month:13 month:00 month:5 nthweek:09:0 nthweek:09:5 nthweekday:05:5:SUN
    nthweekday:05:3:日 nthweekday:05:3 weekof:02-29 lunar:13-01 lunar:01-00 lunar:09-31
    solarterm:秋天 notice: notice:notice:month:05 notice:localmarket notice:05-10 local market
    easter fixed:12-04;fixed:12-04 fixed:12-04; fixed:12-04；month:12 ｆixed:12-04 fixed:１２-04
    """.split(),
)
def test_a_wrong_rule_is_named_with_its_line(text: str) -> None:
    with pytest.raises(DataError) as caught:
        rules(text)
    assert caught.value.line == 7
    assert caught.value.mend


# Published dates (老年节, 中国农民丰收节, 春节 and 除夕 of the holiday notices, 清明).
@pytest.mark.parametrize(
    ("year", "new_year", "elders", "autumn", "qingming"),
    [
        (2021, "02-12", "10-14", "09-23", "04-04"),
        (2022, "02-01", "10-04", "09-23", "04-05"),
        (2023, "01-22", "10-23", "09-23", "04-05"),
        (2024, "02-10", "10-11", "09-22", "04-04"),
        (2025, "01-29", "10-29", "09-23", "04-04"),
        (2026, "02-17", "10-18", "09-23", "04-05"),
        (2027, "02-06", "10-08", "09-23", "04-05"),
    ],
)
def test_known_lunar_dates(
    year: int, new_year: str, elders: str, autumn: str, qingming: str
) -> None:
    for text, expected in (
        ("lunar:01-01", new_year),
        ("lunar:09-09", elders),
        ("solarterm:秋分", autumn),
        ("solarterm:清明", qingming),
    ):
        assert spans(text, year) == [(f"{year}-{expected}",) * 2]
    eve = date.fromisoformat(f"{year}-{new_year}") - timedelta(days=1)
    assert solar_days(year, 12, 30) == (eve,)


def test_the_end_of_the_lunar_year_falls_twice_or_never() -> None:
    assert solar_days(2020, 12, 8) == (date(2020, 1, 2),)
    assert solar_days(2022, 12, 8) == (date(2022, 1, 10), date(2022, 12, 30))
    assert solar_days(2021, 12, 8) == (date(2021, 1, 20),)
    assert solar_days(2023, 12, 8) == ()


def test_a_leap_month_has_no_feast() -> None:
    assert lunar_day(date(2025, 7, 25)).leap  # 闰六月初一
    assert len(solar_days(2025, 6, 1)) == 1


@given(st.dates(date(YEARS[0], 3, 1), date(YEARS[-1], 12, 31)))
def test_lunar_days_there_and_back(day: date) -> None:
    found = lunar_day(day)
    if not found.leap:
        assert day in solar_days(day.year, found.month, found.day)


@given(years)
def test_solar_terms_come_in_order(year: int) -> None:
    found = [term_day(year, name) for name in TERMS]
    assert found == sorted(found)
    assert all(13 <= (b - a).days <= 17 for a, b in pairwise(found))
    assert {day.month for day in found} == set(range(1, 13))


@given(
    st.sampled_from(["lunar", "solar"]),
    st.lists(st.sampled_from("1234567890"), min_size=1, unique=True),
    st.dates(date(2000, 1, 1), date(2050, 12, 31)),
)
def test_market_days_by_last_digit(kind: str, digits: list[str], day: date) -> None:
    text = f"{kind}:{','.join(sorted(digits, key='1234567890'.index))}"
    days = market(text)
    assert days is not None
    assert str(days) == text
    number = lunar_day(day).day if kind == "lunar" else day.day
    assert days.on(day) == (str(number)[-1] in digits)


def test_market_days_in_words() -> None:
    assert market("lunar:3,6,9").spelt == "逢农历三、六、九"  # type: ignore[union-attr]
    assert market("solar:5,0").spelt == "逢公历五、十"  # type: ignore[union-attr]
    sunday = market("weekday:WED,SUN")
    assert sunday is not None
    assert (sunday.spelt, str(sunday)) == ("逢星期三、日", "weekday:WED,SUN")
    assert [sunday.on(date(2026, 11, day)) for day in (24, 25, 29)] == [False, True, True]
    assert market("") is None


@pytest.mark.parametrize(
    "text",
    ["lunar:", "lunar:9,6,3", "lunar:3,3", "lunar:13", "solar:0,5", "weekday:7", "3,6,9", "逢三"],
)
def test_wrong_market_days(text: str) -> None:
    with pytest.raises(DataError, match="集日") as caught:
        market(text)
    assert caught.value.line == 7
