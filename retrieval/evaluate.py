"""Measuring retrieval: quality with bootstrap intervals, latency, memory.

Two kinds of question sets:

- any JSONL file in the bench format, ``{"id", "q", "gold": [[law short name, article], …]}`` with
  an optional ``"topic"``: questions that the index has never seen;
- the project's own bank, held back: every tenth question left out of the index
  (:data:`ASKED`, its article keeps other questions) or all questions of every tenth article
  (:data:`SILENT`).

The shipped ranker has learnt from the bank (each question through an index that lacked it), so the
second kind flatters it slightly, and so does a file that it was trained with;
``docs/retrieval.md`` has the cross-validated figures.
"""

from __future__ import annotations

import hashlib
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
from knowledge.questions.bank import BANK_DATE, Bank, Question
from retrieval.confidence import Gate
from retrieval.index import build
from retrieval.ranking import load_ranker
from retrieval.search import Searcher
from retrieval.vectors import Progress
from settings import Settings

DEPTH = 100  # articles ranked for each question
RESAMPLES = 1000
ASKED, SILENT = "held-back questions", "held-back articles"

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
            item = Item(str(entry["id"]), str(entry["q"]), gold, entry.get("topic"))
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


def evaluate(searcher: Searcher, items: Sequence[Item], name: str, today: date) -> Quality:
    """Quality over a set. Golds that the corpus lacks count as not found."""
    results = searcher.search_batch([item.text for item in items], DEPTH, today)
    rows = []
    misses = []
    for item, result in zip(items, results, strict=True):
        ranked = [(hit.article.version.short, hit.article.number) for hit in result.hits]
        row = measure(item.gold, ranked)
        rows.append(row)
        if not row["hit@3"]:
            misses.append(item.id)
    scores = {key: bootstrap(np.array([row[key] for row in rows])) for key in rows[0]}
    mean = float(np.mean([result.confidence for result in results]))
    return Quality(name, len(items), scores, mean, tuple(misses))


def held_back(
    searcher: Searcher, settings: Settings, kind: str, progress: Progress | None = None
) -> tuple[Searcher, list[Item]]:
    """A searcher that lacks a tenth of the bank, and the questions that it lacks."""
    bank = searcher.bank

    def out(question: Question) -> bool:
        marker = question.id if kind == ASKED else "".join(question.targets[0])
        return _tenth(marker)

    kept = Bank.of(question for question in bank.questions if not out(question))
    index = build(searcher.corpus, kept, searcher.encoder, settings, progress)
    lacking = Searcher(searcher.corpus, kept, index, searcher.encoder, load_ranker(), Gate.load())
    items = [
        Item(question.id, question.text, frozenset(question.targets), question.style)
        for question in bank.questions
        if out(question)
    ]
    return lacking, items


def _tenth(marker: str) -> bool:
    return hashlib.sha256(marker.encode()).digest()[0] < 26


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


def bench(
    corpus: Corpus,
    settings: Settings,
    files: Sequence[Path] = (),
    say: Callable[[str], None] = lambda _: None,
) -> str:
    """The whole report: the bank held back in both ways, the files, speed and memory.

    Args:
        corpus, settings: of the running product.
        files: question sets in the bench format.
        say: told what is being measured.

    Raises:
        DataError: a file is not in the bench format, or no question in it has a gold.
    """
    begin = time.perf_counter()
    searcher = Searcher.open(corpus, settings)
    loaded = time.perf_counter() - begin
    today = settings.today or BANK_DATE
    qualities = []
    texts = [question.text for question in searcher.bank.questions[:300]]
    say("速度")
    pace = speed(searcher, texts, today)
    for path in files:
        say(path.name)
        items = read_items(path)
        if not items:
            raise DataError(path, None, "没有带答案的问题", "每行须有非空的 gold")
        qualities.append(evaluate(searcher, items, path.stem, today))
        topics = sorted({item.topic for item in items if item.topic})
        for topic in topics:
            part = [item for item in items if item.topic == topic]
            qualities.append(evaluate(searcher, part, f"{path.stem}: {topic}", today))
    for kind in (ASKED, SILENT):
        say(kind)
        lacking, items = held_back(searcher, settings, kind)
        qualities.append(evaluate(lacking, items, f"bank: {kind}", today))
    return (
        f"{table(qualities)}\n\n"
        f"open {loaded:.1f} s; a question p50 {pace.p50:.1f} ms, p95 {pace.p95:.1f} ms; "
        f"batch {pace.batch:.0f} questions/s; peak memory {pace.peak:.0f} MB"
    )
