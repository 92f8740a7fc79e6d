"""Imported versions beside those of the source package, dated by the same rules.

An imported version of a law that the package has becomes one of its versions; one of the same date
replaces the package's. Repealing clauses work both ways, but a lower act never repeals a higher one
(立法法 ch. 5).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from knowledge.articles import Level, Version, short_name
from knowledge.cleaning import Record
from knowledge.imports.document import Document
from knowledge.imports.store import Imported
from knowledge.versions import Repeal, amended_law, repeals

_RANK = {level: rank for rank, level in enumerate(Level)}


def to_version(imported: Imported) -> Version:
    """The version that an imported file holds."""
    document = imported.document
    return Version(
        id=f"{document.name}@{document.adopted}",
        law=document.name,
        short=short_name(document.name),
        level=document.level,
        kind=_kind(document),
        issuer=document.issuer,
        region=document.region,
        version_date=document.adopted,
        published=document.published,
        commenced=document.commenced,
        effective=document.effective,
        repealed=document.repealed,
        repealed_by=document.repealed_by,
        note=None,
        source=f"导入文件 {imported.file}",
    )


def _kind(document: Document) -> str:
    if amended_law(document.name):
        return "修改决定" if document.name.endswith("的决定") else "修正案"
    if document.name.endswith(("的决定", "的决议")):
        return "决定"
    return str(document.level)


@dataclass(frozen=True, slots=True)
class Joined:
    """All versions by key, all records by the same keys, and the clauses about unknown laws."""

    versions: dict[str, Version]
    records: tuple[Record, ...]
    repeals: tuple[Repeal, ...]


def join(
    versions: Mapping[str, Version],
    records: Iterable[Record],
    elsewhere: Sequence[Repeal],
    imported: Sequence[Imported],
) -> Joined:
    """The package's laws and the imported ones as one body of law.

    Args:
        versions: those of the package by key, judged.
        records: the package's articles; ``Record.law`` is a key of ``versions``.
        elsewhere: the package's clauses about laws that it does not hold.
        imported: the imported files.
    """
    if not imported:
        return Joined(dict(versions), tuple(records), tuple(elsewhere))
    ours = {version.id: version for version in map(to_version, imported)}
    kept = {key: version for key, version in versions.items() if version.id not in ours}
    merged = {**kept, **ours}
    clauses = {repeal.law: [repeal] for repeal in elsewhere}
    levels: dict[str, Level] = {}
    for item in imported:
        for repeal in _clauses(item.document):
            clauses.setdefault(repeal.law, []).append(repeal)
            levels[repeal.by] = item.document.level
    judged = {
        key: _repealed(version, clauses.get(version.law, []), levels)
        for key, version in merged.items()
    }
    held = {version.law for version in merged.values()}
    unknown = [
        min(group, key=lambda c: (c.day, c.by))
        for law, group in sorted(clauses.items())
        if law not in held
    ]
    articles = [record for record in records if record.law in kept]
    articles += [
        Record(version.id, unit.number, unit.path, unit.text)
        for version, item in zip(ours.values(), imported, strict=True)
        for unit in item.document.units
    ]
    return Joined(_first_commencement(judged, ours.keys()), tuple(articles), tuple(unknown))


def _clauses(document: Document) -> Iterator[Repeal]:
    # an amended law repeats the clause of its first wording: it worked on its first day
    starts = (document.commenced, document.effective or document.adopted)
    day = min(day for day in starts if day)
    for unit in document.units:
        if "废止" in unit.text:
            yield from repeals(f"{document.name}{unit.number}", document.name, unit.text, day)


def _repealed(version: Version, clauses: Sequence[Repeal], levels: dict[str, Level]) -> Version:
    if version.repealed:
        return version
    for clause in sorted(clauses, key=lambda c: (c.day, c.by)):
        allowed = _RANK[levels.get(clause.by, Level.CONSTITUTION)] <= _RANK[version.level]
        if allowed and version.version_date < clause.day:
            return replace(version, repealed=clause.day, repealed_by=clause.by)
    return version


def _first_commencement(
    versions: Mapping[str, Version], imported: Collection[str]
) -> dict[str, Version]:
    """A law commenced on the earliest day that any of its versions tells."""
    laws = {versions[key].law for key in imported}
    first: dict[str, date] = {}
    for version in versions.values():
        day = version.commenced or version.effective
        if day and version.law in laws:
            first[version.law] = min(day, first.get(version.law, day))
    return {
        key: replace(version, commenced=first.get(version.law, version.commenced))
        for key, version in versions.items()
    }
