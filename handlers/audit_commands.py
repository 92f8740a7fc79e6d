"""On the command line: a figure's rows, what residents need, evidence packages."""

from __future__ import annotations

from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any

import click

from errors import OutreachError, UsageError
from handlers.command_options import (
    OpenStore,
    as_of_option,
    cutoff_of,
    day_of,
    end_option,
    file_path,
    json_option,
    print_json,
    print_table,
    start_option,
)
from knowledge.duties import Duties
from outreach import evidence_package, evidence_records, insight, periods, report
from outreach.figures import Figure, Trace
from outreach.passages import cutoff
from outreach.store import Outreach
from settings import SHANGHAI, Settings


def commands(open_store: OpenStore) -> list[click.Command]:
    """The commands ``trace`` and ``insight`` and the group ``evidence``."""
    return [_trace(open_store), _insight(open_store), _evidence(open_store)]


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


def _insight(open_store: OpenStore) -> click.Command:
    @click.command("insight")
    @start_option
    @end_option
    @click.option("--town", help="只看这个乡镇（街道）")
    @click.option("--top", type=click.IntRange(1, 1000), default=15, show_default=True)
    @as_of_option
    @json_option
    @click.pass_obj
    def insight_(
        settings: Settings,
        start: str,
        end: str,
        town: str | None,
        top: int,
        as_of: str | None,
        as_json: bool,
    ) -> None:
        """群众在问什么、什么在上升、哪些没答上、下月活动宜讲什么（精准普法）。"""
        first, last = day_of(start), day_of(end)
        with closing(open_store(settings)) as store:
            codes, key = store.codes(), None
            if town is not None:
                code = codes.code("towns", town, last)
                if code is None:
                    raise UsageError(f"没有乡镇“{town}”，可用：{codes.choices('towns', last)}")
                key = code.key
            calendar = Duties.load().calendar
            moment = cutoff_of(store, as_of)
            found = insight.insight(store.database, codes, calendar, first, last, moment, key)
        if as_json:
            print_json(found.to_json())
        else:
            _tell(found, top)

    return insight_


_NAMES = {"topic": "主题", "law": "法律", "article": "条文", "town": "乡镇", "month": "月份"}


def _tell(found: insight.Insight, top: int) -> None:
    where = found.town or "全县"
    click.echo(f"{where} {found.window.first} 至 {found.window.last}，不足5人的不列")
    for table in found.tables:
        _table("、".join(_NAMES[name] for name in table.by), table, top)
    click.echo(f"\n未答 {found.gap_times} 次")
    for table in found.gaps:
        _table("未答：" + "、".join(_NAMES[name] for name in table.by), table, top)
    for text, times in found.texts:
        click.echo(f"  {times} 次：{text}")
    click.echo(f"\n{insight.RISE}")
    rows = [
        (
            *(each.topic, each.now, "<5" if each.before is None else each.before),
            f"{each.ratio:.2f}",
            f"{each.lower:.2f}—{each.upper:.2f}",
            "上升" if each.rose else "",
        )
        for each in found.compared
    ]
    print_table(rows, ("主题", "本月人数", "上月同期", "每日之比", "区间", ""))
    click.echo(f"\n{found.next_month} 活动建议。{insight.RULE}")
    print_table(
        [
            (
                *(each.topic, each.people, each.activities, "、".join(each.nodes)),
                *(f"{each.score:.1f}", each.organ, "；".join(each.articles)),
            )
            for each in found.suggestions
        ],
        ("主题", "提问人数", "线下场次", "下月节点", "得分", "建议单位", "常问条文"),
    )


def _table(title: str, table: insight.Asked, top: int) -> None:
    if not table.rows and not table.withheld:
        return
    click.echo(f"\n按{title}（另有 {table.withheld} 项不列）")
    rows = [(*key, times, people) for key, times, people in table.rows[:top]]
    print_table(rows, (*(_NAMES[name] for name in table.by), "次", "人"))


def _evidence(open_store: OpenStore) -> click.Group:
    @click.group(invoke_without_command=True)
    @click.option("--event", "number", help="一场活动或一期培训的编号")
    @click.option("--node", help="普法节点的编号或名称，和 --year 一起用")
    @click.option("--year", type=click.IntRange(1980, 2056), help="节点的年份")
    @click.option("--campaign", help="推送活动的编号")
    @click.option("--out", type=file_path, help="写成 .zip")
    @json_option
    @click.pass_context
    def evidence(
        context: click.Context,
        number: str | None,
        node: str | None,
        year: int | None,
        campaign: str | None,
        out: Path | None,
        as_json: bool,
    ) -> None:
        """佐证包：一场活动、一个节点或一次推送的记录、照片、过程和数字，带校验清单。"""
        chosen = sum(value is not None for value in (number, node, campaign))
        if context.invoked_subcommand:
            if chosen or year or out:
                raise UsageError("evidence verify 只给文件名，不和 --event、--out 等一起用")
            return
        if chosen != 1 or out is None:
            raise UsageError("请在 --event、--node、--campaign 里写一个，并写 --out 文件名.zip")
        if (node is None) != (year is None):
            raise UsageError("--node 和 --year 要一起写，例如 --node 国家宪法日 --year 2026")
        with closing(open_store(context.obj)) as store:
            base, codes, now = store.database, store.codes(), store.cutoff()
            if number is not None:
                found = evidence_records.of_event(base, codes, number)
            elif node is not None and year is not None:
                found = evidence_records.of_node(base, codes, Duties.load(), node, year, now)
            else:
                found = evidence_records.of_campaign(base, codes, campaign or "", now)
            done = evidence_package.write_package(found, store.files, out)
        if as_json:
            print_json(
                {
                    "path": str(done.path),
                    "sha256": done.sha256,
                    "members": done.members,
                    "files": done.files,
                    "missing": list(done.missing),
                }
            )
        else:
            click.echo(
                f"已打包 {found.title}：{len(found.records)} 条记录、{done.files} 个佐证文件："
                f"{out}\n清单校验值 {done.sha256}"
            )
        if done.missing:
            lost = "、".join(done.missing)
            raise OutreachError(f"包已写好，但有 {len(done.missing)} 个佐证文件缺失或已变：{lost}")

    @evidence.command("verify")
    @click.argument("file", type=file_path)
    @click.option("--sha256", help="另行记下的清单校验值")
    @json_option
    def verify(file: Path, sha256: str | None, as_json: bool) -> None:
        """核对佐证包：每个文件与清单、清单与校验值是否相符；不符退出码 1。"""
        found = evidence_package.verify(file, sha256)
        if as_json:
            print_json(
                {
                    "intact": not found.problems,
                    "title": found.title,
                    "sha256": found.sha256,
                    "members": found.members,
                    "problems": list(found.problems),
                }
            )
        if found.problems:
            raise OutreachError(f"{file} 不完好：{'；'.join(found.problems)}")
        if not as_json:
            click.echo(f"完好：{found.title}，{found.members} 个文件，清单校验值 {found.sha256}")

    return evidence
