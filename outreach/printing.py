"""Exports: tables as workbooks, CSV and JSON; the report and the units' 履职报告.

Here the county's data files are read and handed to those who fill and write the documents.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from errors import UsageError
from knowledge.duties import Duties
from outreach import sheets
from outreach.codes import county_codes
from outreach.consultations import Window
from outreach.database import Database
from outreach.documents import write_drafts
from outreach.event_rows import EVENTS
from outreach.files import placed_text
from outreach.insight import insight
from outreach.insight_report import demand
from outreach.passages import Draft
from outreach.performance import performance
from outreach.report import Material, section
from outreach.sheet_parts import Request

REPORT, PERFORMANCE = "report", "performance"
# Kind → formats that are written here.
PRINTED = {
    **dict.fromkeys(sheets.KINDS, sheets.FORMATS),
    EVENTS: ("csv", "json"),
    REPORT: ("docx", "json"),
    PERFORMANCE: ("docx", "json"),
}


@dataclass(frozen=True, slots=True)
class Printed:
    """What was written: data rows (of a report: figures), their SHA-256, where ``meta`` stands."""

    rows: int
    sha256: str
    meta: Path | None = None


def write_printed(
    database: Database,
    *,
    kind: str,
    format: str,
    out: Path,
    start: date,
    end: date,
    as_of: datetime,
    exporter: str,
    corpus: str | None = None,
    progress: Callable[[int], None] | None = None,
    duties: Duties | None = None,
    county: str | None = None,
    organs: Sequence[str] = (),
) -> Printed:
    """Write a printed export of whole days in Asia/Shanghai, both ends included.

    Args:
        database: the store.
        kind: a key of :data:`PRINTED`.
        format: one of its formats.
        out: the file; an existing one is replaced as a whole or not at all.
        start: first day.
        end: last day.
        as_of: 数据截止时间, aware; the same call gives the same text again.
        exporter: who exports.
        corpus: date or name of the statute corpus.
        progress: called with the number of rows written so far.
        duties: the county's duty list; read from its file where not given.
        county: its name for titles; the code lists' where not given.
        organs: whose 履职报告; all that have a duty where empty.

    Raises:
        UsageError: there is no such kind or format, a unit is unknown, or the file cannot be
            written.
        DataError: a data file of the county is wrong.
        OutreachError: ledger and statistics disagree, or a text would hold a forbidden word.
    """
    if format not in PRINTED.get(kind, ()):
        raise UsageError(f"{kind} 不能导出为 {format}")
    duties = duties or Duties.load()
    county = county or duties.calendar.codelists.county
    if kind == EVENTS or kind in sheets.KINDS:
        window = Window(start, end, as_of)
        request = Request(database, duties, window, county, exporter, corpus)
        written, beside = sheets.write_sheets(
            request, kind=kind, format=format, out=out, progress=progress
        )
        return Printed(sum(written.rows.values()), written.whole, beside)
    material = Material.read(database, duties, start, end, as_of, county)
    if kind == REPORT:
        found = insight(database, county_codes(), duties.calendar, start, end, as_of)
        drafts = list(filter(None, (section(material), demand(found))))
        title = f"{county}法治宣传教育工作情况"
    else:
        names = organs or tuple(each.organ for each in material.organs)
        drafts = [performance(material, organ) for organ in names]
        title = f"{county}履行普法责任制情况报告"
    if format == "docx":
        write_drafts(drafts, out, title=title, author=exporter)
    else:
        facts = {"kind": kind, "county": county, "exporter": exporter, "corpus": corpus}
        told = [draft.to_json() for draft in drafts]
        whole_text = json.dumps(facts | {"drafts": told}, ensure_ascii=False, indent=2)
        with placed_text(out) as stream:
            stream.write(whole_text + "\n")
    return Printed(sum(len(draft.figures) for draft in drafts), _digest(drafts))


def _digest(drafts: Sequence[Draft]) -> str:
    """SHA-256 of texts and figures: two reports that say the same have the same."""
    told = [draft.to_json() for draft in drafts]
    plain = json.dumps(told, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(plain.encode()).hexdigest()
