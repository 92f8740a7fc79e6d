"""Files that are broken, hostile or something else: one clear line, in bounded memory and time."""

from __future__ import annotations

import io
import json
import os
import struct
import subprocess
import sys
import tracemalloc
import zipfile
from contextlib import suppress
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from errors import ImportRefused
from knowledge.imports.container import MAX_FILE, MAX_PART
from knowledge.imports.reading import Form, form_of, load, read_bytes, read_file
from settings import ROOT
from tests.conftest import examples
from tests.knowledge.imports.samples import OVERRIDES, docx_of, paragraph, read_docx

GOOD = docx_of(*(paragraph(f"第{n}条　县级以上主管部门负责。") for n in "一二三四五六七八九"))
PNG = b"\x89PNG\r\n\x1a\n" + bytes(200)


def archive(entries: dict[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", method) as target:
        for name, content in entries.items():
            target.writestr(name, content)
    return stream.getvalue()


def with_entities() -> bytes:
    laughs = "".join(
        f'<!ENTITY l{n} "{f"&l{n - 1};" * 10 if n else "哈" * 10}">' for n in range(12)
    )
    return docx_of(paragraph("第一条　&l11;"), prolog=f"<!DOCTYPE w [{laughs}]>")


def with_external_entity() -> bytes:
    return docx_of(
        paragraph("第一条　&file;"),
        prolog='<!DOCTYPE w [<!ENTITY file SYSTEM "file:///etc/passwd">]>',
    )


def lying(data: bytes) -> bytes:
    """The same ZIP, whose directory and local headers claim that every entry holds 10 bytes."""
    changed = bytearray(data)
    for mark, offset in ((b"PK\x01\x02", 24), (b"PK\x03\x04", 22)):
        at = data.find(mark)
        while at >= 0:
            changed[at + offset : at + offset + 4] = struct.pack("<I", 10)
            at = data.find(mark, at + 4)
    return bytes(changed)


def encrypted(data: bytes) -> bytes:
    changed = bytearray(data)
    at = data.find(b"PK\x01\x02")
    while at >= 0:
        changed[at + 8] |= 1
        at = data.find(b"PK\x01\x02", at + 4)
    return bytes(changed)


@pytest.mark.parametrize(
    ("name", "data", "problem"),
    [
        ("law.docx", PNG, "这是图片"),
        ("law.docx", b"\xff\xd8\xff\xe0" + bytes(50), "这是图片"),
        ("law.docx", b"BM" + bytes(60), "这是图片"),
        ("law.doc", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "旧版 Word"),
        ("law.wps", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "WPS"),
        ("law.docx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(512), "加了密码"),
        ("law.docx", b"%PDF-1.7\n", "PDF"),
        ("law.doc", b"{\\rtf1 law}", "RTF"),
        ("law.docx", "第一条　甲。".encode(), "这不是 .docx"),
        ("law.txt", GOOD, "扩展名改回"),
        ("law.html", "第一条　甲。".encode(), "只能导入"),
        ("law", "第一条　甲。".encode(), "只能导入"),
        ("law.docx", archive({"xl/workbook.xml": b"<a/>"}), "Excel"),
        ("law.docx", archive({"ppt/presentation.xml": b"<a/>"}), "演示文稿"),
        ("law.docx", archive({"photo.png": PNG}), "没有 Word 文档"),
        ("law.docx", archive({"word/document.xml": b"<a/>", "../../evil": b"x"}), "文件名可疑"),
        ("law.docx", archive({"word/document.xml": b"<a/>"}, zipfile.ZIP_LZMA)[:-30], "不完整"),
        ("law.docx", archive({"word/document.xml": b"<w:document>"}), "已损坏"),
        ("law.docx", encrypted(GOOD), "密码"),
        ("law.docx", with_entities(), "DTD"),
        ("law.docx", with_external_entity(), "DTD"),
        ("law.docx", lying(GOOD), "已损坏|不正常"),
        ("law.docx", b"PK\x03\x04" + bytes(40), "不完整"),
        ("law.docx", GOOD[: len(GOOD) // 2], "不完整"),
        ("law.txt", b"   \n\t\n", "空的"),
    ],
)
def test_what_cannot_be_read_is_refused_with_one_line(
    tmp_path: Path, name: str, data: bytes, problem: str
) -> None:
    path = tmp_path / name
    path.write_bytes(data)
    with pytest.raises(ImportRefused, match=problem) as caught:
        read_file(path, OVERRIDES)
    assert "\n" not in str(caught.value)
    assert str(path) in str(caught.value)


def test_paths_that_are_no_files(tmp_path: Path) -> None:
    (tmp_path / "empty.docx").touch()
    os.mkfifo(tmp_path / "pipe.txt")
    for name, problem in [
        ("", "文件夹"),
        ("empty.docx", "空的"),
        ("pipe.txt", "不是普通文件"),
        ("absent.md", "读不到"),
        ("nul\0.md", "路径不对"),
    ]:
        with pytest.raises(ImportRefused, match=problem):
            load(tmp_path / name)


def test_a_file_of_50_mb_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "law.docx"
    with path.open("wb") as stream:
        stream.write(GOOD)
        stream.truncate(50 * 2**20)
    tracemalloc.start()
    try:
        with pytest.raises(ImportRefused, match="超过 20 MB"):
            load(path)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


def bomb(path: Path, kind: str) -> None:
    """Write a small .docx that would grow without end."""
    head = b'<w:document xmlns:w="urn:w"><w:body>'
    filler = {
        "part": b"<w:p/>" * 2**14,  # one part larger than allowed
        "text": b"<w:p><w:r><w:t>" + b"A" * 2**20,
        "depth": b"<w:tbl><w:tr><w:tc>" * 2**12,
    }
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as target:
        if kind == "picture":
            target.writestr("word/document.xml", head + b"</w:body></w:document>")
            with target.open("word/media/1.bmp", "w") as stream:
                for _ in range(130):
                    stream.write(bytes(2**20))
        elif kind == "entries":
            target.writestr("word/document.xml", head)
            for n in range(2_100):
                target.writestr(f"word/{n}", b"")
        elif kind in ("noise", "depth"):
            with target.open("word/document.xml", "w") as stream:
                stream.write(head)
                for _ in range(14):  # incompressible comments keep the ratio low
                    stream.write(b"<!--" + os.urandom(9_000).hex().encode() + b"-->")
                    stream.write(filler["depth"] if kind == "depth" else b"<w:p/>" * 80_000)
        else:
            with target.open("word/document.xml", "w") as stream:
                stream.write(head)
                for _ in range(MAX_PART // len(filler[kind]) + 2):
                    stream.write(filler[kind])


BOMBS = ("part", "text", "picture", "entries", "noise", "depth")


@pytest.mark.slow
def test_bombs_are_refused_in_bounded_memory_and_time(tmp_path: Path) -> None:
    """Read in a process that may use 300 MB of addresses and 10 s of CPU, all bombs together."""
    paths = [tmp_path / f"{kind}.docx" for kind in BOMBS]
    for kind, path in zip(BOMBS, paths, strict=True):
        bomb(path, kind)
        assert path.stat().st_size < MAX_FILE
    script = """
import json, resource, sys
from pathlib import Path
from errors import ImportRefused
from knowledge.imports.reading import read_file
resource.setrlimit(resource.RLIMIT_AS, (300 * 2**20,) * 2)
resource.setrlimit(resource.RLIMIT_CPU, (10, 10))
told = []
for name in sys.argv[1:]:
    try:
        read_file(Path(name))
        told.append("read")
    except ImportRefused as error:
        told.append(error.problem)
print(json.dumps(told))
"""
    done = subprocess.run(
        [sys.executable, "-c", script, *map(str, paths)],
        capture_output=True,
        text=True,
        cwd=ROOT,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    told = json.loads(done.stdout)
    assert len(told) == len(BOMBS)
    assert told[:4] == ["文件解压后大得不正常，不予读取"] * 4
    assert told[4] == told[5] == "文件结构复杂得不正常"


@given(st.integers(0, len(GOOD) - 1), st.integers(0, 255), st.booleans())
@example(at=549, byte=2, cut=False)  # an offset before the file's beginning
@settings(max_examples=examples(150), deadline=None)
def test_a_damaged_docx_never_shows_a_traceback(at: int, byte: int, cut: bool) -> None:
    data = GOOD[:at] if cut else GOOD[:at] + bytes([byte]) + GOOD[at + 1 :]
    with suppress(ImportRefused):
        path = Path("law.docx")
        read_bytes(data, form_of(data, path), "law.docx", OVERRIDES)


@given(st.binary(max_size=300))
@settings(max_examples=examples(150), deadline=None)
def test_bytes_of_any_kind_never_show_a_traceback(data: bytes) -> None:
    for form in Form:
        with suppress(ImportRefused):
            read_bytes(data, form, "law", OVERRIDES)


def test_macros_and_embedded_objects_are_ignored() -> None:
    parts: dict[str, str | bytes] = {
        "word/vbaProject.bin": b"\xd0\xcf\x11\xe0",
        "word/embeddings/1.bin": bytes(100),
    }
    reading = read_docx(docx_of(paragraph("青山县条例"), paragraph("第一条　甲。"), parts=parts))
    assert [u.text for u in reading.document.units] == ["甲。"]
