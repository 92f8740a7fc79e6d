"""The room's door: one outreach store with its inbox, event log, figures and exports."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from sqlalchemy import delete

from outreach import exports, residents, statistics
from outreach.database import Database
from outreach.events import Event, Reversal, event_key, record
from outreach.inbox import Inbox
from outreach.tables import event_texts
from settings import Clock

INBOX_DAYS = 30
TEXT_DAYS = 30


@dataclass(frozen=True, slots=True)
class Outreach:
    """An open store; thread-safe, all calls block. Close it once at the end."""

    database: Database
    clock: Clock
    inbox: Inbox
    keep_texts: bool = False

    @classmethod
    def open(cls, url: str, clock: Clock, *, keep_texts: bool = False) -> Outreach:
        """Open (create, migrate) the store at ``Settings.outreach_url``.

        Args:
            url: SQLAlchemy URL.
            clock: where the time comes from.
            keep_texts: keep masked question texts for :data:`TEXT_DAYS` days.

        Raises:
            SettingsError, OutreachError: see :meth:`outreach.database.Database.open`.
        """
        database = Database.open(url)
        return cls(database, clock, Inbox(database, clock), keep_texts)

    def record_answer(
        self,
        update_key: str,
        kind: str,
        events: Event | Iterable[Event] = (),
        *,
        text: str | None = None,
    ) -> bool:
        """Record an update's outcome and its events, in one transaction, once.

        Args:
            update_key: a received update.
            kind: the reply's kind (menu, smalltalk … have no events).
            events: what happened, each with a key of its own (``event_key(update_key, type)``).
            text: the masked question, kept with the first event where texts are kept.

        Returns:
            True the first time; False, and nothing is recorded, when it was answered before.

        Raises:
            OutreachError: the update was never received, or the store cannot write.
        """
        happened = [events] if isinstance(events, Event) else list(events)
        now = self.clock.now()
        with self.database.write() as connection:
            if not self.inbox.complete(connection, update_key, kind):
                return False
            for number, event in enumerate(happened):
                kept = text if self.keep_texts and number == 0 else None
                record(connection, event, now=now, text=kept)
        return True

    def record(self, event: Event | Reversal) -> bool:
        """Record an event that answers no update; False when it was there already."""
        with self.database.write() as connection:
            return record(connection, event, now=self.clock.now())

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
        return statistics.stats(self.database, start, end, by, as_of or self.clock.now())

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
    ) -> exports.Exported:
        """Write an export of [start, end]; see :func:`outreach.exports.export`."""
        return exports.export(
            self.database,
            kind=kind,
            format=format,
            out=out,
            start=start,
            end=end,
            as_of=as_of or self.clock.now(),
            exporter=exporter,
            corpus=corpus,
            progress=progress,
        )

    def erase(
        self,
        resident: str,
        *,
        actor: str = "本人",
        reason: str = "本人要求删除",
        during: str | None = None,
    ) -> residents.Erasure | None:
        """Carry out a deletion request (个人信息保护法 47) at once.

        Events become anonymous, texts and waiting updates go, except the update ``during`` which
        the request came: it goes when its reply is sent. Figures do not change.

        Returns:
            What was done; None where nothing is kept under this key.
        """
        with self.database.write() as connection:
            self.inbox.forget(connection, resident, keep=during)
            return residents.erase(
                connection, resident, at=self.clock.now(), actor=actor, reason=reason
            )

    def purge(self) -> tuple[int, int]:
        """Apply the retention periods: (inbox rows, question texts) deleted."""
        now = self.clock.now()
        with self.database.write() as connection:
            texts = connection.execute(
                delete(event_texts).where(event_texts.c.kept_at < now - timedelta(days=TEXT_DAYS))
            ).rowcount
        return self.inbox.purge(now - timedelta(days=INBOX_DAYS)), texts

    def close(self) -> None:
        """Close the store; may be called again."""
        self.database.close()
