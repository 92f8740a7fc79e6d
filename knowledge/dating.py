"""From a source's rows to dated versions: commencement, present wording, repeal, doubts.

The rules are in :mod:`knowledge.versions`; here they are applied to one source, together with the
acknowledged corrections.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from errors import CorpusError
from knowledge.articles import Level, Version, short_name
from knowledge.corrections import Correction, read_corrections
from knowledge.sources.statutes import Provenance, RawArticle, RawLaw
from knowledge.versions import (
    FLAG_ONLY,
    REFORM_KINDS,
    Repeal,
    amended_law,
    repeals,
    start,
    stated_commencement,
    wording_effective,
)

_FLAG_REPEALED = "已废止"
_FLAG_NOTE = "依据数据源标记，库内无废止条款。"


def judge_versions(
    laws: list[RawLaw], raw: list[RawArticle], provenance: Provenance
) -> tuple[list[Version], list[Repeal], list[str]]:
    """The versions with their dates and repeals, in the order of ``laws``; the clauses that repeal
    laws which the source does not hold; and the doubts."""
    corrections = read_corrections()
    texts: dict[str, list[RawArticle]] = {}
    for article in raw:
        texts.setdefault(article.law, []).append(article)
    source = f"{provenance.package} {provenance.version}"
    versions = [_version(law, texts.get(law.key, []), source) for law in laws]
    reform_days = {
        (target, v.version_date): start(v)
        for v in versions
        if v.kind in REFORM_KINDS and (target := amended_law(v.law))
    }
    versions = [
        _with_corrections(
            _with_reform(v, reform_days.get((v.law, v.version_date))),
            corrections.get((v.law, v.version_date), {}),
        )
        for v in versions
    ]
    _check_corrections_used(corrections, versions)
    clauses = _repeals(laws, versions, texts)
    doubts: list[str] = []
    judged = []
    for law, version in zip(laws, versions, strict=True):
        repeal = next(
            (c for c in clauses.get(version.law, ()) if version.version_date < c.day), None
        )
        disregard = "flag" in corrections.get((version.law, version.version_date), {})
        if repeal:
            version = replace(version, repealed=repeal.day, repealed_by=repeal.by)
        elif law.flag == _FLAG_REPEALED:
            doubts.append(f"{version.law}（{version.version_date}）标为已废止，库内无废止条款")
            if not disregard:
                note = " ".join(filter(None, (version.note, _FLAG_NOTE)))
                version = replace(version, repealed_by=FLAG_ONLY, note=note)
        judged.append(version)
    held = {version.law for version in versions}
    elsewhere = [group[0] for law, group in sorted(clauses.items()) if law not in held]
    return _with_first_commencement(judged), elsewhere, doubts


def _with_first_commencement(versions: list[Version]) -> list[Version]:
    """A law's commencement is the earliest that any of its versions tells."""
    first: dict[str, date] = {}
    for version in versions:
        if version.commenced:
            first[version.law] = min(version.commenced, first.get(version.law, version.commenced))
    return [replace(version, commenced=first.get(version.law)) for version in versions]


def _version(law: RawLaw, articles: list[RawArticle], source: str) -> Version:
    try:
        version_date, published = (
            date.fromisoformat(law.version_date),
            date.fromisoformat(law.published),
        )
        commenced = date.fromisoformat(law.effective) if law.effective else None
    except ValueError as error:
        raise CorpusError(f"数据源损坏：{law.name} 的日期不对（{error}）") from error
    stated = next(
        (
            day
            for record in reversed(articles[-3:])
            if (day := stated_commencement(record.text, published))
        ),
        None,
    )
    return Version(
        id=f"{law.name}@{version_date}",
        law=law.name,
        short=short_name(law.name),
        level=_level(law),
        kind=_kind(law),
        issuer=law.issuer,
        region=None,
        version_date=version_date,
        published=published,
        commenced=commenced,
        effective=wording_effective(version_date, commenced, stated, None),
        repealed=None,
        repealed_by=None,
        note=None,
        source=source,
    )


def _level(law: RawLaw) -> Level:
    if law.level == "宪法":
        return Level.CONSTITUTION
    return Level.INTERPRETATION if law.doc_type == "立法解释" else Level.STATUTE


def _kind(law: RawLaw) -> str:
    if law.doc_type in ("立法解释", "修正案", "修改决定"):
        return law.doc_type
    if amended_law(law.name):
        return "修正案"
    return "决定" if law.name.endswith(("的决定", "的决议")) else law.doc_type


def _with_reform(version: Version, day: date | None) -> Version:
    """The wording's commencement is that of the amending document of the same date."""
    if day is None or version.kind in REFORM_KINDS:
        return version
    # a source date that only repeats the adoption is not the law's first commencement
    commenced = None if version.commenced == version.version_date else version.commenced
    return replace(version, commenced=commenced, effective=day)


def _with_corrections(version: Version, entries: dict[str, Correction]) -> Version:
    for field, entry in entries.items():
        if field == "commenced":
            version = replace(version, commenced=entry.value)
        elif field == "effective":
            version = replace(version, effective=entry.value)
        if entry.note:
            version = replace(version, note=" ".join(filter(None, (version.note, entry.note))))
    return version


def _check_corrections_used(
    corrections: dict[tuple[str, date], dict[str, Correction]], versions: list[Version]
) -> None:
    known = {(v.law, v.version_date) for v in versions}
    for key, entries in corrections.items():
        if key not in known:
            for entry in entries.values():
                entry.row.fail(
                    f"库内没有《{entry.law}》{entry.version} 版本", "请核对法律全称和通过日期"
                )


def _repeals(
    laws: list[RawLaw], versions: list[Version], texts: dict[str, list[RawArticle]]
) -> dict[str, list[Repeal]]:
    """Repealing clauses by the law they name, earliest first."""
    found: dict[str, set[Repeal]] = {}
    for law, version in zip(laws, versions, strict=True):
        # an amended law repeats the clause of its first wording: it worked on its first day
        day = min(d for d in (version.commenced, start(version)) if d)
        for record in texts.get(law.key, []):
            if "废止" in record.text:
                by = f"{version.law}{record.number}"
                for repeal in repeals(by, version.law, record.text, day):
                    found.setdefault(repeal.law, set()).add(repeal)
    return {law: sorted(group, key=lambda c: (c.day, c.by)) for law, group in found.items()}
