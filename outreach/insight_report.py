"""群众法律需求: the insight as a section of the report, and where its numbers come from."""

from __future__ import annotations

from datetime import date, datetime

from errors import UsageError
from knowledge.calendar import Calendar
from outreach import statistics
from outreach.codes import county_codes
from outreach.database import Database
from outreach.figures import Figure, Trace
from outreach.insight import PEOPLE, RULE, TOPIC, Insight, insight
from outreach.passages import Draft, Grid, Passage, Piece, clause, sentence
from outreach.small_cells import FEW
from outreach.statistics import DEFINITIONS

MOST_TOPICS, MOST_ROWS = 5, 6
PREFIX = "insight"
_NONE = "—"


def demand(found: Insight) -> Draft | None:
    """The section on what residents ask and what next month should take; None without data.

    Figures count people of topics with five or more, so that no sentence is about a few.
    """
    topics = [row for row in found.table(*TOPIC).rows if row[0][0] != _NONE][:MOST_TOPICS]
    asked = sentence(
        *(clause(key[0], people_figure(key[0], people)) for key, _, people in topics),
        opening="群众咨询较多的主题：",
    )
    rose = [each.topic for each in found.rises]
    risen = (f"与上月同期相比，咨询人数明显增加的主题：{'、'.join(rose)}。",) if rose else ()
    missed = (
        sentence(clause("有", _gaps(found.gap_times), "提问库内没有合适的条文"))
        if (found.gap_times)
        else ()
    )
    pieces: tuple[Piece, ...] = (*asked, *risen, *missed)
    if not pieces:
        return None
    year, month = (int(part) for part in found.next_month.split("-"))
    blocks: list[Passage | Grid] = [
        Passage("heading", ("群众法律需求分析（精准普法参考）",)),
        Passage("body", pieces),
    ]
    if rose:
        risen_rows = tuple(
            (
                *(each.topic, f"{each.now}人"),
                FEW if each.before is None else f"{each.before}人",
                ("至少" if each.before is None else "")
                + f"{each.ratio:.1f}（{each.lower:.1f}—{each.upper:.1f}）",
            )
            for each in found.rises[:MOST_ROWS]
        )
        head = ("上升的主题", "本月", "上月同期", "每日人数之比（95%区间）")
        blocks.append(Grid(head, risen_rows, (0.28, 0.2, 0.2, 0.32)))
    if found.suggestions:
        words = (
            f"{year}年{month}月的线下活动，建议按法治宣传教育法第五十三条精准普法的要求，"
            f"优先安排下列主题。{RULE}"
        )
        blocks.append(Passage("body", (words,)))
        rows = tuple(
            (
                *(each.topic, f"{each.people}人", str(each.activities)),
                *("、".join(each.nodes) or _NONE, f"{each.score:.1f}", each.organ),
            )
            for each in found.suggestions[:MOST_ROWS]
        )
        heads = ("主题", "提问人数", "线下场次", "下月节点", "得分", "建议牵头单位")
        blocks.append(Grid(heads, rows, (0.16, 0.13, 0.13, 0.26, 0.12, 0.2)))
    return Draft(found.window, tuple(blocks))


def people_figure(topic: str, people: int) -> Figure:
    """How many people asked about a topic."""
    return Figure(f"{PREFIX}.people@topic={topic}", people, "人", PEOPLE, (("topic", topic),))


def _gaps(times: int) -> Figure:
    return Figure(f"{PREFIX}.gaps", times, "次", DEFINITIONS["gaps"])


def trace_insight(
    database: Database, calendar: Calendar, text: str, start: date, end: date, as_of: datetime
) -> Trace:
    """The statistics' rows behind a figure of this section.

    Raises:
        UsageError: there is no such figure, or nothing in it.
    """
    found = insight(database, county_codes(), calendar, start, end, as_of)
    # More than the paragraph names: whatever the tables and `insight` show can be asked for.
    known = [people_figure(key[0], people) for key, _, people in found.table(*TOPIC).rows]
    known += [_gaps(found.gap_times)] if found.gap_times else []
    figure = next((each for each in known if each.id == text.strip()), None)
    if figure is None:
        raise UsageError(f"{start} 至 {end} 没有这个数字：{text}")
    by = ("month", "organ", "topic")
    table = statistics.stats(database, start, end, by, as_of)
    if figure.unit == "次":
        rows = [(*r.by.values(), r.measures["gaps"]) for r in table.rows if r.measures["gaps"]]
        name = figure.name
        return Trace(figure, (*by, name), tuple(rows), sums=True, column=name)
    topic = dict(figure.where)["topic"]
    people = [
        (*row.by.values(), row.measures["consultations"], row.measures["online_residents"])
        for row in table.rows
        if row.by["topic"] == topic and row.measures["consultations"]
    ]
    return Trace(
        figure, (*by, "咨询人次", "线上人数"), tuple(people), sums=False, column="线上人数"
    )
