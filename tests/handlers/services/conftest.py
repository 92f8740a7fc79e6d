from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock
from tests.handlers.services.house import House


@pytest.fixture
def outreach(tmp_path: Path, empty: Path, clock: FakeClock) -> Iterator[Outreach]:
    path = shutil.copy(empty, tmp_path / "outreach.db")
    with closing(Outreach.open(f"sqlite:///{path}", clock)) as store:
        yield store


@pytest.fixture
def house(corpus: Corpus, outreach: Outreach, clock: FakeClock) -> House:
    return House(corpus, outreach, clock)
