"""What residents need: counted like a slow recount, never about a few, never noise."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest
from docx import Document
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import insert

from errors import UsageError
from outreach.codes import county_codes
from outreach.consultations import Window
from outreach.events import event_key, record
from outreach.insight import Insight, insight, share_interval
from outreach.insight_counts import Counted, Tally
from outreach.insight_report import demand
from outreach.report import trace
from outreach.service_tables import profiles
from outreach.small_cells import hidden
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import approve, on
from tests.outreach.recount import _sessions, recount
from tests.outreach.samples import CIVIL, CONSUMER, FRAUD, Log, answer, gap, logs

CALENDAR = county.duties().calendar
FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
WIDE = Window(date(2026, 1, 1), date(2027, 12, 31), datetime(2028, 1, 1, tzinfo=UTC))


def look(store: Outreach, start: date = FIRST, end: date = LAST, **more: Any) -> Insight:
    given = (store.database, county_codes(), CALENDAR, start, end, store.clock.now())
    return insight(*given, **more)


def ask(
    store: Outreach, people: int, topic: str, day: date, *, first: int = 0, **fields: Any
) -> None:
    """Each of so many residents asks once about a topic."""
    with store.database.write() as connection:
        for number in range(first, first + people):
            at = datetime(day.year, day.month, day.day, 3, tzinfo=UTC)
            told: dict[str, Any] = {
                "key": event_key(topic, str(day), str(number), str(fields)),
                "at": at,
                "resident": f"{topic}{number}",  # who asks of two things in one breath asks once
                "topic": topic,
                "articles": (CIVIL,),
            }
            record(connection, answer(**(told | fields)), now=at)


@settings(
    deadline=None,
    max_examples=examples(15),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(log=logs())
def test_the_cells_agree_with_a_slow_recount(fresh: Callable[[], Outreach], log: Log) -> None:
    store = fresh()
    with store.database.write() as connection:
        for event in log.events:
            record(connection, event, now=datetime(2027, 6, 1, tzinfo=UTC))
        for back in log.reversals:
            record(connection, back, now=datetime(2027, 6, 1, tzinfo=UTC))
    kinds = (("topic",), ("town", "topic"), ("month", "topic"))
    with store.database.read() as connection:
        counted = Counted(connection, WIDE, None)
        topics = Tally(kinds).fill(counted.topics())
        laws = Tally((("law",), ("month", "law"))).fill(counted.laws())
        articles = Tally((("law", "article"),)).fill(counted.articles())
        gaps = Tally((("topic",),)).fill(counted.gaps())
    for tally, names in (*((topics, kind) for kind in kinds), *((laws, kind) for kind in laws.by)):
        slow = recount(log.standing, WIDE.first, WIDE.last, names)
        told = {key: found for key, found in slow.items() if found["consultations"]}
        if "law" in names:  # consultations that touch no law have no row here
            told = {key: found for key, found in told.items() if key[-1] != "—"}
        assert dict(tally.times[names]) == {k: f["consultations"] for k, f in told.items()}
        assert dict(tally.people[names]) == {k: f["online_residents"] for k, f in told.items()}
    slow_gaps = recount(log.standing, WIDE.first, WIDE.last, ("topic",))
    assert dict(gaps.times["topic",]) == {k: f["gaps"] for k, f in slow_gaps.items() if f["gaps"]}
    assert dict(articles.people["law", "article"]) == _slow_articles(log)


def _slow_articles(log: Log) -> dict[tuple[str, ...], int]:
    people: dict[tuple[str, ...], set[str | None]] = defaultdict(set)
    turns = ("answer", "referral", "gap")  # a quiz's answers cite articles, and are no turns
    ours = [e for e in log.standing if e.source == "bot" and e.in_scope and e.type in turns]
    for session in _sessions([e for e in ours if e.result != "tapped" or e.type != "referral"]):
        if any(event.type in ("answer", "referral") for event in session):
            for event in session:
                for cited in event.articles:
                    people[cited.law, cited.article].add(event.resident)
    return {key: len(who) for key, who in people.items()}


def test_a_cell_needs_five_people_not_five_questions(store: Outreach) -> None:
    ask(store, 9, "消费", date(2026, 11, 3))
    ask(store, 6, "反诈", date(2026, 11, 4), articles=(FRAUD,))
    ask(store, 5, "劳动", date(2026, 11, 5), articles=())
    for day in range(6, 16):  # one person, ten times
        ask(store, 1, "婚姻家庭", date(2026, 11, day), articles=())
    found = look(store).table("topic")
    # 劳动 goes too: the single hidden one could be had from the sum.
    assert found.rows == ((("消费",), 9, 9), (("反诈",), 6, 6))
    assert found.withheld == 2


def test_towns_are_named_and_the_few_of_one_are_not(store: Outreach) -> None:
    ask(store, 12, "消费", date(2026, 11, 3), town="chengguan")
    ask(store, 8, "反诈", date(2026, 11, 3), first=12, town="chengguan")
    ask(store, 3, "消费", date(2026, 11, 3), first=20, town="dongchuan")
    ask(store, 7, "反诈", date(2026, 11, 3), first=23, town="dongchuan")
    county_wide = look(store)
    shown = {key for key, _, _ in county_wide.table("town", "topic").rows}
    assert not any(key[1] == "消费" and "东" in key[0] for key in shown)
    assert {key[0] for key, _, _ in county_wide.table("topic").rows} == {"消费", "反诈"}
    town = look(store, town="chengguan")
    assert town.town == "城关镇"
    assert town.table("topic").rows == ((("消费",), 12, 12), (("反诈",), 8, 8))
    assert {each.by for each in town.tables if "town" in each.by} == set()


@settings(deadline=None)
@given(
    st.dictionaries(
        st.tuples(st.sampled_from("ab"), st.sampled_from("xyz")), st.integers(1, 12), min_size=1
    )
)
def test_few_people_hide_however_often_they_came(people: dict[tuple[str, ...], int]) -> None:
    times = {key: 3 * value for key, value in people.items()}
    gone, _ = hidden(times, times, ("town", "topic"), people)
    assert {key for key, value in people.items() if value < 5} <= set(gone)
    for place in (0, 1):
        for value in {key[place] for key in people}:
            line = [key for key in people if key[place] == value]
            lost = [key for key in line if key in gone]
            assert len(lost) != 1 or len(line) == 1


def test_what_rose_is_more_than_chance(store: Outreach) -> None:
    months = (date(2026, 10, 10), date(2026, 11, 10))
    for topic, before, now in (("消费", 20, 60), ("反诈", 20, 24), ("劳动", 30, 31)):
        ask(store, before, topic, months[0])
        ask(store, now, topic, months[1])
    ask(store, 25, "婚姻家庭", months[1])  # from nothing
    found = look(store)
    assert {each.topic for each in found.rises} == {"消费", "婚姻家庭"}
    grown = next(each for each in found.compared if each.topic == "消费")
    assert (grown.now, grown.before) == (60, 20)
    assert grown.ratio == pytest.approx(3 * 31 / 30)
    assert 1 < grown.lower < grown.ratio < grown.upper
    new = next(each for each in found.compared if each.topic == "婚姻家庭")
    assert new.before is None
    assert new.ratio == pytest.approx(25 / 4 * 31 / 30)


@pytest.mark.slow
def test_among_many_topics_one_rises_by_chance(store: Outreach) -> None:
    """What would be a rise alone is none among twelve that were looked at together."""
    months = (date(2026, 10, 10), date(2026, 11, 10))
    for people, day in zip((20, 36), months, strict=True):
        ask(store, people, "主题0", day)
    assert [each.topic for each in look(store).rises] == ["主题0"]
    for number in range(1, 12):
        for people, day in zip((20, 36), months, strict=True):
            ask(store, people, f"主题{number}", day)
    found = look(store)
    assert len(found.compared) == 12
    assert found.rises == ()


def test_part_of_a_month_is_compared_with_the_same_days(store: Outreach) -> None:
    now, before = look(store, end=date(2026, 11, 10)).months
    assert (now.first, now.last) == (date(2026, 11, 1), date(2026, 11, 10))
    assert (before.first, before.last) == (date(2026, 10, 1), date(2026, 10, 10))
    now, before = look(store, start=date(2026, 1, 1), end=date(2026, 3, 31)).months
    assert (before.first, before.last) == (date(2026, 2, 1), date(2026, 2, 28))
    now, before = look(store, start=date(2026, 1, 1), end=date(2026, 3, 30)).months
    assert before.last == date(2026, 2, 28)
    assert look(store, start=date(2026, 1, 1), end=date(2026, 1, 31)).next_month == "2026-02"


@pytest.mark.parametrize(
    ("count", "of", "lower", "upper"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 4
        (81, 263, 0.2535, 0.3682),
        (15, 148, 0.0598, 0.1644),
        (0, 20, 0.0, 0.2005),
        (1, 29, 0.0018, 0.1963),
    ],
)
def test_the_interval_is_the_published_one(count: int, of: int, lower: float, upper: float) -> None:
    found = share_interval(count, of - count)
    assert found == pytest.approx((lower, upper), abs=5e-5)
    wider = share_interval(count, of - count, tests=20)
    assert wider[0] <= found[0] <= found[1] < wider[1]


def test_the_rule_can_be_done_by_hand(store: Outreach, clock: FakeClock) -> None:
    ask(store, 30, "消费", date(2026, 11, 3), organ="市场监督管理局")
    ask(store, 20, "婚姻家庭", date(2026, 11, 3), organ="民政局")
    clock.moment = datetime(2026, 11, 20, tzinfo=UTC)
    approve(
        store,
        *(
            on(date(2026, 11, 4 + n), name=f"场{n}", organ="市场监督管理局", topic="消费")
            for n in range(2)
        ),
    )
    clock.moment = datetime(2026, 12, 1, tzinfo=UTC)
    found = {each.topic: each for each in look(store).suggestions}
    assert found["消费"].activities == 2
    factor = 2 if found["消费"].nodes else 1
    assert found["消费"].score == pytest.approx(30 / 3 * factor)
    family = found["婚姻家庭"]
    assert (family.people, family.activities, family.organ) == (20, 0, "民政局")
    assert family.score == pytest.approx(20 * (2 if family.nodes else 1))
    assert family.articles == (f"《{CIVIL.law}》{CIVIL.article}",)
    assert found["消费"].articles == ("《" + CIVIL.law + "》" + CIVIL.article,)


def test_a_node_next_month_doubles(store: Outreach) -> None:
    ask(store, 10, "宪法", date(2026, 11, 3))  # 12.4 is in December
    ask(store, 10, "宪法", date(2026, 6, 3))
    (december,) = look(store).suggestions
    (july,) = look(store, start=date(2026, 6, 1), end=date(2026, 6, 30)).suggestions
    assert "国家宪法日" in december.nodes
    assert (december.score, december.organ) == (20, "司法局")
    assert (july.score, july.nodes) == (10, ())


def test_texts_only_where_kept_and_agreed(store: Outreach, clock: FakeClock) -> None:
    desk = Outreach(store.database, clock, store.inbox, keep_texts=True)
    silent = Outreach(store.database, clock, store.inbox, keep_texts=False)
    for place, (who, agreed, minor, at_desk) in enumerate(
        (
            ("yes", True, False, desk),
            ("also", True, False, desk),
            ("no", False, False, desk),
            ("child", True, True, desk),
            ("off", True, False, silent),
            ("stranger", None, False, desk),
        )
    ):
        key = f"u{place}"
        now = clock.now()
        store.inbox.receive(key, "web", who, "问", at=now)
        missed = gap(key, resident=who, topic="土地农业", at=now)
        words = "集体林权怎么登记" if who in ("yes", "also") else f"不该出现{place}"
        at_desk.record_answer(key, "declined", missed, text=words)
        if agreed is not None:
            with store.database.write() as connection:
                about = {"key": who, "channel": "web", "large": False, "minor": minor}
                about |= {"ranked": False, "texts": agreed, "changed_at": now}
                connection.execute(insert(profiles).values(about))
    found = look(store)
    assert found.texts == (("集体林权怎么登记", 2),)
    assert found.gap_times == 6
    (topics,) = (each for each in found.gaps if each.by == ("topic",))
    assert topics.rows == ((("土地农业",), 6, 6),)
    told = demand(found)
    assert told is not None
    assert "林权" not in told.text


def test_the_section_counts_what_can_be_traced(store: Outreach) -> None:
    ask(store, 40, "消费", date(2026, 11, 3))
    ask(store, 8, "反诈", date(2026, 11, 3), articles=(FRAUD,))
    with store.database.write() as connection:
        for number in range(3):
            at = datetime(2026, 11, 9, tzinfo=UTC)
            record(connection, gap(f"g{number}", resident=f"p{number}", at=at), now=at)
    draft = demand(look(store))
    assert draft is not None
    assert "群众咨询较多的主题：消费40人，反诈8人。" in draft.text
    assert "有3次提问库内没有合适的条文。" in draft.text
    assert "咨询人数明显增加的主题：消费。" in draft.text  # 8 against at most 4 may be chance
    days: dict[str, Any] = {"start": FIRST, "end": LAST}
    for figure in draft.figures:
        traced = trace(store.database, county.duties(), figure.id, as_of=store.clock.now(), **days)
        assert traced.figure == figure
        assert traced.rows
    text = "insight.people@topic=劳动"
    with pytest.raises(UsageError, match="没有这个数字"):
        trace(store.database, county.duties(), text, as_of=store.clock.now(), **days)


def test_the_section_stands_in_the_report(store: Outreach, tmp_path: Path) -> None:
    ask(store, 12, "消费", date(2026, 11, 3))
    given: dict[str, Any] = {"start": FIRST, "end": LAST, "exporter": "李"}
    store.export(tmp_path / "r.docx", kind="report", format="docx", **given)
    document = Document(str(tmp_path / "r.docx"))
    words = "\n".join(paragraph.text for paragraph in document.paragraphs)
    assert "群众法律需求分析" in words
    heads = [[cell.text for cell in each.rows[0].cells] for each in document.tables]
    assert ["主题", "提问人数", "线下场次", "下月节点", "得分", "建议牵头单位"] in heads


def test_an_empty_county_claims_nothing(store: Outreach) -> None:
    found = look(store)
    assert (found.rises, found.suggestions, found.gap_times) == ((), (), 0)
    assert demand(found) is None
    assert all(not each.rows and not each.withheld for each in found.tables)


def test_json_has_all_of_it(store: Outreach) -> None:
    ask(store, 6, "消费", date(2026, 11, 3), articles=(CONSUMER, CIVIL))
    told = look(store).to_json()
    by = [table["by"] for table in told["asked"]]
    assert by == [
        *(["topic"], ["town", "topic"], ["month", "topic"]),
        *(["law"], ["town", "law"], ["month", "law"]),
        *(["law", "article"], ["town", "law", "article"], ["month", "law", "article"]),
    ]
    laws = Counter({row["law"]: row["people"] for row in told["asked"][3]["rows"]})
    assert laws == {CONSUMER.law: 6, CIVIL.law: 6}
    assert told["as_of"].startswith("2026-11-24T10:00:00")
