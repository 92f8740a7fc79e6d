"""The sheets about duties: 节点活动表, 责任清单, 应办已办 (domain specification §3, 3 and 4)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date

from knowledge.calendar import Occurrence
from knowledge.duties import Duty
from outreach import notices
from outreach.duties import OrganDuties, definition
from outreach.passages import FILL_IN
from outreach.reminders import Step
from outreach.sheet_parts import MEASURE_TITLES, Request, measure_columns, titled
from outreach.statistics import BLANK
from outreach.workbook import A3, Column, Sheet, Value
from settings import SHANGHAI


def nodes(request: Request, owed: Sequence[OrganDuties]) -> Sheet:
    """节点活动表: the period's nodes by date, then others for which something was recorded."""
    table = request.table("node")
    recorded = {row.by["node"]: row.measures for row in table.rows if row.by["node"] != BLANK}
    tasks: dict[str, list[bool]] = {}
    for item in (item for each in owed for item in each.items):
        if item.node:
            tasks.setdefault(item.node.key, []).append(item.state == "已办")

    def counted(key: str, name: str) -> list[Value]:
        found = recorded.pop(key, None) or recorded.pop(name, None) or {}
        return [_nought(found.get(m), table.total.get(m)) for m in _NODE_MEASURES]

    rows: list[list[Value]] = []
    listed: set[str] = set()
    for each in _occurrences(request):
        node = each.node
        span = _short(each.start) + ("" if each.start == each.end else f"–{_short(each.end)}")
        doubt = "（待确认）" if each.proposed else ""
        head: list[Value] = [node.name, span + doubt, node.lead]
        head += ["、".join(node.partners), node.topic.name]
        if node.key in listed:
            rows.append([*head, *[BLANK] * (2 + len(_NODE_MEASURES))])
            continue
        listed.add(node.key)
        done = tasks.get(node.key, [])
        rows.append([*head, len(done), sum(done), *counted(node.key, node.name)])
    names = {node.key: node.name for node in request.duties.calendar.nodes}
    for key in tuple(recorded):
        label = names.get(key, key)
        rows.append([label, "（本期以外）", *[BLANK] * 5, *counted(key, label)])
    return Sheet(
        name="节点活动",
        title=titled(request, "普法节点活动表"),
        columns=(
            *(Column("节点", 26), Column("起止", 26, "center"), Column("牵头", 16)),
            *(Column("配合", 24), Column("主题", 12, "center")),
            *(Column("任务数", 8, "count"), Column("完成", 8, "count")),
            *measure_columns([MEASURE_TITLES[m] for m in _NODE_MEASURES]),
        ),
        rows=rows,
        notes=(
            "任务数：一个应办单位算一项。同一节点有几个日期的，数字列在第一行。",
            definition(request.duties),
            "日期待确认的，以当年通知为准。",
        ),
        frozen_columns=1,
    )


def _occurrences(request: Request) -> list[Occurrence]:
    window = request.window
    return [
        each
        for year in range(window.first.year, window.last.year + 1)
        for each in request.duties.calendar.occurrences(year)
        if window.first <= each.start <= window.last
    ]


_NODE_MEASURES = (
    *("activities", "trainings", "offline_person_times", "consultations"),
    *("books", "leaflets", "delivered", "quiz_attempts"),
)


def _nought(value: Value, total: Value) -> Value:
    """Nothing happened: 0 where the measure is counted at all, else 「—」."""
    return (BLANK if total is None else 0) if value is None else value


def duty_list(request: Request) -> Sheet:
    """责任清单: the four lists of each unit."""
    duties = request.duties.all(request.window.last)
    return Sheet(
        name="责任清单",
        title=titled(request, "普法责任清单（内容、责任、措施、标准）"),
        columns=(
            *(Column("序号", 6, "count"), Column("责任单位", 16), Column("内容清单", 44)),
            *(Column(name, 12, "center") for name in ("责任领导", "责任人", "责任处室")),
            *(Column("普法对象", 22), Column("措施清单（载体和方式）", 44)),
            *(Column("标准清单", 40), Column("重要时间节点", 36)),
        ),
        rows=[_duty_row(number, duty) for number, duty in enumerate(duties, start=1)],
        notes=(
            "依据：法治宣传教育法第九条、第十八条。内容清单出自法律与责任单位对照表，节点出自普法节点日历。",
        ),
        paper=A3,
        frozen_columns=2,
    )


