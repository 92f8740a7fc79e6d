"""Files that came with a unit's feedback on a 普法提示 (法治宣传教育法 57).

The steps of a notice are events (type ``notice``); a file belongs to the event of its feedback.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, String, Table

from outreach.tables import metadata

notice_files = Table(
    "notice_files",
    metadata,
    Column("event_id", BigInteger, ForeignKey("events.id"), primary_key=True),
    Column("sha256", String(64), primary_key=True),
    Column("name", String(200), nullable=False),
    Column("size", BigInteger, nullable=False),
    Column("media", String(80), nullable=False),
    sqlite_with_rowid=False,
)
