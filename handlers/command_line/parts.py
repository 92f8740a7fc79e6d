"""What commands are given by ``bot.py``, which alone wires the rooms together."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import click

from errors import UsageError
from settings import Settings

if TYPE_CHECKING:
    from handlers.conversation import Conversation
    from handlers.questions import Composer
    from knowledge.corpus import Corpus
    from outreach.campaigns.office import Office
    from outreach.memory import Memory
    from outreach.store import Outreach


class Parts(Protocol):
    """Opens the parts of the house; each call opens anew."""

    def corpus(self, settings: Settings) -> Corpus:
        """The knowledge base, built where it is missing."""
        ...

    def composer(self, settings: Settings, corpus: Corpus) -> Composer:
        """What lays answers out."""
        ...

    def conversation(
        self, settings: Settings, corpus: Corpus, memory: Memory | None = None
    ) -> Conversation:
        """The conversation, with model and index in place."""
        ...

    def outreach(self, settings: Settings, corpus: Corpus | None = None) -> Outreach:
        """The store; the caller closes it."""
        ...

    def office(self, settings: Settings, corpus: Corpus, store: Outreach) -> Office:
        """The staff's office for campaigns, on an open store."""
        ...


def print_json(value: Any) -> None:
    """Print an object as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def write_lines(path: Path, lines: Iterable[str]) -> None:
    """Write text lines atomically: a half-written file never takes the place of a whole one."""
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.writelines(line + "\n" for line in lines)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"写不了 {path}：{error}") from error
