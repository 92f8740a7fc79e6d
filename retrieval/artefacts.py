"""Folders of derived files: written aside, sealed by a manifest, moved into place in one step.

A manifest lists every file with its size and SHA-256 and says what the folder was made from, so
that a stale, truncated or foreign folder is never used.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from errors import ArtefactError

MANIFEST = "manifest.json"


def seal(folder: Path, made_from: str) -> None:
    """Write the manifest of a finished folder.

    Args:
        folder: all of its files are listed, those in subfolders too.
        made_from: whatever tells this content from another; compared by :func:`sealed`.
    """
    files = {
        path.relative_to(folder).as_posix(): [path.stat().st_size, _sha256(path)]
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != MANIFEST
    }
    content = {"made_from": made_from, "files": files}
    (folder / MANIFEST).write_text(json.dumps(content, ensure_ascii=False, indent=1), "utf-8")


def problem(folder: Path, made_from: str) -> str | None:
    """What is wrong with a sealed folder; None when it is whole and made from ``made_from``."""
    try:
        content = json.loads((folder / MANIFEST).read_text("utf-8"))
        files: dict[str, list[object]] = content["files"]
        if content["made_from"] != made_from:
            return "由别的数据生成"
        for name, (size, digest) in files.items():
            path = folder / name
            if not path.is_file():
                return f"缺少 {name}"
            if path.stat().st_size != size:
                return f"{name} 大小不符"
            if _sha256(path) != digest:
                return f"{name} 内容不符"
    except FileNotFoundError:
        return "没有清单"
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return "清单已损坏"
    return None


def sealed(folder: Path, made_from: str) -> bool:
    """Whether a folder is whole and made from ``made_from``."""
    return problem(folder, made_from) is None


def replace_folder(folder: Path, made_from: str, write: Callable[[Path], None]) -> None:
    """Fill a folder aside with ``write``, seal it and move it into place.

    A process that has the old folder open keeps its files. Two processes that build at once both
    succeed; the later one's folder stays.

    Raises:
        ArtefactError: it cannot be written.
    """
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        scratch = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=folder.parent))
        try:
            write(scratch)
            seal(scratch, made_from)
            scratch.chmod(0o755)
            _move(scratch, folder)
        finally:
            shutil.rmtree(scratch, ignore_errors=True)
    except OSError as error:
        raise ArtefactError(
            f"索引写不进 {folder}（{error}）：请检查磁盘空间和 PUFA_HOME 的权限"
        ) from error


def remove(folder: Path) -> None:
    """Delete a derived folder; what cannot be deleted stays, it will never be read."""
    shutil.rmtree(folder, ignore_errors=True)


def _move(scratch: Path, folder: Path) -> None:
    for _ in range(10):
        if folder.exists():
            aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}-old-", dir=folder.parent))
            with contextlib.suppress(FileNotFoundError):  # another process was faster
                folder.replace(aside)
            shutil.rmtree(aside, ignore_errors=True)
        try:
            scratch.replace(folder)
            return
        except OSError:
            if not folder.exists():
                raise
    raise OSError(f"{folder} 正被别的进程反复改写")


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as stream:
        while chunk := stream.read(1 << 20):
            digest.update(chunk)
    return digest.hexdigest()
