from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.messages import Kind
from handlers.web.limits import Rate, RateLimiter
from handlers.web.view import answer_object, dialable, paragraphs, safe_url
from tests.handlers.desks import RETURNS, FakeClock, consumer_article, reply

TEXT = st.text(alphabet="法律𠮷\n（）1<", max_size=60)


@given(TEXT, st.none() | st.tuples(st.integers(0, 70), st.integers(0, 70)))
def test_paragraphs_lose_nothing_and_mark_the_slice(
    text: str, marked: tuple[int, int] | None
) -> None:
    lines = paragraphs(text, marked)
    shown = ["".join(run for run, _ in line) for line in lines]
    assert shown == [line for line in text.split("\n") if line.strip()]
    inside = "".join(run for line in lines for run, is_marked in line if is_marked)
    start, end = marked or (0, 0)
    assert inside == text[start:end].replace("\n", "")


@given(TEXT)
def test_dialable_keeps_every_character(text: str) -> None:
    assert "".join(run for run, _ in dialable(text, ["1", "11"])) == text


def test_only_the_replys_own_numbers_become_links() -> None:
    found = list(
        dialable("打110或96110，别打1101、13900000000；本县0930-12345", ["110", "0930-12345"])
    )
    assert [run for run, is_number in found if is_number] == ["110", "0930-12345"]
    assert list(dialable("打110", [])) == [("打", False), ("110", False)]


@pytest.mark.parametrize("url", ["javascript:alert(1)", "http://x", "//x", "data:text/html,x"])
def test_only_safe_addresses(url: str) -> None:
    assert safe_url(url) == "#"
    assert safe_url("tel:110") == "tel:110"
    assert safe_url("https://12348.gov.cn") == "https://12348.gov.cn"


def test_the_line_of_hotlines_is_left_to_the_links() -> None:
    answer = answer_object(RETURNS, 1.0)
    assert answer["tail"].startswith("本回答为普法信息")
    assert answer_object(reply(Kind.DECLINED, "没有"), 1.0)["tail"].startswith("本回答为普法信息")


def test_roles_of_buttons() -> None:
    roles = {
        button["label"]: button["role"]
        for row in answer_object(RETURNS, 1)["buttons"]
        for button in row
    }
    assert roles["有用"] == roles["没用"] == "feedback"
    assert roles["全文：消费者权益保护第二十五条"] == "full"
    assert roles["更多条文"] is None


def test_unknown_status_is_shown_as_it_is() -> None:
    odd = reply(Kind.LOOKUP, "条文", articles=(consumer_article(status="提请审议"),), shown=1)
    assert answer_object(odd, 1)["articles"][0]["labels"]["status"] == "提请审议"


@given(st.lists(st.floats(0, 30), min_size=1, max_size=60))
def test_no_more_than_burst_and_rate(pauses: list[float]) -> None:
    clock, rate = FakeClock(), Rate(burst=3, per_second=0.5)
    limiter = RateLimiter(clock, rate)
    start, let_through = clock.moment, 0
    for pause in pauses:
        clock.move(pause)
        wait = limiter.take("s")
        if wait:
            clock.move(wait + 1e-6)
            assert limiter.take("s") == 0  # the promise of Retry-After holds
        let_through += 1
    passed = (clock.moment - start).total_seconds()
    assert let_through <= rate.burst + passed * rate.per_second + 1e-3


def test_a_clock_set_back_gives_nothing_away_and_old_sessions_are_forgotten() -> None:
    clock = FakeClock()
    limiter = RateLimiter(clock, Rate(burst=1, per_second=0.1), capacity=2)
    assert limiter.take("a") == 0
    clock.moment = datetime(2020, 1, 1, tzinfo=UTC)
    assert limiter.take("a") > 0
    clock.moment += timedelta(seconds=5)
    assert limiter.take("a") > 0
    limiter.take("b")
    limiter.take("c")
    assert limiter.take("a") == 0  # the oldest of three was dropped


@pytest.mark.parametrize(("burst", "per_second"), [(0, 1.0), (1, 0.0)])
def test_a_rate_that_lets_nothing_through(burst: int, per_second: float) -> None:
    with pytest.raises(ValueError, match="burst"):
        Rate(burst, per_second)


@pytest.mark.parametrize(
    ("url", "leads"),
    [
        ("/letters", True),
        ("/letters/iou", True),
        ("tel:110", True),
        ("https://example.cn/x", True),
        ("/letters/../staff", False),
        ("/letters/iou\n", False),
        ("//evil.example", False),
        ("/staff", False),
        ("javascript:alert(1)", False),
    ],
)
def test_only_safe_addresses_lead_somewhere(url: str, leads: bool) -> None:
    assert (safe_url(url) == url) is leads
