"""Replies to follow-ups that need no search: parts of an article, its dates, whom to turn to."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from handlers import phrases
from handlers.context import Turn
from handlers.followups import FollowUp, Wish
from handlers.messages import Button, Kind, Reply
from handlers.questions import SHOWN, Composer, heading
from knowledge.articles import Article
from knowledge.numerals import article_number, format_number
from knowledge.paragraphs import paragraphs, part_of
from retrieval.search import Hit, Result


def continued(composer: Composer, wish: FollowUp, turn: Turn, today: date) -> Reply | None:
    """The reply to a follow-up of ``turn``; None where that turn has nothing to refer to."""
    match wish.wish:
        case Wish.WHERE:
            return _where(composer, turn, today)
        case Wish.MORE:
            return _more(composer, turn, today)
        case Wish.PART if turn.articles:
            return _part(composer, wish, turn, today)
        case Wish.ARTICLE if turn.articles:
            return _article(composer, wish, turn, today)
        case Wish.WHEN if turn.articles:
            return _when(composer, turn, today)
        case Wish.FULL if turn.articles:
            shown = [composer.shown(a, today) for a in _articles(composer, turn.articles)]
            return composer.lookup(shown, phrases.LOOKUP_LEAD, today)
        case _:
            return None


def _articles(composer: Composer, ids: tuple[int, ...]) -> list[Article]:
    return [composer.corpus.article(id_) for id_ in ids[:SHOWN]]


def _part(composer: Composer, wish: FollowUp, turn: Turn, today: date) -> Reply:
    """A 款 or 项 of the article that was shown first, set off in the whole article."""
    article = _articles(composer, turn.articles)[0]
    count = len(paragraphs(article.text))
    paragraph = wish.paragraph
    if wish.step is not None:
        paragraph = count if wish.step == 0 else (turn.paragraph or 1) + wish.step
    if paragraph is None and wish.item is not None and turn.paragraph is not None:
        paragraph = turn.paragraph
    found, missing = part_of(article.text, paragraph, wish.item)
    shown = composer.shown(article, today)
    if found is None:
        said = missing or f"该条共{format_number(count)}款，前面没有了"
        return composer.lookup([shown], f"{said}。{phrases.WHOLE_ARTICLE}", today)
    named = f"第{format_number(paragraph)}款" if paragraph else ""
    named += f"第{format_number(wish.item)}项" if wish.item else ""
    words = article.text[found.start : found.end].strip()
    lead = phrases.PART.format(law=article.version.short, number=article.number, part=named)
    reply = composer.lookup(
        [replace(shown, marked=(found.start, found.end))], f"{lead}\n“{words}”", today
    )
    return replace(reply, paragraph=paragraph)


def _article(composer: Composer, wish: FollowUp, turn: Turn, today: date) -> Reply:
    """The next, the previous, or a numbered article of the law, or one of those shown above.

    «第二条呢» after an answer with several articles means the second of them; after a single one,
    or where there are not so many, article 2 of its law.
    """
    first = composer.corpus.article(turn.articles[0])
    if wish.article is not None and not turn.lookup and 1 <= wish.article <= len(turn.articles) > 1:
        chosen = composer.corpus.article(turn.articles[wish.article - 1])
        return composer.lookup([composer.shown(chosen, today)], phrases.LOOKUP_LEAD, today)
    if wish.step is not None:
        ref = first.id + wish.step
        if 0 <= ref < len(composer.corpus.articles):
            other = composer.corpus.article(ref)
            if other.version.id == first.version.id:
                return composer.lookup([composer.shown(other, today)], phrases.LOOKUP_LEAD, today)
        return _say(composer, phrases.NO_NEIGHBOUR.format(law=first.version.short))
    number = article_number(wish.article or 1)
    found = composer.corpus.find(first.version, number)
    if found is None:
        return _say(composer, phrases.NO_SUCH.format(law=first.version.short, number=number))
    return composer.lookup([composer.shown(found, today)], phrases.LOOKUP_LEAD, today)


def _when(composer: Composer, turn: Turn, today: date) -> Reply:
    shown = [composer.shown(article, today) for article in _articles(composer, turn.articles)]
    lines = [
        f"{heading(article)}{f'。{article.note}' if article.note else ''}" for article in shown
    ]
    reply = composer.compose(
        Kind.LOOKUP,
        "\n".join((phrases.WHEN, *dict.fromkeys(lines))),
        tuple(shown),
        hotlines=composer.hotlines(("12348",)),
        topic=composer.topics.of(composer.corpus.article(turn.articles[0])),
        organ=composer.organs.of(shown[0].law, today),
        confidence=1.0,
    )
    return replace(reply, buttons=((Button("看条文", composer.actions.more(turn.articles)),),))


def _where(composer: Composer, turn: Turn, today: date) -> Reply | None:
    """The organ and the reviewed numbers of the last answer."""
    if turn.organ is None and not turn.hotlines:
        return None
    lines = composer.hotlines(turn.hotlines or ("12348",))
    said = [phrases.WHERE.format(organ=turn.organ)] if turn.organ else []
    said += [f"{line.number}：{line.name}。{line.use}。" for line in lines]
    first = composer.corpus.article(turn.articles[0]) if turn.articles else None
    reply = composer.compose(
        Kind.LOOKUP,
        "\n".join(said),
        hotlines=lines,
        topic=composer.topics.of(first) if first else None,
        organ=composer.organs.of(first.version.law, today) if first else None,
        confidence=1.0,
        calls=False,
    )
    return replace(reply, organ=turn.organ)


def _more(composer: Composer, turn: Turn, today: date) -> Reply:
    applying = [
        article
        for article in map(composer.corpus.article, turn.rest)
        if composer.corpus.status(article.version, today).applies
    ]
    if not applying:
        return _say(composer, phrases.NO_MORE)
    hits = tuple(Hit(article, 1.0 / rank, None) for rank, article in enumerate(applying, 1))
    return composer.answer("", Result(hits, 0.0), today, unsure=False)


def _say(composer: Composer, text: str) -> Reply:
    return composer.compose(Kind.LOOKUP, text, hotlines=composer.hotlines(("12348",)))
