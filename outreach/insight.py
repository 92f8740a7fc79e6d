"""问需: what residents ask, what rose, what next month's activities should take (art. 53 精准普法).

Nothing here is about a person: a cell needs five of them (see :meth:`Tally.shown`). A topic *rose*
when the lower bound of the ratio of people per day against the month before is above 1: the share
of both months' people that this month has is binomial where nothing changed, its interval is
Wilson's with continuity correction (Newcombe, Statistics in Medicine 17 (1998), 857–872, method 4)
at 95 % for all topics together (Bonferroni). What is recommended follows one rule that anybody can
do by hand: see :data:`RULE`.
"""

from __future__ import annotations

import calendar
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import inf, sqrt
from statistics import NormalDist
from typing import Any

from knowledge.calendar import Calendar, Occurrence
from knowledge.lunar import YEARS
from outreach import sealing, statistics
from outreach.codes import Codes
from outreach.consultations import Window
from outreach.database import Database
from outreach.insight_counts import BLANK, Counted, Tally
from outreach.small_cells import LEAST
from settings import SHANGHAI

CONFIDENCE = 0.95
NODE_FACTOR = 2
MOST = 10  # recommended topics
MOST_ARTICLES = 3
RULE = (
    "得分＝提问人数×1÷（1＋线下场次）×节点系数。提问人数：统计期间就该主题咨询过的不重复居民"
    f"（按渠道内去重，不足{LEAST}人的主题不列）；线下场次：统计期间经审核的该主题线下活动"
    f"（不含培训）；节点系数：下月有该主题的普法节点为{NODE_FACTOR}，没有为1。"
)
RISE = (
    "上升：本月提问人数（不重复居民）与上月同样天数相比，每日人数之比的95%置信区间"
    "（Wilson 连续性校正，各主题合并按 Bonferroni 校正）下限大于1；"
    f"本月不足{LEAST}人的主题不比；上月不足{LEAST}人的按{LEAST - 1}人从严计算。"
)
PEOPLE = (
    "提问人数：统计期间就该主题咨询过的不重复居民（按渠道内去重）；"
    f"不足{LEAST}人的主题，以及能由合计推算出它的另一项，不列出。"
)
TOPIC, LAW, ARTICLE = ("topic",), ("law",), ("law", "article")


@dataclass(frozen=True, slots=True)
class Asked:
    """A table: cells (values in the order of ``by``, 人次, 人数), and how many are withheld."""

    by: tuple[str, ...]
    rows: tuple[tuple[tuple[str, ...], int, int], ...]
    withheld: int

    def to_json(self) -> dict[str, Any]:
        """The table by dimension names."""
        return {
            "by": list(self.by),
            "rows": [
                {**dict(zip(self.by, key, strict=True)), "times": times, "people": people}
                for key, times, people in self.rows
            ],
            "withheld": self.withheld,
        }


@dataclass(frozen=True, slots=True)
class Rise:
    """A topic's people this month and the month before; ``before`` None: fewer than five.

    ``ratio``, ``lower`` and ``upper`` are of people per day; with ``before`` None the least.
    """

    topic: str
    now: int
    before: int | None
    ratio: float
    lower: float
    upper: float

    @property
    def rose(self) -> bool:
        """Whether it is more than chance."""
        return self.lower > 1


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A topic for next month's activities, with all that its score is made of."""

    topic: str
    people: int
    activities: int
    nodes: tuple[str, ...]
    score: float
    organ: str
    articles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Insight:
    """What residents of a county, or of one town, need; ``texts`` only where they agreed."""

    window: Window
    town: str | None
    tables: tuple[Asked, ...]
    gaps: tuple[Asked, ...]
    gap_times: int
    texts: tuple[tuple[str, int], ...]
    months: tuple[Window, Window]
    compared: tuple[Rise, ...]
    suggestions: tuple[Suggestion, ...]
    next_month: str

    @property
    def rises(self) -> tuple[Rise, ...]:
        """The topics that rose, most surely first."""
        return tuple(each for each in self.compared if each.rose)

    def table(self, *by: str) -> Asked:
        """The table with these dimensions."""
        return next(each for each in self.tables if each.by == by)

    def to_json(self) -> dict[str, Any]:
        """Everything, with the rules."""
        now, before = self.months
        return {
            "from": self.window.first.isoformat(),
            "to": self.window.last.isoformat(),
            "as_of": self.window.as_of.astimezone(SHANGHAI).isoformat(),
            "town": self.town,
            "least_people": LEAST,
            "asked": [each.to_json() for each in self.tables],
            "unanswered": {
                "times": self.gap_times,
                "tables": [each.to_json() for each in self.gaps],
                "texts": [{"text": text, "times": times} for text, times in self.texts],
            },
            "rises": {
                "month": [now.first.isoformat(), now.last.isoformat()],
                "before": [before.first.isoformat(), before.last.isoformat()],
                "rule": RISE,
                "topics": [
                    {
                        "topic": each.topic,
                        "people": each.now,
                        "people_before": f"<{LEAST}" if each.before is None else each.before,
                        "ratio": round(each.ratio, 2),
                        "interval": [
                            round(each.lower, 2),
                            None if each.upper == inf else round(each.upper, 2),
                        ],
                        "rose": each.rose,
                    }
                    for each in self.compared
                ],
            },
            "suggestions": {
                "month": self.next_month,
                "rule": RULE,
                "topics": [
                    {
                        "topic": each.topic,
                        "people": each.people,
                        "activities": each.activities,
                        "nodes": list(each.nodes),
                        "score": round(each.score, 2),
                        "organ": each.organ,
                        "articles": list(each.articles),
                    }
                    for each in self.suggestions
                ],
            },
        }


