"""What a reader must know to use an old wording: organs that have another name by now, laws that an
article names and that are repealed (``renamed.toml`` and the corpus' own repealing clauses).

A note never replaces a word of the article, and says nothing where it is not certain.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path

from knowledge.articles import Article, Status, short_name
from knowledge.corpus import Corpus
from knowledge.datafiles import Row, toml_rows
from knowledge.references import Reference, references
from knowledge.versions import FLAG_ONLY

RENAMED = Path(__file__).with_name("renamed.toml")

# a clause that ends the law itself, or tells its former name, needs no note
_CLOSING = re.compile(r"[^。；\n]*(?:废止|失效)|）?\s*[）(（]")


@dataclass(frozen=True, slots=True)
class Renamed:
    """An organ's old name; ``laws`` None: whatever law uses it, but for ``not_laws``."""

    old: str
    new: str
    since: date
    basis: str
    duty: bool  # its duties went to ``new``; it did not simply change its name
    not_before: tuple[str, ...]
    laws: tuple[str, ...] | None
    not_laws: tuple[str, ...]

    def counts_in(self, law: str) -> bool:
        """Whether the name means this organ in a law (short name)."""
        return law not in self.not_laws and (self.laws is None or law in self.laws)


@dataclass(frozen=True, slots=True)
class Abolished:
    """An institution that is no more, with the whole sentence to say."""

    word: str
    sentence: str
    since: date
    basis: str


@dataclass(frozen=True, slots=True)
class Replaced:
    """A repealed law whose repealing clause the corpus does not hold."""

    name: str
    replaced_by: str
    since: date
    basis: str


class Notes:
    """The table of old names. Immutable once loaded."""

    def __init__(
        self,
        organs: tuple[Renamed, ...],
        abolished: tuple[Abolished, ...],
        laws: tuple[Replaced, ...],
    ) -> None:
        self.organs, self.abolished, self.laws = organs, abolished, laws
        names = sorted({organ.old for organ in organs}, key=lambda name: (-len(name), name))
        self._names = re.compile("|".join(map(re.escape, names)))
        self._laws = {law.name: law for law in laws}

    @classmethod
    def load(cls, path: Path = RENAMED) -> Notes:
        """Read the file.

        Raises:
            DataError: the file's form or a value is wrong.
        """
        organs: dict[tuple[str, tuple[str, ...] | None], Renamed] = {}
        for row in toml_rows(path, "organ"):
            for organ in _organs(row):
                if (organ.old, organ.laws) in organs:
                    row.fail(f"旧名称“{organ.old}”写了两次", "请删去其中一处")
                organs[organ.old, organ.laws] = organ
        return cls(
            tuple(organs.values()),
            tuple(map(_abolished, toml_rows(path, "abolished"))),
            tuple(map(_replaced, toml_rows(path, "law"))),
        )

    def of(self, corpus: Corpus, article: Article, today: date) -> str | None:
        """What to say about an article on a day, None where nothing needs to be said."""
        sentences = (
            self._organ_sentence(article, today),
            *(a.sentence for a in self.abolished if a.word in article.text and a.since <= today),
            *self._law_sentences(corpus, article, today),
        )
        return "".join(filter(None, sentences)) or None

    def _organ_sentence(self, article: Article, today: date) -> str:
        found: dict[str, Renamed] = {}
        for match in self._names.finditer(article.text):
            organ = self._organ(match, article)
            if organ and organ.since <= today:
                found.setdefault(organ.old, organ)
        groups: dict[tuple[str, bool], list[str]] = {}
        for organ in found.values():
            groups.setdefault((organ.new, organ.duty), []).append(f"“{organ.old}”")
        said = [
            "、".join(olds) + (f"的职责现由{new}承担" if duty else f"现为{new}")
            for (new, duty), olds in groups.items()
        ]
        return f"文中{'，'.join(said)}。" if said else ""

    def _organ(self, match: re.Match[str], article: Article) -> Renamed | None:
        """The entry for a name where it stands; one for this very law comes first.

        A name that counts only in some laws leaves its end to a shorter one (国务院工商行政管理部门
        outside 商标法 is a 工商行政管理部门).
        """
        old = match[0]
        while old:
            fitting = [
                organ
                for organ in self.organs
                if organ.old == old and organ.counts_in(article.version.short)
            ]
            if fitting:
                before = article.text[: match.end() - len(old)]
                organ = min(fitting, key=lambda organ: organ.laws is None)
                return None if before.endswith(organ.not_before) else organ
            shorter = self._names.search(old, 1)
            old = shorter[0] if shorter and shorter.end() == len(old) else ""
        return None

    def _law_sentences(self, corpus: Corpus, article: Article, today: date) -> list[str]:
        groups: dict[str, list[str]] = {}
        for reference in references(corpus, article, today):
            new = self._replacement(corpus, reference, today)
            if not new or new == article.version.law:
                continue
            if _CLOSING.match(article.text, reference.span[1]):
                continue
            name = f"《{short_name(reference.law)}》"
            if name not in groups.setdefault(new, []):
                groups[new].append(name)
        return [
            f"文中{''.join(names)}已废止，相关规定见《{short_name(new)}》。"
            for new, names in groups.items()
        ]

    def _replacement(self, corpus: Corpus, reference: Reference, today: date) -> str | None:
        """The full name of the law to read instead of a repealed one."""
        listed = self._laws.get(reference.law)
        if listed:
            return listed.replaced_by if listed.since <= today else None
        if reference.problem != "repealed_law" and not (
            reference.version and corpus.status(reference.version, today) is Status.REPEALED
        ):
            return None
        new: str | None = reference.law
        for _ in range(4):  # what replaced it may be repealed itself (噪声污染防治法)
            new = _repealing_law(corpus, new or "", today) or new
            version = corpus.version_on(new or "", today)
            if version is None or corpus.status(version, today) is not Status.REPEALED:
                break
        return new if new != reference.law else None


