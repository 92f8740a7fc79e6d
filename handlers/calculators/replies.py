"""A sum as a reply: the result and its working, the articles whole, or the one missing figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from decimal import Decimal

from errors import UsageError
from handlers.calculators.answers import read_answer
from handlers.calculators.catalogue import Calculator, Catalogue
from handlers.calculators.figures import Figures, Outcome, decode, encode, told
from handlers.calculators.money import shown
from handlers.calculators.recognition import Recognised, recognise
from handlers.masking import PLACEHOLDER
from handlers.messages import Button, Kind, Reply
from handlers.questions import Composer
from knowledge.grounds import hold

PREFIX = "calc:"
MENU = "menu"
_MENU_LEAD = "选一样来算，或者直接说事情和数，例如：假货花了三百块能赔多少；7号收到的货几号前能退。"
_LOST = "“{title}”依据的条文有变动（{lost}），这一项暂时停用，请拨打12348咨询。"
_MASKED = "\n（连着七位以上的数字会自动隐去。金额请写成 100万、2万3，日期请写成 2026年11月7日。）"
_ONE = "一句话说全就能算，例如："
_OFFERED = frozenset(("refund", "return", "complaint", "labour", "civil", "review", "lawsuit"))


class Calculators:
    """Does sums as of a day; stateless but for the knowledge it reads."""

    def __init__(self, composer: Composer, catalogue: Catalogue | None = None) -> None:
        self._composer = composer
        self.catalogue = catalogue or Catalogue.load()

    def answer(self, text: str, today: date) -> Reply | None:
        """The reply to a message that asks for a sum; None when it is a question for others."""
        try:
            found = recognise(self.catalogue, text, today)
        except UsageError as problem:
            return self._say(f"{problem}。")
        if found is None or not found.direct:
            return None
        return self._worked(found, today, masked=PLACEHOLDER in text)

    def offers(self, text: str, today: date) -> tuple[tuple[Button, ...], ...]:
        """A button row for a message that only touches a sum, to stand under the answer."""
        try:
            found = recognise(self.catalogue, text, today)
        except UsageError:
            return ()
        if found is None:
            return ()
        known = told(found.figures)
        label = f"算一算：{found.calculator.label}{f'（{known}）' if known else ''}"
        return ((Button(label, action(found.calculator.key, found.figures)),),)

    def act(self, name: str, today: date) -> Reply | None:
        """The reply to a button ``calc:<key>:<figures>``; None when it names nothing."""
        key, _, values = name.partition(":")
        if key == MENU:
            return self.menu()
        calculator = self.catalogue.get(key)
        if calculator is None:
            return None
        try:
            figures = decode(values, today)
        except UsageError as problem:
            return self._say(f"{problem}。")
        return self._worked(Recognised(calculator, figures, True), today)

    def complete(self, pending: str, text: str, today: date) -> Reply | None:
        """The reply when ``text`` is the answer to what ``pending`` (a Reply's ``awaits``) asked.

        None when the text gives no such figure: it is then a message of its own.
        """
        key, _, values = pending.removeprefix(PREFIX).partition(":")
        calculator = self.catalogue.get(key)
        if calculator is None:
            return None
        try:
            known = decode(values, today)
            missing = calculator.missing(known)
            given = read_answer(missing, text, today) if missing else None
        except UsageError as problem:
            return self._say(f"{problem}。")
        if missing is None or given is None:
            return None
        figures = known.having(missing, given)
        return self._worked(Recognised(calculator, figures, True), today)

    def menu(self) -> Reply:
        """All sums as buttons."""
        named = [
            Button(calculator.label, action(calculator.key))
            for calculator in self.catalogue.all
            if calculator.needs != ("day",) or calculator.key in _OFFERED
        ]
        rows = [tuple(named[place : place + 2]) for place in range(0, len(named), 2)]
        return replace(self._say(_MENU_LEAD), buttons=tuple(rows))

    def _worked(self, found: Recognised, today: date, masked: bool = False) -> Reply:
        calculator, figures = found.calculator, found.figures
        if found.unclear is not None:
            return self._choose(calculator, figures, *found.unclear)
        missing = calculator.missing(figures)
        if missing is not None:
            return self._ask(calculator, figures, missing, masked)
        try:
            outcome = calculator.work(figures, today)
        except UsageError as problem:
            return self._say(f"{problem}。")
        return self._show(outcome, figures.assumed, today)

    def _ask(self, calculator: Calculator, figures: Figures, missing: str, masked: bool) -> Reply:
        question = calculator.questions[missing]
        known = told(figures)
        lead = (
            f"【{calculator.label}】{question.text}{f'（已知：{known}）' if known else ''}\n"
            f"{_ONE}{question.example}"
        )
        buttons = [
            Button(label, action(calculator.key, figures.having(missing, value)))
            for label, value in question.choices
        ]
        rows = _rows(buttons)
        reply = self._say(lead + (_MASKED if masked else ""))
        return replace(reply, buttons=rows, awaits=action(calculator.key, figures))

    def _choose(
        self,
        calculator: Calculator,
        figures: Figures,
        name: str,
        values: tuple[Decimal, ...],
    ) -> Reply:
        question = calculator.questions.get(name)
        asked = question.text if question else "是哪一个？"
        buttons = [
            Button(shown(value), action(calculator.key, figures.having(name, value)))
            for value in values[:4]
        ]
        lead = f"【{calculator.label}】您写了几个金额。{asked}请选一个，或者只写那一个再发。"
        return replace(self._say(lead), buttons=_rows(buttons))

    def _show(self, outcome: Outcome, assumed: Sequence[str], today: date) -> Reply:
        composer = self._composer
        held = hold(composer.corpus, outcome.grounds, today)
        if held.lost:
            said = _LOST.format(title=outcome.title, lost="；".join(held.lost))
            return composer.compose(
                Kind.DECLINED, said, hotlines=composer.hotlines(("12348",)), gap=True
            )
        parts = [f"【{outcome.title}】{outcome.answer}"]
        parts += [f"（{'；'.join(assumed)}。不对的话，写全了再发一次。）"] if assumed else []
        parts += ["怎么算：", *(f"{n}. {step}" for n, step in enumerate(outcome.steps, 1))]
        if outcome.conditions:
            parts += ["要符合：", *(f"· {line}" for line in outcome.conditions)]
        parts += [f"提示：{note}" for note in outcome.notes]
        parts += ["", "依据的条文："]
        topic = composer.topics.of(held.articles[0])
        organ = composer.organs.of(held.articles[0].version.law, today)
        buttons = [Button(label, f"{PREFIX}{name}") for label, name in outcome.next]
        cards = [card for card in map(composer.cards.get, outcome.cards) if card is not None]
        buttons += [
            Button(f"怎么办：{card.title}", composer.actions.card(card.id)) for card in cards
        ]
        first = held.articles[0].id
        feedback = (
            Button("有用", composer.actions.feedback(True, first)),
            Button("没用", composer.actions.feedback(False, first)),
        )
        return composer.compose(
            Kind.ANSWER,
            "\n".join(parts),
            tuple(composer.shown(article, today) for article in held.articles),
            visible=len(held.articles),
            hotlines=composer.hotlines((*topic.hotlines, "12348")),
            topic=topic,
            organ=organ,
            confidence=1.0,
            rows=[*((button,) for button in buttons), feedback],
            whole=True,
        )

    def _say(self, text: str) -> Reply:
        return self._composer.compose(Kind.MENU, text)


def action(key: str, figures: Figures | None = None) -> str:
    """A button's value for a sum."""
    values = encode(figures) if figures else ""
    return f"{PREFIX}{key}:{values}" if values else f"{PREFIX}{key}"


def _rows(buttons: Sequence[Button]) -> tuple[tuple[Button, ...], ...]:
    """Short labels two to a row, long ones alone."""
    each = 1 if any(len(button.label) > 8 for button in buttons) else 2
    return tuple(tuple(buttons[n : n + each]) for n in range(0, len(buttons), each))
