"""The short memory: half an hour, bounded, one turn back for an update that is answered again."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from handlers.context import MemoryContexts, Turn
from handlers.messages import Kind
from knowledge.corpus import Corpus
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds, Talk, conversation

NOW = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)
TURN = Turn("k1", NOW, "押金不退怎么办", articles=(1, 2))
RIGHTS = (
    "消费者权益保护法第二十五条",
    "消费者权益保护法第二十四条",
    "消费者权益保护法第五十五条",
    "电子商务法第三十八条",
)


def test_it_forgets_after_half_an_hour() -> None:
    contexts = MemoryContexts()
    contexts.remember("a", TURN)
    assert contexts.last("a", "k2", NOW + timedelta(minutes=29)) == TURN
    assert contexts.last("a", "k2", NOW + timedelta(minutes=30)) is None
    assert contexts.last("b", "k2", NOW) is None


def test_it_holds_so_many_residents() -> None:
    contexts = MemoryContexts(residents=3)
    for number in range(5):
        contexts.remember(str(number), replace(TURN, at=NOW + timedelta(seconds=number)))
    assert len(contexts) == 3
    assert contexts.last("1", "k2", NOW) is None
    contexts.remember("late", replace(TURN, at=NOW + timedelta(hours=1)))
    assert len(contexts) == 1


def test_an_update_answered_again_gets_the_turn_before() -> None:
    contexts = MemoryContexts()
    second = replace(TURN, key="k2", question="另一个")
    contexts.remember("a", TURN)
    contexts.remember("a", second)
    assert contexts.last("a", "k2", NOW) == TURN
    assert contexts.last("a", "k3", NOW) == second
    contexts.remember("a", second)
    assert contexts.last("a", "k2", NOW) == TURN


def test_forget() -> None:
    contexts = MemoryContexts()
    contexts.remember("a", TURN)
    contexts.forget("a")
    contexts.forget("a")
    assert contexts.last("a", "k2", NOW) is None


@pytest.fixture
def finds(corpus: Corpus) -> Finds:
    return Finds(corpus, RIGHTS)


@pytest.fixture
def talk(finds: Finds, clock: FakeClock) -> Talk:
    return Talk(conversation(finds, clock))


QUESTION = "店里卖的貂皮大衣说不能无理由退货怎么算"


def test_a_part_of_the_last_article(talk: Talk) -> None:
    talk("消法第五十五条")
    second = talk("那第二款呢")
    article = second.articles[0]
    assert article.article == "第五十五条"
    assert article.marked is not None
    assert article.text[slice(*article.marked)].startswith("经营者明知商品或者服务存在缺陷")
    assert "第二款" in second.lead
    assert article.text[slice(*article.marked)] in second.lead
    assert "没有第九款" in talk("第九款").text


def test_the_next_paragraph_goes_on_from_the_last(talk: Talk) -> None:
    talk("消法第二十五条")
    talk("第二款")
    third = talk("下一款呢")
    assert third.paragraph == 3
    assert talk("上一款").paragraph == 2


def test_another_article_of_the_law(talk: Talk) -> None:
    talk("消法第五十五条")
    assert talk("那第五十六条呢").articles[0].article == "第五十六条"
    assert talk("下一条").articles[0].article == "第五十七条"
    assert "没有第二百条" in talk("第二百条呢").text


def test_the_second_of_several_shown(talk: Talk) -> None:
    answer = talk(QUESTION)
    assert len(answer.articles) >= 2
    assert talk("第二条呢").articles[0].article == answer.articles[1].article


def test_whom_to_complain_to(talk: Talk) -> None:
    answer = talk(QUESTION)
    where = talk("在哪投诉")
    assert where.kind is Kind.LOOKUP
    assert answer.organ is not None
    assert answer.organ in where.text
    assert [line.number for line in where.hotlines] == [line.number for line in answer.hotlines]
    assert talk("那第二款呢").articles[0].ref == answer.articles[0].ref  # still the same answer


def test_which_year_and_more(talk: Talk) -> None:
    answer = talk(QUESTION)
    when = talk("上面那条是哪年的")
    assert answer.articles[0].version_date.isoformat() in when.text
    more = talk("还有别的条文吗")
    assert {a.ref for a in more.articles}.isdisjoint(a.ref for a in answer.articles[:3])


def test_an_elliptical_question_is_searched_with_what_it_follows(talk: Talk, finds: Finds) -> None:
    talk(QUESTION)
    talk("要是他不给呢")
    assert finds.asked[-1] == f"{QUESTION}，要是他不给呢"
    talk("那如果是二手的呢")
    assert finds.asked[-1] == f"{QUESTION}，那如果是二手的呢"
    talk("狗咬人谁赔")
    assert finds.asked[-1] == "狗咬人谁赔"


def test_no_context_without_a_resident(finds: Finds, clock: FakeClock) -> None:
    talk = Talk(conversation(finds, clock), resident="")
    talk(QUESTION)
    talk("要是他不给呢")
    assert finds.asked[-1] == "要是他不给呢"


def test_context_ends_by_the_clock_and_by_wish(finds: Finds, clock: FakeClock) -> None:
    chat = conversation(finds, clock)
    talk = Talk(chat)
    talk(QUESTION)
    clock.advance(minutes=31)
    talk("要是他不给呢")
    assert finds.asked[-1] == "要是他不给呢"
    talk(QUESTION)
    chat.forget(talk.resident)
    talk("要是他不给呢")
    assert finds.asked[-1] == "要是他不给呢"


def test_residents_do_not_share_a_context(finds: Finds, clock: FakeClock) -> None:
    chat = conversation(finds, clock)
    Talk(chat, "a" * 32)(QUESTION)
    Talk(chat, "b" * 32)("要是他不给呢")
    assert finds.asked[-1] == "要是他不给呢"


def test_one_question_back_when_vague(corpus: Corpus, clock: FakeClock) -> None:
    from retrieval.search import Related

    related = tuple(Related(f"abcdef012{n}", f"押金不退的第{n}种情况") for n in range(3))
    finds = Finds(corpus, RIGHTS, confidence=0.1, related=related)
    talk = Talk(conversation(finds, clock))
    back = talk("钱要不回来")
    assert back.shown == 0
    assert back.articles
    choices = [b for row in back.buttons for b in row]
    assert 3 <= len(choices) <= 5
    assert all(b.label in back.text for b in choices[:-1])
    again = talk("租房的")
    assert finds.asked[-2:] == ["钱要不回来，租房的", "租房的"]
    assert again.shown == 3  # asked once, not twice


def test_small_talk_leaves_the_context(talk: Talk, finds: Finds) -> None:
    talk(QUESTION)
    talk("谢谢")
    talk("要是他不给呢")
    assert finds.asked[-1].startswith(QUESTION)
