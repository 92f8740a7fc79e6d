"""What a push says: a campaign as it was approved, the day's reading, the day's quiz.

Every push ends in a way out (「退订」, 个人信息保护法 15 and 24). Links go through ``/c/<token>``,
and buttons carry the delivery they are on, so that clicks are counted once per resident.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from pathlib import Path

from handlers.actions import LIMIT, Actions
from handlers.questions import Composer, heading
from knowledge.citation_text import parse_citations
from knowledge.citations import resolve_citation
from knowledge.quizzes import DAILY, Quizzes
from knowledge.readings import Readings
from outreach.campaigns import rendering
from outreach.campaigns.definition import Definition
from outreach.campaigns.definition import PushButton as Wanted
from outreach.delivery import clicks
from outreach.delivery.ledger import Claimed
from outreach.delivery.sender import Push, PushButton
from settings import Clock

STOP = PushButton("退订", action="stop")
QUIZ = "do:quiz"
PRESSED = "p:"  # before a button's own value: which delivery it is on
_LETTERS = "ABCD"


@dataclass(frozen=True)
class Wording:
    """Words one message for one resident; the engine's ``Compose``."""

    composer: Composer
    readings: Readings
    quizzes: Quizzes
    clock: Clock
    secret: bytes
    pictures: Path  # the folder of evidence files
    public_url: str | None = None  # where residents reach the web application

    def __call__(self, row: Claimed, content: str) -> Push:
        """The message of a claimed row.

        Raises:
            KeyError: what the campaign shows is gone from the corpus or the lists.
        """
        match row.kind:
            case "morning":
                return self._morning(row)
            case "quiz":
                return self._quiz(row, date.fromisoformat(json.loads(content)["day"]))
            case _:
                return self._campaign(row, _definition(content))

    def target(self, content: str, button: int) -> str | None:
        """Where a campaign's link leads; None where it has no such link."""
        if not content.startswith("{") or "buttons" not in json.loads(content):
            return None  # a day's reading or quiz
        buttons = _definition(content).buttons
        if button >= len(buttons) or buttons[button].kind != "link":
            return None
        return buttons[button].target

    def _campaign(self, row: Claimed, definition: Definition) -> Push:
        shown = rendering.render(definition, row.channel, row.variant, county=self.composer.county)
        buttons = [
            made
            for number, wanted in enumerate(definition.buttons)
            if wanted in shown.buttons and (made := self._button(row, number, wanted))
        ]
        picture = self.pictures / shown.picture if shown.picture else None
        return Push(shown.text, picture, _rows(buttons))

    def _button(self, row: Claimed, number: int, wanted: Wanted) -> PushButton | None:
        match wanted.kind:
            case "link":
                if self.public_url is None:
                    return PushButton(wanted.label, url=wanted.target)
                short = clicks.token(self.secret, row.id, number)
                return PushButton(wanted.label, url=f"{self.public_url}/c/{short}")
            case "card":
                return _pressable(row, wanted.label, Actions.card(wanted.target))
            case "quiz":
                return _pressable(row, wanted.label, QUIZ)
            case "article":
                ref = self._article(wanted.target)
                if ref is None:
                    return None
                return _pressable(row, wanted.label, Actions(self.composer.corpus).full(ref))

    def _article(self, citation: str) -> int | None:
        """The article that a citation names today; the gate saw to it that there is one."""
        found = parse_citations(citation)
        if not found:
            return None
        named = resolve_citation(self.composer.corpus, found[0], self.clock.today())
        return named.articles[0].id if named.articles else None

    def _morning(self, row: Claimed) -> Push:
        """The reading after the last one that the resident had."""
        count, today = len(self.readings.all), self.clock.today()
        reading = self.readings.at(row.position)
        article = self.composer.shown(reading.article(self.composer.corpus, today), today)
        text = (
            f"宪法晨读（{row.position % count + 1}/{count}）\n"
            f"一句话：{reading.sentence}\n\n{heading(article)}\n{article.text}"
        )
        return Push(text, buttons=_rows([]))

    def _quiz(self, row: Claimed, day: date) -> Push:
        """The first question of the day, as the conversation asks it; its buttons answer."""
        question = self.quizzes.daily(None, day)[0]
        choices = [f"{_LETTERS[i]}. {text}" for i, text in enumerate(question.choices)]
        hint = "（多选：逐个勾选，再按“选好了”）" if question.multiple else ""
        text = "\n".join([f"每日一题（1/{DAILY}）", f"{question.text}{hint}", *choices])
        verb, mark = ("qs", "☐ ") if question.multiple else ("qa", "")
        buttons = [
            _pressable(row, f"{mark}{choice}", f"{verb}:{day:%y%m%d}:{question.id}:{i}")
            for i, choice in enumerate(choices)
        ]
        return Push(text, buttons=_rows(buttons))


def _rows(buttons: Sequence[PushButton]) -> tuple[tuple[PushButton, ...], ...]:
    return (*((button,) for button in buttons), (STOP,))


def _pressable(row: Claimed, label: str, action: str) -> PushButton:
    """A button whose press is counted, where the value leaves room to say whose it is."""
    counted = f"{PRESSED}{clicks.base36(row.id)}:{action}"
    return PushButton(label, action=counted if len(counted.encode()) <= LIMIT else action)


def pressed(action: str) -> tuple[int, str] | None:
    """(delivery, the button's own value) of a press on a push; None for any other."""
    if not action.startswith(PRESSED):
        return None
    number, _, own = action.removeprefix(PRESSED).partition(":")
    try:
        return int(number, 36), own
    except ValueError:
        return None


@lru_cache(maxsize=64)
def _definition(content: str) -> Definition:
    return Definition.from_json(content)
