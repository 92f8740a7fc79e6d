"""What an import did, or would do: for the person who imports, and as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Literal

from errors import CellError, DataError
from outreach.activities import Activity, Registered

# What a correction is shown to change, by field.
COLUMN = {
    "kind": "场次/期",
    "first": "日期",
    "last": "止日",
    "organ": "责任单位",
    "name": "活动名称",
    "reporter": "填报人",
    "joint": "参与单位",
    "place": "地点",
    "town": "乡镇",
    "village": "村(社区)",
    "topic": "普法主题",
    "system": "系统",
    "laws": "宣传法律",
    "form": "普法形式",
    "group": "重点对象",
    "venue": "N进",
    "node": "节点",
    "campaign": "专项",
    "attended": "线下人次",
    "method": "人数统计方法",
    "consulted": "现场咨询",
    "materials": "资料物料",
    "evidence": "佐证",
    "note": "备注",
}


@dataclass(frozen=True, slots=True)
class Planned:
    """What a row comes to: the activity, the report it matches, files to attach."""

    line: int
    activity: Activity
    known: Registered | None
    files: tuple[Path, ...]

    @property
    def done(self) -> Literal["added", "corrected", "unchanged"]:
        """What importing it does."""
        if self.known is None:
            return "added"
        return "unchanged" if self.known.content == self.activity.content() else "corrected"

    @property
    def changes(self) -> tuple[str, ...]:
        """The columns that a correction changes."""
        if self.known is None:
            return ()
        old, new = self.known.activity, self.activity
        return tuple(
            COLUMN[each.name]
            for each in fields(new)
            if each.name in COLUMN and getattr(old, each.name) != getattr(new, each.name)
        )


@dataclass(frozen=True, slots=True)
class Imported:
    """What an import did or, as a dry run or where there are problems, would do."""

    path: Path
    written: bool
    planned: tuple[Planned, ...]
    skipped: int  # rows of the bot
    problems: tuple[CellError, ...]
    reminders: tuple[str, ...] = field(default=())

    def count(self, done: str) -> int:
        """How many rows are ``added``, ``corrected`` or ``unchanged``."""
        return sum(each.done == done for each in self.planned)

    def refusal(self) -> DataError | None:
        """The error for the command line, where nothing was written because of problems."""
        if not self.problems:
            return None
        problem = f"有 {len(self.problems)} 处要改，一条也没有导入"
        return DataError(self.path, None, problem, "请照上面所列逐处改正后重新导入")

    def __str__(self) -> str:
        lines = [str(problem) for problem in self.problems]
        lines += [f"提醒：{each}" for each in self.reminders]
        lines += [
            f"更正 {each.activity.number}：{'、'.join(each.changes)}"
            for each in self.planned
            if each.done == "corrected"
        ]
        if not self.problems:
            what = "已导入" if self.written else "预演（没有写入）"
            lines.append(
                f"{what} {self.path.name}：新增 {self.count('added')} 条，"
                f"更正 {self.count('corrected')} 条，未变 {self.count('unchanged')} 条，"
                f"跳过系统自动统计的 {self.skipped} 行；新增和更正的须由另一人审核后计入"
            )
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Counts, one object per row, problems with row, column, value, problem and mend."""
        return {
            "file": str(self.path),
            "written": self.written,
            **{done: self.count(done) for done in ("added", "corrected", "unchanged")},
            "skipped": self.skipped,
            "rows": [
                {
                    "row": each.line,
                    "number": each.activity.number,
                    "done": each.done,
                    "changes": list(each.changes),
                }
                for each in self.planned
            ],
            "problems": [
                {
                    "row": each.line,
                    "column": each.column,
                    "value": each.value,
                    "problem": each.problem,
                    "mend": each.mend,
                }
                for each in self.problems
            ],
            "reminders": list(self.reminders),
        }
