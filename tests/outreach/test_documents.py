from __future__ import annotations

import json
import re
import shutil
import subprocess
import zipfile
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from docx import Document
from docx.oxml.ns import qn

from errors import UsageError
from outreach import notices
from outreach.documents import write_notice
from outreach.printing import Printed, write_printed
from outreach.report import Material, section
from outreach.store import Outreach
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, YEAR

LIST = county.duties()


def write(store: Outreach, out: Path, kind: str = "report", **fields: Any) -> Printed:
    given: dict[str, Any] = {
        **YEAR,
        "kind": kind,
        "format": "docx",
        "as_of": AS_OF,
        "exporter": "李某",
        "duties": LIST,
        "county": "甲县",
    }
    return write_printed(store.database, out=out, **(given | fields))


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    county.fill(store, clock)
    return store


def footnotes(path: Path) -> dict[int, str]:
    """The words of a document's real footnotes by id."""
    with zipfile.ZipFile(path) as package:
        root = ElementTree.fromstring(package.read("word/footnotes.xml"))
    return {
        int(note.get(qn("w:id")) or 0): "".join(note.itertext()).strip()
        for note in root.iter(qn("w:footnote"))
        if note.get(qn("w:type")) is None
    }


def marks(path: Path) -> list[int]:
    found = Document(str(path)).element.iter(qn("w:footnoteReference"))
    return [int(mark.get(qn("w:id"))) for mark in found]


def text(path: Path) -> str:
    return "\n".join(paragraph.text for paragraph in Document(str(path)).paragraphs)


def test_the_section_with_a_footnote_for_each_figure(filled: Outreach, tmp_path: Path) -> None:
    out = tmp_path / "r.docx"
    done = write(filled, out)
    material = Material.read(filled.database, LIST, as_of=AS_OF, county="甲县", **YEAR)
    draft = section(material)
    assert text(out) == draft.text
    assert done.rows == len(draft.figures) == len(footnotes(out))
    assert marks(out) == list(range(1, done.rows + 1))
    for figure in draft.figures:
        assert footnotes(out)[draft.number(figure)] == draft.note(figure)


def test_a_mark_stands_right_behind_its_number(filled: Outreach, tmp_path: Path) -> None:
    write(filled, tmp_path / "r.docx")
    runs = Document(str(tmp_path / "r.docx")).paragraphs[0].runs
    for before, run in pairwise(runs):
        if run._r.find(qn("w:footnoteReference")) is not None:
            assert re.fullmatch(r"\d+\D{1,2}", before.text)


def test_word_s_rules_for_footnotes(filled: Outreach, tmp_path: Path) -> None:
    out = tmp_path / "r.docx"
    write(filled, out)
    with zipfile.ZipFile(out) as package:
        notes = ElementTree.fromstring(package.read("word/footnotes.xml"))
        settings = ElementTree.fromstring(package.read("word/settings.xml"))
        types = package.read("[Content_Types].xml").decode()
        relations = package.read("word/_rels/document.xml.rels").decode()
    kinds = {note.get(qn("w:id")): note.get(qn("w:type")) for note in notes}
    assert (kinds["-1"], kinds["0"]) == ("separator", "continuationSeparator")
    assert settings.find(qn("w:footnotePr")) is not None
    assert "wordprocessingml.footnotes+xml" in types
    assert "relationships/footnotes" in relations


@pytest.mark.slow
def test_the_same_export_is_the_same_file(filled: Outreach, tmp_path: Path) -> None:
    for kind in ("report", "performance"):
        first = write(filled, tmp_path / "a.docx", kind)
        second = write(filled, tmp_path / "b.docx", kind)
        assert first == second
        assert (tmp_path / "a.docx").read_bytes() == (tmp_path / "b.docx").read_bytes()


def test_several_units_each_on_a_new_page(filled: Outreach, tmp_path: Path) -> None:
    out = tmp_path / "p.docx"
    write(filled, out, "performance", organs=("公安局", "司法局"))
    paragraphs = Document(str(out)).paragraphs
    titles = [each for each in paragraphs if each.text.endswith("履行普法责任制情况报告")]
    assert [each.text[:3] for each in titles] == ["公安局", "司法局"]
    assert [each.paragraph_format.page_break_before for each in titles] == [False, True]
    notes = footnotes(out)
    assert marks(out) == list(range(1, len(notes) + 1))
    # 同注N points to a footnote that has the definition.
    for number, words in notes.items():
        for target in re.findall(r"同注(\d+)", words):
            assert int(target) < number
            assert "统计期间：" in notes[int(target)]
            assert ("公安局" in words) == ("公安局" in notes[int(target)])
    table = Document(str(out)).tables[0]
    assert [cell.text for cell in table.rows[0].cells] == ["应办事项", "时间", "依据", "办理情况"]


