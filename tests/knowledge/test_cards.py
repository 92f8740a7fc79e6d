"""Scenario cards: as committed they stand against the statutes; every rule catches its breach."""

from __future__ import annotations

import contextlib
from collections import Counter
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import DataError
from knowledge.cards import CARDS, Cards, Cited, check
from knowledge.corpus import Corpus
from tests.conftest import examples

TODAY = date(2026, 11, 24)
GOOD = """+++
id = "fraud-test"
title = "测试卡片"
topic = "fraud"
phrases = ["刷单能挣钱吗", "做任务要垫钱", "垫了钱提不出来", "我妈刷单被骗", "刷旦的钱咋要"]
answer = "别再垫钱，已转了打110，没转打96110。"
articles = ["刑法第二百六十六条", "反电信网络诈骗法第二十条"]
hotlines = ["96110", "110"]
organ = "公安局"
urgent = true
reviewed = 2026-11-24
+++
## 怎么办
1. 停手，不再垫钱。
2. 马上打110。
3. 叫银行止付。
## 留好证据
- 转账记录，只给警察，不要发给别人。
- 聊天截图。
## 法律这样说
> “诈骗公私财物，数额较大的，处三年以下有期徒刑、拘役或者管制” （《刑法》第二百六十六条）
## 记住一句
要先垫钱的兼职，都是诈骗。
"""


@pytest.fixture(scope="session")
def cards() -> Cards:
    return Cards.load()


def load(folder: Path, *texts: str) -> Cards:
    """Cards from texts, each in the file that its id names (fraud-test, fraud-test2, …)."""
    for number, text in enumerate(texts, 1):
        name = "fraud-test" if number == 1 else f"fraud-test{number}"
        (folder / f"{name}.md").write_text(
            text.replace('id = "fraud-test"', f'id = "{name}"'), encoding="utf-8"
        )
    return Cards.load(folder)


def changed(old: str, new: str) -> str:
    assert GOOD.count(old) == 1, old
    return GOOD.replace(old, new)


def problems(folder: Path, corpus: Corpus, text: str, today: date = TODAY) -> list[DataError]:
    return check(load(folder, text), corpus, today)


# ---- the committed cards ----


def test_every_card_stands_against_the_statutes(cards: Cards, corpus: Corpus) -> None:
    assert [str(problem) for problem in check(cards, corpus, TODAY)] == []


def test_there_are_enough_cards_on_fraud(cards: Cards) -> None:
    fraud = [card for card in cards.all if card.path.parent == CARDS / "fraud"]
    assert len(fraud) >= 62
    assert {card.topic for card in fraud} == {"fraud"}
    assert all(card.id.startswith("fraud-") for card in fraud)


def test_an_urgent_fraud_card_leads_to_the_police(cards: Cards) -> None:
    for card in cards.all:
        if card.urgent and card.topic == "fraud":
            assert set(card.hotlines) & {"110", "96110"}, card.id
            assert any(number in card.answer for number in ("110", "96110")), card.id


def test_phrases_are_varied(cards: Cards) -> None:
    for card in cards.all:
        if card.topic == "fraud":
            lengths = [len(phrase) for phrase in card.phrases]
            assert max(lengths) >= 60, f"{card.id}: no story"
            assert min(lengths) <= 12, f"{card.id}: nothing short"


def test_cards_are_written_not_copied(cards: Cards) -> None:
    """A step may recur where the situation is the same; a card made of others' steps may not."""
    steps = Counter(step for card in cards.all for step in card.steps)
    for card in cards.all:
        own = [step for step in card.steps if steps[step] == 1]
        assert len(own) * 2 > len(card.steps), card.id
    answers = Counter(card.answer for card in cards.all)
    assert max(answers.values()) == 1
    assert max(Counter(card.maxim for card in cards.all).values()) == 1


def test_no_card_promises_an_outcome(cards: Cards) -> None:
    for card in cards.all:
        text = "".join((card.answer, *card.steps, *card.evidence, card.maxim))
        for promise in ("一定能追回", "保证追回", "肯定能要回", "包追回", "百分之百", "一定胜诉"):
            assert promise not in text, card.id


def test_the_example_of_the_readme_is_a_good_card(corpus: Corpus, tmp_path: Path) -> None:
    example = (CARDS / "README.md").read_text(encoding="utf-8").split("```\n")[1]
    path = tmp_path / "fraud-dai-ling-kuaidi.md"
    path.write_text(example, encoding="utf-8")
    found = Cards.load(tmp_path)
    assert [card.id for card in found.all] == ["fraud-dai-ling-kuaidi"]
    assert check(found, corpus, TODAY) == []


# ---- reading ----


