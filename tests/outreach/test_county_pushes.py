"""The simulated county-year: every cell of what was pushed, counted twice."""

from __future__ import annotations

import csv
import json
from collections import Counter
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from tests.outreach import slow_pushes
from tests.outreach.county_year import FIRST, LAST, NOW, Lived, label

pytestmark = pytest.mark.slow
WINDOWS = [
    (FIRST, LAST),
    (date(2026, 1, 31), date(2026, 1, 31)),
    (date(2026, 3, 1), date(2026, 3, 31)),
]


def test_the_year_has_every_outcome(lived: Lived) -> None:
    states = Counter(row.state for row in lived.raw.deliveries)
    ends = {"sent", "failed", "blocked", "opted_out", "unknown", "recalled", "expired"}
    assert states.keys() == ends
    reasons = {(row.state, row.reason) for row in lived.raw.deliveries if row.reason}
    assert reasons >= {
        *(("failed", "bad_request"), ("failed", "chat_not_found"), ("unknown", "no_answer")),
        *(("unknown", "interrupted"), ("recalled", "deleted"), ("recalled", "edited")),
        ("sent", "kept"),
    }
    assert max(row.clicks for row in lived.raw.deliveries) > 1
    assert max(row.attempts for row in lived.raw.deliveries) > 1
    assert any(row.resident.startswith("erased-") for row in lived.raw.deliveries)
    assert {each.state for each in lived.raw.campaigns.values()} == {"finished", "recalled"}


@pytest.mark.parametrize(("first", "last"), WINDOWS)
def test_every_cell_of_the_campaigns(lived: Lived, tmp_path: Path, first: date, last: date) -> None:
    assert any(one.campaign for one in lived.raw.activities)  # 专项: no push, and no row
    counted = slow_pushes.sheet(lived.raw, first, last, label, NOW)
    given: dict[str, Any] = {"kind": "campaigns", "start": first, "end": last, "exporter": "李"}
    out = tmp_path / "campaigns.json"
    lived.store.export(out, format="json", **given)
    assert json.loads(out.read_text(encoding="utf-8"))["rows"] == counted
    out = tmp_path / "campaigns.csv"
    lived.store.export(out, format="csv", **given)
    with out.open(encoding="utf-8-sig", newline="") as stream:
        told = list(csv.DictReader(stream))
    assert [{k: str(v) for k, v in row.items()} for row in counted] == told


def test_every_number_of_a_campaigns_status(lived: Lived) -> None:
    office = Office(lived.store, _no_gate)
    seen: Counter[str] = Counter()
    for id_ in lived.raw.campaigns:
        told = office.status(id_).to_json()
        counted = slow_pushes.status(lived.raw, id_)
        told.pop("definitions")
        if told["comparison"]:
            assert told["comparison"].pop("verdict")
        assert told == counted, id_
        seen.update({name: value for name, value in told.items() if isinstance(value, int)})
        seen.update({f"quiz {name}": value or 0 for name, value in told["quiz"].items()})
    often = ("replies_48h", "unsubscribed", "clicks", "taken_back", "quiz attempts", "expired")
    assert all(seen[name] > 0 for name in often), seen


def _no_gate() -> Gate:
    raise AssertionError("counting checks no text")
