"""What residents chose for themselves: town, group, topics, subscriptions, what they agreed to.

Nothing here is inferred (domain specification 2.2). A resident without a row has chosen nothing.
Who says to be under 14 keeps a row of the bare key and that mark, so that nothing else is kept
(个人信息保护法 28, 31), and the mark goes after :data:`MINOR_DAYS`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, insert, select, update
from sqlalchemy import exists as present

from outreach.changes import Turn
from outreach.database import insert_new
from outreach.events import event_key
from outreach.service_tables import profiles, subscriptions

Series = Literal["campaign", "morning", "quiz"]
MINOR_DAYS = 90
IDLE_DAYS = 365  # a profile that only knows that the notice was shown


@dataclass(frozen=True, slots=True)
class Profile:
    """What a resident chose; the default is who never chose anything.

    ``noticed`` says that the notice of 个人信息保护法 17 was shown, ``noticed_in`` in which update
    (a hash): the same update, delivered again, shows it again. ``subscriptions`` maps a series to
    the number of pushes had so far.
    """

    town: str | None = None
    group: str | None = None
    large: bool = False
    minor: bool = False
    ranked: bool = False
    texts: bool = False
    topics: tuple[str, ...] = ()
    noticed: bool = False
    noticed_in: str | None = None
    subscriptions: Mapping[str, int] = field(default_factory=dict)

    def notice_due(self, update_key: str) -> bool:
        """Whether this update's reply carries the notice."""
        return not self.noticed or self.noticed_in == _update(update_key)


def read(connection: Connection, resident: str) -> Profile:
    """The profile of a resident key."""
    query = select(profiles).where(profiles.c.key == resident)
    row = connection.execute(query).mappings().first()
    if row is None:
        return Profile()
    series = select(subscriptions.c.what, subscriptions.c.position).where(
        subscriptions.c.key == resident
    )
    return Profile(
        town=row["town"],
        group=row["target_group"],
        large=row["large"],
        minor=row["minor"],
        ranked=row["ranked"],
        texts=row["texts"],
        topics=_listed(row["topics"]),
        noticed=row["noticed_at"] is not None,
        noticed_in=row["noticed_in"],
        subscriptions={row.what: row.position for row in connection.execute(series)},
    )


@dataclass(frozen=True, slots=True)
class NoticeShown:
    """The notice of 个人信息保护法 17 went out with this reply."""

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Note when and in which update, once."""
        _put(connection, turn, {})
        connection.execute(
            update(profiles)
            .where(profiles.c.key == turn.resident, profiles.c.noticed_at.is_(None))
            .values(noticed_at=turn.now, noticed_in=_update(turn.update_key))
        )


@dataclass(frozen=True, slots=True)
class SetTown:
    """The town (key), or None for blank."""

    town: str | None

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Set it."""
        _put(connection, turn, {"town": self.town})


@dataclass(frozen=True, slots=True)
class SetGroup:
    """The 重点对象 (key) that the resident counts as, or None for blank."""

    group: str | None

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Set it."""
        _put(connection, turn, {"target_group": self.group})


@dataclass(frozen=True, slots=True)
class SetLarge:
    """Short answers in the channel's largest type, or ordinary ones."""

    large: bool

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Set it."""
        _put(connection, turn, {"large": self.large})


@dataclass(frozen=True, slots=True)
class JoinRanking:
    """Take part in the towns' quiz ranking, or leave it."""

    ranked: bool

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Set it."""
        _put(connection, turn, {"ranked": self.ranked})


@dataclass(frozen=True, slots=True)
class AgreeTexts:
    """Staff may, or may no longer, read the masked questions that were left unanswered."""

    agreed: bool

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Set it."""
        _put(connection, turn, {"texts": self.agreed})


