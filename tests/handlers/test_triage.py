"""Triage: what must raise an alarm, what must not, and that the shipped model is the right one."""

from __future__ import annotations

import re
import shutil
from datetime import date
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import ArtefactError, DataError
from handlers.triage import GUIDANCE, Alarm, detect
from handlers.triage.classifier import MODEL, RETRAIN, Classifier
from handlers.triage.cues import NAMES, cues, read_cues
from handlers.triage.data import FOLDER, bank_questions, data_hash, labelled, prepared
from handlers.triage.detection import WINDOW, judge
from handlers.triage.features import BUCKETS, ngrams
from knowledge.articles import Status
from knowledge.citations import resolve
from knowledge.corpus import Corpus
from knowledge.hotlines import Hotlines
from knowledge.organs import Organs
from knowledge.topics import Topics

DAY = date(2026, 11, 24)
# What the shipped model reached when it was trained (docs/triage.md), less one line in a hundred.
LEAST_RECALL = {
    Alarm.DANGER: 0.87,
    Alarm.HOME_VIOLENCE: 0.99,
    Alarm.MINOR: 0.93,
    Alarm.SEXTORTION: 0.9,
    Alarm.FRAUD_NOW: 0.88,
}
LEAST_RECALL_OVERALL = 0.93
MOST_FALSE_ALARMS = 0.04
MOST_FALSE_ALARMS_BANK = 0.0275


def test_held_back_recall_and_false_alarms() -> None:
    test = labelled("test")
    raised = [detect(message.text) is not None for message in test]
    assert len(test) > 200
    for alarm, least in LEAST_RECALL.items():
        hits = [r for m, r in zip(test, raised, strict=True) if m.label == alarm]
        assert np.mean(hits) >= least, alarm
    urgent = [r for m, r in zip(test, raised, strict=True) if m.label != "none"]
    calm = [r for m, r in zip(test, raised, strict=True) if m.label == "none"]
    assert np.mean(urgent) >= LEAST_RECALL_OVERALL
    assert np.mean(calm) <= MOST_FALSE_ALARMS


@pytest.mark.slow
def test_ordinary_legal_questions_raise_no_alarm() -> None:
    held = [m for m in bank_questions(held_out=True) if m.label == "none"][::3]
    assert np.mean([detect(m.text) is not None for m in held]) <= MOST_FALSE_ALARMS_BANK


def test_model_belongs_to_its_data() -> None:
    assert Classifier.load().data_hash == data_hash(), (
        f"model.npz was trained from other data, cues or features. {RETRAIN}"
    )


def test_data_hash_sees_an_edited_line(tmp_path: Path) -> None:
    for name in ("triage.jsonl", "triage_bank.jsonl"):
        shutil.copy(FOLDER / name, tmp_path / name)
    assert data_hash(tmp_path) == data_hash()
    path = tmp_path / "triage.jsonl"
    path.write_text(path.read_text("utf-8").replace("刚转了两万", "刚转了三万", 1), "utf-8")
    assert data_hash(tmp_path) != data_hash()


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("刚转了两万给骗子咋办", Alarm.FRAUD_NOW),
        ("他让我转到安全账户", Alarm.FRAUD_NOW),
        ("客服叫我共享屏幕再转账", Alarm.FRAUD_NOW),
        ("剛剛把驗證碼給了那個客服，卡裡少了五千", Alarm.FRAUD_NOW),
        ("我不想活了", Alarm.DANGER),
        ("我爸喝了农药", Alarm.DANGER),
        ("着火了！！楼道里全是烟", Alarm.DANGER),
        ("裸聊被录了，他要两万不给就发我通讯录", Alarm.SEXTORTION),
        ("老公刚才又打我，我躲在厕所", Alarm.HOME_VIOLENCE),
        ("我家娃被人抱走了", Alarm.MINOR),
    ],
)
def test_certain_cases(text: str, alarm: Alarm) -> None:
    judgement = judge(prepared(text))
    assert (judgement.urgency, judgement.kind) == (1.0, alarm)


@pytest.mark.parametrize(
    "text",
    [
        "96110是干什么的",
        "96110打来的电话是真的吗",
        "国家反诈中心那个软件必须装吗",
        "作业：列举五种常见的电信诈骗手段",
        "诈骗五万判几年",
        "去年被骗的一万八能追回来不",
        "笑死我了哈哈哈",
        "家暴告诫书是什么",
        "给儿子转学费怎么转省手续费",
        "新闻说有个老太太差点被骗让银行拦下了，银行凭啥能拦",
        "反诈法第三十一条说的啥",
        "我想死你了",
        "",
    ],
)
def test_hard_negatives(text: str) -> None:
    assert detect(prepared(text)) is None


def test_urgent_sentence_in_a_long_story_is_found() -> None:
    calm = "我们村今年种了三百亩玉米，夏天雨水好，长势也好，合作社说秋后统一收，价钱随行就市。"
    story = calm * 8 + "我不想活了，遗书写好了，药也买好了，现在坐在楼顶上，谁也别找我。" + calm * 8
    assert len(story) > 2 * WINDOW
    assert detect(prepared(calm * 16)) is None
    assert detect(prepared(story)) is Alarm.DANGER


