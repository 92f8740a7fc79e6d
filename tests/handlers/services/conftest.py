from __future__ import annotations

import pytest

from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock
from tests.handlers.services.house import House


@pytest.fixture
def house(corpus: Corpus, outreach: Outreach, clock: FakeClock) -> House:
    return House(corpus, outreach, clock)
