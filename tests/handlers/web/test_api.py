"""``POST /api/ask``: the contract, and every way to get it wrong."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any

import httpx
import pytest
from starlette.requests import Request
from starlette.routing import Route

from errors import OutreachError, UsageError
from handlers.messages import Channel, Incoming
from handlers.web.app import create_app
from handlers.web.limits import Rate
from outreach.residents import resident_key
from tests.handlers.desks import QUESTION, SECRET, DeskDouble, FakeClock
from tests.handlers.web.conftest import Connect, well


def message(response: httpx.Response) -> str:
    said = response.json()["error"]["message"]
    assert isinstance(said, str)
    assert not said.isascii(), "residents read Chinese"
    return said


async def test_answers_with_the_contract_object(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    response = await client.post("/api/ask", json={"text": QUESTION, "session": "s-1"})
    assert response.status_code == 200
    body = response.json()
    assert body["kind"] == "answer"
    assert body["hotlines"] == ["12315", "12348"]
    assert body["topic"] == "consumer"
    assert 0 <= body["confidence"] <= 1
    assert body["elapsed_ms"] >= 0
    assert body["cards"] == []
    first = body["articles"][0]
    assert first["article"] == "第二十五条"
    assert first["version_date"] == "2013-10-25"
    assert first["organ"] == "市场监督管理局"
    # what the page adds
    assert first["labels"]["status"] == "现行有效"
    assert [call["name"] for call in body["calls"]] == ["消费投诉", "公共法律服务"]
    assert "可以打" in body["text"]
    assert "可以打" not in body["tail"]
    assert "12348" in body["tail"]
    (incoming,) = desk.received
    assert incoming.channel is Channel.WEB
    assert incoming.text == QUESTION
    assert incoming.resident == resident_key(SECRET, "web", "s-1")
    assert desk.closed == [incoming.update_key]


async def test_desk_works_off_the_event_loop(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    await client.post("/api/ask", json={"text": QUESTION, "session": "s"})
    assert desk.threads
    assert threading.get_ident() not in desk.threads


async def test_a_button_is_an_action_without_text(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    response = await client.post("/api/ask", json={"action": "more:8,9:abcd", "session": "s"})
    assert response.status_code == 200
    assert response.json()["articles"][0]["labels"]["effective"] == "自2027年1月1日起施行"
    assert (desk.received[0].action, desk.received[0].text) == ("more:8,9:abcd", "")


async def test_a_repeated_key_adds_no_event(client: httpx.AsyncClient, desk: DeskDouble) -> None:
    asked = {"text": QUESTION, "session": "s", "key": "0123456789abcdef"}
    first = await client.post("/api/ask", json=asked)
    again = await client.post("/api/ask", json=asked)
    assert first.json()["articles"] == again.json()["articles"]
    assert list(desk.events.values()) == [1]
    await client.post("/api/ask", json={**asked, "key": "fedcba9876543210"})
    assert len(desk.events) == 2


async def test_the_same_key_of_another_session_is_another_message(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    for session in ("a", "b"):
        await client.post(
            "/api/ask", json={"text": QUESTION, "session": session, "key": "0123456789"}
        )
    assert len(desk.events) == 2


async def test_messages_without_a_key_are_all_new(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    for _ in range(2):
        await client.post("/api/ask", json={"text": QUESTION, "session": "s"})
    assert len(desk.events) == 2


async def test_a_key_used_for_something_else(client: httpx.AsyncClient) -> None:
    asked = {"text": QUESTION, "session": "s", "key": "0123456789abcdef"}
    await client.post("/api/ask", json=asked)
    response = await client.post("/api/ask", json={**asked, "text": "别的事"})
    assert response.status_code == 409
    assert "刷新" in message(response)


@pytest.mark.parametrize(
    ("body", "status", "hint"),
    [
        (b"{", 400, "JSON"),
        (b"", 400, "JSON"),
        (b"\xff\xfe", 400, "JSON"),
        (b"[" * 20_000, 400, "JSON"),
        (b'["text"]', 400, "对象"),
        (b'"text"', 400, "对象"),
        (b'{"text": 5}', 400, "text"),
        (b'{"text": ["a"]}', 400, "text"),
        (b'{"text": "a", "session": 5}', 400, "session"),
        (b'{"text": "a", "session": ""}', 400, "session"),
        (b'{"text": "a", "session": "\\n"}', 400, "session"),
        (b'{"text": "a", "session": "cookie:x"}', 400, "session"),
        (b'{"text": "a", "key": "short"}', 400, "key"),
        (b'{"text": "a", "key": "with space in it"}', 400, "key"),
        (b'{"text": "a", "action": "b"}', 400, "action"),
        (b'{"action": {}}', 400, "action"),
        (b'{"text": "\\ud800"}', 400, "无法识别"),
        (b"{}", 400, "还没有写问题"),
        (b'{"text": ""}', 400, "还没有写问题"),
        (b'{"text": " \\n\\u3000 "}', 400, "还没有写问题"),
        (b'{"text": "\\u0000"}', 400, "还没有写问题"),
        (b'{"text": null, "action": null}', 400, "还没有写问题"),
    ],
)
async def test_refuses_with_a_clear_sentence(
    client: httpx.AsyncClient, desk: DeskDouble, body: bytes, status: int, hint: str
) -> None:
    response = await client.post(
        "/api/ask", content=body, headers={"content-type": "application/json"}
    )
    assert response.status_code == status
    assert hint in message(response)
    assert desk.received == []


async def test_an_action_too_long_for_a_button(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/ask", json={"action": "x" * 60})).status_code == 200
    response = await client.post("/api/ask", json={"action": "x" * 61})
    assert response.status_code == 400


async def test_length_counts_characters_not_bytes(client: httpx.AsyncClient) -> None:
    # beyond the basic plane: the most bytes that 2,000 characters can need
    longest = json.dumps({"text": "𠮷" * 2_000}).encode()
    kind = {"content-type": "application/json"}
    assert (await client.post("/api/ask", content=longest, headers=kind)).status_code == 200
    response = await client.post("/api/ask", json={"text": "字" * 2_001})
    assert response.status_code == 413
    assert "2,001" in message(response)
    assert "分几次" in message(response)


async def test_a_body_over_the_limit_is_not_read_to_its_end(client: httpx.AsyncClient) -> None:
    kind = {"content-type": "application/json"}
    declared = await client.post("/api/ask", content=b"x" * 40_000, headers=kind)
    assert declared.status_code == 413
    sent = 0

    async def endless() -> Any:
        nonlocal sent
        while sent < 1_000_000:
            sent += 10_000
            yield b"x" * 10_000

    streamed = await client.post("/api/ask", content=endless(), headers=kind)
    assert streamed.status_code == 413
    assert sent < 100_000


@pytest.mark.parametrize("kind", ["text/plain", "multipart/form-data; boundary=x", ""])
async def test_wrong_content_type(client: httpx.AsyncClient, kind: str) -> None:
    response = await client.post(
        "/api/ask", content=b'{"text": "a"}', headers={"content-type": kind}
    )
    assert response.status_code == 415
    assert "application/json" in message(response)


async def test_content_type_with_charset(client: httpx.AsyncClient) -> None:
    kind = {"content-type": "Application/JSON; charset=utf-8"}
    body = json.dumps({"text": QUESTION}).encode()
    assert (await client.post("/api/ask", content=body, headers=kind)).status_code == 200


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("GET", "/api/ask", {"POST"}),
        ("DELETE", "/api/ask", {"POST"}),
        ("PUT", "/", {"GET", "HEAD", "POST"}),
        ("POST", "/healthz", {"GET", "HEAD"}),
    ],
)
async def test_wrong_method(
    client: httpx.AsyncClient, method: str, path: str, allowed: set[str]
) -> None:
    response = await client.request(method, path)
    assert response.status_code == 405
    assert set(response.headers["allow"].split(", ")) == allowed
    message(response)


async def test_unknown_path(client: httpx.AsyncClient) -> None:
    response = await client.get("/nothing")
    assert response.status_code == 404
    message(response)
    page = await client.get("/nothing", headers={"accept": "text/html"})
    assert page.status_code == 404
    assert 'href="tel:110"' in page.text


async def test_rate_limit_by_session(connect: Connect, clock: FakeClock, desk: DeskDouble) -> None:
    client = connect(rate=Rate(burst=2, per_second=0.1))

    async def ask(session: str) -> httpx.Response:
        return await client.post("/api/ask", json={"text": QUESTION, "session": session})

    assert [(await ask("a")).status_code for _ in range(3)] == [200, 200, 429]
    refused = await ask("a")
    assert refused.headers["retry-after"] == "10"
    assert "110" in message(refused)
    assert (await ask("b")).status_code == 200
    clock.move(9.9)
    assert (await ask("a")).status_code == 429
    clock.move(0.1)
    assert (await ask("a")).status_code == 200
    assert len(desk.events) == 4


@pytest.mark.parametrize(
    "failure", [OutreachError("数据库忙"), RuntimeError("text: 我叫张三"), OSError("disk")]
)
async def test_a_failing_desk_still_gives_the_numbers(
    client: httpx.AsyncClient,
    desk: DeskDouble,
    failure: Exception,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def fail(incoming: Incoming) -> None:
        raise failure

    desk.before_answer = fail
    asked = {"text": "我叫张三，被骗了", "session": "s", "key": "0123456789"}
    with caplog.at_level(logging.DEBUG):
        response = await client.post("/api/ask", json=asked)
    assert response.status_code == 503
    assert "12348" in message(response)
    assert "110" in message(response)
    assert type(failure).__name__ in caplog.text
    assert "张三" not in caplog.text + response.text
    assert desk.closed == []
    desk.before_answer = lambda incoming: None
    assert (await client.post("/api/ask", json=asked)).status_code == 200  # the retry is served
    assert list(desk.events.values()) == [1]


async def test_a_user_mistake_found_by_the_desk(
    client: httpx.AsyncClient, desk: DeskDouble
) -> None:
    def fail(incoming: Incoming) -> None:
        raise UsageError("没有这个命令。")

    desk.before_answer = fail
    response = await client.post("/api/ask", json={"text": "/x"})
    assert response.status_code == 400
    assert message(response) == "没有这个命令。"


async def test_a_failure_after_the_response_harms_nobody(
    client: httpx.AsyncClient, desk: DeskDouble, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(update_key: str) -> None:
        raise OutreachError("locked")

    desk.sent = fail  # type: ignore[method-assign]
    response = await client.post("/api/ask", json={"text": QUESTION})
    assert response.status_code == 200
    assert "OutreachError" in caplog.text


async def test_more_messages_than_threads_and_places_are_turned_away(
    connect: Connect, desk: DeskDouble
) -> None:
    release, entered = threading.Event(), threading.Semaphore(0)

    def wait(incoming: Incoming) -> None:
        entered.release()
        assert release.wait(30)

    desk.before_answer = wait
    client = connect(workers=1, waiting=1)

    async def ask(session: str) -> httpx.Response:
        return await client.post("/api/ask", json={"text": QUESTION, "session": session})

    try:
        served = asyncio.create_task(ask("a"))
        assert await asyncio.to_thread(entered.acquire, timeout=30)
        queued = asyncio.create_task(ask("b"))
        async with asyncio.timeout(30):
            while "pufa_web_desk_in_flight 2.0" not in (await client.get("/metrics")).text:  # noqa: ASYNC110
                await asyncio.sleep(0)  # a gauge can only be asked
        refused = await ask("c")
        assert (await client.get("/healthz")).status_code == 200
    finally:
        release.set()
    assert refused.status_code == 503
    assert refused.headers["retry-after"] == "5"
    assert "110" in message(refused)
    assert {(await served).status_code, (await queued).status_code} == {200}


async def test_a_desk_that_hangs(connect: Connect, desk: DeskDouble) -> None:
    release = threading.Event()
    desk.before_answer = lambda incoming: assert_released(release)
    client = connect(timeout=0.01)
    try:
        response = await client.post("/api/ask", json={"text": QUESTION})
    finally:
        release.set()
    assert response.status_code == 503
    assert "110" in message(response)


def assert_released(release: threading.Event) -> None:
    assert release.wait(30)


async def test_a_defect_is_a_plain_500(
    desk: DeskDouble, clock: FakeClock, connect: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    async def broken(request: Request) -> None:
        raise ZeroDivisionError(request.query_params["q"])

    app = create_app(desk, health=well, clock=clock, routes=[Route("/broken", broken)])
    response = await connect(app).get("/broken?q=13900000000")
    assert response.status_code == 500
    assert "12348" in message(response)
    assert response.headers["x-content-type-options"] == "nosniff"
    assert "ZeroDivisionError" in caplog.text
    assert "13900000000" not in caplog.text


async def test_the_access_log_holds_nothing_of_a_message(
    client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG, logger="pufa"):
        await client.post("/api/ask?text=秘密", json={"text": "秘密", "session": "秘密的编号"})
        await client.get("/秘密")
        await client.post("/", data={"text": "秘密"})
    lines = [r.getMessage() for r in caplog.records if r.name == "pufa.web.access"]
    assert [line.split(" ")[:3] for line in lines] == [
        ["POST", "/api/ask", "200"],
        ["GET", "other", "404"],
        ["POST", "/", "200"],
    ]
    assert "秘密" not in "".join(r.getMessage() for r in caplog.records if "pufa" in r.name)
