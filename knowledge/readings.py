"""宪法晨读 (``readings/constitution.toml``): one plain sentence for each article, in order.

The sentence explains, the article itself is shown from the corpus and never stored here. The file
names the wording that its sentences explain: once the Constitution is amended, :func:`check` fails
until a person has read them again.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from errors import DataError
from knowledge.articles import Article
from knowledge.corpus import Corpus
from knowledge.datafiles import Row, read_text, read_toml, toml_rows
from knowledge.numerals import article_number, parse_number

READINGS = Path(__file__).with_name("readings") / "constitution.toml"
CONSTITUTION = "中华人民共和国宪法"
SENTENCE = 60  # characters, at most

_TABLE = "reading"
_HEAD = ("version", "reviewed")
_NUMBER = re.compile(r"第(.+)条")
_MARKUP = re.compile(r"[*_`#<>\[\]|~]|https?:|www\.")
_END = re.compile(r"[。！？!?]")


@dataclass(frozen=True, slots=True)
class Reading:
    """One morning: the article's full number and a sentence that says it plainly."""

    number: str
    sentence: str
    line: int = field(compare=False)

    def article(self, corpus: Corpus, today: date) -> Article:
        """The article as it applies on a day; :func:`check` sees to it that there is one.

        Raises:
            KeyError: the Constitution of that day has no such article.
        """
        version = corpus.version_on(CONSTITUTION, today)
        found = corpus.find(version, self.number) if version else None
        if found is None:
            raise KeyError(self.number)
        return found


class Readings:
    """The readings in the order of the articles. Immutable once loaded."""

    def __init__(
        self, readings: tuple[Reading, ...], version: date, reviewed: date, path: Path
    ) -> None:
        self.all = readings
        self.version = version  # the wording that the sentences explain, by its day of adoption
        self.reviewed = reviewed
        self.path = path
        self._by_number = {reading.number: reading for reading in readings}

    @classmethod
    def load(cls, path: Path = READINGS) -> Readings:
        """Read the file.

        Raises:
            DataError: its form or a value is wrong, or the articles are not in order.
        """
        values = read_toml(path)
        lines = read_text(path).splitlines()
        for key in values:
            if key not in (*_HEAD, _TABLE):
                where = _line_of(lines, key)
                mend = f"开头只写 {'、'.join(_HEAD)}，每条以 [[{_TABLE}]] 开头"
                raise DataError(path, where, f"不认识的内容 {key!r}", mend)
        days = [_day(Row(path, _line_of(lines, key), values), key) for key in _HEAD]
        readings: list[Reading] = []
        last = 0
        for row in toml_rows(path, _TABLE):
            row.only({"article", "sentence"})
            number = row.text("article")
            value = _value(row, number)
            if value <= last:
                row.fail(f"{number}重复，或者没有按条文顺序排", "请从第一条起依次写，每条一次")
            last = value
            readings.append(Reading(number, _sentence(row), row.line))
        return cls(tuple(readings), days[0], days[1], path)

    def get(self, number: str) -> Reading | None:
        """The reading of this article (第三十八条)."""
        return self._by_number.get(number)

    def at(self, position: int) -> Reading:
        """The reading of a subscriber's morning, counted from 0; it begins anew after the last."""
        return self.all[position % len(self.all)]


def check(readings: Readings, corpus: Corpus, today: date) -> list[DataError]:
    """What is wrong as of a day: every article must be covered, of the wording in force."""

    def fault(line: int | None, problem: str, mend: str) -> DataError:
        return DataError(readings.path, line, problem, mend)

    problems: list[DataError] = []
    if readings.reviewed > today:
        problem = f"审核日期 {readings.reviewed} 还没到"
        problems.append(fault(None, problem, "请写实际审核的日期"))
    version = corpus.version_on(CONSTITUTION, today)
    if version is None or not corpus.status(version, today).applies:
        return [*problems, fault(None, f"{today} 没有现行有效的宪法文本", "请检查知识库")]
    if version.version_date != readings.version:
        problem = f"写的是 {readings.version} 的文本，现行的是 {version.version_date} 的文本"
        problems.append(fault(None, problem, "请逐条重新审核，再改 version 和 reviewed"))
    articles = [a.number for a in corpus.articles_of(version) if _NUMBER.fullmatch(a.number)]
    for number in dict.fromkeys(articles):
        if readings.get(number) is None:
            problems.append(fault(None, f"缺少{number}", f"请给{number}写一句话"))
    for reading in readings.all:
        if reading.number not in articles:
            problem = f"现行宪法没有{reading.number}"
            problems.append(fault(reading.line, problem, "请删去这一条"))
    return problems


def _line_of(lines: list[str], key: str) -> int:
    pattern = re.compile(rf"\s*(?:\[+\s*)?{re.escape(key)}\b")
    return next((n for n, line in enumerate(lines, 1) if pattern.match(line)), 1)


def _day(row: Row, key: str) -> date:
    day = row.day(key)
    if day is None:
        row.fail(f"缺少日期 {key}", f"文件开头请写 {key} = 2026-11-24 这样的日期")
    return day


def _value(row: Row, number: str) -> int:
    found = _NUMBER.fullmatch(number)
    value = parse_number(found[1]) if found else None
    if value is None or article_number(value) != number:
        row.fail(f"看不懂条号 {number!r}", "请写成“第三十八条”的样子")
    return value


def _sentence(row: Row) -> str:
    sentence = row.text("sentence")
    if len(sentence) > SENTENCE:
        row.fail(f"sentence 有 {len(sentence)} 个字，最多 {SENTENCE} 个", "请写短些")
    if "\n" in sentence or _MARKUP.search(sentence):
        row.fail("sentence 里有换行、网址或排版符号", "请写成一行普通文字")
    if not sentence.endswith("。") or len(_END.findall(sentence)) != 1:
        row.fail("sentence 不是一句话", "只写一句，用句号结尾")
    return sentence
