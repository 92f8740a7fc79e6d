"""The event log row by row, for an auditor: every record and correction, and nobody's identity.

What is in a row is what was counted, never what was said (领域规格 6.4: conversations are not
exported). Residents are numbered anew in each export, in the order in which they appear, behind a
mark that is the export's own: the same filter and 数据截止时间 give the same bytes again, while
the numbers of two exports cannot be joined, and none leads back to a platform's account. Event
keys stay inside, because they come from the platforms' message numbers. Where the town, village
and group that residents chose would single out fewer than five of them, ``<5`` stands instead
(rule R11).
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, RowMapping, Select, and_, func, or_, select

from outreach.activities import STATES
from outreach.cell_text import Value
from outreach.codes import Codes, county_codes
from outreach.consultations import Window
from outreach.events import REVERSAL
from outreach.reminders import STATES as STEPS
from outreach.small_cells import FEW, LEAST
from outreach.tables import activity_reviews, event_articles, events, to_micros
from settings import SHANGHAI

EVENTS = "events"
COLUMNS = (
    *("序号", "类型", "发生时间", "登记时间", "来源", "渠道", "居民", "答复种类", "普法主题"),
    *("责任单位", "系统", "乡镇", "村(社区)", "重点对象", "N进", "普法形式", "专项", "节点"),
    *("法律条文", "结果", "属于普法范围", "估算", "数量", "单位", "编号", "审核", "经办人"),
    *("冲销的序号", "冲销原因", "被冲销于"),
)
NOTES = (
    "每行一条记录，按登记次序；冲销是另外的一行，数量为负，“冲销的序号”指本表中被冲销的行，"
    "“期外”指发生在统计期间以外的。时间为北京时间。",
    "“居民”是本次导出内的编号：同一期间、同一数据截止时间的导出相同，不同导出之间不能对应，"
    "不能用来查找本人。没有提问和答复的文字。",
    f"居民自选的乡镇、村（社区）和重点对象，同样的组合不足{LEAST}人的显示“{FEW}”。",
    "属于普法范围、来源为“系统”、没有被冲销的解答、转介（出示）和未答按居民和渠道排列，"
    "间隔不足30分钟的算一次咨询，可以据此重算咨询人次和线上人数；同一居民同一微秒的几条，"
    "责任单位取哪一条以系统内的记录键为准。",
)
TYPES = {
    "answer": "解答",
    "referral": "转介",
    "gap": "未答",
    "feedback": "评价",
    "delivery": "送达",
    "click": "点击",
    "quiz": "答题",
    "quiz_answer": "答题（题）",
    "activity": "线下活动",
    "training": "培训",
    "notice": "普法提示",
    REVERSAL: "冲销",
}
SOURCES = {"bot": "系统", "staff": "工作人员", "import": "导入"}
RESULTS = {"shown": "出示", "tapped": "点按", "right": "答对", "wrong": "答错"}
RESULTS |= {"useful": "有用", "useless": "没用", **STEPS}
KINDS = {"answer": "答法条", "lookup": "查条文", "urgent": "紧急", "declined": "没有合适条文"}
KINDS |= {"refused": "不能答", "smalltalk": "闲聊", "menu": "菜单"}
# Whose subject is a number that staff gave or a quiz, not another event's key.
_NUMBERED = ("activity", "training", "notice", "quiz", "quiz_answer")
_LISTS = {"channel": "channels", "venue": "venues", "form": "forms", "node": "node"}
FETCH = 1000
PLACE = ("town", "village", "target_group")
HIDDEN = (FEW, FEW, FEW)

Place = tuple[str | None, ...]


def event_rows(
    connection: Connection, window: Window, codes: Codes | None = None
) -> Iterator[list[Value]]:
    """What happened in a window as known at its 数据截止时间, in :data:`COLUMNS`, streamed."""
    codes = codes or county_codes()
    mark = _mark(window)
    hidden = Hidden(_places(connection, window))
    taken_back = _taken_back(connection, window)
    people: dict[int, int] = {}
    numbers: dict[int, int] = {}  # of what is taken back: its row
    number = 0
    query = _query(window).execution_options(yield_per=FETCH)
    for some in connection.execute(query).mappings().partitions():
        cited = _cited(connection, some)
        for row in some:
            number += 1
            if row["id"] in taken_back:
                numbers[row["id"]] = number
            who = row["resident_id"]
            resident = people.setdefault(who, len(people) + 1) if who is not None else None
            yield [
                *(number, TYPES.get(row["type"], row["type"])),
                *(_moment(row["at"]), _moment(row["recorded_at"])),
                *(SOURCES[row["source"]], _label(codes, "channel", row)),
                None if resident is None else f"{mark}-{resident}",
                KINDS.get(row["kind"], row["kind"]),
                *(row["topic"], row["organ"], row["system"]),
                *_place_cells(codes, hidden.shown(who, tuple(row[name] for name in PLACE))),
                *(_label(codes, name, row) for name in ("venue", "form")),
                *(row["campaign"], _label(codes, "node", row)),
                "；".join(cited.get(row["id"], ())) or None,
                RESULTS.get(row["result"], row["result"]),
                *("是" if row[name] else "否" for name in ("in_scope", "estimated")),
                *(row["quantity"], row["unit"]),
                row["subject"] if row["original"] in _NUMBERED else None,
                STATES.get(row["state"]) if row["state"] else None,
                row["actor"],
                _reversed(row["reverses"], numbers),
                row["reason"] if row["type"] == REVERSAL else None,
                _moment(row["back_at"]) if row["back_at"] else None,
            ]


def _query(window: Window) -> Select[Any]:
    back, original = events.alias("back"), events.alias("original")
    names = (
        *("id", "type", "at", "recorded_at", "source", "channel", "resident_id", "kind", "topic"),
        *("organ", "system", *PLACE, "venue", "form", "campaign", "node", "subject", "result"),
        *("in_scope", "estimated", "quantity", "unit", "reverses", "actor", "reason"),
    )
    kind = original.c.type
    return (
        select(
            *(events.c[name] for name in names),
            back.c.recorded_at.label("back_at"),
            activity_reviews.c.state,
            # A reversal carries the columns of what it takes back, so it has the same subject.
            func.coalesce(kind, events.c.type).label("original"),
        )
        .outerjoin(back, and_(back.c.reverses == events.c.id, back.c.recorded_at <= window.as_of))
        .outerjoin(original, original.c.id == events.c.reverses)
        .outerjoin(
            activity_reviews,
            and_(activity_reviews.c.event_id == events.c.id, activity_reviews.c.at <= window.as_of),
        )
        .where(*_inside(window))
        .order_by(events.c.id)
    )


def _inside(window: Window) -> tuple[ColumnElement[bool], ...]:
    return (
        events.c.at >= window.begin,
        events.c.at < window.end,
        events.c.recorded_at <= window.as_of,
    )


def _mark(window: Window) -> str:
    told = f"{window.first} {window.last} {to_micros(window.as_of)}"
    return hashlib.sha256(told.encode()).hexdigest()[:6]


def _moment(moment: datetime) -> str:
    return moment.astimezone(SHANGHAI).replace(tzinfo=None).isoformat(sep=" ")


def _label(codes: Codes, name: str, row: RowMapping) -> str | None:
    value: str | None = row[name]
    return codes.label(_LISTS[name], value) if value else None


def _place_cells(codes: Codes, place: Place) -> list[Value]:
    return [
        value if value in (None, FEW) else codes.label(name, str(value))
        for name, value in zip(("town", "village", "group"), place, strict=True)
    ]


def _reversed(number: int | None, rows: Mapping[int, int]) -> Value:
    return None if number is None else rows.get(number, "期外")


def _taken_back(connection: Connection, window: Window) -> set[int]:
    query = select(events.c.reverses).where(events.c.reverses.is_not(None), *_inside(window))
    return set(connection.execute(query).scalars())


def _cited(connection: Connection, rows: Sequence[RowMapping]) -> dict[int, list[str]]:
    row = event_articles.c
    inside = row.event_id.between(rows[0]["id"], rows[-1]["id"])
    query = select(row.event_id, row.law, row.article).where(inside)
    found: dict[int, list[str]] = defaultdict(list)
    for number, law, article in connection.execute(query.order_by(row.event_id, row.rank)):
        found[number].append(f"《{law}》{article}")
    return found


def _places(connection: Connection, window: Window) -> Iterable[tuple[int, Place]]:
    """Which towns, villages and groups each resident chose, in the window's rows."""
    columns = [events.c[name] for name in PLACE]
    query = (
        select(events.c.resident_id, *columns)
        .where(
            events.c.resident_id.is_not(None),
            or_(*(column.is_not(None) for column in columns)),
            *_inside(window),
        )
        .distinct()
    )
    for who, *place in connection.execute(query):
        yield who, tuple(place)


