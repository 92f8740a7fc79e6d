"""Scenario cards (``cards/**/*.md``): what to do now, in words that a villager follows.

A card is written by people; ``cards/README.md`` tells them how. 法治宣传教育法 54 (what is
publicised must be accurate) is kept in two steps: :meth:`Cards.load` refuses a card whose form is
wrong, :func:`check` compares what the cards cite and quote with the statutes as of a day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from datetime import date
from pathlib import Path

from errors import DataError
from knowledge.card_files import EVIDENCE, REMEMBER, STEPS, Card, Cited, Quote, Tables, read_card
from knowledge.checking import check_citations
from knowledge.citation_text import parse_citations
from knowledge.citations import resolve_citation
from knowledge.corpus import Corpus
from knowledge.hotlines import Hotlines
from knowledge.organs import Organs
from knowledge.topics import Topics

__all__ = ["CARDS", "Card", "Cards", "Cited", "Quote", "check"]

CARDS = Path(__file__).with_name("cards")
README = "README.md"


class Cards:
    """All cards, in the order of their ids. Immutable once loaded."""

    def __init__(self, cards: Iterable[Card]) -> None:
        self.all = tuple(sorted(cards, key=lambda card: card.id))
        self._by_id = {card.id: card for card in self.all}
        articles: dict[tuple[str, str], tuple[Card, ...]] = {}
        for card in self.all:
            for cited in card.articles:
                key = (cited.law, cited.number)
                articles[key] = (*articles.get(key, ()), card)
        self._by_article = articles

    @classmethod
    def load(cls, folder: Path = CARDS) -> Cards:
        """Read every ``*.md`` below a folder except README.md; none at all is no error.

        Raises:
            DataError: a card's form or a value is wrong, or two cards have the same id, title or
                phrase.
        """
        tables = Tables(Topics.load(), Hotlines.load(), frozenset(Organs.load().names))
        paths = (path for path in sorted(folder.rglob("*.md")) if path.name != README)
        cards = [read_card(path, tables) for path in paths]
        _refuse_repeats(cards)
        return cls(cards)

    def get(self, id_: str) -> Card | None:
        """The card with this id."""
        return self._by_id.get(id_)

    def of_article(self, law: str, number: str) -> tuple[Card, ...]:
        """The cards that rest on an article: those that name it first come first.

        ``law`` is the short name (刑法), ``number`` the full number (第二百八十七条之二).
        """
        cards = self._by_article.get((law, number), ())
        cited = Cited(law, number)
        return tuple(sorted(cards, key=lambda card: card.articles.index(cited)))


def check(cards: Cards, corpus: Corpus, today: date) -> list[DataError]:
    """What is wrong with the cards' law as of a day; empty when all of it stands.

    Every cited article must be found and apply, every quotation must be word for word, every
    further citation in a card's words must be right, and no card may be reviewed in the future.
    """
    problems: list[DataError] = []
    for card in cards.all:
        if card.reviewed > today:
            problems.append(
                card.fault("reviewed", f"审核日期 {card.reviewed} 还没到", "请写实际审核的日期")
            )
        for cited in card.articles:
            problems.extend(_cited_problem(card, cited, corpus, today))
        for quote in card.quotes:
            problems.extend(_quote_problem(card, quote, corpus, today))
        words = {
            "answer": card.answer,
            STEPS: "\n".join(card.steps),
            EVIDENCE: "\n".join(card.evidence),
            REMEMBER: card.maxim,
        }
        for part, text in words.items():
            problems.extend(
                card.fault(part, f"{found.citation}：{found.message}", "请改正或删去这处引用")
                for found in check_citations(corpus, text, today)
                if not found.right
            )
    return problems


def _cited_problem(card: Card, cited: Cited, corpus: Corpus, today: date) -> list[DataError]:
    citation = parse_citations(str(cited))[0]
    resolution = resolve_citation(corpus, citation, today)
    if resolution.problem is not None:
        return [card.fault("articles", f"{cited}：{resolution.message}", "请核对法律名称和条号")]
    article = resolution.articles[0]
    if not corpus.applies(article, today):
        return [card.fault("articles", f"{cited}：{resolution.message}", "请换成现行有效的条文")]
    if (article.version.short, article.number) != (cited.law, cited.number):
        right = f"{article.version.short}{article.number}"
        return [card.fault("articles", f"{cited} 不是规范写法", f"请写成“{right}”")]
    return []


def _quote_problem(card: Card, quote: Quote, corpus: Corpus, today: date) -> list[DataError]:
    findings = check_citations(corpus, f"“{quote.text}”（{quote.citation}）", today)
    if len(findings) != 1 or findings[0].quote != quote.text:
        mend = "一句引文只配一个出处，写成：> “原文” （《某某法》第几条）"
        return [DataError(card.path, quote.line, f"无法核对引文出处 {quote.citation!r}", mend)]
    found = findings[0]
    if found.right:
        return []
    differences = "；".join(f"原文“{d.law}”，卡片“{d.text}”" for d in found.differences)
    mend = f"请照原文改：{differences}" if differences else "请换成现行有效的条文"
    return [DataError(card.path, quote.line, f"{quote.citation}：{found.message}", mend)]


def _refuse_repeats(cards: Iterable[Card]) -> None:
    seen: dict[tuple[str, str], Card] = {}
    for card in cards:
        marks = [("id", card.id, card.id), ("title", card.title, card.title)]
        marks += [("phrases", _folded(phrase), phrase) for phrase in card.phrases]
        for key, mark, shown in marks:
            other = seen.setdefault((key, mark), card)
            if other is not card:
                raise card.fault(
                    key, f"{key} 与 {other.path.name} 重复：{shown!r}", "每张卡片要各写各的"
                )


def _folded(text: str) -> str:
    """A phrase as compared: letters and digits only, width and case aside."""
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text).casefold())
