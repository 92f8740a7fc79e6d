"""The page in a real Chromium, served by uvicorn on loopback."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, Page, Route, expect, sync_playwright

from handlers.messages import Button, Kind
from handlers.web.app import WebOptions, create_app
from handlers.web.limits import Rate
from tests.handlers.desks import (
    PENALTIES,
    QUESTION,
    REPLIES,
    RETURN_WITHIN_SEVEN_DAYS,
    DeskDouble,
    FakeClock,
    consumer_article,
    reply,
)
from tests.handlers.web.conftest import well

pytestmark = pytest.mark.slow

FRAUD = "我刚给骗子转了八万怎么办"
CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


class _Server(uvicorn.Server):
    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.serving = threading.Event()

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        self.serving.set()


@pytest.fixture(scope="module")
def served() -> Iterator[tuple[str, DeskDouble]]:
    desk = DeskDouble()
    app = create_app(
        desk,
        health=well,
        clock=FakeClock(),
        options=WebOptions(county="陇川县", rate=Rate(burst=10_000)),
    )
    config = uvicorn.Config(app, port=0, ws="none", log_level="error", access_log=False)
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.serving.wait(30)
        port = server.servers[0].sockets[0].getsockname()[1]
        yield f"http://127.0.0.1:{port}/", desk
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture
def desk(served: tuple[str, DeskDouble]) -> DeskDouble:
    desk = served[1]
    desk.replies = dict(REPLIES)
    desk.received.clear()
    desk.events.clear()
    return desk


@dataclass
class Visit:
    """Opens pages and remembers what went wrong on them."""

    browser: Browser
    url: str
    complaints: list[str] = field(default_factory=list)
    expected: str = "(?!)"  # complaints that a test provokes

    def __call__(self, width: int = 1280, height: int = 860, **options: Any) -> Page:
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, locale="zh-CN", **options
        )
        context.set_default_timeout(20_000)
        page = context.new_page()
        page.on("console", lambda m: self.complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        page.goto(self.url)
        return page


@pytest.fixture
def visit(browser: Browser, served: tuple[str, DeskDouble], desk: DeskDouble) -> Iterator[Visit]:
    visit = Visit(browser, served[0])
    yield visit
    for context in browser.contexts:
        context.close()
    # a blocked script or style, an exception, an alert: each is a defect of the page
    assert [text for text in visit.complaints if not re.search(visit.expected, text)] == []


def ask(page: Page, text: str) -> None:
    page.get_by_label("您遇到了什么事？").fill(text)
    page.get_by_role("button", name="提问").click()


def last(page: Page, selector: str = "") -> Any:
    return page.locator(".turn").last.locator(selector) if selector else page.locator(".turn").last


def overflow(page: Page) -> int:
    return int(page.evaluate("document.documentElement.scrollWidth - window.innerWidth"))


def test_ask_by_typing(visit: Visit, desk: DeskDouble) -> None:
    page = visit()
    ask(page, QUESTION)
    card = last(page, ".card").first
    expect(card).to_be_visible()
    expect(card.locator("mark")).to_have_text(
        "消费者有权自收到商品之日起七日内退货，且无需说明理由"
    )
    shown = card.locator(".statute > p:not(.gap)").all_text_contents()
    assert "\n".join(shown) == RETURN_WITHIN_SEVEN_DAYS
    for fact in ("中华人民共和国消费者权益保护法", "第二十五条", "2013年10月25日", "现行有效"):
        expect(card).to_contain_text(fact)
    expect(last(page, ".asked")).to_contain_text(QUESTION)
    expect(last(page).get_by_role("link", name="12315")).to_have_attribute("href", "tel:12315")
    expect(page.get_by_label("您遇到了什么事？")).to_have_value("")
    assert page.evaluate("document.cookie") == ""  # HttpOnly
    assert len(desk.events) == 1


def test_ask_by_example(visit: Visit, desk: DeskDouble) -> None:
    page = visit()
    page.get_by_role("button", name=QUESTION).click()
    expect(last(page, ".card")).to_have_count(2)
    assert [incoming.text for incoming in desk.received] == [QUESTION]


def test_press_buttons_and_give_feedback(visit: Visit, desk: DeskDouble) -> None:
    page = visit()
    ask(page, QUESTION)
    first = page.locator(".turn").first
    first.get_by_role("button", name="有用").click()
    expect(first.locator(".feedback")).to_contain_text("只记次数")
    expect(first.get_by_role("button", name="没用")).to_have_count(0)
    expect(page.locator(".turn")).to_have_count(1)  # an acknowledgement is no turn
    assert first.get_by_role("button", name="全文").count() == 0
    first.get_by_role("button", name="更多条文").click()
    expect(page.locator(".turn")).to_have_count(2)
    expect(last(page, ".asked")).to_contain_text("更多条文")
    expect(last(page)).to_contain_text("自2027年1月1日起施行")
    last(page).get_by_text("其他相关条文（1 条）").click()
    expect(last(page)).to_contain_text("现为市场监督管理部门")
    assert [one.action for one in desk.received] == [None, "good:7:abcd", "more:8,9:abcd"]


def test_an_urgent_answer_is_seen_at_once(visit: Visit) -> None:
    page = visit(390, 844)
    ask(page, FRAUD)
    calls = last(page, ".calls-urgent a")
    expect(calls).to_have_count(2)
    assert [call.get_attribute("href") for call in calls.all()] == ["tel:110", "tel:96110"]
    for call in calls.all():
        expect(call).to_be_in_viewport()
        box = call.bounding_box()
        assert box
        assert box["height"] >= 48
    expect(last(page).get_by_text("先停：别再转")).to_be_in_viewport()
    # the line on top stays, wherever the page is
    page.mouse.wheel(0, 4_000)
    expect(page.get_by_role("link", name="拨打 96110")).to_be_in_viewport()


def test_a_long_article_folds_around_its_mark(visit: Visit, desk: DeskDouble) -> None:
    mark = "故意拖延或者无理拒绝"
    desk.replies["长"] = reply(
        Kind.ANSWER, "条文：", articles=(consumer_article("第五十六条", PENALTIES, mark),), shown=1
    )
    page = visit()
    ask(page, "长")
    card = last(page, ".card")
    expect(card.get_by_text(mark)).to_be_visible()
    expect(card.get_by_text("（二）在商品中掺杂")).to_be_hidden()
    expect(card.locator(".gap").first).to_be_visible()
    card.get_by_role("button", name="展开全文").click()
    expect(card.get_by_text("（二）在商品中掺杂")).to_be_visible()
    expect(card.locator(".gap").first).to_be_hidden()
    card.get_by_role("button", name="收起").click()
    page.emulate_media(media="print")
    expect(card.get_by_text("（二）在商品中掺杂")).to_be_visible()  # paper has no button
    expect(page.get_by_role("button", name="提问")).to_be_hidden()
    expect(page.get_by_role("link", name="拨打 110")).to_be_hidden()


def test_print_one_article(visit: Visit) -> None:
    page = visit()
    ask(page, FRAUD)
    expect(last(page, ".card")).to_be_visible()
    ask(page, QUESTION)
    cards = last(page, ".card")
    expect(cards).to_have_count(2)
    page.evaluate("window.print = () => {}")
    cards.nth(1).get_by_role("button", name="打印").click()
    page.emulate_media(media="print")
    visible = [card for card in page.locator(".card").all() if card.is_visible()]
    assert [card.locator(".number").inner_text() for card in visible] == ["第二十四条"]
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(page.locator(".card:visible")).to_have_count(3)


def test_copy_an_article(visit: Visit) -> None:
    page = visit(permissions=["clipboard-read", "clipboard-write"])
    ask(page, QUESTION)
    card = last(page, ".card").first
    card.get_by_role("button", name="复制条文").click()
    expect(card.get_by_role("status")).to_have_text("已复制")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.startswith("《中华人民共和国消费者权益保护法》第二十五条\n经营者采用网络")
    assert RETURN_WITHIN_SEVEN_DAYS in copied
    assert "版本日期 2013年10月25日" in copied


@pytest.mark.parametrize("arrives", [False, True], ids=["question lost", "answer lost"])
def test_retry_after_a_lost_connection_counts_once(
    visit: Visit, desk: DeskDouble, arrives: bool
) -> None:
    visit.expected = "ERR_FAILED"
    page = visit()

    def lose(route: Route) -> None:
        if arrives:
            route.fetch()
        route.abort()

    page.route("**/api/ask", lose, times=1)
    ask(page, QUESTION)
    expect(last(page, ".failed")).to_contain_text("110")
    assert len(desk.events) == int(arrives)
    last(page).get_by_role("button", name="重试").click()
    expect(last(page, ".card")).to_have_count(2)
    expect(page.locator(".turn")).to_have_count(1)
    assert list(desk.events.values()) == [1]


def test_a_refusal_shows_the_servers_sentence(visit: Visit, desk: DeskDouble) -> None:
    visit.expected = "503"
    page = visit()

    def fail(incoming: object) -> None:
        raise RuntimeError

    desk.before_answer = fail
    try:
        ask(page, QUESTION)
        expect(last(page, ".failed")).to_contain_text("法律问题可拨打 12348")
    finally:
        desk.before_answer = lambda incoming: None


def test_waiting_is_shown_and_a_second_press_sends_nothing(visit: Visit, desk: DeskDouble) -> None:
    release = threading.Event()
    page = visit()

    def wait(incoming: object) -> None:
        assert release.wait(30)

    desk.before_answer = wait
    try:
        ask(page, QUESTION)
        expect(last(page)).to_contain_text("正在查找法律条文")
        expect(page.get_by_role("button", name="提问")).to_have_attribute("aria-disabled", "true")
        page.get_by_label("您遇到了什么事？").fill("再问一次")
        page.keyboard.press("Enter")
        page.get_by_role("button", name=QUESTION).click()
    finally:
        desk.before_answer = lambda incoming: None
        release.set()
    expect(last(page, ".card")).to_have_count(2)
    expect(page.get_by_role("button", name="提问")).to_have_attribute("aria-disabled", "false")
    assert page.get_by_label("您遇到了什么事？").input_value() == "再问一次"
    assert len(desk.events) == 1


def test_keyboard_only(visit: Visit, desk: DeskDouble) -> None:
    page = visit()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="跳到提问框")).to_be_focused()
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")
    field = page.get_by_label("您遇到了什么事？")
    if not field.evaluate("element => element === document.activeElement"):
        field.focus()
    page.keyboard.insert_text("第一行")
    page.keyboard.press("Shift+Enter")
    page.keyboard.insert_text("第二行")
    # Enter that accepts an input method's candidate does not send
    field.evaluate(
        "f => f.dispatchEvent(new KeyboardEvent('keydown', {key: 'Enter', keyCode: 229,"
        " bubbles: true, cancelable: true}))"
    )
    expect(field).to_have_value("第一行\n第二行")
    page.keyboard.press("Enter")
    expect(last(page)).to_have_attribute("data-kind", "declined")
    assert [incoming.text for incoming in desk.received] == ["第一行\n第二行"]
    expect(field).to_be_focused()
    # backwards from the field: the examples, and an answer's links, are all reachable
    reached = set()
    for _ in range(30):
        page.keyboard.press("Shift+Tab")
        reached.add(page.evaluate("document.activeElement.textContent.trim()"))
    assert QUESTION in reached
    assert "110" in reached
    assert "大字" in reached


def test_the_focus_is_visible(visit: Visit) -> None:
    page = visit()
    for _ in range(6):
        page.keyboard.press("Tab")
        width = page.evaluate("getComputedStyle(document.activeElement).outlineWidth")
        assert width == "3px"


def test_large_type_is_remembered(visit: Visit) -> None:
    page = visit(360, 640)
    size = page.evaluate("getComputedStyle(document.body).fontSize")
    toggle = page.get_by_role("button", name="大字")
    expect(toggle).to_have_attribute("aria-pressed", "false")
    toggle.click()
    larger = page.evaluate("getComputedStyle(document.body).fontSize")
    assert float(larger[:-2]) >= 1.2 * float(size[:-2])
    page.reload()
    expect(toggle).to_have_attribute("aria-pressed", "true")
    assert page.evaluate("getComputedStyle(document.body).fontSize") == larger


@pytest.mark.parametrize("large", [False, True], ids=["normal", "large"])
@pytest.mark.parametrize("width", [320, 360, 390, 1280])
def test_no_sideways_scrolling(visit: Visit, desk: DeskDouble, width: int, large: bool) -> None:
    desk.replies["长"] = reply(
        Kind.ANSWER,
        "https://example.org/" + "a" * 300,
        articles=(consumer_article(),),
        shown=1,
        buttons=((Button("很长的按钮" * 12, "more:1:abcd"),),),
    )
    page = visit(width, 640)
    if large:
        page.get_by_role("button", name="大字").click()
    assert overflow(page) <= 0
    for text in (QUESTION, FRAUD, "长"):
        ask(page, text)
        expect(last(page, ".card").first).to_be_visible()
        assert overflow(page) <= 0


def test_the_counter_and_the_limit(visit: Visit, desk: DeskDouble) -> None:
    page = visit()
    field = page.get_by_label("您遇到了什么事？")
    field.fill("字" * 1_500)
    expect(page.locator("#count")).to_have_text("")
    field.fill("𠮷" * 1_990)
    expect(page.locator("#count")).to_have_text("还可以写 10 字")
    field.fill("字" * 2_003)
    expect(page.locator("#count")).to_contain_text("超出 3 字")
    page.get_by_role("button", name="提问").click()
    expect(field).to_be_focused()
    assert desk.received == []


def test_nothing_written_runs_or_becomes_markup(visit: Visit, desk: DeskDouble) -> None:
    hostile = "<img src=x onerror=alert(1)><script>alert(2)</script></mark>𠮷&lt;"
    desk.replies[hostile] = reply(
        Kind.ANSWER,
        hostile,
        articles=(
            consumer_article(
                hostile,
                f"𠮷𠮷前{hostile}后",
                hostile,
                law=hostile,
                organ=hostile,
                note=hostile,
                path=(hostile,),
            ),
        ),
        shown=1,
        buttons=((Button(hostile, hostile[:20]), Button("去", url="javascript:alert(3)")),),
    )
    page = visit()
    ask(page, hostile)
    card = last(page, ".card")
    # marks count characters, not UTF-16 units
    expect(card.locator("mark")).to_have_text(hostile)
    expect(card.locator(".statute")).to_have_text(f"𠮷𠮷前{hostile}后")
    expect(last(page, ".asked")).to_contain_text(hostile)
    assert page.locator(".log img, .log script").count() == 0
    assert page.get_by_role("link", name="去").get_attribute("href") == "#"


def test_without_javascript(visit: Visit, desk: DeskDouble) -> None:
    page = visit(360, 640, java_script_enabled=False)
    expect(page.get_by_role("button", name="大字")).to_be_hidden()  # it could do nothing
    ask(page, QUESTION)
    expect(page.locator(".card").first).to_contain_text("（四）交付的报纸、期刊。")
    page.get_by_role("button", name="更多条文").click()
    expect(page.locator(".turn")).to_contain_text("尚未施行")
    page.get_by_role("button", name=QUESTION).click()
    expect(page.locator(".turn .asked")).to_contain_text(QUESTION)
    assert len(desk.events) == 3
    assert len({incoming.resident for incoming in desk.received}) == 1


def test_a_page_that_came_from_the_form_works_on(visit: Visit, desk: DeskDouble) -> None:
    """The form was sent before the module had loaded: the module takes over the answer."""
    page = visit()
    page.evaluate(
        "text => { const f = document.getElementById('composer');"
        " document.getElementById('text').value = text; f.submit(); }",
        QUESTION,
    )
    expect(page.locator(".card").first.get_by_role("button", name="复制条文")).to_be_visible()
    page.get_by_role("button", name="有用").click()
    expect(page.locator(".feedback")).to_contain_text("只记次数")
    page.get_by_role("button", name="更多条文").click()
    expect(page.locator(".turn")).to_have_count(2)


def test_dark_mode(visit: Visit) -> None:
    def paper(page: Page) -> int:
        colour = page.evaluate("getComputedStyle(document.body).backgroundColor")
        return sum(map(int, re.findall(r"\d+", colour)[:3]))

    assert paper(visit(color_scheme="light")) > 600
    assert paper(visit(color_scheme="dark")) < 120


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [390, 1280])
def test_accessibility_rules(visit: Visit, scheme: str, width: int) -> None:
    """axe-core (Deque) finds no violation, its AAA contrast rule included."""
    page = visit(width, 844, color_scheme=scheme)
    options = {
        "resultTypes": ["violations"],
        "rules": {"color-contrast-enhanced": {"enabled": True}, "target-size": {"enabled": True}},
    }
    check: Callable[[], Any] = lambda: Axe().run(page, options=options)  # noqa: E731
    assert found(check()) == []
    for text in (QUESTION, FRAUD):
        ask(page, text)
        expect(last(page, ".card").first).to_be_visible()
    page.locator(".turn").first.get_by_role("button", name="更多条文").click()
    last(page).locator("summary").click()
    assert found(check()) == []


def found(results: Any) -> list[tuple[str, str, list[Any]]]:
    return [
        (one["id"], one["help"], [node["target"] for node in one["nodes"]])
        for one in results.response["violations"]
    ]
