"""Which clauses have to do with the law: weights of bigrams, kept in one small file."""

from __future__ import annotations

from pathlib import Path

import pytest

from errors import ArtefactError
from retrieval.matter import Matter, default
from retrieval.training.matter import chat


def test_law_weighs_more_than_chat() -> None:
    assert default()("商家不给退押金") > default()("今天天气真好啊") >= 0.0
    assert default()("") == 0.0


def test_chat_that_was_not_learnt_weighs_little() -> None:
    """Of the messages of the other half, three in four weigh less per character than a question."""
    weigh = default()
    level = weigh("商家不给退押金") / 7
    assert sum(weigh(text) / len(text) < level for text in chat(False)) > 0.75 * len(chat(False))


def test_saving_and_loading(tmp_path: Path) -> None:
    trained = Matter.trained(["押金不退怎么办"] * 9, ["今天天气怎么样"] * 9)
    first, second = tmp_path / "a.npz", tmp_path / "b.npz"
    trained.save(first)
    trained.save(second)
    assert first.read_bytes() == second.read_bytes()
    again = Matter.load(first)
    assert again("押金不退") == pytest.approx(trained("押金不退"), abs=0.2)
    assert again("天气") == 0.0


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "matter.npz"
    path.write_bytes(b"PK nothing")
    with pytest.raises(ArtefactError, match=r"matter\.npz"):
        Matter.load(path)
    with pytest.raises(ArtefactError):
        Matter.load(tmp_path / "none.npz")
