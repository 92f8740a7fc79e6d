"""Staff, campaigns and their log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "staff",
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("roles", sa.String(60), nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        sa.Column("resident", sa.String(64)),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_staff"),
        sa.UniqueConstraint("resident", name="uq_staff_resident"),
    )
    op.create_table(
        "staff_codes",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("expires_at", sa.BigInteger, nullable=False),
        sa.Column("used_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("sha256", name="pk_staff_codes"),
        sa.ForeignKeyConstraint(["name"], ["staff.name"], name="fk_staff_codes_name_staff"),
    )
    op.create_table(
        "campaigns",
        sa.Column("id", sa.String(60), nullable=False),
        sa.Column("kind", sa.String(10), nullable=False),
        sa.Column("title", sa.String(120), nullable=False),
        sa.Column("content", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("topic", sa.String(60)),
        sa.Column("organ", sa.String(60)),
        sa.Column("node", sa.String(60)),
        sa.Column("urgent", sa.Boolean, nullable=False),
        sa.Column("not_before", sa.BigInteger),
        sa.Column("expires_at", sa.BigInteger),
        sa.Column("quiet_from", sa.Integer),
        sa.Column("quiet_to", sa.Integer),
        sa.Column("audience", sa.Integer),
        sa.Column("pause_reason", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_campaigns"),
        sa.CheckConstraint(
            "state IN ('draft', 'submitted', 'returned', 'approved', 'scheduled', 'sending', "
            "'paused', 'finished', 'recalled', 'missed')",
            name=op.f("ck_campaigns_state"),
        ),
    )
    op.create_index("ix_campaigns_state", "campaigns", ["state"])
    op.create_table(
        "campaign_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("campaign", sa.String(60), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_log"),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name="fk_campaign_log_campaign_campaigns"
        ),
    )
    op.create_index("ix_campaign_log_campaign", "campaign_log", ["campaign"])
