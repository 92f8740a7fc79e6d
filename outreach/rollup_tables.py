"""Closed days in columns: derived from the event log, may be thrown away at any time.

``rollup_days`` has a row per day whose columns are kept; ``rollups`` holds them, one blob each
(:mod:`outreach.columns`); ``rollup_mark`` has one row, the event up to which they are true.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, ForeignKey, Integer, LargeBinary, String, Table

from outreach.tables import Instant, metadata

rollup_days = Table(
    "rollup_days",
    metadata,
    Column("day", Integer, primary_key=True, autoincrement=False),  # YYYYMMDD
    Column("recorded_at", Instant),  # when the latest of what the day is made of was recorded
)

rollups = Table(
    "rollups",
    metadata,
    Column("day", Integer, ForeignKey("rollup_days.day"), primary_key=True, autoincrement=False),
    Column("name", String(30), primary_key=True),
    Column("data", LargeBinary, nullable=False),
)

rollup_mark = Table(
    "rollup_mark",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),  # always 1
    Column("through", BigInteger, nullable=False),  # an event's id
)
