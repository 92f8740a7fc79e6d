"""From the cells of a ledger row (or the words of ``event add``) to an :class:`Activity`.

Every flaw of a row is found at once, each with its column, what is wrong and how to mend it. What
the ledger has no column for stands in 备注, as ``词：内容`` parted by ；, in the form that the
ledger's own export writes (:data:`REMARKS`); anything else in 备注 is a plain note.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import NoReturn

from outreach.activities import DONATED_UNITS, UNITS, Activity, Kind, Material
from outreach.codes import Codes

Cell = str | int | float | bool | date | datetime | None

REMARKS = ("编号", "地点", "止日", "系统", "专项", "现场咨询", "捐赠", "另有")
# The ledger's column of each unit; 件 and 台 have none and stand in 备注 (另有).
UNIT_COLUMNS = {"份": "资料(份)", "册": "图书(册)", "条": "横幅(条)", "块": "展板(块)"}
ONLINE_COLUMNS = ("线上人次", "线上人数")
MOST = 9_999_999
LONG = 2000
EARLIEST = 2000
BLANKS = ("", "—", "-", "/", "无")
_REMARK = re.compile(rf"({'|'.join(REMARKS)})[:：]\s*(.+)", re.DOTALL)
_NUMBERED = re.compile(r"编号\s+(\S+)")
_NUMBER = re.compile(r"[0-9A-Za-z\u4e00-\u9fff][0-9A-Za-z\u4e00-\u9fff._/()（）〔〕-]{0,39}")
_DAY = re.compile(
    r"(?:([0-9]{4})年([0-9]{1,2})月([0-9]{1,2})日?|([0-9]{4})([-/.])([0-9]{1,2})\5([0-9]{1,2}))(?:\s+00:00(?::00)?)?"
)
_YEARLESS = re.compile(r"\d{1,2}(?:月\d{1,2}日?|[-/.]\d{1,2})")
_ROUND = re.compile(r"[余多近约超]|左右|以上|大概|若干|上下|\+$|\d万|\d千")
_QUANTITY = re.compile(rf"([0-9]+)\s*([{''.join(UNITS)}])")


@dataclass(frozen=True, slots=True)
class Flaw:
    """What is wrong with one cell."""

    column: str
    value: str
    problem: str
    mend: str

    def __str__(self) -> str:
        shown = f"“{self.value}”" if self.value else ""
        return f"“{self.column}”{shown}{self.problem}。{self.mend}"


class _Bad(Exception):
    """A cell that cannot be used: problem, mend."""


def _bad(problem: str, mend: str) -> NoReturn:
    raise _Bad(problem, mend)


def is_blank(cell: Cell) -> bool:
    """Whether a cell says nothing: empty, a dash, 无."""
    return cell is None or (isinstance(cell, str) and clean(cell) in BLANKS)


def clean(cell: Cell) -> str:
    """A cell's text without control characters and surplus space; whole floats as integers."""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    if isinstance(cell, datetime):
        cell = cell.date()
    text = "".join(c if c.isprintable() else " " for c in str("" if cell is None else cell))
    return " ".join(text.split())


def number_in(remark: Cell) -> str | None:
    """The 编号 that a 备注 names."""
    return _remarks(clean(remark))[0].get("编号")


