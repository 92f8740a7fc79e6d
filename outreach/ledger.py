"""The ledger (台账): the bot's consultations and the approved offline activities, row by row.

Its columns are its own import template (:mod:`outreach.imports`); what has no column stands in
备注.
"""

from __future__ import annotations

from collections.abc import Iterator
from heapq import merge
from operator import itemgetter
from typing import Any

from sqlalchemy import Connection, or_, select

from outreach.activities import OFFLINE, STATES, Registered
from outreach.cells import UNIT_COLUMNS, remarks_of
from outreach.codes import Codes, county_codes
from outreach.columns import DAY, LAW, RESIDENT, grouped
from outreach.consultations import Window
from outreach.offline import approved
from outreach.register import load, reports
from outreach.rollups import CONSULTED, parts
from outreach.small_cells import LEAST, Key
from outreach.small_cells import hidden as hide_small
from outreach.tables import activities, activity_quantities, events

# 领域规格 §3 "1. 台账": the names and their order are the template's.
LEDGER_COLUMNS = [
    "序号",
    "日期",
    "责任单位",
    "主办/参与",
    "活动名称",
    "普法主题",
    "宣传法律",
    "普法形式",
    "重点对象",
    "N进",
    "乡镇",
    "村(社区)",
    "节点",
    "渠道",
    "场次",
    "期",
    "线下人次",
    "线上人次",
    "线上人数",
    "资料(份)",
    "图书(册)",
    "横幅(条)",
    "展板(块)",
    "咨询人次",
    "人数统计方法",
    "佐证",
    "填报人",
    "审核人",
    "状态",
    "备注",
]
HOST, JOINED = "主办", "参与"
SYSTEM, AUTOMATIC = "系统", "系统自动记录"  # how the bot's rows are known
FETCH = 500
_GROUP = (DAY, "organ", "topic", "channel")

Value = str | int | None
Cells = dict[str, Value]


def ledger(
    connection: Connection, window: Window, codes: Codes | None = None
) -> Iterator[list[Value]]:
    """The ledger's rows in :data:`LEDGER_COLUMNS`, by day, the bot's before the staff's.

    The bot's consultations are summed per day, organ, topic and channel, so that no row is a
    person's; 人数 is counted anew in each row. An approved activity has one row for its host, with
    all its numbers, and one without numbers for each 参与 unit (rule R4).
    """
    both = merge(
        _online(connection, window, codes),
        _offline(connection, window, codes),
        key=itemgetter("日期"),
    )
    for number, cells in enumerate(both, start=1):
        yield [number, *(cells.get(name) for name in LEDGER_COLUMNS[1:])]


def _online(connection: Connection, window: Window, codes: Codes | None) -> Iterator[Cells]:
    codes = codes or county_codes()
    for part in parts(connection, window, CONSULTED, (*_GROUP, LAW, RESIDENT)):
        groups = grouped(part, _GROUP)
        people = groups.people(part.residents)
        rows = zip(groups.values, groups.count(), people, groups.laws(part), strict=True)
        for key, times, residents, cited in sorted(rows, key=_blank_first):
            day, organ, topic, channel = key
            yield {
                "日期": f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}",
                "责任单位": organ,
                "活动名称": "线上法律咨询",
                "普法主题": topic,
                "宣传法律": "、".join(cited),
                "普法形式": "咨询",
                "渠道": codes.label("channels", channel),
                "线上人次": times,
                "线上人数": residents,
                "咨询人次": times,
                "人数统计方法": "系统计数，按渠道内去重",
                "佐证": "系统事件记录",
                "填报人": SYSTEM,
                "状态": AUTOMATIC,
            }


def _blank_first(row: tuple[Any, ...]) -> tuple[Any, ...]:
    day, *names = row[0]
    return (day, *(name or "" for name in names))


def _offline(connection: Connection, window: Window, codes: Codes | None) -> Iterator[Cells]:
    hidden = _hidden(connection, window)
    query = (
        reports()
        .where(approved(window))
        .order_by(events.c.day, events.c.organ, activities.c.number)
        .execution_options(yield_per=FETCH)
    )
    for found in load(connection, query):
        codes = codes or county_codes()
        told = found.activity
        shared = _described(found, codes)
        counted: Cells = dict.fromkeys(UNIT_COLUMNS.values())
        counted |= {
            UNIT_COLUMNS[each.unit]: each.quantity
            for each in told.materials
            if not each.donated and each.unit in UNIT_COLUMNS
        }
        attended, consulted = (
            hidden.get((told.organ, found.key, what), value)
            for what, value in (("attended", told.attended), ("consulted", told.consulted))
        )
        yield {
            **shared,
            **counted,
            "责任单位": told.organ,
            "主办/参与": HOST,
            "场次": 1 if told.kind == "activity" else None,
            "期": 1 if told.kind == "training" else None,
            "线下人次": attended,
            "人数统计方法": codes.label("headcount", told.method) if told.method else None,
            "佐证": evidence_cell(found),
            "备注": remarks_of(told, consulted),
        }
        for organ in told.joint:
            remark = f"编号：{found.number}；主办：{told.organ}"
            yield {**shared, "责任单位": organ, "主办/参与": JOINED, "备注": remark}


def _described(found: Registered, codes: Codes) -> Cells:
    """What the rows of host and participants share."""
    told = found.activity

    def label(name: str, key: str | None) -> str | None:
        return codes.label(name, key) if key else None

    return {
        "日期": told.first.isoformat(),
        "活动名称": told.name,
        "普法主题": told.topic,
        "宣传法律": "、".join(told.laws),
        "普法形式": label("forms", told.form),
        "重点对象": label("groups", told.group),
        "N进": label("venues", told.venue),
        "乡镇": label("town", told.town),
        "村(社区)": label("village", told.village),
        "节点": label("node", told.node),
        "渠道": label("channels", OFFLINE),
        "填报人": told.reporter,
        "审核人": found.reviewer,
        "状态": STATES["approved"],
    }


def evidence_cell(found: Registered) -> str | None:
    """佐证: what is said of it, then the attached files as ``name〔first of its SHA-256〕``."""
    files = (f"{each.name}〔{each.sha256[:8]}〕" for each in found.evidence)
    words = [*([found.activity.evidence] if found.activity.evidence else []), *files]
    return "；".join(words) or None


def _hidden(connection: Connection, window: Window) -> dict[Key, str]:
    """Headcounts to hide (rule R11), by organ, event and what was counted.

    They are read only where there is a small one, which is rare.
    """
    row = activity_quantities.c
    picked = or_(events.c.village.is_not(None), events.c.target_group.is_not(None))
    people = (
        select(events.c.organ, events.c.key, row.what, row.quantity, picked)
        .join(activity_quantities, row.event_id == events.c.id)
        .where(approved(window), row.unit == "人次")
    )
    if connection.execute(people.where(picked, row.quantity < LEAST).limit(1)).first() is None:
        return {}
    gone: dict[Key, str] = {}
    rows = connection.execute(people).all()
    for what in ("attended", "consulted"):
        cells: dict[Key, int] = {
            (one.organ, one.key, what): one.quantity for one in rows if one.what == what
        }
        named: list[Key] = [
            (one.organ, one.key, what) for one in rows if one.what == what and one[4]
        ]
        gone |= hide_small(cells, named, ("organ", "event", "what"))[0]
    return gone
