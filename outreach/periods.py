"""Frozen periods: a closed month keeps the figures as they were published (rule R10).

What is recorded, approved, reversed or erased later changes no snapshot; it shows as a difference,
together with the rows that caused it. A snapshot holds the total and the rows by organ.
"""

from __future__ import annotations

import calendar
import hashlib
import json
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from typing import Any

from sqlalchemy import Connection, select

from errors import OutreachError, UsageError
from outreach import register, statistics
from outreach.activities import moment, person
from outreach.consultations import Window
from outreach.database import Database, insert_new
from outreach.statistics import DEFINITIONS
from outreach.tables import activities, activity_reviews, events, periods
from settings import SHANGHAI

TOTAL = "合计"


@dataclass(frozen=True, slots=True)
class Month:
    """A calendar month of Asia/Shanghai."""

    year: int
    month: int

    @classmethod
    def parse(cls, text: str) -> Month:
        """``2026-03``.

        Raises:
            UsageError: it is no month.
        """
        try:
            day = date.fromisoformat(f"{text.strip()}-01")
        except ValueError as error:
            raise UsageError(f"月份请写成 2026-03，现在是 {text!r}") from error
        return cls(day.year, day.month)

    @property
    def first(self) -> date:
        """Its first day."""
        return date(self.year, self.month, 1)

    @property
    def last(self) -> date:
        """Its last day."""
        return self.first.replace(day=calendar.monthrange(self.year, self.month)[1])

    @property
    def number(self) -> int:
        """YYYYMM."""
        return self.year * 100 + self.month

    def __str__(self) -> str:
        return f"{self.year:04d}-{self.month:02d}"


@dataclass(frozen=True, slots=True)
class Closed:
    """A frozen month: ``figures`` by organ (合计 for the total) and measure.

    Attributes:
        pending: how many of its reports awaited a decision; known only when it has just closed.
    """

    month: Month
    at: datetime
    actor: str
    figures: dict[str, statistics.Measures]
    sha256: str
    pending: int | None = field(default=None, compare=False)

    def __str__(self) -> str:
        total = self.figures[TOTAL]
        figures = [
            f"{told.split('：')[0]} {total[name]}"
            for name, told in DEFINITIONS.items()
            if total.get(name)
        ]
        told = (
            f"{self.month} 已结账（{self.actor}，{moment(self.at)}），"
            f"{'，'.join(figures) or '没有数据'}；校验值 {self.sha256}"
        )
        if self.pending:
            told += f"\n提醒：该月还有 {self.pending} 条待审核，以后审核通过的会显示为差异"
        return told

    def to_json(self) -> dict[str, Any]:
        """The snapshot with who, when and its hash."""
        pending = {} if self.pending is None else {"pending": self.pending}
        return {
            "month": str(self.month),
            **pending,
            "closed_at": moment(self.at),
            "actor": self.actor,
            "sha256": self.sha256,
            "total": self.figures[TOTAL],
            "organs": {name: row for name, row in self.figures.items() if name != TOTAL},
        }


@dataclass(frozen=True, slots=True)
class Difference:
    """A figure that is another one today."""

    organ: str
    measure: str
    closed: int | float | str | None
    now: int | float | str | None

    def __str__(self) -> str:
        name = DEFINITIONS.get(self.measure, self.measure).split("：")[0]
        return f"{self.organ} {name}：结账 {self.closed or 0}，现在 {self.now or 0}"


@dataclass(frozen=True, slots=True)
class Cause:
    """A row recorded after closing that belongs to the month."""

    at: datetime
    what: str  # 冲销, 审核, 补记
    number: str
    actor: str | None
    reason: str | None

    def __str__(self) -> str:
        who = f"{self.actor}，" if self.actor else ""
        why = f"，{self.reason}" if self.reason else ""
        return f"{self.what} {self.number}（{who}{moment(self.at)}{why}）"


@dataclass(frozen=True, slots=True)
class Differences:
    """What changed since a month was closed; ``intact``: the snapshot still has its hash."""

    period: Closed
    changes: tuple[Difference, ...]
    causes: tuple[Cause, ...]
    intact: bool

    def __str__(self) -> str:
        lines = [str(self.period)]
        if not self.intact:
            lines.append("警告：存下的数字与校验值不符，数据库被改动过")
        lines += map(str, self.changes or ["结账后没有变化"])
        lines += [f"原因：{cause}" for cause in self.causes]
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """The snapshot, the differences and their causes."""
        return {
            **self.period.to_json(),
            "intact": self.intact,
            "differences": [
                {"organ": d.organ, "measure": d.measure, "closed": d.closed, "now": d.now}
                for d in self.changes
            ],
            "causes": [
                {
                    "at": moment(c.at),
                    "what": c.what,
                    "number": c.number,
                    "actor": c.actor,
                    "reason": c.reason,
                }
                for c in self.causes
            ],
        }


