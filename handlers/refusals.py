"""What must not be served, whoever asks and however it is put (spec §6.4 "Never").

Rules are narrow on purpose: 「判几年」 is a question of law, 「你保证我能赢」 asks for a promise.
"""

from __future__ import annotations

import re

_RULES: dict[str, re.Pattern[str]] = {
    "people": re.compile(
        r"(?:帮|给|替)?(?:我|俺|忙)?(?:查|找|定位|人肉|调)(?:一下|一查|下|查|出)?[^。！？\n]{0,14}"
        r"(?:的)?(?:身份证号|手机号|电话号码|住址|住哪|家庭住址|行踪|定位|开房(?:记录)?|通话记录|聊天记录"
        r"|银行流水|户籍信息|车主(?:是谁|信息|电话))(?!.{0,12}(?:违法|犯法|犯罪|合法|怎么处罚|算不算|法律))"
        r"|人肉(?:搜索)?(?:他|她|这个人|一下)|(?:帮|给)我?(?:定位|查(?:一下|查)?)[^。！？\n]{0,8}(?:手机|老婆|老公|女朋友|男朋友|前女友|前男友|对象)"
        r"(?:的)?(?:位置|定位|手机|在哪|记录)?(?:$|[。！？?])"
    ),
    "evade": re.compile(
        r"(?:怎么|咋|如何|有啥办法|教我)[^。！？\n]{0,14}(?:躲(?:过|开|避)|逃(?:避|过|脱)|绕(?:过|开)|避开|瞒过|骗过|不被)"
        r"[^。！？\n]{0,10}(?:警察|公安|派出所|交警|风控|银行(?:审查|审核|监管|风控|询问)|监管|反诈|查到|抓到|发现|追查|冻结"
        r"|酒驾|检查|执行|法院|强制执行|通缉)"
        r"|(?:怎么|咋|如何|咋样|怎样)[^。！？\n]{0,8}(?:转移|隐藏|藏)(?:财产|存款|钱)"
        r"|(?:杀|砍|撞)了?人[^。！？\n]{0,6}(?:怎么|咋|往哪)(?:逃|跑|躲)"
        r"|(?:怎么|咋|如何)[^。！？\n]{0,8}(?:洗钱|洗白(?:这|那)?(?:笔)?钱|把黑钱)[^。！？\n]{0,10}(?:不被|安全|才)"
        r"|(?:怎么|咋|如何)[^。！？\n]{0,6}(?:跟|对|和)(?:银行|警察|公安)[^。！？\n]{0,6}(?:编|撒谎|说谎)"
    ),
    "promise": re.compile(
        r"(?:你|你们|机器人|给我|能不能|敢不敢)[^。！？\n]{0,6}(?:打(?:个)?(?:包|保)票|保证)[^。！？\n]{0,12}(?:赢|胜诉|要回|追回|不坐牢|判|无罪|轻判)"
        r"|(?:包赢|稳赢|百分(?:之)?百(?:能)?(?:赢|胜诉|要回来))[^。！？\n]{0,4}(?:吗|不|吧|么)"
        r"|(?:预测|算算|猜)[^。！？\n]{0,8}(?:我|这)[^。！？\n]{0,8}(?:官司|案子)[^。！？\n]{0,8}(?:输赢|结果|能赢)"
    ),
    "threat": re.compile(
        r"(?:帮|给|替)(?:我|俺)[^。！？\n]{0,6}(?:写|编|发)[^。！？\n]{0,8}(?:恐吓|威胁|吓唬|骂)[^。！？\n]{0,8}(?:信|短信|话|消息|他|她|对方)"
    ),
}


_IN_NEED = re.compile(r"骗|转了|转账|汇款|救命|自杀|不想活|威胁|打我")


def before_triage(text: str) -> str | None:
    """The refusal of a message that asks to look somebody up or to evade, and tells of no harm.

    Such a request may sound pressing; unless there is also a word of harm it is no emergency.
    """
    rule = refusal(text)
    return rule if rule in ("people", "evade") and not _IN_NEED.search(text) else None


def refusal(text: str) -> str | None:
    """The rule that forbids serving ``text`` (a key of ``phrases.REFUSED``), or None."""
    for rule, pattern in _RULES.items():
        if pattern.search(text):
            return rule
    return None
