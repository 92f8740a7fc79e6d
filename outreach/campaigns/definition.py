"""What a campaign is: immutable, with one canonical JSON form whose SHA-256 is what people approve.

The JSON is stored in ``campaigns.content``; whoever sends reads it back with
:meth:`Definition.from_json` and renders it with :mod:`outreach.campaigns.rendering`.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from datetime import datetime
from typing import Any, Literal, get_args

ButtonKind = Literal["quiz", "card", "article", "link"]
BUTTON_KINDS: tuple[ButtonKind, ...] = get_args(ButtonKind)
QuizActivity = Literal["answered", "not_answered"]
DEFAULT = "default"  # the body of every channel that has none of its own
CHANNELS = ("telegram", "wechat")  # what can be pushed to; a web page can't be called
BODIES = (DEFAULT, *CHANNELS, "web")  # the web shows a campaign to those who come
QUIET = (21 * 60, 8 * 60)  # 21:00 to 08:00, minutes after midnight in Asia/Shanghai
VARIANTS = ("a", "b")
# Languages in which residents may have agreed to pushes (ISO 639-1), as staff call them.
LANGUAGES = {
    "zh": "汉语",
    "bo": "藏语",
    "ug": "维吾尔语",
    "mn": "蒙古语",
    "kk": "哈萨克语",
    "ko": "朝鲜语",
    "ii": "彝语",
    "za": "壮语",
}


@dataclass(frozen=True, slots=True)
class PushButton:
    """A button: ``target`` is a quiz topic's key, a card's id, a citation or an https address."""

    label: str
    kind: ButtonKind
    target: str


@dataclass(frozen=True, slots=True)
class Audience:
    """Who is meant: every non-empty field must match, and nothing of ``without_*``.

    Towns, groups and topics are keys of the county's lists; residents chose theirs or left them
    blank. ``quiz``: has (not) answered a quiz within ``quiz_days`` days. ``languages``: that they
    agreed to pushes in.
    """

    channels: tuple[str, ...] = CHANNELS
    towns: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    topics: tuple[str, ...] = ()
    quiz: QuizActivity | None = None
    quiz_days: int = 30
    without_towns: tuple[str, ...] = ()
    without_groups: tuple[str, ...] = ()
    without_topics: tuple[str, ...] = ()
    languages: tuple[str, ...] = ()

    @property
    def narrow(self) -> bool:
        """Whether a count could pick somebody out (rule R11)."""
        fields = (self.towns, self.groups, self.without_towns, self.without_groups, self.languages)
        return any(fields)


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture, kept under its SHA-256 in the folder of evidence files."""

    name: str
    sha256: str
    media: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """One campaign.

    Attributes:
        id: chosen by the editor: lower-case letters, digits and ``-``.
        text: body by channel, with :data:`DEFAULT` for the others.
        second: another text for half of the residents (variant b), None where nothing is compared.
        articles: cited articles, e.g. ``反电信网络诈骗法第八条``.
        topic, organ, node: dimensions of the statistics (topic by name, node by key).
        at: when it is due, aware; None: as soon as it is released.
        expires: never sent after; None: set at the release.
        quiet: minutes after midnight in Asia/Shanghai between which nothing is sent.
    """

    id: str
    title: str
    text: Mapping[str, str]
    second: Mapping[str, str] | None = None
    articles: tuple[str, ...] = ()
    picture: Picture | None = None
    buttons: tuple[PushButton, ...] = ()
    topic: str | None = None
    organ: str
    node: str | None = None
    audience: Audience = field(default_factory=Audience)
    at: datetime | None = None
    expires: datetime | None = None
    quiet: tuple[int, int] = QUIET

    def body(self, channel: str, variant: str | None = None) -> str:
        """The words for a channel; of the second text where ``variant`` is ``b``."""
        words = self.second if variant == "b" and self.second is not None else self.text
        return words.get(channel) or words[DEFAULT]

    @property
    def variants(self) -> tuple[str | None, ...]:
        """The variants that residents may get."""
        return VARIANTS if self.second is not None else (None,)

    def to_json(self) -> str:
        """The canonical form: sorted keys, no spaces, moments in ISO 8601 with their offset."""
        value = asdict(self)
        value |= {"text": dict(self.text), "second": dict(self.second) if self.second else None}
        for name in ("at", "expires"):
            moment: datetime | None = getattr(self, name)
            value[name] = moment.isoformat() if moment else None
        if not self.audience.languages:  # the form that was approved before
            del value["audience"]["languages"]
        return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))

    @property
    def sha256(self) -> str:
        """What an approval is bound to."""
        return hashlib.sha256(self.to_json().encode()).hexdigest()

    @classmethod
    def from_json(cls, text: str) -> Definition:
        """The inverse of :meth:`to_json`; for the store's own rows, so nothing is checked."""
        value: dict[str, Any] = json.loads(text)
        audience: dict[str, Any] = {
            name: tuple(item) if isinstance(item, list) else item
            for name, item in value["audience"].items()
        }
        return cls(
            **value
            | {
                "articles": tuple(value["articles"]),
                "picture": Picture(**value["picture"]) if value["picture"] else None,
                "buttons": tuple(PushButton(**button) for button in value["buttons"]),
                "audience": Audience(**audience),
                "at": _moment(value["at"]),
                "expires": _moment(value["expires"]),
                "quiet": tuple(value["quiet"]),
            }
        )


def _moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
