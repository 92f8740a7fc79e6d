"""The letters' pages: usable without JavaScript, give files, keep nothing."""

from __future__ import annotations

import logging
import re
from collections.abc import AsyncIterator
from html import unescape
from io import BytesIO
from urllib.parse import quote

import docx
import httpx
import pytest

from handlers.letters.printing import DOCX_TYPE
from handlers.letters.writing import Letters
from handlers.web.app import WebOptions, create_app
from knowledge.corpus import Corpus
from tests.handlers.desks import DeskDouble, FakeClock
from tests.handlers.web.conftest import well

SECRET = "王翠花的秘密"


@pytest.fixture
async def pages(
    corpus: Corpus, desk: DeskDouble, clock: FakeClock
) -> AsyncIterator[httpx.AsyncClient]:
    app = create_app(desk, health=well, clock=clock, options=WebOptions(), letters=Letters(corpus))
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://chat.test") as client:
        yield client


async def test_the_list_and_the_forms_are_labelled(pages: httpx.AsyncClient) -> None:
    home = await pages.get("/")
    assert 'href="/letters"' in home.text
    listed = await pages.get("/letters")
    links = re.findall(r'href="(/letters/[a-z]+)"', listed.text)
    assert len(links) == 5
    for link in links:
        page = await pages.get(link)
        assert page.status_code == 200
        assert page.headers["cache-control"] == "no-store"
        assert "<script" not in page.text
        ids = set(re.findall(r'<(?:input|textarea)[^>]* id="([a-z]+)"', page.text))
        assert ids
        assert ids == set(re.findall(r'<label class="field-label" for="([a-z]+)"', page.text))
        described = re.findall(r'aria-describedby="([a-z-]+)"', page.text)
        assert described
        assert all(f'id="{name}"' in page.text for name in described)
        assert "不保存、不记录" in page.text


async def test_a_filled_in_form_gives_the_file_and_leaves_no_trace(
    pages: httpx.AsyncClient, desk: DeskDouble, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    filled = {"name": SECRET, "price": "三百", "day": "2026-11-07", "facts": "一\r\n二"}
    made = await pages.post("/letters/complaint", data={**filled, "format": "docx"})
    assert made.status_code == 200
    assert made.headers["content-type"] == DOCX_TYPE
    assert made.headers["cache-control"] == "no-store"
    assert f"filename*=UTF-8''{quote('消费投诉信.docx')}" in made.headers["content-disposition"]
    words = "\n".join(p.text for p in docx.Document(BytesIO(made.content)).paragraphs)
    assert SECRET in words
    assert "300 元（大写：叁佰元整）" in words
    text = await pages.post("/letters/complaint", data={**filled, "format": "txt"})
    assert text.headers["content-type"] == "text/plain; charset=utf-8"
    assert SECRET in text.content.decode("utf-8-sig")
    assert desk.received == []
    assert desk.events == {}
    assert "set-cookie" not in made.headers
    assert SECRET not in caplog.text
    assert quote(SECRET) not in caplog.text
    metrics = await pages.get("/metrics")
    assert SECRET not in metrics.text
    assert 'route="/letters"' in metrics.text


async def test_a_slip_keeps_what_was_typed_and_says_where(pages: httpx.AsyncClient) -> None:
    hostile = '"><script>alert(1)</script>'
    typed = {"name": hostile, "price": "10^30", "day": "2026-02-30", "paid": "微信支付"}
    page = await pages.post("/letters/complaint", data=typed)
    assert page.status_code == 422
    assert page.headers["content-type"].startswith("text/html")
    assert "<script" not in page.text
    assert hostile in unescape(page.text)
    assert "有 3 处要改" in page.text
    assert '<a href="#price">' in page.text
    assert '<a href="#day">' in page.text
    assert page.text.count('aria-invalid="true"') == 3
    assert re.search(r'value="微信支付" checked', page.text)


async def test_blank_files_are_there_for_paper(pages: httpx.AsyncClient) -> None:
    for kind in ("aid", "complaint", "demand", "iou", "police"):
        made = await pages.get(f"/letters/{kind}/blank.docx")
        assert made.headers["content-type"] == DOCX_TYPE
        words = "\n".join(p.text for p in docx.Document(BytesIO(made.content)).paragraphs)
        assert "____" in words


async def test_what_is_refused(pages: httpx.AsyncClient) -> None:
    html = {"accept": "text/html"}
    unknown = await pages.get("/letters/will", headers=html)
    assert unknown.status_code == 404
    assert "没有这种文书" in unknown.text
    assert (await pages.get("/letters/%2e%2e")).status_code in (200, 404)
    foreign = await pages.post(
        "/letters/iou", data={"lender": "x"}, headers={"sec-fetch-site": "cross-site", **html}
    )
    assert foreign.status_code == 403
    huge = await pages.post("/letters/iou", data={"purpose": "字" * 100_000})
    assert huge.status_code == 413
    assert "写得太长了" in huge.text
    many = await pages.post("/letters/iou", data={f"f{n}": "1" for n in range(200)})
    assert many.status_code == 400
    long = await pages.post("/letters/iou", data={"purpose": "字" * 61})
    assert long.status_code == 422
    assert "写了 61 字，最多 60 字" in long.text


async def test_without_letters_there_are_no_pages(client: httpx.AsyncClient) -> None:
    assert (await client.get("/letters")).status_code == 404
    assert "/letters" not in (await client.get("/")).text
