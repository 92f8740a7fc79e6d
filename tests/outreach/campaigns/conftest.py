from __future__ import annotations

from pathlib import Path

import pytest

from knowledge.corpus import Corpus
from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from outreach.codes import Codes
from outreach.store import Outreach
from tests.outreach.campaigns import samples
from tests.outreach.conftest import FakeClock


@pytest.fixture(scope="session")
def gate(corpus: Corpus) -> Gate:
    return Gate.load(corpus, "红山县")


@pytest.fixture
def store(tmp_path: Path, empty: Path, clock: FakeClock) -> Outreach:  # type: ignore[misc]
    import shutil

    path = shutil.copy(empty, tmp_path / "outreach.db")
    opened = Outreach.open(
        f"sqlite:///{path}", clock, files=tmp_path / "evidence", codes=lambda: Codes.load()
    )
    yield opened
    opened.close()


@pytest.fixture
def office(store: Outreach, gate: Gate) -> Office:
    office = samples.office_of(store, gate)
    samples.team(office)
    return office
