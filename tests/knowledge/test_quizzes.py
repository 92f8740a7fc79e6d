"""Quizzes: as committed they stand against the statutes; every rule catches its breach."""

from __future__ import annotations

import os
import subprocess
import sys
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import DataError
from knowledge.card_files import Cited
from knowledge.corpus import Corpus
from knowledge.quizzes import DAILY, QUIZZES, Question, Quizzes, check

ROOT = Path(__file__).parents[2]
TODAY = date(2026, 11, 24)
GOOD = """[[question]]
id = "fz-001"
text = "有人要租小陈的银行卡。下面哪种做法对？"
choices = [
  "租，签个协议就行",
  "不租，这是违法的",
  "租，先把钱取光",
]
answer = 1
explanation = "银行卡不能出租，拿不准打96110。"
article = "反电信网络诈骗法第三十一条"
quote = "任何单位和个人不得非法买卖、出租、出借电话卡"
level = 1
reviewed = 2026-11-24
"""


def filled(text: str, count: int = DAILY) -> str:
    """The question and enough good ones after it for a file to be accepted."""
    more = (
        GOOD.replace("fz-001", f"fz-{n:03d}").replace("小陈", f"小陈{n - 100}")
        for n in range(101, 100 + count)
    )
    return "\n".join([text, *more])


def load(folder: Path, text: str, name: str = "fraud.toml") -> Quizzes:
    (folder / name).write_text(filled(text), encoding="utf-8")
    return Quizzes.load(folder)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def problems(folder: Path, corpus: Corpus, text: str, today: date = TODAY) -> list[DataError]:
    return check(load(folder, text), corpus, today)


@pytest.fixture(scope="module")
def quizzes() -> Quizzes:
    return Quizzes.load()


# ---- the committed questions ----


def test_every_question_stands_against_the_statutes(quizzes: Quizzes, corpus: Corpus) -> None:
    assert [str(problem) for problem in check(quizzes, corpus, TODAY)] == []


def test_there_are_enough_questions(quizzes: Quizzes) -> None:
    counts = Counter(question.topic for question in quizzes.all)
    assert set(counts) == {"constitution", "fraud", "consumer"}
    assert min(counts.values()) >= 54
    assert sum(counts.values()) >= 165


def test_the_right_choice_cannot_be_guessed_by_place_or_length(quizzes: Quizzes) -> None:
    for topic in quizzes.topics:
        single = [question for question in quizzes.of_topic(topic) if not question.multiple]
        places = Counter(question.answer[0] for question in single)
        assert max(places.values()) <= 0.4 * len(single), topic
        longest = [q for q in single if _stands_out(q, 1)]
        shortest = [q for q in single if _stands_out(q, -1)]
        assert len(longest) <= 0.4 * len(single), topic
        assert len(shortest) <= 0.4 * len(single), topic


def _stands_out(question: Question, sign: int) -> bool:
    """Whether the right choice alone is the longest (``sign`` 1) or the shortest (-1)."""
    right = question.answer[0]
    others = [sign * len(c) for i, c in enumerate(question.choices) if i != right]
    return sign * len(question.choices[right]) > max(others)


def test_every_topic_has_each_level_and_multiple_choice(quizzes: Quizzes) -> None:
    for topic in quizzes.topics:
        questions = quizzes.of_topic(topic)
        assert {question.level for question in questions} == {1, 2, 3}, topic
        assert any(question.multiple for question in questions), topic


def test_the_example_of_the_readme_is_a_good_question(corpus: Corpus, tmp_path: Path) -> None:
    example = (QUIZZES / "README.md").read_text(encoding="utf-8").split("```\n")[1]
    assert problems(tmp_path, corpus, example) == []


# ---- reading ----


def test_a_question_is_read_whole(tmp_path: Path) -> None:
    question = load(tmp_path, GOOD).get("fz-001")
    assert question is not None
    assert (question.topic, question.level, question.answer) == ("fraud", 1, (1,))
    assert question.choices[question.answer[0]] == "不租，这是违法的"
    assert question.article == Cited("反电信网络诈骗法", "第三十一条")
    assert question.reviewed == TODAY
    assert not question.multiple
    assert question.right([1])
    assert not question.right([0])
    assert not question.right([])


