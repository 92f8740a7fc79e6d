"""What residents choose about themselves: town, group, topics, subscriptions. Or leave blank."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.messages import Button, Channel, Reply
from handlers.questions import Composer
from handlers.services.commands import Command
from handlers.services.lectures import TOPICS
from handlers.services.visit import Visit, do, pairs, say
from knowledge.codelists import CodeLists
from outreach.changes import Change
from outreach.profiles import FollowTopic, SetGroup, SetLarge, SetTown, Subscribe, Unsubscribe

BLANK = "-"
# 宗教信仰 and 医疗健康 are sensitive (个人信息保护法 28): not asked for, though staff count them.
_NOT_ASKED = frozenset({"religious", "disabled", "unknown"})
_SERIES = {"campaign": "普法推送", "morning": "宪法晨读", "quiz": "每日一题"}


@dataclass(frozen=True)
class Choices:
    """Offers the county's lists and sets what was pressed."""

    composer: Composer
    lists: CodeLists

    def towns(self, visit: Visit, problem: str = "") -> Reply:
        """/town."""
        now = visit.profile.town
        chosen = f"现在选的是：{self.lists.get('towns').label(now)}。" if now else ""
        text = (
            f"{problem}{chosen}请选您在哪个乡镇（街道），只用来统计各乡镇的普法情况，可以不选，"
            "随时能改。"
        )
        towns = self.lists.get("towns").active(visit.today)
        rows = pairs([Button(town.label, f"town:{town.key}") for town in towns], 3)
        rows.append((Button("不选", f"town:{BLANK}"), do(Command.GROUP, "再选人群")))
        return say(self.composer, text, rows=rows)

    def town_named(self, visit: Visit, name: str) -> Reply:
        """「选乡镇 城关镇」."""
        found = self.lists.get("towns").find(name, visit.today)
        if found is None:
            return self.towns(visit, "没有找到这个乡镇。")
        return self._town(found.key)

    def groups(self, visit: Visit) -> Reply:
        """/group."""
        text = "您愿意说说自己属于哪一类人群吗？只用来统计，可以不选，随时能改。"
        groups = [
            g for g in self.lists.get("groups").active(visit.today) if g.key not in _NOT_ASKED
        ]
        rows = pairs([Button(group.label, f"grp:{group.key}") for group in groups], 3)
        rows.append((Button("不选", f"grp:{BLANK}"),))
        return say(self.composer, text, rows=rows)

    def subscriptions(self, visit: Visit) -> Reply:
        """/subscribe."""
        held = visit.profile.subscriptions
        if not visit.pushable:
            text = (
                "这里不能主动给您发消息，所以不能订阅。每天来发“每日一题”“宪法晨读”就能看到；"
                "在能推送的渠道（如公众号）里可以订阅。"
            )
            rows = [[do(Command.QUIZ, "每日一题"), do(Command.MORNING, "宪法晨读")]]
            return say(self.composer, text, rows=rows)
        now = "、".join(_SERIES[name] for name in held) or "没有"
        text = f"已订阅：{now}。想收什么就按一下，不订也照样能问；发“退订”马上全部停掉。"
        buttons = [
            Button(f"退订{name}", f"unsub:{key}")
            if key in held
            else Button(f"订阅{name}", f"sub:{key}")
            for key, name in _SERIES.items()
        ]
        rows = [[button] for button in buttons]
        rows.append([do(Command.TOPICS, "关注话题（可以不选）")])
        return say(self.composer, text, rows=rows)

    def topics(self, visit: Visit, held: tuple[str, ...] | None = None, *changes: Change) -> Reply:
        """/topics: what pushes may be about; ``held`` are those after the press that led here."""
        held = visit.profile.topics if held is None else held
        offered = [topic for key in TOPICS if (topic := self.composer.topics.get(key))]
        now = "、".join(topic.name for topic in offered if topic.key in held) or "没有选"
        text = (
            f"您关注的话题：{now}。按一下选上，再按一下去掉；可以不选，随时能改。"
            "只用来决定给订阅了普法推送的您发哪些，不从您的提问推断；不选，照样回答。"
        )
        marks = [
            Button(
                f"{'☑' if topic.key in held else '☐'} {topic.name}",
                f"top:{topic.key}:{int(topic.key not in held)}",
            )
            for topic in offered
        ]
        last = [do(Command.SUBSCRIBE, "订阅")]
        if held:
            last.insert(0, Button("都不选", f"top:{BLANK}"))
        return say(self.composer, text, *changes, rows=[*pairs(marks), last])

    def large(self, visit: Visit, on: bool) -> Reply:
        """「大字」."""
        if not on:
            return say(self.composer, "已关掉大字，恢复普通显示。", SetLarge(False))
        where = (
            "字的大小请按网页右上角的“大字”。"
            if visit.incoming.channel is Channel.WEB
            else "字的大小由手机决定：请在手机或这个软件的设置里调大字体。"
        )
        text = f"已打开大字：以后每次只给最要紧的一条，少而清楚。{where}要恢复发“关闭大字”。"
        return say(self.composer, text, SetLarge(True))

    def press(self, visit: Visit, verb: str, rest: list[str]) -> Reply | None:
        """A button of these replies; None where the choice is not on the list (any more)."""
        match verb, rest:
            case "town", [key]:
                if key == BLANK:
                    return say(self.composer, "好的，不记乡镇。", SetTown(None))
                code = self.lists.get("towns").get(key)
                return self._town(key) if code and code.valid(visit.today) else None
            case "grp", [key]:
                if key == BLANK:
                    return say(self.composer, "好的，不记人群。", SetGroup(None))
                code = self.lists.get("groups").get(key)
                if code is None or not code.valid(visit.today) or key in _NOT_ASKED:
                    return None
                text = f"记下了：{code.label}。随时可改，发“选人群”。"
                return say(self.composer, text, SetGroup(key))
            case "top", [key]:
                return self.topics(visit, (), FollowTopic(None, False)) if key == BLANK else None
            case "top", [key, ("0" | "1") as on] if key in TOPICS:
                held = tuple(topic for topic in visit.profile.topics if topic != key)
                held = (*held, key) if on == "1" else held
                return self.topics(visit, held, FollowTopic(key, on == "1"))
            case "sub", ["campaign"]:
                text = "好的，有普法活动和提醒时发给您，每次都能退订。"
                back = [
                    [do(Command.TOPICS, "选关注的话题")],
                    [Button("退订普法推送", "unsub:campaign")],
                ]
                return say(self.composer, text, Subscribe("campaign"), rows=back)
            case "unsub", ["campaign"]:
                return say(self.composer, "已退订普法推送，马上生效。", Unsubscribe("campaign"))
            case "unsub", ["quiz"]:
                return say(self.composer, "已退订每日一题，马上生效。", Unsubscribe("quiz"))
        return None

    def _town(self, key: str) -> Reply:
        label = self.lists.get("towns").label(key)
        rows = [[do(Command.GROUP, "再选人群（可不选）"), do(Command.MENU, "菜单")]]
        text = f"记下了：{label}。只用来统计，随时可改，发“选乡镇”。"
        return say(self.composer, text, SetTown(key), rows=rows)
