"""Article numbers between Chinese numerals and integers.

The official spelling is that of GB/T 15835 and of the statutes themselves: 一百一十, 二百零一,
一千零一十. Reading is more tolerant than writing: 两百, 〇, 一二五四, １２５４, 壹佰.
"""

from __future__ import annotations

DIGITS = "零一二三四五六七八九"
LARGEST = 9999

# one character to one character, so that positions in a text stay the same
_PLAIN = str.maketrans(
    "０１２３４５６７８９〇○Ｏ两壹贰叁肆伍陆柒捌玖拾佰仟貳參陸兩",
    "0123456789零零零二一二三四五六七八九十百千二三六二",
)
_UNITS = {"十": 10, "百": 100, "千": 1000}
NUMERAL = "0-9０-９零〇○一二三四五六七八九十百千两壹贰叁肆伍陆柒捌玖拾佰仟貳參陸兩"


def parse_number(text: str) -> int | None:
    """The integer that ``text`` spells, None when it is not a number from 1 to 9999.

    >>> [parse_number(t) for t in ("一千二百四十二", "二百零一", "两百", "一二五四", "十百")]
    [1242, 201, 200, 1254, None]
    """
    plain = text.strip().translate(_PLAIN)
    if not plain or len(plain) > 12:
        return None
    if plain.isascii():
        value = int(plain) if plain.isdecimal() else 0
    elif any(unit in plain for unit in _UNITS):
        value = _with_units(plain)
    else:
        digits = [DIGITS.find(char) if not char.isascii() else _ascii(char) for char in plain]
        value = 0 if -1 in digits else int("".join(map(str, digits)))
    return value if 1 <= value <= LARGEST else None


def _ascii(char: str) -> int:
    return int(char) if char.isdecimal() else -1


def _with_units(plain: str) -> int:
    """A numeral with 十百千; 0 when it is malformed."""
    total, digit, last, gap = 0, 0, 10_000, False
    for char in plain:
        if char in _UNITS:
            unit = _UNITS[char]
            if unit >= last or (digit == 0 and (unit != 10 or (total and not gap))):
                return 0
            total += (digit or 1) * unit
            digit, last, gap = 0, unit, False
        elif char == "零":
            if gap or digit or not total:
                return 0
            gap = True
        else:
            value = DIGITS.find(char)
            if value < 1 or digit:
                return 0
            digit = value
    if gap and not digit:
        return 0
    if digit and not gap and last > 10:
        return total + digit * last // 10  # 一百二 is 120
    return total + digit


def format_number(value: int) -> str:
    """The official Chinese numeral of an integer from 1 to 9999.

    >>> [format_number(n) for n in (10, 12, 110, 201, 1001, 1010, 1242)]
    ['十', '十二', '一百一十', '二百零一', '一千零一', '一千零一十', '一千二百四十二']
    """
    if not 1 <= value <= LARGEST:
        raise ValueError(f"not between 1 and {LARGEST}: {value}")
    out, gap = "", False
    for unit, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit = value // unit % 10
        if digit:
            out += "零" if gap else ""
            out += ("" if unit == 10 and value < 20 else DIGITS[digit]) + name
            gap = False
        else:
            gap = bool(out)
    return out


def article_number(base: int, sub: int | None = None) -> str:
    """``第二百八十七条之二`` for (287, 2)."""
    return f"第{format_number(base)}条" + (f"之{format_number(sub)}" if sub else "")