@dataclass(frozen=True, slots=True)
class FollowTopic:
    """A topic (key) that campaigns may choose the resident by, or no longer; None for all."""

    topic: str | None
    on: bool

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Set it beside the others; said twice it changes nothing more."""
        held = select(profiles.c.topics).where(profiles.c.key == turn.resident)
        kept = [key for key in _listed(connection.execute(held).scalar()) if key != self.topic]
        if self.topic is None:
            kept = []
        elif self.on:
            kept.append(self.topic)
        _put(connection, turn, {"topics": ",".join(sorted(kept)) or None})


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Have a series pushed to where this update came from (consent, 个人信息保护法 13 (1))."""

    what: Series
    language: str = "zh"  # in which the resident was asked and agreed

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Keep the address with the subscription; a repeated one goes on where it was."""
        _put(connection, turn, {"address": turn.address, "channel": turn.channel})
        known = select(subscriptions.c.what).where(
            subscriptions.c.key == turn.resident, subscriptions.c.what == self.what
        )
        if connection.execute(known).first() is None:
            row = {"key": turn.resident, "what": self.what, "since": turn.now, "position": 0}
            connection.execute(insert(subscriptions).values(row | {"language": self.language}))


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """End one series, or all pushes (None), at once (个人信息保护法 15)."""

    what: Series | None = None

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Drop the subscription; with the last one goes the address."""
        unsubscribe(connection, turn.resident, self.what)


def unsubscribe(connection: Connection, resident: str, what: Series | None = None) -> int:
    """End a resident's subscriptions, e.g. when the platform says that the bot was blocked.

    Returns:
        How many were ended.
    """
    theirs = subscriptions.c.key == resident
    if what is not None:
        theirs = and_(theirs, subscriptions.c.what == what)
    ended = connection.execute(delete(subscriptions).where(theirs)).rowcount
    left = present().where(subscriptions.c.key == resident)
    connection.execute(
        update(profiles).where(profiles.c.key == resident, ~left).values(address=None)
    )
    return ended


@dataclass(frozen=True, slots=True)
class GrowUp:
    """The resident says to be 14 or older: the mark is taken away, with the row."""

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Start anew; the notice is due again."""
        marked = and_(profiles.c.key == turn.resident, profiles.c.minor.is_(True))
        connection.execute(delete(profiles).where(marked))


def mark_minor(connection: Connection, turn: Turn) -> None:
    """Keep the bare mark of a resident under 14, whose data was erased before."""
    _put(connection, turn, {"minor": True})


def forget(connection: Connection, resident: str) -> bool:
    """Delete profile and subscriptions; whether there was one."""
    connection.execute(delete(subscriptions).where(subscriptions.c.key == resident))
    return connection.execute(delete(profiles).where(profiles.c.key == resident)).rowcount > 0


def purge(connection: Connection, now: datetime) -> int:
    """Delete profiles without a purpose: bare ones after a year, marks of minors after 90 days."""
    subscribed = present().where(subscriptions.c.key == profiles.c.key)
    bare = and_(
        profiles.c.town.is_(None),
        profiles.c.target_group.is_(None),
        profiles.c.topics.is_(None),
        profiles.c.large.is_(False),
        profiles.c.ranked.is_(False),
        profiles.c.texts.is_(False),
        profiles.c.changed_at < now - timedelta(days=IDLE_DAYS),
        ~subscribed,
    )
    minors = and_(profiles.c.minor.is_(True), profiles.c.changed_at < now - timedelta(MINOR_DAYS))
    return connection.execute(delete(profiles).where(bare | minors)).rowcount


def _put(connection: Connection, turn: Turn, values: Mapping[str, Any]) -> None:
    """Create the row where it is missing, and set these columns."""
    blank = {
        "key": turn.resident,
        "channel": turn.channel,
        "large": False,
        "minor": False,
        "ranked": False,
        "texts": False,
        "changed_at": turn.now,
    }
    insert_new(connection, profiles, blank)
    connection.execute(
        update(profiles)
        .where(profiles.c.key == turn.resident)
        .values(changed_at=turn.now, **values)
    )


def _listed(topics: str | None) -> tuple[str, ...]:
    return tuple(topics.split(",")) if topics else ()


def _update(update_key: str) -> str:
    return event_key(update_key, "notice")
