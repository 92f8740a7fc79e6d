"""The real statutes, held in memory: everything but the SQLite file, which test_build covers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest

from knowledge.build import Assembly, assemble, content_hash
from knowledge.corpus import Corpus
from knowledge.sources.statutes import StatutePackage


@pytest.fixture(scope="session")
def package() -> StatutePackage:
    return StatutePackage.installed()


@pytest.fixture(scope="session")
def assembly(package: StatutePackage) -> Assembly:
    return assemble(package)


@pytest.fixture(scope="session")
def corpus(package: StatutePackage, assembly: Assembly) -> Corpus:
    meta = {
        "hash": content_hash(assembly.articles),
        "package": package.provenance.package,
        "package_version": package.provenance.version,
        "package_sha256": package.provenance.sha256,
        "doubts": json.dumps(assembly.doubts, ensure_ascii=False),
    }
    articles = [article for article, _ in assembly.articles]
    return Corpus(assembly.versions, articles, meta, assembly.repeals)


@pytest.fixture(scope="session")
def unmerged(package: StatutePackage, assembly: Assembly) -> Corpus:
    """The corpus as it would be if 修正案（十二） could not be merged into 刑法."""
    derived = "中华人民共和国刑法@2023-12-29"
    kept = [article for article, _ in assembly.articles if article.version.id != derived]
    meta = {
        "hash": "",
        "package": package.provenance.package,
        "package_version": package.provenance.version,
        "package_sha256": package.provenance.sha256,
    }
    return Corpus(
        [version for version in assembly.versions if version.id != derived],
        [replace(article, id=id_) for id_, article in enumerate(kept)],
        meta,
        assembly.repeals,
    )


@pytest.fixture
def edited(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write a data file that a person got wrong."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
