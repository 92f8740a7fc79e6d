from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path

import pytest

from knowledge.codelists import CodeLists
from knowledge.letter_templates import load_templates
from knowledge.quizzes import Quizzes
from knowledge.readings import Readings
from outreach.store import Outreach
from tests.conftest import FakeClock


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """The project's own lists are read once, not for every conversation: nothing changes them."""
    with pytest.MonkeyPatch.context() as patch:
        for lists in (CodeLists, Quizzes, Readings):
            patch.setattr(lists, "load", staticmethod(cache(lists.load)))
        patch.setattr("handlers.letters.writing.load_templates", cache(load_templates))
        yield


@pytest.fixture
def outreach(tmp_path: Path, empty: Path, clock: FakeClock) -> Iterator[Outreach]:
    path = shutil.copy(empty, tmp_path / "outreach.db")
    with closing(Outreach.open(f"sqlite:///{path}", clock)) as store:
        yield store
