"""The encoder that serves: a SentenceTransformer exported once to ONNX.

sentence-transformers and torch take 5 CPU seconds and 500 MB to be ready; ONNX Runtime with the
same weights in fp32 takes a fifth of both and half the time a question, in int8 less again. So a
model is loaded through sentence-transformers once, exported with its pooling and normalisation,
compared with the original on sample texts, and from then on run by :class:`OnnxEncoder`. The
exported folder is replaced whenever the model's hash or this module's form changes.
"""

from __future__ import annotations

import json
import logging
import re
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from errors import ArtefactError, ModelError
from retrieval.artefacts import replace_folder, sealed
from retrieval.vectors import Bytes, Floats

CODE = 3  # raise when the exported folder's form changes
AGREEMENT = 0.9999  # least cosine between an exported model and its original
AGREEMENT_INT8 = 0.9  # of the stretched sample; ordinary questions agree to .99 (docs/retrieval.md)

_OUTLIERS = re.compile(r"layer\.[0-5]/output/dense/MatMul")

_SAMPLES = (
    "query: 网购的羽绒服不喜欢，商家说特价不退，合法吗",
    "passage: 消费者权益保护法 消费者的权利\n消费者享有知悉其购买、使用的商品的真实情况的权利。",
    "我刚给骗子转了八万怎么办",
    "APP 里２０００元！",
    "退" * 700,
)


