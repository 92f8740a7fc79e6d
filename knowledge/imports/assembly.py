"""From the lines of a document, whatever its form, to title, dates line, headings and units.

Nothing is dropped: a line becomes text of a unit, a heading, the title or the dates line, or it is
listed in ``Body.left_out`` (page numbers, the table of contents, the document's number).
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from knowledge.imports import grammar
from knowledge.imports.dates import is_history
from knowledge.imports.document import (
    PREAMBLE,
    WHOLE,
    Body,
    LeftOut,
    Line,
    Problems,
    Role,
    Unit,
)
from knowledge.numerals import format_number

_KIND_OF_LAW = re.compile(
    r"(?:法|法典|条例|规定|规则|办法|细则|决定|决议|解释|批复|意见|通知|修正案|方案|公约|宪法)"
    r"(?:（[^（）]{1,20}）)?$"
)
_DOCUMENT_NUMBER = re.compile(
    r".{0,40}[〔\[【（(]\s*(?:19|20)\d{2}\s*[〕\]】）)]\s*第?\s*\d+\s*号"
    r"|.{0,30}(?:令|公告|文件)|（?\(?(?:.{0,24}令)?第?\s*[〇零一二三四五六七八九十百千\d]+\s*号\)?）?"
)
_MAX_TITLE_LINES = 3
_MAX_HISTORY_LINES = 60


def assemble(lines: Sequence[Line], problems: Problems) -> Body:
    """Recognise the structure of ``lines``; what cannot be right is noted in ``problems``."""
    return _Assembler(lines, problems).run()


class _Assembler:
    def __init__(self, lines: Sequence[Line], problems: Problems) -> None:
        self.problems = problems
        self.body = Body()
        self.lines = [line for line in lines if not self._page_number(line)]
        self.at = 0
        self.stack: list[grammar.Heading] = []
        self.number: str | None = None
        self.start = 0
        self.text: list[str] = []
        self.path: tuple[str, ...] = ()
        self.last = (0, 0)  # ordinal of the last article
        self.items = 0  # number of the last item, in a document of items

    def run(self) -> Body:
        self._head()
        self._contents()
        mode = self._mode()
        while self.at < len(self.lines):
            line = self.lines[self.at]
            self.at += 1
            if not self._annex(line) and not getattr(self, f"_{mode}")(line):
                self._add(line)
        self._close()
        return self.body

    # the top of the document

    def _head(self) -> None:
        title: list[Line] = []
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if self.body.history is None and line.role is Role.TEXT and is_history(line.text):
                self._history()
            elif line.role is Role.TITLE:
                title = [line]
                self.at += 1
            elif self._starts_body(line):
                break
            elif _DOCUMENT_NUMBER.fullmatch(line.text):
                self._leave_out(line, "文号")
                self.at += 1
            elif self._continues_title(title, line):
                title.append(line)
                self.at += 1
            else:
                break
        if title:
            self.body.title = "".join(line.text for line in title)
            self.body.title_line = title[0].number

    def _continues_title(self, title: list[Line], line: Line) -> bool:
        if line.role is not Role.TEXT or self.body.history is not None:
            return False
        if grammar.is_sentence(line.text) or len(line.text) > 100 or len(title) >= _MAX_TITLE_LINES:
            return False
        return not (title and _KIND_OF_LAW.search(title[-1].text))

    def _history(self) -> None:
        """A dates line may run over several lines, until its bracket closes."""
        first = self.lines[self.at]
        parts: list[str] = []
        depth = 0
        for line in self.lines[self.at : self.at + _MAX_HISTORY_LINES]:
            if parts and (line.role is not Role.TEXT or self._starts_body(line)):
                break
            parts.append(line.text)
            depth += sum(c in "（(" for c in line.text) - sum(c in "）)" for c in line.text)
            if depth <= 0:
                break
        if depth > 0:
            self.problems.error(first.number, "日期行的括号没有合上", "请在日期行末尾补上“）”")
        self.at += len(parts)
        self.body.history, self.body.history_line = "　".join(parts), first.number

    def _starts_body(self, line: Line) -> bool:
        if line.unit or line.role in (Role.HEADING, Role.CONTENTS, Role.LITERAL):
            return True
        text = line.text
        return line.role is Role.TEXT and bool(
            grammar.heading(text)
            or grammar.article(text, frozenset({(1, 0)}))
            or grammar.item(text)
            or grammar.is_preamble_word(text)
            or grammar.is_contents_word(text)
        )

    def _contents(self) -> None:
        """Step over the table of contents: it ends where its first entry comes again."""
        marked = False
        first: str | None = None
        while self.at < len(self.lines):
            line = self.lines[self.at]
            if grammar.is_contents_word(line.text) and not marked and line.unit is None:
                marked = True
            elif line.role is Role.CONTENTS or (marked and self._is_entry(line, first)):
                entry = grammar.TRAILING_PAGE.sub("", line.text)
                entry = read.text if (read := grammar.heading(entry)) else entry
                first = first or "".join(entry.split())
                self.body.contents.append((line.number, entry))
            else:
                break
            self._leave_out(line, "目录")
            self.at += 1

    def _is_entry(self, line: Line, first: str | None) -> bool:
        if line.unit or line.role is Role.LITERAL or grammar.is_sentence(line.text):
            return False
        if grammar.article(line.text, frozenset({(1, 0)})) or len(line.text) > 80:
            return False
        entry = grammar.TRAILING_PAGE.sub("", line.text)
        entry = read.text if (read := grammar.heading(entry)) else entry
        return first is None or "".join(entry.split()) != first

    # the body

    def _mode(self) -> str:
        """Articles, items (一、…) or neither: what comes first decides."""
        for at in range(self.at, len(self.lines)):
            line = self.lines[at]
            if line.unit:
                if line.unit == PREAMBLE:
                    continue
                return "item" if line.unit.startswith("条目") else "article"
            if line.role is Role.HEADING:
                return "article"
            if line.role is not Role.TEXT:
                continue
            if grammar.heading(line.text) or grammar.article(line.text, frozenset({(1, 0)})):
                return "article"
            if grammar.item(line.text):
                return "article" if self._is_topic(at) else "item"
        return "whole"

    def _article(self, line: Line) -> bool:
        """Take a line of a document of articles; False for running text."""
        if line.unit is not None:
            self._open(line.unit, line.number, line.text)
            found = grammar.article(line.unit, frozenset())
            self.last = found.ordinal if found else self.last
            return True
        if line.role is Role.LITERAL or self._in_annex():
            return False
        if self._heading(line):
            return True
        base, sub = self.last
        opening = grammar.article(line.text, frozenset({(base + 1, 0), (base, sub + 1)}))
        if opening is None:
            return False
        if not opening.spaced:
            self.problems.warn(
                line.number,
                f"“{opening.number}”后面没有空格，按条文开头处理",
                "如果这一行不是条文开头，请把它接到上一行",
            )
        self.last = opening.ordinal
        self._open(opening.number, line.number, opening.rest)
        return True

    def _item(self, line: Line) -> bool:
        if line.unit is not None:
            self._open(line.unit, line.number, line.text)
            return True
        found = grammar.item(line.text) if line.role is Role.TEXT else None
        if found is None or self._in_annex() or not self.items < found[0] <= self.items + 3:
            return False
        self.items = found[0]
        self._open(f"条目{format_number(found[0])}", line.number, found[1])
        return True

    def _whole(self, line: Line) -> bool:
        if line.unit is not None:
            self._open(line.unit, line.number, line.text)
            return True
        if self.number is None:
            self._open(WHOLE, line.number, line.text)
            return True
        return False

    def _annex(self, line: Line) -> bool:
        found = grammar.annex(line.text) if line.role in (Role.TEXT, Role.HEADING) else None
        if not found or line.unit or self.number in (None, PREAMBLE):
            return False
        self.stack = []
        self._open(found[0], line.number, found[1])
        return True

    def _heading(self, line: Line) -> bool:
        found = grammar.heading(line.text)
        if found is None and grammar.is_preamble_word(line.text) and not self.body.units:
            if self.number is None:
                self._open(PREAMBLE, line.number, "")
                return True
            return False
        if found is None and self._is_topic(self.at - 1):
            number, title = grammar.item(line.text) or (0, "")
            text = f"{format_number(number)}、{grammar.heading_title(title)}"
            found = grammar.Heading(grammar.TOPIC_RANK, (number, 0), text, True)
        if found is None:
            if line.role in (Role.HEADING, Role.TITLE):
                self.problems.error(
                    line.number,
                    f"看不懂的标题“{line.text[:30]}”",
                    "标题请写成“第一章 总则”这样的编、章、节；不是标题就去掉行首的 #",
                )
            return False
        if not found.titled and self.at < len(self.lines):
            following = self.lines[self.at]
            if self._is_title_of_heading(following):
                self.at += 1
                text = f"{found.text} {grammar.heading_title(following.text)}"
                found = grammar.Heading(found.rank, found.ordinal, text, True)
        self._close()
        self.stack = [above for above in self.stack if above.rank < found.rank]
        self.stack.append(found)
        self.path = tuple(above.text for above in self.stack)
        self.body.headings.append((line.number, found.text, len(self.body.units)))
        return True

    def _is_title_of_heading(self, line: Line) -> bool:
        return (
            line.role is not Role.LITERAL
            and line.unit is None
            and len(line.text) <= 40
            and not grammar.is_sentence(line.text)
            and not self._starts_body(line)
            and not grammar.article(line.text, frozenset())
        )

    def _is_topic(self, at: int) -> bool:
        """Whether 「一、管辖」 is a heading: short, and an article or a heading comes next."""
        line = self.lines[at]
        found = grammar.item(line.text)
        if not found or line.role is Role.LITERAL or line.unit or at + 1 >= len(self.lines):
            return False
        if len(line.text) > 40 or grammar.is_sentence(line.text) or line.text[-1] in "，、:":
            return False
        base, sub = self.last
        after = self.lines[at + 1]
        return (after.unit or "").startswith("第") or (
            after.role is not Role.LITERAL
            and bool(
                grammar.article(after.text, frozenset({(base + 1, 0), (base, sub + 1)}))
                or grammar.heading(after.text)
            )
        )

    # units

    def _in_annex(self) -> bool:
        return self.number is not None and self.number.startswith("附")

    def _open(self, number: str, line: int, text: str) -> None:
        self._close()
        if number.startswith("附"):
            self.path = ()
        self.number, self.start = number, line
        self.text = [text] if text else []

    def _add(self, line: Line) -> None:
        if self.number is None:
            if self.path:
                self.problems.error(
                    line.number,
                    f"标题“{self.path[-1]}”下面不是条文：“{line.text[:30]}”",
                    "请在这里补上条号（第…条），或把这段文字移到所属的条里",
                )
            elif not grammar.is_sentence(line.text) and line.role is not Role.LITERAL:
                self.problems.error(
                    line.number,
                    f"第一条之前有认不出的文字“{line.text[:30]}”",
                    "请删去这一行；如果是序言，请在它前面加一行“序言”",
                )
            self.number, self.start, self.text = PREAMBLE, line.number, []
        self.text.append(line.text)

    def _close(self) -> None:
        if self.number is not None:
            path = () if self.number == PREAMBLE else self.path
            self.body.units.append(Unit(self.number, path, "\n".join(self.text)))
            self.body.lines.append(self.start)
        self.number, self.text = None, []

    def _page_number(self, line: Line) -> bool:
        found = line.role is Role.TEXT and not line.unit and grammar.is_page_number(line.text)
        if found:
            self._leave_out(line, "页码")
        return found

    def _leave_out(self, line: Line, why: str) -> None:
        self.body.left_out.append(LeftOut(line.number, line.text, why))
