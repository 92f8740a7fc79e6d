import json
from pathlib import Path

import numpy as np
import pytest

from errors import DataError
from retrieval.evaluate import bootstrap, measure, read_items

A, B, C, D = (("民法典", f"第{n}条") for n in "一二三四")


def test_measures_by_hand() -> None:
    found = measure(frozenset({B, D}), [A, B, C, D])
    assert found["hit@1"] == 0
    assert found["hit@3"] == 1
    assert found["recall@5"] == 1
    assert found["MRR@10"] == pytest.approx(1 / 2)
    ideal = 1 / np.log2(2) + 1 / np.log2(3)
    assert found["nDCG@10"] == pytest.approx((1 / np.log2(3) + 1 / np.log2(5)) / ideal)


def test_a_perfect_and_an_empty_ranking() -> None:
    assert set(measure(frozenset({A}), [A]).values()) == {1.0}
    assert set(measure(frozenset({A}), []).values()) == {0.0}


def test_a_gold_that_is_not_found_lowers_recall() -> None:
    assert measure(frozenset({A, B}), [A])["recall@100"] == 0.5


def test_bootstrap_holds_the_mean_and_is_repeatable() -> None:
    values = np.array([0.0, 1.0, 1.0, 1.0] * 50)
    score = bootstrap(values)
    assert score.low < score.mean == 0.75 < score.high
    assert bootstrap(values) == score
    assert bootstrap(np.ones(9)).low == 1.0


def test_reading_the_bench_format(tmp_path: Path) -> None:
    path = tmp_path / "b.jsonl"
    lines = [
        {"id": "1", "q": "几天退", "gold": [["消费者权益保护法", "第二十五条"]], "topic": "消费"},
        {"id": "2", "q": "无", "gold": [], "outside": ["某解释第一条"]},
    ]
    path.write_text("\n".join(json.dumps(line, ensure_ascii=False) for line in lines))
    (item,) = read_items(path)
    assert item.gold == {("消费者权益保护法", "第二十五条")}
    assert item.topic == "消费"


@pytest.mark.parametrize("line", ["{", '{"id": 1, "q": "x"}', '{"id": 1, "q": "x", "gold": [1]}'])
def test_a_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    path = tmp_path / "b.jsonl"
    path.write_text(f"\n{line}\n")
    with pytest.raises(DataError, match=r"b\.jsonl:2"):
        read_items(path)
