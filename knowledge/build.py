"""Sources → ``knowledge.db``: one SQLite file, written aside and moved into place.

The build is deterministic: the same source, data files and code give the same content hash. What
a build depends on is its *key*; :func:`ensure` rebuilds only when the key differs.
"""

from __future__ import annotations

import hashlib
import json
import os
import sqlite3
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing, suppress
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import sqlite_utils

from errors import CorpusError
from knowledge.articles import Article, Version
from knowledge.cleaning import Change, Record, clean
from knowledge.corpus import SCHEMA
from knowledge.corrections import CORRECTIONS
from knowledge.dating import judge_versions
from knowledge.derived import with_amendments
from knowledge.imports import imports_hash, join, read_imported
from knowledge.sources.statutes import StatutePackage
from knowledge.versions import Repeal

CODE = 2  # raise when the same sources give different rows

Progress = Callable[[int, int], None]  # articles written so far, articles in all


@dataclass(frozen=True, slots=True)
class BuildReport:
    """What a build did; ``doubts`` are places where the source contradicts the computed truth."""

    path: Path
    laws: int
    versions: int
    articles: int
    hash: str
    doubts: tuple[str, ...]
    rebuilt: bool = True

    def __str__(self) -> str:
        did = "已建立" if self.rebuilt else "已是最新"
        doubts = f"，数据源存疑 {len(self.doubts)} 处" if self.doubts else ""
        return (
            f"知识库{did}：{self.laws} 部法律、{self.versions} 个版本、{self.articles} 条{doubts}"
            f"（{self.path}）"
        )


@dataclass(frozen=True, slots=True)
class Assembly:
    """Everything that a build writes, before it is written.

    ``articles`` come in the order of their ids, each with its occurrence number; ``changes`` are
    the repairs of the source's text, ``doubts`` where the source contradicts the computed truth.
    """

    versions: tuple[Version, ...]
    articles: tuple[tuple[Article, int], ...]
    repeals: tuple[Repeal, ...]
    doubts: tuple[str, ...]
    changes: tuple[Change, ...]


def assemble(package: StatutePackage, home: Path | None = None) -> Assembly:
    """Read, repair, date, merge and number: all stages of a build but the writing.

    Args:
        package: the source.
        home: ``PUFA_HOME``, whose imported laws are added; none without it.

    Raises:
        CorpusError: the source is missing or damaged.
        DataError: ``corrections.toml`` or an imported law is wrong.
    """
    laws, raw = package.laws(), package.articles()
    cleaned = clean(laws, raw)
    versions, repeals, doubts = judge_versions(laws, raw, package.provenance)
    keyed = {law.key: version for law, version in zip(laws, versions, strict=True)}
    joined = join(keyed, cleaned.records, repeals, read_imported(home) if home else ())
    derived = with_amendments(joined.records, joined.versions)
    articles = tuple(number_articles(derived.records, derived.versions))
    return Assembly(
        tuple(sorted(derived.versions.values(), key=lambda v: (v.law, v.version_date))),
        articles,
        joined.repeals,
        (*doubts, *derived.doubts),
        cleaned.changes,
    )


def build_key(package: StatutePackage, home: Path) -> str:
    """SHA-256 over everything that a build depends on, the laws imported to ``home`` included."""
    digest = hashlib.sha256()
    parts = (SCHEMA, CODE, package.provenance.sha256, package.version)
    digest.update(json.dumps(parts).encode())
    digest.update(CORRECTIONS.read_bytes() if CORRECTIONS.exists() else b"")
    digest.update(imports_hash(home).encode())
    return digest.hexdigest()


def ensure(path: Path, progress: Progress | None = None) -> BuildReport:
    """Build ``path`` only when it is missing, damaged or made from something else."""
    package = StatutePackage.installed()
    meta = _stored_meta(path)
    if meta.get("key") == build_key(package, path.parent) and meta.get("schema") == str(SCHEMA):
        return BuildReport(
            path,
            int(meta["laws"]),
            int(meta["versions"]),
            int(meta["articles"]),
            meta["hash"],
            tuple(json.loads(meta["doubts"])),
            rebuilt=False,
        )
    return build(path, progress)


def build(
    path: Path, progress: Progress | None = None, package: StatutePackage | None = None
) -> BuildReport:
    """Write ``knowledge.db`` at ``path``, replacing an older one in one step.

    Args:
        path: where the file goes, in ``PUFA_HOME``, whose imported laws are added; the folder is
            created.
        progress: told how many articles are written, of how many.
        package: the source; the installed package by default.

    Raises:
        CorpusError: the source is missing or damaged, or ``path`` cannot be written.
        DataError: ``corrections.toml`` is wrong.
    """
    tell = progress or (lambda _done, _total: None)
    package = package or StatutePackage.installed()
    made = assemble(package, path.parent)
    versions, articles = made.versions, made.articles
    digest = content_hash(articles)
    meta = {
        "schema": str(SCHEMA),
        "code": str(CODE),
        "key": build_key(package, path.parent),
        "hash": digest,
        "package": package.provenance.package,
        "package_version": package.provenance.version,
        "package_sha256": package.provenance.sha256,
        "corpus_date": max(v.published for v in versions).isoformat(),
        "laws": str(len({v.law for v in versions})),
        "versions": str(len(versions)),
        "articles": str(len(articles)),
        "doubts": json.dumps(made.doubts, ensure_ascii=False),
    }
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        aside = Path(name)
        try:
            _write(aside, versions, articles, made.repeals, meta, tell)
            aside.chmod(0o644)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except (OSError, sqlite3.Error) as error:
        raise CorpusError(f"知识库写不进 {path}：{error}") from error
    tell(len(articles), len(articles))
    return BuildReport(path, int(meta["laws"]), len(versions), len(articles), digest, made.doubts)


