from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock
from tests.handlers.services.house import House


@pytest.fixture
def outreach(tmp_path: Path, clock: FakeClock) -> Iterator[Outreach]:
    with closing(Outreach.open(f"sqlite:///{tmp_path / 'outreach.db'}", clock)) as store:
        yield store


@pytest.fixture
def house(corpus: Corpus, outreach: Outreach, clock: FakeClock) -> House:
    return House(corpus, outreach, clock)
