"""Alembic's entry: runs the migrations on the connection that outreach/database.py hands in."""

from __future__ import annotations

from alembic import context

from outreach import (  # noqa: F401 (registers them)
    campaign_tables,
    delivery_tables,
    notice_tables,
    rollup_tables,
    service_tables,
)
from outreach.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    transactional_ddl=True,  # SQLite's DDL is transactional once BEGIN is ours (database.py)
    render_as_batch=True,
)
with context.begin_transaction():
    context.run_migrations()
