"""A law written as .docx, Markdown or plain text, so that reading it gives the same law.

Every writer reads its own output back and compares: a form that cannot express an article (a line
of text that looks like a heading, say) is refused with the article's number, never written wrong.
"""

from __future__ import annotations

import io
from collections.abc import Iterator, Sequence
from datetime import date

import docx
from docx.document import Document as DocxDocument
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.oxml.ns import qn
from docx.shared import Pt

from errors import DataError
from knowledge.imports import grammar, tables
from knowledge.imports.document import PREAMBLE, WHOLE, Document, Problems, Unit, new_headings
from knowledge.imports.markdown import FENCE, needs_backslash
from knowledge.imports.reading import Form, parse


def to_markdown(document: Document) -> str:
    """The canonical form: front matter, title, dates line, headings, units; UTF-8 text.

    Raises:
        DataError: an article cannot be expressed (blank lines, control characters).
    """
    lines = [*front_matter(document), "", f"# {document.name}", ""]
    if document.history:
        lines += [document.history, ""]
    before: tuple[str, ...] = ()
    for unit in document.units:
        for text in new_headings(before, unit.path):
            rank = found.rank if (found := grammar.heading(text)) else grammar.TOPIC_RANK
            lines += [f"{'#' * (rank + 2)} {text}", ""]
        before = unit.path
        lines += [*_markdown_unit(unit), ""]
    text = "\n".join(lines).rstrip("\n") + "\n"
    _verify(document, text.encode(), Form.MARKDOWN)
    return text


def front_matter(document: Document) -> list[str]:
    """The TOML front matter with its fences, in a fixed order."""
    values: list[tuple[str, str | date | None]] = [
        ("name", document.name),
        ("level", str(document.level)),
        ("issuer", document.issuer),
        ("region", document.region),
        ("adopted", document.adopted),
        ("published", document.published),
        ("effective", document.effective),
        ("commenced", document.commenced),
        ("repealed", document.repealed),
        ("repealed_by", document.repealed_by),
    ]
    lines = [FENCE]
    for key, value in values:
        if isinstance(value, date):
            lines.append(f"{key} = {value.isoformat()}")
        elif value:
            lines.append(f"{key} = {_toml(value)}")
    return [*lines, FENCE]


def _toml(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _markdown_unit(unit: Unit) -> Iterator[str]:
    """A unit's lines with a blank line between 款 (but none inside a table)."""
    groups = tables.split(unit.text.split("\n"))
    first = f"**{unit.number}**"
    if len(groups[0]) == 1 and not groups[0][0].startswith("|"):
        yield f"{first}　{groups.pop(0)[0]}"
    else:
        yield first
    for group in groups:
        yield ""
        if len(group) == 1:
            yield f"\\{group[0]}" if needs_backslash(group[0]) else group[0]
        else:
            yield from group


def to_text(document: Document) -> str:
    """Plain text as the national database shows it: title, dates line, 目录, headings, articles.

    Raises:
        DataError: an article cannot be told from structure in this form.
    """
    lines = [document.name, dates_line(document), ""]
    contents = document.headings
    if contents:
        lines += ["目　　录", *contents, ""]
    for heading, unit in _blocks(document.units):
        lines += _plain_unit(unit) if unit else [heading]
    text = "\n".join(lines) + "\n"
    _verify(document, text.encode(), Form.TEXT)
    return text


def to_docx(document: Document) -> bytes:
    """A .docx in the form of the national database's downloads.

    Raises:
        DataError: an article cannot be told from structure in this form.
    """
    damaged = next((u.number for u in document.units if grammar.has_control(u.text)), None)
    if damaged:
        raise _cannot(document, damaged, Form.DOCX)
    target = docx.Document()
    target.core_properties.title = document.name
    target.core_properties.author = document.issuer[:255]
    normal = target.styles["Normal"]
    normal.font.name = "FangSong"
    normal.font.size = Pt(16)
    normal.element.get_or_add_rPr().get_or_add_rFonts().set(qn("w:eastAsia"), "仿宋")
    _centred(target, document.name, bold=True)
    _centred(target, dates_line(document))
    contents = document.headings
    if contents:
        _centred(target, "目　　录")
        for text in contents:
            target.add_paragraph(text.replace(" ", "　", 1))
    for heading, unit in _blocks(document.units):
        if unit is None:
            _centred(target, heading.replace(" ", "　", 1), bold=True)
        else:
            _docx_unit(target, unit)
    stream = io.BytesIO()
    target.save(stream)
    data = stream.getvalue()
    _verify(document, data, Form.DOCX)
    return data


def _centred(target: DocxDocument, text: str, *, bold: bool = False) -> None:
    paragraph = target.add_paragraph()
    paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
    paragraph.add_run(text).bold = bold


def _docx_unit(target: DocxDocument, unit: Unit) -> None:
    for group in tables.split(_plain_unit(unit)):
        rows = tables.parse(group) if len(group) > 1 else None
        if rows is None:
            paragraph = target.add_paragraph(group[0])
            paragraph.paragraph_format.first_line_indent = Pt(32)
            continue
        table = target.add_table(len(rows), len(rows[0]))
        for row, cells in zip(table.rows, rows, strict=True):
            for cell, text in zip(row.cells, cells, strict=True):
                cell.text = text


def dates_line(document: Document) -> str:
    """The document's own dates line, else one made from its dates.

    （2024年1月5日某县人民代表大会常务委员会通过　2024年1月10日公布　自2024年3月1日起施行）
    """
    if document.history:
        return document.history
    parts = [
        f"{_spelt(document.adopted)}{document.issuer}通过",
        f"{_spelt(document.published)}公布",
    ]
    if document.effective:
        parts.append(f"自{_spelt(document.effective)}起施行")
    return f"（{'　'.join(parts)}）"


def _spelt(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _blocks(units: Sequence[Unit]) -> Iterator[tuple[str, Unit | None]]:
    """Headings and units in order: (heading, None) or ("", unit)."""
    before: tuple[str, ...] = ()
    for unit in units:
        for text in new_headings(before, unit.path):
            yield text, None
        before = unit.path
        yield "", unit


def _plain_unit(unit: Unit) -> list[str]:
    lines = unit.text.split("\n")
    if unit.number == WHOLE:
        return lines
    if unit.number.startswith("条目"):
        return [f"{unit.number.removeprefix('条目')}、{lines[0]}", *lines[1:]]
    if unit.number == PREAMBLE or unit.number.startswith("附") or tables.is_row(lines[0]):
        return [unit.number, *lines]
    return [f"{unit.number}　{lines[0]}", *lines[1:]]


def _verify(document: Document, data: bytes, form: Form) -> None:
    """Read the output back; refuse to hand out what does not give the same units."""
    try:
        _, body = parse(data, form, document.name, Problems())
    except DataError as error:
        raise _cannot(document, WHOLE, form) from error
    for wanted, got in zip(document.units, body.units, strict=False):
        if wanted != got:
            raise _cannot(document, wanted.number, form)
    if len(document.units) != len(body.units):
        raise _cannot(document, document.units[-1].number if document.units else WHOLE, form)


def _cannot(document: Document, number: str, form: Form) -> DataError:
    return DataError(
        f"《{document.name}》",
        None,
        f"{number}的内容无法用 {form} 形式准确写出（正文里有像标题、条号或附件的行，或有空行）",
        "请改用 .md 形式" if form is not Form.MARKDOWN else "请先整理这一条的文字",
    )
