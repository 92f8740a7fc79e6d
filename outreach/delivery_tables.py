"""The delivery ledger: one row per campaign and resident, claimed before it is sent.

``senders`` are the processes that are sending now, each with a lease that it renews: what a process
without a lease had claimed is unknown. A row that is queued or sent and has a ``claimed_by`` is set
aside by that process, to be sent or to be recalled.
"""

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
    text,
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
    # forgotten once the row is final; of a sent row when it can't be recalled any more
    Column("address", Text),
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
    Index(
        "ix_deliveries_claimed_by",
        "claimed_by",
        sqlite_where=text("claimed_by IS NOT NULL"),
        postgresql_where=text("claimed_by IS NOT NULL"),
    ),
    sqlite_autoincrement=True,
)

senders = Table(
    "senders",
    metadata,
    Column("id", String(60), primary_key=True),  # a new one at each start of a process
    Column("channels", String(60), nullable=False),  # comma-separated
    Column("started_at", Instant, nullable=False),
    Column("expires_at", Instant, nullable=False),  # of the lease
)
