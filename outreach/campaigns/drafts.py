"""Reading a campaign from the TOML file that publicity staff write (docs/campaigns.md).

Every slip is a :class:`errors.DataError` with file, line, problem and mend. What the text says
about the law is checked later, by :mod:`outreach.campaigns.gate`.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, get_args
from urllib.parse import urlsplit

from errors import DataError
from knowledge.datafiles import Row, read_text
from outreach.activities import Evidence
from outreach.campaigns.definition import (
    BODIES,
    BUTTON_KINDS,
    CHANNELS,
    DEFAULT,
    LANGUAGES,
    QUIET,
    Audience,
    Definition,
    Picture,
    PushButton,
    QuizActivity,
)
from outreach.codes import Codes
from settings import SHANGHAI

ID = re.compile(r"[a-z0-9][a-z0-9-]{2,35}")
TITLE = 60  # characters
LABEL = 20
MOST_BUTTONS = 6
MOST_ARTICLES = 8
PICTURES = ("image/jpeg", "image/png")
_TABLES = frozenset({"text", "text_b", "audience", "schedule"})
_KEYS = {
    "": {"id", "title", "topic", "organ", "node", "articles", "picture", "button", *_TABLES},
    "text": set(BODIES),
    "text_b": set(BODIES),
    "button": {"label", *BUTTON_KINDS},
    "audience": {
        *("channels", "towns", "groups", "topics", "quiz", "quiz_days"),
        *("without_towns", "without_groups", "without_topics", "languages"),
    },
    "schedule": {"at", "expires", "quiet"},
}
_OWN = {"channels", "quiz", "quiz_days", "languages"}  # of the audience, not the county's codes
_HEAD = re.compile(r"\s*\[{1,2}\s*([A-Za-z_]+)\s*\]{1,2}\s*(?:#.*)?$")
_KEY = re.compile(r"\s*([A-Za-z_]+)\s*=")
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)")

Keep = Callable[[Path], Evidence]


def read_draft(path: Path, codes: Codes, today: date, keep: Keep) -> Definition:
    """The campaign in a file.

    Args:
        path: the TOML file; a picture's path is relative to its folder.
        codes: the county's lists.
        today: the day on which towns, organs and nodes must be valid.
        keep: keeps the picture's content, e.g. ``outreach.evidence.keep`` with its folder.

    Raises:
        DataError: its form or a value is wrong.
    """
    return parse_draft(read_text(path), path, codes, today, keep)


def parse_draft(text: str, path: Path, codes: Codes, today: date, keep: Keep) -> Definition:
    """The campaign in a text; ``path`` names it in errors. See :func:`read_draft`."""
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        found = re.search(r"at line (\d+)", str(error))
        line = int(found.group(1)) if found else text.count("\n") + 1
        raise DataError(
            path, line, f"TOML 语法错误（{error}）", "请检查引号、括号和等号"
        ) from error
    return _Draft(path, values, _key_lines(text), codes, today, keep).definition()


def _key_lines(text: str) -> dict[tuple[str, int, str], int]:
    """(table, which of its kind, key) → line; the heading itself has the key ``""``."""
    found: dict[tuple[str, int, str], int] = {}
    counts: dict[str, int] = {}
    table, quote = "", ""
    for number, line in enumerate(text.splitlines(), 1):
        if quote:
            quote = "" if quote in line else quote
            continue
        if head := _HEAD.match(line):
            table = head[1]
            counts[table] = counts.get(table, -1) + 1
            found[table, counts[table], ""] = number
        elif key := _KEY.match(line):
            found.setdefault((table, counts.get(table, 0), key[1]), number)
            for mark in ('"""', "'''"):
                if line.count(mark) == 1:
                    quote = mark
    return found