@dataclass(slots=True)
class Reader:
    """Reads one row.

    Attributes:
        cells: the row by the ledger's columns; :data:`REMARKS` may stand beside 备注 as columns.
        today: activities after this day are refused.
        joint: the other organs of a joint activity, as written.
    """

    cells: Mapping[str, Cell]
    codes: Codes
    today: date
    joint: tuple[str, ...] = ()
    flaws: list[Flaw] = field(default_factory=list)

    def activity(self) -> Activity | None:
        """The row as an activity; None where there are flaws."""
        remarks, note = _remarks(clean(self.cells.get("备注")))
        filled = {name: cell for name, cell in self.cells.items() if not is_blank(cell)}
        self.cells = {**remarks, **filled}
        first, last = self._days()
        day = first or self.today
        kind = self._kind()
        town, village = self._places(day)
        node = self._try("节点", self._node)
        laws = self._laws()
        attended = self._count("线下人次")
        consulted = self._count("咨询人次") or self._count("现场咨询")
        if "现场咨询" in remarks and "咨询人次" in filled:
            self._flaw("咨询人次", "和备注里的“现场咨询”重复", "请只留一处")
        for column in ONLINE_COLUMNS:
            if column in self.cells:
                self._flaw(column, "不能填报", "线上数字由系统统计，请清空")
        self._try("渠道", self._channel)
        organ = self._try("责任单位", lambda text: self._organ(text, day), required=True)
        joint = self._joint(organ, day)
        system = self._listed("系统", "systems", self.codes.system, day)
        name = self._text("活动名称", 120, required=True)
        reporter = self._text("填报人", 60, required=True)
        if len(note) > LONG:
            self._flaw("备注", "太长", f"请不要超过{LONG}字")
        found = Activity(
            kind=kind or "activity",
            first=day,
            last=last or day,
            organ=organ or "",
            name=name or "",
            reporter=reporter or "",
            number=self._try("编号", self._number),
            joint=joint,
            place=self._text("地点", 120),
            town=town,
            village=village,
            topic=self._listed("普法主题", "topics", self.codes.topic, day),
            system=system or self.codes.system_of(laws, node, day),
            laws=laws,
            form=self._code("普法形式", "forms", day),
            group=self._code("重点对象", "groups", day),
            venue=self._code("N进", "venues", day),
            node=node,
            campaign=self._text("专项", 60),
            attended=attended,
            method=self._method(attended or consulted, day),
            consulted=consulted,
            materials=self._materials(),
            evidence=self._text("佐证", LONG),
            note=note or None,
        )
        return None if self.flaws else found

    def _flaw(self, column: str, problem: str, mend: str) -> None:
        self.flaws.append(Flaw(column, clean(self.cells.get(column)), problem, mend))

    def _try(
        self, column: str, read: Callable[[str], str | None], *, required: bool = False
    ) -> str | None:
        """What ``read`` makes of a filled cell; a cell that it refuses is a flaw."""
        cell = self.cells.get(column)
        if cell is None:
            if required:
                self._flaw(column, "没有填写", f"请填写{column}")
            return None
        if isinstance(cell, bool):
            self._flaw(column, "不是文字", "请改写成文字")
            return None
        try:
            return read(clean(cell))
        except _Bad as bad:
            self._flaw(column, *bad.args)
            return None

    def _text(self, column: str, longest: int, *, required: bool = False) -> str | None:
        def read(text: str) -> str:
            if len(text) > longest:
                _bad("太长", f"请不要超过{longest}字")
            # ； parts the contents of 备注, where a place or campaign is exported to.
            return re.sub("[;；]+", "，", text) if column in REMARKS else text

        return self._try(column, read, required=required)

    def _listed(
        self, column: str, name: str, find: Callable[[str, date], str | None], day: date
    ) -> str | None:
        def read(text: str) -> str:
            found = find(text, day)
            if found is None:
                several = "只能写一个，" if "、" in text or "，" in text else ""
                _bad("不在代码表里", f"{several}可用：{self.codes.choices(name, day)}")
            return found

        return self._try(column, read)

    def _code(self, column: str, name: str, day: date) -> str | None:
        def find(text: str, day: date) -> str | None:
            words = (text, text.removeprefix("进")) if name == "venues" else (text,)
            found = (self.codes.code(name, word, day) for word in words)
            return next((code.key for code in found if code), None)

        return self._listed(column, name, find, day)

    def _organ(self, text: str, day: date) -> str:
        found = self.codes.organ(text, day)
        if found is None:
            mend = "请写 organs.csv 或 codelists.toml 里的全称，新单位先登记；主办单位只能写一个"
            _bad("不是已登记的责任单位", mend)
        return found

    def _joint(self, host: str | None, day: date) -> tuple[str, ...]:
        found: list[str] = []
        for word in self.joint:
            try:
                organ = self._organ(clean(word), day)
            except _Bad as bad:
                self.flaws.append(Flaw("参与单位", clean(word), *bad.args))
                continue
            if organ == host:
                self._flaw("责任单位", "既是主办又是参与单位", "参与单位里不要再写主办单位")
            found.append(organ)
        return tuple(sorted(set(found)))

    def _node(self, text: str) -> str:
        node = self.codes.node(text)
        if node is None:
            _bad("不是日历里的节点", "请照 nodes.csv 的“节点”一栏写，不属于节点的留空")
        return node.key

    def _channel(self, text: str) -> str:
        code = self.codes.code("channels", text, self.today)
        if code is None or code.key != "offline":
            _bad("不是线下渠道", "登记线下活动请写“线下”或留空；线上数字由系统统计")
        return code.key

    def _number(self, text: str) -> str:
        if not _NUMBER.fullmatch(text):
            _bad("不能作编号", "请用40字以内的汉字、字母、数字和 . _ / - ，不含空格")
        return text

    def _laws(self) -> tuple[str, ...]:
        cell = self.cells.get("宣传法律")
        found, unknown = self.codes.laws("" if cell is None else clean(cell))
        for word in unknown:
            self.flaws.append(
                Flaw("宣传法律", word, "查不到或有歧义", "请写法律全称或通用简称，几部用、分开")
            )
        if any(len(law) > 200 for law in found):
            self._flaw("宣传法律", "名称太长", "请写法律名称，几部用、分开")
        return tuple(found)

    def _kind(self) -> Kind | None:
        """一行登记一场或一期 (rule R7)."""
        before = len(self.flaws)
        counts = {name: self._count(name) for name in ("场次", "期") if name in self.cells}
        for name, count in counts.items():
            if count is not None and count > 1:
                self._flaw(name, "大于1", f"一行只登记1{name}，请每{name[0]}各写一行")
        filled = [name for name, count in counts.items() if count]
        if len(filled) == 1:
            return "training" if filled == ["期"] else "activity"
        if len(self.flaws) == before:
            both = "场次和期都填了" if filled else "场次和期都没有填"
            self._flaw("场次", both, "活动在“场次”写1，培训在“期”写1，只填一个")
        return None

    def _places(self, day: date) -> tuple[str | None, str | None]:
        town = self._code("乡镇", "towns", day)
        if "村(社区)" not in self.cells or ("乡镇" in self.cells and town is None):
            return town, None
        text = clean(self.cells["村(社区)"])
        found = self.codes.village(text, town, day)
        if found is None:
            where = self.codes.label("town", town) if town else "全县"
            mend = "请照 towns.toml 写村（社区）名，并写明乡镇"
            self._flaw("村(社区)", f"在{where}查不到，或不止一个", mend)
            return town, None
        return found

    def _days(self) -> tuple[date | None, date | None]:
        first = self._day("日期")
        if "日期" not in self.cells:
            self._flaw("日期", "没有填写", "请写成 2026-03-05")
        last = self._day("止日") or first
        if first and last and not first <= last <= date.fromordinal(first.toordinal() + 366):
            self._flaw("止日", "早于日期，或晚了一年以上", "请改正首尾两天")
        elif first and first.year < EARLIEST:
            self._flaw("日期", "太早", "请检查年份")
        elif last and last > self.today:
            self._flaw("日期" if last == first else "止日", "还没有到", "活动办完以后再登记")
        return first, last

    def _day(self, column: str) -> date | None:
        cell = self.cells.get(column)
        if cell is None:
            return None
        if isinstance(cell, datetime):
            return cell.date()
        if isinstance(cell, date):
            return cell
        text = unicodedata.normalize("NFKC", clean(cell))
        found = _DAY.fullmatch(text)
        if found is None:
            if _YEARLESS.fullmatch(text):
                self._flaw(column, "没有年份", "请写成 2026-03-05")
            else:
                mend = "请写成 2026-03-05 或 2026年3月5日；几天的活动写第一天，备注里写“止日：…”"
                self._flaw(column, "不是日期", mend)
            return None
        year, month, day = (int(part) for part in found.groups() if part and part.isdigit())
        try:
            return date(year, month, day)
        except ValueError:
            self._flaw(column, "没有这一天", "请改正日期")
            return None

    def _count(self, column: str) -> int | None:
        """A whole number; None where blank or 0."""
        cell = self.cells.get(column)
        if cell is None:
            return None
        text = unicodedata.normalize("NFKC", clean(cell)).replace(",", "")
        if re.fullmatch(r"[0-9]{1,9}", text) and not isinstance(cell, bool) and int(text) <= MOST:
            return int(text) or None
        if _ROUND.search(text) and re.search(r"\d", text):
            mend = "请写准确的数字（如 4000）"
            if column in ("线下人次", "咨询人次", "现场咨询"):
                mend += "；是估算的，把人数统计方法写成“估算”"
            self._flaw(column, "不是准确的数字", mend)
        else:
            self._flaw(column, "不是可用的数字", f"请只写 0 到 {MOST} 的整数，不带单位")
        return None

    def _method(self, people: int | None, day: date) -> str | None:
        method = self._code("人数统计方法", "headcount", day)
        if people and "人数统计方法" not in self.cells:
            mend = f"有人次就要写明：{self.codes.choices('headcount', day)}"
            self._flaw("人数统计方法", "没有填写", mend)
        return method if people else None

    def _materials(self) -> tuple[Material, ...]:
        found = [
            Material(count, unit)
            for unit, column in UNIT_COLUMNS.items()
            if (count := self._count(column))
        ]
        rest = tuple(unit for unit in UNITS if unit not in UNIT_COLUMNS)
        for column, units in (("捐赠", DONATED_UNITS), ("另有", rest)):
            text = unicodedata.normalize("NFKC", clean(self.cells.get(column)))
            for part in filter(None, re.split(r"[、,\s]+", text)):
                quantity = _QUANTITY.fullmatch(part)
                if quantity is None or quantity[2] not in units or not 0 < int(quantity[1]) <= MOST:
                    mend = f"请写成“30{units[0]}、2{units[-1]}”，单位只用{'、'.join(units)}"
                    self._flaw(column, "看不懂", mend)
                    break
                found.append(Material(int(quantity[1]), quantity[2], donated=column == "捐赠"))
        if len({(each.unit, each.donated) for each in found}) != len(found):
            self._flaw("备注", "里同一单位的数量写了两次", "同一单位请合成一个数")
        order = {unit: place for place, unit in enumerate(UNITS)}
        return tuple(sorted(found, key=lambda each: (each.donated, order[each.unit])))


