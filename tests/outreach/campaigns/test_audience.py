from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, update

from errors import OutreachError
from outreach.campaign_tables import campaigns
from outreach.campaigns import audience
from outreach.campaigns.definition import Audience, Definition
from outreach.campaigns.office import Office
from outreach.campaigns.release import variant_of
from outreach.events import Event, event_key
from outreach.service_tables import profiles, subscriptions
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach.campaigns.samples import definition, ledger, people, settle
from tests.outreach.conftest import FakeClock

NOW = datetime(2026, 11, 24, 2, tzinfo=UTC)


class Quiz(Event):
    __slots__ = ()
    type = "quiz"


def count(store: Outreach, wanted: Audience, **options: Any) -> audience.Counted:
    with store.database.read() as connection:
        return audience.count(connection, definition(audience=wanted), NOW, **options)


def reached(store: Outreach, wanted: Audience, **options: Any) -> set[str]:
    query = audience.sorted_out(definition(audience=wanted), NOW, **options)
    with store.database.read() as connection:
        return {row.key for row in connection.execute(query) if row.reason is None}


def test_the_language_in_which_they_agreed(store: Outreach) -> None:
    people(store, ["han", "tibetan"])
    with store.database.write() as connection:
        theirs = subscriptions.c.key == "tibetan"
        connection.execute(update(subscriptions).where(theirs).values(language="bo"))
    assert reached(store, Audience()) == {"han", "tibetan"}
    assert reached(store, Audience(languages=("bo", "ug"))) == {"tibetan"}
    assert count(store, Audience(languages=("zh",))).excluded == {"language": 1}


def test_what_was_approved_before_languages_stays_as_it_was() -> None:
    plain = definition(audience=Audience())
    assert "languages" not in plain.to_json()
    chosen = definition(audience=Audience(languages=("bo",)))
    for each in (plain, chosen):
        assert Definition.from_json(each.to_json()) == each


def test_only_those_who_agreed_and_can_be_reached(store: Outreach) -> None:
    people(store, ["yes"])
    people(store, ["no"], subscribed=False)
    people(store, ["child"], minor=True)
    people(store, ["gone"], address=None)
    people(store, ["browser"], channel="web")
    people(store, ["series"], subscribed=False)
    with store.database.write() as connection:
        connection.execute(
            subscriptions.insert().values(key="series", what="morning", since=NOW, position=0)
        )
    counted = count(store, Audience())
    assert reached(store, Audience()) == {"yes"}
    assert counted.cells == {("telegram", "—"): 1}
    assert counted.excluded == {"minor": 1, "not_subscribed": 2, "no_address": 1, "channel": 1}
    assert counted.sample == (("telegram", "yes…"),)


@pytest.mark.parametrize(
    ("wanted", "expected"),
    [
        ({"towns": ("chengguan",)}, {"a", "b"}),
        ({"without_towns": ("chengguan",)}, {"c", "d"}),
        ({"groups": ("farmers",)}, {"a", "c"}),
        ({"groups": ("farmers",), "towns": ("chengguan",)}, {"a"}),
        ({"without_groups": ("farmers",)}, {"b", "d"}),
        ({"topics": ("fraud",)}, {"a", "b"}),
        ({"topics": ("fraud", "land")}, {"a", "b", "c"}),
        ({"without_topics": ("fraud",)}, {"c", "d"}),
        ({"topics": ("fra",)}, set()),  # a topic's key, not a part of one
        ({"topics": ("%",)}, set()),
        ({"channels": ("wechat",)}, {"d"}),
    ],
)
def test_include_and_exclude(store: Outreach, wanted: dict[str, Any], expected: set[str]) -> None:
    people(store, ["a"], town="chengguan", target_group="farmers", topics="consumer,fraud")
    people(store, ["b"], town="chengguan", topics="fraud")
    people(store, ["c"], town="xihe", target_group="farmers", topics="land")
    people(store, ["d"], channel="wechat")
    assert reached(store, Audience(**wanted)) == expected


def test_quiz_activity(store: Outreach) -> None:
    people(store, ["lately", "long-ago", "never"])
    for resident, at in (("lately", NOW - timedelta(days=3)), ("long-ago", NOW - timedelta(40))):
        store.record(Quiz(key=event_key(resident), at=at, channel="telegram", resident=resident))
    assert reached(store, Audience(quiz="answered")) == {"lately"}
    assert reached(store, Audience(quiz="not_answered")) == {"long-ago", "never"}
    assert reached(store, Audience(quiz="answered", quiz_days=60)) == {"lately", "long-ago"}


@pytest.fixture
def pushed(office: Office, store: Outreach) -> Callable[..., None]:
    """Draft and release a campaign to everybody."""

    def push(id_: str, **changes: Any) -> None:
        draft: Definition = definition(id=id_, **changes)
        office._save(draft, by="甲")
        office.submit(id_, by="甲")
        office.approve(id_, by="乙", urgent=id_.startswith("urgent"))
        office.send(id_, by="丙")

    return push


