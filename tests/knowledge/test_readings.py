"""宪法晨读: one sentence for each article of the Constitution in force, none missing or twice."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.corpus import Corpus
from knowledge.readings import CONSTITUTION, READINGS, Readings, check

TODAY = date(2026, 11, 24)
GOOD = """version = 2018-03-11
reviewed = 2026-11-24

[[reading]]
article = "第一条"
sentence = "我国是社会主义国家。"

[[reading]]
article = "第二条"
sentence = "一切权力属于人民。"
"""

Edited = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def readings() -> Readings:
    return Readings.load()


def changed(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, old
    return text.replace(old, new)


# ---- the committed file ----


def test_every_article_is_covered_once_and_in_order(readings: Readings, corpus: Corpus) -> None:
    assert [str(problem) for problem in check(readings, corpus, TODAY)] == []
    version = corpus.version_on(CONSTITUTION, TODAY)
    assert version is not None
    articles = [a.number for a in corpus.articles_of(version) if a.number.startswith("第")]
    assert [reading.number for reading in readings.all] == articles
    assert len(articles) == 143


def test_no_sentence_is_the_articles_own_text_or_another_sentence(
    readings: Readings, corpus: Corpus
) -> None:
    sentences = [reading.sentence for reading in readings.all]
    assert len(set(sentences)) == len(sentences)
    long = [reading for reading in readings.all if len(reading.sentence) > 30]
    for reading in long:  # a very short article can hardly be said otherwise
        assert reading.sentence not in reading.article(corpus, TODAY).text, reading.number


def test_the_article_comes_from_the_corpus(readings: Readings, corpus: Corpus) -> None:
    reading = readings.get("第三十八条")
    assert reading is not None
    article = reading.article(corpus, TODAY)
    assert article.text.startswith("中华人民共和国公民的人格尊严不受侵犯。")
    assert article.version.law == CONSTITUTION


def test_mornings_go_through_the_articles_and_begin_anew(readings: Readings) -> None:
    assert readings.at(0).number == "第一条"
    assert readings.at(37).number == "第三十八条"
    assert readings.at(142).number == "第一百四十三条"
    assert readings.at(143) == readings.at(0)


# ---- reading ----


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ("version = 2018-03-11\n", "", 1, "缺少日期 version"),
        ("version = 2018-03-11", 'version = "2018年"', 1, "不是日期"),
        ("reviewed = 2026-11-24", 'reviewed = ""', 2, "缺少日期 reviewed"),
        ("reviewed = 2026-11-24", 'reviewer = "甲"', 2, "不认识的内容 'reviewer'"),
        ('[[reading]]\narticle = "第二条"', '[[readings]]\narticle = "第二条"', 8, "'readings'"),
        ('"第二条"', '"第一条"', 8, "重复"),
        ('"第一条"', '"第三条"', 8, "没有按条文顺序"),
        ('"第二条"', '"第2条"', 8, "看不懂条号"),
        ('"第二条"', '"序言"', 8, "看不懂条号"),
        ('article = "第二条"\n', "", 8, "缺少文字字段 'article'"),
        ('sentence = "一切', 'sentance = "一切', 8, "不认识的字段 'sentance'"),
        ("一切权力属于人民。", "", 8, "是空的"),
        ("一切权力属于人民。", "很长" * 30 + "。", 8, "最多 60 个"),
        ("一切权力属于人民。", "一切权力属于人民", 8, "不是一句话"),
        ("一切权力属于人民。", "一切权力。属于人民。", 8, "不是一句话"),
        ("一切权力属于人民。", "一切**权力**属于人民。", 8, "排版符号"),
        ("version = 2018-03-11", "version = 今天", 1, "TOML 语法错误"),
    ],
)
def test_a_breach_is_named_with_line_and_mend(
    edited: Edited, old: str, new: str, line: int, problem: str
) -> None:
    path = edited("constitution.toml", changed(GOOD, old, new))
    with pytest.raises(DataError, match=problem) as caught:
        Readings.load(path)
    assert (caught.value.path, caught.value.line) == (str(path), line)
    assert caught.value.mend


# ---- against the corpus ----


def test_a_missing_and_an_invented_article_fail(edited: Edited, corpus: Corpus) -> None:
    text = READINGS.read_text(encoding="utf-8")
    text = changed(text, '"第一百四十三条"', '"第一百四十四条"')
    (missing, invented) = check(Readings.load(edited("r.toml", text)), corpus, TODAY)
    assert "缺少第一百四十三条" in str(missing)
    assert "没有第一百四十四条" in str(invented)
    assert invented.line is not None
    assert text.splitlines()[invented.line] == 'article = "第一百四十四条"'


def test_another_wording_must_be_read_again(edited: Edited, corpus: Corpus) -> None:
    text = changed(READINGS.read_text(encoding="utf-8"), "2018-03-11", "2004-03-14")
    (problem,) = check(Readings.load(edited("r.toml", text)), corpus, TODAY)
    assert "重新审核" in problem.mend


def test_a_review_in_the_future_fails(edited: Edited, corpus: Corpus) -> None:
    text = changed(READINGS.read_text(encoding="utf-8"), "2026-11-24", "2026-11-25")
    (problem,) = check(Readings.load(edited("r.toml", text)), corpus, TODAY)
    assert "还没到" in str(problem)


def test_an_article_that_is_not_there_is_a_key_error(edited: Edited, corpus: Corpus) -> None:
    path = edited("r.toml", changed(GOOD, '"第二条"', '"第九百条"'))
    reading = Readings.load(path).at(1)
    with pytest.raises(KeyError):
        reading.article(corpus, TODAY)
