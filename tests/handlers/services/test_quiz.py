"""The daily quiz: asked, scored once, explained with the law, ranked by town."""

from __future__ import annotations

from datetime import date

import pytest

from handlers.services.commands import find
from knowledge.quizzes import Quizzes
from tests.handlers.services.house import TODAY, House, buttons, pressed

QUIZZES = Quizzes.load()
DAILY = QUIZZES.daily(None, TODAY)


def marks(question_id: str) -> str:
    question = QUIZZES.get(question_id)
    assert question
    return "".join(map(str, question.answer))


def right(number: int, day: date = TODAY) -> str:
    question = QUIZZES.daily(None, day)[number - 1]
    return f"qa:{day:%y%m%d}:{question.id}:{marks(question.id)}"


def wrong(number: int) -> str:
    question = DAILY[number - 1]
    other = next(i for i in range(len(question.choices)) if i not in question.answer)
    return f"qa:{TODAY:%y%m%d}:{question.id}:{other}"


def test_five_questions_then_the_result(house: House) -> None:
    house.meet()
    for number, question in enumerate(DAILY, 1):
        asked = house.say("/quiz")
        assert f"每日一题（{number}/5）\n{question.text}" in asked.text
        told = house.press(right(number) if number != 3 else wrong(3))
        assert question.explanation in told.text
        assert told.articles[0].article == question.article.number
        assert told.articles[0].text in told.text
        assert ("答对了" if number != 3 else "答错了") in told.text
    assert "5道题答完了，第一次就答对4道" in house.say("每日一题").text
    figures = house.total()
    assert (figures["quiz_attempts"], figures["quiz_right_first_rate"]) == (1, 0.8)
    assert figures["consultations"] == 0  # an answer to a quiz is no consultation


def test_the_first_answer_counts(house: House) -> None:
    house.press(wrong(1))
    again = house.press(right(1))
    assert "只记第一次" in again.text
    assert house.total()["quiz_right_first_rate"] == 0.0
    assert house.total()["quiz_attempts"] == 1


def test_a_repeated_delivery_scores_once_and_says_the_same(house: House) -> None:
    house.meet()
    update = house.update("", right(1))
    first, again = house.handle(update), house.handle(update)
    assert first == again
    assert house.rows()["quiz_answers"] == 1


def test_each_resident_has_an_attempt_of_their_own(house: House) -> None:
    for person in ("1", "2"):
        house.press(right(1), person=person)
    house.clock.advance(days=1)
    tomorrow = date(2026, 11, 25)
    house.press(right(1, tomorrow), person="1")
    assert house.outreach.stats(TODAY, tomorrow).total["quiz_attempts"] == 3


def test_yesterdays_questions_do_not_score(house: House) -> None:
    house.clock.advance(days=1)
    told = house.press(right(1))
    assert "不再计分" in told.text
    assert told.articles
    assert "quiz_answers" not in house.rows()


def test_several_right_choices_are_ticked(house: House) -> None:
    day = next(
        d for n in range(400) for d in [date.fromordinal(TODAY.toordinal() + n)]
        if any(q.multiple for q in QUIZZES.daily(None, d))
    )  # fmt: skip
    house.clock.advance(days=(day - TODAY).days)
    questions = QUIZZES.daily(None, day)
    place = next(n for n, q in enumerate(questions, 1) if q.multiple)
    for number in range(1, place):
        house.press(right(number, day))
    shown = house.say("/quiz")
    assert "多选" in shown.text
    for index in questions[place - 1].answer:
        shown = house.press(pressed(shown, f"☐ {'ABCD'[index]}."))
    told = house.press(pressed(shown, "选好了"))
    assert "答对了" in told.text
    untick = f"qs:{day:%y%m%d}:{questions[place - 1].id}:-"
    assert not any("选好了" in label for label in buttons(house.press(untick)))


@pytest.mark.parametrize("text", ["第1题A", "1a", "第一题选Ａ", "第1题 A"])
def test_answers_without_buttons(house: House, text: str) -> None:
    told = house.say(text)
    assert DAILY[0].explanation in told.text
    assert house.rows()["quiz_answers"] == 1


def test_practice_is_not_scored(house: House) -> None:
    shown = house.say("练习")
    told = house.press(next(iter(buttons(shown).values())).replace("qt:", "qp:"))
    assert "正确答案" in told.text
    assert told.articles
    assert {"quiz_answers"}.isdisjoint(house.rows())


@pytest.mark.parametrize(
    "action",
    ["qa:261124:xx-999:0", "qa:261124:xf-001:9", "qa:bad", "qp:xf-001:", "qa:261124:xf-001:0:1"],
)
def test_forged_answers_are_refused(house: House, action: str) -> None:
    assert "再发一次" in house.press(action).text
    assert "quiz_answers" not in house.rows()


def test_the_ranking_shows_only_towns_with_five_who_joined(house: House) -> None:
    for number in range(1, 6):
        person = str(number)
        house.press("town:chengguan", person=person)
        house.press("rank:1", person=person)
        house.press(right(1) if number < 5 else wrong(1), person=person)
    for number in range(6, 11):  # five of another town, one of whom did not join
        house.press("town:dongchuan", person=str(number))
        if number < 10:
            house.press("rank:1", person=str(number))
        house.press(right(1), person=str(number))
    text = house.say("排行榜").text
    assert "城关镇：80%（5人参加）" in text
    assert "东川镇" not in text
    house.press("rank:0", person="1")
    assert "城关镇：" not in house.say("排行榜").text


def test_joining_needs_a_town(house: House) -> None:
    assert "先选乡镇" in house.press("rank:1").text
    assert not house.profile().ranked


def test_answers_are_deleted_when_nothing_needs_them(house: House) -> None:
    house.press(right(1))
    house.clock.advance(days=63)
    house.outreach.purge()
    assert "quiz_answers" not in house.rows()
    assert house.outreach.stats(TODAY, TODAY).total["quiz_attempts"] == 1


def test_words() -> None:
    assert find("每日一题！") == find("/quiz")
    assert find("我想问每日一题") is None
