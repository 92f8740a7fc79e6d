"""Citations in running text: 《刑法》第二百八十七条之二第一款, 消法55条, 民法典第1254条.

Form after 立法技术规范（试行）: law, 条 (with 之X), 款, 项. Reading tolerates what people type:
Arabic and full-width numbers, missing 第 after a law's name, 條, 第二百八十七之二条.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from knowledge.numerals import NUMERAL, article_number, parse_number

_N = f"[{NUMERAL}]"
_PLAIN = str.maketrans("條項（）〈〉﹤﹥＜＞－—", "条项()《》《》《》--")
_TAIL = rf"""
    (?:\s*之\s*(?P<sub>{_N}+))?
    (?:\s*第?\s*(?P<paragraph>{_N}+)\s*款)?
    (?:\s*第?\s*\(?\s*(?P<item>{_N}+)\s*\)?\s*项)?
"""
# 第264、266条: all but the last number stand in ``more``
_ARTICLE = re.compile(
    rf"""
    (?P<ordinal>第\s*)?
    (?P<more>(?:{_N}+\s*[、,，和及与]\s*(?:第\s*)?)*)
    (?P<number>{_N}+)\s*
    (?:(?P<joint>之|-|至|到|~)\s*(?:第\s*)?(?P<inner>{_N}+)\s*条|条{_TAIL})
    """,
    re.VERBOSE,
)
_NUMBER = re.compile(rf"{_N}+")
_THROUGH = re.compile(r"^\s*(?:至|到|-|~)\s*$")  # 第一百条到第一百零三条
LONGEST_RANGE = 20  # articles; a longer one is given by its ends alone
# without 条, a number is a citation only when nothing else stands there: 消法55, 刑法 287之二
_BARE = re.compile(
    rf"(?P<name>.*?[^\s{NUMERAL}第])\s*第?\s*(?P<number>{_N}+)\s*(?:(?:之|-)\s*(?P<sub>{_N}+))?\s*$",
    re.DOTALL,
)
_YEAR = r"(?:(?P<year>(?:19|20)\d{2})\s*年?\s*(?:版|修正|修订|文本)?\s*的?\s*)?"
# 《民法典》(第1254条) opens a bracket before the number
_QUOTED = re.compile(
    rf"{_YEAR}《(?P<name>[^《》]*(?:《[^《》]*》[^《》]*)*)》\s*"
    r"(?:\((?P<edition>[^()]{2,30})\))?\s*的?\s*(?:[一-龥]{2,8}编)?\s*(?:中的?|里的?|规定的)?\s*\(?\s*$"
)
_RUN = re.compile(
    rf"{_YEAR}(?P<name>[一-龥()·、]*[法典例定释案则议])"
    r"(?P<edition>\([^()]{1,16}\)|(?:19|20)\d{2}年?(?:版|修正|修订|文本)?(?=\s*的?\s*$))?\s*"
    r"的?\s*(?:[一-龥]{2,6}编)?\s*(?:中的?|里的?|规定的)?\s*$"
)
_AGAIN = re.compile(
    r"^[\s、，,和与及或以至到同并]*(?:本法|该法|同法)?(?:以及|或者|还有)?\s*的?\s*$"
)
_SELF = re.compile(r"(?:(?<!基)本法|该法|(?:^|[、和及])同法|本条例|本决定|本规定|本解释)$")
_EDITION = re.compile(r"((?:19|20)\d{2})")


@dataclass(frozen=True, slots=True)
class Citation:
    """One citation in a text.

    ``law_name`` is what stands before it, with lead-in words where it was not in 《》 (resolving
    cuts them); None where no law is named. ``number`` is the official full article number, or the
    digits as typed where no article can have that number. ``span`` is its slice of the text.
    """

    law_name: str | None
    number: str
    paragraph: int | None
    item: int | None
    span: tuple[int, int]
    quoted: bool = False  # the name stood in 《》: exact, no lead-in
    year: int | None = None  # a wording named by its year: 1982年宪法, 《…法》（2012修正）


@dataclass(frozen=True, slots=True)
class _Name:
    """A law's name that a text ends with, and how many characters it takes up there."""

    text: str | None = None
    length: int = 0
    quoted: bool = False
    year: int | None = None


def parse_citations(text: str) -> list[Citation]:
    """All citations in a text, in order.

    A citation that follows another with only a connective between (消法第五十五条、第五十六条)
    means the same law.
    """
    plain = text.translate(_PLAIN)
    found: list[Citation] = []
    for match in _ARTICLE.finditer(plain):
        previous = found[-1] if found else None
        floor = previous.span[1] if previous else 0
        between = plain[max(floor, match.start() - 80) : match.start()]
        if previous and previous.law_name and _AGAIN.match(plain[floor : match.start()]):
            name = _Name(previous.law_name, 0, previous.quoted, previous.year)
        else:
            name = _name_before(between)
        ordinal = match["ordinal"] or match["more"].rstrip().endswith("第")
        if not ordinal and name.text is None:
            continue  # 三条建议, 55条评论
        found.extend(_expanded(plain, match, name, previous))
    return found


