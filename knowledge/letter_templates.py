"""Templates of letters that residents fill in (``letters/*.toml``; ``letters/README.md`` explains).

A template is words and blanks, the articles it rests on (:mod:`knowledge.grounds`), and hints for
the one who fills it in. Nothing of what is filled in is known here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

from errors import DataError
from knowledge.datafiles import Row, read_toml, toml_rows, unique
from knowledge.grounds import Ground
from knowledge.hotlines import Hotlines
from knowledge.topics import Topics

LETTERS = Path(__file__).with_name("letters")
TODAY = "today"
MOST = 2000  # characters in one blank
_KEY = re.compile(r"[a-z]{2,12}")
_BLANK = re.compile(r"\{([^{}]*)\}")
_KEYS = {
    *("title", "names", "when", "to", "topic", "hotlines", "body", "list_title", "list"),
    *("sign", "hints", "field", "ground"),
}


class FieldKind(StrEnum):
    """What goes into a blank."""

    TEXT = "text"
    LINES = "lines"
    DAY = "day"
    AMOUNT = "amount"
    CHOICE = "choice"


@dataclass(frozen=True, slots=True)
class Field:
    """One blank; ``most`` characters at most."""

    key: str
    label: str
    hint: str
    kind: FieldKind
    most: int
    choices: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class LetterTemplate:
    """One kind of letter."""

    key: str
    title: str
    names: tuple[str, ...]
    when: str
    to: str
    topic: str
    hotlines: tuple[str, ...]
    body: tuple[str, ...]
    list_title: str
    items: tuple[str, ...]
    sign: tuple[str, ...]
    hints: tuple[str, ...]
    fields: tuple[Field, ...]
    grounds: tuple[Ground, ...]

    def field(self, name: str) -> Field | None:
        """The blank with this key or label."""
        return next((f for f in self.fields if name in (f.key, f.label)), None)


def load_templates(
    folder: Path = LETTERS, hotlines: Hotlines | None = None, topics: Topics | None = None
) -> tuple[LetterTemplate, ...]:
    """All templates, by file name.

    Raises:
        DataError: a file is wrong; the message names file, line and mend.
    """
    lines = hotlines or Hotlines.load()
    known = topics or Topics.load(hotlines=lines)
    paths = sorted(folder.glob("*.toml"))
    if not paths:
        raise DataError(folder, None, "没有文书模板", "请恢复 knowledge/letters 里的 .toml 文件")
    templates = tuple(_template(path, lines, known) for path in paths)
    named: dict[str, str] = {}
    for template in templates:
        for name in template.names:
            if name in named:
                path = folder / f"{template.key}.toml"
                raise DataError(path, None, f"“{name}”在 {named[name]}.toml 里已有", "请删去一处")
            named[name] = template.key
    return templates


def _template(path: Path, lines: Hotlines, topics: Topics) -> LetterTemplate:
    row = Row(path, 1, read_toml(path))
    row.only(_KEYS)
    if not _KEY.fullmatch(path.stem):
        row.fail(f"文件名 {path.name} 不合格", "请用 2 到 12 个小写字母")
    rows = toml_rows(path, "field")
    unique(rows, lambda one: one.values.get("key"), "空的 key ")
    unique(rows, lambda one: one.values.get("label"), "空的名称")
    fields = tuple(_field(one) for one in rows)
    body, sign, to = row.texts("body"), row.texts("sign"), row.text("to", "")
    used = set(_BLANK.findall("".join((to, *body, *sign))))
    keys = {field.key for field in fields}
    if missing := sorted(used - keys - {TODAY}):
        row.fail(f"正文用到的空 {{{missing[0]}}} 没有 [[field]]", "请补上，或改正拼写")
    if unused := sorted(keys - used):
        row.fail(f"空 {unused[0]!r} 在正文里没有用到", f"请在正文写 {{{unused[0]}}}，或删去")
    topic, numbers = row.text("topic"), row.texts("hotlines")
    if topics.get(topic) is None:
        row.fail(f"主题 {topic!r} 不在 topics.toml 里", "请用 topics.toml 里的 key")
    for number in numbers:
        if lines.get(number) is None:
            row.fail(f"热线 {number!r} 不在 hotlines.toml 里", "请先在 hotlines.toml 登记")
    return LetterTemplate(
        path.stem,
        row.text("title"),
        row.texts("names"),
        row.text("when"),
        to,
        topic,
        numbers,
        body,
        row.text("list_title", ""),
        row.texts("list", ()),
        sign,
        row.texts("hints"),
        fields,
        tuple(_ground(one) for one in toml_rows(path, "ground")),
    )


def _field(row: Row) -> Field:
    row.only({"key", "label", "hint", "kind", "most", "choices"})
    key = row.text("key")
    if not _KEY.fullmatch(key) or key == TODAY:
        row.fail(f"空的 key {key!r} 不合格", "请用 2 到 12 个小写字母，不能是 today")
    kind = FieldKind(row.choice("kind", tuple(FieldKind)))
    choices = row.texts("choices", ())
    if (kind is FieldKind.CHOICE) != bool(choices):
        row.fail("choices 和 kind 不相配", 'kind = "choice" 时列出 choices，其他不写')
    most: Any = row.values.get("most", 64)
    if type(most) is not int or not 1 <= most <= MOST:
        row.fail(f"most 不是 1 到 {MOST} 的整数", "请写 most = 80")
    return Field(key, row.text("label"), row.text("hint"), kind, most, choices)


def _ground(row: Row) -> Ground:
    row.only({"citation", "words"})
    return Ground(row.text("citation"), row.texts("words"))


def split_blanks(text: str) -> Sequence[tuple[str, bool]]:
    """``text`` as runs of (words, False) and (a blank's key, True)."""
    parts = _BLANK.split(text)
    return [(part, place % 2 == 1) for place, part in enumerate(parts) if part or place % 2]
