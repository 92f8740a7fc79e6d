"""Reporting, deciding, correcting: who may do what, and that every step is a row."""

from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from errors import DataError, NotAllowed, OutreachError, UsageError
from outreach import tables
from outreach.activities import Material, same_person
from outreach.evidence import MAX_BYTES, intact, keep
from outreach.store import Outreach
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import NOON, answer

PHOTO = b"\xff\xd8\xff\xe0photo"


def cells(**fields: Any) -> dict[str, Any]:
    given: dict[str, Any] = {
        "日期": "2026-03-05",
        "责任单位": "公安局",
        "活动名称": "反诈进校园",
        "线下人次": 120,
        "人数统计方法": "签到",
        "备注": "编号：A-1",
    }
    return given | fields


@pytest.fixture
def desk(store: Outreach, tmp_path: Path, clock: FakeClock) -> Outreach:
    return Outreach(store.database, clock, store.inbox, files=tmp_path / "evidence")


def counted(store: Outreach) -> int:
    found = store.stats(date(2026, 1, 1), date(2026, 12, 31)).total["offline_person_times"]
    assert isinstance(found, int)
    return found


def rows(store: Outreach, table: str) -> int:
    with store.database.read() as connection:
        query = select(func.count()).select_from(tables.metadata.tables[table])
        return int(connection.execute(query).scalar_one())


def test_only_what_another_person_approved_counts(desk: Outreach, clock: FakeClock) -> None:
    done = desk.add_activity(cells(), actor="张三")
    assert (done.done, done.registered.state, counted(desk)) == ("added", "submitted", 0)
    assert "待另一人审核" in str(done)
    for same in ("张三", " 张 三", "张\u3000三"):
        with pytest.raises(NotAllowed, match="另一人"):
            desk.approve("A-1", actor=same)
        with pytest.raises(NotAllowed):
            desk.send_back("A-1", actor=same, reason="不全")
    assert counted(desk) == 0
    clock.advance(hours=1)
    found = desk.approve("A-1", actor="李四")
    assert (found.state, found.reviewer, found.reviewed_at) == ("approved", "李四", clock.now())
    assert counted(desk) == 120


def test_neither_the_one_named_as_reporter_may_approve(desk: Outreach) -> None:
    desk.add_activity(cells(填报人="赵六"), actor="张三")
    for person in ("张三", "赵六"):
        with pytest.raises(NotAllowed):
            desk.approve("A-1", actor=person)
    assert desk.approve("A-1", actor="李四").state == "approved"


def test_the_same_decision_again_changes_nothing_another_is_refused(desk: Outreach) -> None:
    desk.add_activity(cells(), actor="张三")
    first = desk.approve("A-1", actor="李四")
    assert desk.approve("A-1", actor="李四") == first
    with pytest.raises(OutreachError, match="已审核"):
        desk.send_back("A-1", actor="王五", reason="不全")
    assert rows(desk, "activity_reviews") == 1


def test_a_returned_report_is_mended_by_a_new_one(desk: Outreach) -> None:
    desk.add_activity(cells(), actor="张三")
    with pytest.raises(OutreachError, match="写明原因"):
        desk.send_back("A-1", actor="李四", reason=" ")
    found = desk.send_back("A-1", actor="李四", reason="缺照片")
    assert (found.state, found.review_note) == ("returned", "缺照片")
    assert "缺照片" in str(found)
    done = desk.add_activity(cells(线下人次=100), actor="张三")
    assert (done.done, done.registered.version, done.registered.state) == (
        "corrected",
        2,
        "submitted",
    )
    desk.approve("A-1", actor="李四")
    assert counted(desk) == 100


def test_a_correction_is_a_reversal_with_who_and_why(desk: Outreach) -> None:
    desk.add_activity(cells(), actor="张三")
    desk.approve("A-1", actor="李四")
    with pytest.raises(OutreachError, match="写明原因"):
        desk.add_activity(cells(线下人次=100), actor="张三")
    assert counted(desk) == 120
    desk.add_activity(cells(线下人次=100), actor="张三", reason="数错了")
    assert counted(desk) == 0  # until it is approved anew
    desk.approve("A-1", actor="李四")
    assert counted(desk) == 100
    with desk.database.read() as connection:
        back = connection.execute(
            select(tables.events).where(tables.events.c.type == "reversal")
        ).mappings()
        (row,) = list(back)
    assert (row["actor"], row["reason"], row["quantity"]) == ("张三", "数错了", -1)


