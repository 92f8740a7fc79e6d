"""The daily quiz, practice, and the towns' ranking.

Buttons carry all the state: ``qa:<YYMMDD>:<question>:<choices>`` answers, ``qs:…`` shows which
choices are ticked where several are right, ``qp:<question>:<choices>`` and ``qt:…`` do the same in
practice. The server scores: a question's first answer of its day counts, whatever is pressed later.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from handlers.messages import Button, Reply, ShownArticle
from handlers.questions import Composer
from handlers.services.commands import Command
from handlers.services.visit import Visit, do, say
from knowledge.articles import Article
from knowledge.codelists import CodeLists
from knowledge.quizzes import DAILY, Question, Quizzes
from outreach.events import Cited
from outreach.profiles import JoinRanking, Subscribe
from outreach.quizzes import Answered, QuizAnswer

LETTERS = "ABCD"
_TYPED = re.compile(r"^第?([1-5一二三四五])题?(?:我?选|答|是|的答案是)?\s*([A-Da-d]{1,4})$")
_CHINESE = {"一": 1, "二": 2, "三": 3, "四": 4, "五": 5}


@dataclass(frozen=True)
class Quiz:
    """Asks, scores and explains; the questions are ``knowledge.quizzes``'."""

    composer: Composer
    quizzes: Quizzes
    lists: CodeLists

    def next(self, visit: Visit) -> Reply:
        """The first question of today that the resident has not answered, or the result."""
        given = visit.memory.answers(visit.incoming.resident, visit.today)
        for number, question in enumerate(self.quizzes.daily(None, visit.today), 1):
            if question.id not in given:
                return self.question(visit.today, number, question)
        return self._result(visit, given)

    def opening(self, today: date) -> Reply:
        """The first question of a day, as a push carries it."""
        return self.question(today, 1, self.quizzes.daily(None, today)[0])

    def question(
        self, day: date, number: int, question: Question, ticked: tuple[int, ...] = ()
    ) -> Reply:
        """A question with its choices; ``ticked`` are those chosen so far, where several are."""
        title = f"每日一题（{number}/{DAILY}）"
        stem = f"{day:%y%m%d}:{question.id}"
        return self._ask(title, question, ticked, f"qa:{stem}", f"qs:{stem}")

    def practice(self, visit: Visit) -> Reply:
        """A question without score; which one depends on the update only."""
        digest = hashlib.sha256(f"{visit.incoming.update_key}\x1fpractice".encode()).digest()
        question = self.quizzes.all[int.from_bytes(digest[:4], "big") % len(self.quizzes.all)]
        return self._ask("练习题（不计分）", question, (), f"qp:{question.id}", f"qt:{question.id}")

    def press(self, visit: Visit, verb: str, rest: list[str]) -> Reply | None:
        """A button of the quiz; None where it is none, or not today's any more."""
        match verb, rest:
            case ("qp" | "qt", [id_, marks]):
                question = self.quizzes.get(id_)
                if question is None or (chosen := _indices(question, marks)) is None:
                    return None
                if verb == "qt":
                    title = "练习题（不计分）"
                    return self._ask(title, question, chosen, f"qp:{id_}", f"qt:{id_}")
                return self._practised(question, chosen, visit.today) if chosen else None
            case ("qa" | "qs", [stamp, id_, marks]):
                question = self.quizzes.get(id_)
                if question is None or (chosen := _indices(question, marks)) is None:
                    return None
                if stamp != f"{visit.today:%y%m%d}" or self._place(question, visit.today) is None:
                    late = "这道题的答题日已经过了，不再计分。\n"
                    return self._practised(question, chosen, visit.today, late) if chosen else None
                number = self._place(question, visit.today) or 1
                if verb == "qs":
                    return self.question(visit.today, number, question, chosen)
                return self.answer(visit, question, chosen) if chosen else None
            case ("rank", ["1" | "0" as on]):
                return self._join(visit, on == "1")
        return None

    def typed(self, visit: Visit, text: str) -> Reply | None:
        """「第2题选A」: an answer without buttons."""
        found = _TYPED.match(text.strip())
        if found is None:
            return None
        number = _CHINESE.get(found[1]) or int(found[1])
        question = self.quizzes.daily(None, visit.today)[number - 1]
        marks = "".join(str(LETTERS.index(letter)) for letter in found[2].upper())
        chosen = _indices(question, "".join(sorted(set(marks))))
        if chosen is None:
            return say(
                self.composer, f"第{number}题没有这个选项。", rows=[[do(Command.QUIZ, "看题")]]
            )
        return self.answer(visit, question, chosen)

    def answer(self, visit: Visit, question: Question, chosen: tuple[int, ...]) -> Reply:
        """Score an answer to a question of today, explain it, and go on."""
        given = dict(visit.memory.answers(visit.incoming.resident, visit.today))
        first = given.setdefault(question.id, Answered(chosen, question.right(chosen)))
        lead = self._verdict(question, first)
        if first.chosen != chosen:
            lead = f"这道题只记第一次的答案：{_letters(first.chosen)}。\n{lead}"
        done = sum(q.id in given for q in self.quizzes.daily(None, visit.today))
        if done < DAILY:
            more = do(Command.QUIZ, f"下一题（已答{done}/{DAILY}）")
        else:
            more = do(Command.QUIZ, "看今天的成绩")
        article = self._article(question, visit.today)
        organ = self.composer.organs.of(question.article.law, visit.today)
        change = QuizAnswer(
            day=visit.today,
            question=question.id,
            chosen=chosen,
            right=question.right(chosen),
            article=Cited(article.version.law, article.number, article.version.version_date),
            organ=organ.primary,
            topic=self.composer.topics.of(article).name,
            system=organ.system,
            town=visit.profile.town,
            group=visit.profile.group,
        )
        shown = (self._shown(question, article, visit.today),)
        return say(self.composer, lead, change, rows=[[more]], articles=shown)

    def ranking(self, visit: Visit) -> Reply:
        """The towns' shares of right answers this month."""
        towns = self.lists.get("towns")
        found = visit.memory.standings(visit.today.replace(day=1), visit.today)
        lines = [
            f"{place}. {towns.label(each.town)}：{each.share:.0%}（{each.residents}人参加）"
            for place, each in enumerate(found, 1)
        ]
        month = f"{visit.today.year}年{visit.today.month}月"
        head = f"{month}乡镇答题首答正确率"
        body = "\n".join(lines) or "还没有参加人数满5人的乡镇。"
        foot = "只算自愿参加、选了乡镇的居民；参加不足5人的乡镇不列，个人成绩谁也看不到。"
        return say(self.composer, f"{head}\n{body}\n{foot}", rows=self._ranking_rows(visit))

    def _ask(
        self, title: str, question: Question, ticked: tuple[int, ...], answer: str, tick: str
    ) -> Reply:
        choices = [f"{LETTERS[i]}. {text}" for i, text in enumerate(question.choices)]
        hint = "（多选：逐个勾选，再按“选好了”）" if question.multiple else ""
        lead = "\n".join([title, f"{question.text}{hint}", *choices])
        if not question.multiple:
            rows = [[Button(text, f"{answer}:{i}")] for i, text in enumerate(choices)]
            return say(self.composer, lead, rows=rows)
        rows = [
            [Button(f"{'☑' if i in ticked else '☐'} {text}", f"{tick}:{_toggled(ticked, i)}")]
            for i, text in enumerate(choices)
        ]
        if ticked:
            rows.append([Button(f"选好了：{_letters(ticked)}", f"{answer}:{_marks(ticked)}")])
        return say(self.composer, lead, rows=rows)

    def _practised(
        self, question: Question, chosen: tuple[int, ...], today: date, before: str = ""
    ) -> Reply:
        lead = before + self._verdict(question, Answered(chosen, question.right(chosen)))
        shown = (self._shown(question, self._article(question, today), today),)
        again = [do(Command.PRACTICE, "再来一题"), do(Command.QUIZ, "每日一题")]
        return say(self.composer, lead, rows=[again], articles=shown)

    def _verdict(self, question: Question, given: Answered) -> str:
        right = "；".join(f"{LETTERS[i]}. {question.choices[i]}" for i in question.answer)
        head = "答对了！" if given.right else f"答错了，您选的是{_letters(given.chosen)}。"
        return f"{question.text}\n{head}\n正确答案：{right}\n{question.explanation}"

    def _result(self, visit: Visit, given: Mapping[str, Answered]) -> Reply:
        today = [given[q.id] for q in self.quizzes.daily(None, visit.today) if q.id in given]
        right = sum(each.right for each in today)
        text = f"今天的{len(today)}道题答完了，第一次就答对{right}道。明天再来，或者做练习题。"
        rows = [[do(Command.PRACTICE, "练习题"), do(Command.RANKING, "乡镇排行")]]
        if visit.pushable and "quiz" not in visit.profile.subscriptions:
            rows.append([Button("每天发给我", "sub:quiz")])
        return say(self.composer, text, rows=rows)

    def _join(self, visit: Visit, on: bool) -> Reply:
        if not on:
            return say(self.composer, "已退出乡镇排行，您的成绩不再计入。", JoinRanking(False))
        if visit.profile.town is None:
            text = "参加乡镇排行要先选乡镇。选好以后再按“参加乡镇排行”。"
            return say(self.composer, text, rows=[[do(Command.TOWN, "选乡镇")]])
        town = self.lists.get("towns").label(visit.profile.town)
        text = f"已参加{town}的排行：只算乡镇的正确率，不显示您的成绩。想退出随时按“退出排行”。"
        rows = [[do(Command.RANKING, "看排行"), Button("退出排行", "rank:0")]]
        return say(self.composer, text, JoinRanking(True), rows=rows)

    def _ranking_rows(self, visit: Visit) -> list[list[Button]]:
        joined = visit.profile.ranked
        toggle = Button("退出排行", "rank:0") if joined else Button("参加乡镇排行", "rank:1")
        return [[toggle, do(Command.QUIZ, "每日一题")]]

    def _place(self, question: Question, day: date) -> int | None:
        """Which question of the day it is, counted from 1."""
        ids = [each.id for each in self.quizzes.daily(None, day)]
        return ids.index(question.id) + 1 if question.id in ids else None

    def _article(self, question: Question, today: date) -> Article:
        """The article that proves the answer, as it applies on a day."""
        cited = question.article
        for law in self.composer.corpus.laws_named(cited.law)[:1]:
            version = self.composer.corpus.version_on(law, today)
            found = self.composer.corpus.find(version, cited.number) if version else None
            if found is not None:
                return found
        raise KeyError(str(cited))  # knowledge.quizzes.check sees to it that there is one

    def _shown(self, question: Question, article: Article, today: date) -> ShownArticle:
        piece = re.split("…+", question.quote)[0].strip()
        start = article.text.find(piece)
        mark = (start, start + len(piece)) if start >= 0 else None
        return self.composer.shown(article, today, mark=mark)


def is_typed_answer(text: str) -> bool:
    """Whether a message is an answer without buttons (「第2题选A」)."""
    return _TYPED.match(text.strip()) is not None


def subscribe(composer: Composer, visit: Visit) -> Reply:
    """Have the daily quiz sent."""
    del visit
    text = "好的，每天给您发一次每日一题。不想要了随时发“退订”。"
    return say(composer, text, Subscribe("quiz"), rows=[[Button("退订每日一题", "unsub:quiz")]])


def _indices(question: Question, marks: str) -> tuple[int, ...] | None:
    """Choices from a button's digits; None where they are no choices of the question."""
    if marks == "-":
        return ()
    if not re.fullmatch(r"[0-3]{1,4}", marks):
        return None
    chosen = tuple(sorted({int(mark) for mark in marks}))
    return chosen if chosen[-1] < len(question.choices) else None


def _toggled(ticked: tuple[int, ...], index: int) -> str:
    return _marks(tuple(sorted({*ticked} ^ {index})))


def _marks(chosen: tuple[int, ...]) -> str:
    return "".join(map(str, chosen)) or "-"


def _letters(chosen: tuple[int, ...]) -> str:
    return "".join(LETTERS[i] for i in chosen)
