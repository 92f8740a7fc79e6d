"""What a resident types is nowhere kept: not in the database, not in the log, not in an export.

Every example goes through the web app onto a store of its own that keeps as much as it may: the
reply is not sent yet, texts are kept, the resident agreed. Then all of it is searched for the
number, however it is written.
"""

from __future__ import annotations

import asyncio
import logging
import shutil
import sqlite3
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from handlers.letters.writing import Letters
from handlers.messages import Channel, Incoming
from handlers.web.app import create_app
from handlers.web.health import Health
from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock, examples
from tests.handlers.conversations import Finds
from tests.handlers.services.house import reception
from tests.handlers.test_masking import numbers

HAN = "零一二三四五六七八九"
FORMAL = "零壹贰叁肆伍陆柒捌玖"
FULL = "０１２３４５６７８９"
CIRCLED = "⓪①②③④⑤⑥⑦⑧⑨"
SPOKEN = "零幺二三四五六七八九"
SCRIPTS = {"ascii": "0123456789", "full": FULL, "han": HAN, "formal": FORMAL, "spoken": SPOKEN,
           "circled": CIRCLED}  # fmt: skip
VALUES = {char: str(place) for script in SCRIPTS.values() for place, char in enumerate(script)}
VALUES |= {"〇": "0", "○": "0", "两": "2"}
GAPS = ["", "", " ", "  ", "-", " - ", "—", ".", "·", "\u3000", "\u200b", "/", "_", "—"]
BEFORE = [
    "我的卡号是", "骗子电话", "他让我打", "身份证", "转到", "", "微信同号：",
    "点单 主题：反诈；时间：12月10日；单位：一中；备注：",
    "/ask ", "退订 ", "反馈：没用，", "转人工 ", "回复活动：",
    "选乡镇 ", "我12岁，电话", "第1题A ", "我刚给骗子转了八万，他的号码是", "《",
]  # fmt: skip
AFTER = ["", "，给不给退", "怎么办", "\n押金不退", "。", "号", "元", "》", " 我的点单"]
CODES = ["验证码是", "短信验证码：", "密码", "取款密码是", "校验码 ", "动态码", "验证码发来了是"]


@st.composite
def written(draw: st.DrawFn, number: str) -> str:
    """A number as people write it: other digits (mixed too), gaps at any distance."""
    scripts = draw(st.lists(st.sampled_from(sorted(SCRIPTS)), min_size=1, max_size=2))
    gap, every = draw(st.sampled_from(GAPS)), draw(st.integers(1, 6))
    bare = number.replace("-", "")
    text = "".join(
        SCRIPTS[scripts[place % len(scripts)]][int(digit)] if digit.isdecimal() else digit
        for place, digit in enumerate(bare)
    )
    return gap.join(text[at : at + every] for at in range(0, len(text), every))


@st.composite
def messages(draw: st.DrawFn) -> tuple[str, str]:
    """(the digits to look for, a message that holds them)."""
    before, after = draw(st.sampled_from(BEFORE)), draw(st.sampled_from(AFTER))
    number = draw(numbers)
    return number.replace("-", ""), before + draw(written(number)) + after


@st.composite
def codes(draw: st.DrawFn) -> tuple[str, str]:
    """A verification code, called one or said to have come by message.

    Six digits or more: fewer may be found by chance in a date or a key (``test_masking`` has them).
    """
    code = draw(st.text("0123456789", min_size=6, max_size=8))
    text = draw(written(code))
    word = draw(st.sampled_from(CODES))
    after = draw(st.sampled_from(["，给不给", "。他催我", ""]))
    said = [f"他要{word}{text}{after}", f"{text}这个验证码能说吗"]
    said += [f"手机短信来了{text}{after}", f"他让我把{text}报给他", f"要我输入{text}{after}"]
    return code, draw(st.sampled_from(said))


def digits_of(text: str) -> str:
    """All digits in reading order, whatever their script."""
    found = []
    for char in text:
        if char in VALUES:
            found.append(VALUES[char])
        elif (value := unicodedata.digit(char, None)) is not None:
            found.append(str(value))
    return "".join(found)


def cells(path: Path) -> Iterator[str]:
    """Every text that the database file holds."""
    with closing(sqlite3.connect(path)) as raw:
        tables = raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            for row in raw.execute(f'SELECT * FROM "{table}"'):
                yield from (cell for cell in row if isinstance(cell, str))


