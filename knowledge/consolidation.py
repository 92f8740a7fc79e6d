"""Amendments and the text they amend: is the text up to date, and bringing it up to date.

:func:`check_reforms` compares every operation of every amending document with the present wording;
:func:`merge` applies one document to a text. Merging is all or nothing: an operation that does not
fit the text exactly raises :class:`Unmergeable`, because a wrong merge would be a forged statute.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from knowledge.amendments import Kind, Operation, Reform
from knowledge.numerals import article_number, format_number, parse_number
from knowledge.paragraphs import Part, paragraphs

DELETED = "（删去）"  # an article whose number stays: the wording that 刑法第一百九十九条 has

_FINAL = "。；，：、"
_ITEM = re.compile(r"（[一二三四五六七八九十百]+）")


# --- is the present text up to date? ----------------------------------------------------------


class Verdict(StrEnum):
    """What became of an operation."""

    REFLECTED = "已体现"
    SUPERSEDED = "已被后来的修改取代"
    MISSING = "未体现"
    ABSENT = "库内没有该条"
    UNCHECKED = "无从核对"  # a deletion whose words the corpus does not hold


@dataclass(frozen=True, slots=True)
class Check:
    """One operation judged against the present wording; ``number`` is the article's today."""

    operation: Operation
    number: str
    verdict: Verdict


def check_reforms(
    reforms: Sequence[Reform], texts: Mapping[str, str], headings: Iterable[str] = ()
) -> list[Check]:
    """Judge every operation of the amending documents of one law.

    Args:
        reforms: its amending documents, oldest first.
        texts: the present wording by article number.
        headings: all headings of the present wording.
    """
    titles = {fold(heading) for heading in headings}
    todo = [
        (operation, _number_today(operation, reforms[at + 1 :]))
        for at, reform in enumerate(reforms)
        for operation in reform.operations
    ]
    checks: list[Check] = []
    for operation, number in reversed(todo):  # later ones first: they may supersede
        verdict = _verdict(operation, number, texts, titles)
        if verdict in (Verdict.MISSING, Verdict.UNCHECKED) and any(
            later.number == number
            and later.verdict in (Verdict.REFLECTED, Verdict.SUPERSEDED)
            and _covers(later.operation, operation)
            for later in checks
        ):
            verdict = Verdict.SUPERSEDED
        checks.append(Check(operation, number, verdict))
    return checks[::-1]


def fold(text: str) -> str:
    """Text as compared: width, white space and quotation marks do not count."""
    return re.sub(r"[\s“”‘’\"']", "", unicodedata.normalize("NFKC", text))


def _number_today(operation: Operation, later: Sequence[Reform]) -> str:
    number = operation.article
    for reform in later:
        number = reform.present_number(number)
    return number


def _verdict(
    operation: Operation, number: str, texts: Mapping[str, str], titles: set[str]
) -> Verdict:
    if operation.kind is Kind.HEADING:
        found = any(title.endswith(fold(operation.words)) for title in titles)
        return Verdict.REFLECTED if found else Verdict.MISSING
    text = fold(texts[number]) if number in texts else None
    if operation.kind is Kind.DELETE:
        whole = not (operation.paragraphs or operation.item)
        if whole and text in (None, fold(DELETED)):
            return Verdict.REFLECTED
        if whole:
            return Verdict.MISSING
        if text is None:
            return Verdict.ABSENT
        fewer = not operation.item and len(paragraphs(texts[number])) < max(operation.paragraphs)
        return Verdict.REFLECTED if fewer else Verdict.UNCHECKED
    if text is None:
        return Verdict.ABSENT
    lines = [_bare(fold(line)).rstrip(".;。") for line in operation.words.split("\n")]
    if not all(line in _bare(text) for line in lines):
        return Verdict.MISSING
    old = fold(operation.old)
    replaced = operation.kind is Kind.REPLACE_WORDS and old not in fold(operation.words)
    return Verdict.MISSING if replaced and old in text else Verdict.REFLECTED


def _bare(text: str) -> str:
    """Without item numbers: a later document may have moved them."""
    return re.sub(r"\([一二三四五六七八九十]+\)", "", text)


def _covers(later: Operation, earlier: Operation) -> bool:
    """Whether a later operation may have replaced what an earlier one put in."""
    if not later.paragraphs or not earlier.paragraphs:
        return True
    return bool(set(later.paragraphs) & set(earlier.paragraphs))


# --- bringing it up to date -------------------------------------------------------------------


class Unmergeable(ValueError):
    """An operation does not fit the text."""

    def __init__(self, operation: Operation, reason: str) -> None:
        self.operation, self.reason = operation, reason
        super().__init__(f"{operation.reform}{operation.entry}（{operation.label}）：{reason}")


def merge(texts: Mapping[str, str], reform: Reform) -> dict[str, str]:
    """The articles (by number, in order) after an amending document.

    Only what the document says changes; every other article is carried over as it is.

    Raises:
        Unmergeable: an operation does not fit, or the document has a clause that was not read.
    """
    if not reform.operations:
        raise Unmergeable(Operation(reform.name, "", Kind.REPLACE_ARTICLE, ""), "没有读出任何修改")
    for entry, clause in reform.unread:
        unread = Operation(reform.name, entry, Kind.REPLACE_ARTICLE, "")
        raise Unmergeable(unread, f"读不懂“{clause}”")
    merged = {_moved(number, reform): text for number, text in texts.items()}
    if len(merged) != len(texts):
        raise Unmergeable(reform.operations[0], "条号调整后有重复")
    for operation in reform.operations:
        if operation.kind is Kind.HEADING:
            continue
        if operation.kind is Kind.ADD_ARTICLE:
            merged = _with_article(merged, operation)
            continue
        text = merged.get(operation.article)
        if text is None:
            raise Unmergeable(operation, "没有这一条")
        merged[operation.article] = _changed(text, operation)
    return merged


