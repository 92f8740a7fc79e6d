"""An independent recount of the figures, slow and in plain Python: no SQL, no shared code.

Offline: 场次 and 期 are the host's, 参与场次 the others'; people and each unit are sums apart.

It reads the domain specification, not the product: 咨询 = same resident + same channel + gap under
30 minutes, at least one in-scope answer or referral; counted where it starts (Shanghai time).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from outreach.activities import Activity
from outreach.events import Event

ZONE = ZoneInfo("Asia/Shanghai")
Figures = dict[tuple[str, ...], dict[str, int]]
HAPPENED = {"referral": "referrals", "gap": "gaps", "quiz": "quiz_attempts"}


def recount(standing: Iterable[Event], first: date, last: date, by: Sequence[str]) -> Figures:
    """Consultations, residents, referrals, gaps and quiz attempts by dimension values."""
    ours = [e for e in standing if e.source == "bot" and e.in_scope and e.type != "feedback"]
    ours = [e for e in ours if not (e.type == "referral" and e.result == "tapped")]
    people: dict[tuple[str, ...], set[str | None]] = defaultdict(set)
    figures: Figures = defaultdict(
        lambda: dict.fromkeys(("consultations", "online_residents", *HAPPENED.values()), 0)
    )

    def inside(event: Event) -> bool:
        return first <= event.at.astimezone(ZONE).date() <= last

    for session in _sessions([e for e in ours if e.type in ("answer", "referral", "gap")]):
        told = [e for e in session if e.type in ("answer", "referral")]
        if not told or not inside(session[0]):
            continue
        cited = {article.law for e in session for article in e.articles}
        for values in _values(told[0], session[0], cited, by):
            figures[values]["consultations"] += 1
            people[values].add(told[0].resident)
    for event in ours:
        if event.type != "answer" and inside(event):
            cited = {article.law for article in event.articles}
            for values in _values(event, event, cited, by):
                row = figures[values]
                if event.type in HAPPENED:  # a scored answer alone makes a row, and counts nothing
                    row[HAPPENED[event.type]] += 1
    for values, keys in people.items():
        figures[values]["online_residents"] = len(keys)
    return dict(figures)


def _sessions(events: list[Event]) -> list[list[Event]]:
    sessions: list[list[Event]] = []
    open_: dict[tuple[str | None, str], list[Event]] = {}
    for event in sorted(events, key=lambda e: (e.at, e.type, e.key)):
        lane = (event.resident, event.channel)
        if lane in open_ and event.at - open_[lane][-1].at < timedelta(minutes=30):
            open_[lane].append(event)
        else:
            open_[lane] = [event]
            sessions.append(open_[lane])
    return sessions


def _values(head: Event, start: Event, cited: set[str], by: Sequence[str]) -> list[tuple[str, ...]]:
    choices: list[list[str]] = []
    for name in by:
        if name == "law":
            choices.append(sorted(cited) or ["—"])
        elif name == "month":
            choices.append([start.at.astimezone(ZONE).strftime("%Y-%m")])
        else:
            choices.append([getattr(head, COLUMN.get(name, name)) or "—"])
    return list(product(*choices))


COLUMN = {"group": "target_group"}
UNIT_NAMES = {
    ("份", False): "leaflets",
    ("册", False): "books",
    ("条", False): "banners",
    ("块", False): "boards",
    ("件", False): "goods",
    ("台", False): "vehicles",
    ("份", True): "donated_leaflets",
    ("册", True): "donated_books",
    ("件", True): "donated_goods",
}
OFFLINE = (
    *("activities", "trainings", "joint_participations", "offline_person_times"),
    *("training_person_times", "estimated_person_times", "offline_consultations"),
    *UNIT_NAMES.values(),
)


def recount_offline(
    counting: Iterable[Activity], first: date, last: date, by: Sequence[str]
) -> Figures:
    """Offline measures by dimension values, of the activities that are approved and stand."""
    figures: Figures = defaultdict(lambda: dict.fromkeys(OFFLINE, 0))
    for one in counting:
        if not first <= one.first <= last:
            continue
        for values in _offline_values(one, one.organ, by):
            row = figures[values]
            row["activities" if one.kind == "activity" else "trainings"] += 1
            row["offline_person_times"] += one.attended or 0
            if one.kind == "training":
                row["training_person_times"] += one.attended or 0
            if one.method == "estimate":
                row["estimated_person_times"] += one.attended or 0
            row["offline_consultations"] += one.consulted or 0
            for material in one.materials:
                row[UNIT_NAMES[material.unit, material.donated]] += material.quantity
        for other in one.joint:
            for values in _offline_values(one, other, by):
                figures[values]["joint_participations"] += 1
    return dict(figures)


def _offline_values(one: Activity, organ: str, by: Sequence[str]) -> list[tuple[str, ...]]:
    choices: list[list[str]] = []
    for name in by:
        if name == "law":
            choices.append(list(one.laws) or ["—"])
        elif name == "month":
            choices.append([f"{one.first.year}-{one.first.month:02d}"])
        else:
            special = {"organ": organ, "channel": "offline"}
            choices.append([special.get(name) or getattr(one, name, None) or "—"])
    return list(product(*choices))
