"""Amounts of money in free text: 三百块, 一千二, 两万三, 1.5万, 三块五毛, ¥2,000.50.

Exact decimals throughout, in yuan with at most two places. Whatever looks like an amount and cannot
be read exactly (几百块, 10^30元) is never guessed at.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import Decimal

from errors import UsageError
from knowledge.numerals import parse_number

LEAST, MOST = Decimal("0.01"), Decimal(100_000_000)
FEN = Decimal("0.01")
_HAN = "零〇一二三四五六七八九十百千万亿两壹贰叁肆伍陆柒捌玖拾佰仟"
_NUMBER = (
    r"(?:\d{1,3}(?:,\d{3})+|\d{1,40})(?:\.\d{1,9})?(?:(?:百|千|万|亿|[wWkK](?![a-zA-Z])){1,2}\d{0,4}千?)?"
    rf"|[{_HAN}]{{1,24}}"
)
_UNIT = r"元钱?|块钱?|圆|毛钱?|角钱?|分钱|人民币|rmb(?![a-z])"
_AMOUNT = re.compile(
    rf"(?P<sign>[-−–负]?)(?P<coin>[¥￥]?)\s?(?P<number>{_NUMBER})"
    rf"(?P<more>[多来]?)(?P<scale>[万千]?)\s?(?P<unit>(?:{_UNIT})?)"
    rf"(?:(?<=[元块])(?P<jiao>[\d一二三四五六七八九])(?:(?P<jiao_unit>[毛角])(?:(?P<fen>[\d一二三四五六七八九])分?)?"
    r"|(?![\d.件个斤天月年岁号日次箱双条瓶袋只台部张盒辆万千百十毛角分])))?",
    re.IGNORECASE | re.ASCII,
)
# what follows a number that counts something else
_COUNTED = re.compile(
    r"\s?(?:[岁周号日天月年条款项次个件斤倍%折楼层人名位台部只双瓶箱袋盒本张辆亩头期级点时秒刻世届章节页米克升吨间套根支颗粒户份成股线环码寸"
    r"里]|小时|分钟|公斤|千克|星期|礼拜|摄氏|公里|平方|分之|:)"
)
_SYMBOL = re.compile(r"[a-zA-Z^*/+=<>{}\[\]()%#]")
# words after which a bare number is money
_PAID = re.compile(
    r"(?:花|交|付|充|充值|给|打|转|收|借|欠|赔|退|价|价格|价款|价钱|款|元|货款|总价|金额|金|损失|卖|买|要|共|钱|打赏|约定)(?:了|的|是|为|到|我|他|她|它|进|掉|过)?"
    r"(?:大概|大约|差不多|总共|一共|共|约|将近|近|只有|只|才|就)?[:：]?\s?$"
)


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount found in a text: yuan, its place, and whether the text only said about so much."""

    yuan: Decimal
    span: tuple[int, int]
    about: bool = False


def checked(yuan: Decimal) -> Decimal:
    """The amount, if it can be an amount of money here.

    Raises:
        UsageError: it is not positive, too large, or finer than a fen.
    """
    if yuan <= 0:
        raise UsageError("金额要大于零，请核对后再发")
    if yuan > MOST:
        raise UsageError("金额太大了（这里最多算到 1 亿元），请核对，或者打12348问法律服务人员")
    if yuan != yuan.quantize(FEN) or yuan < LEAST:
        raise UsageError("金额最小到分，请写成 12.30 元这样")
    return yuan.quantize(FEN)


def parse_amount(text: str) -> Decimal:
    """One amount written alone (a form's field, a button's value).

    Raises:
        UsageError: it is no amount, or out of bounds.
    """
    said = text.strip()[:64]
    if not said or len(text.strip()) > 64:
        raise UsageError("金额请写成 300、300.50 或 三百元 这样")
    found = _AMOUNT.fullmatch(said)
    yuan = _read(found) if found else None
    if yuan is None:
        raise UsageError("金额请写成 300、300.50 或 三百元 这样")
    return checked(yuan)


def find_amounts(text: str) -> tuple[Amount, ...]:
    """The amounts in a text, in order; numbers that count something else are left out.

    A number without a unit counts only where it is large enough to be a price and stands like one.

    Raises:
        UsageError: something is clearly meant as an amount and is unusable (negative, 10^30).
    """
    found = []
    position = 0
    while match := _AMOUNT.search(text, position):
        position = max(match.end(), match.start() + 1)
        amount = _taken(text, match)
        if amount is not None:
            found.append(amount)
    return tuple(found)


def _taken(text: str, match: re.Match[str]) -> Amount | None:
    number, unit = match["number"], match["unit"] or match["coin"]
    before, after = text[: match.start("number")], text[match.end() :]
    if match["sign"]:
        before = before.removesuffix(match["sign"])
    if not unit:
        if _COUNTED.match(after) or before.endswith("第"):
            return None
        if _SYMBOL.match(after) or _SYMBOL.search(before[-1:]):
            return None
        if not _like_a_price(number, before):
            return None
    elif _SYMBOL.search(before[-1:]) or re.match(r"[eE^]", after):
        raise UsageError("金额看不明白，请只写数字和单位，例如 300 元")
    yuan = _read(match)
    if yuan is None or (match["number"] == "一" and unit == "块" and not _PAID.search(before)):
        return None  # 一块 is mostly a piece
    negative = match["sign"] == "负" or (match["sign"] != "" and not re.search(r"[0-9]$", before))
    return Amount(checked(-abs(yuan) if negative else abs(yuan)), match.span(), bool(match["more"]))


