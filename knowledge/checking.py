"""Checking the citations of a text: a campaign draft, a leaflet, a card.

法治宣传教育法 54: what is publicised must be accurate and must not mislead. Every citation is
resolved against the corpus as of a day and judged; where words stand in quotation marks beside it,
they are compared with the article character by character.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date
from difflib import SequenceMatcher
from enum import StrEnum

from knowledge.articles import Article, Status
from knowledge.citation_text import Citation, parse_citations
from knowledge.citations import Resolution, resolve_citation
from knowledge.corpus import Corpus

_QUOTE = r"“[^“”]{4,}”|「[^「」]{4,}」|\"[^\"\n]{4,}\"|『[^『』]{4,}』"
# 《…》第…条规定：“…”; at most a short verb between citation and quotation
_AFTER = re.compile(rf"^[^“”「」『』\"。！？；\n]{{0,16}}?({_QUOTE})")
# “…”（《…》第…条） or “…”——《…》第…条
_BEFORE = re.compile(rf"({_QUOTE})\s*[（(—–-]{{1,3}}\s*(?:依据|根据|参见|见|出自)?[:：]?\s*$")
# 《…》第…条：… without marks, to the end of the line, where it is meant as the law's words
_COLON = re.compile(r"^[）)]?[^“”「」『』\"。！？；：:\n]{0,8}[：:]\s*([^“”「」『』\"\n]{8,400})")
MEANT_AS_QUOTE = 0.6  # share of an unmarked text that is the law's, from which it is compared
_ELLIPSIS = re.compile(r"…+|\.{3,}|……|\[…\]|（略）")
_SAME_LAW = ("本法", "该法", "同法", "本条例", "该条例")
_SKIPPED = re.compile(r"[\s\u200b-\u200f\ufeff]+")


class Verdict(StrEnum):
    """What is wrong with a citation; ``RIGHT`` when nothing is."""

    RIGHT = "right"
    NO_LAW_NAMED = "no_law_named"
    NO_SUCH_LAW = "no_such_law"
    AMBIGUOUS_LAW = "ambiguous_law"
    NO_SUCH_ARTICLE = "no_such_article"
    NO_SUCH_PART = "no_such_part"
    REPEALED = "repealed"
    NOT_YET_IN_FORCE = "not_yet_in_force"
    HISTORICAL = "historical"
    QUOTE_DIFFERS = "quote_differs"


_LABELS = {
    Verdict.RIGHT: "正确",
    Verdict.NO_LAW_NAMED: "没写明是哪部法律",
    Verdict.NO_SUCH_LAW: "库内没有这部法律",
    Verdict.AMBIGUOUS_LAW: "法律名称有歧义",
    Verdict.NO_SUCH_ARTICLE: "没有这一条",
    Verdict.NO_SUCH_PART: "没有这一款或项",
    Verdict.REPEALED: "已废止",
    Verdict.NOT_YET_IN_FORCE: "尚未施行",
    Verdict.HISTORICAL: "引的是旧文本",
    Verdict.QUOTE_DIFFERS: "引文与原文不一致",
}
_BY_PROBLEM = {
    "no_such_law": Verdict.NO_SUCH_LAW,
    "ambiguous_law": Verdict.AMBIGUOUS_LAW,
    "no_such_article": Verdict.NO_SUCH_ARTICLE,
}
_BY_STATUS = {
    Status.REPEALED: Verdict.REPEALED,
    Status.NOT_YET_IN_FORCE: Verdict.NOT_YET_IN_FORCE,
    Status.HISTORICAL: Verdict.HISTORICAL,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One place where a quotation leaves the law: what the law says, what the text says."""

    law: str
    text: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One citation judged. ``line`` and ``column`` count from 1."""

    citation: str
    line: int
    column: int
    verdict: Verdict
    message: str
    article: Article | None = None
    quote: str | None = None
    differences: tuple[Difference, ...] = ()

    @property
    def right(self) -> bool:
        """Whether the text may be published as far as this citation goes."""
        return self.verdict is Verdict.RIGHT

    @property
    def label(self) -> str:
        """The verdict's Chinese words."""
        return _LABELS[self.verdict]


