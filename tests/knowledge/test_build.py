from __future__ import annotations

import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from errors import CorpusError, CorpusMissing
from knowledge import build
from knowledge.corpus import Corpus
from knowledge.corrections import CORRECTIONS
from knowledge.sources.statutes import StatutePackage

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("knowledge") / "deep" / "knowledge.db"
    assert build.ensure(path).rebuilt
    return path


def dump(path: Path) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as db:
        tables = ("laws", "versions", "articles", "repeals", "meta")
        return [row for t in tables for row in db.execute(f"SELECT * FROM {t} ORDER BY 1")]


def test_the_file_holds_what_the_source_says(built: Path, corpus: Corpus) -> None:
    stored = Corpus.open(built)
    assert stored.hash == corpus.hash
    assert stored.versions == corpus.versions
    assert stored.articles == corpus.articles
    assert stored.provenance == corpus.provenance
    assert stored.doubts == corpus.doubts


def test_the_same_source_gives_the_same_rows(built: Path, tmp_path: Path) -> None:
    told: list[tuple[int, int]] = []
    again = tmp_path / "again.db"
    report = build.build(again, lambda done, total: told.append((done, total)))
    assert dump(again) == dump(built)
    assert told[0] == (0, report.articles)
    assert told[-1] == (report.articles, report.articles)
    assert told == sorted(told)
    assert [p.name for p in tmp_path.iterdir()] == ["again.db"]


def test_a_second_start_builds_nothing_and_a_changed_key_does(
    built: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = built.stat().st_ino
    report = build.ensure(built)
    assert str(report).startswith(
        "知识库已是最新：367 部法律、379 个版本、26738 条，数据源存疑 4 处"
    )
    assert (report.rebuilt, built.stat().st_ino) == (False, before)
    other = tmp_path / "corrections.toml"
    other.write_text(CORRECTIONS.read_text(encoding="utf-8") + "\n# edited\n", "utf-8")
    monkeypatch.setattr("knowledge.build.CORRECTIONS", other)
    assert build.ensure(built).rebuilt


def test_a_failed_build_keeps_the_old_file(built: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = built.read_bytes()

    def broken(*_args: object) -> None:
        raise sqlite3.OperationalError("disk full")

    monkeypatch.setattr(build, "_write", broken)
    with pytest.raises(CorpusError, match="disk full"):
        build.build(built)
    assert built.read_bytes() == before
    assert [p.name for p in built.parent.iterdir()] == [built.name]


def test_a_missing_damaged_or_foreign_file_is_refused_in_one_sentence(
    built: Path, tmp_path: Path
) -> None:
    with pytest.raises(CorpusMissing, match="corpus build"):
        Corpus.open(tmp_path / "none.db")
    torn = tmp_path / "torn.db"
    torn.write_bytes(built.read_bytes()[:200_000])
    with pytest.raises(CorpusError, match="corpus build"):
        Corpus.open(torn)
    text = tmp_path / "text.db"
    text.write_text("not a database" * 100)
    with pytest.raises(CorpusError, match="corpus build"):
        Corpus.open(text)
    older = tmp_path / "older.db"
    older.write_bytes(built.read_bytes())
    with closing(sqlite3.connect(older)) as db, db:
        db.execute("UPDATE meta SET value = '0' WHERE key = 'schema'")
    with pytest.raises(CorpusError, match="格式"):
        Corpus.open(older)
    assert build.ensure(torn).rebuilt


def test_full_text_search_is_shared_by_threads(built: Path) -> None:
    stored = Corpus.open(built)

    def ask(_: int) -> list[str]:
        found = stored.full_text_search(["信息网络", "支付结算", "明知"], 3)
        return [article.citation for article in found]

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(ask, range(40)))
    assert all(answer == answers[0] for answer in answers)
    assert "中华人民共和国刑法第二百八十七条之二" in answers[0]
    assert stored.full_text_search(['犯罪" OR "x'], 3) == ()
    before = [a.id for a in stored.full_text_search(["消费者协会", "投诉"], 5)]
    assert before
    assert all("投诉" in stored.article(id_).text for id_ in before)


def test_the_reader_cannot_write(built: Path, package: StatutePackage) -> None:
    stored = Corpus.open(built)
    with pytest.raises(sqlite3.OperationalError, match="readonly"):
        stored._connection().execute("DELETE FROM articles")
    assert package.provenance.sha256 == stored.provenance.sha256
