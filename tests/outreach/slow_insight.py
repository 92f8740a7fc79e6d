"""问需 counted again, slowly, from the raw rows: who asked about what, cell by cell."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from datetime import date
from typing import Any
from zoneinfo import ZoneInfo

from tests.outreach.raw_rows import Raw
from tests.outreach.recount import _sessions

ZONE = ZoneInfo("Asia/Shanghai")
Label = Callable[..., str]
Cells = dict[tuple[str, ...], list[Any]]  # times, people


def asked(
    raw: Raw, first: date, last: date, by: tuple[str, ...], label: Callable[..., str]
) -> Cells:
    """Times and people of each cell, of consultations or of the laws and articles in them."""
    cells: dict[tuple[str, ...], list[Any]] = defaultdict(lambda: [0, set()])
    for session in _sessions([e for e in _ours(raw) if e.type in ("answer", "referral", "gap")]):
        told = [e for e in session if e.type != "gap"]
        start = session[0].at.astimezone(ZONE)
        if not told or not first <= start.date() <= last:
            continue
        cited = {(a.law, a.article) for e in session for a in e.articles}
        if "article" in by:
            pairs = [{"law": law, "article": article} for law, article in cited]
        elif "law" in by:
            pairs = [{"law": law} for law in {law for law, _ in cited}]
        else:
            pairs = [{}]
        for pair in pairs:
            _add(cells, by, told[0], f"{start:%Y-%m}", pair, label)
    return {key: [times, len(who)] for key, (times, who) in cells.items()}


def missed(
    raw: Raw, first: date, last: date, by: tuple[str, ...], label: Callable[..., str]
) -> Cells:
    """The same of questions without an answer."""
    cells: dict[tuple[str, ...], list[Any]] = defaultdict(lambda: [0, set()])
    for event in _ours(raw):
        day = event.at.astimezone(ZONE)
        if event.type == "gap" and first <= day.date() <= last:
            _add(cells, by, event, f"{day:%Y-%m}", {}, label)
    return {key: [times, len(who)] for key, (times, who) in cells.items()}


def _ours(raw: Raw) -> list[Any]:
    return [
        e
        for e in raw.events
        if e.source == "bot" and e.in_scope and not (e.type == "referral" and e.result == "tapped")
    ]


def _add(
    cells: dict[tuple[str, ...], list[Any]],
    by: tuple[str, ...],
    head: Any,
    month: str,
    pair: dict[str, str],
    label: Label,
) -> None:
    town = label("town", head.town) if head.town else "—"
    values = {"month": month, "town": town, "topic": head.topic or "—", **pair}
    cell = cells[tuple(values[name] for name in by)]
    cell[0] += 1
    cell[1].add(head.resident)
