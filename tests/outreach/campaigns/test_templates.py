from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from errors import DataError, UsageError
from knowledge.calendar import Calendar
from outreach.campaigns import templates
from outreach.campaigns.drafts import parse_draft
from outreach.campaigns.gate import Gate
from outreach.codes import Codes
from outreach.evidence import keep
from settings import SHANGHAI
from tests.outreach.conftest import FakeClock

TODAY = date(2026, 11, 24)
NAMES = tuple(templates.names())


def test_there_are_enough() -> None:
    nodes = {node.key for node in Calendar.load().nodes}
    assert len(NAMES) >= 8
    assert len(set(NAMES) & nodes) >= 8  # named like their nodes, so that they are found


@pytest.mark.parametrize("name", NAMES)
def test_every_template_passes_the_gate(
    name: str, gate: Gate, clock: FakeClock, tmp_path: Path
) -> None:
    path = templates.path_of(name)
    text = templates.filled(name, TODAY)
    found = parse_draft(text, path, Codes.load(), TODAY, lambda p: keep(p, tmp_path))
    assert gate.problems(found, clock) == []
    assert found.node in (name, None)
    if found.node is None:
        assert found.at is None
        return
    assert found.at is not None
    day = found.at.astimezone(SHANGHAI).date()
    assert day > TODAY
    assert any(
        each.on(day)
        for year in (day.year - 1, day.year)
        for each in Calendar.load().occurrences(year)
        if each.node.key == name
    )


@pytest.mark.parametrize("name", NAMES)
def test_a_false_citation_in_a_template_is_found(
    name: str, gate: Gate, clock: FakeClock, tmp_path: Path
) -> None:
    text = templates.filled(name, TODAY).replace("》第", "》第九千条第", 1)
    found = parse_draft(text, Path("x"), Codes.load(), TODAY, lambda p: keep(p, tmp_path))
    assert any("没有这一条" in problem for problem in gate.problems(found, clock))


def test_the_constitution_day_is_the_fourth_of_december() -> None:
    text = templates.filled("constitution-day", TODAY)
    assert text.startswith('id = "constitution-day-2026"\n')
    assert "at = 2026-12-04T09:00:00" in text
    after = templates.filled("constitution-day", date(2026, 12, 4))
    assert "at = 2027-12-04T09:00:00" in after
    assert after.startswith('id = "constitution-day-2027"\n')
    running = templates.filled("constitution-week", date(2026, 12, 3))
    assert "at = 2026-12-04T09:00:00" in running


def test_an_unknown_template_names_the_others() -> None:
    with pytest.raises(UsageError, match="constitution-day"):
        templates.filled("nope", TODAY)


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    out = tmp_path / "x.toml"
    out.write_text("mine")
    with pytest.raises(UsageError, match="写不了"):
        templates.write("theirs", out)
    assert out.read_text() == "mine"


def test_a_template_s_mistake_is_told_with_its_own_line(tmp_path: Path) -> None:
    (tmp_path / "x.toml").write_text('# x\ntitle = "t"\norgan = "没有的局"\n[text]\ndefault="d"\n')
    text = templates.filled("x", TODAY, folder=tmp_path)
    with pytest.raises(DataError) as caught:
        parse_draft(text, tmp_path / "x.toml", Codes.load(), TODAY, lambda p: keep(p, tmp_path))
    assert caught.value.line == 3


def test_renaming_keeps_the_content() -> None:
    text = templates.filled("constitution-day", TODAY, "xianfa-2026")
    assert text.startswith('id = "xianfa-2026"\n')


def test_a_law_that_starts_later_counts_on_the_day_it_is_due(
    gate: Gate, clock: FakeClock, tmp_path: Path
) -> None:
    versions = gate.corpus.versions
    count = Counter(v.law for v in versions)
    law = next(v.law for v in versions if v.effective == date(2027, 1, 1) and count[v.law] == 1)
    text = f"""id = "later"
title = "新法"
organ = "司法局"
articles = ["{law}第一条"]
[text]
default = "新法要施行了。"
[schedule]
at = 2027-01-02T09:00:00
"""
    found = parse_draft(text, Path("x"), Codes.load(), TODAY, lambda p: keep(p, tmp_path))
    assert gate.problems(found, clock) == []
    early = replace(found, at=None, expires=None)
    (problem,) = gate.problems(early, clock)
    assert "尚未施行" in problem
