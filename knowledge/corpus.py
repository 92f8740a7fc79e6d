"""Read access to ``knowledge.db``: everything in memory, safe to share between threads."""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import closing
from datetime import date
from pathlib import Path

from errors import CorpusError, CorpusMissing
from knowledge.aliases import read_aliases
from knowledge.articles import Article, Level, Status, Version, short_name
from knowledge.sources.statutes import Provenance
from knowledge.versions import REFORM_KINDS, Repeal, Timeline

SCHEMA = 2  # of knowledge.db; a file of another schema is refused

_TRIGRAM = 3  # the full-text index knows no shorter words


class Corpus:
    """All laws, versions and articles of one build. Immutable; open it once and share it."""

    def __init__(
        self,
        versions: Sequence[Version],
        articles: Sequence[Article],
        meta: dict[str, str],
        repeals: Sequence[Repeal] = (),
        database: Path | None = None,
    ) -> None:
        self.versions = tuple(versions)
        self.articles = tuple(articles)
        self.hash = meta["hash"]
        self.provenance = Provenance(
            meta["package"], meta["package_version"], meta["package_sha256"]
        )
        # of the package: a county's own regulation says nothing about how fresh the statutes are
        packaged = [v for v in self.versions if v.source.startswith(meta["package"])]
        self.corpus_date = max(v.published for v in packaged or self.versions)
        self.doubts: tuple[str, ...] = tuple(json.loads(meta.get("doubts", "[]")))
        self.timeline = Timeline(self.versions)
        self.laws = self.timeline.laws
        self._database = database
        self._local = threading.local()
        self._spans: dict[str, tuple[int, int]] = {}
        self._numbers: dict[tuple[str, str], tuple[Article, ...]] = {}
        for article in self.articles:
            first, _ = self._spans.get(article.version.id, (article.id, 0))
            self._spans[article.version.id] = (first, article.id + 1)
            key = (article.version.id, article.number)
            self._numbers[key] = (*self._numbers.get(key, ()), article)
        self._names = self._name_table()
        self._repeals = {_bare(short_name(repeal.law)): repeal for repeal in repeals}

    @classmethod
    def open(cls, path: Path) -> Corpus:
        """Load a built corpus.

        Raises:
            CorpusMissing: there is no file.
            CorpusError: it is damaged or of another schema.
        """
        if not path.is_file():
            raise CorpusMissing(f"知识库还没有建立（{path}）：请运行 python bot.py corpus build")
        try:
            with closing(_connect(path)) as db:
                meta: dict[str, str] = dict(db.execute("SELECT key, value FROM meta"))
                if meta.get("schema") != str(SCHEMA):
                    raise CorpusError(
                        f"知识库 {path} 的格式是 {meta.get('schema')}，程序需要 {SCHEMA}："
                        "请运行 python bot.py corpus build"
                    )
                versions = _read_versions(db)
                articles = _read_articles(db, versions)
                if len(articles) != int(meta["articles"]):
                    raise CorpusError(f"知识库 {path} 不完整：请运行 python bot.py corpus build")
                repeals = [
                    Repeal(law, by, date.fromisoformat(day))
                    for law, by, day in db.execute("SELECT law, by, day FROM repeals ORDER BY law")
                ]
                return cls(list(versions.values()), articles, meta, repeals, path)
        except (sqlite3.Error, ValueError, KeyError) as error:
            raise CorpusError(
                f"知识库 {path} 已损坏（{error}）：请运行 python bot.py corpus build"
            ) from error

    def status(self, version: Version, today: date) -> Status:
        """The status of a version on a day."""
        return self.timeline.status(version, today)

    def article(self, id_: int) -> Article:
        """The article with this id.

        Raises:
            KeyError: there is none; a button from before a rebuild may name one.
        """
        if not 0 <= id_ < len(self.articles):
            raise KeyError(id_)
        return self.articles[id_]

    def articles_of(self, version: Version) -> tuple[Article, ...]:
        """All articles of a version, in order."""
        first, end = self._spans.get(version.id, (0, 0))
        return self.articles[first:end]

    def find(self, version: Version, number: str) -> Article | None:
        """The article with this full number (第二百八十七条之二); the first where it repeats."""
        found = self.find_all(version, number)
        return found[0] if found else None

    def find_all(self, version: Version, number: str) -> tuple[Article, ...]:
        """All articles with this full number: more than one only where the source repeats it."""
        return self._numbers.get((version.id, number), ())

    def versions_of(self, law: str) -> tuple[Version, ...]:
        """The versions of a law (full name), oldest first."""
        return self.timeline.of(law)

    def version_on(self, law: str, today: date) -> Version | None:
        """The version that applies on a day, else the one that tells most (repealed, to come)."""
        return self.timeline.on(law, today)

    def applies(self, article: Article, today: date) -> bool:
        """Whether an article may be shown as the law of that day: its version applies and it is
        not an amending document."""
        return (
            article.version.kind not in REFORM_KINDS and self.status(article.version, today).applies
        )

    def laws_named(self, name: str) -> tuple[str, ...]:
        """The full names that a full, short or common name may mean; empty when unknown.

        A full or short name is that law alone; an alias may be ambiguous and then gives several, in
        the order of ``aliases.toml``. Nothing is guessed from similarity.
        """
        return self._names.get(_bare(name), ())

    def repeal_of(self, name: str) -> Repeal | None:
        """The clause that repealed a law which the corpus does not hold (合同法), else None."""
        return self._repeals.get(_bare(short_name(_bare(name))))

    def names(self) -> tuple[str, ...]:
        """Every name that :meth:`laws_named` knows, longest first (for finding them in a text)."""
        return tuple(sorted(self._names, key=lambda name: (-len(name), name)))

    def full_text_search(self, words: Sequence[str], limit: int = 20) -> tuple[Article, ...]:
        """Articles that contain every word, best first (BM25 of SQLite's FTS5, trigrams).

        Words of one or two characters are matched too, but do not count in the ranking.
        """
        wanted = [word for word in dict.fromkeys(words) if word.strip()]
        if not wanted or limit < 1:
            return ()
        long = [word for word in wanted if len(word) >= _TRIGRAM]
        if self._database is None or not long:
            hits = (a for a in self.articles if all(word in a.text for word in wanted))
            return tuple(article for article, _ in zip(hits, range(limit), strict=False))
        phrase = " AND ".join('"' + word.replace('"', '""') + '"' for word in long)
        rows = self._connection().execute(
            "SELECT rowid FROM articles_fts WHERE articles_fts MATCH ? ORDER BY rank, rowid",
            (phrase,),
        )
        found = []
        for (id_,) in rows:
            article = self.articles[id_]
            if all(word in article.text for word in wanted):
                found.append(article)
                if len(found) == limit:
                    break
        return tuple(found)

    def _connection(self) -> sqlite3.Connection:
        """This thread's read-only connection."""
        assert self._database is not None
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = _connect(self._database)
        return connection

    def _name_table(self) -> dict[str, tuple[str, ...]]:
        names: dict[str, tuple[str, ...]] = {}
        for alias, laws in read_aliases().items():
            held = tuple(law for law in laws if self.timeline.of(law))
            if held:
                names[_bare(alias)] = held
        for law in self.laws:  # last: a real name beats an alias
            names[_bare(law)] = (law,)
            names[_bare(short_name(law))] = (law,)
        return names


