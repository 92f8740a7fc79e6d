"""What pushes say, and clicks on them: through the real web application and the real ledger."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import insert, select
from starlette.testclient import TestClient

from errors import SettingsError
from handlers.broadcast import SERIES, Broadcaster, PressDesk
from handlers.messages import Channel, Incoming
from handlers.pushes import STOP, Wording, pressed
from handlers.web import clicks as web_clicks
from handlers.web.app import create_app
from handlers.web.health import Health
from knowledge.corpus import Corpus
from knowledge.quizzes import Quizzes
from knowledge.readings import Readings
from outreach.campaigns.definition import Definition, PushButton
from outreach.delivery.ledger import Claimed
from outreach.delivery_tables import deliveries
from outreach.store import Outreach
from settings import Settings
from tests.conftest import FakeClock
from tests.handlers.conversations import AT, composer
from tests.handlers.desks import SECRET, DeskDouble
from tests.outreach.delivery.rows import add_campaign, add_residents, count_events

TARGET = "https://www.12348.gov.cn/path?a=1"
CAMPAIGN = Definition(
    id="fraud-1",
    title="反诈提醒",
    text={"default": "验证码不给任何人。"},
    second={"default": "陌生链接不点。"},
    articles=("反电信网络诈骗法第八条",),
    buttons=(
        PushButton("法律援助", "link", TARGET),
        PushButton("看卡片", "card", "freeze"),
        PushButton("看条文", "article", "反电信网络诈骗法第八条"),
        PushButton("做题", "quiz", "fraud"),
    ),
    organ="公安局",
)


def claimed(kind: str = "campaign", **changes: object) -> Claimed:
    row = Claimed(
        id=7,
        campaign="c1",
        kind=kind,
        sha256="0" * 64,
        resident="r" * 32,
        channel="telegram",
        address="1",
        variant=None,
        attempts=1,
        position=0,
    )
    return replace(row, **changes)  # type: ignore[arg-type]


@pytest.fixture
def words(corpus: Corpus, clock: FakeClock, tmp_path: Path) -> Wording:
    return Wording(
        composer(corpus),
        Readings.load(),
        Quizzes.load(),
        clock,
        SECRET,
        tmp_path,
        "https://pufa.example",
    )


def test_a_campaign_says_what_was_approved(words: Wording) -> None:
    push = words(claimed(), CAMPAIGN.to_json())
    assert push.text.splitlines()[0] == "反诈提醒"
    assert "验证码不给任何人。" in push.text
    assert "红山县公安局" in push.text
    assert "陌生链接不点。" in words(claimed(variant="b"), CAMPAIGN.to_json()).text
    labels = [[button.label for button in row] for row in push.buttons]
    assert labels == [["法律援助"], ["看卡片"], ["看条文"], ["做题"], ["退订"]]
    link, card, article, quiz, stop = (button for (button,) in push.buttons)
    assert (link.url or "").startswith("https://pufa.example/c/7-0-")
    assert pressed(card.action or "") == (7, "card:freeze")
    assert (article.action or "").startswith("p:7:full:")
    assert pressed(quiz.action or "") == (7, "do:quiz")
    assert stop == STOP
    assert stop.action == "stop"


def test_without_an_address_of_our_own_links_are_direct(words: Wording) -> None:
    push = replace(words, public_url=None)(claimed(), CAMPAIGN.to_json())
    assert push.buttons[0][0].url == TARGET


def test_a_button_that_leaves_no_room_is_not_counted(words: Wording) -> None:
    card = "c" * 50
    content = replace(CAMPAIGN, buttons=(PushButton("卡片", "card", card),)).to_json()
    push = words(claimed(id=36**6), content)
    assert push.buttons[0][0].action == f"card:{card}"


def test_the_reading_goes_on_where_the_resident_is(words: Wording, corpus: Corpus) -> None:
    count = len(words.readings.all)
    texts = [
        words(claimed("morning", position=p), '{"day":"2026-11-24"}').text for p in (0, 1, count)
    ]
    assert texts[0].startswith(f"宪法晨读（1/{count}）\n一句话：")
    assert "第一条" in texts[0]
    assert "第二条" in texts[1]
    assert texts[2] == texts[0]
    first = words.readings.at(0).article(corpus, date(2026, 11, 24))
    assert first.text in texts[0]  # word for word


def test_the_quiz_is_the_days(words: Wording) -> None:
    push = words(claimed("quiz"), '{"day":"2026-12-04"}')
    question = words.quizzes.daily(None, date(2026, 12, 4))[0]
    assert question.text in push.text
    assert len(push.buttons) == len(question.choices) + 1
    own = pressed(push.buttons[0][0].action or "")
    verb = "qs" if question.multiple else "qa"
    assert own == (7, f"{verb}:261204:{question.id}:0")
    assert push.buttons[-1] == (STOP,)


@pytest.mark.parametrize("series", SERIES, ids=lambda series: series.kind)
def test_every_series_can_be_worded_every_day(words: Wording, series: object) -> None:
    kind = series.kind  # type: ignore[attr-defined]
    for day in range(1, 32):
        push = words(claimed(kind, position=day * 5), f'{{"day":"2026-12-{day:02}"}}')
        assert len(push.text.encode("utf-16-le")) <= 2 * 4096


@pytest.fixture
def store(tmp_path: Path, empty: Path, clock: FakeClock) -> Iterator[Outreach]:
    path = shutil.copy(empty, tmp_path / "outreach.db")
    opened = Outreach.open(f"sqlite:///{path}", clock)
    (key,) = add_residents(opened.database, 1)
    add_campaign(opened.database, content=CAMPAIGN.to_json())
    with opened.database.write() as connection:
        row = {"id": 7, "campaign": "c1", "resident": key, "channel": "telegram"}
        row |= {"state": "sent", "attempts": 1, "clicks": 0}
        connection.execute(insert(deliveries).values(**row))
    yield opened
    opened.close()


def clicked(store: Outreach) -> tuple[int, int]:
    """(clicks, events)."""
    with store.database.read() as connection:
        total = connection.execute(select(deliveries.c.clicks)).scalar_one()
    return total, count_events(store.database, "click")


def test_a_link_is_counted_and_leads_only_where_the_campaign_does(
    words: Wording, store: Outreach, clock: FakeClock, settings: Settings
) -> None:
    broadcaster = Broadcaster(settings, store, words)
    app = create_app(
        DeskDouble(),
        health=lambda: Health({}),
        clock=clock,
        routes=[web_clicks.route(broadcaster.follow)],
    )
    client = TestClient(app, follow_redirects=False)
    url = words(claimed(), CAMPAIGN.to_json()).buttons[0][0].url or ""
    path = url.removeprefix("https://pufa.example")
    assert client.head(path).status_code == 302
    assert clicked(store) == (0, 0)
    for count in (1, 2):
        answer = client.get(path)
        assert (answer.status_code, answer.headers["location"]) == (302, TARGET)
        assert answer.headers["cache-control"] == "no-store"
        assert clicked(store) == (count, 1)
    from outreach.delivery.clicks import token

    for wrong in (
        path[:-1] + ("A" if path[-1] != "A" else "B"),
        f"/c/{token(SECRET, 8, 0)}",  # no such delivery
        f"/c/{token(SECRET, 7, 1)}",  # a button that is no link
        f"/c/{token(SECRET, 7, 9)}",
        "/c/https:%2F%2Fevil.example",
    ):
        assert client.get(wrong).status_code == 404
    assert clicked(store) == (2, 1)


def test_a_press_is_counted_once_and_answered_as_the_button_itself(store: Outreach) -> None:
    inner = DeskDouble()
    desk = PressDesk(inner, store)

    def press(key: str, resident: str, action: str = "p:7:good:7:abcd") -> None:
        incoming = Incoming(key, Channel.TELEGRAM, resident, "", AT, action)
        desk.receive(incoming)
        desk.answer(incoming)

    press("u1", "resident-00000")
    press("u1", "resident-00000")  # delivered again
    assert clicked(store) == (1, 1)
    assert inner.answer(Incoming("u9", Channel.TELEGRAM, "r", "", AT, "good:7:abcd")).first
    press("u2", "resident-00000")
    assert clicked(store) == (2, 1)
    press("u3", "somebody else")  # a forwarded message
    press("u4", "resident-00000", "good:7:abcd")
    press("u5", "resident-00000", "p:Ü:good:7:abcd")
    assert clicked(store) == (2, 1)
    assert inner.received[0].action == "p:7:good:7:abcd"


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({}, None),
        ({"PUFA_PUBLIC_URL": "https://gov.example/pufa/"}, "https://gov.example/pufa"),
        ({"PUFA_TELEGRAM_WEBHOOK_URL": "https://bot.example/hook"}, "https://bot.example"),
        ({"PUFA_TELEGRAM_WEBHOOK_URL": "bot.example"}, None),
    ],
)
def test_the_address_that_links_go_through(environ: dict[str, str], url: str | None) -> None:
    assert Settings.from_environment(environ).public_url == url


@pytest.mark.parametrize(
    "wrong", ["gov.example", "ftp://gov.example", "https://", "https://a/?x=1"]
)
def test_an_address_that_is_none(wrong: str) -> None:
    with pytest.raises(SettingsError, match="PUFA_PUBLIC_URL"):
        Settings.from_environment({"PUFA_PUBLIC_URL": wrong})
