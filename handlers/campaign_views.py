"""Campaigns as staff read them: the same words on the command line and on Telegram."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tabulate import tabulate

from outreach.campaigns.audience import REASONS, Counted
from outreach.campaigns.definition import PushButton
from outreach.campaigns.engagement import DEFINITIONS, Engagement
from outreach.campaigns.office import Preview
from outreach.campaigns.rendering import Rendered
from outreach.campaigns.steps import Campaign, Logged
from outreach.small_cells import FEW, LEAST
from outreach.statistics import BLANK
from settings import SHANGHAI

_CHANNELS = {"telegram": "Telegram", "wechat": "微信", "web": "网页"}
_VARIANTS = {"a": "（第一种文案）", "b": "（第二种文案）", None: ""}
_BUTTONS = {"quiz": "答题", "card": "卡片", "article": "条文", "link": "网址"}
_RATES = {"delivered": "送达", "clicked": "点击", "replied": "来咨询", "unsubscribed": "退订"}


def moment(value: Any) -> str:
    """A moment in Asia/Shanghai, or 「—」."""
    return f"{value.astimezone(SHANGHAI):%Y-%m-%d %H:%M}" if value else BLANK


def campaign_json(campaign: Campaign) -> dict[str, Any]:
    """A campaign's columns."""
    return {
        "id": campaign.id,
        "kind": campaign.kind,
        "title": campaign.definition.title,
        "state": campaign.state,
        "sha256": campaign.sha256,
        "topic": campaign.definition.topic,
        "organ": campaign.definition.organ,
        "node": campaign.definition.node,
        "urgent": campaign.urgent,
        "not_before": _iso(campaign.not_before),
        "expires_at": _iso(campaign.expires_at),
        "audience": campaign.audience,
        "pause_reason": campaign.pause_reason,
        "changed_at": _iso(campaign.changed_at),
    }


def campaign_line(campaign: Campaign) -> str:
    """A campaign in one line."""
    parts = [campaign.id, campaign.told, campaign.definition.title]
    if campaign.not_before:
        parts.append(f"定于 {moment(campaign.not_before)}")
    if campaign.audience is not None:
        parts.append(f"受众 {campaign.audience} 人")
    if campaign.urgent:
        parts.append("紧急")
    if campaign.pause_reason:
        parts.append(campaign.pause_reason)
    return "  ".join(parts)


def log_json(steps: Iterable[Logged]) -> list[dict[str, Any]]:
    """The steps that a campaign took."""
    return [
        {"at": _iso(s.at), "actor": s.actor, "step": s.step, "note": s.note, "sha256": s.sha256}
        for s in steps
    ]


def log_text(steps: Iterable[Logged]) -> str:
    """The steps that a campaign took, one line each."""
    return "\n".join(
        "  ".join(filter(None, (moment(s.at), s.actor, s.told, s.note))) for s in steps
    )


def audience_number(counted: Counted, *, narrow: bool) -> int | str:
    """The size of an audience; hidden where it could pick somebody out (rule R11)."""
    return FEW if narrow and 0 < counted.total < LEAST else counted.total


def preview_json(preview: Preview, names: dict[str, str]) -> dict[str, Any]:
    """Everything that :func:`preview_text` shows."""
    counted, definition = preview.audience, preview.campaign.definition
    return {
        **campaign_json(preview.campaign),
        "problems": list(preview.problems),
        "renderings": [
            {
                "channel": shown.channel,
                "variant": shown.variant,
                "text": shown.text,
                "picture": shown.picture,
                "buttons": [_button(button) for button in shown.buttons],
                "dropped": [_button(button) for button in shown.dropped],
                "size": shown.size,
                "limit": shown.limit,
                "unit": shown.unit,
                "fits": shown.fits,
            }
            for shown in preview.renderings
        ],
        "audience": {
            "total": audience_number(counted, narrow=definition.audience.narrow),
            "cells": [
                {"channel": channel, "town": names.get(town, town), "residents": number}
                for (channel, town), number in counted.shown().items()
            ],
            "excluded": counted.excluded,
            "sample": [{"channel": channel, "resident": key} for channel, key in counted.sample],
        },
    }


