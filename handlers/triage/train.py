"""Train the classifier and print how good it is: ``python -m handlers.triage.train``.

1. Cross-validation on the train split (5 folds, fixed seed): precision, recall and false alarms of
   rules and classifier together, for each label and for several thresholds.
2. The model on all train lines is written to ``model.npz``; the same data give the same bytes.
3. The test split and the held-out half of the question bank, once, at the chosen threshold.

scikit-learn is needed here only. ``--dry`` writes nothing and leaves the test split unread.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import numpy as np
from scipy import sparse  # type: ignore[import-untyped]
from sklearn.linear_model import LogisticRegression  # type: ignore[import-untyped]
from sklearn.model_selection import StratifiedKFold  # type: ignore[import-untyped]

from handlers.triage.alarms import Alarm
from handlers.triage.classifier import LABELS, MODEL, Classifier
from handlers.triage.cues import cues
from handlers.triage.data import Message, bank_questions, data_hash, labelled, ordinary
from handlers.triage.detection import THRESHOLD, Judgement, judge
from handlers.triage.features import BUCKETS, Floats, Ints, ngrams

SEED = 20261124
FOLDS = 5
STRENGTH = 30.0  # inverse regularisation
CUE_SCALE = 0.06  # of a cue against the unit length of the n-grams
BACKGROUND_WEIGHT = 0.4  # of an ordinary question against a line written for triage
TYPICAL_IDF = 8.0
SHOWN_THRESHOLDS = (0.16, 0.20, 0.24, 0.28, 0.32, 0.40)


def matrix(messages: Sequence[Message]) -> tuple[sparse.csr_matrix, Floats]:
    """Features of messages: hashed n-grams (n, BUCKETS) and cues (n, cues)."""
    rows = [ngrams(message.text) for message in messages]
    starts = np.cumsum([0, *(len(buckets) for buckets, _ in rows)])
    grams = sparse.csr_matrix(
        (
            np.concatenate([values for _, values in rows]),
            np.concatenate([buckets for buckets, _ in rows]),
            starts,
        ),
        shape=(len(rows), BUCKETS),
    )
    return grams, np.stack([cues(message.text) for message in messages])


def fit(grams: sparse.csr_matrix, marks: Floats, labels: Ints, weights: Floats) -> Classifier:
    """Multinomial logistic regression; the idf of each bucket is folded into its weights."""
    frequency = np.bincount(grams.indices, minlength=BUCKETS)
    idf = (np.log((1 + grams.shape[0]) / (1 + frequency)) + 1) / TYPICAL_IDF
    features = sparse.hstack(
        [grams @ sparse.diags(idf), sparse.csr_matrix(marks * CUE_SCALE)]
    ).tocsr()
    model = LogisticRegression(C=STRENGTH, max_iter=500, tol=1e-4)
    model.fit(features, labels, sample_weight=weights)
    coefficients = model.coef_.T
    return Classifier(
        weights=(coefficients[:BUCKETS] * idf[:, None]).astype(np.float32),
        cue_weights=(coefficients[BUCKETS:] * CUE_SCALE).astype(np.float32),
        bias=model.intercept_.astype(np.float32),
        data_hash=data_hash(),
    )


def report(title: str, messages: Sequence[Message], judged: Sequence[Judgement]) -> None:
    """Print urgent recall and false alarms by threshold, and each label at the chosen one."""
    urgent = np.array([message.label != "none" for message in messages])
    say(f"\n{title}: {int(urgent.sum())} urgent, {int((~urgent).sum())} not")
    for threshold in SHOWN_THRESHOLDS:
        raised = np.array([judgement.alarm(threshold) is not None for judgement in judged])
        parts = []
        if urgent.any():
            parts.append(f"recall {raised[urgent].mean():.3f}")
        if (~urgent).any():
            parts.append(f"false alarms {raised[~urgent].mean():.4f}")
        say(f"  {'→' if threshold == THRESHOLD else ' '} {threshold:.2f}  {'  '.join(parts)}")
    if not urgent.any():
        return
    predicted = [judgement.alarm(THRESHOLD) for judgement in judged]
    say("    label          lines  alarm raised  right kind  precision of kind")
    for label in Alarm:
        of_label = [p for m, p in zip(messages, predicted, strict=True) if m.label == label]
        named = [m for m, p in zip(messages, predicted, strict=True) if p == label]
        if not of_label:
            continue
        caught = sum(p is not None for p in of_label) / len(of_label)
        right = sum(p == label for p in of_label) / len(of_label)
        precision = sum(m.label == label for m in named) / len(named) if named else 0.0
        say(f"    {label:14} {len(of_label):5}  {caught:12.3f}  {right:10.3f}  {precision:17.3f}")


def cross_validate(train: Sequence[Message], background: Sequence[Message]) -> list[Judgement]:
    """Each train line judged by a model that has not seen it."""
    grams, marks = matrix(train)
    far_grams, far_marks = matrix(background)
    labels, far_labels = _numbers(train), _numbers(background)
    judged: dict[int, Judgement] = {}
    folds = StratifiedKFold(FOLDS, shuffle=True, random_state=SEED).split(marks, labels)
    for seen, unseen in folds:
        model = fit(
            sparse.vstack([grams[seen], far_grams]).tocsr(),
            np.concatenate([marks[seen], far_marks]),
            np.concatenate([labels[seen], far_labels]),
            _weights(len(seen), len(far_labels)),
        )
        for index in unseen:
            judged[int(index)] = judge(train[index].text, model)
    return [judged[index] for index in range(len(train))]


def main(dry: bool = False) -> None:
    """Cross-validate, train, write, measure."""
    train, background = labelled("train"), [*ordinary(), *bank_questions(held_out=False)]
    judged = cross_validate(train, background)
    report(f"{FOLDS}-fold cross-validation on train", train, judged)
    everything = [*train, *background]
    model = fit(*matrix(everything), _numbers(everything), _weights(len(train), len(background)))
    if not dry:
        model.save(MODEL, {"train": len(train), "background": len(background), "seed": SEED})
        model = Classifier.load()
        say(f"\n{MODEL.name}: {MODEL.stat().st_size / 1024:.0f} KiB")
    held = bank_questions(held_out=True)
    far = [judge(message.text, model) for message in held]
    report("held-out half of the question bank", held, far)
    if not dry:
        test = labelled("test")
        report("test split", test, [judge(message.text, model) for message in test])


def _numbers(messages: Sequence[Message]) -> Ints:
    return np.array([LABELS.index(message.label) for message in messages], np.int64)


def _weights(written: int, background: int) -> Floats:
    weights = np.ones(written + background, np.float32)
    weights[written:] = BACKGROUND_WEIGHT
    return weights


def say(line: str) -> None:
    """One line on standard output."""
    sys.stdout.write(f"{line}\n")


if __name__ == "__main__":
    main(dry="--dry" in sys.argv[1:])
