from collections.abc import Callable
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from errors import ArtefactError
from knowledge.corpus import Corpus
from retrieval import index as indexing
from retrieval.confidence import Gate
from retrieval.index import Index, build, ensure, index_key, load
from retrieval.prior import Prior
from retrieval.ranking import load_ranker
from retrieval.search import NOTHING, Result, Searcher
from settings import Settings
from tests.retrieval import small
from tests.retrieval.small import TODAY, HashingEncoder


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> tuple[Corpus, Index]:
    corpus, settings = small.corpus(), Settings(home=tmp_path_factory.mktemp("home"))
    return corpus, build(corpus, small.bank(), HashingEncoder(), settings)


@pytest.fixture
def searcher(built: tuple[Corpus, Index]) -> Searcher:
    corpus, index = built
    return Searcher(
        corpus, small.bank(), index, HashingEncoder(), load_ranker(), Gate.load(), Prior({})
    )


def shown(result: Result) -> list[str]:
    return [f"{hit.article.version.id} {hit.article.number}" for hit in result.hits]


@pytest.mark.parametrize(
    ("question", "article"),
    [
        ("偷了人家手机要判几年", "盗窃法@2020-01-01 第一条"),
        ("骑电驴子没戴帽帽罚不罚", "道路法@2020-01-01 第二条"),
    ],
)
def test_the_article_that_answers_comes_first(
    searcher: Searcher, question: str, article: str
) -> None:
    result = searcher.search(question, 3, TODAY)
    assert shown(result)[0] == article
    assert len(result.hits) == 3
    scores = [hit.score for hit in result.hits]
    assert scores == sorted(scores, reverse=True)
    assert 0 <= result.confidence <= 1
    assert 0 <= result.scope <= 1


def test_only_the_version_of_the_day_is_shown(searcher: Searcher) -> None:
    def versions(day: date) -> set[str]:
        hits = searcher.search("退货 网购法", 20, day).hits
        return {h.article.version.id for h in hits if h.article.version.short == "网购法"}

    assert versions(date(2015, 1, 1)) == {"网购法@2010-01-01"}
    assert versions(TODAY) == {"网购法@2020-01-01"}
    assert versions(date(2027, 1, 1)) == {"网购法@2026-10-01"}


def test_amending_documents_are_never_an_answer(searcher: Searcher) -> None:
    result = searcher.search("盗窃公私财物，数额较大的，改为处五年以下有期徒刑", 20, TODAY)
    assert shown(result)[0] == "盗窃法@2020-01-01 第一条"
    assert {hit.article.version.kind for hit in result.hits} == {"法律"}


def test_the_best_sentence_is_marked(searcher: Searcher) -> None:
    hits = searcher.search("商家收到退货多久返还价款", 9, TODAY).hits
    hit = next(hit for hit in hits if hit.article.text == small.SHOP)
    assert hit.marked
    assert "返还消费者支付的商品价款" in hit.article.text[slice(*hit.marked)]


def test_related_questions_lead_elsewhere(searcher: Searcher) -> None:
    asked = "网上买的衣服几天能退"
    result = searcher.search(asked, 3, TODAY)
    texts = {related.text for related in result.related}
    assert texts
    assert asked not in texts
    assert "快递拆开试了不喜欢还能退不" not in texts  # the same article
    ids = {question.id for question in searcher.bank.questions}
    assert all(related.id in ids for related in result.related)


@pytest.mark.parametrize("question", ["", "   ", "😀😀", "\u200b"])
def test_nothing_readable_finds_nothing(searcher: Searcher, question: str) -> None:
    assert searcher.search(question, 3, TODAY) == NOTHING


def test_a_day_without_law_finds_nothing(searcher: Searcher) -> None:
    assert searcher.search("退货", 3, date(1949, 1, 1)) == NOTHING


def test_a_batch_gives_what_single_questions_give(searcher: Searcher) -> None:
    questions = ["偷人家手机判几年", "", "骑电驴子不戴帽帽", "網購的衣服幾天能退"] * 9
    single = [searcher.search(question, 5, TODAY) for question in questions]
    assert searcher.search_batch(questions, 5, TODAY) == single


def test_traditional_characters_find_the_same(searcher: Searcher) -> None:
    one = searcher.search("網購的衣服幾天能退", 5, TODAY)
    assert one == searcher.search("网购的衣服几天能退", 5, TODAY)


def test_an_index_is_built_once(tmp_path: Path) -> None:
    corpus, bank, encoder = small.corpus(), small.bank(), HashingEncoder()
    settings = Settings(home=tmp_path)
    told: list[str] = []
    ensure(corpus, bank, encoder, settings, lambda what, _: told.append(what))
    assert told[0] == "切分法条"
    assert told[-1] == "完成"
    encoder.encoded.clear()
    told.clear()
    again = ensure(corpus, bank, encoder, settings, lambda what, _: told.append(what))
    assert (encoder.encoded, told) == ([], [])
    assert again.articles.tolist() == [0, 1, 2, 3, 4, 5, 6, 7, 9, 10]


@pytest.fixture
def stored(tmp_path: Path) -> tuple[Settings, Path, str]:
    settings, corpus, bank = Settings(home=tmp_path), small.corpus(), small.bank()
    ensure(corpus, bank, HashingEncoder(), settings)
    key = index_key(corpus, bank, HashingEncoder.hash)
    return settings, settings.index_dir / key[:16], key


Damage = Callable[[Path], object]


@pytest.mark.parametrize(
    "damage",
    [
        lambda folder: (folder / "owned.npy").unlink(),
        lambda folder: (folder / "expanded" / "data.npy").write_bytes(b"\x93NUMPY"),
        lambda folder: (folder / "manifest.json").write_text("{"),
        lambda folder: (folder / "vocabulary.txt").write_text("x"),
    ],
)
def test_a_damaged_index_is_refused_and_built_anew(
    stored: tuple[Settings, Path, str], damage: Damage
) -> None:
    settings, folder, key = stored
    damage(folder)
    with pytest.raises(ArtefactError, match="corpus build"):
        load(folder, key)
    ensure(small.corpus(), small.bank(), HashingEncoder(), settings)
    assert len(load(folder, key).articles) == 10


def test_another_model_another_index(stored: tuple[Settings, Path, str]) -> None:
    settings, folder, _ = stored
    other = HashingEncoder()
    other.hash = "another"
    ensure(small.corpus(), small.bank(), other, settings)
    assert other.encoded
    assert not folder.exists()  # what nothing can use any more is removed


def test_the_key_follows_corpus_bank_model_and_code(monkeypatch: pytest.MonkeyPatch) -> None:
    corpus, bank = small.corpus(), small.bank()
    keys = {index_key(corpus, bank, "m"), index_key(corpus, bank, "n")}
    keys.add(index_key(corpus, replace(bank, hash="other"), "m"))
    monkeypatch.setattr(indexing, "CODE", indexing.CODE + 1)
    keys.add(index_key(corpus, bank, "m"))
    corpus.hash = "other"
    keys.add(index_key(corpus, bank, "m"))
    assert len(keys) == 5
