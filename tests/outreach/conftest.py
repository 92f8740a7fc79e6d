from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from outreach.store import Outreach

if TYPE_CHECKING:
    from tests.outreach.county_year import Lived


class FakeClock:
    """A clock that stands still until it is moved."""

    def __init__(self, moment: datetime = datetime(2026, 11, 24, 2, tzinfo=UTC)) -> None:
        self.moment = moment

    def now(self) -> datetime:
        return self.moment

    def today(self) -> date:
        return self.moment.date()

    def advance(self, **units: float) -> None:
        self.moment += timedelta(**units)


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store(tmp_path: Path, empty: Path, clock: FakeClock) -> Iterator[Outreach]:
    path = shutil.copy(empty, tmp_path / "outreach.db")
    opened = Outreach.open(f"sqlite:///{path}", clock)
    yield opened
    opened.close()


@pytest.fixture
def fresh(
    tmp_path_factory: pytest.TempPathFactory, empty: Path
) -> Iterator[Callable[[], Outreach]]:
    """New empty stores, one per call (for Hypothesis, whose examples share fixtures)."""
    opened: list[Outreach] = []
    folder = tmp_path_factory.mktemp("fresh")

    def make() -> Outreach:
        path = shutil.copy(empty, folder / f"{len(opened)}.db")
        opened.append(Outreach.open(f"sqlite:///{path}", FakeClock()))
        return opened[-1]

    yield make
    for each in opened:
        each.close()


@pytest.fixture(scope="session")
def postgresql() -> Iterator[str]:
    """URL of a private PostgreSQL server; skips where none is installed."""
    initdb = shutil.which("initdb")
    pg_ctl = shutil.which("pg_ctl")
    if not initdb or not pg_ctl:
        pytest.skip("no PostgreSQL server here")
    # The server refuses to run as root: an unprivileged user owns its folder.
    user = "nobody" if os.getuid() == 0 else None
    with tempfile.TemporaryDirectory(prefix="pufa-pg-", ignore_cleanup_errors=True) as folder:
        if user:
            shutil.chown(folder, user)

        def run(*words: str) -> None:
            quiet = subprocess.DEVNULL
            subprocess.run(words, check=True, user=user, cwd=folder, stdout=quiet, stdin=quiet)

        data = f"{folder}/data"
        run(initdb, "-D", data, "-U", "pufa", "-A", "trust", "-N", "-E", "UTF8")
        options = f"-c listen_addresses='' -k {folder} -F"
        run(pg_ctl, "-D", data, "-w", "-l", f"{folder}/log", "-o", options, "start")
        try:
            yield f"postgresql+psycopg://pufa@/postgres?host={folder}"
        finally:
            run(pg_ctl, "-D", data, "-w", "-m", "immediate", "stop")


@pytest.fixture(scope="session")
def lived(empty: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Lived]:
    """The simulated county-year (tests/outreach/county_year.py), lived once."""
    from tests.outreach import county_year, raw_rows

    path = Path(shutil.copy(empty, tmp_path_factory.mktemp("county") / "outreach.db"))
    clock = FakeClock()
    opened = Outreach.open(f"sqlite:///{path}", clock)
    closed = county_year.live(opened, clock)
    yield county_year.Lived(opened, path, closed, raw_rows.read(path, county_year.NOW))
    opened.close()
