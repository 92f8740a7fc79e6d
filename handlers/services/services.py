"""Dispatch: which service answers an update, and what goes with every reply."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from functools import cached_property

from handlers import phrases
from handlers.messages import Button, Incoming, Kind, Reply
from handlers.questions import Composer
from handlers.services import commands, shortening
from handlers.services.choices import Choices
from handlers.services.commands import Command
from handlers.services.lectures import Lectures
from handlers.services.memory import Memory, Nothing
from handlers.services.privacy import Privacy, says_under_14
from handlers.services.quiz import Quiz, is_typed_answer, subscribe
from handlers.services.readings import Morning
from handlers.services.visit import Visit, do, say
from handlers.tools import ROW
from knowledge.codelists import CodeLists
from knowledge.quizzes import Quizzes
from knowledge.readings import Readings
from outreach.erasure import DeclareMinor, Erase
from outreach.profiles import GrowUp, NoticeShown

# Groups get these; everything else is between the resident and the bot.
_IN_GROUPS = frozenset({Command.START, Command.MENU, Command.HELP, Command.ASK, Command.MORNING})
# These keep something, which is not done for who is under 14.
_KEEPING = frozenset(
    {
        Command.QUIZ,
        Command.TOWN,
        Command.GROUP,
        Command.SUBSCRIBE,
        Command.TOPICS,
        Command.LECTURE,
        Command.LECTURES,
    }
)
_KEEPING_VERBS = frozenset(
    {"qa", "rank", "town", "grp", "top", "sub", "lec", "lecs", "lecw", "agree"}
)
_VERBS = _KEEPING_VERBS | {"qs", "qp", "qt", "unsub", "erase", "age"}
_STATEMENT = 12  # characters: 「我今年才十二岁」 says nothing else
_PERSONAL = "这件事涉及您自己的选择和记录，群里大家都看得到，请私聊我。"
_HUMAN = (
    "需要和人谈，请打下面的电话；这里只有机器人，没有人在后台看您的消息。\n"
    "打的时候说清楚：什么事、什么时候、和谁、您想怎么解决；证件号、卡号只给您自己打过去确认过的单位。"
)
_ASKING = "请把遇到的事用一两句话发给我，比如：押金不退怎么办？"
_HELP = (
    "{county}普法问答机器人怎么用：\n"
    "· 遇到的事直接用平常话发给我；也可以发条文，如：消法第五十五条\n"
    "· “每日一题”答题，“宪法晨读”读一条宪法，“点单”请人来讲课\n"
    "· “选乡镇”“订阅”“关注话题”“大字”按您的意思来，都可以不选\n"
    "· “转人工”看该打哪个电话\n"
    "· “隐私”“我的数据”“删除我的数据”“退订”管自己的信息"
)


class Services:
    """The residents' commands on every channel; thread-safe, as all its parts only read."""

    def __init__(self, composer: Composer, memory: Memory | None = None) -> None:
        self._composer = composer
        self._memory = memory or Nothing()

    # Read on first use: who only asks a question need not wait for them.
    @cached_property
    def _lists(self) -> CodeLists:
        return CodeLists.load()

    @cached_property
    def quiz(self) -> Quiz:
        """The quiz; also for pushes."""
        return Quiz(self._composer, Quizzes.load(), self._lists)

    @cached_property
    def morning(self) -> Morning:
        """The readings; also for pushes."""
        return Morning(self._composer, Readings.load())

    @cached_property
    def _privacy(self) -> Privacy:
        return Privacy(self._composer, self._lists)

    @cached_property
    def _choices(self) -> Choices:
        return Choices(self._composer, self._lists)

    @cached_property
    def _lectures(self) -> Lectures:
        return Lectures(self._composer, self._lists)

    def command(self, incoming: Incoming, text: str, today: date) -> Reply | None:
        """The reply to a message that is a command and nothing else; None where it is more.

        Asked before triage: 「别再发了」 alone is no cry for help, whatever a classifier hears.
        """
        found = commands.find(text)
        if found is not None:
            return self._command(self._visit(incoming, today), found, commands.bare(text))
        if says_under_14(text) and len(commands.bare(text)) <= _STATEMENT and not incoming.group:
            return self._privacy.minor()
        return None

    def hear(self, incoming: Incoming, text: str, today: date) -> Reply | None:
        """The reply to a command with words of its own, asked after triage."""
        worded = commands.with_words(text)
        if worded is not None and worded[0] is Command.TOWN:
            return self._alone(self._visit(incoming, today), self._choices.town_named, worded[1])
        if worded is not None and worded[0] is Command.LECTURE:
            return self._alone(self._visit(incoming, today), self._lectures.heard, worded[1])
        if is_typed_answer(text):
            return self._alone(self._visit(incoming, today), self.quiz.typed, text)
        return None

    def press(self, incoming: Incoming, today: date) -> Reply | None:
        """The reply to a button of the services; None where it is another's or not known."""
        if incoming.action is None:
            return None
        verb, *rest = incoming.action.split(":")
        visit = self._visit(incoming, today)
        if verb == "stop":
            return self._command(visit, Command.STOP)
        if verb == "do":
            known = rest and rest[0] in list(Command)
            return self._command(visit, Command(rest[0])) if known else None
        if verb == "human":
            return self._human(rest[0] if rest else None)
        if verb == "read" and rest and rest[0].isdecimal() and len(rest[0]) <= 4:
            return self.morning.reading(visit, int(rest[0]))
        if verb not in _VERBS:
            return None
        if incoming.group:
            return self._refer(Command.MENU)
        if visit.profile.minor and verb in _KEEPING_VERBS:
            return self._privacy.not_for_minors()
        match verb, rest:
            case "sub", ["morning"]:
                return self.morning.subscribe()
            case "unsub", ["morning"]:
                return self.morning.unsubscribe()
            case "sub", ["quiz"]:
                return subscribe(self._composer, visit)
        for service in (self.quiz, self._choices, self._lectures, self._privacy):
            reply = service.press(visit, verb, rest)
            if reply is not None:
                return reply
        return None

    def attend(self, incoming: Incoming, reply: Reply, today: date) -> Reply:
        """A reply with what goes with every one of them.

        Town and group for the statistics, the notice at the first contact, short answers in groups
        and in large type, a way to a person where the bot could not help; and for who is under 14
        nothing that would be kept.
        """
        visit = self._visit(incoming, today)
        profile = visit.profile
        minor = profile.minor or (not incoming.group and says_under_14(incoming.text))
        if reply.kind is Kind.DECLINED or (reply.feedback and not reply.feedback[0]):
            reply = _with_row(reply, do(Command.HUMAN, "转人工"))
        if reply.gap and not profile.texts and not minor and not incoming.group:
            reply = _with_row(reply, Button("同意把这类问题给工作人员看", "agree:1"))
        if incoming.group:
            reply = shortening.for_group(self._composer, reply)
            return replace(reply, retained=not profile.minor)
        if profile.large and reply.kind is Kind.ANSWER:
            reply = shortening.to_first(reply)
        leaving = any(isinstance(change, (Erase, DeclareMinor)) for change in reply.changes)
        if minor:
            kept = [c for c in reply.changes if isinstance(c, (Erase, DeclareMinor, GrowUp))]
            if not profile.minor and not leaving:
                kept.append(DeclareMinor())  # said so in passing, with a question
            return replace(reply, changes=tuple(kept), retained=False)
        reply = replace(reply, town=profile.town, group=profile.group, agreed=profile.texts)
        if leaving or not profile.notice_due(incoming.update_key):
            return reply
        return self._noticed(reply)

    def _command(self, visit: Visit, command: Command, words: str = "") -> Reply:
        if visit.incoming.group and command not in _IN_GROUPS:
            if command is Command.HUMAN:
                return self._human(None)
            return self._refer(command)
        if visit.profile.minor and command in _KEEPING:
            return self._privacy.not_for_minors()
        match command:
            case Command.START | Command.MENU:
                return self._menu()
            case Command.HELP:
                text = _HELP.format(county=self._composer.county)
                return say(self._composer, text, rows=[[do(Command.MENU, "菜单")]])
            case Command.ASK:
                return say(self._composer, _ASKING)
            case Command.QUIZ:
                return self.quiz.next(visit)
            case Command.PRACTICE:
                return self.quiz.practice(visit)
            case Command.RANKING:
                return self.quiz.ranking(visit)
            case Command.MORNING:
                return self.morning.todays(visit)
            case Command.TOWN:
                return self._choices.towns(visit)
            case Command.GROUP:
                return self._choices.groups(visit)
            case Command.SUBSCRIBE:
                return self._choices.subscriptions(visit)
            case Command.TOPICS:
                return self._choices.topics(visit)
            case Command.LECTURE:
                return self._lectures.begin()
            case Command.LECTURES:
                return self._lectures.mine(visit)
            case Command.HUMAN:
                return self._human(None)
            case Command.LARGE:
                return self._choices.large(visit, not ("关闭" in words or "正常" in words))
            case Command.PRIVACY:
                return self._privacy.full(visit)
            case Command.MYDATA:
                return self._privacy.mydata(visit)
            case Command.DELETE:
                return self._privacy.confirm()
            case Command.STOP:
                return self._privacy.stopped()

    def _menu(self) -> Reply:
        rows = [
            [*ROW],
            [do(Command.QUIZ, "每日一题"), do(Command.MORNING, "宪法晨读")],
            [do(Command.LECTURE, "普法点单"), do(Command.HUMAN, "转人工")],
            [do(Command.TOWN, "选乡镇"), do(Command.SUBSCRIBE, "订阅")],
            [do(Command.PRIVACY, "隐私和我的数据"), do(Command.HELP, "帮助")],
        ]
        return say(self._composer, phrases.MENU.format(county=self._composer.county), rows=rows)

    def _human(self, topic: str | None) -> Reply:
        """Whom to call: 12348, and the numbers that the county has entered."""
        known = self._composer.topics.get(topic) if topic else None
        county = [line.number for line in self._composer.lines.all if line.county]
        numbers = [*(known.hotlines[:1] if known else ()), "12348", *county][:3]
        lines = self._composer.hotlines(numbers)
        reply = say(self._composer, _HUMAN, kind=Kind.LOOKUP, hotlines=lines)
        return replace(reply, person=True, topic=known.name if known else None)

    def _refer(self, command: Command) -> Reply:
        return replace(say(self._composer, _PERSONAL), private=f"do:{command.value}")

    def _alone(
        self, visit: Visit, serve: Callable[[Visit, str], Reply | None], words: str
    ) -> Reply | None:
        """A service that keeps something: not in groups, not for who is under 14."""
        if visit.incoming.group:
            return self._refer(Command.MENU)
        if visit.profile.minor:
            return self._privacy.not_for_minors()
        return serve(visit, words)

    def _noticed(self, reply: Reply) -> Reply:
        """The notice before an ordinary reply; after what somebody in danger must read first."""
        notice = self._privacy.notice()
        if reply.kind is Kind.URGENT:
            reply = replace(
                reply, tail=f"{reply.tail}\n\n{notice}", text=f"{reply.text}\n\n{notice}"
            )
        else:
            reply = self._composer.relead(reply, f"{notice}\n\n{reply.lead}")
        return replace(reply, changes=(*reply.changes, NoticeShown()))

    def _visit(self, incoming: Incoming, today: date) -> Visit:
        return Visit(incoming, today, self._memory.profile(incoming.resident), self._memory)


def _with_row(reply: Reply, *buttons: Button) -> Reply:
    return replace(reply, buttons=(*reply.buttons, buttons))
