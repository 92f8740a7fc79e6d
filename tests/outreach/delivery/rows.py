"""Residents, campaigns and queued rows as the rooms beside leave them, and a sender in memory."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from outreach.campaign_tables import campaign_log, campaigns
from outreach.database import Database
from outreach.delivery.engine import Engine, Options
from outreach.delivery.ledger import Claimed
from outreach.delivery.sender import Outcome, Push, PushButton, Removal, Removed, Sent
from outreach.delivery_tables import deliveries
from outreach.service_tables import profiles, subscriptions
from outreach.tables import events
from settings import Clock

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)
QUICK = Options(tick=0.01, lease=10, grace=60)  # grace: more than a busy machine needs


def add_residents(database: Database, count: int, *what: str, first: int = 0) -> list[str]:
    """Residents with an address (their number) and subscriptions; returns their keys."""
    keys = [f"resident-{number:05}" for number in range(first, first + count)]
    with database.write() as connection:
        connection.execute(
            insert(profiles),
            [
                {
                    "key": key,
                    "channel": "telegram",
                    "address": str(number),
                    "large": False,
                    "minor": False,
                    "ranked": False,
                    "texts": False,
                    "town": "东街" if number % 2 else None,
                    "changed_at": NOW,
                }
                for number, key in enumerate(keys, first)
            ],
        )
        rows = [
            {"key": key, "what": each, "since": NOW, "position": 0}
            for key in keys
            for each in what or ("campaign",)
        ]
        connection.execute(insert(subscriptions), rows)
    return keys


def add_campaign(
    database: Database, name: str = "c1", state: str = "sending", **fields: Any
) -> str:
    values = {
        "id": name,
        "kind": "campaign",
        "title": "反诈提醒",
        "content": '{"title":"反诈提醒"}',
        "sha256": "0" * 64,
        "state": state,
        "topic": "反电信网络诈骗",
        "organ": "公安局",
        "urgent": False,
        "created_at": NOW,
        "changed_at": NOW,
    }
    with database.write() as connection:
        connection.execute(insert(campaigns).values(**values | fields))
    return name


def enqueue(database: Database, keys: Iterable[str], campaign: str = "c1", **fields: Any) -> None:
    with database.write() as connection:
        connection.execute(
            insert(deliveries),
            [
                {
                    "campaign": campaign,
                    "resident": key,
                    "channel": "telegram",
                    "address": str(int(key.rsplit("-", 1)[1])),
                    "state": "queued",
                    "attempts": 0,
                    "clicks": 0,
                    **fields,
                }
                for key in keys
            ],
        )


def prepare(database: Database, count: int, **fields: Any) -> list[str]:
    """A sending campaign ``c1`` with ``count`` queued rows."""
    keys = add_residents(database, count)
    add_campaign(database, **fields)
    enqueue(database, keys)
    return keys


def leave(database: Database, key: str) -> None:
    """What /stop does."""
    with database.write() as connection:
        connection.execute(delete(subscriptions).where(subscriptions.c.key == key))


def set_state(database: Database, state: str, campaign: str = "c1") -> None:
    """What staff's commands do."""
    with database.write() as connection:
        connection.execute(update(campaigns).where(campaigns.c.id == campaign).values(state=state))


def states(database: Database, campaign: str = "c1") -> Counter[str]:
    query = select(deliveries.c.state).where(deliveries.c.campaign == campaign)
    with database.read() as connection:
        return Counter(connection.execute(query).scalars())


def rows_of(database: Database, campaign: str = "c1") -> list[Any]:
    query = select(deliveries).where(deliveries.c.campaign == campaign).order_by(deliveries.c.id)
    with database.read() as connection:
        return list(connection.execute(query).all())


def campaign_of(database: Database, campaign: str = "c1") -> Any:
    with database.read() as connection:
        return connection.execute(select(campaigns).where(campaigns.c.id == campaign)).one()


def steps_of(database: Database, campaign: str = "c1") -> list[str]:
    query = select(campaign_log.c.step).where(campaign_log.c.campaign == campaign)
    with database.read() as connection:
        return list(connection.execute(query.order_by(campaign_log.c.id)).scalars())


def count_events(database: Database, type_: str, campaign: str = "c1") -> int:
    query = select(func.count()).where(events.c.type == type_, events.c.campaign == campaign)
    with database.read() as connection:
        return int(connection.execute(query).scalar_one())


def words(claimed: Claimed, content: str) -> Push:
    return Push(f"{claimed.campaign} {content}", buttons=((PushButton("退订", action="stop"),),))


DELETED = Removed("deleted")


async def sent(_: str) -> Outcome:
    return Sent("1")


@dataclass
class FakeSender:
    """A channel in memory; ``answer`` decides what becomes of each message."""

    answer: Callable[[str], Awaitable[Outcome]] = sent
    got: list[str] = field(default_factory=list)  # addresses, each time something was sent
    removed: list[tuple[str, str]] = field(default_factory=list)
    removal: Removal = DELETED
    shares: list[int] = field(default_factory=list)

    def share(self, processes: int) -> None:
        self.shares.append(processes)

    async def turn(self, address: str) -> None:
        await asyncio.sleep(0)

    async def send(self, address: str, push: Push) -> Outcome:
        self.got.append(address)
        return await self.answer(address)

    async def remove(self, address: str, message: str, notice: str) -> Removal:
        self.removed.append((address, message))
        return self.removal


def engine(
    database: Database, clock: Clock, sender: FakeSender, options: Options = QUICK, **more: Any
) -> Engine:
    return Engine(database, clock, {"telegram": sender}, words, options=options, **more)


async def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Wait for what other tasks and threads bring about."""
    async with asyncio.timeout(seconds):
        while not await asyncio.to_thread(condition):  # noqa: ASYNC110
            await asyncio.sleep(0.005)


async def run_until(machine: Engine, condition: Callable[[], bool]) -> None:
    """Run an engine until something is so, then stop it in good order."""
    task = asyncio.create_task(machine.run())
    try:
        await until(condition)
    finally:
        await machine.stop()
        await task
