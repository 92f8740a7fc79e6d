"""``python -m retrieval.training.matter``: count the bank and chat, write the weights."""

from __future__ import annotations

import json
import zlib

from knowledge.questions.bank import Bank
from retrieval.matter import Matter
from settings import ROOT

OFF_TOPIC = ROOT / "knowledge" / "labelled" / "off_topic.jsonl"


def chat(learnt: bool) -> list[str]:
    """Messages about anything but the law: the half that is learnt from, or the other one."""
    rows = (json.loads(line) for line in OFF_TOPIC.read_text("utf-8").splitlines())
    texts = (row["q"] for row in rows if row["kind"] in ("chat", "other"))
    return [text for text in texts if (zlib.crc32(text.encode()) % 2 == 0) is learnt]


def main() -> None:
    """Count and write."""
    Matter.trained((question.text for question in Bank.load().questions), chat(True)).save()


if __name__ == "__main__":
    main()
