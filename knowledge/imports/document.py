"""A law document as it is read and written: metadata, units of text, problems found on the way.

A *unit* is what the corpus calls an article: 第十二条之一, 序言, 附件一, and for documents without
articles 条目三 or 全文. Its text is lines; each line is a 款, a 项 or a row of a pipe table.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum

from knowledge.articles import Article, Level, Version

LOCAL_LEVELS = (Level.LOCAL_REGULATION, Level.LOCAL_RULE)  # those that belong to a region
PREAMBLE, WHOLE = "序言", "全文"


class Severity(StrEnum):
    """An error refuses the import; a warning has to be accepted by a person."""

    ERROR = "error"
    WARNING = "warning"


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong, where (line, or paragraph of a .docx, from 1), and how to mend it."""

    severity: Severity
    line: int | None
    text: str
    mend: str


class Problems(list[Problem]):
    """The problems of one document, in the order found."""

    def error(self, line: int | None, text: str, mend: str) -> None:
        """Note something that refuses the import."""
        self.append(Problem(Severity.ERROR, line, text, mend))

    def warn(self, line: int | None, text: str, mend: str) -> None:
        """Note something that a person has to look at."""
        self.append(Problem(Severity.WARNING, line, text, mend))


class Role(StrEnum):
    """What the form of a line says about it, before its words are looked at."""

    TEXT = "text"
    LITERAL = "literal"  # never a heading or an article, whatever it looks like: table rows, \\…
    TITLE = "title"  # Markdown "# …"
    HEADING = "heading"  # Markdown "## …"
    CONTENTS = "contents"  # a generated table of contents


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a document without surrounding space; never empty.

    ``unit`` is set where the form itself marks the start of a unit (Markdown ``**第一条**``); then
    ``text`` is the rest of the line and may be empty.
    """

    number: int
    text: str
    role: Role = Role.TEXT
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Unit:
    """One article (or preamble, annex, item, whole text): number, headings above it, text."""

    number: str
    path: tuple[str, ...]
    text: str


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A line that is no law text: a page number, the table of contents, a document number."""

    line: int
    text: str
    why: str


@dataclass(slots=True)
class Body:
    """What the lines of a document say, before its metadata is complete."""

    title: str | None = None
    title_line: int | None = None
    history: str | None = None  # 「（2013年…通过　自…起施行）」 with its brackets
    history_line: int | None = None
    units: list[Unit] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)  # where each unit starts
    headings: list[tuple[int, str, int]] = field(default_factory=list)  # line, text, next unit
    contents: list[tuple[int, str]] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Document:
    """One version of one law with complete metadata."""

    name: str
    level: Level
    issuer: str
    region: str | None
    adopted: date  # the version's date
    published: date
    effective: date | None  # of this wording; always known for an imported law
    units: tuple[Unit, ...]
    commenced: date | None = None  # of the first wording
    history: str | None = None
    repealed: date | None = None
    repealed_by: str | None = None

    @classmethod
    def of(cls, version: Version, articles: tuple[Article, ...]) -> Document:
        """A version of the corpus with its articles (``Corpus.articles_of``)."""
        return cls(
            name=version.law,
            level=version.level,
            issuer=version.issuer,
            region=version.region,
            adopted=version.version_date,
            published=version.published,
            effective=version.effective,
            units=tuple(Unit(a.number, a.path, a.text) for a in articles),
            commenced=version.commenced,
        )

    @property
    def headings(self) -> tuple[str, ...]:
        """Headings (编, 章, 节) in the order in which they stand above articles."""
        found: list[str] = []
        before: tuple[str, ...] = ()
        for unit in self.units:
            found.extend(new_headings(before, unit.path))
            before = unit.path
        return tuple(found)


def new_headings(before: tuple[str, ...], path: tuple[str, ...]) -> tuple[str, ...]:
    """The headings that stand between two neighbouring units.

    >>> new_headings(("第一章 总则", "第一节 甲"), ("第一章 总则", "第二节 乙"))
    ('第二节 乙',)
    """
    same = 0
    while same < min(len(before), len(path)) and before[same] == path[same]:
        same += 1
    return path[same:]
