"""Repairing the source: each rule alone, the defects that are known by name, and the proof that
nothing is lost."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import DataError
from knowledge import cleaning_rules as rules
from knowledge.articles import REPUBLIC, Article
from knowledge.cleaning import (
    Cleaned,
    Record,
    annexes,
    clean,
    heading_title,
    part_headings,
)
from knowledge.cleaning_rules import AFTER, BEFORE, Edit, Rule, apply_edits
from knowledge.corpus import Corpus
from knowledge.corrections import CORRECTIONS, ArticleTable, read_article_corrections
from knowledge.sources.statutes import RawArticle, RawLaw, StatutePackage

Write = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def cleaned(package: StatutePackage) -> Cleaned:
    return clean(package.laws(), package.articles())


def applied(rule: Callable[[str], Iterable[Edit]], text: str) -> str:
    return apply_edits(text, rule(text))[0]


@pytest.mark.parametrize(
    ("rule", "text", "repaired"),
    [
        (rules.pictures, '图\n!24427{width="3.2in"\nheight="3.5in"}\n说明', "图\n（图略）\n说明"),
        (
            rules.pictures,
            '!a{width="1in"\nheight="2in"}!b{width="1in" height="2in"}',
            "（图略）" * 2,
        ),
        (rules.invisible, "民\u200b法\ufeff典\u00ad", "民法典"),
        (rules.markup, r"关于\<基本法\>的意见", "关于〈基本法〉的意见"),
        (rules.markup, "BOD~5~（O~3~）", "BOD5（O3）"),
        (rules.markup, "0.67吨。\\\n| 2.", "0.67吨。\n| 2."),
        (rules.borders, "税目\n+---+---+\n| 甲 | 乙 |\n| | |\n--- --\n丙", "税目\n| 甲 | 乙 |\n丙"),
        (rules.decimals, "1.总汞 0.\u20090005", "1.总汞 0.0005"),
        (rules.decimals, "| 1.\u20092元至12元 |", "| 1.2元至12元 |"),
        (rules.decimals, "53.\u20092，4－二硝基 | 0.\u200902 |", "53.\u20092，4－二硝基 | 0.02 |"),
        (rules.decimals, "1.\u2009《国旗法》；", "1.\u2009《国旗法》；"),
        (rules.odd_spaces, "甲\u00a0乙\t丙\u2009丁\u3000戊", "甲 乙 丙 丁\u3000戊"),
        (rules.spaces, "省、自治区、 直辖市", "省、自治区、直辖市"),
        (rules.spaces, "自 2026年8月15日起施行。 《甲法》", "自2026年8月15日起施行。《甲法》"),
        (rules.spaces, "使用 X 射线", "使用 X 射线"),
        (rules.widths, "修改为:“甲,乙;丙(一)", "修改为：“甲，乙；丙（一）"),
        (rules.widths, "比例为1:5，价格1,000元，（a)类", "比例为1:5，价格1,000元，（a)类"),
        (rules.quotes, "在\"'三个代表'重要思想\"指引下", "在“‘三个代表’重要思想”指引下"),
        (rules.quotes, '改为："甲。\n"乙。"\n增加："丙。"', "改为：“甲。\n“乙。”\n增加：“丙。”"),
        (rules.quotes, '“甲”和"乙"', "“甲”和“乙”"),
        (rules.blanks, "甲\n\n \n乙 \n 丙\n", "甲\n乙\n丙"),
    ],
)
def test_each_rule(rule: Callable[[str], Iterable[Edit]], text: str, repaired: str) -> None:
    assert applied(rule, text) == repaired
    assert applied(rule, repaired) == repaired


@given(st.text(alphabet="甲。，、 \n\u2009\u200b1.,:\"'()|+-~\\<>!", max_size=40))
def test_no_rule_loses_a_character_unreported(text: str) -> None:
    for _, rule in (*BEFORE, *AFTER):
        after, removed, inserted = apply_edits(text, rule(text))
        assert Counter(text) + Counter(inserted) == Counter(after) + Counter(removed)
        assert Counter(c for c in text if c in "甲1") == Counter(c for c in after if c in "甲1")


def test_headings_of_the_next_part_leave_the_text() -> None:
    text = "当事人另有约定的除外。\n第二编 物 权\n第一分编 通 则"
    assert part_headings(text) == ("当事人另有约定的除外。", ["第二编 物 权", "第一分编 通 则"])
    assert part_headings("附 则\n本法。") == ("附 则\n本法。", [])
    assert part_headings("第二编 物 权") == ("第二编 物 权", [])  # never leaves an empty article
    assert [heading_title(h) for h in ("第二编 物 权", "附 则", "第五编 法律责任和附则")] == [
        "第二编 物权",
        "附则",
        "第五编 法律责任和附则",
    ]


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("本法自公布之日起施行。\n附件一\n甲\n附件二\n乙", ["", "附件一", "附件二"]),
        ("施行。\n附：\n税目税率表\n甲 | 1", ["", "附表"]),
        ("施行。\n附：\n国旗制法说明\n甲", ["", "附件"]),
        ("施行。\n附表一：\n甲\n附表二：\n乙", ["", "附表一", "附表二"]),
        ("施行。\n附件：国歌（简谱版）\n图", ["", "附件"]),
        ("附带民事诉讼应当同刑事案件一并审判。\n附加刑也可以独立适用。", [""]),
        ("附件一的规定不变。\n附件所列法律", [""]),
    ],
)
def test_annexes_become_rows_of_their_own(text: str, numbers: list[str]) -> None:
    pieces = annexes(text, [])
    assert [piece.number for piece in pieces] == numbers
    assert "".join(piece.marker + piece.text for piece in pieces) == text


@pytest.mark.slow
def test_nothing_of_the_source_is_lost(package: StatutePackage, cleaned: Cleaned) -> None:
    """Row by row: source + inserted = stored + removed, character for character."""
    raw = package.articles()
    stored: dict[int, Counter[str]] = {}
    for record in cleaned.records:
        stored.setdefault(record.row, Counter()).update(record.text)
    assert set(stored) == set(range(len(raw)))
    by_key: dict[tuple[str, str], list[int]] = {}
    for row, article in enumerate(raw):
        by_key.setdefault((article.law, article.number), []).append(row)
    removed: dict[tuple[str, str], Counter[str]] = {}
    inserted: dict[tuple[str, str], Counter[str]] = {}
    for change in cleaned.changes:
        removed.setdefault((change.law, change.number), Counter()).update(change.removed)
        inserted.setdefault((change.law, change.number), Counter()).update(change.inserted)
    for key, rows in by_key.items():
        source: Counter[str] = Counter()
        kept: Counter[str] = Counter()
        for row in rows:
            source.update(raw[row].text)
            kept.update(stored[row])
        source.update(inserted.get(key, Counter()))
        kept.update(removed.get(key, Counter()))
        assert source == kept, key


def test_letters_and_digits_go_only_where_a_change_says_so(cleaned: Cleaned) -> None:
    moved = (Rule.CORRECTION, Rule.PICTURE, Rule.HEADING, Rule.ANNEX)
    for change in cleaned.changes:
        if change.rule not in moved:
            words = Counter(filter(str.isalnum, change.removed))
            assert words == Counter(filter(str.isalnum, change.inserted)), change


def the(corpus: Corpus, law: str, number: str) -> Article:
    version = corpus.versions_of(REPUBLIC + law)[-1]
    found = corpus.find(version, number)
    assert found is not None, (law, number)
    return found


@pytest.mark.parametrize(
    ("law", "number", "ending"),
    [
        ("民事诉讼法", "第二百六十九条", "立即生效。"),
        ("民法典", "第二百零四条", "另有约定的除外。"),
        ("民法典", "第九百八十八条", "承担返还义务。"),
        ("民法典", "第一千零三十九条", "向他人非法提供。"),
        ("民法典", "第一千二百五十八条", "应当承担侵权责任。"),
        ("刑法", "第一百零一条", "有特别规定的除外。"),
        ("刑法", "第四百五十二条", "自本法施行之日起，适用本法规定。"),
        ("印花税法", "第二十条", "《中华人民共和国印花税暂行条例》同时废止。"),
        ("个人所得税法", "第二十二条", "本法自公布之日起施行。"),
        ("香港特别行政区基本法", "第一百六十条", "受香港特别行政区的承认和保护。"),
        ("国歌法", "附件", "（五线谱版、简谱版）\n（图略）（图略）"),
    ],
)
def test_articles_end_where_they_end(corpus: Corpus, law: str, number: str, ending: str) -> None:
    assert the(corpus, law, number).text.endswith(ending)


@pytest.mark.parametrize(
    ("law", "number", "path"),
    [
        ("民法典", "第一条", ("第一编 总则", "第一章 基本规定")),
        ("民法典", "第二百零四条", ("第一编 总则", "第十章 期间计算")),
        ("民法典", "第二百零五条", ("第二编 物权", "第一分编 通则", "第一章 一般规定")),
        ("民法典", "第四百六十三条", ("第三编 合同", "第一分编 通则", "第一章 一般规定")),
        ("民法典", "第九百八十九条", ("第四编 人格权", "第一章 一般规定")),
        ("民法典", "第一千二百五十九条", ("附则",)),
        ("刑法", "第四百五十二条", ("附则",)),
        ("刑法", "附件一", ()),
        ("刑事诉讼法", "第二百五十八条", ("第三编 审判", "第五章 审判监督程序")),
        ("刑事诉讼法", "第二百五十九条", ("第四编 执行",)),
        ("刑事诉讼法", "第三百零八条", ("附则",)),
        ("民事诉讼法", "第二百五十二条", ("第三编 执行程序", "第二十一章 执行措施")),
        ("全国人民代表大会议事规则", "第一条", ()),
        ("全国人民代表大会议事规则", "第二条", ("第一章 会议的举行",)),
    ],
)
def test_articles_know_their_parts(
    corpus: Corpus, law: str, number: str, path: tuple[str, ...]
) -> None:
    assert the(corpus, law, number).path == path


def test_an_annex_that_no_longer_applies_says_so(corpus: Corpus) -> None:
    basic = "香港特别行政区基本法"
    old, new = the(corpus, basic, "附件一（1990年文本）"), the(corpus, basic, "附件一")
    assert "2021年3月31日起不再施行" in (old.note or "")
    assert new.note is None
    assert "本办法自2021年3月31日起施行" in new.text
    assert the(corpus, "环境保护税法", "附表一").text.startswith("环境保护税税目税额表\n")
    assert "每污染当量 | 1.2元至12元 |" in the(corpus, "环境保护税法", "附表一").text
    assert "53. 2，4－二硝基氯苯 | 0.02 |" in the(corpus, "环境保护税法", "附表二").text


def test_single_corrections_are_made(corpus: Corpus) -> None:
    assert "自公历1月1日起" in the(corpus, "商业银行法", "第五十八条").text
    assert "省、自治区、直辖市" in the(corpus, "生态环境法典", "第二十八条").text


LAW = RawLaw("k", "甲法", "法律", "法律", "人大", "2020-01-01", "", "2020-01-01", "现行有效", "")


def cleaned_with(
    monkeypatch: pytest.MonkeyPatch, path: Path, texts: list[str]
) -> tuple[Record, ...]:
    monkeypatch.setattr(
        "knowledge.cleaning.read_article_corrections", lambda: read_article_corrections(path)
    )
    raw = [
        RawArticle("k", "", "", f"第{n}条", text) for n, text in zip("一二三", texts, strict=False)
    ]
    return clean([LAW], raw).records


def test_a_correction_that_corrects_nothing_stops_the_build(
    edited: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = 'law = "甲法"\nversion = 2020-01-01\narticle = "第一条"\nevidence = "x"\n'
    heading = f'[[heading]]\n{head}title = "第一编 总则"\n'
    annex = f'[[annex]]\n{head.replace("第一条", "第二条")}opening = "表一"\nnumber = "附表"\n'
    good = f'[[text]]\n{head}wrong = "l月"\nright = "1月"\n{heading}{annex}'
    records = cleaned_with(monkeypatch, edited("a.toml", good), ["l月1日", "施行。\n表一\n甲"])
    assert [(r.number, r.path, r.text) for r in records] == [
        ("第一条", ("第一编 总则",), "1月1日"),
        ("第二条", ("第一编 总则",), "施行。"),
        ("附表", (), "表一\n甲"),
    ]
    for wrong, texts, line in (
        (good, ["1月1日", "施行。\n表一\n甲"], 1),
        (good, ["l月l月", "施行。\n表一\n甲"], 1),
        (good, ["l月", "施行。"], 14),
        (good.replace("2020-01-01", "2020-01-02"), ["l月", "施行。\n表一\n甲"], 1),
    ):
        with pytest.raises(DataError) as caught:
            cleaned_with(monkeypatch, edited("b.toml", wrong), texts)
        assert caught.value.line == line


def test_article_corrections_mistakes(edited: Write) -> None:
    shipped = read_article_corrections()
    assert isinstance(shipped, ArticleTable)
    assert all(entry.evidence for entry in shipped.entries)
    text = CORRECTIONS.read_text(encoding="utf-8")
    for old, new, problem in (
        ('right = "自公历1月1日"', 'right = "自公历l月1日"', "相同"),
        ('wrong = "自公历l月1日"', 'wrong = ""', "空的"),
        ('title = "第一编 总则"', 'titel = "第一编 总则"', "titel"),
        ('number = "附表一"', "number = 1", "number"),
        ("税率表二（经营所得适用）", "税率表一（综合所得适用）", "重复"),
    ):
        assert old in text
        with pytest.raises(DataError, match=problem) as caught:
            read_article_corrections(edited("c.toml", text.replace(old, new, 1)))
        assert caught.value.line
