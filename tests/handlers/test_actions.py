"""Button values survive the platform and refuse to mean something else later."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from handlers.actions import LIMIT, Actions, Verb


class _Corpus:
    """Only what Actions reads of a corpus."""

    def __init__(self, hash_: str, count: int) -> None:
        self.hash = hash_
        self.articles = range(count)


def actions(hash_: str = "abcd1234", count: int = 30_000) -> Actions:
    return Actions(_Corpus(hash_, count))  # type: ignore[arg-type]


refs = st.integers(0, 29_999)


@given(refs)
def test_full_round_trip(ref: int) -> None:
    value = actions().full(ref)
    parsed = actions().parse(value)
    assert parsed is not None
    assert (parsed.verb, parsed.articles) == (Verb.FULL, (ref,))


@given(st.lists(refs, min_size=1, max_size=40))
def test_more_keeps_a_prefix_that_fits(many: list[int]) -> None:
    value = actions().more(many)
    parsed = actions().parse(value)
    assert len(value.encode()) <= LIMIT
    assert parsed is not None
    assert list(parsed.articles) == many[: len(parsed.articles)]
    assert len(parsed.articles) >= min(5, len(many))


@given(refs, st.booleans())
def test_feedback_round_trip(ref: int, good: bool) -> None:
    parsed = actions().parse(actions().feedback(good, ref))
    assert parsed is not None
    assert (parsed.verb is Verb.GOOD) == good
    assert parsed.articles == (ref,)


def test_a_rebuilt_corpus_refuses_old_buttons() -> None:
    assert actions("ffff0000").parse(actions("abcd1234").full(7)) is None


@given(st.text(max_size=70))
def test_foreign_values_never_raise(value: str) -> None:
    parsed = actions().parse(value)
    assert (
        parsed is None or parsed.verb is Verb.ASK or all(0 <= r < 30_000 for r in parsed.articles)
    )


def test_an_article_that_does_not_exist() -> None:
    assert actions(count=10).parse(actions().full(11)) is None
