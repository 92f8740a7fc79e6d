"""Replies as Telegram messages: HTML, split at the platform's limit, with an inline keyboard.

Telegram counts UTF-16 code units after it has parsed the entities (Bot API, ``sendMessage``:
1–4096 characters; "Formatting options": HTML style). So a reply is first laid out as styled plain
text, cut there, and only then escaped: no cut can fall inside a tag, an escape or a surrogate pair.
"""

from __future__ import annotations

import html
import logging
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any
from urllib.parse import urlsplit

from telegram import InlineKeyboardButton, InlineKeyboardMarkup
from telegram.constants import InlineKeyboardButtonLimit, MessageLimit

from handlers.messages import Button, File, Reply, ShownArticle
from handlers.questions import heading

LIMIT = int(MessageLimit.MAX_TEXT_LENGTH)  # UTF-16 code units
ATTACHED = "空白的 Word 文件，打印出来或在手机上填写。填好的请当面交，不要发给我。"
_ROW = 8  # buttons that fit a row on a phone
_LONG = 280  # characters from which a quotation folds up
_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One message: ``plain`` is what ``html`` shows; the keyboard is on a reply's last text.

    With a ``file`` it is a document, and the words are its caption.
    """

    html: str
    plain: str
    keyboard: InlineKeyboardMarkup | None = None
    file: File | None = None


@dataclass(frozen=True, slots=True)
class Span:
    """A run of text with its tags, outermost first."""

    text: str
    tags: tuple[str, ...] = ()


def render(reply: Reply) -> tuple[Outgoing, ...]:
    """A reply as messages in sending order, none of them empty or over the limit."""
    spans = layout(reply)
    parts = split(spans)
    keyboard = keyboard_of(reply)
    texts = (
        Outgoing(markup(part), _plain(part), keyboard if place == len(parts) else None)
        for place, part in enumerate(parts, 1)
    )
    return (*texts, *(Outgoing(ATTACHED, ATTACHED, file=file) for file in reply.files))


def render_text(text: str) -> tuple[Outgoing, ...]:
    """Plain text as messages."""
    return tuple(Outgoing(markup(part), _plain(part)) for part in split([Span(_clean(text))]))


def layout(reply: Reply) -> list[Span]:
    """The reply as styled text: lead, shown articles quoted, tail, numbers of ``tel:`` buttons."""
    articles = reply.articles[: reply.shown]
    if not articles or not (reply.lead or reply.tail):
        blocks = [[Span(_clean(reply.text))]]
    else:
        blocks = [[Span(_clean(reply.lead))], *map(_article, articles), [Span(_clean(reply.tail))]]
    shown = "".join(span.text for block in blocks for span in block)
    blocks.append([Span("\n".join(_calls(reply, shown)))])
    spans: list[Span] = []
    for block in blocks:
        if any(span.text for span in block):
            if spans:
                spans.append(Span("\n\n"))
            spans.extend(block)
    return spans


def _article(article: ShownArticle) -> list[Span]:
    """One article, whole: the heading that all channels share, the words of the law with the best
    of them bold (a long one folds up), organ and notes."""
    quote = "blockquote expandable" if len(article.text) > _LONG else "blockquote"
    start, end = article.marked or (0, 0)
    below = f"责任单位：{article.organ}" if article.organ else ""
    if article.note:
        below += f"\n提示：{article.note}" if below else f"提示：{article.note}"
    return [
        Span(_clean(heading(article)), ("b",)),
        Span("\n"),
        Span(_clean(article.text[:start]), (quote,)),
        Span(_clean(article.text[start:end]), (quote, "b")),
        Span(_clean(article.text[end:]), (quote,)),
        Span(_clean(f"\n{below}" if below else "")),
    ]


def _calls(reply: Reply, shown: str) -> Iterable[str]:
    """Lines for ``tel:`` buttons whose number is not in ``shown`` yet.

    Telegram refuses ``tel:`` links in keyboards, but makes plain numbers tappable.
    """
    for button in (button for row in reply.buttons for button in row):
        if button.url and button.url.lower().startswith("tel:"):
            number, label = _clean(button.url[4:]), _clean(button.label)
            if number and not re.search(rf"(?<!\d){re.escape(number)}(?!\d)", shown):
                yield label if number in label else f"{label}：{number}"


def keyboard_of(reply: Reply) -> InlineKeyboardMarkup | None:
    """The inline keyboard, without buttons for which Telegram would refuse the whole message."""
    rows = [
        [made for button in row if (made := _button(button)) is not None] for row in reply.buttons
    ]
    pieces = [row[at : at + _ROW] for row in rows for at in range(0, len(row), _ROW)]
    return InlineKeyboardMarkup(pieces) if pieces else None


def _button(button: Button) -> InlineKeyboardButton | None:
    found = button_fields(button.label, button.action, button.url)
    return InlineKeyboardButton(**found) if found else None


def button_fields(label: str, action: str | None, url: str | None) -> dict[str, Any] | None:
    """An ``InlineKeyboardButton``'s fields; None where Telegram would refuse it."""
    label = _clean(label).strip()
    if not label:
        return None
    if action is not None:
        size = len(action.encode())
        if 1 <= size <= InlineKeyboardButtonLimit.MAX_CALLBACK_DATA:
            return {"text": label, "callback_data": action}
        _log.error("按钮「%s」的动作有 %d 字节，超出 Telegram 的限制，已略去", label, size)
    elif url:
        try:
            link = urlsplit(url)
        except ValueError:
            return None
        if link.scheme in ("http", "https") and link.hostname:
            return {"text": label, "url": url}
    return None


