"""Amending documents: their drafting forms, every operation against the present text, merging."""

from __future__ import annotations

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from knowledge.amendment_text import parse_reform, skeleton
from knowledge.amendments import PREAMBLE, Kind, Operation, Reform
from knowledge.articles import REPUBLIC, Status, Version
from knowledge.cleaning import Record
from knowledge.consolidation import (
    DELETED,
    Unmergeable,
    Verdict,
    check_reforms,
    fold,
    merge,
)
from knowledge.corpus import Corpus
from knowledge.derived import with_amendments
from knowledge.numerals import article_number
from knowledge.versions import amended_law

CRIMINAL, CONSTITUTION = REPUBLIC + "刑法", REPUBLIC + "宪法"
CHANGED = ("165", "166", "169", "387", "390", "391", "393")


def entry(text: str, number: str = "条目一") -> Record:
    return Record("k", number, (), text)


def read(*texts: str) -> Reform:
    entries = [entry(text, f"条目{n}") for n, text in zip("一二三四五", texts, strict=False)]
    return parse_reform("某法修正案", entries)


def reforms(corpus: Corpus, law: str) -> list[Reform]:
    documents = sorted(corpus.timeline.reforms_of(law), key=lambda v: v.version_date)
    return [parse_reform(v.law, corpus.articles_of(v)) for v in documents]


def texts(corpus: Corpus, version: Version) -> dict[str, str]:
    return {article.number: article.text for article in corpus.articles_of(version)}


# --- drafting forms ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "kind", "label", "words", "old"),
    [
        ("将刑法第十条修改为：“甲。\n“乙。”", Kind.REPLACE_ARTICLE, "第十条", "甲。\n乙。", ""),
        (
            "在刑法第十条中增加一款作为第二款，将该条修改为：“甲。\n“乙。”",
            Kind.REPLACE_ARTICLE,
            "第十条",
            "甲。\n乙。",
            "",
        ),
        (
            "将刑法第十条之一第一款修改为：“甲。”",
            Kind.REPLACE_PARAGRAPHS,
            "第十条之一第一款",
            "甲。",
            "",
        ),
        (
            "将第十条第一款、第二款修改为：“甲。\n“乙。”",
            Kind.REPLACE_PARAGRAPHS,
            "第十条第一款、第二款",
            "甲。\n乙。",
            "",
        ),
        ("在第十条中增加一款作为第三款：“丙。”", Kind.ADD_PARAGRAPHS, "第十条第三款", "丙。", ""),
        (
            "第十条增加二款，作为第二款至第三款：“乙。\n“丙。”",
            Kind.ADD_PARAGRAPHS,
            "第十条第二款、第三款",
            "乙。\n丙。",
            "",
        ),
        (
            "宪法第五条增加一款，作为第一款，规定：“甲。”",
            Kind.ADD_PARAGRAPHS,
            "第五条第一款",
            "甲。",
            "",
        ),
        ("宪法第十一条增加规定：“甲。”", Kind.ADD_PARAGRAPHS, "第十一条", "甲。", ""),
        ("在第十条后增加一条，作为第十条之一：“甲。”", Kind.ADD_ARTICLE, "第十条之一", "甲。", ""),
        ("删去刑法第十条第二款。", Kind.DELETE, "第十条第二款", "", ""),
        ("删去刑法第十条。", Kind.DELETE, "第十条", "", ""),
        ("将第十条第三项修改为：“（三）丙；”", Kind.REPLACE_ITEM, "第十条第三项", "（三）丙；", ""),
        (
            "第十条增加一项，作为第三项：“丙；”原第三项改为第四项。",
            Kind.ADD_ITEM,
            "第十条第三项",
            "丙；",
            "",
        ),
        (
            "将第十条中的“农业部门”修改为“农业农村部门”。",
            Kind.REPLACE_WORDS,
            "第十条",
            "农业农村部门",
            "农业部门",
        ),
        (
            "宪法第七条：“国营经济。”修改为：“国有经济。”",
            Kind.REPLACE_WORDS,
            "第七条",
            "国有经济。",
            "国营经济。",
        ),
        (
            "宪法第一条第二款“根本制度。”后增写一句，内容为：“本质特征。”",
            Kind.ADD_WORDS,
            "第一条第二款",
            "本质特征。",
            "根本制度。",
        ),
        ("在第八条中的“甲”后增加“乙”。", Kind.ADD_WORDS, "第八条", "乙", "甲"),
    ],
)
def test_drafting_forms(text: str, kind: Kind, label: str, words: str, old: str) -> None:
    reform = read(text)
    (operation,) = reform.operations
    assert (operation.kind, operation.label, operation.words, operation.old) == (
        kind,
        label,
        words,
        old,
    )
    assert reform.unread == []


