"""Counting days as the statutes do, against a slow day-by-day count."""

from __future__ import annotations

import calendar
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import DataError, UsageError
from knowledge.corpus import Corpus
from knowledge.grounds import Ground, hold
from knowledge.holidays import HOLIDAYS, Holidays
from knowledge.periods import Unit, add_months, count
from knowledge.time_limits import TIME_LIMITS, TimeLimits
from tests.conftest import AS_OF

HELD = Holidays.load()
days = st.dates(date(2024, 12, 1), date(2027, 2, 1))


def slow_working_days(start: date, amount: int) -> date:
    left = [start + timedelta(n) for n in range(1, 400)]
    return [day for day in left if not HELD.rests(day)][amount - 1]


def slow_end(start: date, amount: int, unit: Unit) -> date:
    """Without sharing any code: strings and a walk."""
    if unit is Unit.WORKING_DAYS:
        return slow_working_days(start, amount)
    if unit is Unit.DAYS:
        day = start
        for _ in range(amount):
            day += timedelta(1)
    else:
        months = amount * (12 if unit is Unit.YEARS else 1)
        year, month = start.year, start.month
        for _ in range(months):
            year, month = (year + 1, 1) if month == 12 else (year, month + 1)
        day = date(year, month, 1)
        while day.day < start.day and (day + timedelta(1)).month == month:
            day += timedelta(1)
    while HELD.rests(day):
        day += timedelta(1)
    return day


@given(days, st.integers(1, 120), st.sampled_from(tuple(Unit)))
def test_the_end_is_that_of_a_slow_count(start: date, amount: int, unit: Unit) -> None:
    period = count(start, amount, unit, HELD)
    assert period.last == slow_end(start, amount, unit)
    assert not HELD.rests(period.last)
    assert period.last >= period.nominal > start
    assert period.extended == (period.last != period.nominal)


@given(days, days, st.integers(1, 60), st.sampled_from(tuple(Unit)))
def test_starting_later_never_ends_earlier(a: date, b: date, amount: int, unit: Unit) -> None:
    first, second = sorted((a, b))
    assert count(first, amount, unit, HELD).last <= count(second, amount, unit, HELD).last


@given(days, st.integers(1, 60), st.integers(1, 60), st.sampled_from(tuple(Unit)))
def test_a_longer_period_never_ends_earlier(start: date, a: int, b: int, unit: Unit) -> None:
    ends = [count(start, amount, unit, HELD).last for amount in sorted((a, b))]
    assert ends == sorted(ends)


@pytest.mark.parametrize(
    ("start", "amount", "unit", "last"),
    [
        ("2026-11-07", 7, Unit.DAYS, "2026-11-16"),  # the 14th is a Saturday
        ("2026-09-26", 7, Unit.DAYS, "2026-10-08"),  # 3 October is in the National Day holiday
        ("2026-09-29", 7, Unit.WORKING_DAYS, "2026-10-14"),  # 10 October, a Saturday, is worked
        ("2026-02-11", 3, Unit.WORKING_DAYS, "2026-02-14"),  # the worked Saturday before 春节
        ("2023-11-24", 3, Unit.YEARS, "2026-11-24"),
        ("2024-02-29", 1, Unit.YEARS, "2025-02-28"),  # 民法典 202: no corresponding day
        ("2026-03-31", 6, Unit.MONTHS, "2026-09-30"),
        ("2025-01-21", 7, Unit.DAYS, "2025-02-05"),  # the 28th is 除夕
    ],
)
def test_days_counted_by_hand(start: str, amount: int, unit: Unit, last: str) -> None:
    assert count(date.fromisoformat(start), amount, unit, HELD).last == date.fromisoformat(last)


def test_a_year_without_a_notice_is_said_to_be_assumed() -> None:
    assert count(date(2026, 12, 28), 7, Unit.WORKING_DAYS, HELD).assumed == (2027,)
    assert count(date(2026, 11, 2), 7, Unit.WORKING_DAYS, HELD).assumed == ()
    assert count(date(2026, 11, 24), 3, Unit.YEARS, HELD).assumed == (2029,)


def test_absurd_periods_are_refused() -> None:
    with pytest.raises(UsageError, match="日期太远"):
        count(date(2199, 1, 1), 20, Unit.YEARS, HELD)
    with pytest.raises(ValueError, match="at least one"):
        count(date(2026, 1, 1), 0, Unit.DAYS, HELD)


@given(days, st.integers(-500, 500))
def test_months_keep_the_day_or_end_the_month(start: date, months: int) -> None:
    end = add_months(start, months)
    assert end.year * 12 + end.month == start.year * 12 + start.month + months
    assert end.day == min(start.day, calendar.monthrange(end.year, end.month)[1])


def test_the_notices_are_those_of_the_state_council() -> None:
    """Recounted from the notices' own words: 元旦 3 days with 4 January worked, and so on."""
    assert [n.notice for n in HELD.notices.values()] == [
        "国办发明电〔2024〕12号",
        "国办发明电〔2025〕7号",
    ]
    assert {year: len(n.off) for year, n in HELD.notices.items()} == {2025: 28, 2026: 33}
    for notice in HELD.notices.values():
        worked = sum(
            not HELD.rests(date(notice.year, 1, 1) + timedelta(n))
            for n in range(366 if calendar.isleap(notice.year) else 365)
        )
        assert worked == {2025: 248, 2026: 248}[notice.year]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("days = 9", "days = 8", "与 days 不符"),
        ('"2026-01-04"', '"2026-01-05"', "不是周末"),
        ("year = 2026", "year = 2025", "年份重复"),
        ('to = "2026-01-03", days = 3', 'to = "2025-12-31", days = 3', "起止日期不对"),
        ("source = ", "sorce = ", "不认识的字段"),
    ],
)
def test_a_mistake_in_the_holidays_names_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "holidays.toml"
    text = HOLIDAYS.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=said) as failed:
        Holidays.load(path)
    assert failed.value.line


def test_every_limit_stands_on_words_of_the_corpus(corpus: Corpus) -> None:
    limits = TimeLimits.load()
    assert len(limits.all) >= 12
    for limit in limits.all:
        held = hold(corpus, limit.grounds, AS_OF)
        assert held.lost == (), limit.key
        assert len(held.articles) >= 2, limit.key


def test_a_ground_that_is_lost_says_why(corpus: Corpus) -> None:
    held = hold(
        corpus,
        (
            Ground("环境保护法第一条"),  # repealed by 生态环境法典
            Ground("消费者权益保护法第五十五条", ("四倍",)),
            Ground("消费者权益保护法第四百条"),
        ),
        AS_OF,
    )
    assert held.lost == (
        "环境保护法第一条现在不适用",
        "消费者权益保护法第五十五条里已没有“四倍”",
        "消费者权益保护法第四百条现在不适用",
    )


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("amount = 7\n", 'amount = "七"\n', "不是 1 到 1000 的整数"),
        ('unit = "日"', 'unit = "天"', "字段 'unit' 不能是"),
        ('key = "refund"', 'key = "return"', "重复"),
        ('key = "refund"', 'key = "退款"', "不合格"),
        ("notes = [", "note = [", "不认识的字段"),
        ('counting = "民法典"', 'counting = "刑法"', "不能是"),
        ("退货|寄回", "退货||寄回", "空的词"),
    ],
)
def test_a_mistake_in_the_limits_names_its_line(
    tmp_path: Path, old: str, new: str, said: str
) -> None:
    path = tmp_path / "time_limits.toml"
    text = TIME_LIMITS.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=said) as failed:
        TimeLimits.load(path)
    assert failed.value.line
