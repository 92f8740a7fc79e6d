"""What an alarm shows before any article: one line to act on, three steps, whom to call.

Wording follows the project's safety rules: the first line fits 60 characters and comes before any
statute; nothing is promised (no frozen money, no recovery); no card, identity number or code is
asked for; a life in danger gets no statutes at all. Numbers are keys of ``hotlines.toml``, articles
are resolved against the corpus as of the day; tests check both.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.triage.alarms import Alarm


@dataclass(frozen=True, slots=True)
class Guidance:
    """What an alarm shows before any article; numbers are keys of the hotline list."""

    first_line: str  # at most 60 characters
    steps: tuple[str, ...]
    hotlines: tuple[str, ...]  # at most three, most urgent first
    articles: tuple[str, ...]  # citations, resolved against the corpus as of the day
    topic: str  # key in topics.toml
    law: str  # whose responsible organ the turn is counted for


GUIDANCE: dict[Alarm, Guidance] = {
    Alarm.DANGER: Guidance(
        "先保命：有危险马上打110，受伤打120；心里过不去打12356，现在就叫身边的人来陪着。",
        (
            "离开危险的地方；着火、煤气泄漏先到屋外再打119。有人想不开，就陪着、看住，别让他一个人待着。",
            "电话里先说清楚地址，再说发生了什么，听接线员的，不要先挂断。",
            "人安全了以后，再来问法律上的事，我一直在。",
        ),
        ("110", "120", "12356"),
        (),
        "other",
        "治安管理处罚法",
    ),
    Alarm.HOME_VIOLENCE: Guidance(
        "正在挨打或怕马上动手：先躲到安全处，立即打110；也可以打12338妇女儿童热线。",
        (
            "报警时说清“家庭暴力”、地址、有没有老人孩子、有没有刀具，请警察到场制止并做好记录。",
            "受伤先去医院，留好病历、照片、聊天记录和邻居的话；可以请派出所依法出具告诫书。",
            "可以向法院申请人身安全保护令；自己去不了的，近亲属、妇联、村（居）委会等能代为申请。",
        ),
        ("110", "12338", "12348"),
        ("反家庭暴力法第十五条", "反家庭暴力法第二十三条", "反家庭暴力法第十六条"),
        "women",
        "反家庭暴力法",
    ),
    Alarm.MINOR: Guidance(
        "孩子有危险或找不到了：立即打110。你自己是孩子：先躲开，打110或12355。",
        (
            "你自己就是孩子：先躲开，去找信得过的大人、老师、邻居，或直接打110。",
            "不要让孩子一个人面对对方，不要当众追问细节；受伤马上就医，衣物、聊天记录都先留着。",
            "学校里发生的，同时告诉班主任和校长。任何人都可以劝阻、检举；老师、医生等工作中发现的必须立即报告。",
        ),
        ("110", "12355", "12338"),
        ("未成年人保护法第十一条", "未成年人保护法第五十四条", "未成年人保护法第三十九条"),
        "minors",
        "未成年人保护法",
    ),
    Alarm.SEXTORTION: Guidance(
        "先停：一分钱都别转，转了还会再要。马上打110报警，拿不准先打96110。",
        (
            "别再跟对方视频、别点他发的链接和软件；已经装了的，先断网。",
            "截图留下对方账号、收款账户、威胁的话——这些只给警察，不要发给我。",
            "这不是你的错。先告诉一个信得过的人；心里撑不住打12356。",
        ),
        ("110", "96110", "12356"),
        ("刑法第二百七十四条", "民法典第一千零三十三条", "反电信网络诈骗法第二十条"),
        "fraud",
        "反电信网络诈骗法",
    ),
    Alarm.FRAUD_NOW: Guidance(
        "先停：别再转、别给验证码、挂断。已转账→立即打110，同时打银行/支付客服要求挂失、止付；"
        "还没转或拿不准→打96110。",
        (
            "已经转了：越快越好，先打110，再打银行卡背面的或支付平台里的客服电话，别用对方给的号码。",
            "别共享屏幕，别装他让你装的软件；要你再交钱才“解冻”“退款”的，不要再交。96110来电请接听。",
            "留好转账时间、金额、对方账号、聊天截图——这些只给警察，不要发给我。",
        ),
        ("110", "96110"),
        ("反电信网络诈骗法第二十条", "反电信网络诈骗法第三十四条"),
        "fraud",
        "反电信网络诈骗法",
    ),
}


# Danger has many faces; these say more than the common line. First match counts.
VARIANTS: tuple[tuple[Alarm, re.Pattern[str], Guidance], ...] = (
    (
        Alarm.DANGER,
        re.compile(r"着火|起火|烧起来|火苗|煤气|液化气|燃气|天然气"),
        Guidance(
            "先跑到屋外安全的地方，马上打119；有人受伤或中毒打120。",
            (
                "别回去拿东西；有烟就弯腰捂住口鼻，走楼梯，不坐电梯。",
                "燃气漏了：别开灯、别打火、别在屋里打电话，开窗、关阀门，到外面再打。",
                "电话里说清楚地址、烧的是什么、还有没有人在里面。",
            ),
            ("119", "120", "110"),
            (),
            "safety",
            "消防法",
        ),
    ),
    (
        Alarm.DANGER,
        re.compile(r"强奸|强暴|轮奸|性侵"),
        Guidance(
            "先到安全的地方，马上打110报警；受伤打120。这不是你的错。",
            (
                "先别洗澡、别换洗衣物，原样带去派出所或医院，都是证据。",
                "找一个信得过的人陪着你；可以要求由女民警询问，也可以打12338。",
                "心里撑不住打12356。人安全了，再来问法律上的事。",
            ),
            ("110", "120", "12338"),
            ("刑法第二百三十六条",),
            "crime",
            "刑法",
        ),
    ),
    (
        Alarm.DANGER,
        re.compile(r"弄死|打死|砍死|捅死|杀了?我|杀我|把(?:我|俺)[^。!?,]{0,6}卖"),
        Guidance(
            "先躲到安全、有人的地方，马上打110；有人受伤打120。",
            (
                "别一个人去见对方，别开门；告诉家人、邻居、村（居）干部你在哪。",
                "威胁的短信、语音、录像留好，交给警察，不要发给我。",
                "报警时说清地址、对方是谁、有没有刀具；没有马上处理就要求做好记录。",
            ),
            ("110", "120", "12348"),
            (),
            "crime",
            "治安管理处罚法",
        ),
    ),
)


def guidance_for(alarm: Alarm, text: str) -> Guidance:
    """What to show for an alarm: the variant that fits the message, else the alarm's own."""
    for kind, pattern, guidance in VARIANTS:
        if kind is alarm and pattern.search(text):
            return guidance
    return GUIDANCE[alarm]
