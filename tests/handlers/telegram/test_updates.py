from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from handlers.telegram.updates import (
    NO_EDIT,
    NO_FILE,
    NO_PICTURE,
    NO_VOICE,
    Address,
    Me,
    Notice,
    Question,
    UnreadableUpdate,
    parse_update,
    read,
)
from tests.handlers.telegram.doubles import NOW, message, press

ME = Me(666, "pufa_bot")
GROUP: dict[str, Any] = {"chat": {"id": -100, "type": "supergroup", "title": "村民群"}}
FILE = {"file_id": "f", "file_unique_id": "u"}
PHOTO = {**FILE, "width": 1, "height": 1}


def take(update: dict[str, Any]) -> Question | Notice | None:
    return read(parse_update(update), ME, NOW)


def group(text: str, *entities: tuple[str, int, int], **fields: Any) -> Question | Notice | None:
    listed = [{"type": kind, "offset": at, "length": size} for kind, at, size in entities]
    return take(message(1, text, entities=listed, **GROUP, **fields))


def test_private_text() -> None:
    found = take(message(42, " 押金不退怎么办 "))
    assert found == Question(
        "telegram:42", 7, "押金不退怎么办", None, Address(7), NOW - timedelta(seconds=5)
    )
    incoming = found.incoming("r")
    assert (incoming.address, incoming.resident, incoming.channel.value) == ("7::", "r", "telegram")


def test_a_message_from_the_future_is_dated_now() -> None:
    found = take(message(1, date=int(NOW.timestamp()) + 3600))
    assert isinstance(found, Question)
    assert found.at == NOW


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/start", "/start"),
        ("/help@pufa_bot", "/help"),
        ("/HELP@Pufa_Bot", "/HELP"),
        ("/ask 押金不退怎么办", "押金不退怎么办"),
        ("/ask@pufa_bot 押金", "押金"),
        ("/ask", "/ask"),
        ("/asking", "/asking"),
    ],
)
def test_commands_are_text(text: str, expected: str) -> None:
    entities = [{"type": "bot_command", "offset": 0, "length": len(text.split()[0])}]
    found = take(message(1, text, entities=entities))
    assert isinstance(found, Question)
    assert found.text == expected


def test_caption_is_text() -> None:
    found = take(message(1, None, photo=[PHOTO], caption="这合同合法吗"))
    assert isinstance(found, Question)
    assert found.text == "这合同合法吗"


def test_button() -> None:
    assert take(press(9, "full:12")) == Question("telegram:9", 7, "", "full:12", Address(7), NOW)


def test_button_under_an_old_message_still_answers() -> None:
    update = press(9, "full:12")
    update["callback_query"]["message"]["date"] = 0  # the API's InaccessibleMessage
    found = take(update)
    assert isinstance(found, Question)
    assert found.address == Address(7)


def test_button_without_message_or_data_is_nothing() -> None:
    inline, game = press(1, "x"), press(2, "x")
    del inline["callback_query"]["message"]
    del game["callback_query"]["data"]
    assert take(inline) is None
    assert take(game) is None


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"voice": {**FILE, "duration": 3}}, NO_VOICE),
        ({"video_note": {**FILE, "duration": 3, "length": 1}}, NO_VOICE),
        ({"photo": [PHOTO]}, NO_PICTURE),
        (
            {"sticker": {**PHOTO, "type": "regular", "is_animated": False, "is_video": False}},
            NO_PICTURE,
        ),
        ({"document": FILE}, NO_FILE),
        ({"location": {"latitude": 1.0, "longitude": 1.0}}, NO_FILE),
        ({"contact": {"phone_number": "1", "first_name": "x"}}, NO_FILE),
    ],
)
def test_what_cannot_be_read_gets_a_sentence(fields: dict[str, Any], sentence: str) -> None:
    assert take(message(3, None, **fields)) == Notice("telegram:3", Address(7), sentence)


def test_an_album_is_one_notice() -> None:
    one, two = (take(message(n, None, photo=[PHOTO], media_group_id="g")) for n in (1, 2))
    assert isinstance(one, Notice)
    assert isinstance(two, Notice)
    assert one.key == two.key


