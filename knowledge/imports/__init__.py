"""A county's own laws: .docx, Markdown and plain text in, canonical Markdown files kept, laws out.

:func:`import_paths` is the command; :func:`read_imported` and :func:`join` serve the build;
the writers let a county start from a law that is there.
"""

from knowledge.imports.document import Document, Problem, Severity, Unit
from knowledge.imports.joining import join
from knowledge.imports.metadata import Overrides
from knowledge.imports.preview import Preview, import_paths, refusal
from knowledge.imports.store import imports_hash, read_imported
from knowledge.imports.writing import to_docx, to_markdown, to_text

__all__ = [
    "Document",
    "Overrides",
    "Preview",
    "Problem",
    "Severity",
    "Unit",
    "import_paths",
    "imports_hash",
    "join",
    "read_imported",
    "refusal",
    "to_docx",
    "to_markdown",
    "to_text",
]
