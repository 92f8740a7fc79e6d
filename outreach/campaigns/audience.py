"""Whom a campaign reaches: only residents who agreed to pushes, each once, not too often.

Everybody known is sorted by the first reason that keeps them out, so that the counts add up and
staff see who is left out and why. Minors are never pushed to (个人信息保护法 28, 31); towns, groups
and topics are what residents chose themselves (rule 2.2); the frequency cap counts pushes of
campaigns, not the daily series that somebody subscribed to.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    Select,
    and_,
    case,
    func,
    literal,
    null,
    or_,
    select,
)

from outreach import small_cells
from outreach.campaign_tables import campaigns
from outreach.campaigns.definition import Definition
from outreach.delivery_tables import deliveries
from outreach.service_tables import profiles, subscriptions
from outreach.statistics import BLANK
from outreach.tables import events, residents

CAP = 2  # pushes
CAP_WINDOW = timedelta(days=7)
REASONS = {
    "minor": "未成年（自称未满14岁），不推送",
    "not_subscribed": "没有订阅推送",
    "no_address": "没有可推送的地址",
    "channel": "不在所选渠道",
    "language": "同意推送时用的不是所选语言",
    "town": "不在所选乡镇",
    "group": "不是所选重点对象",
    "topic": "没有选这些主题",
    "quiz": "答题情况不符",
    "cap": "近7天已达推送次数上限",
}
SAMPLE = 5


@dataclass(frozen=True, slots=True)
class Counted:
    """An audience counted: ``cells`` by (channel, town key or —), ``excluded`` by reason.

    ``sample``: a few of them, each as channel and the first four characters of the pseudonym.
    """

    total: int
    cells: dict[tuple[str, str], int]
    excluded: dict[str, int]
    sample: tuple[tuple[str, str], ...]

    def shown(self) -> dict[tuple[str, str], int | str]:
        """The cells with small ones hidden (rule R11)."""
        named = [key for key in self.cells if key[1] != BLANK]
        cells: dict[tuple[str, ...], int] = dict(self.cells.items())
        masked, _ = small_cells.hidden(cells, named, ("channel", "town"))
        return {key: masked.get(key, value) for key, value in self.cells.items()}


def sorted_out(
    definition: Definition, moment: datetime, *, cap: int = CAP, urgent: bool = False
) -> Select[Any]:
    """Everybody known: ``key``, ``channel``, ``address``, ``town`` and ``reason`` (NULL: reached).

    Args:
        definition: the campaign.
        moment: when it goes out, aware; the cap looks at the seven days before it.
        cap: pushes a week per resident.
        urgent: a reviewer lifted the cap.
    """
    wanted = definition.audience
    town, group = (func.coalesce(profiles.c[name], "") for name in ("town", "target_group"))
    topics = literal(",") + func.coalesce(profiles.c.topics, "") + literal(",")

    def any_topic(keys: Sequence[str]) -> ColumnElement[bool]:
        return or_(*(topics.contains(f",{key},", autoescape=True) for key in keys))

    reasons: list[tuple[ColumnElement[bool], str]] = [
        (profiles.c.minor.is_(True), "minor"),
        (subscriptions.c.key.is_(None), "not_subscribed"),
        (profiles.c.address.is_(None), "no_address"),
        (profiles.c.channel.not_in(wanted.channels), "channel"),
    ]
    if wanted.languages:
        reasons.append((subscriptions.c.language.not_in(wanted.languages), "language"))
    if wanted.towns:
        reasons.append((town.not_in(wanted.towns), "town"))
    if wanted.without_towns:
        reasons.append((town.in_(wanted.without_towns), "town"))
    if wanted.groups:
        reasons.append((group.not_in(wanted.groups), "group"))
    if wanted.without_groups:
        reasons.append((group.in_(wanted.without_groups), "group"))
    if wanted.topics:
        reasons.append((~any_topic(wanted.topics), "topic"))
    if wanted.without_topics:
        reasons.append((any_topic(wanted.without_topics), "topic"))
    if wanted.quiz is not None:
        answered = profiles.c.key.in_(_quizzed(moment - timedelta(days=wanted.quiz_days)))
        reasons.append((~answered if wanted.quiz == "answered" else answered, "quiz"))
    if not urgent:
        reasons.append((profiles.c.key.in_(_had(definition.id, moment, cap)), "cap"))
    source = profiles.outerjoin(
        subscriptions,
        and_(subscriptions.c.key == profiles.c.key, subscriptions.c.what == "campaign"),
    )
    return select(
        profiles.c.key,
        profiles.c.channel,
        profiles.c.address,
        profiles.c.town,
        case(*((condition, literal(reason)) for condition, reason in reasons), else_=null()).label(
            "reason"
        ),
    ).select_from(source)


def count(
    connection: Connection,
    definition: Definition,
    moment: datetime,
    *,
    cap: int = CAP,
    urgent: bool = False,
) -> Counted:
    """Count and sample the audience of a campaign; see :func:`sorted_out`."""
    each = sorted_out(definition, moment, cap=cap, urgent=urgent).subquery("each")
    columns = (each.c.reason, each.c.channel, each.c.town)
    cells: dict[tuple[str, str], int] = {}
    excluded: dict[str, int] = {}
    for reason, channel, town, number in connection.execute(
        select(*columns, func.count()).group_by(*columns)
    ):
        if reason is None:
            cell = (channel, town or BLANK)
            cells[cell] = cells.get(cell, 0) + number
        else:
            excluded[reason] = excluded.get(reason, 0) + number
    some = (
        select(each.c.channel, each.c.key)
        .where(each.c.reason.is_(None))
        .order_by(func.substr(each.c.key, -8), each.c.key)
        .limit(SAMPLE)
    )
    return Counted(
        total=sum(cells.values()),
        cells=dict(sorted(cells.items())),
        excluded={reason: excluded[reason] for reason in REASONS if reason in excluded},
        sample=tuple((channel, f"{key[:4]}…") for channel, key in connection.execute(some)),
    )


def _quizzed(since: datetime) -> Select[Any]:
    """Keys of residents who answered a quiz since a moment."""
    return (
        select(residents.c.key)
        .join(events, events.c.resident_id == residents.c.id)
        .where(events.c.type == "quiz", events.c.at >= since)
    )


def _had(id_: str, moment: datetime, cap: int) -> Select[Any]:
    """Keys of residents who had ``cap`` pushes in the week before, or will have had by then."""
    begin, end = moment - CAP_WINDOW, moment + CAP_WINDOW
    due = func.coalesce(campaigns.c.not_before, campaigns.c.changed_at)
    row = deliveries.c
    return (
        select(row.resident)
        .join(campaigns, campaigns.c.id == row.campaign)
        .where(
            campaigns.c.kind == "campaign",
            campaigns.c.id != id_,
            or_(
                # unknown ones may have arrived
                and_(row.state.in_(("sent", "unknown")), row.done_at > begin),
                and_(row.state.in_(("queued", "claimed")), due > begin, due < end),
            ),
        )
        .group_by(row.resident)
        .having(func.count() >= cap)
    )