def test_several_operations_in_one_entry() -> None:
    reform = read(
        "将第八条改为第十条，第二款修改为：“乙。”\n增加一款，作为第三款：“丙。”\n第三款改为第四款，修改为：“丁。”"
    )
    assert [(o.kind, o.label, o.former) for o in reform.operations] == [
        (Kind.REPLACE_PARAGRAPHS, "第十条第二款", "第八条"),
        (Kind.ADD_PARAGRAPHS, "第十条第三款", "第八条"),
        (Kind.REPLACE_PARAGRAPHS, "第十条第四款", "第八条"),
    ]


def test_several_added_articles_are_told_apart_by_their_numbers() -> None:
    reform = read(
        "在第二条后增加二条，作为第二条之一、第二条之二：\n"
        "“第二条之一　甲。\n“乙，依照第二条之二。\n“第二条之二　丙。”"
    )
    assert [(o.article, o.words) for o in reform.operations] == [
        ("第二条之一", "甲。\n乙，依照第二条之二。"),
        ("第二条之二", "丙。"),
    ]


def test_numbers_of_the_older_count_move(corpus: Corpus) -> None:
    villages = reforms(corpus, REPUBLIC + "村民委员会组织法")[0]
    moved = {19: 23, 3: 3, 30: 35, 38: 47}  # 条目二十九 names articles by their older numbers
    for old, new in moved.items():
        assert villages.present_number(article_number(old)) == article_number(new)
    assert villages.present_number("第六条之一") == "第八条之一"
    assert villages.present_number("附件一") == "附件一"


def test_what_cannot_be_read_is_kept_and_stops_the_merge() -> None:
    reform = read("将第一条修改为：“甲。”", "第二条的适用范围另行规定。")
    assert reform.unread == [("条目二", "适用范围另行规定。")]
    with pytest.raises(Unmergeable, match="读不懂"):
        merge({"第一条": "旧。", "第二条": "乙。"}, reform)


@given(st.lists(st.text("甲乙。，\n", min_size=1, max_size=8), min_size=1, max_size=4))
def test_quotations_are_taken_out_and_kept(quotes: list[str]) -> None:
    wanted = ["\n".join(filter(None, quote.split("\n"))) for quote in quotes]
    quoted = ["“" + "\n“".join(quote.split("\n")) + "”" for quote in wanted]
    plain, found = skeleton("在前".join(["", *quoted, ""]))
    assert found == wanted
    assert plain == "在前".join(["", *(f"⟦{n}⟧" for n in range(len(quotes))), ""])


# --- the corpus -------------------------------------------------------------------------------


def test_every_document_is_read_to_its_last_clause(corpus: Corpus) -> None:
    documents = [v for v in corpus.versions if amended_law(v.law)]
    assert len(documents) == 21
    silent = []
    for version in documents:
        entries = corpus.articles_of(version)
        reform = parse_reform(version.law, entries)
        assert reform.unread == []
        done = {operation.entry for operation in reform.operations}
        silent += [e.text for e in entries if e.number not in done]
    assert len(silent) == 10  # the closing entries of ten 刑法修正案
    assert all("起施行。" in text for text in silent)


def test_every_operation_is_reflected_or_superseded(corpus: Corpus) -> None:
    seen: Counter[Verdict] = Counter()
    for law in {amended_law(v.law) for v in corpus.versions} - {None}:
        assert law is not None
        latest = corpus.versions_of(law)[-1]
        headings = {h for a in corpus.articles_of(latest) for h in a.path}
        checks = check_reforms(reforms(corpus, law), texts(corpus, latest), headings)
        seen.update(check.verdict for check in checks)
        for check in checks:
            if check.verdict is Verdict.ABSENT:
                assert check.number == PREAMBLE
            if check.verdict is Verdict.UNCHECKED:
                assert check.number in ("第二百零五条", "第二百零六条")
    assert seen[Verdict.MISSING] == 0
    assert seen[Verdict.REFLECTED] > 300


