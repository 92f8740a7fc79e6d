"""The calendar as shipped fits the statutes; notices move it; mistakes are named by line."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import DataError, UsageError
from knowledge.calendar import COLUMNS, NODES, NOTICES, STATUTORY, Calendar
from knowledge.calendar_report import calendar_json, calendar_text
from knowledge.calendar_rules import Notice
from knowledge.citations import laws_meant, resolve
from knowledge.corpus import Corpus
from knowledge.lunar import YEARS
from knowledge.numerals import format_number

TODAY = date(2026, 11, 24)
SHIPPED = Calendar.load()
Write = Callable[[str, str], Path]
HEAD = ",".join(COLUMNS) + "\n"
GOOD = "a,甲日,fixed:12-04,司法局,公安局,宪法,宪法,,法治宣传教育法第十三条,法定,,,\n"


@pytest.fixture(scope="module")
def nodes() -> Calendar:
    return SHIPPED


def test_the_shipped_nodes(nodes: Calendar) -> None:
    assert len(nodes.nodes) == 47
    in_words = {node.name for node in nodes.nodes}
    seeds = {"三八妇女维权周", "综治（平安建设）宣传月", "国家宪法日", "民族团结进步宣传月（甘肃）"}
    assert seeds <= in_words


def test_every_basis_is_law_when_the_node_is(nodes: Calendar, corpus: Corpus) -> None:
    """As of today, or of the last day of a node that is given up; a repealed one fails."""
    for node in nodes.nodes:
        day = min(TODAY, node.until or TODAY)
        for basis in node.basis:
            if basis.article is None:
                (law,) = laws_meant(corpus, basis.law)
                version = corpus.version_on(law, day)
            else:
                found = resolve(corpus, basis.text, day)
                assert found.problem is None, f"{node.name}：{found.message}"
                version = found.articles[0].version
                assert found.articles[0].number == basis.article
            assert version is not None
            assert corpus.status(version, day).applies, f"{node.name}：{basis}"


def test_a_repealed_basis_would_fail(corpus: Corpus) -> None:
    found = resolve(corpus, "环境保护法第十二条", TODAY)
    assert not corpus.status(found.articles[0].version, TODAY).applies


def test_a_statutory_date_stands_in_its_article(nodes: Calendar, corpus: Corpus) -> None:
    """The rule in Chinese is found in the text of the first basis, digits either way."""

    def plain(text: str) -> str:
        text = text.replace("的", "").replace("国际家庭日", "").replace("全民健身日", "")
        return re.sub(r"\d+", lambda number: format_number(int(number[0])), text)

    statutory = [node for node in nodes.nodes if node.nature == STATUTORY]
    assert len(statutory) >= 20
    for node in statutory:
        day = min(TODAY, node.until or TODAY)
        first = node.basis[0]
        if first.article is None:
            (law,) = laws_meant(corpus, first.law)
            version = corpus.version_on(law, day)
            assert version is not None
            text = corpus.articles_of(version)[0].text
        else:
            text = resolve(corpus, first.text, day).articles[0].text
        for rule in node.rules:
            assert plain(rule.spelt) in plain(text), node.name


def test_the_year_is_sorted_and_complete(nodes: Calendar) -> None:
    found = nodes.occurrences(2026)
    assert [each.start for each in found] == sorted(each.start for each in found)
    by_key = {each.node.key: each for each in found}
    dated = {node.key for node in nodes.nodes if not node.on_market_days}
    assert set(by_key) == dated
    for key, start, end in (
        ("elders-day", "2026-10-18", "2026-10-18"),
        ("harvest-festival", "2026-09-23", "2026-09-23"),
        ("disabled-day", "2026-05-17", "2026-05-17"),
        ("national-defence-day", "2026-09-19", "2026-09-19"),
        ("ethnic-unity-week", "2026-09-21", "2026-09-27"),
        ("constitution-day", "2026-12-04", "2026-12-04"),
        ("wage-arrears-winter", "2026-11-15", "2027-02-05"),
    ):
        assert (str(by_key[key].start), str(by_key[key].end)) == (start, end)
    assert not by_key["constitution-day"].proposed
    assert by_key["constitution-week"].proposed
    assert by_key["ethnic-unity-week"].proposed


def test_nodes_begin_and_end(nodes: Calendar) -> None:
    keys = {year: {each.node.key for each in nodes.occurrences(year)} for year in range(2024, 2028)}
    assert [
        ("environment-day" in keys[y], "ecology-day" in keys[y]) for y in (2025, 2026, 2027)
    ] == [
        (True, True),
        (True, True),
        (False, True),
    ]
    assert ["taiwan-restoration-day" in keys[y] for y in (2024, 2025)] == [False, True]
    assert ["ethnic-unity-week" in keys[y] for y in (2025, 2026)] == [False, True]
    assert ["publicity-law-day" in keys[y] for y in (2024, 2025)] == [False, True]


@pytest.mark.parametrize(
    ("year", "start", "end"),
    [
        (2021, "2021-11-29", "2021-12-05"),
        (2022, "2022-12-04", "2022-12-10"),
        (2025, "2025-12-01", "2025-12-07"),
    ],
)
def test_notices_move_the_constitution_week(
    nodes: Calendar, year: int, start: str, end: str
) -> None:
    (week,) = [each for each in nodes.occurrences(year) if each.node.key == "constitution-week"]
    assert (str(week.start), str(week.end), week.proposed) == (start, end, False)
    assert week.basis.startswith("通知：")


def test_a_notice_that_names_only_the_start(nodes: Calendar) -> None:
    months = {
        year: next(e for e in nodes.occurrences(year) if e.node.key == "anti-fraud-month")
        for year in (2022, 2023, 2024, 2025, 2026)
    }
    starts = ["2022-05-10", "2023-06-15", "2024-06-24", "2025-06-16", "2026-06-15"]
    assert [str(each.start) for each in months.values()] == starts
    assert {each.days for each in months.values()} == {30}
    assert all(each.proposed for each in months.values())
    assert "推算" in months[2024].basis
    assert months[2026].basis == "按年度通知（通常6月15日至7月14日）"


def test_due_looks_over_new_year(nodes: Calendar) -> None:
    due = nodes.due(date(2027, 1, 10), 60)
    assert [each.node.key for each in due.running] == ["wage-arrears-winter"]
    assert due.running[0].year == 2026
    assert {each.node.key for each in due.coming} == {"womens-rights-week", "safe-county-month"}
    december = nodes.due(date(2026, 12, 20), 75)
    assert {each.node.key for each in december.coming} == {
        "womens-rights-week",
        "safe-county-month",
    }


@given(st.dates(date(2015, 1, 1), date(2040, 12, 31)), st.integers(0, 90))
def test_due_against_a_slow_count(day: date, ahead: int) -> None:
    due = SHIPPED.due(day, ahead)
    everything = [
        each for year in range(day.year - 1, day.year + 2) for each in SHIPPED.occurrences(year)
    ]
    assert set(due.running) == {e for e in everything if e.start <= day and day <= e.end}
    window = {day + timedelta(days=n) for n in range(1, ahead + 1)}
    assert set(due.coming) == {e for e in everything if e.start in window}


def test_market_days_of_the_towns(nodes: Calendar) -> None:
    # 2026-11-24 is 农历十月十六
    (first, *_) = nodes.due(TODAY, 3).markets
    assert (first.day, first.town.label) == (TODAY, "城关镇")
    days = [each.day for each in nodes.market_days(date(2026, 11, 1), date(2026, 11, 30))]
    assert days == sorted(days)
    assert not [each.node for each in nodes.occurrences(2026) if each.node.key == "market-days"]


def test_years_outside_the_tables(nodes: Calendar) -> None:
    assert nodes.occurrences(YEARS[0])
    assert nodes.occurrences(YEARS[-1])
    assert nodes.due(date(YEARS[0], 1, 1)).coming == ()
    assert nodes.due(date(YEARS[-1], 12, 31)).running
    for year in (YEARS[0] - 1, YEARS[-1] + 1):
        with pytest.raises(UsageError, match=str(year)):
            nodes.occurrences(year)
        with pytest.raises(UsageError, match=str(year)):
            nodes.due(date(year, 6, 1))


def test_the_text(nodes: Calendar) -> None:
    text = calendar_text(nodes, 2026, TODAY)
    lines = text.splitlines()
    assert lines[0] == "示例县2026年普法节点日历（截至2026-11-24）"
    assert "示例" in lines[1]
    assert [line for line in lines if re.fullmatch(r"\d+月", line)] == [
        f"{month}月" for month in (3, 4, 5, 6, 8, 9, 10, 11, 12)
    ]
    running = text[text.index("正在进行") : text.index("今后30天内开始")]
    assert "根治欠薪冬季行动" in running
    assert "消防宣传月" in running
    assert "宪法宣传周（日期待确认），司法局牵头，还有7天" in text
    assert "上年延续" in text
    assert "城关镇：逢农历三、六、九" in text
    assert "12月4日 国家宪法日｜司法局（全体责任单位）｜法定：法治宣传教育法第十三条" in text
    with_theme = calendar_text(nodes, 2025, TODAY)
    assert "主题：学习宣传贯彻习近平法治思想，推动宪法深入人心" in with_theme


def test_the_json(nodes: Calendar) -> None:
    value = json.loads(calendar_json(nodes, 2026, TODAY, ahead=14))
    assert (value["year"], value["as_of"]) == (2026, "2026-11-24")
    assert len(value["occurrences"]) == len(nodes.occurrences(2026))
    week = next(each for each in value["occurrences"] if each["node"] == "constitution-week")
    assert (week["start"], week["end"], week["state"]) == ("2026-12-01", "2026-12-07", "coming")
    assert week["proposed"] is True
    assert week["legal_basis"] == ["法治宣传教育法第十三条"]
    assert [each["node"] for each in value["carried_over"]] == ["wage-arrears-winter"]
    assert {each["node"] for each in value["due"]["coming"]} == {
        *("work-safety-law-week", "constitution-week", "traffic-safety-day"),
        *("constitution-day", "statistics-day"),
    }
    assert value["samples"] == ["示例县的乡镇和村", "八进"]


@pytest.mark.parametrize(
    ("row", "problem"),
    [
        (GOOD.replace("fixed:12-04", "fixed:12-32"), "日期规则"),
        (GOOD.replace("司法局", "司法局、公安局"), "司法局、公安局"),
        (GOOD.replace("公安局", "市场监管局"), "市场监管局"),
        (GOOD.replace("公安局", "司法局"), "写了两次"),
        (GOOD.replace("宪法,宪法", "普法,宪法"), "主题"),
        (GOOD.replace("宪法,宪法", "宪法,普法"), "系统"),
        (GOOD.replace("第十三条", "第十三条等"), "依据"),
        (GOOD.replace("法治宣传教育法第十三条", "年度通知"), "依据"),
        (GOOD.replace("法治宣传教育法第十三条", ""), "没有写依据"),
        (GOOD.replace("法定", "常规"), "性质"),
        (GOOD.replace("法定,,,", "法定,2026-01-01,2025-01-01,"), "早于"),
        (GOOD.replace("法定,,,", "法定,去年,,"), "不是日期"),
        (GOOD.replace("a,", "甲,", 1), "编号"),
        (GOOD.replace(",甲日", ",乙日") * 2, "编号重复"),
        (GOOD.replace("a,", "b,", 1), "节点名称重复"),
    ],
)
def test_mistakes_in_nodes(edited: Write, row: str, problem: str) -> None:
    good = GOOD if "节点名称" in problem else GOOD.replace("a,甲日", "z,丙日")
    path = edited("nodes.csv", HEAD + good + row)
    with pytest.raises(DataError, match=problem) as caught:
        Calendar.load(path, NOTICES)
    assert caught.value.line == (4 if problem == "编号重复" else 3)
    assert caught.value.mend


NOTICE = """[[notice]]
node = "constitution-week"
year = 2026
start = 2026-11-30
end = 2026-12-06
source = "通知"
"""


def test_a_notice_confirms_the_date(edited: Write) -> None:
    moved = Calendar.load(NODES, edited("notices.toml", NOTICE))
    week = next(e for e in moved.occurrences(2026) if e.node.key == "constitution-week")
    assert (str(week.start), week.proposed) == ("2026-11-30", False)
    usual = next(e for e in moved.occurrences(2025) if e.node.key == "constitution-week")
    assert (str(usual.start), usual.proposed) == ("2025-12-01", True)


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (NOTICE.replace("constitution-week", "constitution-weak"), 1, "constitution-weak"),
        (NOTICE.replace("constitution-week", "constitution-day"), 1, "不由通知确定"),
        (NOTICE.replace("constitution-week", "market-days"), 1, "不由通知确定"),
        (NOTICE.replace("2026-11-30", "2025-11-30"), 1, "不在 2026 年"),
        (NOTICE.replace("2026-12-06", "2026-11-01"), 1, "早于"),
        (NOTICE.replace("year = 2026", 'year = "2026"'), 1, "整数"),
        (NOTICE.replace('source = "通知"\n', ""), 1, "source"),
        (NOTICE.replace("start", "begin"), 1, "begin"),
        (NOTICE + NOTICE, 7, "重复"),
        (
            NOTICE.replace("constitution-week", "ethnic-unity-week").replace("2026", "2025"),
            1,
            "没有",
        ),
    ],
)
def test_mistakes_in_notices(edited: Write, text: str, line: int, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        Calendar.load(NODES, edited("notices.toml", text))
    assert caught.value.line == line
    assert caught.value.mend


def test_a_node_with_several_dates_keeps_the_exact_ones(edited: Write) -> None:
    row = "b,乙周,notice:range:12-01/12-07;fixed:12-04,司法局,,宪法,宪法,,,年度通知,,,\n"
    path = edited("nodes.csv", HEAD + row)
    notice = edited("notices.toml", NOTICE.replace("constitution-week", "b"))
    found = [(str(e.start), e.proposed) for e in Calendar.load(path, notice).occurrences(2026)]
    assert found == [("2026-11-30", False), ("2026-12-04", False)]


def test_every_notice_rule_tells_that_it_moves(nodes: Calendar) -> None:
    for node in nodes.nodes:
        if any(isinstance(rule, Notice) for rule in node.rules):
            assert node.nature == "年度通知", node.name
