"""``python -m retrieval.model.encode``: write the precomputed vectors that the repository ships.

Vectors that are in the shipped files or in the cache already are kept, the others are encoded: a
quarter of an hour from nothing, on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

from knowledge.build import ensure
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval.documents import answerable, passage
from retrieval.index import ARTICLE_VECTORS, QUESTION_VECTORS
from retrieval.model.encoder import open_encoder
from retrieval.text import normalise
from retrieval.vectors import Encodes, Progress, collect, key, save
from settings import Settings


def write(
    encoder: Encodes,
    texts: Sequence[str],
    kind: str,
    path: Path,
    cache: Path | None = None,
    progress: Progress | None = None,
) -> None:
    """Make ``path`` hold the vectors of exactly these texts."""
    values = collect(encoder, texts, kind, (path,), cache, progress)
    identity = encoder.identity(kind)
    keys = [key(identity, encoder.prefixed(text, kind)) for text in texts]
    save(path, dict(zip(keys, values, strict=True)), encoder.dimension)


def main() -> None:
    """Encode what is missing and write both files."""

    def tell(what: str, share: float) -> None:
        sys.stderr.write(f"\r{what} {share:6.1%}")

    settings = Settings.from_environment()
    ensure(settings.knowledge_db)
    corpus, bank = Corpus.open(settings.knowledge_db), Bank.load()
    encoder = open_encoder(settings, threads=2)
    cache = settings.home / "vectors" / f"{encoder.hash[:16]}.npy"
    articles = [passage(article) for article in answerable(corpus)]
    questions = [normalise(question.text) for question in bank.questions]
    write(encoder, articles, "passage", ARTICLE_VECTORS, cache, tell)
    write(encoder, questions, "query", QUESTION_VECTORS, cache, tell)
    sys.stderr.write("\n")


if __name__ == "__main__":
    main()
