"""Telegram updates read into what the front desk understands.

Follows the Bot API's ``Update``, ``Message`` and ``MessageEntity`` pages. Nothing is sent and
nothing is stored here: :func:`read` is a pure function of the update.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any, Self

from telegram import Chat, Message, MessageEntity, Update
from telegram.constants import ChatType
from telegram.error import TelegramError

from handlers.messages import Channel, Incoming

ALLOWED_UPDATES = ("message", "edited_message", "callback_query")

NO_VOICE = "抱歉，我还听不懂语音和视频。请把遇到的事打成一两句话发给我。"
NO_PICTURE = "抱歉，我还看不懂图片和表情。请把遇到的事打成一两句话发给我。"
NO_FILE = "抱歉，我还读不了文件、位置、名片这类内容。请把遇到的事打成一两句话发给我。"
NO_EDIT = "看到您改了前面的话。改过的内容我不会自动重新回答，请把完整的问题再发一次。"


# Telegram's way to speak to one bot in a group; the question is what follows it.
_ASK = re.compile(r"^/ask(?:\s+|$)", re.IGNORECASE)


class UnreadableUpdate(ValueError):
    """A body that is no update of the Bot API; the message never quotes it."""


@dataclass(frozen=True, slots=True)
class Address:
    """Where a reply goes: chat, forum topic, and in groups the message that it answers."""

    chat: int
    topic: int | None = None
    answers: int | None = None

    @property
    def group(self) -> bool:
        """Whether others read along: ids of groups are negative (Bot API, ``Chat.id``)."""
        return self.chat < 0

    def __str__(self) -> str:
        """``chat:topic:message``, the form kept in ``Incoming.address``."""
        return f"{self.chat}:{self.topic or ''}:{self.answers or ''}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """The inverse of ``str``; raises ValueError for anything else."""
        chat, topic, answers = text.split(":")
        return cls(int(chat), int(topic) if topic else None, int(answers) if answers else None)


@dataclass(frozen=True, slots=True)
class Me:
    """The bot's own account, to know when a group speaks to it."""

    id: int
    username: str


@dataclass(frozen=True, slots=True)
class Question:
    """An update for the front desk, still with the platform's user id."""

    update_key: str
    user: int
    text: str
    action: str | None
    address: Address
    at: datetime

    def incoming(self, resident: str) -> Incoming:
        """The channel-neutral update, under the resident's pseudonymous key."""
        return Incoming(
            update_key=self.update_key,
            channel=Channel.TELEGRAM,
            resident=resident,
            text=self.text,
            at=self.at,
            action=self.action,
            address=str(self.address),
            group=self.address.group,
        )


@dataclass(frozen=True, slots=True)
class Notice:
    """A courtesy for what this channel cannot read; ``key`` is the same for one album."""

    key: str
    address: Address
    text: str


def with_group(incoming: Incoming) -> Incoming:
    """A stored update, which knows its address only, with ``group`` read from it."""
    try:
        return replace(incoming, group=Address.parse(incoming.address or "").group)
    except ValueError:
        return incoming


def parse_update(data: object) -> Update:
    """A decoded JSON body as an ``Update``.

    Raises:
        UnreadableUpdate: it is not one.
    """
    if not isinstance(data, dict) or type(data.get("update_id")) is not int:
        raise UnreadableUpdate("no update_id")
    try:
        return Update.de_json(data, None)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, TelegramError) as error:
        # The library names the missing field or prints the value: the value may be a resident's
        # words, so only the kind of the error is passed on.
        raise UnreadableUpdate(type(error).__name__) from None


