from __future__ import annotations

from knowledge.paragraphs import paragraphs, part_of

TEXT = "有下列情形之一的：\n（一）甲；\n（二）乙。\n1.目之一。\n第二款的话。\n第三款：\n（一）丙。"


def test_items_belong_to_the_paragraph_above_them() -> None:
    found = paragraphs(TEXT)
    assert [[item.number for item in part.items] for part in found] == [[1, 2], [], [1]]
    assert TEXT[found[1].start : found[1].end] == "第二款的话。"
    assert TEXT[found[0].items[1].start : found[0].items[1].end] == "（二）乙。\n1.目之一。"


def test_a_part_that_exists_is_sliced_and_one_that_does_not_is_named() -> None:
    part, missing = part_of(TEXT, 1, 2)
    assert part is not None
    assert TEXT[part.start : part.end].startswith("（二）乙")
    assert missing == ""
    assert part_of(TEXT, 4, None) == (None, "该条共三款，没有第四款")
    assert part_of(TEXT, 2, 1) == (None, "该条第二款不分项，没有第一项")
    assert part_of(TEXT, None, 9) == (None, "该条共二项，没有第九项")
    assert part_of(TEXT, None, None) == (None, "")
