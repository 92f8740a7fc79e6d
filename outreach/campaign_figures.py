"""推送活动表: what was pushed in a period, a row for each campaign, from the statistics."""

from __future__ import annotations

from sqlalchemy import select

from outreach import pushes
from outreach.campaign_tables import campaigns
from outreach.campaigns.steps import STATES
from outreach.codes import county_codes
from outreach.consultations import Window
from outreach.database import Database
from outreach.statistics import BLANK, Measures, stats

CAMPAIGN_COLUMNS = (
    *("编号", "活动", "责任单位", "节点", "状态", "推送", "送达", "触达率", "点击人数", "点击率"),
    *("答题人次", "首答正确率"),
)
_ONLINE = (*pushes.MEASURES, "quiz_attempts")
Value = str | int | float | None
NOTES = (
    "触达率＝送达人次÷推送人次；点击率＝点击人数÷送达人次。送达是平台确认收到，不等于阅读。",
    "状态是导出时的；其他各列只算本期，跨期的活动在各期分别计。",
)


def campaign_rows(database: Database, window: Window) -> list[list[Value]]:
    """The rows under :data:`CAMPAIGN_COLUMNS`, by id; only campaigns with something in the period.

    Rates are numbers from 0 to 1, 「—」 where there is no denominator.
    """
    table = stats(database, window.first, window.last, ("campaign",), window.as_of)
    found = {row.by["campaign"]: row.measures for row in table.rows}
    with database.read() as connection:
        known = {row.id: row for row in connection.execute(select(campaigns))}
    codes = county_codes()
    rows: list[list[Value]] = []
    for id_ in sorted(found.keys() - {BLANK}):
        row, measures = known.get(id_), found[id_]
        if row is None and not any(measures.get(name) for name in _ONLINE):
            continue  # 专项 of offline activities only: nothing was pushed
        about: list[Value] = [BLANK] * 4
        if row is not None:
            state = STATES.get(row.state, row.state)
            node = codes.label("node", row.node) if row.node else BLANK
            about = [row.title, row.organ or BLANK, node, state]
        rows.append([id_, *about, *_counts(measures)])
    return rows


def _counts(measures: Measures) -> list[Value]:
    pushed, delivered, clicked = (
        measures.get(name) for name in ("pushed", "delivered", "clicked_residents")
    )
    first = measures.get("quiz_right_first_rate")
    quiz = measures.get("quiz_attempts")
    return [
        *(BLANK if value is None else value for value in (pushed, delivered)),
        _rate(delivered, pushed),
        BLANK if clicked is None else clicked,
        _rate(clicked, delivered),
        *(BLANK if value is None else value for value in (quiz, first)),
    ]


def _rate(part: Value, whole: Value) -> Value:
    if isinstance(part, int) and isinstance(whole, int) and whole:
        return round(part / whole, 6)
    return BLANK
