"""Legal bases named in data files: 森林法第十条, or a law as a whole."""

from __future__ import annotations

from dataclasses import dataclass

from knowledge.citation_text import parse_citations
from knowledge.datafiles import Row


@dataclass(frozen=True, slots=True)
class Basis:
    """One basis; ``article`` None means the law as a whole. Whether it applies is asked of the
    corpus for a day (:func:`knowledge.citations.resolve`), never stored.
    """

    text: str
    law: str
    article: str | None

    def __str__(self) -> str:
        return self.text


def read_basis(row: Row, cell: str) -> tuple[Basis, ...]:
    """The bases in a cell, separated by ``;``.

    Raises:
        DataError: a part is neither a citation nor a law's name.
    """
    parts = [part.strip() for part in cell.replace("；", ";").split(";")]
    return tuple(_one(row, part) for part in parts if part)


def _one(row: Row, part: str) -> Basis:
    found = parse_citations(part)
    if not found and part.endswith(("法", "法典", "决定", "条例", "解释")):
        return Basis(part, part, None)
    if len(found) != 1 or found[0].span != (0, len(part)) or not found[0].law_name:
        mend = "请写成“森林法第十条”，几处之间用 ; 分开；不是法律的写进备注"
        row.fail(f"看不懂依据 {part!r}", mend)
    return Basis(part, found[0].law_name, found[0].number)