def close(database: Database, month: Month, *, actor: str, now: datetime) -> Closed:
    """Store a month's figures, by organ and in total, as they are now.

    Raises:
        OutreachError: the month is not over, or was closed before.
    """
    actor = person(actor)
    if month.last >= now.astimezone(SHANGHAI).date():
        raise OutreachError(f"{month} 还没有过完，不能结账")
    with database.read() as connection:
        _refuse_closed(connection, month)
    text = json.dumps(
        _figures(database, month, now), ensure_ascii=False, sort_keys=True, separators=(",", ":")
    )
    row = {
        "month": month.number,
        "at": now,
        "actor": actor,
        "figures": text,
        "sha256": hashlib.sha256(text.encode()).hexdigest(),
    }
    with database.write() as connection:
        _refuse_closed(connection, month)
        if insert_new(connection, periods, row) is None:
            raise OutreachError(f"{month} 已经结过账")
        reports = register.read(connection, first=month.first, last=month.last)
        pending = sum(each.state == "submitted" for each in reports)
    return replace(_read(row), pending=pending)


def closed_month(connection: Connection, day: date) -> str | None:
    """The month of a day (``2026-03``) where it was closed."""
    month = Month(day.year, day.month)
    query = select(periods.c.month).where(periods.c.month == month.number)
    return None if connection.execute(query).scalar() is None else str(month)


def closed(database: Database) -> list[Closed]:
    """All frozen months, oldest first."""
    with database.read() as connection:
        rows = connection.execute(select(periods).order_by(periods.c.month)).mappings()
        return [_read(dict(row)) for row in rows]


def differences(database: Database, month: Month, *, now: datetime) -> Differences:
    """What a closed month's figures would be now, against what they were, and why.

    Raises:
        OutreachError: the month was not closed.
    """
    with database.read() as connection:
        query = select(periods).where(periods.c.month == month.number)
        row = connection.execute(query).mappings().first()
        if row is None:
            raise OutreachError(f"{month} 还没有结账")
        causes = tuple(_causes(connection, month, row["at"], now))
    period = _read(dict(row))
    today = _figures(database, month, now)
    changes = tuple(
        Difference(organ, name, old.get(name), new.get(name))
        for organ in sorted({*period.figures, *today}, key=lambda name: (name == TOTAL, name))
        for old, new in [(period.figures.get(organ, {}), today.get(organ, {}))]
        for name in DEFINITIONS
        # A row that is not there (any more) is one of zeros.
        if (old.get(name) or 0) != (new.get(name) or 0)
    )
    whole = hashlib.sha256(row["figures"].encode()).hexdigest() == row["sha256"]
    return Differences(period, changes, causes, intact=whole)


def _refuse_closed(connection: Connection, month: Month) -> None:
    query = select(periods.c.actor).where(periods.c.month == month.number)
    if (actor := connection.execute(query).scalar()) is not None:
        raise OutreachError(f"{month} 已由{actor}结账，不能再结；之后的更正用 period show 查看")


def _figures(database: Database, month: Month, as_of: datetime) -> dict[str, statistics.Measures]:
    table = statistics.stats(database, month.first, month.last, ["organ"], as_of)
    return {TOTAL: table.total, **{row.by["organ"]: row.measures for row in table.rows}}


def _read(row: dict[str, Any]) -> Closed:
    month = Month(*divmod(row["month"], 100))
    return Closed(month, row["at"], row["actor"], json.loads(row["figures"]), row["sha256"])


def _causes(connection: Connection, month: Month, since: datetime, until: datetime) -> list[Cause]:
    """Reversals, late approvals and late bot events, by time of recording."""
    window = Window(month.first, month.last, until)
    inside = (events.c.at >= window.begin, events.c.at < window.end)
    back = events.alias("back")
    number = activities.c.number
    reversed_ = (
        select(back.c.recorded_at, events.c.key, number, back.c.actor, back.c.reason)
        .join(back, back.c.reverses == events.c.id)
        .outerjoin(activities, activities.c.event_id == events.c.id)
        .where(*inside, back.c.recorded_at > since, back.c.recorded_at <= until)
    )
    review = activity_reviews.c
    approved = (
        select(review.at, events.c.key, number, review.actor, review.note)
        .join(activities, activities.c.event_id == events.c.id)
        .join(activity_reviews, review.event_id == events.c.id)
        .where(*inside, review.state == "approved", review.at > since, review.at <= until)
    )
    late = select(
        events.c.recorded_at, events.c.key, events.c.subject, events.c.actor, events.c.reason
    ).where(
        *inside,
        events.c.source == "bot",
        events.c.recorded_at > since,
        events.c.recorded_at <= until,
    )
    found = [
        Cause(at, what, name or key, actor, why)
        for what, query in (("冲销", reversed_), ("审核", approved), ("补记", late))
        for at, key, name, actor, why in connection.execute(query)
    ]
    return sorted(found, key=lambda each: (each.at, each.number))
