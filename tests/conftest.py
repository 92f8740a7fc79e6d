"""Fixtures shared by all rooms: the real corpus, the real index, a clock that tests set.

Corpus, model and index are built once into ``build/home`` (ignored by git) and reused by later
runs: they are keyed by content, so a stale one is rebuilt by itself.
"""

from __future__ import annotations

import fcntl
import os
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import hypothesis
import pytest

from knowledge import build
from knowledge.corpus import Corpus
from outreach.database import Database
from settings import ROOT, SHANGHAI, Settings

os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")
os.environ.setdefault("NO_PROXY", "127.0.0.1,localhost")

AS_OF = date(2026, 11, 24)

# A loaded machine is no defect, so examples have no deadline. CI draws the same examples each time:
# what it finds must be found again by whoever looks. `make check` draws fewer.
hypothesis.settings.register_profile("everyday", deadline=None)
hypothesis.settings.register_profile("ci", deadline=None, derandomize=True)
hypothesis.settings.register_profile("quick", deadline=None, max_examples=10)
PROFILE = os.environ.get("PUFA_TEST_PROFILE") or ("ci" if os.environ.get("CI") else "everyday")
hypothesis.settings.load_profile(PROFILE)


def examples(count: int) -> int:
    """How many examples a test draws that asks for ``count``: a tenth of them in `make check`."""
    return max(3, count // 10) if PROFILE == "quick" else count


@dataclass
class FakeClock:
    """A clock that stands still until a test moves it."""

    moment: datetime = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.astimezone(SHANGHAI).date()

    def advance(self, **by: float) -> None:
        self.moment += timedelta(**by)


@pytest.fixture(scope="session")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated SQLite store without rows, closed: tests copy it instead of migrating anew."""
    path = tmp_path_factory.mktemp("store") / "empty.db"
    Database.open(f"sqlite:///{path}").close()
    return path


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture(scope="session")
def built_home() -> Path:
    """A PUFA_HOME with knowledge.db; one process builds it while the others wait."""
    home = ROOT / "build" / "home"
    home.mkdir(parents=True, exist_ok=True)
    with (home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        build.ensure(home / "knowledge.db")
    return home


@pytest.fixture(scope="session")
def corpus(built_home: Path) -> Corpus:
    return Corpus.open(built_home / "knowledge.db")


@pytest.fixture(scope="session")
def settings(built_home: Path) -> Settings:
    """Settings of a fresh installation whose knowledge is built."""
    return replace(Settings.from_environment({}), home=built_home, today=AS_OF)


@pytest.fixture(scope="session")
def indexed(settings: Settings, corpus: Corpus) -> Settings:
    """The same with model and index in place, built by one process while others wait."""
    from retrieval.search import Searcher

    with (settings.home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        Searcher.open(corpus, settings)
    return settings
