"""People before statutes: is somebody in danger or being defrauded right now?

``detect`` reads a message in two steps: :mod:`~handlers.triage.rules` decide the certain cases by
hand, and a small linear classifier (:mod:`~handlers.triage.classifier`) the rest. Recall comes
first: a needless 110 line costs a resident three seconds, a missing one can cost their savings.
``docs/triage.md`` has the labels, the figures and how to retrain.
"""

from __future__ import annotations

from handlers.triage.alarms import Alarm
from handlers.triage.detection import detect
from handlers.triage.guidance import GUIDANCE, VARIANTS, Guidance, guidance_for

__all__ = ["GUIDANCE", "VARIANTS", "Alarm", "Guidance", "detect", "guidance_for"]
