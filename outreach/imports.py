"""Importing a ledger (.xlsx, .csv) in the export's own columns: everything or nothing.

Rows are matched by 编号 in 备注; where there is none, by day, host, name and village, so that the
same file twice adds nothing. A changed row corrects the report it matches (rule R10); a row that
is missing reverses nothing. The bot's rows are passed over: its counts are nobody's to edit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import date, datetime
from itertools import islice
from pathlib import Path
from typing import Any

from sqlalchemy import Connection

from errors import CellError
from outreach import evidence
from outreach.activities import STATES, Activity, Evidence, Registered, numbered
from outreach.cells import Cell, Reader, clean, is_blank, number_in
from outreach.codes import Codes
from outreach.imported import Imported, Planned
from outreach.ledger import AUTOMATIC, HOST, JOINED, LEDGER_COLUMNS, SYSTEM
from outreach.register import attach, read, submit
from outreach.sheet_reader import Line, read_sheet
from outreach.small_cells import FEW, MANY, mask

REQUIRED = ("日期", "责任单位", "活动名称")
_FILE = re.compile(r"[^；]*〔[0-9a-f]{8}〕")
_BATCH = 500


def plan(
    connection: Connection,
    path: Path,
    *,
    codes: Codes,
    today: date,
    actor: str,
    reason: str | None = None,
) -> Imported:
    """Read and check a ledger against the store; nothing is written.

    Args:
        connection: any connection.
        path: an .xlsx or .csv file; files that 佐证 names lie beside it.
        codes: the county's lists.
        today: activities after this day are refused.
        actor: who imports; 填报人 where the row names none.
        reason: why approved reports are corrected; without it such rows are problems.

    Raises:
        DataError: the file as a whole cannot be used. What is wrong with single cells is in
            ``problems``.
    """
    return _Plan(connection, path, codes, today, actor, reason).run()


def carry_out(
    connection: Connection,
    found: Imported,
    kept: dict[Path, Evidence],
    *,
    actor: str,
    reason: str | None,
    now: datetime,
) -> Imported:
    """Write a plan without problems, in the caller's transaction.

    Args:
        connection: a writing connection.
        found: what :func:`plan` said.
        kept: the evidence of each file that the plan names.
        actor: who imports.
        reason: why approved reports are corrected.
        now: the moment of recording.
    """
    for each in found.planned:
        if each.done == "unchanged" and not each.files:
            continue
        number = submit(
            connection, each.activity, actor=actor, now=now, source="import", reason=reason
        ).registered.number
        if each.files:
            attach(connection, number, (kept[f] for f in each.files), actor=actor, now=now)
    return replace(found, written=True)


class _Plan:
    def __init__(
        self,
        connection: Connection,
        path: Path,
        codes: Codes,
        today: date,
        actor: str,
        reason: str | None,
    ) -> None:
        self.connection, self.path, self.codes, self.today = connection, path, codes, today
        self.actor, self.reason = actor, reason
        self.problems: list[CellError] = []
        self.reminders: list[str] = []

    def run(self) -> Imported:
        sheet = read_sheet(self.path, LEDGER_COLUMNS, REQUIRED)
        self.problems += sheet.problems
        broken = {problem.line for problem in sheet.problems}
        staff = [line for line in sheet.rows if not _is_bots(line)]
        hosts, joined = self._sorted(staff)
        known = self._known(filter(None, (number_in(line.cells.get("备注")) for line in hosts)))
        drafts = [
            (line, *self._activity(line, joined.pop(_link(line), []), known)) for line in hosts
        ]
        for lines in joined.values():
            for line in lines:
                mend = "请补上主办单位的一行，日期、活动名称（或编号）要一致"
                self._problem(line, "主办/参与", "没有对应的主办行", mend)
        read_ = [(line, activity, files) for line, activity, files in drafts if activity]
        known |= self._known(activity.number or "" for _, activity, _ in read_)
        planned = list(self._matched(read_, known))
        self._lookalikes(planned)
        self.problems = [
            each for each in self.problems if each in sheet.problems or each.line not in broken
        ]
        return Imported(
            path=self.path,
            written=False,
            planned=tuple(planned),
            skipped=len(sheet.rows) - len(staff),
            problems=tuple(sorted(self.problems, key=lambda each: each.line or 0)),
            reminders=tuple(self.reminders),
        )

    def _sorted(
        self, lines: Iterable[Line]
    ) -> tuple[list[Line], dict[tuple[str, ...], list[Line]]]:
        """Hosts' rows, and participants' rows by what links them to their host's."""
        hosts: list[Line] = []
        joined: dict[tuple[str, ...], list[Line]] = {}
        for line in lines:
            role = clean(line.cells.get("主办/参与")) or HOST
            if role == HOST:
                hosts.append(line)
            elif role == JOINED:
                joined.setdefault(_link(line), []).append(line)
                for column in ("场次", "期", "线下人次"):
                    if not is_blank(line.cells.get(column)):
                        mend = "场次、期和人次只写在主办行"
                        self._problem(line, column, "参与单位不能填", mend)
            else:
                self._problem(line, "主办/参与", "看不懂", f"请写{HOST}或{JOINED}")
        return hosts, joined

    def _activity(
        self, line: Line, joined: Sequence[Line], known: dict[str, Registered]
    ) -> tuple[Activity | None, tuple[Path, ...]]:
        cells = dict(line.cells)
        number = number_in(cells.get("备注"))
        match = known.get(number) if number else None
        if match:
            _unmask(cells, match.activity)
        said, files = self._evidence(line, match)
        cells["佐证"] = said
        if is_blank(cells.get("填报人")):
            cells["填报人"] = self.actor
        names = {clean(each.cells.get("责任单位")): each for each in joined}
        reader = Reader(cells, self.codes, self.today, tuple(names))
        activity = reader.activity()
        for flaw in reader.flaws:
            other = names.get(flaw.value) if flaw.column == "参与单位" else None
            where, column = (other, "责任单位") if other else (line, flaw.column)
            self._problem(where, column, flaw.problem, flaw.mend, flaw.value)
        if activity:
            activity = replace(activity, number=numbered(activity))
            self._told_states(line, match)
        return activity, files

    def _told_states(self, line: Line, match: Registered | None) -> None:
        told = {name: clean(line.cells.get(name)) for name in ("状态", "审核人")}
        if match is None and any(told.values()):
            self.reminders.append(
                f"第{line.number}行的状态和审核人不导入：导入的记录都要由另一人审核后才计入"
            )
        elif match and told["状态"] and told["状态"] != STATES[match.state]:
            self.reminders.append(
                f"第{line.number}行的状态不能在表里改，{match.number}仍是{STATES[match.state]}"
            )

    def _evidence(self, line: Line, match: Registered | None) -> tuple[str, tuple[Path, ...]]:
        """(words, files to attach) of 佐证: what that ends like a file lies beside the sheet."""
        text = clean(line.cells.get("佐证"))
        text = "；".join(part for part in text.split("；") if not _FILE.fullmatch(part))
        parts = [part.strip() for part in re.split(r"[；;、，,]", text)]
        named = [part for part in parts if Path(part).suffix.lower() in evidence.TYPES]
        if not named:
            return text, ()
        files = []
        there = {each.name for each in match.evidence} if match else set()
        for name in named:
            file = self.path.parent / name
            if Path(name).name == name and file.is_file():
                files.append(file)
            elif name not in there:
                mend = "请把文件放在表格所在的文件夹，或改成文字说明"
                self._problem(line, "佐证", "找不到佐证文件", mend, name)
        return "、".join(part for part in parts if part not in named), tuple(files)

    def _matched(
        self,
        drafts: Iterable[tuple[Line, Activity, tuple[Path, ...]]],
        known: dict[str, Registered],
    ) -> Iterator[Planned]:
        seen: dict[str, int] = {}
        for line, activity, files in drafts:
            number = activity.number or ""
            if number in seen:
                mend = "重复的请删去；确是两场的，在备注里各写不同的“编号：…”"
                self._problem(line, "备注", f"与第{seen[number]}行是同一场（{number}）", mend)
                continue
            seen[number] = line.number
            each = Planned(line.number, activity, known.get(number), files)
            if each.known and each.known.state == "reversed" and each.done == "unchanged":
                self.reminders.append(f"第{line.number}行（{number}）已经冲销，没有重新登记")
            approved = each.known is not None and each.known.state == "approved"
            if approved and each.done == "corrected" and not self.reason:
                problem = f"{number} 已经审核，现改了：{'、'.join(each.changes)}"
                self._problem(line, "备注", problem, "确要更正的，导入时写明原因（--reason）")
            else:
                yield each

    def _lookalikes(self, planned: Sequence[Planned]) -> None:
        """Remind of new rows that say what another number's report says."""
        new = {_identity(e.activity): e for e in planned if e.known is None}
        if not new:
            return
        days = [each.activity.first for each in new.values()]
        for found in read(self.connection, first=min(days), last=max(days)):
            each = new.get(_identity(found.activity))
            if each and found.state != "reversed":
                self.reminders.append(
                    f"第{each.line}行与已登记的 {found.number} 相同，请核对是不是重复"
                )

    def _known(self, numbers: Iterable[str]) -> dict[str, Registered]:
        found: dict[str, Registered] = {}
        rest = iter(dict.fromkeys(numbers))
        while batch := list(islice(rest, _BATCH)):
            found |= {each.number: each for each in read(self.connection, numbers=batch)}
        return found

    def _problem(
        self, line: Line, column: str, problem: str, mend: str, value: str | None = None
    ) -> None:
        shown = clean(line.cells.get(column)) if value is None else value
        self.problems.append(CellError(self.path, line.number, column, shown, problem, mend))


def _is_bots(line: Line) -> bool:
    return clean(line.cells.get("状态")) == AUTOMATIC or clean(line.cells.get("填报人")) == SYSTEM


def _link(line: Line) -> tuple[str, ...]:
    number = number_in(line.cells.get("备注"))
    if number:
        return (number,)
    return clean(line.cells.get("日期")), clean(line.cells.get("活动名称"))


def _unmask(cells: dict[str, Cell], known: Activity) -> None:
    """Put the stored number where the export hid it (rule R11)."""
    value = known.attended
    if value and clean(cells.get("线下人次")) == mask(value):
        cells["线下人次"] = value
    hidden = re.search(rf"现场咨询：(?:{FEW}|{MANY})", clean(cells.get("备注")))
    if hidden and known.consulted and hidden[0].endswith(mask(known.consulted)):
        cells["现场咨询"] = known.consulted


def _identity(activity: Activity) -> tuple[Any, ...]:
    return tuple(
        getattr(activity, name) for name in ("kind", "first", "organ", "name", "town", "village")
    )
