"""Letters in a conversation: which one is asked for, its blank text, and where to fill it in."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import date

from errors import CorpusError
from handlers.letters.plain import as_text
from handlers.letters.printing import as_docx
from handlers.letters.writing import Letters
from handlers.messages import Button, Channel, File, Kind, Reply
from handlers.questions import Composer
from knowledge.letter_templates import LetterTemplate

PREFIX = "letter:"
MENU = "menu"
PATH = "/letters"
OFFERED = 60  # characters of a message under whose answer a letter is offered
_LEAD = "要写哪一种？填写的内容不保存。"
_FILL = "在网页上填写、下载"
_ON_PAPER = "（横线处自己填。个人号码当面写，不要发给我。）"
_WRITING = re.compile(
    r"写|模板|模版|范本|范文|样本|样式|格式|例文|填|来一|给我|要一|准备|下载|电子版|怎么弄|咋弄|空白"
)
_AROUND = re.compile(
    r"请问|帮我|帮忙|给我|我想|想要|我要|教我|应该|可以|有没有|怎么|怎样|咋样|如何|模板|模版|范本|范文|样本|样式|格式|例文|空白|电子版|下载|准备|标准|正规|向"
    r"|派出所|公安局?|警察|商家|店家|消费者协会|消协|市场监管局|市场监督管理局|朋友|别人|12315|[写填弄咋个份张封一的了吗呢呀啊吧有要该能下给来到交]"
)
_LEFT = 2  # characters beyond those words


class LetterReplies:
    """Shows blank letters; what is filled in never passes here."""

    def __init__(self, composer: Composer, letters: Letters | None = None) -> None:
        self._composer = composer
        self.letters = letters or Letters(composer.corpus)

    def answer(self, text: str, channel: Channel, today: date) -> Reply | None:
        """The reply to a message that asks for a letter and little else."""
        template, name = self._mentioned(text)
        if template is None:
            return None
        bare = re.sub(r"[\W_]+", "", text)
        if bare != name:
            rest = _AROUND.sub("", bare.replace(name, "", 1))
            if len(rest) > _LEFT or not _WRITING.search(bare.replace(name, "", 1)):
                return None
        return self.show(template, channel, today)

    def offers(self, text: str) -> tuple[tuple[Button, ...], ...]:
        """A button row for a message that mentions a letter."""
        template, _ = self._mentioned(text) if len(text) <= OFFERED else (None, "")
        return ((_button(template),),) if template else ()

    def act(self, name: str, channel: Channel, today: date) -> Reply | None:
        """The reply to a button ``letter:<kind>``."""
        if name == MENU:
            return self.menu()
        template = self.letters.get(name)
        return self.show(template, channel, today) if template else None

    def menu(self) -> Reply:
        """All letters as buttons."""
        rows = tuple((_button(template),) for template in self.letters.all)
        return replace(self._composer.compose(Kind.MENU, _LEAD), buttons=rows)

    def show(self, template: LetterTemplate, channel: Channel, today: date) -> Reply:
        """The blank letter, with its articles beneath and, on the web, where to fill it in."""
        composer = self._composer
        numbers = composer.hotlines((*template.hotlines, "12348"))
        try:
            letter = self.letters.write(template, {}, today)
        except CorpusError as problem:
            said = f"{problem}，请拨打12348咨询。"
            return composer.compose(Kind.DECLINED, said, hotlines=numbers, gap=True)
        articles = letter.articles
        lead = f"{template.when}\n{_ON_PAPER}\n\n{as_text(letter, articles=False)}"
        rows = [(Button(_FILL, url=f"{PATH}/{template.key}"),)] if channel is Channel.WEB else []
        reply = composer.compose(
            Kind.ANSWER,
            lead,
            tuple(composer.shown(article, today) for article in articles),
            visible=1,
            hotlines=numbers,
            topic=composer.topics.get(template.topic),
            organ=composer.organs.of(articles[0].version.law, today),
            confidence=1.0,
            rows=rows,
        )
        if channel is not Channel.TELEGRAM:  # the web has a page for it, a terminal `letter --out`
            return reply
        return replace(reply, files=(File(f"{template.title}.docx", as_docx(letter, today)),))

    def _mentioned(self, text: str) -> tuple[LetterTemplate | None, str]:
        found = [
            (len(name), template, name)
            for template in self.letters.all
            for name in (template.title, *template.names)
            if name in text
        ]
        _, template, name = max(found, key=lambda one: one[0], default=(0, None, ""))
        return template, name


def _button(template: LetterTemplate) -> Button:
    return Button(f"模板：{template.title}", f"{PREFIX}{template.key}")
