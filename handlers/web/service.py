"""From a checked message to the desk's reply, off the event loop and within bounds."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from math import ceil
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.exceptions import HTTPException

from errors import DuplicateKey, UsageError
from handlers.messages import Channel, Incoming, Reply
from handlers.reception import FrontDesk, Outcome
from handlers.web.limits import Rate, RateLimiter
from handlers.web.metrics import Metrics
from handlers.web.middleware import log_defect
from handlers.web.requests import Message
from handlers.web.sessions import Session
from settings import Clock

T = TypeVar("T")

# Whoever writes in is perhaps in trouble: every failure still gives the numbers.
NUMBERS = "法律问题可拨打 12348；正在被骗或有危险，请立即拨打 110。"
_FAILED = f"系统暂时不能回答，请稍后再试。{NUMBERS}"
_BUSY = f"现在提问的人太多，请过一会儿再试。{NUMBERS}"


@dataclass(frozen=True, slots=True)
class Answered:
    """A reply, how long the desk took, and the key to close once the reply has gone out."""

    reply: Reply
    elapsed_ms: float
    update_key: str


class Service:
    """One door to the desk for API and page.

    Args:
        desk: the front desk; its calls block, so they run in threads.
        clock: time of the message, and of the rate limit.
        metrics: where replies and failures are counted.
        rate: messages per session.
        workers: desk calls at the same time.
        waiting: further calls that may wait for a thread; more are turned away with 503.
        timeout: seconds after which a resident gets the 503 sentence instead of a reply.
    """

    def __init__(
        self,
        desk: FrontDesk,
        *,
        clock: Clock,
        metrics: Metrics,
        rate: Rate,
        workers: int,
        waiting: int,
        timeout: float,
    ) -> None:
        self._desk, self._clock, self._metrics = desk, clock, metrics
        self._limiter = RateLimiter(clock, rate)
        self._threads = anyio.CapacityLimiter(workers)
        self._most = workers + waiting
        self._timeout = timeout
        self._in_flight = 0

    async def answer(self, message: Message, session: Session) -> Answered:
        """The desk's reply to a message; the same key of the same session gives the same reply.

        Raises:
            HTTPException: 400, 409 (key used for another message), 429, 503.
        """
        wait = self._limiter.take(session.id)
        if wait > 0:
            self._metrics.limited()
            seconds = ceil(wait)
            raise HTTPException(
                429,
                f"您问得太快了，请等 {seconds} 秒再发。{NUMBERS}",
                headers={"Retry-After": str(seconds)},
            )
        at = self._clock.now()

        def serve() -> tuple[Outcome, str]:
            resident = self._desk.resident(Channel.WEB, session.id)
            incoming = Incoming(
                # keys are chosen by clients: only together with the resident are they unique
                update_key=f"web:{resident}:{message.key}",
                channel=Channel.WEB,
                resident=resident,
                text=message.text,
                at=at,
                action=message.action,
            )
            # False: known already; answer() then finds the outcome, or answers what a crash left
            self._desk.receive(incoming)
            return self._desk.answer(incoming), incoming.update_key

        started = time.perf_counter()
        outcome, update_key = await self._call(serve)
        seconds_taken = time.perf_counter() - started
        self._metrics.answered(outcome.reply.kind, seconds_taken, first=outcome.first)
        return Answered(outcome.reply, seconds_taken * 1000, update_key)

    async def close(self, update_key: str) -> None:
        """Tell the desk that the reply went out; runs after the response, so it never raises."""
        try:
            with anyio.CancelScope(shield=True):
                await anyio.to_thread.run_sync(self._desk.sent, update_key, limiter=self._threads)
        except Exception as error:
            log_defect("sent", error)

    async def _call(self, call: Callable[[], T]) -> T:
        if self._in_flight >= self._most:
            self._metrics.failed("overload")
            raise HTTPException(503, _BUSY, headers={"Retry-After": "5"})
        self._in_flight += 1
        self._metrics.in_flight(self._in_flight)
        try:
            with anyio.fail_after(self._timeout):
                return await anyio.to_thread.run_sync(
                    call, limiter=self._threads, abandon_on_cancel=True
                )
        except TimeoutError as error:
            self._metrics.failed("timeout")
            raise HTTPException(503, _BUSY, headers={"Retry-After": "5"}) from error
        except DuplicateKey as error:
            raise HTTPException(409, "这条消息的编号已经用过，请刷新页面后重新发送。") from error
        except UsageError as error:
            raise HTTPException(400, str(error)) from error
        except Exception as error:
            self._metrics.failed("error")
            log_defect("desk", error)
            raise HTTPException(503, _FAILED, headers={"Retry-After": "5"}) from error
        finally:
            self._in_flight -= 1
            self._metrics.in_flight(self._in_flight)
