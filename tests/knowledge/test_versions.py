from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.articles import REPUBLIC, Status
from knowledge.corpus import Corpus
from knowledge.versions import (
    REFORM_KINDS,
    Repeal,
    amended_law,
    repeals,
    stated_commencement,
    wording_effective,
)

TODAY = date(2026, 11, 24)
NEW_YEAR = date(2027, 1, 1)
IN, AMENDED, COMING, REPEALED, HISTORICAL = (
    Status.IN_FORCE,
    Status.AMENDED,
    Status.NOT_YET_IN_FORCE,
    Status.REPEALED,
    Status.HISTORICAL,
)


@pytest.mark.parametrize(
    ("law", "day", "statuses"),
    [
        ("商标法", TODAY, [IN, COMING]),
        ("商标法", NEW_YEAR, [HISTORICAL, IN]),
        ("农业法", TODAY, [IN, COMING]),
        ("农业法", NEW_YEAR, [HISTORICAL, IN]),
        ("医疗保障法", TODAY, [COMING]),
        ("医疗保障法", NEW_YEAR, [IN]),
        ("耕地保护和质量提升法", date(2026, 12, 31), [COMING]),
        ("耕地保护和质量提升法", NEW_YEAR, [IN]),
        ("环境保护法", date(2026, 8, 14), [IN]),
        ("环境保护法", date(2026, 8, 15), [REPEALED]),
        ("噪声污染防治法", date(2026, 8, 14), [IN]),
        ("噪声污染防治法", TODAY, [REPEALED]),
        ("生态环境法典", date(2026, 8, 14), [COMING]),
        ("生态环境法典", date(2026, 8, 15), [IN]),
        ("宪法", TODAY, [HISTORICAL, IN]),
        ("宪法", date(1985, 1, 1), [IN, COMING]),
        ("监狱法", date(2026, 10, 31), [IN, COMING]),
        ("监狱法", date(2026, 11, 1), [HISTORICAL, IN]),
        ("刑法", date(2024, 2, 29), [IN, COMING]),
        ("刑法", date(2024, 3, 1), [HISTORICAL, IN]),
        ("农村土地承包法", TODAY, [IN]),
        ("农村土地承包法", NEW_YEAR, [IN]),
        ("乡镇企业法", TODAY, [REPEALED]),
        ("村民委员会组织法", date(2025, 12, 31), [COMING]),
        ("村民委员会组织法", date(2026, 1, 1), [IN]),
        ("网络安全法", date(2025, 12, 31), [COMING]),
        ("网络安全法", date(2026, 1, 1), [IN]),
        ("消费者权益保护法", TODAY, [IN]),
        ("消费者权益保护法", date(2013, 10, 24), [COMING]),
    ],
)
def test_status_as_of_a_day(corpus: Corpus, law: str, day: date, statuses: list[Status]) -> None:
    versions = corpus.versions_of(REPUBLIC + law)
    assert [corpus.status(version, day) for version in versions] == statuses


def test_an_amendment_that_is_not_merged_shows_as_such(unmerged: Corpus) -> None:
    (criminal,) = unmerged.versions_of(REPUBLIC + "刑法")
    assert unmerged.status(criminal, date(2024, 2, 29)) is IN
    assert unmerged.status(criminal, date(2024, 3, 1)) is AMENDED


@pytest.mark.parametrize(
    ("law", "commenced", "effective"),
    [
        ("消费者权益保护法", date(1994, 1, 1), None),
        ("村民委员会组织法", None, date(2026, 1, 1)),
        ("网络安全法", date(2017, 6, 1), date(2026, 1, 1)),
        ("食品安全法", date(2015, 10, 1), date(2025, 12, 1)),
        ("刑法", date(1997, 10, 1), date(2024, 3, 1)),
        ("中国人民银行法", date(1995, 3, 18), date(2004, 2, 1)),
        ("人民警察法", date(1995, 2, 28), date(2013, 1, 1)),
        ("集会游行示威法", date(1989, 10, 31), date(2009, 8, 27)),
        ("国务院组织法", date(1982, 12, 10), date(2024, 3, 11)),
        ("全国人民代表大会和地方各级人民代表大会选举法", None, None),
        ("全国人民代表大会和地方各级人民代表大会代表法", date(1992, 4, 3), None),
        ("台湾同胞投资保护法", date(1994, 3, 5), None),
        ("注册会计师法", date(1994, 1, 1), None),
        ("反食品浪费法", date(2021, 4, 29), date(2021, 4, 29)),
        ("环境保护税法", date(2018, 1, 1), date(2025, 10, 28)),
        ("民法典", date(2021, 1, 1), date(2021, 1, 1)),
        ("民事诉讼法", date(1991, 4, 9), date(2024, 1, 1)),
        ("宪法", date(1982, 12, 4), date(2018, 3, 11)),
        ("香港特别行政区基本法", date(1997, 7, 1), date(1997, 7, 1)),
    ],
)
def test_first_commencement_is_not_that_of_the_wording(
    corpus: Corpus, law: str, commenced: date | None, effective: date | None
) -> None:
    version = corpus.versions_of(REPUBLIC + law)[-1]
    assert (version.commenced, version.effective) == (commenced, effective)


