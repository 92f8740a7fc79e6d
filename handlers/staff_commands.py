"""The staff's command line: offline activities and closed months.

Commands parse words and print results; what they do is in ``outreach``. ``bot.py`` gives them
the open store.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Literal, get_args

import click

from errors import UsageError
from handlers.command_options import (
    OpenStore,
    actor_option,
    day_of,
    end_option,
    file_path,
    json_option,
    start_option,
)
from outreach.given import COLUMNS
from settings import Settings

State = Literal["submitted", "approved", "returned", "reversed"]
STATES = get_args(State)


def _show(result: Any, as_json: bool) -> None:
    if not as_json:
        many = isinstance(result, (list, tuple))
        click.echo("\n".join(map(str, result)) if many else str(result))
        return
    value = [r.to_json() for r in result] if isinstance(result, (list, tuple)) else result.to_json()
    click.echo(json.dumps(value, ensure_ascii=False, indent=2, default=str))


def _cells(pairs: Sequence[str]) -> dict[str, Any]:
    cells: dict[str, Any] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        if not mark or not name.strip():
            raise UsageError(f"--set 写成 列名=值，例如 --set 线下人次=120；现在是 {pair!r}")
        cells[name.strip()] = value.strip()
    return cells


def commands(open_store: OpenStore) -> list[click.Command]:
    """The groups ``event`` and ``period``."""
    return [_event(open_store), _period(open_store)]


def _event(open_store: OpenStore) -> click.Group:
    @click.group()
    def event() -> None:
        """线下活动和培训：登记、导入、审核、冲销；审核通过才计数。"""

    @event.command("add", epilog=f"--set 可用的列：{'、'.join(COLUMNS)}")
    @click.option("--date", "day", required=True, help="日期，YYYY-MM-DD")
    @click.option("--organ", required=True, help="主办单位")
    @click.option("--name", required=True, help="活动名称")
    @click.option("--training", is_flag=True, help="是培训班（计期，不计场次）")
    @click.option("--set", "pairs", multiple=True, help="其他列，列名=值，可重复")
    @click.option("--joint", multiple=True, help="联合单位，可重复")
    @click.option("--evidence", multiple=True, type=file_path, help="佐证文件，可重复")
    @click.option("--reason", help="更正已审核的记录时写明原因")
    @actor_option
    @json_option
    @click.pass_obj
    def add(
        settings: Settings,
        day: str,
        organ: str,
        name: str,
        training: bool,
        pairs: tuple[str, ...],
        joint: tuple[str, ...],
        evidence: tuple[Path, ...],
        reason: str | None,
        actor: str,
        as_json: bool,
    ) -> None:
        """登记一次线下活动或一期培训。"""
        cells = {"日期": day, "责任单位": organ, "活动名称": name, **_cells(pairs)}
        with closing(open_store(settings)) as store:
            done = store.add_activity(
                cells,
                actor=actor,
                kind="training" if training else "activity",
                joint=joint,
                evidence_files=evidence,
                reason=reason,
            )
        _show(done, as_json)

    @event.command("import")
    @click.argument("file", type=file_path)
    @click.option("--dry-run", is_flag=True, help="只检查，不写入")
    @click.option("--reason", help="更正已审核的记录时写明原因")
    @actor_option
    @json_option
    @click.pass_obj
    def import_(
        settings: Settings,
        file: Path,
        dry_run: bool,
        reason: str | None,
        actor: str,
        as_json: bool,
    ) -> None:
        """按台账的列导入 .xlsx 或 .csv；导出的台账改好就能再导入。"""
        with closing(open_store(settings)) as store:
            result = store.import_activities(file, actor=actor, reason=reason, dry_run=dry_run)
        _show(result, as_json)
        refused = result.refusal()
        if refused is not None:
            raise refused

    @event.command("list")
    @start_option
    @end_option
    @click.option("--state", type=click.Choice(STATES), help="只看这种状态")
    @click.option("--organ", help="只看这个主办单位")
    @json_option
    @click.pass_obj
    def list_(
        settings: Settings,
        start: str,
        end: str,
        state: State | None,
        organ: str | None,
        as_json: bool,
    ) -> None:
        """列出登记的活动和现状。"""
        with closing(open_store(settings)) as store:
            found = store.activities(day_of(start), day_of(end), state=state, organ=organ)
        _show(found, as_json)

    @event.command("approve")
    @click.argument("number")
    @actor_option
    @json_option
    @click.pass_obj
    def approve(settings: Settings, number: str, actor: str, as_json: bool) -> None:
        """审核通过；填报人不能审核自己的记录。"""
        with closing(open_store(settings)) as store:
            found = store.approve(number, actor=actor)
        _show(found, as_json)
        if found.missing and not as_json:
            click.echo(f"已审核；仍缺：{'、'.join(found.missing)}")

    @event.command("return")
    @click.argument("number")
    @click.option("--reason", required=True)
    @actor_option
    @json_option
    @click.pass_obj
    def return_(settings: Settings, number: str, reason: str, actor: str, as_json: bool) -> None:
        """退回修改。"""
        with closing(open_store(settings)) as store:
            _show(store.send_back(number, actor=actor, reason=reason), as_json)

    @event.command("reverse")
    @click.argument("number")
    @click.option("--reason", required=True)
    @actor_option
    @json_option
    @click.pass_obj
    def reverse(settings: Settings, number: str, reason: str, actor: str, as_json: bool) -> None:
        """冲销一条记录（新增一行，原记录不改）。"""
        with closing(open_store(settings)) as store:
            _show(store.reverse_activity(number, actor=actor, reason=reason), as_json)

    return event


def _period(open_store: OpenStore) -> click.Group:
    @click.group()
    def period() -> None:
        """月度封账：封存当月数字，以后的更正显示为差异。"""

    @period.command("close")
    @click.argument("month")
    @actor_option
    @json_option
    @click.pass_obj
    def close(settings: Settings, month: str, actor: str, as_json: bool) -> None:
        """封存一个月，例如 2026-10。"""
        with closing(open_store(settings)) as store:
            _show(store.close_period(month, actor=actor), as_json)

    @period.command("show")
    @click.argument("month", required=False)
    @json_option
    @click.pass_obj
    def show(settings: Settings, month: str | None, as_json: bool) -> None:
        """封存的月份；给出月份就显示封存后的差异。"""
        with closing(open_store(settings)) as store:
            found: Any = store.period_differences(month) if month else store.closed_periods()
            _show(found, as_json)

    return period
