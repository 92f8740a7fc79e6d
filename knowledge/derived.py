"""Versions that no source prints: a law's latest text with a later amendment merged into it.

An amending document that is newer than the latest consolidated text of its law gives a version
of its own, dated and in force as the document is (刑法 with 修正案（十二）); the older text stays.
Where the document does not fit the text exactly, nothing is derived: the law keeps the status
"in force, amendment not merged" and the build reports a doubt.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from knowledge.amendment_text import parse_reform
from knowledge.amendments import Kind, Operation
from knowledge.articles import Version
from knowledge.cleaning import Record
from knowledge.consolidation import Unmergeable, merge
from knowledge.versions import REFORM_KINDS, amended_law, start


@dataclass(frozen=True, slots=True)
class Derived:
    """The records and versions with the derived ones, and what could not be merged."""

    records: tuple[Record, ...]
    versions: dict[str, Version]  # by record key
    doubts: tuple[str, ...]


def with_amendments(records: Iterable[Record], versions: Mapping[str, Version]) -> Derived:
    """Add the version that each unmerged amending document makes.

    Args:
        records: all articles, each with its version's key.
        versions: the version of each key.
    """
    held = tuple(records)
    by_key: dict[str, list[Record]] = {}
    for record in held:
        by_key.setdefault(record.law, []).append(record)
    added: list[Record] = []
    found = dict(versions)
    doubts: list[str] = []
    reforms = [
        (key, version)
        for key, version in versions.items()
        if version.kind in REFORM_KINDS and amended_law(version.law)
    ]
    for key, reform in sorted(reforms, key=lambda pair: (pair[1].version_date, pair[1].law)):
        law = amended_law(reform.law)
        latest = max(
            ((k, v) for k, v in found.items() if v.law == law),
            key=lambda pair: pair[1].version_date,
            default=None,
        )
        if latest is None or latest[1].version_date >= reform.version_date:
            continue
        version = _derived_version(latest[1], reform)
        try:
            articles = _merged(by_key[latest[0]], reform, by_key.get(key, []), version.id)
        except Unmergeable as error:
            doubts.append(f"{reform.law}未能并入{latest[1].law}：{error}")
            continue
        by_key[version.id] = articles
        found[version.id] = version
        added += articles
    return Derived((*held, *added), found, tuple(doubts))


def _merged(base: list[Record], reform: Version, entries: list[Record], key: str) -> list[Record]:
    """The articles of the new version: those of ``base``, changed as ``reform`` says."""
    document = parse_reform(reform.law, entries)
    repeated = [number for number, n in Counter(r.number for r in base).items() if n > 1]
    if repeated:
        nowhere = Operation(reform.law, "", Kind.REPLACE_ARTICLE, repeated[0])
        raise Unmergeable(nowhere, "条号重复，不知改哪一条")
    texts = merge({record.number: record.text for record in base}, document)
    before = {document.present_number(record.number): record for record in base}
    made: list[Record] = []
    for number, text in texts.items():
        old = before.get(number)
        if old is not None:
            made.append(replace(old, law=key, number=number, text=text))
        else:  # an added article stands under the headings of the one before it
            path = made[-1].path if made else ()
            made.append(Record(key, number, path, text, row=made[-1].row if made else 0))
    return made


def _derived_version(base: Version, reform: Version) -> Version:
    return replace(
        base,
        id=f"{base.law}@{reform.version_date}",
        version_date=reform.version_date,
        published=reform.published,
        effective=start(reform),
        source=f"{base.source}：{base.version_date}文本并入{reform.short}",
    )