def _duty_row(number: int, duty: Duty) -> list[Value]:
    return [
        number,
        duty.organ,
        "、".join(f"《{law}》" for law in duty.laws) or "宪法、法治宣传教育法等共同普法内容",
        *(value or FILL_IN for value in (duty.leader, duty.officer, duty.office)),
        "、".join(duty.audience) or BLANK,
        _numbered(duty.measures),
        _numbered(duty.standard),
        "、".join(f"{node.name}（{node.spelt}）" for node in duty.nodes) or BLANK,
    ]


def _numbered(lines: Sequence[str]) -> str:
    return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))


def due_items(request: Request, owed: Sequence[OrganDuties]) -> Sheet:
    """应办已办: every item of the period, with the notices that reminded of it."""
    told: dict[tuple[str, str], list[str]] = {}
    for each in notices.listed(request.database, request.window.as_of):
        for one in each.owed:
            told.setdefault((each.organ, one.key), []).append(each.number)
    return Sheet(
        name="应办已办",
        title=titled(request, "普法责任应办已办明细"),
        columns=(
            *(Column("责任单位", 18), Column("应办事项", 30), Column("开始", 11, "center")),
            *(Column("最后一天", 11, "center"), Column("依据", 34), Column("应办数", 8, "count")),
            *(Column("已办数", 8, "count"), Column("办理情况", 16, "center")),
            *(Column("普法提示", 20, "center"), Column("备注", 14, "center")),
        ),
        rows=[
            [
                *(item.organ, item.name, item.start.isoformat(), item.end.isoformat()),
                *(item.basis, item.need, item.done, item.shown),
                "、".join(told.get((item.organ, item.key), ())),
                "日期待确认" if item.proposed else "",
            ]
            for each in owed
            for item in each.items
        ],
        notes=(definition(request.duties),),
        frozen_columns=2,
    )


def reminders(request: Request) -> Sheet:
    """普法提示: every notice that was open in the period, with its loop and who did what."""
    window = request.window
    today = window.as_of.astimezone(SHANGHAI).date()
    rows: list[list[Value]] = []
    for each in notices.listed(request.database, window.as_of):
        closed = each.reached(notices.CLOSED)
        if each.steps[0].day <= window.last and (not closed or closed.day >= window.first):
            rows.append(_reminder_row(each, today))
    return Sheet(
        name="普法提示",
        title=titled(request, "普法提示办理情况（提示、反馈、办结）"),
        columns=(
            *(Column("编号", 20, "center"), Column("责任单位", 16), Column("提示事项", 40)),
            *(Column("拟稿", 20, "center"), Column("发出", 20, "center")),
            *(Column("反馈期限", 11, "center"), Column("反馈", 20, "center")),
            *(Column("反馈内容", 40), Column("反馈佐证", 20), Column("办结", 20, "center")),
            *(Column("核实意见", 24), Column("现状", 18, "center")),
        ),
        rows=rows,
        notes=(
            "依据：法治宣传教育法第五十七条。列出统计期间内拟稿、发出、反馈或尚未办结的提示单；"
            "现状以数据截止时间为准。反馈有更正的，列最后一次。",
        ),
        paper=A3,
        frozen_columns=2,
    )


def _reminder_row(each: notices.Reminder, today: date) -> list[Value]:
    def by(step: Step | None) -> str:
        return f"{step.day.isoformat()} {step.by or step.actor}" if step else ""

    answered, closed = each.answer, each.reached(notices.CLOSED)
    files = (f"{one.name}〔{one.sha256[:8]}〕" for one in answered.files) if answered else ()
    return [
        *(each.number, each.organ, _numbered([owed.name for owed in each.owed])),
        *(by(each.steps[0]), by(each.reached(notices.SENT)), each.deadline.isoformat()),
        *(by(answered), answered.note if answered else "", "；".join(files)),
        *(by(closed), (closed.note or "已核实") if closed else "", each.shown(today)),
    ]


def _short(value: date) -> str:
    return f"{value.month}月{value.day}日"
