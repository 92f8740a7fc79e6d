"""The county's code lists: what the statistics group by (``codelists.toml``, ``towns.toml``).

Records keep the key, people read the label; so a label may be reworded and a key never changes. An
entry that is given up gets 至 (``until``) and stays, because older records name it.

「N进」 is a list that each county makes for itself (domain specification, section 0): several may
stand side by side, they draw on one list of venues, and each must have as many as its name says.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from knowledge.basis import Basis, read_basis
from knowledge.datafiles import Row, toml_rows, unique
from knowledge.markets import MarketDays, read_market
from knowledge.numerals import parse_number

CODELISTS = Path(__file__).with_name("codelists.toml")
TOWNS = Path(__file__).with_name("towns.toml")
REQUIRED = ("systems", "groups", "forms", "headcount", "channels", "venues", "bodies")
TOWN_LIST, VILLAGE_LIST = "towns", "villages"
_KEY = re.compile(r"[a-z][a-z0-9_]*(?:-[a-z0-9_]+)*")
_ITEM_FIELDS = {"key", "label", "aliases", "since", "until"}


@dataclass(frozen=True, slots=True)
class Code:
    """One entry; ``since`` and ``until`` are its first and last day, None without limit."""

    key: str
    label: str
    aliases: tuple[str, ...] = ()
    since: date | None = None
    until: date | None = None

    def valid(self, day: date) -> bool:
        """Whether the entry may be used for something that happens on ``day``."""
        return (self.since or date.min) <= day <= (self.until or date.max)


@dataclass(frozen=True, slots=True)
class CodeList:
    """A named list in the order in which people choose from it."""

    key: str
    name: str
    codes: tuple[Code, ...]
    sample: bool = False  # made up or borrowed: the county must replace it

    def __iter__(self) -> Iterator[Code]:
        return iter(self.codes)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def keys(self) -> tuple[str, ...]:
        """The keys of all entries, those no longer valid included."""
        return tuple(code.key for code in self.codes)

    def active(self, day: date) -> tuple[Code, ...]:
        """The entries that may be chosen for ``day``."""
        return tuple(code for code in self.codes if code.valid(day))

    def get(self, key: str) -> Code | None:
        """The entry with this key."""
        return next((code for code in self.codes if code.key == key), None)

    def label(self, key: str) -> str:
        """What people read; a key that is not in the list (any more) is shown as such."""
        code = self.get(key)
        return code.label if code else f"{key}（未登记）"

    def find(self, text: str, day: date | None = None) -> Code | None:
        """The entry that a person means by its key, label or alias; exactly, never by similarity.

        With ``day`` only entries valid on it.
        """
        wanted = text.strip()
        for code in self.codes:
            if wanted in (code.key, code.label, *code.aliases) and (not day or code.valid(day)):
                return code
        return None


@dataclass(frozen=True, slots=True)
class VenueList:
    """One 「N进」: venues in the county's order, with the words of this list (乡村 or 农村)."""

    key: str
    name: str
    codes: tuple[Code, ...]
    basis: tuple[Basis, ...]
    source: str
    sample: bool

    def active(self, day: date) -> tuple[Code, ...]:
        """Its venues on a day: as many as its name says, or none before it was made."""
        return tuple(code for code in self.codes if code.valid(day))


@dataclass(frozen=True, slots=True)
class Town:
    """A town or subdistrict with its villages and market days."""

    code: Code
    villages: tuple[Code, ...]
    market: MarketDays | None

    @property
    def key(self) -> str:
        """The key that records keep."""
        return self.code.key

    @property
    def label(self) -> str:
        """What people read."""
        return self.code.label


class CodeLists:
    """All code lists of the county. Immutable once loaded."""

    def __init__(
        self,
        county: str,
        sample: bool,
        lists: dict[str, CodeList],
        venue_lists: tuple[VenueList, ...],
        towns: tuple[Town, ...],
    ) -> None:
        self.county = county
        self.sample = sample  # the towns are made up
        self.venue_lists = venue_lists
        self.towns = towns
        villages = tuple(village for town in towns for village in town.villages)
        self._lists = {
            **lists,
            TOWN_LIST: CodeList(TOWN_LIST, "乡镇（街道）", tuple(t.code for t in towns), sample),
            VILLAGE_LIST: CodeList(VILLAGE_LIST, "村（社区）", villages, sample),
        }
        self._towns = {town.key: town for town in towns}
        self._town_of = {village.key: town for town in towns for village in town.villages}

    @classmethod
    def load(cls, path: Path = CODELISTS, towns: Path = TOWNS) -> CodeLists:
        """Read both files.

        Raises:
            DataError: the files' form or a value is wrong, or a 「N进」 has not N venues.
        """
        rows = toml_rows(path, "list")
        unique(rows, lambda row: row.values.get("key"), "列表 key ")
        lists = {}
        for row in rows:
            row.only({"key", "name", "sample", "items"})
            key = row.choice("key", REQUIRED)
            lists[key] = CodeList(key, row.text("name"), _codes(row, "items"), _flag(row))
        for key in REQUIRED:
            if key not in lists:
                rows[-1].fail(f"缺少列表 {key!r}", f'请加一个 key = "{key}" 的 [[list]]')
        chosen = toml_rows(path, "venue_list")
        unique(chosen, lambda row: row.values.get("key"), "列表 key ")
        venue_lists = tuple(_venue_list(row, lists["venues"]) for row in chosen)
        counties = toml_rows(towns, "county")
        counties[0].only({"name", "sample"})
        return cls(counties[0].text("name"), _flag(counties[0]), lists, venue_lists, _towns(towns))

    def get(self, key: str) -> CodeList:
        """A list by its key: one of :data:`REQUIRED`, ``towns`` or ``villages``.

        Raises:
            KeyError: there is no such list.
        """
        return self._lists[key]

    def town(self, key: str) -> Town | None:
        """The town with this key."""
        return self._towns.get(key)

    def town_of(self, village: str) -> Town | None:
        """The town that a village belongs to."""
        return self._town_of.get(village)

    @property
    def samples(self) -> tuple[str, ...]:
        """Names of what the county must still replace by its own."""
        towns = (f"{self.county}的乡镇和村",) if self.sample else ()
        lists = [self._lists[key].name for key in REQUIRED if self._lists[key].sample]
        return (*towns, *lists, *(each.name for each in self.venue_lists if each.sample))


