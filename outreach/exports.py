"""Exports: which kinds there are, in which formats, and what one call says of what it wrote."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path

from errors import UsageError
from outreach.cell_text import neutral as neutral
from outreach.database import Database
from outreach.ledger import LEDGER_COLUMNS as LEDGER_COLUMNS
from outreach.ledger import Value as Value
from outreach.ledger import ledger as ledger

Progress = Callable[[int], None]


@dataclass(frozen=True, slots=True)
class Exported:
    """What was written: ``rows`` data rows whose hash is ``sha256``; ``meta`` for CSV only."""

    path: Path
    meta: Path | None
    rows: int
    sha256: str


def export(
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
    progress: Progress | None = None,
    county: str | None = None,
    organs: Sequence[str] = (),
) -> Exported:
    """Write an export of whole days in Asia/Shanghai, both ends included.

    Args:
        database: the store.
        kind: a key of :data:`outreach.printing.PRINTED`.
        format: one of its formats; ``all`` in csv or json is a ZIP of such files.
        out: the file; an existing one is replaced as a whole or not at all.
        start: first day.
        end: last day.
        as_of: 数据截止时间, aware (see :func:`outreach.statistics.stats`).
        exporter: who exports.
        corpus: date or name of the statute corpus.
        progress: called with the number of rows written so far.
        county: its name for titles; the code lists' where not given.
        organs: whose 履职报告; all that have a duty where empty.

    Raises:
        UsageError: there is no such kind or format, the window is empty, a unit is unknown, or
            the file cannot be written.
    """
    # Word and Excel take a while to load, and who only counts or records needs neither.
    from outreach.printing import PRINTED, write_printed

    if kind not in PRINTED:
        raise UsageError(f"没有 {kind} 这种导出，可用：{'、'.join(PRINTED)}")
    if format not in PRINTED[kind]:
        raise UsageError(f"{kind} 不能导出为 {format}，可用：{'、'.join(PRINTED[kind])}")
    printed = write_printed(
        database,
        kind=kind,
        format=format,
        out=out,
        start=start,
        end=end,
        as_of=as_of,
        exporter=exporter,
        corpus=corpus,
        progress=progress,
        county=county,
        organs=organs,
    )
    return Exported(out, printed.meta, printed.rows, printed.sha256)
