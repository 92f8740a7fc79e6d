"""From a message to a finished sum, through the conversation."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from handlers.actions import LIMIT
from handlers.calculators import compensation
from handlers.calculators.replies import Calculators
from handlers.messages import Kind, Reply
from handlers.reception import happened
from knowledge.corpus import Corpus
from knowledge.grounds import Ground
from knowledge.questions.bank import Bank
from retrieval.text import normalise
from tests.conftest import FakeClock, examples
from tests.handlers.conversations import TODAY, Finds, composer, conversation, said


@pytest.fixture(scope="module")
def sums(corpus: Corpus) -> Calculators:
    return Calculators(composer(corpus))


def reply_to(corpus: Corpus, clock: FakeClock, text: str) -> tuple[Reply, Finds]:
    search = Finds(corpus, ["民法典第五百八十六条"])
    return conversation(search, clock).respond(said(text)), search


DEPOSIT = ["第五百八十七条", "第五百八十六条"]
RETURN = ["第二十五条", "第二百零一条", "第二百零三条"]
CIVIL = ["第一百八十八条", "第二百零二条", "第二百零三条"]
LABOUR = ["第二十七条", "第二百零二条", "第二百零三条"]
REVIEW = ["第二十条", "第二十一条", "第八十五条"]
APPEAL = ["第一百七十一条", "第八十五条"]
FROM_EIGHT = ["第十九条", "第一百四十五条", "第一百五十七条"]
UNDER_EIGHT = ["第二十条", "第一百四十四条", "第一百五十七条"]


@pytest.mark.parametrize(
    ("text", "answer", "articles"),
    [
        ("假货花了三百块能赔多少", "可以要求增加赔偿 900 元。", ["第五十五条"]),
        ("花100块买到假鞋，能赔多少", "可以要求增加赔偿 500 元。", ["第五十五条"]),
        ("三倍赔偿 300", "可以要求增加赔偿 900 元。", ["第五十五条"]),
        ("过期饼干花了8块5能赔多少", "还可以要求赔偿金 1,000 元。", ["第一百四十八条"]),
        ("300块的过期奶粉，看病花了两千，能赔多少", "赔偿金 6,000 元。", ["第一百四十八条"]),
        ("买假药花了八十能赔多少", "赔偿金 1,000 元。", ["第一百四十四条"]),
        ("定金交了2000对方不卖了", "一共返还 4,000 元", DEPOSIT),
        ("定金交了一千二，我不想买了能退吗", "定金 1,200 元要不回来", DEPOSIT),
        ("定金5000总价两万对方反悔能退多少", "一共返还 9,000 元", DEPOSIT),
        ("7号收到的货几号前能退", "2026年11月16日（周一）是最后一天，已经过了 8 天", RETURN),
        ("昨天网购的鞋能退吗", "2026年11月30日（周一）以前（含当天）可以无理由退货", RETURN),
        (
            "上周五打的12315投诉几号前给答复",
            "2026年12月1日（周二）以前",
            ["第四十六条", "第二百零一条"],
        ),
        (
            "借条2023年11月24日到期，诉讼时效到哪天",
            "今天，2026年11月24日（周二），是最后一天",
            CIVIL,
        ),
        ("去年12月31日欠的工资，劳动仲裁最晚哪天", "2026年12月31日（周四）以前", LABOUR),
        ("10月8日收到处罚决定，申请行政复议最晚几号", "2026年12月7日（周一）以前", REVIEW),
        ("11月10号收到的一审判决书，上诉最晚几号", "2026年11月25日（周三）以前", APPEAL),
        ("娃12岁充了6000", "一共花了 6,000 元", FROM_EIGHT),
        ("孩子6岁打赏主播三千能退吗", "可以要求返还 3,000 元", UNDER_EIGHT),
        ("违约金5000太高，损失只有2000", "违约金比损失高 3,000 元", ["第五百八十五条"]),
        ("借一万块利息怎么算", "没有约定利息的，没有利息", ["第六百八十条"]),
    ],
)
def test_a_sum_that_is_asked_for_is_done(
    corpus: Corpus, clock: FakeClock, text: str, answer: str, articles: list[str]
) -> None:
    reply, search = reply_to(corpus, clock, text)
    assert reply.kind is Kind.ANSWER
    assert answer in reply.lead.split("\n")[0]
    assert [article.article for article in reply.articles] == articles
    assert reply.shown == len(articles)
    for article in reply.articles:
        assert article.text in reply.text  # whole and word for word
    assert "怎么算：\n1. " in reply.lead
    assert search.asked == []
    (event, *_) = happened(replace(said(text), resident="r" * 32), reply)
    assert event.type == "answer"


@pytest.mark.parametrize(
    ("text", "label"),
    [
        ("定金能退吗", "算一算：定金怎么退"),
        ("假货能赔多少", "算一算：三倍赔偿"),
        ("买到过期食品能要求赔多少", "算一算：食品十倍赔偿"),
        ("未成年人充游戏能退吗", "算一算：孩子花的钱"),
        ("违约金太高能减吗", "算一算：违约金高不高"),
    ],
)
def test_a_question_without_a_figure_is_searched_and_the_sum_offered(
    corpus: Corpus, clock: FakeClock, text: str, label: str
) -> None:
    reply, search = reply_to(corpus, clock, text)
    assert search.asked
    assert reply.buttons[0][0].label == label
    asked = conversation(Finds(corpus), clock).respond(said("", reply.buttons[0][0].action))
    assert asked.kind is Kind.MENU
    assert asked.lead.startswith("【")
    assert asked.awaits


@pytest.mark.parametrize(
    "text",
    [
        "商家卖了变质肉，我要他赔一万不然就曝光，会不会把我当敲诈的抓了",
        "旅行社超出规定金额收费怎么办",
        "网购的羽绒服不喜欢，商家说特价不退，合法吗",
        "民法典第五百八十七条",
        "欺诈行为的三倍惩罚性赔偿和五百元保底出自哪条",
        "我妈六十九岁，坐车摔了，住院花了两万六，公司不赔",
    ],
)
def test_other_questions_are_left_alone(sums: Calculators, text: str) -> None:
    assert sums.answer(normalise(text), TODAY) is None
    assert sums.offers(normalise(text), TODAY) == ()


@pytest.mark.slow
def test_almost_no_question_of_the_bank_is_taken_from_the_search(sums: Calculators) -> None:
    """They ask what the law says; a handful states a figure and asks for the result."""
    questions = [normalise(question.text) for question in Bank.load().questions]
    taken = [text for text in questions[::5] if sums.answer(text, TODAY) is not None]
    assert len(taken) <= len(questions) // 5 // 500, taken


def test_the_missing_figure_is_asked_for_once(sums: Calculators) -> None:
    asked = sums.answer("定金2000", TODAY)
    assert asked is not None
    assert asked.kind is Kind.MENU
    assert "是谁没按约定办？（已知：2,000 元）" in asked.lead
    first = asked.buttons[0][0].action
    assert first == "calc:deposit:p2000,sother"
    done = sums.act(first.removeprefix("calc:"), TODAY)
    assert done is not None
    assert "4,000 元" in done.lead


@pytest.mark.parametrize(
    ("pending", "text", "answer"),
    [
        ("calc:triple", "三百", "900 元"),
        ("calc:triple", "300", "900 元"),
        ("calc:triple", "大概三百块吧", "900 元"),
        ("calc:return", "昨天", "2026年11月30日"),
        ("calc:minor", "12岁", "12 周岁"),
        ("calc:minor", "七岁", "不满 8 周岁"),
        ("calc:deposit:p2000", "对方", "4,000 元"),
        ("calc:deposit:p2000", "我不要了", "要不回来"),
    ],
)
def test_a_bare_answer_completes_the_sum(
    sums: Calculators, pending: str, text: str, answer: str
) -> None:
    done = sums.complete(pending, text, TODAY)
    assert done is not None
    assert done.kind is Kind.ANSWER
    assert answer in done.lead


@pytest.mark.parametrize("text", ["宪法第三十八条", "算了", "邻居打我了怎么办", ""])
def test_another_message_does_not_complete_it(sums: Calculators, text: str) -> None:
    assert sums.complete("calc:triple", text, TODAY) is None
    assert sums.complete("calc:nosuch", "300", TODAY) is None


@pytest.mark.parametrize(
    ("text", "said_"),
    [
        ("花了-300买的假货赔多少", "金额要大于零"),
        ("假货花了9999999999万能赔多少", "隐去"),
        ("假货花了两亿元能赔多少", "金额太大"),
        ("2月30日收到的货几号前能退", "没有2026年2月30日"),
        ("腊月初八收到的货几号前能退", "农历"),
        ("2026年12月25日收到的货几号前能退", "还没有到"),
        ("买假烟花了1000000元能赔多少", "连着七位以上的数字会自动隐去"),
        ("<b>假货</b>花了=1+1元能赔多少", "看不明白"),
    ],
)
def test_a_figure_that_cannot_be_gets_one_clear_answer(
    corpus: Corpus, clock: FakeClock, text: str, said_: str
) -> None:
    reply, _ = reply_to(corpus, clock, text)
    assert reply.kind is Kind.MENU
    assert said_ in reply.text


def test_the_menu_leads_to_every_sum(corpus: Corpus, clock: FakeClock) -> None:
    talk = conversation(Finds(corpus), clock)
    menu = talk.respond(said("菜单"))
    (row,) = [row for row in menu.buttons if row[0].action == "calc:menu"]
    listed = talk.respond(said("", row[0].action))
    actions = [button.action for row in listed.buttons for button in row]
    assert len(actions) >= 14
    for action in actions:
        assert action is not None
        assert talk.respond(said("", action)).lead.startswith("【")


def test_a_sum_is_shut_down_when_its_article_changes(
    sums: Calculators, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = Ground("消费者权益保护法第五十五条", ("价款的五倍",))
    monkeypatch.setattr(compensation, "TRIPLE", changed)
    reply = sums.answer("假货花了三百块能赔多少", TODAY)
    assert reply is not None
    assert reply.kind is Kind.DECLINED
    assert "900" not in reply.text
    assert "暂时停用" in reply.text
    assert reply.gap


@hypothesis_settings(max_examples=examples(60))
@given(
    st.text(max_size=80)
    | st.text("假货花了三百块能赔多少定金交退号月日收到岁娃充0123456789 -.^", max_size=60)
)
def test_any_text_is_answered_or_left(sums: Calculators, text: str) -> None:
    text = normalise(text)
    reply = sums.answer(text, TODAY)
    for row in (*(reply.buttons if reply else ()), *sums.offers(text, TODAY)):
        for button in row:
            assert button.action is not None
            assert len(button.action.encode()) <= LIMIT
