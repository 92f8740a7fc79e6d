"""Pasted laws and rumours beside the statutes: nothing is confirmed that does not stand there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.claims import claim_in
from handlers.messages import Kind
from knowledge.corpus import Corpus
from knowledge.wording import wording_of
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds, conversation, said

THREEFOLD = (
    "经营者提供商品或者服务有欺诈行为的，应当按照消费者的要求增加赔偿其受到的损失，增加赔偿的金额为"
    "消费者购买商品的价款或者接受服务的费用的{}倍"
)


@pytest.fixture
def finds(corpus: Corpus) -> Finds:
    return Finds(corpus, ("消费者权益保护法第五十五条",))


@pytest.mark.parametrize(
    ("text", "verdict", "article"),
    [
        ("宪法第三十八条规定：公民的人格尊严不受侵犯，对吗", "与法律原文一致", "第三十八条"),
        ("宪法第三十八条规定：公民的人身尊严不受侵犯，对吗", "人【身】尊严", "第三十八条"),
        (f"《消费者权益保护法》第五十五条：{THREEFOLD.format('十')}", "【十】倍", "第五十五条"),
        ("听说民法典1062条规定，婚后买的房子都归女方，是真的吗", "没有“", "第一千零六十二条"),
        ("环境保护法第六条规定一切单位和个人都有保护环境的义务，对不对", "已经废止", "第六条"),
        ("群里说中华人民共和国公民的人格尊严不受侵犯，是真的吗", "是法律原文", "第三十八条"),
        (f"最新规定：{THREEFOLD.format('三')}", "是法律原文", "第五十五条"),
        (f"网上说{THREEFOLD.format('九')}，真的假的", "【九】倍", "第五十五条"),
    ],
)
def test_compared(finds: Finds, clock: FakeClock, text: str, verdict: str, article: str) -> None:
    reply = conversation(finds, clock).respond(said(text))
    assert reply.kind is Kind.LOOKUP
    assert verdict in reply.lead
    assert reply.articles[0].article == article
    assert reply.articles[0].text in reply.text


def test_no_such_article(finds: Finds, clock: FakeClock) -> None:
    text = "宪法第200条规定农民可以免费坐火车，是真的吗"
    reply = conversation(finds, clock).respond(said(text))
    assert reply.kind is Kind.LOOKUP
    assert "宪法共143条" in reply.text
    assert not reply.articles


@pytest.mark.parametrize("confidence", [0.05, 0.9])
def test_a_rumour_is_never_confirmed(corpus: Corpus, clock: FakeClock, confidence: float) -> None:
    finds = Finds(corpus, ("消费者权益保护法第五十五条",), confidence=confidence)
    reply = conversation(finds, clock).respond(said("最新规定：微信转账超过200要交税"))
    assert reply.kind is (Kind.ANSWER if confidence > 0.5 else Kind.DECLINED)
    assert "查不到" in reply.text or "没有查到" in reply.text
    assert "12348" in reply.text
    assert "一致" not in reply.text


@pytest.mark.parametrize(
    "text",
    [
        "消法第五十五条规定赔几倍",
        "卖家说按消法第五十五条只赔五百，可我买的手机花了四千多，这么算对吗",
        "根据民法典第1254条规定，从建筑物中抛掷物品，我家被砸了，找谁赔",
        "他说借条过了三年就不用还了怎么办",
        "网购不给退货",
    ],
)
def test_questions_are_no_claims(text: str) -> None:
    assert claim_in(text) is None


@given(st.data())
def test_words_are_found_where_they_stand(corpus: Corpus, data: st.DataObject) -> None:
    article = data.draw(st.sampled_from([a for a in corpus.articles[:3000] if len(a.text) > 40]))
    begin = data.draw(st.integers(0, len(article.text) - 30))
    words = article.text[begin : begin + data.draw(st.integers(24, 60))]
    assert article in wording_of(corpus).find(words) or len(words.strip()) < 12


def test_short_words_prove_nothing(corpus: Corpus) -> None:
    assert wording_of(corpus).find("国家") == []
    assert wording_of(corpus).find("从来没有哪部法律这样写过的一句话") == []
