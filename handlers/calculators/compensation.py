"""Punitive damages: 消费者权益保护法 55, 食品安全法 148, 药品管理法 144; and 违约金, 民法典 585."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from handlers.calculators.figures import Figures, Outcome, encode
from handlers.calculators.money import shown
from knowledge.grounds import Ground

TRIPLE = Ground(
    "消费者权益保护法第五十五条",
    ("消费者购买商品的价款或者接受服务的费用的三倍", "不足五百元的，为五百元"),
)
FOOD = Ground(
    "食品安全法第一百四十八条",
    ("支付价款十倍或者损失三倍的赔偿金", "不足一千元的，为一千元"),
)
DRUG = Ground(
    "药品管理法第一百四十四条",
    ("支付价款十倍或者损失三倍的赔偿金", "不足一千元的，为一千元"),
)
PENALTY = Ground(
    "民法典第五百八十五条",
    ("约定的违约金过分高于造成的损失的", "根据当事人的请求予以适当减少"),
)


@dataclass(frozen=True, slots=True)
class Damages:
    """``times`` the price, or ``loss_times`` the loss where the law allows it, but ``floor``."""

    times: int
    loss_times: int | None
    floor: Decimal


THREEFOLD = Damages(3, None, Decimal(500))
TENFOLD = Damages(10, 3, Decimal(1000))


def damages(rule: Damages, price: Decimal, loss: Decimal | None = None) -> Decimal:
    """The punitive damages in yuan, over and above the consumer's own loss."""
    best = price * rule.times
    if loss is not None and rule.loss_times is not None:
        best = max(best, loss * rule.loss_times)
    return max(best, rule.floor)


def _working(rule: Damages, price: Decimal, loss: Decimal | None) -> list[str]:
    ways = [(f"价款的 {rule.times} 倍", price, rule.times)]
    if loss is not None and rule.loss_times is not None:
        ways.append((f"损失的 {rule.loss_times} 倍", loss, rule.loss_times))
    steps = [
        f"{name}：{shown(base)} × {times} = {shown(base * times)}" for name, base, times in ways
    ]
    best = max(base * times for _, base, times in ways)
    if len(ways) == 2:
        steps.append(f"两个算法可以选，多的是 {shown(best)}")
    floor = shown(rule.floor)
    if best < rule.floor:
        steps.append(f"不足 {floor}，按法律规定为 {floor}")
    else:
        steps.append(f"不少于最低的 {floor}，就按 {shown(best)}")
    return steps


def triple(figures: Figures) -> Outcome:
    """三倍赔偿."""
    price = figures.price
    assert price is not None
    total = damages(THREEFOLD, price)
    return Outcome(
        "三倍赔偿怎么算",
        f"可以要求增加赔偿 {shown(total)}。",
        (
            *_working(THREEFOLD, price, None),
            f"自己的损失另算：比如退货的，付的 {shown(price)}也要还给您",
        ),
        (
            "商家有欺诈行为（例如拿假货当真货卖、说的和实际不符）。只是质量不好、没有欺诈的，退货、换货、修理，不适用三倍。",
        ),
        ("是不是欺诈，由市场监管部门或者法院按证据认定，谁也不能先打包票。",),
        (TRIPLE,),
        (("买的是食品：按十倍算", f"food:{encode(Figures(price=price))}"),),
        ("consumer-sanbei-peichang",),
    )


def food(figures: Figures) -> Outcome:
    """食品：价款十倍或者损失三倍."""
    return _tenfold(
        "食品十倍赔偿怎么算",
        figures,
        FOOD,
        (
            "食品不符合食品安全标准；向商家要的，还要商家明知不合格仍然卖（例如过期的还摆在货架上）。",
            "只是标签、说明书有不影响安全、也不会误导人的小毛病的，不适用十倍。",
        ),
        "consumer-shipin-shibei",
    )


def drug(figures: Figures) -> Outcome:
    """药品：价款十倍或者损失三倍."""
    return _tenfold(
        "药品十倍赔偿怎么算",
        figures,
        DRUG,
        (
            "生产的是假药、劣药，或者明知是假药、劣药仍然销售、使用。是不是假药、劣药，由药品监管部门认定。",
        ),
        "consumer-jiayao",
    )


def _tenfold(
    title: str, figures: Figures, ground: Ground, conditions: tuple[str, ...], card: str
) -> Outcome:
    price, loss = figures.price, figures.loss
    assert price is not None
    total = damages(TENFOLD, price, loss)
    steps = _working(TENFOLD, price, loss)
    if loss is None:
        steps.append("有医药费等损失的，也可以选损失的 3 倍；把损失多少一起发来再算")
    return Outcome(
        title,
        f"除了赔偿损失，还可以要求赔偿金 {shown(total)}。",
        (*steps, "自己的损失（货款、医药费等）另算，不包括在这个数里"),
        conditions,
        (),
        (ground,),
        (),
        (card,),
    )


def penalty(figures: Figures) -> Outcome:
    """约定的违约金和实际损失比一比；高多少算过分，法律里没有写数."""
    agreed, loss = figures.price, figures.loss
    assert agreed is not None
    assert loss is not None
    steps = [f"约定的违约金 {shown(agreed)}，造成的损失 {shown(loss)}"]
    if agreed > loss:
        more = agreed - loss
        share = (more / loss * 100).quantize(Decimal("0.1"), ROUND_HALF_UP)
        steps.append(f"{shown(agreed)} − {shown(loss)} = {shown(more)}，比损失高 {share}%")
        answer = f"违约金比损失高 {shown(more)}；认为过分高的，可以请求法院或者仲裁机构适当减少。"
    elif agreed < loss:
        steps.append(f"{shown(loss)} − {shown(agreed)} = {shown(loss - agreed)}，比损失低")
        answer = f"违约金比损失低 {shown(loss - agreed)}；可以请求法院或者仲裁机构予以增加。"
    else:
        answer = "违约金和损失一样多，谈不上过高或过低。"
    return Outcome(
        "违约金高不高",
        answer,
        tuple(steps),
        ("减少或者增加，要当事人自己提出请求；损失要有证据。",),
        (
            "法律没有写高出多少算“过分”，具体标准在最高人民法院的司法解释里，库内没有收录，这里不替您判断。",
        ),
        (PENALTY,),
    )
