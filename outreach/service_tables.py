"""What residents chose and asked for: profile, subscriptions, quiz answers, requests for lectures.

All of it may change and is deleted on request (个人信息保护法 15, 47). The platform's address is
kept only while something is subscribed: without it nothing could be pushed, and without a
subscription it has no purpose (个人信息保护法 6). The figures are counted from ``events``; the quiz
answers here only see to it that each question scores once, and are deleted after two months.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from outreach.tables import Identity, Instant, metadata

SUBSCRIPTIONS = ("campaign", "morning", "quiz")
REQUEST_STATES = ("received", "accepted", "scheduled", "held", "declined", "withdrawn")

profiles = Table(
    "profiles",
    metadata,
    Column("key", String(64), primary_key=True),  # resident key
    Column("channel", String(20), nullable=False),
    Column("address", Text),  # where pushes go; only while something is subscribed
    Column("town", String(60)),
    Column("target_group", String(60)),
    Column("topics", Text),  # interests, comma-separated topic ids
    Column("large", Boolean, nullable=False),
    Column("minor", Boolean, nullable=False),  # says to be under 14: nothing more is kept
    Column("ranked", Boolean, nullable=False),  # takes part in the towns' ranking
    Column("texts", Boolean, nullable=False),  # masked questions may go to staff
    Column("noticed_at", Instant),  # when the notice of 个人信息保护法 17 was shown
    Column("noticed_in", String(32)),  # which update it was shown in: a repeated one shows it too
    Column("changed_at", Instant, nullable=False),
    Index(None, "town"),
)

subscriptions = Table(
    "subscriptions",
    metadata,
    Column("key", String(64), ForeignKey("profiles.key"), primary_key=True),
    Column("what", String(10), primary_key=True),
    Column("since", Instant, nullable=False),
    Column("position", Integer, nullable=False),  # pushes of a series had so far
    Column("language", String(10), nullable=False, server_default="zh"),  # that consent was in
    CheckConstraint("what IN ('campaign', 'morning', 'quiz')", name="what"),
    Index(None, "what"),
    sqlite_with_rowid=False,
)

quiz_answers = Table(
    "quiz_answers",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("key", String(64), nullable=False),  # resident key
    Column("day", Integer, nullable=False),  # YYYYMMDD, of the daily quiz
    Column("question", String(10), nullable=False),
    Column("chosen", String(10), nullable=False),  # indices of the choices, e.g. 02
    Column("correct", Boolean, nullable=False),
    Column("at", Instant, nullable=False),
    UniqueConstraint("key", "day", "question"),
    Index(None, "day"),
    sqlite_autoincrement=True,
)

requests = Table(
    "requests",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("number", String(12), nullable=False, unique=True),  # what residents and staff call it
    Column("key", String(64)),  # resident key; None once the resident asked for deletion
    Column("channel", String(20), nullable=False),
    Column("unit", String(60), nullable=False),  # village, school, firm
    Column("topic", String(60), nullable=False),
    Column("wish", String(60), nullable=False),  # the time wished for, as written
    Column("day", Integer),  # YYYYMMDD, where the wish names one
    Column("town", String(60)),
    Column("place", String(60), nullable=False),
    Column("audience", String(60)),
    Column("state", String(10), nullable=False),
    Column("answer", Text),  # what staff tell the resident
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    CheckConstraint("state IN (" + ", ".join(f"'{s}'" for s in REQUEST_STATES) + ")", name="state"),
    Index(None, "key"),
    Index(None, "state"),
    sqlite_autoincrement=True,
)

request_log = Table(
    "request_log",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("number", String(12), ForeignKey("requests.number"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("step", String(10), nullable=False),
    Column("note", Text),
    Index(None, "number"),
)
