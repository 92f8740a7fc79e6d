"""Tables of contents of the real statutes."""

from __future__ import annotations

from datetime import date

from knowledge.articles import REPUBLIC, Version
from knowledge.corpus import Corpus
from knowledge.structure import structure, toc

TODAY = date(2026, 11, 24)


def version(corpus: Corpus, law: str) -> Version:
    found = corpus.version_on(REPUBLIC + law, TODAY)
    assert found is not None
    return found


def test_every_article_is_in_the_tree_once_and_in_order(corpus: Corpus) -> None:
    for held in corpus.versions:
        assert structure(corpus, held).all_articles() == corpus.articles_of(held), held.id


def test_a_table_of_contents_covers_what_stands_under_headings(corpus: Corpus) -> None:
    for held in corpus.versions:
        entries = toc(corpus, held)
        under = [a for a in corpus.articles_of(held) if a.path]
        outer = [entry for entry in entries if entry.depth == 0]
        assert sum(e.last.ordinal - e.first.ordinal + 1 for e in outer) == len(under), held.id
        for entry in entries:
            assert entry.first.path[entry.depth] == entry.heading == entry.last.path[entry.depth]


def test_chapters_of_the_consumer_law(corpus: Corpus) -> None:
    entries = toc(corpus, version(corpus, "消费者权益保护法"))
    assert [entry.heading.split()[0] for entry in entries] == [
        "第一章",
        "第二章",
        "第三章",
        "第四章",
        "第五章",
        "第六章",
        "第七章",
        "第八章",
    ]
    assert entries[0].extent == "第一条—第六条"
    assert {entry.depth for entry in entries} == {0}


def test_sections_stand_below_their_chapter(corpus: Corpus) -> None:
    crimes = next(
        entry for entry in toc(corpus, version(corpus, "刑法")) if "侵犯财产罪" in entry.heading
    )
    assert crimes.extent.startswith("第二百六十三条—第二百七十六条之一")
    depths = {entry.depth for entry in toc(corpus, version(corpus, "刑法"))}
    assert len(depths) > 1


def test_a_law_without_headings_has_no_table(corpus: Corpus) -> None:
    assert toc(corpus, version(corpus, "户口登记条例")) == ()
