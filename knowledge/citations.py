"""From a citation to the article it means, on a day; nothing is ever guessed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from difflib import SequenceMatcher
from itertools import pairwise
from typing import Literal
from weakref import WeakKeyDictionary

from knowledge.articles import Article, Status, Version, short_name
from knowledge.citation_text import Citation, parse_citations, parse_request
from knowledge.corpus import Corpus
from knowledge.numerals import article_number, parse_number
from knowledge.paragraphs import part_of
from knowledge.versions import FLAG_ONLY, start

__all__ = [
    "Citation",
    "Problem",
    "Resolution",
    "laws_meant",
    "parse_citations",
    "resolve",
    "resolve_citation",
    "status_sentence",
]

Problem = Literal["no_such_law", "no_such_article", "ambiguous_law"]

# what may stand between the start of a sentence and a law's name; longest first where one ends
# with another. Anything else before a known name makes it another, unknown law
# (维护国家安全法 is not 国家安全法).
_LEAD_IN = re.compile(
    r"(?:^|[、，,和与及或是的在了问查看找搜按据对从由用说讲把翻背照])$"
    r"|(?:请问|根据|依照|按照|依据|违反|适用|参照|查询|一下|看看|解释|引用|现行|最新|我国|中国|帮我|想知道"
    r"|了解|有关|关于|什么是|新版|旧版|修订后的|修正后的|触犯|遵守|涉嫌|新|旧|老|给我|知道|以及|或者)$"
)
_YEAR_NOTE = re.compile(r"[（(](?:\d{4}|[一-龥]*\d{4}年)[^（）()]*[)）]$")


@dataclass(frozen=True, slots=True)
class Resolution:
    """What a citation came to.

    ``articles`` holds the one that applies (else the most telling) first, then the same number in
    the law's other versions where it reads differently. ``message`` is one Chinese sentence or two
    for the reader. ``span`` slices the first article's text where 款 or 项 was named and exists.
    """

    found: bool
    articles: tuple[Article, ...] = ()
    problem: Problem | None = None
    message: str = ""
    paragraph: int | None = None
    item: int | None = None
    span: tuple[int, int] | None = None
    choices: tuple[str, ...] = ()  # full names: the possible laws, or similar ones (never served)


def resolve(corpus: Corpus, text: str, today: date) -> Resolution:
    """The articles that a request names, as of ``today``.

    Several citations in one request are resolved each; the first problem is the one reported.
    """
    citations = parse_request(text)
    if not citations:
        return _no_citation(corpus, text, today)
    results = [resolve_citation(corpus, citation, today) for citation in citations]
    if len(results) == 1:
        return results[0]
    articles = tuple(dict.fromkeys(a for result in results for a in result.articles))
    first = results[0]
    return Resolution(
        found=any(result.found for result in results),
        articles=articles,
        problem=next((result.problem for result in results if result.problem), None),
        message="\n".join(dict.fromkeys(result.message for result in results if result.message)),
        paragraph=first.paragraph,
        item=first.item,
        span=first.span,
        choices=next((result.choices for result in results if result.choices), ()),
    )


def resolve_citation(corpus: Corpus, citation: Citation, today: date) -> Resolution:
    """The articles that one parsed citation means, as of ``today``."""
    laws = laws_meant(corpus, citation.law_name, citation.quoted)
    if len(laws) > 1:
        choices = "、".join(short_name(law) for law in laws)
        message = f"“{citation.law_name}”可能指：{choices}。请写明是哪一部。"
        return Resolution(False, problem="ambiguous_law", message=message, choices=laws)
    if not laws:
        return _no_such_law(corpus, citation.law_name)
    law = laws[0]
    version, doubt = _version_meant(corpus, law, citation.year, today)
    found = corpus.find_all(version, _stored_number(corpus, version, citation.number))
    if not found:
        return _no_such_article(corpus, version, citation.number, today)
    others = tuple(
        article
        for other in reversed(corpus.versions_of(law))
        if other is not version
        for article in corpus.find_all(other, _stored_number(corpus, other, citation.number))
        if article.text != found[0].text  # an older wording that says the same tells nothing
    )
    part, missing = part_of(found[0].text, citation.paragraph, citation.item)
    lines = [f"《{law}》{found[0].number}。", doubt, status_sentence(corpus, version, today)]
    lines += [_amendment_sentence(corpus, found[0], today), version.note or ""]
    if missing:
        lines.append(f"{missing}，以下是全条。")
    return Resolution(
        found=True,
        articles=(*found, *others),
        message="".join(filter(None, lines)),
        paragraph=citation.paragraph,
        item=citation.item,
        span=(part.start, part.end) if part else None,
    )


def _version_meant(corpus: Corpus, law: str, year: int | None, today: date) -> tuple[Version, str]:
    """The version to show, and a sentence when the year named is not that of any version."""
    version = corpus.version_on(law, today)
    assert version is not None
    if year is None:
        return version, ""
    for other in corpus.versions_of(law):
        if other.version_date.year == year:
            return other, ""
    return version, f"库内没有{year}年的文本，以下是{version.version_date}通过的文本。"


def laws_meant(corpus: Corpus, name: str | None, quoted: bool = False) -> tuple[str, ...]:
    """The laws that a name in a text may mean; empty when unknown, never by similarity.

    A name outside 《》 may have lead-in words before it (请问消法): the longest known name that
    starts at the beginning or right after a lead-in is taken.
    """
    if not name:
        return ()
    for candidate in dict.fromkeys((name, _YEAR_NOTE.sub("", name), name.strip("()（）"))):
        laws = corpus.laws_named(candidate)
        if laws:
            return laws
        for cut in range(1, 0 if quoted else len(candidate) - 1):
            laws = corpus.laws_named(candidate[cut:])
            if laws and _LEAD_IN.search(candidate[:cut]):
                return laws
    return ()


def status_sentence(corpus: Corpus, version: Version, today: date) -> str:
    """What a reader must know about a version that does not simply apply; else empty."""
    status = corpus.status(version, today)
    name = f"《{version.short}》"
    if status is Status.REPEALED:
        if version.repealed_by == FLAG_ONLY or version.repealed is None:
            return f"注意：{name}已废止。"
        by = _split_citation(corpus, version.repealed_by or "")
        return (
            f"注意：{name}已于{version.repealed}废止，依据{by}；现行规定请看{by.split('》')[0]}》。"
        )
    if status is Status.NOT_YET_IN_FORCE:
        return f"注意：{name}自{start(version)}起施行，现在尚未生效。"
    if status is Status.HISTORICAL:
        return f"注意：这是{name}的历史版本（{version.version_date}），已不再适用。"
    coming = [v for v in corpus.versions_of(version.law) if start(v) > today]
    if coming:
        new = coming[0]
        return f"{name}已于{new.version_date}修订，新文本自{start(new)}起施行，此前适用本文本。"
    return ""


def _amendment_sentence(corpus: Corpus, article: Article, today: date) -> str:
    """Names an amendment in force that changes this article but is not yet in its text."""
    version = article.version
    if corpus.status(version, today) is not Status.AMENDED:
        return ""
    for reform in corpus.timeline.reforms_of(version.law):
        newer = reform.version_date > version.version_date and start(reform) <= today
        if newer and any(
            re.search(rf"{re.escape(article.number)}(?!之)", changed.text)
            for changed in corpus.articles_of(reform)
        ):
            return (
                f"注意：{reform.short}（{start(reform)}起施行）修改了本条，"
                "此处文本尚未并入，请一并查看。"
            )
    return ""


def _split_citation(corpus: Corpus, citation: str) -> str:
    """``中华人民共和国生态环境法典第一千二百四十二条`` → 《生态环境法典》第一千二百四十二条."""
    law, mark, number = citation.rpartition("第")
    known = corpus.versions_of(law)
    return f"《{known[0].short}》{mark}{number}" if known else f"《{citation}》"


def _stored_number(corpus: Corpus, version: Version, number: str) -> str:
    """An amending document's 第三条 is stored as 条目三."""
    if corpus.find(version, number) is None:
        entry = re.fullmatch(r"第(.+)条", number)
        if entry and corpus.find(version, f"条目{entry[1]}"):
            return f"条目{entry[1]}"
    return number