def _flag(row: Row) -> bool:
    value = row.values.get("sample", False)
    if not isinstance(value, bool):
        row.fail(
            "sample 只能是 true 或 false", "示例数据写 sample = true，换成本县的以后删去这一行"
        )
    return value


def _items(row: Row, field: str) -> list[Row]:
    """The inline tables of a list, each with its own line."""
    values: Any = row.values.get(field)
    if not isinstance(values, list) or not all(isinstance(value, dict) for value in values):
        row.fail(f"字段 {field!r} 应是条目列表", f'请写 {field} = [，每行一个 {{key = "…", …}}')
    lines = row.path.read_text(encoding="utf-8-sig").splitlines()
    numbers: list[int] = []
    for number, line in enumerate(lines[row.line :], row.line + 1):
        if line.lstrip().startswith("[["):
            break
        if line.lstrip().startswith("{"):
            numbers.append(number)
    if len(numbers) != len(values):
        row.fail(f"字段 {field!r} 的条目没有各占一行", "请每行写一个条目，行首是 {")
    return [Row(row.path, n, dict(v)) for n, v in zip(numbers, values, strict=True)]


def _code(row: Row, label: str | None = None, *, extra: frozenset[str] = frozenset()) -> Code:
    row.only(_ITEM_FIELDS | extra)
    key = row.text("key")
    if not _KEY.fullmatch(key):
        row.fail(f"key {key!r} 不对", "请用小写英文字母、数字、_ 和 -，以字母开头，定了就不要再改")
    since, until = row.day("since"), row.day("until")
    if since and until and until < since:
        row.fail(f"key {key!r} 的 until 早于 since", "请改正起止日期")
    return Code(key, row.text("label", label), row.texts("aliases", ()), since, until)


def _codes(row: Row, field: str) -> tuple[Code, ...]:
    rows = _items(row, field)
    unique(tuple(rows), lambda each: each.values.get("key"), "条目 key ")
    codes = [_code(each) for each in rows]
    for place, (each, code) in enumerate(zip(rows, codes, strict=True)):
        names = {code.label, *code.aliases}
        for other in codes[:place]:
            shared = names & {other.key, other.label, *other.aliases}
            if shared and _overlap(code, other):
                each.fail(
                    f"{shared.pop()!r} 同时指 {other.key!r} 和 {code.key!r}", "请改成不同的名称"
                )
    return tuple(codes)


def _overlap(one: Code, two: Code) -> bool:
    start = max(one.since or date.min, two.since or date.min)
    return start <= min(one.until or date.max, two.until or date.max)


def _venue_list(row: Row, venues: CodeList) -> VenueList:
    row.only({"key", "name", "sample", "basis", "source", "items"})
    name = row.text("name")
    found = re.search(r"([零一二三四五六七八九十百\d]+)进$", name)
    number = parse_number(found[1]) if found else None
    if number is None:
        row.fail(f"名称 {name!r} 里没有“几进”", "请写成“八进”“反诈五进”的样子")
    rows = _items(row, "items")
    codes = []
    for each in rows:
        venue = venues.get(str(each.values.get("key")))
        if venue is None:
            each.fail(f"场所 {each.values.get('key')!r} 不在 venues 列表里", "请先在 venues 里登记")
        codes.append(_code(each, venue.label))
    for one in range(len(codes)):
        for two in range(one):
            if codes[one].key == codes[two].key and _overlap(codes[one], codes[two]):
                rows[one].fail(f"场所 {codes[one].key!r} 在 {name} 里写了两次", "请删去一个")
    for day in _turning_days(codes):
        held = sum(code.valid(day) for code in codes)
        if held not in (0, number):
            when = "" if day == date.min else f"{day} 起"
            row.fail(
                f"“{name}”应有 {number} 个场所，{when}列了 {held} 个", "请补足场所，或改正名称"
            )
    return VenueList(
        key=row.text("key"),
        name=name,
        codes=tuple(codes),
        basis=read_basis(row, row.text("basis", "")),
        source=row.text("source", ""),
        sample=_flag(row),
    )


def _turning_days(codes: list[Code]) -> list[date]:
    """The days from which a list of codes is another one."""
    days = {code.since or date.min for code in codes}
    days |= {
        date.fromordinal(code.until.toordinal() + 1)
        for code in codes
        if code.until and code.until < date.max
    }
    return sorted(days)


def _towns(path: Path) -> tuple[Town, ...]:
    rows = toml_rows(path, "town")
    unique(rows, lambda row: row.values.get("key"), "乡镇 key ")
    unique(rows, lambda row: row.values.get("label"), "乡镇名称")
    towns = []
    homes: dict[str, str] = {}
    for row in rows:
        code = _code(row, extra=frozenset({"market", "villages"}))
        villages = _codes(row, "villages")
        for village in villages:
            if village.key in homes:
                row.fail(
                    f"村 key {village.key!r} 在{homes[village.key]}已有",
                    "每个村的 key 全县不能重复",
                )
            homes[village.key] = code.label
        towns.append(Town(code, villages, read_market(row, "market")))
    return tuple(towns)
