"""What of the corpus is searched, and as which text."""

from __future__ import annotations

import re

from knowledge.articles import Article
from knowledge.corpus import Corpus
from knowledge.versions import REFORM_KINDS

_NUMBER = re.compile(r"^第[零〇一二三四五六七八九十百千]+(?:编|分编|章|节)\s*")


def answerable(corpus: Corpus) -> list[Article]:
    """All articles of documents that can be an answer, in the corpus' order.

    Amending documents (修正案, 修改决定) never answer; versions that do not apply on a day are
    left out when that day is asked for, not here.
    """
    return [article for article in corpus.articles if article.version.kind not in REFORM_KINDS]


def heading(article: Article) -> str:
    """The innermost heading above an article, without its number: 消费者的权利."""
    return _NUMBER.sub("", article.path[-1].strip()).strip() if article.path else ""


def passage(article: Article) -> str:
    """The text that stands for an article in the dense index.

    Changing this form changes every vector: run ``python -m retrieval.model.encode`` after it.
    """
    title = f"{article.version.short} {heading(article)}".strip()
    return f"{title}\n{article.text}"