def test_an_edit_gets_a_sentence_and_a_moving_location_none() -> None:
    def edited(body: dict[str, Any]) -> dict[str, Any]:
        return {"update_id": 1, "edited_message": body["message"] | {"edit_date": 1}}

    assert take(edited(message(1))) == Notice("telegram:1", Address(7), NO_EDIT)
    moving = {"latitude": 1.0, "longitude": 1.0}
    assert take(edited(message(1, None, location=moving))) is None


@pytest.mark.parametrize(
    "fields",
    [
        {"new_chat_members": [{"id": 666, "is_bot": True, "first_name": "x"}]},
        {"group_chat_created": True},
        {},
    ],
)
def test_service_messages_are_nothing(fields: dict[str, Any]) -> None:
    assert take(message(1, None, **fields)) is None


def test_other_updates_are_nothing() -> None:
    assert take({"update_id": 1}) is None
    assert take({"update_id": 1, "from_a_later_api": {"x": 1}}) is None


def test_groups_are_overheard_only_when_spoken_to() -> None:
    assert group("今天天气不错") is None
    assert group("@other_bot 押金", ("mention", 0, 10)) is None
    assert group("/help@other_bot", ("bot_command", 0, 15)) is None
    assert group("看看 /help", ("bot_command", 3, 5)) is None  # not to us, only mentions a command
    mentioned = group("😀@pufa_bot 押金不退", ("mention", 2, 9))  # offsets are UTF-16
    assert isinstance(mentioned, Question)
    assert mentioned.text == "😀 押金不退"
    assert mentioned.address == Address(-100, None, 101)
    commanded = group("/ask 押金", ("bot_command", 0, 4))
    assert isinstance(commanded, Question)
    assert commanded.text == "押金"
    named = group("@PUFA_BOT", ("mention", 0, 9))
    assert isinstance(named, Question)
    assert named.text == "/help"


def test_a_reply_to_the_bot_in_a_topic_is_spoken_to_it() -> None:
    earlier = message(1, "答")["message"] | {
        "from": {"id": 666, "is_bot": True, "first_name": "普"}
    }
    found = group("那要多久", reply_to_message=earlier, message_thread_id=8, is_topic_message=True)
    assert isinstance(found, Question)
    assert found.address == Address(-100, 8, 101)
    someone = message(1, "答")["message"]
    assert group("那要多久", reply_to_message=someone) is None


def test_a_thread_that_is_no_topic_is_not_replied_into() -> None:
    found = group("@pufa_bot 押金", ("mention", 0, 9), message_thread_id=8)
    assert isinstance(found, Question)
    assert found.address.topic is None


def test_pictures_in_groups_pass_in_silence() -> None:
    assert take(message(1, None, photo=[PHOTO], **GROUP)) is None


def test_bots_and_forwarded_channel_posts_are_nothing() -> None:
    bot: Any = {"id": 5, "is_bot": True, "first_name": "b"}
    assert take(message(1, **{"from": bot})) is None
    channel = {"id": -200, "type": "channel", "title": "c"}
    assert take(message(1, sender_chat=channel, is_automatic_forward=True)) is None
    anonymous = take(message(1, sender_chat=GROUP["chat"], **{"from": bot}))
    assert isinstance(anonymous, Question)
    assert anonymous.user == -100


def test_a_lone_surrogate_is_replaced() -> None:
    found = take(message(1, "坏\ud83d字"))
    assert isinstance(found, Question)
    assert found.text == "坏\ufffd字"


@pytest.mark.parametrize(
    "body",
    [
        None,
        [],
        "x",
        {},
        {"update_id": "1"},
        {"update_id": True},
        {"update_id": 1, "message": "x"},
        {"update_id": 1, "message": {"text": "只有字"}},
        {"update_id": 1, "message": {"message_id": 1, "date": "x", "chat": {}}},
    ],
)
def test_what_is_no_update_is_refused_without_quoting_it(body: object) -> None:
    with pytest.raises(UnreadableUpdate) as caught:
        parse_update(body)
    assert "只有字" not in str(caught.value)


@pytest.mark.parametrize("address", [Address(7), Address(-100, 8), Address(-1001234567890, 8, 9)])
def test_addresses_round_trip(address: Address) -> None:
    assert Address.parse(str(address)) == address


@pytest.mark.parametrize("text", ["", "7", "a::", "1:2:3:4"])
def test_other_addresses_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Address.parse(text)
