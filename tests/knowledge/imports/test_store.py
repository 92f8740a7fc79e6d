"""Importing: preview, all or nothing, history, and the day on which a version applies."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from errors import CorpusError, ImportRefused, UsageError
from knowledge import build
from knowledge.articles import Level, Status, Version
from knowledge.cleaning import Record
from knowledge.corpus import Corpus
from knowledge.imports import Overrides, import_paths, imports_hash, join, read_imported, refusal
from knowledge.imports.store import version_path
from knowledge.versions import Repeal, Timeline
from tests.knowledge.imports.samples import COUNTY_LAW, OVERRIDES, read_markdown, read_text

TODAY = date(2026, 11, 24)
CONSUMER = "中华人民共和国消费者权益保护法"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    return tmp_path / "home"


@pytest.fixture
def law(tmp_path: Path) -> Path:
    path = tmp_path / "条例.txt"
    path.write_text(COUNTY_LAW, encoding="gb18030")
    return path


def files(home: Path) -> list[str]:
    return sorted(p.relative_to(home).as_posix() for p in home.rglob("*") if p.is_file())


def test_a_preview_writes_nothing(law: Path, home: Path) -> None:
    (preview,) = import_paths([law], home, dry_run=True, today=TODAY)
    assert not home.exists()
    assert not preview.written
    text = str(preview)
    assert "《青山县物业管理条例》　地方性法规　青山县" in text
    assert "通过：2024-01-05　公布：2024-01-10　施行：2024-03-01" in text
    assert "5 条，1 个附件" in text
    assert "结果：可以导入：新增一部法规" in text
    told = json.loads(json.dumps(preview.to_json()))
    assert (told["law"], told["articles"], told["annexes"], told["action"]) == (
        "青山县物业管理条例",
        5,
        1,
        "new_law",
    )
    assert told["headings"] == ["第一章 总则", "第二章 业主", "第三章 附则"]


def test_importing_twice_changes_nothing(law: Path, home: Path) -> None:
    (first,) = import_paths([law], home, today=TODAY)
    assert first.written
    assert files(home) == ["laws/青山县物业管理条例/2024-01-05.md"]
    assert first.target is not None
    before = first.target.stat()
    assert stat.S_IMODE(before.st_mode) == 0o644
    (again,) = import_paths([law], home, today=TODAY)
    assert (again.action, again.written) == ("unchanged", False)
    assert first.target.stat().st_mtime_ns == before.st_mtime_ns


def test_the_stored_file_can_be_imported_and_edited(law: Path, home: Path) -> None:
    (first,) = import_paths([law], home, today=TODAY)
    assert first.target is not None
    (again,) = import_paths([first.target], home, today=TODAY)
    assert again.action == "unchanged"
    key = imports_hash(home)
    text = first.target.read_text(encoding="utf-8")
    first.target.write_text(text.replace("环境卫生", "环境清洁"), encoding="utf-8")
    assert "环境清洁" in read_imported(home)[0].document.units[1].text
    assert imports_hash(home) != key
    first.target.write_text(text.replace("**第二条**", "**第一条**"), encoding="utf-8")
    with pytest.raises(ImportRefused, match="第一条重复") as caught:
        read_imported(home)
    assert caught.value.line is not None
    assert str(first.target) in str(caught.value)


def test_a_newer_version_keeps_the_older_one(law: Path, home: Path) -> None:
    import_paths([law], home, today=TODAY)
    newer = Overrides(adopted="2026-10-01", published="2026-10-08", effective="2027-01-01")
    (preview,) = import_paths([law], home, newer, today=TODAY)
    assert preview.action == "new_version"
    assert "（尚未施行）" in str(preview)
    assert [i.document.adopted.year for i in read_imported(home)] == [2024, 2026]
    (fixed,) = import_paths([law], home, replace(newer, published="2026-10-09"), today=TODAY)
    assert (fixed.action, fixed.written) == ("replace", True)
    assert len(files(home)) == 2


def test_one_refused_file_stops_all(law: Path, home: Path, tmp_path: Path) -> None:
    broken = tmp_path / "broken.txt"
    broken.write_text(COUNTY_LAW.replace("第三条　", "第二条　")[2:], encoding="utf-8")
    previews = import_paths([law, broken, tmp_path / "absent.md"], home, today=TODAY)
    assert [len(p.errors) for p in previews] == [0, 1, 1]
    assert not any(p.written for p in previews)
    assert files(home) == [] if home.exists() else True
    error = refusal(previews)
    assert error is not None
    assert "第二条重复" in str(error)
    assert "broken.txt:" in str(error)


def test_warnings_have_to_be_accepted(law: Path, home: Path) -> None:
    law.write_text(COUNTY_LAW.replace("第四条　", "第五条　"), encoding="utf-8")
    previews = import_paths([law], home, today=TODAY)
    assert not previews[0].written
    assert "加 --accept" in str(refusal(previews))
    assert refusal(previews, accept=True) is None
    (accepted,) = import_paths([law], home, accept=True, today=TODAY)
    assert accepted.written


def test_missing_metadata_says_what_to_add(home: Path, tmp_path: Path) -> None:
    path = tmp_path / "law.md"
    path.write_text("# 青山县条例\n\n第一条 甲。\n", encoding="utf-8")
    (preview,) = import_paths([path], home, today=TODAY)
    (problem,) = preview.errors
    assert "缺少效力位阶、制定机关、通过（或最近一次修改）日期、公布日期、施行日期" in problem.text
    assert "--level 地方性法规 --issuer" in problem.mend
    (preview,) = import_paths([path], home, OVERRIDES, today=TODAY)
    assert preview.written


def test_flags_win_over_the_document() -> None:
    reading = read_text(COUNTY_LAW, Overrides(region="青山省青山县", effective="2024-04-01"))
    assert reading.document.region == "青山省青山县"
    assert reading.document.effective == date(2024, 4, 1)
    with pytest.raises(UsageError, match="--level 不能是 '县规'"):
        read_text(COUNTY_LAW, Overrides(level="县规"))
    with pytest.raises(UsageError, match="--adopted 不是日期"):
        read_text(COUNTY_LAW, Overrides(adopted="2024-2-31"))


@pytest.mark.parametrize(
    ("change", "problem"),
    [
        ({"published": "2023-01-01"}, "公布日期 2023-01-01 早于通过日期"),
        ({"effective": "2023-01-01"}, "施行日期 2023-01-01 早于本文本的通过日期"),
        ({"level": "行政法规"}, "行政法规适用全国，不应写地区"),
        ({"name": "../../etc/条例"}, "不能用"),
        ({"name": ".条例"}, "不能用"),
        ({"name": "law"}, "不能用"),
    ],
)
def test_impossible_metadata(change: dict[str, str], problem: str) -> None:
    reading = read_text(COUNTY_LAW, replace(OVERRIDES, **change))
    assert any(problem in p.text for p in reading.problems)


def test_dates_that_no_calendar_has() -> None:
    reading = read_text(COUNTY_LAW.replace("2024年1月5日", "2024年13月5日"), OVERRIDES)
    assert any("“2024年13月5日”不存在" in p.text for p in reading.problems)


def test_names_never_leave_the_folder(home: Path) -> None:
    document = read_text(COUNTY_LAW).document
    for name in ("../../条例", "/etc/条例", "条例\\..\\..", "条例" * 100, "...", "条例:*?"):
        path = version_path(home, replace(document, name=name))
        assert path.resolve().is_relative_to(home / "laws")
        assert path.parent.parent == home / "laws"
        assert len(path.parent.name.encode()) < 255


def test_a_folder_that_cannot_be_written(law: Path, home: Path) -> None:
    home.mkdir()
    (home / "laws").write_text("a file")
    with pytest.raises(CorpusError, match="写不进"):
        import_paths([law], home, today=TODAY)
    assert files(home) == ["laws"]


def test_no_scrap_is_left_behind(law: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    import_paths([law], home, today=TODAY)
    kept = {name: (home / name).read_bytes() for name in files(home)}
    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(CorpusError, match="No space"):
        import_paths([law], home, Overrides(effective="2024-05-01"), today=TODAY)
    assert {name: (home / name).read_bytes() for name in files(home)} == kept


def test_a_version_is_replaced_in_one_step(law: Path, home: Path) -> None:
    (first,) = import_paths([law], home, today=TODAY)
    assert first.target is not None
    with first.target.open(encoding="utf-8") as reader:  # a build that is reading meanwhile
        import_paths([law], home, Overrides(effective="2024-05-01"), today=TODAY)
        assert "effective = 2024-03-01" in reader.read()
    assert "effective = 2024-05-01" in first.target.read_text(encoding="utf-8")


def test_the_same_version_twice_in_one_call(law: Path, home: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.txt"
    other.write_text(COUNTY_LAW, encoding="utf-8")
    previews = import_paths([law, other], home, today=TODAY)
    assert "同一部法规的同一版本" in str(refusal(previews))
    assert not home.exists()


def test_a_name_nearly_that_of_a_known_law_is_asked_about(law: Path, home: Path) -> None:
    known = [(CONSUMER, date(2013, 10, 25))]
    given = replace(OVERRIDES, name="消费者权益保护法", level="法律", region=None)
    (preview,) = import_paths([law], home, replace(given, region="全国"), today=TODAY, known=known)
    assert any(f"--name {CONSUMER}" in p.mend for p in preview.warnings)
    (preview,) = import_paths(
        [law], home, replace(given, name=CONSUMER, region="全国"), today=TODAY, known=known
    )
    assert preview.action == "new_version"


# --- beside the package's laws -------------------------------------------------------------------


def package_version(**change: object) -> Version:
    base = Version(
        id=f"{CONSUMER}@2013-10-25",
        law=CONSUMER,
        short="消费者权益保护法",
        level=Level.STATUTE,
        kind="法律",
        issuer="全国人民代表大会常务委员会",
        region=None,
        version_date=date(2013, 10, 25),
        published=date(2013, 10, 25),
        commenced=date(1994, 1, 1),
        effective=date(2014, 3, 15),
        repealed=None,
        repealed_by=None,
        note=None,
        source="package 1",
    )
    return replace(base, **change)  # type: ignore[arg-type]


def imported(home: Path, name: str, body: str, **change: str | None) -> None:
    path = home.parent / f"{name}.md"
    path.write_text(f"# {name}\n\n{body}\n", encoding="utf-8")
    previews = import_paths([path], home, replace(OVERRIDES, **change), today=TODAY, accept=True)
    assert refusal(previews, accept=True) is None, previews


def test_a_future_version_applies_on_its_day(home: Path) -> None:
    imported(
        home,
        CONSUMER,
        "第一条 新的条文。",
        level="法律",
        issuer="全国人民代表大会常务委员会",
        region="全国",
        adopted="2026-10-01",
        published="2026-10-01",
        effective="2027-01-01",
    )
    old = package_version()
    joined = join({"k": old}, [Record("k", "第一条", (), "旧。")], [], read_imported(home))
    timeline = Timeline(joined.versions.values())
    new = joined.versions[f"{CONSUMER}@2026-10-01"]
    assert new.source == f"导入文件 laws/{CONSUMER}/2026-10-01.md"
    assert new.commenced == date(1994, 1, 1)
    assert timeline.on(CONSUMER, date(2026, 12, 31)) == old
    assert timeline.status(new, date(2026, 12, 31)) is Status.NOT_YET_IN_FORCE
    assert timeline.on(CONSUMER, date(2027, 1, 1)) == new
    assert timeline.status(old, date(2027, 1, 1)) is Status.HISTORICAL
    assert [(r.law, r.text) for r in joined.records] == [
        ("k", "旧。"),
        (new.id, "新的条文。"),
    ]


def test_the_same_version_replaces_that_of_the_package(home: Path) -> None:
    imported(
        home,
        CONSUMER,
        "第一条 改正的条文。",
        level="法律",
        region="全国",
        adopted="2013-10-25",
        published="2013-10-25",
        effective="2014-03-15",
    )
    joined = join(
        {"k": package_version()}, [Record("k", "第一条", (), "误。")], [], read_imported(home)
    )
    assert [r.text for r in joined.records] == ["改正的条文。"]
    assert list(joined.versions) == [f"{CONSUMER}@2013-10-25"]


def test_repeals_work_both_ways_but_never_upwards(home: Path) -> None:
    clause = f"第二条 《青山县卫生办法》和《{CONSUMER}》同时废止，《外县条例》同时废止。"
    imported(home, "青山县卫生条例", f"第一条 甲。\n\n{clause}")
    imported(
        home,
        "青山县卫生办法",
        "第一条 甲。",
        adopted="2010-01-01",
        published="2010-01-01",
        effective="2010-02-01",
    )
    imported(
        home,
        "青山县环保条例",
        "第一条 甲。",
        adopted="2012-01-01",
        published="2012-01-01",
        effective="2012-02-01",
    )
    elsewhere = [Repeal("青山县环保条例", "某法第九条", date(2020, 1, 1))]
    joined = join({"k": package_version()}, [], elsewhere, read_imported(home))
    by_law = {v.law: v for v in joined.versions.values()}
    assert by_law["青山县卫生办法"].repealed == date(2024, 3, 1)
    assert by_law["青山县卫生办法"].repealed_by == "青山县卫生条例第二条"
    assert by_law["青山县环保条例"].repealed_by == "某法第九条"
    assert by_law[CONSUMER].repealed is None
    assert [r.law for r in joined.repeals] == ["外县条例"]


def test_nothing_imported_changes_nothing(home: Path) -> None:
    versions = {"k": package_version()}
    records = [Record("k", "第一条", (), "甲。")]
    joined = join(versions, records, [], read_imported(home))
    assert (joined.versions, joined.records, joined.repeals) == (versions, tuple(records), ())


def test_a_repeal_can_be_written_into_the_file() -> None:
    text = (
        "+++\nname = '青山县条例'\nlevel = '地方性法规'\nissuer = '青山县人大'\nregion = '青山县'\n"
        "adopted = 2024-01-05\npublished = 2024-01-10\neffective = 2024-03-01\n"
        "repealed = 2026-01-01\nrepealed_by = '青山县人大常委会公告第3号'\n+++\n第一条 甲。\n"
    )
    reading = read_markdown(text)
    assert reading.problems == ()
    assert reading.document.repealed == date(2026, 1, 1)


@pytest.mark.slow
def test_the_build_takes_imported_laws_in(law: Path, home: Path) -> None:
    """Imported, built, imported anew, rebuilt: the whole way with the real package."""
    path = home / "knowledge.db"
    import_paths([law], home, today=TODAY)
    assert build.ensure(path).rebuilt
    assert not build.ensure(path).rebuilt
    corpus = Corpus.open(path)
    (version,) = corpus.versions_of("青山县物业管理条例")
    assert (version.level, version.region) == (Level.LOCAL_REGULATION, "青山县")
    assert corpus.status(version, TODAY) is Status.IN_FORCE
    article = corpus.find(version, "第三条之一")
    assert article is not None
    assert (article.text, article.path) == ("业主可以自行管理物业。", ("第二章 业主",))
    assert len(corpus.laws) > 300
    import_paths([law], home, Overrides(effective="2027-03-01"), today=TODAY)
    assert build.ensure(path).rebuilt
    corpus = Corpus.open(path)
    (version,) = corpus.versions_of("青山县物业管理条例")
    assert corpus.status(version, TODAY) is Status.NOT_YET_IN_FORCE
