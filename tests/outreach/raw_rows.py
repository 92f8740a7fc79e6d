"""An independent recount from the raw rows of a SQLite file: no SQLAlchemy, no product code.

What stands, as known at a moment, is read here with the sqlite3 module; what follows from it is
counted by tests/outreach/recount.py and by the plain loops below. Slow, short, and shared with
nothing that it checks.
"""

from __future__ import annotations

import sqlite3
from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from tests.outreach.recount import _sessions

ZONE = ZoneInfo("Asia/Shanghai")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
Labels = Callable[[str, str], str]  # (code list, key) → what people read


@dataclass(frozen=True)
class Raw:
    """What stands at a moment: the bot's and staff's events, and the activities that count.

    Of pushes the ledger's rows, the campaigns and since when who subscribes, as they are now.
    """

    events: list[Any]
    activities: list[Any]
    deliveries: list[Any]
    campaigns: dict[str, Any]
    subscribed: dict[str, datetime]
    people: dict[int, str]  # residents' keys by number, of those who did not ask for deletion


def moment(micros: int) -> datetime:
    return EPOCH + timedelta(microseconds=micros)


def day(number: int) -> date:
    return date(number // 10000, number // 100 % 100, number % 100)


def read(path: Path, as_of: datetime) -> Raw:
    """The rows of a store as known at ``as_of``."""
    until = (as_of - EPOCH) // timedelta(microseconds=1)
    raw = sqlite3.connect(path)
    raw.row_factory = sqlite3.Row

    def rows(table: str) -> Iterable[sqlite3.Row]:
        return raw.execute(f"SELECT * FROM {table}").fetchall()

    known = [row for row in rows("events") if row["recorded_at"] <= until]
    back = {row["reverses"] for row in known if row["type"] == "reversal"}
    articles: dict[int, list[Any]] = defaultdict(list)
    for row in rows("event_articles"):
        articles[row["event_id"]].append(SimpleNamespace(law=row["law"], article=row["article"]))
    events = []
    for row in known:
        if row["type"] == "reversal" or row["id"] in back:
            continue
        one = SimpleNamespace(**dict(row))
        one.at, one.resident, one.in_scope = (
            moment(row["at"]),
            row["resident_id"],
            bool(row["in_scope"]),
        )
        one.articles = articles[row["id"]]
        events.append(one)
    details = {row["event_id"]: row for row in rows("activities")}
    decided = {row["event_id"]: row for row in rows("activity_reviews") if row["at"] <= until}
    organs, laws, amounts = (
        _by_event(rows(table))
        for table in ("activity_organs", "activity_laws", "activity_quantities")
    )
    activities = []
    for one in events:
        if one.type not in ("activity", "training") or one.id not in decided:
            continue
        if decided[one.id]["state"] != "approved":
            continue
        told = details[one.id]
        people = {row["what"]: row["quantity"] for row in amounts[one.id] if row["unit"] == "人次"}
        activities.append(
            SimpleNamespace(
                kind=one.type,
                number=told["number"],
                name=told["name"],
                first=day(one.day),
                last=day(told["last_day"]),
                organ=one.organ,
                joint=[row["organ"] for row in organs[one.id]],
                laws=[row["law"] for row in laws[one.id]],
                topic=one.topic,
                system=one.system,
                town=one.town,
                village=one.village,
                group=one.target_group,
                venue=one.venue,
                form=one.form,
                node=one.node,
                campaign=one.campaign,
                place=told["place"],
                evidence=told["evidence"],
                note=told["note"],
                reporter=told["reporter"],
                reviewer=decided[one.id]["actor"],
                method=told["method"],
                attended=people.get("attended"),
                consulted=people.get("consulted"),
                materials=[
                    SimpleNamespace(
                        unit=row["unit"], quantity=row["quantity"], donated=row["what"] == "donated"
                    )
                    for row in amounts[one.id]
                    if row["what"] in ("handed_out", "donated")
                ],
            )
        )
    sent = []
    for row in rows("deliveries"):
        one = SimpleNamespace(**dict(row))
        one.done = None if row["done_at"] is None else moment(row["done_at"])
        sent.append(one)
    named = {row["id"]: SimpleNamespace(**dict(row)) for row in rows("campaigns")}
    subscribed = {
        row["key"]: moment(row["since"])
        for row in rows("subscriptions")
        if row["what"] == "campaign"
    }
    people = {row["id"]: row["key"] for row in rows("residents")}
    raw.close()
    return Raw(events, activities, sent, named, subscribed, people)


def _by_event(rows: Iterable[sqlite3.Row]) -> dict[int, list[sqlite3.Row]]:
    found: dict[int, list[sqlite3.Row]] = defaultdict(list)
    for row in sorted(rows, key=lambda row: (row["event_id"], row["rank"])):
        found[row["event_id"]].append(row)
    return found


def consultations(raw: Raw, first: date, last: date) -> list[tuple[date, Any, set[str]]]:
    """(day, first turn that counts, laws touched) of each that starts in the window."""
    ours = [
        e
        for e in raw.events
        if e.source == "bot"
        and e.in_scope
        and e.type in ("answer", "referral", "gap")
        and not (e.type == "referral" and e.result == "tapped")
        and e.resident is not None
    ]
    found = []
    for session in _sessions(ours):
        told = [e for e in session if e.type in ("answer", "referral")]
        start = session[0].at.astimezone(ZONE).date()
        if told and first <= start <= last:
            found.append((start, told[0], {a.law for e in session for a in e.articles}))
    return found


def ledger(raw: Raw, first: date, last: date, label: Labels) -> list[dict[str, str]]:
    """The ledger's rows as a CSV shows them, without 序号, in any order."""
    groups: dict[tuple[Any, ...], list[tuple[Any, set[str]]]] = defaultdict(list)
    for start, head, laws in consultations(raw, first, last):
        groups[start, head.organ, head.topic, head.channel].append((head, laws))
    rows = []
    for (start, organ, topic, channel), each in groups.items():
        rows.append(
            {
                "日期": start.isoformat(),
                "责任单位": organ,
                "活动名称": "线上法律咨询",
                "普法主题": topic or "",
                "宣传法律": "、".join(sorted(set().union(*(laws for _, laws in each)))),
                "普法形式": "咨询",
                "渠道": label("channels", channel),
                "线上人次": str(len(each)),
                "线上人数": str(len({head.resident for head, _ in each})),
                "咨询人次": str(len(each)),
                "人数统计方法": "系统计数，按渠道内去重",
                "佐证": "系统事件记录",
                "填报人": "系统",
                "状态": "系统自动记录",
            }
        )
    for one in raw.activities:
        if first <= one.first <= last:
            rows += _offline(one, label)
    return rows


def _offline(one: Any, label: Labels) -> list[dict[str, str]]:
    def named(codes: str, key: str | None) -> str:
        return label(codes, key) if key else ""

    shared = {
        "日期": one.first.isoformat(),
        "活动名称": one.name,
        "普法主题": one.topic or "",
        "宣传法律": "、".join(one.laws),
        "普法形式": named("forms", one.form),
        "重点对象": named("groups", one.group),
        "N进": named("venues", one.venue),
        "乡镇": named("town", one.town),
        "村(社区)": named("village", one.village),
        "节点": named("node", one.node),
        "渠道": label("channels", "offline"),
        "填报人": one.reporter,
        "审核人": one.reviewer,
        "状态": "已审核",
    }
    given = {(m.unit, m.donated): m.quantity for m in one.materials}
    remarks = [f"编号：{one.number}"]
    if one.place:
        remarks.append(f"地点：{one.place}")
    if one.last != one.first:
        remarks.append(f"止日：{one.last.isoformat()}")
    if one.system:
        remarks.append(f"系统：{one.system}")
    if one.campaign:
        remarks.append(f"专项：{one.campaign}")
    if one.consulted:
        remarks.append(f"现场咨询：{one.consulted}")
    for words, units, donated in (("捐赠", "份册件", True), ("另有", "件台", False)):
        amounts = [f"{given[unit, donated]}{unit}" for unit in units if (unit, donated) in given]
        if amounts:
            remarks.append(f"{words}：{'、'.join(amounts)}")
    if one.note:
        remarks.append(one.note)
    host = {
        **shared,
        "责任单位": one.organ,
        "主办/参与": "主办",
        "场次": "1" if one.kind == "activity" else "",
        "期": "1" if one.kind == "training" else "",
        "线下人次": str(one.attended or ""),
        "人数统计方法": named("headcount", one.method),
        "佐证": one.evidence or "",
        "备注": "；".join(remarks),
    }
    for unit, column in (
        ("份", "资料(份)"),
        ("册", "图书(册)"),
        ("条", "横幅(条)"),
        ("块", "展板(块)"),
    ):
        host[column] = str(given.get((unit, False), ""))
    others = [
        {
            **shared,
            "责任单位": organ,
            "主办/参与": "参与",
            "备注": f"编号：{one.number}；主办：{one.organ}",
        }
        for organ in one.joint
    ]
    return [host, *others]


def figure(
    raw: Raw, first: date, last: date, measure: str, where: dict[str, str], label: Labels
) -> int:
    """A figure of the report: a measure narrowed to facets."""
    where = dict(where)
    if measure in ("consultations", "online_residents"):
        found = [
            head
            for _, head, _ in consultations(raw, first, last)
            if all(
                value
                == (label("channels", head.channel) if facet == "channel" else getattr(head, facet))
                for facet, value in where.items()
            )
        ]
        if measure == "consultations":
            return len(found)
        return len({head.resident for head in found})
    if measure == "quiz_attempts" and not where:
        quizzes = [e for e in raw.events if e.type == "quiz" and e.source == "bot"]
        return sum(first <= e.at.astimezone(ZONE).date() <= last for e in quizzes)
    sort, method = where.pop("sort", None), where.pop("method", None)
    kinds = {"活动": "activity", "培训": "training", None: None}
    lists = {"venue": "venues", "group": "groups", "form": "forms", "node": "node"}

    def belongs(one: Any) -> bool:
        if not first <= one.first <= last or kinds[sort] not in (None, one.kind):
            return False
        if method is not None and one.method != "estimate":
            return False
        for facet, value in where.items():
            key = getattr(one, facet)
            if facet in lists:
                key = key and label(lists[facet], key)
            if key != value:
                return False
        return True

    chosen = [one for one in raw.activities if belongs(one)]
    if measure == "activities":
        return sum(one.kind == "activity" for one in chosen)
    if measure == "trainings":
        return sum(one.kind == "training" for one in chosen)
    if measure == "offline_person_times":
        return sum(one.attended or 0 for one in chosen)
    if measure == "offline_consultations":
        return sum(one.consulted or 0 for one in chosen)
    units = {
        "leaflets": "份",
        "books": "册",
        "banners": "条",
        "boards": "块",
        "goods": "件",
        "vehicles": "台",
    }
    donated = measure.startswith("donated_")
    unit = units[measure.removeprefix("donated_")]
    return sum(
        m.quantity
        for one in chosen
        for m in one.materials
        if m.unit == unit and m.donated == donated
    )
