"""What came of a campaign: counted from the delivery ledger and the event log, never estimated.

推送 ≠ 送达 ≠ 点击 ≠ 参与 (rule R5): each number stands by itself, each rate has its denominator.
"Delivered" is the platform's acknowledgement; Telegram has no read receipts.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Connection,
    FromClause,
    Row,
    and_,
    case,
    distinct,
    exists,
    func,
    or_,
    select,
    type_coerce,
)

from outreach import pushes
from outreach.campaign_tables import campaigns
from outreach.campaigns.comparison import Comparison, Rate, compare
from outreach.campaigns.steps import Campaign
from outreach.consultations import Window, horizon, turns, valid
from outreach.delivery.ledger import ERASED
from outreach.delivery_tables import deliveries
from outreach.service_tables import subscriptions
from outreach.tables import MICROSECOND, events, residents
from settings import SHANGHAI

REPLIES = timedelta(hours=48)
_LATER = REPLIES // MICROSECOND
_OPEN = ("queued", "claimed")
_NO_QUIZ = dict.fromkeys(("residents", "attempts", "answered", "right_first"), 0) | {
    "right_first_rate": None
}
DEFINITIONS = {
    "audience": "受众：发布时冻结的人数",
    "sent": "送达：平台确认收到，不等于阅读",
    "unknown": "不明：发出后没有等到平台答复，不自动重发",
    "clicked_residents": "点击人数：点过链接或按钮的居民，每人一次",
    "replies": "带来的咨询：收到推送后48小时内的咨询人次",
    "unsubscribed": "退订：退订前最后收到的是这次推送的居民；已删除个人信息的不计",
    "quiz": "答题：收到推送后48小时内的答题",
}


@dataclass(frozen=True, slots=True)
class Engagement:
    """A campaign's counts; see :data:`DEFINITIONS`. ``states`` are the ledger's, by name."""

    campaign: Campaign
    states: Mapping[str, int]
    failed: Mapping[str, int]
    taken_back: int  # delivered, then deleted or edited by a recall
    clicks: int
    clicked: int
    replies: int  # consultations
    replied: int  # residents
    unsubscribed: int
    quiz: Mapping[str, int | float | None]
    comparison: Comparison | None = None
    variants: Mapping[str, Mapping[str, int]] = field(default_factory=dict)

    @property
    def sent(self) -> int:
        """Acknowledged by the platform, and still there."""
        return self.states.get("sent", 0)

    @property
    def delivered(self) -> int:
        """Acknowledged by the platform; some may have been taken back since."""
        return self.sent + self.taken_back

    @property
    def attempted(self) -> int:
        """Rows that were tried: delivered, refused, or without an answer."""
        return self.delivered + sum(self.states.get(name, 0) for name in pushes.IN_VAIN)

    def rates(self) -> dict[str, Rate]:
        """The rates, each with its denominator."""
        return {
            "delivered": Rate(self.delivered, self.attempted),
            "clicked": Rate(self.clicked, self.delivered),
            "replied": Rate(self.replied, self.delivered),
            "unsubscribed": Rate(self.unsubscribed, self.delivered),
        }

    def to_json(self) -> dict[str, Any]:
        """The contract's object, with more fields."""
        count = self.states.get
        return {
            "id": self.campaign.id,
            "state": self.campaign.state,
            "audience": self.campaign.audience,
            "queued": count("queued", 0),
            "sent": self.sent,
            "failed": dict(self.failed),
            "blocked": count("blocked", 0),
            "opted_out": count("opted_out", 0),
            "unknown": count("unknown", 0),
            "clicks": self.clicks,
            "clicked_residents": self.clicked,
            "unsubscribed": self.unsubscribed,
            "quiz": dict(self.quiz),
            "kind": self.campaign.kind,
            "title": self.campaign.definition.title,
            "urgent": self.campaign.urgent,
            "pause_reason": self.campaign.pause_reason,
            "claimed": count("claimed", 0),
            "recalled": count("recalled", 0),
            "expired": count("expired", 0),
            "attempted": self.attempted,
            "delivered": self.delivered,
            "taken_back": self.taken_back,
            "replies_48h": self.replies,
            "replied_residents_48h": self.replied,
            "rates": {name: rate.to_json() for name, rate in self.rates().items()},
            "variants": {name: dict(found) for name, found in self.variants.items()},
            "comparison": self.comparison.to_json() if self.comparison else None,
            "definitions": DEFINITIONS,
        }


def engagement(connection: Connection, campaign: Campaign, now: datetime) -> Engagement:
    """Count a campaign's engagement as known now."""
    row = deliveries.c
    clicked_one = case((row.clicked_at.is_not(None), 1), else_=0)
    grouped = connection.execute(
        select(
            row.state,
            row.variant,
            row.reason,
            func.count().label("number"),
            func.coalesce(func.sum(row.clicks), 0).label("clicks"),
            func.coalesce(func.sum(clicked_one), 0).label("clicked"),
        )
        .where(row.campaign == campaign.id)
        .group_by(row.state, row.variant, row.reason)
    ).all()
    states: dict[str, int] = {}
    failed: dict[str, int] = {}
    taken_back = 0
    for each in grouped:
        states[each.state] = states.get(each.state, 0) + each.number
        if each.state == "failed":
            reason = each.reason or "unspecified"
            failed[reason] = failed.get(reason, 0) + each.number
        if each.state == "recalled" and each.reason:
            taken_back += each.number
    first, last = connection.execute(
        select(func.min(row.done_at), func.max(row.done_at)).where(
            row.campaign == campaign.id, _delivered()
        )
    ).one()
    replies, replied = 0, 0
    quiz: dict[str, int | float | None] = dict(_NO_QUIZ)
    if first is not None:
        begin, end = (each.astimezone(SHANGHAI).date() for each in (first, last + REPLIES))
        window = Window(begin, end, now)
        replies, replied = _replies(connection, campaign, window)
        quiz = _quiz(connection, campaign, window)
    variants = _variants(grouped)
    waiting = any(states.get(name) for name in _OPEN)
    return Engagement(
        campaign=campaign,
        states=states,
        failed=failed,
        taken_back=taken_back,
        clicks=sum(int(each.clicks) for each in grouped),
        clicked=sum(int(each.clicked) for each in grouped),
        replies=replies,
        replied=replied,
        unsubscribed=_unsubscribed(connection, campaign),
        quiz=quiz,
        comparison=compare(*_rates(variants), complete=not waiting) if variants else None,
        variants=variants,
    )


