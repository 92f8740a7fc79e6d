"""Days in free text, and days written out: 7号, 11月7日, 昨天, 上周五, 去年3月, 2026年11月7日.

A day without month or year is the latest one that is not after today: people tell what happened.
What had to be assumed is said with the answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from errors import UsageError
from knowledge.numerals import parse_number
from knowledge.periods import add_months

EARLIEST = date(1950, 1, 1)
WEEKDAYS = "一二三四五六日"
_N = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3}|廿[一二三四五六七八九]?)"
_YEAR = (
    r"(?:(?P<year>\d{2}|\d{4}|[一二][〇零一二三四五六七八九]{3})\s?年"
    r"|(?P<named>今年|去年|前年|大前年|当年))?的?"
)
_FULL = re.compile(
    rf"{_YEAR}\s?(?P<month>{_N})\s?月(?:份)?(?:\s?(?P<day>{_N})\s?(?:日|号)?|(?P<part>初|底|中旬|上旬|下旬))?"
)
_SLASHED = re.compile(r"(?<!\d)(?P<year>\d{4})[-/.](?P<month>\d{1,2})[-/.](?P<day>\d{1,2})(?!\d)")
_MONTH_DAY = re.compile(
    rf"(?P<which>上个?月|这个?月|本月|当月)?的?(?P<day>{_N})\s?(?:号|日)(?![码线楼房院店厂机])"
)
_NAMED = re.compile(r"大前天|前天|昨天|昨晚|昨日|今天|今日|今早|今儿|昨儿|前儿|刚才|刚刚")
_AGO = re.compile(
    r"(?P<n>\d{1,3}|半|[一二两三四五六七八九十]{1,3})\s?个?(?P<unit>天|日|周|星期|礼拜|月|年)(?:多)?(?:以前|之前|前)"
)
_WEEKDAY = re.compile(r"(?P<which>上上|上|这|本)?个?(?:周|星期|礼拜)(?P<day>[一二三四五六日天])")
_LUNAR = re.compile(r"农历|阴历|腊月|正月|冬月|初[一二三四五六七八九十]|闰[一二三四五六七八九十]月")
_OFFSET = {
    **dict.fromkeys(("今天", "今日", "今早", "今儿", "刚才", "刚刚"), 0),
    **dict.fromkeys(("昨天", "昨晚", "昨日", "昨儿"), 1),
    **dict.fromkeys(("前天", "前儿"), 2),
    "大前天": 3,
}
_YEARS_BACK = {"今年": 0, "当年": 0, "去年": 1, "前年": 2, "大前年": 3}


@dataclass(frozen=True, slots=True)
class Day:
    """A day found in a text; ``assumed`` is a Chinese clause on what the text left open."""

    day: date
    span: tuple[int, int]
    assumed: str = ""


def written(day: date) -> str:
    """``2026年11月7日``."""
    return f"{day.year}年{day.month}月{day.day}日"


def with_weekday(day: date) -> str:
    """``2026年11月7日（周六）``."""
    return f"{written(day)}（周{WEEKDAYS[day.weekday()]}）"


def parse_day(text: str, today: date) -> date:
    """One day written alone (a form's field, a button's value).

    Raises:
        UsageError: it is no day, or out of bounds.
    """
    said = text.strip()
    if re.fullmatch(r"\d{8}", said):
        said = f"{said[:4]}-{said[4:6]}-{said[6:]}"
    found = find_days(said, today) if len(said) <= 32 else ()
    if len(found) != 1 or found[0].span != (0, len(said)):
        raise UsageError("日期请写成 2026年11月7日 这样")
    return found[0].day


def find_days(text: str, today: date) -> tuple[Day, ...]:
    """The days in a text, in order.

    Raises:
        UsageError: a day is written that does not exist, or in the lunar calendar.
    """
    if _LUNAR.search(text):
        raise UsageError("农历日子这里算不准，请换成公历再发，例如 11月7日")
    found: list[Day] = []
    taken = [False] * (len(text) + 1)
    for pattern, read in (
        (_SLASHED, _slashed),
        (_FULL, _full),
        (_MONTH_DAY, _month_day),
        (_AGO, _ago),
        (_WEEKDAY, _weekday),
        (_NAMED, _named),
    ):
        for match in pattern.finditer(text):
            if any(taken[match.start() : match.end()]):
                continue
            one = read(match, today)
            if one is None:
                continue
            day, assumed = one
            if not EARLIEST <= day <= date(today.year + 50, 12, 31):
                raise UsageError("日期太远，请核对年份")
            taken[match.start() : match.end()] = [True] * (match.end() - match.start())
            found.append(Day(day, match.span(), assumed))
    return tuple(sorted(found, key=lambda item: item.span))


def _exact(year: int, month: int, day: int) -> date:
    try:
        return date(year, month, day)
    except ValueError:
        raise UsageError(f"没有{year}年{month}月{day}日这一天，请核对日期") from None


def _number(text: str) -> int:
    if text.startswith("廿"):
        text = "二十" + text[1:]
    return parse_number(text) or 0


def _slashed(match: re.Match[str], _: date) -> tuple[date, str]:
    return _exact(*(int(match[name]) for name in ("year", "month", "day"))), ""


def _full(match: re.Match[str], today: date) -> tuple[date, str] | None:
    month = _number(match["month"])
    if not 1 <= month <= 12:
        raise UsageError(f"没有{match['month']}月，请核对日期")
    year = _year(match, today)
    if match["day"] is None:
        if year is None and match["named"] is None and not match["part"]:
            return None  # 「3月」 alone may be a length of time
        if year is None:
            year = today.year if date(today.year, month, 1) <= today else today.year - 1
        return date(year, month, 1), f"没写几号，按最早的{year}年{month}月1日算"
    day = _number(match["day"])
    if year is not None:
        return _exact(year, month, day), ""
    for year_ in range(today.year, today.year - 5, -1):  # 2月29日 may be years ago
        try:
            tried = date(year_, month, day)
        except ValueError:
            continue
        if tried <= today:
            return tried, f"没写年份，按{written(tried)}算"
    return _exact(today.year, month, day), ""


def _year(match: re.Match[str], today: date) -> int | None:
    if match["named"]:
        return today.year - _YEARS_BACK[match["named"]]
    if not match["year"]:
        return None
    if len(match["year"]) == 2:
        return 2000 + int(match["year"]) if int(match["year"]) <= today.year % 100 else None
    year = parse_number(match["year"])
    if year is None or not EARLIEST.year <= year <= today.year + 50:
        raise UsageError("日期太远，请核对年份")
    return year


def _month_day(match: re.Match[str], today: date) -> tuple[date, str] | None:
    day = _number(match["day"])
    if not 1 <= day <= 31:
        return None
    if match["which"]:
        back = 1 if match["which"].startswith("上") else 0
        first = add_months(today.replace(day=1), -back)
        return _exact(first.year, first.month, day), ""
    for back in range(3):  # the latest month that has had this day
        first = add_months(today.replace(day=1), -back)
        try:
            tried = first.replace(day=day)
        except ValueError:
            continue
        if tried <= today:
            return tried, f"没写月份，按{written(tried)}算"
    return None


def _ago(match: re.Match[str], today: date) -> tuple[date, str] | None:
    unit = match["unit"]
    if match["n"] == "半":
        if unit not in "月年":
            return None
        tried = add_months(today, -6) if unit == "年" else today - timedelta(days=15)
        return tried, f"日子不确切，按{written(tried)}算"
    number = parse_number(match["n"])
    if number is None or number > 200:
        return None
    if unit in "天日":
        tried = today - timedelta(days=number)
        return tried, f"按{written(tried)}算"
    if unit in ("周", "星期", "礼拜"):
        tried = today - timedelta(weeks=number)
    else:
        months = number * (12 if unit == "年" else 1)
        if months > 12 * (today.year - EARLIEST.year):
            raise UsageError("日期太远，请核对年份")
        tried = add_months(today, -months)
    return tried, f"日子不确切，按{written(tried)}算"


def _weekday(match: re.Match[str], today: date) -> tuple[date, str]:
    wanted = WEEKDAYS.index(match["day"].replace("天", "日"))
    monday = today - timedelta(days=today.weekday())
    if match["which"]:
        weeks = {"上上": 2, "上": 1}.get(match["which"], 0)
        tried = monday + timedelta(days=wanted - 7 * weeks)
    else:
        tried = today - timedelta(days=(today.weekday() - wanted) % 7)
    return tried, f"按{written(tried)}算"


def _named(match: re.Match[str], today: date) -> tuple[date, str]:
    tried = today - timedelta(days=_OFFSET[match.group()])
    return tried, f"按{written(tried)}算"
