"""Missing regulations: asked for and named, or kept silent about."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.absent import ABSENT, MOST, Absences, absent_for
from knowledge.articles import Article
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank

TODAY = date(2026, 11, 24)
Write = Callable[[str, str], Path]


def article(corpus: Corpus, law: str, number: str) -> Article:
    (name,) = corpus.laws_named(law)
    version = corpus.version_on(name, TODAY)
    assert version is not None
    found = corpus.find(version, number)
    assert found is not None, (law, number)
    return found


ASKED = [
    ("诈骗多少钱立案", "刑法", "第二百六十六条", "诈骗刑事案件"),
    ("刷单被骗了两万，那个人会判几年", "刑法", "第二百六十六条", "电信网络诈骗"),
    ("偷东西多少钱算犯罪会判几年", "刑法", "第二百六十四条", "盗窃刑事案件"),
    ("帮信罪流水多少判刑", "刑法", "第二百八十七条之二", "帮助信息网络犯罪"),
    ("卖多少条个人信息会判刑", "刑法", "第二百五十三条之一", "侵犯公民个人信息"),
    ("酒驾和醉驾是多少毫克", "道路交通安全法", "第九十一条", "醉酒危险驾驶"),
    ("什么样的伤算轻伤，有没有标准", "刑法", "第二百三十四条", "损伤程度"),
    ("健身房办的卡能退吗", "消费者权益保护法", "第五十三条", "预付式消费"),
    ("七天无理由退货运费谁出", "消费者权益保护法", "第二十五条", "七日无理由"),
    ("下班路上被车撞了算工伤吗", "社会保险法", "第三十六条", "工伤保险条例"),
    ("产假有多少天", "劳动法", "第六十二条", "女职工"),
    ("年休假一年几天", "劳动法", "第四十五条", "年休假条例"),
    ("没签劳动合同双倍工资最多几个月", "劳动合同法", "第八十二条", "劳动合同法实施条例"),
    ("失业金怎么领", "社会保险法", "第四十五条", "失业保险条例"),
    ("闯红灯扣几分", "道路交通安全法", "第九十条", "记分"),
    ("征地一亩地多少钱", "土地管理法", "第四十八条", "区片综合地价"),
    ("离婚了彩礼能要回来吗", "民法典", "第一千零四十二条", "彩礼"),
    ("借钱利息最高多少受保护", "民法典", "第六百八十条", "民间借贷"),
    ("打官司诉讼费要交多少钱", "民事诉讼法", "第一百二十一条", "诉讼费用"),
    ("误工费怎么算", "民法典", "第一千一百七十九条", "人身损害赔偿"),
    ("包工头拖欠农民工工资怎么办", "劳动合同法", "第三十条", "农民工工资"),
    ("抚养费一个月给多少", "民法典", "第一千零八十五条", "婚姻家庭编"),
]


@pytest.mark.parametrize(("question", "law", "number", "name"), ASKED)
def test_what_the_corpus_lacks_is_named(
    corpus: Corpus, question: str, law: str, number: str, name: str
) -> None:
    found = absent_for(corpus, question, [article(corpus, law, number)])
    assert 1 <= len(found) <= MOST
    assert any(name in absent.name for absent in found)
    for absent in found:
        assert "本库没有收录" in absent.sentence
        assert "12348" in absent.sentence


@pytest.mark.parametrize(
    ("question", "law", "number"),
    [
        ("商家卖假货怎么赔", "消费者权益保护法", "第五十五条"),
        ("诈骗罪是怎么规定的", "刑法", "第二百六十六条"),
        ("我被骗了怎么办", "刑法", "第二百六十六条"),
        ("劳动合同到期不续签有补偿吗", "劳动合同法", "第四十六条"),
        ("离婚要两个人都同意吗", "民法典", "第一千零七十九条"),
        ("家里收了人家彩礼就把她许给了外县的，法律让不让", "民法典", "第一千零四十二条"),
        ("狗咬了人谁赔", "民法典", "第一千二百四十五条"),
        ("工伤期间公司能开除我吗", "劳动合同法", "第四十二条"),
        ("借条丢了还能起诉吗", "民法典", "第六百七十五条"),
        # the words stand in different sentences of a story
        ("他骗了我。后来我去修车，师傅问我多少钱算贵？", "刑法", "第二百六十六条"),
        # asked for, but the answer is about something else
        ("诈骗多少钱立案", "消费者权益保护法", "第五十五条"),
        ("日本偷东西判几年", "刑法", "第二百六十四条"),
    ],
)
def test_silence_where_the_statute_answers(
    corpus: Corpus, question: str, law: str, number: str
) -> None:
    assert absent_for(corpus, question, [article(corpus, law, number)]) == ()


def test_without_an_answer_the_question_alone_decides(corpus: Corpus) -> None:
    (found, *_) = absent_for(corpus, "信访多久答复", [])
    assert found.name == "信访工作条例"
    assert absent_for(corpus, "今天天气怎么样", []) == ()


def test_every_related_article_exists_and_nothing_listed_is_held(corpus: Corpus) -> None:
    absents = Absences.load()
    assert len(absents.all) >= 50
    for absent in absents.all:
        for law, number in absent.articles:
            assert len(corpus.laws_named(law)) == 1, law
            assert article(corpus, law, number).text
        assert corpus.laws_named(absent.name) == ()


def test_an_imported_regulation_is_not_missing(
    corpus: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    injury = article(corpus, "社会保险法", "第三十六条")
    assert absent_for(corpus, "怎么申请工伤认定", [injury])
    monkeypatch.setitem(corpus._names, "工伤保险条例", ("工伤保险条例",))
    names = [absent.name for absent in absent_for(corpus, "怎么申请工伤认定", [injury])]
    assert "工伤保险条例" not in names


@pytest.mark.slow
def test_it_speaks_seldom(corpus: Corpus) -> None:
    """Over the bank, with its best article shown: precise rather than eager."""
    spoken = 0
    bank = Bank.load().questions
    for question in bank:
        law, number = question.targets[0]
        shown = [
            found
            for name in corpus.laws_named(law)
            if (version := corpus.version_on(name, TODAY))
            and (found := corpus.find(version, number))
        ]
        spoken += bool(shown and absent_for(corpus, question.text, shown))
    assert 20 <= spoken <= len(bank) / 100


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('name = "工伤保险条例"', 'name = "《工伤保险条例》"', "书名号"),
        ('name = "工伤保险条例"', 'name = "快递暂行条例"', "重复"),
        ('level = "标准"', 'level = "国标"', "level"),
        ("title = false", 'title = "否"', "title"),
        ('"刑法第二百六十四条"', '"刑法264"', "看不懂"),
        ('"杀熟"', '"杀熟 + "', "空"),
        ("unless =", "except =", "except"),
    ],
)
def test_mistakes_are_named(edited: Write, old: str, new: str, problem: str) -> None:
    text = ABSENT.read_text(encoding="utf-8")
    assert old in text
    start = text.index("[[absent]]\nname")
    path = edited("absent.toml", text[:start] + text[start:].replace(old, new, 1))
    with pytest.raises(DataError, match=problem) as caught:
        Absences.load(path)
    assert caught.value.line
    assert caught.value.mend
