"""The states of a campaign and the steps between them, each logged with who and when.

::

    draft → submitted → approved → scheduled → sending ⇄ paused → finished
      ↑         ↓           ↓          ↓          ↓         ↓         ↓
      └───── returned ←─────┘          └──────────┴─ recalled ────────┘      scheduled → missed

Two persons release a campaign: nobody approves what they drafted, changed or submitted, and an
approval is bound to the content's SHA-256: any edit sends the campaign back to draft. Staff take
the steps below; the sending engine alone takes scheduled → sending | missed, sending → paused (by
itself, with a reason) and sending → finished.

A step may carry a key (the update that asked for it): the same request again changes nothing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, Row, insert, select, update

from errors import NotAllowed, OutreachError
from outreach.activities import same_person
from outreach.campaign_tables import campaign_log, campaigns
from outreach.campaigns import staff
from outreach.campaigns.definition import DEFAULT, Definition

STATES = {
    "draft": "草稿",
    "submitted": "待审核",
    "returned": "已退回",
    "approved": "已审核",
    "scheduled": "待发送",
    "sending": "发送中",
    "paused": "已暂停",
    "finished": "已发完",
    "recalled": "已撤回",
    "missed": "已错过",
}
KINDS = ("campaign", "morning", "quiz")  # the latter two are made each day by the engine
EDITABLE = ("draft", "submitted", "returned", "approved")
AUTHORED = ("created", "edited", "submit")  # steps whose actor may not approve


@dataclass(frozen=True, slots=True)
class Step:
    """A step that staff may take: from which states, by which roles; ``told`` in Chinese."""

    name: str
    told: str
    before: tuple[str, ...]
    roles: tuple[str, ...]


SUBMIT = Step("submit", "提交审核", ("draft", "returned"), ("editor",))
APPROVE = Step("approve", "审核通过", ("submitted",), ("reviewer",))
RETURN = Step("return", "退回", ("submitted", "approved"), ("reviewer",))
SEND = Step("send", "发布", ("approved",), ("publisher",))
PAUSE = Step("pause", "暂停", ("sending",), ("publisher", "reviewer"))
RESUME = Step("resume", "继续发送", ("paused",), ("publisher",))
# A finished campaign too: what was sent is deleted or edited where the platform allows it.
RECALL = Step(
    "recall", "撤回", ("scheduled", "sending", "paused", "finished"), ("publisher", "reviewer")
)
ALL = (SUBMIT, APPROVE, RETURN, SEND, PAUSE, RESUME, RECALL)
_TOLD = {step.name: step.told for step in ALL} | {
    "created": "建立草稿",
    "edited": "修改",
    "sending": "开始发送",
    "paused": "自动暂停",
    "expired": "过期",
    "finished": "发完",
    "missed": "错过时间",
}


@dataclass(frozen=True, slots=True)
class Campaign:
    """A stored campaign; moments are aware UTC."""

    definition: Definition
    kind: str
    sha256: str
    state: str
    urgent: bool
    not_before: datetime | None
    expires_at: datetime | None
    audience: int | None
    pause_reason: str | None
    created_at: datetime
    changed_at: datetime

    @property
    def id(self) -> str:
        """Its id."""
        return self.definition.id

    @property
    def told(self) -> str:
        """Its state in Chinese."""
        return STATES[self.state]


@dataclass(frozen=True, slots=True)
class Logged:
    """One step taken."""

    at: datetime
    actor: str
    step: str
    note: str | None
    sha256: str | None

    @property
    def told(self) -> str:
        """The step in Chinese."""
        return _TOLD.get(self.step, self.step)


def save(
    connection: Connection,
    definition: Definition,
    *,
    by: str,
    now: datetime,
    key: str | None = None,
) -> tuple[Campaign, str]:
    """Store a draft, or a change of one that was not released yet.

    Returns:
        The campaign, and ``created``, ``edited`` or ``unchanged``.

    Raises:
        NotAllowed: by somebody who is no editor.
        OutreachError: the campaign was released before.
    """
    member = staff.allowed(connection, by, ("editor",), "起草推送活动")
    values: dict[str, Any] = {
        "title": definition.title,
        "content": definition.to_json(),
        "sha256": definition.sha256,
        "state": "draft",
        "topic": definition.topic,
        "organ": definition.organ,
        "node": definition.node,
        "urgent": False,
        "not_before": definition.at,
        "expires_at": definition.expires,
        "quiet_from": definition.quiet[0],
        "quiet_to": definition.quiet[1],
        "changed_at": now,
    }
    known = _locked(connection, definition.id)
    if known is None:
        connection.execute(
            insert(campaigns).values(id=definition.id, kind="campaign", created_at=now, **values)
        )
        done = "created"
    elif known.state not in EDITABLE:
        raise OutreachError(
            f"{definition.id} {STATES[known.state]}，内容不能再改：请换一个编号另建"
        )
    elif known.sha256 == definition.sha256:
        return get(connection, definition.id), "unchanged"
    else:
        connection.execute(update(campaigns).where(campaigns.c.id == definition.id).values(values))
        done = "edited"
    log(connection, definition.id, done, actor=member.name, now=now, key=key)
    return get(connection, definition.id), done


def take(
    connection: Connection,
    step: Step,
    id_: str,
    to: str,
    *,
    by: str,
    now: datetime,
    note: str | None = None,
    key: str | None = None,
    values: dict[str, Any] | None = None,
) -> bool:
    """Take a step into the state ``to`` and log it, within the caller's transaction.

    Args:
        connection: a writing connection.
        step: what is done.
        id_: the campaign's id.
        to: the state that it leads to.
        by: who, by name.
        now: aware.
        note: why, or what is said with it.
        key: identity of the request, see the module.
        values: other columns of ``campaigns`` to set with it.

    Returns:
        True when taken, False when this very request had been carried out before.

    Raises:
        OutreachError: there is no such campaign, or it is in another state.
        NotAllowed: the person may not do this (their role, or their own draft).
    """
    known = _locked(connection, id_)
    if known is None or known.kind != "campaign":
        raise OutreachError(f"没有推送活动 {id_}")
    if done_before(connection, id_, step, key):
        return False
    member = staff.allowed(connection, by, step.roles, f"{step.told}推送活动")
    if known.state not in step.before:
        raise OutreachError(f"{id_} 现在是“{STATES[known.state]}”，不能{step.told}")
    if step is APPROVE and (author := _author(connection, id_, member.name)):
        raise NotAllowed(f"{author} 起草、修改或提交过 {id_}，不能自己审核：请另一个人审核")
    connection.execute(
        update(campaigns)
        .where(campaigns.c.id == id_)
        .values(state=to, changed_at=now, **(values or {}))
    )
    log(connection, id_, step.name, actor=member.name, now=now, note=note, key=key)
    return True


def done_before(connection: Connection, id_: str, step: Step, key: str | None) -> bool:
    """Whether the very same request was carried out before."""
    if key is None:
        return False
    query = select(campaign_log.c.id).where(
        campaign_log.c.key == key, campaign_log.c.campaign == id_, campaign_log.c.step == step.name
    )
    return connection.execute(query).first() is not None


def log(
    connection: Connection,
    id_: str,
    step: str,
    *,
    actor: str,
    now: datetime,
    note: str | None = None,
    key: str | None = None,
) -> None:
    """Append a step to the log, with the content's SHA-256 as it is now."""
    content = select(campaigns.c.sha256).where(campaigns.c.id == id_)
    connection.execute(
        insert(campaign_log).values(
            campaign=id_,
            at=now,
            actor=actor,
            step=step,
            note=note,
            sha256=connection.execute(content).scalar_one(),
            key=key,
        )
    )


