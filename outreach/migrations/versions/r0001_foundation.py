"""Inbox, residents, the append-only event log and its guards."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

APPEND_ONLY = ("events", "event_articles", "erasures")
# What a second row with the same identity looks like, per table: INSERT OR REPLACE deletes the
# old row without firing a DELETE trigger in SQLite, so the insert itself must be refused.
IDENTITY = {
    "events": "id = NEW.id OR key = NEW.key OR reverses = NEW.reverses",
    "event_articles": "event_id = NEW.event_id AND rank = NEW.rank",
    "erasures": "id = NEW.id OR resident_id = NEW.resident_id",
}


def upgrade() -> None:
    """Create the tables, then the triggers that make the log append-only."""
    _inbox()
    _people()
    _events()
    if op.get_bind().dialect.name == "sqlite":
        _guard_sqlite()
    else:
        _guard_postgresql()


def _identity() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


def _inbox() -> None:
    op.create_table(
        "inbox",
        sa.Column("seq", _identity(), nullable=False),
        sa.Column("update_key", sa.String(200), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("resident", sa.String(64)),
        sa.Column("text", sa.Text),
        sa.Column("action", sa.Text),
        sa.Column("address", sa.Text),
        sa.Column("received_at", sa.BigInteger, nullable=False),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("kind", sa.String(20)),
        sa.Column("answered_at", sa.BigInteger),
        sa.Column("sent_at", sa.BigInteger),
        sa.PrimaryKeyConstraint("seq", name="pk_inbox"),
        sa.UniqueConstraint("update_key", name="uq_inbox_update_key"),
        sa.CheckConstraint(
            "state IN ('received', 'answered', 'sent')", name=op.f("ck_inbox_state")
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_inbox_state_channel_seq", "inbox", ["state", "channel", "seq"])
    op.create_index("ix_inbox_received_at", "inbox", ["received_at"])


def _people() -> None:
    op.create_table(
        "residents",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("key", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_residents"),
        sa.UniqueConstraint("key", name="uq_residents_key"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "erasures",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("resident_id", sa.BigInteger, nullable=False),
        sa.Column("events", sa.Integer, nullable=False),
        sa.Column("texts", sa.Integer, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_erasures"),
        sa.UniqueConstraint("resident_id", name="uq_erasures_resident_id"),
    )


def _events() -> None:
    names = "topic organ system town village target_group venue form campaign node subject result"
    op.create_table(
        "events",
        sa.Column("id", _identity(), nullable=False),
        sa.Column("key", sa.String(32), nullable=False),
        sa.Column("type", sa.String(20), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("recorded_at", sa.BigInteger, nullable=False),
        sa.Column("source", sa.String(10), nullable=False),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("resident_id", sa.BigInteger),
        sa.Column("kind", sa.String(20)),
        *(sa.Column(name, sa.String(60)) for name in names.split()),
        sa.Column("in_scope", sa.Boolean, nullable=False),
        sa.Column("estimated", sa.Boolean, nullable=False),
        sa.Column("quantity", sa.Integer, nullable=False),
        sa.Column("unit", sa.String(10), nullable=False),
        sa.Column("reverses", sa.BigInteger),
        sa.Column("actor", sa.String(60)),
        sa.Column("reason", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
        sa.UniqueConstraint("key", name="uq_events_key"),
        sa.ForeignKeyConstraint(["reverses"], ["events.id"], name="fk_events_reverses_events"),
        sa.CheckConstraint("source IN ('bot', 'staff', 'import')", name=op.f("ck_events_source")),
        sa.CheckConstraint(
            "reverses IS NULL OR (actor IS NOT NULL AND reason IS NOT NULL)",
            name=op.f("ck_events_correction"),
        ),
    )
    reversing = sa.text("reverses IS NOT NULL")
    op.create_index(
        "ix_events_reverses",
        "events",
        ["reverses"],
        unique=True,
        sqlite_where=reversing,
        postgresql_where=reversing,
    )
    op.create_index("ix_events_type_at", "events", ["type", "at"])
    op.create_index("ix_events_resident_id_channel_at", "events", ["resident_id", "channel", "at"])
    op.create_table(
        "event_articles",
        sa.Column("event_id", sa.BigInteger, nullable=False),
        sa.Column("rank", sa.Integer, nullable=False, autoincrement=False),
        sa.Column("law", sa.String(200), nullable=False),
        sa.Column("article", sa.String(40), nullable=False),
        sa.Column("version_date", sa.Integer, nullable=False),
        sa.PrimaryKeyConstraint("event_id", "rank", name="pk_event_articles"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_event_articles_event_id_events"
        ),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_event_articles_law_article", "event_articles", ["law", "article"])
    op.create_table(
        "event_texts",
        sa.Column("event_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("kept_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("event_id", name="pk_event_texts"),
        sa.ForeignKeyConstraint(["event_id"], ["events.id"], name="fk_event_texts_event_id_events"),
    )
    op.create_index("ix_event_texts_kept_at", "event_texts", ["kept_at"])


def _guard_sqlite() -> None:
    for table in APPEND_ONLY:
        for verb in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
                f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
            )
        there = f"SELECT 1 FROM {table} WHERE {IDENTITY[table]}"  # noqa: S608 (constants above)
        op.execute(
            f"CREATE TRIGGER {table}_no_replace BEFORE INSERT ON {table} WHEN EXISTS ({there}) "
            f"BEGIN SELECT RAISE(ABORT, '{table} is append-only'); END"
        )


def _guard_postgresql() -> None:
    op.execute(
        "CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$ "
        "BEGIN RAISE EXCEPTION '% is append-only', TG_TABLE_NAME; END $$"
    )
    for table in APPEND_ONLY:
        op.execute(
            f"CREATE TRIGGER {table}_append_only BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_no_truncate BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
