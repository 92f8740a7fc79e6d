"""Acknowledged defects of a source, each with its evidence (``corrections.toml``)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from pathlib import Path

from knowledge.datafiles import Row, toml_rows, unique

CORRECTIONS = Path(__file__).with_name("corrections.toml")


@dataclass(frozen=True, slots=True)
class Correction:
    """What is corrected in one version; ``value`` None means that the source's date is unknown."""

    law: str
    version: date
    field: str
    value: date | None
    note: str | None
    evidence: str
    row: Row


def read_corrections(path: Path = CORRECTIONS) -> dict[tuple[str, date], dict[str, Correction]]:
    """Corrections by (law, version date) and field.

    Raises:
        DataError: the file's form or a value is wrong.
    """
    rows = toml_rows(path, "correction")
    found: dict[tuple[str, date], dict[str, Correction]] = {}
    for row in rows:
        row.only({"law", "version", "field", "value", "note", "evidence"})
        field = row.choice("field", ("flag", "commenced", "effective", "note"))
        value: date | None = None
        if field == "flag":
            row.choice("value", ("disregard",))
        elif field == "note":
            row.text("note")
        elif row.values.get("value") != "unknown":
            value = row.day("value")
            if value is None:
                row.fail("缺少 value", '请写日期（如 2024-01-01）或 "unknown"')
        version = row.day("version")
        if version is None:
            row.fail("缺少 version", "请写该版本的通过日期，如 2018-12-29")
        note = row.text("note", "") or None
        entry = Correction(row.text("law"), version, field, value, note, row.text("evidence"), row)
        found.setdefault((entry.law, version), {})[field] = entry
    unique(rows, lambda r: (r.values["law"], r.values["version"], r.values["field"]), "同一更正")
    return found
