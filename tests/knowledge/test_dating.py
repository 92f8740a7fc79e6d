"""Dates and repeals of small made-up sources; the real one is in test_versions."""

from __future__ import annotations

from datetime import date

import pytest

from errors import CorpusError
from knowledge.build import number_articles
from knowledge.cleaning import Record
from knowledge.dating import judge_versions
from knowledge.sources.statutes import Provenance, RawArticle, RawLaw
from knowledge.versions import FLAG_ONLY

SOURCE = Provenance("test", "1", "0" * 64)


@pytest.fixture(autouse=True)
def no_corrections(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("knowledge.dating.read_corrections", dict)


def law(name: str, version: str, effective: str, flag: str = "现行有效") -> RawLaw:
    return RawLaw(
        f"{name}{version}", name, "法律", "法律", "人大", version, effective, version, flag, ""
    )


def clause(of: RawLaw, text: str) -> RawArticle:
    return RawArticle(of.key, "", "", "第九条", text)


def test_a_clause_ends_only_what_was_there_before_it() -> None:
    code = law("新法", "2010-01-01", "2010-06-01")
    old, later = law("旧法", "2000-01-01", "2000-01-01"), law("旧法", "2020-01-01", "2020-01-01")
    laws = [code, old, later]
    versions, elsewhere, doubts = judge_versions(
        laws, [clause(code, "本法自2010年6月1日起施行，《旧法》、《外法》同时废止。")], SOURCE
    )
    assert [v.repealed for v in versions] == [None, date(2010, 6, 1), None]
    assert versions[1].repealed_by == "新法第九条"
    assert [(r.law, r.by) for r in elsewhere] == [("外法", "新法第九条")]
    assert doubts == []


def test_an_amended_law_repeats_the_clause_of_its_first_day() -> None:
    code, old = law("新法", "2020-01-01", "1999-01-01"), law("旧法", "1990-01-01", "1990-01-01")
    versions, _, _ = judge_versions([code, old], [clause(code, "《旧法》同时废止。")], SOURCE)
    assert versions[1].repealed == date(1999, 1, 1)
    assert (versions[0].commenced, versions[0].effective) == (date(1999, 1, 1), None)


def test_a_flag_without_a_clause_is_evidence_of_its_own_kind() -> None:
    versions, _, doubts = judge_versions([law("旧法", "1990-01-01", "", "已废止")], [], SOURCE)
    assert (versions[0].repealed, versions[0].repealed_by) == (None, FLAG_ONLY)
    assert doubts == ["旧法（1990-01-01）标为已废止，库内无废止条款"]


def test_repeated_numbers_are_counted_and_strays_refused() -> None:
    one = law("甲法", "2000-01-01", "2000-01-01")
    (version,), _, _ = judge_versions([one], [], SOURCE)
    records = [Record(one.key, "第九条", (), text) for text in "一二"]
    pairs = list(number_articles(records, {one.key: version}))
    assert [(a.id, a.ordinal, a.text, n) for a, n in pairs] == [(0, 0, "一", 1), (1, 1, "二", 2)]
    with pytest.raises(CorpusError, match="不属于任何法律"):
        list(number_articles([Record("乙法", "第九条", (), "三")], {one.key: version}))


def test_a_damaged_date_is_named() -> None:
    with pytest.raises(CorpusError, match="甲法"):
        judge_versions([law("甲法", "去年", "")], [], SOURCE)
