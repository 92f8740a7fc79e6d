from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.citations import resolve
from knowledge.corpus import Corpus
from knowledge.numerals import format_number
from knowledge.paragraphs import paragraphs, part_of

TEXT = "有下列情形之一的：\n（一）甲；\n（二）乙。\n1.目之一。\n第二款的话。\n第三款：\n（一）丙。"


def test_items_belong_to_the_paragraph_above_them() -> None:
    found = paragraphs(TEXT)
    assert [[item.number for item in part.items] for part in found] == [[1, 2], [], [1]]
    assert TEXT[found[1].start : found[1].end] == "第二款的话。"
    assert TEXT[found[0].items[1].start : found[0].items[1].end] == "（二）乙。\n1.目之一。"


def test_a_part_that_exists_is_sliced_and_one_that_does_not_is_named() -> None:
    part, missing = part_of(TEXT, 1, 2)
    assert part is not None
    assert TEXT[part.start : part.end].startswith("（二）乙")
    assert missing == ""
    assert part_of(TEXT, 4, None) == (None, "该条共三款，没有第四款")
    assert part_of(TEXT, 2, 1) == (None, "该条第二款不分项，没有第一项")
    assert part_of(TEXT, None, 9) == (None, "该条共二项，没有第九项")
    assert part_of(TEXT, None, None) == (None, "")


def test_a_table_of_amounts_belongs_to_its_item() -> None:
    text = (
        "限额：\n（一）死亡\n1.小船，五万；\n2.大船，增加下列数额：\n五百吨以上，一千；\n"
        "（二）其他。\n末款。"
    )
    first, last = paragraphs(text)
    assert [item.number for item in first.items] == [1, 2]
    assert text[last.start : last.end] == "末款。"


def test_a_list_without_numbers_is_one_paragraph() -> None:
    text = "由下列人员组成：\n委员长，\n秘书长，\n委员若干人。\n名额另定。"
    assert len(paragraphs(text)) == 2


def test_items_of_the_fifties() -> None:
    (only,) = paragraphs("有下列情形之一的，处罚：\n一、不报的；\n二、假报的。")
    assert [item.number for item in only.items] == [1, 2]
    assert len(paragraphs("第一款。\n一、总则性的话。")) == 2  # only after a colon


@pytest.mark.parametrize(
    ("request_", "number", "begins"),
    [
        ("消法第五十五条第二款", "第五十五条", "经营者明知商品或者服务存在缺陷"),
        ("刑法第一百九十八条第一款第（四）项", "第一百九十八条", "（四）投保人、被保险人故意造成"),
        ("海商法第二百一十九条第二项", "第二百一十九条", "（二）关于非人身伤亡"),
        ("户口登记条例第二十条第二项", "第二十条", "二、假报户口的"),
        ("宪法第六十五条第四款", "第六十五条", "全国人民代表大会常务委员会的组成人员不得"),
    ],
)
def test_cite_marks_the_part(corpus: Corpus, request_: str, number: str, begins: str) -> None:
    found = resolve(corpus, request_, date(2026, 11, 24))
    assert found.span is not None
    article = found.articles[0]
    assert article.number == number
    assert article.text[slice(*found.span)].strip().startswith(begins)


def test_an_article_without_parts_has_one_paragraph(corpus: Corpus) -> None:
    theft = resolve(corpus, "刑法第二百六十四条", date(2026, 11, 24))
    assert (theft.found, theft.span) == (True, None)
    assert len(paragraphs(theft.articles[0].text)) == 1


def _check_cover(text: str) -> None:
    """The parts cover every line that has words, in order, and no character twice."""
    parts = paragraphs(text)
    rest = text
    for part in reversed(parts):
        rest = rest[: part.start] + rest[part.end :]
        inside = text[part.start : part.end]
        for item in part.items:
            assert part.start <= item.start < item.end <= part.end
            assert text[item.start : item.end] in inside
    assert not rest.strip()
    assert [part.number for part in parts] == list(range(1, len(parts) + 1))
    ends = [part.end for part in parts]
    assert all(a <= b.start for a, b in zip(ends, parts[1:], strict=False))
    joined = "\n".join(text[part.start : part.end] for part in parts)
    assert [x for x in joined.split("\n") if x.strip()] == [
        x for x in text.split("\n") if x.strip()
    ]


_words = st.text(alphabet="甲乙丙，、的是", min_size=1, max_size=8)
_lines = st.one_of(
    st.builds("{}。".format, _words),
    st.builds("{}：".format, _words),
    st.builds("（{}）{}；".format, st.sampled_from("一二三四五"), _words),
    st.builds("{}.{}；".format, st.integers(1, 9), _words),
    st.builds("{}、{}。".format, st.sampled_from("一二三"), _words),
    st.just(""),
)


@given(st.lists(_lines, max_size=12))
def test_joining_all_parts_gives_the_text_back(lines: list[str]) -> None:
    _check_cover("\n".join(lines))


def test_joining_all_parts_gives_every_article_back(corpus: Corpus) -> None:
    for article in corpus.articles:
        _check_cover(article.text)


@given(
    st.lists(
        st.lists(_words.map(lambda w: w.strip("，、") or "甲"), max_size=4), min_size=1, max_size=5
    )
)
def test_generated_articles_are_divided_as_written(paragraphs_: list[list[str]]) -> None:
    """A paragraph for each inner list, with an item for each word."""
    blocks = []
    for words in paragraphs_:
        items = [f"（{format_number(i)}）{word}；" for i, word in enumerate(words, 1)]
        if items:
            items[-1] = items[-1][:-1] + "。"
        blocks.append("\n".join([f"下列事项{'：' if items else '另定。'}", *items]))
    parts = paragraphs("\n".join(blocks))
    assert [[item.number for item in part.items] for part in parts] == [
        list(range(1, len(words) + 1)) for words in paragraphs_
    ]