def test_all_right_choices_and_no_others_are_asked_for(tmp_path: Path) -> None:
    question = load(tmp_path, changed("answer = 1", "answer = [2, 0]")).get("fz-001")
    assert question is not None
    assert question.multiple
    assert question.answer == (0, 2)
    assert question.right({0, 2})
    assert not question.right({0})
    assert not question.right({0, 1, 2})


def test_windows_line_ends_and_bom_are_read(tmp_path: Path) -> None:
    data = b"\xef\xbb\xbf" + filled(GOOD).replace("\n", "\r\n").encode()
    (tmp_path / "fraud.toml").write_bytes(data)
    assert len(Quizzes.load(tmp_path).all) == DAILY


BREACHES = [
    # (what stands, what a person wrote instead, line, problem)
    ('id = "fz-001"', 'id = "fz-1"', 2, "id 'fz-1' 不对"),
    ('id = "fz-001"\n', "", 1, "缺少文字字段 'id'"),
    ('id = "fz-001"', 'id = "xf-001"', 17, "开头与 xf-001 不同"),  # its neighbours differ
    ('id = "fz-001"', 'id = "fz-102"', 32, "id 与 fraud.toml 第 2 行重复"),
    ("小陈", "很长" * 41, 3, "最多 80 个"),
    ("小陈", "*小陈*", 3, "排版符号"),
    ("小陈", "小陈1", 18, "text 与 fraud.toml 第 3 行重复"),
    ("小陈", "小陈138 1234 5678", 3, "号码 '138 1234 5678' 不在"),
    ('  "租，签个协议就行",\n  "不租，这是违法的",\n', "", 4, "应为 2–4 个"),
    ('  "租，签个协议就行",\n', '  "甲",\n  "乙",\n  "丙",\n', 4, "应为 2–4 个"),
    ("租，签个协议就行", "租，先把钱取光", 4, "重复项"),
    ("租，签个协议就行", "长" * 31, 4, "选项太长"),
    ("租，签个协议就行", "打95555问问", 4, "号码 '95555' 不在"),
    ("answer = 1\n", "", 1, "answer None 不对"),
    ("answer = 1", "answer = 3", 9, "answer 3 不对"),
    ("answer = 1", "answer = -1", 9, "answer -1 不对"),
    ("answer = 1", "answer = true", 9, "answer True 不对"),
    ("answer = 1", 'answer = "B"', 9, "answer 'B' 不对"),
    ("answer = 1", "answer = []", 9, "不对"),
    ("answer = 1", "answer = [1]", 9, "不对"),
    ("answer = 1", "answer = [1, 1]", 9, "不对"),
    ("answer = 1", "answer = [0, 1, 2]", 9, "所有选项都是正确的"),
    ("银行卡不能出租，", "不能出租，" * 21, 10, "最多 100 个"),
    ("拿不准打96110", "拿不准看www.example.com", 10, "网址"),
    ("拿不准打96110", "拿不准打96119", 10, "号码 '96119' 不在"),
    ('article = "反电信网络诈骗法第三十一条"', 'article = "反诈法"', 11, "看不懂条文"),
    ('"反电信网络诈骗法第三十一条"', '"反电信网络诈骗法第31条"', 11, "看不懂条文"),
    ('"反电信网络诈骗法第三十一条"', '"第三十一条"', 11, "看不懂条文"),
    ('quote = "任何', 'quote = "任何……不得……任何', 12, "引文太短"),
    ('"任何单位和个人不得非法买卖、出租、出借电话卡"', '""', 12, "是空的"),
    ("level = 1", "level = 4", 13, "level 不能是 4"),
    ("level = 1", 'level = "1"', 13, "level 不能是 '1'"),
    ("level = 1\n", "", 1, "level 不能是 None"),
    ("reviewed = 2026-11-24", 'reviewed = "去年"', 14, "不是日期"),
    ("reviewed = 2026-11-24\n", "", 1, "缺少审核日期"),
    ("reviewed = 2026-11-24", 'reviewer = "甲"', 14, "不认识的字段 'reviewer'"),
    ("level = 1", "level = 易", 13, "TOML 语法错误"),
]


