"""An independent recount of pushes from the raw rows: plain Python loops, no product code.

It reads the definitions (推送、送达、点击人数、退订、48小时内的咨询), not the program: what was
tried is what the platform took and what it refused or did not answer; a click is a resident's
first; nothing is put in the place of another number.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from math import sqrt
from typing import Any

from tests.outreach.raw_rows import ZONE, Labels, Raw, consultations
from tests.outreach.recount import COLUMN, Figures

PUSHED = ("pushed", "delivered", "clicked_residents")
IN_VAIN = ("failed", "blocked", "unknown")
LATER = timedelta(hours=48)
STATES = {"finished": "已发完", "recalled": "已撤回", "sending": "发送中", "missed": "已错过"}


def recount(raw: Raw, first: date, last: date, by: Sequence[str], as_of: datetime) -> Figures:
    """Pushes, deliveries and residents who clicked by dimension values."""
    figures: Figures = defaultdict(lambda: dict.fromkeys(PUSHED, 0))
    people: dict[tuple[str, ...], set[int]] = defaultdict(set)
    for event in raw.events:
        day = event.at.astimezone(ZONE).date()
        if event.type not in ("delivery", "click") or not first <= day <= last:
            continue
        values = _values(event, day, by)
        row = figures[values]
        if event.type == "delivery":
            row["pushed"] += 1
            row["delivered"] += 1
        else:
            people[values].add(event.resident)
    for row in raw.deliveries:
        if row.state not in IN_VAIN or row.done > as_of:
            continue
        day = row.done.astimezone(ZONE).date()
        if first <= day <= last:
            about = raw.campaigns[row.campaign]
            told = {name: getattr(about, name) for name in ("organ", "topic", "node")}
            told |= {"channel": row.channel, "campaign": row.campaign}
            figures[_values(told, day, by)]["pushed"] += 1
    for values, keys in people.items():
        figures[values]["clicked_residents"] = len(keys)
    return dict(figures)


def _values(about: Any, day: date, by: Sequence[str]) -> tuple[str, ...]:
    known = about if isinstance(about, dict) else vars(about)
    special = {"month": f"{day.year}-{day.month:02d}", "law": "—"}
    found = (special.get(name) or known.get(COLUMN.get(name, name)) for name in by)
    return tuple(value or "—" for value in found)


def sheet(raw: Raw, first: date, last: date, label: Labels, as_of: datetime) -> list[Any]:
    """The rows of 推送活动表."""
    counted = recount(raw, first, last, ["campaign"], as_of)
    quizzes: dict[str, list[Any]] = defaultdict(list)
    for e in raw.events:
        day = e.at.astimezone(ZONE).date()
        if e.type in ("quiz", "quiz_answer") and e.source == "bot" and first <= day <= last:
            quizzes[e.campaign or "—"].append(e)
    rows = []
    for id_, about in sorted(raw.campaigns.items()):
        numbers = counted.get((id_,), dict.fromkeys(PUSHED, 0))
        answers = [e.result == "right" for e in quizzes[id_] if e.type == "quiz_answer"]
        attempts = sum(e.type == "quiz" for e in quizzes[id_])
        replied = any(e.campaign == id_ for _, e, _ in consultations(raw, first, last))
        if not (any(numbers.values()) or quizzes[id_] or replied):
            continue
        pushed, delivered, clicked = (numbers[name] for name in PUSHED)
        rows.append(
            {
                "编号": id_,
                "活动": about.title,
                "责任单位": about.organ,
                "节点": label("node", about.node) if about.node else "—",
                "状态": STATES[about.state],
                "推送": pushed,
                "送达": delivered,
                "触达率": round(delivered / pushed, 6) if pushed else "—",
                "点击人数": clicked,
                "点击率": round(clicked / delivered, 6) if delivered else "—",
                "答题人次": attempts,
                "首答正确率": round(sum(answers) / len(answers), 4) if answers else "—",
            }
        )
    return rows


def status(raw: Raw, id_: str) -> dict[str, Any]:
    """What ``campaign status --json`` says, apart from words."""
    rows = [row for row in raw.deliveries if row.campaign == id_]
    states = Counter(row.state for row in rows)
    took = [row for row in rows if _took(row)]
    attempted = len(took) + sum(row.state in IN_VAIN for row in rows)
    until = {row.resident: row.done for row in took}
    replies: list[str] = []
    for began, head in _consultations(raw):
        key = raw.people.get(head.resident)
        if key and key in until and until[key] <= began < until[key] + LATER:
            replies.append(key)
    quizzes = [
        e
        for e in raw.events
        if e.type in ("quiz", "quiz_answer") and e.source == "bot" and e.in_scope
        if (key := raw.people.get(e.resident)) in until and until[key] <= e.at < until[key] + LATER
    ]
    answers = [e.result == "right" for e in quizzes if e.type == "quiz_answer"]
    clicked = [row for row in rows if row.clicked_at is not None]
    about = raw.campaigns[id_]
    left = sum(_last_before_leaving(raw, row.resident) == row.id for row in took)
    variants = {
        name: {
            "audience": sum(row.variant == name for row in rows),
            "sent": sum(row.variant == name for row in took),
            "clicked": sum(row.variant == name for row in took if row.clicked_at is not None),
        }
        for name in ("a", "b")
        if any(row.variant == name for row in rows)
    }
    return {
        "id": id_,
        "state": about.state,
        "kind": about.kind,
        "title": about.title,
        "urgent": bool(about.urgent),
        "pause_reason": about.pause_reason,
        "audience": len(rows),
        **{name: states[name] for name in ("queued", "claimed", "sent", "blocked", "unknown")},
        **{name: states[name] for name in ("opted_out", "recalled", "expired")},
        "failed": dict(Counter(row.reason for row in rows if row.state == "failed")),
        "attempted": attempted,
        "delivered": len(took),
        "taken_back": len(took) - states["sent"],
        "clicks": sum(row.clicks for row in rows),
        "clicked_residents": len(clicked),
        "replies_48h": len(replies),
        "replied_residents_48h": len(set(replies)),
        "unsubscribed": left,
        "quiz": {
            "residents": len({e.resident for e in quizzes}),
            "attempts": sum(e.type == "quiz" for e in quizzes),
            "answered": len(answers),
            "right_first": sum(answers),
            "right_first_rate": round(sum(answers) / len(answers), 6) if answers else None,
        },
        "rates": {
            "delivered": rate(len(took), attempted),
            "clicked": rate(len(clicked), len(took)),
            "replied": rate(len(set(replies)), len(took)),
            "unsubscribed": rate(left, len(took)),
        },
        "variants": variants,
        "comparison": compared(variants) if variants else None,
    }


def _took(row: Any) -> bool:
    """The platform took it, though it may have been taken back since."""
    return row.state == "sent" or (row.state == "recalled" and row.reason is not None)


def _consultations(raw: Raw) -> list[tuple[datetime, Any]]:
    """The first turn's moment of every consultation, and the turn that counts."""
    turns = [
        e
        for e in raw.events
        if e.source == "bot" and e.in_scope and e.resident is not None
        if e.type in ("answer", "gap") or (e.type == "referral" and e.result != "tapped")
    ]
    open_: dict[Any, tuple[datetime, list[Any]]] = {}
    found: list[list[Any]] = []
    for turn in sorted(turns, key=lambda e: (e.at, e.type, e.key)):
        lane = (turn.resident, turn.channel)
        before = open_.get(lane)
        if before and turn.at - before[0] < timedelta(minutes=30):
            session = before[1]
        else:
            found.append(session := [])
        session.append(turn)
        open_[lane] = turn.at, session
    told = ([e for e in each if e.type != "gap"] for each in found)
    return [(each[0].at, heads[0]) for each, heads in zip(found, told, strict=True) if heads]


