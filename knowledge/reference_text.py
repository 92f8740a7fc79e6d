"""Cross references as an article's text spells them; what they mean is :mod:`references`' part.

The spellings are those of 立法技术规范（试行）: 本法第四十九条、第五十一条, 前两款, 本条第二款,
第三十条至第三十三条, 本编第三章第一节, 《民法典》第一千二百五十四条, 依照刑法的规定. Reading is
left to right: what one reference leaves out (its law, its article, its paragraph) is that of the
one just before it, when only a connective stands between.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal, NamedTuple

from knowledge.numerals import parse_number

Unit = Literal["编", "分编", "章", "节", "条", "款", "项", "目"]
Mode = Literal["at", "own", "before"]
Number = tuple[int, int]  # (287, 2) is 第二百八十七条之二; the second is 0 but for 条

UNITS: tuple[Unit, ...] = ("编", "分编", "章", "节", "条", "款", "项", "目")
HEADINGS: tuple[Unit, ...] = UNITS[:4]
_UNIT: dict[str, Unit] = {unit: unit for unit in UNITS}
OWN = ""  # Mention.law: the law that the text itself belongs to

_N = "[零〇一二三四五六七八九十百千]"
_NO_UNIT = "(?![件例约程目制能号辑])"  # 第一项目, 本章程, 前条件 are other words
_TOKEN = re.compile(
    rf"""
    (?P<title>《(?:[^《》]|《[^《》]*》)*》)
    | (?P<self>(?<![基根])本(?:法典|法|条例|解释|决定|规定|办法|规则)(?![人律院官学庭治令]))
    | (?P<that>(?:该|同)法(?![人律院官学庭治令]))
    | 第\s?[（(]?(?P<number>{_N}+|\d+)[)）]?\s?(?P<at>分编|[编章节条款项目]){_NO_UNIT}
        (?:(?<=条)之(?P<sub>[一二三四五六七八九十]+))?
    | (?<![基资根样文版剧日])本(?P<own>分编|[编章节条款项目])(?!款){_NO_UNIT}
    | (?:前(?P<count>[两二三四五六七八九十]?)|(?<!以)上(?=款))(?P<before>[编章节条款项])
        (?![款项]){_NO_UNIT}
    | (?<=法)(?P<book>[总分]则)(?=第{_N}{{1,3}}[章节])
    | (?P<law>法典?|条例|通则|总则)
    """,
    re.VERBOSE,
)
_CONNECTIVE = re.compile(r"\s*(?:、|和|与|及|以及|或|或者|，或者|，以及|，和|[，,](?=第))\s*")
_RANGE = re.compile(r"\s*[至到]\s*")
_JOINT = re.compile(r"\s*(?:中)?的?\s*")  # 《刑法》的第二百条; between a law and its article
_HEADING_LINE = re.compile(rf"(?:^|\n)[ 　]*(?P<title>第{_N}+(?:分编|[编章节]))(?=[ 　\n])")
# numbers right after such a word are of a text that is no known law
_FOREIGN = re.compile(
    r"(?:[一-龥]{0,8}(?:宪章|公约|协定|议定书|法典?|条例|规定|办法)|附件[一二三四五六七八九十]?)$"
)
# an unquoted name is a name when something that can stand before and after a law does
_BEFORE_NAME = re.compile(
    r"(?:^|[、，。；：（“\s和及与或]|违反|依照|按照|根据|依据|遵守|适用|参照|触犯|执行|符合|具备|超过|违背"
    r"|不受|拥护|忠于|破坏|提到|修改|行使|涉嫌|构成|属于|后|是|由|将|对|在|且|有|按|照|了|的)$"
)
_AFTER_NAME = re.compile(
    r"[、，。；：）”\s第的和及与或等]|$|有关|规定|以及|关于|另有|未作|没有|没作|修改|所|提起|附件|[总分]则第"
)
_LONGEST_NAME = 40


class Step(NamedTuple):
    """One level of a reference. ``at``: from ``first`` to ``last``; ``own``: the one it stands in;
    ``before``: the ``first[0]`` ones before it."""

    unit: Unit
    mode: Mode
    first: Number
    last: Number


@dataclass(frozen=True, slots=True)
class Mention:
    """One reference in a text.

    ``law`` is the name as written, :data:`OWN` for the text's own law (本法, or no law said).
    ``steps`` go from the widest level to the narrowest; none where only a law is named.
    ``carried`` says how many of them come from the reference before. ``fallback`` is what the steps
    would be under the last wider reference, for a bare 第一项 that the own article does not have.
    """

    span: tuple[int, int]
    law: str
    steps: tuple[Step, ...]
    quoted: bool = False
    said: bool = False  # the law is named or meant by 本法, here or in the chain
    carried: int = 0
    fallback: tuple[str, tuple[Step, ...]] | None = None
    last_law: str = OWN  # the law named last before, for texts that have no articles themselves


class _Law(NamedTuple):
    start: int
    end: int
    name: str
    quoted: bool


class _At(NamedTuple):
    start: int
    end: int
    step: Step


def mentions(text: str, known: Callable[[str], bool]) -> tuple[Mention, ...]:
    """All references in ``text``, in order.

    Args:
        text: an article.
        known: whether a name outside 《》 is a law's (its full or its short name).
    """
    if not any(mark in text for mark in "第本前上法例则《"):
        return ()
    found: list[Mention] = []
    law: _Law | None = None  # read, and waiting for an article
    run: list[_At] = []
    last_law = OWN
    for token in (*_tokens(text, known), None):
        at = token if isinstance(token, _At) else None
        if run and not (at and _continues(text, run, at)):
            found.append(_finish(text, law, run, found, last_law))
            law, run = None, []
        if law and not run and not (at and _JOINT.fullmatch(text[law.end : at.start])):
            if law.name:
                found.append(_named(law))
            law = None
        if at:
            run.append(at)
        elif isinstance(token, _Law):
            law = token._replace(name=last_law) if token.name == "该法" else token
            last_law = law.name or last_law
    return tuple(found)


def _tokens(text: str, known: Callable[[str], bool]) -> Iterator[_Law | _At]:
    # headings that a source glued to an article are no references
    headings = {match.start("title") for match in _HEADING_LINE.finditer(text)}
    for token in _TOKEN.finditer(text):
        start, end = token.span()
        if token["title"]:
            yield _Law(start, end, token["title"][1:-1].strip(), True)
        elif token["self"]:
            yield _Law(start, end, OWN, False)
        elif token["that"]:
            yield _Law(start, end, "该法", False)
        elif token["book"]:  # 刑法分则第四章: its second 编
            number = (1 + "总分".index(token["book"][0]), 0)
            yield _At(start, end, Step("编", "at", number, number))
        elif token["law"]:
            name = _name_ending(text, end, known)
            if name:
                yield _Law(end - len(name), end, name, False)
        elif start not in headings:
            step = _step(token)
            if step:
                yield _At(start, end, step)


def _step(token: re.Match[str]) -> Step | None:
    if token["at"]:
        number = parse_number(token["number"])
        value = (number, parse_number(token["sub"] or "") or 0) if number else None
        return Step(_UNIT[token["at"]], "at", value, value) if value else None
    if token["own"]:
        return Step(_UNIT[token["own"]], "own", (0, 0), (0, 0))
    count = (parse_number(token["count"] or "") or 1, 0)
    return Step(_UNIT[token["before"]], "before", count, count)


def _name_ending(text: str, end: int, known: Callable[[str], bool]) -> str | None:
    """The longest known name that ends here, where it stands free."""
    if not _AFTER_NAME.match(text, end):
        return None
    for start in range(max(0, end - _LONGEST_NAME), end - 1):
        if known(text[start:end]) and _BEFORE_NAME.search(text, max(0, start - 3), start):
            return text[start:end]
    return None


def _continues(text: str, run: list[_At], token: _At) -> bool:
    """Whether ``token`` belongs to the reference so far: a narrower level, or a range's end."""
    gap = text[run[-1].end : token.start]
    if _RANGE.fullmatch(gap):
        return token.step.mode == "at" and token.step.unit in {at.step.unit for at in run}
    return gap.strip() in ("", "的") and _rank(token.step) > _rank(run[-1].step)


