"""Figures of a report: each with a name that leads back to its rows.

A figure's id says what it is, a measure and what it was narrowed to: ``activities@organ=公安局``.
The value comes from the statistics where they have that dimension, else from the ledger's rows;
both are read once, with one 数据截止时间, and must agree, or no report is written (统计法 7).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime

from errors import OutreachError, UsageError
from outreach import statistics
from outreach.consultations import Window
from outreach.database import Database
from outreach.ledger import LEDGER_COLUMNS, ledger
from outreach.statistics import BLANK, DEFINITIONS, Table

Cell = str | int | None
LedgerRow = Mapping[str, Cell]
Where = tuple[tuple[str, str], ...]

# The ledger's column of each measure that its rows add up to.
LEDGER_COLUMN = {
    "activities": "场次",
    "trainings": "期",
    "offline_person_times": "线下人次",
    "leaflets": "资料(份)",
    "books": "图书(册)",
    "banners": "横幅(条)",
    "boards": "展板(块)",
    "consultations": "咨询人次",
}
# What the ledger's rows are narrowed by. A cell may hold several venues, groups or forms.
FACET_COLUMN = {
    "organ": "责任单位",
    "node": "节点",
    "venue": "N进",
    "group": "重点对象",
    "form": "普法形式",
    "channel": "渠道",
}
SEVERAL = ("venue", "group", "form")
SORT, METHOD = "sort", "method"  # 活动 | 培训; 估算
FACETS = (*FACET_COLUMN, SORT, METHOD, "system")
UNITS = {
    "activities": "场次",
    "joint_participations": "场次",
    "trainings": "期",
    "offline_person_times": "人次",
    "offline_consultations": "人次",
    "leaflets": "份",
    "books": "册",
    "banners": "条",
    "boards": "块",
    "goods": "件",
    "vehicles": "台",
    "donated_leaflets": "份",
    "donated_books": "册",
    "donated_goods": "件",
    "consultations": "人次",
    "online_residents": "人",
    "pushed": "人次",
    "delivered": "人次",
    "clicked_residents": "人",
    "quiz_attempts": "人次",
}
LABELS = {
    "organ": "责任单位",
    "node": "节点",
    "venue": "进入场所",
    "group": "重点对象",
    "form": "普法形式",
    "channel": "渠道",
    "system": "系统",
    "topic": "主题",
    SORT: "类别",
    METHOD: "人数统计方法",
    "state": "办理情况",
}


@dataclass(frozen=True, slots=True)
class Figure:
    """A number with its unit; ``definition`` is its 口径, ``where`` what it was narrowed to."""

    id: str
    value: int
    unit: str
    definition: str
    where: Where = ()

    @property
    def name(self) -> str:
        """What is counted: the definition's first words."""
        return self.definition.split("：", 1)[0]

    @property
    def condition(self) -> str:
        """What it was narrowed to, for people."""
        return "；".join(f"{LABELS.get(key, key)}为{value}" for key, value in self.where) or "全部"

    def __str__(self) -> str:
        return f"{self.value}{self.unit}"


def figure_id(measure: str, where: Where) -> str:
    """``activities@node=综治宣传月&organ=公安局``: facets in a fixed order."""
    ordered = sorted(where, key=lambda pair: FACETS.index(pair[0]))
    return measure + ("@" if ordered else "") + "&".join(f"{k}={v}" for k, v in ordered)


def parse_id(text: str) -> tuple[str, Where]:
    """The measure and the facets of a figure's id.

    Raises:
        UsageError: it is not an id.
    """
    measure, _, rest = text.strip().partition("@")
    pairs = [part.partition("=") for part in rest.split("&")] if rest else []
    if measure not in UNITS or any(k not in FACETS or not v for k, _, v in pairs):
        raise UsageError(
            f"没有这个数字编号：{text}。编号印在报告的脚注里，如 activities@organ=公安局"
        )
    where = tuple((key, value) for key, _, value in pairs)
    return measure, tuple(sorted(where, key=lambda pair: FACETS.index(pair[0])))


def ledger_rows(database: Database, window: Window) -> Iterator[dict[str, Cell]]:
    """The ledger's rows by column, streamed."""
    with database.read() as connection:
        for row in ledger(connection, window):
            yield dict(zip(LEDGER_COLUMNS, row, strict=True))


def facets(row: LedgerRow) -> list[tuple[str, str]]:
    """What a ledger row belongs to."""
    found = []
    for facet, column in FACET_COLUMN.items():
        cell = row.get(column)
        if cell is None or cell in ("", BLANK):
            continue
        values = str(cell).split("、") if facet in SEVERAL else [str(cell)]
        found += [(facet, value) for value in dict.fromkeys(values)]
    if row.get("期"):
        found.append((SORT, "培训"))
    elif row.get("场次") or row.get("主办/参与"):
        found.append((SORT, "活动"))
    if "估算" in str(row.get("人数统计方法") or ""):
        found.append((METHOD, "估算"))
    return found


