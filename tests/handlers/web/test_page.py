"""The page, its form without JavaScript, sessions, headers, and what operators read."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from html import unescape

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from errors import OutreachError
from handlers.messages import Button, Incoming, Kind
from handlers.web.app import create_app
from handlers.web.assets import FOLDER
from handlers.web.health import Health
from handlers.web.limits import Rate
from handlers.web.view import EXAMPLES
from tests.handlers.desks import (
    QUESTION,
    RETURN_WITHIN_SEVEN_DAYS,
    DeskDouble,
    FakeClock,
    consumer_article,
    reply,
)
from tests.handlers.web.conftest import Connect, well

HOSTILE = "</mark><script>alert(1)</script>\" onfocus='alert(2)' {{7*7}} &lt;b&gt;"


def key_of(page: httpx.Response) -> str:
    (key,) = set(re.findall(r'name="key" value="([^"]+)"', page.text))
    return str(key)


def visible(page: str) -> str:
    """The page's words, without the templates for the browser module."""
    body = re.sub(r"<template.*?</template>", "", page, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", "", body))


async def test_the_first_screen(client: httpx.AsyncClient) -> None:
    page = await client.get("/")
    assert page.status_code == 200
    assert page.headers["content-type"] == "text/html; charset=utf-8"
    words = visible(page.text)
    assert "普法信息，不构成法律意见" in words
    assert "正在被骗或有危险：" in words
    assert 'href="tel:110"' in page.text
    assert 'href="tel:96110"' in page.text
    assert [topic for topic, _ in EXAMPLES] == ["宪法", "反诈", "消费"]
    for _, questions in EXAMPLES:
        for question in questions:
            assert f'name="text" value="{question}"' in page.text
    assert page.text.count('class="example"') == 6


async def test_county_and_contact(connect: Connect) -> None:
    page = await connect(county="陇川县", contact="陇川县司法局 0930-1234567").get("/")
    assert "<title>陇川县普法问答</title>" in page.text
    assert "陇川县司法局 0930-1234567" in page.text
    assert "<title>普法问答</title>" in (await connect().get("/")).text


async def test_everything_comes_from_this_server_and_nothing_is_inline(
    client: httpx.AsyncClient,
) -> None:
    page = (await client.post("/", data={"text": QUESTION})).text
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', page):
        assert re.match(r"/(?!/)|#|tel:|$", address), address
    assert not re.search(r"<[^>]*\s(?:style|on\w+)\s*=", page)
    assert not re.search(r"<script(?![^>]*\ssrc=)", page)
    assert "<style" not in page
    css = (FOLDER / "page.css").read_text()
    assert "url(" not in css
    assert "@import" not in css


@pytest.mark.parametrize("path", ["/", "/healthz", "/nothing", "/metrics"])
async def test_security_headers(client: httpx.AsyncClient, path: str) -> None:
    headers = (await client.get(path)).headers
    policy = dict(
        part.strip().split(" ", 1) for part in headers["content-security-policy"].split(";")
    )
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == "'self'"
    assert policy["frame-ancestors"] == "'none'"
    assert headers["x-content-type-options"] == "nosniff"
    assert headers["referrer-policy"] == "no-referrer"
    assert headers["cache-control"] == "no-store"
    assert "strict-transport-security" not in headers


async def test_another_room_may_set_its_own_headers(
    desk: DeskDouble, clock: FakeClock, connect: Connect
) -> None:
    async def console(request: Request) -> Response:
        return Response(headers={"Content-Security-Policy": "default-src 'self'"})

    app = create_app(desk, health=well, clock=clock, routes=[Route("/staff", console)])
    headers = (await connect(app).get("/staff")).headers
    assert headers["content-security-policy"] == "default-src 'self'"
    assert headers["x-frame-options"] == "DENY"


async def test_static_files_are_cached_by_content(client: httpx.AsyncClient) -> None:
    page = (await client.get("/")).text
    urls = set(re.findall(r'"(/assets/[^"]+)"', page))
    assert {url.rsplit("/", 1)[1] for url in urls} == {"page.css", "chat.js", "icon.svg"}
    for url in urls:
        response = await client.get(url)
        assert response.status_code == 200
        assert response.headers["cache-control"] == "public, max-age=31536000, immutable"
        assert response.content == (FOLDER / url.rsplit("/", 1)[1]).read_bytes()
        stale = re.sub(r"/assets/\w+/", "/assets/0123456789abcdef/", url)
        missing = await client.get(stale)
        assert missing.status_code == 404
        assert missing.headers["cache-control"] == "no-store"
    for path in ("/assets/../app.py", "/assets/%2e%2e/app.py", "/assets/page.css"):
        assert (await client.get(path)).status_code == 404


# ── sessions ──────────────────────────────────────────────────────────────────────────────────


async def test_cookie_rules(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    page = await client.get("/")
    cookie = page.headers["set-cookie"]
    assert re.match(r"pufa=[A-Za-z0-9_-]{32}; ", cookie)
    assert "HttpOnly" in cookie
    assert "SameSite=lax" in cookie
    assert "Path=/" in cookie
    assert "Max-Age=7776000" in cookie
    assert "Secure" not in cookie
    assert "set-cookie" not in (await client.get("/")).headers
    for _ in range(2):
        answer = await client.post("/api/ask", json={"text": QUESTION})
        assert "set-cookie" not in answer.headers
    await client.post("/", data={"text": QUESTION})
    assert len({incoming.resident for incoming in desk.received}) == 1
    assert client.cookies["pufa"] not in str(desk.received)


async def test_secure_cookie_and_transport(connect: Connect) -> None:
    page = await connect(secure_cookies=True).get("/")
    cookie = page.headers["set-cookie"]
    assert cookie.startswith("__Host-pufa=")
    assert "Secure" in cookie
    assert "Domain" not in cookie
    assert page.headers["strict-transport-security"] == "max-age=31536000"


async def test_a_named_session_needs_no_cookie_and_a_strange_cookie_is_replaced(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    named = await client.post("/api/ask", json={"text": QUESTION, "session": "kiosk-1"})
    assert "set-cookie" not in named.headers
    strange = await client.get("/", headers={"cookie": "pufa=<script>"})
    assert "set-cookie" in strange.headers


async def test_two_browsers_are_two_residents(
    make_app: Callable[[], Starlette], connect: Connect, desk: DeskDouble
) -> None:
    app = make_app()
    for _ in range(2):
        browser = connect(app)
        await browser.get("/")
        await browser.post("/api/ask", json={"text": QUESTION})
    assert len({incoming.resident for incoming in desk.received}) == 2


# ── without JavaScript ────────────────────────────────────────────────────────────────────────


async def test_the_form_answers_on_the_page(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    start = await client.get("/")
    page = await client.post("/", data={"text": QUESTION, "key": key_of(start)})
    assert page.status_code == 200
    words = visible(page.text)
    for line in RETURN_WITHIN_SEVEN_DAYS.split("\n"):
        assert line in words
    assert "<mark>消费者有权自收到商品之日起七日内退货，且无需说明理由</mark>" in page.text
    for fact in ("中华人民共和国消费者权益保护法", "第二十五条", "2013年10月25日", "现行有效"):
        assert fact in words
    assert "市场监督管理局" in words
    assert 'href="tel:12315"' in page.text
    assert 'name="action" value="more:8,9:abcd"' in page.text
    assert "full:7:abcd" not in page.text  # the card shows its article whole
    assert desk.closed == [desk.received[0].update_key]


async def test_reloading_adds_no_event_but_asking_again_from_the_old_page_does(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    key = key_of(await client.get("/"))
    for _ in range(2):
        await client.post("/", data={"text": QUESTION, "key": key})
    assert list(desk.events.values()) == [1]
    page = await client.post("/", data={"text": "押金不退怎么办", "key": key})
    assert page.status_code == 200
    assert len(desk.events) == 2


async def test_a_button_of_the_page(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    page = await client.post("/", data={"action": "good:7:abcd", "key": "0123456789"})
    assert "只记次数" in visible(page.text)
    assert desk.received[0].action == "good:7:abcd"


async def test_an_urgent_answer_starts_with_the_calls(client: httpx.AsyncClient) -> None:
    page = (await client.post("/", data={"text": "我刚给骗子转了八万怎么办"})).text
    turn = page[page.index('data-kind="urgent"') : page.index("</article>")]
    first, second = re.findall(r'class="call"[^>]*href="tel:(\d+)"', turn)
    assert (first, second) == ("110", "96110")
    assert turn.index('href="tel:110"') < turn.index("先停")
    assert turn.index("先停") < turn.index('class="card"')
    assert '立即打<a href="tel:110">110</a>' in turn
    assert 'class="step"' in turn


@pytest.mark.parametrize(
    ("text", "status", "said"),
    [("", 400, "还没有写问题"), ("很" * 2_001, 413, "2,001")],
)
async def test_a_refusal_keeps_what_was_typed(
    client: httpx.AsyncClient, text: str, status: int, said: str
) -> None:
    page = await client.post("/", data={"text": text, "key": "0123456789abcdef"})
    assert page.status_code == status
    assert said in visible(page.text)
    assert f'aria-invalid="true">{text}</textarea>' in page.text


async def test_a_failing_desk_on_the_page(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    def fail(incoming: Incoming) -> None:
        raise OutreachError("locked")

    desk.before_answer = fail
    page = await client.post("/", data={"text": QUESTION, "key": "0123456789abcdef"})
    assert page.status_code == 503
    assert "12348" in visible(page.text)
    assert key_of(page) == "0123456789abcdef"  # pressing again is the same message


async def test_rate_limit_on_the_page(connect: Connect) -> None:
    client = connect(rate=Rate(burst=1, per_second=1))
    await client.get("/")
    assert (await client.post("/", data={"text": QUESTION})).status_code == 200
    page = await client.post("/", data={"text": "另一个问题"})
    assert page.status_code == 429
    assert page.headers["retry-after"] == "1"
    assert ">另一个问题</textarea>" in page.text


async def test_forms_of_other_sites_and_other_types_are_refused(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    foreign = await client.post(
        "/", data={"text": QUESTION}, headers={"sec-fetch-site": "cross-site"}
    )
    assert foreign.status_code == 403
    files = await client.post("/", files={"text": ("a.txt", b"x")})
    assert files.status_code == 415
    too_many = await client.post("/", data={f"f{n}": "1" for n in range(65)})
    assert too_many.status_code == 400
    not_utf8 = await client.post(
        "/",
        content=b"text=%ff%fe",
        headers={"content-type": "application/x-www-form-urlencoded"},
    )
    assert not_utf8.status_code == 400
    assert desk.received == []


# ── hostile text ──────────────────────────────────────────────────────────────────────────────


async def test_nothing_written_becomes_markup(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    clean = (await client.post("/", data={"text": QUESTION})).text
    tags = len(re.findall(r"<script", clean))
    desk.replies[HOSTILE] = reply(
        Kind.ANSWER,
        HOSTILE,
        articles=(
            consumer_article(
                HOSTILE, HOSTILE, HOSTILE[5:30], law=HOSTILE, organ=HOSTILE, note=HOSTILE
            ),
        ),
        shown=1,
        buttons=((Button(HOSTILE, 'x"><script>'), Button("去", url="javascript:alert(3)")),),
    )
    page = (await client.post("/", data={"text": HOSTILE})).text
    assert len(re.findall(r"<script", page)) == tags
    assert "javascript:" not in page
    assert not re.search(r"<[^>]*\sonfocus", page)
    assert "49" not in visible(page).replace(HOSTILE, "")
    assert visible(page).count(HOSTILE) >= 6  # question, lead, law, number, text, note …
    typed = await client.post("/", data={"text": "</textarea><script>" + "x" * 2_000})
    assert len(re.findall(r"<script", typed.text)) == tags


# ── operators ─────────────────────────────────────────────────────────────────────────────────


async def test_readiness(connect: Connect) -> None:
    ready = await connect().get("/readyz")
    assert ready.status_code == 200
    assert ready.json() == {
        "ready": True,
        "checks": {"corpus": "ok", "index": "ok", "database": "ok"},
    }
    ill = await connect(health=lambda: Health({"corpus": None, "index": "索引缺失"})).get("/readyz")
    assert ill.status_code == 503
    assert ill.json()["checks"] == {"corpus": "ok", "index": "索引缺失"}
    assert (await connect(health=lambda: Health({})).get("/readyz")).status_code == 503


async def test_a_broken_health_check_is_not_ready(connect: Connect) -> None:
    def broken() -> Health:
        raise OSError("/srv/secret/path")

    client = connect(health=broken)
    response = await client.get("/readyz")
    assert response.status_code == 503
    assert "secret" not in response.text
    assert (await client.get("/healthz")).text == "ok"


async def test_metrics(connect: Connect, desk: DeskDouble) -> None:
    client = connect(rate=Rate(burst=5, per_second=1))
    session = {"session": "kiosk-7"}
    asked = {"text": "我刚给骗子转了八万怎么办", "key": "0123456789", **session}
    await client.post("/api/ask", json=asked)
    await client.post("/api/ask", json=asked)  # repeated
    await client.post("/api/ask", json={"text": "今天天气", **session})
    await client.post("/api/ask", json={"text": QUESTION, **session})
    desk.before_answer = lambda incoming: 1 // 0  # type: ignore[assignment]
    await client.post("/api/ask", json={"text": QUESTION, **session})
    await client.post("/api/ask", json={"text": QUESTION, **session})  # over the rate
    await client.get("/made/up/path")
    response = await client.get("/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
    samples = {
        (sample.name, *sorted(sample.labels.values())): sample.value
        for family in text_string_to_metric_families(response.text)
        for sample in family.samples
    }
    assert samples["pufa_web_answers_total", "urgent"] == 1
    assert samples["pufa_web_answers_total", "lookup"] == 0
    assert samples["pufa_web_answer_seconds_count", "answer"] == 1
    assert samples["pufa_web_urgent_total",] == 1
    assert samples["pufa_web_declined_total",] == 1
    assert samples["pufa_web_repeated_total",] == 1
    assert samples["pufa_web_rate_limited_total",] == 1
    assert samples["pufa_web_desk_failures_total", "error"] == 1
    assert samples["pufa_web_desk_in_flight",] == 0
    assert samples["pufa_web_requests_total", "/api/ask", "200", "POST"] == 4
    assert samples["pufa_web_requests_total", "404", "GET", "other"] == 1
    for personal in (QUESTION, "kiosk-7", "made/up", desk.received[0].resident):
        assert personal not in response.text


async def test_long_answers_travel_compressed(client: httpx.AsyncClient) -> None:
    response = await client.post("/api/ask", json={"text": QUESTION})
    assert response.headers["content-encoding"] == "gzip"
    plain = await client.get("/healthz")
    assert "content-encoding" not in plain.headers


async def test_a_reply_of_text_alone_is_shown(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    desk.replies["你好"] = replace(reply(Kind.SMALLTALK, ""), text="您好，请说", lead="", tail="")
    assert "您好，请说" in visible((await client.post("/", data={"text": "你好"})).text)
