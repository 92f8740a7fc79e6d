"""The parts of Word that python-docx has no call for: footnotes, page numbers, East Asian fonts.

ECMA-376 Part 1: footnotes 17.11, fields 17.16, fonts 17.3.2.26. Page and type sizes follow GB/T
9704—2012 (党政机关公文格式): A4, text 156 mm × 225 mm, 三号仿宋 at 28 pt, titles 二号小标宋.
"""

from __future__ import annotations

import zipfile
from collections.abc import Sequence
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import IO
from xml.sax.saxutils import escape

from docx import Document
from docx.document import Document as DocumentObject
from docx.enum.style import WD_STYLE_TYPE
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.opc.constants import CONTENT_TYPE, RELATIONSHIP_TYPE
from docx.opc.packuri import PackURI
from docx.opc.part import Part
from docx.oxml import OxmlElement
from docx.oxml.ns import nsdecls, qn
from docx.shared import Length, Mm, Pt
from docx.styles.style import ParagraphStyle
from docx.table import Table, _Row
from docx.text.paragraph import Paragraph
from docx.text.run import Run

BODY, HEADING, SUBHEADING, TITLE = "仿宋_GB2312", "黑体", "楷体_GB2312", "方正小标宋简体"
LATIN = "Times New Roman"
THREE, SMALL_FOUR, TWO, NOTE = Pt(16), Pt(12), Pt(22), Pt(9)
LINE = Pt(28)
_SEPARATORS = (("-1", "separator"), ("0", "continuationSeparator"))
_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest moment of a zip entry


def new_document(title: str, author: str, moment: datetime) -> DocumentObject:
    """An empty A4 document with the styles of an official paper and page numbers."""
    document = Document()
    section = document.sections[0]
    section.page_width, section.page_height = Mm(210), Mm(297)
    section.top_margin, section.bottom_margin = Mm(37), Mm(35)
    section.left_margin, section.right_margin = Mm(28), Mm(26)
    core = document.core_properties
    core.title, core.author, core.last_modified_by = title, author, author
    core.created = core.modified = moment.replace(tzinfo=None)
    core.comments, core.language = "", "zh-CN"
    normal = style(document, "Normal")
    set_font(normal.font, BODY, THREE)
    normal.paragraph_format.line_spacing = LINE
    normal.paragraph_format.space_after = Pt(0)
    _footnote_styles(document)
    _page_number(section.footer.paragraphs[0])
    return document


def style(document: DocumentObject, name: str) -> ParagraphStyle:
    """A paragraph style that the document has."""
    found = document.styles[name]
    assert isinstance(found, ParagraphStyle)
    return found


def set_font(font: object, name: str, size: Pt, *, bold: bool = False) -> None:
    """Give a run's or style's font an East Asian and a Latin face."""
    font.name, font.size, font.bold = LATIN, size, bold  # type: ignore[attr-defined]
    element = font._element  # type: ignore[attr-defined]
    fonts = element.get_or_add_rPr().get_or_add_rFonts()
    for theme in ("asciiTheme", "hAnsiTheme", "eastAsiaTheme", "cstheme"):
        fonts.attrib.pop(qn(f"w:{theme}"), None)
    fonts.set(qn("w:eastAsia"), name)


class Footnotes:
    """The footnotes of a document, numbered from 1; :meth:`attach` comes last."""

    def __init__(self, document: DocumentObject) -> None:
        self._document = document
        self._words: list[str] = []

    def add(self, run: Run, words: str) -> None:
        """A footnote whose mark stands in ``run``, which is otherwise empty."""
        self._words.append(words)
        run.style = self._document.styles["Footnote Reference"]
        mark = OxmlElement("w:footnoteReference")
        mark.set(qn("w:id"), str(len(self._words)))
        run._r.append(mark)

    @property
    def count(self) -> int:
        """How many there are so far."""
        return len(self._words)

    def attach(self) -> None:
        """Put the footnotes' part into the document."""
        if not self._words:
            return
        package = self._document.part.package
        assert package is not None
        notes = "".join(
            f'<w:footnote w:type="{kind}" w:id="{number}"><w:p><w:r><w:{kind}/></w:r></w:p>'
            "</w:footnote>"
            for number, kind in _SEPARATORS
        )
        for place, words in enumerate(self._words, start=1):
            notes += (
                f'<w:footnote w:id="{place}"><w:p><w:pPr><w:pStyle w:val="FootnoteText"/></w:pPr>'
                '<w:r><w:rPr><w:rStyle w:val="FootnoteReference"/></w:rPr><w:footnoteRef/></w:r>'
                f'<w:r><w:t xml:space="preserve"> {escape(words)}</w:t></w:r></w:p></w:footnote>'
            )
        declaration = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
        xml = f"{declaration}<w:footnotes {nsdecls('w')}>{notes}</w:footnotes>"
        part = Part(
            PackURI("/word/footnotes.xml"), CONTENT_TYPE.WML_FOOTNOTES, xml.encode(), package
        )
        self._document.part.relate_to(part, RELATIONSHIP_TYPE.FOOTNOTES)
        settings = OxmlElement("w:footnotePr")
        for number, _ in _SEPARATORS:
            mark = OxmlElement("w:footnote")
            mark.set(qn("w:id"), number)
            settings.append(mark)
        # The schema's order: before w:compat.
        compat = self._document.settings.element.find(qn("w:compat"))
        if compat is None:
            self._document.settings.element.append(settings)
        else:
            compat.addprevious(settings)


def repeat_heading(row: _Row) -> None:
    """Repeat a table's heading on each page."""
    keep_whole(row)
    row._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))


def keep_whole(row: _Row) -> None:
    """Never break a row across pages."""
    row._tr.get_or_add_trPr().append(OxmlElement("w:cantSplit"))


def set_widths(table: Table, widths: Sequence[Length]) -> None:
    """Fixed column widths (programs differ in whether they ask the grid or the cells)."""
    table.autofit = False
    for column, width in zip(table.columns, widths, strict=True):
        column.width = width


def save(document: DocumentObject, path: Path | IO[bytes]) -> None:
    """Write the document so that the same content gives the same bytes."""
    stream = BytesIO()
    document.save(stream)
    with zipfile.ZipFile(stream) as source, zipfile.ZipFile(path, "w") as target:
        for name in source.namelist():
            entry = zipfile.ZipInfo(name, _EPOCH)
            entry.compress_type = zipfile.ZIP_DEFLATED
            target.writestr(entry, source.read(name))


def _footnote_styles(document: DocumentObject) -> None:
    text = document.styles.add_style("Footnote Text", WD_STYLE_TYPE.PARAGRAPH)
    assert isinstance(text, ParagraphStyle)
    set_font(text.font, "宋体", NOTE)
    text.paragraph_format.line_spacing = 1.0
    text.paragraph_format.space_after = Pt(0)
    mark = document.styles.add_style("Footnote Reference", WD_STYLE_TYPE.CHARACTER)
    mark.font.superscript = True
    for each, name in ((text, "FootnoteText"), (mark, "FootnoteReference")):
        each.element.set(qn("w:styleId"), name)


def _page_number(paragraph: Paragraph) -> None:
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.paragraph_format.line_spacing = 1.0
    for words in ("— ", None, " —"):
        run = paragraph.add_run(words or "")
        set_font(run.font, "宋体", Pt(14))
        if words is None:
            for kind in ("begin", "instr", "end"):
                if kind == "instr":
                    element = OxmlElement("w:instrText")
                    element.text = "PAGE"
                else:
                    element = OxmlElement("w:fldChar")
                    element.set(qn("w:fldCharType"), kind)
                run._r.append(element)