def test_json_has_text_and_figures(filled: Outreach, tmp_path: Path) -> None:
    done = write(filled, tmp_path / "r.json", format="json")
    (draft,) = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))["drafts"]
    assert "活动3场次" in draft["text"]
    assert len(draft["figures"]) == done.rows
    assert draft["figures"][0] | {"definition": ""} == {
        "note": 1,
        "id": "activities",
        "value": 3,
        "unit": "场次",
        "where": {},
        "definition": "",
    }


def reminder(store: Outreach) -> notices.Reminder:
    material = Material.read(store.database, LIST, as_of=AS_OF, county="甲县", **YEAR)
    police = next(each for each in material.organs if each.organ == "公安局")
    return notices.draft(
        store.database,
        "公安局",
        police.items,
        deadline=date(2026, 12, 9),
        actor="王",
        now=AS_OF,
    )


def test_the_notice_says_what_was_due_and_by_when_to_answer(
    filled: Outreach, tmp_path: Path
) -> None:
    out = tmp_path / "n.docx"
    found = reminder(filled)
    write_notice(found, out, county="甲县", now=AS_OF, basis="条文原文。")
    words = text(out)
    assert found.number in words
    assert "公安局：" in words
    assert "第五十七条规定：“条文原文。”" in words
    assert "于2026年12月9日前填写《普法提示反馈单》" in words
    assert "甲县司法局（盖章）" in words
    due, slip = Document(str(out)).tables
    assert [row.cells[1].text for row in due.rows[1:]] == [each.name for each in found.owed]
    assert {row.cells[4].text for row in due.rows[1:]} == {"逾期"}
    labels = [row.cells[0].text for row in slip.rows]
    assert labels[0] == "反馈单位"
    assert slip.rows[0].cells[1].text == "公安局"
    assert "甲县司法局\n核实意见" in labels


def test_the_slip_shows_the_feedback_that_came(filled: Outreach, tmp_path: Path) -> None:
    found = reminder(filled)
    database, number = filled.database, found.number
    notices.send(database, number, actor="王", now=AS_OF)
    answered = notices.feedback(database, number, note="已补办两场", actor="李", now=AS_OF)
    write_notice(answered, tmp_path / "n.docx", county="甲县", now=AS_OF)
    slip = Document(str(tmp_path / "n.docx")).tables[1]
    assert "已补办两场" in [row.cells[1].text for row in slip.rows]
    assert "2026年11月24日" in text(tmp_path / "n.docx")


def test_what_cannot_be_written_is_said(filled: Outreach, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="无法写入"):
        write(filled, tmp_path / "nowhere" / "r.docx")


@pytest.mark.slow
def test_libreoffice_opens_all_of_it(filled: Outreach, tmp_path: Path) -> None:
    office = shutil.which("soffice")
    if not office:
        pytest.skip("no LibreOffice here")
    write(filled, tmp_path / "all.xlsx", "all", format="xlsx")
    write(filled, tmp_path / "report.docx")
    write(filled, tmp_path / "performance.docx", "performance", organs=("公安局",))
    write_notice(reminder(filled), tmp_path / "notice.docx", county="甲县", now=AS_OF)
    names = ("all.xlsx", "report.docx", "performance.docx", "notice.docx")
    profile = f"-env:UserInstallation=file://{tmp_path}/profile"
    words = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", str(tmp_path)]
    files = [str(tmp_path / name) for name in names]
    subprocess.run([*words, *files], check=True, capture_output=True, timeout=300)
    for name in names:
        pdf = (tmp_path / name).with_suffix(".pdf").read_bytes()
        assert pdf.startswith(b"%PDF")
        assert len(pdf) > 10_000
    if reader := shutil.which("pdftotext"):
        shown = subprocess.run(
            [reader, str(tmp_path / "report.pdf"), "-"], check=True, capture_output=True, text=True
        ).stdout
        assert "数字编号：activities。" in re.sub(r"\s", "", shown)
