"""The room's door: one outreach store with its inbox, event log, activities, figures, exports."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection

from errors import OutreachError, UsageError
from outreach import (
    erasure,
    evidence,
    exports,
    gaps,
    given,
    imports,
    periods,
    profiles,
    quizzes,
    register,
    residents,
    sealing,
    statistics,
)
from outreach.activities import Evidence, Kind, Registered, State, Submission, numbered, person
from outreach.cells import Cell, Reader
from outreach.changes import Change, Turn
from outreach.codes import LABELLED, Codes, county_codes
from outreach.database import Database
from outreach.events import Event, Reversal, event_key, record
from outreach.imported import Imported
from outreach.inbox import Inbox
from outreach.memory import Memory
from settings import SHANGHAI, Clock

INBOX_DAYS = 30
TEXT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Outreach:
    """An open store; thread-safe, all calls block. Close it once at the end."""

    database: Database
    clock: Clock
    inbox: Inbox
    keep_texts: bool = False
    files: Path | None = None
    codes: Callable[[], Codes] = county_codes

    @classmethod
    def open(
        cls,
        url: str,
        clock: Clock,
        *,
        keep_texts: bool = False,
        files: Path | None = None,
        codes: Callable[[], Codes] = county_codes,
    ) -> Outreach:
        """Open (create, migrate) the store at ``Settings.outreach_url``.

        Args:
            url: SQLAlchemy URL.
            clock: where the time comes from.
            keep_texts: keep masked question texts for :data:`TEXT_DAYS` days.
            files: folder of the evidence files, ``PUFA_HOME/evidence``; None takes none.
            codes: the county's lists, called when first needed; with a corpus at hand
                ``lambda: Codes.load(corpus.laws_named)``, so that all laws are known by name.

        Raises:
            SettingsError, OutreachError: see :meth:`outreach.database.Database.open`.
        """
        database = Database.open(url)
        return cls(database, clock, Inbox(database, clock), keep_texts, files, codes)

    def record_answer(
        self,
        update_key: str,
        kind: str,
        events: Event | Iterable[Event] = (),
        *,
        text: str | None = None,
        changes: Sequence[Change] = (),
        turn: Turn | None = None,
        agreed: bool = False,
    ) -> bool:
        """Record an update's outcome, its events and changes, in one transaction, once.

        Args:
            update_key: a received update.
            kind: the reply's kind (menu, smalltalk … have no events).
            events: what happened, each with a key of its own (``event_key(update_key, type)``).
            text: the masked question, kept with the first event where texts are kept.
            changes: what the reply changes about the resident; they need ``turn``.
            turn: whose update it is.
            agreed: the resident agreed that this text is kept for staff.

        Returns:
            True the first time; False, and nothing is recorded, when it was answered before.

        Raises:
            OutreachError: the update was never received, or the store cannot write.
        """
        happened = [events] if isinstance(events, Event) else list(events)
        now = self.clock.now()

        def work(connection: Connection) -> bool:
            if not self.inbox.complete(connection, update_key, kind):
                return False
            for number, event in enumerate(happened):
                kept = text if (self.keep_texts or agreed) and number == 0 else None
                record(connection, event, now=now, text=kept)
            for change in changes:
                if turn is None:
                    raise ValueError("changes need to know whose they are")
                change.carry_out(connection, turn)
            return True

        return self.database.together(work)

    @property
    def memory(self) -> Memory:
        """What a conversation reads about residents."""
        return Memory(self.database)

    def record(self, event: Event | Reversal) -> bool:
        """Record an event that answers no update; False when it was there already."""
        now = self.clock.now()
        return self.database.together(lambda connection: record(connection, event, now=now))

    def reverse(self, key: str, *, actor: str, reason: str) -> None:
        """Take the event with this key back, saying who and why (rule R10).

        Raises:
            OutreachError: the event is unknown or was taken back before.
        """
        now = self.clock.now()
        self.record(
            Reversal(key=event_key(key, "reversal"), at=now, of=key, actor=actor, reason=reason)
        )

    def stats(
        self, start: date, end: date, by: Sequence[str] = (), as_of: datetime | None = None
    ) -> statistics.Table:
        """Figures of [start, end]; see :func:`outreach.statistics.stats`."""
        moment = as_of or self.clock.now()
        return statistics.stats(self.database, start, end, by, moment, codes=self._lists(by))

    def export(
        self,
        out: Path,
        *,
        kind: str,
        format: str,
        start: date,
        end: date,
        exporter: str,
        corpus: str | None = None,
        as_of: datetime | None = None,
        progress: exports.Progress | None = None,
        county: str | None = None,
        organs: Sequence[str] = (),
    ) -> exports.Exported:
        """Write an export of [start, end]; see :func:`outreach.exports.export`."""
        return exports.export(
            self.database,
            kind=kind,
            format=format,
            out=out,
            start=start,
            end=end,
            as_of=as_of or self.cutoff(),
            exporter=exporter,
            corpus=corpus,
            progress=progress,
            county=county,
            organs=organs,
        )

    def cutoff(self) -> datetime:
        """数据截止时间 of what is read from now on: this millisecond, which can be printed whole.

        It is rounded up, so that what was recorded just before is in it; reading begins later.
        """
        now = self.clock.now()
        return now + timedelta(microseconds=-now.microsecond % 1000)

    def erase(
        self,
        resident: str,
        *,
        actor: str = "本人",
        reason: str = "本人要求删除",
        during: str | None = None,
    ) -> residents.Erasure | None:
        """Carry out a deletion request (个人信息保护法 47) at once.

        See :func:`outreach.erasure.erase`; the update ``during`` which the request came goes when
        its reply is sent. Figures do not change.

        Returns:
            What was done; None where nothing is kept under this key.
        """
        with self.database.write() as connection:
            return erasure.erase(
                connection,
                resident,
                at=self.clock.now(),
                actor=actor,
                reason=reason,
                during=during,
            )

    def purge(self) -> tuple[int, int]:
        """The nightly round: apply the retention periods, and make counting quick.

        Returns:
            Inbox rows and question texts deleted.
        """
        now = self.clock.now()
        with self.database.write() as connection:
            texts = gaps.purge(connection, now, timedelta(days=TEXT_DAYS))
            quizzes.purge(connection, now)
            profiles.purge(connection, now)
        rows = self.inbox.purge(now - timedelta(days=INBOX_DAYS))
        sealing.seal(self.database, sealing.yesterday(now))
        self.database.checkpoint()
        return rows, texts

    def add_activity(
        self,
        cells: Mapping[str, Cell],
        *,
        actor: str,
        kind: Kind = "activity",
        joint: Sequence[str] = (),
        evidence_files: Sequence[Path] = (),
        reason: str | None = None,
    ) -> Submission:
        """Report an offline activity or training; it counts once another person approves it.

        The same activity again is ``unchanged``; with other content it is a correction.

        Args:
            cells: what happened, in the staff's words, by the ledger's columns and by what
                may stand in 备注 (:data:`outreach.cells.REMARKS`), e.g. 日期, 责任单位, 活动名称,
                乡镇, 线下人次, 人数统计方法, 资料(份), 地点, 捐赠.
            actor: who reports; 填报人 where the cells name none.
            kind: ``activity`` (场次) or ``training`` (期).
            joint: the other units of a joint activity.
            evidence_files: photographs, notices, reports.
            reason: why, where an approved report is corrected.

        Raises:
            UsageError: unknown columns, or cells that cannot be used, all in one sentence.
            DataError: an evidence file that cannot be used.
            OutreachError: an approved report would be corrected without a reason.
        """
        given.check_columns(cells)
        actor, now = person(actor), self.clock.now()
        told = {"填报人": actor, **cells, ("期" if kind == "training" else "场次"): 1}
        reader = Reader(told, self.codes(), now.astimezone(SHANGHAI).date(), tuple(joint))
        activity = reader.activity()
        if activity is None:
            raise UsageError("；".join(map(str, reader.flaws)))
        kept = [self._keep(path) for path in evidence_files]
        with self.database.write() as connection:
            done = register.submit(connection, activity, actor=actor, now=now, reason=reason)
            if done.done != "unchanged":
                closed = periods.closed_month(connection, activity.first)
                done = replace(done, closed_month=closed)
            if not kept:
                return done
            number = numbered(activity)
            found = register.attach(connection, number, kept, actor=actor, now=now)
        return replace(done, registered=found)

    def import_activities(
        self, path: Path, *, actor: str, reason: str | None = None, dry_run: bool = False
    ) -> Imported:
        """Import a ledger, all of it or, where a cell is wrong, nothing; see :mod:`imports`.

        Args:
            path: .xlsx or .csv in the ledger's columns.
            actor: who imports.
            reason: why approved reports are corrected.
            dry_run: only say what would be done.

        Returns:
            What was done; ``refusal()`` is the error where there are problems.

        Raises:
            DataError: the file as a whole, or an evidence file, cannot be used.
        """
        actor, now = person(actor), self.clock.now()
        with self.database.read() as connection:
            found = imports.plan(
                connection,
                path,
                codes=self.codes(),
                today=now.astimezone(SHANGHAI).date(),
                actor=actor,
                reason=reason,
            )
        if dry_run or found.problems:
            return found
        named = dict.fromkeys(file for each in found.planned for file in each.files)
        kept = {file: self._keep(file) for file in named}
        with self.database.write() as connection:
            return imports.carry_out(connection, found, kept, actor=actor, reason=reason, now=now)

    def activities(
        self,
        start: date | None = None,
        end: date | None = None,
        *,
        state: State | None = None,
        organ: str | None = None,
    ) -> list[Registered]:
        """The latest report of each number that begins in [start, end], by day."""
        with self.database.read() as connection:
            return [
                each
                for each in register.read(connection, first=start, last=end)
                if state in (None, each.state)
                and organ in (None, each.activity.organ, *each.activity.joint)
            ]

    def approve(self, number: str, *, actor: str, note: str | None = None) -> Registered:
        """Approve a report, which then counts.

        Raises:
            NotAllowed: by the person who reported it.
            OutreachError: unknown, taken back or returned before.
        """
        with self.database.write() as connection:
            now = self.clock.now()
            return register.decide(connection, number, "approved", actor=actor, now=now, note=note)

    def send_back(self, number: str, *, actor: str, reason: str) -> Registered:
        """Return a report to the person who made it, saying why; it is mended by a new report.

        Raises:
            NotAllowed, OutreachError: as :meth:`approve`.
        """
        with self.database.write() as connection:
            now = self.clock.now()
            return register.decide(
                connection, number, "returned", actor=actor, now=now, note=reason
            )

    def reverse_activity(self, number: str, *, actor: str, reason: str) -> Registered:
        """Take a report back, approved or not, saying who and why (rule R10).

        Raises:
            OutreachError: unknown or taken back before.
        """
        with self.database.write() as connection:
            now = self.clock.now()
            return register.take_back(connection, number, actor=actor, reason=reason, now=now)

    def attach_evidence(self, number: str, files: Sequence[Path], *, actor: str) -> Registered:
        """Add evidence files to a report.

        Raises:
            DataError: a file that cannot be used.
            OutreachError: unknown, or taken back.
        """
        kept = self.keep_evidence(files)
        with self.database.write() as connection:
            now = self.clock.now()
            return register.attach(connection, number, kept, actor=actor, now=now)

    def keep_evidence(self, files: Sequence[Path]) -> list[Evidence]:
        """Copy files to the evidence folder, to be attached to what is recorded next.

        Raises:
            DataError: a file that cannot be used.
            OutreachError: there is no folder, or it cannot be written.
        """
        return [self._keep(path) for path in files]

    def close_period(self, month: str, *, actor: str) -> periods.Closed:
        """Freeze the figures of a past month (``2026-03``).

        Raises:
            UsageError: it is no month.
            OutreachError: it is not over, or was closed before.
        """
        return periods.close(
            self.database, periods.Month.parse(month), actor=actor, now=self.clock.now()
        )

    def period_differences(self, month: str) -> periods.Differences:
        """A closed month's figures against today's, and the rows that changed them.

        Raises:
            UsageError: it is no month.
            OutreachError: it was not closed.
        """
        return periods.differences(self.database, periods.Month.parse(month), now=self.clock.now())

    def closed_periods(self) -> list[periods.Closed]:
        """All frozen months, oldest first."""
        return periods.closed(self.database)

    def close(self) -> None:
        """Close the store; may be called again."""
        self.database.close()

    def _keep(self, path: Path) -> Evidence:
        if self.files is None:
            raise OutreachError("没有设置佐证文件夹，不能附文件")
        return evidence.keep(path, self.files)

    def _lists(self, by: Sequence[str]) -> Codes | None:
        return self.codes() if any(name in LABELLED for name in by) else None
