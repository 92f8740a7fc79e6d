"""``corpus import``: look at every file first, then write all of them or none."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

from errors import DataError, ImportRefused
from knowledge.articles import short_name
from knowledge.imports.document import PREAMBLE, Document, LeftOut, Problem, Severity
from knowledge.imports.metadata import Overrides
from knowledge.imports.reading import read_file
from knowledge.imports.store import is_stored, read_imported, version_path, write_version
from knowledge.imports.writing import to_markdown

_ACTIONS = {
    "new_law": "新增一部法规",
    "new_version": "新增一个版本，其他版本保留",
    "replace": "替换已导入的同一版本",
    "unchanged": "与已导入的完全相同，不用再导入",
}
_SHOWN = 12


@dataclass(frozen=True, slots=True)
class Preview:
    """What importing one file does, and what became of it."""

    path: Path
    document: Document | None  # None: the file cannot be read as law; ``problems`` says why
    action: str | None  # new_law, new_version, replace, unchanged
    problems: tuple[Problem, ...]
    left_out: tuple[LeftOut, ...] = ()
    concluded: tuple[str, ...] = ()
    target: Path | None = None
    written: bool = False
    in_force: bool = True  # on the day asked for

    @property
    def errors(self) -> tuple[Problem, ...]:
        """What refuses the import."""
        return tuple(p for p in self.problems if p.severity is Severity.ERROR)

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a person has to accept."""
        return tuple(p for p in self.problems if p.severity is Severity.WARNING)

    def to_json(self) -> dict[str, Any]:
        """Plain values for ``--json``; dates are ISO text."""
        document = self.document
        law: dict[str, Any] = {}
        if document:
            law = {
                "law": document.name,
                "level": str(document.level),
                "issuer": document.issuer,
                "region": document.region,
                "version_date": document.adopted.isoformat(),
                "published": document.published.isoformat(),
                "effective_date": document.effective.isoformat() if document.effective else None,
                "in_force": self.in_force,
                "articles": _count(document, "第"),
                "annexes": _count(document, "附"),
                "units": len(document.units),
                "headings": list(document.headings),
            }
        return {
            "path": str(self.path),
            **law,
            "action": self.action,
            "written": self.written,
            "target": str(self.target) if self.target else None,
            "concluded": list(self.concluded),
            "left_out": [asdict(item) for item in self.left_out],
            "problems": [{**asdict(p), "severity": str(p.severity)} for p in self.problems],
        }

    def __str__(self) -> str:
        """Chinese text for staff, several lines."""
        document = self.document
        lines = [f"文件：{self.path}"]
        if document:
            lines += self._summary(document)
        for problem in self.problems:
            word = "错误" if problem.severity is Severity.ERROR else "提醒"
            place = f"第 {problem.line} 行（段）" if problem.line else "全文"
            lines.append(f"  {word}：{place}：{problem.text}。{problem.mend}。")
        lines.append(f"  结果：{self._outcome()}")
        return "\n".join(lines)

    def _summary(self, document: Document) -> list[str]:
        where = f"　{document.region}" if document.region else ""
        state = "" if self.in_force else "（尚未施行）"
        counts = [
            f"{number} {unit}"
            for number, unit in (
                (_count(document, "第"), "条"),
                (_count(document, "条目"), "项（一、二、…）"),
                (_count(document, "附"), "个附件"),
                (_count(document, PREAMBLE), "篇序言"),
            )
            if number
        ]
        headings = document.headings
        shown = "、".join(headings[:_SHOWN]) + (" 等" if len(headings) > _SHOWN else "")
        lines = [
            f"  法规：《{document.name}》　{document.level}{where}",
            f"  制定机关：{document.issuer}",
            f"  通过：{document.adopted}　公布：{document.published}"
            f"　施行：{document.effective}{state}",
            f"  内容：{'，'.join(counts) or '全文一篇'}",
        ]
        if headings:
            lines.append(f"  标题（{len(headings)} 个）：{shown}")
        if self.left_out:
            kinds = list(dict.fromkeys(item.why for item in self.left_out))
            told = "，".join(f"{k} {sum(i.why == k for i in self.left_out)} 行" for k in kinds)
            lines.append(f"  不收入正文：{told}")
        return lines

    def _outcome(self) -> str:
        if self.errors:
            return "有错误，不能导入"
        action = _ACTIONS.get(self.action or "", "")
        if self.written:
            return f"已导入（{action}）：{self.target}"
        if self.action == "unchanged":
            return action
        if self.warnings:
            return f"尚未导入；{action}。核对提醒无误后加 --accept"
        return f"可以导入：{action}"


