"""What residents are told about their data, and what they may do with it.

The notice follows 个人信息保护法 17 and 35: who processes, for what, which kinds, how long, the
rights and how to use them. /mydata answers 45, /delete 47, /stop 15 and 16, the under-14 mode 28
and 31.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from handlers.messages import Button, Reply
from handlers.questions import Composer
from handlers.services.commands import Command
from handlers.services.visit import Visit, do, say
from knowledge.codelists import CodeLists
from knowledge.numerals import parse_number
from outreach.erasure import DeclareMinor, Erase, Held
from outreach.profiles import AgreeTexts, GrowUp, Unsubscribe
from settings import SHANGHAI

NOTICE = (
    "【个人信息告知】{who}用本机器人做普法（联系：{contact}）。为统计普法工作，依法处理："
    "一个看不出您是谁的编号、所问主题和时间、您自己选的乡镇和订阅。"
    "问题原文答复后即删；编号和选择一直保存，到您要求删除为止。"
    "发“我的数据”可查看，“删除我的数据”可删除，“退订”停推送，“隐私”看详情。"
    "请勿发姓名、电话、证件号、卡号。"
)
FULL = (
    "隐私说明（个人信息保护法第十七条、第三十五条）\n"
    "谁在处理：{who}，联系：{contact}。\n"
    "为什么：开展法治宣传教育（法治宣传教育法第九条），统计普法工作，给订阅的人推送。\n"
    "处理什么：平台账号换算成的编号（还原不出账号）；每次提问的时间、主题、引用的条文；"
    "您自己选的乡镇、人群、话题、订阅；答题对错。不收集姓名、电话、证件号、卡号、年龄、位置；"
    "发来的号码先隐去再处理。\n"
    "保存多久：问题原文答复后即删；您同意给工作人员看的（隐去号码的）没答上的问题留90天；"
    "回信地址只在订阅期间保存；答题明细留62天；其他到您要求删除为止，删除后只剩看不出是谁的次数。\n"
    "您的权利：发“我的数据”查看，“删除我的数据”删除，“退订”停止推送，选择随时可改。"
    "不选、不订阅，照样回答。\n"
    "未满14周岁：请按下面的按钮，不留存任何记录（个人信息保护法第二十八条、第三十一条）。"
)
UNDER_14 = (
    "知道了。您未满14周岁，我照样回答，但不再留存您的任何记录；以前的也已删除。"
    "为了记得不留存，只保存您的编号和“不留存”这个标记（90天）。\n"
    "遇到有人欺负、骗钱、要看身体或者让你保密的事，马上告诉家长、老师，或者打110。"
)
GROWN = "好的，已取消“不留存”。以后按普通方式回答，发“隐私”看说明。"
CONFIRM = (
    "确定要删除吗？会删掉：您的选择、订阅、答题明细、还没受理的点单、留给工作人员看的问题，"
    "并且切断编号和以往记录的联系，以后谁也对不上。已经公布的统计数字不变。删了不能恢复。"
)
ERASED = "已删除。我这里不再有和您有关的记录，推送也停了。以后再来，就当第一次见面。"
KEPT = "好的，没有删除。"
STOPPED = "已退订，马上生效，不会再给您发推送。您来问，我照样回答。想恢复发“订阅”。"
NOT_FOR_MINORS = "您选了“不留存”，这个功能要留记录，所以用不了。已满14周岁的，请按下面的按钮。"

_TYPES = {
    "answer": "咨询解答",
    "referral": "转介热线",
    "gap": "没答上的问题",
    "feedback": "有用/没用",
    "quiz": "答题（天）",
    "quiz_answer": "答题（题）",
    "click": "点击推送",
    "delivery": "收到推送",
}
_SERIES = {"campaign": "普法推送", "morning": "宪法晨读", "quiz": "每日一题"}
_STATES = {
    "queued": "等着发",
    "claimed": "正在发",
    "sent": "已发出",
    "failed": "没发成",
    "blocked": "发不到",
    "opted_out": "退订未发",
    "unknown": "结果不明",
    "recalled": "已撤回",
    "expired": "过期未发",
}
_AGE = re.compile(
    r"^(?:我|俺|本人)(?:今年|现在|才|刚|还没满|还不到|不到|未满)*\s*(\d{1,2}|[一二三四五六七八九十]{1,3})"
    r"(?:周)?岁(?:了|半|多)?(?:$|[，,。.!！；;\s])"
)
_YOUNGER = re.compile(r"还没满|还不到|不到|未满")


@dataclass(frozen=True)
class Privacy:
    """The replies about a resident's own data."""

    composer: Composer
    lists: CodeLists

    def notice(self) -> str:
        """The short notice of the first contact."""
        return self._named(NOTICE)

    def full(self, visit: Visit) -> Reply:
        """/privacy."""
        rows = [
            [do(Command.MYDATA, "我的数据"), do(Command.DELETE, "删除我的数据")],
            [do(Command.STOP, "停止所有推送")],
            [_consent(visit.profile.texts)],
            [Button("我已满14周岁", "age:14+") if visit.profile.minor else _YOUNG],
        ]
        return say(self.composer, self._named(FULL), rows=rows)

    def mydata(self, visit: Visit) -> Reply:
        """/mydata: everything that is held, in words."""
        held = visit.memory.held(visit.incoming.resident)
        rows = [[do(Command.DELETE, "删除我的数据"), do(Command.PRIVACY, "隐私说明")]]
        return say(self.composer, "\n".join(self._lines(held)), rows=rows)

    def confirm(self) -> Reply:
        """/delete asks once."""
        rows = [[Button("确定删除", "erase:yes"), Button("不删", "erase:no")]]
        return say(self.composer, CONFIRM, rows=rows)

    def erased(self) -> Reply:
        """The deletion, carried out with this reply; the same words whatever there was."""
        return say(self.composer, ERASED, Erase())

    def stopped(self) -> Reply:
        """/stop: all pushes end at once."""
        return say(self.composer, STOPPED, Unsubscribe())

    def press(self, visit: Visit, verb: str, rest: list[str]) -> Reply | None:
        """A button of these replies."""
        match verb, rest:
            case "erase", ["yes"]:
                return self.erased()
            case "erase", ["no"]:
                return say(self.composer, KEPT)
            case "age", ["u14"]:
                return self.minor()
            case "age", ["14+"]:
                return say(self.composer, GROWN, GrowUp())
            case "agree", ["1"]:
                text = (
                    "谢谢。以后没答上来的问题，隐去号码后给工作人员看，帮着改进，90天后删除。"
                    "刚才的问题没有留下，愿意的话请再发一次。随时可以按“不再同意”。"
                )
                return say(self.composer, text, AgreeTexts(True), rows=[[_consent(True)]])
            case "agree", ["0"]:
                return say(self.composer, "好的，以后不留问题原文。", AgreeTexts(False))
        del visit
        return None

    def minor(self) -> Reply:
        """Nothing is retained from now on."""
        rows = [[Button("我已满14周岁", "age:14+")]]
        return say(self.composer, UNDER_14, DeclareMinor(), rows=rows)

    def not_for_minors(self) -> Reply:
        """A service that cannot work without keeping something."""
        rows = [[do(Command.PRACTICE, "做练习题"), Button("我已满14周岁", "age:14+")]]
        return say(self.composer, NOT_FOR_MINORS, rows=rows)

    def _named(self, text: str) -> str:
        county = [f"{line.name} {line.number}" for line in self.composer.lines.all if line.county]
        contact = "、".join(county[:2]) or "12348"
        return text.format(who=f"{self.composer.county}司法局", contact=contact)

    def _lines(self, held: Held) -> list[str]:
        profile = held.profile
        if profile.minor:
            return ["您选了“不留存”：这里只有您的编号和这个标记，没有别的记录。"]
        towns, groups = self.lists.get("towns"), self.lists.get("groups")
        town = towns.label(profile.town) if profile.town else "没有选"
        group = groups.label(profile.group) if profile.group else "没有选"
        series = "、".join(_SERIES[name] for name in profile.subscriptions) or "没有"
        lines = ["我这里和您有关的记录（编号还原不出您的账号）："]
        lines.append(f"· 乡镇：{town}；人群：{group}")
        if profile.topics:
            chosen = [self.composer.topics.get(key) for key in profile.topics]
            lines.append(f"· 关注话题：{'、'.join(topic.name for topic in chosen if topic)}")
        lines.append(f"· 订阅：{series}；乡镇排行：{'参加' if profile.ranked else '没参加'}")
        if held.events:
            counts = "，".join(f"{_TYPES.get(t, t)} {n}" for t, n in sorted(held.events.items()))
            assert held.first
            assert held.last
            span = f"{held.first.astimezone(SHANGHAI):%Y-%m-%d}"
            span += f" 至 {held.last.astimezone(SHANGHAI):%Y-%m-%d}"
            lines.append(f"· 记录（{span}）：{counts}")
        else:
            lines.append("· 记录：没有")
        agreed = "同意" if profile.texts else "不同意"
        lines.append(f"· 问题原文：{held.texts} 条（您{agreed}给工作人员看没答上的问题）")
        lines.append(f"· 答题明细：{held.answers} 题")
        pushes = "，".join(f"{_STATES.get(s, s)} {n}" for s, n in sorted(held.pushes.items()))
        lines.append(f"· 推送：{pushes or '没有'}")
        if profile.large:
            lines.append("· 大字：已打开")
        lines += [f"· 点单 {each.number}：{each.topic}，{each.label}" for each in held.requests]
        return lines


_YOUNG = Button("我未满14周岁", "age:u14")


def _consent(agreed: bool) -> Button:
    if agreed:
        return Button("不再同意留下问题原文", "agree:0")
    return Button("同意把没答上的问题给工作人员看", "agree:1")


def says_under_14(text: str) -> bool:
    """Whether a message begins by saying that its writer is under 14 (「我12岁」).

    Only about oneself and in so many words; an age within a story says nothing about the writer.
    """
    found = _AGE.match(text.strip())
    if found is None:
        return False
    age = int(found[1]) if found[1].isdecimal() else parse_number(found[1])
    if age is None:
        return False
    return age < 14 or (age == 14 and bool(_YOUNGER.search(found[0])))
