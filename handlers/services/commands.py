"""The commands, and the words that residents use for them.

A command is a whole message, never a word within one: 「删除我的数据」 deletes, and
「平台不肯删除我的数据」 is a question.
"""

from __future__ import annotations

import re
import unicodedata
from enum import StrEnum


class Command(StrEnum):
    """What may be asked of the bot itself; the values stand in ``do:`` buttons."""

    START = "start"
    MENU = "menu"
    HELP = "help"
    ASK = "ask"
    QUIZ = "quiz"
    PRACTICE = "practice"
    RANKING = "ranking"
    MORNING = "morning"
    TOWN = "town"
    GROUP = "group"
    SUBSCRIBE = "subscribe"
    TOPICS = "topics"
    LECTURE = "lecture"
    LECTURES = "lectures"
    HUMAN = "human"
    LARGE = "large"
    PRIVACY = "privacy"
    MYDATA = "mydata"
    DELETE = "delete"
    STOP = "stop"


# Telegram's command menu: (command, what it does), at most 32 and 256 characters.
COMMANDS: tuple[tuple[str, str], ...] = (
    ("start", "开始，看看能问什么"),
    ("menu", "菜单"),
    ("ask", "问一件事，如：/ask 押金不退怎么办"),
    ("quiz", "每日答题"),
    ("morning", "宪法晨读"),
    ("town", "选乡镇（可以不选）"),
    ("topics", "关注话题（可以不选）"),
    ("lecture", "普法点单：请人来讲一课"),
    ("human", "转人工：该打哪个电话"),
    ("privacy", "隐私：留了什么、怎么管"),
    ("mydata", "查看我的数据"),
    ("delete", "删除我的数据"),
    ("stop", "停止所有推送"),
    ("help", "使用帮助"),
)

_WORDS: dict[Command, str] = {
    Command.START: "/start 开始",
    Command.MENU: "/menu 菜单 主菜单 功能 目录",
    Command.HELP: "/help 帮助 怎么用 咋用 使用说明 怎么使用",
    Command.ASK: "/ask 提问 问问题 我要提问",
    Command.QUIZ: "/quiz 每日一题 每日答题 答题 做题 今日答题 我要答题",
    Command.PRACTICE: "/practice 练习 练习题 再来一题 练一题",
    Command.RANKING: "/ranking 排行榜 排行 排名 乡镇排行 乡镇排名",
    Command.MORNING: "/morning 宪法晨读 晨读 今天的 今日晨读 今天的晨读 读宪法",
    Command.TOWN: "/town 选乡镇 选择乡镇 乡镇 换乡镇 改乡镇",
    Command.GROUP: "/group 选人群 选择人群 我的人群",
    Command.SUBSCRIBE: "/subscribe 订阅 订阅推送 我要订阅 推送",
    Command.TOPICS: "/topics 关注话题 关注的话题 选话题 选择话题 话题 我关注的话题",
    Command.LECTURE: "/lecture 点单 普法点单 我要点单 预约讲座 请讲座 预约普法",
    Command.LECTURES: "/lectures 我的点单 点单进度 查点单",
    Command.HUMAN: "/human 转人工 人工 找人工 人工服务 找人 找真人 人工客服",
    Command.LARGE: (
        "/large 大字 大字版 大字体 字大点 字大一点 字体大一点 字放大 放大字体 "
        "字太小 字太小了 字小看不清 看不清 看不清字 关闭大字 正常字"
    ),
    Command.PRIVACY: "/privacy 隐私 隐私说明 隐私政策 个人信息",
    Command.MYDATA: "/mydata 我的数据 查看我的数据 我的信息",
    Command.DELETE: (
        "/delete 删除我的数据 删除数据 注销 清除我的数据 清空我的数据 删除我的信息 删除我的记录 "
        "删掉我的数据 把我的数据删了 把我的数据删掉 把我的数据都删了 把我的信息删了 把我的信息删掉"
    ),
    Command.STOP: (
        "/stop 退订 td t 取消订阅 停止推送 取消推送 别再发了 别发了 不要再发了 不要推送 我要退订 "
        "不要发了 不要给我发了 别给我发了 别再给我发了 不要再给我发了"
    ),
}
_BY_WORD = {word: command for command, words in _WORDS.items() for word in words.split()}
_STRIP = re.compile(r"[\s。，,.!！?？~～、;；:：“”\"'‘’「」《》【】()（）]+")
_BEFORE = re.compile(r"^(?:请|麻烦|你|您|给|帮|替|我|要|想|想要|需要|打开|看看)+")
_AFTER = re.compile(r"(?:一下|下|吧|啊|呀|呢|嘛|吗|谢谢|可以|行|好)+$")
_NOT_FRAMED = frozenset({"找人", "功能", "开始", "乡镇", "注销"})  # 「我想找人」 looks for somebody
_ASK = re.compile(r"^\s*/ask(?:\s+|$)", re.IGNORECASE)
_STARTED = re.compile(r"^/start\s+([A-Za-z0-9_-]{1,64})$", re.IGNORECASE)
_WITH_WORDS = re.compile(
    r"^(/?[a-z\u4e00-\u9fff]+)[\s:：,，;；]+(\S.*)$", re.IGNORECASE | re.DOTALL
)


def bare(text: str) -> str:
    """A message without spaces and marks, in lower case and half width."""
    return _STRIP.sub("", unicodedata.normalize("NFKC", text)).lower()


def find(text: str) -> Command | None:
    """The command that a whole message is, politely put or not (「帮我退订一下」)."""
    said = bare(text)
    if said in _BY_WORD:
        return _BY_WORD[said]
    word = _BEFORE.sub("", _AFTER.sub("", said))
    return _BY_WORD.get(word) if len(word) > 1 and word not in _NOT_FRAMED else None


def with_words(text: str) -> tuple[Command, str] | None:
    """A command that is followed by words (「选乡镇 城关镇」), with these words."""
    found = _WITH_WORDS.match(text.strip())
    command = _BY_WORD.get(found[1].lower()) if found else None
    return (command, found[2].strip()) if found and command else None


def question_of(text: str) -> str:
    """The question after ``/ask``; the bare command, and everything else, as it is."""
    return _ASK.sub("", text) or text


def started_with(text: str) -> str | None:
    """The button value in the payload of ``/start`` (a link from a group); see :func:`payload`."""
    found = _STARTED.match(text.strip())
    return found[1].replace("_", ":") if found else None


def payload(action: str) -> str | None:
    """A button value as the payload of a ``t.me`` link, None where it cannot be one.

    Telegram allows 64 characters of ``A-Za-z0-9_-`` (Bot features, "Deep linking").
    """
    text = action.replace(":", "_")
    fits = re.fullmatch(r"[A-Za-z0-9_-]{1,64}", text) and "_" not in action
    return text if fits else None
