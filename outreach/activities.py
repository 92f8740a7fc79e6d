"""Offline activities (场次) and trainings (期): what staff report, and what became of it."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal

from errors import OutreachError
from outreach.events import day_number, event_key
from settings import SHANGHAI

Kind = Literal["activity", "training"]
State = Literal["submitted", "approved", "returned", "reversed"]
KINDS: dict[Kind, str] = {"activity": "活动", "training": "培训"}
STATES: dict[State, str] = {
    "submitted": "待审核",
    "approved": "已审核",
    "returned": "已退回",
    "reversed": "已冲销",
}
OFFLINE = "offline"  # the channel's key
ESTIMATE = "estimate"  # the headcount method's key
UNITS = ("份", "册", "条", "块", "件", "台")
DONATED_UNITS = ("份", "册", "件")  # banners, boards and vehicles are shown, not given


@dataclass(frozen=True, slots=True)
class Material:
    """A quantity of one unit, never converted; donated and handed out stay apart (rule R6)."""

    quantity: int
    unit: str
    donated: bool = False

    def __str__(self) -> str:
        return f"{'捐赠' if self.donated else ''}{self.quantity}{self.unit}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """What staff report. Coded fields hold what the store keeps (see :mod:`outreach.codes`).

    Attributes:
        number: 编号; None lets :func:`numbered` derive it from what the activity is.
        organ: the one host, which the 场次 or 期 belongs to (rule R4).
        joint: the others, each counted as 参与场次.
        attended: 线下人次; ``method`` says how it was counted, ``estimate`` flags it (rule R9).
        consulted: 现场咨询人次, never added to the bot's.
        evidence: 佐证 in words; files are attached apart.
    """

    kind: Kind
    first: date
    last: date
    organ: str
    name: str
    reporter: str
    number: str | None = None
    joint: tuple[str, ...] = ()
    place: str | None = None
    town: str | None = None
    village: str | None = None
    topic: str | None = None
    system: str | None = None
    laws: tuple[str, ...] = ()
    form: str | None = None
    group: str | None = None
    venue: str | None = None
    node: str | None = None
    campaign: str | None = None
    attended: int | None = None
    method: str | None = None
    consulted: int | None = None
    materials: tuple[Material, ...] = ()
    evidence: str | None = None
    note: str | None = None

    @property
    def estimated(self) -> bool:
        """Whether its headcounts are estimates."""
        return self.method == ESTIMATE

    def content(self) -> str:
        """SHA-256 of everything but the number: two reports that say the same share it."""
        fields = asdict(self)
        del fields["number"]
        fields["materials"] = sorted(map(str, self.materials))
        line = json.dumps(fields, ensure_ascii=False, sort_keys=True, default=str)
        return hashlib.sha256(line.encode()).hexdigest()


def numbered(activity: Activity) -> str:
    """The activity's number, derived from kind, day, host, name and village where none is given.

    The same activity reported twice gets the same number, so it is not counted twice.
    """
    if activity.number:
        return activity.number
    parts = (
        *(activity.kind, activity.first.isoformat(), activity.organ, activity.name),
        *(activity.town or "", activity.village or ""),
    )
    letters = "PX" if activity.kind == "training" else "HD"
    return f"{letters}{day_number(activity.first)}-{event_key(*parts)[:10].upper()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """A file that shows that it happened, kept under its SHA-256."""

    sha256: str
    name: str
    size: int
    media: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Registered:
    """A report as the store has it; ``number`` is filled."""

    key: str
    version: int
    activity: Activity
    content: str
    state: State
    submitter: str
    submitted_at: datetime
    source: str
    reviewer: str | None = None
    reviewed_at: datetime | None = None
    review_note: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def number(self) -> str:
        """Its number (编号)."""
        assert self.activity.number
        return self.activity.number

    @property
    def missing(self) -> tuple[str, ...]:
        """What an auditor will ask for (领域规格 2.1) and is not there."""
        told = self.activity
        return tuple(
            word
            for word, there in (
                ("地点", told.place or told.town or told.village),
                ("普法主题", told.topic),
                ("线下人次", told.attended),
                ("佐证", told.evidence or self.evidence),
            )
            if not there
        )

    def __str__(self) -> str:
        told = self.activity
        days = f"{told.first}" if told.first == told.last else f"{told.first}至{told.last}"
        words = [
            f"{self.number} {STATES[self.state]} {days} {told.organ} {KINDS[told.kind]}"
            f"“{told.name}”"
        ]
        if told.attended:
            words.append(f"{told.attended}人次{'（估算）' if told.estimated else ''}")
        words += [str(material) for material in told.materials]
        if told.joint:
            words.append(f"参与：{'、'.join(told.joint)}")
        words.append(f"填报：{told.reporter}")
        if self.reviewer:
            words.append(f"{'退回' if self.state == 'returned' else '审核'}：{self.reviewer}")
        if self.state == "returned" and self.review_note:
            words.append(f"原因：{self.review_note}")
        if self.missing and self.state == "submitted":
            words.append(f"缺：{'、'.join(self.missing)}")
        return "，".join(words)

    def to_json(self) -> dict[str, Any]:
        """All fields, coded ones by their keys."""
        return {
            **asdict(self.activity),
            "first": self.activity.first.isoformat(),
            "last": self.activity.last.isoformat(),
            "materials": [asdict(material) for material in self.activity.materials],
            "estimated": self.activity.estimated,
            "key": self.key,
            "version": self.version,
            "state": self.state,
            "submitter": self.submitter,
            "submitted_at": moment(self.submitted_at),
            "source": self.source,
            "reviewer": self.reviewer,
            "reviewed_at": moment(self.reviewed_at),
            "review_note": self.review_note,
            "files": [asdict(each) for each in self.evidence],
            "missing": list(self.missing),
        }


@dataclass(frozen=True, slots=True)
class Submission:
    """What reporting did: ``added``, ``corrected`` or ``unchanged`` (it was there already).

    Attributes:
        closed_month: the closed month (``2026-03``) whose figures this will differ from.
    """

    done: Literal["added", "corrected", "unchanged"]
    registered: Registered
    closed_month: str | None = None

    def __str__(self) -> str:
        word = {"added": "已登记", "corrected": "已更正", "unchanged": "已有，未重复登记"}
        tail = "，待另一人审核后计入" if self.registered.state == "submitted" else ""
        told = f"{word[self.done]}{tail}：{self.registered}"
        if self.closed_month:
            told += f"\n提醒：{self.closed_month} 已经封账，这条记录审核后会在该月显示为差异"
        return told

    def to_json(self) -> dict[str, Any]:
        """``done``, the closed month that it falls in, and the report."""
        return {
            "done": self.done,
            "closed_month": self.closed_month,
            **self.registered.to_json(),
        }


def moment(value: datetime | None) -> str | None:
    """A moment in Asia/Shanghai, ISO 8601, to the second."""
    return value.astimezone(SHANGHAI).isoformat(timespec="seconds") if value else None


def person(name: str) -> str:
    """A person's name as the store keeps it.

    Raises:
        OutreachError: it is blank or longer than 60 characters.
    """
    name = " ".join(unicodedata.normalize("NFKC", name).split())
    if not name or len(name) > 60:
        raise OutreachError("请写明经办人姓名（60字以内）")
    return name


def same_person(one: str, two: str) -> bool:
    """Whether two names are written alike, spaces, width and case apart."""
    return _plain(one) == _plain(two)


def _plain(name: str) -> str:
    return "".join(unicodedata.normalize("NFKC", name).split()).casefold()
