"""Residents' profiles and subscriptions."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables."""
    op.create_table(
        "profiles",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("address", sa.Text),
        sa.Column("town", sa.String(60)),
        sa.Column("target_group", sa.String(60)),
        sa.Column("topics", sa.Text),
        sa.Column("large", sa.Boolean, nullable=False),
        sa.Column("minor", sa.Boolean, nullable=False),
        sa.Column("ranked", sa.Boolean, nullable=False),
        sa.Column("texts", sa.Boolean, nullable=False),
        sa.Column("noticed_at", sa.BigInteger),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("key", name="pk_profiles"),
    )
    op.create_index("ix_profiles_town", "profiles", ["town"])
    op.create_table(
        "subscriptions",
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("what", sa.String(10), nullable=False),
        sa.Column("since", sa.BigInteger, nullable=False),
        sa.Column("position", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("key", "what", name="pk_subscriptions"),
        sa.CheckConstraint(
            "what IN ('campaign', 'morning', 'quiz')", name=op.f("ck_subscriptions_what")
        ),
        sa.ForeignKeyConstraint(["key"], ["profiles.key"], name="fk_subscriptions_key_profiles"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_subscriptions_what", "subscriptions", ["what"])
