"""Several matters in one story: each with its first article and whom to turn to, three at most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from handlers import phrases
from handlers.messages import Button, Kind, Reply
from handlers.questions import Composer
from knowledge.numerals import format_number
from retrieval.confidence import DECLINE_BELOW, SCOPE_BELOW
from retrieval.search import Hit, Result

MOST = 3
SURE = 2 * DECLINE_BELOW  # confidence that each matter needs


@dataclass(frozen=True, slots=True)
class Issue:
    """One matter: the words that tell it, and what search found for them."""

    words: str
    result: Result


def distinct(words: Sequence[str], results: Sequence[Result]) -> list[Issue]:
    """The matters of a story that are surely different ones; fewer than two where it has one.

    Matters differ when their first articles are of different laws, or books (编) of a code. The cut
    itself says most (24 of 24 written stories of two matters are cut, 11 of 274 of one), so that a
    part need not be as sure as a question that stands alone; 20 and none are answered as two.
    """
    found: list[Issue] = []
    places: set[tuple[str, str]] = set()
    for told, result in zip(words, results, strict=True):
        if not result.hits or result.confidence < SURE:
            continue
        article = result.hits[0].article
        book = next((part for part in article.path if "编" in part), "")
        place = (article.version.law, book)
        if result.scope < SCOPE_BELOW or place in places:
            continue
        places.add(place)
        found.append(Issue(told, result))
    return found[:MOST]


def answer_each(composer: Composer, issues: Sequence[Issue], today: date) -> Reply:
    """One reply for all matters: what each is, whom to turn to, and its first article."""
    lines = [phrases.ISSUES.format(count=format_number(len(issues)))]
    numbers: list[str] = []
    for place, issue in enumerate(issues, 1):
        article = issue.result.hits[0].article
        topic = composer.topics.of(article)
        organ = composer.organs.of(article.version.law, today)
        numbers += [line.number for line in composer.hotlines(topic.hotlines)[:1]]
        calls = "、".join(line.number for line in composer.hotlines(topic.hotlines)[:1])
        told = issue.words.strip("，,。；; \n")
        told = told if len(told) <= 32 else f"{told[:32]}……"
        lines.append(
            phrases.ISSUE.format(
                place=place,
                topic=topic.name,
                told=told,
                law=article.version.short,
                number=article.number,
                organ=organ.primary,
                calls=calls,
            )
        )
    lines.append(phrases.ISSUES_LAW)
    firsts = [issue.result.hits[0] for issue in issues]
    merged: dict[int, Hit] = {}
    depth = max(len(issue.result.hits) for issue in issues)
    following = (
        issue.result.hits[rank]
        for rank in range(depth)
        for issue in issues
        if rank < len(issue.result.hits)
    )
    for hit in (*firsts, *following):
        merged.setdefault(hit.article.id, hit)
    shown = tuple(composer.shown(h.article, today, h.score, h.marked) for h in merged.values())
    cards = {}
    for issue in issues:
        matches = composer.matcher.matches(
            issue.words, issue.result.hits, issue.result.confidence, issue.result.scope
        )
        cards.update({m.card.id: m.card for m in matches[:1] if m.sure})
    rows: list[tuple[Button, ...]] = [
        (Button(f"怎么办：{card.title}", composer.actions.card(card.id)),)
        for card in cards.values()
    ]
    rows += composer.buttons(shown, shown[: len(firsts)])
    return composer.compose(
        Kind.ANSWER,
        "\n".join(lines),
        shown,
        visible=len(firsts),
        hotlines=composer.hotlines(tuple(dict.fromkeys((*numbers, "12348")))),
        topic=composer.topics.of(firsts[0].article),
        organ=composer.organs.of(firsts[0].article.version.law, today),
        confidence=min(issue.result.confidence for issue in issues),
        rows=rows,
    )
