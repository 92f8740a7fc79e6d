"""The whole bot as a process of its own, on knowledge that was built before."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from settings import ROOT

ENVIRONMENT = {"PUFA_TODAY": "2026-11-24", "PUFA_PORT": "0", "PUFA_COUNTY": "红山县"}


def furnish(home: Path, built: Path) -> Path:
    """A fresh PUFA_HOME that shares what was built: corpus, model and index, nothing else."""
    home.mkdir(parents=True, exist_ok=True)
    for name in ("knowledge.db", "model", "index"):
        (home / name).symlink_to(built / name)
    return home


def environment(home: Path, **more: str) -> dict[str, str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("PUFA_")}
    return {**kept, **ENVIRONMENT, "PUFA_HOME": str(home), **more}


def command(home: Path, *words: str, **more: str) -> subprocess.CompletedProcess[str]:
    """Run one ``bot.py`` command to its end."""
    return subprocess.run(
        [sys.executable, "bot.py", *words],
        cwd=ROOT,
        env=environment(home, **more),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def json_of(home: Path, *words: str, **more: str) -> Any:
    done = command(home, *words, "--json", **more)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class Bot:
    """A running ``bot.py run``."""

    def __init__(self, process: subprocess.Popen[str], address: str) -> None:
        self.process, self.address = process, address

    def ask(self, text: str, key: str, session: str = "s" * 24) -> dict[str, Any]:
        body = {"text": text, "session": session, "key": key}
        with httpx.Client(trust_env=False, timeout=60) as client:
            answer = client.post(f"{self.address}/api/ask", json=body)
        assert answer.status_code == 200, answer.text
        return dict(answer.json())

    def kill(self) -> None:
        """SIGKILL: nothing is tidied up."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(30)


@contextmanager
def running(
    home: Path, log: Path, *words: str, more: Mapping[str, str] | None = None
) -> Iterator[Bot]:
    """``bot.py run``, from its ``ready`` line to the end of the block."""
    with log.open("ab") as output:
        process = subprocess.Popen(
            [sys.executable, "bot.py", "run", *words],
            cwd=ROOT,
            env=environment(home, **(more or {})),
            stdout=subprocess.PIPE,
            stderr=output,
            text=True,
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            assert line.startswith("ready http://"), log.read_text(errors="replace")[-3000:]
            yield Bot(process, line.split()[1])
        finally:
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            assert process.stdout is not None
            process.stdout.close()
