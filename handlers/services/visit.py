"""One update as a service sees it: who, when, what they chose; and how a service answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from handlers.messages import Button, Hotline, Incoming, Kind, Reply, ShownArticle
from handlers.questions import Composer
from handlers.services.commands import Command
from handlers.services.memory import Memory
from outreach.changes import Change
from outreach.profiles import Profile


@dataclass(frozen=True, slots=True)
class Visit:
    """An update with what is known about its resident on ``today``."""

    incoming: Incoming
    today: date
    profile: Profile
    memory: Memory

    @property
    def pushable(self) -> bool:
        """Whether the channel can send something later: a private chat with an address."""
        return self.incoming.address is not None and not self.incoming.group


def do(command: Command, label: str) -> Button:
    """A button that gives a command."""
    return Button(label, f"do:{command.value}")


def say(
    composer: Composer,
    text: str,
    *changes: Change,
    rows: Sequence[Sequence[Button]] = (),
    articles: tuple[ShownArticle, ...] = (),
    hotlines: tuple[Hotline, ...] = (),
    kind: Kind = Kind.MENU,
) -> Reply:
    """A service's reply; articles are shown whole."""
    reply = composer.compose(
        kind,
        text,
        articles,
        visible=len(articles),
        hotlines=hotlines,
        rows=tuple(tuple(row) for row in rows if row),
        whole=True,
    )
    return replace(reply, changes=changes)


def pairs(buttons: Sequence[Button], width: int = 2) -> list[tuple[Button, ...]]:
    """Buttons in rows."""
    return [tuple(buttons[at : at + width]) for at in range(0, len(buttons), width)]
