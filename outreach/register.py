"""The register of activities: reporting, deciding, correcting, attaching, reading.

Everything is a row and no row ever changes. A report is an event with its details; a decision
(approved or returned) is a row beside it; a correction takes the event back (rule R10: who, why)
and reports the next version under the same number. Only approved reports count, from the moment
of the decision on (领域规格 2.1: 只计审核通过的). Functions work within the caller's transaction.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict, replace
from datetime import UTC, date, datetime, time
from itertools import islice
from typing import Any, Literal

from sqlalchemy import (
    LABEL_STYLE_TABLENAME_PLUS_COL,
    Connection,
    RowMapping,
    Select,
    Table,
    insert,
    select,
)

from errors import DuplicateKey, NotAllowed, OutreachError
from outreach.activities import (
    OFFLINE,
    STATES,
    Activity,
    Evidence,
    Material,
    Registered,
    State,
    Submission,
    numbered,
    person,
    same_person,
)
from outreach.database import insert_new
from outreach.events import (
    ActivityHeld,
    Reversal,
    Source,
    TrainingHeld,
    day_number,
    day_of,
    event_key,
    record,
)
from outreach.tables import (
    activities,
    activity_evidence,
    activity_laws,
    activity_organs,
    activity_quantities,
    activity_reviews,
    events,
)
from settings import SHANGHAI

BATCH = 500
back = events.alias("back")  # the row that takes a report back


def submit(
    connection: Connection,
    activity: Activity,
    *,
    actor: str,
    now: datetime,
    source: Source = "staff",
    reason: str | None = None,
) -> Submission:
    """Report an activity, or correct the one with the same number, in the caller's transaction.

    Args:
        connection: a writing connection.
        activity: what happened.
        actor: who reports or imports it.
        now: the moment of recording.
        source: ``staff`` or ``import``.
        reason: why, where an approved report is corrected.

    Raises:
        OutreachError: the number's report is approved and says something else, and no reason is
            given; or another replica has just taken the number.
    """
    number, actor = numbered(activity), person(actor)
    known = latest(connection, number)
    if known and known.content == activity.content():
        return Submission("unchanged", known)
    if known and known.state != "reversed":
        if not reason and known.state == "approved":
            raise OutreachError(f"{number} 已经审核，更正要写明原因")
        why = reason or ("退回后重报" if known.state == "returned" else "审核前修改")
        _reverse(connection, known, actor, why, now)
    version = known.version + 1 if known else 1
    key = event_key("activity", number, str(version), activity.content())
    held = TrainingHeld if activity.kind == "training" else ActivityHeld
    record(
        connection,
        held(
            key=key,
            at=datetime.combine(activity.first, time(), SHANGHAI).astimezone(UTC),
            channel=OFFLINE,
            topic=activity.topic,
            organ=activity.organ,
            system=activity.system,
            town=activity.town,
            village=activity.village,
            target_group=activity.group,
            venue=activity.venue,
            form=activity.form,
            campaign=activity.campaign,
            node=activity.node,
            subject=number,
            source=source,
            estimated=activity.estimated,
            actor=actor,
        ),
        now=now,
    )
    _details(connection, key, number, version, activity)
    return Submission(
        "corrected" if known else "added",
        Registered(
            key=key,
            version=version,
            activity=replace(activity, number=number),
            content=activity.content(),
            state="submitted",
            submitter=actor,
            submitted_at=now,
            source=source,
        ),
    )


def decide(
    connection: Connection,
    number: str,
    state: Literal["approved", "returned"],
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
) -> Registered:
    """Approve or return the latest report of a number; the same decision again changes nothing.

    Raises:
        NotAllowed: the same person reported it or is named as 填报人.
        OutreachError: unknown, taken back, decided otherwise before, or returned without a reason.
    """
    found, actor = _standing(connection, number), person(actor)
    note = (note or "").strip() or None
    if same_person(actor, found.submitter) or same_person(actor, found.activity.reporter):
        raise NotAllowed(f"{number} 由{actor}填报，须由另一人审核")
    if state == "returned" and note is None:
        raise OutreachError("退回要写明原因")
    if found.state == state and same_person(actor, found.reviewer or ""):
        return found
    if found.state != "submitted":
        raise OutreachError(f"{number} {STATES[found.state]}（{found.reviewer}），不能再审")
    event_id = _id_of(connection, found.key)
    row = {"event_id": event_id, "state": state, "actor": actor, "at": now, "note": note}
    if insert_new(connection, activity_reviews, row) is None:
        raise OutreachError(f"{number} 刚被另一人审过，请重新查看")
    return _standing(connection, number)


def take_back(
    connection: Connection, number: str, *, actor: str, reason: str, now: datetime
) -> Registered:
    """Reverse the latest report of a number, saying who and why (rule R10).

    Raises:
        OutreachError: unknown, taken back before, or without a reason.
    """
    found = _standing(connection, number)
    _reverse(connection, found, person(actor), reason, now)
    gone = latest(connection, number)
    assert gone is not None
    return gone


def attach(
    connection: Connection,
    number: str,
    files: Iterable[Evidence],
    *,
    actor: str,
    now: datetime,
) -> Registered:
    """Add kept files to the latest report of a number; one that is there already is left out."""
    found, actor = _standing(connection, number), person(actor)
    there = {each.sha256 for each in found.evidence}
    event_id = _id_of(connection, found.key)
    for each in files:
        if each.sha256 not in there:
            there.add(each.sha256)
            row = {"event_id": event_id, **asdict(each), "actor": actor, "at": now}
            connection.execute(insert(activity_evidence).values(row))
    return _standing(connection, number)


def latest(connection: Connection, number: str) -> Registered | None:
    """The last version of a number, whatever became of it; None where it is unknown."""
    return next(read(connection, numbers=(number,)), None)


def read(
    connection: Connection,
    *,
    numbers: Sequence[str] | None = None,
    first: date | None = None,
    last: date | None = None,
) -> Iterator[Registered]:
    """The last version of each number, by first day and number.

    Args:
        connection: any connection.
        numbers: only these.
        first: only those that begin on this day or later.
        last: only those that begin on this day or earlier.
    """
    newer = activities.alias("newer")
    later = select(newer.c.event_id).where(
        newer.c.number == activities.c.number, newer.c.version > activities.c.version
    )
    query = reports().where(~later.exists()).order_by(events.c.day, activities.c.number)
    if numbers is not None:
        query = query.where(activities.c.number.in_(numbers))
    if first is not None:
        query = query.where(events.c.day >= day_number(first))
    if last is not None:
        query = query.where(events.c.day <= day_number(last))
    return load(connection, query)


def reports() -> Select[Any]:
    """All versions of all reports with the decision on each and the row that takes it back."""
    return (
        select(events, activities, activity_reviews, back.c.id)
        .set_label_style(LABEL_STYLE_TABLENAME_PLUS_COL)
        .join(activities, activities.c.event_id == events.c.id)
        .outerjoin(activity_reviews, activity_reviews.c.event_id == events.c.id)
        .outerjoin(back, back.c.reverses == events.c.id)
    )


def load(connection: Connection, query: Select[Any]) -> Iterator[Registered]:
    """The reports of a query made from :func:`reports`, in its order, batch by batch."""
    rows = iter(connection.execute(query).mappings())
    while batch := list(islice(rows, BATCH)):
        ids = [row["events_id"] for row in batch]
        organs, laws, quantities, files = (
            _parts(connection, table, ids)
            for table in (activity_organs, activity_laws, activity_quantities, activity_evidence)
        )
        for row in batch:
            number = row["events_id"]
            yield _registered(
                row,
                organs=tuple(each["organ"] for each in organs.get(number, ())),
                laws=tuple(each["law"] for each in laws.get(number, ())),
                quantities=quantities.get(number, []),
                files=files.get(number, []),
            )


def _standing(connection: Connection, number: str) -> Registered:
    found = latest(connection, number)
    if found is None:
        raise OutreachError(f"没有这个编号的活动：{number}")
    if found.state == "reversed":
        raise OutreachError(f"{number} 已经冲销")
    return found


def _reverse(
    connection: Connection, found: Registered, actor: str, reason: str, now: datetime
) -> None:
    key = event_key(found.key, "reversal")
    back_ = Reversal(key=key, at=now, of=found.key, actor=actor, reason=reason)
    record(connection, back_, now=now)


def _id_of(connection: Connection, key: str) -> int:
    number: int = connection.execute(select(events.c.id).where(events.c.key == key)).scalar_one()
    return number


def _details(
    connection: Connection, key: str, number: str, version: int, activity: Activity
) -> None:
    event_id = _id_of(connection, key)
    row = {
        "event_id": event_id,
        "number": number,
        "version": version,
        "content": activity.content(),
        "name": activity.name,
        "place": activity.place,
        "last_day": day_number(activity.last),
        "method": activity.method,
        "evidence": activity.evidence,
        "reporter": activity.reporter,
        "note": activity.note,
    }
    if insert_new(connection, activities, row) is None:  # another replica was first
        raise DuplicateKey(f"编号 {number} 刚被另一人登记，请重新查看")
    people: list[dict[str, Any]] = [
        {"what": what, "quantity": quantity, "unit": "人次", "estimated": activity.estimated}
        for what, quantity in (("attended", activity.attended), ("consulted", activity.consulted))
        if quantity
    ]
    things: list[dict[str, Any]] = [
        {
            "what": "donated" if each.donated else "handed_out",
            "quantity": each.quantity,
            "unit": each.unit,
            "estimated": False,
        }
        for each in activity.materials
    ]
    for table, rows in (
        (activity_organs, [{"organ": organ} for organ in activity.joint]),
        (activity_laws, [{"law": law} for law in activity.laws]),
        (activity_quantities, [*people, *things]),
    ):
        if rows:
            ranked = [{"event_id": event_id, "rank": n, **row} for n, row in enumerate(rows, 1)]
            connection.execute(insert(table), ranked)


def _parts(connection: Connection, table: Table, ids: list[int]) -> dict[int, list[RowMapping]]:
    query = select(table).where(table.c.event_id.in_(ids)).order_by(*table.primary_key.columns)
    found: dict[int, list[RowMapping]] = {}
    for row in connection.execute(query).mappings():
        found.setdefault(row["event_id"], []).append(row)
    return found


def _registered(
    row: RowMapping,
    *,
    organs: tuple[str, ...],
    laws: tuple[str, ...],
    quantities: list[RowMapping],
    files: list[RowMapping],
) -> Registered:
    people = {each["what"]: each["quantity"] for each in quantities}
    state: State = row["activity_reviews_state"] or "submitted"
    return Registered(
        key=row["events_key"],
        version=row["activities_version"],
        content=row["activities_content"],
        state="reversed" if row["back_id"] is not None else state,
        submitter=row["events_actor"],
        submitted_at=row["events_recorded_at"],
        source=row["events_source"],
        reviewer=row["activity_reviews_actor"],
        reviewed_at=row["activity_reviews_at"],
        review_note=row["activity_reviews_note"],
        evidence=tuple(
            Evidence(**{name: each[name] for name in ("sha256", "name", "size", "media")})
            for each in files
        ),
        activity=Activity(
            kind=row["events_type"],
            number=row["activities_number"],
            first=day_of(row["events_day"]),
            last=day_of(row["activities_last_day"]),
            organ=row["events_organ"],
            name=row["activities_name"],
            reporter=row["activities_reporter"],
            joint=organs,
            place=row["activities_place"],
            topic=row["events_topic"],
            system=row["events_system"],
            laws=laws,
            group=row["events_target_group"],
            attended=people.get("attended"),
            consulted=people.get("consulted"),
            method=row["activities_method"],
            materials=tuple(
                Material(each["quantity"], each["unit"], each["what"] == "donated")
                for each in quantities
                if each["what"] in ("handed_out", "donated")
            ),
            evidence=row["activities_evidence"],
            note=row["activities_note"],
            **{
                name: row[f"events_{name}"]
                for name in ("town", "village", "form", "venue", "node", "campaign")
            },
        ),
    )
