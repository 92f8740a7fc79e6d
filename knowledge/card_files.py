"""Reading one scenario card: TOML front matter and four Markdown sections.

``cards/README.md`` tells the people who write cards what goes where; every departure from it is a
:class:`errors.DataError` with file, line, problem and mend.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from types import MappingProxyType

from errors import DataError
from knowledge.citation_text import parse_citations
from knowledge.datafiles import Row, read_text
from knowledge.hotlines import MOST, Hotlines
from knowledge.topics import Topics

KEYS = (
    "id",
    "title",
    "topic",
    "phrases",
    "answer",
    "articles",
    "hotlines",
    "organ",
    "urgent",
    "reviewed",
)
STEPS, EVIDENCE, LAW, REMEMBER = SECTIONS = ("怎么办", "留好证据", "法律这样说", "记住一句")
TITLE, ANSWER, PHRASE, STEP, PROOF, MAXIM = 24, 120, 200, 45, 60, 40  # characters, at most

_FENCE = "+++"
_ID = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_STEP = re.compile(r"(\d+)\. (\S.*)")
_PROOF = re.compile(r"- (\S.*)")
_QUOTE = re.compile(r"> “([^“”]{4,})” ?（(《[^《》]+》第[^（）《》]+)）")
_MARKUP = re.compile(r"[*_`#<>\[\]|~]|https?:|www\.")
_STATUTE_WORDS = re.compile(r"《|第[零一二三四五六七八九十百千\d]+条")
# service numbers (110, 12315, 95xxx, 96xxx), not amounts; longer runs are private numbers
_CALLABLE = re.compile(
    r"(?<![\d.])(?:1[12]\d|1\d{4}|9[56]\d{3})(?![\d.%]|\s*(?:元|万|块|年|天|人|斤|亩|只|头))"
)
_LONG_NUMBER = re.compile(r"\d(?:[\s-]?\d){6,}")
_ONLY_POLICE = "只给警察"


@dataclass(frozen=True, slots=True)
class Cited:
    """An article that a card rests on: the law's short name and the full article number."""

    law: str
    number: str

    def __str__(self) -> str:
        return f"{self.law}{self.number}"


@dataclass(frozen=True, slots=True)
class Quote:
    """Words of the law in a card, without the marks; ``citation`` as written beside them."""

    text: str
    citation: str
    line: int


@dataclass(frozen=True, slots=True)
class Card:
    """One situation. ``steps``, ``evidence`` and ``maxim`` are plain text, without list marks."""

    id: str
    title: str
    topic: str
    phrases: tuple[str, ...]
    answer: str
    articles: tuple[Cited, ...]  # best first
    hotlines: tuple[str, ...]  # most urgent first
    organ: str
    urgent: bool  # may be happening right now
    reviewed: date
    steps: tuple[str, ...]
    evidence: tuple[str, ...]
    quotes: tuple[Quote, ...]
    maxim: str
    path: Path = field(compare=False)
    lines: Mapping[str, int] = field(compare=False, repr=False)  # key or section → line

    def fault(self, part: str, problem: str, mend: str) -> DataError:
        """A problem of this card, at the line of a key or a section."""
        return DataError(self.path, self.lines.get(part, 1), problem, mend)


@dataclass(frozen=True, slots=True)
class Tables:
    """What a card may name: topics, reviewed numbers, responsible units."""

    topics: Topics
    hotlines: Hotlines
    organs: frozenset[str]


