"""Any repetition of updates leaves the same profile and the same figures as each one once."""

from __future__ import annotations

import shutil
from contextlib import closing
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from handlers.messages import Incoming
from knowledge.corpus import Corpus
from knowledge.quizzes import Quizzes
from outreach.store import Outreach
from tests.conftest import FakeClock, examples
from tests.handlers.services.house import TODAY, House

DAILY = Quizzes.load().daily(None, TODAY)
ACTIONS = [
    *("town:chengguan", "town:dongchuan", "town:-", "grp:farmers", "sub:morning", "sub:quiz"),
    *("unsub:morning", "stop", "rank:1", "agree:1", "agree:0", "age:u14", "age:14+", "erase:yes"),
    *(f"qa:{TODAY:%y%m%d}:{question.id}:{i}" for question in DAILY[:2] for i in (0, 1)),
]
TEXTS = [
    "网购不给退货",
    "点单 主题：反诈；时间：12月10日；单位：一中",
    "我12岁",
    "大字",
    "转人工",
    "/quiz",
]
said = st.one_of(
    st.sampled_from(ACTIONS).map(lambda a: ("", a)), st.sampled_from(TEXTS).map(lambda t: (t, None))
)


def left(house: House, people: set[str]) -> dict[str, Any]:
    """What residents and statistics look like, without times."""
    memory = house.outreach.memory
    residents = {p: house.desk.resident(house.channel, p) for p in people}
    return {
        "profiles": {p: asdict(memory.profile(r)) for p, r in residents.items()},
        "answers": {p: dict(memory.answers(r, TODAY)) for p, r in residents.items()},
        "requests": {p: memory.requests(r) for p, r in residents.items()},
        "events": {p: memory.held(r).events for p, r in residents.items()},
        "figures": house.outreach.stats(TODAY, TODAY, ["town"]).to_json(),
        "rows": {k: v for k, v in house.rows().items() if k != "inbox"},
    }


def run(corpus: Corpus, empty: Path, path: Path, updates: list[Incoming]) -> dict[str, Any]:
    shutil.copy(empty, path)
    clock = FakeClock()
    with closing(Outreach.open(f"sqlite:///{path}", clock)) as store:
        house = House(corpus, store, clock)
        for update in updates:
            house.desk.receive(update)
            house.desk.answer(update)
            house.desk.sent(update.update_key)
        return left(house, {"1", "2"})


@pytest.mark.slow
@settings(
    max_examples=examples(40),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(data=st.data())
def test_repetition_changes_nothing(
    corpus: Corpus, empty: Path, tmp_path: Path, data: st.DataObject
) -> None:
    steps = data.draw(st.lists(st.tuples(said, st.sampled_from(["1", "2"])), max_size=10))
    keys_db = shutil.copy(empty, tmp_path / "keys.db")
    with closing(Outreach.open(f"sqlite:///{keys_db}", FakeClock())) as store:
        keys = House(corpus, store, FakeClock())
        updates = [keys.update(text, action, person=who) for (text, action), who in steps]
    repeated = []
    for place, update in enumerate(updates):
        repeated.append(update)
        for earlier in data.draw(st.lists(st.integers(0, place), max_size=2)):
            repeated.append(updates[earlier])  # at once, or long after others
    once = run(corpus, empty, tmp_path / "once.db", updates)
    again = run(corpus, empty, tmp_path / "again.db", repeated)
    assert once == again