def split(spans: Sequence[Span], limit: int = LIMIT) -> list[list[Span]]:
    """Styled text in pieces of at most ``limit`` UTF-16 code units, nothing lost or added.

    Cuts fall, in this order of preference, between blocks (an article then stays whole), between
    lines, after a sentence, anywhere. A piece of only white space, which Telegram refuses, is
    dropped.
    """
    text = _plain(spans)
    quoted = _quoted(spans)
    pieces: list[list[Span]] = []
    start = 0
    while start < len(text):
        end = _fit(text, start, limit)
        if end < len(text):
            end = _cut(text, start, end, quoted)
        if text[start:end].strip():
            pieces.append(_slice(spans, start, end))
        start = end
    return pieces


def _fit(text: str, start: int, limit: int) -> int:
    """The furthest end such that ``text[start:end]`` keeps to the limit (UTF-16 code units)."""
    if _units(text[start : start + limit]) <= limit:
        return min(len(text), start + limit)
    units, end = 0, start
    while (units := units + _units(text[end])) <= limit:
        end += 1
    return end


def _cut(text: str, start: int, end: int, quoted: Sequence[tuple[int, int]]) -> int:
    """The best place to cut in ``text[start:end]``; never one that leaves almost nothing."""
    window = text[start:end]
    least = len(window) // 4
    borders = [m.end() for m in re.finditer(r"\n\n", window)]
    free = [b for b in borders if not any(a < start + b < z for a, z in quoted)]
    lines = [m.end() for m in re.finditer(r"\n", window)]
    sentences = [m.end() for m in re.finditer(r"[。！？；]", window)]
    for places in (free, lines, sentences):
        if places and places[-1] > least:
            return start + places[-1]
    return end


def _quoted(spans: Sequence[Span]) -> list[tuple[int, int]]:
    """Where quotations lie in the plain text, as (start, end)."""
    found: list[tuple[int, int]] = []
    at = 0
    for is_quote, run in groupby(spans, key=lambda span: bool(span.tags) and span.tags[0] != "b"):
        size = sum(len(span.text) for span in run)
        if is_quote:
            found.append((at, at + size))
        at += size
    return found


def _slice(spans: Sequence[Span], start: int, end: int) -> list[Span]:
    """The part of styled text that lies in ``[start, end)``."""
    taken: list[Span] = []
    at = 0
    for span in spans:
        text = span.text[max(0, start - at) : max(0, end - at)]
        if text:
            taken.append(Span(text, span.tags))
        at += len(span.text)
    return taken


def markup(spans: Sequence[Span]) -> str:
    """Styled text as Telegram HTML; neighbours in one quotation share its tag."""
    out: list[str] = []
    kept = (span for span in spans if span.text)
    for outer, run in groupby(kept, key=lambda span: span.tags[:1]):
        inner = "".join(_wrap(html.escape(s.text, quote=False), s.tags[1:]) for s in run)
        out.append(_wrap(inner, outer))
    return "".join(out)


def _wrap(inner: str, tags: tuple[str, ...]) -> str:
    for tag in reversed(tags):
        inner = f"<{tag}>{inner}</{tag.split()[0]}>"
    return inner


def _plain(spans: Iterable[Span]) -> str:
    return "".join(span.text for span in spans)


def _units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(character > "\uffff" for character in text)


def _clean(text: str) -> str:
    """``text`` without lone surrogates, which cannot be sent."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
