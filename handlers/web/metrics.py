"""Prometheus metrics of the web channel: numbers by route and kind, nothing about a person."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from handlers.messages import Kind

_SECONDS = (0.005, 0.01, 0.02, 0.04, 0.08, 0.15, 0.3, 0.6, 1.2, 2.5, 5.0, 10.0, 20.0)
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


class Metrics:
    """The web channel's collectors in one registry (its own unless several channels share one)."""

    def __init__(self, registry: CollectorRegistry | None = None) -> None:
        self.registry = registry if registry is not None else CollectorRegistry()
        self._requests = Counter(
            "pufa_web_requests_total",
            "HTTP requests by route, method and status",
            ("route", "method", "status"),
            registry=self.registry,
        )
        self._answers = Counter(
            "pufa_web_answers_total",
            "Replies given for the first time, by kind",
            ("kind",),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "pufa_web_answer_seconds",
            "Time to a reply inside the desk, by kind",
            ("kind",),
            buckets=_SECONDS,
            registry=self.registry,
        )
        self._urgent = Counter(
            "pufa_web_urgent_total", "Replies to danger or live fraud", registry=self.registry
        )
        self._declined = Counter(
            "pufa_web_declined_total",
            "Questions the corpus does not answer",
            registry=self.registry,
        )
        self._repeated = Counter(
            "pufa_web_repeated_total", "Messages delivered again", registry=self.registry
        )
        self._limited = Counter(
            "pufa_web_rate_limited_total", "Messages over a session's rate", registry=self.registry
        )
        self._failures = Counter(
            "pufa_web_desk_failures_total",
            "Messages left without a reply, by reason",
            ("reason",),
            registry=self.registry,
        )
        self._in_flight = Gauge(
            "pufa_web_desk_in_flight",
            "Messages being answered or waiting for a thread",
            registry=self.registry,
        )
        for kind in Kind:  # every series exists from the start, so that rates have a zero
            self._answers.labels(kind.value)
            self._seconds.labels(kind.value)
        for reason in ("error", "timeout", "overload"):
            self._failures.labels(reason)

    def request(self, route: str, method: str, status: int) -> None:
        """Count an HTTP request; ``route`` is a pattern, never a path that someone made up."""
        self._requests.labels(route, method if method in _METHODS else "other", status).inc()

    def answered(self, kind: Kind, seconds: float, *, first: bool) -> None:
        """Count a reply; one given before counts only as repeated."""
        if not first:
            self._repeated.inc()
            return
        self._answers.labels(kind.value).inc()
        self._seconds.labels(kind.value).observe(seconds)
        if kind is Kind.URGENT:
            self._urgent.inc()
        elif kind is Kind.DECLINED:
            self._declined.inc()

    def limited(self) -> None:
        """Count a message over its session's rate."""
        self._limited.inc()

    def failed(self, reason: str) -> None:
        """Count a message left without a reply: ``error``, ``timeout`` or ``overload``."""
        self._failures.labels(reason).inc()

    def in_flight(self, number: int) -> None:
        """Set how many messages are at the desk now."""
        self._in_flight.set(number)

    def exposition(self) -> tuple[bytes, str]:
        """The text format and its content type."""
        return generate_latest(self.registry), CONTENT_TYPE_LATEST
