import json
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.corpus import Corpus
from knowledge.questions.bank import BANK_DATE, Bank, Question, question_id, read_questions
from tests.retrieval import small

GOOD = {"law": "网购法", "article": "第二条", "style": "short", "q": "几天能退"}


def write(path: Path, *entries: object) -> Path:
    lines = (e if isinstance(e, str) else json.dumps(e, ensure_ascii=False) for e in entries)
    path.write_text("\n".join(lines) + "\n", "utf-8")
    return path


def test_a_question_is_read(tmp_path: Path) -> None:
    also = GOOD | {"also": [["盗窃法", "第一条"]]}
    (question,) = read_questions(write(tmp_path / "a.jsonl", "", also))
    assert question.targets == (("网购法", "第二条"), ("盗窃法", "第一条"))
    assert (question.id, question.line) == (question_id("几天能退"), 2)


@pytest.mark.parametrize(
    ("entry", "problem"),
    [
        ("{", "不是 JSON"),
        ("[1]", "不是 JSON 对象"),
        ({"law": "网购法", "q": "几天"}, "缺少 article、style"),
        (GOOD | {"topic": "消费"}, "不认识 topic"),
        (GOOD | {"q": " "}, "q 应是非空文字"),
        (GOOD | {"article": 2}, "article 应是非空文字"),
        (GOOD | {"style": "诗"}, "诗"),
        (GOOD | {"also": ["盗窃法"]}, "also"),
        (GOOD | {"also": [["网购法", "第二条"]]}, "重复"),
    ],
)
def test_a_wrong_line_is_named(tmp_path: Path, entry: object, problem: str) -> None:
    path = write(tmp_path / "a.jsonl", GOOD, entry)
    with pytest.raises(DataError, match=problem) as caught:
        read_questions(path)
    assert (caught.value.path, caught.value.line) == (str(path), 2)
    assert caught.value.mend


def test_a_question_stands_in_the_bank_once(tmp_path: Path) -> None:
    write(tmp_path / "a.jsonl", GOOD)
    write(tmp_path / "b.jsonl", GOOD | {"article": "第三条"})
    with pytest.raises(DataError, match=r"b\.jsonl:1.*a\.jsonl:1"):
        Bank.load(tmp_path)


def test_an_empty_folder_is_no_bank(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="没有问题"):
        Bank.load(tmp_path)


def test_the_hash_tells_what_a_question_says_and_where_it_leads(tmp_path: Path) -> None:
    first = Bank.load(write(tmp_path / "a.jsonl", GOOD).parent)
    assert Bank.of(first.questions).hash == first.hash
    write(tmp_path / "a.jsonl", GOOD | {"article": "第三条"})
    assert Bank.load(tmp_path).hash != first.hash


def test_a_question_leads_to_every_version_with_the_same_text() -> None:
    attached = dict(zip((q.text for q in small.bank().questions), _attach(), strict=True))
    assert attached["网购这部法为啥要立"] == (2, 0)  # in force first, then the same text of 2010
    assert attached["网上买的衣服几天能退"] == (3,)


def _attach() -> list[tuple[int, ...]]:
    return small.bank().attach(small.corpus())


@pytest.mark.parametrize(
    ("target", "problem"),
    [(("网购法", "第九条"), "没有第九条"), (("没有的法", "第一条"), "没有唯一的《没有的法》")],
)
def test_a_question_that_leads_nowhere_is_named(target: tuple[str, str], problem: str) -> None:
    question = Question("0" * 10, "几天能退", "short", (target,), Path("x.jsonl"), 4)
    with pytest.raises(DataError, match=problem) as caught:
        Bank.of([question]).attach(small.corpus())
    assert caught.value.line == 4


@pytest.mark.slow
def test_every_question_of_the_bank_leads_to_law_in_force(corpus: Corpus) -> None:
    bank = Bank.load()
    assert len(bank.questions) >= 13_705
    for question, ids in zip(bank.questions, bank.attach(corpus), strict=True):
        assert corpus.applies(corpus.articles[ids[0]], BANK_DATE), question
    assert date(2026, 11, 24) == BANK_DATE
