"""The corpus check: passes on the shipped corpus, and sees each kind of defect."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.acknowledged import ACKNOWLEDGED, read_acknowledged
from knowledge.articles import REPUBLIC, Article, Level, Version
from knowledge.audit import Report, audit
from knowledge.audit_report import render_markdown, render_text
from knowledge.audit_texts import version_findings
from knowledge.build import Assembly
from knowledge.consolidation import Verdict
from knowledge.corpus import Corpus
from knowledge.findings import Topic
from knowledge.sources.statutes import StatutePackage

Write = Callable[[str, str], Path]
DOCUMENT = ACKNOWLEDGED.parents[1] / "docs" / "corpus-check.md"
DAY = date(2020, 1, 1)

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(corpus: Corpus, package: StatutePackage) -> Report:
    return audit(corpus, package)


def test_the_shipped_corpus_passes(report: Report) -> None:
    assert report.unacknowledged == ()
    assert len(report.tallies) == len(report.corpus.versions)
    counted = sum(tally.articles + tally.annexes for tally in report.tallies)
    assert counted == len(report.corpus.articles)


def test_the_known_defects_are_in_it(report: Report) -> None:
    keys = {finding.key: finding.reason for finding in report.findings}
    code = f"{REPUBLIC}生态环境法典@2026-03-12"
    land = f"flag:{REPUBLIC}农村土地承包法（2018-12-29）"
    assert f"gap:{code}:第一千一百二十条" in keys
    assert f"gap:{code}:第一千二百零一条" in keys
    assert "不采信" in (keys[land] or "")
    assert f"effective:{REPUBLIC}注册会计师法@2026-06-26" in keys
    assert f"amendment:{REPUBLIC}宪法修正案（2018年）:序言" in keys
    whole = [f for f in report.findings if f.topic is Topic.WHOLE]
    assert len(whole) == 25
    assert not any(f"{REPUBLIC}刑法修正案（十二）" in key for key in keys)
    assert report.amendments[REPUBLIC + "刑法"][Verdict.MISSING] == 0


def test_figures_of_a_law(report: Report) -> None:
    by_id = {tally.version.id: tally for tally in report.tallies}
    criminal = by_id[f"{REPUBLIC}刑法@2023-12-29"]
    assert (criminal.articles, criminal.annexes, criminal.last) == (505, 2, 452)
    assert criminal.inserted == 53
    constitution = by_id[f"{REPUBLIC}宪法@2018-03-11"]
    assert (constitution.articles, constitution.last, constitution.annexes) == (143, 143, 0)


def test_the_document_in_docs_is_up_to_date(report: Report) -> None:
    """After a change of the source, the rules or the acknowledgements run
    ``python bot.py corpus check --markdown docs/corpus-check.md``."""
    assert DOCUMENT.read_text(encoding="utf-8") == render_markdown(report)


def test_reports_do_not_depend_on_the_day_or_the_order(
    report: Report, corpus: Corpus, package: StatutePackage
) -> None:
    again = audit(corpus, package)
    assert render_markdown(again) == render_markdown(report)
    text = render_text(report)
    assert text == render_text(again)
    assert "检查通过" in text
    assert "民法典（2020-05-28，尚未施行）" not in text
    assert "商标法（2026-06-26，尚未施行）" in text
    assert "第一千一百二十条" in text


def test_what_nobody_acknowledged_fails_and_says_how_to_mend(
    corpus: Corpus, package: StatutePackage, edited: Write
) -> None:
    key = f"gap:{REPUBLIC}生态环境法典@2026-03-12:第一千一百二十条"
    text = ACKNOWLEDGED.read_text(encoding="utf-8")
    assert key in text
    report = audit(corpus, package, [edited("a.toml", text.replace(key, "gap:甲法:第一条"))])
    assert [finding.key for finding in report.unacknowledged] == [key, "stale:gap:甲法:第一条"]
    for rendered in (render_text(report), render_markdown(report)):
        assert "检查未通过：2 处未确认" in rendered
        assert f"`{key}`" in rendered
        assert "acknowledged.toml" in rendered


def test_a_county_adds_its_own_acknowledgements(
    corpus: Corpus, package: StatutePackage, edited: Write
) -> None:
    own = edited(
        "own.toml", '[[acknowledged]]\nkeys = ["gap:本县条例:第三条"]\nreason = "原文如此"\n'
    )
    report = audit(corpus, package, [ACKNOWLEDGED, own])
    assert [finding.key for finding in report.unacknowledged] == ["stale:gap:本县条例:第三条"]


def test_an_amendment_that_is_not_merged_fails_the_check(
    unmerged: Corpus, package: StatutePackage
) -> None:
    report = audit(unmerged, package)
    missing = [f.key for f in report.unacknowledged if f.topic is Topic.AMENDMENT]
    assert len(missing) == 7
    assert f"amendment:{REPUBLIC}刑法修正案（十二）:条目四:第三百八十七条第一款" in missing


def test_a_commencement_taken_from_the_first_wording_is_noticed(
    assembly: Assembly, package: StatutePackage, edited: Write
) -> None:
    text = ACKNOWLEDGED.read_text(encoding="utf-8")
    key = f'  "commencement:{REPUBLIC}反食品浪费法@2021-04-29",\n'
    assert key in text
    meta = {
        "hash": "",
        "package": "",
        "package_version": "",
        "package_sha256": "",
        "doubts": json.dumps(assembly.doubts),
    }
    corpus = Corpus(assembly.versions, [a for a, _ in assembly.articles], meta, assembly.repeals)
    report = audit(corpus, package, [edited("a.toml", text.replace(key, ""))])
    assert [finding.topic for finding in report.unacknowledged] == [Topic.COMMENCEMENT]


def version(kind: str = "法律") -> Version:
    return Version(
        f"甲法@{DAY}", "甲法", "甲法", Level.STATUTE, kind, "人大", None, DAY, DAY, DAY, DAY,
        None, None, None, "甲包",
    )  # fmt: skip


def findings(
    *articles: tuple[str, str], kind: str = "法律", paths: dict[str, tuple[str, ...]] | None = None
) -> list[tuple[Topic, str]]:
    law = version(kind)
    held = [
        Article(at, law, number, at, (paths or {}).get(number, ()), text)
        for at, (number, text) in enumerate(articles)
    ]
    return [(f.topic, f.key.split(":", 2)[2]) for f in version_findings(law, held)]


@pytest.mark.parametrize(
    ("articles", "found"),
    [
        ([], [(Topic.EMPTY, "")]),
        ([("第一条", "甲。"), ("第二条", "“乙。”"), ("附件", "表 | 1")], []),
        (
            [("第二条", "甲。"), ("第五条", "乙。")],
            [(Topic.GAP, "第一条"), (Topic.GAP, "第三条—第四条")],
        ),
        (
            [("第一条", "甲。"), ("第一条之一", "乙。"), ("第一条", "丙。")],
            [(Topic.DUPLICATE, "第一条")],
        ),
        ([("全文", "甲。")], [(Topic.WHOLE, "全文")]),
        ([("第一条", "甲。\n第二编 物权")], [(Topic.ENDING, "第一条"), (Topic.HEADING, "第一条")]),
        ([("第一条", "甲，乙")], [(Topic.ENDING, "第一条")]),
        ([("第一条", "，乙。")], [(Topic.BEGINNING, "第一条")]),
        ([("第一条", "“甲。")], [(Topic.BALANCE, "第一条")]),
        ([("第一条", "甲（乙。")], [(Topic.BALANCE, "第一条")]),
        ([("第一条", "甲《乙。")], [(Topic.BALANCE, "第一条")]),
        ([("第一条", '甲"乙。')], [(Topic.RESIDUE, "第一条")]),
        ([("第一条", "甲\u200b乙。")], [(Topic.RESIDUE, "第一条")]),
        ([("附件", '!24{width="1in"}')], [(Topic.BEGINNING, "附件"), (Topic.RESIDUE, "附件")]),
        (
            [("第一条", "甲"), ("第一条", "乙")],
            [(Topic.DUPLICATE, "第一条"), (Topic.ENDING, "第一条"), (Topic.ENDING, "第一条#2")],
        ),
    ],
)
def test_each_kind_of_defect(
    articles: list[tuple[str, str]], found: list[tuple[Topic, str]]
) -> None:
    assert findings(*articles) == found


def test_an_amending_document_goes_on_with_the_numbers_and_opens_each_paragraph() -> None:
    text = "修改为：“甲。\n“乙。”"
    assert findings(("第三条", text), ("第四条", text), kind="修正案") == []
    assert findings(("条目一", "修改为：“甲。"), kind="修正案") == [(Topic.BALANCE, "条目一")]


@pytest.mark.parametrize(
    ("headings", "found"),
    [
        ([("第一章 甲",), ("第二章 乙",)], []),
        ([("第一编 甲", "第一章 子"), ("第二编 乙", "第一章 丑")], []),
        (
            [("第一编 甲", "第一分编 子", "第一章 寅"), ("第一编 甲", "第二分编 丑", "第二章 卯")],
            [],
        ),
        ([("第一章 甲", "第一节 子"), ("第二章 乙", "第一节 丑"), ("第二章 乙", "第二节 寅")], []),
        ([("第一章 甲",), ("第三章 乙",)], ["第三章 乙"]),
        ([("第二编 甲",)], ["第二编 甲"]),
        ([("第一章 甲", "第一节 子"), ("第二章 乙", "第二节 丑")], ["第二节 丑"]),
    ],
)
def test_headings_follow_each_other(headings: list[tuple[str, ...]], found: list[str]) -> None:
    numbers = ("第一条", "第二条", "第三条")[: len(headings)]
    articles = [(number, "甲。") for number in numbers]
    paths = dict(zip(numbers, headings, strict=True))
    assert findings(*articles, paths=paths) == [(Topic.HEADING, heading) for heading in found]


def test_a_doubt_of_the_build_is_a_finding(unmerged: Corpus, package: StatutePackage) -> None:
    doubts = ["甲法（2020-01-01）标为已废止，库内无废止条款", "乙法修正案未能并入乙法：没有这一条"]
    meta = {
        "hash": "",
        "package": "",
        "package_version": "",
        "package_sha256": "",
        "doubts": json.dumps(doubts),
    }
    first = unmerged.versions[0]
    corpus = Corpus([first], [replace(a) for a in unmerged.articles_of(first)], meta)
    found = {f.key: f.topic for f in audit(corpus, package).findings if f.topic is not Topic.STALE}
    assert found["flag:甲法（2020-01-01）"] is Topic.FLAG
    assert found["amendment:乙法修正案未能并入乙法：没有这一条"] is Topic.AMENDMENT


def test_acknowledged_mistakes(edited: Write) -> None:
    good = '[[acknowledged]]\nkeys = ["甲"]\nreason = "x"\n'
    assert read_acknowledged([edited("a.toml", good)]) == {"甲": "x"}
    for text, line, problem in (
        (good.replace('reason = "x"', ""), 1, "reason"),
        (good.replace('["甲"]', "[]"), 1, "空的"),
        (good.replace('["甲"]', '"甲"'), 1, "文字列表"),
        (good + good, 4, "已经确认过"),
        (good + "why = 1\n", 1, "why"),
        ("", None, "acknowledged"),
    ):
        with pytest.raises(DataError, match=problem) as caught:
            read_acknowledged([edited("b.toml", text)])
        assert caught.value.line == line
