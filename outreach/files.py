"""Putting a finished file in place: as a whole or not at all, and for its owner only.

Every export is 0600, whatever it holds. The ledger names staff and may name a village with few
people, the duty list names officers, an evidence package holds photographs: who may read them is
for the person who exports to decide, and a rule without exceptions is one that nobody gets wrong
(个人信息保护法 51(2)). Whoever hands a file on changes its mode.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import IO

from errors import UsageError

MODE = stat.S_IRUSR | stat.S_IWUSR


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it replaces ``path``, durable, on a clean exit only.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        if path.is_dir():
            raise IsADirectoryError(0, "是一个文件夹，请写文件名")
        handle, name = mkstemp(dir=path.parent, prefix=f".{path.name[:80]}.")
        os.close(handle)
    except OSError as error:
        raise UsageError(f"无法写入 {path}：{error.strerror or error}") from error
    draft = Path(name)
    try:
        yield draft
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        draft.chmod(MODE)
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"无法写入 {path}：{error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()


@contextmanager
def placed_text(path: Path, encoding: str = "utf-8") -> Iterator[IO[str]]:
    """A text stream that replaces ``path`` like :func:`placed`; line ends are written as given."""
    with placed(path) as draft, draft.open("w", encoding=encoding, newline="") as stream:
        yield stream
