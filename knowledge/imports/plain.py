"""Text files of unknown encoding, read soundly: strict decoding in a fixed order, and a result that
does not look like a Chinese law is refused rather than guessed.

Order: a byte order mark; UTF-8; then GB18030 and UTF-16 without a mark, of which exactly one must
give text of common characters (GB/T 2312 level 1).
"""

from __future__ import annotations

import codecs
import re

from errors import ImportRefused
from knowledge.imports import grammar, tables
from knowledge.imports.document import Line, Role

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_GUESSES = ("gb18030", "utf-16-le", "utf-16-be")
_USUAL = re.compile(
    "[\t\n\r\x0b\x0c -~\u3000-\u303f\uff00-\uffef\u2010-\u203b\u4e00-\u9fff·〇①-⑳Ⅰ-Ⅻ℃×]"
)
_HAN = re.compile("[\u4e00-\u9fff]")
_SAMPLE = 200_000
_SAVE = "请用记事本打开，另存为 UTF-8 编码后再导入"


def decode(data: bytes, label: str) -> str:
    """The text of a file.

    Raises:
        ImportRefused: it is in no encoding that can be told for sure.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            try:
                return data.decode(encoding)
            except UnicodeDecodeError as error:
                raise ImportRefused(
                    label,
                    None,
                    f"文件标为 {encoding.removesuffix('-sig').upper()}，但内容不是",
                    _SAVE,
                ) from error
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError as error:
        if error.reason == "unexpected end of data" and _plausible(data[: error.start].decode()):
            raise ImportRefused(label, None, "文件末尾被截断了", "请重新下载或复制") from error
    else:
        if "\0" not in text:
            return text
    found = []
    for encoding in _GUESSES:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if _plausible(text):
            found.append(text)
    if len(found) != 1:
        raise ImportRefused(label, None, "看不出文件的文字编码，不敢猜", _SAVE)
    return found[0]


def _plausible(text: str) -> bool:
    """Whether text reads like a Chinese law: usual characters, most of them common."""
    sample = text[:_SAMPLE]
    han = _HAN.findall(sample)
    if len(han) < 8 or len(_USUAL.findall(sample)) < 0.97 * len(sample):
        return False
    return sum(map(_common, han)) >= 0.9 * len(han)


def _common(char: str) -> bool:
    """GB/T 2312 level 1: rows 16 to 55, the 3,755 common characters."""
    try:
        code = char.encode("gb2312")
    except UnicodeEncodeError:
        return False
    return 0xB0 <= code[0] <= 0xD7


def text_lines(text: str, first: int = 1) -> list[Line]:
    """The lines of plain text that are not blank; ``first`` is the number of the first line."""
    lines = []
    for number, raw in enumerate(grammar.LINE_BREAK.split(text), first):
        if tidied := grammar.tidy(raw):
            role = Role.LITERAL if tables.is_row(tidied) else Role.TEXT
            lines.append(Line(number, tidied, role))
    return lines
