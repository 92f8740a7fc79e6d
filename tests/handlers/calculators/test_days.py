"""Days in free text, as of 24 November 2026 (a Tuesday)."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UsageError
from handlers.calculators.days import EARLIEST, find_days, parse_day, with_weekday, written
from tests.conftest import AS_OF


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("7号收到的货几号前能退", "2026-11-07"),
        ("30号收到的", "2026-10-30"),
        ("24号收到的", "2026-11-24"),
        ("昨天收到", "2026-11-23"),
        ("大前天", "2026-11-21"),
        ("上周五签收", "2026-11-20"),
        ("周日收到", "2026-11-22"),
        ("这周一", "2026-11-23"),
        ("上上周三", "2026-11-11"),
        ("11月7日", "2026-11-07"),
        ("12月5号签收", "2025-12-05"),
        ("2月29日", "2024-02-29"),
        ("去年3月打的欠条", "2025-03-01"),
        ("3月初", "2026-03-01"),
        ("二〇二五年三月一日", "2025-03-01"),
        ("23年5月6日", "2023-05-06"),
        ("2025-03-04", "2025-03-04"),
        ("十一月七号", "2026-11-07"),
        ("廿三号", "2026-11-23"),
        ("上个月31号", "2026-10-31"),
        ("三年前借的", "2023-11-24"),
        ("15天前", "2026-11-09"),
        ("半年前", "2026-05-24"),
    ],
)
def test_one_day(text: str, day: str) -> None:
    (found,) = find_days(text, AS_OF)
    assert found.day == date.fromisoformat(day)


@pytest.mark.parametrize("text", ["3月没还钱", "12号线", "住1号楼", "三个月", "2000元", "十天半月"])
def test_no_day(text: str) -> None:
    assert not find_days(text, AS_OF)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("2026年2月30日", "没有2026年2月30日"),
        ("4月31日", "没有2026年4月31日"),
        ("13月1日", "没有13月"),
        ("腊月初八收到", "农历"),
        ("9999年1月1日", "日期太远"),
        ("100年前", "日期太远"),
        ("1850年5月1日", "日期太远"),
    ],
)
def test_a_day_that_cannot_be(text: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        find_days(text, AS_OF)


@given(st.dates(EARLIEST, date(2060, 12, 31)))
def test_a_written_day_is_read_back(day: date) -> None:
    assert parse_day(written(day), AS_OF) == day
    assert parse_day(f"{day:%Y%m%d}", AS_OF) == day
    assert parse_day(day.isoformat(), AS_OF) == day
    assert with_weekday(day).startswith(written(day))


@given(st.dates(date(2025, 12, 1), AS_OF))
def test_a_day_without_its_year_is_the_latest_that_was(day: date) -> None:
    (found,) = find_days(f"{day.month}月{day.day}日", AS_OF)
    assert found.day <= AS_OF
    assert found.day == max(
        day.replace(year=y) for y in (2025, 2026) if day.replace(year=y) <= AS_OF
    )


@pytest.mark.parametrize("text", ["", "某天", "11月7日和8日", "2026年11月7日" * 10, "<script>"])
def test_a_field_takes_nothing_but_a_day(text: str) -> None:
    with pytest.raises(UsageError, match="日期"):
        parse_day(text, AS_OF)


@given(st.text(alphabet="0123456789年月日号上个周前天去初一二三十廿 /-.", max_size=40))
def test_any_text_gives_days_or_one_line(text: str) -> None:
    try:
        found = find_days(text, AS_OF)
    except UsageError:
        return
    assert all(one.day >= EARLIEST for one in found)
