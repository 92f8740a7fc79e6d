"""Progress bars on stderr."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any


def bar(label: str) -> Callable[[int, int], None]:
    """A progress bar on stderr: call it with (done, total)."""
    from tqdm import tqdm

    shown = tqdm(desc=label, unit="条", disable=None, file=sys.stderr)

    def step(done: int, total: int) -> None:
        shown.total = total
        shown.update(done - shown.n)
        if done >= total:
            shown.close()

    return step


def counter(label: str) -> Callable[[int], None]:
    """Progress on stderr where the end is not known: call it with what is done so far."""
    from tqdm import tqdm

    bar = tqdm(desc=label, unit="行", disable=None, file=sys.stderr, leave=False)

    def step(done: int) -> None:
        bar.update(done - bar.n)

    return step


def stages() -> Callable[[str, float], None]:
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
