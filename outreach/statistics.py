"""Figures of a window, by any dimensions, each with its definition.

Rules R1–R4 of the domain specification: 人次 add up, 人数 do not (they are counted anew for each
row and for the total); organ rows add up to the total; law rows are 涉及次数 and do not; the host
counts an activity. Online and offline never add up: a row of one channel leaves the other's
measures empty. Small cells of villages and groups are hidden (rule R11).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Connection,
    Executable,
    FromClause,
    distinct,
    func,
    literal,
    null,
    select,
    true,
    union_all,
)

from errors import UsageError
from outreach import offline, pushes, rollups, sealing, small_cells
from outreach.activities import OFFLINE
from outreach.codes import LABELLED, Codes, county_codes
from outreach.consultations import (
    Window,
    consultations,
    happened,
    horizon,
    laws,
    laws_of,
    month_of,
    turns,
)
from outreach.database import Database
from outreach.tables import events
from settings import SHANGHAI

BLANK = "—"
DIMENSIONS = (
    *("organ", "system", "topic", "law", "channel", "town", "campaign", "node", "month"),
    *("village", "group"),  # 重点对象
)

DEFINITIONS = {
    "consultations": (
        "咨询人次：同一居民在同一渠道相邻两次提问间隔不足30分钟的算一次咨询；其中至少有一次"
        "范围内解答或转介才计数。闲聊、菜单、拒答、范围外提问和工作人员测试不计，也不延长一次咨询。"
        "跨越统计期间或跨月的咨询只在开始时计一次；责任单位、系统、主题、乡镇取其中第一次解答或转介的。"
    ),
    "online_person_times": (
        "线上人次：居民在线上参与的次数，目前等于咨询人次。人次可以相加，但不得与人数或线下人次相加。"
    ),
    "online_residents": (
        "线上人数：本行期间和条件内咨询过的不重复居民（按渠道内去重，同一人在两个渠道算两人）。"
        "每行和合计分别重新计算，各行相加不等于合计，各月相加不等于全年。"
    ),
    "offline_person_times": (
        "线下人次：经另一人审核的线下活动和培训的参加人次，按登记的签到、扫码或估算，归入首日所在的期间；"
        "人次不去重，不得与线上人数相加。"
    ),
    "training_person_times": "培训人次：线下人次中属于培训的。",
    "estimated_person_times": "估算人次：线下人次中人数统计方法为估算的。",
    "offline_consultations": "现场咨询人次：线下活动登记的现场咨询，另计，不并入线上咨询人次。",
    "activities": "场次：经审核的线下普法活动，一场一次，联合活动只计主办单位。",
    "joint_participations": "参与场次：作为非主办单位参加联合活动的次数，不计入场次和期。",
    "trainings": "期：经审核的培训班，与场次分开计。",
    "books": "册：线下活动发放的图书，不含捐赠；各种物料按登记的单位分别计，不折算。",
    "leaflets": "份：线下活动发放的资料，不含捐赠。",
    "banners": "条：线下活动悬挂的横幅。",
    "boards": "块：线下活动展出的展板。",
    "goods": "件：线下活动发放的宣传品，不含捐赠。",
    "vehicles": "台：线下活动出动的宣传车。",
    "donated_books": "捐赠册：捐赠的图书，不含在册数里。",
    "donated_leaflets": "捐赠份：捐赠的资料，不含在份数里。",
    "donated_goods": "捐赠件：捐赠的宣传品，不含在件数里。",
    "pushed": (
        "推送：尝试推送的人次，包括送达的和失败、被屏蔽、结果不明的；后三种不记乡镇、村和重点对象。"
    ),
    "delivered": "送达：平台确认收到的推送人次，不等于阅读。",
    "clicked_residents": (
        "点击人数：本行期间和条件内首次点击推送链接或按钮的不重复居民，不可相加。"
    ),
    "quiz_attempts": "答题人次：至少答了一题的答题。",
    "quiz_right_first_rate": "首答正确率：每名居民每份试卷首次作答中答对的题目比例。",
    "referrals": "转介次数：向居民出示热线卡片的次数（按事件计，不按咨询合并）。",
    "gaps": "未答次数：属于普法范围而库内没有合适条文的提问次数（按事件计）。",
}
MEASURES = tuple(DEFINITIONS)
ONLINE = (
    *("consultations", "online_person_times", "online_residents", "referrals", "gaps"),
    "quiz_attempts",
)
# Counts of people, which small cells are hidden in; a part is hidden where its whole is.
PEOPLE = (
    *("consultations", "online_person_times", "online_residents", "offline_person_times"),
    *("training_person_times", "estimated_person_times", "offline_consultations"),
    *("referrals", "gaps", "quiz_attempts"),
)
SMALL_NOTE = (
    "涉及乡镇、村（社区）或重点对象的行，人次和人数为1至4的显示“<5”；"
    "为使它不能由合计推算，同时隐去另一项（显示“<5”或“≥5”）。"
)
PEOPLE_NOTE = "人数不可相加：每行的线上人数在该行条件内重新去重。"
LAW_NOTE = (
    "按法律分的各行是「涉及次数」：一次咨询涉及几部法律就在几行各计一次，各行相加不等于合计。"
)

Measures = dict[str, int | float | str | None]


@dataclass(frozen=True, slots=True)
class Row:
    """One combination of dimension values (``—`` where blank) and its measures."""

    by: dict[str, str]
    measures: Measures


@dataclass(frozen=True, slots=True)
class Table:
    """The figures of a window; a measure that does not apply (yet) is None."""

    window: Window
    by: tuple[str, ...]
    rows: tuple[Row, ...]
    total: Measures
    notes: tuple[str, ...] = field(default=())

    def to_json(self) -> dict[str, Any]:
        """The contract's object, with definitions and notes added."""
        return {
            "from": self.window.first.isoformat(),
            "to": self.window.last.isoformat(),
            "as_of": self.window.as_of.astimezone(SHANGHAI).isoformat(),
            "rows": [{"by": row.by, **row.measures} for row in self.rows],
            "total": self.total,
            "notes": list(self.notes),
            "definitions": DEFINITIONS,
        }


