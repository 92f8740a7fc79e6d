"""On Telegram a letter comes as text and as a Word file; nothing of it is kept."""

from __future__ import annotations

from io import BytesIO

import docx
import pytest
from telegram.error import BadRequest, TimedOut

from handlers.letters.printing import DOCX_TYPE
from handlers.reception import Reception
from handlers.telegram import TelegramChannel
from knowledge.corpus import Corpus
from outreach.store import Outreach
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds
from tests.handlers.services.house import CITATIONS, reception
from tests.handlers.telegram.doubles import (
    FakeTelegram,
    FakeTimer,
    message,
    press,
    settings,
    until,
)


@pytest.fixture
def desk(corpus: Corpus, outreach: Outreach, clock: FakeClock) -> Reception:
    return reception(Finds(corpus, CITATIONS), outreach, clock)


async def sent(
    desk: Reception, clock: FakeClock, update: dict[str, object], *faults: Exception
) -> FakeTelegram:
    """What Telegram got of the answer to one update, all of it gone out."""
    telegram = FakeTelegram()
    telegram.fail("sendDocument", *faults)
    channel = TelegramChannel(desk, settings(), clock, bot=telegram.bot(), timer=FakeTimer().timer)
    await channel.start()
    try:
        telegram.push(update)

        def done() -> bool:
            with desk._outreach.database.read() as connection:
                return desk._outreach.inbox.outcome(connection, "telegram:1") == "sent"

        await until(done)
    finally:
        await channel.stop()
    return telegram


@pytest.mark.parametrize("asked", ["借条怎么写", "letter:iou"])
async def test_the_file_follows_the_text(desk: Reception, clock: FakeClock, asked: str) -> None:
    update = press(1, asked) if ":" in asked else message(1, asked)
    telegram = await sent(desk, clock, update)
    assert "借条" in telegram.accepted[-1]["text"]
    (document,) = telegram.documents
    name, content, kind = document["file"]
    assert (name, kind) == ("借条.docx", DOCX_TYPE)
    assert any("借" in line.text for line in docx.Document(BytesIO(content)).paragraphs)
    assert int(document["chat_id"]) == 7


async def test_the_file_is_tried_again_alone(desk: Reception, clock: FakeClock) -> None:
    telegram = await sent(desk, clock, message(1, "借条怎么写"), TimedOut())
    texts = len(telegram.of("sendMessage"))
    assert texts == len(telegram.accepted)
    assert len(telegram.of("sendDocument")) == 2


async def test_a_file_that_is_refused_leaves_the_text(desk: Reception, clock: FakeClock) -> None:
    refused = BadRequest("no documents here")
    telegram = await sent(desk, clock, message(1, "借条怎么写"), refused, refused)
    assert telegram.accepted
    assert not telegram.documents


async def test_a_group_gets_no_file(desk: Reception, clock: FakeClock) -> None:
    group = {"id": -1009, "type": "supergroup", "title": "村民群"}
    entity = [{"type": "bot_command", "offset": 0, "length": 13}]
    update = message(1, "/ask@pufa_bot 借条怎么写", chat=group, entities=entity)
    assert not (await sent(desk, clock, update)).documents
