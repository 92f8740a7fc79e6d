"""What the services read about a resident; ``outreach.memory.Memory`` is the real one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from outreach.erasure import Held
from outreach.profiles import Profile
from outreach.quizzes import Answered, Standing
from outreach.requests import Request


class Memory(Protocol):
    """Reads; see :class:`outreach.memory.Memory`."""

    def profile(self, resident: str) -> Profile:
        """What the resident chose."""
        ...

    def answers(self, resident: str, day: date) -> Mapping[str, Answered]:
        """The resident's scored answers of a day's quiz, by question."""
        ...

    def standings(self, first: date, last: date) -> list[Standing]:
        """The towns' ranking in a window."""
        ...

    def requests(self, resident: str) -> list[Request]:
        """The resident's requests for lectures, newest first."""
        ...

    def held(self, resident: str) -> Held:
        """Everything that the store holds about the resident."""
        ...


@dataclass(frozen=True, slots=True)
class Nothing:
    """No store: the command line asks without being anybody, so no notice is due."""

    def profile(self, resident: str) -> Profile:
        """Nobody."""
        del resident
        return Profile(noticed=True)

    def answers(self, resident: str, day: date) -> Mapping[str, Answered]:
        """None."""
        del resident, day
        return {}

    def standings(self, first: date, last: date) -> list[Standing]:
        """None."""
        del first, last
        return []

    def requests(self, resident: str) -> list[Request]:
        """None."""
        del resident
        return []

    def held(self, resident: str) -> Held:
        """Nothing."""
        return Held(self.profile(resident), {}, None, None, 0, 0, 0, {}, ())
