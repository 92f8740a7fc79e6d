"""What the sheets of an Excel export share."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from knowledge.duties import Duties
from outreach.consultations import Window
from outreach.database import Database
from outreach.statistics import Table, stats
from outreach.workbook import Column

MEASURE_TITLES = {
    "activities": "场次",
    "trainings": "期",
    "joint_participations": "参与场次",
    "offline_person_times": "线下人次",
    "offline_consultations": "现场咨询人次",
    "consultations": "咨询人次",
    "online_person_times": "线上人次",
    "online_residents": "线上人数",
    "delivered": "推送送达",
    "clicked_residents": "点击人数",
    "quiz_attempts": "答题人次",
    "quiz_right_first_rate": "首答正确率",
    "books": "图书(册)",
    "leaflets": "资料(份)",
}


@dataclass(frozen=True, slots=True)
class Request:
    """What is exported, once for all sheets. ``corpus``: date or name of the statute corpus."""

    database: Database
    duties: Duties
    window: Window
    county: str
    exporter: str
    corpus: str | None = None

    def table(self, *by: str) -> Table:
        """The statistics of the window."""
        window = self.window
        return stats(self.database, window.first, window.last, by, window.as_of)


def measure_columns(titles: Sequence[str]) -> list[Column]:
    """A column for each measure."""
    return [Column(title, 10, "rate" if title.endswith("率") else "count") for title in titles]


def titled(request: Request, words: str) -> str:
    """A sheet's title, with the county before it."""
    return f"{request.county}{words}"
