"""The record of an evidence package as a Word document that can be printed and filed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import IO

from docx.document import Document as DocumentObject
from docx.enum.table import WD_TABLE_ALIGNMENT
from docx.shared import Mm

from outreach.activities import moment
from outreach.documents import TEXT_WIDTH, add_line, add_table, fill_row
from outreach.evidence_pushes import DELIVERED
from outreach.evidence_records import Collected
from outreach.passages import Grid
from outreach.word import keep_whole, new_document, save, set_widths

_WIDTHS = (0.24, 0.76)


def write_record(found: Collected, out: IO[bytes]) -> None:
    """Write records, steps, files, counts and pushes; the same content gives the same bytes."""
    year = f"{found.year}年" if found.year else ""
    title = f"{year}{found.title}"
    document = new_document(f"{title}佐证材料", "普法工作台账", found.until)
    add_line(document, "普法工作佐证材料", "title")
    add_line(document, title, "note")
    for place, record in enumerate(found.records, start=1):
        many = len(found.records) > 1
        add_line(document, f"活动记录{f'（{place}）' if many else ''}", "heading")
        _facts(document, [(k, str(v)) for k, v in record.items() if v is not None])
    if found.counts:
        add_line(document, "数字和口径", "heading")
        rows = tuple((name, str(value), words) for name, value, words in found.counts)
        add_table(document, Grid(("指标", "数值", "口径"), rows, (0.2, 0.14, 0.66)))
    if found.due:
        add_line(document, "应办单位", "heading")
        due = tuple(each[:4] for each in found.due)
        widths = (0.34, 0.22, 0.22, 0.22)
        add_table(document, Grid(("责任单位", "开始", "最后一天", "办理情况"), due, widths))
    for each in found.pushed:
        add_line(document, f"推送：{each.title}", "heading")
        told = {**each.facts, "内容校验值": each.sha256}
        _facts(document, [(k, str(v)) for k, v in told.items() if v is not None])
        counted = tuple((DELIVERED.get(s, s), why or "—", str(n)) for s, why, n in each.rows)
        if counted:
            add_table(document, Grid(("结果", "原因", "人次"), counted, (0.34, 0.44, 0.22)))
    add_line(document, "办理过程", "heading")
    steps = tuple(
        (
            str(moment(step.at))[:16].replace("T", " "),
            f"{step.step}（第{step.version}版）" if step.version else step.step,
            step.actor,
            "；".join(filter(None, (step.number if len(found.records) > 1 else "", step.note)))
            or "—",
        )
        for step in found.chain
    )
    add_table(document, Grid(("时间", "步骤", "经办人", "说明"), steps, (0.24, 0.24, 0.2, 0.32)))
    if found.files:
        add_line(document, "佐证文件", "heading")
        files = tuple((each.file.name, each.file.sha256) for each in found.files)
        add_table(document, Grid(("文件", "SHA-256"), files, (0.36, 0.64)))
    save(document, out)


def _facts(document: DocumentObject, rows: Sequence[tuple[str, str]]) -> None:
    table = document.add_table(rows=0, cols=2, style="Table Grid")
    table.alignment = WD_TABLE_ALIGNMENT.CENTER
    set_widths(table, [Mm(TEXT_WIDTH * share) for share in _WIDTHS])
    for words in rows:
        row = table.add_row()
        keep_whole(row)
        fill_row(row.cells, words, _WIDTHS, (True, False))
