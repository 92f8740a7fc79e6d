"""Which sum a message asks for, and with which figures.

A sum is done at once only where a short message gives a figure and asks for the result, or tells
the bare facts of one (定金交了2000对方不卖了). Anything else that touches the matter goes to the
search as before, and the sum is offered beneath as a button.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date
from decimal import Decimal

from handlers.calculators.answers import read_answer
from handlers.calculators.catalogue import Calculator, Catalogue
from handlers.calculators.days import Day, find_days
from handlers.calculators.figures import MINE, OLDEST, OTHER, Figures
from handlers.calculators.money import Amount, find_amounts
from handlers.masking import PLACEHOLDER
from knowledge.numerals import parse_number

SHORT = 48  # characters: a longer message tells a story, and the search reads it better
OFFERED = 80  # and under a long story a sum is no help
GROWN = 20  # years: an older person in a story about a child is not the child
BARE = 10  # 「定金2000」
_READ = 400  # of a message are looked at

_FOOD = (
    r"食品|过期(?:的)?(?:食|饼|奶|面|饮|火腿|零食|酒|肉|月饼)|变质|发霉|馊|假酒"
    r"|毒(?:面|豆|馒头|油)|地沟油"
)
_FOODS = (
    r"吃的|吃了|喝的|零食|奶粉|牛奶|酸奶|面包|蛋糕|饼干|饮料|白酒|啤酒|熟食|香肠|猪肉|牛肉|羊肉|鸡肉|鸡蛋|大米|面粉"
    r"|食用油|月饼|辣条|罐头|外卖|饭菜|饭馆|餐馆|火腿"
)
_SPOILT = r"过期|坏|脏|虫|异物|铁丝|头发|假|超标|不合格|拉肚子|上吐下泻|中毒|三无|臭|十倍"
_DRUG = r"假药|劣药|过期药|过期的药|药品"
_FAKE = (
    r"假货|假的|假冒|冒牌|山寨|高仿|仿冒|假烟|假鞋|假包|假表|假手机|假化妆品|以次充好|以假充真|翻新机|二手充新|虚假宣传|消费欺诈"
    r"|欺诈消费|三倍赔偿|赔三倍|退一赔三|三倍|欺骗消费者"
)
_HOW_MUCH = (
    r"(?:赔|退|返|要|给|拿)[^，。！？]{0,8}(?:多少|几块|几倍|多钱|咋算|怎么算)|(?:多少|多钱)[^，。！？]{0,4}(?:赔|补)"
    r"|退一赔三|十倍赔偿|三倍赔偿|赔[一三十3]0?倍|赔十倍|赔三倍|能赔吗|咋赔|怎么赔|怎么算|咋算|算一下|算算|帮我算"
)
_WHEN = (
    r"几号|哪天|哪一天|啥时候|什么时候|什么时间|最晚|最迟|截止|还能|还可以|来得及|过期(?:了|没)|过没过|过了没|过了吗|多久|多长时间|几天(?:内|之内|以内)|到期|到哪"
    r"|超了(?:没|吗)|算到|还有(?:几|多少)天|几时|能退|可以退"
)
# questions that mention the matter and ask something else
_ELSE = re.compile(
    r"犯法|犯罪|违法|坐牢|判刑|判几|判多|判了|抓|拘留|罚款|罚多|罚几|敲诈|勒索|曝光|报警|报案|立案|诈骗|骗子|被骗|偷|抢|打人|打了|刷单|转账"
    r"|合法吗|合不合法|合理吗|举报|哪里投诉|找谁|哪个部门|第[一二三四五六七八九十百千零\d]+条|哪一?条|第几条|依据|前提|规定|条件|不够|不足|保底"
    r"|[递交]了(?:复议)?申请|酒驾|醉驾|逾.?利息|提前|送人"
)
# who sells or advertises asks from the other side
_TRADE = re.compile(r"罚单|批发|进货|代言|主播|带货|亏了|顾客|开店|卖家说")
_GOODS = frozenset(("triple", "food", "drug", "deposit"))
_AGE = re.compile(r"(?P<n>\d{1,3}|[一二三四五六七八九十两]{1,3})\s?(?:周岁|岁)(?P<half>半)?")
_CHILD = r"孩子|娃|小孩|儿子|女儿|闺女|丫头|孙子|孙女|外孙|弟弟|妹妹|侄|未成年|学生|岁"
_SPENDS = (
    r"充值|充了|充的|充进|充游戏|氪金|打赏|刷礼物|买了|买的|花了|花掉|下单|网购|消费了|转给主播"
)
_DEPOSIT = r"(?<![规约法固指限认决特锁])定金(?![额融])|订金"
_OTHER_SIDE = (
    r"(?:对方|卖家|商家|房东|房主|老板|店家|店里|人家|他们|他|她|卖方|出卖人|厂家|公司|中介|4s店|4S店|开发商|业主)[^，。！？]{0,8}"
    r"(?:不卖|不做|不干|反悔|违约|毁约|卖给(?:了)?别|卖给(?:了)?其他|不发货|不交货|不给货|不租|变卦|涨价|没货|不履行|跑路|不认账)|收定金的(?:一方|人)?违约|不卖(?:给我)?了|卖给(?:了)?别人"
)
_MY_SIDE = (
    r"(?:我|俺|咱|自己|买家|买方)(?:这边|家)?[^，。！？对他她]{0,6}(?:不想要|不想买|不想租|不买|不要了|不租|反悔|违约|变卦|不去了)|交定金的(?:一方|人)?违约|^(?:不想|不买|不要)"
    r"|不想要了|不想买了|不买了|不想租了"
)
_ROLES: dict[str, dict[str, str]] = {
    "triple": {"price": r"价|花|付|买|货|款", "other": r"赔|罚|补偿|要他|运费"},
    "food": {
        "price": r"价|花|付|买|货|款",
        "loss": r"损失|医药|看病|住院|药费|治",
        "other": r"赔|罚|要他",
    },
    "drug": {
        "price": r"价|花|付|买|货|款",
        "loss": r"损失|医药|看病|住院|治",
        "other": r"赔|罚|要他",
    },
    "deposit": {
        "price": r"定金|订金|交|付|给",
        "total": r"总价|总共|一共|全款|合同价|总额|房价|车价|总款|标的|货款",
        "other": r"赔|罚|违约金|租金|尾款|余款",
    },
    "minor": {"price": r"充|花|买|打赏|刷|消费|转"},
    "penalty": {"price": r"违约金", "loss": r"损失"},
    "interest": {"price": r"借|本金|贷|欠"},
}


@dataclass(frozen=True, slots=True)
class Recognised:
    """A sum that a message touches; ``direct`` when it is to be done now. ``unclear`` names the
    figure for which the message gives several values."""

    calculator: Calculator
    figures: Figures
    direct: bool
    unclear: tuple[str, tuple[Decimal, ...]] | None = None


def recognise(catalogue: Catalogue, text: str, today: date) -> Recognised | None:
    """The sum that a normalised message touches, None for most messages.

    Raises:
        UsageError: the message asks for a sum with a figure that cannot be (a lunar date, a
            negative amount); only where the sum would be done at once.
    """
    whole, text = text, text[:_READ]
    named = _by_name(catalogue, text)
    calculator = named or _by_matter(catalogue, text)
    if calculator is None:
        return None
    asks = named is not None or _asks(calculator, text)
    if named is None and (len(whole) > OFFERED or _other_matter(calculator, text)):
        return None
    direct = asks and len(whole) <= SHORT
    figures, unclear = _figures(calculator, text, today)
    if named is not None and unclear is None:
        figures = _after_name(calculator, figures, text, today)
    stated = unclear is not None or PLACEHOLDER in text or _stated(calculator, figures, text)
    if unclear is not None and len(whole) > SHORT // 2:
        direct = False
    if not direct or (named is None and not stated):
        return Recognised(calculator, figures if unclear is None else Figures(), False)
    return Recognised(calculator, figures, True, unclear)


def _other_matter(calculator: Calculator, text: str) -> bool:
    return bool(_ELSE.search(text) or (calculator.key in _GOODS and _TRADE.search(text)))


def _after_name(calculator: Calculator, figures: Figures, text: str, today: date) -> Figures:
    """「三倍赔偿 300」: what follows the name answers the first question, however bare it is."""
    missing = calculator.missing(figures)
    if missing is None:
        return figures
    given = read_answer(missing, text[len(calculator.label) :], today)
    return figures if given is None else figures.having(missing, given)


def _by_name(catalogue: Catalogue, text: str) -> Calculator | None:
    """「三倍赔偿 300」: a sum called by its label, with little else."""
    for calculator in catalogue.all:
        if text.startswith(calculator.label) and len(text) <= len(calculator.label) + 24:
            rest = text[len(calculator.label) :]
            if not re.search(r"[吗呢?？]|怎么|咋|什么|为啥", rest):
                return calculator
    return None


def _by_matter(catalogue: Catalogue, text: str) -> Calculator | None:
    key = None
    if re.search(_DEPOSIT, text):
        key = "deposit"
    elif re.search(r"违约金", text) and re.search(
        r"太高|过高|高不高|高吗|多不多|合适|减少|降低|损失", text
    ):
        key = "penalty"
    elif re.search(r"利息|利率", text) and re.search(r"算|多少|最高|上限|几分|封顶", text):
        key = "interest" if re.search(r"借|贷|欠条", text) else None
    elif re.search(_CHILD, text) and re.search(_SPENDS, text) and _is_young(text):
        key = "minor"
    if key is None:
        limit = catalogue.limits.asked(text)
        if limit is not None and re.search(_WHEN, text):
            key = limit.key
    if key is None and re.search(r"赔|倍", text):
        if re.search(_DRUG, text):
            key = "drug"
        elif re.search(_FOOD, text) or (re.search(_FOODS, text) and re.search(_SPOILT, text)):
            key = "food"
        elif re.search(_FAKE, text):
            key = "triple"
    return catalogue.get(key) if key else None


def _is_young(text: str) -> bool:
    age = _AGE.search(text)
    if age:
        return (parse_number(age["n"]) or 0) <= GROWN
    return bool(re.search(r"游戏|主播|直播|打赏|充值|充了|平板|手机|退", text))


def _asks(calculator: Calculator, text: str) -> bool:
    """Whether the message asks for the result, or tells the facts of which it follows."""
    match calculator.key:
        case "triple" | "food" | "drug":
            return bool(re.search(_HOW_MUCH, text))
        case "deposit":
            return bool(
                re.search(_HOW_MUCH, text)
                or re.search(_OTHER_SIDE, text)
                or re.search(_MY_SIDE, text)
                or re.search(r"双倍|能要回|能退|退吗|退不退|退我", text)
                or len(text) <= BARE
            )
        case "minor":
            return bool(re.search(_AGE, text))
        case "penalty":
            return True
        case "interest":
            return bool(re.search(r"利息(?:怎么|咋)算|算(?:一下|下|算)?利息|利息计算", text))
        case _:
            return bool(re.search(_WHEN, text))


def _stated(calculator: Calculator, figures: Figures, text: str) -> bool:
    """Whether the message states a figure at all; without one it is a question for the search."""
    if calculator.key == "interest":
        return True
    if calculator.key == "minor":
        return figures.age is not None and (figures.price is not None or "退" in text)
    return getattr(figures, calculator.needs[0]) is not None or (
        calculator.key == "penalty" and figures.loss is not None
    )


def _figures(
    calculator: Calculator, text: str, today: date
) -> tuple[Figures, tuple[str, tuple[Decimal, ...]] | None]:
    assumed: list[str] = []
    if calculator.needs == ("day",):
        days = find_days(text, today)
        day = _one_day(days)
        if day is None:
            return Figures(), None
        return Figures(day=day.day, assumed=(day.assumed,) if day.assumed else ()), None
    figures = Figures()
    blanked = text
    if calculator.key == "minor":
        age = _AGE.search(text)
        number = parse_number(age["n"]) if age else None
        if age and (number is not None or age["n"] == "0") and (number or 0) <= OLDEST:
            figures = replace(figures, age=number or 0)
    for match in _AGE.finditer(blanked):
        blanked = _blank(blanked, match.span())
    if calculator.key == "deposit":
        figures = replace(figures, side=_side(text))
        if "订金" in text and "定金" not in text:
            assumed.append("您写的是“订金”，这里按“定金”算；没有约定是定金的，不一定适用")
    unclear = None
    for name, amounts in _by_role(calculator.key, blanked, find_amounts(blanked)).items():
        values = tuple(dict.fromkeys(amount.yuan for amount in amounts))
        if len(values) > 1:
            unclear = unclear or (name, values)
            continue
        figures = figures.having(name, values[0])
        if amounts[0].about:
            assumed.append("金额按您说的整数算")
    return replace(figures, assumed=tuple(dict.fromkeys(assumed))), unclear


def _side(text: str) -> str | None:
    other, mine = re.search(_OTHER_SIDE, text), re.search(_MY_SIDE, text)
    if bool(other) == bool(mine):
        return None
    return OTHER if other else MINE


def _one_day(days: tuple[Day, ...]) -> Day | None:
    return days[0] if len({day.day for day in days}) == 1 else None


def _blank(text: str, span: tuple[int, int]) -> str:
    return text[: span[0]] + "，" * (span[1] - span[0]) + text[span[1] :]


def _by_role(key: str, text: str, amounts: tuple[Amount, ...]) -> dict[str, list[Amount]]:
    """Each amount under the figure that the words next to it name; the first figure by default."""
    roles = _ROLES.get(key, {})
    found: dict[str, list[Amount]] = {}
    last = 0
    for amount in amounts:
        begin, end = amount.span
        before = re.split(r"[，,。！？、;；]", text[max(last, begin - 10) : begin])[-1]
        last = end
        after = re.split(r"[，,。！？、;；\d]", text[end : end + 5])[0]
        best, place = "price", -1
        for name, words in roles.items():
            for match in re.finditer(words, before):
                weight = match.end() + (0 if name in ("price", "other") else len(before))
                if weight > place:  # 看病花了两千: the loss is meant, though 花 stands nearer
                    best, place = name, weight
        if place < 0:
            for name, words in roles.items():
                if re.match(rf"的?(?:{words})", after):
                    best = name
        if best != "other":
            found.setdefault(best, []).append(amount)
    return found
