"""The gate: what must be right before a campaign may be submitted, approved or released.

法治宣传教育法 54: what is publicised must be accurate and must not mislead. Citations and
quotations are checked against the corpus as of the day on which the campaign goes out; only
reviewed numbers to call may stand in it (domain specification 6.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime

from knowledge.cards import Cards
from knowledge.checking import check_citations
from knowledge.corpus import Corpus
from knowledge.hotlines import Hotlines
from knowledge.numerals import parse_number
from knowledge.quizzes import Quizzes
from outreach.campaigns.definition import DEFAULT, Definition
from outreach.campaigns.rendering import render
from settings import SHANGHAI, Clock

# Service numbers (110, 12315, 95xxx, 96xxx), mobile numbers and landlines; not amounts or years.
_CALLABLE = re.compile(
    r"(?<![\d.第])(?:1[12]\d|1[02]\d{3}|9[56]\d{3}|1[3-9]\d{9}"
    r"|0\d{2,3}[- ]?\d{7,8}|400[- ]?\d{3}[- ]?\d{4})"
    r"(?![\d.%条款项]|\s*(?:元|万|块|年|天|人|斤|亩|只|头|件|起|场|册|份))"
)
_NUMBER = re.compile(r"第([零〇一二三四五六七八九十百千万两\d]+)条")
_NAMES = {DEFAULT: "正文", "telegram": "Telegram 正文", "wechat": "微信正文", "web": "网页正文"}


@dataclass(frozen=True, slots=True)
class Gate:
    """What a campaign is checked against."""

    corpus: Corpus
    cards: Cards
    quizzes: Quizzes
    hotlines: Hotlines
    county: str = "本县"

    @classmethod
    def load(cls, corpus: Corpus, county: str) -> Gate:
        """Read the data files that campaigns may point to.

        Raises:
            DataError: one of them is wrong.
        """
        hotlines = Hotlines.load()
        return cls(corpus, Cards.load(), Quizzes.load(), hotlines, county)

    def problems(self, definition: Definition, clock: Clock) -> list[str]:
        """Everything that keeps a campaign from going out, one Chinese sentence each.

        The law is asked for as of today or, where that is later, the day on which it is due.
        """
        return list(self._problems(definition, clock.now(), due_day(definition, clock.today())))

    def _problems(self, definition: Definition, now: datetime, day: date) -> Iterator[str]:
        yield from self._citations("标题", definition.title, day)
        for which, bodies in (("", definition.text), ("第二种", definition.second or {})):
            for channel, body in bodies.items():
                name = which + _NAMES[channel]
                yield from self._citations(name, body, day)
                yield from self._numbers(name, body)
        yield from self._numbers("标题", definition.title)
        for citation in definition.articles:
            yield from self._article("articles", citation, day)
        for button in definition.buttons:
            yield from self._button(button.kind, button.label, button.target, day)
        for channel in (*definition.audience.channels, "web"):
            for variant in definition.variants:
                shown = render(definition, channel, variant, county=self.county)
                if not shown.fits:
                    table = "text_b" if variant == "b" else "text"
                    yield (
                        f"{channel} 上有 {shown.size} {shown.unit}，最多 {shown.limit}："
                        f"请在 [{table}] 里给 {channel} 写短些的正文"
                    )
        if definition.expires and definition.expires <= now:
            yield "已经过了过期时间 expires：请改时间"

    def _citations(self, name: str, text: str, day: date) -> Iterator[str]:
        for found in check_citations(self.corpus, text, day):
            if not found.right:
                differs = "；".join(f"原文“{d.law}”写成了“{d.text}”" for d in found.differences)
                more = f"（{differs}）" if differs else ""
                yield (
                    f"{name}第{found.line}行“{found.citation}”{found.label}：{found.message}{more}"
                )

        for number in _NUMBER.findall(text):  # 第九千十三条 is read as no citation at all
            if not parse_number(number):
                yield f"{name}里的“第{number}条”不是条号：请写成 第一千二百五十四条 或 第1254条"

    def _article(self, name: str, citation: str, day: date) -> Iterator[str]:
        found = check_citations(self.corpus, citation, day)
        if len(found) != 1:
            yield f"{name} 里的 {citation!r} 不是一处条文：请写成 反电信网络诈骗法第八条"
        elif not found[0].right:
            yield f"{name} 里的“{citation}”{found[0].label}：{found[0].message}"

    def _numbers(self, name: str, text: str) -> Iterator[str]:
        for number in _CALLABLE.findall(text):
            if self.hotlines.get(number) is None:
                yield (
                    f"{name}里的号码 {number} 不在 hotlines.toml 里：只能写登记过的热线，"
                    "金额、年份后面请写上单位"
                )

    def _button(self, kind: str, label: str, target: str, day: date) -> Iterator[str]:
        match kind:
            case "article":
                yield from self._article(f"按钮“{label}”", target, day)
            case "card" if self.cards.get(target) is None:
                yield f"按钮“{label}”：没有卡片 {target!r}"
            case "quiz" if target not in self.quizzes.topics:
                yield (
                    f"按钮“{label}”：没有主题为 {target!r} 的题库，"
                    f"可用：{'、'.join(self.quizzes.topics)}"
                )


def due_day(definition: Definition, today: date) -> date:
    """The day in Asia/Shanghai on which the campaign goes out, at the earliest."""
    due = definition.at.astimezone(SHANGHAI).date() if definition.at else today
    return max(today, due)
