"""What serving costs: build, start, latency and memory, measured on the real process.

Everything is measured from outside: ``bot.py`` runs in processes of its own, questions go through
HTTP. Figures are printed, never asserted.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import urllib.request
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median, quantiles
from time import perf_counter

from errors import PufaError
from settings import ROOT


@dataclass(frozen=True, slots=True)
class Latency:
    """Milliseconds per question."""

    p50: float
    p95: float
    count: int

    @classmethod
    def of(cls, milliseconds: Sequence[float]) -> Latency:
        """The median and the 95th percentile of at least two measurements."""
        return cls(median(milliseconds), quantiles(milliseconds, n=20)[-1], len(milliseconds))

    def __str__(self) -> str:
        return f"p50 {self.p50:.1f} ms，p95 {self.p95:.1f} ms（{self.count} 个问题）"


def questions(limit: int) -> list[str]:
    """The first ``limit`` in-scope questions of the labelled set, of all lengths."""
    path = ROOT / "knowledge" / "labelled" / "in_scope.jsonl"
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines() if line.strip()]
    return [row["q"] for row in rows[:limit]]


def serving(say: Callable[[str], None], limit: int = 300) -> None:
    """Measure and report: build, warm start to ``ready``, answers over HTTP on one core, memory."""
    say(f"机器：{os.cpu_count()} 核")
    with tempfile.TemporaryDirectory(prefix="pufa-bench-") as home:
        began = perf_counter()
        subprocess.run(
            [sys.executable, "bot.py", "corpus", "build"],
            cwd=ROOT,
            env=environment(Path(home)),
            check=True,
            capture_output=True,
        )
        say(f"建立知识库、模型和索引：{perf_counter() - began:.1f} 秒（全部核）")
        with _running(Path(home)) as (process, address, seconds):
            say(f"热启动到 ready：{seconds:.1f} 秒（全部核）")
            os.sched_setaffinity(process.pid, {min(os.sched_getaffinity(0))})
            for thread in Path(f"/proc/{process.pid}/task").iterdir():
                os.sched_setaffinity(int(thread.name), {min(os.sched_getaffinity(0))})
            asked = questions(limit)
            for question in asked[:20]:
                _ask(address, question)
            whole, inside = [], []
            for question in asked:
                began = perf_counter()
                inside.append(_ask(address, question))
                whole.append((perf_counter() - began) * 1000)
            say(f"POST /api/ask，单核，含记账：{Latency.of(whole)}")
            say(f"其中回答本身（elapsed_ms）：{Latency.of(inside)}")
            story = (asked[-1] + "，") * 200
            began = perf_counter()
            _ask(address, story[:2000])
            say(f"2000 字的长叙述：{(perf_counter() - began) * 1000:.0f} ms")
            say(f"常驻内存峰值：{peak(process.pid):.0f} MB")


def environment(home: Path) -> dict[str, str]:
    """The environment of a fresh installation in a folder."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PUFA_")}
    return {**kept, "PUFA_HOME": str(home), "PUFA_PORT": "0", "no_proxy": "127.0.0.1"}


@contextmanager
def _running(home: Path) -> Iterator[tuple[subprocess.Popen[str], str, float]]:
    began = perf_counter()
    process = subprocess.Popen(
        [sys.executable, "bot.py", "run", "--channels", "web"],
        cwd=ROOT,
        env=environment(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        if not line.startswith("ready "):
            raise PufaError("机器人没有启动起来：请先单独运行 python bot.py run 看看")
        yield process, line.split()[1], perf_counter() - began
    finally:
        process.terminate()
        process.wait(timeout=30)


def _ask(address: str, question: str) -> float:
    # a session of its own for each: the rate limit is per session, and so are residents
    session = os.urandom(12).hex()
    request = urllib.request.Request(  # noqa: S310
        f"{address}/api/ask",
        json.dumps({"text": question, "session": session}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=60) as response:  # noqa: S310
        return float(json.load(response)["elapsed_ms"])


def peak(pid: int) -> float:
    """The most memory that a process has had resident, in MB."""
    for line in Path(f"/proc/{pid}/status").read_text("ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) / 1024
    return float("nan")
