"""Sums and letters: what a message or a button asks for besides the law itself."""

from __future__ import annotations

from datetime import date

from handlers.actions import Action, Verb
from handlers.calculators.replies import MENU, Calculators, action
from handlers.letters.replies import MENU as LETTERS
from handlers.letters.replies import PREFIX, LetterReplies
from handlers.messages import Button, Channel, Reply
from handlers.questions import Composer

ROW = (Button("算一算", action(MENU)), Button("写文书", f"{PREFIX}{LETTERS}"))  # of the menu


# the buttons' own words, typed
_SUMS = frozenset("算一算 算账 算算 计算器".split())
_LETTERS = frozenset("写文书 文书 文书模板 写材料".split())


class Tools:
    """One door for the conversation to the calculators and letters."""

    def __init__(self, composer: Composer) -> None:
        self._calculators = Calculators(composer)
        self._letters = LetterReplies(composer)

    def answer(self, text: str, channel: Channel, today: date) -> Reply | None:
        """The reply to a message that asks for a sum or a letter, else None."""
        if text in _SUMS:
            return self.menu()
        if text in _LETTERS:
            return self._letters.menu()
        letter = self._letters.answer(text, channel, today)
        return letter or self._calculators.answer(text, today)

    def offers(self, text: str, today: date) -> tuple[tuple[Button, ...], ...]:
        """Button rows for a message that only touches one, to stand under the search's answer."""
        return (*self._calculators.offers(text, today), *self._letters.offers(text))

    def act(self, pressed: Action, channel: Channel, today: date) -> Reply | None:
        """The reply to a pressed button; None when it names nothing."""
        if pressed.verb is Verb.CALC:
            return self._calculators.act(pressed.name, today)
        return self._letters.act(pressed.name, channel, today)

    def menu(self) -> Reply:
        """All sums as buttons."""
        return self._calculators.menu()

    def complete(self, awaits: str, text: str, today: date) -> Reply | None:
        """The reply when ``text`` answers what an earlier reply awaited (``Reply.awaits``)."""
        return self._calculators.complete(awaits, text, today)
