"""What the corpus check finds: topics, and findings with stable keys."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Topic(StrEnum):
    """What a finding is about; the value is the key's prefix."""

    EMPTY = "empty"
    GAP = "gap"
    DUPLICATE = "duplicate"
    WHOLE = "whole"
    HEADING = "heading"
    ENDING = "ending"
    BEGINNING = "beginning"
    BALANCE = "balance"
    RESIDUE = "residue"
    FLAG = "flag"
    AMENDMENT = "amendment"
    COMMENCEMENT = "commencement"
    EFFECTIVE = "effective"
    STALE = "stale"

    @property
    def label(self) -> str:
        """The topic's Chinese heading."""
        return _LABELS[self]


_LABELS = {
    Topic.EMPTY: "没有条文的文本",
    Topic.GAP: "条号中断",
    Topic.DUPLICATE: "条号重复",
    Topic.WHOLE: "不分条的文件（“全文”）",
    Topic.HEADING: "编章节标题不连续，或混在条文里",
    Topic.ENDING: "结尾可疑",
    Topic.BEGINNING: "开头可疑",
    Topic.BALANCE: "引号、括号、书名号不成对",
    Topic.RESIDUE: "残留标记或异常字符",
    Topic.FLAG: "标为已废止而库内无废止条款",
    Topic.AMENDMENT: "修改未体现或无从核对",
    Topic.COMMENCEMENT: "施行日期取自“公布之日”，需确认是首次公布的文本",
    Topic.EFFECTIVE: "本文本施行日期不明",
    Topic.STALE: "确认清单里已不存在的条目",
}


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing to look at; ``reason`` is set where somebody has."""

    key: str
    topic: Topic
    message: str
    reason: str | None = None
