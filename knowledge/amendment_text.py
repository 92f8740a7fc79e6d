"""Reading amending documents (修正案, 修改决定): from their drafting forms to operations.

The forms are those of 立法技术规范（试行）（一） (法制工作委员会): 将第…条修改为：“…”; 第…款修改为;
增加一款，作为第…款; 在第…条后增加一条，作为第…条之一; 删去第…款; 将“…”修改为“…”; 将第…条改为第…条.
New wording stands in quotation marks that open at each paragraph and close once.

A clause of renumbering alone (第三款相应地改为第四款) changes no words and gives no operation. What
the parser cannot read is not guessed: it is kept as an unread clause.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from typing import Protocol

from knowledge.amendments import PREAMBLE, Kind, Operation, Reform
from knowledge.numerals import article_number, parse_number


class Entry(Protocol):
    """An article of an amending document."""

    @property
    def number(self) -> str:
        """条目四, 第二条, 全文."""
        ...

    @property
    def text(self) -> str:
        """Its wording, with curly quotation marks."""
        ...


def parse_reform(name: str, entries: Sequence[Entry]) -> Reform:
    """All operations of an amending document, in its order."""
    reform = Reform(name)
    follow: list[str] = []  # numbers whose wording stands in entries of their own (宪法修正案 2018)
    for entry in entries:
        if entry.number in follow:
            reform.operations.append(
                Operation(name, entry.number, Kind.ADD_ARTICLE, entry.number, words=entry.text)
            )
            continue
        reader = _Reader(reform, entry.number)
        reader.read(entry.text)
        follow += reader.announced
    reform.operations = [
        replace(o, article=reform.present_number(o.article)) if o.former == o.article else o
        for o in reform.operations
    ]
    return reform


# --- words and quotations --------------------------------------------------------------------

_SLOT = "⟦{}⟧"


def skeleton(text: str) -> tuple[str, list[str]]:
    """The text with every quotation replaced by ``⟦n⟧``, and the quotations without their marks.

    Adjacent quotations (“…”“…”) are the paragraphs of one.
    """
    out: list[str] = []
    quoted: list[str] = []
    inside = False
    for position, char in enumerate(text):
        if char == "“":
            again = inside and (position == 0 or text[position - 1] == "\n")
            if not again and out and out[-1].startswith("⟦") and not inside:
                quoted[-1] += "\n"
            elif not again:
                quoted.append("")
                out.append(_SLOT.format(len(quoted) - 1))
            inside = True
        elif char == "”":
            inside = False
        elif inside:
            quoted[-1] += char
        else:
            out.append(char)
    return "".join(out), [re.sub(r"\n+", "\n", quote).strip("\n") for quote in quoted]


# --- clauses ------------------------------------------------------------------------------------

_N = "[一二三四五六七八九十百零]+"
_ARTICLE = rf"第{_N}条(?:之{_N})?"
_ARTICLES = rf"{_ARTICLE}(?:[、和至]{_ARTICLE})*"
_PARAS = rf"第{_N}款(?:[、至]第{_N}款)*"
_Q = r"⟦(\d+)⟧"
_END = r"[；。，\n]*"
# white space that only separates paragraph marks is no part of the grammar
_CLAUSES: tuple[tuple[str, re.Pattern[str]], ...] = tuple(
    (name, re.compile(pattern))
    for name, pattern in (
        ("follow", rf"增加{_N}条，分别作为(?P<new>{_ARTICLES})。内容如下：?"),
        (
            "add_article",
            rf"(?:在?(?:刑法)?{_ARTICLE}后)?增加{_N}条，?(?:分别)?作为(?P<new>{_ARTICLES})"
            rf"：\s*{_Q}",
        ),
        ("merge", rf"将[^，⟦]+合并，作为(?P<new>{_ARTICLE})，修改为：{_Q}"),
        (
            "move",
            rf"将(?P<old>{_ARTICLE})(?:{_PARAS})?改为(?P<new>{_ARTICLE})(?:，修改为：{_Q}|，)",
        ),
        (
            "whole",
            rf"(?:中增加一款，?作为{_PARAS}，)?(?:将该条|这一条相应)修改为：\s*{_Q}",
        ),
        ("passage", rf"这一(?:款|自然段)相应地?修改为：{_Q}"),
        (
            "chapter",
            rf"(?:第{_N}章章名{_Q}修改为|(?:第{_N}章{_Q}中)?增加一[章节](?:，作为第{_N}[章节])?)"
            rf"{_Q}(?:，作为第{_N}章，分为{_N}条，包括[^。]+)?",
        ),
        ("add_item", rf"增加一项，作为第(?P<item>{_N})项：?{_Q}"),
        (
            "add_paras",
            rf"中?(?:增加|增加规定)(?:{_N}款|两款)?，?(?:作为(?P<paras>{_PARAS}))?(?:，规定)?：{_Q}",
        ),
        (
            "delete",
            rf"删去(?:刑法)?(?P<art>{_ARTICLE})?(?P<paras>{_PARAS})?(?:第(?P<item>{_N})项)?",
        ),
        ("sentence", rf"{_Q}后增写一句，内容为：{_Q}"),
        ("tail", rf"末尾增加：{_Q}"),
        ("after", rf"{_Q}(?:之)?后增加{_Q}"),
        ("front", rf"在{_Q}前增写{_Q}"),
        ("words", rf"：?{_Q}修改为：?{_Q}"),
        ("replace", rf"，?修改为：\s*{_Q}"),
        (
            "renumber",
            rf"原?第{_N}(?P<u>[款项])(?:[至、]第{_N}(?P=u))*(?:相应)?地?(?:改为|作为)"
            rf"(?P<to>第{_N}(?P=u)(?:[至、]第{_N}(?P=u))*)",
        ),
        ("at", rf"(?P<art>{_ARTICLES})"),
        ("preamble", r"序言(?:第(?P<n>[一二三四五六七八九十]+)自然段)?"),
        ("paras", rf"(?P<paras>{_PARAS})"),
        ("item", rf"第(?P<item>{_N})项"),
    )
)
_SILENT = re.compile(
    r"本(?:修正案|决定)自.+?起施行。|《[^》]+》根据本决定作相应修改[^。]*重新公布。"
    r"|.+决定对《[^》]+》作如下修改：|对部分条文作以下修改："
    r"|为了[^，]+(?:，[^，]+){0,3}?，(?=将刑法|在刑法)"
)
_FILLER = re.compile(
    r"将|在|中|的|宪法|刑法|原|和|其中|后两句|第二句|国务院职权|全国人民代表大会常务委员会职权"
    r"|⟦\d+⟧(?=中)"  # 第六十二条“全国人民代表大会行使下列职权”中
    r"|（[一二三四五六七八九十]+）|[，。；：、\s]"
)


class _Reader:
    """Walks through one entry's clauses, remembering which article and paragraph is spoken of."""

    def __init__(self, reform: Reform, entry: str) -> None:
        self.reform, self.entry = reform, entry
        self.articles: list[str] = []
        self.former: str | None = None
        self.renumbered = False  # ``articles`` counts as after the document, else as before it
        self.paragraphs: tuple[int, ...] = ()
        self.item: int | None = None
        self.announced: list[str] = []
        self._quoted: list[str] = []

    def read(self, text: str) -> None:
        """Read an entry's text to its end."""
        plain, self._quoted = skeleton(text)
        position = 0
        while position < len(plain):
            silent = _SILENT.match(plain, position)
            if silent:
                position = silent.end()
                continue
            for name, pattern in _CLAUSES:
                found = pattern.match(plain, position)
                if found:
                    self._clause(name, found)
                    position = found.end()
                    break
            else:
                filler = _FILLER.match(plain, position)
                if filler:
                    if "\n" in filler.group():
                        self.item = None
                    position = filler.end()
                else:
                    stop = re.compile(r"[。；\n]|$").search(plain, position)
                    end = stop.end() if stop and stop.end() > position else position + 1
                    self.reform.unread.append((self.entry, plain[position:end].strip()))
                    position = end

    def _quotes(self, found: re.Match[str]) -> list[str]:
        return [self._quoted[int(n)] for n in re.findall(_Q, found.group())]

    def _clause(self, name: str, found: re.Match[str]) -> None:
        quotes = self._quotes(found)
        groups = found.groupdict()
        if name == "at":
            self.articles = _article_list(groups["art"])
            self.renumbered, self.paragraphs, self.item = False, (), None
        elif name == "preamble":
            self.articles, self.renumbered, self.item = [PREAMBLE], False, None
            self.paragraphs = (parse_number(groups["n"]) or 0,) if groups["n"] else ()
        elif name == "paras":
            self.paragraphs, self.item = _number_list(groups["paras"]), None
        elif name == "item":
            self.item = parse_number(groups["item"])
        elif name == "renumber":
            if groups["u"] == "款":
                self.paragraphs, self.item = _number_list(groups["to"]), None
        elif name == "move":
            self._move(groups, quotes)
        elif name in ("add_article", "follow", "merge"):
            self._new_articles(name, groups["new"], quotes)
        elif name == "delete":
            self._delete(groups)
        elif name == "chapter":
            if quotes:
                self._add(Kind.HEADING, quotes[-1], article="")
        else:
            self._change(name, groups, quotes)

    def _change(self, name: str, groups: dict[str, str | None], quotes: list[str]) -> None:
        words, old = quotes[-1], quotes[0]
        if name == "whole" or (
            name in ("passage", "replace") and not (self.paragraphs or self.item)
        ):
            self.paragraphs = ()
            self._add(Kind.REPLACE_ARTICLE, words)
        elif name == "replace" and self.item:
            self._add(Kind.REPLACE_ITEM, words)
        elif name in ("passage", "replace"):
            self._add(Kind.REPLACE_PARAGRAPHS, words)
        elif name == "words":
            self._add(self._words_kind(quotes), words, old)
        elif name == "add_paras":
            paragraphs = _number_list(groups["paras"]) if groups["paras"] else ()
            self._add(Kind.ADD_PARAGRAPHS, words, paragraphs=paragraphs)
        elif name == "add_item":
            self._add(Kind.ADD_ITEM, words, item=parse_number(groups["item"] or ""))
        else:
            self._add(Kind.ADD_WORDS, words, "" if name == "tail" else old, before=name == "front")

    def _words_kind(self, quotes: list[str]) -> Kind:
        """“…”修改为：“…” after an article or paragraph alone quotes all of it (宪法修正案)."""
        if self.item and re.match(r"（.+?）", quotes[-1]):
            return Kind.REPLACE_ITEM
        return Kind.REPLACE_WORDS

    def _add(
        self,
        kind: Kind,
        words: str = "",
        old: str = "",
        *,
        article: str | None = None,
        paragraphs: tuple[int, ...] | None = None,
        item: int | None = None,
        before: bool = False,
    ) -> None:
        for number in self.articles if article is None else [article]:
            self.reform.operations.append(
                Operation(
                    self.reform.name,
                    self.entry,
                    kind,
                    number,
                    self.former if self.renumbered else number,
                    self.paragraphs if paragraphs is None else paragraphs,
                    item or self.item,
                    words,
                    old,
                    before,
                )
            )

    def _move(self, groups: dict[str, str | None], quotes: list[str]) -> None:
        old, new = groups["old"] or "", groups["new"] or ""
        before, after = _value(old), _value(new)
        self.reform.moved[before] = max(after, self.reform.moved.get(before, 0))
        self.articles, self.former, self.renumbered = [new], old, True
        self.paragraphs, self.item = (), None
        if quotes:
            self._add(Kind.REPLACE_ARTICLE, quotes[-1])

    def _new_articles(self, name: str, new: str, quotes: list[str]) -> None:
        numbers = _article_list(new)
        self.former, self.renumbered, self.paragraphs, self.item = None, True, (), None
        self.articles = numbers
        if name != "merge":
            self.reform.inserted += [_value(n) for n in numbers if "之" not in n]
        if name == "follow":
            self.announced = numbers
        elif name == "merge":
            self._add(Kind.REPLACE_ARTICLE, quotes[-1])
        elif len(numbers) == 1:
            self._add(Kind.ADD_ARTICLE, quotes[-1])
        else:
            for number, words in _numbered(quotes[-1], numbers):
                self._add(Kind.ADD_ARTICLE, words, article=number)

    def _delete(self, groups: dict[str, str | None]) -> None:
        if groups["art"]:
            self.articles, self.renumbered = [groups["art"]], False
            self.paragraphs, self.item = (), None
        if groups["paras"]:
            self.paragraphs = _number_list(groups["paras"])
        self._add(Kind.DELETE, item=parse_number(groups["item"]) if groups["item"] else None)
        self.item = None