class OnnxEncoder:
    """Texts → unit vectors with ONNX Runtime. Safe to share between threads."""

    def __init__(self, folder: Path, threads: int = 1) -> None:
        """Load what :func:`export` wrote.

        Args:
            folder: the exported folder.
            threads: cores that one call of :meth:`encode` uses.

        Raises:
            ModelError: the folder cannot be used.
        """
        import onnxruntime  # type: ignore[import-untyped]
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            meta = json.loads((folder / "meta.json").read_text("utf-8"))
            self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
            self._session = onnxruntime.InferenceSession(
                str(folder / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
            self.hash = str(meta["hash"])
            self.dimension = int(meta["dimension"])
            self._int8 = bool(meta.get("int8"))
            self._prompts = {kind: str(meta["prompts"][kind]) for kind in ("query", "passage")}
            self._tokenizer.enable_truncation(int(meta["max_tokens"]))
            self._tokenizer.enable_padding(pad_id=meta["pad_id"], pad_token=meta["pad_token"])
        except Exception as error:  # both libraries raise bare Exception for damaged files
            raise ModelError(f"模型文件夹 {folder} 无法加载：请删除它后重试") from error

    def identity(self, kind: str) -> str:
        """The model's hash: one model encodes both kinds."""
        del kind
        return self.hash

    def placed(self, articles: Bytes) -> Bytes:
        """The same: one model encodes both kinds."""
        return articles

    def prefixed(self, text: str, kind: str) -> str:
        """The text as the model reads it, with the prompt of ``query`` or ``passage``."""
        return self._prompts[kind] + text

    def encode(self, texts: Sequence[str], kind: str) -> Floats:
        """Unit vectors, shape (len(texts), dimension)."""
        return self.raw([self.prefixed(text, kind) for text in texts])

    def raw(self, texts: Sequence[str]) -> Floats:
        """Unit vectors of texts that carry their prompts.

        In int8 one text at a time: activations are scaled by the largest of a whole run, so a
        text's vector would depend on its company.
        """
        if self._int8 and len(texts) > 1:
            return np.concatenate([self.raw([text]) for text in texts])
        encoded = self._tokenizer.encode_batch(list(texts))
        (vectors,) = self._session.run(
            None,
            {
                "input_ids": np.array([item.ids for item in encoded], np.int64),
                "attention_mask": np.array([item.attention_mask for item in encoded], np.int64),
            },
        )
        return np.asarray(vectors, np.float32)


def is_exported(folder: Path, model_hash: str, int8: bool = False) -> bool:
    """Whether ``folder`` holds the whole export of this model by this code."""
    return sealed(folder, _made_from(model_hash, int8))


def _made_from(model_hash: str, int8: bool) -> str:
    return f"onnx {CODE} {'int8' if int8 else 'fp32'} {model_hash}"


def export(
    model: Any, model_hash: str, prompts: dict[str, str], folder: Path, int8: bool = False
) -> None:
    """Write a loaded SentenceTransformer as an ONNX folder (about 5 s), replacing an older one.

    Args:
        model: a ``SentenceTransformer`` on the CPU whose tokenizer is a fast one.
        model_hash: goes into ``meta.json``.
        prompts: text put before each ``query`` and ``passage``.
        folder: appears under its name only when complete and checked.
        int8: weights in 8 bits, activations quantised as they come. Seven bits of the range are
            used: on processors without VNNI eight could overflow, and vectors would differ between
            machines.

    Raises:
        ModelError: it cannot be exported, or the export does not agree with the model.
    """

    def fill(scratch: Path) -> None:
        _write(model, model_hash, prompts, scratch)
        if int8:
            _quantise(scratch / "model.onnx")
            meta = json.loads((scratch / "meta.json").read_text("utf-8"))
            (scratch / "meta.json").write_text(json.dumps(meta | {"int8": True}), "utf-8")
        expected = model.encode(
            list(_SAMPLES), prompt="", normalize_embeddings=True, show_progress_bar=False
        )
        worst = float((OnnxEncoder(scratch).raw(_SAMPLES) * expected).sum(axis=1).min())
        if not worst >= (AGREEMENT_INT8 if int8 else AGREEMENT):
            raise ModelError(f"导出的模型与原模型不一致（余弦 {worst:.4f}）")

    try:
        replace_folder(folder, _made_from(model_hash, int8), fill)
    except ArtefactError:
        raise
    except Exception as error:  # whatever an unknown architecture makes the exporter raise
        raise ModelError(f"模型无法导出为 ONNX（{type(error).__name__}: {error}）") from error


def _quantise(path: Path) -> None:
    """Dynamic int8 of the matrices and the embeddings, a scale for each channel.

    The second matrix of the lower layers' feed-forward parts stays in fp32: its inputs have
    outliers, and rounding them cost .02 of cosine (.973 against .993 with all of them kept).
    """
    import onnx
    from onnxruntime.quantization import QuantType, quantize_dynamic  # type: ignore[import-untyped]

    whole = path.with_suffix(".fp32")
    path.replace(whole)
    nodes = onnx.load(str(whole), load_external_data=False).graph.node
    kept = [node.name for node in nodes if _OUTLIERS.search(node.name)]
    logger = logging.getLogger()
    level = logger.level
    logger.setLevel(logging.ERROR)  # it recommends a preparation that changes nothing here
    try:
        quantize_dynamic(
            whole,
            path,
            op_types_to_quantize=["MatMul", "Gather"],
            per_channel=True,
            reduce_range=True,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=kept,
        )
    finally:
        logger.setLevel(level)
        whole.unlink()


def _write(model: Any, model_hash: str, prompts: dict[str, str], folder: Path) -> None:
    import torch

    class Pipeline(torch.nn.Module):
        """Encoder, pooling and normalisation as one graph."""

        def __init__(self) -> None:
            super().__init__()
            self.model = model

        def forward(self, input_ids: Any, attention_mask: Any) -> Any:
            features = {"input_ids": input_ids, "attention_mask": attention_mask}
            vectors = self.model(features)["sentence_embedding"]
            return torch.nn.functional.normalize(vectors, p=2, dim=1)

    tokenizer = model.tokenizer
    pad_id = int(tokenizer.pad_token_id)
    ids = torch.tensor([[0, 5, 6, 7, 2], [0, 8, 2, pad_id, pad_id]])
    mask = torch.tensor([[1, 1, 1, 1, 1], [1, 1, 1, 0, 0]])
    axes = {name: {0: "batch", 1: "tokens"} for name in ("input_ids", "attention_mask")}
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the TorchScript exporter is deprecated, and needs less
        torch.onnx.export(
            Pipeline().eval(),
            (ids, mask),
            str(folder / "model.onnx"),
            input_names=["input_ids", "attention_mask"],
            output_names=["vector"],
            dynamic_axes={**axes, "vector": {0: "batch"}},
            opset_version=17,
            dynamo=False,
        )
    tokenizer.backend_tokenizer.save(str(folder / "tokenizer.json"))
    meta = {
        "hash": model_hash,
        "dimension": int(model.get_embedding_dimension()),
        "prompts": prompts,
        "max_tokens": int(model.max_seq_length or 512),
        "pad_id": pad_id,
        "pad_token": str(tokenizer.pad_token),
    }
    (folder / "meta.json").write_text(json.dumps(meta, ensure_ascii=False, indent=1), "utf-8")
