"""The real corpus, bank, model and index, end to end."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from knowledge.corpus import Corpus
from retrieval.confidence import DECLINE_BELOW, SCOPE_BELOW
from retrieval.search import Searcher
from settings import ROOT, Settings
from tests.conftest import AS_OF

pytestmark = pytest.mark.slow

GOLDEN = [
    ("网购的羽绒服不喜欢，商家说特价不退，合法吗", "消费者权益保护法第二十五条"),
    ("網購的羽絨服不喜歡，商家說特價不退，合法嗎", "消费者权益保护法第二十五条"),
    ("身份证借人犯法不", "刑法第二百八十条之一"),
    ("超市搜我的包", "消费者权益保护法第二十七条"),
    ("小区楼上扔东西砸了车", "民法典第一千二百五十四条"),
    ("辞职要提前几天说", "劳动合同法第三十七条"),
    ("邻居家狗咬了我", "民法典第一千二百四十五条"),
    ("把银行卡借给别人用犯法吗", "反电信网络诈骗法第三十一条"),
    ("健身房跑路了办的卡咋办", "消费者权益保护法第五十三条"),
    ("买到假茅台能赔几倍", "消费者权益保护法第五十五条"),
    ("加班不给钱", "劳动合同法第八十五条"),
]


@pytest.fixture(scope="module")
def searcher(corpus: Corpus, settings: Settings) -> Searcher:
    return Searcher.open(corpus, settings)


@pytest.mark.parametrize(("question", "expected"), GOLDEN)
def test_a_small_golden_set(searcher: Searcher, question: str, expected: str) -> None:
    result = searcher.search(question, 3, AS_OF)
    assert expected in [hit.article.version.short + hit.article.number for hit in result.hits]
    assert result.confidence >= DECLINE_BELOW
    assert result.scope >= SCOPE_BELOW
    for hit in result.hits:
        assert hit.marked
        assert hit.article.text[slice(*hit.marked)].strip()
    assert result.related


@pytest.mark.parametrize(
    "question", ["今天咋这么冷", "美国宪法第一修正案说的啥", "asdfgh", "红烧肉怎么做"]
)
def test_what_the_law_does_not_answer(searcher: Searcher, question: str) -> None:
    result = searcher.search(question, 3, AS_OF)
    assert result.confidence < DECLINE_BELOW or result.scope < SCOPE_BELOW


def test_a_related_question_leads_elsewhere(searcher: Searcher) -> None:
    result = searcher.search("网购的羽绒服不喜欢，商家说特价不退，合法吗", 3, AS_OF)
    first = (result.hits[0].article.version.short, result.hits[0].article.number)
    targets = {question.id: question.targets for question in searcher.bank.questions}
    assert all(first not in targets[related.id] for related in result.related)


_SCRIPT = """
import json, sys
from pathlib import Path
from knowledge.corpus import Corpus
from retrieval.search import Searcher
from settings import Settings
settings = Settings.from_environment()
searcher = Searcher.open(Corpus.open(settings.knowledge_db), settings)
out = []
for result in searcher.search_batch(json.loads(sys.argv[1]), 10, settings.clock().today()):
    out.append([
        [[h.article.id, h.marked, round(h.score, 2)] for h in result.hits],
        round(result.confidence, 3), round(result.scope, 3), [r.id for r in result.related],
    ])
print(json.dumps(out))
"""


def test_results_do_not_depend_on_hash_seed_or_threads(
    searcher: Searcher, settings: Settings
) -> None:
    questions = json.dumps([question for question, _ in GOLDEN])
    outputs = []
    for seed in ("1", "2"):
        environment = {
            **os.environ,
            "PYTHONHASHSEED": seed,
            "OMP_NUM_THREADS": seed,
            "OPENBLAS_NUM_THREADS": seed,
            "PUFA_HOME": str(settings.home),
            "PUFA_TODAY": AS_OF.isoformat(),
        }
        run = subprocess.run(
            [sys.executable, "-c", _SCRIPT, questions],
            env=environment,
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        outputs.append(run.stdout)
    assert outputs[0] == outputs[1]


def test_serving_needs_no_training_library(searcher: Searcher, settings: Settings) -> None:
    """torch and sentence-transformers would cost 5 s and 400 MB at every start."""
    script = _SCRIPT + "print([m for m in ('torch', 'transformers') if m in sys.modules])"
    environment = {**os.environ, "PUFA_HOME": str(settings.home)}
    run = subprocess.run(
        [sys.executable, "-c", script, "[]"],
        env=environment,
        cwd=Path(ROOT),
        capture_output=True,
        text=True,
        check=True,
    )
    assert run.stdout.splitlines()[-1] == "[]"
