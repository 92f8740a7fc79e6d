"""The tables of the outreach store, as SQLAlchemy Core sees them.

``outreach/migrations/`` creates them; a test compares the two. Only portable types: moments are
microseconds since the epoch (UTC) so that gaps and windows are plain arithmetic in every engine,
days are the Asia/Shanghai calendar day as YYYYMMDD.

=============== ================================================ ==========================
table           holds                                            may change
=============== ================================================ ==========================
inbox           updates received, answered once                  yes; purged after 30 days
residents       pseudonymous key → opaque id                     row is deleted on request
events          what happened, one row each                      never (triggers)
event_articles  the articles that an event cites                 never (triggers)
event_texts     masked question text, off by default             row is deleted (retention)
erasures        deletion requests carried out (个保法 47)         never (triggers)
activities      what staff reported of an activity, per version  never (triggers)
activity_*      its joint organs, laws, quantities, evidence,    never (triggers)
                and the decision on it
periods         closed months: the figures as published          never (triggers)
campaigns       what is pushed to whom, and its state            yes, by logged steps
campaign_log    every step that a campaign took                  never (triggers)
staff           who may take which step                          yes, by logged steps
staff_codes     one-time codes that bind a channel's account     yes
staff_log       every change of staff                            never (triggers)
notice_files    files of a 普法提示's feedback                     never (triggers)
=============== ================================================ ==========================

An offline activity is an event (type ``activity`` or ``training``) with a row in ``activities``;
a corrected one is a new event with the same number and the next version, and the earlier version
is taken back by a reversal.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Dialect,
    ForeignKey,
    Index,
    Integer,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = timedelta(microseconds=1)


def to_micros(moment: datetime) -> int:
    """Microseconds since the epoch of an aware moment; exact, without floating point.

    Raises:
        ValueError: the moment has no time zone.
    """
    if moment.tzinfo is None:
        raise ValueError(f"a moment must be aware, got {moment!r}")
    return (moment - EPOCH) // MICROSECOND


def from_micros(value: int) -> datetime:
    """The aware UTC moment of :func:`to_micros`."""
    return EPOCH + value * MICROSECOND


class Instant(TypeDecorator[datetime]):
    """An aware moment, stored as integer microseconds since the epoch (UTC)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        """Aware moment to integer."""
        del dialect
        return None if value is None else to_micros(value)

    def process_result_value(self, value: int | None, dialect: Dialect) -> datetime | None:
        """Integer to aware UTC moment."""
        del dialect
        return None if value is None else from_micros(value)


metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

# SQLite autoincrements only a column whose type is exactly INTEGER.
Identity = BigInteger().with_variant(Integer, "sqlite")

inbox = Table(
    "inbox",
    metadata,
    Column("seq", Identity, primary_key=True),  # order of arrival; platforms' times tie
    Column("update_key", String(200), nullable=False, unique=True),
    Column("channel", String(20), nullable=False),
    Column("resident", String(64)),
    Column("text", Text),
    Column("action", Text),
    Column("address", Text),
    Column("received_at", Instant, nullable=False),
    Column("state", String(10), nullable=False),
    Column("kind", String(20)),
    Column("answered_at", Instant),
    Column("sent_at", Instant),
    CheckConstraint("state IN ('received', 'answered', 'sent')", name="state"),
    Index("ix_inbox_state_channel_seq", "state", "channel", "seq"),
    Index(None, "received_at"),
    sqlite_autoincrement=True,
)

residents = Table(
    "residents",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("key", String(64), nullable=False, unique=True),
    # AUTOINCREMENT: the id of an erased resident must never be given to another one.
    sqlite_autoincrement=True,
)

