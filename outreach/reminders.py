"""A 普法提示 as it stands: what it reminds of, the steps it took, who took them (art. 57)."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any

from outreach.activities import Evidence, moment
from outreach.events import Event
from settings import SHANGHAI

DRAFTED, SENT, FEEDBACK, CLOSED = "drafted", "sent", "feedback", "closed"
# State → what people read, and from which states it is reached.
STATES = {DRAFTED: "已拟稿", SENT: "已发出", FEEDBACK: "已反馈", CLOSED: "已办结"}
BEFORE = {SENT: (DRAFTED,), FEEDBACK: (SENT, FEEDBACK), CLOSED: (FEEDBACK,)}


class Notice(Event):
    """One step of a 普法提示: ``subject`` is its number, ``result`` the state, ``organ`` who is
    reminded; ``reason`` holds what belongs to the step (JSON).
    """

    __slots__ = ()
    type = "notice"
    units = "件"


@dataclass(frozen=True, slots=True)
class Owed:
    """An item that a notice reminds of, as it stood when the notice was drafted."""

    key: str
    name: str
    start: date
    end: date
    basis: str
    state: str


@dataclass(frozen=True, slots=True)
class Step:
    """A step that stands: when, by whom, with what words.

    Of feedback: ``by`` is who answered for the unit, ``reason`` why it corrects an earlier one,
    ``files`` what came with it. ``key`` is the event's.
    """

    state: str
    at: datetime
    actor: str
    note: str
    by: str = ""
    reason: str = ""
    files: tuple[Evidence, ...] = ()
    key: str = ""

    @property
    def day(self) -> date:
        """Its day in Asia/Shanghai."""
        return self.at.astimezone(SHANGHAI).date()


@dataclass(frozen=True, slots=True)
class Reminder:
    """A notice as it stands. ``deadline``: the last day for feedback, fixed when it was drafted."""

    number: str
    organ: str
    owed: tuple[Owed, ...]
    deadline: date
    steps: tuple[Step, ...]

    @property
    def state(self) -> str:
        """One of :data:`STATES`."""
        return self.steps[-1].state

    @property
    def answer(self) -> Step | None:
        """The feedback that stands: the last one."""
        return next((step for step in reversed(self.steps) if step.state == FEEDBACK), None)

    def reached(self, state: str) -> Step | None:
        """The step by which it first came to a state."""
        return next((step for step in self.steps if step.state == state), None)

    def overdue(self, today: date) -> bool:
        """Whether it was sent and the feedback is late: still missing after the deadline."""
        return self.state == SENT and today > self.deadline

    def answered_late(self) -> bool:
        """Whether feedback came after the deadline."""
        answered = self.reached(FEEDBACK)
        return answered is not None and answered.day > self.deadline

    def shown(self, today: date) -> str:
        """Its state as staff read it."""
        if self.overdue(today):
            return f"{STATES[SENT]}（逾期未反馈）"
        return STATES[self.state] + ("（逾期反馈）" if self.answered_late() else "")

    def to_json(self, today: date) -> dict[str, Any]:
        """All of it; ``overdue`` as of a day."""
        return {
            "number": self.number,
            "organ": self.organ,
            "state": self.state,
            "deadline": self.deadline.isoformat(),
            "overdue": self.overdue(today),
            "answered_late": self.answered_late(),
            "items": [
                asdict(each) | {"start": each.start.isoformat(), "end": each.end.isoformat()}
                for each in self.owed
            ],
            "steps": [
                {
                    "state": step.state,
                    "at": moment(step.at),
                    "actor": step.actor,
                    "by": step.by or None,
                    "note": step.note or None,
                    "reason": step.reason or None,
                    "files": [asdict(each) for each in step.files],
                }
                for step in self.steps
            ],
        }
