"""From the steps of a reference (第三十条至第三十三条, 前款第一项, 本章第一节) to what they mean
within one version, counted from the place where the reference stands."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal, NamedTuple
from weakref import WeakKeyDictionary

from knowledge.articles import Article, Version
from knowledge.corpus import Corpus
from knowledge.numerals import article_number, parse_number
from knowledge.paragraphs import Part, paragraphs
from knowledge.reference_text import HEADINGS, Number, Step

Missing = Literal["no_such_article", "no_such_paragraph", "no_such_item", "no_such_heading"]

_NUMBER = re.compile(r"第(?P<base>.+?)条(?:之(?P<sub>.+))?|条目(?P<entry>.+)")
_HEADING = re.compile(r"第([零〇一二三四五六七八九十百千]+)(分编|[编章节])")
_KEYS: WeakKeyDictionary[Corpus, dict[str, dict[Number, Article]]] = WeakKeyDictionary()


class Place(NamedTuple):
    """Where a reference stands: an article and an offset in its text."""

    article: Article
    offset: int


class Target(NamedTuple):
    """What the steps came to; ``missing`` names the first level that does not exist."""

    articles: tuple[Article, ...] = ()
    numbers: tuple[str, ...] = ()
    paragraphs: tuple[int, ...] = ()
    items: tuple[int, ...] = ()
    headings: tuple[tuple[str, ...], ...] = ()
    missing: Missing | None = None


def target(corpus: Corpus, version: Version, steps: Sequence[Step], place: Place | None) -> Target:
    """What ``steps`` mean in ``version``.

    Args:
        corpus: where the version's articles are.
        version: the wording that is meant.
        steps: from the widest level to the narrowest; empty for the law as a whole.
        place: where the reference stands, None where it stands in another law.
    """
    if not steps:
        return Target()
    if steps[-1].unit in HEADINGS:
        return _headings(corpus, version, steps, place)
    by_unit = {step.unit: step for step in steps}
    named = by_unit.get("条")
    articles, numbers = _articles(corpus, version, named, place)
    if not articles:
        return Target(numbers=numbers, missing="no_such_article")
    found = Target(articles, numbers)
    # counted from the place only within the own article: 第十条前两款 are that article's first two
    here = place if place and articles == (place.article,) and _stays(named) else None
    return _parts(found, by_unit.get("款"), by_unit.get("项"), here)


def _stays(named: Step | None) -> bool:
    return named is None or named.mode == "own"


def article_keys(corpus: Corpus, version: Version) -> dict[Number, Article]:
    """The numbered articles of a version by (number, 之X or 0), in order; the first of repeats."""
    known = _KEYS.setdefault(corpus, {})
    if version.id not in known:
        keys: dict[Number, Article] = {}
        for article in corpus.articles_of(version):
            key = _key(article.number)
            if key:
                keys.setdefault(key, article)
        known[version.id] = keys
    return known[version.id]


def _key(number: str) -> Number | None:
    match = _NUMBER.fullmatch(number)
    base = parse_number(match["base"] or match["entry"]) if match else None
    if not match or not base:
        return None
    return base, (parse_number(match["sub"]) or 0) if match["sub"] else 0


def _articles(
    corpus: Corpus, version: Version, named: Step | None, place: Place | None
) -> tuple[tuple[Article, ...], tuple[str, ...]]:
    """The articles that are meant, and their numbers (as said, where there are none)."""
    if named is None or named.mode == "own":
        return ((place.article,), (place.article.number,)) if place else ((), ())
    keys = article_keys(corpus, version)
    if named.mode == "before":
        if place is None:
            return (), ()
        earlier = [a for a in keys.values() if a.ordinal < place.article.ordinal]
        found = tuple(earlier[-named.first[0] :]) if len(earlier) >= named.first[0] else ()
    elif named.first in keys and named.last in keys:
        found = tuple(a for key, a in keys.items() if named.first <= key <= named.last)
    else:
        ends = dict.fromkeys((named.first, named.last))
        return (), tuple(article_number(base, sub or None) for base, sub in ends)
    return found, tuple(article.number for article in found)


def _parts(found: Target, of: Step | None, item: Step | None, place: Place | None) -> Target:
    """``found`` narrowed to paragraphs and items; a level must exist in each article."""
    if of is None and item is None:
        return found
    chosen: tuple[int, ...] = ()
    items: tuple[int, ...] = ()
    for article in found.articles:
        parts = paragraphs(article.text)
        here = _index(parts, place.offset) if place else None
        if of is not None:
            chosen = _counted(of, len(parts), here)
            if not chosen:
                return found._replace(missing="no_such_paragraph")
        if item is not None:
            holders = [parts[n - 1] for n in chosen] if of else _holders(parts, here)
            inside = place.offset if place and (of is None or of.mode == "own") else None
            items = _items(item, holders, inside)
            if not items:
                return found._replace(paragraphs=chosen, missing="no_such_item")
    return found._replace(paragraphs=chosen, items=items)


def _counted(step: Step, count: int, here: int | None) -> tuple[int, ...]:
    """The numbers (from 1) that a step means among ``count``; ``here`` is where it stands."""
    if step.mode == "at":
        first, last = step.first[0], step.last[0]
    elif step.mode == "own":
        first = last = here or 0
    elif here is None:  # 第二款前三项: the first three
        first, last = 1, step.first[0]
    else:
        first, last = here - step.first[0], here - 1
    return tuple(range(first, last + 1)) if 1 <= first <= last <= count else ()


def _index(parts: Sequence[Part], offset: int) -> int | None:
    """The number of the part that an offset lies in."""
    return next((part.number for part in parts if part.start <= offset < part.end), None)


def _holders(parts: Sequence[Part], here: int | None) -> list[Part]:
    """The paragraphs whose items a bare 第一项 may mean, the likeliest first: the own one, the
    nearest above, else the first below."""
    own = here or 1
    near = sorted(parts, key=lambda part: (part.number > own, abs(part.number - own)))
    return [part for part in near if part.items]


def _items(step: Step, holders: Sequence[Part], offset: int | None) -> tuple[int, ...]:
    for holder in holders:
        here = _index(holder.items, offset) if offset is not None else None
        if offset is not None and here is None and step.mode != "at":
            continue
        count = max((item.number for item in holder.items), default=0)
        numbers = _counted(step, count, here)
        if numbers and set(numbers) <= {item.number for item in holder.items}:
            return numbers
    return ()


def _headings(
    corpus: Corpus, version: Version, steps: Sequence[Step], place: Place | None
) -> Target:
    paths = dict.fromkeys(
        article.path[:depth]
        for article in corpus.articles_of(version)
        for depth in range(1, len(article.path) + 1)
    )
    own = place.article.path if place else ()
    within: list[tuple[str, ...]] = [()]
    for step in steps:
        if step.mode != "at":
            within = _around(step, own, list(paths))
        else:
            found = [p for p in paths if _is(p, step) and any(p[: len(w)] == w for w in within)]
            # 第三章 in a law of several 编 is that of the own 编
            near = [p for p in found if len(p) > 1 and p[:-1] == own[: len(p) - 1]]
            within = near if step is steps[0] and len(found) > 1 and near else found
            single = step.first == step.last
            if single and len(set(within)) > 1:
                within = []
        if not within:
            return Target(missing="no_such_heading")
    return Target(headings=tuple(within))


def _around(
    step: Step, own: tuple[str, ...], paths: list[tuple[str, ...]]
) -> list[tuple[str, ...]]:
    """The own part of this level, or those before it."""
    mine = next((own[: i + 1] for i, h in enumerate(own) if _unit_of(h) == step.unit), None)
    if mine is None or step.mode == "own":
        return [mine] if mine else []
    level = [p for p in paths if p[:-1] == mine[:-1] and _unit_of(p[-1]) == step.unit]
    at = level.index(mine)
    return level[at - step.first[0] : at] if at >= step.first[0] else []


def _unit_of(heading: str) -> str | None:
    match = _HEADING.match(heading)
    return match[2] if match else None


def _is(path: tuple[str, ...], step: Step) -> bool:
    match = _HEADING.match(path[-1])
    number = parse_number(match[1]) if match and match[2] == step.unit else None
    return number is not None and step.first[0] <= number <= step.last[0]