def _like_a_price(number: str, before: str) -> bool:
    if number[0].isdigit():
        digits = re.sub(r"\D", "", number)
        if not number.isdigit():
            return True  # 1.5万, 2,000, 19.9
        if _PAID.search(before[-12:]):
            return True
        return len(digits) >= 3 and not 1900 <= int(digits) <= 2100
    if number in ("千万", "百", "千", "万", "十", "亿", "万一", "百万", "十万", "万千"):
        return False
    if not re.search(r"[百千万佰仟]", number):
        return len(number) > 1 and "十" in number and bool(_PAID.search(before[-12:]))
    return bool(re.match(r"[一二三四五六七八九两壹贰叁肆伍陆柒捌玖十拾]", number))


def _read(match: re.Match[str]) -> Decimal | None:
    """The yuan that a match spells; None where it spells none. The sign is left to the caller."""
    value = read_number(match["number"])
    if value is None or match["number"][0] in "百千万亿佰仟":
        return None  # 几百块, 上千: how many is not said
    if match["scale"]:
        if match["number"][-1] in "万亿wWkK" or not match["more"]:
            return None
        value *= {"万": 10_000, "千": 1_000}[match["scale"]]
    unit = (match["unit"] or "元")[0].lower()
    if unit in "毛角":
        value /= 10
    elif unit == "分":
        value /= 100
    for group, share in (("jiao", "0.1"), ("fen", "0.01")):
        if match[group]:
            digit = parse_number(match[group])
            if digit is None:
                return None
            value += digit * Decimal(share)
    return -value if match["sign"] in ("-", "−", "–", "负") and match.start() == 0 else value


def read_number(text: str) -> Decimal | None:
    """The number that a numeral spells, Arabic, Chinese or mixed; None where it spells none.

    >>> [str(read_number(t)) for t in ("三百五", "一千二", "两万三", "1.5万", "2千5", "十二万八")]
    ['350', '1200', '23000', '15000.0', '2500', '128000']
    """
    plain = text.replace(",", "").replace("佰", "百").replace("仟", "千").replace("拾", "十")
    plain = re.sub("[wW]", "万", plain)
    for sign, unit in (("亿", 100_000_000), ("万", 10_000)):
        head, mark, tail = plain.partition(sign)
        if mark:
            left, right = _below_ten_thousand(head), _tail(tail, unit // 10)
            return None if left is None or right is None else left * unit + right
    return _below_ten_thousand(plain)


def _tail(text: str, unit: int) -> Decimal | None:
    """What follows 万: 三 after 万 is 3,000; 五百 is 500; 零五 is 5."""
    if not text:
        return Decimal(0)
    if len(text) == 1 and (digit := parse_number(text)) and digit < 10:
        return Decimal(digit) * unit
    return read_number(text.lstrip("零〇") or "x")


def _below_ten_thousand(text: str) -> Decimal | None:
    """A numeral without 万: 300, 2千5, 3k, 三百五, 千 (in 千万) and 百."""
    mixed = re.fullmatch(r"(\d+(?:\.\d+)?)([百千kK])(\d{0,3})", text)
    if mixed:
        unit = 100 if mixed[2] == "百" else 1000
        rest = int(mixed[3] or 0) * (unit // 10 if len(mixed[3]) == 1 else 1)
        return Decimal(mixed[1]) * unit + rest
    if re.fullmatch(r"\d+(?:\.\d+)?", text):
        return Decimal(text)
    if text in ("百", "千"):
        return Decimal(100 if text == "百" else 1000)
    if not re.search(r"[十百千]", text) and len(text) > 1:
        return None  # 三五, 五一: digits in a row are no price
    number = parse_number(text)
    return None if number is None else Decimal(number)


def shown(yuan: Decimal) -> str:
    """``1,200 元``, ``3.50 元``."""
    whole = yuan == yuan.to_integral_value()
    return f"{yuan:,.0f} 元" if whole else f"{yuan:,.2f} 元"


_FINANCIAL = "零壹贰叁肆伍陆柒捌玖"


def in_words(yuan: Decimal) -> str:
    """The financial capitals of an amount: 壹仟贰佰元伍角 (支付结算办法 附一: 整 after 元 or 角).

    >>> [in_words(Decimal(t)) for t in ("300", "1200.50", "10005", "0.07", "100000000")]
    ['叁佰元整', '壹仟贰佰元伍角整', '壹万零伍元整', '柒分', '壹亿元整']
    """
    cents = int(checked(yuan) * 100)
    whole, jiao, fen = cents // 100, cents // 10 % 10, cents % 10
    words = _whole_in_words(whole) + "元" if whole else ""
    if jiao:
        words += f"{_FINANCIAL[jiao]}角"
    elif whole and fen:
        words += "零"
    return words + (f"{_FINANCIAL[fen]}分" if fen else "整")


def _whole_in_words(number: int) -> str:
    words, gap = "", False
    for unit, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        group = number // unit % 10_000
        if not group:
            gap = bool(words)
            continue
        if words and (gap or group < 1000):
            words += "零"
        part, hole = "", False
        for step, label in ((1000, "仟"), (100, "佰"), (10, "拾"), (1, "")):
            digit = group // step % 10
            if digit:
                part += ("零" if hole else "") + _FINANCIAL[digit] + label
                hole = False
            else:
                hole = bool(part)
        words, gap = words + part + name, False
    return words
