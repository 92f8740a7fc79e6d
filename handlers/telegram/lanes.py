"""One lane per chat: what belongs to one chat happens in order, chats run side by side."""

from __future__ import annotations

import asyncio
import logging
import traceback
from collections import deque
from collections.abc import Awaitable, Callable

Job = Callable[[], Awaitable[None]]
_log = logging.getLogger(__name__)


class Lanes:
    """Runs jobs; all methods belong to the event loop's thread."""

    def __init__(self) -> None:
        self._waiting: dict[int, deque[Job]] = {}
        self._tasks: dict[int, asyncio.Task[None]] = {}
        self._changed = asyncio.Condition()
        self.pending = 0

    def put(self, chat: int, job: Job) -> None:
        """Run ``job`` after all earlier ones of ``chat``."""
        self.pending += 1
        queue = self._waiting.setdefault(chat, deque())
        queue.append(job)
        if chat not in self._tasks:
            self._tasks[chat] = asyncio.create_task(self._run(chat, queue))

    async def below(self, count: int) -> None:
        """Wait until fewer than ``count`` jobs are waiting or running."""
        async with self._changed:
            await self._changed.wait_for(lambda: self.pending < count)

    async def close(self, grace: float) -> None:
        """Let jobs finish for ``grace`` seconds, then cancel the rest."""
        tasks = list(self._tasks.values())
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=grace)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    async def _run(self, chat: int, queue: deque[Job]) -> None:
        try:
            while queue:
                try:
                    await queue.popleft()()
                except Exception as error:
                    # A defect must not stop the chat's lane. The error's words may quote a
                    # resident: the log gets its kind and the frames only.
                    frames = "".join(traceback.format_tb(error.__traceback__))
                    _log.error("Telegram 处理出错：%s\n%s", type(error).__name__, frames)
                finally:
                    self.pending -= 1
                    await self._tell()
        finally:
            self.pending -= len(queue)
            queue.clear()
            self._waiting.pop(chat, None)
            self._tasks.pop(chat, None)

    async def _tell(self) -> None:
        async with self._changed:
            self._changed.notify_all()
