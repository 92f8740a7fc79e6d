"""The simulated county-year: duties, 普法提示, quizzes, insight, and each figure's rows."""

from __future__ import annotations

import json
import re
from collections import Counter
from datetime import date
from functools import cache
from typing import Any

import pytest

from outreach.insight import insight
from outreach.report import trace
from settings import SHANGHAI
from tests.outreach import slow_duties, slow_insight
from tests.outreach.county_year import DUTIES, FIRST, LAST, NOW, Lived, label
from tests.outreach.slow_duties import Item

pytestmark = pytest.mark.slow
TODAY = NOW.astimezone(SHANGHAI).date()


@pytest.fixture(scope="module")
def exported(lived: Lived, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Each kind of export as JSON, once."""
    folder = tmp_path_factory.mktemp("exports")

    @cache
    def told(kind: str) -> dict[str, Any]:
        out = folder / f"{kind}.json"
        given: dict[str, Any] = {"format": "json", "exporter": "李", "as_of": NOW}
        lived.store.export(out, kind=kind, start=FIRST, end=LAST, **given)
        found: dict[str, Any] = json.loads(out.read_text(encoding="utf-8"))
        return found

    return told


@pytest.fixture(scope="module")
def owed(lived: Lived) -> list[Item]:
    return slow_duties.items(lived.raw, FIRST, LAST, TODAY)


@pytest.fixture(scope="module")
def told(lived: Lived) -> dict[str, dict[str, Any]]:
    return slow_duties.notices(lived.raw, TODAY)


def test_every_cell_of_the_duties(exported: Any, owed: list[Item], told: dict[str, Any]) -> None:
    shown = exported("duties")["tables"][0]["rows"]
    reminded: dict[tuple[str, str], list[str]] = {}
    for number, one in told.items():
        for key, _ in one["owed"]:
            reminded.setdefault((one["organ"], key), []).append(number)
    counted = [
        {
            "责任单位": item.organ,
            "应办事项": item.name,
            "开始": item.start.isoformat(),
            "最后一天": item.end.isoformat(),
            "应办数": 1,
            "已办数": item.done,
            "办理情况": item.shown,
            "普法提示": "、".join(reminded.get((item.organ, f"{item.node}/{item.start}"), ())),
        }
        for item in owed
    ]
    names = counted[0].keys()
    assert _sorted([{name: row[name] for name in names} for row in shown]) == _sorted(counted)
    assert {item.shown for item in owed} >= {"已办", "未办", "逾期"}


def _sorted(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(rows, key=lambda row: json.dumps(row, sort_keys=True))


def test_every_cell_of_the_notices(exported: Any, told: dict[str, Any]) -> None:
    shown = exported("duties")["tables"][1]["rows"]

    def step(one: dict[str, Any], state: str) -> str:
        day, who = one["at"].get(state, ("", ""))
        return f"{day} {who}".strip()

    counted = [
        {
            "编号": number,
            "责任单位": one["organ"],
            "提示事项": "\n".join(f"{n}. {name}" for n, (_, name) in enumerate(one["owed"], 1)),
            "拟稿": step(one, "drafted"),
            "发出": step(one, "sent"),
            "反馈期限": str(one["deadline"]),
            "反馈": step(one, "feedback"),
            "反馈内容": one.get("feedback", ""),
            "反馈佐证": "",
            "办结": step(one, "closed"),
            "核实意见": one.get("closed", ""),
            "现状": one["shown"],
        }
        for number, one in told.items()
    ]
    assert shown == counted
    states = {one["shown"] for one in told.values()}
    assert {"已拟稿", "已发出（逾期未反馈）", "已办结"} <= states


def test_duties_and_notices_of_the_units_and_nodes(
    exported: Any, owed: list[Item], told: dict[str, Any]
) -> None:
    document = exported("organs")
    sent = [one for one in told.values() if "sent" in one["at"]]
    for row in (*document["rows"], document["total"]):
        whole = row["责任单位"] == "合计"
        mine = [item for item in owed if whole or item.organ == row["责任单位"]]
        ours = [one for one in sent if whole or one["organ"] == row["责任单位"]]
        closed = sum(one["state"] == "closed" for one in ours)
        assert row["提示单(收/结)"] == f"{len(ours)}/{closed}"
        if row["应办任务"] != "—":
            states = Counter(item.state for item in mine)
            counts = [row[name] for name in ("应办任务", "已办", "逾期")]
            assert counts == [len(mine), states["已办"], states["逾期"]], row["责任单位"]
        else:
            assert not mine
    for row in exported("nodes")["rows"]:
        if row["任务数"] != "—":
            mine = [item for item in owed if item.name == row["节点"]]
            done = sum(item.state == "已办" for item in mine)
            assert (row["任务数"], row["完成"]) == (len(mine), done), row["节点"]


def test_the_quiz_rate_of_every_unit(exported: Any, lived: Lived) -> None:
    document = exported("organs")
    answers = [e for e in lived.raw.events if e.type == "quiz_answer" and e.source == "bot"]
    answers = [e for e in answers if FIRST <= e.at.astimezone(SHANGHAI).date() <= LAST]
    assert len(answers) > 100
    for row in (*document["rows"], document["total"]):
        mine = [e for e in answers if row["责任单位"] in ("合计", e.organ)]
        right = sum(e.result == "right" for e in mine)
        rate = round(right / len(mine), 4) if mine else "—"
        assert row["首答正确率"] == rate, row["责任单位"]


def test_every_cell_of_the_insight(lived: Lived) -> None:
    store = lived.store
    found = insight(store.database, store.codes(), DUTIES.calendar, FIRST, LAST, NOW).to_json()
    tables = [(slow_insight.asked, table) for table in found["asked"]]
    tables += [(slow_insight.missed, table) for table in found["unanswered"]["tables"]]
    shown = 0
    for count, table in tables:
        by = tuple(table["by"])
        cells = count(lived.raw, FIRST, LAST, by, label)
        for row in table["rows"]:
            assert [row["times"], row["people"]] == cells[tuple(row[name] for name in by)], row
            assert row["people"] >= 5
        assert len(table["rows"]) + table["withheld"] == len(cells), by
        shown += len(table["rows"])
    assert shown > 100
    topics = slow_insight.asked(lived.raw, FIRST, LAST, ("topic",), label)
    for each in found["suggestions"]["topics"]:
        held = sum(
            one.kind == "activity" and one.topic == each["topic"] and FIRST <= one.first <= LAST
            for one in lived.raw.activities
        )
        people = topics[each["topic"],][1]
        score = people / (1 + held) * (2 if each["nodes"] else 1)
        assert (each["people"], each["activities"]) == (people, held)
        assert each["score"] == round(score, 2)
    months = []
    for name in ("month", "before"):
        first, last = (date.fromisoformat(day) for day in found["rises"][name])
        months.append(slow_insight.asked(lived.raw, first, last, ("topic",), label))
    for each in found["rises"]["topics"]:
        now, before = (month.get((each["topic"],), [0, 0])[1] for month in months)
        told = "<5" if before < 5 else before
        assert (each["people"], each["people_before"]) == (now, told)


def test_every_number_of_the_paragraph_opens_to_its_rows(
    exported: Any, lived: Lived, owed: list[Item], told: dict[str, Any]
) -> None:
    drafts = exported("report")["drafts"]
    opened = 0
    for draft in drafts:
        figures = {figure["id"]: figure for figure in draft["figures"]}
        values = Counter(str(figure["value"]) for figure in figures.values())
        text = draft["text"].partition("优先安排下列主题。")[0]
        text = re.sub(r"\d+年\d+月的线下活动", "", text)
        numbers = re.findall(r"\d+", text)
        # Every number in the words is a figure's, and there is none without a footnote.
        assert set(numbers) == set(values), set(numbers) ^ set(values)
        for name, figure in figures.items():
            found = trace(lived.store.database, DUTIES, name, FIRST, LAST, NOW)
            assert found.figure.value == figure["value"], name
            assert found.rows or not figure["value"], name
            if found.column is None:
                assert len(found.rows) == figure["value"], name
            elif found.sums:
                place = found.columns.index(found.column)
                assert sum(int(row[place] or 0) for row in found.rows) == figure["value"], name
            opened += 1
    assert opened > 30
    states = Counter(item.state for item in owed)
    sent = [one for one in told.values() if "sent" in one["at"]]
    expected = {
        "duties.due": len(owed),
        "duties.done": states["已办"],
        "duties.open": states["未办"],
        "duties.overdue": states["逾期"],
        "duties.late": sum(item.shown.endswith("补办）") for item in owed),
        "notices.sent": len(sent),
        "notices.feedback": sum("feedback" in one["at"] for one in sent),
        "notices.closed": sum("closed" in one["at"] for one in sent),
        "notices.overdue": sum(one["late"] for one in sent),
    }
    shown = {f["id"]: f["value"] for f in drafts[0]["figures"] if f["id"] in expected}
    assert shown == {name: expected[name] for name in shown}
    assert len(shown) > 5