def stats(
    database: Database,
    start: date,
    end: date,
    by: Sequence[str],
    as_of: datetime,
    *,
    codes: Codes | None = None,
    exact: bool = False,
    recount: bool = False,
) -> Table:
    """Count a window of whole days in Asia/Shanghai, both ends included.

    Args:
        database: the store.
        start: first day.
        end: last day.
        by: dimensions of the rows, in order; none gives the total only.
        as_of: 数据截止时间, aware; later records, decisions and corrections are left out, so that
            the same call gives the same figures again.
        codes: the county's lists, for the names of towns, villages, groups and nodes.
        exact: show small cells; for tests and for those who may see the rows anyway.
        recount: count everything from the raw rows, without the columns of closed days
            (:mod:`outreach.rollups`), which is slow and must give the same.

    Raises:
        UsageError: an unknown dimension, or a window that ends before it begins.
    """
    window = Window(start, end, as_of)
    by = tuple(dict.fromkeys(by))
    if unknown := [name for name in by if name not in DIMENSIONS]:
        raise UsageError(f"没有这个统计维度：{'、'.join(unknown)}。可用：{'、'.join(DIMENSIONS)}")
    if not recount:
        sealing.ensure(database, window)
    with database.read() as connection:
        rows, total = _count(connection, window, by, recount=recount)
    if any(name in LABELLED for name in by):
        rows = _labelled(rows, by, codes or county_codes())
    drilled = any(name in small_cells.SENSITIVE for name in by)
    # Months read best in time, villages are not ranked; everything else by size.
    largest = "month" not in by and not drilled
    ordered = sorted(
        rows.items(),
        key=lambda item: (
            *(-item[1].get(name, 0) * largest for name in ("consultations", *offline.MEASURES[:2])),
            item[0],
        ),
    )
    complete = {values: _complete(found, by, values) for values, found in ordered}
    totals = _complete(total, (), ())
    if drilled and not exact:
        _hide(complete, totals, by)
    notes = (PEOPLE_NOTE, *([LAW_NOTE] if "law" in by else []), *([SMALL_NOTE] if drilled else []))
    return Table(
        window=window,
        by=by,
        rows=tuple(
            Row(by=dict(zip(by, values, strict=True)), measures=found)
            for values, found in complete.items()
        ),
        total=totals,
        notes=notes,
    )


