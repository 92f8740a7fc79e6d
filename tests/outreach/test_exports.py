from __future__ import annotations

import csv
import hashlib
import json
import sqlite3
import stat
import zipfile
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from errors import UsageError
from outreach.exports import LEDGER_COLUMNS, Exported, neutral
from outreach.passages import cutoff
from outreach.store import Outreach
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.samples import CIVIL, CONSUMER, FRAUD, NOON, answer, gap, referral

SPEC = (
    "序号|日期|责任单位|主办/参与|活动名称|普法主题|宣传法律|普法形式|重点对象|N进|乡镇|村(社区)|节点|渠道|"
    "场次|期|线下人次|线上人次|线上人数|资料(份)|图书(册)|横幅(条)|展板(块)|咨询人次|人数统计方法|佐证|"
    "填报人|审核人|状态|备注"
)


def write(store: Outreach, out: Path, format: str = "csv", **fields: Any) -> Exported:
    given: dict[str, Any] = {
        "kind": "ledger",
        "start": date(2026, 11, 1),
        "end": date(2026, 11, 30),
        "exporter": "李",
        "corpus": "2026-11-01",
    }
    return store.export(out, format=format, **(given | fields))


def read(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        return list(csv.DictReader(stream))


@pytest.fixture
def filled(store: Outreach) -> Outreach:
    store.record(answer("a", articles=(CONSUMER, CIVIL)))
    store.record(answer("b", at=NOON + timedelta(minutes=5), articles=(FRAUD,)))  # joins a
    store.record(answer("c", at=NOON + timedelta(hours=2), articles=()))  # same person again
    store.record(answer("d", resident="r2"))
    store.record(answer("e", channel="wechat"))
    store.record(referral("f", at=NOON - timedelta(days=1)))
    store.record(gap("g", resident="r7"))
    store.record(answer("h", at=NOON - timedelta(days=60)))  # outside
    return store


def test_the_ledger_has_the_template_s_columns(filled: Outreach, tmp_path: Path) -> None:
    write(filled, tmp_path / "l.csv")
    assert (tmp_path / "l.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    rows = read(tmp_path / "l.csv")
    assert "|".join(rows[0]) == SPEC == "|".join(LEDGER_COLUMNS)


def test_the_bot_s_rows_are_sums_per_day_organ_topic_and_channel(
    filled: Outreach, tmp_path: Path
) -> None:
    write(filled, tmp_path / "l.csv")
    rows = read(tmp_path / "l.csv")
    names = "日期 责任单位 普法主题 渠道 咨询人次 线上人次 线上人数".split()
    assert [[row[name] for name in names] for row in rows] == [
        ["2026-11-23", "公安局", "反诈", "网页", "1", "1", "1"],
        ["2026-11-24", "市场监管局", "消费", "网页", "3", "3", "2"],
        ["2026-11-24", "市场监管局", "消费", "微信公众号", "1", "1", "1"],
    ]
    assert [row["序号"] for row in rows] == ["1", "2", "3"]
    assert rows[0]["宣传法律"] == ""
    assert set(rows[1]["宣传法律"].split("、")) == {CONSUMER.law, CIVIL.law, FRAUD.law}
    assert rows[2]["宣传法律"] == CONSUMER.law
    assert {row["场次"] + row["线下人次"] for row in rows} == {""}
    assert "r1" not in (tmp_path / "l.csv").read_text(encoding="utf-8")


def test_the_ledger_agrees_with_the_figures(filled: Outreach, tmp_path: Path) -> None:
    write(filled, tmp_path / "l.csv")
    total = filled.stats(date(2026, 11, 1), date(2026, 11, 30)).total
    assert sum(int(row["咨询人次"]) for row in read(tmp_path / "l.csv")) == total["consultations"]


def test_the_sidecar_says_what_an_auditor_asks(filled: Outreach, tmp_path: Path) -> None:
    done = write(filled, tmp_path / "l.csv")
    assert done.meta == tmp_path / "l.csv.meta.json"
    meta = json.loads(done.meta.read_text(encoding="utf-8"))
    assert (meta["from"], meta["to"], meta["exporter"]) == ("2026-11-01", "2026-11-30", "李")
    assert meta["数据截止时间"] == "2026-11-24 10:00:00+08:00"
    assert (meta["corpus"], meta["rows"], meta["sha256"]) == ("2026-11-01", 3, done.sha256)
    assert "人数" in meta["definitions"]["online_residents"]


def test_the_hash_can_be_checked_from_the_csv(filled: Outreach, tmp_path: Path) -> None:
    done = write(filled, tmp_path / "l.csv")
    numbers = {"序号", "线上人次", "线上人数", "咨询人次"}
    digest = hashlib.sha256()
    for row in read(tmp_path / "l.csv"):
        cells: list[str | int | None] = []
        for name, cell in row.items():
            if name == "宣传法律":
                cells.append(cell)
            else:
                cells.append(int(cell) if name in numbers else cell or None)
        line = json.dumps(cells, ensure_ascii=False, separators=(",", ":")) + "\n"
        digest.update(line.encode())
    assert digest.hexdigest() == done.sha256


def test_json_has_the_same_rows_and_hash(filled: Outreach, tmp_path: Path) -> None:
    as_csv = write(filled, tmp_path / "l.csv")
    as_json = write(filled, tmp_path / "l.json", "json")
    assert as_json.meta is None
    found = json.loads((tmp_path / "l.json").read_text(encoding="utf-8"))
    assert found["meta"]["sha256"] == as_csv.sha256 == as_json.sha256
    assert [
        {name: "" if cell is None else str(cell) for name, cell in row.items()}
        for row in found["rows"]
    ] == read(tmp_path / "l.csv")


def test_an_empty_month_is_an_empty_table(store: Outreach, tmp_path: Path) -> None:
    assert write(store, tmp_path / "l.csv").rows == 0
    assert read(tmp_path / "l.csv") == []
    write(store, tmp_path / "l.json", "json")
    assert json.loads((tmp_path / "l.json").read_text(encoding="utf-8"))["rows"] == []


def test_progress_counts_rows(filled: Outreach, tmp_path: Path) -> None:
    seen: list[int] = []
    write(filled, tmp_path / "l.csv", progress=seen.append)
    assert seen == [1, 2, 3]


def test_formulas_are_neutralised(store: Outreach, tmp_path: Path) -> None:
    store.record(answer("a", topic="=HYPERLINK(1)", organ="@局"))
    write(store, tmp_path / "l.csv")
    (row,) = read(tmp_path / "l.csv")
    assert (row["普法主题"], row["责任单位"]) == ("'=HYPERLINK(1)", "'@局")


@settings(deadline=None)
@given(st.text())
def test_no_cell_starts_like_a_formula(value: str) -> None:
    cell = neutral(value)
    assert isinstance(cell, str)
    assert cell[:1] not in {"=", "+", "-", "@", "\t", "\r"} or not value
    assert cell.removeprefix("'") == value.removeprefix("'") or cell == value


def test_a_failing_export_leaves_the_old_file(filled: Outreach, tmp_path: Path) -> None:
    out = tmp_path / "l.csv"
    out.write_text("old")

    def stop(rows: int) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write(filled, out, progress=stop)
    assert out.read_text() == "old"
    assert [file.name for file in tmp_path.iterdir() if file.name.startswith(".")] == []


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"kind": "organs", "format": "docx"}, "xlsx、csv、json"),
        ({"kind": "report"}, "docx、json"),
        ({"kind": "nothing"}, "ledger"),
        ({"format": "docx"}, "xlsx、csv、json"),
        ({"start": date(2027, 1, 1)}, "早于"),
        ({"out": Path("nowhere") / "l.csv"}, "无法写入"),
        ({"out": Path("nowhere") / "l.json", "format": "json"}, "无法写入"),
        ({"out": Path(), "format": "json"}, "文件夹"),
    ],
)
def test_what_cannot_be_exported_is_said(
    store: Outreach, tmp_path: Path, fields: dict[str, Any], words: str
) -> None:
    out = tmp_path / fields.pop("out", "l.csv")
    with pytest.raises(UsageError, match=words):
        write(store, out, **fields)
    assert not out.is_file()


