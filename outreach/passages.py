"""A document before it becomes a file: passages whose numbers are figures with their 口径.

One draft gives the text, the Word document and the list of figures, so that they never differ.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

from errors import OutreachError
from outreach.consultations import Window
from outreach.figures import Figure
from settings import SHANGHAI

Piece = str | Figure
Style = Literal["title", "heading", "subheading", "body", "note"]
FILL_IN = "（请填写）"

# Terms that are out of date, and words that claim or round (domain specification §0, R5, R9).
FORBIDDEN = ("法制宣传", "食品卫生", "全覆盖", "覆盖率")
_ROUNDING = re.compile(r"\d\s*[余多]|[近约]\s*\d")


@dataclass(frozen=True, slots=True)
class Passage:
    """A heading or paragraph."""

    style: Style
    pieces: tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class Grid:
    """A table; ``widths`` are the columns' shares of the page."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    widths: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Draft:
    """A document about a window. Its figures are numbered in the order of their first mention."""

    window: Window
    blocks: tuple[Passage | Grid, ...]
    _notes: dict[str, int] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        check_wording(self.text)
        numbers: dict[str, int] = {}
        for figure in self.mentioned:
            numbers.setdefault(figure.id, len(numbers) + 1)
        object.__setattr__(self, "_notes", numbers)

    @property
    def figures(self) -> tuple[Figure, ...]:
        """Each figure once, in the order of the footnotes."""
        return tuple({figure.id: figure for figure in self.mentioned}.values())

    def number(self, figure: Figure) -> int:
        """The footnote of a figure, from 1."""
        return self._notes[figure.id]

    def note(self, figure: Figure, offset: int = 0) -> str:
        """The words of its footnote: definition, window, 数据截止时间, condition, id.

        What a footnote shares with an earlier one of the same measure is referred to there;
        ``offset``: how many footnotes of other drafts come before.
        """
        first = next(each for each in self.figures if each.definition == figure.definition)
        ending = f"条件：{figure.condition}；数字编号：{figure.id}。"
        if first.id != figure.id:
            return f"口径、统计期间和数据截止时间同注{self.number(first) + offset}；{ending}"
        return f"{figure.definition}{period(self.window)}；{ending}"

    @property
    def text(self) -> str:
        """The paragraphs as plain text, without footnotes."""
        passages = [block for block in self.blocks if isinstance(block, Passage)]
        return "\n".join("".join(map(str, passage.pieces)) for passage in passages)

    def to_json(self) -> dict[str, Any]:
        """Text and figures, each with its 口径, for programs."""
        return {
            "from": self.window.first.isoformat(),
            "to": self.window.last.isoformat(),
            "as_of": self.window.as_of.astimezone(SHANGHAI).isoformat(),
            "text": self.text,
            "figures": [
                {
                    "note": self.number(figure),
                    "id": figure.id,
                    "value": figure.value,
                    "unit": figure.unit,
                    "where": dict(figure.where),
                    "definition": figure.definition,
                }
                for figure in self.figures
            ],
        }

    @property
    def mentioned(self) -> list[Figure]:
        """Its figures as often as they are mentioned, in order."""
        return [
            piece
            for block in self.blocks
            if isinstance(block, Passage)
            for piece in block.pieces
            if isinstance(piece, Figure)
        ]


def period(window: Window) -> str:
    """统计期间 and 数据截止时间 for a footnote."""
    return (
        f"统计期间：{day(window.first)}至{day(window.last)}（含首尾两日）；"
        f"数据截止时间：{cutoff(window.as_of)}（北京时间）"
    )


def cutoff(as_of: datetime) -> str:
    """数据截止时间 as it is printed (Asia/Shanghai), exactly: ``trace --as-of`` takes it back."""
    plain = as_of.astimezone(SHANGHAI).replace(tzinfo=None)
    if not plain.microsecond:
        return plain.isoformat(sep=" ", timespec="seconds")
    whole = plain.microsecond % 1000 == 0
    return plain.isoformat(sep=" ", timespec="milliseconds" if whole else "microseconds")


def day(value: Any) -> str:
    """2026年11月24日."""
    return f"{value.year}年{value.month}月{value.day}日"


def check_wording(text: str) -> None:
    """Refuse a text that claims what no figure shows, rounds, or speaks in yesterday's terms.

    Raises:
        OutreachError: it does; the data files it came from must be mended.
    """
    found = [word for word in FORBIDDEN if word in text]
    found += [match[0] for match in _ROUNDING.finditer(text)]
    if found:
        raise OutreachError(f"成稿里有不能使用的字样“{found[0]}”：请改正节点、单位等名称后再生成")


def clause(*pieces: Piece | None) -> tuple[Piece, ...]:
    """The pieces, or nothing when one of them has no figure: parts without data are left out."""
    if any(piece is None for piece in pieces):
        return ()
    return tuple(piece for piece in pieces if piece is not None)


def sentence(*clauses: Sequence[Piece], opening: str = "") -> tuple[Piece, ...]:
    """Clauses joined by commas, with a full stop; nothing when there is none."""
    found = [tuple(each) for each in clauses if each]
    if not found:
        return ()
    joined: list[Piece] = [opening] if opening else []
    for place, each in enumerate(found):
        joined += ["，"] if place else []
        joined += each
    return (*joined, "。")
