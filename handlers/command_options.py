"""What the staff's commands share: options, days and moments, tables and JSON."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from errors import UsageError
from knowledge.corpus import Corpus
from outreach.store import Outreach
from settings import SHANGHAI, Settings

OpenStore = Callable[[Settings], Outreach]
OpenCorpus = Callable[[Settings], Corpus]

actor_option = click.option("--actor", required=True, help="经办人姓名或工号，写进记录")
json_option = click.option("--json", "as_json", is_flag=True, help="输出 JSON")
start_option = click.option("--from", "start", required=True, help="起始日（含），YYYY-MM-DD")
end_option = click.option("--to", "end", required=True, help="截止日（含），YYYY-MM-DD")
as_of_option = click.option("--as-of", help="数据截止时间，默认现在；照抄导出或脚注上的")
file_path = click.Path(exists=False, dir_okay=False, path_type=Path)


def day_of(value: str) -> date:
    """A day that somebody wrote.

    Raises:
        UsageError: it is none.
    """
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{value!r} 不是 YYYY-MM-DD 的日期") from None


def moment_of(value: str) -> datetime:
    """A moment that somebody wrote, in Asia/Shanghai unless it says otherwise.

    Raises:
        UsageError: it is none.
    """
    try:
        found = datetime.fromisoformat(value.strip())
    except ValueError:
        message = f"{value!r} 不是时间，请写成 '2026-11-24 10:00:00'（北京时间）"
        raise UsageError(message) from None
    return found if found.tzinfo else found.replace(tzinfo=SHANGHAI)


def cutoff_of(store: Outreach, as_of: str | None) -> datetime:
    """The 数据截止时间 that is asked for, now by default."""
    return moment_of(as_of) if as_of else store.cutoff()


def print_json(value: Any) -> None:
    """Print an object as JSON."""
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def print_table(rows: Sequence[Sequence[Any]], headers: Sequence[str]) -> None:
    """Print a table for people."""
    shown = [["" if cell is None else cell for cell in row] for row in rows]
    click.echo(tabulate(shown, headers=list(headers), disable_numparse=True))
