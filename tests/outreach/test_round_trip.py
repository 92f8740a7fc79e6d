"""The exported ledger, edited or saved by another program, comes back as what it was."""

from __future__ import annotations

import csv
import shutil
import subprocess
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from openpyxl import load_workbook

from outreach.activities import Material
from outreach.imported import Imported
from outreach.ledger import LEDGER_COLUMNS
from outreach.store import Outreach
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import YEAR, approve, on

HEAD = 3  # row of the column names in the workbook


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    county.fill(store, clock)
    awkward = on(
        date(2026, 7, 3),
        name="=SUM(1)宣传",
        note="-见附件；+另有“引号”,逗号",
        place="@广场",
        group="disabled",
        attended=3,
        consulted=2,
        evidence="+照片三张",
        joint=("教育局",),
        materials=(Material(3, "件"), Material(30, "份", donated=True), Material(2, "台")),
    )
    approve(store, awkward, on(date(2026, 7, 4), name="007", group="disabled", attended=4))
    clock.advance(minutes=1)
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
    assert counts(done) == (0, 0, 7)
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
    assert counts(done) == (0, 1, 6)
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
    assert done.problems == ()
    assert counts(done) == (0, 0, 7)
    if (suffix, to) == ("xlsx", "xlsx"):
        _edit_workbook(saved)
        _corrected(filled, saved)
