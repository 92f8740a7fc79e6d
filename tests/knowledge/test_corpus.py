from __future__ import annotations

from datetime import date

import pytest

from knowledge.articles import REPUBLIC
from knowledge.corpus import Corpus
from knowledge.sources.statutes import StatutePackage


def test_no_law_of_the_source_is_dropped(corpus: Corpus, package: StatutePackage) -> None:
    laws = {law.name for law in package.laws()}
    assert {version.law for version in corpus.versions} == laws
    assert len(corpus.versions) == len(package.laws()) + 1  # 刑法 with 修正案（十二） merged
    assert [a.id for a in corpus.articles] == list(range(len(corpus.articles)))


def test_articles_are_found_by_full_number(corpus: Corpus) -> None:
    version = corpus.version_on(REPUBLIC + "刑法", date(2026, 11, 24))
    assert version is not None
    plain, inserted = (corpus.find(version, n) for n in ("第二百八十七条", "第二百八十七条之二"))
    assert plain is not None
    assert inserted is not None
    assert plain.text != inserted.text
    assert corpus.find(version, "第九百条") is None
    held = corpus.articles_of(version)
    assert held[inserted.ordinal] is inserted
    assert corpus.article(inserted.id) is inserted


@pytest.mark.parametrize("id_", [-1, 10**6])
def test_an_id_of_another_build_is_refused(corpus: Corpus, id_: int) -> None:
    with pytest.raises(KeyError):
        corpus.article(id_)


def test_names(corpus: Corpus) -> None:
    consumer = (REPUBLIC + "消费者权益保护法",)
    for name in ("消法", "消费者权益保护法", "《中华人民共和国消费者权益保护法》", " 消 法 "):
        assert corpus.laws_named(name) == consumer
    assert corpus.laws_named("刑法") == (REPUBLIC + "刑法",)  # not the interpretations that name it
    assert corpus.laws_named("刑法修正案(十二)") == (REPUBLIC + "刑法修正案（十二）",)
    assert corpus.laws_named("安全") == ()
    assert corpus.laws_named("") == ()
    lengths = [len(name) for name in corpus.names()]
    assert lengths == sorted(lengths, reverse=True)


def test_the_newest_publication_dates_the_corpus(corpus: Corpus) -> None:
    assert corpus.corpus_date == date(2026, 8, 28)


def test_search_without_a_file_scans(corpus: Corpus) -> None:
    found = corpus.full_text_search(["七日", "退货"], 5)
    assert any(a.citation.endswith("消费者权益保护法第二十五条") for a in found)
    assert corpus.full_text_search([], 5) == ()
    assert corpus.full_text_search(["退货"], 0) == ()