def test_the_same_report_again_adds_nothing(desk: Outreach) -> None:
    told = cells(备注="", 乡镇="城关镇")
    first = desk.add_activity(told, actor="张三")
    assert first.registered.number.startswith("HD20260305-")
    assert desk.add_activity(told, actor="张三").done == "unchanged"
    other = desk.add_activity(told | {"乡镇": "东川镇"}, actor="张三")
    assert other.registered.number != first.registered.number
    assert rows(desk, "activities") == 2


def test_a_reversed_report_is_gone(desk: Outreach) -> None:
    desk.add_activity(cells(), actor="张三")
    desk.approve("A-1", actor="李四")
    assert desk.reverse_activity("A-1", actor="王五", reason="没有办").state == "reversed"
    assert counted(desk) == 0
    with pytest.raises(OutreachError, match="已经冲销"):
        desk.reverse_activity("A-1", actor="王五", reason="没有办")
    with pytest.raises(OutreachError, match="已经冲销"):
        desk.approve("A-1", actor="李四")
    assert desk.add_activity(cells(), actor="张三").done == "unchanged"
    assert desk.activities()[0].state == "reversed"


def test_unknown_numbers_and_nameless_people_are_said(desk: Outreach) -> None:
    with pytest.raises(OutreachError, match="没有这个编号"):
        desk.approve("nothing", actor="李四")
    with pytest.raises(OutreachError, match="姓名"):
        desk.add_activity(cells(), actor=" ")


def test_everything_that_was_told_is_kept(desk: Outreach) -> None:
    desk.add_activity(
        cells(
            普法主题="反诈",
            宣传法律="反电信网络诈骗法、《信访工作条例》",
            普法形式="宣讲",
            重点对象="学生",
            N进="进校园",
            **{"村(社区)": "东街社区"},
            节点="国际消费者权益日",
            **{"资料(份)": 500, "图书(册)": 20, "横幅(条)": 2, "展板(块)": 3},
            捐赠="300册",
            另有="30件、1台",
            地点="一中",
            专项="反诈月",
            现场咨询=9,
            人数统计方法="估算",
            备注="编号：A-1；天气晴",
        ),
        actor="张三",
        kind="training",
        joint=["教育局", "县团委"],
    )
    (found,) = desk.activities(state="submitted", organ="教育局")
    told = found.activity
    assert (told.kind, told.organ, told.joint) == ("training", "公安局", ("团委", "教育局"))
    assert told.laws == ("中华人民共和国反电信网络诈骗法", "信访工作条例")
    assert (told.form, told.group, told.venue) == ("lecture", "youth", "school")
    assert (told.town, told.village) == ("chengguan", "chengguan-01")
    assert (told.topic, told.system, told.node) == ("反诈", "反诈", "consumer-rights-day")
    assert (told.place, told.campaign, told.note) == ("一中", "反诈月", "天气晴")
    assert (told.attended, told.consulted, told.estimated) == (120, 9, True)
    assert told.materials == (
        *(Material(500, "份"), Material(20, "册"), Material(2, "条"), Material(3, "块")),
        *(Material(30, "件"), Material(1, "台"), Material(300, "册", donated=True)),
    )
    json = found.to_json()
    assert (json["number"], json["estimated"], json["missing"]) == ("A-1", True, ["佐证"])


def test_a_bad_word_names_every_cell(desk: Outreach) -> None:
    with pytest.raises(UsageError, match=r"日期.*没有年份.*线下人次.*不是准确的数字.*责任单位"):
        desk.add_activity(
            cells(日期="3月5日", 责任单位="不存在的局", 线下人次="约100"), actor="张三"
        )
    assert rows(desk, "activities") == 0


