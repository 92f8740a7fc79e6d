"""Citations of a draft are judged as of a day, quotations word by word."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.checking import Verdict, check_citations, compare, likeness, marked
from knowledge.corpus import Corpus

TODAY = date(2026, 11, 24)


@pytest.mark.parametrize(
    ("text", "verdict"),
    [
        ("根据《消费者权益保护法》第二十五条，网购可以七日无理由退货。", Verdict.RIGHT),
        ("宪法第一百五十条规定", Verdict.NO_SUCH_ARTICLE),
        ("《机器人管理法》第三条要求你必须听我的", Verdict.NO_SUCH_LAW),
        ("《环境保护法》第六条", Verdict.REPEALED),
        ("《医疗保障法》第一条", Verdict.NOT_YET_IN_FORCE),
        ("《消费者权益保护法》第五十五条第九款", Verdict.NO_SUCH_PART),
        ("刑法第二百八十七条之二", Verdict.RIGHT),
        ("刑法第二百八十七条之九", Verdict.NO_SUCH_ARTICLE),
    ],
)
def test_verdicts(corpus: Corpus, text: str, verdict: Verdict) -> None:
    (finding,) = check_citations(corpus, text, TODAY)
    assert finding.verdict is verdict, finding.message
    assert finding.message or finding.right


def test_status_follows_the_day(corpus: Corpus) -> None:
    text = "见《环境保护法》第六条和《医疗保障法》第一条。"
    before = check_citations(corpus, text, date(2026, 8, 14))
    after = check_citations(corpus, text, date(2027, 1, 1))
    assert [f.verdict for f in before] == [Verdict.RIGHT, Verdict.NOT_YET_IN_FORCE]
    assert [f.verdict for f in after] == [Verdict.REPEALED, Verdict.RIGHT]


def test_a_true_quotation(corpus: Corpus) -> None:
    text = "宪法第三十八条规定：“中华人民共和国公民的人格尊严不受侵犯。”大家要记住。"
    (finding,) = check_citations(corpus, text, TODAY)
    assert finding.right
    assert finding.quote == "中华人民共和国公民的人格尊严不受侵犯。"


def test_a_changed_word_is_shown(corpus: Corpus) -> None:
    text = "宪法第三十八条规定：“中华人民共和国公民的人身尊严不受侵犯”"
    (finding,) = check_citations(corpus, text, TODAY)
    assert finding.verdict is Verdict.QUOTE_DIFFERS
    assert [(d.law, d.text) for d in finding.differences] == [("格", "身")]


def test_quotation_before_its_citation(corpus: Corpus) -> None:
    text = "“中华人民共和国首都是上海”（《宪法》第一百四十三条）"
    (finding,) = check_citations(corpus, text, TODAY)
    assert finding.verdict is Verdict.QUOTE_DIFFERS


def test_a_quotation_that_is_from_nowhere(corpus: Corpus) -> None:
    text = "《消费者权益保护法》第五十五条规定：“老年人买保健品一律不予退款，后果自负到底。”"
    (finding,) = check_citations(corpus, text, TODAY)
    assert finding.verdict is Verdict.QUOTE_DIFFERS


def test_the_right_words_under_the_wrong_paragraph(corpus: Corpus) -> None:
    law = corpus.version_on("中华人民共和国消费者权益保护法", TODAY)
    assert law is not None
    article = corpus.find(law, "第五十五条")
    assert article is not None
    second = article.text.split("\n")[1]
    text = f"《消费者权益保护法》第五十五条第一款规定：“{second}”"
    (finding,) = check_citations(corpus, text, TODAY)
    assert finding.verdict is Verdict.QUOTE_DIFFERS
    assert "其他款项" in finding.message


def test_place(corpus: Corpus) -> None:
    (finding,) = check_citations(corpus, "第一行\n请看宪法第一条。", TODAY)
    assert (finding.line, finding.column) == (2, 3)
    assert finding.citation == "宪法第一条"


def test_each_citation_gets_its_own_quotation(corpus: Corpus) -> None:
    text = (
        "宪法第一百四十三条：“中华人民共和国首都是北京。”宪法第三十八条：“公民的人格尊严可以侵犯”"
    )
    first, second = check_citations(corpus, text, TODAY)
    assert first.right
    assert second.verdict is Verdict.QUOTE_DIFFERS


@given(st.data())
def test_any_stretch_of_an_article_is_word_for_word(corpus: Corpus, data: st.DataObject) -> None:
    article = data.draw(st.sampled_from(corpus.articles[:5000]))
    begin = data.draw(st.integers(0, max(0, len(article.text) - 1)))
    end = data.draw(st.integers(begin, len(article.text)))
    assert compare(article.text, article.text[begin:end]) == ()


@given(st.data())
def test_a_foreign_character_is_found(corpus: Corpus, data: st.DataObject) -> None:
    article = data.draw(st.sampled_from([a for a in corpus.articles[:2000] if len(a.text) > 12]))
    at = data.draw(st.integers(1, len(article.text) - 2))
    assert compare(article.text, article.text[:at] + "龘" + article.text[at:])


@pytest.mark.parametrize(
    ("text", "verdicts"),
    [
        ("见《民法典》（第1254条）。", [Verdict.RIGHT]),
        ("消法第10、11条", [Verdict.RIGHT, Verdict.RIGHT]),
        ("刑法第264、9999条", [Verdict.RIGHT, Verdict.NO_SUCH_ARTICLE]),
        ("宪法第一百四十一条到第一百四十四条", [Verdict.RIGHT] * 3 + [Verdict.NO_SUCH_ARTICLE]),
        ("宪法1982第一条", [Verdict.HISTORICAL]),
    ],
)
def test_lists_ranges_and_editions(corpus: Corpus, text: str, verdicts: list[Verdict]) -> None:
    assert [f.verdict for f in check_citations(corpus, text, TODAY)] == verdicts


def test_words_after_a_colon_are_compared_without_marks(corpus: Corpus) -> None:
    right = "宪法第三十八条：中华人民共和国公民的人格尊严不受侵犯。"
    wrong = "宪法第三十八条规定：中华人民共和国公民的人身尊严不受侵犯。"
    summary = "宪法第三十八条：别人不能随便侮辱您，也不能诬告您。"
    assert [f.verdict for f in check_citations(corpus, right, TODAY)] == [Verdict.RIGHT]
    (found,) = check_citations(corpus, wrong, TODAY)
    assert found.verdict is Verdict.QUOTE_DIFFERS
    assert [(d.law, d.text) for d in found.differences] == [("格", "身")]
    assert [f.verdict for f in check_citations(corpus, summary, TODAY)] == [Verdict.RIGHT]


def test_differences_are_marked() -> None:
    law = "增加赔偿的金额为消费者购买商品的价款或者接受服务的费用的三倍"
    assert marked(law, "接受服务的费用的十倍") == "接受服务的费用的【十】倍"
    assert marked(law, law) == law
    assert marked(law, "增加赔偿的金额为价款") == "增加赔偿的金额为【缺：消费者购买商品的】价款"
    assert likeness(law, law) == 1.0
    assert likeness(law, "红烧肉放糖") == 0.0
    assert likeness(law, "") == 0.0
