"""The staff's command line: offline activities, closed months, 普法提示单, a figure's rows.

Commands parse words and print results; what they do is in ``outreach``. ``bot.py`` gives them
the open store.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Literal, get_args

import click
from tabulate import tabulate

from errors import UsageError
from outreach import documents, duties, notices, report
from outreach.store import Outreach
from settings import Settings

State = Literal["submitted", "approved", "returned", "reversed"]
STATES = get_args(State)
Open = Callable[[Settings], Outreach]

_actor = click.option("--actor", required=True, help="经办人姓名或工号，写进记录")
_json = click.option("--json", "as_json", is_flag=True, help="输出 JSON")
_start = click.option("--from", "start", required=True, help="起始日（含），YYYY-MM-DD")
_end = click.option("--to", "end", required=True, help="截止日（含），YYYY-MM-DD")
_files = click.Path(exists=False, dir_okay=False, path_type=Path)


def _day(value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise UsageError(f"{value!r} 不是 YYYY-MM-DD 的日期") from None


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


def commands(open_store: Open) -> list[click.Command]:
    """The groups ``event``, ``period``, ``notice`` and the command ``trace``."""
    return [_event(open_store), _period(open_store), _notice(open_store), _trace(open_store)]


def _event(open_store: Open) -> click.Group:
    @click.group()
    def event() -> None:
        """线下活动和培训：登记、导入、审核、冲销；审核通过才计数。"""

    @event.command("add")
    @click.option("--date", "day", required=True, help="日期，YYYY-MM-DD")
    @click.option("--organ", required=True, help="主办单位")
    @click.option("--name", required=True, help="活动名称")
    @click.option("--training", is_flag=True, help="是培训班（计期，不计场次）")
    @click.option("--set", "pairs", multiple=True, help="其他列，列名=值，可重复")
    @click.option("--joint", multiple=True, help="联合单位，可重复")
    @click.option("--evidence", multiple=True, type=_files, help="佐证文件，可重复")
    @click.option("--reason", help="更正已审核的记录时写明原因")
    @_actor
    @_json
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
    @click.argument("file", type=_files)
    @click.option("--dry-run", is_flag=True, help="只检查，不写入")
    @click.option("--reason", help="更正已审核的记录时写明原因")
    @_actor
    @_json
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
    @_start
    @_end
    @click.option("--state", type=click.Choice(STATES), help="只看这种状态")
    @click.option("--organ", help="只看这个主办单位")
    @_json
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
            found = store.activities(_day(start), _day(end), state=state, organ=organ)
        _show(found, as_json)

    @event.command("approve")
    @click.argument("number")
    @_actor
    @_json
    @click.pass_obj
    def approve(settings: Settings, number: str, actor: str, as_json: bool) -> None:
        """审核通过；填报人不能审核自己的记录。"""
        with closing(open_store(settings)) as store:
            _show(store.approve(number, actor=actor), as_json)

    @event.command("return")
    @click.argument("number")
    @click.option("--reason", required=True)
    @_actor
    @_json
    @click.pass_obj
    def return_(settings: Settings, number: str, reason: str, actor: str, as_json: bool) -> None:
        """退回修改。"""
        with closing(open_store(settings)) as store:
            _show(store.send_back(number, actor=actor, reason=reason), as_json)

    @event.command("reverse")
    @click.argument("number")
    @click.option("--reason", required=True)
    @_actor
    @_json
    @click.pass_obj
    def reverse(settings: Settings, number: str, reason: str, actor: str, as_json: bool) -> None:
        """冲销一条记录（新增一行，原记录不改）。"""
        with closing(open_store(settings)) as store:
            _show(store.reverse_activity(number, actor=actor, reason=reason), as_json)

    return event


def _period(open_store: Open) -> click.Group:
    @click.group()
    def period() -> None:
        """月度封账：封存当月数字，以后的更正显示为差异。"""

    @period.command("close")
    @click.argument("month")
    @_actor
    @_json
    @click.pass_obj
    def close(settings: Settings, month: str, actor: str, as_json: bool) -> None:
        """封存一个月，例如 2026-10。"""
        with closing(open_store(settings)) as store:
            _show(store.close_period(month, actor=actor), as_json)

    @period.command("show")
    @click.argument("month", required=False)
    @_json
    @click.pass_obj
    def show(settings: Settings, month: str | None, as_json: bool) -> None:
        """封存的月份；给出月份就显示封存后的差异。"""
        with closing(open_store(settings)) as store:
            found: Any = store.period_differences(month) if month else store.closed_periods()
            _show(found, as_json)

    return period


def _notice(open_store: Open) -> click.Group:
    @click.group()
    def notice() -> None:
        """普法提示单（法治宣传教育法第五十七条）。"""

    @notice.command("list")
    @click.pass_obj
    def list_(settings: Settings) -> None:
        """列出提示单和现状。"""
        with closing(open_store(settings)) as store:
            found = notices.listed(store.database, store.clock.now())
        lines = [f"{n.number}  {n.organ}  {n.state}  反馈期限 {n.deadline}" for n in found]
        click.echo("\n".join(lines) or "还没有提示单。")

    @notice.command("draft")
    @click.option("--organ", required=True, help="发给哪个单位")
    @_start
    @_end
    @click.option("--deadline", required=True, help="反馈期限，YYYY-MM-DD")
    @click.option("--out", type=_files, required=True, help="写成 .docx")
    @_actor
    @click.pass_obj
    def draft(
        settings: Settings,
        organ: str,
        start: str,
        end: str,
        deadline: str,
        out: Path,
        actor: str,
    ) -> None:
        """按责任清单和节点，为逾期的事项拟一份提示单。"""
        from knowledge.duties import Duties

        with closing(open_store(settings)) as store:
            now = store.clock.now()
            found = duties.due_and_done(store.database, Duties.load(), _day(start), _day(end), now)
            items = next((each.items for each in found if each.organ == organ), None)
            if items is None:
                raise UsageError(f"责任清单里没有 {organ}")
            reminder = notices.draft(
                store.database, organ, items, deadline=_day(deadline), actor=actor, now=now
            )
            documents.write_notice(reminder, out, county=settings.county, now=now)
        click.echo(f"{reminder.number} 已拟好：{out}")

    return notice


def _trace(open_store: Open) -> click.Command:
    @click.command()
    @click.argument("figure")
    @_start
    @_end
    @click.pass_obj
    def trace(settings: Settings, figure: str, start: str, end: str) -> None:
        """报告里一个数字的来历：脚注里的编号，例如 activities@organ=公安局。"""
        from knowledge.duties import Duties

        with closing(open_store(settings)) as store:
            found = report.trace(
                store.database, Duties.load(), figure, _day(start), _day(end), store.clock.now()
            )
        number = found.figure
        click.echo(f"{number.id} = {number.value} {number.unit}\n{number.definition}")
        held = [i for i in range(len(found.columns)) if any(row[i] for row in found.rows)]
        rows = [["" if row[i] is None else row[i] for i in held] for row in found.rows]
        click.echo(tabulate(rows, headers=[found.columns[i] for i in held]))

    return trace