@given(st.text(max_size=400))
def test_any_text_is_judged(text: str) -> None:
    assert 0.0 <= judge(prepared(text)).urgency <= 1.0


@given(st.text(max_size=200))
def test_ngrams_are_a_unit_vector(text: str) -> None:
    buckets, values = ngrams(text)
    assert len(set(buckets.tolist())) == len(buckets)
    assert ((buckets >= 0) & (buckets < BUCKETS)).all()
    assert np.isclose(np.square(values).sum(), 1.0, atol=1e-4)


def test_cues_are_named() -> None:
    found = {name for name, on in zip(NAMES, cues("他让我转到安全账户"), strict=True) if on}
    assert {"demand", "pay", "lock", "demand+pay", "clear"} <= found
    assert "past" not in found
    assert "clear" not in {n for n, on in zip(NAMES, cues("去年他让我转账"), strict=True) if on}


def test_broken_cue_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "cues.toml"
    path.write_text("weapon = ['(刀']\n", "utf-8")
    with pytest.raises(DataError, match=r"cues\.toml.*weapon"):
        read_cues(path)


def test_damaged_model_says_how_to_retrain(tmp_path: Path) -> None:
    whole = MODEL.read_bytes()
    broken = tmp_path / "model.npz"
    for content in (b"", whole[:1000], b"no archive"):
        broken.write_bytes(content)
        with pytest.raises(ArtefactError, match=r"handlers\.triage\.train"):
            Classifier.load(broken)


def test_model_survives_saving(tmp_path: Path) -> None:
    model = Classifier.load()
    model.save(tmp_path / "again.npz", {})
    again = Classifier.load(tmp_path / "again.npz")
    text = prepared("他让我把钱转过去")
    assert np.allclose(model.probabilities(text), again.probabilities(text), atol=0.01)


@pytest.mark.parametrize("line", ['{"label": "fire", "q": "x", "split": "train"}', "{", '{"q": 1}'])
def test_wrong_line_is_named(tmp_path: Path, line: str) -> None:
    (tmp_path / "triage.jsonl").write_text(
        f'{{"label": "none", "q": "好", "split": "train"}}\n{line}\n', "utf-8"
    )
    with pytest.raises(DataError, match=r"triage\.jsonl:2"):
        labelled("train", tmp_path)


def test_guidance_is_complete_and_short() -> None:
    hotlines, topics, organs = Hotlines.load(), Topics.load(), Organs.load()
    assert set(GUIDANCE) == set(Alarm)
    for guidance in GUIDANCE.values():
        assert len(guidance.first_line) <= 60
        assert 1 <= len(guidance.hotlines) <= 3
        written = re.findall(r"\d{3,}", guidance.first_line + "".join(guidance.steps))
        for number in (*guidance.hotlines, *written):
            assert hotlines.get(number) is not None, number
        assert guidance.hotlines[0] in guidance.first_line
        assert topics.get(guidance.topic) is not None
        assert guidance.law in organs.laws


def test_fraud_guidance_says_what_the_rules_ask() -> None:
    fraud = GUIDANCE[Alarm.FRAUD_NOW]
    assert fraud.first_line == (
        "先停：别再转、别给验证码、挂断。已转账→立即打110，同时打银行/支付客服要求挂失、止付；"
        "还没转或拿不准→打96110。"
    )
    for alarm in (Alarm.FRAUD_NOW, Alarm.SEXTORTION):
        assert "这些只给警察，不要发给我" in "".join(GUIDANCE[alarm].steps)
    assert GUIDANCE[Alarm.DANGER].articles == ()


ABOUT = {
    "反家庭暴力法第十五条": "及时出警",
    "反家庭暴力法第十六条": "告诫书",
    "反家庭暴力法第二十三条": "人身安全保护令",
    "未成年人保护法第十一条": "立即向公安、民政、教育等有关部门报告",
    "未成年人保护法第三十九条": "欺凌",
    "未成年人保护法第五十四条": "性侵害",
    "刑法第二百七十四条": "敲诈勒索",
    "民法典第一千零三十三条": "私密",
    "反电信网络诈骗法第二十条": "紧急止付",
    "反电信网络诈骗法第三十四条": "预警劝阻",
}


def test_cited_articles_are_in_force_and_right(corpus: Corpus) -> None:
    cited = {citation for guidance in GUIDANCE.values() for citation in guidance.articles}
    assert cited == set(ABOUT)
    for citation in sorted(cited):
        article = resolve(corpus, citation, DAY).articles[0]
        assert corpus.status(article.version, DAY) is Status.IN_FORCE, citation
        assert ABOUT[citation] in article.text, citation


@pytest.mark.parametrize(
    ("text", "alarm"),
    [
        ("煤气味很重头晕怎么办", Alarm.DANGER),
        ("触电了怎么办", Alarm.DANGER),
        ("老板不给工资俺就去他家拼命,刀都买好了", Alarm.DANGER),
        ("触电了谁赔", None),
        ("农药都买好了,店家又不给开票", None),
    ],
)
def test_what_an_outside_reader_found(text: str, alarm: Alarm | None) -> None:
    assert detect(prepared(text)) == alarm
