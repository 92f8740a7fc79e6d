"""What ``/readyz`` reports: whether the parts that an answer needs can be used."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Health:
    """One look at the parts; ``checks`` maps a part's name to its problem, None where it works.

    Names are short and public (``corpus``, ``index``, ``database``); problems are one clear
    sentence without paths, addresses or secrets, because anyone may read them.
    """

    checks: Mapping[str, str | None]

    @property
    def ready(self) -> bool:
        """Whether every part works; no checks at all is not ready."""
        return bool(self.checks) and not any(self.checks.values())

    def to_json(self) -> dict[str, Any]:
        """The body of ``/readyz``."""
        return {
            "ready": self.ready,
            "checks": {name: problem or "ok" for name, problem in self.checks.items()},
        }


HealthCheck = Callable[[], Health]
