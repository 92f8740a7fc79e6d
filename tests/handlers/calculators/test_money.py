"""Amounts in free text: what is read, what is left alone, what is refused."""

from __future__ import annotations

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import UsageError
from handlers.calculators.money import (
    MOST,
    find_amounts,
    in_words,
    parse_amount,
    read_number,
    shown,
)
from knowledge.numerals import format_number

fen = st.integers(1, int(MOST) * 100).map(lambda n: Decimal(n) / 100)


def spelt(number: int) -> str:
    """The usual Chinese numeral of a number below 一亿, by an own rule."""
    high, low = divmod(number, 10_000)
    text = format_number(high) + "万" if high else ""
    if low:
        text += ("零" if high and low < 1000 else "") + format_number(low)
    return text


@given(st.integers(1, 99_999_999))
def test_a_chinese_numeral_is_read_back(number: int) -> None:
    assert read_number(spelt(number)) == number


@given(st.integers(1, 9), st.integers(1, 9))
def test_the_spoken_short_forms(first: int, second: int) -> None:
    digits = "零一二三四五六七八九"
    assert read_number(f"{digits[first]}百{digits[second]}") == first * 100 + second * 10
    assert read_number(f"{digits[first]}千{digits[second]}") == first * 1000 + second * 100
    assert read_number(f"{digits[first]}万{digits[second]}") == first * 10_000 + second * 1000


@given(fen)
def test_what_is_shown_is_read_back(yuan: Decimal) -> None:
    assert parse_amount(shown(yuan).replace(" ", "")) == yuan
    (found,) = find_amounts(f"花了{shown(yuan)}买的")
    assert found.yuan == yuan


@given(fen)
def test_financial_capitals_are_read_back(yuan: Decimal) -> None:
    """Read by an own reader: each numeral times its unit, summed."""
    total, group, digit = Decimal(0), 0, 0
    for char in in_words(yuan):
        if char in "零壹贰叁肆伍陆柒捌玖":
            digit = "零壹贰叁肆伍陆柒捌玖".index(char)
        elif char in "拾佰仟":
            group += digit * {"拾": 10, "佰": 100, "仟": 1000}[char]
            digit = 0
        elif char in "亿万元":
            group += digit
            total = (
                (total + group) * (10_000 if char == "万" else 1)
                if char != "亿"
                else (Decimal(group * 10**8))
            )
            group = digit = 0
        elif char in "角分":
            total += digit * Decimal("0.1" if char == "角" else "0.01")
            digit = 0
        else:
            assert char == "整"
    assert total == yuan


@pytest.mark.parametrize(
    ("text", "yuan"),
    [
        ("假货花了三百块能赔多少", ["300"]),
        ("定金交了2000对方不卖了", ["2000"]),
        ("娃12岁充了6000", ["6000"]),
        ("三百五", ["350"]),
        ("一千二", ["1200"]),
        ("两万三", ["23000"]),
        ("三块五毛", ["3.50"]),
        ("3元5角2分", ["3.52"]),
        ("8块5的饼干", ["8.50"]),
        ("五毛钱", ["0.50"]),
        ("¥2,000.50", ["2000.50"]),
        ("1.5万", ["15000"]),
        ("充了3w", ["30000"]),
        ("2千5", ["2500"]),
        ("壹仟贰佰元", ["1200"]),
        ("一百多块", ["100"]),
        ("违约金5000太高，损失只有2000", ["5000", "2000"]),
        ("500-800元", ["500", "800"]),
        # what is no amount
        ("千万别买", []),
        ("万一被骗", []),
        ("老百姓", []),
        ("几百块", []),
        ("砖都没拉一块就跑了", []),
        ("12号线买了3件", []),
        ("民法典第五百八十六条", []),
        ("2026年3月", []),
        ("三五个人", []),
    ],
)
def test_amounts_in_sentences(text: str, yuan: list[str]) -> None:
    found = [amount.yuan for amount in find_amounts(text)]
    assert found == [Decimal(one) for one in yuan]


@pytest.mark.parametrize(
    "text",
    ["10^30元", "3e5元", "-300元", "负三百元", "0元", "1" * 30 + "元", "两亿元", "花了0.001元"],
)
def test_hostile_amounts_are_refused_in_one_line(text: str) -> None:
    with pytest.raises(UsageError, match=r"^金额[^\n]+$"):
        find_amounts(text)


@pytest.mark.parametrize(
    "text", ["", " ", "=1+1", "<b>300</b>", "三百块钱左右吧", "9" * 70, "NaN", "inf", "1e9", "١٢٣"]
)
def test_a_field_takes_nothing_but_an_amount(text: str) -> None:
    with pytest.raises(UsageError, match=r"^金额[^\n]+$"):
        parse_amount(text)


@given(st.text(max_size=300))
def test_any_text_gives_amounts_or_one_line(text: str) -> None:
    try:
        found = find_amounts(text)
    except UsageError:
        return
    assert all(0 < amount.yuan <= MOST for amount in found)


def test_long_texts_are_read_in_one_pass() -> None:
    assert find_amounts("百" * 100_000) == ()
    assert len(find_amounts("300元" * 1000)) == 1000