TABLES = ("organs", "nodes", "duties", "campaigns")


@pytest.fixture
def year(store: Outreach, clock: FakeClock) -> Outreach:
    county.fill(store, clock)
    return store


def whole(store: Outreach, out: Path, kind: str, format: str) -> Exported:
    return write(store, out, format, kind=kind, as_of=county.AS_OF, **county.YEAR)


@pytest.mark.parametrize("kind", ["ledger", *TABLES])
def test_every_table_says_the_same_in_every_format(
    year: Outreach, tmp_path: Path, kind: str
) -> None:
    done = {f: whole(year, tmp_path / f"t.{f}", kind, f) for f in ("xlsx", "csv", "json")}
    assert len({(each.rows, each.sha256) for each in done.values()}) == 1
    told = json.loads((tmp_path / "t.json").read_text(encoding="utf-8"))
    meta = json.loads((tmp_path / "t.csv.meta.json").read_text(encoding="utf-8"))
    assert told["meta"] == meta
    assert (meta["kind"], meta["sha256"], meta["exporter"]) == (kind, done["csv"].sha256, "李")
    tables = [told, *told.get("tables", ())]
    for table, facts in zip(tables, meta["tables"], strict=True):
        first = facts is meta["tables"][0]
        path = tmp_path / ("t.csv" if first else f"t.{facts['name']}.csv")
        rows = read(path)
        shown = [*table["rows"], *([table["total"]] if "total" in table else [])]
        assert [
            dict.fromkeys(facts["columns"]) | {k: v or None for k, v in r.items()} for r in rows
        ] == [
            {k: neutral(str(v)) if v not in (None, "") else None for k, v in row.items()}
            for row in shown
        ]
        digest = hashlib.sha256()
        for row in table["rows"]:
            digest.update(
                (
                    json.dumps(list(row.values()), ensure_ascii=False, separators=(",", ":")) + "\n"
                ).encode()
            )
        assert digest.hexdigest() == facts["sha256"]


