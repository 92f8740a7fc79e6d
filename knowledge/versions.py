"""Which wording of a law applies on a day, and why.

Nothing here trusts the source's status flag: a status follows from commencement, from the next
version of the same law, from repealing clauses in the corpus' own text ("《…》同时废止") and from
amendments whose text the consolidated wording does not show yet (立法法 ch. 5, art. 57 ff.:
commencement is stated in the law; a later wording replaces an earlier one).

The source's ``effective_date`` is the law's *first* commencement for most amended laws
(消费者权益保护法: 1994-01-01 for the wording of 2013): see :func:`wording_effective`.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from knowledge.articles import Status, Version

FLAG_ONLY = "数据源标记"  # Version.repealed_by where only the source's flag says so
REFORM_KINDS = ("修正案", "修改决定")  # lookups, never answers: their wording amends another text

_REFORM = re.compile(
    r"^关于修改《(?P<decision>[^》]+)》的决定$|^(?P<amended>.+?)修正案(?:（.+）)?$"
)
_REPEAL = re.compile(r"[^。；\n]*(?:同时废止|予以废止)")
_TITLE = re.compile(r"《([^《》]+)》")
_COMMENCE = re.compile(
    r"本(?:法|条例|规则|决定|修正案|办法)自(?:(\d{4})年(\d{1,2})月(\d{1,2})日|公布之日)起(?:施行|生效)"
)


@dataclass(frozen=True, slots=True)
class Repeal:
    """A clause that ends a law: the law it names, the article it stands in, from which day."""

    law: str
    by: str  # citation of the repealing article
    day: date


def start(version: Version) -> date:
    """The first day on which this wording counts as applying.

    A wording whose own commencement is unknown counts from its adoption.
    """
    return version.effective or version.version_date


def amended_law(name: str) -> str | None:
    """The law that a 修正案 or 修改决定 changes, None for any other document.

    >>> amended_law("中华人民共和国刑法修正案（十二）")
    '中华人民共和国刑法'
    """
    found = _REFORM.match(re.sub(r"^全国人民代表大会(?:常务委员会)?(?=关于)", "", name))
    return (found["decision"] or found["amended"]) if found else None


def stated_commencement(text: str, published: date) -> date | None:
    """The commencement that a closing article states (本法自…起施行), None where it has none."""
    found = _COMMENCE.search(text)
    if not found:
        return None
    year, month, day = found.groups()
    if year is None:
        return published
    try:
        return date(int(year), int(month), int(day))
    except ValueError:
        return None


def wording_effective(
    version_date: date, commenced: date | None, stated: date | None, reform: date | None
) -> date | None:
    """The day this wording took effect, None where neither source nor text tells.

    Args:
        version_date: adoption of this wording.
        commenced: the source's date (first commencement for most amended laws).
        stated: what the wording's own closing article says.
        reform: commencement of an amending document of the same date in the corpus; it rules,
            because a consolidated text keeps the first wording's closing article.
    """
    if reform is not None:
        return reform
    return next((day for day in (commenced, stated) if day and day >= version_date), None)


def repeals(by: str, law: str, text: str, day: date) -> Iterable[Repeal]:
    """The laws that the article ``by`` of ``law``, in force from ``day``, repeals.

    A clause that names its own law (1992 工会法 repealing 工会法 of 1950) speaks of an earlier act.
    """
    for clause in _REPEAL.findall(text):
        for title in _TITLE.findall(clause):
            if title != law:
                yield Repeal(title, by, day)


def status_on(
    version: Version, siblings: Sequence[Version], reforms: Sequence[Version], today: date
) -> Status:
    """The status of ``version`` on ``today``.

    Args:
        version: the version asked about.
        siblings: all versions of the same law.
        reforms: amending documents that change this law.
        today: the day asked for.
    """
    if today < start(version):
        return Status.NOT_YET_IN_FORCE
    later = [
        other
        for other in siblings
        if other.version_date > version.version_date and start(other) <= today
    ]
    if later:
        return Status.HISTORICAL
    if version.repealed_by and (version.repealed is None or version.repealed <= today):
        return Status.REPEALED
    if any(
        reform.version_date > version.version_date and start(reform) <= today for reform in reforms
    ):
        return Status.AMENDED
    return Status.IN_FORCE


class Timeline:
    """The versions of all laws, asked for a day. Immutable once made."""

    def __init__(self, versions: Iterable[Version]) -> None:
        laws: dict[str, list[Version]] = {}
        reforms: dict[str, list[Version]] = {}
        for version in versions:
            laws.setdefault(version.law, []).append(version)
            target = amended_law(version.law) if version.kind in REFORM_KINDS else None
            if target:
                reforms.setdefault(target, []).append(version)
        self._laws: Mapping[str, tuple[Version, ...]] = {
            law: tuple(sorted(group, key=lambda v: (v.version_date, v.id)))
            for law, group in laws.items()
        }
        self._reforms = {law: tuple(group) for law, group in reforms.items()}
        self._known: dict[tuple[str, date], Status] = {}

    @property
    def laws(self) -> tuple[str, ...]:
        """All full names, sorted."""
        return tuple(sorted(self._laws))

    def of(self, law: str) -> tuple[Version, ...]:
        """The versions of a law, oldest first; empty for an unknown name."""
        return self._laws.get(law, ())

    def reforms_of(self, law: str) -> tuple[Version, ...]:
        """The amending documents in the corpus that change this law."""
        return self._reforms.get(law, ())

    def status(self, version: Version, today: date) -> Status:
        """The status of a version on a day (remembered per day)."""
        key = (version.id, today)
        known = self._known.get(key)
        if known is None:
            if len(self._known) > 20_000:  # a few weeks of days: never grow without bound
                self._known.clear()
            known = status_on(version, self.of(version.law), self.reforms_of(version.law), today)
            self._known[key] = known
        return known

    def on(self, law: str, today: date) -> Version | None:
        """The version that applies on a day, else the one that tells most: one that was repealed,
        else the first to come, else the last one; None for an unknown law."""
        versions = self.of(law)
        for wanted in (Status.IN_FORCE, Status.AMENDED, Status.REPEALED, Status.NOT_YET_IN_FORCE):
            for version in versions:
                if self.status(version, today) is wanted:
                    return version
        return versions[-1] if versions else None

    def changes(self, today: date, until: date) -> list[tuple[date, Version, Status]]:
        """What changes after ``today`` up to ``until``: (day, version, its new status), by day."""
        days: dict[str, set[date]] = {}
        for law in self.laws:
            marks = {start(v) for v in (*self.of(law), *self.reforms_of(law))}
            marks |= {v.repealed for v in self.of(law) if v.repealed}
            days[law] = {day for day in marks if today < day <= until}
        found = []
        for law, marks in days.items():
            for day in sorted(marks):
                for version in self.of(law):
                    before = self.status(version, date.fromordinal(day.toordinal() - 1))
                    after = self.status(version, day)
                    if before is not after:
                        found.append((day, version, after))
        return sorted(found, key=lambda item: (item[0], item[1].id))
