"""The calendar for people and for programs (``bot.py calendar``)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date
from itertools import groupby
from typing import Any

from knowledge.calendar import AHEAD, Calendar, Due, MarketDay, Occurrence
from knowledge.lunar import YEARS

_MARKETS_AHEAD = 7  # days of markets in the text; the JSON has all


def calendar_text(calendar: Calendar, year: int, today: date, ahead: int = AHEAD) -> str:
    """A year by months for staff, and what is due on ``today``.

    Raises:
        UsageError: the lunar calendar is not known for that year.
    """
    occurrences = calendar.occurrences(year)
    lines = [f"{calendar.codelists.county}{year}年普法节点日历（截至{today}）"]
    if calendar.codelists.samples:
        names = "、".join(calendar.codelists.samples)
        lines.append(f"注意：{names}还是示例，请在 towns.toml、codelists.toml 里换成本县的。")
    lines += ["", *_due_lines(calendar.due(today, ahead))]
    carried = _carried_over(calendar, year)
    if carried:
        lines += ["", "上年延续"]
        lines += [f"  {_line(each, today)}" for each in carried]
    for month, group in groupby(occurrences, key=lambda each: (each.start.year, each.start.month)):
        heading = f"{month[1]}月" if month[0] == year else f"{month[0]}年{month[1]}月"
        lines += ["", heading]
        lines += [f"  {_line(each, today)}" for each in group]
    towns = [town for town in calendar.codelists.towns if town.market]
    market_nodes = [node for node in calendar.nodes if node.on_market_days]
    if market_nodes and towns:
        lines += ["", f"{market_nodes[0].name}（{market_nodes[0].lead}）"]
        lines += [f"  {town.label}：{town.market.spelt}" for town in towns if town.market]
    proposed = [each for each in occurrences if each.proposed]
    lines += ["", f"共 {len(occurrences)} 项，其中 {len(proposed)} 项日期待确认。"]
    if proposed:
        lines.append("待确认的日期收到当年通知后写进 notices.toml。")
    return "\n".join(lines)


def calendar_json(calendar: Calendar, year: int, today: date, ahead: int = AHEAD) -> str:
    """The same for programs; dates in ISO.

    ``occurrences`` are those that start in the year, ``carried_over`` those of the year before that
    still run in it; ``due`` holds ``running``, ``coming`` and ``markets``.

    Raises:
        UsageError: the lunar calendar is not known for that year.
    """
    due = calendar.due(today, ahead)
    value = {
        "year": year,
        "as_of": today,
        "county": calendar.codelists.county,
        "samples": calendar.codelists.samples,
        "due": {
            "ahead_days": ahead,
            "running": [_object(each, today) for each in due.running],
            "coming": [_object(each, today) for each in due.coming],
            "markets": [
                {"day": each.day, "town": each.town.key, "name": each.town.label}
                for each in due.markets
            ],
        },
        "carried_over": [_object(each, today) for each in _carried_over(calendar, year)],
        "occurrences": [_object(each, today) for each in calendar.occurrences(year)],
        "markets": [
            {"town": town.key, "name": town.label, "rule": str(town.market), "days": market.spelt}
            for town in calendar.codelists.towns
            if (market := town.market)
        ],
    }
    return json.dumps(value, ensure_ascii=False, indent=2, default=str)


def _carried_over(calendar: Calendar, year: int) -> list[Occurrence]:
    """What started in the year before and still runs in this one."""
    before = calendar.occurrences(year - 1) if year - 1 in YEARS else []
    return [each for each in before if each.end.year == year]


def _object(each: Occurrence, today: date) -> dict[str, Any]:
    node = each.node
    return {
        "node": node.key,
        "name": node.name,
        "start": each.start,
        "end": each.end,
        "days": each.days,
        "state": _state(each, today),
        "proposed": each.proposed,
        "basis": each.basis,
        "theme": each.theme or None,
        "nature": node.nature,
        "lead": node.lead,
        "partners": node.partners,
        "topic": node.topic.key,
        "system": node.system,
        "content": node.content,
        "legal_basis": [str(basis) for basis in node.basis],
        "note": node.note or None,
    }


def _state(each: Occurrence, today: date) -> str:
    if each.on(today):
        return "running"
    return "past" if each.end < today else "coming"


def _due_lines(due: Due) -> list[str]:
    lines = [f"{_day(due.day)}正在进行"]
    lines += [f"  {_brief(each)}" for each in due.running] or ["  （没有）"]
    lines.append(f"今后{due.ahead}天内开始")
    lines += [f"  {_brief(each)}，还有{(each.start - due.day).days}天" for each in due.coming] or [
        "  （没有）"
    ]
    near = [each for each in due.markets if (each.day - due.day).days <= _MARKETS_AHEAD]
    if near:
        lines.append(f"今天和今后{_MARKETS_AHEAD}天的集日")
        lines += [f"  {line}" for line in _market_lines(near)]
    return lines


def _market_lines(markets: Sequence[MarketDay]) -> list[str]:
    return [
        f"{_day(day)}：{'、'.join(each.town.label for each in group)}"
        for day, group in groupby(markets, key=lambda each: each.day)
    ]


def _brief(each: Occurrence) -> str:
    doubt = "（日期待确认）" if each.proposed else ""
    return f"{_days(each)} {each.node.name}{doubt}，{each.node.lead}牵头"


def _line(each: Occurrence, today: date) -> str:
    node = each.node
    parts = [f"{_days(each)} {node.name}"]
    if each.on(today):
        parts.append("【正在进行】")
    if each.proposed:
        parts.append("【待确认】")
    parts.append(f"｜{node.lead}")
    if node.partners:
        parts.append(f"（{'、'.join(node.partners)}）")
    parts.append(f"｜{node.nature}")
    if node.basis:
        parts.append(f"：{'、'.join(map(str, node.basis))}")
    if each.proposed or each.basis.startswith("通知"):
        parts.append(f"｜{each.basis}")
    if each.theme:
        parts.append(f"｜主题：{each.theme}")
    return "".join(parts)


def _days(each: Occurrence) -> str:
    if each.start == each.end:
        return _day(each.start)
    end = _day(each.end)
    return f"{_day(each.start)}–{end if each.end.year == each.start.year else f'次年{end}'}"


def _day(day: date) -> str:
    return f"{day.month}月{day.day}日"
