from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from knowledge.articles import short_name
from knowledge.citations import Resolution, resolve
from knowledge.corpus import Corpus
from knowledge.numerals import parse_number
from tests.conftest import examples

TODAY = date(2026, 11, 24)


def cited(result: Resolution) -> list[str]:
    return [short_name(article.citation) for article in result.articles]


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("民法典第1254条", "民法典第一千二百五十四条"),
        ("刑法第287条之二", "刑法第二百八十七条之二"),
        ("刑法287条之2", "刑法第二百八十七条之二"),
        ("刑法第287條之二", "刑法第二百八十七条之二"),
        ("《中华人民共和国刑法》第二百八十七条之二第一款", "刑法第二百八十七条之二"),
        ("消法55", "消费者权益保护法第五十五条"),
        ("请问消法第二十五条怎么说的", "消费者权益保护法第二十五条"),
        ("民诉法第五十条", "民事诉讼法第五十条"),
        ("《民法典》合同编第577条", "民法典第五百七十七条"),
        ("我国宪法第三十三条", "宪法第三十三条"),
        ("交规第91条", "道路交通安全法第九十一条"),
        ("刑法修正案（十二）第一条", "刑法修正案（十二）条目一"),
        ("宪法修正案（1988年）第一条", "宪法修正案（1988年）第一条"),
        ("宪法（2018年）第五条", "宪法第五条"),
        ("香港基本法第五条", "香港特别行政区基本法第五条"),
    ],
)
def test_a_request_finds_its_article(corpus: Corpus, text: str, first: str) -> None:
    result = resolve(corpus, text, TODAY)
    assert result.found
    assert result.problem is None
    assert cited(result)[0] == first


def test_the_inserted_article_is_not_the_one_before_it(corpus: Corpus) -> None:
    (article,) = resolve(corpus, "刑法第287条之二", TODAY).articles
    assert article.text.startswith("明知他人利用信息网络实施犯罪")


@settings(max_examples=examples(1000), deadline=None)
@given(data=st.data())
def test_generated_citations_of_the_whole_corpus(corpus: Corpus, data: st.DataObject) -> None:
    """A full, short or Arabic spelling of any applying article gives exactly that article."""
    article = corpus.articles[data.draw(st.integers(0, len(corpus.articles) - 1))]
    version = article.version
    if not article.number.startswith("第") or corpus.version_on(version.law, TODAY) is not version:
        return
    law = data.draw(st.sampled_from([version.law, version.short, f"《{version.law}》"]))
    base, _, sub = article.number.removeprefix("第").partition("条")
    sub = sub.removeprefix("之")
    number = data.draw(
        st.sampled_from(
            [
                article.number,
                f"第{parse_number(base)}条" + (f"之{sub}" if sub else ""),
                f" {parse_number(base)} 条" + (f"之{parse_number(sub)}" if sub else ""),
            ]
        )
    )
    lead = data.draw(st.sampled_from(["", "请问", "根据", "依照"]))
    result = resolve(corpus, f"{lead}{law}{number}", TODAY)
    assert article in result.articles
    assert (result.articles[0].version, result.articles[0].number) == (version, article.number)


def test_article_beyond_the_end_says_how_many_there_are(corpus: Corpus) -> None:
    result = resolve(corpus, "宪法第150条", TODAY)
    assert (result.found, result.problem, result.articles) == (False, "no_such_article", ())
    assert "宪法共143条" in result.message


def test_gap_of_the_source_and_missing_insertion_are_told_apart(corpus: Corpus) -> None:
    assert "库内缺失" in resolve(corpus, "生态环境法典第1120条", TODAY).message
    message = resolve(corpus, "刑法第287条之九", TODAY).message
    assert "只有第二百八十七条、第二百八十七条之一、第二百八十七条之二" in message


@pytest.mark.parametrize(
    ("text", "suggested"),
    [("劳动合同发第38条", "劳动合同法"), ("维护国家安全法第五条", "国家安全法")],
)
def test_an_unknown_law_is_never_guessed(corpus: Corpus, text: str, suggested: str) -> None:
    result = resolve(corpus, text, TODAY)
    assert (result.found, result.problem, result.articles) == (False, "no_such_law", ())
    assert suggested in result.message


