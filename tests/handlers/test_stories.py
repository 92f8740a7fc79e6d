"""Long messages: read whole, digested for the search, split only where several matters are told."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.messages import Kind
from handlers.stories import DIGEST, clauses, digest, parts, read_whole, without_fillers
from knowledge.cards import Cards
from knowledge.citations import resolve
from knowledge.corpus import Corpus
from retrieval.matter import default as matter
from retrieval.search import Hit, Result
from retrieval.text import normalise
from settings import ROOT
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds, conversation, said

LABELLED = ROOT / "knowledge" / "labelled" / "stories.jsonl"
TWO = [json.loads(line)["q"] for line in LABELLED.read_text("utf-8").splitlines()]


@pytest.mark.parametrize("text", TWO)
def test_two_matters_are_cut(text: str) -> None:
    told = parts(normalise(text))
    assert len(told) == 2
    assert "".join(told) == normalise(text)


def test_one_matter_is_hardly_ever_cut() -> None:
    """Measured: of 274 long phrases and questions 11 are cut, none is answered as two."""
    phrases = [p for card in Cards.load().all for p in card.phrases if len(p) >= 55]
    cut = [p for p in phrases if len(parts(normalise(p))) > 1]
    assert len(cut) / len(phrases) < 0.06, cut


class ByWords(Finds):
    """Finds what its table gives for a word of the question."""

    table: dict[str, str]

    def search(self, question: str, k: int, today: date) -> Result:
        return self.search_batch([question], k, today)[0]

    def search_batch(self, questions: Sequence[str], k: int, today: date) -> list[Result]:
        self.asked.extend(questions)
        results = []
        for question in questions:
            named = [law for word, law in self.table.items() if word in question]
            articles = [resolve(self.corpus, law, today).articles[0] for law in named]
            hits = tuple(Hit(a, 1.0 / n, None) for n, a in enumerate(articles, 1))
            results.append(Result(hits, self.confidence))
        return results


def by_words(corpus: Corpus) -> ByWords:
    finds = ByWords(corpus)
    finds.table = {
        "工资": "劳动合同法第三十条",
        "电饭锅": "消费者权益保护法第二十四条",
        "孩子": "民法典第一千零八十四条",
    }
    return finds


def test_each_matter_gets_its_article(corpus: Corpus, clock: FakeClock) -> None:
    finds = by_words(corpus)
    reply = conversation(finds, clock).respond(said(TWO[0]))
    assert reply.kind is Kind.ANSWER
    assert [a.short for a in reply.articles[: reply.shown]] == ["劳动合同法", "消费者权益保护法"]
    assert "您说的有二件事" in reply.text
    assert "人力资源和社会保障局" in reply.text
    assert all(a.text in reply.text for a in reply.articles[: reply.shown])
    assert len(reply.hotlines) <= 3


def test_the_same_law_twice_is_one_matter(corpus: Corpus, clock: FakeClock) -> None:
    text = "老板欠我三个月工资一直不发。另外我哥的工资也欠着，他在另一个工地干活。"
    reply = conversation(by_words(corpus), clock).respond(said(text))
    assert "件事" not in reply.lead


def test_a_long_story_is_searched_by_what_it_says(corpus: Corpus, clock: FakeClock) -> None:
    idle = "".join(
        f"第{n}天早上我去集上转了一圈，碰见老王说了几句闲话，天气也不好。" for n in range(60)
    )
    core = "我买的电饭锅用了三天就坏了，商家不给退货也不给修。"
    story = (idle[:1200] + core + idle)[:1990]
    finds = by_words(corpus)
    reply = conversation(finds, clock).respond(said(story))
    assert "电饭锅" in finds.asked[0]
    assert "退货" in finds.asked[0]
    assert len(finds.asked[0]) <= DIGEST
    assert reply.articles[0].short == "消费者权益保护法"


def test_two_thousand_characters_are_read(corpus: Corpus, clock: FakeClock) -> None:
    story = "我在村口等了半天车。" * 196 + "电饭锅坏了商家不给退货。"
    assert 1900 < len(story) <= 2000
    finds = by_words(corpus)
    reply = conversation(finds, clock).respond(said(story))
    assert "电饭锅" in finds.asked[0]
    assert "2000" not in reply.text


@given(st.text(alphabet="我你他押金不退，。！？\n还有另外abc 12", max_size=400))
def test_nothing_is_lost_in_cutting(text: str) -> None:
    assert "".join(clauses(text)) == text
    assert "".join(parts(text)).strip() == text.strip()
    short = digest(text, matter(), 75)
    assert len(short) <= 75
    kept = iter(text)
    assert all(character in kept for character in short)  # in order


@given(st.text(max_size=300))
def test_reading_whole_equals_normalising_a_short_text(text: str) -> None:
    assert read_whole(text) == normalise(text)


@pytest.mark.parametrize(
    ("said_so", "meant"),
    [
        ("嗯，那个那个，押金不退怎么办", "押金不退怎么办"),
        ("然后呢，领导说女的不能当班长，嗯，只能管内勤", "领导说女的不能当班长,只能管内勤"),
        ("嗯嗯", "嗯嗯"),
        ("那个卖家不退货", "那个卖家不退货"),
    ],
)
def test_fillers_of_dictated_text_are_not_searched(said_so: str, meant: str) -> None:
    assert without_fillers(normalise(said_so)) == meant
