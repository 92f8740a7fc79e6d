"""The letters' form in a real Chromium with JavaScript switched off, by keyboard."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

import docx
import pytest
import uvicorn
from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]
from playwright.sync_api import Browser, sync_playwright

from handlers.letters.writing import Letters
from handlers.web.app import WebOptions, create_app
from knowledge.corpus import Corpus
from tests.handlers.desks import DeskDouble, FakeClock
from tests.handlers.web.conftest import well
from tests.handlers.web.test_browser import ARGUMENTS, CHROMIUM, _Server

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(corpus: Corpus) -> Iterator[str]:
    app = create_app(
        DeskDouble(),
        health=well,
        clock=FakeClock(),
        options=WebOptions(county="陇川县"),
        letters=Letters(corpus),
    )
    config = uvicorn.Config(app, port=0, ws="none", log_level="error", access_log=False)
    server = _Server(config)
    thread = threading.Thread(target=server.run)
    thread.start()
    try:
        assert server.serving.wait(30)
        yield f"http://127.0.0.1:{server.servers[0].sockets[0].getsockname()[1]}"
    finally:
        server.should_exit = True
        thread.join(30)


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


def test_filled_in_by_keyboard_without_javascript(address: str, browser: Browser) -> None:
    context = browser.new_context(java_script_enabled=False, accept_downloads=True)
    page = context.new_page()
    page.goto(f"{address}/letters/iou")
    page.get_by_label("出借人姓名").focus()
    page.keyboard.type("张三")
    page.keyboard.press("Tab")
    page.keyboard.type("李四")
    page.keyboard.press("Tab")
    page.keyboard.type("10^30")
    page.get_by_role("button", name="下载 Word 文件").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/letters/iou")
    page.get_by_role("link", name="借多少钱：金额请写成").click()
    assert page.get_by_label("出借人姓名").input_value() == "张三"
    page.get_by_label("借多少钱").fill("一万二")
    page.get_by_label("现金").check()
    with page.expect_download() as expected:
        page.get_by_role("button", name="下载 Word 文件").click()
    assert expected.value.suggested_filename == "借条.docx"
    content = Path(expected.value.path()).read_bytes()
    words = "\n".join(p.text for p in docx.Document(BytesIO(content)).paragraphs)
    assert "借款人 李四 今借到 张三 人民币 12,000 元（大写：壹万贰仟元整），以现金方式收到" in words
    context.close()


@pytest.mark.parametrize("path", ["/letters", "/letters/complaint", "/letters/police"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_and_targets_are_large(
    address: str, browser: Browser, path: str, scheme: str
) -> None:
    context = browser.new_context(
        viewport={"width": 360, "height": 740},
        color_scheme=scheme,  # type: ignore[arg-type]
    )
    page = context.new_page()
    page.goto(address + path)
    assert Axe().run(page).violations_count == 0
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    for target in page.locator(
        "main a, main button, main input, main textarea, label.option"
    ).all():
        box = target.bounding_box()
        assert box is not None
        inside = target.evaluate("element => element.closest('label.option') !== null")
        if not inside or target.evaluate("element => element.matches('label')"):
            assert box["height"] >= 44, target.evaluate("element => element.outerHTML")
    context.close()
