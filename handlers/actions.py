"""Button values: short (Telegram allows 64 bytes), stateless, and tied to the corpus they name.

``full:<ref>:<corpus>``, ``more:<refs>:<corpus>``, ``good:<ref>:<corpus>``, ``bad:…``,
``ask:<question id>``, ``card:<card id>``, ``calc:<sum>[:<figures>]`` and ``letter:<kind>``.
References are article ids in base 36; they are stable only within one build of the corpus, so its
hash's first four characters travel along and a stale button says so.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.corpus import Corpus

LIMIT = 60  # bytes
_NAME = re.compile(r"[a-z0-9-]{1,50}")
_TOOL = re.compile(r"[a-z0-9:.,-]{1,53}")
_DIGITS = "0123456789abcdefghijklmnopqrstuvwxyz"


class Verb(StrEnum):
    """What a button asks for."""

    FULL = "full"
    MORE = "more"
    GOOD = "good"
    BAD = "bad"
    ASK = "ask"
    CARD = "card"
    CALC = "calc"
    LETTER = "letter"


_BY_NAME = frozenset({Verb.ASK, Verb.CARD})
TOOLS = frozenset({Verb.CALC, Verb.LETTER})
_ABOUT_ARTICLES = frozenset(verb.value for verb in Verb if verb not in _BY_NAME | TOOLS)


@dataclass(frozen=True, slots=True)
class Action:
    """A parsed button value: article ids, or the name of a question, card, sum or letter."""

    verb: Verb
    articles: tuple[int, ...] = ()
    name: str = ""


def _encode(number: int) -> str:
    text = ""
    while True:
        number, digit = divmod(number, 36)
        text = _DIGITS[digit] + text
        if not number:
            return text


class Actions:
    """Writes and reads button values for one corpus."""

    def __init__(self, corpus: Corpus) -> None:
        self._stamp = corpus.hash[:4]
        self._count = len(corpus.articles)

    def full(self, ref: int) -> str:
        """Show one article whole."""
        return f"{Verb.FULL}:{_encode(ref)}:{self._stamp}"

    def more(self, refs: Sequence[int]) -> str:
        """Show further ranked articles, as many as fit."""
        kept: list[str] = []
        for ref in refs:
            kept.append(_encode(ref))
            if len(f"{Verb.MORE}:{','.join(kept)}:{self._stamp}") > LIMIT:
                kept.pop()
                break
        return f"{Verb.MORE}:{','.join(kept)}:{self._stamp}"

    def feedback(self, good: bool, ref: int) -> str:
        """Was the answer that began with this article of use?"""
        return f"{Verb.GOOD if good else Verb.BAD}:{_encode(ref)}:{self._stamp}"

    @staticmethod
    def related(question: str) -> str:
        """Ask a question of the bank."""
        return f"{Verb.ASK}:{question}"

    @staticmethod
    def card(card: str) -> str:
        """Show a scenario card."""
        return f"{Verb.CARD}:{card}"

    def parse(self, value: str) -> Action | None:
        """Read a button value; None when it is malformed or belongs to another corpus build."""
        verb, _, rest = value.partition(":")
        if verb in _BY_NAME:
            return Action(Verb(verb), name=rest) if _NAME.fullmatch(rest) else None
        if verb in TOOLS:
            return Action(Verb(verb), name=rest) if _TOOL.fullmatch(rest) else None
        refs, _, stamp = rest.partition(":")
        if stamp != self._stamp or verb not in _ABOUT_ARTICLES:
            return None
        try:
            ids = tuple(int(ref, 36) for ref in refs.split(","))
        except ValueError:
            return None
        return Action(Verb(verb), ids) if all(0 <= i < self._count for i in ids) else None
