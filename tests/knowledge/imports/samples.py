"""Laws and .docx files made for these tests."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Mapping
from datetime import date

from hypothesis import strategies as st

from knowledge.articles import Level
from knowledge.imports import Document, Overrides, Unit
from knowledge.imports.reading import Form, Reading, read_bytes
from knowledge.imports.tables import render
from knowledge.numerals import article_number, format_number

NAMESPACE = "http://schemas.openxmlformats.org/wordprocessingml/2006/main"
OVERRIDES = Overrides(
    level="地方性法规",
    issuer="青山县人民代表大会常务委员会",
    region="青山县",
    adopted="2024-01-05",
    published="2024-01-10",
    effective="2024-03-01",
)

COUNTY_LAW = """青山县物业管理条例

（2024年1月5日青山县第十七届人民代表大会常务委员会第十九次会议通过
2024年1月10日公布　自2024年3月1日起施行）

目　　录

第一章　总　　则
第二章　业　　主
第三章　附　　则

第一章　总　　则

第一条　为了规范物业管理活动，制定本条例。

第二条　本条例所称物业管理，包括下列活动：
（一）房屋维修；
（二）环境卫生。
本县的物业管理适用本条例。

第二章　业　　主

第三条　房屋的所有权人为业主。

第三条之一　业主可以自行管理物业。

第三章　附　　则

第四条　本条例自2024年3月1日起施行。

附件：收费标准
| 类别 | 每平方米 |
| --- | --- |
| 住宅 | 1.5元 |
"""


def read_text(text: str, overrides: Overrides | None = None) -> Reading:
    return read_bytes(text.encode(), Form.TEXT, "law.txt", overrides)


def read_markdown(text: str, overrides: Overrides | None = None) -> Reading:
    return read_bytes(text.encode(), Form.MARKDOWN, "law.md", overrides)


def read_docx(data: bytes, overrides: Overrides | None = OVERRIDES) -> Reading:
    return read_bytes(data, Form.DOCX, "law.docx", overrides)


def paragraph(text: str, properties: str = "") -> str:
    inner = f"<w:pPr>{properties}</w:pPr>" if properties else ""
    return f'<w:p>{inner}<w:r><w:t xml:space="preserve">{text}</w:t></w:r></w:p>'


def docx_of(*body: str, parts: Mapping[str, str | bytes] | None = None, prolog: str = "") -> bytes:
    """A minimal .docx whose body holds the given WordprocessingML."""
    document = (
        f'<?xml version="1.0" encoding="UTF-8"?>{prolog}<w:document xmlns:w="{NAMESPACE}"'
        ' xmlns:mc="http://schemas.openxmlformats.org/markup-compatibility/2006"'
        ' xmlns:a="http://schemas.openxmlformats.org/drawingml/2006/main">'
        f"<w:body>{''.join(body)}</w:body></w:document>"
    )
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<Types/>")
        archive.writestr("word/document.xml", document)
        for name, content in (parts or {}).items():
            archive.writestr(name, content)
    return stream.getvalue()


# --- generated laws ------------------------------------------------------------------------------

_WORDS = st.text(
    "公民法人应当依规定履行义务县级以上主管部门负责本行政区域内的工作3Aa%（）、，",
    min_size=1,
    max_size=24,
)
sentences = st.builds(lambda words, end: f"县{words}{end}", _WORDS, st.sampled_from("。；："))
_CELLS = st.text("税目率元0123456789|\\ab，。", max_size=6).map(str.strip)
tables = st.integers(1, 4).flatmap(
    lambda width: st.lists(
        st.lists(_CELLS, min_size=width, max_size=width), min_size=1, max_size=4
    ).map(lambda rows: render([["税目", *rows[0][1:]], *rows[1:]]))
)


@st.composite
def article_texts(draw: st.DrawFn) -> str:
    lines = [draw(sentences)]
    for _ in range(draw(st.integers(0, 2))):
        lines.append(draw(sentences))
        lines += [
            f"（{format_number(n + 1)}）{draw(sentences)}" for n in range(draw(st.integers(0, 3)))
        ]
    if draw(st.booleans()) and draw(st.booleans()):
        lines += draw(tables)
    return "\n".join(lines)


@st.composite
def laws(draw: st.DrawFn) -> Document:
    """A well-formed law: 编, 章, 节, articles with 之X, 款, 项, tables, preamble, annexes."""
    units: list[Unit] = []
    number = chapter = 0
    if draw(st.booleans()):
        units.append(Unit("序言", (), draw(sentences)))
    parts = draw(st.integers(0, 2))
    for part in range(parts or 1):
        outer = (f"第{format_number(part + 1)}编 通则{part}",) if parts else ()
        for _ in range(draw(st.integers(1, 3))):
            chapter += 1
            path = (
                *outer,
                f"第{format_number(chapter)}章 {draw(st.sampled_from(('总则', '法律责任')))}",
            )
            sections = draw(st.integers(0, 2))
            for section in range(max(1, sections)):
                inner = (*path, f"第{format_number(section + 1)}节 一般规定") if sections else path
                for _ in range(draw(st.integers(1, 3))):
                    number += 1
                    units.append(Unit(article_number(number), inner, draw(article_texts())))
                    for sub in range(draw(st.integers(0, 1))):
                        units.append(
                            Unit(article_number(number, sub + 1), inner, draw(article_texts()))
                        )
    for annex in range(draw(st.integers(0, 2))):
        units.append(Unit(f"附件{format_number(annex + 1)}", (), draw(article_texts())))
    return Document(
        name="青山县物业管理条例",
        level=Level.LOCAL_REGULATION,
        issuer="青山县人民代表大会常务委员会",
        region="青山县",
        adopted=date(2024, 1, 5),
        published=date(2024, 1, 10),
        effective=date(2024, 3, 1),
        units=tuple(units),
    )
