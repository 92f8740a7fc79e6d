"""Reading ``knowledge/questions/*.jsonl`` and attaching each question to its article.

One JSON object a line: ``law`` (short name), ``article`` (full number), ``style``, ``q``, and
where two articles answer equally well ``also``: a list of ``[law, article]`` pairs.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from errors import DataError
from knowledge.articles import Article, Version
from knowledge.corpus import Corpus

FOLDER = Path(__file__).resolve().parent
BANK_DATE = date(2026, 11, 24)  # the day as of which questions were matched to articles
STYLES = ("short", "plain", "story", "dialect", "typo", "formal", "twist")

_REQUIRED = {"law", "article", "style", "q"}
_ALLOWED = _REQUIRED | {"also"}


@dataclass(frozen=True, slots=True)
class Question:
    """One question of the bank; ``targets`` are (law short name, article number), first the best.

    ``id`` is the first 10 hexadecimal digits of SHA-256 of the text: it survives moving the
    question to another article or file.
    """

    id: str
    text: str
    style: str
    targets: tuple[tuple[str, str], ...]
    path: Path
    line: int


@dataclass(frozen=True, slots=True)
class Bank:
    """All questions, in order of their ids, and a hash of what they say and where they lead."""

    questions: tuple[Question, ...]
    hash: str

    @classmethod
    def load(cls, folder: Path = FOLDER) -> Bank:
        """Read all ``*.jsonl`` of a folder.

        Raises:
            DataError: a line is not as described above, a question stands there twice, or there
                is none.
        """
        seen: dict[str, Question] = {}
        for path in sorted(folder.glob("*.jsonl")):
            for question in read_questions(path):
                other = seen.setdefault(question.id, question)
                if other is not question:
                    raise DataError(
                        path,
                        question.line,
                        f"问题重复：{other.path.name}:{other.line} 已有“{question.text[:30]}”",
                        "请删去一条；两条法条都合适的，写在 also 里",
                    )
        if not seen:
            raise DataError(folder, None, "题库里没有问题", "请恢复 *.jsonl")
        return cls.of(seen.values())

    @classmethod
    def of(cls, questions: Iterable[Question]) -> Bank:
        """A bank of exactly these questions (used to hold some out)."""
        ordered = tuple(sorted(questions, key=lambda question: question.id))
        digest = hashlib.sha256()
        for question in ordered:
            content = [question.id, question.text, question.targets]
            digest.update(json.dumps(content, ensure_ascii=False).encode() + b"\n")
        return cls(ordered, digest.hexdigest())

    def attach(self, corpus: Corpus) -> list[tuple[int, ...]]:
        """For each question the ids of the articles that answer it.

        A target is the article of the version in force on :data:`BANK_DATE`, and the article of
        the same number in any other version of that law whose text is the same.

        Raises:
            DataError: a target is not in the corpus.
        """
        versions: dict[str, Version] = {}
        known: dict[tuple[str, str], tuple[int, ...]] = {}
        result = []
        for question in self.questions:
            ids: list[int] = []
            for target in question.targets:
                if target not in known:
                    known[target] = _resolve(corpus, question, target, versions)
                ids.extend(known[target])
            result.append(tuple(dict.fromkeys(ids)))
        return result


def read_questions(path: Path) -> list[Question]:
    """The questions of one file.

    Raises:
        DataError: names file, line, problem and mend.
    """
    questions = []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, None, f"读不了：{error}", "文件须为 UTF-8 文本") from error
    for number, line in enumerate(lines, 1):
        if line.strip():
            questions.append(_question(path, number, line))
    return questions


def _question(path: Path, number: int, line: str) -> Question:
    try:
        entry = json.loads(line)
    except json.JSONDecodeError as error:
        raise DataError(path, number, f"不是 JSON：{error.msg}", "每行写一个 JSON 对象") from error
    if not isinstance(entry, dict):
        raise DataError(path, number, "不是 JSON 对象", "每行写一个 {…}")
    if missing := _REQUIRED - entry.keys():
        raise DataError(path, number, f"缺少 {'、'.join(sorted(missing))}", "请补上")
    if unknown := entry.keys() - _ALLOWED:
        raise DataError(
            path, number, f"不认识 {'、'.join(sorted(unknown))}", f"只可用 {sorted(_ALLOWED)}"
        )
    for key in sorted(_REQUIRED):
        if not isinstance(entry[key], str) or not entry[key].strip():
            raise DataError(path, number, f"{key} 应是非空文字", "请填写")
    if entry["style"] not in STYLES:
        raise DataError(
            path, number, f"style “{entry['style']}”不认识", f"应是 {'、'.join(STYLES)} 之一"
        )
    also = entry.get("also", [])
    if not isinstance(also, list) or not all(
        isinstance(pair, list) and len(pair) == 2 and all(isinstance(part, str) for part in pair)
        for pair in also
    ):
        raise DataError(path, number, "also 的格式不对", '应写作 [["民法典", "第五百七十七条"]]')
    text = entry["q"].strip()
    targets = ((entry["law"], entry["article"]), *((law, article) for law, article in also))
    if len(set(targets)) != len(targets):
        raise DataError(path, number, "also 里的法条重复", "请删去重复的")
    return Question(question_id(text), text, entry["style"], targets, path, number)


def question_id(text: str) -> str:
    """First 10 hexadecimal digits of SHA-256 of the text."""
    return hashlib.sha256(text.encode()).hexdigest()[:10]


def _resolve(
    corpus: Corpus, question: Question, target: tuple[str, str], versions: dict[str, Version]
) -> tuple[int, ...]:
    law, number = target
    if law not in versions:
        names = corpus.laws_named(law)
        version = corpus.version_on(names[0], BANK_DATE) if len(names) == 1 else None
        if version is None:
            raise DataError(
                question.path, question.line, f"库中没有唯一的《{law}》", "请写法律简称的全文"
            )
        versions[law] = version
    version = versions[law]
    best = corpus.find(version, number)
    if best is None:
        raise DataError(
            question.path,
            question.line,
            f"《{law}》（{version.version_date}）没有{number}",
            "请核对条号，之X 条要写全",
        )
    same = [best]
    for other in corpus.versions_of(version.law):
        article = corpus.find(other, number) if other.id != version.id else None
        if article is not None and article.text == best.text:
            same.append(article)
    return tuple(_ids(same))


def _ids(articles: Iterable[Article]) -> list[int]:
    return [article.id for article in articles]
