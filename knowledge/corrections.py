"""Acknowledged defects of a source, each with its evidence (``corrections.toml``).

Four tables: ``[[correction]]`` for a version's dates and flag, ``[[text]]`` for single words of an
article, ``[[heading]]`` for a part's title that the source lost, ``[[annex]]`` for an annex that no
rule recognises.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from knowledge.datafiles import Row, toml_rows, unique

CORRECTIONS = Path(__file__).with_name("corrections.toml")


@dataclass(frozen=True, slots=True)
class Correction:
    """What is corrected in one version; ``value`` None means that the source's date is unknown."""

    law: str
    version: date
    field: str
    value: date | None
    note: str | None
    evidence: str
    row: Row


@dataclass(frozen=True, slots=True)
class TextCorrection:
    """Words of one article that the source has wrong."""

    law: str
    version: date
    article: str
    wrong: str
    right: str
    evidence: str
    row: Row


@dataclass(frozen=True, slots=True)
class Heading:
    """A part's title that stands above ``article`` but not in the source."""

    law: str
    version: date
    article: str
    title: str
    evidence: str
    row: Row


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex glued to ``article``: it opens at the line ``opening`` and is called ``number``."""

    law: str
    version: date
    article: str
    opening: str
    number: str
    note: str | None
    evidence: str
    row: Row


@dataclass(frozen=True, slots=True)
class ArticleCorrections:
    """What is corrected in one article."""

    texts: list[TextCorrection] = field(default_factory=list)
    headings: list[Heading] = field(default_factory=list)
    annexes: list[Annex] = field(default_factory=list)


_NONE = ArticleCorrections()


class ArticleTable:
    """The corrections of articles by law, version date (ISO) and article number."""

    def __init__(self, entries: Iterable[TextCorrection | Heading | Annex]) -> None:
        self.entries = tuple(entries)
        self._table: dict[tuple[str, str, str], ArticleCorrections] = {}
        for entry in self.entries:
            key = (entry.law, entry.version.isoformat(), entry.article)
            own = self._table.setdefault(key, ArticleCorrections())
            if isinstance(entry, TextCorrection):
                own.texts.append(entry)
            elif isinstance(entry, Heading):
                own.headings.append(entry)
            else:
                own.annexes.append(entry)

    def of(self, law: str, version: str, article: str) -> ArticleCorrections:
        """What is corrected in an article; empty for almost all."""
        return self._table.get((law, version, article), _NONE)

    def check_used(self, used: set[int]) -> None:
        """Refuse an entry whose ``id()`` is not in ``used``: it corrects nothing.

        Raises:
            DataError: the entry's law, version or article is not in the source.
        """
        for entry in self.entries:
            if id(entry) not in used:
                entry.row.fail(
                    f"库内没有《{entry.law}》{entry.version} 版本的{entry.article}",
                    "请核对法律全称、通过日期和条号",
                )


def read_corrections(path: Path = CORRECTIONS) -> dict[tuple[str, date], dict[str, Correction]]:
    """Corrections by (law, version date) and field.

    Raises:
        DataError: the file's form or a value is wrong.
    """
    rows = toml_rows(path, "correction")
    found: dict[tuple[str, date], dict[str, Correction]] = {}
    for row in rows:
        row.only({"law", "version", "field", "value", "note", "evidence"})
        field = row.choice("field", ("flag", "commenced", "effective", "note"))
        value: date | None = None
        if field == "flag":
            row.choice("value", ("disregard",))
        elif field == "note":
            row.text("note")
        elif row.values.get("value") != "unknown":
            value = row.day("value")
            if value is None:
                row.fail("缺少 value", '请写日期（如 2024-01-01）或 "unknown"')
        version = _version(row)
        note = row.text("note", "") or None
        entry = Correction(row.text("law"), version, field, value, note, row.text("evidence"), row)
        found.setdefault((entry.law, version), {})[field] = entry
    unique(rows, lambda r: (r.values["law"], r.values["version"], r.values["field"]), "同一更正")
    return found


def read_article_corrections(path: Path | None = None) -> ArticleTable:
    """The tables ``[[text]]``, ``[[heading]]`` and ``[[annex]]``.

    Raises:
        DataError: the file's form or a value is wrong.
    """
    path = path or CORRECTIONS
    texts, headings, annexes = (toml_rows(path, t) for t in ("text", "heading", "annex"))
    entries: list[TextCorrection | Heading | Annex] = []
    where = {"law", "version", "article", "evidence"}
    for row in texts:
        row.only(where | {"wrong", "right"})
        wrong, right = _verbatim(row, "wrong"), _verbatim(row, "right")
        if wrong == right:
            row.fail("wrong 和 right 相同", "请写出更正后的文字")
        law, version, article, evidence = _where(row)
        entries.append(TextCorrection(law, version, article, wrong, right, evidence, row))
    for row in headings:
        row.only(where | {"title"})
        law, version, article, evidence = _where(row)
        entries.append(Heading(law, version, article, row.text("title"), evidence, row))
    for row in annexes:
        row.only(where | {"opening", "number", "note"})
        law, version, article, evidence = _where(row)
        opening, number = row.text("opening"), row.text("number")
        note = row.text("note", "") or None
        entries.append(Annex(law, version, article, opening, number, note, evidence, row))
    for rows, key in ((texts, "wrong"), (headings, "title"), (annexes, "opening")):
        keys = ("law", "version", "article", key)
        unique(rows, _values_of(keys), "同一更正")
    return ArticleTable(entries)


def _values_of(keys: tuple[str, ...]) -> Callable[[Row], object]:
    return lambda row: tuple(row.values[key] for key in keys)


def _where(row: Row) -> tuple[str, date, str, str]:
    return row.text("law"), _version(row), row.text("article"), row.text("evidence")


def _version(row: Row) -> date:
    version = row.day("version")
    if version is None:
        row.fail("缺少 version", "请写该版本的通过日期，如 2018-12-29")
    return version


def _verbatim(row: Row, key: str) -> str:
    """A string with its spaces and line breaks as they stand."""
    row.text(key)
    return str(row.values[key])
