"""The corpus check: what in the built corpus a person should look at.

Each check yields findings with a stable key; ``acknowledged.toml`` says which have been looked at
and why they may stand. Anything else makes ``corpus check`` fail, so that a new source or a changed
rule cannot bring in a defect unseen.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from knowledge.acknowledged import ACKNOWLEDGED, read_acknowledged
from knowledge.amendment_text import parse_reform
from knowledge.articles import Status, Version
from knowledge.audit_texts import base_number, version_findings
from knowledge.cleaning import Change, clean
from knowledge.cleaning_rules import Rule
from knowledge.consolidation import Check, Verdict, check_reforms
from knowledge.corpus import Corpus
from knowledge.corrections import read_corrections
from knowledge.findings import Finding, Topic
from knowledge.sources.statutes import StatutePackage
from knowledge.versions import stated_commencement


@dataclass(frozen=True, slots=True)
class Tally:
    """One version's figures."""

    version: Version
    status: Status  # on the corpus' own date
    articles: int  # numbered articles
    inserted: int  # of them 之X
    annexes: int  # rows that are no numbered article: annexes, 全文
    last: int  # highest article number, 0 where there is none


@dataclass(frozen=True, slots=True)
class RuleTally:
    """What one cleaning rule did: changes, articles touched, characters taken and put in."""

    rule: Rule
    changes: int
    articles: int
    removed: int
    inserted: int


@dataclass(frozen=True, slots=True)
class Report:
    """The outcome of a check."""

    corpus: Corpus
    tallies: tuple[Tally, ...]
    rules: tuple[RuleTally, ...]
    amendments: dict[str, Counter[Verdict]]  # by amended law
    findings: tuple[Finding, ...]

    @property
    def unacknowledged(self) -> tuple[Finding, ...]:
        """Findings that nobody has looked at: any one fails the check."""
        return tuple(finding for finding in self.findings if finding.reason is None)


def audit(
    corpus: Corpus, package: StatutePackage, acknowledged: Iterable[Path] = (ACKNOWLEDGED,)
) -> Report:
    """Check a built corpus.

    Args:
        corpus: as built.
        package: the source that it was built from.
        acknowledged: the files with acknowledgements.

    Raises:
        DataError: a data file is wrong.
        CorpusError: the source cannot be read.
    """
    laws, raw = package.laws(), package.articles()
    reasons = read_acknowledged(acknowledged)
    amendments, unreflected = _amendments(corpus)
    found = [
        *(
            f
            for version in corpus.versions
            for f in version_findings(version, corpus.articles_of(version))
        ),
        *map(_doubt, corpus.doubts),
        *unreflected,
        *_dates(corpus),
    ]
    keys = {finding.key for finding in found}
    stale = (
        Finding(f"{Topic.STALE}:{key}", Topic.STALE, f"{key}（{reason}）")
        for key, reason in reasons.items()
        if key not in keys
    )
    findings = [Finding(f.key, f.topic, f.message, reasons.get(f.key)) for f in (*found, *stale)]
    order = list(Topic)
    findings.sort(key=lambda f: order.index(f.topic))
    return Report(
        corpus,
        tuple(_tally(corpus, version) for version in corpus.versions),
        _rule_tallies(clean(laws, raw).changes),
        amendments,
        tuple(findings),
    )


def _doubt(doubt: str) -> Finding:
    """A doubt of the build: a flag without a clause, or an amendment that could not be merged."""
    law, flagged, _ = doubt.partition("标为已废止")
    topic = Topic.FLAG if flagged else Topic.AMENDMENT
    return Finding(f"{topic}:{law if flagged else doubt[:60]}", topic, doubt)


def _rule_tallies(changes: Iterable[Change]) -> tuple[RuleTally, ...]:
    grouped: dict[Rule, list[Change]] = {rule: [] for rule in Rule}
    for change in changes:
        grouped[change.rule].append(change)
    return tuple(
        RuleTally(
            rule,
            len(done),
            len({(change.law, change.number) for change in done}),
            sum(len(change.removed) for change in done),
            sum(len(change.inserted) for change in done),
        )
        for rule, done in grouped.items()
    )