def _labelled(rows: Mapping[Key, Counts], by: tuple[str, ...], codes: Codes) -> dict[Key, Counts]:
    """The rows under the names that people read; — stays, for it is no key."""
    named = {values: tuple(map(codes.label, by, values)) for values in rows}
    taken = Counter(named.values())
    # Two values of one name stay two rows: 人数 can't be added.
    return {
        label if taken[label] == 1 else tuple(map(_told_apart, label, values)): rows[values]
        for values, label in named.items()
    }


def _told_apart(label: str, value: str) -> str:
    return label if label == value else f"{label}（{value}）"


Wanted = Mapping[str, tuple[str, bool]]
# Measure → the type of the events that it counts, and whether only those with a right answer.
_SHOWN: Wanted = {"referrals": ("referral", False), "gaps": ("gap", False)}
_QUIZ: Wanted = {
    "quiz_attempts": ("quiz", False),
    "quiz_answered": ("quiz_answer", False),
    "quiz_right": ("quiz_answer", True),
}
Counts = dict[str, int]
Key = tuple[str, ...]
Column = ColumnElement[Any]
Columns = Mapping[str, Column]


def _count(
    connection: Connection, window: Window, by: tuple[str, ...], *, recount: bool
) -> tuple[dict[tuple[str, ...], Counts], Counts]:
    """Measures by dimension values, and the total's."""
    rows: dict[tuple[str, ...], Counts] = {}
    total: Counts = {}
    queries = [*offline.queries(window, by), *pushes.queries(window, by)]
    queries.append((tuple(_QUIZ), _happened(window, by, _QUIZ)))
    if recount:
        until = horizon(connection, window)
        consulted = ("consultations", "online_residents"), _consulted(window, until, by)
        queries += [consulted, (tuple(_SHOWN), _happened(window, by, _SHOWN))]
    else:
        stored = [offline.COLUMNS.get(name, name) for name in by]
        for measures, found, sums in rollups.count(connection, window, stored):
            total |= dict(zip(measures, sums, strict=True))
            for key, numbers in found.items() if by else ():
                cell = tuple(map(_cell, by, key))
                rows.setdefault(cell, {}).update(zip(measures, numbers, strict=True))
    for names, query in queries:
        for is_total, *cells in connection.execute(query):
            told = dict(zip(names, map(int, cells[len(by) :]), strict=True))
            if is_total:
                total |= told
            else:
                values = tuple(map(_cell, by, cells[: len(by)]))
                rows.setdefault(values, {}).update(told)
    return rows, total


def _consulted(window: Window, until: datetime, by: tuple[str, ...]) -> Executable:
    turn = turns(window, until)
    touched = laws(turn, window) if "law" in by else None

    def measures(columns: Columns) -> list[Column]:
        return [func.count(), func.count(distinct(columns["resident_id"]))]

    return _with_total(consultations(turn, window), touched, by, measures)


def _happened(window: Window, by: tuple[str, ...], wanted: Wanted) -> Executable:
    each = happened(window, tuple({kind for kind, _ in wanted.values()}))

    def measures(columns: Columns) -> list[Column]:
        right = columns["result"] == "right"
        return [
            func.count().filter(columns["type"] == kind, right if only else true())
            for kind, only in wanted.values()
        ]

    return _with_total(each, laws_of(each) if "law" in by else None, by, measures)


