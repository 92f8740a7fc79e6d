"""Word documents: the report's section, a unit's 履职报告, the 普法提示单 with its feedback slip.

Every figure has a real footnote with its 口径, window and 数据截止时间. The same input gives the
same bytes.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from docx.document import Document as DocumentObject
from docx.enum.table import WD_CELL_VERTICAL_ALIGNMENT, WD_TABLE_ALIGNMENT
from docx.enum.text import WD_ALIGN_PARAGRAPH
from docx.shared import Mm, Pt
from docx.table import _Cell
from docx.text.paragraph import Paragraph

from outreach import notices
from outreach.figures import Figure
from outreach.files import placed
from outreach.passages import FILL_IN, Draft, Grid, Passage, Style, day
from outreach.word import (
    BODY,
    HEADING,
    LINE,
    SMALL_FOUR,
    SUBHEADING,
    THREE,
    TITLE,
    TWO,
    Footnotes,
    keep_whole,
    new_document,
    repeat_heading,
    save,
    set_font,
    set_widths,
)

TEXT_WIDTH = 156  # mm
SHORT = 4  # characters: a column of numbers or states stands in the middle
_FONTS: dict[Style, tuple[str, Pt]] = {
    "title": (TITLE, TWO),
    "heading": (HEADING, THREE),
    "subheading": (SUBHEADING, THREE),
    "note": (BODY, THREE),
    "body": (BODY, THREE),
}


def write_drafts(drafts: Sequence[Draft], out: Path, *, title: str, author: str) -> None:
    """Write drafts as one document, each after the first on a new page.

    Footnotes run through the whole document; a draft's own numbers are kept in its words, so a
    document of several drafts numbers anew what they refer to.

    Raises:
        UsageError: the file cannot be written.
    """
    document = new_document(title, author, drafts[0].window.as_of)
    footnotes = Footnotes(document)
    for place, draft in enumerate(drafts):
        _write(document, footnotes, draft, new_page=place > 0)
    footnotes.attach()
    with placed(out) as path:
        save(document, path)


def _write(document: DocumentObject, footnotes: Footnotes, draft: Draft, *, new_page: bool) -> None:
    offset = footnotes.count
    marked: set[str] = set()
    for block in draft.blocks:
        if isinstance(block, Grid):
            add_table(document, block)
            continue
        paragraph = _paragraph(document, block)
        paragraph.paragraph_format.page_break_before = new_page
        new_page = False
        name, size = _FONTS[block.style]
        for piece in block.pieces:
            run = paragraph.add_run(str(piece))
            set_font(run.font, name, size)
            if isinstance(piece, Figure) and piece.id not in marked:
                marked.add(piece.id)
                footnotes.add(paragraph.add_run(), draft.note(piece, offset))


def _paragraph(document: DocumentObject, block: Passage) -> Paragraph:
    paragraph = document.add_paragraph()
    layout = paragraph.paragraph_format
    if block.style in ("title", "note"):
        paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        layout.space_after = Pt(14 if block.style == "note" else 0)
        layout.keep_with_next = True
    else:
        paragraph.alignment = (
            WD_ALIGN_PARAGRAPH.JUSTIFY if block.style == "body" else WD_ALIGN_PARAGRAPH.LEFT
        )
        layout.first_line_indent = THREE * 2
        layout.keep_with_next = block.style != "body"
    layout.line_spacing = Pt(34) if block.style == "title" else LINE
    return paragraph


def add_table(document: DocumentObject, grid: Grid) -> None:
    """A table with a repeated heading whose rows are never broken."""
    table = document.add_table(rows=1, cols=len(grid.header), style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    set_widths(table, [Mm(TEXT_WIDTH * share) for share in grid.widths])
    middle = [all(len(cell) <= SHORT for cell in column) for column in zip(*grid.rows, strict=True)]
    fill_row(table.rows[0].cells, grid.header, grid.widths, middle, head=True)
    repeat_heading(table.rows[0])
    for row in grid.rows:
        added = table.add_row()
        keep_whole(added)
        fill_row(added.cells, row, grid.widths, middle)


def fill_row(
    cells: Sequence[_Cell],
    words: Sequence[str],
    widths: Sequence[float],
    middle: Sequence[bool],
    *,
    head: bool = False,
) -> None:
    """Write the cells of a row; those of a ``middle`` column are centred."""
    for place, (cell, text, share) in enumerate(zip(cells, words, widths, strict=True)):
        cell.width = Mm(TEXT_WIDTH * share)
        cell.vertical_alignment = WD_CELL_VERTICAL_ALIGNMENT.CENTER
        paragraph = cell.paragraphs[0]
        paragraph.paragraph_format.line_spacing = Pt(18)
        if head or middle[place]:
            paragraph.alignment = WD_ALIGN_PARAGRAPH.CENTER
        set_font(paragraph.add_run(text).font, HEADING if head else BODY, SMALL_FOUR)


def write_notice(
    reminder: notices.Reminder,
    out: Path,
    *,
    county: str,
    now: datetime,
    basis: str | None = None,
    office: str | None = None,
) -> None:
    """Write a 普法提示单 (法治宣传教育法 57) with the slip on which the unit answers.

    Args:
        reminder: the notice as it stands.
        out: the file; an existing one is replaced as a whole or not at all.
        county: the county's name, for the heading.
        now: for the file's properties.
        basis: art. 57 word for word, from the corpus; without it only its number is named.
        office: who issues it, by default the county's 司法局.

    Raises:
        UsageError: the file cannot be written.
    """
    office = office or f"{county}司法局"
    document = new_document(f"{reminder.number}普法提示单", office, now)
    sent = reminder.reached(notices.SENT)
    when = sent.day if sent else None

    add_line(document, "普法提示单", "title")
    add_line(document, reminder.number, "note")
    add_line(document, f"{reminder.organ}：").paragraph_format.first_line_indent = Pt(0)
    quoted = f"规定：“{basis}”" if basis else "，"
    add_line(
        document,
        f"《中华人民共和国法治宣传教育法》第五十七条{quoted}"
        f"经核对普法责任清单、普法节点日历和经审核的活动记录，你单位下列事项逾期未办：",
    )
    add_table(
        document,
        Grid(
            ("序号", "应办事项", "应办时间", "依据", "办理情况"),
            tuple(
                (str(place), owed.name, _span(owed.start, owed.end), owed.basis or "—", owed.state)
                for place, owed in enumerate(reminder.owed, start=1)
            ),
            (0.09, 0.30, 0.24, 0.25, 0.12),
        ),
    )
    asked = add_line(
        document,
        f"请及时采取改进措施，于{day(reminder.deadline)}前填写《普法提示反馈单》并附佐证材料，"
        f"反馈至{office}。已经开展而未登记的，请补报活动记录并送审。",
    )
    asked.paragraph_format.space_before = Pt(10)
    add_line(document, f"联系人和电话：{FILL_IN}")
    for words in (f"{office}（盖章）", day(when) if when else "        年    月    日"):
        add_line(document, words).alignment = WD_ALIGN_PARAGRAPH.RIGHT
    _slip(document, reminder, office)
    with placed(out) as path:
        save(document, path)


def _slip(document: DocumentObject, reminder: notices.Reminder, office: str) -> None:
    add_line(document, "普法提示反馈单", "title").paragraph_format.page_break_before = True
    add_line(document, f"（回执，{reminder.number}）", "note")
    answered = reminder.answer
    closed = reminder.reached(notices.CLOSED)
    checked = (closed.note or "已核实办结") if closed else ""
    files = (
        "；".join(f"{each.name}〔{each.sha256[:8]}〕" for each in answered.files)
        if answered
        else ""
    )
    rows = (
        ("反馈单位", reminder.organ, Mm(10)),
        ("提示事项", "；".join(owed.name for owed in reminder.owed), Mm(16)),
        ("未办原因", "", Mm(28)),
        ("改进措施和\n完成情况", answered.note if answered else "", Mm(55)),
        ("佐证材料", files or "□照片  □签到表  □通知  □媒体报道  □其他：", Mm(12)),
        ("单位负责人\n签字（盖章）", "\n\n                        年    月  日", Mm(28)),
        (f"{office}\n核实意见", checked, Mm(28)),
    )
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    set_widths(table, [Mm(TEXT_WIDTH * share) for share in _SLIP_WIDTHS])
    for label, words, height in rows:
        row = table.add_row()
        row.height = height
        fill_row(row.cells, (label, words), _SLIP_WIDTHS, (True, False))
    add_line(document, f"反馈期限：{day(reminder.deadline)}。")


_SLIP_WIDTHS = (0.24, 0.76)


def add_line(document: DocumentObject, text: str, style: Style = "body") -> Paragraph:
    """A paragraph in one of the styles."""
    paragraph = _paragraph(document, Passage(style, (text,)))
    set_font(paragraph.add_run(text).font, *_FONTS[style])
    return paragraph


def _span(start: date, end: date) -> str:
    first, last = day(start), day(end)
    if start.year == end.year:
        last = last.removeprefix(f"{end.year}年")
    return first if start == end else f"{first}至{last}"
