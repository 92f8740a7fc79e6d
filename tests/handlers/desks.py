"""A front desk for adapter tests: records its calls, answers each key once, can be made to fail.

The articles' text is the statutes' own; what is answered to what, and an article's status, is made
up for the tests.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

from errors import DuplicateKey
from handlers.messages import Button, Channel, Hotline, Incoming, Kind, Reply, ShownArticle
from handlers.reception import Outcome
from outreach.residents import resident_key

SECRET = b"a secret of the tests, 32 bytes+"
NOTICE = "本回答为普法信息，不构成法律意见，个案请咨询12348或律师；条文以官方公布文本为准。"
RETURN_WITHIN_SEVEN_DAYS = (
    "经营者采用网络、电视、电话、邮购等方式销售商品，消费者有权自收到商品之日起七日内退货，且无需说明理由，但下列商品除外：\n"
    "（一）消费者定作的；\n（二）鲜活易腐的；\n（三）在线下载或者消费者拆封的音像制品、计算机软件等数字化商品；\n"
    "（四）交付的报纸、期刊。\n"
    "除前款所列商品外，其他根据商品性质并经消费者在购买时确认不宜退货的商品，不适用无理由退货。\n"
    "消费者退货的商品应当完好。经营者应当自收到退回商品之日起七日内返还消费者支付的商品价款。"
    "退回商品的运费由消费者承担；经营者和消费者另有约定的，按照约定。"
)
QUALITY = (
    "经营者提供的商品或者服务不符合质量要求的，消费者可以依照国家规定、当事人约定退货，或者要求经营者履行更换、修理等义务。"
    "没有国家规定和当事人约定的，消费者可以自收到商品之日起七日内退货；七日后符合法定解除合同条件的，消费者可以及时退货，"
    "不符合法定解除合同条件的，可以要求经营者履行更换、修理等义务。\n"
    "依照前款规定进行退货、更换、修理的，经营者应当承担运输等必要费用。"
)
STOP_PAYMENT = (
    "国务院公安部门会同有关部门建立完善电信网络诈骗涉案资金即时查询、紧急止付、快速冻结、及时解冻和资金返还制度，"
    "明确有关条件、程序和救济措施。\n"
    "公安机关依法决定采取上述措施的，银行业金融机构、非银行支付机构应当予以配合。"
)

PENALTIES = (
    "经营者有下列情形之一，除承担相应的民事责任外，其他有关法律、法规对处罚机关和处罚方式有规定的，依照法律、法规的规定执行；"
    "法律、法规未作规定的，由工商行政管理部门或者其他有关行政部门责令改正，可以根据情节单处或者并处警告、没收违法所得、"
    "处以违法所得一倍以上十倍以下的罚款，没有违法所得的，处以五十万元以下的罚款；情节严重的，责令停业整顿、吊销营业执照：\n"
    "（一）提供的商品或者服务不符合保障人身、财产安全要求的；\n"
    "（二）在商品中掺杂、掺假，以假充真，以次充好，或者以不合格商品冒充合格商品的；\n"
    "（三）生产国家明令淘汰的商品或者销售失效、变质的商品的；\n"
    "（四）伪造商品的产地，伪造或者冒用他人的厂名、厂址，篡改生产日期，伪造或者冒用认证标志等质量标志的；\n"
    "（五）销售的商品应当检验、检疫而未检验、检疫或者伪造检验、检疫结果的；\n"
    "（六）对商品或者服务作虚假或者引人误解的宣传的；\n"
    "（七）拒绝或者拖延有关行政部门责令对缺陷商品或者服务采取停止销售、警示、召回、无害化处理、销毁、停止生产或者服务等措施的；\n"
    "（八）对消费者提出的修理、重作、更换、退货、补足商品数量、退还货款和服务费用或者赔偿损失的要求，故意拖延或者无理拒绝的；\n"
    "（九）侵害消费者人格尊严、侵犯消费者人身自由或者侵害消费者个人信息依法得到保护的权利的；\n"
    "（十）法律、法规规定的对损害消费者权益应当予以处罚的其他情形。\n"
    "经营者有前款规定情形的，除依照法律、法规规定予以处罚外，处罚机关应当记入信用档案，向社会公布。"
)

POLICE = Hotline("110", "报警", "正在发生的违法犯罪、刚刚转了账")
ANTI_FRAUD = Hotline("96110", "反诈专线", "拿不准是不是诈骗、举报线索")
LEGAL_AID = Hotline("12348", "公共法律服务", "法律咨询、申请法律援助")
CONSUMER = Hotline("12315", "消费投诉", "和商家协商不成，投诉举报")


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.moment = datetime(2026, 11, 24, 1, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.date()

    def move(self, seconds: float) -> None:
        self.moment += timedelta(seconds=seconds)


def consumer_article(
    number: str = "第二十五条",
    text: str = RETURN_WITHIN_SEVEN_DAYS,
    mark: str = "消费者有权自收到商品之日起七日内退货，且无需说明理由",
    **changes: object,
) -> ShownArticle:
    start = text.index(mark)
    fields: dict[str, object] = {
        "law": "中华人民共和国消费者权益保护法",
        "short": "消费者权益保护法",
        "article": number,
        "text": text,
        "status": "in_force",
        "version_date": date(2013, 10, 25),
        "effective_date": date(2014, 3, 15),
        "organ": "市场监督管理局",
        "score": 0.9,
        "path": ("第三章 经营者的义务",),
        "marked": (start, start + len(mark)),
        "ref": 7,
        **changes,
    }
    return ShownArticle(**fields)  # type: ignore[arg-type]


def reply(kind: Kind, lead: str, *hotlines: Hotline, **changes: object) -> Reply:
    called = "；".join(f"{line.number}（{line.name}）" for line in hotlines)
    tail = "\n".join(part for part in (f"可以打：{called}" if called else "", NOTICE) if part)
    fields: dict[str, object] = {"lead": lead, "tail": tail, "hotlines": hotlines, **changes}
    return Reply(kind, f"{lead}\n\n{tail}", **fields)  # type: ignore[arg-type]


FEEDBACK_ROW = (Button("有用", "good:7:abcd"), Button("没用", "bad:7:abcd"))
RETURNS = reply(
    Kind.ANSWER,
    "和您的问题最相关的法律条文：",
    CONSUMER,
    LEGAL_AID,
    articles=(
        consumer_article(),
        consumer_article("第二十四条", QUALITY, "消费者可以自收到商品之日起七日内退货"),
    ),
    shown=2,
    topic="consumer",
    confidence=0.93,
    buttons=(
        (Button("全文：消费者权益保护第二十五条", "full:7:abcd"),),
        (Button("更多条文", "more:8,9:abcd"),),
        FEEDBACK_ROW,
        (Button("问：退货的运费该谁出", "ask:q1"),),
    ),
)
FRAUD = reply(
    Kind.URGENT,
    "先停：别再转、别给验证码、挂断。已转账→立即打110；没转或拿不准→打96110。\n"
    "1. 已经转了：同时打你的银行、支付平台客服，要求挂失、止付，越快越好。\n"
    "2. 别再跟对方说话，别共享屏幕，别装他让你装的软件。\n"
    "3. 留好转账时间、金额、对方账号、聊天截图——这些只给警察，不要发给我。\n\n"
    "法律是这样规定的：",
    POLICE,
    ANTI_FRAUD,
    articles=(
        consumer_article(
            "第二十条",
            STOP_PAYMENT,
            "紧急止付、快速冻结",
            law="中华人民共和国反电信网络诈骗法",
            short="反电信网络诈骗法",
            version_date=date(2022, 9, 2),
            effective_date=date(2022, 12, 1),
            organ="公安局",
            path=("第三章 金融治理",),
        ),
    ),
    shown=1,
    topic="fraud",
    confidence=1.0,
)
MORE = reply(
    Kind.ANSWER,
    "和您的问题最相关的法律条文：",
    LEGAL_AID,
    articles=(
        consumer_article(
            "第二十四条",
            QUALITY,
            "消费者可以自收到商品之日起七日内退货",
            status="not_yet_in_force",
            effective_date=date(2027, 1, 1),
            note="2027-01-01起施行，现在还不能适用。",
        ),
        consumer_article(
            "第五十六条",
            PENALTIES,
            "故意拖延或者无理拒绝",
            path=("第七章 法律责任",),
            note="条文中的“工商行政管理部门”现为市场监督管理部门。",
            score=0.4,
        ),
    ),
    shown=1,
)
DECLINED = reply(
    Kind.DECLINED,
    "没有在收录的法律里找到能回答这个问题的条文，不敢随便回答。",
    LEGAL_AID,
)
THANKS = Reply(Kind.MENU, "谢谢！您的反馈只记次数，不记姓名。")

QUESTION = "网购的羽绒服不喜欢，商家说特价不退，合法吗"
REPLIES = {
    QUESTION: RETURNS,
    "我刚给骗子转了八万怎么办": FRAUD,
    "more:8,9:abcd": MORE,
    "good:7:abcd": THANKS,
    "bad:7:abcd": THANKS,
    "ask:q1": RETURNS,
}


@dataclass
class DeskDouble:
    """A FrontDesk kept in memory.

    ``replies`` maps a text or an action to its reply; others are declined. ``before_answer`` runs
    in the desk's thread first: raise there to fail, wait there to be slow.
    """

    replies: dict[str, Reply] = field(default_factory=lambda: dict(REPLIES))
    before_answer: Callable[[Incoming], None] = lambda incoming: None
    received: list[Incoming] = field(default_factory=list)
    closed: list[str] = field(default_factory=list)
    events: Counter[str] = field(default_factory=Counter)  # update key → events recorded
    threads: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._lock = threading.Lock()
        self._outcomes: dict[str, tuple[str, Reply]] = {}

    def resident(self, channel: Channel, platform_id: str) -> str:
        return resident_key(SECRET, channel.value, platform_id)

    def receive(self, incoming: Incoming) -> bool:
        with self._lock:
            known = any(old.update_key == incoming.update_key for old in self.received)
            if not known:
                self.received.append(incoming)
            return not known

    def answer(self, incoming: Incoming) -> Outcome:
        self.threads.add(threading.get_ident())
        self.before_answer(incoming)
        asked = incoming.action or incoming.text
        with self._lock:
            if incoming.update_key in self._outcomes:
                earlier, given = self._outcomes[incoming.update_key]
                if earlier != asked:
                    raise DuplicateKey("another message has this key")
                return Outcome(given, first=False)
            given = self.replies.get(asked, DECLINED)
            self._outcomes[incoming.update_key] = (asked, given)
            self.events[incoming.update_key] += 1
            return Outcome(given, first=True)

    def sent(self, update_key: str) -> None:
        self.closed.append(update_key)

    def unsent(self, channel: Channel) -> list[Incoming]:
        return [one for one in self.received if one.update_key not in self.closed]