def import_paths(
    paths: Sequence[Path],
    home: Path,
    overrides: Overrides | None = None,
    *,
    dry_run: bool = False,
    accept: bool = False,
    today: date,
    known: Iterable[tuple[str, date]] = (),
) -> list[Preview]:
    """Read law documents and, when every one of them may be imported, store them.

    Args:
        paths: the files, one law each.
        home: ``PUFA_HOME``; nothing but ``home/laws`` is written.
        overrides: values of flags; they go for every file.
        dry_run: only look.
        accept: a person has seen the warnings.
        today: the day for which the preview says "not yet in force".
        known: (law, version date) of the source package, to tell a new law from a new version.

    Returns:
        One preview a file, in order. Where one of them is refused nothing is written;
        :func:`refusal` gives the error to raise.

    Raises:
        UsageError: an override is malformed, or a name is given for several files.
        ImportRefused: a stored file was edited and is not a law any more.
        CorpusError: ``home`` cannot be written.
    """
    given = overrides or Overrides()
    given.values()
    held = {*known, *((i.document.name, i.document.adopted) for i in read_imported(home))}
    previews: list[Preview] = []
    targets: dict[Path, Path] = {}
    for path in paths:
        preview = _look(path, home, given, today, held)
        target = preview.target
        if target is not None and target in targets:
            problem = Problem(
                Severity.ERROR, None, f"与 {targets[target]} 是同一部法规的同一版本", "请只留一个"
            )
            preview = replace(preview, problems=(problem, *preview.problems))
        elif target is not None:
            targets[target] = path
        previews.append(preview)
    if dry_run or refusal(previews, accept=accept):
        return previews
    return [_write(preview, home) for preview in previews]


def refusal(previews: Sequence[Preview], *, accept: bool = False) -> ImportRefused | None:
    """The first reason why nothing was written: an error, or a warning not accepted; else None."""
    for preview in previews:
        for problem in preview.errors:
            return ImportRefused(preview.path, problem.line, problem.text, problem.mend)
    for preview in previews:
        if preview.warnings and not accept and preview.action != "unchanged":
            count = len(preview.warnings)
            return ImportRefused(
                preview.path, None, f"有 {count} 处需要核对", "核对无误后加 --accept 再导入"
            )
    return None


def _look(
    path: Path, home: Path, overrides: Overrides, today: date, held: set[tuple[str, date]]
) -> Preview:
    try:
        reading = read_file(path, overrides)
        document = replace(
            reading.document, name=unicodedata.normalize("NFC", reading.document.name)
        )
        to_markdown(document)
    except DataError as error:
        problem = Problem(Severity.ERROR, error.line, error.problem, error.mend)
        return Preview(path, None, None, (problem,))
    problems = [*reading.problems, *_neighbours(document, held)]
    return Preview(
        path,
        document,
        _action(document, home, held),
        tuple(problems),
        tuple(reading.body.left_out),
        reading.concluded,
        version_path(home, document),
        in_force=document.effective is not None and document.effective <= today,
    )


def _action(document: Document, home: Path, held: set[tuple[str, date]]) -> str:
    if is_stored(home, document):
        return "unchanged"
    if (document.name, document.adopted) in held:
        return "replace"
    return "new_version" if any(law == document.name for law, _ in held) else "new_law"


def _neighbours(document: Document, held: set[tuple[str, date]]) -> list[Problem]:
    """Warn of a name that is nearly that of a known law: it would become another law."""
    if any(law == document.name for law, _ in held):
        return []
    similar = {law for law, _ in held if short_name(law) == short_name(document.name)}
    return [
        Problem(
            Severity.WARNING,
            None,
            f"库里有《{law}》，名称不完全相同，会当作另一部法规",
            f"如果是同一部，请加 --name {law}",
        )
        for law in sorted(similar)
    ]


def _write(preview: Preview, home: Path) -> Preview:
    if preview.document is None or preview.action == "unchanged":
        return preview
    target = write_version(home, preview.document)
    return replace(preview, written=True, target=target)


def _count(document: Document, prefix: str) -> int:
    return sum(unit.number.startswith(prefix) for unit in document.units)
