"""Articles asked for by number: is a message such a request, and the contract's ``cite`` object."""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any, BinaryIO

from errors import UsageError
from handlers.questions import Composer, plain
from knowledge.articles import Article
from knowledge.checking import Finding
from knowledge.citation_text import parse_citations, parse_request
from knowledge.citations import Resolution, resolve, resolve_citation
from knowledge.corpus import Corpus
from retrieval.text import simplify

# Words around a citation that ask for nothing but the article itself.
_ASKING = re.compile(
    r"请问|请|帮我|给我|我想|想|看看|看一下|看下|看|查一下|查查|查询|查|念一下|念|一下|说的是|讲的是|规定的是|规定了|规定|说了|讲了|说|讲"
    r"|是什么|是啥|什么|啥|咋|怎么|内容|原文|全文|条文|法条|意思|的|吗|呢|呀|啊|吧|是|有|写|了|里|怎样|哪些"
)
_BARE = 16  # characters of a message that may be nothing but a law's short name and a number
UNCOMPARED = "条文存在且有效，内容未核对"
_LEFT = 4  # characters beyond a citation and those words that still make it a request


def is_request(text: str) -> bool:
    """Whether a message asks for a numbered article and little else.

    「消法第五十五条说的啥」 does; 「按消法第五十五条他该赔多少」 is a question for the search.
    """
    found = [citation for citation in parse_citations(text) if citation.law_name]
    if not found:
        return False
    rest = text
    for citation in reversed(found):
        begin, end = citation.span
        rest = rest[:begin] + rest[end:]
    rest = _ASKING.sub("", re.sub(r"[\W_]+", "", rest))
    return len(rest) <= _LEFT


def bare_request(corpus: Corpus, text: str, today: date) -> Resolution | None:
    """The article that 「消法55」「刑法287-2」「宪法 33」 ask for; None for any other message."""
    if len(text) > _BARE or any(citation.law_name for citation in parse_citations(text)):
        return None
    if not parse_request(text):
        return None
    resolution = resolve(corpus, text, today)
    return resolution if resolution.found or resolution.problem == "no_such_article" else None


def false_citations(composer: Composer, text: str, today: date) -> str:
    """What a message cites that does not exist, a sentence each; empty when nothing is wrong.

    A made-up article must not stand uncontradicted beside real ones. A law that the corpus lacks is
    named only where the message puts it in 《》: it may be a regulation.
    """
    said = []
    for citation in parse_citations(text):
        if citation.law_name is None:
            continue
        resolution = resolve_citation(composer.corpus, citation, today)
        if resolution.problem == "no_such_article" or (
            resolution.problem == "no_such_law" and citation.quoted
        ):
            shown = text[slice(*citation.span)] or citation.number
            said.append(f"您提到的“{shown}”：{resolution.message}")
    return "\n".join(dict.fromkeys(said))


def cite(composer: Composer, text: str, today: date) -> dict[str, Any]:
    """``{"found", "articles", "problem", "message"}`` as of ``today``, with ``text`` for people.

    The applying version comes first; the same number in other versions follows, each with its
    status, and is left out of ``text``.
    """
    resolution = resolve(composer.corpus, simplify(text), today)
    shown = [composer.shown(article, today, mark=None) for article in resolution.articles]
    if shown:
        shown[0] = composer.shown(resolution.articles[0], today, mark=resolution.span)
    firsts = {article.id for article in first_of_each_law(resolution)}
    visible = [plain(article, whole=True) for article in shown if article.ref in firsts]
    return {
        "found": resolution.found,
        "articles": [article.to_json() for article in shown],
        "problem": resolution.problem,
        "message": resolution.message,
        "text": "\n\n".join(block for block in (resolution.message, *visible) if block),
    }


def first_of_each_law(resolution: Resolution) -> list[Article]:
    """What a person is shown of a resolution: of each law that was named, the telling version."""
    firsts: dict[tuple[str, str], Article] = {}
    for article in resolution.articles:
        firsts.setdefault((article.version.law, article.number), article)
    return list(firsts.values())


MAX_DRAFT = 2_000_000  # bytes; a leaflet has a few thousand


def read_draft(file: BinaryIO) -> str:
    """A text file's content: UTF-8 (with or without BOM) or GB18030, as county offices write them.

    Raises:
        UsageError: it is too large, or not a text.
    """
    content = file.read(MAX_DRAFT + 1)
    if len(content) > MAX_DRAFT:
        raise UsageError("文稿超过 2 MB：请只给出要核对的文字")
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" not in text:
            return text
    raise UsageError("这不是纯文本文件：请另存为 UTF-8 编码的 .txt 或 .md 再核对")


def findings_json(findings: Sequence[Finding]) -> list[dict[str, Any]]:
    """Findings as JSON objects."""
    return [
        {
            "citation": f.citation,
            "line": f.line,
            "column": f.column,
            "verdict": f.verdict.value,
            "message": f.message,
            "law": f.article.version.law if f.article else None,
            "article": f.article.number if f.article else None,
            "quote": f.quote,
            "compared": f.quote is not None,
            "differences": [{"law": d.law, "text": d.text} for d in f.differences],
        }
        for f in findings
    ]


def findings_text(findings: Sequence[Finding], today: date) -> str:
    """Findings for people: a line each, and what differs beneath."""
    if not findings:
        return "没有找到法律引用。"
    lines = []
    for f in findings:
        label = UNCOMPARED if f.right and f.quote is None else f.label
        lines.append(f"{f.line}:{f.column} {label}  {f.citation}")
        if not f.right:
            lines.append(f"    {f.message}")
        for d in f.differences:
            lines.append(f"    原文“{d.law or '（无）'}” → 文稿“{d.text or '（缺）'}”")
    compared = sum(f.right and f.quote is not None for f in findings)
    exist = sum(f.right for f in findings) - compared
    said = f"共 {len(findings)} 处引用，{compared} 处引文与原文一致"
    if exist:
        said += f"，{exist} 处{UNCOMPARED}（没有用引号写出条文）"
    lines.append(f"{said}（按 {today} 的效力）。")
    return "\n".join(lines)
