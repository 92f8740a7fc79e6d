"""Pushes in an evidence package: what was sent, by which steps, to how many with which result.

Of the delivery ledger only counts are read: no resident's key or address can get in.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, func, select

from outreach.activities import moment
from outreach.campaign_tables import campaign_log, campaigns
from outreach.cell_text import Value
from outreach.delivery_tables import deliveries

# Steps of a campaign and states of its rows, as staff read them.
STEPS = {
    "created": "拟稿",
    "edited": "修改",
    "submit": "提交审核",
    "approve": "审核通过",
    "return": "退回",
    "send": "发布",
    "pause": "暂停",
    "resume": "继续",
    "recall": "撤回",
    "started": "开始发送",
    "finished": "发完",
    "missed": "错过",
}
DELIVERED = {
    "queued": "待发",
    "claimed": "正在发",
    "sent": "平台已收",
    "failed": "失败",
    "blocked": "已被屏蔽",
    "opted_out": "已退订",
    "unknown": "结果不明",
    "recalled": "已撤回",
    "expired": "已过期",
}


@dataclass(frozen=True, slots=True)
class ChainStep:
    """A step that somebody took: 编号、版本、时间、步骤、经办人、说明."""

    number: str
    version: int | None
    at: datetime
    step: str
    actor: str
    note: str | None


@dataclass(frozen=True, slots=True)
class Pushed:
    """A campaign: what was sent, how many rows came to which state; ``at``: the last change."""

    id: str
    title: str
    state: str
    facts: Mapping[str, Value]
    content: str
    sha256: str
    rows: tuple[tuple[str, str, int], ...]  # state, reason, how many
    at: datetime


def pushes(connection: Connection, where: Any) -> tuple[Pushed, ...]:
    """The campaigns of a condition, by id, with their counts."""
    found = []
    for row in connection.execute(select(campaigns).where(where).order_by(campaigns.c.id)):
        counted = (
            select(deliveries.c.state, func.coalesce(deliveries.c.reason, ""), func.count())
            .where(deliveries.c.campaign == row.id)
            .group_by(deliveries.c.state, func.coalesce(deliveries.c.reason, ""))
            .order_by(deliveries.c.state, func.coalesce(deliveries.c.reason, ""))
        )
        ours = deliveries.c.campaign == row.id
        people = select(func.count(), func.sum(deliveries.c.clicks)).where(
            ours, deliveries.c.clicks > 0
        )
        clicked, clicks = connection.execute(people).one()
        last = select(func.max(deliveries.c.done_at), func.max(deliveries.c.clicked_at))
        done, clicked_at = connection.execute(last.where(ours)).one()
        facts: dict[str, Value] = {
            "责任单位": row.organ,
            "主题": row.topic,
            "节点": row.node,
            "建立时间": moment(row.created_at),
            "发布时计得的对象": row.audience,
            "点击人数": clicked,
            "点击次数": int(clicks or 0),
        }
        found.append(
            Pushed(
                *(row.id, row.title, row.state, facts, row.content, row.sha256),
                rows=tuple((s, why, int(n)) for s, why, n in connection.execute(counted)),
                at=max(filter(None, (row.changed_at, done, clicked_at))),
            )
        )
    return tuple(found)


def campaign_steps(connection: Connection, pushed: Sequence[Pushed]) -> list[ChainStep]:
    """The steps that campaigns took, in order."""
    log = campaign_log.c
    query = select(log.campaign, log.at, log.step, log.actor, log.note)
    query = query.where(log.campaign.in_([each.id for each in pushed])).order_by(log.id)
    return [
        ChainStep(number, None, at, STEPS.get(step, step), actor, note)
        for number, at, step, actor, note in connection.execute(query)
    ]
