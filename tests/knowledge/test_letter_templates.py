"""Templates of letters: sound as shipped, and every slip of an editor named."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from errors import DataError
from knowledge.corpus import Corpus
from knowledge.grounds import hold
from knowledge.letter_templates import LETTERS, FieldKind, load_templates
from tests.conftest import AS_OF


def test_the_five_letters_stand_on_the_corpus(corpus: Corpus) -> None:
    templates = load_templates()
    assert {t.key for t in templates} == {"aid", "complaint", "demand", "iou", "police"}
    for template in templates:
        held = hold(corpus, template.grounds, AS_OF)
        assert held.lost == (), template.key
        assert len(held.articles) == len(template.grounds)
        assert len(template.hints) >= 3
        assert all(field.hint for field in template.fields)


def test_no_letter_asks_for_numbers_that_must_not_be_typed() -> None:
    for template in load_templates():
        for field in template.fields:
            assert not any(word in field.label for word in ("身份证", "卡号", "账号", "验证码"))
        assert any(field.kind is not FieldKind.TEXT for field in template.fields)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("{price}", "{prise}", "没有 [[field]]"),
        ("协商的情况：{talked}", "协商的情况：", "没有用到"),
        ('kind = "amount"', 'kind = "money"', "不能是"),
        ('key = "goods"', 'key = "Goods"', "不合格"),
        ('key = "goods"', 'key = "shop"', "重复"),
        ('topic = "consumer"', 'topic = "konsum"', "topics.toml"),
        ('hotlines = ["12315"]', 'hotlines = ["12316"]', "hotlines.toml"),
        ("most = 800", "most = 8000", "most 不是"),
        ('kind = "choice"', 'kind = "text"', "不相配"),
        ("hints = [", "hint = [", "不认识的字段"),
        ("names = [", 'names = ["借条", ', "里已有"),
        ('title = "消费投诉信"', 'title = "消费投诉信', "TOML 语法错误"),
    ],
)
def test_a_mistake_is_named(tmp_path: Path, old: str, new: str, said: str) -> None:
    folder = tmp_path / "letters"
    shutil.copytree(LETTERS, folder)
    path = folder / "complaint.toml"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(DataError) as failed:
        load_templates(folder)
    assert said in str(failed.value)


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="没有文书模板"):
        load_templates(tmp_path)