def test_an_amendment_that_is_not_in_the_text_is_found(unmerged: Corpus) -> None:
    (criminal,) = unmerged.versions_of(CRIMINAL)
    checks = check_reforms(reforms(unmerged, CRIMINAL), texts(unmerged, criminal))
    missing = [c for c in checks if c.verdict is Verdict.MISSING]
    assert [check.number for check in missing] == [article_number(int(n)) for n in CHANGED]
    assert {check.operation.reform for check in missing} == {CRIMINAL + "修正案（十二）"}


def test_later_amendments_supersede_only_what_they_touch() -> None:
    old = Operation("一", "条目一", Kind.REPLACE_PARAGRAPHS, "第一条", "第一条", (2,), words="旧。")
    same = Operation(
        "二", "条目一", Kind.REPLACE_PARAGRAPHS, "第一条", "第一条", (2,), words="新。"
    )
    other = Operation(
        "二", "条目一", Kind.REPLACE_PARAGRAPHS, "第一条", "第一条", (1,), words="新。"
    )
    for later, verdict in ((same, Verdict.SUPERSEDED), (other, Verdict.MISSING)):
        checks = check_reforms(
            [Reform("一", [old]), Reform("二", [later])], {"第一条": "新。\n新。"}
        )
        assert [c.verdict for c in checks] == [verdict, Verdict.REFLECTED]


def test_five_amendments_make_the_constitution_of_2018(corpus: Corpus) -> None:
    """The 1982 text, amended 1988 to 2018, is the 2018 text word for word: 143 articles."""
    first, latest = corpus.versions_of(CONSTITUTION)
    merged = texts(corpus, first)
    for reform in reforms(corpus, CONSTITUTION):
        reform.operations = [o for o in reform.operations if o.article != PREAMBLE]
        merged = merge(merged, reform)
    assert merged == texts(corpus, latest)
    assert list(merged) == list(texts(corpus, latest))


# --- merging ----------------------------------------------------------------------------------


def test_the_criminal_law_of_2024(corpus: Corpus) -> None:
    before, after = corpus.versions_of(CRIMINAL)
    assert (after.version_date, after.published, after.effective) == (
        date(2023, 12, 29),
        date(2023, 12, 29),
        date(2024, 3, 1),
    )
    assert "2020-12-26文本并入刑法修正案（十二）" in after.source
    old, new = texts(corpus, before), texts(corpus, after)
    assert list(old) == list(new)
    changed = [number for number in new if new[number] != old[number]]
    assert changed == [article_number(int(n)) for n in CHANGED]
    # the new words are the amendment's, letter for letter, without its quotation marks
    amendment = next(v for v in corpus.versions if v.law.endswith("刑法修正案（十二）"))
    said = "".join(a.text for a in corpus.articles_of(amendment)).replace("“", "").replace("”", "")
    for number in changed:
        for line in new[number].split("\n"):
            assert line in said or line in old[number], number
        assert not set("“”") & set(new[number])
    assert new["第三百八十七条"].split("\n")[1] == old["第三百八十七条"].split("\n")[1]
    assert new["第三百九十一条"].split("\n")[1] == old["第三百九十一条"].split("\n")[1]
    assert (
        new["第三百八十七条"]
        .split("\n")[0]
        .endswith("情节特别严重的，处三年以上十年以下有期徒刑。")
    )
    assert "其他公司、企业的董事、监事、高级管理人员" in new["第一百六十五条"].split("\n")[1]
    assert "（七）将违法所得用于行贿的。" in new["第三百九十条"]


@pytest.mark.parametrize(
    ("day", "penalty", "status"),
    [
        (date(2024, 2, 29), "处五年以下有期徒刑或者拘役", Status.IN_FORCE),
        (date(2024, 3, 1), "处三年以下有期徒刑或者拘役", Status.IN_FORCE),
    ],
)
def test_bribery_before_and_after(corpus: Corpus, day: date, penalty: str, status: Status) -> None:
    version = corpus.version_on(CRIMINAL, day)
    assert version is not None
    assert corpus.status(version, day) is status
    article = corpus.find(version, "第三百九十条")
    assert article is not None
    assert article.text.startswith(f"对犯行贿罪的，{penalty}，并处罚金")
    assert article.path == ("第二编 分则", "第八章 贪污贿赂罪")