def _columns(each: CTE, touched: CTE | None) -> tuple[FromClause, dict[str, Column]]:
    """What to select from and its columns by dimension: ``each``, or (row, law) pairs.

    Rows that touch no law have one pair with a blank law. (An outer join of ``each`` would say
    the same, but SQLite runs it row by row; events are found by their primary key.)
    """
    if touched is None:
        found = {column.name: column for column in each.c}
        return each, found | {"month": month_of(each.c.start_day)}
    bare = select(each.c.id, null(), each.c.start_day).where(each.c.id.not_in(select(touched.c.of)))
    pairs = union_all(select(touched.c.of, touched.c.law, touched.c.day), bare).cte("pairs")
    found = {column.name: column for column in events.c}
    return pairs.join(events, events.c.id == pairs.c.of), found | {
        "law": pairs.c.law,
        "month": month_of(pairs.c.day),
    }


def _with_total(
    each: CTE,
    touched: CTE | None,
    by: tuple[str, ...],
    measures: Callable[[Columns], list[Column]],
) -> Executable:
    """Rows (0, values…, measures…) by dimensions, and one (1, NULL…, measures…) over ``each``.

    One statement, so that the engine cuts the consultations once for both.
    """
    total = select(literal(1), *(null() for _ in by), *measures(dict(each.c.items()))).select_from(
        each
    )
    if not by:
        return total
    source, columns = _columns(each, touched)
    keys = [columns[offline.COLUMNS.get(name, name)] for name in by]
    rows = select(literal(0), *keys, *measures(columns)).select_from(source).group_by(*keys)
    return union_all(rows, total)


def _cell(dimension: str, value: Any) -> str:
    if value is None or value == "":
        return BLANK
    if dimension == "month":
        return f"{value // 100:04d}-{value % 100:02d}"
    return str(value)


def _complete(found: Counts, by: tuple[str, ...], values: tuple[str, ...]) -> Measures:
    """All measures: 0 for what is counted and did not happen, None for what does not apply.

    A row of one channel has either online or offline measures.
    """
    complete: Measures = dict.fromkeys(MEASURES)
    channel = dict(zip(by, values, strict=True)).get("channel")
    if channel != OFFLINE:
        complete |= {name: found.get(name, 0) for name in ONLINE}
        complete["online_person_times"] = complete["consultations"]
        complete |= {name: found.get(name, 0) for name in pushes.MEASURES}
        if answered := found.get("quiz_answered", 0):
            complete["quiz_right_first_rate"] = round(found["quiz_right"] / answered, 4)
    if channel in (None, OFFLINE):
        complete |= {name: found.get(name, 0) for name in offline.MEASURES}
    return complete


def _hide(rows: Mapping[Key, Measures], total: Measures, by: tuple[str, ...]) -> None:
    """Put ``<5`` and ``≥5`` where rule R11 wants them."""
    places = [place for place, name in enumerate(by) if name in small_cells.SENSITIVE]
    for name in (*PEOPLE, *pushes.MEASURES):
        cells = {key: found[name] for key, found in rows.items()}
        counted = {key: value for key, value in cells.items() if isinstance(value, int)}
        named = [key for key in counted if any(key[place] != BLANK for place in places)]
        shown, told = small_cells.hidden(counted, named, by)
        if name in offline.PARTS:
            whole = {key for key in counted if isinstance(rows[key]["offline_person_times"], str)}
            shown |= {key: small_cells.mask(counted[key]) for key in whole}
        for key, value in shown.items():
            rows[key][name] = value
            if name == "quiz_attempts":  # a rate of few people tells of each of them
                rows[key]["quiz_right_first_rate"] = None
        if told:
            total[name] = small_cells.mask(sum(counted.values()))
