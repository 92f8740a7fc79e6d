"""Residents, drafts and an office to test campaigns with."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import insert, select, update

from outreach.campaigns.definition import Audience, Definition, PushButton
from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from outreach.delivery_tables import deliveries
from outreach.service_tables import profiles, subscriptions
from outreach.store import Outreach

AT = datetime(2026, 11, 20, tzinfo=UTC)
DRAFT = """\
id = "{id}"
title = "全民反诈：先停一停"
topic = "反诈"
organ = "公安局"
node = "anti-fraud-month"
articles = ["反电信网络诈骗法第八条"]

[text]
default = \"\"\"
接到陌生电话要转账，先停一停，打96110问一问。
《反电信网络诈骗法》第三十一条规定，不得“非法买卖、出租、出借电话卡”。
\"\"\"

[[button]]
label = "法律怎么说"
article = "反电信网络诈骗法第三十一条"

[[button]]
label = "答题"
quiz = "fraud"
"""


def write(folder: Path, id_: str = "anti-fraud-1", extra: str = "", **changes: str) -> Path:
    text = DRAFT.format(id=id_) + extra
    for old, new in changes.items():
        text = text.replace(old, new)
    path = folder / f"{id_}.toml"
    path.write_text(text, encoding="utf-8")
    return path


def definition(**changes: Any) -> Definition:
    given: dict[str, Any] = {
        "id": "anti-fraud-1",
        "title": "先停一停",
        "text": {"default": "接到陌生电话要转账，先停一停。"},
        "organ": "公安局",
        "topic": "反诈",
        "buttons": (PushButton("答题", "quiz", "fraud"),),
        "audience": Audience(),
    }
    return Definition(**(given | changes))


def team(office: Office) -> None:
    """编辑甲 drafts, 审核乙 reviews, 发布丙 releases; 全能丁 may do everything."""
    office.add_staff("甲", ["editor"], by="管理员")
    office.add_staff("乙", ["reviewer"], by="管理员")
    office.add_staff("丙", ["publisher"], by="管理员")
    office.add_staff("丁", ["editor", "reviewer", "publisher"], by="管理员")


def people(store: Outreach, keys: Iterable[str], **fields: Any) -> None:
    """Subscribed residents; ``subscribed=False`` leaves the subscription out."""
    subscribed = fields.pop("subscribed", True)
    rows = [
        {
            "key": key,
            "channel": "telegram",
            "address": f"{number}::",
            "town": None,
            "target_group": None,
            "topics": None,
            "large": False,
            "minor": False,
            "ranked": False,
            "texts": False,
            "changed_at": AT,
            **fields,
        }
        for number, key in enumerate(keys)
    ]
    with store.database.write() as connection:
        connection.execute(insert(profiles), rows)
        if subscribed:
            connection.execute(
                insert(subscriptions),
                [
                    {"key": row["key"], "what": "campaign", "since": AT, "position": 0}
                    for row in rows
                ],
            )


def office_of(store: Outreach, gate: Gate, **fields: Any) -> Office:
    return Office(store, lambda: gate, "红山县", **fields)


def released(office: Office, id_: str, **approve: Any) -> None:
    """From draft to sending."""
    office.submit(id_, by="甲")
    office.approve(id_, by="乙", **approve)
    office.send(id_, by="丙")


def ledger(store: Outreach, id_: str) -> list[Any]:
    with store.database.read() as connection:
        return list(
            connection.execute(
                select(deliveries).where(deliveries.c.campaign == id_).order_by(deliveries.c.id)
            )
        )


def settle(
    store: Outreach, id_: str, residents: Iterable[str], state: str = "sent", **values: Any
) -> None:
    """What the engine does to rows: their final state, now."""
    with store.database.write() as connection:
        connection.execute(
            update(deliveries)
            .where(deliveries.c.campaign == id_, deliveries.c.resident.in_(list(residents)))
            .values(state=state, done_at=store.clock.now(), address=None, **values)
        )
