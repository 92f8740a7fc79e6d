"""应办与已办: what each unit owed in a period, and what it did (法治宣传教育法 9, 57).

What is owed comes from the duty list and the calendar, what was done from the ledger, so a
record that is not yet approved or was taken back is not done.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Literal

from knowledge.calendar import Calendar, Node, Occurrence
from knowledge.duties import Duties, Duty, Rules
from knowledge.lunar import YEARS
from outreach.consultations import Window
from outreach.database import Database
from outreach.figures import LedgerRow, ledger_rows
from settings import SHANGHAI

State = Literal["已办", "未办", "逾期"]
DEFINITION = (
    "应办：责任清单所列、在统计期间内开始的普法节点和年度任务，一个单位一个节点算一项；"
    "已办：有经审核的、由该单位主办或参与的线下普法活动，且写明为该节点开展"
    "（节点前{early}天以内，或节点后{late}天以内的逾期补办）；"
    "逾期：过了节点最后一天仍没有；未办：还没有而未到期。"
)


@dataclass(frozen=True, slots=True, order=True)
class DueItem:
    """One thing a unit owes. ``node`` None is a yearly task; ``late``: done after ``end``.

    ``proposed``: the node's date has not been confirmed by the year's notice.
    """

    start: date
    end: date
    name: str
    organ: str
    need: int
    unit: str
    done: int
    state: State
    late: bool
    proposed: bool = field(compare=False)
    node: Node | None = field(compare=False, default=None)

    @property
    def key(self) -> str:
        """What identifies it within its unit: node and first day."""
        return f"{self.node.key if self.node else self.name}/{self.start.isoformat()}"

    @property
    def basis(self) -> str:
        """The bases of the node, as in the calendar."""
        return "；".join(map(str, self.node.basis)) if self.node else ""

    @property
    def shown(self) -> str:
        """The state as staff read it."""
        return "已办（逾期补办）" if self.late else self.state


@dataclass(frozen=True, slots=True)
class OrganDuties:
    """A unit's items of a period by date; the four counts are of items."""

    organ: str
    items: tuple[DueItem, ...]

    @property
    def due(self) -> int:
        """应办."""
        return len(self.items)

    @property
    def done(self) -> int:
        """已办, those done late included."""
        return self._count("已办")

    @property
    def open(self) -> int:
        """未办, not yet due."""
        return self._count("未办")

    @property
    def overdue(self) -> int:
        """逾期."""
        return self._count("逾期")

    def _count(self, state: State) -> int:
        return sum(item.state == state for item in self.items)


@dataclass(frozen=True, slots=True)
class Deed:
    """What a unit did on a day, host or not; the ledger's row."""

    organ: str
    node: str | None
    day: date
    trainings: int
    host: bool


def definition(duties: Duties) -> str:
    """The 口径 of the four counts with the county's own days."""
    return DEFINITION.format(early=duties.rules.early_days, late=duties.rules.late_days)


def due_and_done(
    database: Database, duties: Duties, start: date, end: date, as_of: datetime
) -> tuple[OrganDuties, ...]:
    """Every unit's items that start in [start, end], in the duty list's order.

    Args:
        database: the store.
        duties: the county's list, which holds the calendar.
        start: first day.
        end: last day.
        as_of: 数据截止时间, aware; its day in Asia/Shanghai decides what is overdue.

    Raises:
        UsageError: the window ends before it begins, or the calendar does not know the year.
    """
    Window(start, end, as_of)  # refuses what it must
    owed = {duty.organ: _owed(duty, duties.calendar, start, end) for duty in duties.all(end)}
    spans = [span for found in owed.values() for span in found]
    if not spans:
        return tuple(OrganDuties(organ, ()) for organ in owed)
    rules = duties.rules
    first = min(span.start for span in spans) - timedelta(days=rules.early_days)
    last = max(span.end for span in spans) + timedelta(days=rules.late_days)
    deeds = deeds_of(ledger_rows(database, Window(first, last, as_of)), duties.calendar)
    today = as_of.astimezone(SHANGHAI).date()
    return tuple(
        OrganDuties(
            organ, tuple(sorted(_judged(span, organ, deeds[organ], rules, today) for span in found))
        )
        for organ, found in owed.items()
    )


def deeds_of(rows: Iterable[LedgerRow], calendar: Calendar) -> dict[str, list[Deed]]:
    """The ledger's offline rows by unit; a node may stand there by key or by name."""
    keys = {name: node.key for node in calendar.nodes for name in (node.key, node.name)}
    found: dict[str, list[Deed]] = defaultdict(list)
    for row in rows:
        part = row.get("主办/参与")
        trainings = row.get("期")
        if not part and not trainings and not row.get("场次"):
            continue
        organ = str(row["责任单位"])
        found[organ].append(
            Deed(
                organ=organ,
                node=keys.get(str(row.get("节点"))),
                day=date.fromisoformat(str(row["日期"])[:10]),
                trainings=trainings if isinstance(trainings, int) else 0,
                host=part != "参与",
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Span:
    """What is owed and when; overlapping dates of one node are one item."""

    name: str
    start: date
    end: date
    need: int = 1
    unit: str = "场次"
    proposed: bool = False
    node: Node | None = None


def _owed(duty: Duty, calendar: Calendar, start: date, end: date) -> list[_Span]:
    keys = {node.key for node in duty.nodes}
    found: list[_Span] = []
    # A week around New Year starts in the year before the one whose list it stands in.
    for year in range(start.year, min(end.year + 1, YEARS[-1]) + 1):
        for each in calendar.occurrences(year):
            if each.node.key in keys and start <= each.start <= end:
                _merge(found, each)
    for year in range(start.year, end.year + 1):
        if start <= date(year, 1, 1) <= end:
            for need, unit in ((duty.yearly_activities, "场次"), (duty.yearly_trainings, "期")):
                if need:
                    name = f"{year}年{'普法活动' if unit == '场次' else '培训'}不少于{need}{unit}"
                    span = _Span(name, date(year, 1, 1), date(year, 12, 31), need, unit)
                    found.append(span)
    return found


def _merge(found: list[_Span], each: Occurrence) -> None:
    new = _Span(each.node.name, each.start, each.end, proposed=each.proposed, node=each.node)
    for place, span in enumerate(found):
        if span.node == each.node and span.start <= each.end and each.start <= span.end:
            found[place] = replace(
                new,
                start=min(span.start, each.start),
                end=max(span.end, each.end),
                proposed=span.proposed or each.proposed,
            )
            return
    found.append(new)


def _judged(span: _Span, organ: str, deeds: list[Deed], rules: Rules, today: date) -> DueItem:
    if span.node:
        early = span.start - timedelta(days=rules.early_days)
        late = span.end + timedelta(days=rules.late_days)
        days = [deed.day for deed in deeds if deed.node == span.node.key]
        in_time = sum(early <= day <= span.end for day in days)
        done = in_time + sum(span.end < day <= late for day in days)
    else:
        within = [deed for deed in deeds if span.start <= deed.day <= span.end and deed.host]
        held = sum(deed.trainings for deed in within)
        in_time = held if span.unit == "期" else sum(not deed.trainings for deed in within)
        done = in_time
    state: State = "已办" if done >= span.need else "逾期" if today > span.end else "未办"
    return DueItem(
        start=span.start,
        end=span.end,
        name=span.name,
        organ=organ,
        need=span.need,
        unit=span.unit,
        done=done,
        state=state,
        late=state == "已办" and in_time < span.need,
        proposed=span.proposed,
        node=span.node,
    )
