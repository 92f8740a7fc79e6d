"""The desk on a real SQLite file: once answered is once counted, whatever happens in between."""

from __future__ import annotations

import shutil
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from handlers.messages import Channel, Incoming, Kind
from handlers.reception import Reception
from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds, conversation

DAY = date(2026, 11, 24)
CITATIONS = ("消费者权益保护法第二十五条", "电子商务法第三十八条")


@pytest.fixture
def database(tmp_path: Path, empty: Path) -> Path:
    return Path(shutil.copy(empty, tmp_path / "outreach.db"))


@pytest.fixture
def outreach(database: Path, clock: FakeClock) -> Iterator[Outreach]:
    with closing(Outreach.open(f"sqlite:///{database}", clock)) as store:
        yield store


@pytest.fixture
def finds(corpus: Corpus) -> Finds:
    return Finds(corpus, CITATIONS)


@pytest.fixture
def desk(finds: Finds, outreach: Outreach, clock: FakeClock) -> Reception:
    return Reception(conversation(finds, clock), outreach, b"k" * 32)


def update(desk: Reception, clock: FakeClock, text: str, key: str = "web:1") -> Incoming:
    resident = desk.resident(Channel.WEB, "session")
    return Incoming(key, Channel.WEB, resident, text, clock.now())


def total(outreach: Outreach) -> dict[str, object]:
    return dict(outreach.stats(DAY, DAY).to_json()["total"])


def test_one_question_is_one_consultation(
    desk: Reception, outreach: Outreach, clock: FakeClock
) -> None:
    incoming = update(desk, clock, "网购不给退货")
    assert desk.receive(incoming)
    outcome = desk.answer(incoming)
    desk.sent(incoming.update_key)
    assert outcome.first
    assert total(outreach)["consultations"] == 1
    assert total(outreach)["online_residents"] == 1


def test_a_delivery_repeated_adds_nothing(
    desk: Reception, outreach: Outreach, clock: FakeClock
) -> None:
    incoming = update(desk, clock, "网购不给退货")
    desk.receive(incoming)
    first = desk.answer(incoming)
    assert not desk.receive(incoming)
    again = desk.answer(incoming)
    assert again.reply == first.reply
    assert not again.first
    desk.sent(incoming.update_key)
    assert not desk.answer(incoming).first
    assert total(outreach)["consultations"] == 1


def test_figures_by_topic_organ_channel_month(
    desk: Reception, outreach: Outreach, clock: FakeClock
) -> None:
    for number in range(3):
        incoming = update(desk, clock, "网购不给退货", f"web:{number}")
        desk.receive(incoming)
        desk.answer(incoming)
        clock.advance(minutes=40)
    table = outreach.stats(DAY, DAY, ["topic", "organ", "channel", "month"]).to_json()
    (row,) = table["rows"]
    assert row["by"] == {
        "topic": "消费",
        "organ": "市场监督管理局",
        "channel": "web",
        "month": "2026-11",
    }
    assert (row["consultations"], row["online_residents"]) == (3, 1)


@pytest.mark.parametrize("text", ["你好", "/start", "帮我查一下他的身份证号", ""])
def test_small_talk_is_no_consultation(
    desk: Reception, outreach: Outreach, clock: FakeClock, text: str
) -> None:
    incoming = update(desk, clock, text)
    desk.receive(incoming)
    desk.answer(incoming)
    assert total(outreach)["consultations"] == 0


def test_off_topic_is_no_consultation(
    desk: Reception, finds: Finds, outreach: Outreach, clock: FakeClock
) -> None:
    finds.confidence = 0.0
    incoming = update(desk, clock, "红烧肉怎么做")
    desk.receive(incoming)
    assert desk.answer(incoming).reply.kind is Kind.DECLINED
    assert total(outreach)["consultations"] == 0


def test_live_fraud_counts_as_referral(
    desk: Reception, outreach: Outreach, clock: FakeClock
) -> None:
    incoming = update(desk, clock, "我刚给骗子转了八万怎么办")
    desk.receive(incoming)
    desk.answer(incoming)
    figures = total(outreach)
    assert figures["referrals"] == 1
    assert figures["consultations"] == 1


def test_what_was_received_is_owed_after_a_crash(
    desk: Reception, finds: Finds, outreach: Outreach, clock: FakeClock
) -> None:
    incoming = replace(update(desk, clock, "网购不给退货", "telegram:7"), channel=Channel.TELEGRAM)
    desk.receive(replace(incoming, address="12345"))
    reborn = Reception(conversation(finds, clock), outreach, b"k" * 32)
    (owed,) = reborn.unsent(Channel.TELEGRAM)
    assert (owed.text, owed.address) == ("网购不给退货", "12345")
    assert reborn.answer(owed).first
    reborn.sent(owed.update_key)
    assert reborn.unsent(Channel.TELEGRAM) == []
    assert total(outreach)["consultations"] == 1


def test_numbers_never_reach_the_file(
    desk: Reception, outreach: Outreach, database: Path, clock: FakeClock
) -> None:
    incoming = update(
        desk, clock, "骗子电话13812345678，卡6222021234567890123，身份证62230119900101123X"
    )
    desk.receive(incoming)
    desk.answer(incoming)
    desk.sent(incoming.update_key)
    outreach.close()
    for file in database.parent.glob("outreach.db*"):
        content = file.read_bytes()
        for secret in (b"13812345678", b"6222021234567890123", b"62230119900101123"):
            assert secret not in content


def test_text_is_forgotten_once_sent(
    desk: Reception, outreach: Outreach, database: Path, clock: FakeClock
) -> None:
    incoming = update(desk, clock, "网购不给退货")
    desk.receive(incoming)
    desk.answer(incoming)
    desk.sent(incoming.update_key)
    with closing(sqlite3.connect(database)) as raw:
        assert raw.execute("SELECT text, resident, address FROM inbox").fetchall() == [
            (None, None, None)
        ]
        assert raw.execute("SELECT count(*) FROM event_texts").fetchone() == (0,)


def test_web_updates_nobody_waits_for_are_forgotten(
    desk: Reception, outreach: Outreach, clock: FakeClock
) -> None:
    desk.receive(update(desk, clock, "网购不给退货"))
    clock.advance(minutes=59)
    desk.tidy()
    assert len(outreach.inbox.unsent("web")) == 1
    clock.advance(minutes=2)
    desk.tidy()
    assert outreach.inbox.unsent("web") == []


def test_residents_are_pseudonymous_and_per_channel(desk: Reception) -> None:
    web, telegram = desk.resident(Channel.WEB, "42"), desk.resident(Channel.TELEGRAM, "42")
    assert web != telegram
    assert "42" not in (web, telegram)
    assert desk.resident(Channel.WEB, "42") == web
