from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings

from errors import OutreachError, UsageError
from knowledge.calendar import Calendar
from knowledge.codelists import CODELISTS, CodeLists
from knowledge.duties import Duties
from outreach import notices
from outreach.figures import Book, figure_id, parse_id
from outreach.passages import FORBIDDEN, Draft, check_wording
from outreach.performance import performance
from outreach.report import Material, section, trace
from outreach.store import Outreach
from tests.conftest import examples
from tests.outreach import county
from tests.outreach.conftest import FakeClock
from tests.outreach.county import AS_OF, YEAR, approve, on
from tests.outreach.samples import Report, reports, standing

LIST = county.duties()


@pytest.fixture
def filled(store: Outreach, clock: FakeClock) -> Outreach:
    county.fill(store, clock)
    return store


def material(store: Outreach, duties: Duties = LIST) -> Material:
    return Material.read(store.database, duties, as_of=AS_OF, county="甲县", **YEAR)


def told(store: Outreach, duties: Duties = LIST) -> Draft:
    return section(material(store, duties))


def test_every_number_is_a_figure_of_the_store(filled: Outreach) -> None:
    draft = told(filled)
    total = filled.stats(**YEAR, as_of=AS_OF).total
    found = {figure.id: figure.value for figure in draft.figures}
    for measure in (
        *("activities", "trainings", "books", "donated_books", "leaflets", "banners", "boards"),
        *("consultations", "online_residents", "offline_consultations"),
    ):
        assert found[measure] == total[measure], measure
    assert found["offline_person_times@sort=活动"] == 300 + 80 + 55
    assert found["offline_person_times@sort=活动&method=估算"] == 300
    assert found["offline_person_times@sort=培训"] == 100
    # Numbers in the text are the figures, in their order, and nothing else.
    digits = re.findall(r"\d+", draft.text)
    pieces = [str(piece.value) for piece in draft.mentioned]
    assert digits == pieces


def test_the_section_is_in_the_report_s_order(filled: Outreach) -> None:
    text = told(filled).text
    assert text.startswith("（二）聚焦法治宣传教育，不断提升普法质效。一是加大法治宣传教育力度。")
    assert (
        "活动3场次，参加435人次（其中300人次为估算），现场解答咨询41人次，举办培训班2期，参加培训100人次。"
        in text
    )
    assert (
        "发放法律图书20册，捐赠法律图书7册，发放宣传资料500份，悬挂横幅12条，展出展板6块。" in text
    )
    assert "国际消费者权益日1场次，全民反诈在行动集中宣传月1场次，国际禁毒日1场次" in text
    assert (
        "反电信网络诈骗活动1场次、解答咨询3人次，消费者权益保护活动1场次、解答咨询7人次。" in text
    )
    order = [text.index(words) for words in ("一是加大", "二是创新", "三是落实“谁执法谁普法”")]
    assert order == sorted(order)


def test_what_has_no_data_is_left_out(store: Outreach, clock: FakeClock) -> None:
    clock.moment = AS_OF - timedelta(hours=1)
    approve(store, on(date(2026, 5, 6), attended=10))
    text = told(store).text
    assert "活动1场次，参加10人次。" in text
    for words in ("培训", "图书", "机器人", "推送", "答题", "进基层", "分对象", "提示单", "估算"):
        assert words not in text, words
    assert "二是落实" in text  # numbered anew
    assert "三是" not in text


def test_an_empty_year_claims_nothing(store: Outreach) -> None:
    text = told(store).text
    assert "场次" not in text
    assert "人次" not in text


def test_today_s_terms_and_no_claims(filled: Outreach) -> None:
    found = material(filled)
    texts = [section(found).text, performance(found, "公安局").text]
    texts += [section(found).note(figure) for figure in section(found).figures]
    for text in texts:
        assert not [word for word in FORBIDDEN if word in text]
        assert not re.search(r"\d\s*余|[近约]\s*\d", text)


@pytest.mark.parametrize(
    "text", ["法制宣传", "食品卫生", "实现全覆盖", "覆盖率98%", "4000余人", "约300"]
)
def test_words_that_are_never_printed(text: str) -> None:
    with pytest.raises(OutreachError, match="不能使用"):
        check_wording(f"组织{text}活动")


def test_each_figure_has_its_definition_window_and_as_of(filled: Outreach) -> None:
    draft = told(filled)
    definitions = set()
    for figure in draft.figures:
        note = draft.note(figure)
        assert figure.id in note
        if figure.definition in definitions:
            first = next(f for f in draft.figures if f.definition == figure.definition)
            assert f"同注{draft.number(first)}；" in note
        else:
            definitions.add(figure.definition)
            assert figure.definition in note
            assert "2026年1月1日至2026年11月24日" in note
            assert "数据截止时间：2026-11-24 10:00:00" in note


def test_the_same_call_gives_the_same_text(filled: Outreach, clock: FakeClock) -> None:
    before = told(filled).to_json()
    clock.advance(hours=1)
    approve(filled, on(date(2026, 5, 6), attended=10))  # known only later
    assert told(filled).to_json() == before


