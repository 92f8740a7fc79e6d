"""Dates lines as the national database prints them."""

from __future__ import annotations

from datetime import date

import pytest

from knowledge.articles import Level
from knowledge.imports.dates import (
    closing_commencement,
    guess_level,
    guess_region,
    is_history,
    read_history,
)

NPCSC = "全国人民代表大会常务委员会"
D = date


@pytest.mark.parametrize(
    ("line", "adopted", "published", "effective", "issuer", "region"),
    [
        (
            "（1993年10月31日第八届全国人民代表大会常务委员"
            "会第四次会议通过　根据2009年8月27日第十一届全国"
            "人民代表大会常务委员会第十次会议《关于修改部分法律的"
            "决定》第一次修正　根据2013年10月25日第十二届"
            "全国人民代表大会常务委员会第五次会议《关于修改〈中"
            "华人民共和国消费者权益保护法〉的决定》第二次修正）",
            D(2013, 10, 25), None, None, NPCSC, None,
        ),
        (
            "（2003年4月27日中华人民共和国国务院令第375号公"
            "布　根据2010年12月20日《国务院关于修改〈工伤保险"
            "条例〉的决定》修订）",
            D(2010, 12, 20), None, None, "国务院", None,
        ),
        (
            "（2024年2月23日国务院第26次常务会议通过　20"
            "24年3月15日中华人民共和国国务院令第778号公布　"
            "自2024年7月1日起施行）",
            D(2024, 2, 23), D(2024, 3, 15), D(2024, 7, 1), "国务院", None,
        ),
        (
            "（2016年3月31日浙江省第十二届人民代表大会第四次"
            "会议通过　根据2021年5月28日浙江省第十三届人民代表"
            "大会常务委员会第二十九次会议《关于修改〈浙江省河长制规定〉的决定》修正）",
            D(2021, 5, 28), None, None, "浙江省人民代表大会常务委员会", "浙江省",
        ),
        (
            "（2020年12月25日最高人民法院审判委员会第1823次会议通过，自2021年1月1日起施行）",
            D(2020, 12, 25), None, D(2021, 1, 1), "最高人民法院", None,
        ),
        (
            "（二〇二四年一月五日青山市人民政府第三次常务会议"
            "通过　２０２４年２月１日公布　自公布之日起施行）",
            D(2024, 1, 5), D(2024, 2, 1), D(2024, 2, 1), "青山市人民政府", "青山市",
        ),
        (
            "（1991年6月4日国务院令第84号发布　自1991年10月1日起施行）",
            D(1991, 6, 4), D(1991, 6, 4), D(1991, 10, 1), "国务院", None,
        ),
    ],
)  # fmt: skip
def test_dates_lines(
    line: str,
    adopted: date,
    published: date | None,
    effective: date | None,
    issuer: str | None,
    region: str | None,
) -> None:
    assert is_history(line)
    history = read_history(line)
    assert (history.adopted, history.published, history.effective) == (
        adopted,
        published,
        effective,
    )
    assert history.issuer == issuer
    assert guess_region(history.issuer) == region
    assert history.bad == ()


def test_running_text_is_no_dates_line() -> None:
    assert not is_history("2019年1月1日起施行的条例同时废止。")
    assert not is_history("（一）2019年以来")
    assert not is_history("青山县物业管理条例")


@pytest.mark.parametrize(
    ("issuer", "name", "level"),
    [
        (NPCSC, "某法", Level.STATUTE),
        (NPCSC, "关于某法第三条的解释", Level.INTERPRETATION),
        ("全国人民代表大会", "中华人民共和国宪法", Level.CONSTITUTION),
        ("国务院", "某条例", Level.ADMINISTRATIVE_REGULATION),
        ("最高人民法院、最高人民检察院", "某解释", Level.JUDICIAL_INTERPRETATION),
        ("青山县人民代表大会", "某条例", Level.LOCAL_REGULATION),
        ("青山市人民政府", "某办法", Level.LOCAL_RULE),
        ("公安部", "某规定", None),
        (None, "某规定", None),
    ],
)
def test_levels_follow_from_issuers(issuer: str | None, name: str, level: Level | None) -> None:
    assert guess_level(issuer, name) is level


def test_the_commencement_of_the_closing_article() -> None:
    texts = [
        "本条例自2001年1月1日起施行。",
        "甲。",
        "本规定自2024年3月1日起施行。《旧规定》同时废止。",
    ]
    assert closing_commencement(texts, None) == D(2024, 3, 1)
    assert closing_commencement(["本办法自公布之日起施行。"], D(2024, 2, 1)) == D(2024, 2, 1)
    assert closing_commencement(["本办法自2024年2月30日起施行。"], None) is None
    assert closing_commencement(["甲。"], D(2024, 2, 1)) is None