def test_a_card_is_read_whole(tmp_path: Path) -> None:
    card = load(tmp_path, GOOD).all[0]
    assert (card.id, card.title, card.topic, card.organ) == (
        "fraud-test",
        "测试卡片",
        "fraud",
        "公安局",
    )
    assert card.hotlines == ("110", "96110")  # most urgent first
    assert card.urgent
    assert card.reviewed == date(2026, 11, 24)
    assert card.articles == (
        Cited("刑法", "第二百六十六条"),
        Cited("反电信网络诈骗法", "第二十条"),
    )
    assert card.steps == ("停手，不再垫钱。", "马上打110。", "叫银行止付。")
    assert card.evidence[1] == "聊天截图。"
    assert [(q.citation, q.line) for q in card.quotes] == [("《刑法》第二百六十六条", 21)]
    assert card.quotes[0].text.startswith("诈骗公私财物")
    assert card.maxim == "要先垫钱的兼职，都是诈骗。"


def test_cards_are_found_by_id_and_by_article(tmp_path: Path) -> None:
    other = changed(
        '"刑法第二百六十六条", "反电信网络诈骗法第二十条"',
        '"反电信网络诈骗法第二十条", "刑法第二百六十六条"',
    ).replace("测试卡片", "第二张卡片")
    for phrase in load(tmp_path, GOOD).all[0].phrases:
        other = other.replace(phrase, f"{phrase}，再问一遍")
    found = load(tmp_path, GOOD, other)
    assert [card.id for card in found.all] == ["fraud-test", "fraud-test2"]
    second = found.get("fraud-test2")
    assert second is not None
    assert second.title == "第二张卡片"
    assert found.get("none") is None

    def ids(law: str, number: str) -> list[str]:
        return [card.id for card in found.of_article(law, number)]

    assert ids("刑法", "第二百六十六条") == ["fraud-test", "fraud-test2"]
    assert ids("反电信网络诈骗法", "第二十条") == ["fraud-test2", "fraud-test"]
    assert ids("刑法", "第二百六十七条") == []


def test_a_readme_and_an_empty_folder_are_no_cards(tmp_path: Path) -> None:
    assert Cards.load(tmp_path).all == ()
    (tmp_path / "README.md").write_text("# 怎么写\n", encoding="utf-8")
    (tmp_path / "consumer").mkdir()
    assert Cards.load(tmp_path).all == ()


def test_windows_line_ends_and_bom_are_read(tmp_path: Path) -> None:
    path = tmp_path / "fraud-test.md"
    path.write_bytes(b"\xef\xbb\xbf" + GOOD.replace("\n", "\r\n").encode())
    assert Cards.load(tmp_path).all[0].maxim == "要先垫钱的兼职，都是诈骗。"


