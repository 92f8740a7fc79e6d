"""Cross references between articles, resolved: 依照本法第二十条, 《民法典》第…条, 前款, 本章第一节.

A reference to the own law means the same version (its numbers are those of that wording); one to
another law means the version that applies on the day asked for. What cannot be resolved says why
and links nowhere: nothing is guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from typing import Literal
from weakref import WeakKeyDictionary

from knowledge.articles import Article, Status, Version, short_name
from knowledge.corpus import Corpus
from knowledge.numerals import article_number
from knowledge.reference_targets import Missing, Place, Target, article_keys, target
from knowledge.reference_text import HEADINGS, OWN, Mention, Step, mentions
from knowledge.versions import REFORM_KINDS, amended_law

Kind = Literal["article", "heading", "law"]
Problem = (
    Missing  # no_such_article, no_such_paragraph (前款 in the first one), no_such_item, …heading
    | Literal["no_such_law"]  # the name is no law's that the corpus knows of
    | Literal["repealed_law"]  # it no longer applies on the day; articles are given where held
)

# what a title must end with to be a law that the corpus lacks, not a form, a table or a song
_LAW_TITLE = re.compile(r"(?:法|法典|条例|规定|办法|决[定议]|[通总细]则|解释)(?:（[^（）]*）)?$")
_CITES = re.compile(r"[一二三四五六七八九十百千零]条|前[两二三四五六七八九十]?条")


@dataclass(frozen=True, slots=True)
class Reference:
    """One reference in an article's text, resolved for a day.

    ``articles`` are all that it covers (a range gives several), in order; for a heading (本章) and
    for a law alone there are none. ``paragraphs`` and ``items`` count from 1 within each article.
    """

    text: str  # as written
    span: tuple[int, int]  # its slice of the article's text
    kind: Kind
    law: str  # full name where known, else as written
    version: Version | None
    articles: tuple[Article, ...] = ()
    numbers: tuple[str, ...] = ()  # full article numbers; as meant, where they do not exist
    paragraphs: tuple[int, ...] = ()
    items: tuple[int, ...] = ()
    headings: tuple[tuple[str, ...], ...] = ()  # the paths of the parts that are meant
    problem: Problem | None = None


def references(corpus: Corpus, article: Article, today: date) -> tuple[Reference, ...]:
    """The references in an article's text, in order, as of ``today``.

    An amending document's own numbers are not references of that document: what it names is read
    as an article of the law it amends, and its 前款 (inside quoted new wording) not at all.
    """
    found = []
    for mention in read_mentions(corpus, article):
        reference = _resolved(corpus, article, mention, today)
        if reference:
            found.append(reference)
    return tuple(found)


def read_mentions(corpus: Corpus, article: Article) -> tuple[Mention, ...]:
    """The references of an article as written, not yet resolved; the same on every day."""
    return mentions(article.text, law_names(corpus))


def law_names(corpus: Corpus) -> Callable[[str], bool]:
    """Whether a word in running text is a law's full or short name (never an alias: 安全法 in
    粮食安全法律 is none); laws that the corpus only knows as repealed count too."""
    known = _NAMES.get(corpus)
    if known is None:
        known = frozenset(name for law in corpus.laws for name in (law, short_name(law)))
        _NAMES[corpus] = known
    names = known
    return lambda name: name in names or corpus.repeal_of(name) is not None


def cited_by(corpus: Corpus, article: Article, today: date) -> tuple[Article, ...]:
    """The articles that refer to this one: of its own version, and of other laws that apply on
    ``today`` and mean this version on that day. In the corpus' order; never the article itself."""
    index = _CITING.get(corpus)
    if index is None:
        index = _CITING[corpus] = _citing(corpus, today)
    found = {}
    for id_ in index.get((article.version.law, article.number), ()):
        other = corpus.article(id_)
        if other == article or id_ in found:
            continue
        if other.version.law == article.version.law:
            applies = other.version is article.version
        else:
            applies = corpus.applies(other, today)
        if applies and any(
            article in reference.articles for reference in references(corpus, other, today)
        ):
            found[id_] = other
    return tuple(found[id_] for id_ in sorted(found))


_NAMES: WeakKeyDictionary[Corpus, frozenset[str]] = WeakKeyDictionary()
_CITING: WeakKeyDictionary[Corpus, dict[tuple[str, str], tuple[int, ...]]] = WeakKeyDictionary()