def read(update: Update, me: Me, now: datetime) -> Question | Notice | None:
    """What an update asks for; None where nothing is to be done.

    In groups the bot only listens when it is mentioned, replied to or given a command. ``now``
    (aware, UTC) is the time of a pressed button, which Telegram does not date, and the latest
    that a message may claim.
    """
    key = f"telegram:{update.update_id}"
    if update.callback_query is not None:
        query = update.callback_query
        if query.message is None or not query.data:
            return None
        chat = query.message.chat
        # An inaccessible (old) message still names its chat, only not its topic.
        topic = _topic(query.message) if isinstance(query.message, Message) else None
        answers = query.message.message_id if _is_group(chat) else None
        action = _clean(query.data)
        address = Address(chat.id, topic, answers)
        return Question(key, query.from_user.id, "", action, address, now)
    message = update.message or update.edited_message
    if message is None:
        return None
    user = _author(message)
    if user is None or (_is_group(message.chat) and not _is_spoken_to(message, me)):
        return None
    answers = message.message_id if _is_group(message.chat) else None
    address = Address(message.chat.id, _topic(message), answers)
    if update.edited_message is not None:
        # A live location edits itself for hours; only edited words deserve a word.
        return Notice(key, address, NO_EDIT) if message.text or message.caption else None
    if message.text or message.caption:
        said = _text(message, me)
        # Only the bot's name, or only /ask: the conversation explains itself.
        text = _ASK.sub("", said) or ("/ask" if said else "/help")
        return Question(key, user, text, None, address, min(message.date.astimezone(UTC), now))
    courtesy = _courtesy(message)
    if courtesy is None:
        return None
    album = message.media_group_id
    return Notice(f"album:{message.chat.id}:{album}" if album else key, address, courtesy)


def _is_group(chat: Chat) -> bool:
    return chat.type in (ChatType.GROUP, ChatType.SUPERGROUP)


def _topic(message: Message) -> int | None:
    return message.message_thread_id if message.is_topic_message else None


def _author(message: Message) -> int | None:
    """The id of the person or chat that speaks; None for other bots and channel posts."""
    if message.sender_chat is not None:  # an anonymous administrator, or a channel in a group
        return None if message.is_automatic_forward else message.sender_chat.id
    if message.from_user is None or message.from_user.is_bot:
        return None
    return message.from_user.id


def _is_spoken_to(message: Message, me: Me) -> bool:
    replied = message.reply_to_message
    if replied is not None and replied.from_user is not None and replied.from_user.id == me.id:
        return True
    for entity, text in _entities(message).items():
        if entity.type == MessageEntity.TEXT_MENTION and entity.user and entity.user.id == me.id:
            return True
        if entity.type == MessageEntity.MENTION and _is_me(text.removeprefix("@"), me):
            return True
        if entity.type == MessageEntity.BOT_COMMAND and entity.offset == 0:
            _, at, addressee = text.partition("@")
            return not at or _is_me(addressee, me)
    return False


def _text(message: Message, me: Me) -> str:
    """Text or caption without the bot's own name in mentions and commands."""
    raw = message.text or message.caption or ""
    # Entities count in UTF-16 code units, so the cuts are made there.
    units = raw.encode("utf-16-le", "surrogatepass")
    for entity, text in reversed(_entities(message).items()):
        start, end = entity.offset * 2, (entity.offset + entity.length) * 2
        if entity.type == MessageEntity.BOT_COMMAND:
            command, _, addressee = text.partition("@")
            if not _is_me(addressee, me):
                continue
            start += len(command.encode("utf-16-le"))
        elif entity.type == MessageEntity.MENTION:
            if not _is_me(text.removeprefix("@"), me):
                continue
        else:
            continue
        units = units[:start] + units[end:]
    return _clean(units.decode("utf-16-le", "surrogatepass")).strip()


def _entities(message: Message) -> dict[MessageEntity, str]:
    """Entities with their text, in the order in which they stand."""
    found = message.parse_entities() if message.text else message.parse_caption_entities()
    return dict(sorted(found.items(), key=lambda item: item[0].offset))


def _is_me(name: str, me: Me) -> bool:
    return name.casefold() == me.username.casefold()


def _clean(text: str) -> str:
    """``text`` without lone surrogates, which no store and no reply could encode."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _courtesy(message: Message) -> str | None:
    """What to say about content that this channel cannot read; None for service messages."""
    kinds: dict[str, Any] = {
        NO_VOICE: message.voice or message.audio or message.video or message.video_note,
        NO_PICTURE: message.photo or message.sticker or message.animation or message.dice,
        NO_FILE: message.effective_attachment,
    }
    return next((sentence for sentence, content in kinds.items() if content), None)
