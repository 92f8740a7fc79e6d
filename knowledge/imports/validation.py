"""What can be wrong with the structure of a law: numbers, order, empty articles, headings."""

from __future__ import annotations

from collections.abc import Iterator

from knowledge.imports import grammar
from knowledge.imports.document import PREAMBLE, WHOLE, Body, Problems, Unit
from knowledge.numerals import article_number, format_number

_SHOWN = 5  # problems of one kind that are listed one by one


def validate(body: Body, problems: Problems) -> None:
    """Note every structural problem of a document in ``problems``."""
    if not body.units:
        problems.error(
            None,
            "没有找到条文",
            "条文请以“第一条　……”开头，每条另起一行；表格里的条文请改成普通段落",
        )
        return
    _numbers(body, problems)
    _texts(body, problems)
    _headings(body, problems)
    _contents(body, problems)


def _placed(body: Body) -> Iterator[tuple[int, Unit]]:
    return zip(body.lines, body.units, strict=True)


def _numbers(body: Body, problems: Problems) -> None:
    seen: dict[str, int] = {}
    base, sub, items = 0, 0, 0
    for line, unit in _placed(body):
        if unit.number in seen:
            problems.error(
                line,
                f"{unit.number}重复，第 {seen[unit.number]} 行（段）已有",
                "请改正条号；附件请编号为附件一、附件二",
            )
            continue
        seen[unit.number] = line
        opening = grammar.article(unit.number, frozenset())
        if opening is not None:
            base, sub = _follow(line, unit.number, opening.ordinal, (base, sub), problems)
        elif unit.number.startswith("条目"):
            number, _ = grammar.item(unit.number.removeprefix("条目") + "、") or (0, "")
            if number != items + 1:
                problems.warn(line, f"“{format_number(number)}、”前面缺号", "请核对是否漏了内容")
            items = number
    if WHOLE in seen:
        problems.warn(
            seen[WHOLE],
            "没有找到“第…条”，全文作为一个整体收入",
            "如果本来分条，请让每条以“第…条　”开头并另起一行",
        )
    if PREAMBLE in seen and body.units[0].number != PREAMBLE:
        problems.error(seen[PREAMBLE], "序言不在条文之前", "请把序言移到第一条之前")


def _follow(
    line: int,
    number: str,
    ordinal: tuple[int, int],
    before: tuple[int, int],
    problems: Problems,
) -> tuple[int, int]:
    base, sub = before
    if ordinal <= before:
        problems.error(
            line,
            f"{number}排在{article_number(base, sub or None)}之后，顺序不对",
            "请按条号顺序排列",
        )
        return before
    if ordinal[0] > base + 1:
        first, last = base + 1, ordinal[0] - 1
        missing = article_number(first) + ("" if first == last else f"至{article_number(last)}")
        problems.warn(line, f"{number}之前缺{missing}", "请核对是漏了条文，还是原文已经删去该条")
    elif (ordinal[0] == base and ordinal[1] > sub + 1) or (ordinal[0] > base and ordinal[1] > 0):
        wanted = (base, sub + 1) if ordinal[0] == base else (ordinal[0], 0)
        problems.warn(
            line,
            f"{number}之前缺{article_number(wanted[0], wanted[1] or None)}",
            "请核对是否漏了条文",
        )
    return ordinal


def _texts(body: Body, problems: Problems) -> None:
    unfinished = []
    for line, unit in _placed(body):
        if not unit.text.strip():
            problems.error(line, f"{unit.number}没有内容", "请补上条文；已删去的条请写“（删去）”")
            continue
        if grammar.has_control(unit.text):
            problems.error(line, f"{unit.number}里有乱码或控制字符", "请对照原文改正")
        if any("\ue000" <= char <= "\uf8ff" for char in unit.text):
            problems.warn(line, f"{unit.number}里有显示不出的造字", "请对照原文改成通用汉字")
        last = unit.text.rsplit("\n", 1)[-1]
        if unit.number[0] == "第" and not grammar.is_sentence(last) and not last.startswith("|"):
            unfinished.append((line, unit.number, last))
    for line, number, last in unfinished[:_SHOWN]:
        problems.warn(
            line,
            f"{number}的末尾不是句末标点：“{last[-20:]}”",
            "请核对是否截断，或混进了标题、附件、落款（附件前请加一行“附件”）",
        )
    if len(unfinished) > _SHOWN:
        problems.warn(None, f"另有 {len(unfinished) - _SHOWN} 条末尾不是句末标点", "请一并核对")


def _headings(body: Body, problems: Problems) -> None:
    for line, text, at in body.headings:
        if at >= len(body.units) or text not in body.units[at].path:
            problems.error(line, f"标题“{text}”下面没有条文", "请补上条文，或删去这个标题")
    last: dict[int, tuple[int, int]] = {}
    running: dict[int, int] = {}  # chapters may count through all parts (民事诉讼法)
    for line, text, _ in body.headings:
        found = grammar.heading(text)
        if found is None or found.ordinal == (0, 0):
            continue
        if found.rank == 3 and 2 not in last:
            problems.warn(line, f"“{text}”不在任何一章里", "请核对是否漏了章的标题")
        before = last.get(found.rank, (0, 0))
        last = {rank: ordinal for rank, ordinal in last.items() if rank < found.rank}
        last[found.rank] = found.ordinal
        if found.ordinal <= before:
            problems.error(line, f"标题“{text}”的序号没有递增", "请改正序号，或补上漏掉的上级标题")
        elif found.ordinal[0] not in (before[0], before[0] + 1, running.get(found.rank, 0) + 1):
            problems.warn(line, f"标题“{text}”前面缺号", "请核对是否漏了标题")
        running[found.rank] = found.ordinal[0]


def _contents(body: Body, problems: Problems) -> None:
    """Compare the table of contents with the headings."""
    if not body.contents:
        return

    def key(text: str) -> str:
        return "".join(text.split())

    headings = [key(text) for _, text, _ in body.headings]
    for line, entry in body.contents:
        if grammar.is_preamble_word(entry) or grammar.annex(entry):
            continue
        if key(entry) in headings:
            headings.remove(key(entry))
        else:
            problems.error(line, f"目录里的“{entry}”在正文里没有", "请补上正文里的标题，或改正目录")
    for text in headings:
        problems.warn(None, f"正文标题“{text}”不在目录里", "请核对目录")