def test_the_units_csv_has_the_total_that_it_prints(year: Outreach, tmp_path: Path) -> None:
    whole(year, tmp_path / "o.csv", "organs", "csv")
    rows = read(tmp_path / "o.csv")
    assert rows[-1]["责任单位"] == "合计"
    assert sum(int(row["场次"]) for row in rows[:-1]) == int(rows[-1]["场次"]) == 3
    assert read(tmp_path / "o.按月.csv")[-1]["月"] == "合计"


@pytest.mark.slow
@pytest.mark.parametrize("format", ["csv", "json"])
def test_all_is_a_zip_of_the_single_exports(year: Outreach, tmp_path: Path, format: str) -> None:
    out = tmp_path / "all.zip"
    done = whole(year, out, "all", format)
    first = out.read_bytes()
    whole(year, out, "all", format)
    assert out.read_bytes() == first
    assert whole(year, tmp_path / "all.xlsx", "all", "xlsx").sha256 == done.sha256
    with zipfile.ZipFile(out) as archive:
        meta = json.loads(archive.read("meta.json"))
        names = [f"{table['name']}.{format}" for table in meta["tables"]]
        assert archive.namelist() == [*names, "meta.json"]
        single = whole(year, tmp_path / f"l.{format}", "ledger", format)
        assert meta["tables"][-1]["sha256"] == single.sha256
        inside = archive.read(f"台账.{format}")
        if format == "csv":
            assert inside == (tmp_path / "l.csv").read_bytes()
        else:
            told = json.loads((tmp_path / "l.json").read_text(encoding="utf-8"))
            assert json.loads(inside)["rows"] == told["rows"]


@pytest.mark.parametrize("format", ["xlsx", "csv", "json", "docx"])
def test_every_file_is_its_owner_s(year: Outreach, tmp_path: Path, format: str) -> None:
    kind = "report" if format == "docx" else "organs"
    out = tmp_path / f"o.{format}"
    out.write_text("old")
    out.chmod(0o644)
    whole(year, out, kind, format)
    made = [file for file in tmp_path.iterdir() if file.name.startswith("o.")]
    assert len(made) == (4 if format == "csv" else 1)
    assert {stat.S_IMODE(file.stat().st_mode) for file in made} == {0o600}


def test_a_hair_s_breadth_is_in_the_cutoff(store: Outreach, clock: FakeClock) -> None:
    clock.moment = NOON + timedelta(microseconds=1_001)
    assert store.cutoff() == NOON + timedelta(milliseconds=2)
    assert cutoff(store.cutoff()) == "2026-11-24 12:00:00.002"
    assert cutoff(NOON) == "2026-11-24 12:00:00"
    assert cutoff(clock.moment) == "2026-11-24 12:00:00.001001"


def test_the_export_only_reads(filled: Outreach, tmp_path: Path) -> None:
    with filled.database.read() as connection:
        path = connection.engine.url.database
    assert path
    raw = sqlite3.connect(path)
    version = raw.execute("PRAGMA data_version").fetchone()
    write(filled, tmp_path / "l.csv")
    assert raw.execute("PRAGMA data_version").fetchone() == version
    raw.close()
