"""Duties and 普法提示 counted again, slowly, from the data files and the raw rows.

Which unit owes what is read here from ``nodes.csv`` and ``duties.toml`` with csv and tomllib; only
the nodes' dates come from the calendar, which has its own tests against printed calendars.
"""

from __future__ import annotations

import csv
import json
import tomllib
from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import knowledge
from knowledge.calendar import Calendar
from tests.outreach.raw_rows import Raw

DATA = Path(knowledge.__path__[0])
ZONE = ZoneInfo("Asia/Shanghai")
STATES = {"drafted": "已拟稿", "sent": "已发出", "feedback": "已反馈", "closed": "已办结"}


@dataclass
class Item:
    """One thing that a unit owes, and what became of it by a day."""

    organ: str
    node: str
    name: str
    start: date
    end: date
    done: int = 0
    in_time: int = 0
    state: str = ""

    @property
    def shown(self) -> str:
        return "已办（逾期补办）" if self.state == "已办" and not self.in_time else self.state


def items(raw: Raw, first: date, last: date, today: date) -> list[Item]:
    """Everything that was due in a window."""
    rules = tomllib.loads((DATA / "duties.toml").read_text(encoding="utf-8"))
    assert "yearly_" not in str(rules)  # the county sets no yearly numbers: nothing more is due
    (rule,) = rules["rules"]
    with (DATA / "nodes.csv").open(encoding="utf-8-sig", newline="") as stream:
        nodes = [row for row in csv.DictReader(stream) if row["性质"] in rule["natures"]]
    organs = _units()
    dates: dict[str, list[list[date]]] = defaultdict(list)
    for year in range(first.year, last.year + 2):
        for each in Calendar.load().occurrences(year):
            if first <= each.start <= last:
                spans = dates[each.node.key]
                if spans and each.start <= spans[-1][1]:
                    spans[-1][1] = max(spans[-1][1], each.end)
                else:
                    spans.append([each.start, each.end])
    found = []
    for row in nodes:
        if row["日期规则"].startswith("localmarket"):
            continue
        everyone = "全体责任单位" in row["配合单位"] and row["性质"] in rule["everyone"]
        for organ in organs if everyone else [row["牵头单位"]]:
            for start, end in dates.get(row["编号"], ()):
                found.append(Item(organ, row["编号"], row["节点"], start, end))
    early, late = (timedelta(days=rule[name]) for name in ("early_days", "late_days"))
    for item in found:
        for one in raw.activities:
            if one.node == item.node and item.organ in (one.organ, *one.joint):
                item.in_time += item.start - early <= one.first <= item.end
                item.done += item.start - early <= one.first <= item.end + late
        item.state = "已办" if item.done else "逾期" if today > item.end else "未办"
    return found


def _units() -> list[str]:
    names: dict[str, None] = {}
    with (DATA / "organs.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            names[row["牵头责任单位"]] = None
    with (DATA / "nodes.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if not row["日期规则"].startswith("localmarket"):
                names[row["牵头单位"]] = None
    return list(names)


def notices(raw: Raw, today: date) -> dict[str, dict[str, Any]]:
    """Each 普法提示 that stands, as its row of the sheet."""
    order = list(STATES)
    found: dict[str, dict[str, Any]] = {}
    for event in sorted((e for e in raw.events if e.type == "notice"), key=lambda e: e.id):
        told = json.loads(event.reason)
        day = event.at.astimezone(ZONE).date()
        if event.result == "drafted":
            found[event.subject] = {
                "organ": event.organ,
                "owed": [(one["key"], one["name"]) for one in told["owed"]],
                "deadline": date.fromisoformat(told["deadline"]),
                "at": {},
                "state": "drafted",
            }
        one = found[event.subject]
        assert event.result == "drafted" or order.index(event.result) in (
            *(order.index(one["state"]) + step for step in (0, 1)),
        )
        one["state"] = event.result
        one["at"].setdefault(event.result, (day, told.get("by") or event.actor))
        one[event.result] = told.get("note", "")
    for one in found.values():
        late = one["state"] == "sent" and today > one["deadline"]
        answered = one["at"].get("feedback")
        one["late"] = late
        one["shown"] = STATES[one["state"]] + (
            "（逾期未反馈）"
            if late
            else "（逾期反馈）"
            if answered and answered[0] > one["deadline"]
            else ""
        )
    return found
