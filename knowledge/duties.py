"""普法责任清单: what each responsible unit has to do (``duties.toml``).

法治宣传教育法 arts. 9, 18, 57. Of a unit's four lists (内容、责任、措施、标准) the laws come from
``organs.csv`` and the nodes from ``nodes.csv``; the rest is written here by the county.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge.calendar import NATURES, Calendar, Node
from knowledge.datafiles import Row, toml_rows, unique
from knowledge.organs import Organs

DUTIES = Path(__file__).with_name("duties.toml")
EVERYONE = "全体责任单位"
_MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class Rules:
    """How a node counts as done; days are calendar days.

    ``natures``: which nodes are due at all; ``everyone``: which of those that name
    全体责任单位 are due for every unit.
    """

    early_days: int
    late_days: int
    feedback_days: int
    natures: tuple[str, ...]
    everyone: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Duty:
    """One unit's four lists on a day; an empty ``leader``, ``officer`` or ``office`` is unknown."""

    organ: str
    laws: tuple[str, ...]
    audience: tuple[str, ...]
    partners: tuple[str, ...]
    nodes: tuple[Node, ...]
    leader: str
    officer: str
    office: str
    measures: tuple[str, ...]
    standard: tuple[str, ...]
    yearly_activities: int
    yearly_trainings: int


@dataclass(frozen=True, slots=True)
class _Entry:
    leader: str
    officer: str
    office: str
    measures: tuple[str, ...]
    standard: tuple[str, ...]
    yearly_activities: int
    yearly_trainings: int


class Duties:
    """The county's duty list. Immutable once loaded."""

    def __init__(
        self,
        rules: Rules,
        organs: Organs,
        calendar: Calendar,
        common: _Entry,
        entries: dict[str, _Entry],
    ) -> None:
        self.rules = rules
        self.calendar = calendar
        self._organs = organs
        self._common = common
        self._entries = entries

    @classmethod
    def load(
        cls, path: Path = DUTIES, *, organs: Organs | None = None, calendar: Calendar | None = None
    ) -> Duties:
        """Read the file; units must answer for a law or lead a node.

        Raises:
            DataError: the file's form or a value is wrong.
        """
        organs = organs or Organs.load()
        calendar = calendar or Calendar.load(organs=organs)
        rules = _rules(_single(path, "rules"))
        common = _entry(_single(path, "common"), None)
        known = _names(organs, calendar)
        rows = toml_rows(path, "duty")
        unique(rows, lambda row: row.values.get("organ"), "单位")
        entries = {row.choice("organ", known): _entry(row, common) for row in rows}
        return cls(rules, organs, calendar, common, entries)

    @property
    def names(self) -> tuple[str, ...]:
        """Every unit with a duty, in the order of the tables."""
        return _names(self._organs, self.calendar)

    def of(self, organ: str, day: date) -> Duty:
        """A unit's lists as they stand on a day."""
        entry = self._entries.get(organ, self._common)
        laws = tuple(name for name in self._organs.laws if self._primary(name, day) == organ)
        units = [self._organs.of(name, day) for name in laws]
        return Duty(
            organ=organ,
            laws=laws,
            audience=tuple(dict.fromkeys(who for unit in units for who in unit.audience)),
            partners=tuple(dict.fromkeys(who for unit in units for who in unit.partners)),
            nodes=tuple(node for node in self.calendar.nodes if self.owes(organ, node)),
            leader=entry.leader,
            officer=entry.officer,
            office=entry.office,
            measures=entry.measures,
            standard=entry.standard,
            yearly_activities=entry.yearly_activities,
            yearly_trainings=entry.yearly_trainings,
        )

    def all(self, day: date) -> tuple[Duty, ...]:
        """Every unit's lists on a day; units that have neither law nor node then are left out."""
        found = (self.of(organ, day) for organ in self.names)
        return tuple(duty for duty in found if duty.laws or duty.nodes)

    def owes(self, organ: str, node: Node) -> bool:
        """Whether the unit has to do something for the node: it leads it, or everybody does."""
        if node.nature not in self.rules.natures or node.on_market_days:
            return False
        if node.lead == organ:
            return True
        return EVERYONE in node.partners and node.nature in self.rules.everyone

    def _primary(self, law: str, day: date) -> str | None:
        unit = self._organs.of(law, day)
        return unit.primary if unit.confirmed else None


def _names(organs: Organs, calendar: Calendar) -> tuple[str, ...]:
    leads = (node.lead for node in calendar.nodes if not node.on_market_days)
    return tuple(dict.fromkeys((*organs.names, *leads)))


def _single(path: Path, table: str) -> Row:
    rows = toml_rows(path, table)
    if len(rows) > 1:
        rows[1].fail(f"[[{table}]] 只能有一节", "请合并成一节")
    return rows[0]


def _rules(row: Row) -> Rules:
    row.only({"early_days", "late_days", "feedback_days", "natures", "everyone"})
    return Rules(
        early_days=_number(row, "early_days"),
        late_days=_number(row, "late_days"),
        feedback_days=_number(row, "feedback_days", least=1),
        natures=_natures(row, "natures"),
        everyone=_natures(row, "everyone"),
    )


def _natures(row: Row, key: str) -> tuple[str, ...]:
    found = row.texts(key)
    for nature in found:
        if nature not in NATURES:
            row.fail(f"字段 {key!r} 不能有 {nature!r}", f"只能是：{'、'.join(NATURES)}")
    return found


def _entry(row: Row, common: _Entry | None) -> _Entry:
    fields = {"measures", "standard", "yearly_activities", "yearly_trainings"}
    row.only(fields | ({"organ", "leader", "officer", "office"} if common else set()))
    return _Entry(
        leader=row.text("leader", ""),
        officer=row.text("officer", ""),
        office=row.text("office", ""),
        measures=row.texts("measures", common.measures if common else None),
        standard=row.texts("standard", common.standard if common else None),
        yearly_activities=_number(
            row, "yearly_activities", common.yearly_activities if common else 0
        ),
        yearly_trainings=_number(row, "yearly_trainings", common.yearly_trainings if common else 0),
    )


def _number(row: Row, key: str, default: int | None = None, least: int = 0) -> int:
    value = row.values.get(key, default)
    if type(value) is not int or not least <= value <= _MOST_DAYS:
        row.fail(f"字段 {key!r} 应是 {least}–{_MOST_DAYS} 的整数", f"请写 {key} = 15 的样子")
    return value
