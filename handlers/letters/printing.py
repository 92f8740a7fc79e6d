"""A letter as a Word document (A4, type like GB/T 9704 but a size smaller)."""

from __future__ import annotations

from datetime import date, datetime, time
from io import BytesIO

from docx.document import Document as DocumentObject
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Length, Mm, Pt
from docx.text.paragraph import Paragraph

from handlers.letters.plain import GROUNDS, cited_as
from handlers.letters.writing import Letter
from handlers.phrases import NOTICE
from outreach import word

DOCX_TYPE = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
HINTS = "填写提示（交出去以前可以去掉这一页）"
_FOUR = Pt(14)  # 四号: a 借条 then fits one page
_INDENT = _FOUR * 2
_SMALL = Pt(11)
_RULE = "_" * 62  # as wide as the text
_MARGIN = Mm(27)


def as_docx(letter: Letter, today: date) -> bytes:
    """The letter as a .docx file; the same letter gives the same bytes on the same day."""
    document = word.new_document(letter.title, "", datetime.combine(today, time()))
    section = document.sections[0]
    section.top_margin = section.bottom_margin = _MARGIN
    section.left_margin = section.right_margin = _MARGIN
    normal = word.style(document, "Normal")
    word.set_font(normal.font, word.BODY, _FOUR)
    normal.paragraph_format.line_spacing = Pt(25)
    title = _add(document, letter.title, align=WD_ALIGN_PARAGRAPH.CENTER)
    word.set_font(title.runs[0].font, word.TITLE, word.TWO)
    title.paragraph_format.space_after = Pt(14)
    if letter.to:
        _add(document, letter.to)
    for paragraph in letter.paragraphs:
        first, *rest = paragraph.split("\n")
        _add(document, first, indent=_INDENT)
        for line in rest:
            if line.strip("_"):
                _add(document, line, indent=_INDENT)
            else:
                _add(document, _RULE)
    _add(document, "")
    for line in letter.sign:
        signed = _add(document, line)
        signed.paragraph_format.left_indent = _FOUR * 14
    if letter.items:
        heading = _add(document, letter.list_title)
        heading.paragraph_format.space_before = Pt(14)
        heading.paragraph_format.keep_with_next = True
        for item in letter.items:
            kept = _add(document, item, indent=_INDENT).paragraph_format
            kept.keep_with_next = item is not letter.items[-1]
    _grounds(document, letter)
    _hints(document, letter)
    stream = BytesIO()
    word.save(document, stream)
    return stream.getvalue()


def _grounds(document: DocumentObject, letter: Letter) -> None:
    heading = _add(document, GROUNDS)
    heading.paragraph_format.space_before = Pt(20)
    heading.paragraph_format.keep_with_next = True
    word.set_font(heading.runs[0].font, word.HEADING, word.SMALL_FOUR)
    for article in letter.articles:
        cited = _small(document, cited_as(article))
        word.set_font(cited.runs[0].font, word.HEADING, _SMALL)
        cited.paragraph_format.keep_with_next = True
        for line in article.text.split("\n"):
            _small(document, line, indent=_SMALL * 2)


def _hints(document: DocumentObject, letter: Letter) -> None:
    heading = _add(document, HINTS)
    heading.paragraph_format.page_break_before = True
    word.set_font(heading.runs[0].font, word.HEADING, word.SMALL_FOUR)
    for place, hint in enumerate(letter.hints, start=1):
        _small(document, f"{place}. {hint}")
    _small(document, NOTICE)


def _add(
    document: DocumentObject,
    text: str,
    indent: int = 0,
    align: WD_ALIGN_PARAGRAPH | None = None,
) -> Paragraph:
    paragraph = document.add_paragraph(text)
    paragraph.paragraph_format.first_line_indent = Length(indent)
    if align is not None:
        paragraph.alignment = align
    return paragraph


def _small(document: DocumentObject, text: str, indent: int = 0) -> Paragraph:
    paragraph = _add(document, text, indent)
    word.set_font(paragraph.runs[0].font, word.BODY, _SMALL)
    paragraph.paragraph_format.line_spacing = Pt(18)
    return paragraph