def _bare(name: str) -> str:
    """A name without title marks and spaces, with full-width brackets."""
    kept = "".join(name.split()).strip("《》〈〉")
    return kept.replace("(", "（").replace(")", "）")


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True)


def _read_versions(db: sqlite3.Connection) -> dict[str, Version]:
    def day(text: str | None) -> date | None:
        return date.fromisoformat(text) if text else None

    rows = db.execute(
        "SELECT id, law, level, kind, issuer, region, version_date, published, commenced,"
        " effective, repealed, repealed_by, note, source FROM versions ORDER BY law, version_date"
    )
    return {
        row[0]: Version(
            id=row[0],
            law=row[1],
            short=short_name(row[1]),
            level=Level(row[2]),
            kind=row[3],
            issuer=row[4],
            region=row[5],
            version_date=date.fromisoformat(row[6]),
            published=date.fromisoformat(row[7]),
            commenced=day(row[8]),
            effective=day(row[9]),
            repealed=day(row[10]),
            repealed_by=row[11],
            note=row[12],
            source=row[13],
        )
        for row in rows
    }


def _read_articles(db: sqlite3.Connection, versions: dict[str, Version]) -> list[Article]:
    paths: dict[str, tuple[str, ...]] = {}
    articles: list[Article] = []
    for id_, version, number, ordinal, path, text, note in db.execute(
        "SELECT id, version, number, ordinal, path, text, note FROM articles ORDER BY id"
    ):
        if id_ != len(articles):
            raise ValueError(f"条文编号在 {id_} 处中断")
        if path not in paths:
            paths[path] = tuple(json.loads(path))
        articles.append(Article(id_, versions[version], number, ordinal, paths[path], text, note))
    return articles