def test_the_code_repeals_ten_acts_and_says_where(corpus: Corpus) -> None:
    by = "中华人民共和国生态环境法典第一千二百四十二条"
    repealed = [v for v in corpus.versions if v.repealed_by == by]
    assert len(repealed) == 10
    assert {v.repealed for v in repealed} == {date(2026, 8, 15)}


def test_a_doubtful_flag_is_a_note_not_a_status(corpus: Corpus) -> None:
    (land,) = corpus.versions_of(REPUBLIC + "农村土地承包法")
    assert land.repealed_by is None
    assert "存疑" in (land.note or "")
    (township,) = corpus.versions_of(REPUBLIC + "乡镇企业法")
    assert (township.repealed, township.note) == (None, "依据数据源标记，库内无废止条款。")
    assert any("农村土地承包法" in doubt for doubt in corpus.doubts)


def test_reform_texts_are_kinds_of_their_own(corpus: Corpus) -> None:
    kinds = {v.kind for v in corpus.versions if "修正案" in v.law or "关于修改" in v.law}
    assert kinds == set(REFORM_KINDS)
    reform = next(a for a in corpus.articles if a.version.kind == "修正案")
    assert not corpus.applies(reform, TODAY)


def test_version_on_prefers_what_applies_then_what_tells_most(corpus: Corpus) -> None:
    def year(law: str, day: date) -> int:
        version = corpus.version_on(REPUBLIC + law, day)
        assert version is not None
        return version.version_date.year

    assert year("商标法", TODAY) == 2019
    assert year("商标法", NEW_YEAR) == 2026
    assert year("医疗保障法", TODAY) == 2026
    assert year("环境保护法", TODAY) == 2014
    assert corpus.version_on("没有这部法", TODAY) is None


@settings(deadline=None)
@given(day=st.dates(date(1950, 1, 1), date(2040, 1, 1)))
def test_at_most_one_version_of_a_law_applies_on_any_day(corpus: Corpus, day: date) -> None:
    for law in corpus.laws:
        versions = corpus.versions_of(law)
        applying = [v for v in versions if corpus.status(v, day).applies]
        assert len(applying) <= 1
        assert all(
            corpus.status(v, day) is Status.HISTORICAL
            for v in versions
            if applying and v.version_date < applying[0].version_date
        )


def test_changes_ahead_are_listed_by_day(corpus: Corpus) -> None:
    changes = corpus.timeline.changes(TODAY, TODAY + timedelta(days=180))
    found = {(day, version.short, status) for day, version, status in changes}
    assert (NEW_YEAR, "商标法", Status.IN_FORCE) in found
    assert (NEW_YEAR, "商标法", Status.HISTORICAL) in found
    assert (NEW_YEAR, "医疗保障法", Status.IN_FORCE) in found
    assert corpus.timeline.changes(NEW_YEAR, NEW_YEAR + timedelta(days=30)) == []


@pytest.mark.parametrize(
    ("name", "law"),
    [
        ("中华人民共和国刑法修正案（十二）", "中华人民共和国刑法"),
        ("中华人民共和国刑法修正案", "中华人民共和国刑法"),
        ("中华人民共和国宪法修正案（2018年）", "中华人民共和国宪法"),
        (
            "全国人民代表大会常务委员会关于修改《中华人民共和国食品安全法》的决定",
            "中华人民共和国食品安全法",
        ),
        ("全国人民代表大会常务委员会关于设立台湾光复纪念日的决定", None),
        ("中华人民共和国刑法", None),
    ],
)
def test_what_an_amending_document_changes(name: str, law: str | None) -> None:
    assert amended_law(name) == law


def test_repealing_clauses_are_read_from_the_text() -> None:
    text = (
        "自2026年8月15日起施行。《甲法》、《乙法》同时废止。\n《丙法》继续有效。《丁法》予以废止。"
    )
    day = date(2026, 8, 15)
    found = list(repeals("新法第九条", "新法", text, day))
    assert found == [Repeal(law, "新法第九条", day) for law in ("甲法", "乙法", "丁法")]


def test_a_clause_that_names_its_own_law_means_an_older_act() -> None:
    assert list(repeals("工会法第一条", "工会法", "1950年的《工会法》同时废止。", TODAY)) == []


def test_stated_commencement() -> None:
    published = date(2020, 1, 2)
    assert stated_commencement("本法自2027年1月1日起施行。", published) == NEW_YEAR
    assert stated_commencement("本法自公布之日起施行。", published) == published
    assert stated_commencement("本法施行前…", published) is None
    assert stated_commencement("本法自2027年13月1日起施行。", published) is None


def test_the_amending_document_rules_the_wording_date() -> None:
    adopted, first = date(2025, 10, 28), date(2017, 6, 1)
    assert wording_effective(adopted, first, first, NEW_YEAR) == NEW_YEAR
    assert wording_effective(adopted, first, first, None) is None
    assert wording_effective(adopted, adopted, None, None) == adopted
    assert wording_effective(adopted, first, NEW_YEAR, None) == NEW_YEAR
