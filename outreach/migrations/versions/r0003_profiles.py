"""Residents' profiles, subscriptions, quiz answers and requests for lectures."""

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
        sa.Column("noticed_in", sa.String(32)),
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
    _quiz_answers()
    _requests()


def _identity() -> sa.Column[int]:
    return sa.Column("id", sa.BigInteger().with_variant(sa.Integer, "sqlite"), nullable=False)


def _quiz_answers() -> None:
    op.create_table(
        "quiz_answers",
        _identity(),
        sa.Column("key", sa.String(64), nullable=False),
        sa.Column("day", sa.Integer, nullable=False),
        sa.Column("question", sa.String(10), nullable=False),
        sa.Column("chosen", sa.String(10), nullable=False),
        sa.Column("correct", sa.Boolean, nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_quiz_answers"),
        sa.UniqueConstraint("key", "day", "question", name="uq_quiz_answers_key_day_question"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_quiz_answers_day", "quiz_answers", ["day"])


def _requests() -> None:
    op.create_table(
        "requests",
        _identity(),
        sa.Column("number", sa.String(12), nullable=False),
        sa.Column("key", sa.String(64)),
        sa.Column("channel", sa.String(20), nullable=False),
        sa.Column("unit", sa.String(60), nullable=False),
        sa.Column("topic", sa.String(60), nullable=False),
        sa.Column("wish", sa.String(60), nullable=False),
        sa.Column("day", sa.Integer),
        sa.Column("town", sa.String(60)),
        sa.Column("place", sa.String(60), nullable=False),
        sa.Column("audience", sa.String(60)),
        sa.Column("state", sa.String(10), nullable=False),
        sa.Column("answer", sa.Text),
        sa.Column("created_at", sa.BigInteger, nullable=False),
        sa.Column("changed_at", sa.BigInteger, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_requests"),
        sa.UniqueConstraint("number", name="uq_requests_number"),
        sa.CheckConstraint(
            "state IN ('received', 'accepted', 'scheduled', 'held', 'declined', 'withdrawn')",
            name=op.f("ck_requests_state"),
        ),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_requests_key", "requests", ["key"])
    op.create_index("ix_requests_state", "requests", ["state"])
    op.create_table(
        "request_log",
        _identity(),
        sa.Column("number", sa.String(12), nullable=False),
        sa.Column("at", sa.BigInteger, nullable=False),
        sa.Column("actor", sa.String(60), nullable=False),
        sa.Column("step", sa.String(10), nullable=False),
        sa.Column("note", sa.Text),
        sa.PrimaryKeyConstraint("id", name="pk_request_log"),
        sa.ForeignKeyConstraint(
            ["number"], ["requests.number"], name="fk_request_log_number_requests"
        ),
    )
    op.create_index("ix_request_log_number", "request_log", ["number"])
