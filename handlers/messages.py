"""What a conversation takes in and gives back: the same for every channel.

No adapter and no platform library is known here; adapters translate to and from these types.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum
from typing import Any

from outreach.changes import Change


class Channel(StrEnum):
    """Where a message came from; the values are the ``channel`` dimension of the statistics."""

    WEB = "web"
    TELEGRAM = "telegram"
    WECHAT = "wechat"
    TERMINAL = "terminal"


class Kind(StrEnum):
    """What a reply is; the values are those of the command-line contract."""

    ANSWER = "answer"
    LOOKUP = "lookup"
    URGENT = "urgent"
    DECLINED = "declined"
    REFUSED = "refused"
    SMALLTALK = "smalltalk"
    MENU = "menu"


@dataclass(frozen=True, slots=True)
class Incoming:
    """One update from one resident.

    ``update_key`` is the platform's own id made unique per channel (``telegram:123``): the same
    update has the same key however often it is delivered. ``resident`` is already pseudonymous.
    ``action`` is a pressed button's value; ``text`` is then empty. ``address`` is where the
    platform wants the reply (a chat id): kept only until the reply is sent. ``group`` says that
    others read along.
    """

    update_key: str
    channel: Channel
    resident: str
    text: str
    at: datetime  # aware, UTC
    action: str | None = None
    address: str | None = None
    group: bool = False


@dataclass(frozen=True, slots=True)
class Button:
    """Something to press: ``action`` comes back as ``Incoming.action`` (at most 60 bytes), or
    ``url`` (``tel:`` or ``https:``; on the web also a page of its own, ``/letters/…``) is opened by
    the platform. Exactly one is set."""

    label: str
    action: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True)
class ShownArticle:
    """An article as a reply shows it; fields are those of the command-line contract."""

    law: str
    short: str
    article: str
    text: str
    status: str
    version_date: date
    effective_date: date | None
    organ: str
    score: float
    level: str = "法律"
    region: str | None = None  # None: national
    path: tuple[str, ...] = ()
    marked: tuple[int, int] | None = None  # slice of ``text`` that answers best
    note: str | None = None
    ref: int = 0  # Article.id

    def to_json(self) -> dict[str, Any]:
        """The contract's article object, with this project's additions."""
        return {
            "law": self.law,
            "short": self.short,
            "article": self.article,
            "text": self.text,
            "status": self.status,
            "version_date": self.version_date.isoformat(),
            "effective_date": self.effective_date.isoformat() if self.effective_date else None,
            "organ": self.organ,
            "score": round(self.score, 4),
            "level": self.level,
            "region": self.region,
            "path": list(self.path),
            "marked": list(self.marked) if self.marked else None,
            "note": self.note,
        }


@dataclass(frozen=True, slots=True)
class Hotline:
    """A number to call, from ``knowledge/hotlines.toml`` only."""

    number: str
    name: str
    use: str


@dataclass(frozen=True, slots=True)
class File:
    """A document that goes with a reply, on channels that can carry one; it is never stored."""

    name: str
    content: bytes


@dataclass(frozen=True, slots=True)
class Reply:
    """What a resident gets back.

    ``text`` is the whole reply as plain text (what the terminal prints); ``lead`` is its part
    before the articles and ``tail`` the part after them, for channels that lay articles out
    themselves. ``articles`` holds all ranked ones that were asked for (``top_k``), of which the
    first ``shown`` are in ``text``. ``changes`` are carried out when the reply is recorded;
    ``retained`` is False where nothing about the resident may be kept. ``private`` is the button
    value with which a group's reply goes on in a private chat.
    """

    kind: Kind
    text: str
    lead: str = ""
    tail: str = ""
    articles: tuple[ShownArticle, ...] = ()
    shown: int = 0
    cards: tuple[tuple[str, str], ...] = ()
    hotlines: tuple[Hotline, ...] = ()
    topic: str | None = None
    organ: str | None = None  # primary 责任单位, for the statistics
    system: str | None = None
    gap: bool = False  # a question within scope that the corpus does not answer
    feedback: tuple[bool, str] | None = None  # (useful?, the article's citation)
    paragraph: int | None = None  # 款 that was asked for
    corpus_date: date | None = None  # newest law that the corpus holds
    confidence: float = 0.0
    buttons: tuple[tuple[Button, ...], ...] = field(default_factory=tuple)  # rows
    changes: tuple[Change, ...] = ()
    retained: bool = True
    agreed: bool = False  # staff may read this question, masked, should it stay unanswered
    person: bool = False  # the resident asked for a person
    town: str | None = None  # as chosen by the resident, for the statistics
    group: str | None = None
    private: str | None = None
    files: tuple[File, ...] = ()  # blank letters
    awaits: str | None = None  # an unfinished sum's action: the next message may be its figure

    def to_json(self, elapsed_ms: float) -> dict[str, Any]:
        """The contract's answer object."""
        return {
            "kind": self.kind.value,
            "text": self.text,
            "articles": [article.to_json() for article in self.articles],
            "cards": [{"id": key, "title": title} for key, title in self.cards],
            "hotlines": [hotline.number for hotline in self.hotlines],
            "topic": self.topic,
            "confidence": round(self.confidence, 4),
            "elapsed_ms": round(elapsed_ms, 2),
            "shown": self.shown,
            "corpus_date": self.corpus_date.isoformat() if self.corpus_date else None,
            "buttons": [
                [{"label": b.label, "action": b.action, "url": b.url} for b in row]
                for row in self.buttons
            ],
        }
