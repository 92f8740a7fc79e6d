"""An independent recount of the figures, slow and in plain Python: no SQL, no shared code.

It reads the domain specification, not the product: 咨询 = same resident + same channel + gap under
30 minutes, at least one in-scope answer or referral; counted where it starts (Shanghai time).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import date, timedelta
from itertools import product
from zoneinfo import ZoneInfo

from outreach.events import Event

ZONE = ZoneInfo("Asia/Shanghai")
Figures = dict[tuple[str, ...], dict[str, int]]


def recount(standing: Iterable[Event], first: date, last: date, by: Sequence[str]) -> Figures:
    """Consultations, residents, referrals and gaps by dimension values."""
    ours = [e for e in standing if e.source == "bot" and e.in_scope and e.type != "feedback"]
    ours = [e for e in ours if not (e.type == "referral" and e.result == "tapped")]
    people: dict[tuple[str, ...], set[str | None]] = defaultdict(set)
    figures: Figures = defaultdict(
        lambda: {"consultations": 0, "online_residents": 0, "referrals": 0, "gaps": 0}
    )

    def inside(event: Event) -> bool:
        return first <= event.at.astimezone(ZONE).date() <= last

    for session in _sessions(ours):
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
                figures[values]["referrals" if event.type == "referral" else "gaps"] += 1
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
            choices.append([getattr(head, name) or "—"])
    return list(product(*choices))