def get(connection: Connection, id_: str, kinds: Sequence[str] = KINDS[:1]) -> Campaign:
    """A campaign.

    Args:
        connection: any connection.
        id_: its id.
        kinds: what may be meant; staff take steps with their own campaigns only.

    Raises:
        OutreachError: there is no such campaign.
    """
    row = connection.execute(
        select(campaigns).where(campaigns.c.id == id_, campaigns.c.kind.in_(kinds))
    ).first()
    if row is None:
        raise OutreachError(f"没有推送活动 {id_}")
    return _campaign(row)


def listed(connection: Connection, kinds: Sequence[str] = KINDS[:1]) -> list[Campaign]:
    """All campaigns, the latest change first."""
    query = (
        select(campaigns)
        .where(campaigns.c.kind.in_(kinds))
        .order_by(campaigns.c.changed_at.desc(), campaigns.c.id)
    )
    return [_campaign(row) for row in connection.execute(query)]


def history(connection: Connection, id_: str) -> list[Logged]:
    """The steps that a campaign took, oldest first."""
    query = select(campaign_log).where(campaign_log.c.campaign == id_).order_by(campaign_log.c.id)
    return [
        Logged(row.at, row.actor, row.step, row.note, row.sha256)
        for row in connection.execute(query)
    ]


def approval(connection: Connection, id_: str) -> Logged | None:
    """The last approval, if nothing was edited or returned after it."""
    for step in reversed(history(connection, id_)):
        if step.step == APPROVE.name:
            return step
        if step.step in (*AUTHORED, RETURN.name):
            return None
    return None


def _locked(connection: Connection, id_: str) -> Row[Any] | None:
    """The campaign's row, which nobody else changes until the transaction ends."""
    query = select(campaigns).where(campaigns.c.id == id_).with_for_update()
    return connection.execute(query).first()


def _author(connection: Connection, id_: str, name: str) -> str | None:
    found = history(connection, id_)
    return next((s.actor for s in found if s.step in AUTHORED and same_person(s.actor, name)), None)


def _definition(row: Row[Any]) -> Definition:
    """What it says; a day's reading or quiz is worded for each resident and has a title only."""
    if row.kind == "campaign":
        return Definition.from_json(row.content)
    return Definition(
        id=row.id, title=row.title, text={DEFAULT: ""}, topic=row.topic, organ=row.organ or ""
    )


def _campaign(row: Row[Any]) -> Campaign:
    return Campaign(
        definition=_definition(row),
        kind=row.kind,
        sha256=row.sha256,
        state=row.state,
        urgent=row.urgent,
        not_before=row.not_before,
        expires_at=row.expires_at,
        audience=row.audience,
        pause_reason=row.pause_reason,
        created_at=row.created_at,
        changed_at=row.changed_at,
    )
