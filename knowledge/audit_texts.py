"""The corpus check's look at one version: numbers, headings, texts."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import groupby, pairwise

from knowledge.articles import Article, Version
from knowledge.findings import Finding, Topic
from knowledge.numerals import article_number, parse_number
from knowledge.versions import REFORM_KINDS

WHOLE = "全文"  # the number of a document without articles

_NUMBER = re.compile(r"(?:第(.+?)条|条目(.+?))(?:之(.+))?")


def base_number(article: Article) -> int | None:
    """287 for 第二百八十七条之二, 4 for 条目四, None for an annex or 全文."""
    found = _NUMBER.fullmatch(article.number)
    return parse_number(found[1] or found[2]) if found else None


def version_findings(version: Version, articles: Sequence[Article]) -> Iterator[Finding]:
    """What is odd in one version: its numbers, headings and texts."""

    def finding(topic: Topic, what: str, message: str) -> Finding:
        where = f"{version.short}（{version.version_date}）"
        return Finding(f"{topic}:{version.id}:{what}", topic, f"{where}{message}")

    if not articles:
        yield finding(Topic.EMPTY, "", "没有条文")
    if any(article.number == WHOLE for article in articles):
        yield finding(Topic.WHOLE, WHOLE, "不分条，全文存为一条")
    for first, last in _gaps(version, articles):
        span = first if first == last else f"{first}—{last}"
        yield finding(Topic.GAP, span, f"缺{span}")
    for number, count in Counter(article.number for article in articles).items():
        if count > 1:
            yield finding(Topic.DUPLICATE, number, f"{number}出现{count}次")
    for heading, message in _structure(articles):
        yield finding(Topic.HEADING, heading, message)
    seen: Counter[tuple[Topic, str]] = Counter()
    for article in articles:
        for topic, message in _text_problems(article):
            seen[topic, article.number] += 1
            times = seen[topic, article.number]
            what = article.number if times == 1 else f"{article.number}#{times}"
            yield finding(topic, what, f"{article.number}{message}")


def _gaps(version: Version, articles: Iterable[Article]) -> Iterator[tuple[str, str]]:
    """Runs of numbers that are missing: (first, last).

    An amending document may go on with the numbers of the one before (宪法修正案第三条).
    """
    values = sorted({value for article in articles if (value := base_number(article))})
    start = values[:1] if version.kind in REFORM_KINDS else [0]
    for before, after in pairwise([*start, *values]):
        if after - before > 1:
            yield article_number(before + 1), article_number(after - 1)


# --- headings ---------------------------------------------------------------------------------

_N = "[一二三四五六七八九十百]+"
_HEADING = re.compile(rf"第({_N})(分编|编|章|节)(?=\s)")
_RANKS = ("编", "分编", "章", "节")


def _structure(articles: Iterable[Article]) -> Iterator[tuple[str, str]]:
    """Headings whose numbers do not follow each other: (heading, message).

    Below a new part, chapters either begin anew or go on (民法典第二编: 分编 go on).
    """
    last: dict[str, int] = {}
    for path, _ in groupby(articles, key=lambda article: article.path):
        for heading in path:
            found = _HEADING.match(heading)
            if not found:
                continue
            number, rank = parse_number(found[1]) or 0, found[2]
            before = last.get(rank, 0)
            if number not in (before, before + 1, 1):
                yield (
                    heading,
                    f"“{heading}”前面是第{before}{rank}"
                    if before
                    else (f"“{heading}”之前没有第一{rank}"),
                )
            last[rank] = number
            if number != before and rank != "章":
                for lower in _RANKS[_RANKS.index(rank) + 1 :]:
                    if lower == "分编" or (lower == "节" and rank != "节"):
                        last.pop(lower, None)
            elif number != before:
                last.pop("节", None)


# --- texts ------------------------------------------------------------------------------------

_GOOD_END = re.compile(r"。[”’）]*\Z|”。\Z|；”\Z")
_GOOD_START = re.compile(r"[\u4e00-\u9fff《“（\d]")
_ANNEX_NUMBER = re.compile(r"附[件表录]")
_RESIDUE = re.compile(
    r"[{}<>\\~\"'\ue000-\uf8ff\ufffd\u00a0\u200b-\u200f\u2000-\u200a\t]|!\S*\{|\[图"
)
_PAIRS = (("（", "）"), ("《", "》"), ("〈", "〉"))


def _text_problems(article: Article) -> Iterator[tuple[Topic, str]]:
    text = article.text
    numbered = not _ANNEX_NUMBER.match(article.number)
    reform = article.version.kind in REFORM_KINDS
    if numbered and not _GOOD_END.search(text):
        yield Topic.ENDING, f"结尾是“{text[-20:]}”".replace("\n", "⏎")
    if not _GOOD_START.match(text):
        yield Topic.BEGINNING, f"开头是“{text[:20]}”".replace("\n", "⏎")
    inside = next((line for line in text.split("\n") if _HEADING.match(line)), None)
    if inside:
        yield Topic.HEADING, f"里有标题“{inside[:20]}”"
    for opening, closing in (*_PAIRS, *(() if reform else (("“", "”"),))):
        if text.count(opening) != text.count(closing):
            yield (
                Topic.BALANCE,
                (f"的{opening}有{text.count(opening)}个，{closing}有{text.count(closing)}个"),
            )
    if reform and text.count("“") and not text.count("”"):
        yield Topic.BALANCE, "的引号没有关上"
    odd = sorted(set(_RESIDUE.findall(text)))
    if odd:
        yield Topic.RESIDUE, f"里有{'、'.join(map(repr, odd))}"
