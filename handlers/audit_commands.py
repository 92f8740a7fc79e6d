"""What an auditor asks for on the command line: a figure's rows, evidence packages."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from typing import Any

import click

from handlers.command_options import (
    OpenStore,
    as_of_option,
    cutoff_of,
    day_of,
    end_option,
    json_option,
    print_json,
    print_table,
    start_option,
)
from knowledge.duties import Duties
from outreach import periods, report
from outreach.figures import Figure, Trace
from outreach.passages import cutoff
from outreach.store import Outreach
from settings import SHANGHAI, Settings


def commands(open_store: OpenStore) -> list[click.Command]:
    """The command ``trace``."""
    return [_trace(open_store)]


def _trace(open_store: OpenStore) -> click.Command:
    @click.command()
    @click.argument("figure")
    @start_option
    @end_option
    @as_of_option
    @json_option
    @click.pass_obj
    def trace(
        settings: Settings, figure: str, start: str, end: str, as_of: str | None, as_json: bool
    ) -> None:
        """报告里一个数字的来历：脚注里的编号，例如 activities@organ=公安局。"""
        first, last = day_of(start), day_of(end)
        with closing(open_store(settings)) as store:
            moment = cutoff_of(store, as_of)
            found = report.trace(store.database, Duties.load(), figure, first, last, moment)
            frozen = _frozen(store, found.figure, first, last)
        number = found.figure
        if as_json:
            print_json(
                {
                    "id": number.id,
                    "value": number.value,
                    "unit": number.unit,
                    "definition": number.definition,
                    "where": dict(number.where),
                    "from": start,
                    "to": end,
                    "as_of": moment.astimezone(SHANGHAI).isoformat(),
                    "adds_up": found.sums,
                    "rows": [dict(zip(found.columns, row, strict=True)) for row in found.rows],
                    "closed": frozen,
                }
            )
            return
        click.echo(f"{number.id} = {number.value} {number.unit}\n{number.definition}")
        click.echo(f"统计期间 {start} 至 {end}；数据截止时间 {cutoff(moment)}（北京时间）")
        held = [i for i in range(len(found.columns)) if any(row[i] for row in found.rows)]
        rows = [[row[i] for i in held] for row in found.rows]
        print_table(rows, [found.columns[i] for i in held])
        click.echo(_added(found))
        if frozen:
            now = "与上面相同" if frozen["value"] == number.value else f"现在是 {number.value}"
            month = frozen["month"]
            click.echo(
                f"{month} 已由{frozen['actor']}封账，公布的是 {frozen['value']}，{now}；"
                f"当时的明细用 --as-of '{frozen['as_of']}'，差异的原因用 period show {month}"
            )

    return trace


def _added(found: Trace) -> str:
    if not found.sums:
        return f"共 {len(found.rows)} 行；人数在整个期间内去重，不是各行相加"
    if found.column is None:
        return f"共 {len(found.rows)} 行，一行一{found.figure.unit}"
    place = found.columns.index(found.column)
    total = sum(int(row[place] or 0) for row in found.rows)
    return f"共 {len(found.rows)} 行，“{found.column}”合计 {total}"


def _frozen(store: Outreach, figure: Figure, first: date, last: date) -> dict[str, Any] | None:
    """What a closed month says of a figure, where the window is that month."""
    measure = figure.id.partition("@")[0]
    where = dict(figure.where)
    if set(where) - {"organ"}:
        return None
    for each in store.closed_periods():
        if (each.month.first, each.month.last) == (first, last):
            row = each.figures.get(where.get("organ", periods.TOTAL), {})
            if measure in row:
                facts = {"month": str(each.month), "actor": each.actor, "value": row[measure] or 0}
                return facts | {"as_of": cutoff(each.at)}
    return None
