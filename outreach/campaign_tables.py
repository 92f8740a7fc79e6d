"""Staff, campaigns and the log of every step that a campaign took."""

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

from outreach.tables import Identity, Instant, metadata

STATES = (
    "draft",
    "submitted",
    "returned",
    "approved",
    "scheduled",
    "sending",
    "paused",
    "finished",
    "recalled",
    "missed",
)

staff = Table(
    "staff",
    metadata,
    Column("name", String(60), primary_key=True),
    Column("roles", String(60), nullable=False),  # editor,reviewer,publisher
    Column("active", Boolean, nullable=False),
    Column("resident", String(64), unique=True),  # resident key bound by a one-time code
    Column("created_at", Instant, nullable=False),
)

staff_codes = Table(
    "staff_codes",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("name", String(60), ForeignKey("staff.name"), nullable=False),
    Column("expires_at", Instant, nullable=False),
    Column("used_at", Instant),
)

campaigns = Table(
    "campaigns",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("kind", String(10), nullable=False),  # campaign, morning, quiz
    Column("title", String(120), nullable=False),
    Column("content", Text, nullable=False),  # the definition, canonical JSON
    Column("sha256", String(64), nullable=False),
    Column("state", String(10), nullable=False),
    Column("topic", String(60)),
    Column("organ", String(60)),
    Column("node", String(60)),
    Column("urgent", Boolean, nullable=False),  # a reviewer lifted cap and quiet hours
    Column("not_before", Instant),  # when it is due
    Column("expires_at", Instant),  # never sent after
    Column("quiet_from", Integer),  # minutes after midnight, Asia/Shanghai
    Column("quiet_to", Integer),
    Column("audience", Integer),  # residents counted at the release
    Column("pause_reason", Text),
    Column("created_at", Instant, nullable=False),
    Column("changed_at", Instant, nullable=False),
    CheckConstraint("state IN (" + ", ".join(f"'{s}'" for s in STATES) + ")", name="state"),
    Index(None, "state"),
)

campaign_log = Table(
    "campaign_log",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("campaign", String(60), ForeignKey("campaigns.id"), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("step", String(20), nullable=False),
    Column("note", Text),
    Column("sha256", String(64)),  # the content that the step was taken on
    Column("key", String(32), unique=True),  # idempotency key: the update that asked for it
    Index(None, "campaign"),
)

staff_log = Table(
    "staff_log",
    metadata,
    Column("id", Identity, primary_key=True),
    Column("name", String(60), nullable=False),
    Column("at", Instant, nullable=False),
    Column("actor", String(60), nullable=False),
    Column("step", String(20), nullable=False),  # added, disabled, code, bound
    Column("note", Text),
)