def read_card(path: Path, tables: Tables) -> Card:
    """The card in a file.

    Raises:
        DataError: its form or a value is wrong.
    """
    lines = read_text(path).splitlines()
    fences = [number for number, line in enumerate(lines) if line.rstrip() == _FENCE]
    if len(fences) < 2 or fences[0] != 0:
        raise DataError(
            path, 1, "卡片开头没有 +++ 包住的一段", "第一行写 +++，字段写完再写一行 +++"
        )
    end = fences[1]
    front = "\n".join(lines[1:end])
    try:
        values = tomllib.loads(front)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found[1]) + 1 if found else end + 1
        raise DataError(
            path, line, f"TOML 语法错误（{error}）", "请检查引号、括号和等号"
        ) from error
    where = {
        found[1]: number
        for number, line in enumerate(lines[1:end], 2)
        if (found := re.match(r"([A-Za-z_]\w*)\s*=", line))
    }
    rows = {key: Row(path, where.get(key, 1), values) for key in {*KEYS, *values}}
    for key in values:
        if key not in KEYS:
            rows[key].fail(f"不认识的字段 {key!r}", f"只能用：{'、'.join(KEYS)}")
    sections, heads = _sections(path, lines, end + 1)
    steps = _items(path, sections[STEPS], heads[STEPS], _STEP, (3, 6), STEP, "1. 做什么")
    evidence = _items(path, sections[EVIDENCE], heads[EVIDENCE], _PROOF, (2, 5), PROOF, "- 留什么")
    maxim = _items(
        path, sections[REMEMBER], heads[REMEMBER], re.compile("(.+)"), (1, 1), MAXIM, "一句话"
    )
    topic = rows["topic"].text("topic")
    if tables.topics.get(topic) is None:
        known = "、".join(topic.key for topic in tables.topics.all)
        rows["topic"].fail(f"没有主题 {topic!r}", f"topics.toml 里有：{known}")
    urgent = values.get("urgent")
    if type(urgent) is not bool:
        rows["urgent"].fail("urgent 应是 true 或 false", "可能正在发生就写 true")
    if urgent and topic == "fraud" and not any(_ONLY_POLICE in item for item in evidence):
        problem = f"紧急反诈卡片的“{EVIDENCE}”没有写“{_ONLY_POLICE}”"
        raise DataError(path, heads[EVIDENCE], problem, "请加上：只给警察，不要发给别人")
    reviewed = rows["reviewed"].day("reviewed")
    if reviewed is None:
        rows["reviewed"].fail("缺少审核日期 reviewed", "请写 reviewed = 2026-11-24 这样的日期")
    articles = _articles(rows["articles"])
    card = Card(
        id=_id(rows["id"]),
        title=_short(rows["title"], "title", TITLE),
        topic=topic,
        phrases=_phrases(rows["phrases"]),
        answer=_answer(rows["answer"]),
        articles=articles,
        hotlines=_hotlines(rows["hotlines"], tables.hotlines),
        organ=rows["organ"].text("organ"),
        urgent=urgent,
        reviewed=reviewed,
        steps=steps,
        evidence=evidence,
        quotes=_quotes(path, sections[LAW], heads[LAW], articles),
        maxim=maxim[0],
        path=path,
        lines=MappingProxyType({**where, **heads}),
    )
    if card.organ not in tables.organs:
        rows["organ"].fail(f"{card.organ!r} 不在 organs.csv 的牵头责任单位里", "请照 organs.csv 写")
    _refuse_unreviewed_numbers(card, tables.hotlines)
    return card


def _id(row: Row) -> str:
    id_ = row.text("id")
    if not _ID.fullmatch(id_):
        row.fail(f"id {id_!r} 不对", "只能用小写字母、数字和连字符，如 fraud-shuadan")
    if id_ != row.path.stem:
        row.fail(f"id {id_!r} 与文件名 {row.path.name!r} 不一致", f"请把文件改名为 {id_}.md")
    return id_


def _short(row: Row, key: str, most: int) -> str:
    text = row.text(key)
    if len(text) > most:
        row.fail(f"{key} 有 {len(text)} 个字，最多 {most} 个", "请写短些")
    if "\n" in text or _MARKUP.search(text):
        row.fail(f"{key} 里有换行、网址或排版符号", "请写成一行普通文字")
    return text


def _answer(row: Row) -> str:
    answer = _short(row, "answer", ANSWER)
    if found := _STATUTE_WORDS.search(answer):
        row.fail(f"answer 里有法条字样 {found[0]!r}", "回答只说大白话，法条写在“法律这样说”")
    return answer


def _phrases(row: Row) -> tuple[str, ...]:
    phrases = row.texts("phrases")
    if not 5 <= len(phrases) <= 8:
        row.fail(f"phrases 有 {len(phrases)} 句，应为 5–8 句", "请写群众真会打出来的话")
    for phrase in phrases:
        if not 4 <= len(phrase) <= PHRASE:
            row.fail(f"phrases 里这句太短或太长：{phrase[:20]!r}", f"每句 4–{PHRASE} 个字")
    return phrases


def _articles(row: Row) -> tuple[Cited, ...]:
    spelt = row.texts("articles")
    if not 1 <= len(spelt) <= 4:
        row.fail(f"articles 有 {len(spelt)} 条，应为 1–4 条", "请只留最贴切的条文，最好的放前面")
    found = []
    for text in spelt:
        citations = parse_citations(text)
        cited = Cited(citations[0].law_name or "", citations[0].number) if citations else None
        if cited is None or not cited.law or str(cited) != text:
            row.fail(f"看不懂条文 {text!r}", '请写法律简称加中文条号，如 "刑法第二百六十六条"')
        found.append(cited)
    return tuple(found)


