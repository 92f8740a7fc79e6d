"""The most pressing alarm in a message: certain cases by rule, the rest by the classifier."""

from __future__ import annotations

from dataclasses import dataclass

from handlers.triage.alarms import Alarm
from handlers.triage.classifier import LABELS, Classifier, default
from handlers.triage.rules import certain, vetoed

# Chosen by cross-validation on the train split (docs/triage.md): an alarm rises where the
# probability that the message is urgent reaches the threshold.
THRESHOLD = 0.16
# A long story is also read through a moving window, or one urgent sentence would drown in it; a
# window lacks what stands around it, so it has to be surer.
WINDOW = 250
WINDOW_MARGIN = 0.30


@dataclass(frozen=True, slots=True)
class Judgement:
    """How likely a message is urgent (1 where a rule says so, 0 where one forbids it), and how."""

    urgency: float
    kind: Alarm

    def alarm(self, threshold: float = THRESHOLD) -> Alarm | None:
        """The alarm, or None below the threshold."""
        return self.kind if self.urgency >= threshold else None


def judge(text: str, classifier: Classifier | None = None) -> Judgement:
    """Weigh a normalised, masked message; ``classifier`` replaces the shipped one."""
    if vetoed(text):
        return Judgement(0.0, Alarm.FRAUD_NOW)
    alarm = certain(text)
    if alarm is not None:
        return Judgement(1.0, alarm)
    model = classifier or default()
    best = _weigh(text, model)
    for start in range(0, len(text) - WINDOW // 2, WINDOW // 2) if len(text) > WINDOW else ():
        part = _weigh(text[start : start + WINDOW], model)
        if part.urgency - WINDOW_MARGIN > best.urgency:
            best = Judgement(part.urgency - WINDOW_MARGIN, part.kind)
    return best


def detect(text: str) -> Alarm | None:
    """The most pressing alarm in a message, or None.

    ``text`` is normalised (simplified characters, half width) and masked.
    """
    return judge(text).alarm()


def _weigh(text: str, model: Classifier) -> Judgement:
    probabilities = model.probabilities(text)
    best = 1 + int(probabilities[1:].argmax())
    return Judgement(1.0 - float(probabilities[0]), Alarm(LABELS[best]))
