"""``python -m retrieval.training.cards``: train the rule that chooses a card, print its figures.

Right is, for a card's own phrase (left out of the card while it is asked), that card; for a
labelled question in scope, a card that cites one of its gold articles; for an off-topic input,
none. The figures are five-fold: no question is judged by a rule that has seen it.
"""

from __future__ import annotations

import json
import sys
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]

from knowledge.build import ensure
from knowledge.cards import Cards
from knowledge.corpus import Corpus
from retrieval.card_match import INPUTS, NEAR, PUT_FIRST, WEIGHTS, CardMatcher
from retrieval.confidence import DECLINE_BELOW, SCOPE_BELOW
from retrieval.perceptron import Floats, Perceptron
from retrieval.search import Result, Searcher
from settings import ROOT, Settings

FOLDS = 5
PHRASE_WEIGHT = 0.3  # there are five times as many phrases as labelled questions
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.85, 0.9)
_LABELLED = ROOT / "knowledge" / "labelled"


@dataclass(frozen=True, slots=True)
class Asked:
    """One question: ``right`` is 1 for a right card, ½ for one that shares an article with it."""

    kind: str
    text: str
    inputs: Floats  # (cards, len(INPUTS))
    right: Floats  # (cards,)
    near: Floats  # (cards,)

    @property
    def fold(self) -> int:
        """Which fifth it belongs to; the same in every run."""
        return zlib.crc32(self.text.encode()) % FOLDS


def main() -> None:
    """Ask everything, cross-validate, fit on everything, write the weights."""
    settings = Settings.from_environment()
    ensure(settings.knowledge_db)
    corpus = Corpus.open(settings.knowledge_db)
    asked = examples(Cards.load(), Searcher.open(corpus, settings), settings)
    say(figures(asked, [probabilities(asked, fold) for fold in range(FOLDS)]))
    counts = ", ".join(f"{k} {sum(a.kind == k for a in asked)}" for k in ("in scope", "phrase"))
    fit(asked).save(WEIGHTS, INPUTS, f"trained by retrieval.training.cards on {counts}")


def examples(cards: Cards, searcher: Searcher, settings: Settings) -> list[Asked]:
    """All questions with their candidate cards."""
    matcher = CardMatcher(cards, weights=None)
    today = settings.clock().today()
    rows = [("phrase", text, card.id) for card in cards.all for text in card.phrases]
    texts = [text for _, text, _ in rows]
    gold: list[set[tuple[str, str]]] = [
        {(cited.law, cited.number) for cited in card.articles}
        for card in cards.all
        for _ in card.phrases
    ]
    for kind, name in (("in scope", "in_scope"), ("off topic", "off_topic")):
        for line in (_LABELLED / f"{name}.jsonl").read_text("utf-8").splitlines():
            row = json.loads(line)
            rows.append((kind, row["q"], ""))
            texts.append(row["q"])
            gold.append({(law, number) for law, number in row.get("gold", ())})
    found = searcher.search_batch(texts, 10, today)
    asked = []
    for (kind, text, own), wanted, result in zip(rows, gold, found, strict=True):
        if _answered(result):
            asked.append(_asked(cards, matcher, kind, text, own, wanted, result))
    return asked


def _answered(result: Result) -> bool:
    return result.confidence >= DECLINE_BELOW and result.scope >= SCOPE_BELOW


def _asked(
    cards: Cards,
    matcher: CardMatcher,
    kind: str,
    text: str,
    own: str,
    wanted: set[tuple[str, str]],
    result: Result,
) -> Asked:
    keys, inputs = matcher.candidates(
        text, result.hits, result.confidence, result.scope, without=text if own else None
    )
    first = {(hit.article.version.short, hit.article.number) for hit in result.hits[:NEAR]}
    right, near = [], []
    for key in keys:
        card = cards.get(key)
        assert card is not None
        cited = {(one.law, one.number) for one in card.articles}
        shares = bool(cited & wanted)
        right.append(1.0 if key == own or (shares and not own) else 0.5 * shares)
        near.append(bool(cited & first))
    return Asked(kind, text, inputs, np.array(right, np.float32), np.array(near, np.float32))


def fit(asked: Sequence[Asked]) -> Perceptron:
    """A logistic regression (C = 1) on standardised inputs: a perceptron without hidden units."""
    inputs = np.concatenate([one.inputs for one in asked]).astype(np.float64)
    labels = np.concatenate([one.right >= 1 for one in asked])
    weights = np.concatenate(
        [np.full(len(one.right), PHRASE_WEIGHT if one.kind == "phrase" else 1.0) for one in asked]
    )
    mean, scale = inputs.mean(axis=0), inputs.std(axis=0)
    scale[scale == 0] = 1
    x = np.clip((inputs - mean) / scale, -6, 6)
    model = LogisticRegression(C=1.0, max_iter=3000).fit(x, labels, sample_weight=weights)
    width = len(INPUTS)
    return Perceptron(
        mean.astype(np.float32),
        scale.astype(np.float32),
        np.zeros((width, 0), np.float32),
        np.zeros(0, np.float32),
        np.zeros(0, np.float32),
        model.coef_[0].astype(np.float32),
        np.array(model.intercept_[0], np.float32),
    )


def probabilities(asked: Sequence[Asked], fold: int) -> list[Floats | None]:
    """Each question's cards as judged by a rule fitted without this fold; None outside it."""
    rule = fit([one for one in asked if one.fold != fold])
    return [
        np.asarray(1 / (1 + np.exp(-rule(one.inputs))), np.float32) if one.fold == fold else None
        for one in asked
    ]


def figures(asked: Sequence[Asked], folds: Sequence[Sequence[Floats | None]]) -> str:
    """How many cards would be put first, and how many of them are right, by threshold."""
    lines = []
    for threshold in THRESHOLDS:
        for kind in ("in scope", "phrase", "off topic"):
            put = []
            for number, one in enumerate(asked):
                said = folds[one.fold][number]
                if one.kind == kind and said is not None and len(said):
                    best = int(said.argmax())
                    if said[best] >= threshold and one.near[best]:
                        put.append(float(one.right[best]))
            count = sum(one.kind == kind for one in asked)
            right, related = (sum(r >= least for r in put) for least in (1, 0.5))
            share = f"right {right / len(put):.3f}, related {related / len(put):.3f}" if put else ""
            mark = " ←" if threshold == PUT_FIRST else ""
            lines.append(f"{threshold:.2f} {kind:9s} put first {len(put)} of {count} {share}{mark}")
    return "\n".join(lines)


def say(text: str) -> None:
    """Figures go to the person at the terminal."""
    sys.stdout.write(text + "\n")


if __name__ == "__main__":
    main()
