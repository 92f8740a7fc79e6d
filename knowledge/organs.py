"""谁执法谁普法: the unit responsible for each law (``organs.csv``, which the county edits).

法治宣传教育法 art. 9. Exactly one primary unit per law, so that rows of the statistics add up
(domain specification, rule R3); a later row of the same law with a later 自 replaces the earlier
from that day on. A law without a row falls to 司法局 and is marked unconfirmed.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge.articles import short_name
from knowledge.datafiles import Row, csv_rows, unique
from knowledge.versions import amended_law

ORGANS = Path(__file__).with_name("organs.csv")
COLUMNS = ("法律", "牵头责任单位", "配合单位", "依据条款", "重点对象", "系统", "自")
SYSTEMS = ("食品安全", "安全生产", "反诈", "消费", "宪法", "其他")
FALLBACK = "司法局"


@dataclass(frozen=True, slots=True)
class Organ:
    """The unit responsible for a law's publicity; ``confirmed`` False is shown as 待确认."""

    primary: str
    partners: tuple[str, ...]
    basis: str
    audience: tuple[str, ...]
    system: str
    confirmed: bool
    since: date | None = None

    @property
    def label(self) -> str:
        """What residents and staff read."""
        return self.primary if self.confirmed else f"{self.primary}（待确认）"


_UNMAPPED = Organ(FALLBACK, (), "", (), "其他", confirmed=False)


class Organs:
    """The county's table of responsible units. Immutable once loaded."""

    def __init__(self, laws: dict[str, tuple[Organ, ...]]) -> None:
        self._laws = laws  # short name → rows, oldest first

    @classmethod
    def load(cls, path: Path = ORGANS) -> Organs:
        """Read the table.

        Raises:
            DataError: the file's form or a value is wrong.
        """
        rows = csv_rows(path, COLUMNS)
        unique(rows, lambda row: (row.values["法律"], row.values["自"]), "同一法律同一起始日")
        found: dict[str, list[Organ]] = {}
        for row in rows:
            found.setdefault(short_name(row.text("法律")), []).append(_organ(row))
        return cls(
            {
                law: tuple(sorted(group, key=lambda organ: organ.since or date.min))
                for law, group in found.items()
            }
        )

    @property
    def laws(self) -> tuple[str, ...]:
        """Short names of the laws that have a row."""
        return tuple(self._laws)

    @property
    def names(self) -> tuple[str, ...]:
        """Every primary unit of the table, in its order, the fallback included."""
        primaries = (organ.primary for group in self._laws.values() for organ in group)
        return tuple(dict.fromkeys((*primaries, FALLBACK)))

    def of(self, law: str, today: date) -> Organ:
        """The unit responsible on a day for a law (full or short name).

        An amendment belongs to the unit of the law that it amends.
        """
        rows = self._laws.get(short_name(law)) or self._laws.get(short_name(amended_law(law) or ""))
        valid = [row for row in rows or () if row.since is None or row.since <= today]
        return valid[-1] if valid else _UNMAPPED


def _organ(row: Row) -> Organ:
    primary = row.text("牵头责任单位")
    if any(mark in primary for mark in "、;；/+，,（("):
        row.fail(f"牵头责任单位只能有一个：{primary!r}", "其余单位请写进“配合单位”，用 ; 分开")
    partners = _list(row.values["配合单位"])
    if primary in partners:
        row.fail(f"{primary!r} 既是牵头又是配合单位", "请从“配合单位”中删去")
    return Organ(
        primary=primary,
        partners=partners,
        basis=row.values["依据条款"],
        audience=tuple(filter(None, row.values["重点对象"].split("/"))),
        system=row.choice("系统", SYSTEMS),
        confirmed=True,
        since=row.day("自"),
    )


def _list(cell: str) -> tuple[str, ...]:
    parts = (part.strip() for part in cell.replace("；", ";").split(";"))
    return tuple(dict.fromkeys(filter(None, parts)))
