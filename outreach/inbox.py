"""Updates received, answered once.

An update is stored before its platform is told "received", answered in the same transaction as its
event, and forgotten (text, address, who) once the reply is out. What is left is the bare key, so
that a re-delivery finds the outcome; retention deletes that too.

received → answered → sent
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, select, update

from errors import OutreachError
from outreach.database import Database, insert_new
from outreach.tables import inbox
from settings import Clock


@dataclass(frozen=True, slots=True)
class Pending:
    """An update that is still owed a reply; ``answered`` says that its event is recorded."""

    update_key: str
    channel: str
    resident: str
    text: str
    at: datetime
    action: str | None
    address: str | None
    answered: bool


_FORGOTTEN = {"resident": None, "text": None, "action": None, "address": None}
# Built once: that takes several times longer than carrying them out.
_COMPLETE = (
    update(inbox)
    .where(inbox.c.update_key == bindparam("which"), inbox.c.state == "received")
    .values(state="answered", kind=bindparam("told"), answered_at=bindparam("now"))
)
_FORGET = (
    update(inbox)
    .where(inbox.c.update_key == bindparam("which"), inbox.c.state != "sent")
    .values(state="sent", sent_at=bindparam("now"), **_FORGOTTEN)
)


class Inbox:
    """The updates of one store. All calls block."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    def receive(
        self,
        update_key: str,
        channel: str,
        resident: str,
        text: str,
        *,
        at: datetime,
        action: str | None = None,
        address: str | None = None,
    ) -> bool:
        """Store an update; durable when it returns. False when its key is known.

        Args:
            update_key: the platform's id, unique over all channels.
            channel: where it came from.
            resident: pseudonymous key.
            text: what was said, masked by the caller.
            at: when it was said, aware.
            action: a pressed button's value.
            address: where the reply goes.
        """
        row = {
            "update_key": update_key,
            "channel": channel,
            "resident": resident,
            "text": text,
            "action": action,
            "address": address,
            "received_at": at,
            "state": "received",
        }
        return self._database.together(lambda c: insert_new(c, inbox, row) is not None)

    def complete(self, connection: Connection, update_key: str, kind: str) -> bool:
        """Mark an update answered, in the transaction that records its event.

        Returns:
            True the first time, False when it was answered before.

        Raises:
            OutreachError: the update was never received.
        """
        given = {"which": update_key, "told": kind, "now": self._clock.now()}
        done = connection.execute(_COMPLETE, given)
        if done.rowcount == 1:
            return True
        if self.outcome(connection, update_key) is None:
            raise OutreachError(f"没有收到过这条消息：{update_key}")
        return False

    def outcome(self, connection: Connection, update_key: str) -> str | None:
        """The state of an update (received, answered, sent); None where it is unknown."""
        return connection.execute(
            select(inbox.c.state).where(inbox.c.update_key == update_key)
        ).scalar()

    def sent(self, update_key: str) -> None:
        """The reply went out, or nothing is owed: forget who, what and where to."""
        given = {"which": update_key, "now": self._clock.now()}
        self._database.together(lambda connection: connection.execute(_FORGET, given).rowcount)

    def unsent(self, channel: str) -> list[Pending]:
        """Updates of a channel that no reply went out for, oldest first."""
        query = (
            select(inbox)
            .where(inbox.c.state.in_(("received", "answered")), inbox.c.channel == channel)
            .order_by(inbox.c.seq)
        )
        with self._database.read() as connection:
            return [
                Pending(
                    update_key=row["update_key"],
                    channel=row["channel"],
                    resident=row["resident"],
                    text=row["text"],
                    at=row["received_at"],
                    action=row["action"],
                    address=row["address"],
                    answered=row["state"] == "answered",
                )
                for row in connection.execute(query).mappings()
            ]

    def forget(self, connection: Connection, resident: str, keep: str | None) -> int:
        """Drop a resident's waiting updates except ``keep``; part of a deletion request.

        Their keys stay (re-deliveries must not be answered), nothing else does.
        """
        query = update(inbox).where(inbox.c.resident == resident, inbox.c.state != "sent")
        if keep is not None:
            query = query.where(inbox.c.update_key != keep)
        done = connection.execute(
            query.values(state="sent", sent_at=self._clock.now(), **_FORGOTTEN)
        )
        return done.rowcount

    def purge(self, before: datetime) -> int:
        """Delete all updates received before a moment (retention), sent or not: their number."""
        with self._database.write() as connection:
            return connection.execute(delete(inbox).where(inbox.c.received_at < before)).rowcount
