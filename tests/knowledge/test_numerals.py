from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.numerals import LARGEST, article_number, format_number, parse_number

numbers = st.integers(1, LARGEST)


def test_every_number_of_a_statute_survives_the_round_trip() -> None:
    for number in range(1, 2000):
        assert parse_number(format_number(number)) == number


@given(numbers)
def test_arabic_full_width_and_digit_by_digit_spellings_are_read(number: int) -> None:
    arabic = str(number)
    wide = arabic.translate(str.maketrans("0123456789", "０１２３４５６７８９"))
    spelt = arabic.translate(str.maketrans("0123456789", "〇一二三四五六七八九"))
    formal = format_number(number).translate(
        str.maketrans("一二三四五六七八九十百千", "壹贰叁肆伍陆柒捌玖拾佰仟")
    )
    assert [parse_number(t) for t in (arabic, wide, spelt, formal)] == [number] * 4


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("一千二百四十二", 1242),
        ("二百零一", 201),
        ("两百", 200),
        ("两百零二", 202),
        ("一百二", 120),
        ("一百一十", 110),
        ("十", 10),
        ("二十", 20),
        ("一千零一十", 1010),
        ("一千零一", 1001),
        (" 12 ", 12),
    ],
)
def test_known_spellings(text: str, number: int) -> None:
    assert parse_number(text) == number


@pytest.mark.parametrize(
    "text",
    ["", "零", "0", "十百", "百", "一二百", "一十百", "二百零", "零一百", "12345", "一百x", "之"],
)
def test_what_is_no_number_is_refused(text: str) -> None:
    assert parse_number(text) is None


@given(st.text(alphabet="零〇一二三四五六七八九十百千两0123456789", max_size=14))
def test_reading_never_fails_and_stays_in_range(text: str) -> None:
    value = parse_number(text)
    assert value is None or 1 <= value <= LARGEST


def test_full_article_number() -> None:
    assert article_number(287, 2) == "第二百八十七条之二"
    with pytest.raises(ValueError, match="9999"):
        format_number(10_000)
