"""Every reply fits its channel, and every sentence that we write ourselves cites rightly."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers import phrases
from handlers.messages import Reply
from handlers.questions import Composer, heading
from handlers.scenarios import card_reply
from handlers.shortening import WECHAT, size, within
from handlers.telegram.rendering import LIMIT, render
from handlers.triage import Alarm
from handlers.triage.guidance import GUIDANCE, VARIANTS
from knowledge.checking import check_citations
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval.search import Searcher
from settings import Settings
from tests.conftest import FakeClock
from tests.handlers.conversations import CARDS, Finds, composer, conversation, said

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def composed(corpus: Corpus) -> Composer:
    return composer(corpus)


def fits(reply: Reply) -> None:
    messages = render(reply)
    assert messages
    for message in messages:
        assert 0 < len(message.plain.encode("utf-16-le")) // 2 <= LIMIT
    short = within(reply)
    assert 0 < size(short) <= WECHAT
    whole = {a.text for a in reply.articles}
    for line in short.split("\n"):  # a quotation stands in an article word for word
        if line.startswith("▶"):
            assert any(line.split("“", 1)[1].rsplit("”", 1)[0] in text for text in whole)
    if reply.hotlines and reply.lead:
        assert any(line.number in short for line in reply.hotlines)
    for row in reply.buttons:
        for button in row:
            assert len((button.action or "").encode()) <= 60
            assert 0 < len(button.label) <= 64


def test_every_card_fits(composed: Composer) -> None:
    for card in CARDS.all:
        reply = card_reply(composed, card, TODAY)
        assert reply is not None
        fits(reply)
        assert card.answer in within(reply)


def test_every_urgent_reply_fits(corpus: Corpus, clock: FakeClock) -> None:
    finds = Finds(corpus, ("刑法第二百六十六条", "反电信网络诈骗法第二十条"))
    chat = conversation(finds, clock)
    words = {
        Alarm.DANGER: ("我不想活了", "我家着火了", "有人要杀我救命"),
        Alarm.HOME_VIOLENCE: ("我老公刚才又打我",),
        Alarm.MINOR: ("孩子被人抱走了",),
        Alarm.SEXTORTION: ("裸聊被录了，不给钱就发通讯录",),
        Alarm.FRAUD_NOW: ("我刚给骗子转了八万怎么办",),
    }
    for texts in words.values():
        for text in texts:
            reply = chat.respond(said(text))
            assert reply.kind.value == "urgent", text
            fits(reply)
            assert reply.text.split("\n")[0] in within(reply)


@pytest.mark.slow
def test_every_answer_to_the_bank_fits(corpus: Corpus, indexed: Settings, clock: FakeClock) -> None:
    """500 questions of the bank, evenly taken, through the real search."""
    questions = Bank.load().questions
    step = len(questions) // 500
    chat = conversation(Searcher.open(corpus, indexed), clock)
    for reply in chat.respond_batch([said(q.text) for q in questions[::step][:500]], 8):
        fits(reply)


def test_every_answer_fits_whatever_is_found(corpus: Corpus, clock: FakeClock) -> None:
    @given(
        st.lists(st.integers(0, len(corpus.articles) - 1), min_size=1, max_size=8),
        st.floats(0.11, 1),
    )
    def check(refs: list[int], confidence: float) -> None:
        articles = [corpus.article(ref) for ref in refs]
        finds = Finds(corpus, (), confidence=confidence)
        finds.found = articles
        fits(conversation(finds, clock).respond(said("村里的事情该怎么办才好")))

    check()


def test_every_canned_sentence_cites_rightly(corpus: Corpus) -> None:
    texts = [v for v in vars(phrases).values() if isinstance(v, str)]
    texts += [*phrases.REFUSED.values(), *phrases.CLAIM_NOT_LAW.values()]
    for guidance in (*GUIDANCE.values(), *(variant for _, _, variant in VARIANTS)):
        texts += [guidance.first_line, *guidance.steps, *guidance.articles]
    for text in texts:
        for finding in check_citations(corpus, text, TODAY):
            assert finding.right, f"{text}: {finding.message}"


def test_what_is_cut_is_cut_whole(corpus: Corpus, composed: Composer) -> None:
    longest = sorted(corpus.articles, key=lambda a: -len(a.text))[:20]
    shown = [composed.shown(article, TODAY) for article in longest]
    for article in shown:
        reply = composed.lookup([article], phrases.LOOKUP_LEAD, TODAY)
        short = within(reply)
        assert size(short) <= WECHAT
        assert heading(article) in short
        assert phrases.CUT in short
        assert "12348" in short
