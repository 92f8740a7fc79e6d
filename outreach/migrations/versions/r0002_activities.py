"""Offline activities and trainings, the decisions on them, and closed months; all append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

# What a second row with the same identity looks like, per table (see revision 0001).
IDENTITY = {
    "activities": "event_id = NEW.event_id OR (number = NEW.number AND version = NEW.version)",
    "activity_organs": "event_id = NEW.event_id AND (rank = NEW.rank OR organ = NEW.organ)",
    "activity_laws": "event_id = NEW.event_id AND (rank = NEW.rank OR law = NEW.law)",
    "activity_quantities": "event_id = NEW.event_id AND "
    "(rank = NEW.rank OR (what = NEW.what AND unit = NEW.unit))",
    "activity_reviews": "event_id = NEW.event_id",
    "activity_evidence": "event_id = NEW.event_id AND sha256 = NEW.sha256",
    "periods": "month = NEW.month",
}


def upgrade() -> None:
    """Create the tables, then the triggers that make them append-only."""
    _activities()
    _parts()
    _decisions()
    op.create_table(
        "periods",
        sa.Column("month", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("figures", sa.Text, nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("month", name="pk_periods"),
    )
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _event(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(["event_id"], ["events.id"], name=f"fk_{table}_event_id_events")


def _event_id() -> sa.Column[int]:
    return sa.Column("event_id", sa.BigInteger, nullable=False, autoincrement=False)


def _rank() -> sa.Column[int]:
    return sa.Column("rank", sa.Integer, nullable=False, autoincrement=False)


def _activities() -> None:
    op.create_table(
        "activities",
        _event_id(),
        sa.Column("number", sa.String(60), nullable=False),
        sa.Column("version", sa.Integer, nullable=False),
        sa.Column("content", sa.String(64), nullable=False),
        sa.Column("name", sa.String(120), nullable=False),
        sa.Column("place", sa.String(120)),
        sa.Column("last_day", sa.Integer, nullable=False),
        sa.Column("method", sa.String(20)),
        sa.Column("evidence", sa.Text),
        sa.Column("reporter", sa.String(60), nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("event_id", name="pk_activities"),
        sa.UniqueConstraint("number", "version", name="uq_activities_number_version"),
        _event("activities"),
    )


def _parts() -> None:
    for table, column, length in (
        ("activity_organs", "organ", 60),
        ("activity_laws", "law", 200),
    ):
        op.create_table(
            table,
            _event_id(),
            _rank(),
            sa.Column(column, sa.String(length), nullable=False),
            sa.PrimaryKeyConstraint("event_id", "rank", name=f"pk_{table}"),
            sa.UniqueConstraint("event_id", column, name=f"uq_{table}_event_id_{column}"),
            _event(table),
            sqlite_with_rowid=False,
        )
    op.create_table(
        "activity_quantities",
        _event_id(),
        _rank(),
        sa.Column("what", sa.String(20), nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit", sa.String(10), nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "rank", name="pk_activity_quantities"),
        sa.UniqueConstraint(
            "event_id", "what", "unit", name="uq_activity_quantities_event_id_what_unit"
        ),
        sa.CheckConstraint(
            "what IN ('attended', 'consulted', 'handed_out', 'donated')",
            name=op.f("ck_activity_quantities_what"),
        ),
        sa.CheckConstraint("quantity > 0", name=op.f("ck_activity_quantities_quantity")),
        _event("activity_quantities"),
        sqlite_with_rowid=False,
    )


def _decisions() -> None:
    op.create_table(
        "activity_reviews",
        _event_id(),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("event_id", name="pk_activity_reviews"),
        sa.CheckConstraint(
            "state IN ('approved', 'returned')", name=op.f("ck_activity_reviews_state")
        ),
        sa.CheckConstraint(
            "state = 'approved' OR note IS NOT NULL", name=op.f("ck_activity_reviews_why")
        ),
        _event("activity_reviews"),
    )
    op.create_table(
        "activity_evidence",
        _event_id(),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media", sa.String(80), nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "sha256", name="pk_activity_evidence"),
        _event("activity_evidence"),
        sqlite_with_rowid=False,
    )


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
