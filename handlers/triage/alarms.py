"""What an alarm can say."""

from __future__ import annotations

from enum import StrEnum


class Alarm(StrEnum):
    """What is happening, most pressing first; the values are the labels of ``triage.jsonl``."""

    DANGER = "danger"
    HOME_VIOLENCE = "home_violence"
    MINOR = "minor"
    SEXTORTION = "sextortion"
    FRAUD_NOW = "fraud_now"
