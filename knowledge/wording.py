"""Where words stand in the statutes: exact search over every article's text.

For a text that is passed off as law without naming one. White space and width do not count; what is
looked for must stand in one article without a change.
"""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache

from knowledge.articles import Article
from knowledge.checking import folded
from knowledge.corpus import Corpus

SHORTEST = 10  # characters; fewer stand in many places and prove nothing
MOST = 50
_BORDER = "\n"


class Wording:
    """The words of all articles in one string (5 million characters for 26,000 articles)."""

    def __init__(self, corpus: Corpus) -> None:
        self._articles = corpus.articles
        texts = [folded(article.text) for article in corpus.articles]
        self._starts = [0]
        for text in texts:
            self._starts.append(self._starts[-1] + len(text) + len(_BORDER))
        self._whole = _BORDER.join(texts)

    def find(self, words: str) -> list[Article]:
        """The articles, of whatever version, that hold these words, in the corpus's order."""
        sought = folded(words).strip("，；。：、")
        if len(sought) < SHORTEST:
            return []
        found: list[Article] = []
        at = self._whole.find(sought)
        while at >= 0 and len(found) < MOST:
            row = bisect_right(self._starts, at) - 1
            found.append(self._articles[row])
            at = self._whole.find(sought, self._starts[row + 1])
        return found


@lru_cache(maxsize=2)
def wording_of(corpus: Corpus) -> Wording:
    """The corpus's wording, made on first use (about a second) and kept."""
    return Wording(corpus)