TEXT = {"第一条": "甲。\n乙：\n（一）子；\n（二）丑。", "第一条之一": "丙。", "第二条": "丁。"}


@pytest.mark.parametrize(
    ("text", "merged"),
    [
        ("将第一条第一款修改为：“新。”", {"第一条": "新。\n乙：\n（一）子；\n（二）丑。"}),
        (
            "第一条增加一款，作为第二款：“新。”",
            {"第一条": "甲。\n新。\n乙：\n（一）子；\n（二）丑。"},
        ),
        (
            "第一条第二款增加一项，作为第二项“（二）新”。",
            {"第一条": "甲。\n乙：\n（一）子；\n（二）新；\n（三）丑。"},
        ),
        (
            "第一条第二款增加一项，作为第三项“（三）新”。",
            {"第一条": "甲。\n乙：\n（一）子；\n（二）丑；\n（三）新。"},
        ),
        (
            "将第一条第二款第二项修改为：“（二）新”",
            {"第一条": "甲。\n乙：\n（一）子；\n（二）新。"},
        ),
        ("删去第一条第一款。", {"第一条": "乙：\n（一）子；\n（二）丑。"}),
        ("删去第二条。", {"第二条": DELETED}),
        ("将第一条中的“丑”修改为“寅”。", {"第一条": "甲。\n乙：\n（一）子；\n（二）寅。"}),
        ("在第一条之一后增加一条，作为第一条之二：“新。”", {"第一条之二": "新。"}),
    ],
)
def test_merging(text: str, merged: dict[str, str]) -> None:
    result = merge(TEXT, read(text))
    assert result == TEXT | merged
    assert list(result) == sorted(result, key=lambda n: (n[:2], len(n), "一二".find(n[-1])))


def test_inserted_numbers_push_the_later_ones_on() -> None:
    reform = read("增加一条，作为第二条：“新。”")
    assert merge({"第一条": "甲。", "第二条": "乙。"}, reform) == {
        "第一条": "甲。",
        "第二条": "新。",
        "第三条": "乙。",
    }


@pytest.mark.parametrize(
    "text",
    [
        "将第九条修改为：“新。”",
        "将第二条第二款修改为：“新。”",
        "将第一条第一款、第二款修改为：“新。”",
        "将第一条中的“戊”修改为“己”。",
        "在第一条中的“甲”后增加“己”。",
        "在第一条后增加一条，作为第一条之一：“新。”",
        "在第八条后增加一条，作为第八条之一：“新。”",
        "将第一条第一款第一项修改为：“（一）新；”",
        "删去第一条第二款第一项。",
        "本修正案自公布之日起施行。",
    ],
)
def test_what_does_not_fit_is_refused(text: str) -> None:
    with pytest.raises(Unmergeable):
        merge(TEXT, read(text))


def test_a_document_that_does_not_fit_leaves_the_law_amended_and_a_doubt() -> None:
    def version(law: str, day: date, kind: str) -> Version:
        return Version(
            f"{law}@{day}", law, law, None, kind, "人大", None, day, day, day, day,  # type: ignore[arg-type]
            None, None, None, "甲包",
        )  # fmt: skip

    law = version("某法", date(2000, 1, 1), "法律")
    later = version("某法修正案", date(2010, 1, 1), "修正案")
    earlier = version("某法修正案（二）", date(1999, 1, 1), "修正案")
    records = [
        Record("law", "第一条", ("第一章",), "甲。"),
        Record("later", "条目一", (), "将第一条修改为：“乙。”"),
        Record("earlier", "条目一", (), "将第一条修改为：“丙。”"),
    ]
    versions = {"law": law, "later": later, "earlier": earlier}
    merged = with_amendments(records, versions)
    assert merged.records[3:] == (Record("某法@2010-01-01", "第一条", ("第一章",), "乙。"),)
    assert merged.doubts == ()
    records[1] = Record("later", "条目一", (), "将第二条修改为：“乙。”")
    refused = with_amendments(records, versions)
    assert refused.records == tuple(records)
    assert refused.versions == versions
    assert refused.doubts == ("某法修正案未能并入某法：某法修正案条目一（第二条）：没有这一条",)
    twice = [records[0], *records]
    assert "条号重复" in with_amendments(twice, versions).doubts[0]


def test_comparison_ignores_width_and_quotation_marks() -> None:
    assert fold("“三个代表”（一）：\n甲") == fold("'三个代表'(一):甲")