@dataclass(frozen=True)
class _Draft:
    path: Path
    values: dict[str, Any]
    lines: Mapping[tuple[str, int, str], int]
    codes: Codes
    today: date
    keep: Keep

    def definition(self) -> Definition:
        top = self._table("", self.values)
        body = self._bodies("text")
        if body is None:
            self._row("", "text").fail(
                "没有正文", '请加一节 [text]，写 default = """…"""（所有渠道共用的正文）'
            )
        id_ = top("id").text("id")
        if not ID.fullmatch(id_):
            top("id").fail(
                f"编号 {id_!r} 不对", "用 3–36 个小写英文字母、数字和 -，如 xianfari-2026"
            )
        schedule = self._table("schedule", self._sub("schedule"))
        at, expires = (
            self._moment(schedule("at"), "at"),
            self._moment(schedule("expires"), "expires"),
        )
        if at and expires and expires <= at:
            schedule("expires").fail("expires 不晚于 at", "过期时间应在发送时间之后")
        if at and expires is None:
            expires = at + timedelta(days=1)
        return Definition(
            id=id_,
            title=_short(top("title"), "title", TITLE),
            text=body,
            second=self._bodies("text_b"),
            articles=self._articles(top("articles")),
            picture=self._picture(top("picture")),
            buttons=tuple(self._buttons()),
            topic=self._topic(top("topic")),
            organ=self._organ(top("organ")),
            node=self._node(top("node")),
            audience=self._audience(),
            at=at,
            expires=expires,
            quiet=self._quiet(schedule("quiet")),
        )

    def _row(self, table: str, key: str, number: int = 0, values: Any = None) -> Row:
        head = self.lines.get((table, number, ""), 1)
        return Row(self.path, self.lines.get((table, number, key), head), values or {})

    def _sub(self, table: str) -> Any:
        values = self.values.get(table, {})
        if not isinstance(values, dict):
            self._row("", table).fail(f"{table} 应是一节", f"请写成单独一行 [{table}]")
        return values

    def _table(self, table: str, values: dict[str, Any], number: int = 0) -> Callable[[str], Row]:
        """Rows of a table, one for each key, each with its line; unknown keys are refused."""
        for key in values:
            if key not in _KEYS[table]:
                where = f"[{table}] 里" if table else ""
                self._row(table, key, number).fail(
                    f"{where}不认识的字段 {key!r}", f"只能用：{'、'.join(sorted(_KEYS[table]))}"
                )
        return lambda key: self._row(table, key, number, values)

    def _bodies(self, table: str) -> dict[str, str] | None:
        if table not in self.values:
            return None
        values = self._sub(table)
        row = self._table(table, values)
        found = {key: row(key).text(key) for key in BODIES if key in values}
        if DEFAULT not in found:
            row("").fail(
                f"[{table}] 缺少 default", 'default = """…""" 是没有单独写正文的渠道用的，一定要写'
            )
        return found

    def _articles(self, row: Row) -> tuple[str, ...]:
        articles = row.texts("articles", ())
        if len(articles) > MOST_ARTICLES:
            row.fail(f"articles 有 {len(articles)} 条", f"最多 {MOST_ARTICLES} 条，只留最要紧的")
        return articles

    def _picture(self, row: Row) -> Picture | None:
        if "picture" not in row.values:
            return None
        kept = self.keep(self.path.parent / row.text("picture"))
        if kept.media not in PICTURES:
            row.fail(f"图片 {kept.name!r} 不是 jpg 或 png", "请另存为 .jpg 或 .png")
        return Picture(kept.name, kept.sha256, kept.media)

    def _buttons(self) -> Iterator[PushButton]:
        entries = self.values.get("button", [])
        if not isinstance(entries, list) or not all(isinstance(each, dict) for each in entries):
            self._row("", "button").fail("按钮的写法不对", "每个按钮以单独一行 [[button]] 开头")
        if len(entries) > MOST_BUTTONS:
            self._row("button", "", MOST_BUTTONS).fail(
                f"按钮有 {len(entries)} 个", f"最多 {MOST_BUTTONS} 个"
            )
        for number, values in enumerate(entries):
            row = self._table("button", values, number)
            kinds = [kind for kind in BUTTON_KINDS if kind in values]
            if len(kinds) != 1:
                row("").fail(
                    "一个按钮要写、也只能写一种去处",
                    "quiz（答题）、card（卡片）、article（条文）、link（网址）选一个",
                )
            kind = kinds[0]
            target = row(kind).text(kind)
            if kind == "link" and not _is_link(target):
                row(kind).fail(f"网址 {target!r} 不能用", "请写完整的 https:// 网址")
            yield PushButton(_short(row("label"), "label", LABEL), kind, target)

    def _topic(self, row: Row) -> str | None:
        if "topic" not in row.values:
            return None
        spelt = row.text("topic")
        name = self.codes.topic(spelt, self.today)
        if name is None:
            row.fail(f"没有主题 {spelt!r}", f"只能是：{self.codes.choices('topics', self.today)}")
        return name

    def _organ(self, row: Row) -> str:
        spelt = row.text("organ")
        name = self.codes.organ(spelt, self.today)
        if name is None:
            row.fail(f"没有责任单位 {spelt!r}", "请写 organs.csv 里的单位全称，只写一个")
        return name

    def _node(self, row: Row) -> str | None:
        if "node" not in row.values:
            return None
        spelt = row.text("node")
        node = self.codes.node(spelt)
        if node is None:
            row.fail(f"没有节点 {spelt!r}", "请写 nodes.csv 里的编号或名称（bot.py calendar 可查）")
        return node.key

    def _audience(self) -> Audience:
        values = self._sub("audience")
        row = self._table("audience", values)
        channels = row("channels").texts("channels", CHANNELS)
        for channel in channels:
            if channel not in CHANNELS:
                row("channels").fail(f"渠道 {channel!r} 不能推送", f"只能是：{'、'.join(CHANNELS)}")
        if not channels:
            row("channels").fail("channels 是空的", f"请写 {'、'.join(CHANNELS)}，或删去这一行")
        quiz: QuizActivity | None = None
        if "quiz" in values:
            quiz = row("quiz").choice("quiz", get_args(QuizActivity))  # type: ignore[assignment]
        days = values.get("quiz_days", 30)
        if type(days) is not int or not 1 <= days <= 365:
            row("quiz_days").fail(f"quiz_days 不能是 {days!r}", "请写 1–365 的天数")
        return Audience(
            channels=channels,
            quiz=quiz,
            quiz_days=days,
            **{
                name: tuple(self._keys(row(name), name, name.removeprefix("without_")))
                for name in sorted(_KEYS["audience"] - _OWN)
            },
            languages=tuple(self._languages(row("languages"))),
        )

    def _languages(self, row: Row) -> Iterator[str]:
        for word in row.texts("languages", ()):
            key = next((k for k, name in LANGUAGES.items() if word in (k, name)), None)
            if key is None:
                row.fail(f"languages 里不认识 {word!r}", f"只能是：{'、'.join(LANGUAGES.values())}")
            yield key

    def _keys(self, row: Row, name: str, codes: str) -> Iterator[str]:
        for word in row.texts(name, ()):
            if codes == "topics":
                topics = self.codes.topics.all
                key = next((t.key for t in topics if word in (t.key, t.name)), None)
            else:
                code = self.codes.code(codes, word, self.today)
                key = code.key if code else None
            if key is None:
                choices = self.codes.choices(codes, self.today)
                row.fail(f"{name} 里不认识 {word!r}", f"只能是：{choices}")
            yield key

    def _moment(self, row: Row, key: str) -> datetime | None:
        value = row.values.get(key)
        if value is None:
            return None
        if isinstance(value, str):
            try:
                value = datetime.fromisoformat(value.strip())
            except ValueError:
                value = None
        if not isinstance(value, datetime):
            row.fail(f"{key} 不是日期和时间", f"请写成 {key} = 2026-12-04T09:00:00（北京时间）")
        return value.astimezone(SHANGHAI) if value.tzinfo else value.replace(tzinfo=SHANGHAI)

    def _quiet(self, row: Row) -> tuple[int, int]:
        if "quiet" not in row.values:
            return QUIET
        spelt = row.texts("quiet")
        found = [_CLOCK.fullmatch(each) for each in spelt]
        minutes = [int(each[1]) * 60 + int(each[2]) for each in found if each]
        if len(minutes) != 2 or len(spelt) != 2:
            row.fail("quiet 的写法不对", '请写成 quiet = ["21:00", "08:00"]，即不打扰的起止时刻')
        return minutes[0], minutes[1]


def _short(row: Row, key: str, most: int) -> str:
    text = row.text(key)
    if len(text) > most or "\n" in text:
        row.fail(f"{key} 有 {len(text)} 个字", f"请写成一行，最多 {most} 个字")
    return text


def _is_link(text: str) -> bool:
    try:
        link = urlsplit(text)
    except ValueError:
        return False
    return link.scheme == "https" and bool(link.hostname) and not re.search(r"\s", text)