def _delivered(ledger: FromClause = deliveries) -> ColumnElement[bool]:
    """Rows that the platform acknowledged; a recall gives a reason to those that it took back."""
    row = ledger.c
    return or_(row.state == "sent", and_(row.state == "recalled", row.reason.is_not(None)))


def _variants(grouped: Sequence[Row[Any]]) -> dict[str, dict[str, int]]:
    found: dict[str, dict[str, int]] = {}
    for each in grouped:
        if each.variant is not None:
            counts = found.setdefault(each.variant, {"audience": 0, "sent": 0, "clicked": 0})
            counts["audience"] += each.number
            if each.state == "sent" or (each.state == "recalled" and each.reason):
                counts["sent"] += each.number
                counts["clicked"] += int(each.clicked)
    return dict(sorted(found.items()))


def _rates(variants: Mapping[str, Mapping[str, int]]) -> tuple[Rate, Rate]:
    nobody = {"clicked": 0, "sent": 0}
    a, b = (variants.get(name, nobody) for name in ("a", "b"))
    return Rate(a["clicked"], a["sent"]), Rate(b["clicked"], b["sent"])


def _replies(connection: Connection, campaign: Campaign, window: Window) -> tuple[int, int]:
    """Consultations (and their residents) that began within 48 hours of the push."""
    turn = turns(window, horizon(connection, window))
    done = type_coerce(deliveries.c.done_at, BigInteger)
    found = connection.execute(
        select(func.count(), func.count(distinct(turn.c.resident_id)))
        .select_from(turn)
        .join(residents, residents.c.id == turn.c.resident_id)
        .join(deliveries, deliveries.c.resident == residents.c.key)
        .where(
            turn.c.first == 1,
            deliveries.c.campaign == campaign.id,
            _delivered(),
            turn.c.started >= done,
            turn.c.started < done + _LATER,
        )
    ).one()
    return int(found[0]), int(found[1])


def _unsubscribed(connection: Connection, campaign: Campaign) -> int:
    """Residents whose subscription ended after this push and before any other.

    A subscription's row says only since when it stands. Whoever was sent a push was subscribed;
    whoever has no row now, or one that began later, unsubscribed in between, and it is put down to
    the last push before, taken back or not. A push that the platform refused ("blocked") ends a
    subscription too. Rows of residents who asked for deletion name nobody: who of them had left,
    and after which push, is not known, and they are not counted.
    """
    other, row = deliveries.alias("other"), deliveries.c
    kind = select(campaigns.c.kind).where(campaigns.c.id == other.c.campaign).scalar_subquery()
    after = and_(
        kind == campaign.kind,  # each kind has a subscription of its own
        other.c.resident == row.resident,
        other.c.id != row.id,
        or_(other.c.state == "blocked", _delivered(other)),
        other.c.done_at >= row.done_at,
        or_(subscriptions.c.since.is_(None), other.c.done_at < subscriptions.c.since),
    )
    return int(
        connection.execute(
            select(func.count())
            .select_from(
                deliveries.outerjoin(
                    subscriptions,
                    and_(
                        subscriptions.c.key == row.resident, subscriptions.c.what == campaign.kind
                    ),
                )
            )
            .where(
                row.campaign == campaign.id,
                _delivered(),
                ~row.resident.startswith(ERASED),
                or_(subscriptions.c.key.is_(None), subscriptions.c.since > row.done_at),
                ~exists().where(after),
            )
        ).scalar_one()
    )


def _quiz(
    connection: Connection, campaign: Campaign, window: Window
) -> dict[str, int | float | None]:
    """Quizzes within 48 hours of the push: residents, attempts, first answers, right ones."""
    at, done = type_coerce(events.c.at, BigInteger), type_coerce(deliveries.c.done_at, BigInteger)
    answer = events.c.type == "quiz_answer"
    people, attempts, answered, right = connection.execute(
        select(
            func.count(distinct(events.c.resident_id)),
            func.count().filter(events.c.type == "quiz"),
            func.count().filter(answer),
            func.count().filter(answer, events.c.result == "right"),
        )
        .select_from(events)
        .join(residents, residents.c.id == events.c.resident_id)
        .join(deliveries, deliveries.c.resident == residents.c.key)
        .where(
            events.c.type.in_(("quiz", "quiz_answer")),
            valid(window),
            deliveries.c.campaign == campaign.id,
            _delivered(),
            at >= done,
            at < done + _LATER,
        )
    ).one()
    return {
        "residents": people,
        "attempts": attempts,
        "answered": answered,
        "right_first": right,
        "right_first_rate": round(right / answered, 6) if answered else None,
    }
