"""Tables as CSV and JSON, streamed, with what an auditor asks beside or within them.

A CSV file stays a plain table (one header line, a last line 合计 where the printed sheet has one),
so that the ledger can be imported again. What it was made from (filter, 数据截止时间, exporter,
corpus, SHA-256) stands in ``NAME.meta.json``; a kind with several tables has the further ones in
``NAME.表名.csv``. A JSON file holds all its tables and the same ``meta``. Everything at once is a
ZIP of such files, whose bytes are the same for the same data.
"""

from __future__ import annotations

import csv
import hashlib
import json
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from io import TextIOWrapper
from pathlib import Path
from typing import IO, Any

from outreach.cell_text import Value, hash_line, neutral
from outreach.files import placed, placed_text
from outreach.workbook import Sheet, Written

BOM = "utf-8-sig"
META = "meta.json"
EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment of a zip entry

Progress = Callable[[int], None]


class Tables:
    """Counts and hashes the rows that are written, for ``meta``."""

    def __init__(self, meta: dict[str, Any], progress: Progress | None = None) -> None:
        self.written = Written()
        self._meta, self._progress = meta, progress
        self._told: list[dict[str, Any]] = []
        self._count = 0

    def csv(self, sheet: Sheet, stream: IO[str]) -> None:
        """Write one table."""
        writer = csv.writer(stream)
        writer.writerow([column.title for column in sheet.columns])
        for row in self._rows(sheet):
            writer.writerow([neutral(value) for value in row])
        if sheet.total is not None:
            writer.writerow([neutral(value) for value in sheet.total])

    def json(self, sheet: Sheet, stream: IO[str]) -> None:
        """Write ``"rows": […]`` and, where there is one, ``"total": {…}``."""
        names = [column.title for column in sheet.columns]

        def named(row: Sequence[Value]) -> str:
            return json.dumps(dict(zip(names, row, strict=True)), ensure_ascii=False)

        stream.write('"rows": [')
        for number, row in enumerate(self._rows(sheet)):
            stream.write((",\n" if number else "\n") + named(row))
        stream.write("\n]")
        if sheet.total is not None:
            stream.write(f',\n"total": {named(sheet.total)}')

    def sealed(self) -> dict[str, Any]:
        """``meta`` with rows and hashes: known once the rows are out."""
        return self._meta | {
            "columns": self._told[0]["columns"] if self._told else [],
            "rows": sum(self.written.rows.values()),
            "sha256": self.written.whole,
            "tables": self._told,
        }

    def _rows(self, sheet: Sheet) -> Iterator[Sequence[Value]]:
        digest, number = hashlib.sha256(), 0
        for row in sheet.rows:
            digest.update(hash_line(row))
            number += 1
            yield row
            self._count += 1
            if self._progress:
                self._progress(self._count)
        self.written.rows[sheet.name] = number
        self.written.sha256[sheet.name] = digest.hexdigest()
        self._told.append(
            {
                "name": sheet.name,
                "title": sheet.title,
                "columns": [column.title for column in sheet.columns],
                "rows": number,
                "sha256": digest.hexdigest(),
                "total_row": sheet.total is not None,
                "notes": list(sheet.notes),
            }
        )


def write_csv(sheets: Sequence[Sheet], out: Path, tables: Tables) -> Path:
    """Write each table as a file of its own; returns the path of ``meta``.

    Raises:
        UsageError: a file cannot be written.
    """
    for number, sheet in enumerate(sheets):
        path = out.with_name(f"{out.stem}.{sheet.name}{out.suffix}") if number else out
        with placed_text(path, BOM) as stream:
            tables.csv(sheet, stream)
    beside = out.with_name(f"{out.name}.{META}")
    with placed_text(beside) as stream:
        stream.write(_pretty(tables.sealed()))
    return beside


def write_json(sheets: Sequence[Sheet], out: Path, tables: Tables) -> None:
    """Write the first table as ``rows`` (and ``total``), the others under ``tables``, and ``meta``.

    Raises:
        UsageError: the file cannot be written.
    """
    with placed_text(out) as stream:
        stream.write("{")
        tables.json(sheets[0], stream)
        if len(sheets) > 1:
            stream.write(',\n"tables": [')
            for number, sheet in enumerate(sheets[1:]):
                name = json.dumps(sheet.name, ensure_ascii=False)
                stream.write(("," if number else "") + f'\n{{"name": {name},\n')
                tables.json(sheet, stream)
                stream.write("}")
            stream.write("\n]")
        stream.write(f',\n"meta": {_pretty(tables.sealed())}}}\n')


def write_archive(sheets: Sequence[Sheet], out: Path, tables: Tables, format: str) -> None:
    """Write a ZIP with a file for each table and ``meta.json``.

    Raises:
        UsageError: the file cannot be written.
    """
    with placed(out) as path, zipfile.ZipFile(path, "w") as archive:
        for sheet in sheets:
            encoding = BOM if format == "csv" else "utf-8"
            with _member(archive, f"{sheet.name}.{format}", encoding) as stream:
                if format == "csv":
                    tables.csv(sheet, stream)
                else:
                    stream.write("{")
                    tables.json(sheet, stream)
                    stream.write("}\n")
        with _member(archive, META) as stream:
            stream.write(_pretty(tables.sealed()))


@contextmanager
def _member(archive: zipfile.ZipFile, name: str, encoding: str = "utf-8") -> Iterator[IO[str]]:
    entry = zipfile.ZipInfo(name, EPOCH)
    entry.compress_type = zipfile.ZIP_DEFLATED
    entry.external_attr = 0o600 << 16
    with (
        archive.open(entry, "w", force_zip64=True) as raw,
        TextIOWrapper(raw, encoding=encoding, newline="") as stream,
    ):
        yield stream


def _pretty(value: dict[str, Any]) -> str:
    return json.dumps(value, ensure_ascii=False, indent=2) + "\n"
