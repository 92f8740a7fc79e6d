"""What a statute is here: a law, its versions, their articles, and a version's status on a day.

Vocabulary follows 立法法 (version, commencement, repeal) and the article as the unit that is cited:
编 > 分编 > 章 > 节 > 条 > 款 > 项. An article is known by (version, full article number):
第二百八十七条之二 is not 第二百八十七条.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

REPUBLIC = "中华人民共和国"


class Status(StrEnum):
    """Status of a version on a day; the values are those of the command-line contract."""

    IN_FORCE = "in_force"
    AMENDED = "amended"  # in force, but the corpus knows of an amendment its text does not show
    NOT_YET_IN_FORCE = "not_yet_in_force"
    REPEALED = "repealed"
    HISTORICAL = "historical"  # replaced by a later version of the same law

    @property
    def applies(self) -> bool:
        """Whether a resident may be told "this is the law today"."""
        return self in (Status.IN_FORCE, Status.AMENDED)

    @property
    def label(self) -> str:
        """The word that residents read."""
        return _LABELS[self]


_LABELS = {
    Status.IN_FORCE: "现行有效",
    Status.AMENDED: "现行有效（有修改未并入）",
    Status.NOT_YET_IN_FORCE: "尚未施行",
    Status.REPEALED: "已废止",
    Status.HISTORICAL: "历史版本",
}


class Level(StrEnum):
    """Rank of a source of law, highest first (立法法 chapter 5)."""

    CONSTITUTION = "宪法"
    STATUTE = "法律"
    INTERPRETATION = "立法解释"
    JUDICIAL_INTERPRETATION = "司法解释"
    ADMINISTRATIVE_REGULATION = "行政法规"
    LOCAL_REGULATION = "地方性法规"
    LOCAL_RULE = "地方政府规章"
    DEPARTMENT_RULE = "部门规章"


@dataclass(frozen=True, slots=True)
class Version:
    """One wording of one law.

    ``commenced`` is the day the law (in its first wording) came into force; ``effective`` the day
    this wording did, None where neither source nor text says. ``repealed`` is the first day on
    which it no longer applied, with the article that says so in ``repealed_by``.
    """

    id: str
    law: str  # full name, 中华人民共和国民法典
    short: str  # without 中华人民共和国
    level: Level
    kind: str  # 法律, 修正案, 修改决定, 立法解释 …
    issuer: str
    region: str | None  # None: national
    version_date: date  # adoption of this wording
    published: date
    commenced: date | None
    effective: date | None
    repealed: date | None
    repealed_by: str | None
    note: str | None  # a doubt that residents must be told
    source: str  # package and version, or imported file


@dataclass(frozen=True, slots=True)
class Article:
    """One article of one version, verbatim; paragraphs (款) and items (项) are its lines."""

    id: int  # row of this build; stable only together with the corpus hash
    version: Version
    number: str  # full number: 第二百八十七条之二, 序言, 全文, 条目三
    ordinal: int  # position within the version, from 0
    path: tuple[str, ...]  # headings above it, outermost first: ("第二编 分则", "第一章 …")
    text: str
    note: str | None = None  # an outdated organ or a repealed law named inside

    @property
    def citation(self) -> str:
        """``中华人民共和国刑法 第二百八十七条之二``."""
        return f"{self.version.law}{self.number}"


def short_name(law: str) -> str:
    """The law's name without 中华人民共和国."""
    return law.removeprefix(REPUBLIC) if law != REPUBLIC else law