def check_citations(corpus: Corpus, text: str, today: date) -> list[Finding]:
    """Judge every citation in ``text`` as of ``today``, in order of appearance."""
    quotes = [match.span() for match in re.finditer(_QUOTE, text)]
    citations: list[Citation] = []
    named: str | None = None
    for citation in parse_citations(text):
        begin, end = citation.span
        if citation.law_name is None:
            if any(start < begin and end < stop for start, stop in quotes):
                continue  # 「依照本法第四十九条」 inside a quotation is the law's own wording
            if named and text[:begin].endswith(_SAME_LAW):
                citation = replace(citation, law_name=named)
        named = citation.law_name or named
        citations.append(citation)
    return [
        _judge(
            corpus,
            text,
            _without_lead(corpus, citation),
            _quotation(text, citations, i),
            _unmarked(text, citations, i),
            today,
        )
        for i, citation in enumerate(citations)
    ]


def _unmarked(text: str, citations: list[Citation], index: int) -> str | None:
    """What follows a citation after a colon, without quotation marks."""
    stop = citations[index + 1].span[0] if index + 1 < len(citations) else len(text)
    found = _COLON.match(text[citations[index].span[1] : stop])
    return found.group(1).strip() if found else None


def _without_lead(corpus: Corpus, citation: Citation) -> Citation:
    """The citation whose unquoted name is cut to the law's: 请看宪法第一条 → 宪法第一条."""
    name = citation.law_name
    if name is None or citation.quoted:
        return citation
    cut = next((i for i in range(len(name)) if corpus.laws_named(name[i:])), 0)
    begin, end = citation.span
    return replace(citation, law_name=name[cut:], span=(min(begin + cut, end), end))


def _judge(
    corpus: Corpus,
    text: str,
    citation: Citation,
    quote: str | None,
    unmarked: str | None,
    today: date,
) -> Finding:
    begin, end = citation.span
    line = text.count("\n", 0, begin) + 1
    column = begin - (text.rfind("\n", 0, begin) + 1) + 1
    shown = text[begin:end] or citation.number  # one that only a range implies has no words
    if citation.law_name is None:
        message = f"“{shown}”前面没有写明法律名称，无法核对。请写成《…法》{citation.number}。"
        return Finding(shown, line, column, Verdict.NO_LAW_NAMED, message, quote=quote)
    resolution = resolve_citation(corpus, citation, today)
    verdict, message, differences = _verdict(corpus, citation, resolution, quote, today)
    article = resolution.articles[0] if resolution.articles else None
    if quote is None and article is not None and unmarked is not None:
        span = resolution.span or (0, len(article.text))
        if likeness(article.text[slice(*span)], unmarked) >= MEANT_AS_QUOTE:
            quote = unmarked
            verdict, message, differences = _verdict(corpus, citation, resolution, quote, today)
    return Finding(shown, line, column, verdict, message, article, quote, differences)


def _verdict(
    corpus: Corpus, citation: Citation, resolution: Resolution, quote: str | None, today: date
) -> tuple[Verdict, str, tuple[Difference, ...]]:
    if resolution.problem is not None:
        return _BY_PROBLEM[resolution.problem], resolution.message, ()
    article = resolution.articles[0]
    status = corpus.status(article.version, today)
    if status in _BY_STATUS:
        return _BY_STATUS[status], resolution.message, ()
    if (citation.paragraph or citation.item) and resolution.span is None:
        return Verdict.NO_SUCH_PART, resolution.message, ()
    if quote is not None:
        span = resolution.span or (0, len(article.text))
        differences = compare(article.text[slice(*span)], quote)
        if differences:
            elsewhere = not compare(article.text, quote)
            where = "（引文在本条的其他款项里）" if elsewhere else ""
            message = f"引号里的话与《{article.version.law}》{article.number}原文不一致{where}。"
            return Verdict.QUOTE_DIFFERS, message, differences
    return Verdict.RIGHT, resolution.message, ()


