"""A letter as plain text."""

from __future__ import annotations

from handlers.letters.writing import Letter
from knowledge.articles import Article

GROUNDS = "依据的法律条文"


def as_text(letter: Letter, *, articles: bool = True) -> str:
    """The letter as plain text, with its articles and hints beneath."""
    lines = [letter.title, ""]
    if letter.to:
        lines.append(letter.to)
    lines += [*letter.paragraphs, ""]
    lines += [*letter.sign, ""]
    if letter.items:
        lines += [letter.list_title, *letter.items, ""]
    if articles:
        lines += [f"【{GROUNDS}】"]
        for article in letter.articles:
            lines += [cited_as(article), article.text, ""]
    lines += ["【填写提示】", *(f"{n}. {hint}" for n, hint in enumerate(letter.hints, 1))]
    return "\n".join(lines)


def cited_as(article: Article) -> str:
    """The line above an article: law, number, version."""
    version = article.version
    return f"《{version.law}》{article.number}（{version.version_date.isoformat()}通过的文本）"
