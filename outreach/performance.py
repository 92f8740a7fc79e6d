"""A unit's 年度履行普法责任制情况报告, for the yearly review (评议).

Its headings are those of the reviews (机制建设、系统内学法用法、社会普法、创新形式、实效). What
only people know is left to fill in, and what has no data is left out.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from errors import UsageError
from outreach import notices
from outreach.duties import DueItem
from outreach.figures import Figure
from outreach.passages import FILL_IN, Draft, Grid, Passage, Piece, Style, clause, day, sentence
from outreach.report import GIVEN, OVERDUE, Material, attended, nonzero


def performance(material: Material, organ: str) -> Draft:
    """A unit's 年度履行普法责任制情况报告; what only people know is left to fill in.

    Raises:
        UsageError: the unit is not in the duty list.
    """
    if organ not in material.duties.names:
        names = "、".join(material.duties.names)
        raise UsageError(f"责任清单里没有“{organ}”。单位有：{names}")
    book, window = material.book, material.window
    duty = material.duties.of(organ, window.last)
    items = material.items(organ)

    def get(measure: str, **where: str) -> Figure | None:
        return book.get(measure, organ=organ, **where)

    held = sentence(
        clause("主办法治宣传教育活动", get("activities")),
        attended(book, "活动", "参加", organ=organ),
        clause("参与其他单位主办的活动", get("joint_participations")),
        clause("现场解答咨询", get("offline_consultations")),
    )
    given = sentence(*(clause(words, get(measure)) for measure, words in GIVEN.items()))
    trained = sentence(
        clause("举办培训班", get("trainings")),
        attended(book, "培训", "参加培训", organ=organ),
    )
    asked = sentence(
        clause("本单位负责的法律由普法问答机器人解答咨询", get("consultations")),
        clause("服务群众", get("online_residents"), "（按渠道内去重）"),
    )
    owed = sentence(
        clause("应办", material.duty("due", organ)),
        clause("已办", material.duty("done", organ)),
        nonzero("逾期补办", material.duty("late", organ)),
        nonzero("未到期未办", material.duty("open", organ)),
        nonzero("逾期", material.duty("overdue", organ)),
    )
    reminded = sentence(
        clause("收到普法提示单", material.notice(notices.SENT, organ)),
        clause("已反馈", material.notice(notices.FEEDBACK, organ)),
        clause("已办结", material.notice(notices.CLOSED, organ)),
        nonzero("逾期未反馈", material.notice(OVERDUE, organ)),
    )
    forms = sentence(
        *(
            clause(label, figure)
            for form, label in material.labelled("form", "forms")
            if (figure := get("activities", form=form))
        ),
        opening="普法形式：",
    )
    laws = "、".join(f"《{law}》" for law in duty.laws)
    who = "；".join(
        f"{name}：{value or FILL_IN}"
        for name, value in (
            ("责任领导", duty.leader),
            ("责任人", duty.officer),
            ("责任处室", duty.office),
        )
    )
    blocks: list[Passage | Grid] = [
        _passage("title", f"{organ}履行普法责任制情况报告"),
        _passage("note", f"（{day(window.first)}至{day(window.last)}）"),
        _passage("heading", "一、机制建设"),
        _passage("body", f"{who}。"),
        *([_passage("body", f"负责宣传的法律：{laws}。")] if laws else []),
        _passage("body", f"普法责任制的部署、研究和考核情况：{FILL_IN}"),
        _passage("heading", "二、系统内学法用法"),
        *_body(trained),
        _passage("body", f"领导干部学法、旁听庭审、年度述法情况：{FILL_IN}"),
        _passage("heading", "三、社会普法"),
        *_body((*held, *given)),
        *_body(asked),
        *_body(owed),
        *([_items_grid(items)] if items else []),
        _passage("heading", "四、创新形式"),
        *_body(forms),
        _passage("body", f"有特色的做法：{FILL_IN}"),
        _passage("heading", "五、实效"),
        *_body(reminded),
        _passage("body", f"群众评价、典型案例和媒体报道：{FILL_IN}"),
        _passage("heading", "六、存在的问题和下一步打算"),
        _passage("body", FILL_IN),
    ]
    return Draft(window, tuple(blocks))


def _passage(style: Style, *pieces: Piece) -> Passage:
    return Passage(style, pieces)


def _body(pieces: Sequence[Piece]) -> list[Passage]:
    return [Passage("body", tuple(pieces))] if pieces else []


def _items_grid(items: Iterable[DueItem]) -> Grid:
    rows = tuple(
        (
            f"{item.name}（日期待确认）" if item.proposed else item.name,
            _days(item),
            item.basis or "—",
            item.shown,
        )
        for item in items
    )
    return Grid(("应办事项", "时间", "依据", "办理情况"), rows, (0.34, 0.22, 0.28, 0.16))


def _days(item: DueItem) -> str:
    first = f"{item.start.month}月{item.start.day}日"
    last = f"{item.end.month}月{item.end.day}日"
    following = "次年" if item.end.year > item.start.year else ""
    return first if item.start == item.end else f"{first}至{following}{last}"
