"""What counting costs: recording, figures, distinct residents, exports over millions of events.

A simulated county-year (:mod:`outreach.simulation`) is written into a temporary folder, then the
real paths are timed on two cores. Figures are printed, never asserted; other work on the machine
shows in the difference between elapsed and processor time.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from handlers.benchmark import environment, peak
from outreach import bulk, sealing
from outreach import statistics as figures
from outreach.events import Answer, Cited, event_key
from outreach.simulation import CountyYear
from outreach.store import Outreach
from settings import ROOT

EVENTS = 5_000_000
RECORDED, THREADS = 20_000, 32
TIMES = 3
CORES = 2
YEAR = 2025  # over, so that the command line's own clock sees all of it
LEDGER_ROWS = 100_000
ARTICLE = Cited("中华人民共和国消费者权益保护法", "第二十五条", date(2013, 10, 25))

Say = Callable[[str], None]
Bar = Callable[[str], Callable[[int, int], None]]


@dataclass
class NewYear:
    """The clock of the bench: the simulated year has just ended."""

    moment: datetime = field(default=datetime(YEAR + 1, 1, 4, 2, tzinfo=UTC))

    def now(self) -> datetime:
        """The moment."""
        return self.moment

    def today(self) -> date:
        """Its day."""
        return self.moment.date()


def statistics(say: Say, bar: Bar, events: int = EVENTS, *, recount: bool = True) -> None:
    """Measure and report.

    Args:
        say: takes a line.
        bar: makes a progress bar with a label.
        events: about how many events the simulated year has.
        recount: also count the year from the raw rows, which takes minutes, and compare.
    """
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    busy = os.getloadavg()[0]
    say(f"机器：{os.cpu_count()} 核，只用 {len(os.sched_getaffinity(0))} 核；开始时负载 {busy:.1f}")
    with TemporaryDirectory(prefix="pufa-bench-") as home:
        url = f"sqlite:///{home}/outreach.db"
        year = CountyYear(events=events, year=YEAR)
        store = Outreach.open(url, NewYear())
        try:
            with _timed(say, "写入模拟的一年（批量，只供测量）"):
                made = bulk.fill(store.database, year, bar("模拟事件"))
            size = Path(home, "outreach.db").stat().st_size / 1e9
            say(f"  {made} 个事件，{year.residents} 名居民，{size:.2f} GB")
            with _timed(say, "整理已过的日子（平时每夜一次，只整理新的一天）"):
                days = sealing.seal(store.database, date(year.year, 12, 31), bar("整理"))
            say(f"  {days} 天")
            os.sync()  # what the bulk left in memory would be written while recording is timed
            _recording(say, store)
            _counting(say, store, year.year, recount=recount)
        finally:
            store.close()
        _command_line(say, Path(home))
        for format in ("csv", "xlsx"):
            _exporting(say, url, Path(home, f"ledger.{format}"), year.year)


def _recording(say: Say, store: Outreach) -> None:
    """Durable recording through the front desk's path: received, then answered with an event."""
    each = RECORDED // THREADS

    def receive(thread: int) -> None:
        for number in range(each):
            key = f"bench:{thread}:{number}"
            store.inbox.receive(key, "web", _resident(number), "能退货吗", at=store.clock.now())

    def answer(thread: int) -> None:
        for number in range(each):
            key = f"bench:{thread}:{number}"
            happened = Answer(
                key=event_key(key, "answer"),
                at=store.clock.now(),
                channel="web",
                resident=_resident(number),
                kind="answer",
                topic="消费",
                organ="市场监督管理局",
                system="消费",
                articles=(ARTICLE,),
            )
            store.record_answer(key, "answer", happened)

    for name, work in (("收到", receive), ("解答并记录事件", answer)):
        began, used = perf_counter(), process_time()
        threads = [threading.Thread(target=work, args=(n,)) for n in range(THREADS)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        seconds, used = perf_counter() - began, process_time() - used
        say(
            f"{name}（{THREADS} 个线程，逐条落盘）：{each * THREADS / seconds:.0f} 条/秒"
            f"（每条处理器时间 {used / each / THREADS * 1e6:.0f} µs）"
        )
    one = min(200, RECORDED)
    began = perf_counter()
    for number in range(one):
        store.inbox.receive(f"bench:one:{number}", "web", "r", "x", at=store.clock.now())
    say(f"单线程逐条落盘：每条 {(perf_counter() - began) / one * 1000:.1f} ms（磁盘的一次刷写）")


def _resident(number: int) -> str:
    return f"bench{number % 5000:027d}"


def _counting(say: Say, store: Outreach, year: int, *, recount: bool) -> None:
    now = store.clock.now()
    first, last = date(year, 1, 1), date(year, 12, 31)

    def table(
        start: date, end: date, by: tuple[str, ...], recounted: bool = False
    ) -> figures.Table:
        return figures.stats(store.database, start, end, by, now, recount=recounted)

    quick: dict[tuple[str, ...], figures.Table] = {}
    for by in (("organ",), ("month",), ("system", "channel"), ("law",), ("organ", "topic")):
        with _timed(say, f"全年按 {'、'.join(by)}", times=TIMES) as run:
            quick[by] = run(lambda by=by: table(first, last, by))  # type: ignore[misc]
    for start, end in ((first, last), (date(year, 2, 13), date(year, 10, 7))):
        with _timed(say, f"{start} 至 {end} 的不重复居民", times=TIMES) as run:
            found = run(lambda start=start, end=end: table(start, end, ()))  # type: ignore[misc]
        say(f"  {found.total['consultations']} 人次，{found.total['online_residents']} 人")
    if recount:
        with _timed(say, "同一张全年按 organ 的表，从原始记录逐条重算"):
            slow = table(first, last, ("organ",), True)
        same = slow.to_json() == quick["organ",].to_json()
        say(f"  与快的结果{'完全相同' if same else '不同：这是程序缺陷'}")


class _Run:
    """Runs something several times; the clock is stopped by :func:`_timed`."""

    def __init__(self, times: int) -> None:
        self.times = times
        self.seconds: list[float] = []

    def __call__(self, work: Callable[[], figures.Table]) -> figures.Table:
        for _ in range(self.times):
            began = perf_counter()
            found = work()
            self.seconds.append(perf_counter() - began)
        return found


@contextmanager
def _timed(say: Say, name: str, times: int = 1) -> Iterator[_Run]:
    run = _Run(times)
    began, used = perf_counter(), process_time()
    yield run
    whole, used = perf_counter() - began, (process_time() - used) / times
    several = f"，{times} 次中最慢 {max(run.seconds):.2f} 秒" if run.seconds else ""
    say(f"{name}：{whole / times:.2f} 秒{several}（处理器时间 {used:.2f} 秒）")


def _command_line(say: Say, home: Path) -> None:
    """The whole command, from the start of Python to the printed table."""
    words = ["stats", "--from", f"{YEAR}-01-01", "--to", f"{YEAR}-12-31", "--by", "organ"]
    seconds = []
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    for _ in range(TIMES):
        began = perf_counter()
        subprocess.run(  # noqa: S603 (our own command)
            [sys.executable, "bot.py", *words],
            cwd=ROOT,
            env=environment(home),
            check=True,
            capture_output=True,
        )
        seconds.append(perf_counter() - began)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = (after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime) / TIMES
    say(
        f"bot.py {' '.join(words)}：最快 {min(seconds):.2f} 秒，最慢 {max(seconds):.2f} 秒，含启动"
        f"（处理器时间 {used:.2f} 秒）"
    )


def _exporting(say: Say, url: str, out: Path, year: int) -> None:
    """A ledger in a process of its own, so that the peak of its memory is known."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as pool:
        rows, seconds, used, most = pool.submit(_export, url, out, year).result()
    say(
        f"台账导出 {out.suffix[1:]}：{rows} 行，{seconds:.1f} 秒（处理器时间 {used:.1f} 秒），"
        f"折合每 10 万行 {seconds / max(rows, 1) * LEDGER_ROWS:.1f} 秒；"
        f"内存峰值 {most:.0f} MB；文件 {out.stat().st_size / 1e6:.1f} MB"
    )


def _export(url: str, out: Path, year: int) -> tuple[int, float, float, float]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    store = Outreach.open(url, NewYear())
    try:
        began, used = perf_counter(), process_time()
        done = store.export(
            out,
            kind="ledger",
            format=out.suffix[1:],
            start=date(year, 1, 1),
            end=date(year, 12, 31) + timedelta(days=31),
            exporter="测量",
        )
        seconds, used = perf_counter() - began, process_time() - used
    finally:
        store.close()
    return done.rows, seconds, used, peak(os.getpid())
