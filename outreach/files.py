"""Putting a finished file in place: as a whole or not at all."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp

from errors import UsageError


@contextmanager
def placed(path: Path) -> Iterator[Path]:
    """A path beside ``path`` to write to; it replaces ``path``, durable, on a clean exit only.

    Raises:
        UsageError: the file cannot be written.
    """
    try:
        handle, name = mkstemp(dir=path.parent, prefix=f".{path.name}.")
        os.close(handle)
    except OSError as error:
        raise UsageError(f"无法写入 {path}：{error.strerror or error}") from error
    draft = Path(name)
    try:
        yield draft
        with draft.open("rb+") as stream:
            os.fsync(stream.fileno())
        draft.chmod(0o644)
        draft.replace(path)
    except OSError as error:
        raise UsageError(f"无法写入 {path}：{error.strerror or error}") from error
    finally:
        with suppress(OSError):
            draft.unlink()
