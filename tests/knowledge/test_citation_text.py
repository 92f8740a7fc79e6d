from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.citation_text import Citation, parse_citations, parse_request
from knowledge.numerals import article_number, format_number

spelt = st.sampled_from([str, format_number])


@given(
    name=st.sampled_from(["刑法", "《中华人民共和国刑法》", "民法典", "消法", "《刑法》"]),
    base=st.integers(1, 1300),
    sub=st.none() | st.integers(1, 9),
    paragraph=st.none() | st.integers(1, 9),
    item=st.none() | st.integers(1, 20),
    spell=spelt,
    space=st.sampled_from(["", " "]),
    ordinal=st.sampled_from(["第", "第 "]),
)
def test_generated_spellings(
    name: str,
    base: int,
    sub: int | None,
    paragraph: int | None,
    item: int | None,
    spell: type[str],
    space: str,
    ordinal: str,
) -> None:
    text = f"{name}{space}{ordinal}{spell(base)}{space}条"
    if sub:
        text += f"之{spell(sub)}"
    if paragraph:
        text += f"{space}第{spell(paragraph)}款"
    if item:
        text += f"第（{spell(item)}）项"
    (found,) = parse_citations(f"依照{text}，处罚")
    assert found.number == article_number(base, sub)
    assert (found.paragraph, found.item) == (paragraph, item)
    assert found.law_name is not None
    assert found.law_name.removeprefix("依照") == name.strip("《》")


@given(st.text(alphabet="第一二三百条款项之法典《》（）0123 ，。的和、刑消", max_size=40))
def test_any_text_is_read_without_failing_and_in_order(text: str) -> None:
    found = parse_citations(text)
    ends = [0]
    for citation in found:
        begin, end = citation.span
        assert ends[-1] <= begin < end <= len(text)
        ends.append(end)
    parse_request(text)


def numbers(text: str) -> list[tuple[str | None, str]]:
    return [(c.law_name, c.number) for c in parse_citations(text)]


def test_a_row_of_articles_shares_its_law() -> None:
    text = (
        "《民法典》第一千二百五十四条、第一千一百六十五条第一款和刑法第二百九十一条之二。本法第五条"
    )
    assert numbers(text) == [
        ("民法典", "第一千二百五十四条"),
        ("民法典", "第一千一百六十五条"),
        ("和刑法", "第二百九十一条之二"),
        (None, "第五条"),
    ]


@pytest.mark.parametrize(
    "text", ["我有三条建议", "55条评论", "一条路", "第一款", "第十之规定", "法治"]
)
def test_what_is_no_citation(text: str) -> None:
    assert parse_citations(text) == []


def test_the_basic_law_is_not_this_law() -> None:
    assert numbers("香港基本法第五条") == [("香港基本法", "第五条")]
    assert numbers("依照本法第五条") == [(None, "第五条")]


def test_old_style_inner_number_and_bare_requests() -> None:
    assert numbers("刑法第二百八十七之二条") == [("刑法", "第二百八十七条之二")]
    assert [c.number for c in parse_request("消法55")] == ["第五十五条"]
    assert [c.number for c in parse_request("刑法 287之二？")] == ["第二百八十七条之二"]
    assert parse_request("2024") == []


def test_a_year_names_a_wording() -> None:
    assert [c.year for c in parse_citations("1982年宪法第五条")] == [1982]
    (cited,) = parse_citations("《劳动合同法》（2012修正）第八十二条")
    assert cited == Citation("劳动合同法", "第八十二条", None, None, (0, 20), True, 2012)


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("消法第10、11条", ["第十条", "第十一条"]),
        ("刑法第264、266条", ["第二百六十四条", "第二百六十六条"]),
        ("劳动法第10至12条", ["第十条", "第十一条", "第十二条"]),
        ("刑法第10-12条", ["第十条", "第十一条", "第十二条"]),
        ("刑法第287-2条", ["第二百八十七条之二"]),
        ("民法典第一百条到第一百零二条", ["第一百条", "第一百零一条", "第一百零二条"]),
        ("民法典第10条到第500条", ["第十条", "第五百条"]),
        ("一、第五条规定", ["第五条"]),
    ],
)
def test_lists_and_ranges(text: str, numbers: list[str]) -> None:
    found = parse_citations(text)
    assert [citation.number for citation in found] == numbers
    assert len({citation.law_name for citation in found}) == 1


def test_list_items_have_their_own_place() -> None:
    text = "刑法第264、266条"
    assert [text[slice(*c.span)] for c in parse_citations(text)] == ["刑法第264", "266条"]
