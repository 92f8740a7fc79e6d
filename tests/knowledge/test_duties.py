from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.calendar import Calendar
from knowledge.duties import DUTIES, Duties
from knowledge.organs import ORGANS, Organs

DAY = date(2026, 11, 24)
TEXT = DUTIES.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def duties() -> Duties:
    return Duties.load()


def test_every_law_is_in_the_list_of_exactly_one_unit(duties: Duties) -> None:
    organs = Organs.load()
    laws = [law for duty in duties.all(DAY) for law in duty.laws]
    assert sorted(laws) == sorted(organs.laws)


def test_every_node_that_is_due_has_its_lead(duties: Duties) -> None:
    calendar = Calendar.load()
    for node in calendar.nodes:
        owing = [duty.organ for duty in duties.all(DAY) if node in duty.nodes]
        due = node.nature in duties.rules.natures and not node.on_market_days
        assert (node.lead in owing) is due, node.name


def test_nodes_of_everybody_are_everybody_s(duties: Duties) -> None:
    everybody = [duty for duty in duties.all(DAY) if "国家宪法日" in {n.name for n in duty.nodes}]
    assert len(everybody) == len(duties.all(DAY)) > 20
    # 安全生产月 names 全体责任单位, too, but neither a statute nor a notice makes it a duty.
    month = [duty.organ for duty in duties.all(DAY) if "安全生产月" in {n.name for n in duty.nodes}]
    assert month == ["应急管理局"]


def test_a_unit_without_an_entry_has_the_common_lists(duties: Duties) -> None:
    water, police = duties.of("水务局", DAY), duties.of("公安局", DAY)
    assert water.measures
    assert water.measures != police.measures
    assert (water.leader, water.yearly_activities) == ("", 0)
    assert "反电信网络诈骗法" in police.laws
    assert "老年人" in police.audience


def test_laws_follow_their_unit_by_date(tmp_path: Path) -> None:
    text = ORGANS.read_text(encoding="utf-8")
    moved = text + "统计法,司法局,,本法,全民,其他,2027-01-01\n"
    (tmp_path / "organs.csv").write_text(moved, encoding="utf-8")
    duties = Duties.load(organs=Organs.load(tmp_path / "organs.csv"))
    assert "统计法" in duties.of("统计局", DAY).laws
    assert "统计法" in duties.of("司法局", date(2027, 1, 1)).laws


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('organ = "公安局"', 'organ = "公安局局"', "不能是 '公安局局'"),
        ("early_days = 15", 'early_days = "十五"', "应是 0–366 的整数"),
        ("feedback_days = 15", "feedback_days = 0", "应是 1–366 的整数"),
        ('everyone = ["法定", "年度通知"]', 'everyone = ["法定日"]', "不能有 '法定日'"),
        ('organ = "公安局"\n', 'organ = "公安局"\nlaeder = "王"\n', "不认识的字段 'laeder'"),
        ('organ = "应急管理局"', 'organ = "公安局"', "单位重复"),
        ("\n[[common]]\n", "\n[[common]]\nmeasures = []\n\n[[common]]\n", "只能有一节"),
    ],
)
def test_a_mistake_is_named_with_its_line(tmp_path: Path, old: str, new: str, problem: str) -> None:
    assert old in TEXT
    path = tmp_path / "duties.toml"
    path.write_text(TEXT.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError, match=problem) as caught:
        Duties.load(path)
    assert caught.value.line
