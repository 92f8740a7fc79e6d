"""A reply as the page shows it: the contract's JSON object, with what the page needs on top.

The browser module and the templates draw from the same object, so that an answer looks the same
with and without JavaScript.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import jinja2

from handlers.actions import Verb
from handlers.messages import Button, Reply, ShownArticle
from handlers.web.assets import Assets
from knowledge.articles import Status

NOTICE = "普法信息，不构成法律意见"
EXAMPLES = (
    ("宪法", ("公民有哪些基本权利和义务", "别人可以随便进我家搜查吗")),
    ("反诈", ("把银行卡借给别人用违法吗", "孩子被拉去刷单返利，算诈骗吗")),
    ("消费", ("网购的羽绒服不喜欢，商家说特价不退，合法吗", "买到过期食品能要求赔多少")),
)
# What the <template> elements are rendered from, for the browser module to fill in.
_BLANK = {
    "answer": {
        "kind": "", "lead": "", "tail": "", "articles": [], "shown": 0, "calls": [],
        "hotlines": [], "buttons": [],
    },
    "article": {
        "law": "", "article": "", "text": "", "marked": None, "status": "", "organ": "",
        "note": "", "labels": {"status": "", "version": "", "effective": "", "path": ""},
    },
    "call": {"number": "", "name": "", "use": ""},
}  # fmt: skip


def answer_object(reply: Reply, elapsed_ms: float) -> dict[str, Any]:
    """The contract's answer object with ``lead``, ``tail``, named ``calls`` and display labels.

    Additions: ``lead`` and ``tail`` (the words around the articles), ``calls`` (the hotlines with
    name and use), each article's ``labels``, and each button's ``role``: ``feedback`` is answered
    in place and opens no new turn, ``full`` is not drawn, because a card shows its article whole.
    """
    answer = reply.to_json(elapsed_ms)
    lead = reply.lead
    if not (lead or reply.tail or reply.articles):
        lead = reply.text
    answer["lead"], answer["tail"] = lead, _without_calls(reply)
    answer["calls"] = [
        {"number": line.number, "name": line.name, "use": line.use} for line in reply.hotlines
    ]
    for shown, article in zip(answer["articles"], reply.articles, strict=True):
        shown["labels"] = _labels(article)
    for row, buttons in zip(answer["buttons"], reply.buttons, strict=True):
        for shown, button in zip(row, buttons, strict=True):
            shown["role"] = _role(button)
    return answer


def paragraphs(text: str, marked: Sequence[int] | None) -> list[list[tuple[str, bool]]]:
    """The lines of an article (款, 项) as runs of (text, whether marked); nothing is dropped.

    ``marked`` is a slice of ``text`` in code points and may run over line ends.
    """
    start, end = marked or (0, 0)
    end = max(start, end)  # a mark may be off, the words of the law never
    lines = []
    offset = 0
    for line in text.split("\n"):
        cuts = [0, *(min(max(cut - offset, 0), len(line)) for cut in (start, end)), len(line)]
        runs = [
            (line[a:b], is_marked)
            for a, b, is_marked in zip(cuts, cuts[1:], (False, True, False), strict=False)
            if b > a
        ]
        if line.strip():
            lines.append(runs)
        offset += len(line) + 1
    return lines


def dialable(text: str, numbers: Sequence[str]) -> Iterator[tuple[str, bool]]:
    """Runs of (text, whether it is one of ``numbers``), so that reviewed numbers become links."""
    for run in re.split(r"([0-9]+(?:-[0-9]+)*)", text):
        if run:
            yield run, run in numbers


def is_step(line: str) -> bool:
    """Whether a line is a numbered step, which hangs its number in the margin."""
    return re.match(r"[0-9]{1,2}\. ", line) is not None


def safe_url(url: str) -> str:
    """A button's address: ``tel:``, ``https:`` or the letters' pages; all else leads nowhere."""
    own = re.fullmatch(r"/letters(?:/[a-z]+)?", url)
    return url if own or url.startswith(("tel:", "https://")) else "#"


def environment(assets: Assets) -> jinja2.Environment:
    """The templates: escaped by default, undefined names are errors."""
    templates = jinja2.Environment(
        loader=jinja2.FileSystemLoader(Path(__file__).parent / "templates"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    templates.filters["paragraphs"] = paragraphs
    templates.filters["dialable"] = dialable
    templates.filters["safe_url"] = safe_url
    templates.tests["step"] = is_step
    templates.globals["blank"] = _BLANK
    templates.globals["asset"] = assets.url
    templates.globals["notice"] = NOTICE
    templates.globals["examples"] = EXAMPLES
    return templates


def _labels(article: ShownArticle) -> dict[str, str]:
    try:
        status = Status(article.status).label
    except ValueError:
        status = article.status
    effective = ""
    if article.status == Status.NOT_YET_IN_FORCE and article.effective_date:
        effective = f"自{_day(article.effective_date)}起施行"
    return {
        "status": status,
        "version": _day(article.version_date),
        "effective": effective,
        "path": " › ".join(article.path),
    }


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"


def _without_calls(reply: Reply) -> str:
    """The tail less the line that names the hotlines, which ``calls`` shows as links."""
    named = [f"{line.number}（{line.name}）" for line in reply.hotlines]
    lines = reply.tail.split("\n")
    return "\n".join(ln for ln in lines if not (named and all(name in ln for name in named)))


def _role(button: Button) -> str | None:
    verb = (button.action or "").partition(":")[0]
    if verb in (Verb.GOOD, Verb.BAD):
        return "feedback"
    return "full" if verb == Verb.FULL and button.label.startswith("全文") else None
