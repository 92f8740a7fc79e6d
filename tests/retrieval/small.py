"""A corpus of a handful of articles and an encoder that needs no model."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import numpy as np

from knowledge.articles import Article, Level, Version
from knowledge.corpus import Corpus
from knowledge.questions.bank import Bank, Question, question_id
from retrieval.text import tokenise
from retrieval.vectors import Bytes, Floats

DIMENSION = 64
TODAY = date(2026, 11, 24)

SHOP_OLD = "经营者应当保证商品质量。\n消费者可以退货。"
SHOP = (
    "经营者采用网络、电视、电话、邮购等方式销售商品，消费者有权自收到商品之日起七日内退货，且无需说明理由。"
    "\n退货的商品应当完好。经营者应当自收到退回商品之日起七日内返还消费者支付的商品价款。"
)


def version(
    law: str,
    day: date = date(2020, 1, 1),
    *,
    kind: str = "法律",
    level: Level = Level.STATUTE,
    effective: date | None = None,
) -> Version:
    return Version(
        id=f"{law}@{day}",
        law=f"中华人民共和国{law}",
        short=law,
        level=level,
        kind=kind,
        issuer="全国人民代表大会常务委员会",
        region=None,
        version_date=day,
        published=day,
        commenced=effective or day,
        effective=effective or day,
        repealed=None,
        repealed_by=None,
        note=None,
        source="test",
    )


OLD = version("网购法", date(2010, 1, 1))
NOW = version("网购法", date(2020, 1, 1))
NEXT = version("网购法", date(2026, 10, 1), effective=date(2027, 1, 1))
THEFT = version("盗窃法")
AMENDMENT = version("盗窃法修正案（一）", date(2021, 1, 1), kind="修正案")
ROADS = version("道路法")

TEXTS = (
    (OLD, "第一条", ("第一章 总则",), "为了保护消费者，制定本法。"),
    (OLD, "第二条", ("第二章 退货",), SHOP_OLD),
    (NOW, "第一条", ("第一章 总则",), "为了保护消费者，制定本法。"),
    (NOW, "第二条", ("第二章 退货",), SHOP),
    (NOW, "第三条", ("第二章 退货",), "特价商品的经营者不得以特价为由拒绝退换有瑕疵的商品。"),
    (NEXT, "第二条", ("第二章 退货",), "消费者有权自收到商品之日起十日内退货。"),
    (THEFT, "第一条", ("第一章 盗窃",), "盗窃公私财物，数额较大的，处三年以下有期徒刑。"),
    (THEFT, "第二条", ("第一章 盗窃",), "明知是盗窃所得的赃物而收购的，没收赃物，并处罚款。"),
    (AMENDMENT, "第一条", (), "盗窃公私财物，数额较大的，改为处五年以下有期徒刑。"),
    (ROADS, "第一条", ("第一章 通行",), "机动车行经人行横道时，应当减速行驶。"),
    (ROADS, "第二条", ("第一章 通行",), "驾驶电动自行车应当戴安全头盔。"),
)

QUESTIONS = (
    ("网购法", "第二条", "short", "网上买的衣服几天能退"),
    ("网购法", "第二条", "plain", "快递拆开试了不喜欢还能退不"),
    ("网购法", "第三条", "short", "打折的东西坏了给不给换"),
    ("网购法", "第一条", "formal", "网购这部法为啥要立"),
    ("盗窃法", "第一条", "short", "偷人家手机判几年"),
    ("盗窃法", "第二条", "plain", "收了别人偷来的电缆要咋处理"),
    ("道路法", "第二条", "dialect", "骑电驴子不戴帽帽罚不罚"),
)


def corpus() -> Corpus:
    versions = [OLD, NOW, NEXT, THEFT, AMENDMENT, ROADS]
    articles = [
        Article(id_, version, number, int(number == "第二条"), path, text)
        for id_, (version, number, path, text) in enumerate(TEXTS)
    ]
    meta = {
        "hash": hashlib.sha256(repr(TEXTS).encode()).hexdigest(),
        "package": "test",
        "package_version": "0",
        "package_sha256": "0",
    }
    return Corpus(versions, articles, meta)


def bank() -> Bank:
    return Bank.of(
        Question(question_id(q), q, style, ((law, article),), Path("test.jsonl"), line)
        for line, (law, article, style, q) in enumerate(QUESTIONS, 1)
    )


class HashingEncoder:
    """Counts tokens into buckets: cosine grows with shared bigrams, and stays near 1 as e5's does.
    Remembers what it encoded."""

    hash = "hashing"
    dimension = DIMENSION

    def __init__(self) -> None:
        self.encoded: list[str] = []

    def identity(self, kind: str) -> str:
        del kind
        return self.hash

    def placed(self, articles: Bytes) -> Bytes:
        return articles

    def prefixed(self, text: str, kind: str) -> str:
        return f"{kind}: {text}"

    def encode(self, texts: Sequence[str], kind: str) -> Floats:
        self.encoded.extend(texts)
        vectors = np.full((len(texts), DIMENSION), 1.0, np.float32)
        for row, text in enumerate(texts):
            for token in tokenise(text):
                bucket = hashlib.sha256(token.encode()).digest()[0] % DIMENSION
                vectors[row, bucket] += 1
        vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
        return vectors
