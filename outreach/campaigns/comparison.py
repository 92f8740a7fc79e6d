"""Two texts compared, soundly: an interval for the difference, and no winner in noise.

Wilson's score interval for each rate, and for their difference Newcombe's hybrid score interval
(R. G. Newcombe, "Interval estimation for the difference between independent proportions",
Statistics in Medicine 17 (1998) 873-890, method 10): good for small numbers and for rates near 0,
where clicks mostly are. A difference counts as shown only where the 95 % interval leaves out 0,
and only once everything has been sent: looking again and again finds "winners" by chance.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt
from typing import Any

Z = 1.959963984540054  # two-sided 95 %


@dataclass(frozen=True, slots=True)
class Rate:
    """``hits`` of ``of``, with Wilson's interval; None where there is no denominator."""

    hits: int
    of: int

    @property
    def value(self) -> float | None:
        """The share."""
        return self.hits / self.of if self.of else None

    @property
    def interval(self) -> tuple[float, float] | None:
        """Wilson's 95 % interval."""
        return wilson(self.hits, self.of) if self.of else None

    def to_json(self) -> dict[str, Any]:
        """The rate with both of its numbers."""
        value, interval = self.value, self.interval
        return {
            "n": self.hits,
            "of": self.of,
            "rate": None if value is None else round(value, 6),
            "interval": [round(end, 6) for end in interval] if interval else None,
        }


@dataclass(frozen=True, slots=True)
class Comparison:
    """Clicks of text a against text b; ``difference`` is a's rate less b's."""

    a: Rate
    b: Rate
    difference: float | None
    interval: tuple[float, float] | None
    complete: bool  # nothing is waiting to be sent

    @property
    def better(self) -> str | None:
        """``a`` or ``b`` where a difference is shown, else None."""
        if self.interval is None or not self.complete:
            return None
        low, high = self.interval
        return "a" if low > 0 else "b" if high < 0 else None

    @property
    def verdict(self) -> str:
        """What staff read."""
        if self.interval is None:
            return "两种文案还没有都送达，不能比较"
        low, high = self.interval
        between = f"95%区间 {_points(low)} 至 {_points(high)}"
        told = f"点击率相差 {_points(self.difference or 0)}（{between}）"
        if not self.complete:
            return f"{told}；还没发完，暂不下结论"
        if self.better is None:
            return f"{told}；看不出差别"
        return f"{told}；第{'一' if self.better == 'a' else '二'}种文案点击率较高"

    def to_json(self) -> dict[str, Any]:
        """Both rates, the difference and the verdict."""
        return {
            "a": self.a.to_json(),
            "b": self.b.to_json(),
            "difference": None if self.difference is None else round(self.difference, 6),
            "interval": [round(end, 6) for end in self.interval] if self.interval else None,
            "better": self.better,
            "verdict": self.verdict,
        }


def compare(a: Rate, b: Rate, *, complete: bool) -> Comparison:
    """Compare two independent rates."""
    if not a.of or not b.of:
        return Comparison(a, b, None, None, complete)
    return Comparison(
        a, b, a.hits / a.of - b.hits / b.of, newcombe(a.hits, a.of, b.hits, b.of), complete
    )


def wilson(hits: int, of: int, z: float = Z) -> tuple[float, float]:
    """Wilson's score interval of a proportion.

    Raises:
        ValueError: no trials, or more hits than trials.
    """
    if of <= 0 or not 0 <= hits <= of:
        raise ValueError(f"{hits} of {of} is no proportion")
    share, square = hits / of, z * z
    middle = share + square / (2 * of)
    half = z * sqrt(share * (1 - share) / of + square / (4 * of * of))
    low, high = (middle - half) / (1 + square / of), (middle + half) / (1 + square / of)
    # Exact at the ends, where rounding would leave 1e-17.
    return (0.0 if hits == 0 else low), (1.0 if hits == of else high)


def newcombe(hits_a: int, of_a: int, hits_b: int, of_b: int, z: float = Z) -> tuple[float, float]:
    """Newcombe's hybrid score interval of the difference of two proportions (method 10)."""
    a, b = hits_a / of_a, hits_b / of_b
    low_a, high_a = wilson(hits_a, of_a, z)
    low_b, high_b = wilson(hits_b, of_b, z)
    return (
        a - b - sqrt((a - low_a) ** 2 + (high_b - b) ** 2),
        a - b + sqrt((high_a - a) ** 2 + (b - low_b) ** 2),
    )


def _points(share: float) -> str:
    return f"{share * 100:+.1f} 个百分点"
