"""The index: everything that is computed from corpus, bank and model, in memory and on disk."""

from __future__ import annotations

import hashlib
import itertools
import json
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from errors import ArtefactError
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval import artefacts
from retrieval.dense import DenseIndex
from retrieval.documents import answerable, passage
from retrieval.lexical import LexicalIndex, Vocabulary, article_tokens
from retrieval.text import normalise, tokenise
from retrieval.vectors import Bytes, Encodes, Progress, collect
from settings import Settings

CODE = 2  # raise when the same inputs give other files

SHIPPED = Path(__file__).resolve().parent / "model"
ARTICLE_VECTORS = SHIPPED / "vectors-articles.npy"
QUESTION_VECTORS = SHIPPED / "vectors-questions.npy"

_MEND = "请运行 python bot.py corpus build"

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Index:
    """Searchable articles (rows) and bank questions.

    ``articles[row]`` is the corpus id of a row. ``owned`` lists question numbers grouped by row:
    those of row r are ``owned[offsets[r]:offsets[r + 1]]``; ``owners`` and ``owner_offsets`` are
    the same relation grouped by question.
    """

    articles: Ints
    vocabulary: Vocabulary
    plain: LexicalIndex  # article text, law, chapter
    expanded: LexicalIndex  # the same and its bank questions
    questions: LexicalIndex  # each bank question a document
    article_vectors: DenseIndex
    question_vectors: DenseIndex
    owned: Ints
    offsets: Ints
    owners: Ints
    owner_offsets: Ints

    def questions_of(self, row: int) -> Ints:
        """Numbers of the bank questions that lead to a row."""
        return self.owned[self.offsets[row] : self.offsets[row + 1]]

    def weigh(self, tokens: Sequence[str]) -> dict[str, float]:
        """Rarity (idf) of the known ones among some tokens."""
        known = [token for token in dict.fromkeys(tokens) if token in self.vocabulary]
        weights = self.expanded.idf(self.vocabulary.numbers(known))
        return dict(zip(known, weights.tolist(), strict=True))


def article_rows(corpus: Corpus) -> tuple[Ints, dict[int, int]]:
    """Corpus ids by row, and row by corpus id."""
    ids = [article.id for article in answerable(corpus)]
    return np.array(ids, np.int64), {id_: row for row, id_ in enumerate(ids)}


def relation(corpus: Corpus, bank: Bank, rows: dict[int, int]) -> list[list[int]]:
    """For each bank question the rows of its articles.

    Raises:
        DataError: a question leads to no article.
    """
    return [[rows[id_] for id_ in ids if id_ in rows] for ids in bank.attach(corpus)]


def grouped(pairs: list[list[int]]) -> tuple[Ints, Ints]:
    """A list of lists as one flat array and its offsets (len + 1)."""
    lengths = np.cumsum([0, *(len(part) for part in pairs)], dtype=np.int64)
    return np.array(list(itertools.chain.from_iterable(pairs)), np.int64), lengths


def build(
    corpus: Corpus,
    bank: Bank,
    encoder: Encodes,
    settings: Settings,
    progress: Progress | None = None,
) -> Index:
    """Compute the index; vectors come from the shipped files, what is missing is encoded.

    Raises:
        DataError: the bank leads to an article that the corpus lacks.
        ArtefactError: a shipped vector file is damaged.
    """
    tell = progress or (lambda _what, _share: None)
    tell("切分法条", 0.0)
    ids, rows = article_rows(corpus)
    targets = relation(corpus, bank, rows)
    articles = [corpus.articles[id_] for id_ in ids]
    tokens = []
    for number, article in enumerate(articles):
        # one object for all occurrences of a token: a third of the memory
        tokens.append([sys.intern(token) for token in article_tokens(article)])
        if number % 1000 == 0:
            tell("切分法条", number / len(articles))
    texts = [normalise(question.text) for question in bank.questions]
    asked = [tokenise(text) for text in texts]
    cache = settings.home / "vectors" / f"{encoder.hash[:16]}.npy"
    article_vectors = collect(
        encoder,
        [passage(article) for article in articles],
        "passage",
        (ARTICLE_VECTORS,),
        cache,
        tell,
    )
    question_vectors = collect(encoder, texts, "query", (QUESTION_VECTORS,), cache, tell)
    tell("建立索引", 0.0)
    article_vectors = encoder.placed(article_vectors)
    return assemble(ids, tokens, asked, targets, article_vectors, question_vectors)


