"""Imported laws as files: ``PUFA_HOME/laws/<law>/<version date>.md``, one per version.

The files are the owner's: canonical Markdown, readable and editable by hand, kept in a backup or in
version control. A version imported again replaces its file in one step; other versions stay.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

from errors import CorpusError, ImportRefused
from knowledge.imports.document import Document, Severity
from knowledge.imports.reading import Form, load, read_bytes
from knowledge.imports.writing import to_markdown

FOLDER = "laws"
_MAX_NAME = 200  # bytes of a folder's name; file systems take 255


@dataclass(frozen=True, slots=True)
class Imported:
    """One imported version and the file that holds it, relative to ``PUFA_HOME``."""

    document: Document
    file: str


def version_path(home: Path, document: Document) -> Path:
    """Where a version is kept: ``home/laws/某县物业管理条例/2024-01-05.md``."""
    name = unicodedata.normalize("NFC", document.name)
    safe = "".join(c if c.isalnum() or c in "（）()《》〈〉“”·、，－-— " else "_" for c in name)
    safe = safe.strip(" .") or "_"
    encoded = safe.encode()
    if len(encoded) > _MAX_NAME or safe != name:
        digest = hashlib.sha256(name.encode()).hexdigest()[:8]
        safe = encoded[:_MAX_NAME].decode(errors="ignore") + f"-{digest}"
    return home / FOLDER / safe / f"{document.adopted.isoformat()}.md"


def write_version(home: Path, document: Document) -> Path:
    """Write a version's file, replacing an older one of the same version in one step.

    Raises:
        CorpusError: it cannot be written.
    """
    path = version_path(home, document)
    text = to_markdown(document)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=".", suffix=".tmp", dir=path.parent)
        aside = Path(name)
        try:
            with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as stream:
                stream.write(text)
                stream.flush()
                os.fsync(stream.fileno())
            aside.chmod(0o644)
            aside.replace(path)
        finally:
            aside.unlink(missing_ok=True)
    except OSError as error:
        raise CorpusError(f"法规写不进 {path}：{error.strerror or error}") from error
    return path


def is_stored(home: Path, document: Document) -> bool:
    """Whether exactly this text and metadata are stored already."""
    path = version_path(home, document)
    return path.is_file() and path.read_bytes() == to_markdown(document).encode()


def stored_files(home: Path) -> list[Path]:
    """The files of all imported versions, sorted."""
    return sorted((home / FOLDER).glob("*/*.md"))


def imports_hash(home: Path) -> str:
    """SHA-256 over names and bytes of all imported files: a part of the build's key."""
    digest = hashlib.sha256()
    for path in stored_files(home):
        name = path.relative_to(home).as_posix().encode()
        content = path.read_bytes()
        digest.update(b"%d %s %d " % (len(name), name, len(content)))
        digest.update(content)
    return digest.hexdigest()


def read_imported(home: Path) -> tuple[Imported, ...]:
    """All imported versions, by law and version date.

    Raises:
        ImportRefused: a file is not a law any more; names file, line and mend.
    """
    found = sorted(_read(home), key=lambda i: (i.document.name, i.document.adopted))
    for one, two in pairwise(found):
        if (one.document.name, one.document.adopted) == (two.document.name, two.document.adopted):
            raise ImportRefused(
                home / two.file,
                None,
                f"与 {one.file} 是同一部法规的同一版本",
                "请删去其中一个文件，或改正文件头里的 adopted",
            )
    return tuple(found)


def _read(home: Path) -> Iterator[Imported]:
    for path in stored_files(home):
        reading = read_bytes(load(path), Form.MARKDOWN, str(path))
        for problem in reading.problems:
            if problem.severity is Severity.ERROR:
                raise ImportRefused(path, problem.line, problem.text, problem.mend)
        yield Imported(reading.document, path.relative_to(home).as_posix())
