"""Short and common names of laws (``aliases.toml``): 消法 → 中华人民共和国消费者权益保护法."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from knowledge.datafiles import toml_pairs

ALIASES = Path(__file__).with_name("aliases.toml")


@cache
def read_aliases(path: Path = ALIASES) -> dict[str, tuple[str, ...]]:
    """Full names by alias, in the file's order; several where an alias is ambiguous.

    Raises:
        DataError: the file's form is wrong.
    """
    found = {}
    for row, alias, laws in toml_pairs(path, "aliases"):
        if isinstance(laws, str):
            row.values[alias] = [laws]
        found[alias.strip()] = row.texts(alias)
        if not found[alias.strip()]:
            row.fail(f"简称 {alias!r} 没有对应的法律", '请写 = ["法律全称"]')
    return found