def _last_before_leaving(raw: Raw, resident: str) -> int | None:
    """The push after which somebody's subscription ended; None where it stands or is not known.

    Who blocked the bot left by that, and not because of an earlier push; whose key was deleted on
    request has no history.
    """
    if resident.startswith("erased-"):
        return None
    since = raw.subscribed.get(resident)
    had = [row for row in raw.deliveries if row.resident == resident]
    had = [row for row in had if _took(row) or row.state == "blocked"]
    had = [row for row in had if since is None or row.done < since]
    found = max(had, key=lambda row: row.done, default=None)
    return found.id if found is not None and found.state != "blocked" else None


def rate(hits: int, of: int) -> dict[str, Any]:
    """A share with its 95 % interval (Wilson)."""
    if not of:
        return {"n": hits, "of": of, "rate": None, "interval": None}
    return {
        "n": hits,
        "of": of,
        "rate": round(hits / of, 6),
        "interval": [round(end, 6) for end in wilson(hits, of)],
    }


def wilson(hits: int, of: int) -> tuple[float, float]:
    """The roots of (p - x)² = z² x (1 - x) / n, the definition of the interval's ends."""
    square, p = 1.959963984540054**2, hits / of
    a, b, c = 1 + square / of, -(2 * p + square / of), p * p
    spread = sqrt(max(0.0, b * b - 4 * a * c))
    return max(0.0, (-b - spread) / (2 * a)), min(1.0, (-b + spread) / (2 * a))


def compared(variants: dict[str, dict[str, int]]) -> dict[str, Any]:
    """Newcombe's interval of the difference, and which text is better where it leaves out 0."""
    hits = [variants.get(name, {}).get("clicked", 0) for name in ("a", "b")]
    of = [variants.get(name, {}).get("sent", 0) for name in ("a", "b")]
    p, q = hits[0] / of[0], hits[1] / of[1]
    (l1, u1), (l2, u2) = wilson(hits[0], of[0]), wilson(hits[1], of[1])
    low = p - q - sqrt((p - l1) ** 2 + (u2 - q) ** 2)
    high = p - q + sqrt((u1 - p) ** 2 + (q - l2) ** 2)
    return {
        "a": rate(hits[0], of[0]),
        "b": rate(hits[1], of[1]),
        "difference": round(p - q, 6),
        "interval": [round(low, 6), round(high, 6)],
        "better": "a" if low > 0 else "b" if high < 0 else None,
    }
