"""Reading one file as a law: its form is told from its bytes, then read into a document."""

from __future__ import annotations

import stat
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from errors import ImportRefused
from knowledge.imports.assembly import assemble
from knowledge.imports.container import MAX_FILE
from knowledge.imports.document import Body, Document, Problem, Problems
from knowledge.imports.markdown import markdown_lines, split_front_matter
from knowledge.imports.metadata import Overrides, complete
from knowledge.imports.plain import decode, text_lines
from knowledge.imports.validation import validate
from knowledge.imports.wordml import read_docx


class Form(StrEnum):
    """The forms that can be read."""

    DOCX = ".docx"
    MARKDOWN = ".md"
    TEXT = ".txt"


_SUFFIXES = {
    ".docx": Form.DOCX,
    ".docm": Form.DOCX,
    ".md": Form.MARKDOWN,
    ".markdown": Form.MARKDOWN,
    ".txt": Form.TEXT,
}
_SAVE_AS = "请用 Word 或 WPS 打开，另存为 .docx 后再导入"
_MAGIC: tuple[tuple[bytes, str, str], ...] = (
    (b"\xd0\xcf\x11\xe0", "这是旧版 Word（.doc）、WPS（.wps）或加了密码的文档", _SAVE_AS),
    (b"{\\rtf", "这是 RTF 文档", _SAVE_AS),
    (b"%PDF", "这是 PDF 文件", "请从国家法律法规数据库下载 .docx，或复制文字存成 .txt"),
    (b"\x89PNG", "这是图片，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"\xff\xd8\xff", "这是图片，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"GIF8", "这是图片，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"BM", "这是图片，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"II*\0", "这是图片，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"MM\0*", "这是图片，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"RIFF", "这是图片或音视频，不是文档", "请改用有文字的 .docx、.md 或 .txt"),
    (b"Rar!", "这是压缩包", "请解压后导入其中的文档"),
    (b"7z\xbc\xaf", "这是压缩包", "请解压后导入其中的文档"),
)
_ZIP = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True, slots=True)
class Reading:
    """One file read as law: the document, how it was read, and what is wrong with it."""

    document: Document
    body: Body
    problems: tuple[Problem, ...]
    concluded: tuple[str, ...]  # metadata that nobody gave: taken from the document's own words


def read_file(path: Path, overrides: Overrides | None = None) -> Reading:
    """Read a law from a file.

    Raises:
        ImportRefused: it cannot be read as law at all, or metadata is missing.
        UsageError: an override is malformed.
    """
    data = load(path)
    return read_bytes(data, form_of(data, path), str(path), overrides)


def read_bytes(data: bytes, form: Form, label: str, overrides: Overrides | None = None) -> Reading:
    """Read a law from bytes; ``label`` is what messages call them."""
    problems = Problems()
    front, body = parse(data, form, label, problems)
    validate(body, problems)
    document, concluded = complete(body, front, overrides or Overrides(), label, problems)
    ordered = sorted(problems, key=lambda p: (p.severity, p.line is None, p.line or 0))
    return Reading(document, body, tuple(ordered), concluded)


def parse(data: bytes, form: Form, label: str, problems: Problems) -> tuple[dict[str, Any], Body]:
    """Front matter and structure of a document, without judging either."""
    if form is Form.DOCX:
        return {}, assemble(read_docx(data, label, problems), problems)
    front, text, first = split_front_matter(decode(data, label), label)
    if form is Form.MARKDOWN:
        return front, assemble(markdown_lines(text, first, problems), problems)
    return front, assemble(text_lines(text, first), problems)


def load(path: Path) -> bytes:
    """The bytes of a regular file of at most 20 MB.

    Raises:
        ImportRefused: anything else.
    """
    try:
        status = path.stat()
        if stat.S_ISDIR(status.st_mode):
            raise ImportRefused(path, None, "这是文件夹", "请写出其中的文件")
        if not stat.S_ISREG(status.st_mode):
            raise ImportRefused(path, None, "这不是普通文件", "请写出文档的路径")
        data = b""
        if status.st_size <= MAX_FILE:
            with path.open("rb") as stream:
                data = stream.read(MAX_FILE + 1)  # it may have grown since
    except OSError as error:
        raise ImportRefused(path, None, f"读不到文件（{error.strerror}）", "请核对路径") from error
    except ValueError as error:  # a NUL in the path
        raise ImportRefused(repr(str(path)), None, "路径不对", "请核对路径") from error
    if max(len(data), status.st_size) > MAX_FILE:
        raise ImportRefused(
            path, None, f"文件超过 {MAX_FILE >> 20} MB", "请删去图片或把附件分开后再导入"
        )
    if not data.strip():
        raise ImportRefused(path, None, "文件是空的", "请核对文件")
    return data


def form_of(data: bytes, path: Path) -> Form:
    """The form of a file, from its bytes first.

    Raises:
        ImportRefused: it is of a form that cannot be read, or its name and content disagree.
    """
    for magic, what, mend in _MAGIC:
        if data.startswith(magic) and (magic != b"BM" or data[6:10] == bytes(4)):
            raise ImportRefused(path, None, what, mend)
    form = _SUFFIXES.get(path.suffix.lower())
    zipped = data.startswith(_ZIP)
    if form is None:
        if zipped:
            raise ImportRefused(path, None, f"不认识的文件类型 {path.suffix!r}", _SAVE_AS)
        raise ImportRefused(
            path, None, f"不认识的文件类型 {path.suffix!r}", "只能导入 .docx、.md 和 .txt"
        )
    if form is Form.DOCX and not zipped:
        raise ImportRefused(path, None, "这不是 .docx 文档（只是名字像），或者已损坏", _SAVE_AS)
    if form is not Form.DOCX and zipped:
        raise ImportRefused(path, None, "这是 .docx 或压缩包，不是文字文件", "请把扩展名改回 .docx")
    return form
