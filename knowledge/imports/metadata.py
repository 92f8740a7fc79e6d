"""Metadata of a law: flags win over front matter, which wins over what the document itself says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from typing import Any

from errors import ImportRefused, UsageError
from knowledge.articles import Level
from knowledge.imports.dates import (
    History,
    closing_commencement,
    guess_level,
    guess_region,
    read_history,
)
from knowledge.imports.document import LOCAL_LEVELS, Body, Document, Problems

_LEVELS = "、".join(Level)
_NATIONAL = "全国"
_DATES = ("adopted", "published", "effective", "commenced", "repealed")
_TEXTS = ("name", "level", "issuer", "region", "repealed_by")
KEYS = (*_TEXTS[:4], *_DATES[:4], "repealed", "repealed_by")
_CHINESE = {
    "name": "法规名称",
    "level": "效力位阶",
    "issuer": "制定机关",
    "region": "适用地区",
    "adopted": "通过（或最近一次修改）日期",
    "published": "公布日期",
    "effective": "施行日期",
    "commenced": "最初施行日期",
    "repealed": "废止日期",
    "repealed_by": "废止依据",
}
_EXAMPLES = {
    "name": "某县物业管理条例",
    "level": "地方性法规",
    "issuer": "某县人民代表大会常务委员会",
    "region": "某省",
    "adopted": "2024-01-05",
    "published": "2024-01-10",
    "effective": "2024-03-01",
}


@dataclass(frozen=True, slots=True)
class Overrides:
    """Values given on the command line; None where a flag is absent. Dates are ISO text."""

    name: str | None = None
    level: str | None = None
    issuer: str | None = None
    region: str | None = None
    adopted: str | None = None
    published: str | None = None
    effective: str | None = None

    def values(self) -> dict[str, Any]:
        """The given values, checked.

        Raises:
            UsageError: a date or level that is none.
        """
        found: dict[str, Any] = {}
        for item in fields(self):
            value = getattr(self, item.name)
            if value is None:
                continue
            try:
                found[item.name] = _value(item.name, value)
            except ValueError as error:
                raise UsageError(f"--{item.name} {error}") from error
        return found


def _value(key: str, value: object) -> Any:
    """A value of the right type.

    Raises:
        ValueError: it is not; the message is a Chinese clause.
    """
    if key in _DATES:
        if isinstance(value, datetime):
            raise ValueError("只要日期，不要时间：请写成 2024-01-05")
        if isinstance(value, date):
            return value
        try:
            return date.fromisoformat(str(value))
        except ValueError:
            raise ValueError(f"不是日期：{value!r}，请写成 2024-01-05") from None
    if not isinstance(value, str) or not value.strip() or "\n" in value:
        raise ValueError(f"应是一行文字，现在是 {value!r}")
    value = value.strip()
    if key == "level":
        if value not in tuple(Level):
            raise ValueError(f"不能是 {value!r}，只能是：{_LEVELS}")
        return Level(value)
    return value


def front_values(front: Mapping[str, Any], label: str) -> dict[str, Any]:
    """The values of a front matter, checked.

    Raises:
        ImportRefused: an unknown key, a wrong type, an impossible date.
    """
    found: dict[str, Any] = {}
    for key, value in front.items():
        if key not in KEYS:
            raise ImportRefused(
                label, None, f"文件头里不认识的字段 {key!r}", f"只能用：{'、'.join(KEYS)}"
            )
        try:
            found[key] = _value(key, value)
        except ValueError as error:
            raise ImportRefused(label, None, f"文件头的 {key} {error}", "请改正文件头") from None
    return found


def complete(
    body: Body,
    front: Mapping[str, Any],
    overrides: Overrides,
    label: str,
    problems: Problems,
) -> tuple[Document, tuple[str, ...]]:
    """The document with its metadata, and the keys that were concluded rather than given.

    Raises:
        ImportRefused: something required is missing; the message says what to add.
    """
    history = read_history(body.history) if body.history else History()
    for bad in history.bad:
        problems.error(body.history_line, f"日期行里的“{bad}”不存在", "请对照原文改正")
    given = {**front_values(front, label), **overrides.values()}
    name = given.get("name") or body.title
    issuer = given.get("issuer") or history.issuer
    published = given.get("published") or history.published
    adopted = given.get("adopted") or history.adopted
    stated = closing_commencement((u.text for u in body.units), published)
    if stated and adopted and stated < adopted:
        stated = None  # an amended text keeps the closing article of its first wording
    level = given.get("level") or guess_level(issuer, name)
    values: dict[str, Any] = {
        "name": name,
        "level": level,
        "issuer": issuer,
        "region": given.get("region")
        or (guess_region(issuer) if level in (*LOCAL_LEVELS, None) else None),
        "adopted": adopted,
        "published": published,
        "effective": given.get("effective") or history.effective or stated,
    }
    if values["region"] == _NATIONAL:
        values["region"] = None
    optional = {"region"} if level not in LOCAL_LEVELS else set()
    missing = [key for key, value in values.items() if value is None and key not in optional]
    if missing:
        flags = " ".join(f"--{key} {_EXAMPLES[key]}" for key in missing)
        raise ImportRefused(
            label,
            None,
            f"缺少{'、'.join(_CHINESE[key] for key in missing)}",
            f"请在命令后面加上（换成实际内容）：{flags}；或写进文件头",
        )
    document = Document(
        units=tuple(body.units),
        history=body.history,
        commenced=given.get("commenced"),
        repealed=given.get("repealed"),
        repealed_by=given.get("repealed_by"),
        **values,
    )
    _check(document, problems)
    return document, tuple(key for key in values if key not in given and values[key] is not None)


def _check(document: Document, problems: Problems) -> None:
    if (
        len(document.name) > 120
        or any(c in document.name for c in "\\/\n\t\0")
        or (document.name.startswith(".") or not any("一" <= c <= "龥" for c in document.name))
    ):
        problems.error(
            None, f"法规名称“{document.name[:40]}”不能用", "请用 --name 写出法规的全称（中文）"
        )
    if document.region and document.level not in LOCAL_LEVELS:
        problems.error(
            None, f"{document.level}适用全国，不应写地区“{document.region}”", "请去掉 --region"
        )
    if not document.effective:
        return
    if document.published < document.adopted:
        problems.error(
            None,
            f"公布日期 {document.published} 早于通过日期 {document.adopted}",
            "请核对，用 --adopted、--published 改正",
        )
    if document.effective < document.adopted:
        problems.error(
            None,
            f"施行日期 {document.effective} 早于本文本的通过日期 {document.adopted}",
            "修改过的法规请写修改后文本的施行日期（--effective）",
        )
    elif document.effective < document.published:
        problems.warn(
            None,
            f"施行日期 {document.effective} 早于公布日期 {document.published}",
            "请核对，用 --published、--effective 改正",
        )
    if document.adopted.year < 1949:
        problems.error(None, f"通过日期 {document.adopted} 早于 1949 年", "请核对日期")
    if (document.repealed is None) != (document.repealed_by is None):
        problems.error(None, "废止日期和废止依据要一起写", "请同时写 repealed 和 repealed_by")
