"""Written out and read again, a law is the same law."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from errors import DataError
from knowledge.corpus import Corpus
from knowledge.imports import Document, Unit, to_docx, to_markdown, to_text
from knowledge.imports.document import Problems, Severity
from knowledge.imports.reading import Form, parse
from tests.conftest import examples
from tests.knowledge.imports.samples import (
    OVERRIDES,
    laws,
    read_docx,
    read_markdown,
    read_text,
    sentences,
)

# not expressible in text and .docx: a decision that quotes treaty articles, and (below) the two
# basic laws, whose annexes are named by year
QUOTES_ARTICLES = "罪行行使刑事管辖权的决定"


def units_of(data: bytes, form: Form) -> tuple[Unit, ...]:
    _, body = parse(data, form, "law", Problems())
    return tuple(body.units)


@pytest.fixture(scope="module")
def documents(corpus: Corpus) -> list[Document]:
    """Every version of the corpus."""
    return [Document.of(version, corpus.articles_of(version)) for version in corpus.versions]


def sample(documents: list[Document], count: int) -> list[Document]:
    """A fixed sample of the laws that are made of articles and that plain text can express."""
    usual = [
        d
        for d in documents
        if QUOTES_ARTICLES not in d.name
        and any(u.number[0] == "第" for u in d.units)
        and "特别行政区基本法" not in d.name
    ]
    return random.Random(3).sample(usual, count)


@pytest.mark.slow
def test_every_law_of_the_corpus_survives_markdown(documents: list[Document]) -> None:
    for document in documents:
        text = to_markdown(document)
        assert units_of(text.encode(), Form.MARKDOWN) == document.units, document.name


@pytest.mark.slow
def test_a_few_laws_survive_every_form(documents: list[Document]) -> None:
    for document in sample(documents, 4):
        assert units_of(to_markdown(document).encode(), Form.MARKDOWN) == document.units
        assert units_of(to_text(document).encode(), Form.TEXT) == document.units
        assert units_of(to_docx(document), Form.DOCX) == document.units


@pytest.mark.slow
def test_fifty_laws_survive_every_form(documents: list[Document]) -> None:
    for document in sample(documents, 50):
        assert units_of(to_text(document).encode("gb18030"), Form.TEXT) == document.units
        assert units_of(to_docx(document), Form.DOCX) == document.units
        assert units_of(to_markdown(document).encode(), Form.MARKDOWN) == document.units


@pytest.mark.slow
def test_documents_of_items_and_whole_texts_survive(documents: list[Document]) -> None:
    for kind in ("条目一", "全文"):
        document = next(d for d in documents if d.units[0].number == kind)
        assert units_of(to_text(document).encode(), Form.TEXT) == document.units
        assert units_of(to_docx(document), Form.DOCX) == document.units


def test_a_form_that_cannot_express_an_article_is_refused(documents: list[Document]) -> None:
    document = next(d for d in documents if QUOTES_ARTICLES in d.name)
    with pytest.raises(DataError, match=r"第七条的内容无法用 \.txt 形式准确写出"):
        to_text(document)
    with pytest.raises(DataError, match=r"第七条的内容无法用 \.docx 形式准确写出"):
        to_docx(document)


@given(laws())
@settings(max_examples=examples(40), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_laws_survive_every_form(law: Document) -> None:
    markdown = read_markdown(to_markdown(law))
    assert markdown.document == law
    assert not [p for p in markdown.problems if p.severity is Severity.ERROR]
    assert read_text(to_text(law), OVERRIDES).document.units == law.units


@given(laws())
@settings(max_examples=examples(8), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_generated_laws_survive_docx(law: Document) -> None:
    reading = read_docx(to_docx(law))
    assert reading.document.units == law.units
    assert not [p for p in reading.problems if p.severity is Severity.ERROR]


@given(laws(), st.sampled_from(["\n\n", "\r\n", " 　\n\u3000", "\u200b\n", "\n\ufeff\t"]))
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_odd_space_between_lines_changes_nothing(law: Document, gap: str) -> None:
    text = to_text(law).replace("\n", gap)
    assert read_text(text, OVERRIDES).document.units == law.units


@given(laws(), st.data())
@settings(max_examples=examples(25), deadline=None, suppress_health_check=[HealthCheck.too_slow])
def test_a_missing_article_is_noticed(law: Document, data: st.DataObject) -> None:
    inner = [
        i
        for i, u in enumerate(law.units[:-1])
        if u.number[0] == "第" and "之" not in u.number and law.units[i + 1].number[0] == "第"
    ]
    if not inner:
        return
    gone = data.draw(st.sampled_from(inner))
    rest = (*law.units[:gone], *law.units[gone + 1 :])
    reading = read_markdown(to_markdown(replace(law, units=rest)))
    assert any(f"缺{law.units[gone].number}" in p.text for p in reading.problems)


_ANY_LINE = st.one_of(
    sentences,
    st.sampled_from(
        [
            "第二条 另一条的开头。",
            "第一章 总则",
            "第三条规定的情形除外。",
            "附件一",
            "附：说明",
            "目录",
            "序言",
            "附则",
            "一、第一项内容；",
            "# 标题",
            "**第九条**　粗体",
            "\\反斜杠",
            "- 列表",
            "| 残缺的表",
            "| a | b |",
            "| --- | --- |",
            "+++",
            "---",
            "— 3 —",
            "（2024年1月5日通过）",
        ]
    ),
    st.text(st.characters(codec="utf-8", exclude_categories=["Cc", "Cs", "Zl", "Zp"]), min_size=1),
)


@given(st.lists(st.lists(_ANY_LINE, min_size=1, max_size=4), min_size=1, max_size=4))
@settings(max_examples=examples(150), deadline=None)
def test_a_writer_is_right_or_refuses(articles: Sequence[Sequence[str]]) -> None:
    units = tuple(
        Unit(f"第{'一二三四'[i]}条", (), "\n".join(lines)) for i, lines in enumerate(articles)
    )
    law = replace(read_markdown("# 青山县条例\n\n第一条 甲。", OVERRIDES).document, units=units)
    for write, form in ((to_markdown, Form.MARKDOWN), (to_text, Form.TEXT)):
        try:
            text = write(law)
        except DataError:
            continue
        assert units_of(text.encode(), form) == units