def content_hash(articles: Iterable[tuple[Article, int]]) -> str:
    """SHA-256 over what articles say: version id, number, occurrence, headings and text, in order.

    Dates, status and notes are left out on purpose: mending a date must not invalidate everything
    that is computed from the wording (the article vectors).
    """
    digest = hashlib.sha256()
    for article, occurrence in articles:
        parts = (article.version.id, article.number, occurrence, article.path, article.text)
        digest.update(json.dumps(parts, ensure_ascii=False).encode())
        digest.update(b"\n")
    return digest.hexdigest()


def number_articles(
    records: Iterable[Record], versions: Mapping[str, Version]
) -> Iterator[tuple[Article, int]]:
    """Articles with their place, by law name and version, in the source's order within a version.

    Yields each with its occurrence number: 1, or more for a number that repeats (decisions that
    quote treaty articles); none is dropped.
    """
    groups: dict[str, list[Record]] = {key: [] for key in versions}
    for record in records:
        if record.law not in groups:
            raise CorpusError(f"数据源损坏：条文“{record.number}”不属于任何法律")
        groups[record.law].append(record)
    position = 0
    for key in sorted(groups, key=lambda k: (versions[k].law, versions[k].version_date)):
        seen: Counter[str] = Counter()
        for ordinal, record in enumerate(groups[key]):
            seen[record.number] += 1
            yield (
                Article(
                    position,
                    versions[key],
                    record.number,
                    ordinal,
                    record.path,
                    record.text,
                    record.note,
                ),
                seen[record.number],
            )
            position += 1


def _write(
    path: Path,
    versions: Sequence[Version],
    articles: Sequence[tuple[Article, int]],
    repealed: Sequence[Repeal],
    meta: dict[str, str],
    tell: Progress,
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        db = sqlite_utils.Database(connection)
        ordered = sorted(versions, key=lambda v: (v.law, v.version_date))
        laws = {v.law: {"name": v.law, "short": v.short, "level": str(v.level)} for v in ordered}
        db.table("laws").insert_all(laws.values(), pk="name")
        db.table("versions").insert_all(
            (_version_row(v) for v in ordered),
            pk="id",
            columns={
                "commenced": str,
                "effective": str,
                "repealed": str,
                "repealed_by": str,
                "note": str,
                "region": str,
            },
            foreign_keys=[("law", "laws", "name")],
        )
        db.table("versions").create_index(["law", "version_date"], unique=True)
        db.table("articles").insert_all(
            (
                {
                    "id": article.id,
                    "version": article.version.id,
                    "number": article.number,
                    "occurrence": occurrence,
                    "ordinal": article.ordinal,
                    "path": json.dumps(article.path, ensure_ascii=False),
                    "text": article.text,
                    "note": article.note,
                }
                for article, occurrence in _counted(articles, tell)
            ),
            pk="id",
            columns={"note": str},
            foreign_keys=[("version", "versions", "id")],
        )
        db.table("articles").create_index(["version", "number", "occurrence"], unique=True)
        db.table("repeals").insert_all(
            ({"law": r.law, "by": r.by, "day": r.day.isoformat()} for r in repealed),
            pk="law",
            columns={"by": str, "day": str},
        )
        db.table("articles").enable_fts(["text"], tokenize="trigram")
        db.table("meta").insert_all(
            ({"key": key, "value": value} for key, value in sorted(meta.items())), pk="key"
        )
        connection.commit()


def _counted(
    articles: Sequence[tuple[Article, int]], tell: Progress
) -> Iterator[tuple[Article, int]]:
    """The same articles; ``tell`` hears of every thousandth. The last is told when all is done."""
    for count, pair in enumerate(articles):
        if count % 1000 == 0:
            tell(count, len(articles))
        yield pair


def _version_row(version: Version) -> dict[str, Any]:
    def iso(day: date | None) -> str | None:
        return day.isoformat() if day else None

    return {
        "id": version.id,
        "law": version.law,
        "level": str(version.level),
        "kind": version.kind,
        "issuer": version.issuer,
        "region": version.region,
        "version_date": version.version_date.isoformat(),
        "published": version.published.isoformat(),
        "commenced": iso(version.commenced),
        "effective": iso(version.effective),
        "repealed": iso(version.repealed),
        "repealed_by": version.repealed_by,
        "note": version.note,
        "source": version.source,
    }


def _stored_meta(path: Path) -> dict[str, str]:
    """The meta table of an existing file; empty when there is none that can be read."""
    if path.is_file():
        with (
            suppress(sqlite3.Error),
            closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)) as db,
        ):
            return dict(db.execute("SELECT key, value FROM meta"))
    return {}