def assemble(
    ids: Ints,
    tokens: list[list[str]],
    asked: list[list[str]],
    targets: list[list[int]],
    article_vectors: Bytes,
    question_vectors: Bytes,
) -> Index:
    """Put an index together from token lists, the questions' target rows, and vectors."""
    owned: list[list[int]] = [[] for _ in tokens]
    for number, part in enumerate(targets):
        for row in part:
            owned[row].append(number)
    vocabulary = Vocabulary.of(tokens, asked)
    size = len(vocabulary)
    article_numbers = [vocabulary.numbers(part) for part in tokens]
    asked_numbers = [vocabulary.numbers(part) for part in asked]
    expanded = [
        own + [token for number in numbers for token in asked_numbers[number]]
        for own, numbers in zip(article_numbers, owned, strict=True)
    ]
    return Index(
        ids,
        vocabulary,
        LexicalIndex.build(article_numbers, size),
        LexicalIndex.build(expanded, size),
        LexicalIndex.build(asked_numbers, size),
        DenseIndex(article_vectors),
        DenseIndex(question_vectors),
        *grouped(owned),
        *grouped(targets),
    )


def index_key(corpus: Corpus, bank: Bank, model_hash: str) -> str:
    """What an index is made from: SHA-256 over corpus, bank, model and code version."""
    parts = json.dumps([CODE, corpus.hash, bank.hash, model_hash])
    return hashlib.sha256(parts.encode()).hexdigest()


def save(index: Index, folder: Path) -> None:
    """Write an index into a folder that exists."""
    for name in ("plain", "expanded", "questions"):
        (folder / name).mkdir()
        getattr(index, name).save(folder / name)
    index.vocabulary.save(folder / "vocabulary.txt")
    index.article_vectors.save(folder, "article")
    index.question_vectors.save(folder, "question")
    for name in ("articles", "owned", "offsets", "owners", "owner_offsets"):
        np.save(folder / f"{name}.npy", getattr(index, name), allow_pickle=False)


def load(folder: Path, key: str) -> Index:
    """Read an index.

    Raises:
        ArtefactError: it is missing, stale, truncated or foreign; the message says the mend.
    """
    if wrong := artefacts.problem(folder, key):
        raise ArtefactError(
            f"检索索引 {folder} 不能用（{wrong}）：请运行 python bot.py corpus build"
        )
    try:
        arrays = [
            np.load(folder / f"{name}.npy", allow_pickle=False)
            for name in ("articles", "owned", "offsets", "owners", "owner_offsets")
        ]
        return Index(
            arrays[0],
            Vocabulary.load(folder / "vocabulary.txt"),
            LexicalIndex.load(folder / "plain"),
            LexicalIndex.load(folder / "expanded"),
            LexicalIndex.load(folder / "questions"),
            DenseIndex.load(folder, "article"),
            DenseIndex.load(folder, "question"),
            *arrays[1:],
        )
    except (OSError, ValueError, KeyError) as error:
        raise ArtefactError(f"检索索引 {folder} 读不了（{error}）：{_MEND}") from error


def ensure(
    corpus: Corpus,
    bank: Bank,
    encoder: Encodes,
    settings: Settings,
    progress: Progress | None = None,
) -> Index:
    """The index of these inputs: read where it is whole, built and stored otherwise.

    Indexes made from other inputs are removed once the new one is in place.
    """
    key = index_key(corpus, bank, encoder.hash)
    folder = settings.index_dir / key[:16]
    try:
        return load(folder, key)
    except ArtefactError:
        pass

    def write(scratch: Path) -> None:
        save(build(corpus, bank, encoder, settings, progress), scratch)
        if progress:
            progress("写入索引", 0.9)

    artefacts.replace_folder(folder, key, write)
    _remove_others(settings.index_dir, folder)
    if progress:
        progress("完成", 1.0)
    # read back rather than kept: what building left behind in memory (300 MB) goes
    return load(folder, key)


def _remove_others(parent: Path, kept: Path) -> None:
    """Old indexes are of no use; one that a running process has open stays readable to it."""
    for path in parent.iterdir():
        if path.is_dir() and path != kept and len(path.name) == 16:
            artefacts.remove(path)
