"""The delivery ledger, and the processes that send."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "deliveries",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("campaign", sa.String(60), nullable=False),
        sa.Column("resident", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("variant", sa.String(1)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("reason", sa.String(60)),
        sa.Column("attempts", sa.Integer, nullable=False),
        sa.Column("due_at", sa.BigInteger),
        sa.Column("claimed_by", sa.String(60)),
        sa.Column("claimed_at", sa.BigInteger),
        sa.Column("done_at", sa.BigInteger),
        sa.Column("message", sa.String(40)),
        sa.Column("clicks", sa.Integer, nullable=False),
        sa.Column("clicked_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.CheckConstraint(
            "state IN ('queued', 'claimed', 'sent', 'failed', 'blocked', 'opted_out', 'unknown', "
            "'recalled', 'expired')",
            name=op.f("ck_deliveries_state"),
        ),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name="fk_deliveries_campaign_campaigns"
        ),
        sa.UniqueConstraint("campaign", "resident", name="uq_deliveries_campaign_resident"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_deliveries_campaign_state_id", "deliveries", ["campaign", "state", "id"])
    op.create_index("ix_deliveries_resident_done_at", "deliveries", ["resident", "done_at"])
    op.create_index(
        "ix_deliveries_claimed_by",
        "deliveries",
        ["claimed_by"],
        sqlite_where=sa.text("claimed_by IS NOT NULL"),
        postgresql_where=sa.text("claimed_by IS NOT NULL"),
    )
    op.create_table(
        "senders",
        sa.Column("id", sa.String(60), nullable=False),
        sa.Column("channels", sa.String(60), nullable=False),
        sa.Column("started_at", sa.BigInteger, nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_senders"),
    )
