"""Documents as counties have them, and what is told about their mistakes."""

from __future__ import annotations

from datetime import date

import pytest

from errors import ImportRefused
from knowledge.articles import Level
from knowledge.imports.document import Severity
from knowledge.imports.reading import Form, Reading, read_bytes
from tests.knowledge.imports.samples import (
    COUNTY_LAW,
    OVERRIDES,
    docx_of,
    paragraph,
    read_docx,
    read_markdown,
    read_text,
)


def numbers(reading: Reading) -> list[str]:
    return [unit.number for unit in reading.document.units]


def errors(reading: Reading) -> list[str]:
    return [p.text for p in reading.problems if p.severity is Severity.ERROR]


def test_a_county_regulation_as_plain_text() -> None:
    reading = read_text(COUNTY_LAW)
    law = reading.document
    assert reading.problems == ()
    assert (law.name, law.level, law.region) == (
        "青山县物业管理条例",
        Level.LOCAL_REGULATION,
        "青山县",
    )
    assert law.issuer == "青山县人民代表大会常务委员会"
    assert (law.adopted, law.published, law.effective) == (
        date(2024, 1, 5),
        date(2024, 1, 10),
        date(2024, 3, 1),
    )
    assert numbers(reading) == ["第一条", "第二条", "第三条", "第三条之一", "第四条", "附件"]
    assert law.units[1].text.split("\n")[1] == "（一）房屋维修；"
    assert law.units[3].path == ("第二章 业主",)
    assert law.units[5].text.startswith("收费标准\n| 类别 |")
    assert [item.why for item in reading.body.left_out] == ["目录"] * 4
    assert set(reading.concluded) == {
        "name",
        "level",
        "issuer",
        "region",
        "adopted",
        "published",
        "effective",
    }


def test_the_same_regulation_as_docx() -> None:
    body = [paragraph(line.strip()) for line in COUNTY_LAW.split("\n") if "|" not in line]
    cell = "<w:tc>{}</w:tc>".format
    rows = [("类别", "每平方米"), ("住宅", "1.5元")]
    table = "".join(
        f"<w:tr>{''.join(cell(paragraph(text)) for text in row)}</w:tr>" for row in rows
    )
    reading = read_docx(docx_of(*body, f"<w:tbl>{table}</w:tbl>"), None)
    assert reading.document == read_text(COUNTY_LAW).document
    assert reading.problems == ()


def test_merged_and_nested_cells_stay_text() -> None:
    table = (
        "<w:tbl><w:tr><w:tc><w:tcPr><w:gridSpan w:val='2'/></w:tcPr>"
        + paragraph("表头")
        + "</w:tc></w:tr><w:tr><w:tc>"
        + paragraph("甲")
        + paragraph("乙")
        + "</w:tc><w:tc>"
        + "<w:tbl><w:tr><w:tc>"
        + paragraph("内")
        + "</w:tc></w:tr></w:tbl><w:p/></w:tc></w:tr></w:tbl>"
    )
    reading = read_docx(docx_of(paragraph("某条例"), paragraph("第一条　见下表："), table))
    assert reading.document.units[0].text.split("\n")[1:] == [
        "| 表头 |  |",
        "| --- | --- |",
        "| 甲<br>乙 | \\| 内 \\|<br>\\| --- \\| |",
    ]


def test_docx_is_read_as_the_page_shows_it() -> None:
    """Soft breaks, fields, tracked changes, hidden text, alternative content."""
    run = "<w:r><w:t>{}</w:t></w:r>".format
    body = (
        paragraph("某条例")
        + "<w:p><w:r><w:t>第一条</w:t><w:tab/><w:t>甲。</w:t><w:br/><w:t>第二款。</w:t></w:r></w:p>"
        + "<w:p>"
        + run("第二条　")
        + "<w:ins>"
        + run("新")
        + "</w:ins><w:del><w:r><w:delText>旧"
        + "</w:delText></w:r></w:del><w:moveFrom>"
        + run("移走")
        + "</w:moveFrom>"
        + "<w:r><w:rPr><w:vanish/></w:rPr><w:t>看不见</w:t></w:r>"
        + run("的。")
        + "<w:r><w:fldChar w:fldCharType='begin'/></w:r><w:r><w:instrText>PAGE</w:instrText></w:r>"
        + "<w:r><w:fldChar w:fldCharType='separate'/></w:r>"
        + run("7")
        + "<w:r><w:fldChar w:fldCharType='end'/></w:r>"
        + "<mc:AlternateContent><mc:Choice>"
        + run("一次。")
        + "</mc:Choice><mc:Fallback>"
        + run("两次。")
        + "</mc:Fallback></mc:AlternateContent></w:p>"
        + "<w:p><w:pPr><w:rPr><w:del/></w:rPr></w:pPr>"
        + run("第三条　前半")
        + "</w:p>"
        + paragraph("后半。")
        + paragraph("— 2 —")
    )
    reading = read_docx(docx_of(body))
    assert [u.text for u in reading.document.units] == [
        "甲。\n第二款。",
        "新的。一次。",
        "前半后半。",
    ]
    warned = " ".join(p.text for p in reading.problems)
    assert "修订痕迹" in warned
    assert "隐藏文字" in warned
    assert [item.text for item in reading.body.left_out] == ["— 2 —"]