def _repealing_law(corpus: Corpus, law: str, today: date) -> str | None:
    version = corpus.version_on(law, today)
    if version is None:
        repeal = corpus.repeal_of(law)
        return repeal.by.rpartition("第")[0] if repeal and repeal.day <= today else None
    if corpus.status(version, today) is not Status.REPEALED:
        return None
    by = version.repealed_by
    return by.rpartition("第")[0] if by and by != FLAG_ONLY else None


@cache
def _shipped() -> Notes:
    return Notes.load()


def note_of(corpus: Corpus, article: Article, today: date) -> str | None:
    """What to say about an article on a day, by the shipped ``renamed.toml``."""
    return _shipped().of(corpus, article, today)


def _since(row: Row) -> date:
    day = row.day("since")
    if day is None:
        row.fail("缺少 since", "请写从哪天起，如 2018-03-17")
    return day


def _organs(row: Row) -> list[Renamed]:
    row.only({"old", "new", "since", "basis", "duty", "not_before", "laws", "not_laws"})
    duty = row.values.get("duty", False)
    if not isinstance(duty, bool):
        row.fail("duty 应是 true 或 false", "职责划转写 true，单纯更名不写")
    old, new = row.texts("old"), row.text("new")
    if not old:
        row.fail("old 是空的", "请至少写一个旧名称")
    if new in old:
        row.fail(f"新旧名称相同：{new}", "请改正其中一个")
    laws = row.texts("laws", ()) or None
    lists = (row.texts("not_before", ()), laws, row.texts("not_laws", ()))
    shared = (new, _since(row), row.text("basis"), duty, *lists)
    return [Renamed(name, *shared) for name in old]


def _abolished(row: Row) -> Abolished:
    row.only({"word", "sentence", "since", "basis"})
    sentence = row.text("sentence")
    if not sentence.endswith("。"):
        row.fail("sentence 应是一整句，以句号结尾", "请补上句号")
    return Abolished(row.text("word"), sentence, _since(row), row.text("basis"))


def _replaced(row: Row) -> Replaced:
    row.only({"name", "replaced_by", "since", "basis"})
    return Replaced(row.text("name"), row.text("replaced_by"), _since(row), row.text("basis"))
