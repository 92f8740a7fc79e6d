"""Findings of the corpus check that a person has looked at (``acknowledged.toml``).

An acknowledgement names findings by their keys and says why they may stand. One that matches
nothing any more is itself a finding: the defect is gone, or has changed.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from knowledge.datafiles import toml_rows

ACKNOWLEDGED = Path(__file__).with_name("acknowledged.toml")


def read_acknowledged(paths: Iterable[Path] = (ACKNOWLEDGED,)) -> dict[str, str]:
    """Reasons by finding key.

    Args:
        paths: the files; a key may stand in only one of them.

    Raises:
        DataError: a file's form or a value is wrong, or a key stands twice.
    """
    reasons: dict[str, str] = {}
    for path in paths:
        for row in toml_rows(path, "acknowledged"):
            row.only({"keys", "reason"})
            keys, reason = row.texts("keys"), row.text("reason")
            if not keys:
                row.fail("keys 是空的", "请写出要确认的条目，或删去本条")
            for key in keys:
                if key in reasons:
                    row.fail(f"{key!r} 已经确认过", "请删去其中一处")
                reasons[key] = reason
    return reasons