def _no_citation(corpus: Corpus, text: str, today: date) -> Resolution:
    """A request without an article number: a law's name alone, or nothing that can be read."""
    name = text.strip().strip("。？?！!")
    laws = laws_meant(corpus, name.strip("《》"), quoted=False)
    if len(laws) > 1:
        choices = "、".join(short_name(law) for law in laws)
        message = f"“{name}”可能指：{choices}。请写明是哪一部、第几条。"
        return Resolution(False, problem="ambiguous_law", message=message, choices=laws)
    if laws:
        version = corpus.version_on(laws[0], today)
        assert version is not None
        extent = _extent(corpus, version)
        message = f"{extent}请写明第几条。{status_sentence(corpus, version, today)}"
        return Resolution(False, problem="no_such_article", message=message, choices=laws)
    if corpus.repeal_of(name.strip("《》")):
        return _no_such_law(corpus, name.strip("《》"))
    return Resolution(
        False, problem="no_such_law", message="没有读出法律名称和条号，请写成“消法第55条”的样子。"
    )


def _no_such_law(corpus: Corpus, name: str | None) -> Resolution:
    if name is None:
        return Resolution(False, problem="no_such_law", message="请写明是哪部法律的条文。")
    repeal = corpus.repeal_of(name)
    if repeal:
        by = _split_citation(corpus, repeal.by)
        message = (
            f"《{name}》已于{repeal.day}废止（{by}），库内未收其条文；"
            f"现行规定请看{by.split('》')[0]}》。"
        )
        return Resolution(False, problem="no_such_law", message=message)
    similar = _similar(corpus, name)
    hint = f"名称相近的有：{'、'.join(map(short_name, similar))}。" if similar else ""
    message = f"库内没有名为“{name}”的法律（库内未收行政法规、司法解释和地方性法规）。{hint}"
    return Resolution(False, problem="no_such_law", message=message, choices=similar)