def test_n_venues_are_named_only_where_the_list_has_activities_in_each(
    filled: Outreach, tmp_path: Path
) -> None:
    assert "八进" not in told(filled).text  # the list is a sample
    lines = CODELISTS.read_text(encoding="utf-8")
    start = lines.index('name = "八进"')
    ours = lines[:start] + lines[start:].replace("sample = true\n", "", 1)
    (tmp_path / "codelists.toml").write_text(ours, encoding="utf-8")
    lists = CodeLists.load(tmp_path / "codelists.toml")
    duties = Duties.load(calendar=Calendar.load(codelists=lists))
    assert "八进" not in told(filled, duties).text  # two of eight
    eight = next(each for each in lists.venue_lists if each.name == "八进")
    for place, code in enumerate(eight.codes):
        approve(filled, on(date(2026, 4, 1 + place), venue=code.key))
    now = AS_OF + timedelta(minutes=1)
    found = Material.read(filled.database, duties, as_of=now, county="甲县", **YEAR)
    assert "“八进”：进机关1场次，进学校3场次" in section(found).text


@pytest.mark.slow
def test_every_figure_opens_to_its_rows(filled: Outreach) -> None:
    remind(filled)
    found = material(filled)
    drafts = [section(found), performance(found, "司法局")]
    ids = {figure.id: figure for draft in drafts for figure in draft.figures}
    assert len(ids) > 30
    for name, figure in ids.items():
        traced = trace(filled.database, LIST, name, as_of=AS_OF, **YEAR)
        assert traced.figure == figure
        assert traced.rows or not figure.value, name
        assert traced.sums == (figure.unit != "人"), name
        if traced.column is None:
            assert len(traced.rows) == figure.value, name
        elif traced.sums:
            place = traced.columns.index(traced.column)
            assert sum(int(row[place] or 0) for row in traced.rows) == figure.value, name


def remind(store: Outreach) -> None:
    police = next(each for each in material(store).organs if each.organ == "公安局")
    notice = notices.draft(
        store.database,
        "公安局",
        police.items,
        deadline=date(2026, 12, 9),
        actor="王",
        now=AS_OF,
    )
    notices.send(store.database, notice.number, actor="王", now=AS_OF)


@pytest.mark.slow
def test_the_rows_are_those_of_the_figure(filled: Outreach) -> None:
    traced = trace(filled.database, LIST, "activities@venue=学校", as_of=AS_OF, **YEAR)
    names = traced.columns.index("活动名称")
    assert [row[names] for row in traced.rows] == ["2026-03-14宣传", "2026-08-20宣传"]


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["nothing", "activities@organ=", "activities@colour=红", "duties.x"]
)
def test_an_id_that_is_none(filled: Outreach, text: str) -> None:
    with pytest.raises(UsageError, match="没有这个数字"):
        trace(filled.database, LIST, text, as_of=AS_OF, **YEAR)


def test_ids_can_be_read_back() -> None:
    where = (("sort", "活动"), ("organ", "公安局"))
    text = figure_id("activities", where)
    assert text == "activities@organ=公安局&sort=活动"
    assert parse_id(text) == ("activities", tuple(sorted(where)))


def test_a_ledger_that_disagrees_gives_no_report(filled: Outreach) -> None:
    tables = [filled.stats(**YEAR, by=by, as_of=AS_OF) for by in ((), ("organ",), ("system",))]
    wrong = replace(tables[0], total=tables[0].total | {"activities": 4})
    rows: list[dict[str, str | int | None]] = [{"责任单位": "公安局", "场次": 3, "咨询人次": 12}]
    with pytest.raises(OutreachError, match=r"场次.*3.*4.*不一致"):
        Book(tables[0].window, rows, wrong, tables[1], tables[2])


def test_what_hides_few_people_is_left_out(store: Outreach, clock: FakeClock) -> None:
    clock.moment = AS_OF - timedelta(hours=1)
    approve(store, on(date(2026, 5, 6), attended=3, group="disabled"))
    text = told(store).text
    assert "活动1场次" in text
    assert "参加" not in text


def test_the_review_report_leaves_blanks_for_what_only_people_know(filled: Outreach) -> None:
    draft = performance(material(filled), "公安局")
    order = [draft.text.index(f"{n}、") for n in "一二三四五六"]
    assert order == sorted(order)
    assert "主办法治宣传教育活动2场次，参加135人次，参与其他单位主办的活动1场次。" in draft.text
    assert draft.text.count("（请填写）") >= 6
    assert "展板1场次" in draft.text
    with pytest.raises(UsageError, match="责任清单里没有"):
        performance(material(filled), "太空局")


@pytest.mark.slow
@settings(
    deadline=None,
    max_examples=examples(6),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(numbers=reports())
def test_the_section_agrees_with_a_slow_recount(
    fresh: Callable[[], Outreach], numbers: list[list[Report]]
) -> None:
    store = fresh()
    held = standing(numbers)
    approve(store, *held)
    draft = told(store)
    found = {figure.id: figure.value for figure in draft.figures}
    public = [each for each in held if each.kind == "activity"]
    assert found.get("activities", 0) == len(public)
    assert found.get("trainings", 0) == len(held) - len(public)
    given_books = [
        each.quantity
        for one in held
        for each in one.materials
        if each.unit == "册" and not each.donated
    ]
    assert found.get("books", 0) == sum(given_books)
    if all((one.attended or 9) > 4 for one in held):
        attended = sum(one.attended or 0 for one in public)
        assert found.get("offline_person_times@sort=活动", 0) == attended
