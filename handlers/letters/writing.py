"""From a template and what was filled in to a finished letter."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date

from errors import CorpusError, UsageError
from handlers.calculators.days import parse_day, written
from handlers.calculators.money import in_words, parse_amount, shown
from knowledge.articles import Article
from knowledge.corpus import Corpus
from knowledge.grounds import hold
from knowledge.letter_templates import (
    TODAY,
    Field,
    FieldKind,
    LetterTemplate,
    load_templates,
    split_blanks,
)

_BLANK = "____________"
_LINE = "_" * 34
MUCH = 400  # characters: a blank for more gets more lines


@dataclass(frozen=True, slots=True)
class Letter:
    """A finished letter; a paragraph may hold line ends. ``articles`` are the law it rests on."""

    title: str
    to: str
    paragraphs: tuple[str, ...]
    list_title: str
    items: tuple[str, ...]
    sign: tuple[str, ...]
    hints: tuple[str, ...]
    articles: tuple[Article, ...]


class Letters:
    """All letters as of a day; keeps nothing of what is filled in."""

    def __init__(self, corpus: Corpus, templates: Iterable[LetterTemplate] | None = None) -> None:
        self._corpus = corpus
        self.all = tuple(load_templates() if templates is None else templates)
        self._by_key = {template.key: template for template in self.all}

    def get(self, key: str) -> LetterTemplate | None:
        """The template with this key."""
        return self._by_key.get(key)

    def named(self, name: str) -> LetterTemplate:
        """The template with this key, title or name.

        Raises:
            UsageError: there is none.
        """
        for template in self.all:
            if name in (template.key, template.title, *template.names):
                return template
        known = "、".join(f"{template.key}（{template.title}）" for template in self.all)
        raise UsageError(f"没有“{name[:20]}”这种文书，只有：{known}")

    def write(self, template: LetterTemplate, values: Mapping[str, str], today: date) -> Letter:
        """The letter with ``values`` (field key → checked words); blanks where none are given.

        Raises:
            CorpusError: an article it rests on no longer applies or reads differently.
        """
        held = hold(self._corpus, template.grounds, today)
        if held.lost:
            lost = "；".join(held.lost)
            raise CorpusError(f"“{template.title}”依据的条文有变动（{lost}），暂时停用")

        def put(text: str) -> str:
            return "".join(
                _filled(template, part, values, today) if blank else part
                for part, blank in split_blanks(text)
            )

        return Letter(
            template.title,
            put(template.to),
            tuple(put(paragraph) for paragraph in template.body),
            template.list_title,
            template.items,
            tuple(put(line) for line in template.sign),
            template.hints,
            held.articles,
        )


def check(
    template: LetterTemplate, given: Mapping[str, str], today: date
) -> tuple[dict[str, str], dict[str, str]]:
    """What was filled in, made ready to print, and what is wrong: one line for each blank's key.

    Keys that the template does not have are left out.
    """
    ready: dict[str, str] = {}
    problems: dict[str, str] = {}
    for field in template.fields:
        said = clean(given.get(field.key, ""), lines=field.kind is FieldKind.LINES)
        if not said:
            continue
        try:
            ready[field.key] = _checked(field, said, today)
        except UsageError as problem:
            problems[field.key] = f"{field.label}：{problem}"
    return ready, problems


def clean(text: str, *, lines: bool) -> str:
    """Words without what cannot be printed; line ends stay where the blank has several lines."""
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\t", " ")
    if not lines:
        text = text.replace("\n", " ")
    return "".join(char for char in text if char == "\n" or char.isprintable()).strip()


def _checked(field: Field, said: str, today: date) -> str:
    match field.kind:
        case FieldKind.DAY:
            return written(parse_day(said, today))
        case FieldKind.AMOUNT:
            yuan = parse_amount(said)
            return f"{shown(yuan)}（大写：{in_words(yuan)}）"
        case FieldKind.CHOICE:
            if said not in field.choices:
                raise UsageError(f"只能选：{'、'.join(field.choices)}")
            return said
        case _:
            if len(said) > field.most:
                raise UsageError(f"写了 {len(said):,} 字，最多 {field.most:,} 字，请写短一些")
            return said


def _filled(template: LetterTemplate, key: str, values: Mapping[str, str], today: date) -> str:
    if key == TODAY:
        return written(today) if values else "______年____月____日"
    if key in values:
        return values[key]
    field = template.field(key)
    assert field is not None
    match field.kind:
        case FieldKind.DAY:
            return "______年____月____日"
        case FieldKind.AMOUNT:
            return f"{_BLANK}元（大写：{_BLANK}）"
        case FieldKind.CHOICE:
            return f"（{'　'.join(f'□{choice}' for choice in field.choices)}）"
        case FieldKind.LINES:
            return f"\n{_LINE}" * (4 if field.most > MUCH else 2)
        case _:
            return _BLANK
