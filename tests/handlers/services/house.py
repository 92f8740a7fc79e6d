"""A whole desk on a real store: what a resident says and presses, and what is kept of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from itertools import count

from sqlalchemy import func, select

from handlers.conversation import Conversation
from handlers.messages import Channel, Incoming, Reply
from handlers.reception import Reception
from handlers.services import Services
from knowledge.corpus import Corpus
from outreach import gaps, requests
from outreach.gaps import Missing
from outreach.profiles import Profile
from outreach.requests import Request
from outreach.store import Outreach
from outreach.tables import metadata
from tests.conftest import FakeClock
from tests.handlers.conversations import Finds, composer

SECRET = b"k" * 32
CITATIONS = (
    "消费者权益保护法第二十五条",
    "消费者权益保护法第二十四条",
    "消费者权益保护法第五十五条",
)
TODAY = date(2026, 11, 24)


def reception(finds: Finds, outreach: Outreach, clock: FakeClock) -> Reception:
    """A desk whose search finds what ``finds`` says."""
    made = composer(finds.corpus)
    services = Services(made, outreach.memory)
    return Reception(Conversation(made, finds, clock, services), outreach, SECRET)


@dataclass
class House:
    """One desk; ``say`` and ``press`` go the whole way of an update."""

    corpus: Corpus
    outreach: Outreach
    clock: FakeClock
    channel: Channel = Channel.TELEGRAM
    finds: Finds = field(init=False)
    _numbers: Iterable[int] = field(default_factory=lambda: count(1))

    def __post_init__(self) -> None:
        self.finds = Finds(self.corpus, CITATIONS)
        self.desk = reception(self.finds, self.outreach, self.clock)
        self._numbers = iter(self._numbers)

    def update(
        self,
        text: str = "",
        action: str | None = None,
        *,
        person: str = "7",
        group: bool = False,
        key: str | None = None,
    ) -> Incoming:
        number = next(iter(self._numbers))
        address = f"-100{person}::5" if group else f"{person}::"
        return Incoming(
            key or f"{self.channel}:{number}",
            self.channel,
            self.desk.resident(self.channel, person),
            text,
            self.clock.now(),
            action,
            address if self.channel is Channel.TELEGRAM else None,
            group,
        )

    def handle(self, incoming: Incoming) -> Reply:
        self.desk.receive(incoming)
        reply = self.desk.answer(incoming).reply
        self.desk.sent(incoming.update_key)
        return reply

    def say(self, text: str, *, person: str = "7", group: bool = False) -> Reply:
        return self.handle(self.update(text, person=person, group=group))

    def press(self, action: str | None, *, person: str = "7", group: bool = False) -> Reply:
        assert action is not None
        return self.handle(self.update("", action, person=person, group=group))

    def meet(self, person: str = "7") -> None:
        """The first contact, so that later replies carry no notice."""
        self.say("/start", person=person)

    def profile(self, person: str = "7") -> Profile:
        return self.outreach.memory.profile(self.desk.resident(self.channel, person))

    def rows(self) -> dict[str, int]:
        """Rows by table, empty ones left out."""
        with self.outreach.database.read() as connection:
            counts = {
                table.name: connection.execute(select(func.count()).select_from(table)).scalar_one()
                for table in metadata.sorted_tables
            }
        return {name: number for name, number in counts.items() if number}

    def outreach_gaps(self) -> list[Missing]:
        with self.outreach.database.read() as connection:
            return gaps.listed(connection, date(2026, 1, 1), date(2027, 12, 31))

    def outreach_requests(self) -> list[Request]:
        with self.outreach.database.read() as connection:
            return requests.listed(connection)

    def total(self) -> dict[str, object]:
        return dict(self.outreach.stats(TODAY, TODAY).total)


def buttons(reply: Reply) -> dict[str, str]:
    """Label → action."""
    return {b.label: b.action for row in reply.buttons for b in row if b.action is not None}


def pressed(reply: Reply, words: str) -> str:
    """The action of the one button whose label holds these words."""
    (action,) = [action for label, action in buttons(reply).items() if words in label]
    return action