def _moved(number: str, reform: Reform) -> str:
    return reform.present_number(number) if number.startswith("第") else number


def _with_article(texts: dict[str, str], operation: Operation) -> dict[str, str]:
    """The articles with a new one in its place: 第…条之二 after 第…条之一, else before the next."""
    if operation.article in texts:
        raise Unmergeable(operation, "已经有这一条")
    before = _predecessor(operation.article)
    if before not in texts:
        raise Unmergeable(operation, f"前面没有{before}")
    out: dict[str, str] = {}
    for number, text in texts.items():
        out[number] = text
        if number == before:
            out[operation.article] = operation.words
    return out


def _predecessor(number: str) -> str:
    found = re.fullmatch(r"第(.+?)条(?:之(.+))?", number)
    base = (parse_number(found[1]) if found else None) or 0
    sub = parse_number(found[2]) if found and found[2] else None
    if sub:
        return article_number(base, sub - 1) if sub > 1 else article_number(base)
    return article_number(base - 1) if base > 1 else ""


def _changed(text: str, operation: Operation) -> str:
    if operation.kind is Kind.REPLACE_ARTICLE:
        return operation.words
    if operation.kind is Kind.REPLACE_PARAGRAPHS:
        return _replaced_paragraphs(text, operation)
    if operation.kind is Kind.ADD_PARAGRAPHS:
        return _added_paragraphs(text, operation)
    if operation.kind in (Kind.REPLACE_ITEM, Kind.ADD_ITEM):
        return _changed_items(text, operation)
    if operation.kind is Kind.REPLACE_WORDS:
        return _replaced_words(text, operation)
    if operation.kind is Kind.ADD_WORDS:
        return _added_words(text, operation)
    return _deleted(text, operation)


def _slices(text: str) -> list[str]:
    return [text[part.start : part.end] for part in paragraphs(text)]


def _replaced_paragraphs(text: str, operation: Operation) -> str:
    held, new = _slices(text), _slices(operation.words)
    at = operation.paragraphs
    if len(new) != len(at) or max(at) > len(held):
        raise Unmergeable(operation, f"现有{len(held)}款，新文字有{len(new)}款")
    for number, words in zip(at, new, strict=True):
        held[number - 1] = words
    return "\n".join(held)


def _added_paragraphs(text: str, operation: Operation) -> str:
    held, new = _slices(text), _slices(operation.words)
    at = operation.paragraphs or tuple(range(len(held) + 1, len(held) + 1 + len(new)))
    if len(new) != len(at) or at[0] > len(held) + 1:
        raise Unmergeable(operation, f"现有{len(held)}款，新文字有{len(new)}款")
    for number, words in zip(at, new, strict=True):
        held.insert(number - 1, words)
    return "\n".join(held)


def _changed_items(text: str, operation: Operation) -> str:
    wanted = set(operation.paragraphs)
    holders = [
        part for part in paragraphs(text) if part.items and (not wanted or part.number in wanted)
    ]
    if len(holders) != 1 or not operation.item:
        raise Unmergeable(operation, f"有{len(holders)}款分项")
    items = [text[part.start : part.end].strip() for part in holders[0].items]
    at = operation.item - 1
    bare = _ITEM.sub("", operation.words, count=1)
    adding = operation.kind is Kind.ADD_ITEM
    if at >= len(items) + adding:
        raise Unmergeable(operation, f"只有{len(items)}项")
    if adding:
        items.insert(at, f"（）{bare}")
    else:
        items[at] = f"（）{bare}{'' if bare[-1] in _FINAL else items[at][-1]}"
    for index, item in enumerate(items):
        body = re.sub(r"^（[^）]*）", "", item)
        if adding and body[-1] not in _FINAL + "…":
            body += "；"
        if adding:
            body = body[:-1] + ("。" if index == len(items) - 1 else "；")
        items[index] = f"（{format_number(index + 1)}）{body}"
    return _with_items(text, holders[0], items)


def _with_items(text: str, holder: Part, items: list[str]) -> str:
    first, last = holder.items[0], holder.items[-1]
    return text[: first.start] + "\n".join(items) + text[last.end :]


def _replaced_words(text: str, operation: Operation) -> str:
    if text.count(operation.old) != 1:
        raise Unmergeable(operation, f"“{operation.old[:20]}”出现{text.count(operation.old)}次")
    return text.replace(operation.old, operation.words)


def _added_words(text: str, operation: Operation) -> str:
    """A whole sentence behind a whole sentence; words inside one need a comma or none: refused."""
    old, words = operation.old, operation.words
    if operation.before or not old.endswith("。") or not words.endswith("。"):
        raise Unmergeable(operation, "增加的词语前后用什么标点无法推出")
    if text.count(old) != 1:
        raise Unmergeable(operation, f"“{old[:20]}”出现{text.count(old)}次")
    return text.replace(old, old + words)


def _deleted(text: str, operation: Operation) -> str:
    if operation.item or len(operation.paragraphs) > 1:
        raise Unmergeable(operation, "不支持删去项")
    if not operation.paragraphs:
        return DELETED
    held = _slices(text)
    if operation.paragraphs[0] > len(held):
        raise Unmergeable(operation, f"只有{len(held)}款")
    del held[operation.paragraphs[0] - 1]
    return "\n".join(held)
