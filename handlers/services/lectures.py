"""普法点单: a village, school or firm asks for a lecture.

Two ways, both without a memory between messages: buttons that collect the choices in their values
(``lec:<topic>:<town or village>:<week>``, handed in by ``lecs:…``), and one message in the form
「点单 主题：…；时间：…；单位：…；地点：…」. A telephone number is masked before it gets here, and
is not needed: staff reach a unit by the numbers that the county has of it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date, timedelta

from handlers.messages import Button, Reply
from handlers.questions import Composer
from handlers.services.commands import Command
from handlers.services.visit import Visit, do, pairs, say
from knowledge.codelists import CodeLists
from outreach.requests import STEPS, LectureRequest, Request, WithdrawRequest, number_for

TOPICS = ("constitution", "fraud", "consumer", "labour", "family", "minors", "elderly", "land")
WEEKS = 8
FORM = (
    "想请人来讲一课，可以按下面的按钮选，也可以照这个样子发一条：\n"
    "点单 主题：反诈；时间：12月10日上午；单位：东街社区居委会；地点：社区活动室；对象：老人50人\n"
    "单位可以是村、社区、学校、企业。不用留电话（留了也会被隐去）：工作人员按单位登记的电话联系，"
    "也可以您打12348说点单编号。"
)
_NAMES = {
    "topic": "主题|题目|内容|讲什么",
    "wish": "时间|日期|什么时候",
    "unit": "单位|村|社区|学校|企业|公司|谁请",
    "place": "地点|地址|地方|在哪",
    "audience": "对象|人数|听众|听的人",
}
_ANY = "|".join(f"(?P<{name}>{words})" for name, words in _NAMES.items())
_LABEL = re.compile(rf"(?:{_ANY})\s*[:：]")
_EDGE = " \t\n,，;；。、"
_FULL_DATE = re.compile(r"(20\d\d)\s*[-./年]\s*(\d{1,2})\s*[-./月]\s*(\d{1,2})")
_SHORT_DATE = re.compile(r"(?<!\d)(\d{1,2})\s*月\s*(\d{1,2})\s*[日号]?")


@dataclass(frozen=True, slots=True)
class Wish:
    """What a message in the form says; blank where it is left out."""

    topic: str = ""
    wish: str = ""
    unit: str = ""
    place: str = ""
    audience: str = ""


@dataclass(frozen=True)
class Lectures:
    """Takes requests and says where they stand."""

    composer: Composer
    lists: CodeLists

    def begin(self) -> Reply:
        """「点单」: the form, and the first choice."""
        topics = [self.composer.topics.get(key) for key in TOPICS]
        rows = pairs([Button(t.name, f"lec:{t.key}") for t in topics if t is not None], 3)
        rows.append((do(Command.LECTURES, "我的点单"),))
        return say(self.composer, FORM, rows=rows)

    def heard(self, visit: Visit, text: str) -> Reply:
        """「点单 主题：…」: the request, or what it lacks."""
        wish = parse_wish(text)
        missing = [
            name
            for name, value in (("主题", wish.topic), ("时间", wish.wish), ("单位", wish.unit))
            if not value
        ]
        if missing:
            return say(self.composer, f"还差：{'、'.join(missing)}。\n{FORM}")
        day = parse_day(wish.wish, visit.today)
        if day is not None and day < visit.today:
            return say(self.composer, f"{day} 已经过去了，请换个时间再发一次。\n{FORM}")
        town = next(
            (t.key for t in self.lists.get("towns").active(visit.today) if t.label in text), None
        )
        return self._taken(
            LectureRequest(
                number=number_for(visit.incoming.update_key),
                topic=wish.topic,
                wish=wish.wish,
                day=day,
                unit=wish.unit,
                place=wish.place or wish.unit,
                town=town,
                audience=wish.audience or None,
            )
        )

    def mine(self, visit: Visit) -> Reply:
        """「我的点单」: where the resident's requests stand."""
        found = visit.memory.requests(visit.incoming.resident)
        if not found:
            return say(self.composer, "您还没有点过单。", rows=[[do(Command.LECTURE, "普法点单")]])
        lines = [_line(each) for each in found[:5]]
        rows = [
            [Button(f"撤回 {each.number}", f"lecw:{each.number}")]
            for each in found[:5]
            if each.state in STEPS["withdrawn"]
        ]
        return say(self.composer, "您的点单：\n" + "\n".join(lines), rows=rows)

    def press(self, visit: Visit, verb: str, rest: list[str]) -> Reply | None:
        """A button of these replies; None where it names what is not on the lists."""
        if verb == "lecw" and len(rest) == 1:
            return self._withdrawn(visit, rest[0])
        topic = self.composer.topics.get(rest[0]) if rest else None
        if topic is None or verb not in ("lec", "lecs"):
            return None
        stem = f"lec:{topic.key}"
        match rest[1:]:
            case []:
                towns = self.lists.get("towns").active(visit.today)
                rows = pairs([Button(t.label, f"{stem}:{t.key}") for t in towns], 3)
                return say(self.composer, f"讲{topic.name}。在哪个乡镇？", rows=rows)
            case [place]:
                return self._villages(visit, topic.name, stem, place)
            case [place, week]:
                return self._handed_in(visit, verb, topic.name, f"{topic.key}:{place}:{week}")
        return None

    def _villages(self, visit: Visit, topic: str, stem: str, place: str) -> Reply | None:
        town = self.lists.town(place)
        if town is not None:
            villages = [v for v in town.villages if v.valid(visit.today)]
            rows = pairs([Button(v.label, f"{stem}:{v.key}") for v in villages], 3)
            text = (
                f"讲{topic}，在{town.label}。哪个村（社区）？学校、企业请照“点单 主题：…”的样子发。"
            )
            return say(self.composer, text, rows=rows)
        village = self.lists.get("villages").get(place)
        if village is None:
            return None
        first = visit.today + timedelta(days=7 - visit.today.weekday())
        weeks = [first + timedelta(weeks=n) for n in range(WEEKS)]
        rows = pairs([Button(_week(day), f"{stem}:{place}:{day:%Y%m%d}") for day in weeks], 2)
        return say(self.composer, f"讲{topic}，在{village.label}。想在哪一周？", rows=rows)

    def _handed_in(self, visit: Visit, verb: str, topic: str, value: str) -> Reply | None:
        _, place, week = value.split(":")
        village, town = self.lists.get("villages").get(place), self.lists.town_of(place)
        try:
            monday = date.fromisoformat(week)
        except ValueError:
            return None
        if village is None or town is None or monday < visit.today:
            return None
        if verb == "lec":
            text = (
                f"请核对：讲{topic}，{_week(monday)}，在{town.label}{village.label}。\n"
                "按“提交”就报给工作人员，他们按村（社区）登记的电话联系。"
            )
            rows = [[Button("提交", f"lecs:{value}"), do(Command.LECTURE, "重新选")]]
            return say(self.composer, text, rows=rows)
        return self._taken(
            LectureRequest(
                number=number_for(visit.incoming.update_key),
                topic=topic,
                wish=_week(monday),
                day=monday,
                unit=village.label,
                place=village.label,
                town=town.key,
            )
        )

    def _withdrawn(self, visit: Visit, number: str) -> Reply:
        mine = visit.memory.requests(visit.incoming.resident)
        request = next((each for each in mine if each.number == number), None)
        if request is None:
            return say(
                self.composer, "没有找到这张点单。", rows=[[do(Command.LECTURES, "我的点单")]]
            )
        if request.state not in (*STEPS["withdrawn"], "withdrawn"):
            return say(self.composer, f"这张点单{request.label}，撤不回了。")
        return say(self.composer, f"已撤回点单 {number}。", WithdrawRequest(number))

    def _taken(self, request: LectureRequest) -> Reply:
        text = (
            f"点单收到了，编号 {request.number}。\n"
            f"主题：{request.topic}；时间：{request.wish}；单位：{request.unit}；地点：{request.place}\n"
            "工作人员会按单位登记的电话联系；要补充情况，打12348报编号。发“我的点单”看进度。"
        )
        return say(self.composer, text, request, rows=[[do(Command.LECTURES, "我的点单")]])