def test_a_generated_table_of_contents_is_known_by_its_style() -> None:
    styles = (
        '<w:styles xmlns:w="urn:w"><w:style w:styleId="11"><w:name w:val="toc 1"/></w:style>'
        "</w:styles>"
    )
    toc = "<w:pStyle w:val='11'/>"
    body = [
        paragraph("某条例"),
        paragraph("第一章　总则\t1", toc),
        paragraph("第二章　附则\t2", toc),
        paragraph("第一章　总则"),
        paragraph("第一条　甲。"),
        paragraph("第二章　附则"),
        paragraph("第二条　乙。"),
    ]
    reading = read_docx(docx_of(*body, parts={"word/styles.xml": styles}))
    assert reading.problems == ()
    assert reading.document.headings == ("第一章 总则", "第二章 附则")


def test_automatic_numbers_and_pictures_are_not_lost_in_silence() -> None:
    numbered = "<w:numPr><w:ilvl w:val='0'/><w:numId w:val='3'/></w:numPr>"
    picture = "<w:p><w:r><w:drawing><a:blip/></w:drawing></w:r></w:p>"
    reading = read_docx(
        docx_of(
            paragraph("某条例"), paragraph("第一条　甲："), paragraph("乙；", numbered), picture
        )
    )
    assert errors(reading) == ["用了自动编号（共 1 段，如“乙；”），编号不在文字里"]
    assert any("图片" in p.text and p.line == 4 for p in reading.problems)


def test_a_docx_of_nothing_but_tables_has_no_articles() -> None:
    table = "<w:tbl><w:tr><w:tc>" + paragraph("第一条 甲。") + "</w:tc></w:tr></w:tbl>"
    reading = read_docx(docx_of(table), OVERRIDES_WITH_NAME)
    assert "没有找到" in " ".join(p.text for p in reading.problems)
    assert "第一条" not in numbers(reading)


OVERRIDES_WITH_NAME = type(OVERRIDES)(
    **{name: getattr(OVERRIDES, name) for name in OVERRIDES.__slots__ if name != "name"},
    name="某条例",
)


def test_markdown_with_front_matter() -> None:
    reading = read_markdown(
        """+++
name = "青山县河道管理办法"
level = "地方政府规章"
issuer = "青山市人民政府"
region = "青山市"
adopted = 2025-05-01
published = "2025-05-03"
effective = 2025-07-01
+++

# 青山县河道管理办法

## 第一章 总则

**第1条** 甲。

第二款。

\\第五条 引文里的条文。

### 第一节 一般规定

第二条 乙。
"""
    )
    assert errors(reading) == []
    assert [(u.number, u.path, u.text) for u in reading.document.units] == [
        ("第一条", ("第一章 总则",), "甲。\n第二款。\n第五条 引文里的条文。"),
        ("第二条", ("第一章 总则", "第一节 一般规定"), "乙。"),
    ]
    assert reading.concluded == ()


@pytest.mark.parametrize(
    ("text", "line", "problem"),
    [
        ("---\nname: 甲\n---\n", 1, "YAML"),
        ("+++\nname = '甲'\n", 1, "没有结束的"),
        ("+++\nname = '甲'\nlevel = 法律\n+++\n第一条 甲。", 3, "写法不对"),
        ("+++\nnmae = '甲'\n+++\n第一条 甲。", None, "不认识的字段 'nmae'"),
        ("+++\nadopted = '2024-02-30'\n+++\n第一条 甲。", None, "不是日期"),
        ("+++\nlevel = '县规'\n+++\n第一条 甲。", None, "不能是 '县规'"),
    ],
)
def test_wrong_front_matter(text: str, line: int | None, problem: str) -> None:
    with pytest.raises(ImportRefused, match=problem) as caught:
        read_markdown(text)
    assert caught.value.line == line


