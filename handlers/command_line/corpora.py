"""The command line of what we know: ``corpus …`` and ``calendar``."""

from __future__ import annotations

import json
from pathlib import Path

import click

from errors import PufaError
from handlers.command_line.parts import Parts, print_json, write_lines
from handlers.command_line.progress import bar, stages
from settings import Settings


def commands(parts: Parts) -> list[click.Command]:
    """The group ``corpus`` and the command ``calendar``."""
    return [_corpus(parts), _calendar()]


def _corpus(parts: Parts) -> click.Group:
    @click.group()
    def corpus() -> None:
        """知识库：建立、查看。"""

    @corpus.command("build")
    @click.pass_obj
    def corpus_build(settings: Settings) -> None:
        """重新建立知识库和检索索引。"""
        from knowledge import build
        from knowledge.corpus import Corpus
        from retrieval.search import Searcher

        report = build.build(settings.knowledge_db, bar("建立知识库"))
        click.echo(str(report))
        Searcher.open(Corpus.open(settings.knowledge_db), settings, stages())
        click.echo(f"检索索引已就绪：{settings.index_dir}")

    @corpus.command("check")
    @click.option("--markdown", type=click.Path(path_type=Path), help="把报告写成 Markdown 文件")
    @click.option(
        "--acknowledged", type=click.Path(path_type=Path), help="另一份已确认清单（TOML）"
    )
    @click.pass_obj
    def corpus_check(settings: Settings, markdown: Path | None, acknowledged: Path | None) -> None:
        """检查语料：缺号、重号、可疑的开头结尾、存疑的废止、没并入的修改；有未确认的，退出码 1。"""
        from knowledge.acknowledged import ACKNOWLEDGED
        from knowledge.audit import audit
        from knowledge.audit_report import render_markdown, render_text
        from knowledge.sources.statutes import StatutePackage

        held = parts.corpus(settings)
        lists = [ACKNOWLEDGED, *([acknowledged] if acknowledged else [])]
        report = audit(held, StatutePackage.installed(), acknowledged=lists)
        if markdown is None:
            click.echo(render_text(report))
        else:
            write_lines(markdown, render_markdown(report).splitlines())
            click.echo(f"报告已写入 {markdown}")
        if report.unacknowledged:
            raise PufaError(f"有 {len(report.unacknowledged)} 项问题没有确认")

    @corpus.command("list")
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def corpus_list(settings: Settings, as_json: bool) -> None:
        """列出收录的法律、版本和当日效力。"""
        from tabulate import tabulate

        from knowledge.radar import corpus_list as held_versions
        from knowledge.radar import list_json

        held, today = parts.corpus(settings), settings.clock().today()
        versions = held_versions(held, today)
        if as_json:
            print_json(
                {
                    "as_of": today.isoformat(),
                    "corpus_date": held.corpus_date.isoformat(),
                    "hash": held.hash,
                    "versions": json.loads(list_json(versions)),
                }
            )
            return
        rows = [
            (v.law, v.level, v.version, v.effective or "—", v.status.label, v.articles)
            for v in versions
        ]
        click.echo(tabulate(rows, headers=("法律", "位阶", "通过日期", "施行日期", "效力", "条数")))
        click.echo(f"共 {len(rows)} 个版本，截至 {today}；语料日期 {held.corpus_date}")

    @corpus.command("import")
    @click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
    @click.option("--dry-run", is_flag=True, help="只预览，不写入")
    @click.option("--accept", is_flag=True, help="接受警告（错误仍然拒绝）")
    @click.option("--name", help="法规全称")
    @click.option("--level", help="位阶，如 地方性法规")
    @click.option("--issuer", help="制定机关")
    @click.option("--region", help="适用地区，如 甘肃省；全国适用的不填")
    @click.option("--adopted", help="通过日期，YYYY-MM-DD")
    @click.option("--published", help="公布日期，YYYY-MM-DD")
    @click.option("--effective", help="施行日期，YYYY-MM-DD")
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def corpus_import(
        settings: Settings,
        /,
        paths: tuple[Path, ...],
        dry_run: bool,
        accept: bool,
        as_json: bool,
        **metadata: str | None,
    ) -> None:
        """导入本地的法规：.docx、Markdown 或纯文本；先预览问题，再写入（docs/adding-a-law.md）。"""
        from knowledge.imports import Overrides, import_paths, refusal

        held = parts.corpus(settings)
        known = [(version.law, version.version_date) for version in held.versions]
        previews = import_paths(
            paths,
            settings.home,
            Overrides(**metadata),
            dry_run=dry_run,
            accept=accept,
            today=settings.clock().today(),
            known=known,
        )
        if as_json:
            print_json([preview.to_json() for preview in previews])
        else:
            click.echo("\n\n".join(map(str, previews)))
        refused = refusal(previews, accept=accept)
        if refused is not None:
            raise refused
        if dry_run:
            click.echo("（只是预览，没有写入）", err=True)
            return
        parts.conversation(settings, parts.corpus(settings))
        click.echo("已导入，知识库和检索索引已更新。", err=True)

    @corpus.command("radar")
    @click.option("--days", type=click.IntRange(1, 3660), default=180, show_default=True)
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def corpus_radar(settings: Settings, days: int, as_json: bool) -> None:
        """今后一段时间里效力会变化的法律。"""
        from knowledge.questions.bank import Bank
        from knowledge.radar import question_counts, radar, radar_json, radar_text

        today = settings.clock().today()
        changes = radar(parts.corpus(settings), today, days, question_counts(Bank.load()))
        click.echo(radar_json(changes) if as_json else radar_text(changes, today, days))

    return corpus


def _calendar() -> click.Command:
    @click.command()
    @click.option("--year", type=click.IntRange(1980, 2056), help="默认今年")
    @click.option("--ahead", type=click.IntRange(0, 366), default=30, show_default=True)
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def calendar(settings: Settings, year: int | None, ahead: int, as_json: bool) -> None:
        """一年的普法节点，和近期到期的。"""
        from knowledge.calendar import Calendar
        from knowledge.calendar_report import calendar_json, calendar_text

        today = settings.clock().today()
        report = calendar_json if as_json else calendar_text
        shown = report(Calendar.load(), year or today.year, today, ahead)
        if isinstance(shown, str):
            click.echo(shown)
        else:
            print_json(shown)

    return calendar