def _remarks(text: str) -> tuple[dict[str, str], str]:
    """备注 parted into its named contents and the plain note."""
    named: dict[str, str] = {}
    plain = []
    for part in filter(None, (part.strip() for part in re.split("[；;]", text))):
        numbered = _NUMBERED.fullmatch(part)
        found = _REMARK.fullmatch(part)
        if numbered and "编号" not in named:
            named["编号"] = numbered[1]
        elif found and found[1] not in named:
            named[found[1]] = found[2]
        else:
            plain.append(part)
    return named, "；".join(plain)


def remarks_of(activity: Activity, consulted: int | str | None) -> str:
    """备注 in the form that :class:`Reader` reads back: what the ledger has no column for.

    ``consulted`` is 现场咨询 as it may be shown (rule R11).
    """
    given = [each for each in activity.materials if each.donated]
    rest = [
        each for each in activity.materials if not each.donated and each.unit not in UNIT_COLUMNS
    ]
    parts = {
        "编号": activity.number,
        "地点": activity.place,
        "止日": None if activity.last == activity.first else activity.last.isoformat(),
        "系统": activity.system,
        "专项": activity.campaign,
        "现场咨询": consulted,
        "捐赠": "、".join(f"{each.quantity}{each.unit}" for each in given),
        "另有": "、".join(f"{each.quantity}{each.unit}" for each in rest),
    }
    words = [f"{name}：{value}" for name, value in parts.items() if value]
    return "；".join([*words, *([activity.note] if activity.note else [])])
