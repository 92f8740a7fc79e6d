"""The files that people edit: as shipped they fit the corpus; a mistake is named with its line."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.aliases import ALIASES, read_aliases
from knowledge.corpus import Corpus
from knowledge.corrections import CORRECTIONS, read_corrections
from knowledge.dating import judge_versions
from knowledge.hotlines import HOTLINES, Hotlines
from knowledge.organs import COLUMNS, FALLBACK, ORGANS, Organs
from knowledge.sources.statutes import StatutePackage
from knowledge.topics import OTHER, TOPICS, Topics

TODAY = date(2026, 11, 24)
Write = Callable[[str, str], Path]


def refused(load: Callable[[Path], object], path: Path, line: int | None, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        load(path)
    assert caught.value.line == line
    assert caught.value.mend


def test_every_alias_names_laws_of_the_corpus(corpus: Corpus) -> None:
    aliases = read_aliases()
    assert len(aliases) >= 60
    for alias, laws in aliases.items():
        assert set(laws) <= set(corpus.laws), alias
        assert corpus.laws_named(alias) == laws, f"{alias} is shadowed by a real name"


def test_aliases_mistakes(edited: Write) -> None:
    good = '[aliases]\n"甲" = ["甲法"]\n'
    refused(read_aliases, edited("a.toml", good + '"乙" = [1]\n'), 3, "文字列表")
    refused(read_aliases, edited("b.toml", good + '"乙" = []\n'), 3, "没有对应")
    refused(read_aliases, edited("c.toml", good + '"乙 = ["乙法"]\n'), 3, "TOML")
    refused(read_aliases, edited("d.toml", "x = 1\n"), None, "aliases")
    refused(read_aliases, ALIASES.with_name("none.toml"), None, "读不到")


def test_every_correction_names_a_version(corpus: Corpus) -> None:
    known = {(v.law, v.version_date) for v in corpus.versions}
    entries = read_corrections()
    assert set(entries) <= known
    assert all(c.evidence for fields in entries.values() for c in fields.values())


def test_corrections_mistakes(edited: Write, package: StatutePackage) -> None:
    head = "[[correction]]\nlaw = '甲'\nversion = 2020-01-01\nevidence = 'x'\n"
    for text, line, problem in (
        (head + "field = 'date'\n", 1, "field"),
        (head + "field = 'effective'\n", 1, "缺少 value"),
        (head + "field = 'effective'\nvalue = '去年'\n", 1, "不是日期"),
        (head + "field = 'flag'\nvalue = 'ignore'\n", 1, "value"),
        (head.replace("evidence = 'x'", "field = 'flag'\nvalue = 'disregard'"), 1, "evidence"),
        (head + "field = 'note'\nnote = 'x'\nvlaue = 1\n", 1, "vlaue"),
        ((head + "field = 'note'\nnote = 'x'\n") * 2, 7, "重复"),
    ):
        refused(read_corrections, edited("c.toml", text), line, problem)


def test_a_correction_of_no_version_stops_the_build(
    edited: Write, package: StatutePackage, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = CORRECTIONS.read_text(encoding="utf-8").replace(
        "version = 2018-12-29", "version = 2018-12-28"
    )
    path = edited("corrections.toml", text)
    monkeypatch.setattr("knowledge.dating.read_corrections", lambda: read_corrections(path))
    with pytest.raises(DataError, match="农村土地承包法》2018-12-28"):
        judge_versions(package.laws(), [], package.provenance)


def test_organs_fit_the_corpus(corpus: Corpus) -> None:
    organs = Organs.load()
    assert len(organs.laws) == 70
    for law in organs.laws:
        assert len(corpus.laws_named(law)) == 1, law
    fraud = organs.of("中华人民共和国反电信网络诈骗法", TODAY)
    assert (fraud.primary, fraud.system, fraud.confirmed) == ("公安局", "反诈", True)
    assert organs.of("消费者权益保护法", TODAY).primary == "市场监督管理局"
    assert organs.of("中华人民共和国刑法修正案（十二）", TODAY).primary == "公安局"
    unmapped = organs.of("中华人民共和国海商法", TODAY)
    assert (unmapped.primary, unmapped.confirmed) == (FALLBACK, False)
    assert unmapped.label == "司法局（待确认）"


def test_organs_change_from_a_day_on_and_read_what_excel_writes(tmp_path: Path) -> None:
    path = tmp_path / "organs.csv"
    rows = [
        "刑法,公安局,检察院;法院,19,全民,其他,",
        "刑法,检察院,公安局,19,全民/企业,其他,2027-01-01",
    ]
    path.write_text("\r\n".join([",".join(COLUMNS), *rows, ",,,,,,", ""]), encoding="utf-8-sig")
    organs = Organs.load(path)
    assert organs.of("中华人民共和国刑法", date(2026, 12, 31)).primary == "公安局"
    assert organs.of("中华人民共和国刑法", date(2027, 1, 1)).primary == "检察院"
    assert organs.of("刑法", TODAY).partners == ("检察院", "法院")
    assert organs.names == ("公安局", "检察院", "司法局")


def test_organs_mistakes(edited: Write) -> None:
    head = ",".join(COLUMNS) + "\n"
    good = "刑法,公安局,,,,其他,\n"
    for text, line, problem in (
        ("法律,单位\n", 1, "表头"),
        (head + good + "民法典,司法局、法院,,,,其他,\n", 3, "只能有一个"),
        (head + good + good, 3, "重复"),
        (head + good + "民法典,司法局,司法局,,,其他,\n", 3, "既是牵头"),
        (head + "民法典,司法局,,,,普法,\n", 2, "系统"),
        (head + "民法典,司法局,,,,其他,明年\n", 2, "不是日期"),
        (head + "民法典,司法局\n", 2, "列数"),
        (head + ",司法局,,,,其他,\n", 2, "空"),
    ):
        refused(Organs.load, edited("organs.csv", text), line, problem)
    gbk = edited("gbk.csv", "")
    gbk.write_bytes(ORGANS.read_text(encoding="utf-8-sig").encode("gbk"))
    refused(Organs.load, gbk, None, "UTF-8")


def test_hotlines_are_ordered_and_limited() -> None:
    hotlines = Hotlines.load()
    assert [line.number for line in hotlines.choose(["12348", "96110", "12345", "110"])] == [
        "110",
        "96110",
        "12348",
    ]
    assert hotlines.get("4008001234") is None
    assert hotlines.choose(["4008001234"]) == ()
    assert all(not line.county for line in hotlines.all)  # the county's own are blank as shipped
    wanted = (
        "110 96110 12348 12315 12345 12333 12338 12355 12309 12368 12393 12366 120 119 122 12356"
    )
    assert {line.number for line in hotlines.all} == set(wanted.split())


def test_a_county_fills_in_its_own_number(edited: Write) -> None:
    text = HOTLINES.read_text(encoding="utf-8").replace(
        'name = "司法所"\nnumber = ""', 'name = "司法所"\nnumber = "0931-8888888"'
    )
    filled = Hotlines.load(edited("hotlines.toml", text)).get("0931-8888888")
    assert filled is not None
    assert filled.county


def test_hotlines_mistakes(edited: Write) -> None:
    one = "[[hotline]]\nnumber = '110'\nname = 'a'\nuse = 'b'\nnot_for = 'c'\nurgency = 1\n"
    county = "[[county]]\nname = 'a'\nnumber = ''\nuse = 'b'\n"
    for text, line, problem in (
        (one + one + county, 7, "重复"),
        (one.replace("'110'", "'+86 1'") + county, 1, "数字"),
        (one.replace("urgency = 1", "urgency = 9") + county, 1, "urgency"),
        (one.replace("use", "usage") + county, 1, "usage"),
        (one + county.replace("''", "'打我'"), 7, "号码"),
        (county, None, "hotline"),
    ):
        refused(Hotlines.load, edited("hotlines.toml", text), line, problem)


def test_every_law_has_a_topic_and_every_topic_fits(corpus: Corpus) -> None:
    topics = Topics.load()
    for law in (*topics.laws, *topics.ranges):
        assert len(corpus.laws_named(law)) == 1, law
    named = {corpus.laws_named(law)[0] for law in topics.laws}
    unnamed = {v.law for v in corpus.versions if v.law not in named}
    for version in corpus.versions:  # what is left amends or explains a law that has a topic
        if version.law in unnamed:
            assert topics.of(corpus.articles_of(version)[0]).key != OTHER, version.law


@pytest.mark.parametrize(
    ("law", "number", "key", "first"),
    [
        ("刑法", "第二百六十六条", "fraud", "110"),
        ("刑法", "第二百八十七条", "privacy", "12345"),
        ("刑法", "第二百八十七条之二", "fraud", "110"),
        ("刑法", "第一百三十三条之一", "traffic", "122"),
        ("刑法", "第二百三十二条", "crime", "110"),
        ("民法典", "第一千零七十九条", "family", "12338"),
        ("民法典", "第一千二百零三条", "consumer", "12315"),
        ("民法典", "第五百七十七条", "civil", "12348"),
        ("消费者权益保护法", "第五十五条", "consumer", "12315"),
        ("反家庭暴力法", "第二条", "family", "110"),
        ("医疗保障法", "第二条", "welfare", "12393"),
        ("宪法", "第三十三条", "constitution", "12348"),
    ],
)
def test_topic_and_first_number(
    corpus: Corpus, law: str, number: str, key: str, first: str
) -> None:
    version = corpus.version_on(corpus.laws_named(law)[0], TODAY)
    assert version is not None
    article = corpus.find(version, number)
    assert article is not None
    topic = Topics.load().of(article)
    assert (topic.key, topic.hotlines[0]) == (key, first)


def test_topics_mistakes(edited: Write) -> None:
    text = TOPICS.read_text(encoding="utf-8")
    head = "[[topic]]\nkey = 'other'\nname = '其他'\nhotlines = ['12348']\nlaws = ['甲']\n"
    span = "[[range]]\nlaw = '甲'\ntopic = 'other'\narticles = ['1-2']\n"
    own = "[[law]]\nname = '甲'\nhotlines = ['110']\n"
    assert Topics.load(edited("ok.toml", head + span + own)).all
    for broken, line, problem in (
        (head.replace("12348", "400") + span + own, 1, "400"),
        (head + head + span + own, 6, "重复"),
        (head + head.replace("other", "b") + span + own, 6, "已属于"),
        (head.replace("'other'", "'b'") + span + own, 1, "other"),
        (head + span.replace("1-2", "2-1") + own, 6, "颠倒"),
        (head + span.replace("1-2", "一") + own, 6, "看不懂"),
        (head + span + span.replace("1-2", "2") + own, 10, "重叠"),
        (head + span.replace("'other'", "'x'") + own, 6, "topic"),
        (head + span + own.replace("甲", "乙"), 10, "不在"),
    ):
        refused(Topics.load, edited("topics.toml", broken), line, problem)
    assert "刑法" in text
