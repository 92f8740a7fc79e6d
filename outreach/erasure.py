"""Everything held about one resident: to show it (个人信息保护法 45), to delete it (47)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, String, cast, func, literal, select, update
from sqlalchemy import case as choose

from outreach import profiles, quizzes, requests, residents
from outreach.campaign_tables import staff
from outreach.changes import Turn
from outreach.delivery_tables import deliveries
from outreach.profiles import Profile
from outreach.requests import Request
from outreach.residents import Erasure
from outreach.service_tables import quiz_answers
from outreach.tables import event_texts, events, inbox
from outreach.tables import residents as residents_table


@dataclass(frozen=True, slots=True)
class Held:
    """What the store holds about a resident; counts by event type and by a push's state."""

    profile: Profile
    events: Mapping[str, int]
    first: datetime | None
    last: datetime | None
    texts: int  # masked questions kept for staff
    waiting: int  # updates whose reply has not gone out yet
    answers: int  # scored quiz answers
    pushes: Mapping[str, int]
    requests: tuple[Request, ...]


def held(connection: Connection, resident: str) -> Held:
    """Everything under a resident key."""
    number = select(residents_table.c.id).where(residents_table.c.key == resident).scalar_subquery()
    theirs = events.c.resident_id == number
    kinds = select(events.c.type, func.count()).where(theirs).group_by(events.c.type)
    ends = select(func.min(events.c.at), func.max(events.c.at)).where(theirs)
    texts = select(func.count()).where(
        event_texts.c.event_id.in_(select(events.c.id).where(theirs))
    )
    pushes = (
        select(deliveries.c.state, func.count())
        .where(deliveries.c.resident == resident)
        .group_by(deliveries.c.state)
    )
    scored = select(func.count()).where(quiz_answers.c.key == resident)
    waiting = select(func.count()).where(inbox.c.resident == resident, inbox.c.state != "sent")
    first, last = connection.execute(ends).one()
    return Held(
        profile=profiles.read(connection, resident),
        events={row[0]: row[1] for row in connection.execute(kinds)},
        first=first,
        last=last,
        texts=connection.execute(texts).scalar_one(),
        waiting=connection.execute(waiting).scalar_one(),
        answers=connection.execute(scored).scalar_one(),
        pushes={row[0]: row[1] for row in connection.execute(pushes)},
        requests=tuple(requests.of_resident(connection, resident)),
    )


def erase(
    connection: Connection,
    resident: str,
    *,
    at: datetime,
    actor: str,
    reason: str,
    during: str | None = None,
) -> Erasure | None:
    """Carry out a deletion request, in the caller's transaction.

    Events become anonymous (published figures do not change); texts, waiting updates except
    ``during``, profile, subscriptions, quiz answers, requests that nobody has taken up, and the
    address and key in the ledger of pushes go.

    Returns:
        What was done; None where nothing was kept under this key.
    """
    waiting = update(inbox).where(inbox.c.resident == resident, inbox.c.state != "sent")
    if during is not None:
        waiting = waiting.where(inbox.c.update_key != during)
    blank = {"resident": None, "text": None, "action": None, "address": None}
    connection.execute(waiting.values(state="sent", sent_at=at, **blank))
    gone = profiles.forget(connection, resident)
    gone |= quizzes.forget(connection, resident) > 0
    gone |= requests.forget(connection, resident) > 0
    gone |= _forget_pushes(connection, resident) > 0
    connection.execute(update(staff).where(staff.c.resident == resident).values(resident=None))
    done = residents.erase(connection, resident, at=at, actor=actor, reason=reason)
    return done or (Erasure(0, 0) if gone else None)


def _forget_pushes(connection: Connection, resident: str) -> int:
    """Make the rows of the ledger anonymous; what was not sent yet never is."""
    unsent = deliveries.c.state == "queued"
    nobody = literal("erased-") + cast(deliveries.c.id, String)
    return connection.execute(
        update(deliveries)
        .where(deliveries.c.resident == resident)
        .values(
            resident=nobody,
            address=None,
            state=choose((unsent, "opted_out"), else_=deliveries.c.state),
        )
    ).rowcount


@dataclass(frozen=True, slots=True)
class Erase:
    """The resident asks for deletion (个人信息保护法 47)."""

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Delete everything but the update in which it was asked, which goes when answered."""
        erase(
            connection,
            turn.resident,
            at=turn.now,
            actor="本人",
            reason="本人要求删除",
            during=turn.update_key,
        )


@dataclass(frozen=True, slots=True)
class DeclareMinor:
    """The resident says to be under 14: all goes, and nothing is kept from now on but that."""

    def carry_out(self, connection: Connection, turn: Turn) -> None:
        """Erase, then leave the bare mark (个人信息保护法 28, 31)."""
        known = profiles.read(connection, turn.resident)
        if not known.minor:
            erase(
                connection,
                turn.resident,
                at=turn.now,
                actor="本人",
                reason="自述未满十四周岁",
                during=turn.update_key,
            )
        profiles.mark_minor(connection, turn)
