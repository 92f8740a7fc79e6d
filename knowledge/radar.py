"""What changes soon, and what the corpus holds: lists for staff (corpus radar, corpus list).

Both are computed from the versions' dates for a day; nothing is stored.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import date, timedelta
from itertools import groupby

from knowledge.articles import Status, Version
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank

DAYS = 180


@dataclass(frozen=True, slots=True)
class Change:
    """One version whose status changes on ``day``.

    ``replaces`` and ``replaced_by`` are adoption dates of the same law's other wording that changes
    places with it; ``by`` is the article that repeals it. ``uses`` counts what cites the law.
    """

    day: date
    law: str
    short: str
    version: date
    before: Status
    after: Status
    replaces: date | None
    replaced_by: date | None
    by: str | None
    uses: Mapping[str, int]

    def __str__(self) -> str:
        text = f"{self.version}文本：{self.before.label} → {self.after.label}"
        if self.replaces:
            text += f"，取代{self.replaces}文本"
        if self.replaced_by:
            text += f"，由{self.replaced_by}文本取代"
        return text + (f"，依据{self.by}" if self.by else "")


@dataclass(frozen=True, slots=True)
class Held:
    """One version of ``corpus list``, as of a day."""

    law: str
    short: str
    level: str
    region: str | None
    version: date
    published: date
    effective: date | None
    status: Status
    articles: int
    source: str
    note: str | None


def radar(
    corpus: Corpus, today: date, days: int = DAYS, uses: Mapping[str, Mapping[str, int]] = {}
) -> list[Change]:
    """The versions whose status changes after ``today`` within ``days`` days, by day and law.

    Args:
        corpus: the statutes.
        today: the day asked for.
        days: length of the window; the last day counts.
        uses: what cites a law, by its short name: ``{"商标法": {"题库": 12, "卡片": 1}}``.
    """
    until = today + timedelta(days=max(0, days))
    return [
        _change(corpus, day, version, after, uses.get(version.short, {}))
        for day, version, after in sorted(
            corpus.timeline.changes(today, until),
            key=lambda change: (change[0], change[1].law, change[1].version_date),
        )
    ]


def question_counts(bank: Bank) -> dict[str, dict[str, int]]:
    """How many questions of the bank lead to each law, by short name: ``uses`` of :func:`radar`."""
    found: dict[str, dict[str, int]] = {}
    for question in bank.questions:
        for law in dict.fromkeys(law for law, _ in question.targets):
            counts = found.setdefault(law, {"题库": 0})
            counts["题库"] += 1
    return found


def radar_text(changes: Sequence[Change], today: date, days: int = DAYS) -> str:
    """The radar for people: one block for each day, one line for each law."""
    until = today + timedelta(days=max(0, days))
    if not changes:
        return f"{today}至{until}没有法律的状态发生变化。"
    lines = [f"{today}至{until}状态将发生变化的法律："]
    for day, group in groupby(changes, key=lambda change: change.day):
        lines.append(f"{day}")
        for short, same in groupby(group, key=lambda change: change.short):
            versions = list(same)
            counts = "、".join(f"{name}{count}" for name, count in versions[0].uses.items())
            told = "；".join(map(str, versions))
            lines.append(f"  {short}：{told}" + (f"（引用：{counts}）" if counts else ""))
    return "\n".join(lines)


def radar_json(changes: Sequence[Change]) -> str:
    """The radar for programs: a list of objects; dates in ISO, statuses as in the contract."""
    return json.dumps([asdict(change) for change in changes], ensure_ascii=False, default=str)


def corpus_list(corpus: Corpus, today: date) -> list[Held]:
    """Every version that the corpus holds, by law, oldest first."""
    return [
        Held(
            law=version.law,
            short=version.short,
            level=version.level.value,
            region=version.region,
            version=version.version_date,
            published=version.published,
            effective=version.effective,
            status=corpus.status(version, today),
            articles=len(corpus.articles_of(version)),
            source=version.source,
            note=version.note,
        )
        for law in corpus.laws
        for version in corpus.versions_of(law)
    ]


def list_json(held: Sequence[Held]) -> str:
    """``corpus list`` for programs."""
    return json.dumps([asdict(version) for version in held], ensure_ascii=False, default=str)


def _change(
    corpus: Corpus, day: date, version: Version, after: Status, uses: Mapping[str, int]
) -> Change:
    eve = day - timedelta(days=1)
    replaces = replaced_by = None
    for other in corpus.versions_of(version.law):
        if other is version:
            continue
        if after.applies and corpus.status(other, eve).applies:
            replaces = other.version_date
        elif after is Status.HISTORICAL and corpus.status(other, day).applies:
            replaced_by = other.version_date
    return Change(
        day=day,
        law=version.law,
        short=version.short,
        version=version.version_date,
        before=corpus.status(version, eve),
        after=after,
        replaces=replaces,
        replaced_by=replaced_by,
        by=version.repealed_by if after is Status.REPEALED else None,
        uses=dict(uses),
    )
