"""Reading references: generated texts whose references are known, and the forms statutes use."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.numerals import article_number, format_number
from knowledge.reference_text import OWN, Mention, mentions

KNOWN = {"刑法", "公司法", "劳动合同法", "宪法", "中华人民共和国刑法", "民族区域自治法"}


def read(text: str) -> tuple[Mention, ...]:
    return mentions(text, KNOWN.__contains__)


def said(text: str) -> list[tuple[str, list[tuple[object, ...]]]]:
    """Each mention as (text, steps), 之X and ranges only where there are any."""
    found = []
    for mention in read(text):
        steps: list[tuple[object, ...]] = [
            (s.unit, s.mode, s.first if s.first[1] else s.first[0], s.last[0])
            for s in mention.steps
        ]
        found.append((text[slice(*mention.span)], steps))
    return found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("违反本法第四十九条规定", [("本法第四十九条", [("条", "at", 49, 49)])]),
        (
            "本法第十八条第一款、第二款和第十九条",
            [
                ("本法第十八条第一款", [("条", "at", 18, 18), ("款", "at", 1, 1)]),
                ("第二款", [("条", "at", 18, 18), ("款", "at", 2, 2)]),
                ("第十九条", [("条", "at", 19, 19)]),
            ],
        ),
        ("第三十条至第三十三条规定的", [("第三十条至第三十三条", [("条", "at", 30, 33)])]),
        (
            "本条第二款第五项至第十七项",
            [
                (
                    "本条第二款第五项至第十七项",
                    [("条", "own", 0, 0), ("款", "at", 2, 2), ("项", "at", 5, 17)],
                )
            ],
        ),
        ("犯前三款罪的", [("前三款", [("款", "before", 3, 3)])]),
        ("依照前两条", [("前两条", [("条", "before", 2, 2)])]),
        ("前条第（三）项", [("前条第（三）项", [("条", "before", 1, 1), ("项", "at", 3, 3)])]),
        ("依照上款规定", [("上款", [("款", "before", 1, 1)])]),
        (
            "适用本编第三章第一节、第四节",
            [
                (
                    "本编第三章第一节",
                    [("编", "own", 0, 0), ("章", "at", 3, 3), ("节", "at", 1, 1)],
                ),
                ("第四节", [("编", "own", 0, 0), ("章", "at", 3, 3), ("节", "at", 4, 4)]),
            ],
        ),
        (
            "涉嫌刑法分则第四章",
            [("刑法分则第四章", [("编", "at", 2, 2), ("章", "at", 4, 4)])],
        ),
        ("依照刑法的规定", [("刑法", [])]),
        ("依照第一百三十三条之一", [("第一百三十三条之一", [("条", "at", (133, 1), 133)])]),
    ],
)
def test_forms_of_the_statutes(text: str, expected: object) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "公司法人的公司法定代表人依照公司法律",  # a law's name inside other words
        "维护刑法学",
        "第一项目、本项目、基本条件、本章程、本条约、以上款项、前条件",
        "本法人和本法院",
        "第一审人民法院第二天",
        "行为终了。\n第五编 婚姻家庭",  # a heading that a source glued to the article
        "《义勇军进行曲》",
    ],
)
def test_what_only_looks_like_a_reference(text: str) -> None:
    assert [m for m in read(text) if m.steps] == []
    assert [m for m in read(text) if not m.quoted] == []


def test_numbers_inside_a_title_are_part_of_the_title() -> None:
    text = "依照《关于《中华人民共和国刑法》第九十三条第二款的解释》第三条"
    (mention,) = read(text)
    assert mention.law == "关于《中华人民共和国刑法》第九十三条第二款的解释"
    assert [step.first for step in mention.steps] == [(3, 0)]


def test_numbers_of_an_unknown_text_are_not_the_own_laws() -> None:
    for text in ("依照联合国宪章第七章", "由附件一第二条规定", "违反旧噪声法第三条"):
        (mention,) = read(text)
        assert mention.law != OWN, text


def test_the_law_carries_over_a_connective_and_not_further() -> None:
    first, second, third = read("依照刑法第一条、第二条处罚；第三条另有规定的")
    assert (first.law, second.law, third.law) == ("刑法", "刑法", OWN)
    assert third.last_law == "刑法"


def test_a_relative_reference_takes_nothing_over() -> None:
    _, second = read("违反本法第十条第一款和前款规定")
    assert [(s.unit, s.mode) for s in second.steps] == [("款", "before")]


def test_a_bare_item_remembers_the_article_before() -> None:
    *_, last = read("以本法第三百九十五条第一款第一项规定的财产或者第五项规定的建筑物抵押")
    assert last.fallback is not None
    assert [(s.unit, s.first[0]) for s in last.fallback[1]] == [("条", 395), ("款", 1), ("项", 5)]


numbers = st.integers(1, 1299)
articles = st.tuples(numbers, st.one_of(st.none(), st.integers(1, 9)))


@given(st.lists(articles, min_size=1, max_size=6), st.sampled_from("、和及与或"))
def test_lists_are_read_number_by_number(wanted: list[tuple[int, int | None]], joint: str) -> None:
    text = "违反本法" + joint.join(article_number(*article) for article in wanted) + "规定的"
    found = read(text)
    assert [mention.steps[0].first for mention in found] == [(n, x or 0) for n, x in wanted]
    assert all(mention.said for mention in found)
    assert joint.join(text[slice(*m.span)] for m in found) in text


@given(numbers, st.integers(0, 40), st.integers(1, 30), st.integers(1, 20))
def test_ranges_and_parts_are_read(start: int, length: int, paragraph: int, item: int) -> None:
    end = start + length
    text = (
        f"依照《中华人民共和国刑法》{article_number(start)}至{article_number(end)}、"
        f"{article_number(end)}第{format_number(paragraph)}款第（{format_number(item)}）项"
    )
    covered, part = read(text)
    (step,) = covered.steps
    assert (step.first[0], step.last[0]) == (start, end)
    assert [s.first[0] for s in part.steps] == [end, paragraph, item]
    assert covered.law == part.law == "中华人民共和国刑法"


@given(st.text(alphabet="第前本一二十条款项法刑《》〈〉、和至的\n章节编（）之", max_size=60))
def test_any_text_is_read_with_spans_in_order(text: str) -> None:
    found = read(text)
    for before, after in pairwise(found):
        assert before.span[1] <= after.span[0]
    assert all(0 <= m.span[0] < m.span[1] <= len(text) for m in found)