def _quotation(text: str, citations: list[Citation], index: int) -> str | None:
    """The words in quotation marks that belong to a citation, without the marks."""
    begin, end = citations[index].span
    stop = citations[index + 1].span[0] if index + 1 < len(citations) else len(text)
    after = _AFTER.match(text[end:stop])
    if after and not re.match(r"\s*[）)]", text[end:stop]):
        return after.group(1)[1:-1]
    floor = citations[index - 1].span[1] if index else 0
    before = _BEFORE.search(text[floor:begin])
    return before.group(1)[1:-1] if before else None


def folded(text: str) -> str:
    """Text as compared: no white space, half-width letters and digits, one form of each mark."""
    return _SKIPPED.sub("", unicodedata.normalize("NFKC", text)).translate(_MARKS)


_MARKS = str.maketrans(
    {",": "，", ";": "；", ":": "：", "?": "？", "!": "！", "(": "（", ")": "）"}
)


def compare(law: str, quote: str) -> tuple[Difference, ...]:
    """Where ``quote`` differs from the words of ``law``; empty when it is word for word.

    A quotation may leave words out where it shows an ellipsis, may begin and end inside a
    sentence, and may close with its own full stop; width and white space do not count.
    """
    source = folded(law)
    pieces = [folded(piece) for piece in _ELLIPSIS.split(quote)]
    found: list[Difference] = []
    position = 0
    for piece in filter(None, (piece.strip("，；。") for piece in pieces)):
        at = source.find(piece, position)
        if at >= 0:
            position = at + len(piece)
        elif source.find(piece) >= 0:
            found.append(Difference("（顺序与原文不同）", piece))
        else:
            found.extend(_differences(source, piece))
    return tuple(found)


def likeness(law: str, text: str) -> float:
    """The share of ``text`` that stands in ``law`` in the same order, in runs of two or more."""
    source, piece = folded(law), folded(text)
    if not piece:
        return 0.0
    blocks = SequenceMatcher(None, source, piece, autojunk=False).get_matching_blocks()
    return sum(block.size for block in blocks if block.size > 1) / len(piece)


def marked(law: str, text: str) -> str:
    """``text`` with what is not the law's in 【】, and 【缺：…】 where words are missing.

    Words of the law before and after the stretch that ``text`` covers are not missing.
    """
    source, piece = folded(law), folded(text).strip("。")
    matcher = SequenceMatcher(None, source, piece, autojunk=False)
    parts = []
    for tag, a, b, c, d in matcher.get_opcodes():
        edge = c == d and (c == 0 or d == len(piece))
        if tag == "equal":
            parts.append(piece[c:d])
        elif c == d and not edge:
            missing = source[a:b] if b - a <= 30 else f"{source[a : a + 14]}……{source[b - 14 : b]}"
            parts.append(f"【缺：{missing}】")
        elif c < d:
            parts.append(f"【{piece[c:d]}】")
    return "".join(parts)


def _differences(source: str, piece: str) -> Iterator[Difference]:
    """The changed runs of the best alignment of ``piece`` with a stretch of ``source``."""
    blocks = [
        block
        for block in SequenceMatcher(None, source, piece, autojunk=False).get_matching_blocks()
        if block.size
    ]
    if sum(block.size for block in blocks) < len(piece) / 2:
        yield Difference("（本条没有这样的话）", piece)
        return
    start = max(0, blocks[0].a - blocks[0].b)
    stretch = source[
        start : blocks[-1].a + blocks[-1].size + len(piece) - blocks[-1].b - blocks[-1].size
    ]
    matcher = SequenceMatcher(None, stretch, piece, autojunk=False)
    for tag, a, b, c, d in matcher.get_opcodes():
        if tag != "equal":
            yield Difference(stretch[a:b], piece[c:d])