BREACHES = [
    # (what stands, what a person wrote instead, line, problem)
    ('id = "fraud-test"\n', 'id = "fraud-other"\n', 2, "与文件名"),
    ('id = "fraud-test"\n', 'id = "诈骗"\n', 2, "id '诈骗' 不对"),
    ('id = "fraud-test"\n', "", 1, "缺少文字字段 'id'"),
    ("测试卡片", "很长的标题" * 5, 3, "最多 24 个"),
    ("测试卡片", "**醒目**", 3, "排版符号"),
    ('topic = "fraud"', 'topic = "scam"', 4, "没有主题 'scam'"),
    ('"我妈刷单被骗", "刷旦的钱咋要"]', '"我妈刷单被骗"]', 5, "应为 5–8 句"),
    ('"刷旦的钱咋要"]', '"一二三四", "二三四五", "三四五六", "四五六七", "五六七八"]', 5, "5–8"),
    ('"刷旦的钱咋要"]', '"刷单能挣钱吗"]', 5, "重复项"),
    ('"刷旦的钱咋要"]', '"短"]', 5, "太短或太长"),
    ('"刷旦的钱咋要"]', f'"{"长" * 201}"]', 5, "太短或太长"),
    ("别再垫钱，已转了", "别再垫钱，" * 30, 6, "最多 120 个"),
    ("别再垫钱，已转了", "依照刑法第二百六十六条，", 6, "法条字样"),
    ("别再垫钱，已转了", "《刑法》说了，", 6, "法条字样"),
    ("没转打96110。", "没转打96119。", 6, "号码 '96119' 不在"),
    ("没转打96110。", "加微信13812345678。", 6, "号码 '13812345678' 不在"),
    ("没转打96110。", "看https://example.com。", 6, "排版符号"),
    ('articles = ["刑法第二百六十六条", ', "articles = [", 21, "不在 articles 里"),
    ('"反电信网络诈骗法第二十条"]', '"反电信网络诈骗法"]', 7, "看不懂条文"),
    ('"反电信网络诈骗法第二十条"]', '"反电信网络诈骗法第20条"]', 7, "看不懂条文"),
    ('"反电信网络诈骗法第二十条"]', '"第二十条"]', 7, "看不懂条文"),
    (
        '"反电信网络诈骗法第二十条"]',
        '"刑法第一条", "刑法第二条", "刑法第三条", "刑法第四条"]',
        7,
        "应为 1–4 条",
    ),
    ('hotlines = ["96110", "110"]', 'hotlines = ["4008000000"]', 8, "不在 hotlines.toml 里"),
    (
        'hotlines = ["96110", "110"]',
        'hotlines = ["96110", "110", "12345", "12348"]',
        8,
        "应为 1–3 个",
    ),
    ('hotlines = ["96110", "110"]', "hotlines = []", 8, "应为 1–3 个"),
    ('organ = "公安局"', 'organ = "派出所"', 9, "不在 organs.csv"),
    ("urgent = true", 'urgent = "是"', 10, "true 或 false"),
    ("urgent = true\n", "", 1, "true 或 false"),
    ("reviewed = 2026-11-24", 'reviewed = "去年"', 11, "不是日期"),
    ("reviewed = 2026-11-24", 'reviewed = ""', 11, "缺少审核日期"),
    ("reviewed = 2026-11-24", 'reviewer = "甲"', 11, "不认识的字段 'reviewer'"),
    ("urgent = true", "urgent = 真", 10, "TOML 语法错误"),
    ("+++\n## 怎么办", "## 怎么办", 1, "没有 .*包住"),
    ("## 怎么办", "## 怎么做", 13, "小标题"),
    ("## 怎么办", "先看这里\n## 怎么办", 13, "第一个小标题前有文字"),
    ("## 记住一句\n要先垫钱的兼职，都是诈骗。\n", "", 21, "缺少一节“记住一句”"),
    ("## 留好证据\n", "## 法律这样说\n", 17, "小标题"),
    ("2. 马上打110。", "3. 马上打110。", 15, "写法不对"),
    ("2. 马上打110。", "- 马上打110。", 15, "写法不对"),
    ("2. 马上打110。\n3. 叫银行止付。\n", "", 13, "有 1 行，应为 3–6 行"),
    ("3. 叫银行止付。", "3. " + "叫银行止付" * 10, 16, "最多 45 个"),
    ("3. 叫银行止付。", "3. 打95588叫银行止付。", 13, "号码 '95588' 不在"),
    ("3. 叫银行止付。", "3. 叫**银行**止付。", 16, "排版符号"),
    ("- 聊天截图。\n", "", 17, "应为 2–5 行"),
    ("- 聊天截图。", "- " + "聊天截图" * 20, 19, "最多 60 个"),
    ("只给警察，不要发给别人", "发给我们", 17, "没有写“只给警察”"),
    ("> “诈骗", "“诈骗", 21, "引文写法不对"),
    ("> “诈骗", "> “诈骗“", 21, "引文写法不对"),
    ("（《刑法》第二百六十六条）", "", 21, "引文写法不对"),
    ("（《刑法》第二百六十六条）", "（《刑法》第二百六十七条）", 21, "不在 articles 里"),
    ("要先垫钱的兼职，都是诈骗。", "要先垫钱的。\n都是诈骗。", 22, "有 2 行，应为 1 行"),
    ("要先垫钱的兼职，都是诈骗。", "要先垫钱的兼职" * 6, 23, "最多 40 个"),
]


@pytest.mark.parametrize(("old", "new", "line", "problem"), BREACHES)
def test_a_breach_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, problem: str
) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        load(tmp_path, changed(old, new))
    assert caught.value.line == line
    assert caught.value.path.endswith("fraud-test.md")
    assert caught.value.mend


def test_amounts_are_no_numbers_to_call(tmp_path: Path) -> None:
    text = changed("3. 叫银行止付。", "3. 转走12000元、115块的，叫银行止付。")
    assert load(tmp_path, text).all[0].steps[2].startswith("转走12000元")


@pytest.mark.parametrize(
    ("old", "new", "key", "line"),
    [
        ("", "", "title", 3),
        ("测试卡片", "第二张", "phrases", 5),
        ("刷单能挣钱吗", "刷单，能挣钱吗？", "phrases", 5),
    ],
)
def test_cards_do_not_repeat_each_other(
    tmp_path: Path, old: str, new: str, key: str, line: int
) -> None:
    second = GOOD.replace(old, new) if old else GOOD
    if key == "phrases":
        second = second.replace("测试卡片", "第二张")
    with pytest.raises(DataError, match=f"{key} 与 fraud-test.md 重复") as caught:
        load(tmp_path, GOOD, second)
    assert caught.value.path.endswith("fraud-test2.md")
    assert caught.value.line == line


