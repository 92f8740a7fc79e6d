"""No card, identity, telephone number or code that a resident types survives masking."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.masking import HOTLINES, mask

HAN = "零一二三四五六七八九"
FULL = "０１２３４５６７８９"
WIDTHS: dict[str, Callable[[str], str]] = {
    "ascii": str,
    "full": lambda digits: "".join(FULL[int(d)] for d in digits),
    "han": lambda digits: "".join(HAN[int(d)] for d in digits),
}


def luhn(body: str) -> str:
    """``body`` with the check digit that makes it a valid card number (ISO/IEC 7812-1)."""
    total = 0
    for place, digit in enumerate(reversed(body)):
        value = int(digit) * (2 if place % 2 == 0 else 1)
        total += value - 9 if value > 9 else value
    return body + str(-total % 10)


digits = st.text("0123456789", min_size=1)
cards = (
    st.integers(15, 18).flatmap(lambda n: st.text("0123456789", min_size=n, max_size=n)).map(luhn)
)
mobiles = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
landlines = st.from_regex(r"0[1-9][0-9]{1,2}-?[2-8][0-9]{6,7}", fullmatch=True)
identities = st.from_regex(
    r"[1-6][0-9]{5}(19|20)[0-9]{2}(0[1-9]|1[0-2])[0-3][0-9]{4}", fullmatch=True
)
old_identities = st.from_regex(r"[1-6][0-9]{14}", fullmatch=True)
numbers = st.one_of(cards, mobiles, landlines, identities, old_identities)
gaps = st.sampled_from(["", " ", "  ", "-", " - ", ".", "·", "\u3000", "\u200b", "/", "_"])
words = st.sampled_from(
    ["我的卡号是", "他说", "打给", "", "身份证", "转到", "，", "\n", "微信同号"]
)


def dressed(draw: st.DrawFn, number: str) -> str:
    """``number`` as a person may type it: other digits, gaps anywhere."""
    gap = draw(gaps)
    every = draw(st.integers(1, 6))
    width = WIDTHS[draw(st.sampled_from(sorted(WIDTHS)))]
    bare = number.replace("-", "")
    groups = [bare[i : i + every] for i in range(0, len(bare), every)]
    return gap.join(width(group) for group in groups)


@st.composite
def typed(draw: st.DrawFn) -> tuple[str, str]:
    number = draw(numbers)
    return number, draw(words) + dressed(draw, number) + draw(words)


def digits_of(text: str) -> str:
    """All digits in reading order, whatever their script."""
    found = []
    for char in text:
        if char in HAN:
            found.append(str(HAN.index(char)))
        elif (value := unicodedata.digit(char, None)) is not None:
            found.append(str(value))
    return "".join(found)


@given(typed())
def test_numbers_disappear(case: tuple[str, str]) -> None:
    number, text = case
    left = digits_of(mask(text))
    assert number.replace("-", "") not in left
    assert len(left) < 4, f"too much is left of {number}: {mask(text)}"


@given(
    st.sampled_from(["验证码是", "验证码：", "短信验证码发过来 ", "密码", "取款密码是", "校验码"]),
    st.text("0123456789", min_size=4, max_size=8),
    st.sampled_from(["", " ", "-"]),
)
def test_codes_disappear(word: str, code: str, gap: str) -> None:
    if code in HOTLINES:
        return  # public numbers stay readable even there
    assert code not in digits_of(mask(f"他要我{word}{gap.join(code)}，给不给"))
    assert code not in digits_of(mask(f"{gap.join(code)}这个{word.rstrip('是：')}能说吗"))
    assert code not in digits_of(mask(f"短信来了{gap.join(code)}，他让我念"))
    assert code not in digits_of(mask(f"他让我把{gap.join(code)}报给他"))


@given(typed())
def test_masking_twice_changes_nothing(case: tuple[str, str]) -> None:
    once = mask(case[1])
    assert mask(once) == once


@pytest.mark.parametrize(
    "text",
    [
        "96110打来的电话是真的吗",
        "打110还是96110，还是12348？",
        "民法典第一千二百五十四条",
        "刑法第287条之二",
        "我被骗了12345元",
        "2026年11月24日",
        "2026-12-10 上午",
        "我把8000块发给他了",
        "短信说我中了50000元",
        "他让我告诉96110",
        "2026.1.5 14:30",
        "七日无理由退货",
        "三四五六楼都漏水",
        "工资4500，欠了3个月",
        "花了100，200，300",
    ],
)
def test_ordinary_text_is_kept(text: str) -> None:
    assert mask(text) == text


def test_mail_and_passwords() -> None:
    assert "example" not in mask("发到 wang.wu@example.com 行吗")
    assert "abc123" not in mask("我密码是abc123!")
