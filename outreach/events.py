"""What happened: typed events and the append-only log that keeps them.

An event is a fact with a UTC moment. It is never changed or deleted (triggers in the database see
to that); a mistake is taken back by a :class:`Reversal`, a new row that says who and why (统计法 7;
rule R10). The same event recorded again changes nothing: its key is its identity.

A later type needs a dataclass here and no schema change.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, ClassVar, Literal

from sqlalchemy import Connection, RowMapping, bindparam, insert, select

from errors import DuplicateKey, OutreachError
from outreach import residents
from outreach.database import insert_missing, insert_new
from outreach.tables import event_articles, event_texts, events
from settings import SHANGHAI

Source = Literal["bot", "staff", "import"]
# Kinds of reply that are no consultation (spec 2.1): they can't be in scope.
IDLE_KINDS = frozenset({"smalltalk", "menu", "refused"})
REVERSAL = "reversal"
# Built once: that takes several times longer than carrying them out.
_BY_KEY = select(events).where(events.c.key == bindparam("key"))
_ADD_ARTICLES = insert(event_articles)


def event_key(*parts: str) -> str:
    """An event's key from what identifies it, e.g. ``event_key("wechat:u:1", "answer")``.

    32 hexadecimal characters of SHA-256: platforms' update keys may hold a user's id, and the log
    is for ever.
    """
    return hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Cited:
    """An article that an event cites: full law name, full article number, version."""

    law: str
    article: str
    version_date: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """What every event has; the dimensions are those of the domain specification (2.2).

    Attributes:
        key: identity (see :func:`event_key`).
        at: when it happened, aware.
        resident: pseudonymous key, None where nobody is counted.
        organ: the one primary 责任单位 (rule R3).
        articles: cited articles, best first, each once.
        town, village, target_group: self-chosen or blank, never inferred.
        subject: what it is about (another event's key, a quiz, an activity).
        quantity, unit: one material unit per row (rule R6), never converted.
    """

    type: ClassVar[str]
    units: ClassVar[str] = "次"

    key: str
    at: datetime
    channel: str
    resident: str | None = None
    kind: str | None = None
    topic: str | None = None
    organ: str | None = None
    system: str | None = None
    town: str | None = None
    village: str | None = None
    target_group: str | None = None
    venue: str | None = None
    form: str | None = None
    campaign: str | None = None
    node: str | None = None
    subject: str | None = None
    result: str | None = None
    articles: tuple[Cited, ...] = ()
    source: Source = "bot"
    in_scope: bool = True
    estimated: bool = False
    quantity: int = 1
    unit: str | None = None  # None: the type's own
    actor: str | None = None
    reason: str | None = None

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("an event's moment must be aware")
        if len(set(self.articles)) != len(self.articles):
            raise ValueError("an article is cited once per event")
        if self.in_scope and self.kind in IDLE_KINDS:
            raise ValueError(f"a reply of kind {self.kind} is never in scope")


class _Turn(Event):
    """A turn of a conversation: counted by person and by responsible organ."""

    __slots__ = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.resident or not self.organ:
            raise ValueError(f"an event of type {self.type} needs a resident and one primary organ")


class Answer(_Turn):
    """咨询解答: a question was answered with an article, a card or a lookup."""

    __slots__ = ()
    type = "answer"
    units = "人次"


class Referral(_Turn):
    """转介: a hotline card was shown (``result="shown"``) or tapped (``"tapped"``)."""

    __slots__ = ()
    type = "referral"


class Gap(_Turn):
    """未答: a question within scope that no article answers."""

    __slots__ = ()
    type = "gap"


class Feedback(Event):
    """有用/没用 on the answer whose key is ``subject``; the word is in ``result``."""

    __slots__ = ()
    type = "feedback"


class Delivery(Event):
    """推送送达: the platform took a push (its acknowledgement; nobody need have read it)."""

    __slots__ = ()
    type = "delivery"
    units = "人次"


class Click(Event):
    """点击: a resident's first click on a push's link or button; further ones only count there."""

    __slots__ = ()
    type = "click"
    units = "人次"


class QuizAttempt(_Turn):
    """答题: a resident's first answer to the quiz that ``subject`` names; counts as one 人次."""

    __slots__ = ()
    type = "quiz"
    units = "人次"


class QuizAnswered(_Turn):
    """A question's first, scored answer; ``result`` is ``right`` or ``wrong``."""

    __slots__ = ()
    type = "quiz_answer"
    units = "题"

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.result not in ("right", "wrong"):
            raise ValueError("a scored answer is right or wrong")


class _Held(Event):
    """Something offline that one organ hosted; its details are in ``activities``."""

    __slots__ = ()

    def __post_init__(self) -> None:
        super().__post_init__()
        if not self.organ or not self.subject or not self.actor:
            raise ValueError(f"an event of type {self.type} needs a host, a number and a reporter")


class ActivityHeld(_Held):
    """线下活动: counts as one 场次 of its host (rules R4, R7)."""

    __slots__ = ()
    type = "activity"
    units = "场次"


class TrainingHeld(_Held):
    """培训: counts as one 期 of its host, apart from public activities (rule R7)."""

    __slots__ = ()
    type = "training"
    units = "期"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reversal:
    """Takes an event back: ``of`` is its key, ``actor`` and ``reason`` say who and why."""

    key: str
    at: datetime
    of: str
    actor: str
    reason: str

    def __post_init__(self) -> None:
        if self.at.tzinfo is None:
            raise ValueError("a reversal's moment must be aware")
        if not self.actor.strip() or not self.reason.strip():
            raise OutreachError("冲销必须写明经办人和原因")


def record(
    connection: Connection, event: Event | Reversal, *, now: datetime, text: str | None = None
) -> bool:
    """Append an event within the caller's writing transaction.

    Args:
        connection: a writing connection.
        event: what happened.
        now: the moment of recording; figures "as of" an earlier moment leave the event out.
        text: masked question text to keep for a limited time; None keeps nothing.

    Returns:
        True when it was new, False when the same event was there already.

    Raises:
        DuplicateKey: its key is used by an event with other content.
        OutreachError: a reversal's event is unknown, a reversal itself, or taken back already.
    """
    row, people = _row(connection, event)
    articles = [] if isinstance(event, Reversal) else _article_rows(event)
    person = None if people is None else residents.find(connection, people)
    if isinstance(event, Reversal) or (people is not None and person is None):
        # Else the insert itself tells whether the event is there, which is one query less.
        if (known := _known(connection, event.key)) is not None:
            _compare(connection, event.key, known, row, people, articles)
            return False
        if isinstance(event, Reversal):
            _reversible(connection, event.of, row["reverses"])
        else:
            person = residents.number_of(connection, people or "")
    number = insert_new(connection, events, {**row, "resident_id": person, "recorded_at": now})
    if number is None:  # it is there, or another replica was first
        if (known := _known(connection, event.key)) is None:
            raise OutreachError(f"记录 {row['reverses']} 已经冲销过，不能再次冲销")
        _compare(connection, event.key, known, row, people, articles)
        return False
    if articles:
        connection.execute(_ADD_ARTICLES, [{**a, "event_id": number} for a in articles])
    if text is not None:
        connection.execute(insert(event_texts).values(event_id=number, text=text, kept_at=now))
    return True


def record_all(connection: Connection, happened: Sequence[Event], *, now: datetime) -> None:
    """Append many events without articles, quickly; those whose key is known are left as they are.

    For what comes by the thousand and has passed a gate that lets each key through once.
    """
    rows, people = [], []
    for event in happened:
        row, resident = _row(connection, event)
        rows.append(row)
        people.append(resident)
    numbers = residents.numbers_of(connection, {key for key in people if key is not None})
    insert_missing(
        connection,
        events,
        [
            {**row, "resident_id": numbers.get(key or ""), "recorded_at": now}
            for row, key in zip(rows, people, strict=True)
        ],
    )


def local_day(moment: datetime) -> int:
    """The calendar day of a moment in Asia/Shanghai, as YYYYMMDD."""
    return day_number(moment.astimezone(SHANGHAI).date())


def day_number(day: date) -> int:
    """A date as YYYYMMDD."""
    return day.year * 10_000 + day.month * 100 + day.day


def day_of(number: int) -> date:
    """The date of :func:`day_number`."""
    return date(number // 10_000, number // 100 % 100, number % 100)


def _row(connection: Connection, event: Event | Reversal) -> tuple[dict[str, Any], str | None]:
    """The event's columns without number, resident and time of recording; and its resident."""
    common = {"key": event.key, "at": event.at, "day": local_day(event.at)}
    if isinstance(event, Event):
        return common | {
            "type": event.type,
            "unit": event.unit or event.units,
            **{name: _filled(getattr(event, name)) for name in _PLAIN},
            "reverses": None,
        }, event.resident
    # A reversal carries the dimensions of what it takes back, so that a ledger can show it there.
    original = _known(connection, event.of)
    if original is None:
        raise OutreachError(f"要冲销的记录不存在：{event.of}")
    return common | {
        **{name: original[name] for name in (*_PLAIN, "unit")},
        "type": REVERSAL,
        "source": "staff",
        "quantity": -original["quantity"],
        "reverses": original["id"],
        "actor": event.actor,
        "reason": event.reason,
    }, None


def _filled(value: Any) -> Any:
    """Blank is stored in one way only, else it would be two rows of a table."""
    return None if value in ("", "—") else value


_PLAIN = (
    *("channel", "kind", "topic", "organ", "system", "town", "village", "target_group"),
    *("venue", "form", "campaign", "node", "subject", "result", "source"),
    *("in_scope", "estimated", "quantity", "actor", "reason"),
)


def _article_rows(event: Event) -> list[dict[str, Any]]:
    return [
        {
            "rank": rank,
            "law": cited.law,
            "article": cited.article,
            "version_date": day_number(cited.version_date),
        }
        for rank, cited in enumerate(event.articles, start=1)
    ]


def _known(connection: Connection, key: str) -> RowMapping | None:
    return connection.execute(_BY_KEY, {"key": key}).mappings().first()


def _compare(
    connection: Connection,
    key: str,
    known: RowMapping,
    row: Mapping[str, Any],
    people: str | None,
    articles: list[dict[str, Any]],
) -> None:
    """Raise DuplicateKey unless the stored event says the same as the new one."""
    same = all(known[name] == value for name, value in row.items() if name != "resident_id")
    if same and known["resident_id"] is None:
        same = people is None
    elif same:
        # An erased resident can't be compared any more: the rest of the event decides.
        same = residents.key_of(connection, known["resident_id"]) in (people, None)
    if same:
        query = (select(event_articles).where(event_articles.c.event_id == known["id"])).order_by(
            event_articles.c.rank
        )
        stored = [dict(found) for found in connection.execute(query).mappings()]
        same = stored == [{"event_id": known["id"], **article} for article in articles]
    if not same:
        raise DuplicateKey(f"记录编号 {key} 已用于内容不同的记录")


def _reversible(connection: Connection, key: str, number: int) -> None:
    original = _known(connection, key)
    if original is None or original["type"] == REVERSAL:
        raise OutreachError(f"冲销记录本身不能再冲销，请重新登记：{key}")
    query = select(events.c.id).where(events.c.reverses == number)
    if connection.execute(query).first():
        raise OutreachError(f"这条记录已经冲销过：{key}")