def test_a_regulation_the_corpus_lacks_is_said_to_be_missing(corpus: Corpus) -> None:
    result = resolve(corpus, "消费者权益保护法实施条例第三条", TODAY)
    assert result.problem == "no_such_law"
    assert "未收行政法规" in result.message


def test_a_law_repealed_by_the_civil_code_is_pointed_on(corpus: Corpus) -> None:
    for text in ("合同法第52条", "《中华人民共和国婚姻法》第三条", "继承法"):
        result = resolve(corpus, text, TODAY)
        assert result.problem == "no_such_law"
        assert "2021-01-01废止（《民法典》第一千二百六十条）" in result.message


def test_ambiguous_names_are_asked_about(corpus: Corpus) -> None:
    result = resolve(corpus, "诉讼法第五条", TODAY)
    assert (result.found, result.problem, result.articles) == (False, "ambiguous_law", ())
    assert [short_name(law) for law in result.choices] == [
        "民事诉讼法",
        "刑事诉讼法",
        "行政诉讼法",
    ]


def test_the_applying_wording_comes_first_and_switches_by_itself(corpus: Corpus) -> None:
    before = resolve(corpus, "商标法第一条", date(2026, 12, 31))
    after = resolve(corpus, "商标法第一条", date(2027, 1, 1))
    dates = [a.version.version_date.year for a in before.articles]
    assert dates == [2019, 2026]
    assert "2027-01-01" in before.message
    assert [a.version.version_date.year for a in after.articles] == [2026, 2019]


def test_repealed_and_coming_laws_are_found_with_a_warning(corpus: Corpus) -> None:
    repealed = resolve(corpus, "环境保护法第十条", TODAY)
    assert repealed.found
    assert "2026-08-15废止，依据《生态环境法典》第一千二百四十二条" in repealed.message
    assert "废止" not in resolve(corpus, "环境保护法第十条", date(2026, 8, 14)).message
    assert "尚未生效" in resolve(corpus, "医疗保障法第二条", TODAY).message
    assert resolve(corpus, "1982年宪法第五条", TODAY).articles[0].version.version_date.year == 1982


def test_an_amendment_not_yet_in_the_text_is_named_only_where_it_bites(unmerged: Corpus) -> None:
    assert "修正案（十二）" in resolve(unmerged, "刑法第390条", TODAY).message
    assert "修正案" not in resolve(unmerged, "刑法第390条", date(2024, 2, 29)).message
    assert "修正案" not in resolve(unmerged, "刑法第266条", TODAY).message


def test_a_merged_amendment_needs_no_warning_and_keeps_the_older_wording(corpus: Corpus) -> None:
    before, after = (
        resolve(corpus, "刑法第390条", day) for day in (date(2024, 2, 29), date(2024, 3, 1))
    )
    assert "处五年以下有期徒刑或者拘役" in before.articles[0].text
    assert "（七）将违法所得用于行贿的。" in after.articles[0].text
    assert "注意" not in after.message
    assert set(before.articles) == set(after.articles)
    assert len(resolve(corpus, "刑法第266条", TODAY).articles) == 1  # both wordings are the same


def test_paragraph_and_item(corpus: Corpus) -> None:
    result = resolve(corpus, "消法第五十五条第二款", TODAY)
    assert (result.paragraph, result.item) == (2, None)
    assert result.span is not None
    begin, end = result.span
    assert result.articles[0].text[begin:end].startswith("经营者明知商品或者服务存在缺陷")
    missing = resolve(corpus, "消法第五十五条第九款", TODAY)
    assert missing.found
    assert missing.span is None
    assert "没有第九款" in missing.message


def test_several_articles_in_one_request(corpus: Corpus) -> None:
    result = resolve(corpus, "消法第25条和第55条", TODAY)
    assert cited(result) == ["消费者权益保护法第二十五条", "消费者权益保护法第五十五条"]


@pytest.mark.parametrize("text", ["", "……", "第", "你好", "第五条", "a" * 5000])
def test_what_is_no_request_is_answered_kindly(corpus: Corpus, text: str) -> None:
    result = resolve(corpus, text, TODAY)
    assert not result.found
    assert result.problem == "no_such_law"
    assert result.message


def test_a_repeated_number_loses_nothing(corpus: Corpus) -> None:
    (law,) = (law for law in corpus.laws if law.endswith("所规定的罪行行使刑事管辖权的决定"))
    assert len(resolve(corpus, f"《{law}》第七条", TODAY).articles) == 3
