"""Notes on old names: where they speak, where they keep silent, and from which day."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from errors import DataError
from knowledge.articles import REPUBLIC, Article
from knowledge.corpus import Corpus
from knowledge.notes import RENAMED, Notes, note_of

TODAY = date(2026, 11, 24)
Write = Callable[[str, str], Path]


def article(corpus: Corpus, law: str, number: str, day: date = TODAY) -> Article:
    version = corpus.version_on(REPUBLIC + law, day)
    assert version is not None
    found = corpus.find(version, number)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("law", "number", "note"),
    [
        ("劳动合同法", "第八十四条", "文中“劳动行政部门”现为人力资源社会保障行政部门。"),
        ("广告法", "第五十五条", "文中“卫生行政部门”现为卫生健康主管部门。"),
        ("电子商务法", "第四十七条", "文中《民法总则》《合同法》已废止，相关规定见《民法典》。"),
        ("环境保护税法", "第二十三条", "文中《环境保护法》已废止，相关规定见《生态环境法典》。"),
        ("人民警察法", "第十八条", "文中“劳动教养”制度已于2013年12月28日废止。"),
        (
            "城乡规划法",
            "第五十条",
            "文中“城乡规划主管部门”的职责现由自然资源主管部门承担。",
        ),
        (
            "全民所有制工业企业法",
            "第六十四条",
            "文中《治安管理处罚条例》已废止，相关规定见《治安管理处罚法》。",
        ),
    ],
)
def test_what_is_said(corpus: Corpus, law: str, number: str, note: str) -> None:
    assert note_of(corpus, article(corpus, law, number), TODAY) == note


def test_the_market_regulator_in_the_consumer_context(corpus: Corpus) -> None:
    note = note_of(corpus, article(corpus, "就业促进法", "第四十条"), TODAY) or ""
    assert "“工商行政管理部门”现为市场监督管理部门" in note
    assert "“劳动行政部门”现为人力资源社会保障行政部门" in note


@pytest.mark.parametrize(
    ("law", "number", "before", "after", "word"),
    [
        ("价格法", "第三十三条", date(2018, 3, 16), date(2018, 3, 17), "工商"),
        ("电子商务法", "第四十七条", date(2020, 12, 31), date(2021, 1, 1), "合同法"),
        ("环境保护税法", "第二十三条", date(2026, 8, 14), date(2026, 8, 15), "环境保护法"),
        ("商业银行法", "第九十条", date(2023, 5, 17), date(2023, 5, 18), "银行业"),
    ],
)
def test_nothing_before_its_day(
    corpus: Corpus, law: str, number: str, before: date, after: date, word: str
) -> None:
    text = "由工商行政管理部门处罚。"
    found = article(corpus, law, number, after)
    if word == "工商":
        found = replace(found, text=text)
    assert word not in (note_of(corpus, found, before) or "")
    assert word in (note_of(corpus, found, after) or "")


@pytest.mark.parametrize(
    ("law", "number"),
    [
        ("民法典", "第一千二百六十条"),  # the repealing clause itself
        ("居民身份证法", "第二十三条"),  # speaks of its own predecessor
        ("外商投资法", "第四十二条"),
        ("消费者权益保护法", "第五十五条"),
        ("公职人员政务处分法", "第五十四条"),  # 人事部门 is an office within the organ
        ("矿山安全法", "第三十三条"),  # 劳动行政主管部门: the duty went elsewhere
        ("药品管理法", "第八条"),  # 药品监督管理部门 is still its name
    ],
)
def test_where_nothing_is_said(corpus: Corpus, law: str, number: str) -> None:
    assert note_of(corpus, article(corpus, law, number), TODAY) is None


def test_an_old_name_inside_another_name(corpus: Corpus) -> None:
    base = article(corpus, "消费者权益保护法", "第五十五条")
    for text in (
        "军队生态环境保护部门和环境卫生行政主管部门",
        "文化和旅游主管部门",
        "输出国家或者地区政府动植物检疫机关出具的证书",
        "国家税务局",  # only in the tax administration law
    ):
        assert note_of(corpus, replace(base, text=text), TODAY) is None, text
    trademark = replace(
        article(corpus, "商标法", "第二条"), text="国务院工商行政管理部门、工商行政管理部门"
    )
    assert note_of(corpus, trademark, TODAY) == (
        "文中“国务院工商行政管理部门”的职责现由国家知识产权局承担，"
        "“工商行政管理部门”现为市场监督管理部门。"
    )
    elsewhere = replace(base, text="国务院工商行政管理部门")
    assert note_of(corpus, elsewhere, TODAY) == "文中“工商行政管理部门”现为市场监督管理部门。"


def test_every_row_has_its_basis_and_fits_the_corpus(corpus: Corpus) -> None:
    notes = Notes.load()
    assert all(len(organ.basis) > 10 for organ in notes.organs)
    for organ in notes.organs:
        for law in (*(organ.laws or ()), *organ.not_laws):
            assert len(corpus.laws_named(law)) == 1, law
    for gone in notes.laws:
        assert corpus.laws_named(gone.replaced_by) == (gone.replaced_by,)
        assert corpus.laws_named(gone.name) == ()
    everything = "\n".join(a.text for a in corpus.articles if corpus.applies(a, TODAY))
    assert all(entry.word in everything for entry in notes.abolished)
    assert sum(organ.old in everything for organ in notes.organs) > 50


def test_a_new_name_is_not_an_old_one() -> None:
    notes = Notes.load()
    olds = {organ.old for organ in notes.organs}
    assert not olds & {organ.new for organ in notes.organs}


@pytest.mark.slow
def test_most_articles_need_no_note(corpus: Corpus) -> None:
    applying = [a for a in corpus.articles if corpus.applies(a, TODAY)]
    spoken = [note for a in applying if (note := note_of(corpus, a, TODAY))]
    assert 500 < len(spoken) < len(applying) / 20
    assert all(note.endswith("。") and "None" not in note for note in spoken)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ("since = 2018-03-17\n", "", "since"),
        ("duty = true", 'duty = "是"', "duty"),
        ('new = "海关"', 'new = "商检机构"', "相同"),
        ('old = ["总后勤部"]', 'old = ["总政治部"]', "两次"),
        ("not_before", "notbefore", "notbefore"),
        ('old = ["总后勤部"]', "old = []", "old"),
        ('废止。"\nsince', '废止"\nsince', "句号"),
    ],
)
def test_mistakes_are_named(edited: Write, old: str, new: str, problem: str) -> None:
    text = RENAMED.read_text(encoding="utf-8")
    head, data = text.split("\n\n", 1)
    assert old in data
    path = edited("renamed.toml", head + "\n\n" + data.replace(old, new, 1))
    with pytest.raises(DataError, match=problem) as caught:
        Notes.load(path)
    assert caught.value.line
    assert caught.value.mend
