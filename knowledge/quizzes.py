"""Quiz questions (``quizzes/*.toml``), one file per topic: a case, two to four choices, the law.

Questions are written by people; ``quizzes/README.md`` tells them how. 法治宣传教育法 54 (what is
publicised must be accurate) is kept in two steps, as for the cards: :meth:`Quizzes.load` refuses a
question whose form is wrong, :func:`check` compares the article that proves its answer with the
statutes as of a day.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from hashlib import sha256
from pathlib import Path
from types import MappingProxyType

from errors import DataError
from knowledge.card_files import Cited
from knowledge.checking import check_citations, compare
from knowledge.citation_text import parse_citations
from knowledge.citations import resolve_citation
from knowledge.corpus import Corpus
from knowledge.datafiles import Row, read_text, read_toml, toml_rows
from knowledge.hotlines import Hotlines
from knowledge.topics import Topics

QUIZZES = Path(__file__).with_name("quizzes")
DAILY = 5  # questions in a daily quiz
LEVELS = (1, 2, 3)  # easy, middling, hard
TEXT, CHOICE, EXPLANATION = 80, 30, 100  # characters, at most
CHOICES = (2, 4)

_KEYS = (
    "id",
    "text",
    "choices",
    "answer",
    "explanation",
    "article",
    "quote",
    "level",
    "reviewed",
)
_TABLE = "question"
_ID = re.compile(r"([a-z]{2})-\d{3}")
_MARKUP = re.compile(r"[*_`#<>\[\]|~]|https?:|www\.")
# a bare number of three or more digits is read as one to call; amounts carry their unit
_CALLABLE = re.compile(r"(?<!\d)\d(?:[ -]?\d){2,}(?!\d|\s*(?:元|年|万|天|日|人|条|%))")
_ELLIPSIS = re.compile(r"…+")
_SHORTEST_PIECE = 4  # characters: a shorter quotation proves nothing


@dataclass(frozen=True, slots=True)
class Question:
    """One question. ``answer`` holds the indices of all right choices, ascending."""

    id: str
    topic: str
    text: str
    choices: tuple[str, ...]
    answer: tuple[int, ...]
    explanation: str
    article: Cited
    quote: str  # word for word; …… stands for words left out
    level: int
    reviewed: date
    path: Path = field(compare=False)
    lines: Mapping[str, int] = field(compare=False, repr=False)  # key → line

    @property
    def multiple(self) -> bool:
        """Whether more than one choice is right, which a resident must be told."""
        return len(self.answer) > 1

    def right(self, chosen: Collection[int]) -> bool:
        """Whether these choices, and no others, are the right ones."""
        return set(chosen) == set(self.answer)

    def fault(self, key: str, problem: str, mend: str) -> DataError:
        """A problem of this question, at the line of a key."""
        return DataError(self.path, self.lines[key], f"{self.id}：{problem}", mend)


class Quizzes:
    """All questions, by topic and id. Immutable once loaded."""

    def __init__(self, questions: Iterable[Question]) -> None:
        self.all = tuple(sorted(questions, key=lambda question: (question.topic, question.id)))
        self.topics = tuple(dict.fromkeys(question.topic for question in self.all))
        self._by_id = {question.id: question for question in self.all}
        rotations: dict[str | None, tuple[Question, ...]] = {
            topic: tuple(sorted(self.of_topic(topic), key=_shuffled)) for topic in self.topics
        }
        # every stretch of the common rotation has each topic in proportion to its size
        places = [
            ((place + 0.5) / len(questions), question.topic, question)
            for questions in rotations.values()
            for place, question in enumerate(questions)
        ]
        rotations[None] = tuple(q for *_, q in sorted(places, key=lambda entry: entry[:2]))
        self._rotations = rotations

    @classmethod
    def load(cls, folder: Path = QUIZZES) -> Quizzes:
        """Read every ``*.toml`` of a folder; a file's name is its topic's key.

        Raises:
            DataError: a question's form or a value is wrong, two questions have the same id or
                text, or a topic has too few questions for one day.
        """
        topics, hotlines = Topics.load(), Hotlines.load()
        paths = sorted(folder.glob("*.toml"))
        if not paths:
            raise DataError(folder, None, "没有题库文件", "请恢复 constitution.toml 等文件")
        questions: list[Question] = []
        for path in paths:
            if topics.get(path.stem) is None:
                known = "、".join(topic.key for topic in topics.all)
                problem = f"没有主题 {path.stem!r}"
                raise DataError(path, None, problem, f"文件名用 topics.toml 里的 key：{known}")
            questions += _read_file(path, hotlines)
        _refuse_repeats(questions)
        return cls(questions)

    def get(self, id_: str) -> Question | None:
        """The question with this id."""
        return self._by_id.get(id_)

    def of_topic(self, topic: str) -> tuple[Question, ...]:
        """The questions of a topic in the order of their ids; empty when there is none."""
        return tuple(question for question in self.all if question.topic == topic)

    def daily(self, topic: str | None, day: date) -> tuple[Question, ...]:
        """The five questions of a day, the same for everybody; ``None`` mixes all topics.

        Questions rotate: none comes again before every other one of the topic has come. Adding or
        deleting a question moves the rotation, so a day's quiz is stable only for one version of
        the files.

        Raises:
            KeyError: there are no questions on this topic.
        """
        rotation = self._rotations[topic]
        start = day.toordinal() * DAILY
        return tuple(rotation[(start + i) % len(rotation)] for i in range(DAILY))


def check(quizzes: Quizzes, corpus: Corpus, today: date) -> list[DataError]:
    """What is wrong with the questions' law as of a day; empty when all of it stands.

    The article that proves an answer must be found and apply, the quotation must be word for word,
    every further citation in a question's words must be right, and no question may be reviewed in
    the future. Whether the answer follows from the quotation is for the reviewer to judge.
    """
    problems: list[DataError] = []
    for question in quizzes.all:
        if question.reviewed > today:
            problem = f"审核日期 {question.reviewed} 还没到"
            problems.append(question.fault("reviewed", problem, "请写实际审核的日期"))
        problems += _article_problems(question, corpus, today)
        words = {
            "text": question.text,
            "choices": "\n".join(question.choices),
            "explanation": question.explanation,
        }
        for key, text in words.items():
            problems += [
                question.fault(key, f"{found.citation}：{found.message}", "请改正或删去这处引用")
                for found in check_citations(corpus, text, today)
                if not found.right
            ]
    return problems


def _article_problems(question: Question, corpus: Corpus, today: date) -> list[DataError]:
    cited = question.article
    resolution = resolve_citation(corpus, parse_citations(str(cited))[0], today)
    if resolution.problem is not None:
        problem = f"{cited}：{resolution.message}"
        return [question.fault("article", problem, "请核对法律名称和条号")]
    article = resolution.articles[0]
    if not corpus.applies(article, today):
        problem = f"{cited}：{resolution.message}"
        return [question.fault("article", problem, "请换成现行有效的条文")]
    if (article.version.short, article.number) != (cited.law, cited.number):
        right = f"{article.version.short}{article.number}"
        return [question.fault("article", f"{cited} 不是规范写法", f"请写成“{right}”")]
    differences = compare(article.text, question.quote)
    if differences:
        shown = "；".join(f"原文“{d.law}”，题目“{d.text}”" for d in differences)
        problem = f"引文与{cited}原文不一致"
        return [question.fault("quote", problem, f"请照原文改：{shown}")]
    return []


def _read_file(path: Path, hotlines: Hotlines) -> list[Question]:
    for key in read_toml(path):
        if key != _TABLE:
            raise DataError(path, None, f"不认识的内容 {key!r}", f"每道题以 [[{_TABLE}]] 开头")
    rows = toml_rows(path, _TABLE)
    text = read_text(path).splitlines()
    ends = [row.line - 1 for row in rows[1:]] + [len(text)]
    questions = [
        _question(row, _key_lines(text, row.line, end), hotlines)
        for row, end in zip(rows, ends, strict=True)
    ]
    first = questions[0]
    for question in questions:
        if question.id[:2] != first.id[:2]:
            mend = f"同一个文件的 id 开头相同，请写成 {first.id[:2]}-三位数字"
            raise question.fault("id", f"开头与 {first.id} 不同", mend)
    if len(questions) < DAILY:
        problem = f"只有 {len(questions)} 道题，不够一天的 {DAILY} 道"
        raise DataError(path, rows[-1].line, problem, f"请至少写 {DAILY} 道题")
    return questions


def _key_lines(text: list[str], head: int, end: int) -> dict[str, int]:
    """The line of each key of the entry whose heading stands in line ``head``."""
    return {
        found[1]: number
        for number, line in enumerate(text[head:end], head + 1)
        if (found := re.match(r"\s*([A-Za-z_]\w*)\s*=", line))
    }


def _question(row: Row, where: dict[str, int], hotlines: Hotlines) -> Question:
    rows = {
        key: Row(row.path, where.get(key, row.line), row.values) for key in {*_KEYS, *row.values}
    }
    for key in row.values:
        if key not in _KEYS:
            rows[key].fail(f"不认识的字段 {key!r}", f"只能用：{'、'.join(_KEYS)}")
    id_ = rows["id"].text("id")
    if not _ID.fullmatch(id_):
        rows["id"].fail(f"id {id_!r} 不对", "请写两个小写字母、连字符、三位数字，如 xf-001")
    choices = _choices(rows["choices"])
    level = row.values.get("level")
    if type(level) is not int or level not in LEVELS:
        rows["level"].fail(f"level 不能是 {level!r}", "请写 1（易）、2（中）或 3（难）")
    reviewed = rows["reviewed"].day("reviewed")
    if reviewed is None:
        rows["reviewed"].fail("缺少审核日期 reviewed", "请写 reviewed = 2026-11-24 这样的日期")
    question = Question(
        id=id_,
        topic=row.path.stem,
        text=_short(rows["text"], "text", TEXT),
        choices=choices,
        answer=_answer(rows["answer"], len(choices)),
        explanation=_short(rows["explanation"], "explanation", EXPLANATION),
        article=_article(rows["article"]),
        quote=_quote(rows["quote"]),
        level=level,
        reviewed=reviewed,
        path=row.path,
        lines=MappingProxyType({key: rows[key].line for key in _KEYS}),
    )
    _refuse_unreviewed_numbers(question, hotlines)
    return question


def _short(row: Row, key: str, most: int) -> str:
    text = row.text(key)
    if len(text) > most:
        row.fail(f"{key} 有 {len(text)} 个字，最多 {most} 个", "请写短些")
    if "\n" in text or _MARKUP.search(text):
        row.fail(f"{key} 里有换行、网址或排版符号", "请写成一行普通文字")
    return text


def _choices(row: Row) -> tuple[str, ...]:
    choices = row.texts("choices")
    if not CHOICES[0] <= len(choices) <= CHOICES[1]:
        row.fail(f"choices 有 {len(choices)} 个选项，应为 2–4 个", "请增减选项")
    for choice in choices:
        if len(choice) > CHOICE or "\n" in choice or _MARKUP.search(choice):
            row.fail(f"选项太长或有排版符号：{choice[:20]!r}", f"一行普通文字，最多 {CHOICE} 个字")
    return choices


def _answer(row: Row, count: int) -> tuple[int, ...]:
    value = row.values.get("answer")
    several = isinstance(value, list)
    answer = value if isinstance(value, list) else [value]
    if not all(type(index) is int and 0 <= index < count for index in answer):
        row.fail(f"answer {value!r} 不对", f"写正确选项的序号，从 0 数起，最大 {count - 1}")
    if len(set(answer)) != len(answer) or (several and len(answer) < 2):
        row.fail(f"answer {value!r} 不对", "单选写一个序号，如 2；多选写几个，如 [0, 2]")
    if len(answer) == count:
        row.fail("所有选项都是正确的", "请至少写一个错误选项")
    return tuple(sorted(answer))


def _article(row: Row) -> Cited:
    text = row.text("article")
    citations = parse_citations(text)
    cited = Cited(citations[0].law_name or "", citations[0].number) if citations else None
    if cited is None or not cited.law or str(cited) != text:
        row.fail(f"看不懂条文 {text!r}", '请写法律简称加中文条号，如 "刑法第二百六十六条"')
    return cited


def _quote(row: Row) -> str:
    quote = row.text("quote")
    for piece in _ELLIPSIS.split(quote):
        if len(piece.strip()) < _SHORTEST_PIECE:
            row.fail("引文太短，或者省略号用得不对", "每段引文至少 4 个字，省略处写“……”")
    return quote


def _refuse_unreviewed_numbers(question: Question, hotlines: Hotlines) -> None:
    """No number reaches a resident that ``hotlines.toml`` does not hold."""
    texts = {
        "text": question.text,
        "choices": "\n".join(question.choices),
        "explanation": question.explanation,
    }
    for key, text in texts.items():
        for number in _CALLABLE.findall(text):
            if hotlines.get(number) is None:
                mend = "题目里只写登记过的热线；金额、年份后面写上单位"
                raise question.fault(key, f"号码 {number!r} 不在 hotlines.toml 里", mend)


def _refuse_repeats(questions: Iterable[Question]) -> None:
    seen: dict[tuple[str, str], Question] = {}
    for question in questions:
        for key, mark in (("id", question.id), ("text", _folded(question.text))):
            other = seen.setdefault((key, mark), question)
            if other is not question:
                where = f"{other.path.name} 第 {other.lines[key]} 行"
                raise question.fault(key, f"{key} 与 {where}重复", "每道题要各写各的")


def _folded(text: str) -> str:
    """Words as compared: letters and digits only, width and case aside."""
    return re.sub(r"\W+", "", unicodedata.normalize("NFKC", text).casefold())


def _shuffled(question: Question) -> str:
    """A place in the rotation that looks random but is the same in every process."""
    return sha256(question.id.encode()).hexdigest()
