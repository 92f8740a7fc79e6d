"""The radar at dates around the changes that are known."""

from __future__ import annotations

import json
from datetime import date

from knowledge.articles import Status
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from knowledge.radar import (
    corpus_list,
    list_json,
    question_counts,
    radar,
    radar_json,
    radar_text,
)

TODAY = date(2026, 11, 24)
NEW_YEAR = date(2027, 1, 1)


def test_what_starts_with_the_new_year(corpus: Corpus) -> None:
    changes = radar(corpus, TODAY)
    assert {change.day for change in changes} == {NEW_YEAR}
    assert {change.short for change in changes} == {
        "商标法",
        "农业法",
        "医疗保障法",
        "耕地保护和质量提升法",
    }
    old, new = (change for change in changes if change.short == "商标法")
    assert (old.before, old.after) == (Status.IN_FORCE, Status.HISTORICAL)
    assert (new.before, new.after) == (Status.NOT_YET_IN_FORCE, Status.IN_FORCE)
    assert (old.replaced_by, new.replaces) == (new.version, old.version)
    (health,) = (change for change in changes if change.short == "医疗保障法")
    assert (health.replaces, health.replaced_by, health.by) == (None, None, None)


def test_the_window_ends_on_its_last_day(corpus: Corpus) -> None:
    days = (NEW_YEAR - TODAY).days
    assert radar(corpus, TODAY, days)
    assert radar(corpus, TODAY, days - 1) == []
    assert radar(corpus, TODAY, 0) == radar(corpus, TODAY, -3) == []
    assert radar(corpus, NEW_YEAR) == []  # it has happened


def test_repeals_name_the_article(corpus: Corpus) -> None:
    changes = radar(corpus, date(2026, 8, 1), 30)
    repealed = [change for change in changes if change.after is Status.REPEALED]
    assert len(repealed) == 10
    assert {c.by for c in repealed} == {"中华人民共和国生态环境法典第一千二百四十二条"}


def test_text_and_json(corpus: Corpus) -> None:
    changes = radar(corpus, TODAY, uses={"商标法": {"题库": 12, "卡片": 1}})
    text = radar_text(changes, TODAY)
    assert "2027-01-01\n" in text
    assert "尚未施行 → 现行有效，取代2019-04-23文本（引用：题库12、卡片1）" in text
    assert radar_text([], TODAY) == "2026-11-24至2027-05-23没有法律的状态发生变化。"
    rows = json.loads(radar_json(changes))
    mark = next(row for row in rows if row["short"] == "商标法" and row["after"] == "in_force")
    assert mark["day"] == "2027-01-01"
    assert (mark["before"], mark["replaces"]) == ("not_yet_in_force", "2019-04-23")
    assert mark["uses"] == {"题库": 12, "卡片": 1}


def test_questions_are_counted_by_law_once_each() -> None:
    bank = Bank.load()
    counts = question_counts(bank)
    first = bank.questions[0]
    law = first.targets[0][0]
    expected = sum(any(name == law for name, _ in q.targets) for q in bank.questions)
    assert counts[law] == {"题库": expected}


def test_the_list_holds_every_version(corpus: Corpus) -> None:
    held = corpus_list(corpus, TODAY)
    assert len(held) == len(corpus.versions)
    assert sum(version.articles for version in held) == len(corpus.articles)
    marks = [version for version in held if version.short == "商标法"]
    assert [version.status for version in marks] == [Status.IN_FORCE, Status.NOT_YET_IN_FORCE]
    assert all(version.source for version in held)
    row = json.loads(list_json(marks))[0]
    assert (row["status"], row["version"]) == ("in_force", "2019-04-23")
