"""宪法晨读: one article of the Constitution a day, in order, with one plain sentence."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from handlers.messages import Button, Reply
from handlers.questions import Composer
from handlers.services.visit import Visit, say
from knowledge.readings import Readings
from outreach.profiles import Subscribe, Unsubscribe

# Who did not subscribe reads with everybody: the round began on the Constitution Day of 2025.
_BEGAN = date(2025, 12, 4)


@dataclass(frozen=True)
class Morning:
    """Shows readings; when they are sent is the delivery's business."""

    composer: Composer
    readings: Readings

    def position(self, visit: Visit) -> int:
        """Where the resident is: at the last article had by subscription, or at today's."""
        sent = visit.profile.subscriptions.get("morning", 0)
        if sent:
            return sent - 1
        return (visit.today - _BEGAN).days % len(self.readings.all)

    def todays(self, visit: Visit) -> Reply:
        """Today's reading."""
        return self.reading(visit, self.position(visit))

    def reading(self, visit: Visit, position: int) -> Reply:
        """The reading at a position, counted from 0; it begins anew after the last."""
        count = len(self.readings.all)
        place = position % count
        found = self.readings.at(place)
        article = self.composer.shown(found.article(self.composer.corpus, visit.today), visit.today)
        lead = f"宪法晨读（{place + 1}/{count}）\n一句话：{found.sentence}"
        turn = [Button("上一条", f"read:{(place - 1) % count}")]
        turn.append(Button("下一条", f"read:{(place + 1) % count}"))
        rows = [turn]
        if "morning" in visit.profile.subscriptions:
            rows.append([Button("退订晨读", "unsub:morning")])
        elif visit.pushable:
            rows.append([Button("每天早上发给我", "sub:morning")])
        return say(self.composer, lead, rows=rows, articles=(article,))

    def subscribe(self) -> Reply:
        """Have a reading sent each morning."""
        text = (
            "好的，每天早上给您发一条宪法原文，从第一条起按顺序，配一句大白话。"
            "不想要了随时发“退订”。"
        )
        return say(
            self.composer, text, Subscribe("morning"), rows=[[Button("退订晨读", "unsub:morning")]]
        )

    def unsubscribe(self) -> Reply:
        """No more readings; the quiz and others stay."""
        text = "已退订宪法晨读，马上生效。想看随时发“宪法晨读”。"
        return say(self.composer, text, Unsubscribe("morning"))
