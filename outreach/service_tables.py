"""What residents chose: the profile (town, group, large letters …) and what they subscribed to.

Both may change and are deleted on request (个人信息保护法 15, 47). The platform's address is kept
only while something is subscribed: without it nothing could be pushed, and without a subscription
it has no purpose (个人信息保护法 6).
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
)

from outreach.tables import Instant, metadata

SUBSCRIPTIONS = ("campaign", "morning", "quiz")

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
    CheckConstraint("what IN ('campaign', 'morning', 'quiz')", name="what"),
    Index(None, "what"),
    sqlite_with_rowid=False,
)
