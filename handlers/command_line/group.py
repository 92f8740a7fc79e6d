"""The group that holds all commands: errors as one Chinese line, modules loaded when needed."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import click

from errors import PufaError


@dataclass(frozen=True)
class Room:
    """Commands that come together; ``load`` brings their libraries."""

    names: tuple[str, ...]
    load: Callable[[], Sequence[click.Command]]


class Commands(click.Group):
    """Turns the project's own errors into one line on stderr and their exit status.

    A room's module is imported when one of its commands is asked for, or all are listed: some bring
    libraries for Word and Excel, which ``cite`` and ``ask`` need not wait for.
    """

    rooms: tuple[Room, ...] = ()

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All names, those of rooms that are not loaded yet too."""
        names = (name for room in self.rooms for name in room.names)
        return sorted({*super().list_commands(ctx), *names})

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command, after its room is loaded."""
        if cmd_name not in self.commands:
            for room in self.rooms:
                if cmd_name in room.names:
                    for command in room.load():
                        self.add_command(command)
        return super().get_command(ctx, cmd_name)

    def invoke(self, ctx: click.Context) -> Any:
        """Run a command; the project's own errors end it with their exit status."""
        try:
            return super().invoke(ctx)
        except PufaError as error:
            click.echo(f"错误：{error}", err=True)
            ctx.exit(error.exit_status)
        except BrokenPipeError:
            ctx.exit(1)

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Run; a user's slip is one Chinese line on stderr and exit status 2."""
        try:
            return super().main(*args, **{**kwargs, "standalone_mode": False})
        except click.Abort:
            sys.exit(130)
        except click.ClickException as error:
            name = (
                error.ctx.command_path if isinstance(error, click.UsageError) and error.ctx else ""
            )
            hint = f"（{name} --help 看用法）" if name else ""
            click.echo(f"错误：{slip(error)}{hint}", err=True)
            sys.exit(2)


def slip(error: click.ClickException) -> str:
    """What was wrong with a command's words, in Chinese."""
    match error:
        case click.MissingParameter():
            return f"缺少 {_named(error.param)}"
        case click.NoSuchOption():
            return f"没有选项 {error.option_name}"
        case click.BadParameter():
            return f"{_named(error.param)} 不对：{error.message}"
        case _:
            found = re.match(r"No such command '(.+)'", error.message)
            return f"没有命令 {found[1]}" if found else error.message


def _named(parameter: click.Parameter | None) -> str:
    """A parameter as it is typed."""
    if isinstance(parameter, click.Option):
        return max(parameter.opts, key=len)
    return parameter.human_readable_name if parameter else "参数"
