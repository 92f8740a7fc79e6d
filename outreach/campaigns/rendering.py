"""A campaign as each channel shows it: what is previewed, approved, and sent, from one place.

Limits: Telegram takes 4,096 UTF-16 code units of text (Bot API, ``sendMessage``), 1,024 under a
picture (``sendPhoto``); WeChat's text messages about 2,048 bytes (domain specification 6.5).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from outreach.campaigns.definition import Definition, PushButton

OPT_OUT = "不想再收到：回复“退订”，立即生效。"
_TELEGRAM, _CAPTION, _WECHAT, _WEB = 4096, 1024, 2048, 8000


@dataclass(frozen=True, slots=True)
class Rendered:
    """One channel's rendering: plain text, and the buttons that the channel can show.

    ``size`` and ``limit`` are in ``unit``; ``dropped`` are buttons that the channel can't show.
    """

    channel: str
    variant: str | None
    text: str
    picture: str | None  # SHA-256
    buttons: tuple[PushButton, ...]
    dropped: tuple[PushButton, ...]
    size: int
    limit: int
    unit: str

    @property
    def fits(self) -> bool:
        """Whether the platform would take it whole."""
        return self.size <= self.limit


def render(
    definition: Definition, channel: str, variant: str | None = None, *, county: str = "本县"
) -> Rendered:
    """The message for a channel: title, body, cited articles, source, and how to stop it.

    The source and the way out are in every push (domain specification 6.4; 个人信息保护法 15, 24).

    Args:
        definition: the campaign.
        channel: ``telegram``, ``wechat`` or ``web``.
        variant: ``a`` or ``b`` where two texts are compared.
        county: the county's name, before the organ's.
    """
    parts = [definition.title, definition.body(channel, variant).strip()]
    shown, dropped = definition.buttons, tuple[PushButton, ...]()
    if channel == "wechat":  # its text messages have no buttons
        words = {button: _in_words(button) for button in definition.buttons}
        parts.append("\n".join(word for word in words.values() if word))
        dropped = tuple(button for button, word in words.items() if not word)
        shown = ()
    if definition.articles:
        parts.append("依据：" + "、".join(definition.articles))
    parts.append(f"来源：{county}{definition.organ}\n{OPT_OUT}")
    text = "\n\n".join(part for part in parts if part)
    size, limit, unit = _measure(text, channel, definition.picture is not None)
    return Rendered(
        channel=channel,
        variant=variant,
        text=text,
        picture=definition.picture.sha256 if definition.picture else None,
        buttons=shown,
        dropped=dropped,
        size=size,
        limit=limit,
        unit=unit,
    )


def _measure(text: str, channel: str, picture: bool) -> tuple[int, int, str]:
    rules: dict[str, tuple[Callable[[str], int], int, str]] = {
        "telegram": (utf16_units, _CAPTION if picture else _TELEGRAM, "字符"),
        "wechat": (lambda words: len(words.encode()), _WECHAT, "字节"),
    }
    count, limit, unit = rules.get(channel, (len, _WEB, "字符"))
    return count(text), limit, unit


def utf16_units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def _in_words(button: PushButton) -> str:
    """What to write where there are no buttons; empty where words can't do it."""
    match button.kind:
        case "link":
            return f"{button.label}：{button.target}"
        case "article":
            return f"{button.label}：回复“{button.target}”"
        case "quiz":
            return f"{button.label}：回复“每日一题”"
        case _:
            return ""
