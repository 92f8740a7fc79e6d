"""Evidence files (佐证): photographs, notices, reports, kept under the SHA-256 of their content.

The folder only grows. A file's name is not trusted for its type: its first bytes must agree.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import suppress
from pathlib import Path
from tempfile import NamedTemporaryFile

from errors import DataError, OutreachError
from outreach.activities import Evidence
from outreach.cells import clean

MAX_BYTES = 20 * 2**20
_CHUNK = 2**20
_OFFICE = "application/vnd.openxmlformats-officedocument"
# Suffix → media type and what such a file starts with, at which place.
TYPES: dict[str, tuple[str, tuple[tuple[int, bytes], ...]]] = {
    ".jpg": ("image/jpeg", ((0, b"\xff\xd8\xff"),)),
    ".jpeg": ("image/jpeg", ((0, b"\xff\xd8\xff"),)),
    ".png": ("image/png", ((0, b"\x89PNG\r\n\x1a\n"),)),
    ".webp": ("image/webp", ((0, b"RIFF"), (8, b"WEBP"))),
    ".heic": ("image/heic", ((4, b"ftyp"),)),
    ".pdf": ("application/pdf", ((0, b"%PDF-"),)),
    ".docx": (f"{_OFFICE}.wordprocessingml.document", ((0, b"PK\x03\x04"),)),
    ".xlsx": (f"{_OFFICE}.spreadsheetml.sheet", ((0, b"PK\x03\x04"),)),
    ".mp4": ("video/mp4", ((4, b"ftyp"),)),
}


def keep(path: Path, folder: Path) -> Evidence:
    """Copy a file to ``folder/<sha256>``, durable when it returns; a copy that is there is kept.

    Raises:
        DataError: it cannot be read, is empty, too large, or of a type that is not accepted.
        OutreachError: the folder cannot be written.
    """
    suffix = path.suffix.lower()
    if suffix not in TYPES:
        kinds = "、".join(kind.removeprefix(".") for kind in TYPES)
        raise DataError(path, None, "佐证不能用这种文件", f"可用：{kinds}")
    media, signs = TYPES[suffix]
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise DataError(path, None, f"读不到佐证（{error.strerror}）", "请检查文件名") from error
    if not data or len(data) > MAX_BYTES:
        problem = "是空文件" if not data else f"超过 {MAX_BYTES >> 20} MiB"
        raise DataError(path, None, f"佐证{problem}", "请换一个文件，照片可先压缩")
    if any(data[place : place + len(sign)] != sign for place, sign in signs):
        raise DataError(path, None, f"内容不是 {suffix} 文件", "请核对文件，不要只改后缀")
    digest = hashlib.sha256(data).hexdigest()
    try:
        _place(folder / digest, data)
    except OSError as error:
        raise OutreachError(f"佐证写不进 {folder}：{error.strerror or error}") from error
    return Evidence(sha256=digest, name=clean(path.name)[-200:], size=len(data), media=media)


def intact(sha256: str, folder: Path) -> bool:
    """Whether the kept copy is there and still what it was."""
    digest = hashlib.sha256()
    try:
        with (folder / sha256).open("rb") as stream:
            while chunk := stream.read(_CHUNK):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == sha256


def _place(target: Path, data: bytes) -> None:
    if target.exists() and intact(target.name, target.parent):
        return
    target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with NamedTemporaryFile("wb", dir=target.parent, prefix=".", delete=False) as stream:
        try:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
            Path(stream.name).replace(target)  # NamedTemporaryFile: its owner only (0600)
        except BaseException:
            with suppress(OSError):
                Path(stream.name).unlink()
            raise
