"""Is a message about the answer before it, and what does it want?

A message that can stand alone is never taken for a follow-up: every pattern reads the whole
message, and an elliptical question (要是他不给呢, 多少钱) is one only where next to nothing is left
after the words that carry no matter of their own. Measured on
``knowledge/labelled/followups.jsonl`` (tests/handlers/test_followups.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import StrEnum

from knowledge.numerals import NUMERAL, parse_number


class Wish(StrEnum):
    """What a follow-up wants; the values are the labels of ``followups.jsonl``."""

    PART = "part"  # a 款 or 项 of the article
    ARTICLE = "article"  # another article of the law, or one of those shown
    WHERE = "where"  # whom to complain to
    WHEN = "when"  # which wording, in force since when
    MORE = "more"  # further articles
    FULL = "full"  # the articles whole
    ASK = "ask"  # a question that lacks its subject


@dataclass(frozen=True, slots=True)
class FollowUp:
    """A wish; numbers as far as they were named. ``step`` is ±1 for the next or previous one,
    0 for the last paragraph."""

    wish: Wish
    article: int | None = None
    paragraph: int | None = None
    item: int | None = None
    step: int | None = None


LONGEST = 22  # characters of an elliptical question
_N = f"[{NUMERAL}]+"
_IT = (
    r"(?:那么?|嗯|哦|好的?|请问|再|还有|麻烦|给我|帮我|看看|看下|看一下|发一下|查一下|查查|查|看|念一下|我想|想|要|说说)*"
    r"(?:(?:上面|上边|刚才|刚刚|前面)?(?:的|说的|发的|给的)?(?:这|那|该|本|此)?(?:一)?(?:条|个法条|条法律|个条文|条规定|部?法律?|个)?|它|其)?(?:的|里|里面|当中|中)?"
)
_ASKS = (
    r"(?:(?:的)?(?:原文|内容|意思|全文|规定|条文|原话))?(?:是|又是|说的?是?|讲的?是?|写的?是?|规定的?是?|怎么说|怎么写|怎么规定|咋说|咋写)*"
    r"(?:什么|啥)?(?:意思|内容|原文)?(?:的|呢|啊|呀|吗|么|嘞|吧|了)*(?:再)?(?:给我|发我|发给我|发一下|发出来|念一下|看下|看看|看一下|看|说说|解释一下)*(?:的|呢|啊|呀|吗|么|吧)*"
)
_MARKS = re.compile(r"[\s,，.。!！?？~～、;；:：…“”\"'‘’（）()《》—-]+")

_PART = re.compile(
    rf"{_IT}(?:第?(?P<p>{_N})款|(?P<last>最后一款)|(?P<next>下一款)|(?P<before>上一款))?(?:的)?(?:第?(?P<i>{_N})项)?{_ASKS}"
)
_ARTICLE = re.compile(
    rf"{_IT}(?:第(?P<n>{_N})条|(?P<next>(?:下|后)(?:面)?一?条)|(?P<before>(?:上|前)(?:面)?一条)){_ASKS}"
)
_WHO = (
    r"(?:哪里|哪儿|哪|什么地方|啥地方|谁|哪个(?:部门|单位|地方|机关|"
    r"局)|什么(?:部门|单位|地方)|啥(?:部门|单位|地方)|哪家(?:单位|部门))"
)
_ACT = (
    r"(?:投诉|举报|告(?:他|她|它|他们)?|反映|维权|说理|起诉|申诉|报案|"
    r"申请|办|解决|处理|反应|管|问|找|求助|说)"
)
_FILL = (
    r"(?:那么?|这|这个|这事儿?|这种事|这种情况|我|俺|咱|就|该|应该|"
    r"要|得|可以|能|又|到底|具体|请问|现在|归|是|由|属于|的话)*"
)
_TAIL = r"(?:啊|呢|呀|吗|去|来|啦|的|才行|合适|好|比较好|管用)*"
_WHERE = re.compile(
    rf"{_FILL}(?:在|去|到|上|找|向|跟|往)?{_WHO}{_FILL}(?:去)?{_ACT}?(?:这事|这个)?{_TAIL}"
    rf"|{_FILL}(?:打|拨)?(?:哪个|什么|啥|谁的)?(?:投诉|举报|咨询|联系)?(?:电话|热线|号码)(?:是)?(?:打)?(?:多少|哪个|几|什么|啥)?(?:号)?{_TAIL}"
    rf"|{_FILL}(?:打|拨)(?:哪个|什么|啥){_TAIL}"
    rf"|{_FILL}(?:怎么|咋|咋样|如何)(?:投诉|举报|反映){_TAIL}"
)
_WHEN = re.compile(
    r"(?:那么?|请问)?(?:上面|刚才|刚刚|前面)?(?:的|说的)?(?:这|那|该)?(?:一)?(?:条|个|部|个法|条法律|部法律|个法律|条规定|个规定|法|法律|规定|条文)?(?:是|从|现在|如今|目前|还|到底)*"
    r"(?:(?:哪|那)一?年|什么时候|啥时候|多会儿|几几年|几年|什么时间|何时|有没有|有|生|管|失|作|过)(?:的|制定|公布|通过|出台|开始|施行|实施|修改|修订|生效|发布|有效|效|用|数|时|废|废止|过期|改|定|了|没有|没|还)*(?:的|呢|啊|呀|吗|么|不)*"
)
_MORE = re.compile(
    r"(?:那么?)?(?:还有|有没有|还有没有|有|再(?:来|发|给)(?:点|些|几条)?|更多|其他|其它|别的|另外|还)+"
    r"(?:别的|其他|其它|另外|更多|相关|的|哪些|什么|啥)*(?:条文|法条|法律|规定|条款|依据|条|法规)?(?:也|都)*(?:发一下|发我|给我看|看看|说说|看一下|可以看|吗|么|没有|没|不|了|呢|呀)*"
)
_FULL = re.compile(
    r"(?:那么?|请|给我|帮我|我要|我想|要|想|再|把|看|看看|看下|发|发我|发一下|显示|查看|这条|那条|上面|的|一下|完整)*(?:全文|整条|原文|完整|全部内容|整个条文)(?:的)?(?:原文|条文|内容)?(?:都)?(?:发给我|给我|发我|发一下|发出来|看看|看下|看一下|呢|吗|吧|啊)*"
)

# what opens a question that goes on from something, and what such a question is made of
_OPENS = re.compile(
    r"^(?:那(?!个|种|些|位|次|天|年|人|里|边|家|样)|那么|要是|如果|假如|万一|可是|可要是|但是|但|可|不过|还|又|也|而且|就算|即使|哪怕|另外)"
)
_EMPTY = re.compile(
    r"那么|那要是|那如果|那|要是|如果|假如|万一|的话|可是|但是|不过|而且|就算|即使|哪怕|还是|还|又|也|都|就|再|才|已经|一直|现在|后来|以后|之后|了|的|地|得|着|过"
    r"|对方|人家|他们|她们|我们|他|她|它|我|你|俺|咱|这个|那个|这|自己"
    r"|是不是|能不能|可不可以|可以|能|会|要|想|该|应该|必须|需要|得|让|给|被|把|跟|和|对|去|来|回来|说|说了|不听|不给|不知情|知情|不知道|不认账|不认|不肯|不管|不理|不同意|不承认|不|没有|没|有"
    r"|怎么办|怎么|怎样|咋办|咋弄|咋整|咋|如何|为什么|为啥|凭什么|凭啥|多少(?:钱|年|天|岁|个月)?|多久|多长时间|几年|几天|什么时候|什么|啥|哪些|哪|谁|几|多"
    r"|吗|呢|呀|啊|么|吧|嘛|不行|行|呗|过期|作废|算|准备|材料|手续|证据|办|做|用|钱|费用|时间|要回来|退|赔|罚|坐牢|犯法|违法|违约|合法|高"
    r"|计算|标准|补偿|赔偿|责任|后果|出|付|交|打|[一二两三四五六七八九十百千万\d]+(?:个)?(?:年|月|天|岁|块|元|万|次)?"
)
_NO_SUBJECT = re.compile(
    r"^(?:能|可以|会|要|得|需要|大概|一般|最多|最少|最高|最低|到底)*(?:赔|罚|判|退|给|交|花|超过)?(?:多少|多久|多长时间|几年|几天|什么时候|怎么算|咋算|咋办|怎么办|为什么|为啥|凭什么)"
)
_MATTER = 3  # characters of matter that a question opened like a continuation may still have
_BARE_MATTER = 0  # and one that is not opened so
_RESUMES = re.compile(r"呢[?？。!！~]*$")


def follow_up(text: str, *, asked_back: bool = False, shown: int = 1) -> FollowUp | None:
    """The wish of a normalised message that follows an answer; None where it stands alone.

    Args:
        text: normalised.
        asked_back: the answer before was a question to the resident, so that a few words are
            an answer to it.
        shown: how many articles that answer showed.
    """
    bare = _MARKS.sub("", text)
    if not bare or len(bare) > 40:
        return None
    found = _numbered(bare, shown)
    if found is not None or (not shown and not asked_back):
        return found or (FollowUp(Wish.ASK) if elliptical(text, bare) else None)
    for wish, pattern in (
        (Wish.FULL, _FULL),
        (Wish.MORE, _MORE),
        (Wish.WHEN, _WHEN),
        (Wish.WHERE, _WHERE),
    ):
        if pattern.fullmatch(bare):
            return FollowUp(wish)
    if elliptical(text, bare) or (asked_back and len(bare) <= 12):
        return FollowUp(Wish.ASK)
    return None


def elliptical(text: str, bare: str) -> bool:
    """Whether a question lacks its subject, so that only the one before can give it."""
    if len(bare) > LONGEST:
        return False
    rest = _EMPTY.sub("", bare)
    if _OPENS.match(bare) and (_RESUMES.search(text) or len(rest) <= 1):
        return len(rest) <= _MATTER
    if _RESUMES.search(text):
        return len(rest) <= _MATTER and len(bare) <= 12
    if _NO_SUBJECT.match(bare):
        return len(rest) <= _BARE_MATTER
    return len(rest) <= _BARE_MATTER and len(bare) <= 10


def _numbered(bare: str, shown: int) -> FollowUp | None:
    part = _PART.fullmatch(bare)
    if part and (part["p"] or part["i"] or part["last"] or part["next"] or part["before"]):
        step = 0 if part["last"] else 1 if part["next"] else -1 if part["before"] else None
        return FollowUp(Wish.PART, paragraph=_number(part["p"]), item=_number(part["i"]), step=step)
    other = _ARTICLE.fullmatch(bare) if shown else None
    if other:
        step = 1 if other["next"] else -1 if other["before"] else None
        return FollowUp(Wish.ARTICLE, article=_number(other["n"]), step=step)
    return None


def _number(numeral: str | None) -> int | None:
    return parse_number(numeral) if numeral else None
