"""Ready drafts for the calendar's nodes (``knowledge/campaign_templates/*.toml``).

A template is a draft without ``id`` and ``[schedule]``; its first line is a comment with its name.
Filled, it goes the same way as any draft: checked, reviewed, released by people.
"""

from __future__ import annotations

from datetime import date, timedelta
from pathlib import Path

from errors import DataError, UsageError
from knowledge.calendar import Calendar
from knowledge.datafiles import read_text, read_toml
from settings import ROOT

TEMPLATES = ROOT / "knowledge" / "campaign_templates"
HOUR = "09:00:00"


def names(folder: Path = TEMPLATES) -> dict[str, str]:
    """Each template's name and what its first line says."""
    return {
        path.stem: _first_line(path).removeprefix("#").strip()
        for path in sorted(folder.glob("*.toml"))
    }


def path_of(name: str, folder: Path = TEMPLATES) -> Path:
    """The file of a template.

    Raises:
        UsageError: there is none of this name.
    """
    known = names(folder)
    if name not in known:
        raise UsageError(f"没有模板 {name!r}，可用：{'、'.join(known)}")
    return folder / f"{name}.toml"


def filled(name: str, today: date, id_: str | None = None, folder: Path = TEMPLATES) -> str:
    """A template as a whole draft: with an id, and due on its node's next day at nine.

    The id takes the place of the first line, so that errors name the template's own lines.

    Raises:
        UsageError: there is no such template.
        DataError: the template is wrong.
    """
    path = path_of(name, folder)
    _first_line(path)
    due = _due(read_toml(path).get("node"), today)
    year = (due or today).year
    _, rest = read_text(path).split("\n", 1)
    text = f'id = "{id_ or f"{name}-{year}"}"\n{rest.rstrip()}\n'
    if due is not None:
        text += (
            f"\n[schedule]\nat = {due.isoformat()}T{HOUR}\n"
            f"expires = {(due + timedelta(days=1)).isoformat()}T20:00:00\n"
        )
    return text


def write(text: str, out: Path) -> None:
    """Write a filled template to be edited; an existing file is never overwritten.

    Raises:
        UsageError: the file is there already, or cannot be written.
    """
    try:
        with out.open("x", encoding="utf-8") as stream:
            stream.write(text)
    except OSError as error:
        raise UsageError(f"写不了 {out}：{error.strerror}") from error


def _due(node: str | None, today: date) -> date | None:
    """The first day from tomorrow on that lies in the node; None without a node."""
    if node is None:
        return None
    tomorrow = today + timedelta(days=1)
    calendar = Calendar.load()
    days = [
        max(each.start, tomorrow)
        for year in (today.year, today.year + 1)
        for each in calendar.occurrences(year)
        if each.node.key == node and each.end >= tomorrow
    ]
    return min(days, default=None)


def _first_line(path: Path) -> str:
    line = read_text(path).partition("\n")[0]
    if not line.startswith("#"):
        raise DataError(path, 1, "第一行不是模板的名字", "第一行写 # 加这个模板的名字")
    return line
