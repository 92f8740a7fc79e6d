"""What an evidence package says: records, who did which step, files, pushes, counts.

Only staff's rows and counts are read. Residents' keys, addresses and texts are never selected, so
none can get in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, select

from errors import OutreachError, UsageError
from knowledge.duties import Duties
from outreach import statistics
from outreach.activities import KINDS, STATES, Activity, Evidence, Registered
from outreach.campaign_tables import campaigns
from outreach.cell_text import Value
from outreach.codes import Codes
from outreach.database import Database
from outreach.duties import due_and_done
from outreach.evidence_pushes import ChainStep, Pushed, campaign_steps, pushes
from outreach.register import load, reports
from outreach.small_cells import LEAST, mask
from outreach.statistics import DEFINITIONS
from outreach.tables import activities, activity_evidence, activity_reviews, events

Kind = Literal["event", "node", "campaign"]
SOURCES = {"staff": "登记", "import": "导入", "bot": "系统"}


@dataclass(frozen=True, slots=True)
class Attached:
    """A file of an activity; ``at`` and ``actor`` say when and by whom it was added."""

    number: str
    file: Evidence
    at: datetime
    actor: str


@dataclass(frozen=True, slots=True)
class Collected:
    """All that a package holds; ``year`` of a node only."""

    kind: Kind
    id: str
    title: str
    year: int | None
    records: tuple[Mapping[str, Value], ...]
    chain: tuple[ChainStep, ...]
    files: tuple[Attached, ...]
    pushed: tuple[Pushed, ...]
    counts: tuple[tuple[str, Value, str], ...]
    due: tuple[tuple[str, str, str, str, str], ...]

    @property
    def until(self) -> datetime:
        """When the last of what it holds was recorded."""
        moments = [step.at for step in self.chain]
        moments += [each.at for each in self.files]
        return max([*moments, *(each.at for each in self.pushed)])


def of_event(database: Database, codes: Codes, number: str) -> Collected:
    """The package of one activity or training, all its versions included.

    Raises:
        OutreachError: there is no such number.
    """
    with database.read() as connection:
        found = _versions(connection, activities.c.number == number)
        if not found:
            raise OutreachError(f"没有这个编号的活动：{number}")
        last = found[-1]
        pushed = pushes(connection, campaigns.c.id == (last.activity.campaign or ""))
        chain, files = _chain(connection, found)
        steps = campaign_steps(connection, pushed)
    record = _record(last, codes)
    counted = last.state == "approved"
    counts = tuple(
        (name, value, "审核通过后计入" if counted else f"{STATES[last.state]}，不计入")
        for name, value in record.items()
        if name in _COUNTED and value is not None
    )
    return Collected(
        *("event", number, last.activity.name, None, (record,), _ordered(chain, steps), files),
        pushed=pushed,
        counts=counts,
        due=(),
    )


def of_node(
    database: Database, codes: Codes, duties: Duties, node: str, year: int, as_of: datetime
) -> Collected:
    """The package of a node in a year: its activities, pushes and which units did their part.

    Raises:
        UsageError: there is no such node, or the calendar does not know the year.
        OutreachError: nothing was recorded for it.
    """
    known = codes.node(node)
    if known is None:
        raise UsageError(f"日历里没有节点“{node}”：请照 nodes.csv 写编号或名称")
    duties.calendar.occurrences(year)  # refuses a year that it does not know
    first, last = date(year, 1, 1), date(year, 12, 31)
    with database.read() as connection:
        within = (events.c.day >= year * 10_000, events.c.day < (year + 1) * 10_000)
        found = _versions(connection, events.c.node == known.key, *within)
        pushed = tuple(
            each
            for each in pushes(connection, campaigns.c.node.in_((known.key, known.name)))
            if str(each.facts["建立时间"]).startswith(f"{year}-")
        )
        chain, files = _chain(connection, found)
        steps = campaign_steps(connection, pushed)
    if not found and not pushed:
        raise OutreachError(f"{year}年“{known.name}”还没有活动或推送的记录，没有可以打包的")
    table = statistics.stats(database, first, last, ["node"], as_of, codes=codes)
    row = next((r.measures for r in table.rows if r.by["node"] == known.name), {})
    owed = due_and_done(database, duties, first, last, as_of)
    due = tuple(
        (
            *(each.organ, item.start.isoformat(), item.end.isoformat()),
            "已办" if item.state == "已办" else "没有记录",
            item.basis,
        )
        for each in owed
        for item in each.items
        if item.node and item.node.key == known.key
    )
    return Collected(
        *("node", known.key, known.name, year),
        records=tuple(_record(each, codes) for each in _latest(found)),
        chain=_ordered(chain, steps),
        files=files,
        pushed=pushed,
        counts=_measured(row),
        due=due,
    )


def of_campaign(database: Database, codes: Codes, campaign: str, as_of: datetime) -> Collected:
    """The package of a campaign: content, steps, counts, and activities that name it.

    Raises:
        OutreachError: there is no such campaign.
    """
    with database.read() as connection:
        pushed = pushes(connection, campaigns.c.id == campaign)
        if not pushed:
            raise OutreachError(f"没有这个编号的推送活动：{campaign}")
        found = _versions(connection, events.c.campaign == campaign)
        chain, files = _chain(connection, found)
        steps = campaign_steps(connection, pushed)
    days = [int(str(pushed[0].facts["建立时间"])[:4]), as_of.year]
    table = statistics.stats(
        database, date(days[0], 1, 1), date(days[1], 12, 31), ["campaign"], as_of
    )
    row = next((r.measures for r in table.rows if r.by["campaign"] == campaign), {})
    return Collected(
        *("campaign", campaign, pushed[0].title, None),
        records=tuple(_record(each, codes) for each in _latest(found)),
        chain=_ordered(chain, steps),
        files=files,
        pushed=pushed,
        counts=_measured(row),
        due=(),
    )


def _measured(row: statistics.Measures) -> tuple[tuple[str, Value, str], ...]:
    found = []
    for name, words in DEFINITIONS.items():
        value = row.get(name)
        if value not in (None, 0):
            label, _, definition = words.partition("：")
            found.append((label, value, definition))
    return tuple(found)


def _versions(connection: Connection, *where: Any) -> list[Registered]:
    query = reports().where(*where, events.c.type.in_(("activity", "training")))
    order = (events.c.day, activities.c.number, activities.c.version)
    return list(load(connection, query.order_by(*order)))


def _latest(found: Sequence[Registered]) -> list[Registered]:
    return list({each.number: each for each in found}.values())


def _chain(
    connection: Connection, found: Sequence[Registered]
) -> tuple[list[ChainStep], tuple[Attached, ...]]:
    keys = {each.key: each for each in found}
    steps = [
        ChainStep(
            *(each.number, each.version, each.submitted_at),
            *(SOURCES.get(each.source, each.source), each.submitter, None),
        )
        for each in found
    ]
    kept = (
        select(events.c.key, activity_evidence)
        .join(activity_evidence, activity_evidence.c.event_id == events.c.id)
        .where(events.c.key.in_(keys))
        .order_by(activity_evidence.c.name, activity_evidence.c.sha256)
    )
    files = []
    for row in connection.execute(kept).mappings():
        file = Evidence(**{name: row[name] for name in ("sha256", "name", "size", "media")})
        one = keys[row["key"]]
        files.append(Attached(one.number, file, row["at"], row["actor"]))
        step = (one.number, one.version, row["at"], "附佐证", row["actor"], file.name)
        steps.append(ChainStep(*step))
    review = activity_reviews.c
    decided = (
        select(events.c.key, review.at, review.state, review.actor, review.note)
        .join(activity_reviews, review.event_id == events.c.id)
        .where(events.c.key.in_(keys))
    )
    for key, at, state, actor, note in connection.execute(decided):
        word = "审核通过" if state == "approved" else "退回"
        steps.append(ChainStep(keys[key].number, keys[key].version, at, word, actor, note))
    back = events.alias("back")
    reversed_ = (
        select(events.c.key, back.c.recorded_at, back.c.actor, back.c.reason)
        .join(back, back.c.reverses == events.c.id)
        .where(events.c.key.in_(keys))
    )
    for key, at, actor, why in connection.execute(reversed_):
        steps.append(ChainStep(keys[key].number, keys[key].version, at, "冲销", actor, why))
    return steps, tuple(sorted(files, key=lambda f: (f.number, f.file.name, f.file.sha256, f.at)))


def _ordered(chain: Sequence[ChainStep], steps: Sequence[ChainStep]) -> tuple[ChainStep, ...]:
    # Steps of one moment stay in the order in which they can only have been taken.
    return tuple(
        sorted((*chain, *steps), key=lambda each: (each.at, each.number, each.version or 0))
    )


_UNITS = {"份": "资料(份)", "册": "图书(册)", "条": "横幅(条)", "块": "展板(块)"}
_COUNTED = ("场次", "期", "线下人次", "现场咨询人次", *_UNITS.values(), "宣传品(件)", "宣传车(台)")
_COUNTED += ("捐赠图书(册)", "捐赠资料(份)", "捐赠宣传品(件)")
_THINGS = {
    **{(unit, False): name for unit, name in _UNITS.items()},
    ("件", False): "宣传品(件)",
    ("台", False): "宣传车(台)",
    ("册", True): "捐赠图书(册)",
    ("份", True): "捐赠资料(份)",
    ("件", True): "捐赠宣传品(件)",
}


def _record(found: Registered, codes: Codes) -> dict[str, Value]:
    """One activity under the names that staff know; small headcounts as in the ledger (R11)."""
    told = found.activity

    def label(name: str, key: str | None) -> str | None:
        return codes.label(name, key) if key else None

    things = {
        _THINGS[each.unit, each.donated]: each.quantity
        for each in told.materials
        if (each.unit, each.donated) in _THINGS
    }
    return {
        "编号": found.number,
        "类别": KINDS[told.kind],
        "日期": told.first.isoformat(),
        "止日": told.last.isoformat(),
        "责任单位": told.organ,
        "参与单位": "、".join(told.joint) or None,
        "活动名称": told.name,
        "地点": told.place,
        "乡镇": label("town", told.town),
        "村(社区)": label("village", told.village),
        "普法主题": told.topic,
        "系统": told.system,
        "宣传法律": "、".join(told.laws) or None,
        "普法形式": label("forms", told.form),
        "重点对象": label("groups", told.group),
        "N进": label("venues", told.venue),
        "节点": label("node", told.node),
        "专项": told.campaign,
        "场次": 1 if told.kind == "activity" else None,
        "期": 1 if told.kind == "training" else None,
        "线下人次": _few(told.attended, told),
        "现场咨询人次": _few(told.consulted, told),
        "人数统计方法": label("headcount", told.method),
        **{name: things.get(name) for name in _COUNTED if name in _THINGS.values()},
        "佐证说明": told.evidence,
        "填报人": told.reporter,
        "审核人": found.reviewer,
        "状态": STATES[found.state],
        "备注": told.note,
    }


def _few(people: int | None, told: Activity) -> Value:
    drilled = told.village is not None or told.group is not None
    return mask(people) if drilled and people and people < LEAST else people