def test_at_most_two_pushes_a_week(
    pushed: Callable[..., None], store: Outreach, clock: FakeClock
) -> None:
    people(store, ["r1", "r2", "r3"])
    pushed("one")
    settle(store, "one", ["r1", "r2"])
    settle(store, "one", ["r3"], "failed")  # nothing arrived: it does not count
    pushed("two")
    settle(store, "two", ["r1", "r3"])
    settle(store, "two", ["r2"], "unknown")  # it may have arrived
    pushed("three")
    assert [row.resident for row in ledger(store, "three")] == ["r3"]
    pushed("urgent")
    assert [row.resident for row in ledger(store, "urgent")] == ["r1", "r2", "r3"]
    settle(store, "three", ["r3"])
    settle(store, "urgent", ["r1", "r2", "r3"], "recalled")
    clock.advance(days=6, hours=23)
    with pytest.raises(OutreachError, match="0 人"):
        pushed("four")
    clock.advance(hours=1)
    pushed("five")
    assert [row.resident for row in ledger(store, "five")] == ["r1", "r2", "r3"]


def test_what_is_queued_for_the_same_week_counts(
    pushed: Callable[..., None], store: Outreach, clock: FakeClock
) -> None:
    people(store, ["r1"])
    pushed("one", at=NOW + timedelta(days=9))
    pushed("two", at=NOW + timedelta(days=10))
    pushed("now")
    assert len(ledger(store, "now")) == 1  # more than a week before those
    with pytest.raises(OutreachError, match="0 人"):
        pushed("three", at=NOW + timedelta(days=11))
    pushed("later", at=NOW + timedelta(days=30))
    assert len(ledger(store, "later")) == 1


def test_the_daily_series_does_not_use_up_the_cap(
    pushed: Callable[..., None], store: Outreach
) -> None:
    people(store, ["r1"])
    pushed("one")
    pushed("two")
    for id_ in ("one", "two"):
        settle(store, id_, ["r1"])
    assert reached(store, Audience()) == set()
    assert count(store, Audience()).excluded == {"cap": 1}
    assert reached(store, Audience(), cap=3) == {"r1"}
    with store.database.write() as connection:
        connection.execute(update(campaigns).values(kind="morning"))
    assert reached(store, Audience()) == {"r1"}


def test_small_cells_are_hidden(office: Office, store: Outreach) -> None:
    people(store, [f"{n:032x}" for n in range(8)], town="chengguan")
    people(store, [f"1{n:031x}" for n in range(3)], town="xihe")
    people(store, [f"2{n:031x}" for n in range(9)], town="beiyuan")
    counted = count(store, Audience())
    assert counted.total == 20
    shown = counted.shown()
    assert shown["telegram", "xihe"] == "<5"
    assert shown["telegram", "chengguan"] == "≥5"  # else the total would tell
    assert shown["telegram", "beiyuan"] == 9
    assert all(len(key) == 5 for _, key in counted.sample)  # four characters and a mark


def test_two_texts_are_split_fairly_and_for_good(
    pushed: Callable[..., None], store: Outreach
) -> None:
    names = [f"{n:032x}" for n in range(2000)]
    people(store, names)
    pushed("split", second={"default": "别的说法"})
    rows = ledger(store, "split")
    assert [row.resident for row in rows] == names
    share = sum(row.variant == "b" for row in rows) / len(rows)
    assert 0.44 < share < 0.56  # five standard deviations
    assert all(row.variant == variant_of("split", row.resident) for row in rows)
    other = sum(variant_of("other", n) == variant_of("split", n) for n in names) / len(names)
    assert 0.44 < other < 0.56  # another campaign tosses another coin


residents = st.fixed_dictionaries(
    {
        "channel": st.sampled_from(["telegram", "wechat", "web"]),
        "town": st.sampled_from([None, "chengguan", "xihe"]),
        "target_group": st.sampled_from([None, "farmers", "elderly"]),
        "topics": st.sampled_from([None, "", "fraud", "fraud,land", "land,consumer"]),
        "minor": st.booleans(),
        "address": st.sampled_from([None, "1::"]),
        "subscribed": st.booleans(),
    }
)
choices = st.builds(
    Audience,
    channels=st.sampled_from([("telegram",), ("telegram", "wechat")]),
    towns=st.sampled_from([(), ("xihe",), ("chengguan", "xihe")]),
    groups=st.sampled_from([(), ("farmers",)]),
    topics=st.sampled_from([(), ("fraud",), ("land", "consumer")]),
    without_towns=st.sampled_from([(), ("xihe",)]),
    without_groups=st.sampled_from([(), ("elderly",)]),
    without_topics=st.sampled_from([(), ("land",)]),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=examples(60))
@given(st.lists(residents, max_size=12), choices)
def test_the_audience_is_what_a_plain_reading_says(
    store: Outreach, told: list[dict[str, Any]], wanted: Audience
) -> None:
    with store.database.write() as connection:
        connection.execute(delete(subscriptions))
        connection.execute(delete(profiles))
    expected = set()
    for number, fields in enumerate(told):
        people(store, [f"r{number}"], **fields)
        topics = set((fields["topics"] or "").split(",")) - {""}
        if (
            fields["subscribed"]
            and not fields["minor"]
            and fields["address"]
            and fields["channel"] in wanted.channels
            and (not wanted.towns or fields["town"] in wanted.towns)
            and fields["town"] not in wanted.without_towns
            and (not wanted.groups or fields["target_group"] in wanted.groups)
            and fields["target_group"] not in wanted.without_groups
            and (not wanted.topics or topics & set(wanted.topics))
            and not topics & set(wanted.without_topics)
        ):
            expected.add(f"r{number}")
    assert reached(store, wanted) == expected
    counted = count(store, wanted)
    assert counted.total == len(expected)
    assert counted.total + sum(counted.excluded.values()) == len(told)