events = Table(
    "events",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("key", String(32), nullable=False, unique=True),
    Column("type", String(20), nullable=False),
    Column("at", Instant, nullable=False),
    Column("day", Integer, nullable=False),
    Column("recorded_at", Instant, nullable=False),
    Column("source", String(10), nullable=False),
    Column("channel", String(20), nullable=False),
    # No foreign key: the resident's row goes when they ask for it, the event stays.
    Column("resident_id", BigInteger),
    Column("kind", String(20)),
    Column("topic", String(60)),
    Column("organ", String(60)),
    Column("system", String(60)),
    Column("town", String(60)),
    Column("village", String(60)),
    Column("target_group", String(60)),  # 重点对象
    Column("venue", String(60)),  # N进
    Column("form", String(60)),  # 普法形式
    Column("campaign", String(60)),
    Column("node", String(60)),
    Column("subject", String(60)),  # what it is about: an event's key, a quiz, an activity …
    Column("result", String(60)),  # useful, useless, right, wrong, failed …
    Column("in_scope", Boolean, nullable=False),
    Column("estimated", Boolean, nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("reverses", BigInteger, ForeignKey("events.id")),
    Column("actor", String(60)),  # who, for staff's rows
    Column("reason", Text),  # why, for corrections
    CheckConstraint("source IN ('bot', 'staff', 'import')", name="source"),
    CheckConstraint(
        "reverses IS NULL OR (actor IS NOT NULL AND reason IS NOT NULL)", name="correction"
    ),
    Index("ix_events_type_at", "type", "at"),
    Index(
        "ix_events_reverses",
        "reverses",
        unique=True,  # an event is taken back once
        sqlite_where=text("reverses IS NOT NULL"),
        postgresql_where=text("reverses IS NOT NULL"),
    ),
    Index("ix_events_resident_id_channel_at", "resident_id", "channel", "at"),
)

event_articles = Table(
    "event_articles",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("law", String(200), nullable=False),
    Column("article", String(40), nullable=False),
    Column("version_date", Integer, nullable=False),  # YYYYMMDD
    Index(None, "law", "article"),
    sqlite_with_rowid=False,
)

event_texts = Table(
    "event_texts",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("text", Text, nullable=False),
    Column("kept_at", Instant, nullable=False, index=True),
)

erasures = Table(
    "erasures",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("at", Instant, nullable=False),
    Column("resident_id", BigInteger, nullable=False, unique=True),
    Column("events", Integer, nullable=False),
    Column("texts", Integer, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("reason", Text, nullable=False),
)

activities = Table(
    "activities",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("number", String(60), nullable=False),  # 编号, the same in all versions
    Column("version", Integer, nullable=False),
    Column("content", String(64), nullable=False),  # SHA-256 of what was reported
    Column("name", String(120), nullable=False),
    Column("place", String(120)),
    Column("last_day", Integer, nullable=False),  # YYYYMMDD
    Column("method", String(20)),  # 人数统计方法
    Column("evidence", Text),  # 佐证 in words; files are in activity_evidence
    Column("reporter", String(60), nullable=False),
    Column("note", Text),
    UniqueConstraint("number", "version"),
)

activity_organs = Table(
    "activity_organs",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("organ", String(60), nullable=False),
    UniqueConstraint("event_id", "organ"),
    sqlite_with_rowid=False,
)

activity_laws = Table(
    "activity_laws",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("law", String(200), nullable=False),
    UniqueConstraint("event_id", "law"),
    sqlite_with_rowid=False,
)

activity_quantities = Table(
    "activity_quantities",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("rank", Integer, primary_key=True, autoincrement=False),
    Column("what", String(20), nullable=False),
    Column("quantity", Integer, nullable=False),
    Column("unit", String(10), nullable=False),
    Column("estimated", Boolean, nullable=False),
    CheckConstraint("what IN ('attended', 'consulted', 'handed_out', 'donated')", name="what"),
    CheckConstraint("quantity > 0", name="quantity"),
    UniqueConstraint("event_id", "what", "unit"),  # rule R6
    sqlite_with_rowid=False,
)

activity_reviews = Table(
    "activity_reviews",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True, autoincrement=False),
    Column("state", String(10), nullable=False),
    Column("actor", String(60), nullable=False),
    Column("at", Instant, nullable=False),
    Column("note", Text),
    CheckConstraint("state IN ('approved', 'returned')", name="state"),
    CheckConstraint("state = 'approved' OR note IS NOT NULL", name="why"),
)

activity_evidence = Table(
    "activity_evidence",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media", String(80), nullable=False),
    Column("actor", String(60), nullable=False),
    Column("at", Instant, nullable=False),
    sqlite_with_rowid=False,
)

periods = Table(
    "periods",
    metadata,
    Column("month", Integer, primary_key=True, autoincrement=False),  # YYYYMM
    Column("at", Instant, nullable=False),  # 数据截止时间 of the figures
    Column("actor", String(60), nullable=False),
    Column("figures", Text, nullable=False),  # JSON
    Column("sha256", String(64), nullable=False),
)

APPEND_ONLY = (
    "events",
    "event_articles",
    "erasures",
    "activities",
    "activity_organs",
    "activity_laws",
    "activity_quantities",
    "activity_reviews",
    "activity_evidence",
    "periods",
    "campaign_log",
    "staff_log",
    "notice_files",
)
