"""The language in which a resident agreed to pushes; all who did so far were asked in Chinese."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Add the column."""
    op.add_column(
        "subscriptions",
        sa.Column("language", sa.String(10), nullable=False, server_default="zh"),
    )