def parse_wish(text: str) -> Wish:
    """The fields of 「主题：…；时间：…」, in any order; a label's first value counts."""
    found = list(_LABEL.finditer(text))
    fields: dict[str, str] = {}
    for place, label in enumerate(found):
        end = found[place + 1].start() if place + 1 < len(found) else len(text)
        value = " ".join(text[label.end() : end].strip(_EDGE).split())
        name = label.lastgroup or ""
        if value:
            fields.setdefault(name, value[:60])
    return Wish(**fields)


def parse_day(text: str, today: date) -> date | None:
    """The day that a wish names; without a year it is the next such day. None where it has none."""
    try:
        if found := _FULL_DATE.search(text):
            return date(*map(int, found.groups()))
        if found := _SHORT_DATE.search(text):
            month, day = map(int, found.groups())
            this = date(today.year, month, day)
            return this if this >= today else date(today.year + 1, month, day)
    except ValueError:
        return None
    return None


def _week(monday: date) -> str:
    last = monday + timedelta(days=6)
    return f"{monday.month}月{monday.day}日—{last.month}月{last.day}日"


def _line(request: Request) -> str:
    said = f"：{request.answer}" if request.answer else ""
    return (
        f"· {request.number} {request.topic}（{request.wish}，{request.unit}）{request.label}{said}"
    )
