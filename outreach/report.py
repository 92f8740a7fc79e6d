"""What the report to the people's congress says about 法治宣传教育, and each unit's 履职报告.

The section （二） keeps the order of the county's reports: how much was done, by which means and on
which days, by whom. Every number is a :class:`Figure`; what has no data is left out, never
invented; 场次、期、人次、册 stand apart (domain specification §0, R1–R9).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime

from errors import OutreachError, UsageError
from knowledge.codelists import CodeLists
from knowledge.duties import Duties
from outreach import notices
from outreach.consultations import Window
from outreach.database import Database
from outreach.duties import DueItem, OrganDuties, definition, due_and_done
from outreach.figures import Book, Cell, Figure, Trace, Where
from outreach.figures import trace as trace_statistics
from outreach.insight_report import PREFIX, trace_insight
from outreach.passages import Draft, Passage, Piece, clause, sentence
from settings import SHANGHAI

# The four systems in the report's order, in today's terms.
SYSTEMS = {
    "食品安全": "食品安全",
    "安全生产": "安全生产",
    "反诈": "反电信网络诈骗",
    "消费": "消费者权益保护",
    "宪法": "宪法学习",
}
ORDINALS = "一二三四五六七八九十"
DUTY_COUNTS: dict[str, tuple[str, Callable[[DueItem], bool]]] = {
    "due": ("应办", lambda _: True),
    "done": ("已办", lambda item: item.state == "已办"),
    "late": ("逾期补办", lambda item: item.late),
    "open": ("未办", lambda item: item.state == "未办"),
    "overdue": ("逾期", lambda item: item.state == "逾期"),
}
OVERDUE = "overdue"
NOTICE_STATES = {
    **{state: notices.STATES[state] for state in (notices.SENT, notices.FEEDBACK, notices.CLOSED)},
    OVERDUE: "逾期未反馈",
}
NOTICE_DEFINITION = (
    "普法提示单：统计期间内发出的（法治宣传教育法第五十七条），一张算一件；"
    "是否反馈、办结、逾期以数据截止时间为准；逾期未反馈：过了反馈期限仍没有反馈。"
)
# Materials, one unit each, never converted (rule R6).
GIVEN = {
    "books": "发放法律图书",
    "donated_books": "捐赠法律图书",
    "leaflets": "发放宣传资料",
    "donated_leaflets": "捐赠宣传资料",
    "goods": "发放宣传品",
    "donated_goods": "捐赠宣传品",
    "banners": "悬挂横幅",
    "boards": "展出展板",
    "vehicles": "出动宣传车",
}
MOST_NODES = 6  # named in the section; the others stand in the workbook


@dataclass(frozen=True, slots=True)
class Material:
    """All that a report speaks of, read once with one 数据截止时间."""

    county: str
    book: Book
    duties: Duties
    organs: tuple[OrganDuties, ...]
    reminders: tuple[notices.Reminder, ...]

    @classmethod
    def read(
        cls,
        database: Database,
        duties: Duties,
        start: date,
        end: date,
        as_of: datetime,
        county: str,
    ) -> Material:
        """Read the store for the days [start, end] of Asia/Shanghai.

        Raises:
            UsageError: the window ends before it begins.
            OutreachError: ledger and statistics disagree.
        """
        return cls(
            county=county,
            book=Book.read(database, start, end, as_of),
            duties=duties,
            organs=due_and_done(database, duties, start, end, as_of),
            reminders=notices.sent_within(notices.listed(database, as_of), start, end),
        )

    @property
    def window(self) -> Window:
        """The report's days."""
        return self.book.window

    @property
    def lists(self) -> CodeLists:
        """The county's code lists."""
        return self.duties.calendar.codelists

    def duty(self, what: str, organ: str | None = None) -> Figure | None:
        """How many items are due, done, late, open or overdue; None where nothing is due."""
        items = self.items(organ)
        if not items:
            return None
        name, counts = DUTY_COUNTS[what]
        words = f"普法责任事项：{definition(self.duties)}"
        value = sum(counts(item) for item in items)
        return Figure(f"duties.{what}{_at(organ)}", value, "项", words, _state(name, organ))

    def notice(self, state: str, organ: str | None = None) -> Figure | None:
        """How many notices went out, and of these how many came to a later state or are late."""
        if not self.told(notices.SENT, organ):
            return None
        value = len(self.told(state, organ))
        where = _state(NOTICE_STATES[state], organ)
        return Figure(f"notices.{state}{_at(organ)}", value, "件", NOTICE_DEFINITION, where)

    def items(self, organ: str | None = None) -> list[DueItem]:
        """The due items of a unit, or of all."""
        return [i for each in self.organs if organ in (None, each.organ) for i in each.items]

    def labelled(self, facet: str, codelist: str) -> list[tuple[str, str]]:
        """The values of a facet that occur, with what people read, in the code list's order."""
        codes = self.lists.get(codelist)
        found = []
        for value in self.book.values(facet):
            code = codes.find(value)
            rank = codes.keys.index(code.key) if code else len(codes)
            found.append((rank, value, code.label if code else value))
        return [(value, label) for _, value, label in sorted(found)]

    def told(self, state: str, organ: str | None = None) -> list[notices.Reminder]:
        """The period's notices that came to a state, or whose feedback is overdue."""
        today = self.window.as_of.astimezone(SHANGHAI).date()
        return [
            each
            for each in self.reminders
            if organ in (None, each.organ)
            and (each.overdue(today) if state == OVERDUE else each.reached(state))
        ]


