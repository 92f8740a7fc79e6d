"""The columns that staff name by hand when they report one activity."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

from errors import UsageError
from outreach.cells import ONLINE_COLUMNS, REMARKS
from outreach.ledger import LEDGER_COLUMNS

WRITTEN = ("序号", "主办/参与", "审核人", "状态")  # by the bot, never by hand
COLUMNS = tuple(
    name
    for name in (*LEDGER_COLUMNS, *REMARKS)
    if name not in (*WRITTEN, *ONLINE_COLUMNS, "场次", "期")
)
# 场次 and 期, and online figures, are read too: the reader of cells says what is wrong with them.
_READ = {*COLUMNS, *ONLINE_COLUMNS, "场次", "期"}


def check_columns(names: Iterable[str]) -> None:
    """Refuse columns that no reader of the cells knows, instead of dropping them.

    Raises:
        UsageError: names each such column, the nearest that there is, and where they are listed.
    """
    wrong = [_told(name) for name in names if name not in _READ]
    if wrong:
        raise UsageError(f"{'；'.join(wrong)}。可用的列见 event add --help；没有登记")


def _told(name: str) -> str:
    if name in WRITTEN:
        return f"“{name}”由系统填写，不能登记"
    near = get_close_matches(name, COLUMNS, n=1, cutoff=0.3)
    return f"没有“{name}”这一列" + (f"，最接近的是“{near[0]}”" if near else "")
