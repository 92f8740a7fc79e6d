"""The exported ledger, edited or saved by another program, comes back as what it was."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from outreach.imported import Imported
from outreach.ledger import LEDGER_COLUMNS
from outreach.store import Outreach
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, YEAR
from tests.outreach.samples import answer

HEAD = 3  # row of the column names in the workbook


AWKWARD: dict[str, Any] = {
    "日期": "2026-07-03",
    "责任单位": "公安局",
    "活动名称": "=SUM(1)宣传",
    "宣传法律": "反电信网络诈骗法、民法典",
    "重点对象": "残疾人",
    "线下人次": 3,
    "现场咨询": 2,
    "人数统计方法": "签到",
    "地点": "@广场",
    "捐赠": "30份、2册",
    "另有": "3件、2台",
    "资料(份)": 1200,
    "佐证": "+照片三张",
    "备注": "-见附件；+另有“引号”,逗号",
}


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    """Bot's rows, and activities as staff register them: awkward words, hidden headcounts."""
    clock.moment = AS_OF - timedelta(hours=1)
    for number in range(4):
        store.record(answer(f"a{number}", at=AS_OF - timedelta(days=number + 1)))
    numbers = [store.add_activity(AWKWARD, actor="张三", joint=("教育局", "司法局"))]
    plain = AWKWARD | {"日期": "2026-07-04", "活动名称": "007", "线下人次": 4}
    numbers.append(store.add_activity(plain, actor="张三"))
    for name, people in (("干部班", 66), ("1-2", 34)):
        cells: dict[str, Any] = {"日期": "2026-09-01", "止日": "2026-09-03", "责任单位": "司法局"}
        cells |= {"活动名称": name, "人数统计方法": "签到"}
        told = {**cells, "线下人次": people}
        numbers.append(store.add_activity(told, actor="张三", kind="training"))
    for each in numbers:
        store.approve(each.registered.number, actor="李四")
    clock.moment = AS_OF
    return store


def exported(store: Outreach, out: Path) -> Path:
    given: dict[str, Any] = {"kind": "ledger", "format": out.suffix[1:], "exporter": "李"}
    store.export(out, **given, **YEAR)
    return out


def counts(done: Imported) -> tuple[int, ...]:
    return tuple(done.count(word) for word in ("added", "corrected", "unchanged"))


def edit_csv(path: Path, change: Callable[[dict[str, str]], None]) -> None:
    with path.open(encoding="utf-8-sig", newline="") as stream:
        rows = list(csv.DictReader(stream))
    for row in rows:
        change(row)
    with path.open("w", encoding="utf-8-sig", newline="") as stream:
        writer = csv.DictWriter(stream, LEDGER_COLUMNS)
        writer.writeheader()
        writer.writerows(rows)


@pytest.mark.parametrize("suffix", ["csv", "xlsx"])
def test_what_was_exported_is_known_again(filled: Outreach, tmp_path: Path, suffix: str) -> None:
    done = filled.import_activities(exported(filled, tmp_path / f"l.{suffix}"), actor="王")
    assert done.problems == ()
    assert counts(done) == (0, 0, 4)
    assert done.skipped > 0


def test_an_edited_csv_is_a_correction(filled: Outreach, tmp_path: Path) -> None:
    path = exported(filled, tmp_path / "l.csv")

    def change(row: dict[str, str]) -> None:
        if row["活动名称"] == "干部班":
            row["线下人次"] = "67"

    edit_csv(path, change)
    assert filled.import_activities(path, actor="王").problems  # approved: it needs a reason
    _corrected(filled, path)


def test_an_edited_workbook_is_a_correction(filled: Outreach, tmp_path: Path) -> None:
    path = exported(filled, tmp_path / "l.xlsx")
    _edit_workbook(path)
    _corrected(filled, path)


def _edit_workbook(path: Path) -> None:
    book = load_workbook(path)
    page = book["台账"]
    head = [cell.value for cell in page[HEAD]]
    for row in page.iter_rows(min_row=HEAD + 1):
        if row[head.index("活动名称")].value == "干部班":
            row[head.index("线下人次")].value = 67
    book.save(path)


def _corrected(store: Outreach, path: Path) -> None:
    done = store.import_activities(path, actor="王", reason="签到表少算一人")
    assert done.problems == ()
    assert counts(done) == (0, 1, 3)
    (changed,) = (each for each in done.planned if each.done == "corrected")
    assert changed.changes == ("线下人次",)
    before = store.stats(**YEAR).total["training_person_times"]
    store.approve(changed.activity.number or "", actor="李四")
    after = store.stats(**YEAR).total["training_person_times"]
    assert (before, after) == (34, 101)  # a correction counts once it is approved


@pytest.mark.slow
@pytest.mark.parametrize(
    ("suffix", "to"), [("xlsx", "xlsx"), ("csv", "xlsx"), ("xlsx", "csv"), ("csv", "csv")]
)
def test_libreoffice_may_save_it(filled: Outreach, tmp_path: Path, suffix: str, to: str) -> None:
    office = shutil.which("soffice")
    if not office:
        pytest.skip("no LibreOffice here")
    path = exported(filled, tmp_path / f"l.{suffix}")
    out = tmp_path / "saved"
    # 44,34,76: comma, double quotes, UTF-8; the ledger is the first sheet of its workbook.
    options = {
        "xlsx": "xlsx:Calc MS Excel 2007 XML",
        "csv": "csv:Text - txt - csv (StarCalc):44,34,76",
    }
    words = [office, f"-env:UserInstallation=file://{tmp_path}/profile", "--headless"]
    read = ["--infilter=Text - txt - csv (StarCalc):44,34,76"] if suffix == "csv" else []
    words += [*read, "--convert-to", options[to], "--outdir", str(out), str(path)]
    subprocess.run(words, check=True, capture_output=True, timeout=300)
    saved = out / f"l.{to}"
    done = filled.import_activities(saved, actor="王")
    if suffix == "csv":
        # A CSV has no types, so the program that opened it took the name 007 for the number 7:
        # what it changed is asked about, never taken in silence.
        (problem,) = done.problems
        assert problem.problem.endswith("已经审核，现改了：活动名称")
        assert counts(done) == (0, 0, 3)
        return
    assert done.problems == ()
    assert counts(done) == (0, 0, 4)
    if (suffix, to) == ("xlsx", "xlsx"):
        _edit_workbook(saved)
        _corrected(filled, saved)
