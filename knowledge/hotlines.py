"""Numbers that residents may be told to call (``hotlines.toml``), and in which order."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from knowledge.datafiles import Row, toml_rows, unique

HOTLINES = Path(__file__).with_name("hotlines.toml")
MOST = 3  # numbers in one answer (domain specification 6.2)


@dataclass(frozen=True, slots=True)
class Hotline:
    """One number; ``urgency`` 1 is called first. ``county`` marks the county's own."""

    number: str
    name: str
    use: str
    not_for: str
    urgency: int
    county: bool = False


class Hotlines:
    """The reviewed numbers. Immutable once loaded."""

    def __init__(self, lines: Iterable[Hotline]) -> None:
        # stable: within one urgency the file's order
        self.all = tuple(sorted(lines, key=lambda line: line.urgency))
        self._by_number = {line.number: line for line in self.all}

    @classmethod
    def load(cls, path: Path = HOTLINES) -> Hotlines:
        """Read the file; a county's number that is still blank is left out.

        Raises:
            DataError: the file's form or a value is wrong.
        """
        rows = toml_rows(path, "hotline")
        unique(rows, lambda row: row.values.get("number"), "号码")
        return cls([*map(_national, rows), *filter(None, map(_county, toml_rows(path, "county")))])

    def get(self, number: str) -> Hotline | None:
        """The hotline with this number; None when it was not reviewed and must not be shown."""
        return self._by_number.get(number)

    def choose(self, numbers: Iterable[str]) -> tuple[Hotline, ...]:
        """The reviewed ones of these numbers to show, three at most.

        Most urgent first; among equally urgent ones the order given stays.
        """
        known = filter(None, map(self.get, dict.fromkeys(numbers)))
        return tuple(sorted(known, key=lambda line: line.urgency)[:MOST])


def _national(row: Row) -> Hotline:
    row.only({"number", "name", "use", "not_for", "urgency"})
    number = row.text("number")
    if not re.fullmatch(r"\d{3,6}", number):
        row.fail(f"号码 {number!r} 不是 3–6 位数字", "全国热线请写数字，如 12348")
    urgency = row.values.get("urgency")
    if type(urgency) is not int or not 1 <= urgency <= 5:
        row.fail("urgency 应是 1–5 的整数", "1 最急，5 最不急")
    return Hotline(number, row.text("name"), row.text("use"), row.text("not_for"), urgency)


def _county(row: Row) -> Hotline | None:
    row.only({"number", "name", "use"})
    name, use, number = row.text("name"), row.text("use"), row.text("number", "")
    if number and not re.fullmatch(r"\d[\d-]{1,11}\d", number):
        row.fail(f"号码 {number!r} 不对", "请写数字和连字符，如 0931-8888888；不展示就留空")
    return Hotline(number, name, use, "", 4, county=True) if number else None
