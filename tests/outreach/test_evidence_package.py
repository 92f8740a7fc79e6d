"""Evidence packages: whole, the same bytes again, nothing of residents; every change is seen."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from sqlalchemy import insert

from errors import OutreachError, UsageError
from outreach.activities import Material
from outreach.campaign_tables import campaign_log, campaigns
from outreach.codes import county_codes
from outreach.delivery_tables import deliveries
from outreach.evidence_package import Packed, verify, write_package
from outreach.evidence_records import Collected, of_campaign, of_event, of_node
from outreach.store import Outreach
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, on
from tests.outreach.samples import answer

PNG = b"\x89PNG\r\n\x1a\n" + b"picture" * 100
DAY = date(2026, 6, 26)
NODE = "anti-drug-day"
KEYS = [hashlib.sha256(f"{n}".encode()).hexdigest()[:32] for n in range(7)]
ADDRESS, QUESTION = "chat-4711", "我家的土地被占了怎么办"


@pytest.fixture
def desk(store: Outreach, tmp_path: Path, clock: FakeClock) -> Outreach:
    clock.moment = AS_OF - timedelta(days=3)
    return Outreach(store.database, clock, store.inbox, keep_texts=True, files=tmp_path / "kept")


def held(desk: Outreach, clock: FakeClock, tmp_path: Path) -> str:
    """An activity with its whole story: returned, mended, evidence, approved."""
    photo = tmp_path / "现场.png"
    photo.write_bytes(PNG)
    cells: dict[str, Any] = {
        "日期": str(DAY),
        "责任单位": "公安局",
        "活动名称": "=禁毒宣传",
        "线下人次": 120,
        "人数统计方法": "签到",
        "节点": "国际禁毒日",
        "资料(份)": 300,
        "专项": "push-1",
    }
    number = desk.add_activity(cells, actor="张三").registered.number
    clock.advance(minutes=5)
    desk.send_back(number, actor="李四", reason="人次有误")
    clock.advance(minutes=5)
    mended = cells | {"线下人次": 118, "备注": f"编号：{number}"}
    desk.add_activity(mended, actor="张三", evidence_files=[photo])
    clock.advance(minutes=5)
    desk.approve(number, actor="李四")
    return number


def push(desk: Outreach) -> None:
    """A campaign that went to five residents."""
    now = desk.clock.now()
    with desk.database.write() as connection:
        about: dict[str, Any] = {
            "id": "push-1",
            "kind": "campaign",
            "title": "远离毒品",
            "content": '{"text":"远离毒品"}',
            "sha256": "c" * 64,
            "state": "finished",
            "urgent": False,
            "node": NODE,
            "audience": 5,
            "created_at": now,
            "changed_at": now,
        }
        connection.execute(insert(campaigns).values(about))
        for step, actor in (("created", "张三"), ("approve", "李四")):
            row = {"campaign": "push-1", "at": now, "actor": actor, "step": step}
            connection.execute(insert(campaign_log).values(row))
        for place, key in enumerate(KEYS):
            state = "sent" if place < 5 else "failed"
            connection.execute(
                insert(deliveries).values(
                    campaign="push-1",
                    resident=key,
                    channel="telegram",
                    address=ADDRESS,
                    state=state,
                    reason=None if place < 5 else "对方已停用",
                    attempts=1,
                    clicks=2 if place < 3 else 0,
                    done_at=now + timedelta(minutes=1),
                )
            )
    desk.inbox.receive("u1", "web", KEYS[0], QUESTION, at=now)
    asked = answer("u1", resident=KEYS[0], node=NODE, campaign="push-1", at=now)
    desk.record_answer("u1", "answer", asked, text=QUESTION)


@pytest.fixture
def full(desk: Outreach, clock: FakeClock, tmp_path: Path) -> tuple[Outreach, str]:
    number = held(desk, clock, tmp_path)
    push(desk)
    clock.moment = AS_OF
    return desk, number


Collect = Callable[[Outreach, str], Collected]
WAYS: dict[str, Collect] = {
    "event": lambda desk, number: of_event(desk.database, county_codes(), number),
    "node": lambda desk, _: of_node(
        desk.database, county_codes(), county.duties(), "国际禁毒日", 2026, desk.clock.now()
    ),
    "campaign": lambda desk, _: of_campaign(
        desk.database, county_codes(), "push-1", desk.clock.now()
    ),
}


@pytest.fixture(params=WAYS)
def packed(
    request: pytest.FixtureRequest, full: tuple[Outreach, str], tmp_path: Path
) -> tuple[Packed, Collected]:
    desk, number = full
    found = WAYS[request.param](desk, number)
    return write_package(found, desk.files, tmp_path / "p.zip"), found


def members(path: Path) -> dict[str, bytes]:
    return members_of(path.read_bytes())


def members_of(data: bytes) -> dict[str, bytes]:
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def table(data: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(data.decode("utf-8-sig"), newline="")))


def test_a_package_holds_what_the_readme_says(packed: tuple[Packed, Collected]) -> None:
    done, found = packed
    inside = members(done.path)
    assert done.members == len(inside)
    photo = f"files/{hashlib.sha256(PNG).hexdigest()}.png"
    assert inside[photo] == PNG
    manifest = json.loads(inside["manifest.json"])
    told = {each["name"]: (each["size"], each["sha256"]) for each in manifest["members"]}
    assert told == {
        name: (len(data), hashlib.sha256(data).hexdigest())
        for name, data in inside.items()
        if not name.startswith("manifest")
    }
    seal = hashlib.sha256(inside["manifest.json"]).hexdigest()
    assert inside["manifest.sha256"].decode() == f"{seal}  manifest.json\n"
    assert done.sha256 == seal
    assert (manifest["kind"], manifest["missing"]) == (found.kind, [])
    (record,) = table(inside["record.csv"])
    assert (record["活动名称"], record["线下人次"], record["状态"]) == (
        "'=禁毒宣传",
        "118",
        "已审核",
    )
    assert record["节点"] == "国际禁毒日"
    plain = json.loads(inside["record.json"])
    assert plain["records"][0]["活动名称"] == "=禁毒宣传"
    words = "\n".join(
        cell.text
        for each in Document(io.BytesIO(inside["record.docx"])).tables
        for row in each.rows
        for cell in row.cells
    )
    for value in ("=禁毒宣传", "118", "李四", "现场.png", "人次有误"):
        assert value in words
    readme = inside["README.md"].decode()
    for name in inside:
        stem = "files/" if name.startswith("files/") else name
        assert stem in readme or stem == "README.md", name


def test_the_chain_is_the_whole_story(full: tuple[Outreach, str], tmp_path: Path) -> None:
    desk, number = full
    found = WAYS["event"](desk, number)
    steps = [(s.version, s.step, s.actor, s.note) for s in found.chain if s.version]
    assert steps == [
        (1, "登记", "张三", None),
        (1, "退回", "李四", "人次有误"),
        (1, "冲销", "张三", "退回后重报"),
        (2, "登记", "张三", None),
        (2, "附佐证", "张三", "现场.png"),
        (2, "审核通过", "李四", None),
    ]
    desk.reverse_activity(number, actor="王五", reason="没有举办")
    again = WAYS["event"](desk, number)
    assert (again.chain[-1].step, again.chain[-1].actor) == ("冲销", "王五")
    assert again.records[0]["状态"] == "已冲销"
    assert {words for _, _, words in again.counts} == {"已冲销，不计入"}


def test_the_pushes_are_counts(full: tuple[Outreach, str], tmp_path: Path) -> None:
    desk, number = full
    done = write_package(WAYS["campaign"](desk, number), desk.files, tmp_path / "p.zip")
    rows = table(members(done.path)["pushes.csv"])
    assert [(row["结果"], row["原因"], row["人次"]) for row in rows] == [
        ("失败", "对方已停用", "2"),
        ("平台已收", "", "5"),
    ]
    plain = json.loads(members(done.path)["record.json"])
    assert plain["pushes"][0]["点击人数"] == 3
    assert plain["pushes"][0]["点击次数"] == 6
    assert [step["step"] for step in plain["chain"] if step["number"] == "push-1"] == [
        "拟稿",
        "审核通过",
    ]


def test_a_node_says_who_did_their_part(full: tuple[Outreach, str]) -> None:
    found = WAYS["node"](*full)
    assert ("公安局", "2026-06-26", "2026-06-26", "已办") in {each[:4] for each in found.due}
    counts = {name: value for name, value, _ in found.counts}
    assert (counts["场次"], counts["线下人次"], counts["份"]) == (1, 118, 300)


def test_nothing_of_residents_is_in_it(packed: tuple[Packed, Collected]) -> None:
    inside = members(packed[0].path)
    document = zipfile.ZipFile(io.BytesIO(inside["record.docx"]))
    words = b"".join([*inside.values(), *(document.read(name) for name in document.namelist())])
    for secret in (*KEYS, ADDRESS, QUESTION):
        assert secret.encode() not in words
    assert not re.search(rb"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])", words)


@pytest.mark.slow
def test_the_same_data_are_the_same_bytes(
    full: tuple[Outreach, str], tmp_path: Path, clock: FakeClock
) -> None:
    desk, number = full
    for name, collect in WAYS.items():
        first = tmp_path / f"{name}-1.zip"
        write_package(collect(desk, number), desk.files, first)
        clock.advance(days=2)
        again = tmp_path / f"{name}-2.zip"
        write_package(collect(desk, number), desk.files, again)
        assert first.read_bytes() == again.read_bytes()


def test_few_people_of_a_group_are_not_told(desk: Outreach) -> None:
    few = on(DAY, node=NODE, group="disabled", attended=3, consulted=2)
    county.approve(desk, few, on(DAY, name="另一场", node=NODE, attended=3))
    found = WAYS["node"](desk, "")
    assert [each["线下人次"] for each in found.records] == ["<5", 3]
    assert found.records[0]["现场咨询人次"] == "<5"


def test_materials_keep_their_units(desk: Outreach) -> None:
    given = (Material(20, "册"), Material(7, "册", donated=True), Material(1, "台"))
    county.approve(desk, on(DAY, node=NODE, materials=given))
    (record,) = WAYS["node"](desk, "").records
    assert (record["图书(册)"], record["捐赠图书(册)"], record["宣传车(台)"]) == (20, 7, 1)


def test_a_lost_file_is_said(full: tuple[Outreach, str], tmp_path: Path) -> None:
    desk, number = full
    assert desk.files is not None
    (kept,) = desk.files.iterdir()
    kept.write_bytes(PNG + b"!")
    done = write_package(WAYS["event"](desk, number), desk.files, tmp_path / "p.zip")
    assert len(done.missing) == 1
    assert "现场.png" in done.missing[0]
    assert "现场.png" in members(done.path)["README.md"].decode()
    assert "打包时就缺少" in verify(done.path).problems[0]


@pytest.fixture
def package(full: tuple[Outreach, str], tmp_path: Path) -> Path:
    desk, number = full
    return write_package(WAYS["event"](desk, number), desk.files, tmp_path / "p.zip").path


def changed(path: Path, change: Callable[[dict[str, bytes]], None]) -> Path:
    inside = members(path)
    change(inside)
    out = path.with_name("changed.zip")
    with zipfile.ZipFile(out, "w") as archive:
        for name, data in inside.items():
            archive.writestr(name, data)
    return out


def test_a_whole_package_is_verified(package: Path) -> None:
    found = verify(package)
    assert (found.problems, found.members) == ((), len(members(package)))
    assert verify(package, found.sha256.upper()).problems == ()
    assert "与给出的不符" in verify(package, "0" * 64).problems[0]


def _edit(inside: dict[str, bytes]) -> None:
    inside["record.csv"] = inside["record.csv"].replace(b"118", b"999")


def _longer(inside: dict[str, bytes]) -> None:
    inside["README.md"] += b"!"


def _drop(inside: dict[str, bytes]) -> None:
    del inside["approvals.csv"]


def _add(inside: dict[str, bytes]) -> None:
    inside["files/extra.png"] = PNG


def _manifest(inside: dict[str, bytes]) -> None:
    inside["manifest.json"] = inside["manifest.json"].replace(b"=", b"-")


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (_edit, "record.csv 与清单的校验值不符"),
        (_longer, "README.md 与清单的校验值不符"),
        (_drop, "缺少 approvals.csv"),
        (_add, "files/extra.png 不在清单里"),
        (_manifest, "manifest.json 与 manifest.sha256 不符"),
    ],
)
def test_every_change_is_seen(
    package: Path, change: Callable[[dict[str, bytes]], None], words: str
) -> None:
    assert words in verify(changed(package, change)).problems


def test_any_flipped_bit_is_seen(package: Path) -> None:
    whole = package.read_bytes()
    for place in range(60, len(whole) - 22, len(whole) // 150):
        package.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        try:
            found = verify(package)
        except OutreachError:
            continue
        # What is left are dates and marks of the ZIP itself, which say nothing.
        assert found.problems or members(package) == members_of(whole), place
    package.write_bytes(whole)
    assert verify(package).problems == ()


def test_what_is_no_package(tmp_path: Path, package: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"no zip")
    with pytest.raises(OutreachError, match="不是佐证包"):
        verify(tmp_path / "a.zip")
    with zipfile.ZipFile(tmp_path / "b.zip", "w") as archive:
        archive.writestr("a.txt", "a")
    with pytest.raises(OutreachError, match="没有 manifest"):
        verify(tmp_path / "b.zip")
    broken = changed(package, lambda inside: inside.update({"manifest.json": b"[]"}))
    with pytest.raises(OutreachError, match="看不懂"):
        verify(broken)
    with pytest.raises(UsageError, match="读不到"):
        verify(tmp_path / "none.zip")


def test_what_is_not_there(desk: Outreach) -> None:
    now = datetime(2026, 11, 24, tzinfo=UTC)
    with pytest.raises(OutreachError, match="没有这个编号的活动"):
        of_event(desk.database, county_codes(), "X")
    with pytest.raises(OutreachError, match="没有这个编号的推送"):
        of_campaign(desk.database, county_codes(), "X", now)
    given = (desk.database, county_codes(), county.duties())
    with pytest.raises(UsageError, match="日历里没有节点"):
        of_node(*given, "nothing", 2026, now)
    with pytest.raises(OutreachError, match="还没有活动或推送"):
        of_node(*given, NODE, 2026, now)


@pytest.mark.slow
def test_sha256sum_agrees(package: Path, tmp_path: Path) -> None:
    tool = shutil.which("sha256sum")
    if not tool:
        pytest.skip("no sha256sum here")
    with zipfile.ZipFile(package) as archive:
        archive.extractall(tmp_path / "out")
    words = [tool, "-c", "manifest.sha256"]
    assert subprocess.run(words, cwd=tmp_path / "out", check=False).returncode == 0
