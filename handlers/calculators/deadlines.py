"""From a day to the last day: every limit of ``knowledge/time_limits.toml``."""

from __future__ import annotations

from datetime import date

from errors import UsageError
from handlers.calculators.days import with_weekday, written
from handlers.calculators.figures import Figures, Outcome
from knowledge.holidays import Holidays
from knowledge.periods import ONE_DAY, Period, Unit, count
from knowledge.time_limits import PROCEDURE, TimeLimit

LISTED = 8  # runs of rest days named in the working


def deadline(limit: TimeLimit, figures: Figures, holidays: Holidays, today: date) -> Outcome:
    """The last day of a limit, and where today stands.

    Raises:
        UsageError: the day has not come yet, or is too far off.
    """
    start = figures.day
    assert start is not None
    if start > today:
        raise UsageError(f"{written(start)}还没有到，请核对日期")
    period = count(start, limit.amount, limit.unit, holidays)
    counting = "民事诉讼法第八十五条" if limit.counting == PROCEDURE else "民法典第二百零一条"
    steps = [
        f"{with_weekday(start)}{limit.start}，当天不算，"
        f"从 {written(period.first)}算第 1 天（{counting}）",
        _end(limit, period),
    ]
    if limit.unit is Unit.WORKING_DAYS:
        if period.skipped:
            steps.append(f"其中不算工作日的：{_names(period.skipped, holidays)}")
    elif period.extended:
        steps.append(
            f"{with_weekday(period.nominal)}是休息日（{_names(period.skipped, holidays)}），"
            f"顺延到 {with_weekday(period.last)}"
        )
    notes = [*limit.notes]
    if limit.outer:
        outer = limit.outer
        notes.append(
            f"最长：从{outer.start}那天起 {outer.amount}{outer.unit}，"
            "那天和这里的起算日可能不是同一天。"
        )
    if period.extended:
        notes.append("周末和放假调休日都按法定休假日算；稳妥起见，不要等到顺延的那几天。")
    if period.assumed:
        years = "、".join(f"{year}年" for year in period.assumed)
        notes.append(f"{years}的放假安排这里没有，只按周六、周日休息推算；遇上放假还会往后顺延。")
    notes.append("法律另有规定或者双方另有约定的，按那个算。")
    return Outcome(
        limit.title,
        _answer(limit, period, today),
        tuple(steps),
        (),
        tuple(notes),
        limit.grounds,
    )


def _end(limit: TimeLimit, period: Period) -> str:
    if limit.unit is Unit.DAYS:
        return f"数满 {limit.amount} 天，是 {with_weekday(period.nominal)}"
    if limit.unit is Unit.WORKING_DAYS:
        return f"数满 {limit.amount} 个工作日，是 {with_weekday(period.nominal)}"
    return f"过 {limit.spelt}，对应的日子（没有对应日的，取月末）是 {with_weekday(period.nominal)}"


def _answer(limit: TimeLimit, period: Period, today: date) -> str:
    left = (period.last - today).days
    ends = with_weekday(period.last)
    if left > 0:
        return f"{ends}以前（含当天）{limit.act}，今天是 {written(today)}，还有 {left} 天。"
    if left == 0:
        return f"今天，{ends}，是最后一天：{limit.act}。"
    return f"{ends}是最后一天，已经过了 {-left} 天（到期前{limit.act}）。"


def _names(days: tuple[date, ...], holidays: Holidays) -> str:
    """「10月1日至10月7日国庆节放假、10月11日周日」: days in a row under one name together."""
    runs: list[tuple[date, date, str]] = []
    for day in days:
        name = holidays.name(day)
        if runs and runs[-1][2] == name and day - runs[-1][1] == ONE_DAY:
            runs[-1] = (runs[-1][0], day, name)
        else:
            runs.append((day, day, name))
    named = [
        f"{_short(first)}{f'至{_short(last)}' if last > first else ''}{name}"
        for first, last, name in runs[:LISTED]
    ]
    return "、".join(named) + ("等" if len(runs) > LISTED else "")


def _short(day: date) -> str:
    return f"{day.month}月{day.day}日"