@pytest.fixture
def caught() -> Iterator[list[str]]:
    """Everything that is logged, at any level."""
    lines: list[str] = []

    class Catcher(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            lines.append(self.format(record))

    catcher, root = Catcher(), logging.getLogger()
    level = root.level
    root.addHandler(catcher)
    root.setLevel(logging.DEBUG)
    yield lines
    root.removeHandler(catcher)
    root.setLevel(level)


def kept_of(
    corpus: Corpus, empty: Path, folder: Path, text: str, caught: list[str], confidence: float
) -> list[str]:
    """Ask through the web app; every text that is left anywhere."""
    path = Path(shutil.copy(empty, folder / "outreach.db"))
    clock = FakeClock()
    caught.clear()
    store = Outreach.open(f"sqlite:///{path}", clock, keep_texts=True)
    with closing(store):
        desk = reception(Finds(corpus, ("民法典第五百七十七条",), confidence), store, clock)
        resident = desk.resident(Channel.WEB, "one")
        agreed = Incoming("web:agree", Channel.WEB, resident, "", clock.now(), "agree:1")
        desk.receive(agreed)
        desk.answer(agreed)
        desk.sent = lambda update_key: None  # type: ignore[method-assign]  # nothing is forgotten
        app = create_app(desk, health=lambda: Health({}), clock=clock, letters=Letters(corpus))

        async def post() -> str:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://chat.test") as web:
                answer = await web.post("/api/ask", json={"text": text, "session": "one"})
                assert answer.status_code == 200, answer.text
                useless = {"action": "human:fraud", "session": "one"}
                assert (await web.post("/api/ask", json=useless)).status_code == 200
                letter = {"facts": text, "name": text, "phone": text, "format": "txt"}
                printed = await web.post("/letters/police", data=letter)
                assert printed.status_code in (200, 422)  # what is too long is said
                return answer.text

        answer = asyncio.run(post())
        exports = []
        for name in ("csv", "json"):
            out = folder / f"ledger.{name}"
            day = date(2026, 11, 24)
            store.export(out, kind="ledger", format=name, start=day, end=day, exporter="甲")
            exports.append(out.read_text("utf-8-sig"))
    # the reply repeats nothing of the number either: it is sent through platforms
    return [*cells(path), *exports, *caught, answer]


relaxed = settings(
    max_examples=examples(60),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)


@pytest.mark.slow
@relaxed
@given(case=messages(), confidence=st.sampled_from([0.0, 0.9]))
@example(case=("13812345678", "一三八一二三四五六七八"), confidence=0.0)
@example(case=("6222021234567890128", "卡 6222 0212 3456 7890 128"), confidence=0.0)
def test_no_number_is_kept(
    corpus: Corpus,
    empty: Path,
    tmp_path: Path,
    caught: list[str],
    case: tuple[str, str],
    confidence: float,
) -> None:
    number, text = case
    for kept in kept_of(corpus, empty, tmp_path, text, caught, confidence):
        assert number not in digits_of(kept), kept


@pytest.mark.slow
@relaxed
@given(case=codes(), confidence=st.sampled_from([0.0, 0.9]))
def test_no_code_is_kept(
    corpus: Corpus,
    empty: Path,
    tmp_path: Path,
    caught: list[str],
    case: tuple[str, str],
    confidence: float,
) -> None:
    code, text = case
    for kept in kept_of(corpus, empty, tmp_path, text, caught, confidence):
        for run in runs(kept):
            assert code != run, kept


def runs(text: str) -> list[str]:
    """The stretches of digits in a text (a short code may be part of a date by chance)."""
    marked = "".join(
        VALUES.get(char) or (char if unicodedata.digit(char, None) is not None else " ")
        for char in text
    )
    return [digits_of(run) for run in marked.split()]


def test_the_search_would_find_a_number(
    corpus: Corpus, empty: Path, tmp_path: Path, caught: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without masking the text is in the store: the tests above can fail."""
    for module in ("handlers.reception", "handlers.conversation"):
        monkeypatch.setattr(f"{module}.mask", str)
    kept = kept_of(corpus, empty, tmp_path, "卖家电话13812345678不退押金", caught, 0.0)
    assert any("13812345678" in digits_of(text) for text in kept)