def _no_such_article(corpus: Corpus, version: Version, number: str, today: date) -> Resolution:
    base = re.match(r"第(.+)条", number)
    value = parse_number(base[1]) if base else None
    top = _last_number(corpus, version)
    extent = _extent(corpus, version)
    if value and top and value <= top:
        if "之" in number:
            stem = article_number(value)
            numbers = [a.number for a in corpus.articles_of(version)]
            family = [n for n in numbers if n == stem or n.startswith(f"{stem}之")]
            has = f"，只有{'、'.join(family)}" if family else ""
            message = f"{version.short}没有{number}{has}。"
        else:
            message = f"{version.short}的{number}库内缺失（数据源没有这一条），请查官方公布文本。"
    else:
        message = f"{extent}没有{number}。"
    for other in corpus.versions_of(version.law):
        if other is not version and corpus.find(other, number):
            label = corpus.status(other, today).label
            message += f"{other.version_date}通过的文本（{label}）有这一条。"
    return Resolution(False, problem="no_such_article", message=message, choices=(version.law,))


def _last_number(corpus: Corpus, version: Version) -> int:
    known = _LAST.setdefault(corpus, {})
    if version.id not in known:
        found = [
            re.match(r"(?:第(.+)条|条目(.+)$)", article.number)
            for article in corpus.articles_of(version)
        ]
        known[version.id] = max((parse_number(n[1] or n[2]) or 0 for n in found if n), default=0)
    return known[version.id]


def _extent(corpus: Corpus, version: Version) -> str:
    """``宪法共143条，`` or, where articles were inserted, the last number."""
    top = _last_number(corpus, version)
    if not top:
        return f"{version.short}不分条，"
    inserted = sum("条之" in a.number for a in corpus.articles_of(version))
    if inserted:
        return f"{version.short}最后一条是{article_number(top)}（另有{inserted}条“之X”条文），"
    return f"{version.short}共{top}条，"


_LAST: WeakKeyDictionary[Corpus, dict[str, int]] = WeakKeyDictionary()
_NAMES: WeakKeyDictionary[Corpus, list[tuple[str, str, frozenset[str]]]] = WeakKeyDictionary()


def _similar(corpus: Corpus, name: str, limit: int = 3) -> tuple[str, ...]:
    """Full names of the laws whose short names look most like ``name``: suggestions only."""
    table = _NAMES.get(corpus)
    if table is None:
        table = [(law, short_name(law), _pairs(short_name(law))) for law in corpus.laws]
        _NAMES[corpus] = table
    wanted = _pairs(name)
    rough = sorted(
        (-2 * len(wanted & pairs) / (len(wanted) + len(pairs) or 1), law, short)
        for law, short, pairs in table
        if wanted & pairs
    )[:8]
    close = sorted(
        (-SequenceMatcher(None, name, short, autojunk=False).ratio(), law)
        for _, law, short in rough
    )
    return tuple(law for score, law in close if score <= -0.5)[:limit]


def _pairs(name: str) -> frozenset[str]:
    return frozenset(a + b for a, b in pairwise(name))
