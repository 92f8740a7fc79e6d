"""定金: 民法典 586 (at most a fifth of the contract's price), 587 (lost, or returned twofold)."""

from __future__ import annotations

from decimal import ROUND_FLOOR, Decimal

from errors import UsageError
from handlers.calculators.figures import MINE, OTHER, Figures, Outcome, encode
from handlers.calculators.money import FEN, MOST, shown
from knowledge.grounds import Ground

CAP = Ground(
    "民法典第五百八十六条",
    ("不得超过主合同标的额的百分之二十，超过部分不产生定金的效力",),
)
TWOFOLD = Ground(
    "民法典第五百八十七条",
    ("无权请求返还定金", "应当双倍返还定金"),
)
SHARE = Decimal("0.20")


def effective(paid: Decimal, total: Decimal | None) -> Decimal:
    """The part of what was paid that has the effect of a deposit, rounded down to the fen."""
    if total is None:
        return paid
    return min(paid, (total * SHARE).quantize(FEN, ROUND_FLOOR))


def due(paid: Decimal, side: str, total: Decimal | None = None) -> Decimal:
    """What must be given back to the one who paid: the deposit twice or not at all, and what was
    paid beyond the cap once."""
    valid = effective(paid, total)
    rest = paid - valid
    return rest + (2 * valid if side == OTHER else 0)


def deposit(figures: Figures) -> Outcome:
    """定金退不退、退多少.

    Raises:
        UsageError: the deposit is more than the whole price.
    """
    paid, total, side = figures.price, figures.total, figures.side
    assert paid is not None
    assert side in (OTHER, MINE)
    if total is not None and paid > total:
        raise UsageError("定金比合同总价还多，请核对两个数")
    valid = effective(paid, total)
    rest = paid - valid
    steps = [f"交的定金 {shown(paid)}"]
    if total is None:
        if paid / SHARE <= MOST:
            steps.append(
                f"定金最多是合同总价的 20%：总价不低于 {shown(paid / SHARE)}的，"
                f"{shown(paid)}全部算定金；"
                "总价更低的，超过 20% 的部分不算定金（把总价一起发来再算）"
            )
    elif rest:
        steps.append(
            f"上限：{shown(total)} × 20% = {shown(valid)}，"
            f"超过的 {shown(rest)}不产生定金的效力，应当退还"
        )
    else:
        steps.append(f"上限：{shown(total)} × 20% = {shown(total * SHARE)}，没有超过")
    back = due(paid, side, total)
    if side == OTHER:
        sum_ = f"{shown(valid)} × 2" + (f" + {shown(rest)}" if rest else "")
        steps.append(f"收定金的一方违约，双倍返还：{sum_} = {shown(back)}")
        answer = f"可以要求对方一共返还 {shown(back)}（包括您交的 {shown(paid)}）。"
        other = ("如果是我这边违约", f"deposit:{encode(Figures(paid, total=total, side=MINE))}")
    else:
        steps.append(
            "交定金的一方违约，无权请求返还定金：0 元" + (f" + {shown(rest)}" if rest else "")
        )
        answer = (
            f"定金 {shown(valid)}要不回来；超过上限的 {shown(rest)}可以要回。"
            if rest
            else f"定金 {shown(paid)}要不回来。"
        )
        other = ("如果是对方违约", f"deposit:{encode(Figures(paid, total=total, side=OTHER))}")
    return Outcome(
        "定金怎么退",
        answer,
        tuple(steps),
        (
            "写明或者能证明交的是“定金”。写成“订金”“预付款”“押金”的，不一定能按这两条算。",
            "违约要到合同目的实现不了的程度（例如对方不卖了）。双方商量好不做了的，按商量的办。",
        ),
        ("又约定了违约金的，定金和违约金只能选一样（第五百八十八条）。",),
        (TWOFOLD, CAP),
        (other,),
        ("consumer-dingjin-dingjin",),
    )