@pytest.mark.parametrize(("old", "new", "line", "problem"), BREACHES)
def test_a_breach_is_named_with_line_and_mend(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        load(tmp_path, changed(old, new))
    assert caught.value.path.endswith("fraud.toml")
    assert caught.value.line == line
    assert caught.value.mend


def test_an_amount_with_its_unit_is_no_number_to_call(tmp_path: Path) -> None:
    assert load(tmp_path, changed("小陈的", "小陈花500元办的")).get("fz-001")


def test_a_file_for_no_topic_fails(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="没有主题 'scam'"):
        load(tmp_path, GOOD, "scam.toml")


def test_a_misspelt_table_fails(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="不认识的内容 'questions'"):
        load(tmp_path, changed("[[question]]", "[[questions]]"))


def test_too_few_questions_for_a_day_fail(tmp_path: Path) -> None:
    (tmp_path / "fraud.toml").write_text(filled(GOOD, DAILY - 1), encoding="utf-8")
    with pytest.raises(DataError, match="只有 4 道题") as caught:
        Quizzes.load(tmp_path)
    assert caught.value.line == 46  # the last question


def test_a_folder_without_questions_fails(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="没有题库文件"):
        Quizzes.load(tmp_path)


def test_a_repeat_in_another_file_fails(tmp_path: Path) -> None:
    other = filled(GOOD).replace("fz-", "xw-")
    (tmp_path / "consumer.toml").write_text(other, encoding="utf-8")
    with pytest.raises(DataError, match=r"text 与 consumer.toml 第 3 行重复"):
        load(tmp_path, GOOD)


# ---- the law in a question ----


@pytest.mark.parametrize(
    ("cited", "said"),
    [
        ("环境保护法第六条", "废止"),
        ("医疗保障法第一条", "施行"),
        ("刑法第九百九十九条", "第九百九十九条"),
        ("没有这部法第一条", "没有这部法"),
        ("消法第五十五条", "请写成“消费者权益保护法第五十五条”"),
    ],
)
def test_an_article_that_does_not_apply_fails(
    tmp_path: Path, corpus: Corpus, cited: str, said: str
) -> None:
    (problem,) = problems(tmp_path, corpus, changed("反电信网络诈骗法第三十一条", cited))
    assert problem.line == 11
    assert said in str(problem)
    assert "fz-001" in str(problem)


@pytest.mark.parametrize(
    "quote",
    [
        "任何单位和个人不得非法买卖、出租、借出电话卡",  # two characters changed places
        "出借电话卡……任何单位和个人不得非法买卖",  # the order of the article turned round
        "公民的合法的私有财产不受侵犯",  # another law's words
    ],
)
def test_a_quotation_that_is_not_word_for_word_fails(
    tmp_path: Path, corpus: Corpus, quote: str
) -> None:
    text = changed("任何单位和个人不得非法买卖、出租、出借电话卡", quote)
    (problem,) = problems(tmp_path, corpus, text)
    assert problem.line == 12
    assert "不一致" in str(problem)
    assert "请照原文改" in problem.mend


def test_an_ellipsis_in_a_quotation_is_allowed(tmp_path: Path, corpus: Corpus) -> None:
    text = changed(
        "任何单位和个人不得非法买卖、出租、出借电话卡", "任何单位和个人……不得提供实名核验帮助"
    )
    assert problems(tmp_path, corpus, text) == []


def test_status_is_that_of_the_day(tmp_path: Path, corpus: Corpus) -> None:
    before = date(2022, 11, 30)  # 反电信网络诈骗法 applies from the next day
    text = filled(GOOD).replace("2026-11-24", "2022-11-01")
    (tmp_path / "fraud.toml").write_text(text, encoding="utf-8")
    quizzes = Quizzes.load(tmp_path)
    assert [problem.line for problem in check(quizzes, corpus, before)] == [11, 26, 41, 56, 71]
    assert check(quizzes, corpus, before + timedelta(days=1)) == []


def test_a_citation_in_the_explanation_is_checked(tmp_path: Path, corpus: Corpus) -> None:
    text = changed("银行卡不能出租，", "依照《刑法》第九百九十九条，")
    (problem,) = problems(tmp_path, corpus, text)
    assert problem.line == 10
    assert "第九百九十九条" in str(problem)


def test_a_review_in_the_future_fails(tmp_path: Path, corpus: Corpus) -> None:
    (problem,) = problems(tmp_path, corpus, changed("2026-11-24", "2026-11-25"))
    assert problem.line == 14
    assert "还没到" in str(problem)


# ---- the daily quiz ----


def _made(sizes: dict[str, int]) -> Quizzes:
    return Quizzes(
        Question(
            id=f"{topic}-{n:03d}",
            topic=topic,
            text="",
            choices=("对", "错"),
            answer=(0,),
            explanation="",
            article=Cited("宪法", "第一条"),
            quote="",
            level=1,
            reviewed=TODAY,
            path=Path(),
            lines={},
        )
        for topic, size in sizes.items()
        for n in range(size)
    )


SIZES = st.dictionaries(
    st.sampled_from(["constitution", "fraud", "consumer"]),
    st.integers(DAILY, 73),
    min_size=1,
)
DAYS = st.dates(date(2000, 1, 1), date(2100, 1, 1))


@given(sizes=SIZES, first=DAYS, mixed=st.booleans())
def test_no_question_comes_again_before_all_have_come(
    sizes: dict[str, int], first: date, mixed: bool
) -> None:
    quizzes = _made(sizes)
    topic = None if mixed else min(sizes)
    pool = quizzes.all if topic is None else quizzes.of_topic(topic)
    days = -(-len(pool) // DAILY) * 2
    daily = [quizzes.daily(topic, first + timedelta(days=n)) for n in range(days)]
    assert all(len(set(quiz)) == DAILY for quiz in daily)
    stream = [question for quiz in daily for question in quiz]
    assert set(stream[: len(pool)]) == set(pool)
    for place in range(len(stream) - len(pool)):
        window = stream[place : place + len(pool)]
        assert len(set(window)) == len(pool)


@given(first=DAYS)
def test_a_mixed_quiz_has_every_topic_of_the_committed_files(first: date) -> None:
    quizzes = _committed()
    assert {question.topic for question in quizzes.daily(None, first)} == set(quizzes.topics)


_HELD: list[Quizzes] = []


def _committed() -> Quizzes:
    if not _HELD:
        _HELD.append(Quizzes.load())
    return _HELD[0]


def test_an_unknown_topic_is_a_key_error(quizzes: Quizzes) -> None:
    with pytest.raises(KeyError):
        quizzes.daily("scam", TODAY)


def test_the_order_of_the_files_does_not_matter(quizzes: Quizzes) -> None:
    turned = Quizzes(reversed(quizzes.all))
    for topic in (None, *quizzes.topics):
        assert turned.daily(topic, TODAY) == quizzes.daily(topic, TODAY)


def test_the_rotation_is_not_the_order_of_the_ids(quizzes: Quizzes) -> None:
    ids = [question.id for question in quizzes.daily("fraud", TODAY)]
    assert ids != sorted(ids)


def test_the_daily_quiz_does_not_depend_on_the_hash_seed() -> None:
    code = (
        "from datetime import date; from knowledge.quizzes import Quizzes; q = Quizzes.load();"
        "print([[x.id for x in q.daily(t, date(2026, 11, 24))] for t in (None, *q.topics)])"
    )

    def printed(seed: str) -> str:
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": seed},
            check=True,
            capture_output=True,
            text=True,
        )
        return done.stdout

    assert printed("1") == printed("2")
