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
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, Any

from sqlalchemy import Connection, distinct, func, select

from errors import UsageError
from outreach.consultations import Window, consultations, horizon, laws, turns
from outreach.database import Database
from outreach.statistics import DEFINITIONS, LAW_NOTE, PEOPLE_NOTE
from outreach.tables import events
from settings import SHANGHAI

# 领域规格 §3 "1. 台账": the names and their order are the template's.
LEDGER_COLUMNS = [
    "序号",
    "日期",
    "责任单位",
    "主办/参与",
    "活动名称",
    "普法主题",
    "宣传法律",
    "普法形式",
    "重点对象",
    "N进",
    "乡镇",
    "村(社区)",
    "节点",
    "渠道",
    "场次",
    "期",
    "线下人次",
    "线上人次",
    "线上人数",
    "资料(份)",
    "图书(册)",
    "横幅(条)",
    "展板(块)",
    "咨询人次",
    "人数统计方法",
    "佐证",
    "填报人",
    "审核人",
    "状态",
    "备注",
]
KINDS = ("ledger",)
FORMATS = ("csv", "json")
FETCH = 500

Value = str | int | None
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
) -> Exported:
    """Write an export of whole days in Asia/Shanghai, both ends included.

    Args:
        database: the store.
        kind: ``ledger``.
        format: ``csv`` (UTF-8 with BOM) or ``json``.
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
    if kind not in KINDS:
        raise UsageError(f"还不能导出 {kind}，目前可用：{'、'.join(KINDS)}")
    if format not in FORMATS:
        raise UsageError(f"{kind} 还不能导出为 {format}，目前可用：{'、'.join(FORMATS)}")
    window = Window(start, end, as_of)
    meta = {
        "kind": kind,
        "from": start.isoformat(),
        "to": end.isoformat(),
        "filter": f"{start.isoformat()} 至 {end.isoformat()}（含首尾两日，北京时间），全部渠道",
        "as_of": as_of.astimezone(SHANGHAI).isoformat(),
        "数据截止时间": as_of.astimezone(SHANGHAI).isoformat(sep=" ", timespec="seconds"),
        "exporter": exporter,
        "corpus": corpus,
        "columns": LEDGER_COLUMNS,
        "sha256_of": "每行各列按 JSON 数组（UTF-8，无空格）写成一行、以换行结尾，依次连接",
        "notes": [PEOPLE_NOTE, LAW_NOTE],
        "definitions": DEFINITIONS,
    }
    try:
        with database.read() as connection:
            rows = _Counted(ledger(connection, window), progress)
            if format == "csv":
                _write_csv(out, rows)
            else:
                _write_json(out, rows, meta)
        beside = out.with_name(out.name + ".meta.json") if format == "csv" else None
        if beside:
            with _replacing(beside) as stream:
                json.dump(meta | rows.seal(), stream, ensure_ascii=False, indent=2)
                stream.write("\n")
    except OSError as error:
        raise UsageError(f"无法写入 {out}：{error.strerror or error}") from error
    return Exported(out, beside, rows.number, rows.sha256)


def ledger(connection: Connection, window: Window) -> Iterator[list[Value]]:
    """The ledger's rows in :data:`LEDGER_COLUMNS`.

    The bot's consultations are summed per day, organ, topic and channel, so that no row is a
    person's; 人数 is counted anew in each row.
    """
    until = horizon(connection, window)
    turn = turns(window, until)
    each = consultations(turn, window)
    group = [each.c.start_day, each.c.organ, each.c.topic, each.c.channel]
    touched = laws(turn, window)
    law_group = [touched.c.day, events.c.organ, events.c.topic, events.c.channel]
    stream = connection.execution_options(yield_per=FETCH)
    cited = _Groups(
        stream.execute(
            select(*law_group, touched.c.law)
            .join(touched, touched.c.of == events.c.id)
            .distinct()
            .order_by(*law_group, touched.c.law)
        )
    )
    counted = stream.execute(
        select(*group, func.count(), func.count(distinct(each.c.resident_id)))
        .select_from(each)
        .group_by(*group)
        .order_by(*group)
    )
    for number, (*key, times, people) in enumerate(counted, start=1):
        day, organ, topic, channel = key
        cells: dict[str, Value] = {
            "序号": number,
            "日期": f"{day // 10_000:04d}-{day // 100 % 100:02d}-{day % 100:02d}",
            "责任单位": organ,
            "活动名称": "线上法律咨询",
            "普法主题": topic,
            "宣传法律": "、".join(cited.of(tuple(key))),
            "普法形式": "咨询",
            "渠道": channel,
            "线上人次": times,
            "线上人数": people,
            "咨询人次": times,
            "人数统计方法": "系统计数，按渠道内去重",
            "佐证": "系统事件记录",
            "填报人": "系统",
            "状态": "系统自动记录",
        }
        yield [cells.get(name) for name in LEDGER_COLUMNS]


class _Groups:
    """Reads (key…, value) rows in step with another query that has the same order of keys."""

    def __init__(self, rows: Iterable[Sequence[Any]]) -> None:
        self._rows = iter(rows)
        self._next = next(self._rows, None)

    def of(self, key: tuple[Any, ...]) -> list[str]:
        """The values of the next key, which must be asked for in order."""
        found = []
        while self._next is not None and tuple(self._next[:-1]) == key:
            found.append(str(self._next[-1]))
            self._next = next(self._rows, None)
        return found


class _Counted:
    """Counts and hashes the rows that pass through."""

    def __init__(self, rows: Iterable[list[Value]], progress: Progress | None) -> None:
        self._rows, self._progress = rows, progress
        self._hash = hashlib.sha256()
        self.number = 0

    def __iter__(self) -> Iterator[list[Value]]:
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


def _line(row: list[Value]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":"))


def _write_csv(out: Path, rows: Iterable[list[Value]]) -> None:
    with _replacing(out, encoding="utf-8-sig") as stream:
        writer = csv.writer(stream)
        writer.writerow(LEDGER_COLUMNS)
        for row in rows:
            writer.writerow([neutral(value) for value in row])


def _write_json(out: Path, rows: _Counted, meta: dict[str, Any]) -> None:
    with _replacing(out) as stream:
        stream.write('{"rows": [')
        for number, row in enumerate(rows):
            named = json.dumps(dict(zip(LEDGER_COLUMNS, row, strict=True)), ensure_ascii=False)
            stream.write((",\n" if number else "\n") + named)
        # The hash is known once the rows are out: meta comes last.
        sealed = json.dumps(meta | rows.seal(), ensure_ascii=False, indent=2)
        stream.write(f'\n], "meta": {sealed}}}\n')


def neutral(value: Value) -> Value:
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
