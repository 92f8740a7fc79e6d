"""Durable claims and outcomes, many in one transaction.

A disk takes a few milliseconds to make a commit safe. So requests that come while one commit is
under way wait for the next one and share it: one row at a time when little happens, hundreds at
once in a hurry. A claim is granted only after its commit has returned; an outcome is never dropped:
a store that is busy or full is tried again until it takes it.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from typing import TypeVar

from sqlalchemy import Connection

from errors import OutreachError
from outreach.database import Database
from outreach.delivery import leases, ledger, recalls
from outreach.delivery.ledger import Claimed, Reserved, Settled
from outreach.delivery.sender import Outcome, Removal
from settings import Clock

MOST = 500  # requests in one transaction
LINGER = 0.005  # seconds that the first request waits for others: a commit costs as much
_T = TypeVar("_T")
_log = logging.getLogger("pufa.delivery")


class Journal:
    """The one writer of a sending process. Its methods belong to the event loop's thread."""

    def __init__(self, database: Database, clock: Clock, me: str, *, retry: float = 1.0) -> None:
        self._database, self._clock, self.me = database, clock, me
        self._retry = retry  # seconds until a store that refused is tried again
        self._claims: list[tuple[int, asyncio.Future[Claimed | None]]] = []
        self._settled: list[Settled] = []
        self._recalled: list[tuple[Reserved, Removal, datetime]] = []
        self._work = asyncio.Event()
        self._empty = asyncio.Event()
        self._empty.set()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="delivery-journal")
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin writing."""
        self._task = asyncio.create_task(self._run(), name="delivery-journal")

    async def close(self) -> None:
        """Write what is waiting, give back what is set aside, end the lease."""
        if self._task is None:
            return
        try:
            await self._empty.wait()
            await self.do(lambda connection, _: leases.leave(connection, self.me))
        finally:
            self._task.cancel()
            await asyncio.wait([self._task])
            self._thread.shutdown(wait=False)

    async def claim(self, number: int) -> Claimed | None:
        """Claim a reserved row; None where it may not be sent (any more).

        Raises:
            OutreachError: the store does not take it now; the row is still in the queue.
        """
        granted: asyncio.Future[Claimed | None] = asyncio.get_running_loop().create_future()
        self._claims.append((number, granted))
        self._wake()
        return await granted

    def settle(self, row: Claimed, outcome: Outcome) -> None:
        """Keep an outcome, with this moment."""
        self._settled.append(Settled(row, outcome, self._clock.now()))
        self._wake()

    def settle_recall(self, row: Reserved, removal: Removal) -> None:
        """Keep what became of a message to be removed."""
        self._recalled.append((row, removal, self._clock.now()))
        self._wake()

    async def do(self, work: Callable[[Connection, datetime], _T]) -> _T:
        """Run something else in a writing transaction, in the journal's thread."""

        def transaction() -> _T:
            with self._database.write() as connection:
                return work(connection, self._clock.now())

        return await asyncio.get_running_loop().run_in_executor(self._thread, transaction)

    def _wake(self) -> None:
        self._empty.clear()
        self._work.set()

    async def _run(self) -> None:
        while True:
            await self._work.wait()
            await asyncio.sleep(LINGER)
            claims, self._claims = self._claims[:MOST], self._claims[MOST:]
            settled, self._settled = self._settled[:MOST], self._settled[MOST:]
            recalled, self._recalled = self._recalled[:MOST], self._recalled[MOST:]
            if not (claims or settled or recalled):
                self._work.clear()
                self._empty.set()
                continue
            numbers = [number for number, _ in claims]

            def write(
                connection: Connection,
                now: datetime,
                settled: list[Settled] = settled,
                recalled: list[tuple[Reserved, Removal, datetime]] = recalled,
                numbers: list[int] = numbers,
            ) -> dict[int, Claimed]:
                if settled:
                    ledger.settle(connection, self.me, settled, now)
                for row, removal, at in recalled:
                    recalls.settle(connection, self.me, row, removal, at)
                return ledger.claim(connection, self.me, numbers, now) if numbers else {}

            try:
                granted = await self.do(write)
            except Exception as error:
                # Whatever it is: an outcome is kept, and the lanes must not wait for ever.
                known = isinstance(error, OutreachError)
                words = str(error) if known else type(error).__name__
                _log.error("推送的结果暂时写不进数据库，稍后再试：%s", words)
                error = error if known else OutreachError("推送的结果写不进数据库")
                for _, future in claims:
                    if not future.done():
                        future.set_exception(error)
                self._settled = settled + self._settled
                self._recalled = recalled + self._recalled
                await asyncio.sleep(self._retry)
                continue
            for number, future in claims:
                if not future.done():
                    future.set_result(granted.get(number))
