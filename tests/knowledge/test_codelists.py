"""Code lists as shipped, and what an editor may get wrong."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.citations import resolve
from knowledge.codelists import CODELISTS, REQUIRED, TOWNS, CodeLists
from knowledge.corpus import Corpus
from knowledge.organs import SYSTEMS, Organs

TODAY = date(2026, 11, 24)
Write = Callable[[str, str], Path]


@pytest.fixture(scope="module")
def lists() -> CodeLists:
    return CodeLists.load()


def test_labels_and_keys(lists: CodeLists) -> None:
    groups = lists.get("groups")
    assert groups.label("elderly") == "老年人"
    assert groups.label("aliens") == "aliens（未登记）"
    assert len(groups) == 12
    assert [code.label for code in lists.get("headcount")] == ["签到", "估算", "扫码"]
    assert {"web", "wechat", "telegram", "offline"} <= set(lists.get("channels").keys)
    assert tuple(code.label for code in lists.get("systems")) == SYSTEMS
    with pytest.raises(KeyError):
        lists.get("group")
    for key in REQUIRED:
        found = lists.get(key)
        assert len({code.key for code in found}) == len({code.label for code in found}) > 2


def test_people_write_labels_aliases_or_keys(lists: CodeLists) -> None:
    groups = lists.get("groups")
    for text in ("elderly", "老年人", " 老年人 "):
        assert groups.find(text) is groups.get("elderly")
    assert groups.find("农民工") is groups.get("workers")
    assert groups.find("老年") is None
    assert lists.get("systems").find("食品卫生") is lists.get("systems").get("food_safety")


def test_no_body_stands_twice(lists: CodeLists) -> None:
    assert not {code.label for code in lists.get("bodies")} & set(Organs.load().names)


def test_venue_lists_have_as_many_as_they_say(lists: CodeLists, corpus: Corpus) -> None:
    found = {each.name: each for each in lists.venue_lists}
    assert {name: len(each.active(TODAY)) for name, each in found.items()} == {
        "八进": 8,
        "反诈五进": 5,
    }
    assert found["八进"].sample
    five = [code.label for code in found["反诈五进"].active(TODAY)]
    assert five == ["学校", "企业", "社区", "农村", "家庭"]
    (basis,) = found["反诈五进"].basis
    (article,) = resolve(corpus, basis.text, TODAY).articles
    assert corpus.status(article.version, TODAY).applies
    assert "".join(f"进{label}、" for label in five).rstrip("、") in article.text


def test_towns_and_villages(lists: CodeLists) -> None:
    assert (len(lists.towns), lists.sample, lists.county) == (16, True, "示例县")
    assert lists.samples == ("示例县的乡镇和村", "八进")
    town = lists.town("chengguan")
    assert town is not None
    assert town.label == lists.get("towns").label("chengguan") == "城关镇"
    assert lists.town_of("chengguan-01") is town
    assert lists.get("villages").label("chengguan-01") == "东街社区"
    assert (lists.town("nowhere"), lists.town_of("nowhere-01")) == (None, None)
    assert "示例" in TOWNS.read_text(encoding="utf-8").splitlines()[0]


def changed(edited: Write, old: str, new: str) -> Path:
    text = CODELISTS.read_text(encoding="utf-8")
    assert text.count(old) == 1, old
    return edited("codelists.toml", text.replace(old, new))


def line_of(text: str) -> int:
    lines = CODELISTS.read_text(encoding="utf-8").splitlines()
    return next(number for number, line in enumerate(lines, 1) if text in line)


ELDERLY = '{key = "elderly", label = "老年人"}'
ORGAN_VENUE = '{key = "agency"},'


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (ELDERLY, '{key = "elderly"}', "label"),
        (ELDERLY, '{key = "老人", label = "老年人"}', "key"),
        (ELDERLY, '{key = "farmers", label = "老年人"}', "重复"),
        (ELDERLY, '{key = "elderly", label = "村民"}', "同时指"),
        (ELDERLY, '{key = "elderly", label = "老年人", until = "昨天"}', "不是日期"),
        (
            ELDERLY,
            '{key = "elderly", label = "老年人", since = 2026-01-01, until = 2025-01-01}',
            "早于",
        ),
        (ELDERLY, '{key = "elderly", label = "老年人", lable = "x"}', "lable"),
        (ORGAN_VENUE, '{key = "palace"},', "palace"),
        (ORGAN_VENUE, '{key = "school"},', "写了两次"),
    ],
)
def test_mistakes_name_the_entrys_line(edited: Write, old: str, new: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        CodeLists.load(changed(edited, old, new))
    at = line_of(old) + (1 if new == '{key = "school"},' else 0)
    assert caught.value.line == at
    assert caught.value.mend


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        (f"  {ORGAN_VENUE}\n", "", "应有 8 个场所，列了 7 个"),
        ('name = "八进"', 'name = "九进"', "应有 9 个"),
        ('name = "八进"', 'name = "多进"', "几进"),
        ('{key = "agency"},', '{key = "agency", until = 2026-12-31},', "2027-01-01 起列了 7 个"),
        ('key = "eight"', 'key = "fraud_five"', "重复"),
        ('basis = "反电信网络诈骗法第八条"', 'basis = "某通知"', "依据"),
        ("sample = true\nsource", "sample = 1\nsource", "sample"),
    ],
)
def test_mistakes_in_venue_lists(edited: Write, old: str, new: str, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        CodeLists.load(changed(edited, old, new))
    lines = CODELISTS.read_text(encoding="utf-8").splitlines()
    heads = [n for n, line in enumerate(lines, 1) if line == "[[venue_list]]"]
    assert caught.value.line in heads + [head - 1 for head in heads]
    assert caught.value.mend


def test_a_venue_is_replaced_from_a_day_on(edited: Write) -> None:
    path = changed(
        edited,
        ORGAN_VENUE,
        '{key = "agency", until = 2026-12-31},\n  {key = "market", since = 2027-01-01},',
    )
    eight = next(each for each in CodeLists.load(path).venue_lists if each.name == "八进")
    before, after = (
        {code.key for code in eight.active(day)} for day in (date(2026, 12, 31), date(2027, 1, 1))
    )
    assert before ^ after == {"agency", "market"}


def test_an_entry_given_up_keeps_its_label(edited: Write) -> None:
    path = changed(edited, ELDERLY, '{key = "elderly", label = "老年人", until = 2025-12-31}')
    groups = CodeLists.load(path).get("groups")
    assert groups.label("elderly") == "老年人"
    assert groups.find("老年人", date(2025, 12, 31))
    assert groups.find("老年人", TODAY) is None
    assert "elderly" not in {code.key for code in groups.active(TODAY)}


def test_lists_are_complete_and_one_entry_a_line(edited: Write) -> None:
    text = CODELISTS.read_text(encoding="utf-8")
    start = text.index('[[list]]\nkey = "headcount"')
    without = text[:start] + text[text.index('[[list]]\nkey = "channels"') :]
    with pytest.raises(DataError, match="headcount"):
        CodeLists.load(edited("a.toml", without))
    two = text.replace('"签到"},\n  {', '"签到"}, {')
    with pytest.raises(DataError, match="各占一行"):
        CodeLists.load(edited("b.toml", two))


COUNTY = '[[county]]\nname = "甲县"\n\n'
TOWN = '[[town]]\nkey = "a"\nlabel = "甲镇"\nvillages = [\n  {key = "a-01", label = "甲村"},\n]\n'


def test_a_countys_own_towns(edited: Write) -> None:
    lists = CodeLists.load(CODELISTS, edited("towns.toml", COUNTY + TOWN))
    assert (lists.county, lists.sample) == ("甲县", False)
    assert lists.samples == ("八进",)
    assert lists.towns[0].market is None


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        (TOWN, None, "county"),
        (COUNTY, None, "town"),
        (COUNTY + TOWN + TOWN, 10, "重复"),
        (COUNTY + TOWN + TOWN.replace('"a"', '"b"').replace("甲镇", "乙镇"), 10, "全县不能重复"),
        (COUNTY + TOWN.replace("villages", 'market = "三六九"\nvillages'), 4, "集日"),
        (COUNTY + TOWN.replace("甲村", ""), 8, "空的"),
        (COUNTY + TOWN.replace("label", "name", 1), 4, "name"),
    ],
)
def test_mistakes_in_towns(edited: Write, text: str, line: int | None, problem: str) -> None:
    with pytest.raises(DataError, match=problem) as caught:
        CodeLists.load(CODELISTS, edited("towns.toml", text))
    assert caught.value.line == line
    assert caught.value.mend
