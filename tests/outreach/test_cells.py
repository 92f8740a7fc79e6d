from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from outreach.activities import Activity, Material
from outreach.cells import Flaw, Reader, remarks_of
from outreach.codes import Codes, county_codes
from tests.conftest import examples

TODAY = date(2026, 11, 24)


@pytest.fixture(scope="module")
def codes() -> Codes:
    return county_codes()


def read(codes: Codes, **fields: Any) -> tuple[Activity | None, list[Flaw]]:
    given: dict[str, Any] = {
        "日期": date(2026, 3, 5),
        "责任单位": "公安局",
        "活动名称": "反诈宣传",
        "场次": 1,
        "填报人": "张三",
    }
    reader = Reader(given | fields, codes, TODAY)
    return reader.activity(), reader.flaws


def good(codes: Codes, **fields: Any) -> Activity:
    found, flaws = read(codes, **fields)
    assert flaws == []
    assert found is not None
    return found


@pytest.mark.parametrize(
    "cell",
    [
        date(2026, 3, 5),
        datetime(2026, 3, 5, 9, 30),  # noqa: DTZ001 (what a spreadsheet holds)
        *("2026-03-05", "2026-3-5", "2026/3/5", "2026.3.5", "2026年3月5日", "2026年03月05"),
        *(" ２０２６-０３-０５ ", "2026-03-05 00:00:00"),
    ],
)
def test_dates_as_they_are_written(codes: Codes, cell: Any) -> None:
    assert good(codes, 日期=cell).first == date(2026, 3, 5)


@pytest.mark.parametrize(
    ("cell", "words"),
    [
        ("3月5日", "没有年份"),
        ("03-05", "没有年份"),
        ("2026-02-30", "没有这一天"),
        ("2026年3月", "不是日期"),
        ("2026-03/05", "不是日期"),
        (46086, "不是日期"),
        (True, "不是日期"),
        ("2026-11-25", "还没有到"),
        ("1926-03-05", "太早"),
        (None, "没有填写"),
    ],
)
def test_dates_that_cannot_be_used(codes: Codes, cell: Any, words: str) -> None:
    found, flaws = read(codes, 日期=cell)
    assert found is None
    (flaw,) = flaws
    assert (flaw.column, words in str(flaw)) == ("日期", True)


@pytest.mark.parametrize(
    ("cell", "number"),
    [(120, 120), (120.0, 120), ("120", 120), ("1,200", 1200), ("１２０", 120), (0, None)],
)
def test_numbers_as_they_are_written(codes: Codes, cell: Any, number: int | None) -> None:
    assert good(codes, 线下人次=cell, 人数统计方法="签到").attended == number


@pytest.mark.parametrize(
    "cell", ["4000余", "约4000", "近4000", "4000多", "4000左右", "5万余", "300+"]
)
def test_rounded_numbers_are_refused(codes: Codes, cell: str) -> None:
    _, (flaw,) = read(codes, 线下人次=cell, 人数统计方法="估算")
    assert "不是准确的数字" in flaw.problem
    assert "估算" in flaw.mend


@pytest.mark.parametrize("cell", [-1, 1.5, "一百", "120人次", "nan", float("inf"), 10**10, True])
def test_what_is_no_number_is_refused(codes: Codes, cell: Any) -> None:
    _, (flaw,) = read(codes, **{"资料(份)": cell})
    assert flaw.column == "资料(份)"


@settings(deadline=None, max_examples=examples(200))
@given(cell=st.one_of(st.text(), st.integers(), st.floats(), st.booleans(), st.none()))
def test_no_cell_is_a_traceback(codes: Codes, cell: Any) -> None:
    for column in ("日期", "线下人次", "村(社区)", "宣传法律", "备注", "捐赠", "编号", "场次"):
        found, flaws = read(codes, **{column: cell})
        assert (found is None) == bool(flaws)


def test_people_need_a_method(codes: Codes) -> None:
    _, (flaw,) = read(codes, 线下人次=5)
    assert (flaw.column, "签到、估算、扫码" in flaw.mend) == ("人数统计方法", True)
    assert good(codes, 线下人次=5, 人数统计方法="估算").estimated


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"场次": 1, "期": 1}, "都填了"),
        ({"场次": None}, "都没有填"),
        ({"场次": 3}, "大于1"),
        ({"责任单位": "公安局、教育局"}, "责任单位"),
        ({"普法主题": "反炸"}, "可用：宪法"),
        ({"重点对象": "农民、妇女"}, "只能写一个"),
        ({"乡镇": "城管镇"}, "城关镇"),
        ({"乡镇": "东川镇", "村(社区)": "东街社区"}, "在东川镇查不到"),
        ({"节点": "光棍节"}, "不是日历里的节点"),
        ({"渠道": "web"}, "不是线下渠道"),
        ({"线上人次": 5}, "由系统统计"),
        ({"宣传法律": "反电信诈骗防治法"}, "查不到"),
        ({"捐赠": "3条"}, "单位只用份、册、件"),
        ({"捐赠": "3册、4册"}, "写了两次"),
        ({"备注": "止日：2026-03-01"}, "早于日期"),
        ({"备注": "编号：一 二"}, "不能作编号"),
        ({"活动名称": "长" * 121}, "太长"),
        ({"活动名称": "—"}, "没有填写"),
        ({"咨询人次": 3, "备注": "现场咨询：4", "人数统计方法": "签到"}, "重复"),
    ],
)
def test_each_flaw_names_its_cell(codes: Codes, fields: dict[str, Any], words: str) -> None:
    found, flaws = read(codes, **fields)
    assert found is None
    assert words in "".join(map(str, flaws))


def test_all_flaws_of_a_row_are_found_at_once(codes: Codes) -> None:
    _, flaws = read(codes, 日期="3月5日", 线下人次="约5", 乡镇="某镇", 普法形式="唱歌", 填报人="")
    assert {f.column for f in flaws} >= {"日期", "线下人次", "乡镇", "普法形式", "填报人"}


def test_words_of_the_county(codes: Codes) -> None:
    told = good(codes, 责任单位="县公安局", 普法主题="食品安全", 系统="食品卫生", N进="进校园")
    assert (told.organ, told.topic, told.system) == ("公安局", "食品药品", "食品安全")
    assert told.venue == "school"
    assert good(codes, 责任单位="城关镇人民政府").organ == "城关镇"
    assert good(codes, 宣传法律="消法").system == "消费"
    assert good(codes, 节点="国际消费者权益日").system == "消费"


def test_the_first_town_that_a_village_s_name_fits_is_not_guessed(codes: Codes) -> None:
    assert good(codes, **{"村(社区)": "东街社区"}).town == "chengguan"


_words = st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "S"]), max_size=12)


@settings(deadline=None, max_examples=examples(60))
@given(
    place=_words,
    campaign=_words,
    note=_words,
    number=st.from_regex(r"[A-Z][0-9]{1,6}", fullmatch=True),
)
def test_remarks_come_back(codes: Codes, place: str, campaign: str, note: str, number: str) -> None:
    told = good(
        codes,
        地点=place,
        专项=campaign,
        编号=number,
        备注=note.replace("：", "").replace(":", ""),
        捐赠="3册",
        另有="2台",
        止日="2026-03-07",
        现场咨询=4,
        人数统计方法="签到",
    )
    again = good(codes, 备注=remarks_of(told, told.consulted), 人数统计方法="签到")
    assert again == told
    assert again.materials == (Material(2, "台"), Material(3, "册", donated=True))