def test_one_id_in_two_folders_is_refused(tmp_path: Path) -> None:
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "fraud-test.md").write_text(GOOD, encoding="utf-8")
    with pytest.raises(DataError, match=r"id 与 fraud-test\.md 重复"):
        Cards.load(tmp_path)


@settings(max_examples=examples(150), deadline=None)
@given(data=st.data())
def test_a_damaged_card_is_refused_or_read_never_a_traceback(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject
) -> None:
    lines = GOOD.splitlines()
    at = data.draw(st.integers(0, len(lines) - 1))
    junk = data.draw(
        st.one_of(
            st.none(),
            st.text(max_size=40),
            st.sampled_from(
                ["+++", "## 怎么办", "id = 1", "[a]", "1. ", "- ", "> “一二三四” （《甲》第一条）"]
            ),
        )
    )
    lines[at : at + 1] = [] if junk is None else [junk]
    path = tmp_path_factory.mktemp("damaged") / "fraud-test.md"
    path.write_bytes("\n".join(lines).encode("utf-8", "surrogatepass"))
    with contextlib.suppress(DataError):
        assert len(Cards.load(path.parent).all) == 1


# ---- against the statutes ----


def test_a_good_card_has_no_problem(tmp_path: Path, corpus: Corpus) -> None:
    assert problems(tmp_path, corpus, GOOD) == []


def test_a_wrong_word_in_a_quotation_is_shown(tmp_path: Path, corpus: Corpus) -> None:
    (problem,) = problems(tmp_path, corpus, changed("处三年以下", "处五年以下"))
    assert problem.line == 21
    assert "不一致" in str(problem)
    assert "原文“三”，卡片“五”" in problem.mend


@pytest.mark.parametrize(
    ("cited", "said"),
    [
        ("环境保护法第六条", "废止"),
        ("医疗保障法第一条", "施行"),
        ("刑法第九百九十九条", "第九百九十九条"),
        ("没有这部法第一条", "没有这部法"),
        ("消法第五十五条", "请写成“消费者权益保护法第五十五条”"),
        ("中华人民共和国刑法第一条", "请写成“刑法第一条”"),
    ],
)
def test_an_article_that_does_not_apply_fails(
    tmp_path: Path, corpus: Corpus, cited: str, said: str
) -> None:
    text = changed('"反电信网络诈骗法第二十条"]', f'"{cited}"]')
    (problem,) = problems(tmp_path, corpus, text)
    assert problem.line == 7
    assert said in str(problem)


def test_a_quotation_of_a_law_repealed_since_fails(tmp_path: Path, corpus: Corpus) -> None:
    version = corpus.version_on("中华人民共和国环境保护法", TODAY)
    assert version is not None
    article = corpus.find(version, "第六条")
    assert article is not None
    quote = article.text.splitlines()[0].rstrip("。")
    text = changed('"反电信网络诈骗法第二十条"]', '"环境保护法第六条"]').replace(
        "## 记住一句", f"> “{quote}” （《环境保护法》第六条）\n## 记住一句"
    )
    found = problems(tmp_path, corpus, text)
    assert [problem.line for problem in found] == [7, 22]
    assert all("废止" in str(problem) for problem in found)


def test_status_is_that_of_the_day(tmp_path: Path, corpus: Corpus) -> None:
    before = date(2022, 11, 30)  # 反电信网络诈骗法 applies from the next day
    found = problems(tmp_path, corpus, changed("2026-11-24", "2022-11-01"), before)
    assert [problem.line for problem in found] == [7]


def test_a_citation_in_the_steps_is_checked(tmp_path: Path, corpus: Corpus) -> None:
    text = changed("3. 叫银行止付。", "3. 依照《刑法》第九百九十九条叫银行止付。")
    (problem,) = problems(tmp_path, corpus, text)
    assert problem.line == 13
    assert "第九百九十九条" in str(problem)


def test_a_review_in_the_future_fails(tmp_path: Path, corpus: Corpus) -> None:
    (problem,) = problems(tmp_path, corpus, changed("2026-11-24", "2026-11-25"))
    assert problem.line == 11
    assert "还没到" in str(problem)


def test_a_quotation_that_cannot_be_attached_fails(tmp_path: Path, corpus: Corpus) -> None:
    text = changed("（《刑法》第二百六十六条）", "（《刑法》第二百六十六条、第二百六十六条第一款）")
    (problem,) = problems(tmp_path, corpus, text)
    assert problem.line == 21
    assert "无法核对" in str(problem)
