"""Every error that this project raises on purpose.

PufaError                     base; str(error) is one clear sentence for the person who sees it
├── UsageError                the caller's words are off (exit status 2)
│   └── SettingsError         an environment variable or .env value cannot be used
├── DataError                 a file that a person edits is wrong; names file, line and mend
│   ├── ImportRefused         a law document cannot be read as law
│   └── CellError             a cell of an imported sheet; names row, column, value and mend
├── CorpusError               knowledge.db is missing, stale or damaged
│   └── CorpusMissing         it has not been built yet
├── ArtefactError              a retrieval artefact is missing, stale, truncated or foreign
│   └── ModelError            the embedding model cannot be loaded
├── OutreachError             the outreach store refuses or cannot take a record
│   ├── DuplicateKey          an idempotency key is used again with other content
│   └── NotAllowed            a person may not do this step (role, or their own draft)
└── ChannelError              a platform refused or could not be reached

``bot.py`` turns any PufaError into one line on stderr and exit status ``error.exit_status``;
everything else is a defect and shows its traceback.
"""

from __future__ import annotations

from pathlib import Path


class PufaError(Exception):
    """Base of all errors raised on purpose; ``exit_status`` is what the command line exits with."""

    exit_status = 1


class UsageError(PufaError):
    """The caller's words are off."""

    exit_status = 2


class SettingsError(UsageError):
    """An environment variable or ``.env`` value cannot be used."""


class DataError(PufaError):
    """A data file that people edit is wrong: where, what, and how to mend it."""

    def __init__(self, path: Path | str, line: int | None, problem: str, mend: str) -> None:
        self.path, self.line, self.problem, self.mend = str(path), line, problem, mend
        where = self.path if line is None else f"{self.path}:{line}"
        super().__init__(f"{where}: {problem}。{mend}")


class ImportRefused(DataError):
    """A document cannot be imported as law."""


class CellError(DataError):
    """A cell of an imported sheet cannot be used."""

    def __init__(
        self, path: Path | str, line: int, column: str, value: str, problem: str, mend: str
    ) -> None:
        super().__init__(path, line, problem, mend)
        self.column, self.value = column, value
        shown = f"“{value}”" if value else ""
        self.args = (f"第{line}行“{column}”{shown}{problem}。{mend}",)


class CorpusError(PufaError):
    """knowledge.db is missing, stale or damaged."""


class CorpusMissing(CorpusError):
    """knowledge.db has not been built yet."""


class ArtefactError(PufaError):
    """A retrieval artefact is missing, stale, truncated or foreign."""


class ModelError(ArtefactError):
    """The embedding model cannot be loaded."""


class OutreachError(PufaError):
    """The outreach store refuses or cannot take a record."""


class DuplicateKey(OutreachError):
    """An idempotency key is used again with other content."""


class NotAllowed(OutreachError):
    """This person may not take this step."""


class ChannelError(PufaError):
    """A platform refused or could not be reached."""
