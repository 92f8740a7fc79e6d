"""The command line as a whole: which module brings which command, and what a slip says."""

from __future__ import annotations

import pytest
from click.testing import CliRunner

import bot
from handlers.command_line.group import Room

PROMISED = "ask cite corpus run event stats export campaign notice staff bench".split()


@pytest.mark.parametrize("room", bot.main.rooms, ids=lambda room: room.names[0])
def test_a_room_brings_the_commands_that_it_names(room: Room) -> None:
    assert sorted(command.name or "" for command in room.load()) == sorted(room.names)


def test_the_promised_commands_are_listed() -> None:
    shown = CliRunner().invoke(bot.main, ["--help"]).stdout
    for name in PROMISED:
        assert f"\n  {name} " in shown


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["frobnicate"], "错误：没有命令 frobnicate"),
        (["stats"], "错误：缺少 --from"),
        (["stats", "--from", "x", "--to", "y"], "错误：--from 不对：'x' 不是 YYYY-MM-DD 的日期"),
        (["ask", "--wrong"], "错误：没有选项 --wrong"),
        (["ask"], "错误：请给出问题，或用 --batch 和 --out"),
    ],
)
def test_a_slip_is_one_line(words: list[str], line: str) -> None:
    done = CliRunner().invoke(bot.main, words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1
