"""A reply within a limit of bytes, for channels with short messages (WeChat: about 2,048).

What must be said comes first and is kept; what is left out is left out whole: an article is shown
in full, or by its heading and the sentence that answers, or not at all, so that no quotation of the
law is ever cut in its middle.
"""

from __future__ import annotations

from collections.abc import Iterator

from handlers import phrases
from handlers.messages import Reply, ShownArticle
from handlers.questions import heading, plain

WECHAT = 2048  # bytes of UTF-8 of one passive or customer-service text message


def size(text: str) -> int:
    """Bytes of a text in UTF-8."""
    return len(text.encode("utf-8", "replace"))


def within(reply: Reply, limit: int = WECHAT) -> str:
    """The reply's text in at most ``limit`` bytes (500 or more): whole where it fits.

    Otherwise lead, articles and tail as far as they go: the lead by lines, of an article the
    heading and its best sentence, of the tail the first and the last line (whom to call, the
    notice), and a line that says how to get the rest.
    """
    if size(reply.text) <= limit:
        return reply.text
    tail = reply.tail.split("\n") if reply.tail else []
    kept_tail = list(dict.fromkeys((*tail[:1], *tail[-1:])))
    end = "\n".join((phrases.CUT, *kept_tail))
    room = limit - size(end) - 4
    articles = reply.articles[: reply.shown]
    reserve = size(_short(articles[0])) + 2 if articles else 0
    lead = _lines(reply.lead or reply.text, room - (reserve if reserve < room // 2 else 0))
    blocks = [lead] if lead else []
    room -= size(lead) + 2
    for article in articles:
        for form in (plain(article), _short(article), heading(article)):
            if size(form) + 2 <= room:
                blocks.append(form)
                room -= size(form) + 2
                break
    return "\n\n".join((*blocks, end))


def _short(article: ShownArticle) -> str:
    """Heading and the sentence that answers best, else the first line of the article."""
    begin, end = article.marked or (0, len(article.text.split("\n")[0]))
    return f"{heading(article)}\n▶ “{article.text[begin:end].strip()}”"


def _lines(text: str, room: int) -> str:
    """The first lines of a text that fit; a first line that alone is too long ends at a mark."""
    kept: list[str] = []
    for line in text.split("\n"):
        if sum(map(size, kept)) + len(kept) + size(line) > room:
            break
        kept.append(line)
    if kept:
        return "\n".join(kept).rstrip()
    return "".join(_sentences(text.split("\n")[0], room))


def _sentences(line: str, room: int) -> Iterator[str]:
    start = 0
    for place, character in enumerate(line):
        if character in "。！？；":
            piece = line[start : place + 1]
            room -= size(piece)
            if room < 0:
                return
            yield piece
            start = place + 1