class Hidden:
    """What to show of the places that residents chose, so that at least five share it.

    A combination of fewer is shown by its town alone where five or more are then alike, else not
    at all. Whoever chose several times is hidden: the list of their choices would be their own.
    """

    def __init__(self, chosen: Iterable[tuple[int, Place]]) -> None:
        """Take (resident, place) pairs, each once."""
        found: dict[int, list[Place]] = defaultdict(list)
        for who, place in chosen:
            found[who].append(place)
        self._moved = {who for who, places in found.items() if len(places) > 1}
        people = Counter(places[0] for places in found.values() if len(places) == 1)
        self._as = {place: place for place in people}
        for level in (lambda place: (place[0], FEW, FEW), lambda _: HIDDEN):
            alike = Counter[Place]()
            for place, count in people.items():
                alike[self._as[place]] += count
            for place, shown in self._as.items():
                if alike[shown] < LEAST:
                    self._as[place] = level(place)
        self._protect(people)

    def _protect(self, people: Counter[Place]) -> None:
        """Those who are hidden must be five as well: hide the fewest others with them."""
        alike = Counter[Place]({HIDDEN: len(self._moved)})
        for place, count in people.items():
            alike[self._as[place]] += count
        hidden = alike.pop(HIDDEN)
        for shown, count in sorted(alike.items(), key=lambda each: (each[1], str(each[0]))):
            if not 0 < hidden < LEAST:
                return
            hidden += count
            for place in [place for place, other in self._as.items() if other == shown]:
                self._as[place] = HIDDEN

    def shown(self, who: int | None, place: Place) -> Place:
        """A row's place as it may be shown; what nobody chose is blank, what staff wrote stays."""
        if who is None or not any(place):
            return place
        return HIDDEN if who in self._moved else self._as[place]