def insight(
    database: Database,
    codes: Codes,
    calendar_: Calendar,
    start: date,
    end: date,
    as_of: datetime,
    town: str | None = None,
) -> Insight:
    """Count what was asked on the days [start, end] of Asia/Shanghai and what follows from it.

    Args:
        database: the store.
        codes: the county's lists, for the names of towns.
        calendar_: the nodes of next month.
        start: first day.
        end: last day; its month is compared with the one before and decides the next.
        as_of: 数据截止时间, aware.
        town: a town's key; None for the county.

    Raises:
        UsageError: the window ends before it begins.
    """
    window = Window(start, end, as_of)
    places: tuple[tuple[str, ...], ...] = (("month",),) if town else (("town",), ("month",))
    wide = ((), *places)

    def dimensions(*names: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
        return tuple((*place, *name) for name in names for place in wide)

    sealing.ensure(database, window)
    with database.read() as connection:
        counted = Counted(connection, window, town)
        asked = Tally((*dimensions(TOPIC), ("topic", "organ"))).fill(counted.topics())
        laws = Tally(dimensions(LAW)).fill(counted.laws())
        articles = Tally((*dimensions(ARTICLE), ("topic", *ARTICLE))).fill(counted.articles())
        gaps = Tally(dimensions(TOPIC)).fill(counted.gaps())
        texts = counted.texts()
        months = _months(window)
        compared = [
            Tally((TOPIC,)).fill(Counted(connection, each, town).topics()) for each in months
        ]
    tables = [
        _asked(tally, names, codes)
        for tally, kinds in ((asked, (TOPIC,)), (laws, (LAW,)), (articles, (ARTICLE,)))
        for names in dimensions(*kinds)
    ]
    ahead = _next_month(end)
    by = ("topic", "town") if town else ("topic",)
    held = statistics.stats(database, start, end, by, as_of, codes=codes)
    activities = {
        row.by["topic"]: int(row.measures["activities"] or 0)
        for row in held.rows
        if not town or row.by["town"] == codes.label("town", town)
    }
    return Insight(
        window=window,
        town=codes.label("town", town) if town else None,
        tables=tuple(tables),
        gaps=tuple(_asked(gaps, names, codes) for names in dimensions(TOPIC)),
        gap_times=sum(gaps.times[TOPIC].values()),
        texts=tuple(texts),
        months=months,
        compared=_compared(compared[0], compared[1], months),
        suggestions=_suggested(asked, articles, activities, _nodes(calendar_, ahead)),
        next_month=f"{ahead.year:04d}-{ahead.month:02d}",
    )


def _asked(tally: Tally, names: tuple[str, ...], codes: Codes) -> Asked:
    rows, withheld = tally.shown(names)
    if names[0] == "month":
        rows = sorted(rows, key=lambda each: each[0][0])
    named = tuple(
        (tuple(map(codes.label, names, key)) if names[0] == "town" else key, times, people)
        for key, times, people in rows
    )
    return Asked(names, named, withheld)


def _months(window: Window) -> tuple[Window, Window]:
    """The last month of the window so far, and the same days of the month before."""
    last = window.last
    first = last.replace(day=1)
    before = first - timedelta(days=1)
    whole = last.day == calendar.monthrange(last.year, last.month)[1]
    until = before if whole else before.replace(day=min(last.day, before.day))
    return (
        Window(first, last, window.as_of),
        Window(before.replace(day=1), until, window.as_of),
    )


def _compared(now: Tally, before: Tally, months: tuple[Window, Window]) -> tuple[Rise, ...]:
    """Topics that enough people asked about this month, against the month before."""
    shown, _ = now.shown(TOPIC)
    days = [(each.last - each.first).days + 1 for each in months]
    found = []
    for key, _, people in shown:
        if key == (BLANK,):
            continue
        earlier = before.people[TOPIC][key]
        few = earlier < LEAST
        least = LEAST - 1 if few else earlier
        lower, upper = share_interval(people, least, tests=len(shown))
        scale = days[1] / days[0]
        ratio = people / least * scale
        found.append(
            Rise(key[0], people, None if few else earlier, ratio, *_odds(lower, upper, scale))
        )
    return tuple(sorted(found, key=lambda each: (-each.lower, each.topic)))


def _odds(lower: float, upper: float, scale: float) -> tuple[float, float]:
    return lower / (1 - lower) * scale, upper / (1 - upper) * scale if upper < 1 else inf


def share_interval(one: int, other: int, *, tests: int = 1) -> tuple[float, float]:
    """Wilson's interval with continuity correction for the share one / (one + other).

    Args:
        one: a count.
        other: another count; not both are 0.
        tests: how many such intervals hold together at :data:`CONFIDENCE` (Bonferroni).
    """
    n = one + other
    z = NormalDist().inv_cdf(1 - (1 - CONFIDENCE) / (2 * max(1, tests)))
    p = one / n
    below = z * z - 2 - 1 / n + 4 * p * (n * (1 - p) + 1)
    above = z * z + 2 - 1 / n + 4 * p * (n * (1 - p) - 1)
    wide = 2 * (n + z * z)
    lower = 0.0 if one == 0 else (2 * n * p + z * z - 1 - z * sqrt(max(0.0, below))) / wide
    upper = 1.0 if other == 0 else (2 * n * p + z * z + 1 + z * sqrt(max(0.0, above))) / wide
    return max(0.0, lower), min(1.0, upper)


def _next_month(day: date) -> date:
    return (day.replace(day=28) + timedelta(days=4)).replace(day=1)


def _nodes(calendar_: Calendar, first: date) -> dict[str, list[Occurrence]]:
    """The nodes that run in a month, by topic."""
    last = first.replace(day=calendar.monthrange(first.year, first.month)[1])
    found: dict[str, list[Occurrence]] = {}
    for year in (first.year - 1, first.year):
        for each in calendar_.occurrences(year) if year in YEARS else ():
            if each.start <= last and each.end >= first:
                found.setdefault(each.node.topic.name, []).append(each)
    return found


def _suggested(
    asked: Tally,
    articles: Tally,
    activities: dict[str, int],
    nodes: dict[str, list[Occurrence]],
) -> tuple[Suggestion, ...]:
    organs: dict[str, Counter[str]] = {}
    for (topic, organ), people in asked.people["topic", "organ"].items():
        organs.setdefault(topic, Counter())[organ] += people
    cited: dict[str, list[str]] = {}
    for (topic, law, article), _, _ in articles.shown(("topic", *ARTICLE))[0]:
        cited.setdefault(topic, []).append(f"《{law}》{article}")
    found = []
    for (topic,), _, people in asked.shown(TOPIC)[0]:
        if topic == BLANK:
            continue
        held, coming = activities.get(topic, 0), nodes.get(topic, [])
        factor = NODE_FACTOR if coming else 1
        found.append(
            Suggestion(
                topic=topic,
                people=people,
                activities=held,
                nodes=tuple(dict.fromkeys(each.node.name for each in coming)),
                score=people / (1 + held) * factor,
                organ=coming[0].node.lead if coming else _most(organs[topic]),
                articles=tuple(cited.get(topic, ())[:MOST_ARTICLES]),
            )
        )
    return tuple(sorted(found, key=lambda each: (-each.score, each.topic))[:MOST])


def _most(counted: Counter[str]) -> str:
    return min(counted, key=lambda name: (-counted[name], name))
