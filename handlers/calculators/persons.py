"""A minor's purchase by age: 民法典 17–20, 144, 145, 157; and interest, 民法典 680."""

from __future__ import annotations

from handlers.calculators.figures import Figures, Outcome
from handlers.calculators.money import shown
from knowledge.grounds import Ground

ADULT = Ground(
    "民法典第十八条",
    (
        "成年人为完全民事行为能力人",
        "十六周岁以上的未成年人，以自己的劳动收入为主要生活来源的，视为完全民事行为能力人",
    ),
)
EIGHTEEN = Ground("民法典第十七条", ("十八周岁以上的自然人为成年人",))
FROM_EIGHT = Ground("民法典第十九条", ("八周岁以上的未成年人为限制民事行为能力人",))
UNDER_EIGHT = Ground("民法典第二十条", ("不满八周岁的未成年人为无民事行为能力人",))
VOID = Ground("民法典第一百四十四条", ("无民事行为能力人实施的民事法律行为无效",))
PENDING = Ground("民法典第一百四十五条", ("经法定代理人同意或者追认后有效",))
RETURNED = Ground("民法典第一百五十七条", ("行为人因该行为取得的财产，应当予以返还",))
INTEREST = Ground(
    "民法典第六百八十条", ("没有约定的，视为没有利息", "借款的利率不得违反国家有关规定")
)
_PROOF = (
    "要能说明钱是孩子花的：游戏或直播账号的登录、充值记录，聊天记录，当时大人在哪里；"
    "先找平台客服申请退款。"
)
_CARD = ("consumer-weichengnian-chongzhi",)


def minor(figures: Figures) -> Outcome:
    """未成年人花的钱能不能退，看年龄."""
    age, spent = figures.age, figures.price
    assert age is not None
    money = f" {shown(spent)}" if spent else "花的钱"
    whole = f"（一共花了 {shown(spent)}，能退多少看下面的提示）" if spent else ""
    title = "孩子花的钱能不能退"
    if age < 8:
        return Outcome(
            title,
            f"不满 8 周岁：孩子自己做的买卖无效，可以要求返还{money}。",
            (
                f"{age} 周岁 < 8 周岁：无民事行为能力人（第二十条）",
                "无民事行为能力人实施的民事法律行为无效（第一百四十四条）",
                "无效的，取得的财产应当返还（第一百五十七条）",
            ),
            (_PROOF,),
            ("双方都有过错的，各自承担相应的责任：家长没看管好手机和密码的，可能不能全退。",),
            (UNDER_EIGHT, VOID, RETURNED),
            cards=_CARD,
        )
    if age < 18:
        steps = [
            f"8 周岁 ≤ {age} 周岁 < 18 周岁：限制民事行为能力人（第十九条）",
            "和年龄、智力相适应的小额消费有效；超出的，要家长同意或者追认才有效（第一百四十五条）",
            "家长不同意、不追认的，不发生效力，取得的财产应当返还（第一百五十七条）",
        ]
        notes = [
            "多少钱算“与年龄、智力相适应”，法律没有写数，要看家里情况和孩子平时花钱的情况。",
            "双方都有过错的，各自承担相应的责任，可能不能全退。",
        ]
        grounds = [FROM_EIGHT, PENDING, RETURNED]
        if age >= 16:
            steps.append(
                "已满 16 周岁、主要靠自己劳动收入生活的，视为成年人，不适用上面两步（第十八条）"
            )
            grounds.append(ADULT)
        return Outcome(
            title,
            f"{age} 周岁：家长没有同意、也不追认的，超出孩子年龄、智力的消费不生效，"
            f"可以要求返还{whole}。",
            tuple(steps),
            (_PROOF,),
            tuple(notes),
            grounds,
            cards=_CARD,
        )
    return Outcome(
        title,
        f"{age} 周岁已经成年，自己花的钱不能拿年龄小来要求退。",
        (f"{age} 周岁 ≥ 18 周岁：成年人，可以独立实施民事法律行为（第十七条、第十八条）",),
        (),
        ("有欺诈、诱导、质量问题的，可以按别的规定要求退款，请把情况说说。",),
        (EIGHTEEN, ADULT),
    )


def interest(figures: Figures) -> Outcome:
    """利息：没有约定就没有；上限不在库里，不算."""
    lent = f"借款 {shown(figures.price)}：" if figures.price else ""
    return Outcome(
        "借款利息怎么算",
        f"{lent}没有约定利息的，没有利息；利率最高多少，这里算不了。",
        (
            "借条上没写利息，或者熟人之间写得不清楚：视为没有利息（第六百八十条）",
            "写了利息：按写的算，但不能违反国家有关规定",
        ),
        (),
        (
            "民间借贷利率的上限由最高人民法院的司法解释规定，库内没有收录，所以不给数；请打12348问现在的标准。",
        ),
        (INTEREST,),
    )
