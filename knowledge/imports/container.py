"""Opening a .docx without trusting it: sizes are judged before anything is inflated, and again
while inflating, because a ZIP directory may lie.

Only named XML parts are ever read; macros, embedded objects, pictures and links are not touched.
"""

from __future__ import annotations

import io
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import PurePosixPath
from typing import IO
from xml.parsers import expat

from errors import ImportRefused

MAX_FILE = 20 * 2**20  # bytes; to_docx writes the Civil Code with 0.13 MB
MAX_TOTAL = 100 * 2**20  # bytes of all entries, inflated
MAX_PART = 32 * 2**20  # bytes of one XML part, inflated
MAX_ENTRIES = 2_000
MAX_DIRECTORY = 2**20
MAX_RATIO = 200  # the Civil Code's main part compresses 6 times
RATIO_FLOOR = 2**20  # smaller parts may be as repetitive as they like
_CHUNK = 2**16
_MAIN = "word/document.xml"
_END, _ZIP64 = b"PK\x05\x06", b"PK\x06\x07"
_RESAVE = "请用 Word 或 WPS 打开，另存为 .docx 后再导入"


# What zipfile raises for a damaged member; ValueError: an offset before the file's beginning.
_UNREADABLE = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    OSError,
    NotImplementedError,
    ValueError,
)


class Package:
    """The vetted ZIP directory of a .docx held in memory."""

    def __init__(self, data: bytes, label: str) -> None:
        self.label = label
        self._check_end(data)
        try:
            self._zip = zipfile.ZipFile(io.BytesIO(data))
        except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError) as error:
            raise self._damaged() from error
        self._entries = self._check_directory(len(data))

    def main_part(self) -> str:
        """The name of the document's main part.

        Raises:
            ImportRefused: the ZIP holds no Word document.
        """
        if _MAIN in self._entries:
            return _MAIN
        if "_rels/.rels" in self._entries:
            target = _office_document(b"".join(self.chunks("_rels/.rels")))
            if target in self._entries and target.startswith("word/"):
                return target
        kind = next(
            (k for k in ("xl", "ppt") if any(n.startswith(k + "/") for n in self._entries)), ""
        )
        what = {"xl": "这是 Excel 表格", "ppt": "这是演示文稿"}.get(kind, "压缩包里没有 Word 文档")
        raise ImportRefused(self.label, None, f"{what}，不是 .docx", _RESAVE)

    def chunks(self, name: str) -> Iterator[bytes]:
        """The inflated bytes of a part, piece by piece, never more than :data:`MAX_PART`."""
        entry = self._entries[name]
        if entry.file_size > MAX_PART or self._ratio(entry) > MAX_RATIO:
            raise self._bomb()
        done = 0
        try:
            with self._zip.open(entry) as stream:
                while piece := self._read(stream):
                    done += len(piece)
                    if done > MAX_PART or done > entry.file_size:
                        raise self._bomb()
                    yield piece
        except _UNREADABLE as error:
            raise self._damaged() from error
        except RuntimeError as error:  # what zipfile raises for an encrypted entry
            raise self._damaged() from error

    def __contains__(self, name: object) -> bool:
        return name in self._entries

    @staticmethod
    def _read(stream: IO[bytes]) -> bytes:
        return stream.read(_CHUNK)

    def _check_end(self, data: bytes) -> None:
        """Judge the directory's size before :mod:`zipfile` reads it into objects."""
        if len(data) > MAX_FILE:
            raise ImportRefused(
                self.label, None, f"文件超过 {MAX_FILE >> 20} MB", "请删去图片或把附件分开后再导入"
            )
        tail = data[-65_557:]
        at = tail.rfind(_END)
        if at < 0 or len(tail) - at < 22:
            raise self._damaged()
        entries, size = struct.unpack("<HI", tail[at + 10 : at + 16])
        if _ZIP64 in tail[:at] or entries > MAX_ENTRIES or size > MAX_DIRECTORY:
            raise self._bomb()

    def _check_directory(self, size: int) -> dict[str, zipfile.ZipInfo]:
        entries: dict[str, zipfile.ZipInfo] = {}
        total = 0
        for info in self._zip.infolist():
            name = info.filename
            parts = PurePosixPath(name.replace("\\", "/")).parts
            if name in entries or name.startswith(("/", "\\")) or ".." in parts:
                raise ImportRefused(
                    self.label, None, f"压缩包里的文件名可疑：{name[:60]!r}", _RESAVE
                )
            if info.flag_bits & 0x1:
                raise ImportRefused(self.label, None, "文件加了密码", "请取消密码后再导入")
            total += info.file_size
            entries[name] = info
        if (
            total > MAX_TOTAL
            or len(entries) > MAX_ENTRIES
            or (total > RATIO_FLOOR and total > MAX_RATIO * size)
        ):
            raise self._bomb()
        return entries

    @staticmethod
    def _ratio(entry: zipfile.ZipInfo) -> float:
        if entry.file_size <= RATIO_FLOOR:
            return 1.0
        return entry.file_size / max(entry.compress_size, 1)

    def _damaged(self) -> ImportRefused:
        return ImportRefused(
            self.label, None, "文件已损坏或不完整，读不出来", f"请重新下载；或{_RESAVE}"
        )

    def _bomb(self) -> ImportRefused:
        return ImportRefused(
            self.label,
            None,
            "文件解压后大得不正常，不予读取",
            "请确认来源；或复制文字到新文档后再导入",
        )


class _Doctype(Exception):
    """An XML part declares a document type."""


def parse_xml(parser: expat.XMLParserType, chunks: Iterator[bytes], label: str) -> None:
    """Feed ``chunks`` to an expat parser that refuses any DTD, and so any entity.

    Raises:
        ImportRefused: a DTD, or XML that is not well-formed.
    """

    def refuse(*_args: object) -> None:
        raise _Doctype

    parser.StartDoctypeDeclHandler = refuse
    parser.EntityDeclHandler = refuse
    try:
        for piece in chunks:
            parser.Parse(piece, False)
        parser.Parse(b"", True)
    except _Doctype as error:
        raise ImportRefused(
            label, None, "文件里有外部定义（DTD），不予读取", f"请确认来源；或{_RESAVE}"
        ) from error
    except expat.ExpatError as error:
        raise ImportRefused(
            label, None, "文件内容已损坏，读不出来", f"请重新下载；或{_RESAVE}"
        ) from error


def _office_document(rels: bytes) -> str:
    """The target of the package's officeDocument relationship."""
    found: list[str] = []

    def start(_name: str, attributes: dict[str, str]) -> None:
        if attributes.get("Type", "").endswith("/officeDocument"):
            found.append(attributes.get("Target", "").lstrip("/"))

    parser = expat.ParserCreate()
    parser.StartElementHandler = start
    parse_xml(parser, iter([rels]), ".rels")
    return found[0] if found else ""
