"""Staff, campaigns and their log."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

# Append-only tables, and what a second row with the same identity looks like (see 0001).
IDENTITY = {
    "campaign_log": "id = NEW.id OR key = NEW.key",
    "staff_log": "id = NEW.id",
}


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
        sa.Column("sha256", sa.String(64)),
        sa.Column("key", sa.String(32)),
        sa.PrimaryKeyConstraint("id", name="pk_campaign_log"),
        sa.UniqueConstraint("key", name="uq_campaign_log_key"),
        sa.ForeignKeyConstraint(
            ["campaign"], ["campaigns.id"], name="fk_campaign_log_campaign_campaigns"
        ),
    )
    op.create_index("ix_campaign_log_campaign", "campaign_log", ["campaign"])
    op.create_table(
        "staff_log",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False),
        sa.Column("name", sa.String(60), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("step", sa.String(20), nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_staff_log"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _guard_sqlite() -> None:
    for table, same in IDENTITY.items():
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        there = f"SELECT 1 FROM {table} WHERE {same}"  # noqa: S608 (constants above)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _guard_postgresql() -> None:
    for table in IDENTITY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
