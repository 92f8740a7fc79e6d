"""The front desk: every adapter hands its updates in here and gets replies back.

The order keeps nothing from being lost (design: "how a question travels"):
:meth:`Reception.receive` stores the update (masked) before the platform is told "received";
:meth:`Reception.answer` stores the events and the outcome in one transaction;
:meth:`Reception.sent` forgets who, what and where to. After a crash :meth:`Reception.unsent` lists
what is still owed.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any, Protocol

from handlers.conversation import Conversation
from handlers.masking import mask
from handlers.messages import Channel, Incoming, Kind, Reply, ShownArticle
from handlers.staff import StaffDesk
from outreach.changes import Turn
from outreach.events import Answer, Cited, Event, Feedback, Gap, Referral, event_key
from outreach.gaps import ASKED
from outreach.residents import resident_key
from outreach.store import Outreach

log = logging.getLogger("pufa.reception")
FALLBACK_ORGAN = "司法局"
WEB_WAIT = timedelta(hours=1)
WEB_SETTLED = timedelta(minutes=1)  # what is older is no longer being answered


@dataclass(frozen=True, slots=True)
class Outcome:
    """A reply; ``first`` is False when the update had been answered before (no new event)."""

    reply: Reply
    first: bool


class FrontDesk(Protocol):
    """What an adapter needs. All calls block (SQLite, search): call them off the event loop."""

    def resident(self, channel: Channel, platform_id: str) -> str:
        """The pseudonymous key of a platform's user."""
        ...

    def receive(self, incoming: Incoming) -> bool:
        """Store the update durably; False when its key is already known."""
        ...

    def answer(self, incoming: Incoming) -> Outcome:
        """Reply to a received update and record its event once, however often it is called."""
        ...

    def sent(self, update_key: str) -> None:
        """The reply went out: forget the update's text and address."""
        ...

    def unsent(self, channel: Channel) -> list[Incoming]:
        """Updates of a channel that were received and not sent a reply, oldest first."""
        ...


class Reception:
    """The desk of one running bot; implements :class:`FrontDesk`."""

    def __init__(
        self,
        conversation: Conversation,
        outreach: Outreach,
        secret: bytes,
        staff: StaffDesk | None = None,
    ) -> None:
        self._conversation = conversation
        self._outreach = outreach
        self._secret = secret
        self._staff = staff

    def resident(self, channel: Channel, platform_id: str) -> str:
        """The pseudonymous key of a platform's user."""
        return resident_key(self._secret, channel.value, platform_id)

    def receive(self, incoming: Incoming) -> bool:
        """Store the update durably; False when its key is already known."""
        return self._outreach.inbox.receive(
            incoming.update_key,
            incoming.channel.value,
            incoming.resident,
            mask(incoming.text),
            at=incoming.at,
            action=incoming.action,
            address=incoming.address,
        )

    def answer(self, incoming: Incoming) -> Outcome:
        """Reply to a received update and record its events once, however often it is called."""
        incoming = replace(incoming, text=mask(incoming.text))
        reply = self._staff.respond(incoming) if self._staff else None
        reply = reply or self._conversation.respond(incoming)
        events = happened(incoming, reply)
        if events and self._staff and self._staff.is_staff(incoming.resident):
            events = []  # what staff try out is no consultation (spec 2.1)
        first = self._outreach.record_answer(
            incoming.update_key,
            reply.kind.value,
            events,
            text=incoming.text,
            changes=reply.changes,
            turn=Turn(
                update_key=incoming.update_key,
                resident=incoming.resident,
                channel=incoming.channel.value,
                at=incoming.at,
                now=self._outreach.clock.now(),
                address=incoming.address,
            ),
            agreed=reply.agreed and reply.gap,
        )
        return Outcome(reply, first)

    def sent(self, update_key: str) -> None:
        """The reply went out: forget the update's text and address."""
        self._outreach.inbox.sent(update_key)

    def unsent(self, channel: Channel) -> list[Incoming]:
        """Updates of a channel that were received and not sent a reply, oldest first."""
        return [
            Incoming(
                pending.update_key,
                channel,
                pending.resident,
                pending.text,
                pending.at,
                pending.action,
                pending.address,
            )
            for pending in self._outreach.inbox.unsent(channel.value)
        ]

    def tidy(self) -> None:
        """Apply the retention periods, and settle web updates that a crash left behind.

        They are answered, so that their events are recorded; a page that lost its answer asks again
        with the same key within minutes and gets it without another event. Nothing can be sent to
        it later, so after an hour the text has no purpose left (个人信息保护法 19, 47).
        """
        self._outreach.purge()
        now = self._outreach.clock.now()
        for pending in self.unsent(Channel.WEB):
            if pending.at < now - WEB_SETTLED:
                self.answer(pending)
            if pending.at < now - WEB_WAIT:
                self.sent(pending.update_key)

    def trouble(self) -> str | None:
        """What keeps the store from being used, None when nothing does."""
        try:
            self._outreach.inbox.unsent("health")
        except Exception:
            log.exception("the outreach store cannot be read")
            return "数据库暂时无法使用"
        return None


def happened(incoming: Incoming, reply: Reply) -> list[Event]:
    """The events of one turn (spec 2.1).

    An answer or lookup with articles is an :class:`Answer`; a question in scope that the corpus
    does not answer a :class:`Gap`; numbers to call, where they are more than the general advice
    line, a :class:`Referral`. Someone in danger or being defrauded counts as referral only (rule
    R12). Small talk, menus, refusals and what is off topic are no events; neither is anything
    about who says to be under 14.
    """
    if not reply.retained:
        return []
    common: dict[str, Any] = {
        "at": incoming.at,
        "channel": incoming.channel.value,
        "resident": incoming.resident,
        "kind": reply.kind.value,
        "topic": reply.topic,
        "organ": reply.organ or FALLBACK_ORGAN,
        "system": reply.system,
        "town": reply.town,
        "target_group": reply.group,
    }

    def key(kind: str) -> str:
        return event_key(incoming.update_key, kind)

    if reply.feedback is not None:
        useful, subject = reply.feedback
        common["kind"] = None
        result = "useful" if useful else "not_useful"
        return [Feedback(key=key("feedback"), subject=subject, result=result, **common)]
    numbers = ",".join(line.number for line in reply.hotlines)
    if reply.person:
        return [Referral(key=key("referral"), subject=numbers, result=ASKED, **common)]
    events: list[Event] = []
    if reply.kind in (Kind.ANSWER, Kind.LOOKUP) and reply.shown:  # not a question back
        cited = _cited(reply.articles[: reply.shown])
        events.append(Answer(key=key("answer"), articles=cited, **common))
    elif reply.gap:
        events.append(Gap(key=key("gap"), **common))
    if reply.kind is Kind.URGENT or (events and numbers not in ("", "12348")):
        events.append(Referral(key=key("referral"), subject=numbers, result="shown", **common))
    return events


def _cited(articles: tuple[ShownArticle, ...]) -> tuple[Cited, ...]:
    cited = (Cited(a.law, a.article, a.version_date) for a in articles)
    return tuple(dict.fromkeys(cited))
