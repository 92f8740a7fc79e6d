"""The real statutes, held in memory: everything but the SQLite file, which test_build covers."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from knowledge.articles import Article
from knowledge.build import content_hash, number_articles
from knowledge.corpus import Corpus
from knowledge.dating import judge_versions
from knowledge.sources.statutes import StatutePackage


@pytest.fixture(scope="session")
def package() -> StatutePackage:
    return StatutePackage.installed()


@pytest.fixture(scope="session")
def corpus(package: StatutePackage) -> Corpus:
    laws, raw = package.laws(), package.articles()
    versions, repealed, doubts = judge_versions(laws, raw, package.provenance)
    by_key = {law.key: version for law, version in zip(laws, versions, strict=True)}
    articles = list(number_articles(raw, by_key))
    meta = {
        "hash": content_hash(articles),
        "package": package.provenance.package,
        "package_version": package.provenance.version,
        "package_sha256": package.provenance.sha256,
        "doubts": json.dumps(doubts, ensure_ascii=False),
    }
    ordered: list[Article] = [article for article, _ in articles]
    versions.sort(key=lambda v: (v.law, v.version_date))
    return Corpus(versions, ordered, meta, repealed)


@pytest.fixture
def edited(tmp_path: Path):  # type: ignore[no-untyped-def]
    """Write a data file that a person got wrong."""

    def write(name: str, text: str) -> Path:
        path = tmp_path / name
        path.write_text(text, encoding="utf-8")
        return path

    return write
