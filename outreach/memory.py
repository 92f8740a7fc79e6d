"""What a conversation reads about a resident before it answers; every call is one short read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date

from outreach import erasure, profiles, quizzes, requests
from outreach.database import Database
from outreach.erasure import Held
from outreach.profiles import Profile
from outreach.quizzes import Answered, Standing
from outreach.requests import Request


@dataclass(frozen=True, slots=True)
class Memory:
    """The residents of one store, read-only."""

    database: Database

    def profile(self, resident: str) -> Profile:
        """What the resident chose."""
        with self.database.read() as connection:
            return profiles.read(connection, resident)

    def answers(self, resident: str, day: date) -> Mapping[str, Answered]:
        """The resident's scored answers of a day's quiz, by question."""
        with self.database.read() as connection:
            return quizzes.answers(connection, resident, day)

    def standings(self, first: date, last: date) -> list[Standing]:
        """The towns' ranking in a window."""
        with self.database.read() as connection:
            return quizzes.standings(connection, first, last)

    def requests(self, resident: str) -> list[Request]:
        """The resident's requests for lectures, newest first."""
        with self.database.read() as connection:
            return requests.of_resident(connection, resident)

    def held(self, resident: str) -> Held:
        """Everything that the store holds about the resident."""
        with self.database.read() as connection:
            return erasure.held(connection, resident)