def section(material: Material) -> Draft:
    """The section （二） for the report to the people's congress."""
    parts = [
        ("加大法治宣传教育力度。", _amount(material)),
        ("创新法治宣传教育载体。", _means(material)),
        ("落实“谁执法谁普法”普法责任制。", _duty(material)),
    ]
    told = [(heading, sentences) for heading, sentences in parts if sentences]
    pieces: list[Piece] = ["（二）聚焦法治宣传教育，不断提升普法质效。"]
    if not told:
        pieces.append("（统计期间内没有记录）")
    for ordinal, (heading, sentences) in zip(ORDINALS, told, strict=False):
        pieces += [f"{ordinal}是{heading}", *sentences]
    return Draft(material.window, (Passage("body", tuple(pieces)),))


def _amount(material: Material) -> tuple[Piece, ...]:
    book = material.book
    held = sentence(
        clause("组织开展法治宣传教育活动", book.get("activities")),
        attended(book, "活动", "参加"),
        clause("现场解答咨询", book.get("offline_consultations")),
        clause("举办培训班", book.get("trainings")),
        attended(book, "培训", "参加培训"),
    )
    given = sentence(
        *(clause(words, book.get(measure)) for measure, words in GIVEN.items()),
    )
    return (*held, *given, *_venues(material), *_groups(material))


def attended(book: Book, sort: str, words: str, **where: str) -> tuple[Piece, ...]:
    """Times attended at activities or trainings, with what part of it is an estimate."""
    found = clause(words, book.get("offline_person_times", sort=sort, **where))
    guess = book.get("offline_person_times", sort=sort, method="估算", **where)
    return (*found, "（其中", guess, "为估算）") if found and guess else found


def _venues(material: Material) -> tuple[Piece, ...]:
    """活动进了哪里; 「N进」 only where the county's own list of N has activities in each."""
    book = material.book
    for chosen in material.lists.venue_lists:
        labels = [code.label for code in chosen.active(material.window.last)]
        codes = [code.key for code in chosen.active(material.window.last)]
        found = [
            book.get("activities", venue=label) or book.get("activities", venue=key)
            for label, key in zip(labels, codes, strict=True)
        ]
        if chosen.sample or not found or not all(found):
            continue
        parts = [clause(f"进{la}", each) for la, each in zip(labels, found, strict=True)]
        return sentence(*parts, opening=f"推动法治宣传教育“{chosen.name}”：")
    parts = [
        clause(f"进{label}", book.get("activities", venue=value))
        for value, label in material.labelled("venue", "venues")
    ]
    return sentence(*parts, opening="推动法治宣传教育进基层：")


def _groups(material: Material) -> tuple[Piece, ...]:
    parts = [
        clause(f"面向{label}", material.book.get("activities", group=value))
        for value, label in material.labelled("group", "groups")
        if label not in ("未知", "其他")
    ]
    return sentence(*parts, opening="分对象开展法治宣传教育活动：")


def _means(material: Material) -> tuple[Piece, ...]:
    book = material.book
    online = [
        clause(label, book.get("consultations", channel=value))
        for value, label in material.labelled("channel", "channels")
    ]
    asked = sentence(
        clause("依托普法问答机器人解答法律咨询", book.get("consultations")),
        clause("服务群众", book.get("online_residents"), "（按渠道内去重）"),
    )
    by_channel = sentence(*online, opening="其中：") if sum(map(bool, online)) > 1 else ()
    sent = sentence(
        clause("推送普法信息", book.get("pushed"), "，送达", book.get("delivered")),
        clause("点击", book.get("clicked_residents")),
        clause("线上法律知识答题", book.get("quiz_attempts")),
    )
    return (*asked, *by_channel, *sent, *_nodes(material))