def _rank(step: Step) -> int:
    return UNITS.index(step.unit)


def _finish(
    text: str, law: _Law | None, run: list[_At], found: list[Mention], last_law: str
) -> Mention:
    steps = _merged(text, run)
    start = law.start if law else run[0].start
    span = (start, run[-1].end)
    if law:
        return Mention(span, law.name, steps, law.quoted, said=True)
    previous = found[-1] if found and found[-1].steps else None
    if previous and _CONNECTIVE.fullmatch(text[previous.span[1] : start]):
        kept = _wider(previous.steps, steps[0])
        if kept or steps[0].mode == "at":
            return Mention(
                span,
                previous.law,
                (*kept, *steps),
                previous.quoted,
                previous.said,
                len(kept),
                _under(found, steps) if not kept else None,
                last_law,
            )
    foreign = _FOREIGN.search(text, max(0, start - 12), start)
    if foreign and steps[0].mode == "at" and steps[0].unit in ("编", "章", "节", "条"):
        name = re.split("根据|依照|按照|执行|违反|适用", foreign[0])[-1]
        return Mention((start - len(name), span[1]), name, steps, said=True)
    return Mention(span, OWN, steps, fallback=_under(found, steps), last_law=last_law)


def _merged(text: str, run: list[_At]) -> tuple[Step, ...]:
    """The steps of a run, with 第三条至第五条 as one step."""
    steps: list[Step] = []
    for before, at in zip([None, *run[:-1]], run, strict=True):
        if before and _RANGE.fullmatch(text[before.end : at.start]):
            same = next(i for i, step in enumerate(steps) if step.unit == at.step.unit)
            # 第三条第二款至第五条: the articles, the paragraph is only where it begins
            steps = [*steps[:same], steps[same]._replace(last=at.step.first)]
        else:
            steps.append(at.step)
    return tuple(steps)


def _wider(steps: tuple[Step, ...], first: Step) -> tuple[Step, ...]:
    """What a reference that starts at ``first`` takes over from the one before."""
    if first.mode != "at":
        return ()
    kept = tuple(step for step in steps if _rank(step) < _rank(first))
    if first.unit == "条":
        return ()
    return kept if any(_rank(s) >= _rank(first) - 2 for s in kept) else ()


def _under(found: list[Mention], steps: tuple[Step, ...]) -> tuple[str, tuple[Step, ...]] | None:
    if steps[0].unit not in ("款", "项", "目") or steps[0].mode != "at":
        return None
    for mention in reversed(found):
        kept = _wider(mention.steps, steps[0])
        if any(step.unit == "条" for step in kept) or any(step.unit == "款" for step in kept):
            return mention.law, (*kept, *steps)
    return None


def _named(law: _Law) -> Mention:
    return Mention((law.start, law.end), law.name, (), law.quoted, said=True)
