from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import pytest

from knowledge.codelists import CodeLists
from knowledge.letter_templates import load_templates
from knowledge.quizzes import Quizzes
from knowledge.readings import Readings


@pytest.fixture(scope="session", autouse=True)
def read_once() -> Iterator[None]:
    """The project's own lists are read once, not for every conversation: nothing changes them."""
    with pytest.MonkeyPatch.context() as patch:
        for lists in (CodeLists, Quizzes, Readings):
            patch.setattr(lists, "load", staticmethod(cache(lists.load)))
        patch.setattr("handlers.letters.writing.load_templates", cache(load_templates))
        yield
