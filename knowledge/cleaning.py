"""Repairing a source's rows at build time: deterministic rules, each change recorded.

The source was converted from the official .docx files: headings of the next part and annexes are
glued to the article before them, pictures became broken markup, tables kept their borders,
quotation marks became straight and lines broken by hand left spaces behind. What a rule takes
away or puts in is kept as a :class:`Change`: source = result + removed - inserted (a test proves it
for the whole corpus). What no rule can know is in ``corrections.toml``, with its evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from knowledge.cleaning_rules import AFTER, BEFORE, Rule, Step, apply_edits
from knowledge.corrections import (
    Annex,
    ArticleCorrections,
    TextCorrection,
    read_article_corrections,
)
from knowledge.sources.statutes import RawArticle, RawLaw


@dataclass(frozen=True, slots=True)
class Change:
    """One change of one source row; ``became`` says where removed words went (a path, a row)."""

    rule: Rule
    law: str  # RawLaw.key
    number: str
    removed: str
    inserted: str
    became: str | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """One article as it is stored: headings above it, number, repaired text."""

    law: str  # RawLaw.key
    number: str
    path: tuple[str, ...]
    text: str
    note: str | None = None
    row: int = 0  # the source row it came from: annexes share their article's


@dataclass(frozen=True, slots=True)
class Cleaned:
    """The repaired rows in the source's order, and every change made to them."""

    records: tuple[Record, ...]
    changes: tuple[Change, ...]


# --- headings and annexes ----------------------------------------------------------------------

_NUMERAL = "[一二三四五六七八九十百]+"
_PART = re.compile(rf"第{_NUMERAL}(?P<level>编|分编)\s*\S.*|附\s*则")
_ANNEX = re.compile(
    rf"^附(?P<kind>件|表|录)?(?P<which>{_NUMERAL})?(?:[：:]|(?<=[一二三四五六七八九十])$)\n?",
    re.MULTILINE,
)


def part_headings(text: str) -> tuple[str, list[str]]:
    """The text without the headings of parts that end it, and those headings as they stand.

    A part (编, 分编) or 附则 opens after an article; the source's chapter column does not hold it.
    """
    lines = text.split("\n")
    found: list[str] = []
    while len(lines) > 1 and _PART.fullmatch(lines[-1]):
        found.insert(0, lines.pop())
    return "\n".join(lines), found


def heading_title(line: str) -> str:
    """``第二编 物 权`` → ``第二编 物权``: spaces that only stretch a short title go."""
    number = re.match(rf"第{_NUMERAL}(?:编|分编)", line)
    if not number:
        return "".join(line.split())
    return f"{number.group()} {''.join(line[number.end() :].split())}"


@dataclass(frozen=True, slots=True)
class Piece:
    """An article (``number`` empty) or one of its annexes; ``marker`` is what was cut before it."""

    number: str
    text: str
    marker: str = ""
    note: str | None = None


def annexes(text: str, known: Iterable[Annex]) -> list[Piece]:
    """The text cut at its annexes, the article itself first.

    An annex opens at a line 附：, 附件一, 附表二： … or where ``corrections.toml`` says so. The
    marker becomes the row's number (附： before a table is 附表) and leaves the text.
    """
    named = {_opening(text, annex): annex for annex in known}
    ruled = {found.start(): found for found in _ANNEX.finditer(text) if found.start()}
    starts = sorted(named.keys() | ruled.keys())
    if not starts:
        return [Piece("", text)]
    pieces = [Piece("", text[: starts[0] - 1], "")]
    for start, end in zip(starts, [*(at - 1 for at in starts[1:]), len(text)], strict=True):
        annex, found = named.get(start), ruled.get(start)
        marker = found.group() if found else ""
        body = text[start + len(marker) : end]
        if annex:
            number = annex.number
        else:
            assert found is not None
            kind = found["kind"] or ("表" if body.split("\n")[0].endswith("表") else "件")
            number = f"附{kind}{found['which'] or ''}"
        pieces.append(Piece(number, body, f"\n{marker}", annex.note if annex else None))
    return pieces


def _opening(text: str, annex: Annex) -> int:
    found = list(re.finditer(rf"^{re.escape(annex.opening)}$", text, re.MULTILINE))
    if len(found) != 1 or not found[0].start():
        annex.row.fail(
            f"《{annex.law}》{annex.article}里以“{annex.opening}”开头的行有 {len(found)} 处",
            "opening 必须是该条正文之后恰好出现一次的整行（可以是几行）",
        )
    return found[0].start()


# --- the whole source --------------------------------------------------------------------------