def _value(number: str) -> int:
    found = re.match(r"第(.+?)条", number)
    return (parse_number(found[1]) if found else None) or 0


def _article_list(text: str) -> list[str]:
    """``第四十二条至第四十五条`` and ``第一百二十条之二、第一百二十条之三`` as single numbers."""
    numbers: list[str] = []
    for mark, number in re.findall(rf"([、和至]?)({_ARTICLE})", text):
        if mark == "至" and numbers:
            numbers += [article_number(n) for n in range(_value(numbers[-1]) + 1, _value(number))]
        numbers.append(number)
    return numbers


def _number_list(text: str) -> tuple[int, ...]:
    """``第二款至第五款`` → (2, 3, 4, 5)."""
    numbers: list[int] = []
    for mark, numeral in re.findall(rf"([、至]?)第({_N})[款项]", text):
        value = parse_number(numeral) or 0
        if mark == "至" and numbers:
            numbers += range(numbers[-1] + 1, value)
        numbers.append(value)
    return tuple(numbers)


def _numbered(words: str, numbers: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The wording of several added articles, each opening with its number."""
    starts = []
    for number in numbers:
        found = re.search(rf"^{number}(?!之)[\u3000 ]*", words, re.MULTILINE)
        if found:
            starts.append((number, found.start(), found.end()))
    for (number, _, begin), after in zip(starts, [*starts[1:], None], strict=True):
        yield number, words[begin : after[1] if after else len(words)].strip()
