"""普法点单: a village, school or firm asks for a lecture; staff answer it.

received → accepted → scheduled → held, or declined; the resident may withdraw it. The row says
where the request stands, ``request_log`` who took which step.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from sqlalchemy import Connection, and_, delete, insert, select, update

from errors import OutreachError, UsageError
from outreach.activities import person
from outreach.changes import Turn
from outreach.database import insert_new
from outreach.events import day_number, day_of
from outreach.service_tables import request_log, requests

State = Literal["received", "accepted", "scheduled", "held", "declined", "withdrawn"]
LABELS: dict[str, str] = {
    "received": "已收到，等工作人员受理",
    "accepted": "已受理，正在安排",
    "scheduled": "已排定",
    "held": "已举办",
    "declined": "未能安排",
    "withdrawn": "已撤回",
}
# step → (states it may be taken from)
STEPS: dict[str, tuple[str, ...]] = {
    "accepted": ("received",),
    "scheduled": ("received", "accepted", "scheduled"),
    "held": ("scheduled",),
    "declined": ("received", "accepted", "scheduled"),
    "withdrawn": ("received", "accepted", "scheduled"),
}
MOST = 60  # characters of a field
_DIGITS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"  # Crockford's base 32: none looks like another


@dataclass(frozen=True, slots=True)
class Request:
    """A request as staff and its author see it."""

    number: str
    unit: str
    topic: str
    wish: str
    day: date | None
    town: str | None
    place: str
    audience: str | None
    state: str
    answer: str | None
    channel: str
    created_at: datetime

    @property
    def label(self) -> str:
        """Where it stands, in words."""
        return LABELS[self.state]

    def to_json(self) -> dict[str, Any]:
        """For ``request list --json``."""
        return {**asdict(self), "label": self.label}

    def __str__(self) -> str:
        when = f"{self.wish}（{self.day}）" if self.day else self.wish
        where = " ".join(part for part in (self.town, self.place) if part)
        parts = [self.number, self.label, self.topic, when, where, self.unit]
        return "  ".join(part for part in (*parts, self.audience, self.answer) if part)


@dataclass(frozen=True, slots=True)
class LectureRequest:
    """A new request; ``number`` is that of :func:`number_for` the update it came in."""

    number: str
    unit: str
    topic: str
    wish: str
    place: str
    day: date | None = None
    town: str | None = None
    audience: str | None = None

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Store it and log its arrival."""
        row = {
            **{name: getattr(self, name) for name in ("number", "town")},
            **{name: _cut(getattr(self, name)) for name in ("unit", "topic", "wish", "place")},
            "audience": _cut(self.audience) if self.audience else None,
            "day": day_number(self.day) if self.day else None,
            "key": turn.resident,
            "channel": turn.channel,
            "state": "received",
            "created_at": turn.now,
            "changed_at": turn.now,
        }
        if insert_new(connection, requests, row) is not None:
            _log(connection, self.number, "received", actor="居民", now=turn.now)


@dataclass(frozen=True, slots=True)
class WithdrawRequest:
    """The author takes a request back; one that is not theirs, or over, stays as it is."""

    number: str

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Mark it."""
        done = connection.execute(
            update(requests)
            .where(
                requests.c.number == self.number,
                requests.c.key == turn.resident,
                requests.c.state.in_(STEPS["withdrawn"]),
            )
            .values(state="withdrawn", changed_at=turn.now)
        )
        if done.rowcount:
            _log(connection, self.number, "withdrawn", actor="居民", now=turn.now)


def number_for(update_key: str) -> str:
    """The number of the request that an update brings; known before it is stored.

    Eight characters of Crockford's base 32, e.g. ``7QK2-M4XA``: two in a million requests agree
    with a chance of less than one in two.
    """
    digest = int.from_bytes(hashlib.sha256(f"{update_key}\x1frequest".encode()).digest()[:5], "big")
    text = "".join(_DIGITS[digest >> shift & 31] for shift in range(35, -1, -5))
    return f"{text[:4]}-{text[4:]}"


def of_resident(connection: Connection, resident: str) -> list[Request]:
    """A resident's requests, newest first."""
    return _read(connection, requests.c.key == resident)


def listed(connection: Connection, state: str | None = None) -> list[Request]:
    """All requests, or those in a state, newest first."""
    return _read(connection, True if state is None else requests.c.state == state)


def decide(
    connection: Connection, number: str, step: str, *, actor: str, note: str | None, now: datetime
) -> Request:
    """Staff take a step; ``note`` is what the resident is told.

    Raises:
        UsageError: no such request, or a step without the words that it needs.
        OutreachError: the request is not in a state for it.
    """
    actor, number = person(actor), number.strip().upper()
    found = _read(connection, requests.c.number == number)
    if not found:
        raise UsageError(f"没有编号为 {number} 的点单（bot.py request list 看编号）")
    if step in ("scheduled", "declined") and not (note or "").strip():
        raise UsageError("请写明时间地点或者不能安排的原因：居民会看到")
    if found[0].state not in STEPS[step]:
        raise OutreachError(f"点单 {number} 现在是“{found[0].label}”，不能改成“{LABELS[step]}”")
    values: dict[str, Any] = {"state": step, "changed_at": now}
    if note:
        values["answer"] = note.strip()
    connection.execute(update(requests).where(requests.c.number == number).values(values))
    _log(connection, number, step, actor=actor, now=now, note=note)
    return _read(connection, requests.c.number == number)[0]


def forget(connection: Connection, resident: str) -> int:
    """A deletion request: what nobody has taken up is deleted, the rest loses its author.

    A lecture that is being arranged concerns a village or a school, not the person who asked.

    Returns:
        How many were deleted.
    """
    theirs = requests.c.key == resident
    open_ = and_(theirs, requests.c.state.in_(("received", "withdrawn", "declined")))
    numbers = select(requests.c.number).where(open_)
    connection.execute(delete(request_log).where(request_log.c.number.in_(numbers)))
    gone = connection.execute(delete(requests).where(open_)).rowcount
    connection.execute(update(requests).where(theirs).values(key=None))
    return gone


def _read(connection: Connection, condition: Any) -> list[Request]:
    query = select(requests).order_by(requests.c.id.desc())
    if condition is not True:
        query = query.where(condition)
    return [
        Request(
            **{name: row[name] for name in _PLAIN},
            day=day_of(row["day"]) if row["day"] else None,
        )
        for row in connection.execute(query).mappings()
    ]


_PLAIN: Sequence[str] = (
    *("number", "unit", "topic", "wish", "town", "place", "audience", "state", "answer"),
    *("channel", "created_at"),
)


def _log(
    connection: Connection,
    number: str,
    step: str,
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
) -> None:
    row = {"number": number, "at": now, "actor": actor, "step": step, "note": note}
    connection.execute(insert(request_log).values(row))


def _cut(text: str) -> str:
    return text if len(text) <= MOST else text[: MOST - 1] + "…"