def test_evidence_is_kept_by_its_hash(desk: Outreach, tmp_path: Path) -> None:
    (tmp_path / "照片.JPG").write_bytes(PHOTO)
    (tmp_path / "同一张.jpg").write_bytes(PHOTO)
    assert desk.files is not None
    done = desk.add_activity(cells(), actor="张三", evidence_files=[tmp_path / "照片.JPG"])
    (file,) = done.registered.evidence
    assert (file.name, file.size, file.media) == ("照片.JPG", len(PHOTO), "image/jpeg")
    assert (desk.files / file.sha256).read_bytes() == PHOTO
    assert intact(file.sha256, desk.files)
    again = desk.attach_evidence("A-1", [tmp_path / "同一张.jpg"], actor="李四")
    assert again.evidence == (file,)
    (desk.files / file.sha256).write_bytes(b"changed")
    assert not intact(file.sha256, desk.files)
    keep(tmp_path / "照片.JPG", desk.files)  # a damaged copy is put right
    assert intact(file.sha256, desk.files)


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.exe", b"MZ", "不能用这种文件"),
        ("a.jpg", b"GIF89a", "内容不是"),
        ("a.pdf", b"", "空文件"),
        ("a.png", b"\x89PNG\r\n\x1a\n" + b"x" * MAX_BYTES, "超过"),
        ("none.jpg", None, "读不到"),
    ],
)
def test_what_is_no_evidence_is_refused(
    desk: Outreach, tmp_path: Path, name: str, content: bytes | None, words: str
) -> None:
    if content is not None:
        (tmp_path / name).write_bytes(content)
    with pytest.raises(DataError, match=words):
        desk.add_activity(cells(), actor="张三", evidence_files=[tmp_path / name])
    assert rows(desk, "activities") == 0


def test_without_a_folder_no_files_are_taken(store: Outreach, tmp_path: Path) -> None:
    (tmp_path / "a.jpg").write_bytes(PHOTO)
    with pytest.raises(OutreachError, match="佐证文件夹"):
        store.add_activity(cells(), actor="张三", evidence_files=[tmp_path / "a.jpg"])


def test_names_are_compared_as_written() -> None:
    assert same_person("Ｌｉ Ming", "li ming")
    assert not same_person("李四", "李四光")


@pytest.mark.parametrize("month", ["2026-11", "2026-12", "2027-01"])
def test_a_month_that_is_not_over_cannot_be_closed(store: Outreach, month: str) -> None:
    with pytest.raises(OutreachError, match="还没有过完"):
        store.close_period(month, actor="王")
    assert store.closed_periods() == []


def test_a_month_ends_at_midnight_in_shanghai(store: Outreach, clock: FakeClock) -> None:
    clock.moment = datetime(2026, 11, 30, 15, 59, 59, tzinfo=UTC)
    with pytest.raises(OutreachError, match="还没有过完"):
        store.close_period("2026-11", actor="王")
    clock.advance(seconds=1)
    assert str(store.close_period("2026-11", actor="王").month) == "2026-11"


def test_a_closed_month_keeps_what_was_published(desk: Outreach, clock: FakeClock) -> None:
    desk.record(answer("a", at=NOON.replace(month=3)))
    desk.record(answer("b", at=NOON.replace(month=3), resident="r2"))
    desk.add_activity(cells(), actor="张三")
    desk.approve("A-1", actor="李四")
    desk.add_activity(cells(备注="编号：A-2", 线下人次=30), actor="张三")
    closed = desk.close_period("2026-03", actor="王")
    assert closed.figures["合计"]["online_residents"] == 2
    assert closed.figures["公安局"]["offline_person_times"] == 120
    with pytest.raises(OutreachError, match="已由王结账"):
        desk.close_period("2026-03", actor="赵")
    same = desk.period_differences("2026-03")
    assert (same.changes, same.causes, same.intact) == ((), (), True)
    assert "没有变化" in str(same)

    desk.erase("r1")  # a deletion request changes no aggregate
    assert desk.period_differences("2026-03").changes == ()

    clock.advance(days=1)
    desk.approve("A-2", actor="李四")
    desk.reverse_activity("A-1", actor="赵", reason="人数有误")
    desk.record(answer("late", at=NOON.replace(month=3), resident="r3"))
    found = desk.period_differences("2026-03")
    told = {(d.organ, d.measure): (d.closed, d.now) for d in found.changes}
    assert told["公安局", "offline_person_times"] == (120, 30)
    assert told["合计", "online_residents"] == (2, 3)
    assert ("公安局", "activities") not in told
    assert [(c.what, c.actor, c.reason) for c in found.causes if c.what != "补记"] == [
        ("冲销", "赵", "人数有误"),
        ("审核", "李四", None),
    ]
    assert [c.what for c in found.causes].count("补记") == 1
    assert desk.closed_periods() == [closed]
    assert found.to_json()["total"] == closed.figures["合计"]


@pytest.mark.parametrize("month", ["2026-13", "3月", "", "2026-03-01"])
def test_what_is_no_month_is_said(store: Outreach, month: str) -> None:
    with pytest.raises(UsageError, match="月份"):
        store.close_period(month, actor="王")


def test_an_open_month_has_no_differences(store: Outreach) -> None:
    with pytest.raises(OutreachError, match="还没有结账"):
        store.period_differences("2026-03")
