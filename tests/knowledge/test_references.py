"""References of the real statutes, and of a small law made for the purpose."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from datetime import date

import pytest

from knowledge.articles import REPUBLIC, Article
from knowledge.corpus import Corpus
from knowledge.references import Reference, cited_by, references

TODAY = date(2026, 11, 24)


def article(corpus: Corpus, law: str, number: str, day: date = TODAY) -> Article:
    version = corpus.version_on(REPUBLIC + law, day)
    assert version is not None
    found = corpus.find(version, number)
    assert found is not None, (law, number)
    return found


def of(corpus: Corpus, law: str, number: str, day: date = TODAY) -> tuple[Reference, ...]:
    return references(corpus, article(corpus, law, number, day), day)


def targets(reference: Reference) -> list[str]:
    return [a.number for a in reference.articles]


def test_the_own_law_is_the_same_version(corpus: Corpus) -> None:
    old, new = corpus.versions_of(REPUBLIC + "商标法")
    for version in (old, new):
        for found in corpus.articles_of(version):
            for reference in references(corpus, found, TODAY):
                if reference.law == version.law:
                    assert {a.version for a in reference.articles} <= {version}


def test_another_law_is_the_version_of_the_day(corpus: Corpus) -> None:
    (reference, *_) = [
        r for r in of(corpus, "公职人员政务处分法", "第二条") if r.law == REPUBLIC + "监察法"
    ]
    assert targets(reference) == ["第十五条"]
    assert reference.version is corpus.version_on(REPUBLIC + "监察法", TODAY)


def test_ranges_lists_and_inserted_articles(corpus: Corpus) -> None:
    covered = next(r for r in of(corpus, "刑法", "第二百二十条") if len(r.articles) > 1)
    assert targets(covered)[0] == "第二百一十三条"
    assert targets(covered)[-1] == "第二百一十九条之一"
    assert len(covered.articles) == 8
    found = of(corpus, "证券法", "第七十三条")
    assert ["第六十六条", "第六十七条", "第六十八条", "第六十九条", "第七十条"] in map(
        targets, found
    )


def test_paragraphs_and_items_count_from_the_place(corpus: Corpus) -> None:
    found = [r.paragraphs for r in of(corpus, "刑法", "第三百五十条") if r.text.startswith("前")]
    assert (found[0], found[-1]) == ((1,), (1, 2))
    fourth, fifth = (
        r for r in of(corpus, "刑法", "第一百九十八条") if r.text in ("前款第四项", "第五项")
    )
    assert (fourth.paragraphs, fourth.items) == ((1,), (4,))
    assert (fifth.paragraphs, fifth.items) == ((1,), (5,))
    mortgage = next(r for r in of(corpus, "民法典", "第四百零二条") if r.text == "第五项")
    assert (targets(mortgage), mortgage.items) == (["第三百九十五条"], (5,))
    own = next(r for r in of(corpus, "著作权法", "第二十七条"))
    assert (targets(own), own.paragraphs, own.items) == (["第十条"], (1,), tuple(range(5, 18)))


def test_the_article_before(corpus: Corpus) -> None:
    (reference,) = (r for r in of(corpus, "民法典", "第五百二十八条") if "条" in r.text)
    assert targets(reference) == ["第五百二十七条"]
    two = next(r for r in of(corpus, "票据法", "第七十二条") if r.text == "前二条")
    assert targets(two) == ["第七十条", "第七十一条"]


def test_counted_things_are_no_items(corpus: Corpus) -> None:
    """按照前三项征收环境保护税 counts pollutants."""
    assert not [r for r in of(corpus, "环境保护税法", "第九条") if r.text.endswith("项")]


def test_parts_of_a_law(corpus: Corpus) -> None:
    tort = next(r for r in of(corpus, "海商法", "第五十九条") if r.text == "本章")
    assert tort.kind == "heading"
    assert tort.headings[0][-1].startswith("第四章")
    several = [r for r in of(corpus, "引渡法", "第四十九条") if r.kind == "heading"]
    assert [r.headings[0][-1][:3] for r in several] == ["第二节", "第四节", "第七节"]


def test_a_repealed_law_is_named_and_links_only_what_is_held(corpus: Corpus) -> None:
    (civil, contract) = (
        r for r in of(corpus, "电子商务法", "第四十七条") if r.problem == "repealed_law"
    )
    assert (civil.law, contract.law) == (REPUBLIC + "民法总则", REPUBLIC + "合同法")
    assert contract.articles == ()
    before = date(2020, 12, 31)
    assert {r.problem for r in of(corpus, "电子商务法", "第四十七条", before)} == {
        None,
        "no_such_law",  # in force on that day, but the corpus never held it
    }


def test_repealed_on_the_day_not_before(corpus: Corpus) -> None:
    for day, problem in ((date(2026, 8, 14), None), (date(2026, 8, 15), "repealed_law")):
        found = of(corpus, "环境保护税法", "第二十三条", day)
        (reference,) = (r for r in found if r.law == REPUBLIC + "环境保护法")
        assert reference.problem == problem


def test_bare_numbers_of_an_interpretation_are_the_explained_laws(corpus: Corpus) -> None:
    explained = next(
        a for a in corpus.articles if "第九十三条第二款的解释" in a.version.law and a.ordinal == 0
    )
    found = references(corpus, explained, TODAY)
    last = [r for r in found if r.numbers == ("第三百八十四条",)]
    assert last
    assert {r.law for r in last} == {REPUBLIC + "刑法"}


def test_amending_documents_name_the_law_they_amend(corpus: Corpus) -> None:
    twelfth = corpus.versions_of(REPUBLIC + "刑法修正案（十二）")[0]
    (first, *_) = corpus.articles_of(twelfth)
    found = references(corpus, first, TODAY)
    assert (found[0].law, targets(found[0])) == (REPUBLIC + "刑法", ["第一百六十五条"])
    assert all(r.kind != "article" or r.text.startswith(("刑法第", "第")) for r in found)


def test_what_does_not_exist_says_so(corpus: Corpus) -> None:
    base = article(corpus, "消费者权益保护法", "第五十五条")
    text = "依照本法第九百条、第五十五条第七款、第五十五条第一款第三项和第九章、前款的规定"
    found = references(corpus, replace(base, text=text), TODAY)
    assert [r.problem for r in found] == [
        "no_such_article",
        "no_such_paragraph",
        "no_such_item",
        "no_such_heading",
        "no_such_paragraph",
    ]
    assert not any(r.items for r in found)
    assert found[0].articles == ()


def test_cited_by_is_the_inverse(corpus: Corpus) -> None:
    fraud = article(corpus, "刑法", "第二百六十六条")
    citing = cited_by(corpus, fraud, TODAY)
    assert fraud not in citing
    assert "第二百一十条" in {a.number for a in citing if a.version is fraud.version}
    for other in citing:
        assert any(fraud in r.articles for r in references(corpus, other, TODAY))
    staff = cited_by(corpus, article(corpus, "监察法", "第十五条"), TODAY)
    assert REPUBLIC + "公职人员政务处分法第二条" in {a.citation for a in staff}


@pytest.mark.slow
def test_almost_every_reference_of_the_corpus_resolves(corpus: Corpus) -> None:
    problems: Counter[str | None] = Counter()
    for found in corpus.articles:
        if corpus.applies(found, TODAY):
            for reference in references(corpus, found, TODAY):
                assert found.text[slice(*reference.span)] == reference.text
                problems[reference.problem] += 1
    assert sum(problems.values()) > 5000
    # articles and their parts; laws that are gone and parts of codes are counted apart
    assert problems["no_such_article"] + problems["no_such_paragraph"] <= 10
    assert problems["no_such_item"] <= 5
    assert problems["no_such_law"] <= 50


@pytest.mark.parametrize("number", ["第二百六十四条", "第二百三十二条"])
def test_articles_that_cite_nothing(corpus: Corpus, number: str) -> None:
    assert of(corpus, "刑法", number) == ()
