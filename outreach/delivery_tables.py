"""The delivery ledger: one row per campaign and resident, claimed before it is sent."""

from __future__ import annotations

from sqlalchemy import (
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

STATES = (
    "queued",
    "claimed",
    "sent",
    "failed",
    "blocked",
    "opted_out",
    "unknown",
    "recalled",
    "expired",
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("campaign", String(60), ForeignKey("campaigns.id"), nullable=False),
    Column("resident", String(64), nullable=False),  # resident key
    Column("channel", String(20), nullable=False),
    Column("address", Text),  # forgotten once the row is final
    Column("variant", String(1)),  # a, b where two texts are compared
    Column("state", String(10), nullable=False),
    Column("reason", String(60)),  # of a failure
    Column("attempts", Integer, nullable=False),
    Column("due_at", Instant),  # not before (retry_after, quiet hours)
    Column("claimed_by", String(60)),
    Column("claimed_at", Instant),
    Column("done_at", Instant),
    Column("message", String(40)),  # the platform's message id, to edit or delete it
    Column("clicks", Integer, nullable=False),
    Column("clicked_at", Instant),  # first click
    CheckConstraint("state IN (" + ", ".join(f"'{s}'" for s in STATES) + ")", name="state"),
    UniqueConstraint("campaign", "resident"),
    Index(None, "campaign", "state", "id"),
    Index(None, "resident", "done_at"),
    sqlite_autoincrement=True,
)
