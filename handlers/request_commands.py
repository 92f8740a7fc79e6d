"""The staff's command line for what residents sent in: lecture requests and the gap list."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from typing import Any

import click
from tabulate import tabulate

from errors import UsageError
from outreach import gaps, requests
from outreach.store import Outreach
from settings import SHANGHAI, Settings

Open = Callable[[Settings], Outreach]
_actor = click.option("--actor", required=True, help="经办人姓名或工号，写进记录")
_json = click.option("--json", "as_json", is_flag=True, help="输出 JSON")


def commands(open_store: Open) -> list[click.Command]:
    """The groups ``request`` and ``gaps``."""
    return [_request(open_store), _gaps(open_store)]


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _show(found: Sequence[requests.Request], as_json: bool) -> None:
    if as_json:
        _print_json([each.to_json() for each in found])
    else:
        click.echo("\n".join(map(str, found)) or "没有点单。")


def _request(open_store: Open) -> click.Group:
    @click.group()
    def request() -> None:
        """普法点单：受理、排定、办结。"""

    @request.command("list")
    @click.option("--state", type=click.Choice(list(requests.LABELS)), help="只看这种状态")
    @_json
    @click.pass_obj
    def list_(settings: Settings, state: str | None, as_json: bool) -> None:
        """列出点单，新的在前。"""
        with closing(open_store(settings)) as store, store.database.read() as connection:
            _show(requests.listed(connection, state), as_json)

    def step(settings: Settings, number: str, to: str, actor: str, note: str | None) -> None:
        with closing(open_store(settings)) as store, store.database.write() as connection:
            now = store.clock.now()
            done = requests.decide(connection, number, to, actor=actor, note=note, now=now)
        click.echo(str(done))

    @request.command("accept")
    @click.argument("number")
    @click.option("--note", help="对居民说的话")
    @_actor
    @click.pass_obj
    def accept(settings: Settings, number: str, note: str | None, actor: str) -> None:
        """受理一张点单。"""
        step(settings, number, "accepted", actor, note)

    @request.command("schedule")
    @click.argument("number")
    @click.option("--note", required=True, help="排定的时间、地点、主讲人；居民会看到")
    @_actor
    @click.pass_obj
    def schedule(settings: Settings, number: str, note: str, actor: str) -> None:
        """排定时间地点。"""
        step(settings, number, "scheduled", actor, note)

    @request.command("close")
    @click.argument("number")
    @click.option("--held/--declined", default=True, help="已举办（默认），或者未能安排")
    @click.option("--note", help="未能安排的要写原因；居民会看到")
    @_actor
    @click.pass_obj
    def close(settings: Settings, number: str, held: bool, note: str | None, actor: str) -> None:
        """办结：已举办，或者未能安排。办过的讲座另用 event add 登记，审核后计入场次。"""
        step(settings, number, "held" if held else "declined", actor, note)

    return request


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{value!r} 不是 YYYY-MM-DD 的日期") from None


def _gaps(open_store: Open) -> click.Group:
    @click.group("gaps")
    def group() -> None:
        """没答上来的：给写卡片、定讲课题目的人看。"""

    @group.command("list")
    @click.option("--from", "start", required=True, help="起始日（含），YYYY-MM-DD")
    @click.option("--to", "end", required=True, help="截止日（含），YYYY-MM-DD")
    @_json
    @click.pass_obj
    def list_(settings: Settings, start: str, end: str, as_json: bool) -> None:
        """没答上、说没用、要人工的；问题原文只有居民同意的才有，90天后删除。"""
        first, last = _day(start), _day(end)
        if last < first:
            raise UsageError(f"止日（{last}）早于起日（{first}）")
        with closing(open_store(settings)) as store, store.database.read() as connection:
            found = gaps.listed(connection, first, last)
        if as_json:
            _print_json([each.to_json() for each in found])
            return
        rows = [
            (
                each.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M"),
                each.kind,
                each.topic or "—",
                each.text or each.subject or "—",
                each.channel,
            )
            for each in found
        ]
        click.echo(tabulate(rows, headers=("时间", "情况", "主题", "问题（经同意）或条文", "渠道")))
        counts = Counter((each.kind, each.topic or "—") for each in found)
        summary = "；".join(f"{kind} {topic} {n}" for (kind, topic), n in counts.most_common())
        click.echo(f"共 {len(found)} 条。{summary}")

    return group
