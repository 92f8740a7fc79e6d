"""Reading the rules of :mod:`knowledge.calendar_rules` from a data file."""

from __future__ import annotations

import calendar
import re
from dataclasses import fields

from knowledge.calendar_rules import (
    WEEKDAYS,
    Fixed,
    LocalMarket,
    Lunar,
    Month,
    Notice,
    NthWeek,
    NthWeekday,
    Range,
    Rule,
    SolarTerm,
    WeekOf,
)
from knowledge.datafiles import Row
from knowledge.lunar import TERMS

_LONGEST_OVER_NEW_YEAR = 183  # days; a longer range has its ends the wrong way round


def read_rules(row: Row, key: str) -> tuple[Rule, ...]:
    """The rules in a field of a data file.

    Raises:
        DataError: a rule cannot be read, or names a day that not every year has.
    """
    texts = row.text(key).split(";")
    if len(set(texts)) != len(texts):
        row.fail(f"日期规则有重复：{row.text(key)!r}", "请删去重复的规则")
    return tuple(_rule(row, text) for text in texts)


_DAY = r"(\d\d)-(\d\d)"
_FORMS: tuple[tuple[str, type[Rule]], ...] = (
    (rf"fixed:{_DAY}", Fixed),
    (rf"range:{_DAY}/{_DAY}", Range),
    (r"month:(\d\d)", Month),
    (r"nthweek:(\d\d):(\d)", NthWeek),
    (rf"nthweekday:(\d\d):(\d):({'|'.join(WEEKDAYS)})", NthWeekday),
    (rf"weekof:{_DAY}", WeekOf),
    (rf"lunar:{_DAY}", Lunar),
    (rf"solarterm:({'|'.join(TERMS)})", SolarTerm),
    (r"localmarket", LocalMarket),
)
_EXAMPLES = (
    "fixed:12-04、range:03-01/03-08、month:05、nthweek:09:3、nthweekday:05:3:SUN、weekof:05-15、"
    "lunar:09-09、solarterm:秋分、notice:range:12-01/12-07、localmarket"
)


def _rule(row: Row, text: str) -> Rule:
    if text.startswith("notice:"):
        usual = _rule(row, text.removeprefix("notice:"))
        if isinstance(usual, Notice | LocalMarket):
            row.fail(f"notice 后面不能是 {usual}", "请写通常的日期，如 notice:range:12-01/12-07")
        return Notice(usual)
    rule = _matched(text)
    if rule is None:
        row.fail(f"看不懂日期规则 {text!r}", f"请写成：{_EXAMPLES}；几条之间用 ; 分开")
    _check(row, text, rule)
    return rule


def _matched(text: str) -> Rule | None:
    for pattern, form in _FORMS:
        found = re.fullmatch(pattern, text, re.ASCII)
        if found:
            values = [_value(word) for word in found.groups()]
            return form(**dict(zip((f.name for f in fields(form)), values, strict=True)))
    return None


def _value(word: str) -> int | str:
    if word in WEEKDAYS:
        return WEEKDAYS.index(word)
    return int(word) if word.isdecimal() else word


def _check(row: Row, text: str, rule: Rule) -> None:
    """Refuse what some year does not have."""
    month = getattr(rule, "month", 1)
    if not 1 <= month <= 12:
        row.fail(f"日期规则 {text!r} 的月份不对", "月份是 01–12")
    if isinstance(rule, NthWeek | NthWeekday) and not 1 <= rule.number <= 4:
        row.fail(f"日期规则 {text!r} 的序数不是每年都有", "请写 1–4，更晚的请写 range 或 notice")
    if isinstance(rule, Lunar) and not 1 <= rule.day <= 30:
        row.fail(f"日期规则 {text!r} 的农历日不对", "农历日是 01–30")
    if isinstance(rule, Fixed | Range | WeekOf) and not _every_year(rule.month, rule.day):
        row.fail(f"日期规则 {text!r} 的日期不是每年都有", "请写每年都有的日期")
    if isinstance(rule, Range):
        end = (rule.end_month, rule.end_day)
        if end != (2, 29) and not _every_year(*end):
            row.fail(
                f"日期规则 {text!r} 的结束日不对", "请写每年都有的日期；02-29 表示二月最后一天"
            )
        if end == (rule.month, rule.day):
            row.fail(f"日期规则 {text!r} 只有一天", f"请写 fixed:{end[0]:02}-{end[1]:02}")
        if rule.over_new_year and rule.spans(2026)[0].days > _LONGEST_OVER_NEW_YEAR:
            row.fail(f"日期规则 {text!r} 首尾颠倒", "早的在前；跨年的区间不能超过半年")


def _every_year(month: int, day: int) -> bool:
    return 1 <= month <= 12 and 1 <= day <= calendar.monthrange(2025, month)[1]