def _hotlines(row: Row, reviewed: Hotlines) -> tuple[str, ...]:
    numbers = row.texts("hotlines")
    if not 1 <= len(numbers) <= MOST:
        row.fail(f"hotlines 有 {len(numbers)} 个号码，应为 1–{MOST} 个", "请只留最要紧的")
    for number in numbers:
        if reviewed.get(number) is None:
            row.fail(f"热线 {number!r} 不在 hotlines.toml 里", "请先在 hotlines.toml 登记")
    return tuple(line.number for line in reviewed.choose(numbers))


def _refuse_unreviewed_numbers(card: Card, reviewed: Hotlines) -> None:
    """No number reaches a resident that ``hotlines.toml`` does not hold, wherever it stands."""
    texts = {
        "title": card.title,
        "answer": card.answer,
        STEPS: "\n".join(card.steps),
        EVIDENCE: "\n".join(card.evidence),
        REMEMBER: card.maxim,
    }
    for part, text in texts.items():
        numbers = [*_CALLABLE.findall(text), *_LONG_NUMBER.findall(text)]
        for number in numbers:
            if reviewed.get(number) is None:
                raise card.fault(
                    part,
                    f"号码 {number!r} 不在 hotlines.toml 里",
                    "卡片里只写登记过的热线；金额、数量后面写上单位",
                )


def _sections(
    path: Path, lines: list[str], start: int
) -> tuple[dict[str, list[tuple[int, str]]], dict[str, int]]:
    """The lines of each section with their numbers, and the line of each heading."""
    sections: dict[str, list[tuple[int, str]]] = {}
    heads: dict[str, int] = {}
    current: list[tuple[int, str]] | None = None
    for number, line in enumerate(lines[start:], start + 1):
        text = line.rstrip()
        if text.startswith("#"):
            name = text.removeprefix("## ").strip()
            if len(heads) >= len(SECTIONS) or name != SECTIONS[len(heads)]:
                mend = "四节依次是：" + "、".join(f"## {name}" for name in SECTIONS)
                raise DataError(path, number, f"小标题 {text!r} 不对或顺序不对", mend)
            heads[name] = number
            current = sections[name] = []
        elif text:
            if current is None:
                raise DataError(path, number, "第一个小标题前有文字", f"请先写 ## {STEPS}")
            current.append((number, text))
    if missing := [name for name in SECTIONS if name not in heads]:
        raise DataError(path, len(lines), f"缺少一节“{missing[0]}”", f"请加上 ## {missing[0]}")
    return sections, heads


def _items(
    path: Path,
    lines: list[tuple[int, str]],
    head: int,
    form: re.Pattern[str],
    count: tuple[int, int],
    most: int,
    example: str,
) -> tuple[str, ...]:
    """The entries of a list section, without their marks."""
    items: list[str] = []
    for number, text in lines:
        match = form.fullmatch(text)
        if not match or (match.lastindex == 2 and int(match[1]) != len(items) + 1):
            raise DataError(
                path, number, f"这一行写法不对：{text!r}", f"请写成“{example}”，依次编号"
            )
        item = match[match.lastindex or 0]
        if len(item) > most:
            raise DataError(path, number, f"这一行有 {len(item)} 个字，最多 {most} 个", "请写短些")
        if _MARKUP.search(item):
            raise DataError(path, number, "这一行有网址或排版符号", "请写成普通文字")
        items.append(item)
    if not count[0] <= len(items) <= count[1]:
        span = "1 行" if count == (1, 1) else f"{count[0]}–{count[1]} 行"
        raise DataError(path, head, f"这一节有 {len(items)} 行，应为 {span}", f"请写成“{example}”")
    return tuple(items)


def _quotes(
    path: Path, lines: list[tuple[int, str]], head: int, articles: tuple[Cited, ...]
) -> tuple[Quote, ...]:
    quotes = []
    for number, text in lines:
        match = _QUOTE.fullmatch(text)
        if not match:
            mend = "请写成：> “原文” （《某某法》第几条）；引文里不能再有双引号"
            raise DataError(path, number, f"引文写法不对：{text[:30]!r}", mend)
        quote = Quote(match[1], match[2], number)
        cited = {
            Cited(c.law_name.removeprefix("中华人民共和国"), c.number)
            for c in parse_citations(quote.citation)
            if c.law_name
        }
        if len(cited) != 1 or not cited <= set(articles):
            mend = "引用的条文要同时写进开头的 articles"
            raise DataError(path, number, f"引文出处 {quote.citation} 不在 articles 里", mend)
        quotes.append(quote)
    if not 1 <= len(quotes) <= 3:
        raise DataError(path, head, f"“{LAW}”有 {len(quotes)} 句引文，应为 1–3 句", "请写 1–3 句")
    return tuple(quotes)
