"""What stands on the sheets of an Excel export (domain specification §3, forms 1 to 4)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from outreach import notices
from outreach.campaign_figures import CAMPAIGN_COLUMNS, NOTES, campaign_rows
from outreach.cell_text import HASHED
from outreach.duties import OrganDuties, definition, due_and_done
from outreach.duty_sheets import due_items, duty_list, nodes, reminders
from outreach.event_rows import COLUMNS as EVENT_COLUMNS
from outreach.event_rows import EVENTS, event_rows
from outreach.event_rows import NOTES as EVENT_NOTES
from outreach.flat_files import Tables, write_archive, write_csv, write_json
from outreach.ledger import LEDGER_COLUMNS, ledger
from outreach.passages import cutoff, day
from outreach.sheet_parts import MEASURE_TITLES, Request, measure_columns, titled
from outreach.statistics import (
    BLANK,
    DEFINITIONS,
    LAW_NOTE,
    PEOPLE_NOTE,
    SMALL_NOTE,
    Measures,
)
from outreach.workbook import (
    A3,
    Chart,
    Column,
    Kind,
    Sheet,
    Statement,
    Value,
    Written,
    shown,
    write_workbook,
)
from settings import SHANGHAI

FORMATS = ("xlsx", "csv", "json")
KINDS = ("ledger", "organs", "nodes", "duties", "campaigns", "all")
_LABELS = {
    "ledger": "工作台账",
    "organs": "按单位、系统和月汇总",
    "nodes": "节点活动表",
    "duties": "责任清单、应办已办和普法提示",
    "campaigns": "推送活动表",
    "all": "全部表格",
    EVENTS: "事件明细（不含个人身份和文字）",
}
MOST_BARS = 20
# In the order of the ledger's columns; on A3 they are readable side by side.
_WIDTHS = (
    *(6, 11, 15, 8, 17, 9, 28, 8, 10, 7, 9, 9, 13, 8, 6, 5, 7, 7, 7),
    *(7, 7, 7, 7, 7, 23, 13, 8, 8, 13, 14),
)
_COUNTS = (
    *("序号", "场次", "期", "线下人次", "线上人次", "线上人数", "资料(份)", "图书(册)"),
    *("横幅(条)", "展板(块)", "咨询人次"),
)


def write_sheets(
    request: Request,
    *,
    kind: str,
    format: str,
    out: Path,
    progress: Callable[[int], None] | None = None,
) -> tuple[Written, Path | None]:
    """Write an export as ``xlsx``, ``csv`` or ``json``.

    Args:
        request: what is exported.
        kind: one of :data:`KINDS`, or the event log, which is no workbook: it may have more
            rows than Excel.
        format: one of :data:`FORMATS`.
        out: the file; an existing one is replaced as a whole or not at all.
        progress: called with the number of rows written so far.

    Returns:
        Rows and hashes by table, and where ``meta`` stands if in a file of its own.

    Raises:
        UsageError: the file cannot be written.
    """
    with ExitStack() as open_:
        sheets = list(_sheets(request, kind, open_))
        if format == "xlsx":
            return write_workbook(sheets, _statement(request, kind), out, progress=progress), None
        tables = Tables(_meta(request, kind), progress)
        beside = None
        if kind == "all":
            write_archive(sheets, out, tables, format)
        elif format == "csv":
            beside = write_csv(sheets, out, tables)
        else:
            write_json(sheets, out, tables)
        return tables.written, beside


def _meta(request: Request, kind: str) -> dict[str, Any]:
    """What CSV and JSON say of themselves; in Excel the sheets 口径说明 and 导出说明."""
    window = request.window
    moment = window.as_of.astimezone(SHANGHAI)
    days = f"{window.first.isoformat()} 至 {window.last.isoformat()}"
    return {
        "kind": kind,
        "from": window.first.isoformat(),
        "to": window.last.isoformat(),
        "filter": f"{days}（含首尾两日，北京时间），全部单位、全部渠道",
        "as_of": moment.isoformat(),
        "数据截止时间": f"{cutoff(window.as_of)}+08:00",
        "exporter": request.exporter,
        "corpus": request.corpus,
        "sha256_of": HASHED + "；不含“合计”行",
        "notes": [PEOPLE_NOTE, LAW_NOTE, SMALL_NOTE],
        "definitions": DEFINITIONS,
    }


def _sheets(request: Request, kind: str, open_: ExitStack) -> Iterator[Sheet]:
    wanted = KINDS[:-1] if kind == "all" else (kind,)
    owed: tuple[OrganDuties, ...] = ()
    if {"organs", "nodes", "duties"} & set(wanted):
        window = request.window
        owed = due_and_done(
            request.database, request.duties, window.first, window.last, window.as_of
        )
    if "organs" in wanted:
        yield _organs(request, owed)
        yield _by(request, "system", "按系统")
        yield _by(request, "month", "按月")
    if "nodes" in wanted:
        yield nodes(request, owed)
    if "duties" in wanted:
        yield duty_list(request)
        yield due_items(request, owed)
        yield reminders(request)
    if "campaigns" in wanted:
        yield _campaigns(request)
    if "ledger" in wanted:
        yield _ledger(request, open_.enter_context(request.database.read()))
    if EVENTS in wanted:
        yield _events(request, open_.enter_context(request.database.read()))


def _events(request: Request, connection: Connection) -> Sheet:
    return Sheet(
        name="事件明细",
        title=titled(request, "普法工作事件明细"),
        columns=tuple(Column(name, 12) for name in EVENT_COLUMNS),
        rows=event_rows(connection, request.window),
        notes=EVENT_NOTES,
    )


def _ledger(request: Request, connection: Connection) -> Sheet:
    return Sheet(
        name="台账",
        title=titled(request, "“谁执法谁普法”工作台账"),
        columns=tuple(
            Column(name, width, "count" if name in _COUNTS else _kind(name))
            for name, width in zip(LEDGER_COLUMNS, _WIDTHS, strict=True)
        ),
        rows=ledger(connection, request.window),
        paper=A3,
        template=True,
        frozen_columns=3,
    )


def _kind(name: str) -> Kind:
    return "text" if name in ("活动名称", "宣传法律", "佐证", "备注", "节点") else "center"


def _organs(request: Request, owed: Sequence[OrganDuties]) -> Sheet:
    table = request.table("organ")
    found = {row.by["organ"]: row.measures for row in table.rows}
    duty = {each.organ: each for each in owed}
    window = request.window
    told = notices.sent_within(
        notices.listed(request.database, window.as_of), window.first, window.last
    )
    names = [*found, *(each.organ for each in owed if each.organ not in found)]

    def row(name: str | None, measures: Measures) -> list[Value]:
        mine = [each for each in owed if name in (None, each.organ)]
        ours = [each for each in told if name in (None, each.organ)]
        closed = sum(each.state == notices.CLOSED for each in ours)
        due = [sum(each.due for each in mine), sum(each.done for each in mine)]
        late = sum(each.overdue for each in mine)
        return [
            name or "合计",
            *([*due, late] if name is None or name in duty else [BLANK] * 3),
            *(shown(measures.get(m)) for m in MEASURE_TITLES if m != "online_person_times"),
            BLANK,
            f"{len(ours)}/{closed}",
        ]

    nothing: Measures = {  # a rate of nothing is no 0 %
        name: None if value is None or name.endswith("_rate") else 0
        for name, value in table.total.items()
    }
    measures = [title for m, title in MEASURE_TITLES.items() if m != "online_person_times"]
    return Sheet(
        name="按单位",
        title=titled(request, "“谁执法谁普法”工作统计（按责任单位）"),
        columns=(
            Column("责任单位", 22),
            *(Column(name, 8, "count") for name in ("应办任务", "已办", "逾期")),
            *measure_columns(measures),
            Column("发布条数", 9, "count"),
            Column("提示单(收/结)", 10, "center"),
        ),
        rows=[row(name, found.get(name, nothing)) for name in names],
        total=row(None, table.total),
        notes=(
            PEOPLE_NOTE,
            "责任单位只取一个，各行可以相加的指标之和等于合计。联合活动的场次只计主办单位。",
            definition(request.duties),
            "“—”表示没有这项数据，不是零。",
        ),
    )


def _by(request: Request, dimension: str, name: str) -> Sheet:
    table = request.table(dimension)
    return Sheet(
        name=name,
        title=titled(request, f"“谁执法谁普法”工作统计（{name}）"),
        columns=(
            Column(name.removeprefix("按"), 14, "center"),
            *measure_columns(list(MEASURE_TITLES.values())),
        ),
        rows=[
            [row.by[dimension], *(shown(row.measures.get(m)) for m in MEASURE_TITLES)]
            for row in table.rows
        ],
        total=["合计", *(shown(table.total.get(m)) for m in MEASURE_TITLES)],
        notes=(PEOPLE_NOTE, "“—”表示没有这项数据，不是零。"),
    )


def _charts(request: Request) -> tuple[Chart, ...]:
    """Who did most, and when: only what is counted and happened."""
    charts = []
    table = request.table("organ")
    for measure in ("activities", "consultations"):
        found = [(row.measures[measure], row.by["organ"]) for row in table.rows]
        whole = [(value, name) for value, name in found if isinstance(value, int) and value]
        most = sorted(whole, key=lambda pair: (-pair[0], pair[1]))[:MOST_BARS]
        if most:
            title = MEASURE_TITLES[measure]
            heading = f"{title}最多的{len(most)}个责任单位" if len(whole) > MOST_BARS else title
            bars = tuple((name, value) for value, name in most)
            charts.append(Chart(f"{heading}（按责任单位）", ("责任单位", title), bars))
    months = request.table("month")
    names = [
        measure
        for measure in ("consultations", "offline_person_times")
        if isinstance(months.total[measure], int) and months.total[measure]
    ]
    if names and months.rows:
        rows: tuple[tuple[str | int, ...], ...] = tuple(
            (row.by["month"], *(_whole(row.measures[measure]) for measure in names))
            for row in months.rows
        )
        head = ("月份", *(MEASURE_TITLES[measure] for measure in names))
        charts.append(Chart("各月人次", head, rows, bars=False))
    return tuple(charts)


def _whole(value: Value) -> int:
    return value if isinstance(value, int) else 0


def _campaigns(request: Request) -> Sheet:
    counts = ("推送", "送达", "点击人数", "答题人次")
    widths = (20, 30, 16, 18, 10, 9, 9, 9, 10, 9, 10, 11)
    return Sheet(
        name="推送活动",
        title=titled(request, "普法推送活动表"),
        columns=tuple(
            Column(
                name,
                width,
                "rate" if name.endswith("率") else "count" if name in counts else "text",
            )
            for name, width in zip(CAMPAIGN_COLUMNS, widths, strict=True)
        ),
        rows=campaign_rows(request.database, request.window),
        notes=NOTES,
    )


def _statement(request: Request, kind: str) -> Statement:
    window = request.window
    moment = window.as_of.astimezone(SHANGHAI)
    definitions = [tuple(text.split("：", 1)) for text in DEFINITIONS.values()]
    return Statement(
        definitions=(
            *((name, words) for name, words in definitions),
            ("人数相加", PEOPLE_NOTE),
            ("按法律分", LAW_NOTE),
            ("应办和已办", definition(request.duties)),
            ("“—”和“<5”", "“—”：没有这项数据。“<5”：不足5，为保护个人信息不显示具体数。"),
        ),
        facts=(
            ("导出内容", _LABELS[kind]),
            ("统计期间", f"{day(window.first)}至{day(window.last)}（含首尾两日，北京时间）"),
            ("筛选条件", "全部单位、全部渠道"),
            ("数据截止时间", f"{cutoff(window.as_of)}（北京时间）"),
            ("导出人", request.exporter),
            ("法条库", request.corpus or BLANK),
            ("性质", "本表为工作统计（台账），不是统计调查表。"),
            ("校验码算法", HASHED),
        ),
        period=f"统计期间：{day(window.first)}至{day(window.last)}    数据截止时间："
        f"{cutoff(window.as_of)}    导出人：{request.exporter}",
        moment=moment,
        author=request.exporter,
        charts=_charts(request) if kind in ("organs", "all") else (),
    )
