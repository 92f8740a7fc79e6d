"""The text of a .docx, paragraph by paragraph, streamed: no tree is built, memory stays bounded.

Follows ECMA-376 part 1, chapter 17 (WordprocessingML). Read as a reader of the printed page would:
tracked insertions count and deletions do not (17.13.5), a field shows its result (17.16), hidden
text is not there. What cannot be read as text is noted as a problem, never dropped in silence.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from xml.parsers import expat

from errors import ImportRefused
from knowledge.imports import grammar, tables
from knowledge.imports.container import Package, parse_xml
from knowledge.imports.document import Line, Problems, Role

MAX_DEPTH = 256
MAX_ELEMENTS = 1_000_000  # to_docx writes the Civil Code with 12,000
MAX_CHARACTERS = 20_000_000
_OFF = ("0", "false", "off", "none")
# what is inside says what was, what is an alternative drawing, or how a ruby is pronounced
_SKIPPED = frozenset(
    "del moveFrom delText delInstrText pPrChange rPrChange sectPrChange tblPrChange trPrChange"
    " tcPrChange Fallback rt".split()
)
_PROPERTIES = frozenset(("pPr", "rPr", "sectPr", "tblPr", "trPr", "tcPr", "sdtPr", "sdtEndPr"))
_MENDS = {
    "picture": ("有图片，图里的文字没有读入", "请把图里的条文或表格改成文字"),
    "note": ("有脚注或尾注，没有读入", "如属于条文，请移到正文里"),
    "formula": ("有公式，只读入了其中的文字", "请对照原文核对，必要时改成文字"),
    "symbol": ("有特殊符号，读成了“□”", "请改成普通字符"),
    "hidden": ("有隐藏文字，没有读入", "如属于条文，请取消隐藏"),
    "field": ("有不完整的域，其中的文字没有读入", "请全选后按 Ctrl+Shift+F9 把域变成文字"),
    "revision": ("有修订痕迹，按接受全部修订后的文字读入", "请核对，或先接受（拒绝）修订再导入"),
}


@dataclass(slots=True)
class _Paragraph:
    number: int
    pieces: list[str] = field(default_factory=list)
    style: str = ""
    numbered: bool | None = None  # None: the style decides
    contents: bool = False
    mark_deleted: bool = False


@dataclass(slots=True)
class _Table:
    number: int
    rows: list[list[str]] = field(default_factory=list)
    cell: list[str] = field(default_factory=list)
    span: int = 1
    row_deleted: bool = False


@dataclass(slots=True)
class _Field:
    instruction: str = ""
    shown: bool = False  # past its separator: what follows is its result


def read_docx(data: bytes, label: str, problems: Problems) -> list[Line]:
    """The lines of a .docx in reading order; ``number`` is the paragraph's, from 1.

    Raises:
        ImportRefused: it is no .docx, damaged, or unreasonably large.
    """
    package = Package(data, label)
    main = package.main_part()
    styles = main.rsplit("/", 1)[0] + "/styles.xml"
    reader = _Reader(label, _read_styles(package, styles) if styles in package else {})
    _parse(reader.start, reader.end, package, main, reader.characters)
    return reader.finish(problems)


def _parse(
    start: Callable[[str, dict[str, str]], None],
    end: Callable[[str], None],
    package: Package,
    part: str,
    characters: Callable[[str], None] | None = None,
) -> None:
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.buffer_text = True
    parser.StartElementHandler = lambda name, attributes: start(
        name.rsplit(" ", 1)[-1],
        {key.rsplit(" ", 1)[-1]: value for key, value in attributes.items()},
    )
    parser.EndElementHandler = lambda name: end(name.rsplit(" ", 1)[-1])
    if characters:
        parser.CharacterDataHandler = characters
    parse_xml(parser, package.chunks(part), package.label)


@dataclass(slots=True)
class _Style:
    name: str = ""
    base: str = ""
    numbered: bool | None = None


def _read_styles(package: Package, part: str) -> dict[str, _Style]:
    styles: dict[str, _Style] = {}
    current = _Style()

    def start(name: str, attributes: dict[str, str]) -> None:
        nonlocal current
        value = attributes.get("val", "")
        if name == "style":
            current = styles[attributes.get("styleId", "")] = _Style()
        elif name == "name":
            current.name = value
        elif name == "basedOn":
            current.base = value
        elif name == "numId":
            current.numbered = value != "0"

    _parse(start, lambda _name: None, package, part)
    return styles


class _Reader:
    """Collects lines from the events of the main part."""

    def __init__(self, label: str, styles: dict[str, _Style]) -> None:
        self.label, self.styles = label, styles
        self.lines: list[Line] = []
        self.elements = 0
        self.count = 0  # paragraphs and tables of the body so far
        self.total = 0
        self.stack: list[str] = []
        self.skipping = 0
        self.properties = 0
        self.paragraphs: list[_Paragraph] = []
        self.tables: list[_Table] = []
        self.fields: list[_Field] = []
        self.hidden = False
        self.carried: list[str] = []  # text of paragraphs whose mark was deleted
        self.found: dict[str, list[int]] = {}
        self.auto: Counter[int] = Counter()

    # events

    def start(self, name: str, attributes: dict[str, str]) -> None:
        self.stack.append(name)
        self.elements += 1
        if len(self.stack) > MAX_DEPTH or self.elements > MAX_ELEMENTS:
            raise ImportRefused(
                self.label, self.count, "文件结构复杂得不正常", "请复制文字到新文档后再导入"
            )
        value = attributes.get("val", "")
        if name == "del" and self.properties and self.paragraphs and "pPr" in self.stack:
            self.paragraphs[-1].mark_deleted = True
        elif name == "del" and self.stack[-2] == "trPr" and self.tables:
            self.tables[-1].row_deleted = True
        if name in ("del", "ins", "moveFrom"):
            self._note("revision")
        if name in _SKIPPED:
            self.skipping += 1
        if self.skipping:
            return
        if name in _PROPERTIES:
            self.properties += 1
        elif self.properties:
            self._property(name, value)
        else:
            self._element(name, attributes)

    def end(self, name: str) -> None:
        self.stack.pop()
        if name in _SKIPPED:
            self.skipping -= 1
            return
        if self.skipping:
            return
        if name in _PROPERTIES:
            self.properties -= 1
        elif name == "r":
            self.hidden = False
        elif name == "p" and self.paragraphs:
            self._end_paragraph(self.paragraphs.pop())
        elif name == "tc" and self.tables:
            self._end_cell(self.tables[-1])
        elif name == "tr" and self.tables:
            self._end_row(self.tables[-1])
        elif name == "tbl" and self.tables:
            self._end_table(self.tables.pop())

    def characters(self, text: str) -> None:
        if self.skipping or not self.stack:
            return
        if self.stack[-1] == "t":
            self._put(text)
        elif self.stack[-1] == "instrText" and self.fields:
            self.fields[-1].instruction += text

    # elements

    def _element(self, name: str, attributes: dict[str, str]) -> None:
        if name == "p":
            if not self.paragraphs and not self.tables:
                self.count += 1
            self.paragraphs.append(_Paragraph(self.count))
        elif name == "tbl":
            if not self.tables:
                self.count += 1
            self.tables.append(_Table(self.count))
        elif name == "tr" and self.tables:
            self.tables[-1].rows.append([])
        elif name in ("tab", "ptab"):
            self._put("\t")
        elif name in ("br", "cr"):
            self._put("\n")
        elif name == "noBreakHyphen":
            self._put("-")
        elif name == "sym":
            self._put("□")
            self._note("symbol")
        elif name == "fldChar":
            self._field(attributes.get("fldCharType", ""))
        elif name == "fldSimple" and re.match(
            r"\s*(?:PAGE|NUMPAGES)\b", attributes.get("instr", "")
        ):
            self.fields.append(_Field("PAGE"))  # closed with its paragraph
        elif name in ("blip", "imagedata", "OLEObject", "chart"):
            self._note("picture")
        elif name in ("footnoteReference", "endnoteReference"):
            self._note("note")
        elif name == "oMath":
            self._note("formula")
        elif name in ("altChunk", "subDoc"):
            raise ImportRefused(
                self.label, self.count, "文档里嵌入了另一个文档", "请把嵌入的内容复制成正文后再导入"
            )

    def _property(self, name: str, value: str) -> None:
        paragraph = self.paragraphs[-1] if self.paragraphs else None
        if name == "vanish" and self.stack[-3:-1] == ["r", "rPr"]:
            self.hidden = value not in _OFF
        elif name == "pStyle" and paragraph:
            paragraph.style = value
        elif name == "numId" and paragraph and "numPr" in self.stack:
            paragraph.numbered = value != "0"
        elif name == "gridSpan" and self.tables and value.isdecimal():
            self.tables[-1].span = min(int(value), 100)
        elif name == "gridBefore" and self.tables and self.tables[-1].rows and value.isdecimal():
            self.tables[-1].rows[-1].extend([""] * min(int(value), 100))

    def _field(self, kind: str) -> None:
        if kind == "begin":
            self.fields.append(_Field())
        elif kind == "separate" and self.fields:
            self.fields[-1].shown = True
        elif kind == "end" and self.fields:
            self.fields.pop()

    def _put(self, text: str) -> None:
        if not self.paragraphs:
            return
        if self.hidden:
            self._note("hidden")
            return
        kinds = [(f.instruction.split() or [""])[0].upper() for f in self.fields]
        if "TOC" in kinds:
            self.paragraphs[-1].contents = True
        if "PAGE" in kinds or "NUMPAGES" in kinds:
            return
        if any(not f.shown for f in self.fields):
            if text.strip():
                self._note("field")
            return
        self.total += len(text)
        if self.total > MAX_CHARACTERS:
            raise ImportRefused(self.label, self.count, "文字多得不正常，不予读取", "请确认来源")
        self.paragraphs[-1].pieces.append(text)

    # endings

    def _end_paragraph(self, paragraph: _Paragraph) -> None:
        if self.fields and self.fields[-1].instruction == "PAGE" and not self.fields[-1].shown:
            self.fields.pop()
        text = "".join(paragraph.pieces)
        if paragraph.mark_deleted and not self.tables:
            self.carried.append(text)
            return
        text = "".join([*self.carried, text])
        self.carried = []
        style = self._style(paragraph.style)
        if self.tables:
            lines = [
                tidy for part in grammar.LINE_BREAK.split(text) if (tidy := grammar.tidy(part))
            ]
            self.tables[-1].cell.extend(lines)
            return
        contents = paragraph.contents or style.name.lower().startswith("toc ")
        numbered = style.numbered if paragraph.numbered is None else paragraph.numbered
        role = Role.CONTENTS if contents else Role.TEXT
        for part in grammar.LINE_BREAK.split(text):
            if tidied := grammar.tidy(part):
                literal = tables.is_row(tidied)
                self.lines.append(Line(paragraph.number, tidied, Role.LITERAL if literal else role))
                if numbered and not contents:
                    self.auto[paragraph.number] += 1

    def _end_cell(self, table: _Table) -> None:
        if not table.rows:
            table.rows.append([])
        table.rows[-1].extend(["\n".join(table.cell), *[""] * (table.span - 1)])
        table.cell, table.span = [], 1

    def _end_row(self, table: _Table) -> None:
        if table.row_deleted and not any(table.rows[-1]):
            table.rows.pop()
        table.row_deleted = False

    def _end_table(self, table: _Table) -> None:
        rows = tables.render([row for row in table.rows if row])
        if not any(cell for row in table.rows for cell in row):
            return
        if self.tables:
            self.tables[-1].cell.extend(rows)
        else:
            self.lines.extend(Line(table.number, row, Role.LITERAL) for row in rows)

    def finish(self, problems: Problems) -> list[Line]:
        """The lines; what could not be read is noted in ``problems``."""
        for kind, places in self.found.items():
            text, mend = _MENDS[kind]
            more = f"，共 {len(places)} 处" if len(places) > 1 else ""
            problems.warn(places[0], f"{text}{more}", mend)
        if self.auto:
            first = min(self.auto)
            text = next(line.text for line in self.lines if line.number == first)
            problems.error(
                first,
                f"用了自动编号（共 {len(self.auto)} 段，如“{text[:16]}”），编号不在文字里",
                "请全选后复制，“只保留文本”粘贴到新文档再导入；或在 Word 里把自动编号转换为文本",
            )
        return self.lines

    def _style(self, name: str) -> _Style:
        """A paragraph style with what it takes over from those it is based on."""
        found = self.styles.get(name, _Style())
        numbered, base, seen = found.numbered, found.base, {name}
        while numbered is None and base in self.styles and base not in seen:
            seen.add(base)
            numbered, base = self.styles[base].numbered, self.styles[base].base
        return _Style(found.name, "", bool(numbered))

    def _note(self, kind: str) -> None:
        places = self.found.setdefault(kind, [])
        if len(places) < 10_000 and (not places or places[-1] != self.count):
            places.append(self.count)