def _citing(corpus: Corpus, today: date) -> dict[tuple[str, str], tuple[int, ...]]:
    """Ids of the articles that may refer to (law, number).

    Which of another law's versions is meant depends on the day, a law's name and the number do
    not; :func:`cited_by` judges the few candidates for the day asked for.
    """
    found: dict[tuple[str, str], list[int]] = {}
    for article in corpus.articles:
        if not _CITES.search(article.text):
            continue
        for reference in references(corpus, article, today):
            for number in reference.numbers if reference.kind == "article" else ():
                found.setdefault((reference.law, number), []).append(article.id)
    return {key: tuple(dict.fromkeys(ids)) for key, ids in found.items()}


def _resolved(corpus: Corpus, article: Article, mention: Mention, today: date) -> Reference | None:
    name = _name_meant(corpus, article, mention)
    if name is None:
        return None
    law, version = _version_meant(corpus, article.version, name, today)
    if version is None:
        return _unknown(corpus, article, mention, name, today)
    found = _found(corpus, article, version, mention.steps, mention.span[0])
    if found.missing and mention.fallback and version is article.version:
        other_law, other = _version_meant(corpus, version, mention.fallback[0], today)
        if other:
            second = _found(corpus, article, other, mention.fallback[1], mention.span[0])
            if not second.missing:
                found, law, version = second, other_law, other
    problem: Problem | None = found.missing
    if version is not article.version and corpus.status(version, today) is Status.REPEALED:
        problem = problem or "repealed_law"
    return Reference(
        article.text[slice(*mention.span)],
        mention.span,
        _kind(mention.steps),
        law,
        version,
        found.articles,
        found.numbers,
        found.paragraphs,
        found.items,
        found.headings,
        problem,
    )


def _name_meant(corpus: Corpus, article: Article, mention: Mention) -> str | None:
    """The law that a mention means, :data:`OWN` for the text's own; None: it is no reference."""
    own = article.version
    if own.kind in REFORM_KINDS:
        first = mention.steps[0] if mention.steps else None
        if first and (first.mode != "at" or first.unit not in ("条", *HEADINGS)):
            return None
        return mention.law or amended_law(own.law)
    first = mention.steps[0] if mention.steps else None
    if mention.law or not first:
        return mention.law
    if first.unit == "项" and first.mode == "before" and first.first[0] > 1:
        # 按照前三项征收环境保护税 counts pollutants; 前三项 said within a later 项 counts 项
        place = Place(article, mention.span[0])
        if target(corpus, own, mention.steps, place).missing:
            return None
    if first.unit == "条" and first.mode == "at" and not article_keys(corpus, own):
        # an interpretation without articles of its own: 刑法第三百八十二条…，第三百八十四条
        titles = re.findall(r"《([^《》]+)》", own.law)
        return mention.last_law or (titles[0] if titles else OWN)
    return OWN


def _version_meant(
    corpus: Corpus, own: Version, name: str, today: date
) -> tuple[str, Version | None]:
    """Full name and version of the law that ``name`` means in a text of ``own``."""
    if name == OWN:
        return own.law, own
    laws = corpus.laws_named(name)
    if len(laws) != 1:
        return name, None
    return laws[0], own if laws[0] == own.law else corpus.version_on(laws[0], today)


def _found(
    corpus: Corpus, article: Article, version: Version, steps: tuple[Step, ...], offset: int
) -> Target:
    place = Place(article, offset) if version is article.version else None
    return target(corpus, version, steps, place)


def _unknown(
    corpus: Corpus, article: Article, mention: Mention, name: str, today: date
) -> Reference | None:
    """A reference to a law whose text the corpus does not hold."""
    repeal = corpus.repeal_of(name)
    if not repeal and not mention.steps and not _LAW_TITLE.search(name):
        return None
    numbers = tuple(
        article_number(base, sub or None)
        for step in mention.steps
        if step.unit == "条" and step.mode == "at"
        for base, sub in dict.fromkeys((step.first, step.last))
    )
    return Reference(
        article.text[slice(*mention.span)],
        mention.span,
        _kind(mention.steps),
        name,
        None,
        numbers=numbers,
        problem="repealed_law" if repeal and repeal.day <= today else "no_such_law",
    )


def _kind(steps: tuple[Step, ...]) -> Kind:
    if not steps:
        return "law"
    return "heading" if steps[-1].unit in HEADINGS else "article"