class Book:
    """All figures of a window, computed once; asking for one costs nothing."""

    def __init__(
        self,
        window: Window,
        rows: Iterable[LedgerRow],
        total: Table,
        organs: Table,
        systems: Table,
    ) -> None:
        """Count ``rows``; the tables are the statistics' (total, by organ, by system).

        Raises:
            OutreachError: the ledger and the statistics disagree.
        """
        self.window = window
        self.total = total
        self._tables: dict[tuple[str, ...], dict[Where, statistics.Measures]] = {
            (): {(): total.total},
            ("organ",): {(("organ", r.by["organ"]),): r.measures for r in organs.rows},
            ("system",): {(("system", r.by["system"]),): r.measures for r in systems.rows},
        }
        self._sums: Counter[tuple[str, Where]] = Counter()
        self._hidden: set[tuple[str, Where]] = set()
        self._values: dict[str, dict[str, None]] = {}
        for row in rows:
            self._add(row)
        self._check()

    @classmethod
    def read(cls, database: Database, start: date, end: date, as_of: datetime) -> Book:
        """Count a window of whole days in Asia/Shanghai, both ends included.

        Raises:
            UsageError: the window ends before it begins.
            OutreachError: the ledger and the statistics disagree.
        """
        window = Window(start, end, as_of)
        tables = (
            statistics.stats(database, start, end, by, as_of)
            for by in ((), ("organ",), ("system",))
        )
        return cls(window, ledger_rows(database, window), *tables)

    def get(self, measure: str, **where: str) -> Figure | None:
        """A figure; None where there is nothing, or where too few hide behind it ("<5")."""
        key = tuple(sorted(where.items(), key=lambda pair: FACETS.index(pair[0])))
        value = self._value(measure, key)
        if not isinstance(value, int) or value <= 0:
            return None
        return Figure(figure_id(measure, key), value, UNITS[measure], DEFINITIONS[measure], key)

    def values(self, facet: str) -> tuple[str, ...]:
        """The values of a facet that occur, in the ledger's order."""
        return tuple(self._values.get(facet, ()))

    def _value(self, measure: str, key: Where) -> int | float | str | None:
        names = tuple(name for name, _ in key)
        if names in self._tables:
            found = self._tables[names].get(key)
            return found.get(measure) if found else None
        if (measure, key) in self._hidden:
            return None
        return self._sums[measure, key]

    def _add(self, row: LedgerRow) -> None:
        found = facets(row)
        for facet, value in found:
            self._values.setdefault(facet, {})[value] = None
        for measure, column in LEDGER_COLUMN.items():
            cell = row.get(column)
            if cell is None or cell in ("", BLANK):
                continue
            for where in _combinations(found):
                if isinstance(cell, int):
                    self._sums[measure, where] += cell
                else:
                    self._hidden.add((measure, where))

    def _check(self) -> None:
        for measure, column in LEDGER_COLUMN.items():
            told = self.total.total.get(measure)
            if isinstance(told, int) and (measure, ()) not in self._hidden:
                counted = self._sums[measure, ()]
                if told != counted:
                    raise OutreachError(
                        f"台账“{column}”合计 {counted} 与统计的 {told} 不一致，不出报告：请检查数据"
                    )


def _combinations(found: list[tuple[str, str]]) -> Iterator[Where]:
    """Nothing, each facet, each facet within its organ, and estimates of each sort."""
    yield ()
    organ = [pair for pair in found if pair[0] == "organ"]
    sort = [pair for pair in found if pair[0] == SORT]
    estimated = [pair for pair in found if pair[0] == METHOD]
    for pair in found:
        yield (pair,)
        for host in organ:
            if pair != host:
                yield (host, pair)
    for kind in sort:
        for guess in estimated:
            yield (kind, guess)
            for host in organ:
                yield (host, kind, guess)


@dataclass(frozen=True, slots=True)
class Trace:
    """The rows behind a figure.

    ``column``: the one whose sum is the figure; None: the figure is how many rows there are.
    ``sums`` False: the column's sum is not the figure (人数).
    """

    figure: Figure
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell | float, ...], ...]
    sums: bool
    column: str | None = None


def trace(database: Database, text: str, start: date, end: date, as_of: datetime) -> Trace:
    """The rows behind a figure of a report, with the report's window and 数据截止时间.

    Ledger rows where the ledger has the measure and the facets; else the statistics' rows by
    month, organ, system, topic, channel, campaign and node, which partition what happened.

    Args:
        database: the store.
        text: the figure's id, from its footnote.
        start: first day of the report.
        end: last day.
        as_of: the report's 数据截止时间, aware.

    Raises:
        UsageError: there is no such figure, or nothing in it.
    """
    measure, where = parse_id(text)
    figure = Book.read(database, start, end, as_of).get(measure, **dict(where))
    if figure is None:
        raise UsageError(f"{start} 至 {end} 没有这个数字：{text}")
    column = LEDGER_COLUMN.get("consultations" if measure == "online_residents" else measure)
    if column and all(name != "system" for name, _ in where):
        found: list[tuple[Cell | float, ...]] = []
        for row in ledger_rows(database, Window(start, end, as_of)):
            if row.get(column) not in (None, "", 0) and set(where) <= set(facets(row)):
                found.append(tuple(row[name] for name in LEDGER_COLUMNS))
        columns = tuple(LEDGER_COLUMNS)
    else:
        by = ("month", "organ", "system", "topic", "channel", "campaign", "node")
        table = statistics.stats(database, start, end, by, as_of)
        column = figure.name
        columns = (*by, column)
        found = [
            (*row.by.values(), row.measures[measure])
            for row in table.rows
            if set(where) <= set(row.by.items()) and row.measures.get(measure)
        ]
    return Trace(figure, columns, tuple(found), sums=figure.unit != "人", column=column)
