"""An independent reading of Telegram's HTML style: what a resident sees, tags checked."""

from __future__ import annotations

from html.parser import HTMLParser

ALLOWED = {"b", "blockquote"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.visible = ""
        self.bold: list[str] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert tag in ALLOWED, tag
        assert not attrs or (tag, attrs) == ("blockquote", [("expandable", None)])
        assert tag not in self.open, "Telegram does not nest a tag in itself"
        self.open.append(tag)
        if tag == "b":
            self.bold.append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.visible += data
        if "b" in self.open:
            self.bold[-1] += data

    def handle_comment(self, data: str) -> None:
        raise AssertionError("a comment")

    def handle_decl(self, decl: str) -> None:
        raise AssertionError("a declaration")

    def handle_pi(self, data: str) -> None:
        raise AssertionError("a processing instruction")


def seen(html: str) -> str:
    """The visible text."""
    return _read(html).visible


def bold(html: str) -> list[str]:
    """The runs in bold."""
    return _read(html).bold


def units(text: str) -> int:
    """Length as Telegram counts it."""
    return len(text.encode("utf-16-le")) // 2


def _read(html: str) -> _Reader:
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert not reader.open, f"left open: {reader.open}"
    return reader
