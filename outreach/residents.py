"""Pseudonymous residents: a key that counts people without saying who they are.

Events hold only the opaque number of a ``residents`` row. Deleting that row (个人信息保护法 47)
cuts the tie between account and events for good: the log stays append-only, published aggregates
stay as they were, and the same person coming back is a new number.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, func, insert, select

from outreach.database import insert_missing, insert_new
from outreach.tables import erasures, event_texts, events, residents

# Built once: that takes several times longer than carrying it out.
_NUMBER = select(residents.c.id).where(residents.c.key == bindparam("key"))


def resident_key(secret: bytes, channel: str, platform_id: str) -> str:
    """The pseudonymous key of a platform's user: 32 hexadecimal characters.

    HMAC-SHA256 over channel and id (个人信息保护法 73(3), 去标识化): without ``secret`` nobody can
    tell which account a key stands for. One person on two channels has two keys (rule R2: channels
    are not merged unless the resident links them).
    """
    message = f"{channel}\x1f{platform_id}".encode()
    return hmac.new(secret, message, hashlib.sha256).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Erasure:
    """What a deletion request did: events made anonymous, question texts deleted."""

    events: int
    texts: int


def find(connection: Connection, key: str) -> int | None:
    """The opaque number of a resident key; None where it has none (any more)."""
    return connection.execute(_NUMBER, {"key": key}).scalar()


def number_of(connection: Connection, key: str) -> int:
    """The opaque number of a resident key, given on first use."""
    found = find(connection, key)
    if found is None:
        found = insert_new(connection, residents, {"key": key})
    if found is None:  # another replica was first
        found = connection.execute(_NUMBER, {"key": key}).scalar_one()
    return int(found)


def numbers_of(connection: Connection, keys: Collection[str]) -> dict[str, int]:
    """The opaque numbers of many resident keys, given on first use."""
    query = select(residents.c.key, residents.c.id).where(residents.c.key.in_(keys))
    found = {row.key: row.id for row in connection.execute(query)}
    if missing := [{"key": key} for key in dict.fromkeys(keys) if key not in found]:
        insert_missing(connection, residents, missing)
        found = {row.key: row.id for row in connection.execute(query)}
    return found


def key_of(connection: Connection, number: int) -> str | None:
    """The key behind a number; None once it has been erased."""
    return connection.execute(select(residents.c.key).where(residents.c.id == number)).scalar()


def erase(
    connection: Connection, key: str, *, at: datetime, actor: str, reason: str
) -> Erasure | None:
    """Carry out a deletion request (个人信息保护法 47) and log it without the key.

    Args:
        connection: a writing connection.
        key: the resident's key.
        at: now, aware.
        actor: who asked or did it, e.g. ``本人``.
        reason: why.

    Returns:
        What was done; None where the key is unknown.
    """
    number = connection.execute(select(residents.c.id).where(residents.c.key == key)).scalar()
    if number is None:
        return None
    theirs = select(events.c.id).where(events.c.resident_id == number)
    count = connection.execute(select(func.count()).select_from(theirs.subquery())).scalar_one()
    gone = connection.execute(delete(event_texts).where(event_texts.c.event_id.in_(theirs)))
    connection.execute(delete(residents).where(residents.c.id == number))
    connection.execute(
        insert(erasures).values(
            at=at,
            resident_id=number,
            events=count,
            texts=gone.rowcount,
            actor=actor,
            reason=reason,
        )
    )
    return Erasure(events=count, texts=gone.rowcount)
