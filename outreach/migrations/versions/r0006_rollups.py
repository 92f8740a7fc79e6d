"""Closed days of the event log in columns (outreach/rollup_tables.py)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Create the tables; the columns are derived and come by themselves."""
    op.create_table(
        "rollup_days",
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("recorded_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("day", name="pk_rollup_days"),
    )
    op.create_table(
        "rollups",
        sa.Column("day", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("name", sa.String(30), nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
        sa.PrimaryKeyConstraint("day", "name", name="pk_rollups"),
        sa.ForeignKeyConstraint(["day"], ["rollup_days.day"], name="fk_rollups_day_rollup_days"),
    )
    op.create_table(
        "rollup_mark",
        sa.Column("id", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("through", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rollup_mark"),
    )
