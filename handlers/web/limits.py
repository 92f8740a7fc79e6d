"""How much one session may ask: a token bucket (RFC 2697 calls its size the committed burst)."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime

from settings import Clock


@dataclass(frozen=True, slots=True)
class Rate:
    """``burst`` messages at once, then ``per_second`` more."""

    burst: int = 30
    per_second: float = 1.0

    def __post_init__(self) -> None:
        if self.burst < 1 or self.per_second <= 0:
            raise ValueError("burst must be at least 1 and per_second positive")


class RateLimiter:
    """Token buckets by session, the least recently used forgotten beyond ``capacity``.

    Not thread-safe: it belongs to the event loop. It slows a session down and never bans one
    (domain rule: calm under abuse). Whoever invents a new session for each message is limited by
    the bounded thread pool and by the proxy in front, not here.
    """

    def __init__(self, clock: Clock, rate: Rate, capacity: int = 10_000) -> None:
        self._clock = clock
        self._rate = rate
        self._capacity = capacity
        self._buckets: OrderedDict[str, tuple[float, datetime]] = OrderedDict()

    def take(self, session: str) -> float:
        """Take one message; returns 0, or the seconds to wait until one is allowed."""
        now = self._clock.now()
        tokens, then = self._buckets.pop(session, (float(self._rate.burst), now))
        passed = max(0.0, (now - then).total_seconds())  # a clock set back gives nothing away
        tokens = min(float(self._rate.burst), tokens + passed * self._rate.per_second)
        wait = 0.0
        if tokens >= 1.0:
            tokens -= 1.0
        else:
            wait = (1.0 - tokens) / self._rate.per_second
        self._buckets[session] = (tokens, now)
        while len(self._buckets) > self._capacity:
            self._buckets.popitem(last=False)
        return wait