def _expanded(
    plain: str, match: re.Match[str], name: _Name, previous: Citation | None
) -> list[Citation]:
    """The citations of one match: several for a list (第264、266条) or a range (第10至12条)."""
    start = match.start() - name.length
    listed = [
        (number.group(), match.start("more") + number.start(), match.start("more") + number.end())
        for number in _NUMBER.finditer(match["more"])
    ]
    if listed and match["ordinal"] is None and (name.text is None or not name.length):
        listed, start = [], match.start("number")  # 一、第五条: a heading's number
        start -= match["more"].rstrip().endswith("第")
    inner, ranged = match["inner"], []
    base, end = parse_number(match["number"]), parse_number(inner) if inner else None
    if match["joint"] and match["joint"] != "之" and base and end:
        if match["joint"] != "-" or end > base:  # 第287-2条 is 之二, 第10-12条 is a range
            ranged, inner = _between(base, end), None
    elif previous and base and _THROUGH.match(plain[previous.span[1] : match.start()]):
        first = re.fullmatch(r"第(.+)条", previous.number)
        begin = parse_number(first[1]) if first else None
        if begin and previous.law_name == name.text:
            between = [(n, match.start(), match.start()) for n in _between(begin, base)[:-1]]
            listed = [(str(n), a, z) for n, a, z in between]
    found = []
    for place, (number, begins, stop) in enumerate(listed):
        citation = _citation(name, number, None)
        if citation:
            found.append(replace(citation, span=(begins if place else start, stop)))
    start = match.start("number") if listed and listed[-1][2] > match.start() else start
    citation = _citation(name, match["number"], match["sub"] or inner)
    if citation:
        paragraph = parse_number(match["paragraph"]) if match["paragraph"] else None
        item = parse_number(match["item"]) if match["item"] else None
        span = (start, match.end())
        found.append(replace(citation, paragraph=paragraph, item=item, span=span))
        found.extend(
            replace(citation, number=article_number(n), span=(match.end(), match.end()))
            for n in ranged
        )
    return found


def _between(first: int, last: int) -> list[int]:
    """The numbers after ``first`` up to ``last``; the last alone where they are too many."""
    if not first < last:
        return [last] if last != first else []
    return list(range(first + 1, last + 1)) if last - first <= LONGEST_RANGE else [last]


def parse_request(text: str) -> list[Citation]:
    """Citations of a text that is nothing but a request for articles.

    Here 消法55 counts as well, and what stands before a number that names no law is taken for a
    name (交规第5条, 劳动合同发第38条).
    """
    found = parse_citations(text)
    if found and found[0].law_name is None:
        before = text.translate(_PLAIN)[: found[0].span[0]].strip(" \t\n，,。的")
        if before and not _SELF.search(before):
            found[0] = replace(found[0], law_name=before[-30:], span=(0, found[0].span[1]))
    if found:
        return found
    plain = text.translate(_PLAIN).strip().strip("。？?！!")
    bare = _BARE.fullmatch(plain)
    if not bare:
        return []
    name = bare["name"].strip()
    quoted = name.startswith("《") and name.endswith("》")
    citation = _citation(_Name(name.strip("《》") or None, 0, quoted), bare["number"], bare["sub"])
    return [replace(citation, span=(0, len(text)))] if citation else []


def _citation(name: _Name, base: str, sub: str | None) -> Citation | None:
    number = parse_number(base)
    inner = parse_number(sub) if sub else None
    if number is not None and (inner is not None or not sub):
        full = article_number(number, inner)
    elif base.isdecimal():
        full = f"第{base}条" + (f"之{sub}" if sub else "")
    else:
        return None  # a malformed numeral is no citation
    return Citation(name.text, full, None, None, (0, 0), name.quoted, name.year)


def _name_before(before: str) -> _Name:
    quoted = _QUOTED.search(before)
    match = quoted or _RUN.search(before)
    if not match or (not quoted and _SELF.search(match["name"])):
        return _Name()
    name, edition = match["name"].strip(), match["edition"] or ""
    year = match["year"] or next(iter(_EDITION.findall(edition)), None)
    if not quoted:
        # (十二) of an amendment is a part of the name, (1982年) not: resolving decides; 1982 never
        name += edition if edition.startswith("(") else ""
    length = len(before) - match.start()
    return _Name(name, length, bool(quoted), int(year) if year else None)
