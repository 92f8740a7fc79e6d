"""The year's publicity nodes: which days, whose duty, on what basis (``nodes.csv``).

法治宣传教育法 arts. 13, 15, 16. A date that no statute fixes is a proposal until the year's
notice is entered in ``notices.toml``; staff see which ones are still to be confirmed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from errors import UsageError
from knowledge.basis import Basis, read_basis
from knowledge.calendar_rule_text import read_rules
from knowledge.calendar_rules import LocalMarket, Rule
from knowledge.codelists import CodeLists, Town
from knowledge.datafiles import Row, csv_rows, toml_rows, unique
from knowledge.lunar import YEARS
from knowledge.organs import SYSTEMS, Organs
from knowledge.topics import Topic, Topics

NODES = Path(__file__).with_name("nodes.csv")
NOTICES = Path(__file__).with_name("notices.toml")
COLUMNS = (
    *("编号", "节点", "日期规则", "牵头单位", "配合单位", "主题", "系统"),
    *("宣传内容", "依据", "性质", "自", "至", "备注"),
)
STATUTORY = "法定"  # the date itself stands in a statute
NATURES = (STATUTORY, "惯例", "年度通知", "地方", "建议")
AHEAD = 30  # days


@dataclass(frozen=True, slots=True)
class Node:
    """One node; ``since`` and ``until`` are the first and last day on which it may start."""

    key: str
    name: str
    rules: tuple[Rule, ...]
    lead: str
    partners: tuple[str, ...]
    topic: Topic
    system: str
    content: str
    basis: tuple[Basis, ...]
    nature: str
    since: date | None
    until: date | None
    note: str

    @property
    def spelt(self) -> str:
        """Its dates in Chinese: 11月；11月9日."""
        return "；".join(rule.spelt for rule in self.rules)

    @property
    def on_market_days(self) -> bool:
        """Whether it has the towns' market days for dates."""
        return any(isinstance(rule, LocalMarket) for rule in self.rules)

    def valid(self, start: date) -> bool:
        """Whether the node exists when it would start on ``start``."""
        return (self.since or date.min) <= start <= (self.until or date.max)


@dataclass(frozen=True, slots=True, order=True)
class Occurrence:
    """A node's dates in a year, ordered by days.

    ``proposed``: the dates are to be confirmed. ``basis`` says where they come from: the rule in
    Chinese, or the year's notice. ``theme`` is the notice's own, word for word, else empty.
    """

    start: date
    end: date
    rank: int = field(repr=False)  # place of the node in nodes.csv
    node: Node = field(compare=False)
    year: int = field(compare=False)
    proposed: bool = field(compare=False)
    basis: str = field(compare=False)
    theme: str = field(compare=False, default="")

    @property
    def days(self) -> int:
        """How many days it lasts."""
        return (self.end - self.start).days + 1

    def on(self, day: date) -> bool:
        """Whether it runs on a day."""
        return self.start <= day <= self.end


@dataclass(frozen=True, slots=True)
class MarketDay:
    """A day on which a town holds its market."""

    day: date
    town: Town


@dataclass(frozen=True, slots=True)
class Due:
    """What is to be done: running on ``day``, starting or held within ``ahead`` days after it."""

    day: date
    ahead: int
    running: tuple[Occurrence, ...]
    coming: tuple[Occurrence, ...]
    markets: tuple[MarketDay, ...]


@dataclass(frozen=True, slots=True)
class YearlyNotice:
    """The dates that a notice sets for one node and year; ``end`` None: it names the start only."""

    node: str
    year: int
    start: date
    end: date | None
    source: str
    theme: str


class Calendar:
    """The county's nodes. Immutable once loaded."""

    def __init__(
        self,
        nodes: tuple[Node, ...],
        notices: Mapping[tuple[str, int], YearlyNotice],
        codelists: CodeLists,
    ) -> None:
        self.nodes = nodes
        self.codelists = codelists
        self._notices = notices
        self._by_key = {node.key: node for node in nodes}

    @classmethod
    def load(
        cls,
        path: Path = NODES,
        notices: Path = NOTICES,
        *,
        codelists: CodeLists | None = None,
        organs: Organs | None = None,
        topics: Topics | None = None,
    ) -> Calendar:
        """Read both files; units must be primary units of ``organs`` or in the list ``bodies``.

        Raises:
            DataError: a file's form or a value is wrong.
        """
        lists = codelists or CodeLists.load()
        names = (organs or Organs.load()).names
        units = {*names, *(code.label for code in lists.get("bodies"))}
        subjects = {topic.name: topic for topic in (topics or Topics.load()).all}
        rows = csv_rows(path, COLUMNS)
        unique(rows, lambda row: row.values["编号"], "编号")
        unique(rows, lambda row: row.values["节点"], "节点名称")
        nodes = tuple(_node(row, units, subjects) for row in rows)
        return cls(nodes, _notices(notices, nodes), lists)

    def get(self, key: str) -> Node | None:
        """The node with this key."""
        return self._by_key.get(key)

    def occurrences(self, year: int) -> list[Occurrence]:
        """The year's nodes by date; market days are not among them (see :meth:`market_days`).

        A node that runs over New Year belongs to the year in which it starts.

        Raises:
            UsageError: the lunar calendar is not known for that year.
        """
        if year not in YEARS:
            raise UsageError(f"日历只有 {YEARS[0]}–{YEARS[-1]} 年，没有 {year} 年")
        return sorted(
            each for rank, node in enumerate(self.nodes) for each in self._of(node, rank, year)
        )

    def due(self, day: date, ahead: int = AHEAD) -> Due:
        """What runs on ``day`` and what starts within ``ahead`` days after it.

        Raises:
            UsageError: the lunar calendar is not known for that day.
        """
        until = day + timedelta(days=ahead)
        years = range(day.year - 1, until.year + 2)
        if day.year not in YEARS:
            self.occurrences(day.year)  # says which years there are
        near = sorted(each for year in years if year in YEARS for each in self.occurrences(year))
        return Due(
            day=day,
            ahead=ahead,
            running=tuple(each for each in near if each.on(day)),
            coming=tuple(each for each in near if day < each.start <= until),
            markets=tuple(self.market_days(day, until)),
        )

    def market_days(self, start: date, end: date) -> Iterator[MarketDay]:
        """The towns' market days from a day to a day, both included; none without a market node."""
        if not any(node.on_market_days for node in self.nodes):
            return
        towns = [town for town in self.codelists.towns if town.market]
        for offset in range((end - start).days + 1):
            day = start + timedelta(days=offset)
            for town in towns:
                if town.market and town.market.on(day) and town.code.valid(day):
                    yield MarketDay(day, town)

    def _of(self, node: Node, rank: int, year: int) -> Iterator[Occurrence]:
        notice = self._notices.get((node.key, year))
        for rule in node.rules:
            if notice and _movable(node, rule):
                end = notice.end
                basis = f"通知：{notice.source}"
                if end is None:
                    usual = rule.spans(year)
                    end = notice.start + timedelta(days=usual[0].days - 1 if usual else 0)
                    basis += "（只写了启动日，结束日按通常的天数推算）"
                found = Occurrence(
                    *(notice.start, end, rank, node, year),
                    proposed=notice.end is None,
                    basis=basis,
                    theme=notice.theme,
                )
                if node.valid(found.start):
                    yield found
                continue
            for span in rule.spans(year):
                if node.valid(span.start):
                    yield Occurrence(
                        *(span.start, span.end, rank, node, year),
                        proposed=rule.proposed,
                        basis=rule.spelt,
                    )