def test_a_judicial_interpretation() -> None:
    reading = read_text(
        """最高人民法院
关于审理物业服务纠纷案件的解释（一）
（2020年12月25日最高人民法院审判委员会第1823次会议通过，自2021年1月1日起施行）
法释〔2020〕17号
为正确审理物业服务纠纷案件，制定本解释。
一、一般规定
第一条 甲。
二、责任
第二条 乙。
""",
        type(OVERRIDES)(published="2020-12-29"),
    )
    law = reading.document
    assert errors(reading) == []
    assert law.name == "最高人民法院关于审理物业服务纠纷案件的解释（一）"
    assert law.level is Level.JUDICIAL_INTERPRETATION
    assert (law.adopted, law.effective) == (date(2020, 12, 25), date(2021, 1, 1))
    assert [(u.number, u.path) for u in law.units] == [
        ("序言", ()),
        ("第一条", ("一、一般规定",)),
        ("第二条", ("二、责任",)),
    ]


def test_a_decision_of_items() -> None:
    reading = read_text(
        "青山县人民代表大会常务委员会关于禁放烟花的决定\n为了安全，决定如下：\n一、甲。\n（一）子；\n二、乙。",
        OVERRIDES,
    )
    assert [(u.number, u.text) for u in reading.document.units] == [
        ("序言", "为了安全，决定如下："),
        ("条目一", "甲。\n（一）子；"),
        ("条目二", "乙。"),
    ]


@pytest.mark.parametrize(
    ("body", "line", "problem"),
    [
        ("第一条 甲。\n第三条 丙。", 3, "第三条之前缺第二条"),
        ("第一条 甲。\n第一条 乙。", 3, "第一条重复"),
        ("第一条 甲。\n第二条 乙。\n第一条之一 丙。", 4, "第一条之一排在第二条之后"),
        ("第一条 甲。\n第一条之二 乙。", 3, "第一条之二之前缺第一条之一"),
        ("第一条\n第二条 乙。", 2, "第一条没有内容"),
        ("第一章 总则\n第二章 附则\n第一条 甲。", 2, "标题“第一章 总则”下面没有条文"),
        ("第二章 甲\n第一条 甲。\n第一章 乙\n第二条 乙。", 4, "标题“第一章 乙”的序号没有递增"),
        ("第一章 甲\n散落的文字。\n第一条 甲。", 3, "标题“第一章 甲”下面不是条文"),
        ("印发范围：各乡镇\n第一条 甲。", 2, "第一条之前有认不出的文字“印发范围：各乡镇”"),
        (
            "目录\n第一章 总则\n第二章 罚则\n第一章 总则\n第一条 甲。",
            4,
            "目录里的“第二章 罚则”在正文里没有",
        ),
        ("第一条 甲。\n第二条乙。", 3, "“第二条”后面没有空格"),
        ("第一条 甲。\n青山县人民政府办公室", 2, "第一条的末尾不是句末标点"),
        ("第一条 甲\ue000。", 2, "造字"),
        ("第一条 甲\ufffd。", 2, "乱码"),
        ("没有任何条文的一段话。", 2, "没有找到“第…条”"),
    ],
)
def test_mistakes_are_told_with_their_line(body: str, line: int, problem: str) -> None:
    reading = read_text(f"青山县条例\n{body}", OVERRIDES)
    assert [p.line for p in reading.problems if problem in p.text] == [line], reading.problems


def test_a_reference_at_the_head_of_a_line_is_no_article() -> None:
    reading = read_text(
        "某条例\n第一条 甲：\n第二条规定的情形；\n第三条、第四条的情形。\n第二条 中华。", OVERRIDES
    )
    assert numbers(reading) == ["第一条", "第二条"]
    assert reading.problems == ()


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16", "utf-16-le", "utf-16-be"]
)
def test_encodings_of_text(encoding: str) -> None:
    reading = read_bytes(COUNTY_LAW.encode(encoding), Form.TEXT, "law.txt")
    assert reading.document == read_text(COUNTY_LAW).document


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (COUNTY_LAW.replace("条例", "條例").encode("big5", "ignore"), "看不出文件的文字编码"),
        (
            "第一条 この条例は、すべての国民の権利を定める。".encode("shift_jis"),
            "看不出文件的文字编码",
        ),
        (COUNTY_LAW.encode()[:-1].rstrip(b"|\n ")[:-1], "截断"),
        (b"\xef\xbb\xbf\xff\xff", "内容不是"),
        (bytes(range(256)) * 20, "看不出文件的文字编码"),
        (COUNTY_LAW.encode("gbk")[:401] + b"\xff" + COUNTY_LAW.encode("gbk")[401:], "看不出"),
    ],
)
def test_a_wrong_guess_of_the_encoding_is_refused(data: bytes, problem: str) -> None:
    with pytest.raises(ImportRefused, match=problem):
        read_bytes(data, Form.TEXT, "law.txt")