# --- figures ---------------------------------------------------------------------------------


def _tally(corpus: Corpus, version: Version) -> Tally:
    articles = corpus.articles_of(version)
    values = [value for article in articles if (value := base_number(article))]
    return Tally(
        version,
        corpus.status(version, corpus.corpus_date),
        len(values),
        sum("条之" in article.number for article in articles),
        len(articles) - len(values),
        max(values, default=0),
    )


# --- amendments and dates ---------------------------------------------------------------------


def _amendments(corpus: Corpus) -> tuple[dict[str, Counter[Verdict]], list[Finding]]:
    """Every amending document against the wording that applies, or will, after it."""
    counts: dict[str, Counter[Verdict]] = {}
    found: list[Finding] = []
    for law in corpus.laws:
        documents = sorted(corpus.timeline.reforms_of(law), key=lambda v: v.version_date)
        versions = corpus.versions_of(law)
        if not documents or not versions:
            continue
        reforms = [parse_reform(v.law, corpus.articles_of(v)) for v in documents]
        latest = corpus.articles_of(versions[-1])
        texts = {article.number: article.text for article in latest}
        checks = check_reforms(reforms, texts, {h for a in latest for h in a.path})
        counts[law] = Counter(check.verdict for check in checks)
        found += _unreflected(checks)
        for reform in reforms:
            for entry, clause in reform.unread:
                key = f"{Topic.AMENDMENT}:{reform.name}:{entry}:{clause[:20]}"
                message = f"{reform.name}{entry}读不懂：“{clause}”"
                found.append(Finding(key, Topic.AMENDMENT, message))
    return counts, found


def _unreflected(checks: Iterable[Check]) -> Iterator[Finding]:
    """One finding for each operation that the present wording does not show; operations of one
    document on an article that the corpus lacks are one."""
    seen: set[str] = set()
    for check in checks:
        operation = check.operation
        if check.verdict in (Verdict.REFLECTED, Verdict.SUPERSEDED):
            continue
        if check.verdict is Verdict.ABSENT:
            key = f"{Topic.AMENDMENT}:{operation.reform}:{check.number}"
            message = f"{operation.reform}修改{check.number}：{check.verdict}"
        else:
            key = f"{Topic.AMENDMENT}:{operation.reform}:{operation.entry}:{operation.label}"
            message = (
                f"{operation.reform}{operation.entry}{operation.kind}{operation.label}"
                f"（现{check.number}）：{check.verdict}"
            )
        if key not in seen:
            seen.add(key)
            yield Finding(key, Topic.AMENDMENT, message)


def _dates(corpus: Corpus) -> Iterator[Finding]:
    """Wordings whose commencement is unknown, or known only from 自公布之日起施行.

    A consolidated text keeps the closing article of its first wording: 公布之日 is then the day of
    the first publication, and a source that gives the adoption of the present wording is wrong.
    """
    corrections = read_corrections()
    for version in corpus.versions:
        where = f"{version.short}（{version.version_date}）"
        if version.effective is None:
            yield Finding(f"{Topic.EFFECTIVE}:{version.id}", Topic.EFFECTIVE, where)
            continue
        confirmed = "effective" in corrections.get((version.law, version.version_date), {})
        reformed = any(
            reform.version_date == version.version_date
            for reform in corpus.timeline.reforms_of(version.law)
        )
        if (
            version.effective == version.version_date
            and version.kind in ("法律", "宪法")
            and not (confirmed or reformed or _says_a_date(corpus, version))
        ):
            yield Finding(f"{Topic.COMMENCEMENT}:{version.id}", Topic.COMMENCEMENT, where)


def _says_a_date(corpus: Corpus, version: Version) -> bool:
    """Whether the text itself gives its commencement as a calendar date."""
    numbered = [a for a in corpus.articles_of(version) if base_number(a)]
    return any(
        stated_commencement(article.text, version.published) == version.effective
        and not re.search("本[^。]{1,4}自公布之日", article.text)
        for article in numbered[-3:]
    )
