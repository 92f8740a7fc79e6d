"""The towns' market days (逢集), as written in ``towns.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from knowledge.calendar_rules import WEEKDAY_NAMES, WEEKDAYS
from knowledge.datafiles import Row
from knowledge.lunar import lunar_day
from knowledge.numerals import format_number


@dataclass(frozen=True, slots=True)
class MarketDays:
    """A town's market days: ``lunar:3,6,9``, ``solar:5,0`` (5, 10, 15…) or ``weekday:SUN``.

    ``numbers`` are last digits of the day of the month, or weekdays (0 is Monday).
    """

    kind: str
    numbers: tuple[int, ...]

    def on(self, day: date) -> bool:
        """Whether there is a market; the 30th of a short month has none."""
        if self.kind == "weekday":
            return day.weekday() in self.numbers
        number = lunar_day(day).day if self.kind == "lunar" else day.day
        return number % 10 in self.numbers

    @property
    def spelt(self) -> str:
        """逢农历三、六、九, 逢公历五、十, 逢星期日."""
        if self.kind == "weekday":
            return "逢星期" + "、".join(WEEKDAY_NAMES[number] for number in self.numbers)
        digits = "、".join(format_number(number or 10) for number in self.numbers)
        return f"逢{'农历' if self.kind == 'lunar' else '公历'}{digits}"

    def __str__(self) -> str:
        words = [WEEKDAYS[n] if self.kind == "weekday" else str(n) for n in self.numbers]
        return f"{self.kind}:{','.join(words)}"


def read_market(row: Row, key: str) -> MarketDays | None:
    """A town's market days; None where the field is absent or blank.

    Raises:
        DataError: they cannot be read.
    """
    text = row.text(key, "")
    if not text:
        return None
    kind, _, rest = text.partition(":")
    words = rest.split(",")
    known: tuple[str, ...] = {
        "lunar": tuple("1234567890"),
        "solar": tuple("1234567890"),
        "weekday": WEEKDAYS,
    }.get(kind, ())
    order = [known.index(word) if word in known else -1 for word in words]
    if -1 in order or order != sorted(set(order)):
        row.fail(
            f"看不懂集日 {text!r}",
            '请写成 "lunar:3,6,9"（逢农历三六九）、"solar:5,0"（逢公历五、十）或 '
            '"weekday:WED,SUN"，由小到大',
        )
    numbers = tuple(order) if kind == "weekday" else tuple(map(int, words))
    return MarketDays(kind, numbers)