def _movable(node: Node, rule: Rule) -> bool:
    """Whether a notice sets this rule's date: a proposed one, or the only one that no law fixes."""
    exact = node.nature == STATUTORY or len(node.rules) > 1 or isinstance(rule, LocalMarket)
    return rule.proposed or not exact


def _node(row: Row, units: set[str], topics: Mapping[str, Topic]) -> Node:
    lead = row.text("牵头单位")
    partners = tuple(filter(None, row.values["配合单位"].replace("；", ";").split(";")))
    for unit in (lead, *partners):
        if unit not in units:
            row.fail(
                f"单位 {unit!r} 既不是 organs.csv 的牵头单位，也不在 codelists.toml 的 bodies 里",
                "只写一个牵头单位，其余写进“配合单位”，用 ; 分开；名称写全称，新单位先登记",
            )
    if lead in partners or len(set(partners)) != len(partners):
        row.fail("同一个单位写了两次", "请从“配合单位”中删去")
    key = row.text("编号")
    if not key.isascii() or not key.replace("-", "").isalnum() or key != key.lower():
        row.fail(f"编号 {key!r} 不对", "请用小写英文字母、数字和 -，定了就不要再改")
    nature = row.choice("性质", NATURES)
    basis = read_basis(row, row.values["依据"])
    if nature == STATUTORY and not basis:
        row.fail("法定节点没有写依据", "请写明规定这个日期的法律条文，或改“性质”")
    since, until = row.day("自"), row.day("至")
    if since and until and until < since:
        row.fail("“至”早于“自”", "请改正起止日期")
    return Node(
        key=key,
        name=row.text("节点"),
        rules=read_rules(row, "日期规则"),
        lead=lead,
        partners=partners,
        topic=topics[row.choice("主题", tuple(topics))],
        system=row.choice("系统", SYSTEMS),
        content=row.values["宣传内容"],
        basis=basis,
        nature=nature,
        since=since,
        until=until,
        note=row.values["备注"],
    )


def _notices(path: Path, nodes: tuple[Node, ...]) -> dict[tuple[str, int], YearlyNotice]:
    rows = toml_rows(path, "notice")
    unique(rows, lambda row: (row.values.get("node"), row.values.get("year")), "节点和年份")
    known = {node.key: node for node in nodes}
    found = {}
    for row in rows:
        row.only({"node", "year", "start", "end", "source", "theme"})
        node = known[row.choice("node", tuple(known))]
        year, start, end = row.values.get("year"), row.day("start"), row.day("end")
        if type(year) is not int or year not in YEARS:
            row.fail(f"year 应是 {YEARS[0]}–{YEARS[-1]} 的整数", "请写通知所属的年份，如 2026")
        if start is None:
            row.fail("缺少日期字段 'start'", "请写 start = YYYY-MM-DD")
        if start.year != year:
            row.fail(f"start {start} 不在 {year} 年", "请改正 start 或 year")
        if end is not None and not 0 <= (end - start).days < 366:
            row.fail(f"end {end} 早于 start，或晚了一年以上", "请改正首尾两天")
        if sum(_movable(node, rule) for rule in node.rules) != 1:
            row.fail(
                f"“{node.name}”的日期（{node.spelt}）不由通知确定",
                "请删去这一条；一个节点有几个日期的，先在 nodes.csv 拆成几个节点",
            )
        if not node.valid(start):
            row.fail(f"“{node.name}”在 {start} 还没有或不再有", "请改正日期，或改节点的自、至")
        notice = YearlyNotice(node.key, year, start, end, row.text("source"), row.text("theme", ""))
        found[node.key, year] = notice
    return found
