"""The command line of what we did: ``stats`` and ``export``."""

from __future__ import annotations

from contextlib import closing
from datetime import date, datetime
from pathlib import Path
from typing import Any

import click

from errors import UsageError
from handlers.command_line.parts import Parts, print_json
from handlers.command_line.progress import counter
from settings import Settings


def commands(parts: Parts) -> list[click.Command]:
    """The commands."""
    return [_stats(parts), _export(parts)]


def _day(_: click.Context, __: click.Parameter, value: str) -> date:
    try:
        return date.fromisoformat(value)
    except ValueError:
        raise click.BadParameter(f"{value!r} 不是 YYYY-MM-DD 的日期") from None


def _moment(_: click.Context, __: click.Parameter, value: str | None) -> datetime | None:
    from handlers.command_options import moment_of

    return moment_of(value) if value else None


_window = (
    click.option("--from", "start", required=True, callback=_day, help="起始日（含），YYYY-MM-DD"),
    click.option("--to", "end", required=True, callback=_day, help="截止日（含），YYYY-MM-DD"),
)


def _stats(parts: Parts) -> click.Command:
    @click.command()
    @_window[0]
    @_window[1]
    @click.option(
        "--by", default="", help="organ,system,topic,law,channel,town,campaign,node,month"
    )
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def stats(settings: Settings, start: date, end: date, by: str, as_json: bool) -> None:
        """统计：人次、人数等，按维度分组。"""
        dimensions = [name.strip() for name in by.split(",") if name.strip()]
        with closing(parts.outreach(settings)) as outreach:
            table = outreach.stats(start, end, dimensions).to_json()
        if as_json:
            print_json(table)
        else:
            click.echo(_table(table))

    return stats


def _table(stats: dict[str, Any]) -> str:
    """A table of figures for people; 「—」 where a measure does not apply yet."""
    from tabulate import tabulate

    names = {key: text.split("：")[0] for key, text in stats["definitions"].items()}
    total = stats["total"]
    measures = [key for key, value in total.items() if value] or ["consultations"]
    by = list(stats["rows"][0]["by"]) if stats["rows"] and stats["rows"][0]["by"] else []
    rows = [
        [*row["by"].values(), *("—" if row[m] is None else row[m] for m in measures)]
        for row in stats["rows"]
    ]
    rows.append(
        [*(["合计"] + [""] * (len(by) - 1) if by else []), *(stats["total"][m] for m in measures)]
    )
    return str(tabulate(rows, headers=[*by, *(names.get(m, m) for m in measures)]))


def _export(parts: Parts) -> click.Command:
    @click.command()
    @_window[0]
    @_window[1]
    @click.option("--kind", default="ledger", show_default=True, help="见 docs/cli.md")
    @click.option(
        "--format", "form", default="csv", show_default=True, help="xlsx、csv、json 或 docx"
    )
    @click.option("--out", required=True, type=click.Path(path_type=Path))
    @click.option("--exporter", default="命令行", show_default=True, help="导出人，写进说明")
    @click.option("--organ", "organs", multiple=True, help="只导出这个单位的履职报告，可重复")
    @click.option("--as-of", callback=_moment, help="数据截止时间，默认现在；照抄旧导出上的可重现")
    @click.pass_obj
    def export(
        settings: Settings,
        start: date,
        end: date,
        kind: str,
        form: str,
        out: Path,
        exporter: str,
        organs: tuple[str, ...],
        as_of: datetime | None,
    ) -> None:
        """导出台账、汇总、节点、责任清单、推送活动、事件明细、报告段落、履职报告。"""
        if organs and kind != "performance":
            raise UsageError("--organ 只用于 --kind performance")
        corpus = parts.corpus(settings)
        with closing(parts.outreach(settings, corpus)) as outreach:
            exported = outreach.export(
                out,
                kind=kind,
                format=form,
                start=start,
                end=end,
                exporter=exporter,
                corpus=f"{corpus.corpus_date.isoformat()} {corpus.hash[:12]}",
                as_of=as_of,
                progress=counter("导出"),
                county=settings.county_named,
                organs=organs,
            )
        archive = "（ZIP 压缩包，每张表一个文件）" if kind == "all" and form != "xlsx" else ""
        click.echo(f"已导出 {exported.rows} 行：{out}{archive}")

    return export
