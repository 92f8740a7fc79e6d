"""Offline figures in SQL: what approved reports of activities and trainings add to a table.

The host counts the 场次 or 期, the others 参与场次 (rule R4); people, and each unit of material,
are sums of their own (rules R2, R6); everything belongs to the first day.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from sqlalchemy import (
    CTE,
    ColumnElement,
    Executable,
    FromClause,
    and_,
    case,
    func,
    literal,
    null,
    select,
    union_all,
)

from outreach.consultations import ATTRIBUTES, Window, month_of
from outreach.tables import (
    activity_laws,
    activity_organs,
    activity_quantities,
    activity_reviews,
    events,
)

COUNTS = {"activities": "activity", "trainings": "training"}
# Measure → what and unit of the quantities that it sums.
AMOUNTS = {
    "offline_person_times": ("attended", "人次"),
    "offline_consultations": ("consulted", "人次"),
    "leaflets": ("handed_out", "份"),
    "books": ("handed_out", "册"),
    "banners": ("handed_out", "条"),
    "boards": ("handed_out", "块"),
    "goods": ("handed_out", "件"),
    "vehicles": ("handed_out", "台"),
    "donated_leaflets": ("donated", "份"),
    "donated_books": ("donated", "册"),
    "donated_goods": ("donated", "件"),
}
PARTS = ("training_person_times", "estimated_person_times")  # of offline_person_times
JOINT = "joint_participations"
MEASURES = (*COUNTS, *AMOUNTS, *PARTS, JOINT)
COLUMNS = {"group": "target_group"}  # dimensions named otherwise in the store


def approved(window: Window) -> ColumnElement[bool]:
    """Events that are reports which begin in the window and count, as known at ``as_of``."""
    decided, gone = activity_reviews.alias("decided"), events.alias("gone")
    return and_(
        events.c.type.in_(tuple(COUNTS.values())),
        events.c.at >= window.begin,
        events.c.at < window.end,
        events.c.recorded_at <= window.as_of,
        events.c.id.in_(
            select(decided.c.event_id).where(
                decided.c.state == "approved", decided.c.at <= window.as_of
            )
        ),
        events.c.id.not_in(
            select(gone.c.reverses).where(
                gone.c.reverses.is_not(None), gone.c.recorded_at <= window.as_of
            )
        ),
    )


def queries(window: Window, by: Sequence[str]) -> Iterator[tuple[tuple[str, ...], Executable]]:
    """(measures, statement) pairs; rows (0, values…, sums…) and one (1, NULL…, sums…) each."""
    held = (
        select(events.c.id, events.c.type, events.c.day, *(events.c[name] for name in ATTRIBUTES))
        .where(approved(window))
        .cte("held")
    )
    counts = select(held, *(_one(held.c.type == of, name) for name, of in COUNTS.items()))
    yield tuple(COUNTS), _with_total(counts.cte("counted"), tuple(COUNTS), by)
    row = activity_quantities.c
    attended = row.what == "attended"
    sums = [
        _one(and_(row.what == what, row.unit == unit), name, row.quantity)
        for name, (what, unit) in AMOUNTS.items()
    ]
    parts = [
        _one(and_(attended, part), name, row.quantity)
        for name, part in zip(PARTS, (held.c.type == "training", row.estimated), strict=True)
    ]
    amounts = select(held, *sums, *parts).join(
        activity_quantities, activity_quantities.c.event_id == held.c.id
    )
    names = (*AMOUNTS, *PARTS)
    yield names, _with_total(amounts.cte("amounts"), names, by)
    others = [column for column in held.c if column.name != "organ"]
    joint = select(*others, activity_organs.c.organ, literal(1).label(JOINT)).join(
        activity_organs, activity_organs.c.event_id == held.c.id
    )
    yield (JOINT,), _with_total(joint.cte("joint"), (JOINT,), by)


def _one(
    condition: ColumnElement[bool], name: str, value: ColumnElement[int] | int = 1
) -> ColumnElement[int]:
    return case((condition, value), else_=0).label(name)


def _with_total(each: CTE, names: Sequence[str], by: Sequence[str]) -> Executable:
    sums = [func.coalesce(func.sum(each.c[name]), 0) for name in names]
    total = select(literal(1), *(null() for _ in by), *sums).select_from(each)
    if not by:
        return total
    columns: dict[str, ColumnElement[Any]] = {column.name: column for column in each.c}
    columns |= {"law": activity_laws.c.law, "month": month_of(each.c.day)}
    keys = [columns[COLUMNS.get(name, name)] for name in by]
    source: FromClause = each
    if "law" in by:
        source = each.outerjoin(activity_laws, activity_laws.c.event_id == each.c.id)
    rows = select(literal(0), *keys, *sums).select_from(source).group_by(*keys)
    return union_all(rows, total)