def preview_text(preview: Preview, names: dict[str, str]) -> str:
    """What would go out, to whom, who is left out and why, and what is still wrong.

    Args:
        preview: what is shown.
        names: towns' names by key.
    """
    parts = [campaign_line(preview.campaign)]
    parts += [rendering_text(shown) for shown in preview.renderings]
    parts.append(audience_text(preview, names))
    if preview.problems:
        parts.append("核对没有通过：\n" + "\n".join(f"✗ {each}" for each in preview.problems))
    else:
        parts.append("核对通过：引用的条文都现行有效，引文与原文一致。")
    return "\n\n".join(parts)


def rendering_text(shown: Rendered) -> str:
    """One channel's message, framed by what limits it."""
    mark = "" if shown.fits else "  ✗ 超长"
    head = f"── {_CHANNELS[shown.channel]}{_VARIANTS[shown.variant]}"
    lines = [f"{head}  {shown.size}/{shown.limit} {shown.unit}{mark}"]
    if shown.picture:
        lines.append("[图片]")
    lines.append(shown.text)
    lines += [f"[{b.label}] → {_BUTTONS[b.kind]} {b.target}" for b in shown.buttons]
    if shown.dropped:
        lines.append(f"（这个渠道不显示的按钮：{'、'.join(b.label for b in shown.dropped)}）")
    return "\n".join(lines)


def audience_text(preview: Preview, names: dict[str, str]) -> str:
    """Who would get it, by channel and town, with small cells hidden."""
    counted, definition = preview.audience, preview.campaign.definition
    lines = [f"受众：{audience_number(counted, narrow=definition.audience.narrow)} 人"]
    rows = [
        (_CHANNELS.get(channel, channel), "未选乡镇" if town == BLANK else names.get(town, town), n)
        for (channel, town), n in counted.shown().items()
    ]
    if rows:
        lines.append(str(tabulate(rows, headers=("渠道", "乡镇", "人数"))))
    if counted.sample:
        lines.append("抽样（化名）：" + "、".join(key for _, key in counted.sample))
    if counted.excluded:
        lines.append("不在受众里：")
        lines += [
            f"  {REASONS[reason]}：{number} 人" for reason, number in counted.excluded.items()
        ]
    if preview.campaign.urgent:
        lines.append("审核人标为紧急：不受每周次数和免打扰时段限制。")
    return "\n".join(lines)


def status_text(found: Engagement) -> str:
    """A campaign's counts, each rate with its denominator."""
    count = found.states.get
    lines = [campaign_line(found.campaign)]
    lines.append(
        f"排队 {count('queued', 0)}  发送中 {count('claimed', 0)}  送达 {found.delivered}  "
        f"失败 {count('failed', 0)}  被屏蔽 {count('blocked', 0)}  已退订 {count('opted_out', 0)}  "
        f"不明 {count('unknown', 0)}  撤回 {count('recalled', 0)}  过期 {count('expired', 0)}"
    )
    lines += [f"  失败原因 {reason}：{number}" for reason, number in sorted(found.failed.items())]
    for name, rate in found.rates().items():
        value = BLANK if rate.value is None else f"{rate.value:.1%}"
        lines.append(f"{_RATES[name]}率 {value}（{rate.hits}/{rate.of}）")
    lines.append(f"点击 {found.clicks} 次，{found.clicked} 人")
    lines.append(f"48小时内来咨询 {found.replies} 人次，{found.replied} 人")
    quiz = found.quiz
    if quiz["attempts"]:
        lines.append(
            f"48小时内答题 {quiz['residents']} 人、{quiz['attempts']} 人次，"
            f"首答正确 {quiz['right_first']}/{quiz['answered']} 题"
        )
    if found.comparison:
        lines.append(f"两种文案：{found.comparison.verdict}")
    lines.append("口径：" + "；".join(DEFINITIONS.values()) + "。")
    return "\n".join(lines)


def _button(button: PushButton) -> dict[str, str]:
    return {"label": button.label, "kind": button.kind, "target": button.target}


def _iso(value: Any) -> str | None:
    return value.astimezone(SHANGHAI).isoformat() if value else None
