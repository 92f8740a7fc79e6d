"""Exports: the ledger (台账), written in a stream and put in place only when complete.

The CSV stays a plain table (one header line), so that it can be imported again; what an auditor
asks (filter, 数据截止时间, exporter, corpus, SHA-256) stands beside it in ``NAME.meta.json``.
The JSON export carries the same under ``meta``.
"""

from __future__ import annotations

import csv
import hashlib
import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from errors import UsageError
from outreach.campaign_figures import CAMPAIGN_COLUMNS, NOTES, campaign_rows
from outreach.consultations import Window
from outreach.database import Database
from outreach.ledger import LEDGER_COLUMNS as LEDGER_COLUMNS
from outreach.ledger import Value as Value
from outreach.ledger import ledger as ledger
from outreach.statistics import DEFINITIONS, LAW_NOTE, PEOPLE_NOTE, SMALL_NOTE
from settings import SHANGHAI

KINDS = ("ledger", "campaigns")
FORMATS = ("csv", "json")

Progress = Callable[[int], None]
Cell = str | int | float | None


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
) -> Exported:
    """Write an export of whole days in Asia/Shanghai, both ends included.

    Args:
        database: the store.
        kind: ``ledger``, ``campaigns``, or another of :data:`outreach.printing.PRINTED`.
        format: of these two ``csv`` (UTF-8 with BOM), ``json`` or ``xlsx``; of another kind what
            is written there.
        out: the file; an existing one is replaced as a whole or not at all.
        start: first day.
        end: last day.
        as_of: 数据截止时间, aware (see :func:`outreach.statistics.stats`).
        exporter: who exports.
        corpus: date or name of the statute corpus.
        progress: called with the number of rows written so far.

    Raises:
        UsageError: kind or format does not exist (yet), the window is empty, or the file cannot
            be written.
    """
    from outreach.printing import PRINTED, write_printed  # it takes the rules of cells from here

    if format in PRINTED.get(kind, ()):
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
        )
        return Exported(out, None, printed.rows, printed.sha256)
    if kind in PRINTED and kind not in KINDS:
        raise UsageError(f"{kind} 只能导出为 {'、'.join(PRINTED[kind])}")
    if kind not in KINDS:
        raise UsageError(f"没有 {kind} 这种导出，可用：{'、'.join(PRINTED)}")
    if format not in FORMATS:
        raise UsageError(
            f"{kind} 不能导出为 {format}，可用：{'、'.join((*FORMATS, *PRINTED[kind]))}"
        )
    window = Window(start, end, as_of)
    columns = LEDGER_COLUMNS if kind == "ledger" else CAMPAIGN_COLUMNS
    meta = {
        "kind": kind,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "filter": f"{start.isoformat()} 至 {end.isoformat()}（含首尾两日，北京时间），全部渠道",
        "as_of": as_of.astimezone(SHANGHAI).isoformat(),
        "数据截止时间": as_of.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds"),
        "exporter": exporter,
        "corpus": corpus,
        "columns": columns,
        "sha256_of": "每行各列按 JSON 数组（UTF-8，无空格）写成一行、以换行结尾，依次连接",
        "notes": [PEOPLE_NOTE, LAW_NOTE, SMALL_NOTE] if kind == "ledger" else list(NOTES),
        "definitions": DEFINITIONS,
    }
    try:
        with ExitStack() as open_:
            source: Iterable[Sequence[Cell]]
            if kind == "ledger":
                source = ledger(open_.enter_context(database.read()), window)
            else:
                source = campaign_rows(database, window)
            rows = _Counted(source, progress)
            if format == "csv":
                _write_csv(out, columns, rows)
            else:
                _write_json(out, columns, rows, meta)
        beside = out.with_name(out.name + ".meta.json") if format == "csv" else None
        if beside:
            with _replacing(beside) as stream:
                json.dump(meta | rows.seal(), stream, ensure_ascii=False, indent=2)
                stream.write("\n")
    except OSError as error:
        raise UsageError(f"无法写入 {out}：{error.strerror or error}") from error
    return Exported(out, beside, rows.number, rows.sha256)


class _Counted:
    """Counts and hashes the rows that pass through."""

    def __init__(self, rows: Iterable[Sequence[Cell]], progress: Progress | None) -> None:
        self._rows, self._progress = rows, progress
        self._hash = hashlib.sha256()
        self.number = 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            self._hash.update(_line(row).encode() + b"\n")
            self.number += 1
            yield row
            if self._progress:
                self._progress(self.number)

    @property
    def sha256(self) -> str:
        return self._hash.hexdigest()

    def seal(self) -> dict[str, Any]:
        return {"rows": self.number, "sha256": self.sha256}


def _line(row: Sequence[Cell]) -> str:
    return json.dumps(list(row), ensure_ascii=False, separators=(",", ":"))


def _write_csv(out: Path, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
    with _replacing(out, encoding="utf-8-sig") as stream:
        writer = csv.writer(stream)
        writer.writerow(columns)
        for row in rows:
            writer.writerow([neutral(value) for value in row])


def _write_json(out: Path, columns: Sequence[str], rows: _Counted, meta: dict[str, Any]) -> None:
    with _replacing(out) as stream:
        stream.write('{"rows": [')
        for number, row in enumerate(rows):
            named = json.dumps(dict(zip(columns, row, strict=True)), ensure_ascii=False)
            stream.write((",\n" if number else "\n") + named)
        # The hash is known once the rows are out: meta comes last.
        sealed = json.dumps(meta | rows.seal(), ensure_ascii=False, indent=2)
        stream.write(f'\n], "meta": {sealed}}}\n')


def neutral(value: Cell) -> Cell:
    """A cell that no spreadsheet takes for a formula: an apostrophe before = + - @, tab and CR."""
    if isinstance(value, str) and value.startswith(("=", "+", "-", "@", "\t", "\r")):
        return "'" + value
    return value


@contextmanager
def _replacing(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """A text stream that replaces ``path`` at once, durable, and only on a clean exit."""
    with NamedTemporaryFile(
        "w", encoding=encoding, newline="", dir=path.parent, prefix=f".{path.name}.", delete=False
    ) as stream:
        try:
            yield stream
            stream.flush()
            os.fsync(stream.fileno())
            Path(stream.name).replace(path)
        except BaseException:
            with suppress(OSError):
                Path(stream.name).unlink()
            raise