def _nodes(material: Material) -> tuple[Piece, ...]:
    """The nodes with most activities, in the order of the year."""
    book = material.book
    found = []
    for rank, node in enumerate(material.duties.calendar.nodes):
        figure = book.get("activities", node=node.name) or book.get("activities", node=node.key)
        if figure:
            found.append((-figure.value, rank, node.name, figure))
    chosen = sorted(sorted(found)[:MOST_NODES], key=lambda each: each[1])
    words = "围绕重要节点集中开展法治宣传教育活动"
    more = "，其中：" if len(found) > MOST_NODES else "："
    parts = [clause(name, figure) for _, _, name, figure in chosen]
    return sentence(*parts, opening=words + more)


def _duty(material: Material) -> tuple[Piece, ...]:
    book = material.book
    systems = [
        _joined(
            f"{name}",
            book.get("activities", system=key),
            book.get("consultations", system=key),
        )
        for key, name in SYSTEMS.items()
    ]
    by_system = sentence(*systems, opening="分系统开展法律法规宣传和咨询：")
    owed = sentence(
        clause("按照普法责任清单，各责任单位应办", material.duty("due")),
        clause("已办", material.duty("done")),
        nonzero("其中逾期补办", material.duty("late")),
        nonzero("未到期未办", material.duty("open")),
        nonzero("逾期", material.duty("overdue")),
    )
    reminded = sentence(
        clause("对未依法履行普法职责的单位发出普法提示单", material.notice(notices.SENT)),
        clause("收到反馈", material.notice(notices.FEEDBACK)),
        clause("办结", material.notice(notices.CLOSED)),
        nonzero("逾期未反馈", material.notice(OVERDUE)),
    )
    return (*by_system, *owed, *reminded)


def _joined(name: str, activities: Figure | None, consulted: Figure | None) -> tuple[Piece, ...]:
    if activities and consulted:
        return (name, "活动", activities, "、解答咨询", consulted)
    if activities:
        return (name, "活动", activities)
    return (name, "解答咨询", consulted) if consulted else ()


def nonzero(words: str, figure: Figure | None) -> tuple[Piece, ...]:
    """A clause unless the figure is missing or nought."""
    return (words, figure) if figure and figure.value else ()


def _state(state: str, organ: str | None) -> Where:
    """What a figure of duties or notices is narrowed to."""
    return (*((("organ", organ),) if organ else ()), ("state", state))


def _at(organ: str | None) -> str:
    return f"@organ={organ}" if organ else ""


def trace(
    database: Database, duties: Duties, text: str, start: date, end: date, as_of: datetime
) -> Trace:
    """The rows behind a figure of a report (its id stands in the footnote).

    Raises:
        UsageError: there is no such figure, or nothing in it.
    """
    kind, _, rest = text.strip().partition(".")
    if kind == PREFIX:
        return trace_insight(database, duties.calendar, text, start, end, as_of)
    if kind not in ("duties", "notices"):
        return trace_statistics(database, text, start, end, as_of)
    rows: tuple[tuple[Cell, ...], ...] = ()
    what, _, organ = rest.partition("@organ=")
    material = Material.read(database, duties, start, end, as_of, county="")
    if kind == "duties" and what in DUTY_COUNTS:
        figure = material.duty(what, organ or None)
        columns = ("责任单位", "应办事项", "开始", "结束", "依据", "活动数", "办理情况")
        rows = tuple(
            (i.organ, i.name, str(i.start), str(i.end), i.basis, i.done, i.shown)
            for i in material.items(organ or None)
            if DUTY_COUNTS[what][1](i)
        )
    elif kind == "notices" and what in NOTICE_STATES:
        figure = material.notice(what, organ or None)
        columns = ("编号", "责任单位", "发出", "反馈期限", "现状", "反馈", "提示事项")
        today = as_of.astimezone(SHANGHAI).date()
        rows = tuple(_notice_row(each, today) for each in material.told(what, organ or None))
    else:
        figure = None
    if figure is None:
        raise UsageError(f"{start} 至 {end} 没有这个数字：{text}")
    if figure.value != len(rows):
        raise OutreachError(f"数字 {text} 与明细行数不一致：请报告程序缺陷")
    return Trace(figure, columns, rows, sums=True)


def _notice_row(each: notices.Reminder, today: date) -> tuple[str, ...]:
    sent, answered = each.reached(notices.SENT), each.answer
    return (
        each.number,
        each.organ,
        str(sent.day) if sent else "",
        str(each.deadline),
        each.shown(today),
        answered.note if answered else "",
        "、".join(owed.name for owed in each.owed),
    )
