import json
from pathlib import Path

import numpy as np
import pytest

from errors import ArtefactError
from retrieval.perceptron import Perceptron

NAMES = ("a", "b")


def made() -> Perceptron:
    f = np.float32
    return Perceptron(
        np.array([1, 0], f),
        np.array([2, 1], f),
        np.array([[1, -1], [0, 2]], f),
        np.array([0, 1], f),
        np.array([3, 0.5], f),
        np.array([10, 0], f),
        np.array(-1, f),
    )


def test_the_output_is_the_formula() -> None:
    # x = ((3 − 1)/2, 4) = (1, 4); units = relu(1, −1 + 8 + 1) = (1, 8); 3 + 4 + 10 − 1 = 16
    assert made()(np.array([[3, 4]], np.float32)).tolist() == [16]


def test_an_extreme_input_does_not_run_away() -> None:
    far, farther = made()(np.array([[1e6, 0], [1e9, 0]], np.float32))
    assert far == farther


def test_saved_and_loaded_gives_the_same(tmp_path: Path) -> None:
    made().save(tmp_path / "w.json", NAMES, "test")
    inputs = np.array([[3, 4], [-1, 0.5]], np.float32)
    assert (Perceptron.load(tmp_path / "w.json", NAMES)(inputs) == made()(inputs)).all()


@pytest.mark.parametrize("damage", ["missing", "truncated", "foreign", "short", "nan"])
def test_unusable_weights_are_refused_with_the_mend(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "w.json"
    made().save(path, NAMES, "test")
    content = json.loads(path.read_text())
    if damage == "missing":
        path.unlink()
    elif damage == "truncated":
        path.write_text(path.read_text()[:40])
    elif damage == "foreign":
        path.write_text(json.dumps(content | {"inputs": ["a", "c"]}))
    elif damage == "short":
        path.write_text(json.dumps(content | {"hidden": [[1.0, 2.0]]}))
    else:
        path.write_text(json.dumps(content | {"output": [float("nan"), 1.0]}))
    with pytest.raises(ArtefactError, match=r"w\.json.*恢复"):
        Perceptron.load(path, NAMES)