def clean(laws: list[RawLaw], raw: list[RawArticle]) -> Cleaned:
    """Repair all rows of a source.

    Raises:
        DataError: a correction names a law, version, article or wording that the source lacks.
    """
    corrections = read_article_corrections()
    names = {law.key: (law.name, law.version_date) for law in laws}
    last = {article.law: index for index, article in enumerate(raw)}
    strays = _stray_chapters(raw)
    used: set[int] = set()
    records: list[Record] = []
    changes: list[Change] = []
    places: dict[str, _Place] = {}
    for index, article in enumerate(raw):
        own = corrections.of(*names.get(article.law, ("", "")), article.number)
        used.update(id(entry) for entry in (*own.texts, *own.annexes, *own.headings))
        place = places.setdefault(article.law, _Place(strays.get(article.law, "")))
        if own.headings:
            place.enter([entry.title for entry in own.headings], "")
        made, done = _clean_row(article, own, place, is_last=last[article.law] == index)
        records += [
            Record(article.law, number, path, text, note, index)
            for number, path, text, note in made
        ]
        changes += done
    corrections.check_used(used)
    return Cleaned(tuple(records), tuple(changes))


def _stray_chapters(raw: list[RawArticle]) -> dict[str, str]:
    """Laws whose articles before the first chapter carry the name of the last one: the table of
    contents stands before them (全国人民代表大会议事规则第一条)."""
    chapters: dict[str, list[str]] = {}
    for article in raw:
        chapters.setdefault(article.law, []).append(article.chapter)
    return {
        law: names[0]
        for law, names in chapters.items()
        if names[0] and names[0] == names[-1] and len(set(names)) > 2
    }


class _Place:
    """Where in a law's structure the next article stands.

    ``stale`` is a chapter that the source still names although it does not hold (any more).
    """

    def __init__(self, stale: str = "") -> None:
        self.part: tuple[str, ...] = ()
        self._stale = stale

    def enter(self, headings: list[str], chapter: str) -> None:
        """A part begins; ``chapter`` is the one that ends with it."""
        for heading in headings:
            inner = re.match(rf"第{_NUMERAL}分编", heading)
            self.part = (*self.part[:1], heading) if inner else (heading,)
            self._stale = chapter

    def path(self, article: RawArticle) -> tuple[str, ...]:
        """The headings above an article; a chapter that ended with the part before is not one."""
        if self._stale and article.chapter != self._stale:
            self._stale = ""
        below = () if self._stale else (article.chapter, article.section)
        return (*self.part, *(heading for heading in below if heading))


Made = tuple[str, tuple[str, ...], str, str | None]  # number, path, text, note


def _clean_row(
    article: RawArticle, own: ArticleCorrections, place: _Place, *, is_last: bool
) -> tuple[list[Made], list[Change]]:
    changes: list[Change] = []

    def note(rule: Rule, removed: str, inserted: str = "", became: str | None = None) -> None:
        if removed or inserted:
            changes.append(Change(rule, article.law, article.number, removed, inserted, became))

    def run(text: str, steps: Iterable[Step]) -> str:
        for rule, step in steps:
            text, removed, inserted = apply_edits(text, step(text))
            note(rule, removed, inserted)
        return text

    text = article.text
    for entry in own.texts:
        text = _corrected(text, entry)
        note(Rule.CORRECTION, entry.wrong, entry.right)
    text = run(text, BEFORE)
    path = place.path(article)
    text, headings = part_headings(text)
    titles = [heading_title(heading) for heading in headings]
    for heading, title in zip(headings, titles, strict=True):
        note(Rule.HEADING, f"\n{heading}", became=title)
    place.enter(titles, article.chapter)
    made: list[Made] = []
    for piece in annexes(text, own.annexes) if is_last or own.annexes else [Piece("", text)]:
        note(Rule.ANNEX, piece.marker, became=piece.number)
        tabular = bool(piece.number) or "|" in piece.text
        steps = [step for step in AFTER if not (tabular and step[0] is Rule.SPACE)]
        cleaned = run(piece.text, steps)
        if piece.number:
            made.append((piece.number, (), cleaned, piece.note))
        else:
            made.append((article.number, path, cleaned, None))
    return made, changes


def _corrected(text: str, entry: TextCorrection) -> str:
    if text.count(entry.wrong) != 1:
        entry.row.fail(
            f"《{entry.law}》{entry.article}里“{entry.wrong}”出现 {text.count(entry.wrong)} 次",
            "wrong 必须在该条原文里恰好出现一次",
        )
    return text.replace(entry.wrong, entry.right)
