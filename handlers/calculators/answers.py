"""A bare answer to a question for one figure: 三百, 12岁, 上周五, 对方违约."""

from __future__ import annotations

import re
from datetime import date
from decimal import Decimal

from handlers.calculators.days import find_days
from handlers.calculators.figures import MINE, OTHER, parse_age
from handlers.calculators.money import find_amounts, parse_amount
from knowledge.numerals import parse_number

LONGEST = 16  # characters; a longer message is no bare answer
_ABOUT = re.compile(
    r"^(?:大概|大约|差不多|一共|总共|花了|是|有|就|共)+|(?:吧|左右|的|了|呢|啊|呀|钱)+$"
)


def read_answer(figure: str, text: str, today: date) -> Decimal | date | int | str | None:
    """The figure in ``text``, None where it holds none.

    Raises:
        UsageError: it holds one that cannot be.
    """
    said = text.strip(" 。，,.!！~～")
    if not said or len(said) > LONGEST:
        return None
    match figure:
        case "day":
            days = find_days(said, today)
            return days[0].day if len(days) == 1 else None
        case "age":
            found = re.search(r"(\d{1,3}|[一二三四五六七八九十两]{1,3})", said)
            number = parse_number(found[1]) if found and found[1] != "0" else None
            return parse_age(str(number or 0)) if found else None
        case "side":
            mine = re.search(r"我|俺|自己|买", said)
            other = re.search(r"对方|商家|卖|他|她|人家|老板|房东", said)
            if bool(mine) == bool(other):
                return None
            return MINE if mine else OTHER
        case _:
            amounts = find_amounts(said)
            if len(amounts) == 1:
                return amounts[0].yuan
            bare = _ABOUT.sub("", said)
            return (
                parse_amount(bare)
                if re.fullmatch(r"[\d.,一二三四五六七八九十百千万两零]+", bare)
                else None
            )
