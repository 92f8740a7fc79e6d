"""Running the staff's commands in this process, against a store that the test opened."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from handlers.command_line.group import Commands
from settings import Settings


@dataclass(frozen=True)
class Ran:
    """What a command did: exit status and what it wrote."""

    status: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)


class Line:
    """``run("notice", "list")`` → :class:`Ran`; anything but the project's own errors is raised."""

    def __init__(self, commands: Sequence[click.Command], settings: Settings) -> None:
        self._group = Commands("bot")
        for command in commands:
            self._group.add_command(command)
        self._settings = settings

    def __call__(self, *words: str | Path) -> Ran:
        done = CliRunner().invoke(
            self._group, [str(word) for word in words], obj=self._settings, catch_exceptions=False
        )
        # Without standalone mode click hands the status of ctx.exit() back instead of raising it.
        status = done.exit_code or int(done.return_value or 0)
        return Ran(status, done.stdout, done.stderr)

    def refused(self, *words: str | Path, status: int = 2) -> str:
        """The one line on stderr with which a command refuses."""
        done = self(*words)
        assert (done.status, done.out) == (status, ""), done
        assert done.err.startswith("错误：")
        assert done.err.count("\n") == 1
        return done.err
