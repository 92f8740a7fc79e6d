"""The labelled messages that the classifier learns from and is measured on.

``knowledge/labelled/triage.jsonl`` holds the messages written for it (its README has the edge
rules). Ordinary legal questions come from the question bank and the files for the gates, as
further ``none``; those of the bank that tell of something live are listed, after review, in
``knowledge/labelled/triage_bank.jsonl`` as ``{"id", "label"}``, where the label ``skip`` leaves out
what two careful readers could judge differently.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from errors import DataError
from handlers.masking import mask
from handlers.triage.classifier import LABELS
from handlers.triage.cues import FINGERPRINT
from handlers.triage.features import BUCKETS, LONGEST, VERSION
from knowledge.questions.bank import Bank
from retrieval.text import normalise

FOLDER = Path(__file__).resolve().parents[2] / "knowledge" / "labelled"
SPLITS = ("train", "test")
ORDINARY = ("in_scope.jsonl", "off_topic.jsonl", "off_topic_more.jsonl", "in_scope_short.jsonl")
SKIP = "skip"
# Files of the bank that nobody has read for what is live: their stories of fraud may be.
UNREVIEWED = ("j", "k")


@dataclass(frozen=True, slots=True)
class Message:
    """A labelled message, its text as ``detect`` would be given it."""

    text: str
    label: str


def labelled(split: str, folder: Path = FOLDER) -> list[Message]:
    """The messages of one split of ``triage.jsonl``.

    Raises:
        DataError: names file, line, problem and mend.
    """
    path = folder / "triage.jsonl"
    return [
        Message(prepared(entry["q"]), entry["label"])
        for entry in _checked(path)
        if entry["split"] == split
    ]


def ordinary(folder: Path = FOLDER) -> list[Message]:
    """Every line of the files that teach the gates: none of them is urgent."""
    return [
        Message(prepared(entry["q"]), "none")
        for name in ORDINARY
        for _, entry in _lines(folder / name)
    ]


def bank_questions(*, held_out: bool, folder: Path = FOLDER) -> list[Message]:
    """The half of the question bank that is learnt from, or the half that is measured on.

    A question's id decides, so that neither new questions nor moved ones change sides.
    """
    reviewed = {entry["id"]: entry["label"] for _, entry in _lines(folder / "triage_bank.jsonl")}
    return [
        Message(prepared(question.text), reviewed.get(question.id, "none"))
        for question in Bank.load().questions
        if (int(question.id[0], 16) % 2 == 1) is held_out
        and reviewed.get(question.id) != SKIP
        and not question.path.name.startswith(UNREVIEWED)
    ]


def data_hash(folder: Path = FOLDER) -> str:
    """What a model must have been trained from: train lines, reviewed bank, cues and features.

    The bank itself is not in it: it grows daily, and more ordinary questions do not make a model
    stale.
    """
    digest = hashlib.sha256(f"{BUCKETS} {LONGEST} {VERSION} {FINGERPRINT}\n".encode())
    for entry in _checked(folder / "triage.jsonl"):
        if entry["split"] == "train":
            digest.update(json.dumps([entry["label"], entry["q"]], ensure_ascii=False).encode())
    for _, entry in _lines(folder / "triage_bank.jsonl"):
        digest.update(f"{entry['id']} {entry['label']}\n".encode())
    return digest.hexdigest()


def prepared(text: str) -> str:
    """The text as the conversation hands it to ``detect``."""
    return normalise(mask(text))


def _checked(path: Path) -> Iterator[dict[str, Any]]:
    for number, entry in _lines(path):
        if set(entry) != {"label", "q", "split"}:
            raise DataError(path, number, "字段不对", "应恰有 label、q、split")
        if entry["label"] not in LABELS:
            raise DataError(
                path, number, f"label “{entry['label']}”不认识", f"应是 {'、'.join(LABELS)} 之一"
            )
        if entry["split"] not in SPLITS:
            raise DataError(path, number, f"split “{entry['split']}”不认识", "应是 train 或 test")
        if not isinstance(entry["q"], str) or not entry["q"].strip():
            raise DataError(path, number, "q 是空的", "请填写")
        yield entry


def _lines(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(path, None, f"读不了：{error}", "文件须为 UTF-8 文本") from error
    for number, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            entry = json.loads(line)
        except json.JSONDecodeError as error:
            raise DataError(
                path, number, f"不是 JSON：{error.msg}", "每行写一个 JSON 对象"
            ) from error
        if not isinstance(entry, dict):
            raise DataError(path, number, "不是 JSON 对象", "每行写一个 {…}")
        yield number, entry
