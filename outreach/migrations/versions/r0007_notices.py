"""Files that came with the feedback on a notice under art. 57 of 法治宣传教育法; append-only."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

TABLE = "notice_files"


def upgrade() -> None:
    """Create the table, then the triggers that make it append-only (see revisions 0001, 0002)."""
    op.create_table(
        TABLE,
        sa.Column("event_id", sa.BigInteger, nullable=False, autoincrement=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.String(200), nullable=False),
        sa.Column("size", sa.BigInteger, nullable=False),
        sa.Column("media", sa.String(80), nullable=False),
        sa.PrimaryKeyConstraint("event_id", "sha256", name="pk_notice_files"),
        sa.ForeignKeyConstraint(
            ["event_id"], ["events.id"], name="fk_notice_files_event_id_events"
        ),
        sqlite_with_rowid=False,
    )
    if op.get_bind().dialect.name != "sqlite":
        op.execute(
            f"CREATE TRIGGER {TABLE}_append_only BEFORE UPDATE OR DELETE ON {TABLE} "
            "FOR EACH ROW EXECUTE FUNCTION refuse_change()"
        )
        op.execute(
            f"CREATE TRIGGER {TABLE}_no_truncate BEFORE TRUNCATE ON {TABLE} "
            "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
        )
        return
    refuse = f"BEGIN SELECT RAISE(ABORT, '{TABLE} is append-only'); END"
    for verb in ("UPDATE", "DELETE"):
        op.execute(f"CREATE TRIGGER {TABLE}_no_{verb.lower()} BEFORE {verb} ON {TABLE} {refuse}")
    same = "event_id = NEW.event_id AND sha256 = NEW.sha256"
    there = f"SELECT 1 FROM {TABLE} WHERE {same}"  # noqa: S608 (constants above)
    op.execute(
        f"CREATE TRIGGER {TABLE}_no_replace BEFORE INSERT ON {TABLE} WHEN EXISTS ({there}) {refuse}"
    )
