import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval import text
from retrieval.text import MAX_CHARACTERS, normalise, tokenise


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("網購的羽絨服不喜歡，商家說特價不退，合法嗎", "网购的羽绒服不喜欢,商家说特价不退,合法吗"),
        ("著作權被侵害，房東看著我的東西", "著作权被侵害,房东看着我的东西"),
        ("乾隆年間的瓷器", "乾隆年间的瓷器"),
        ("打坏东西", "打坏东西"),  # simplified text is left alone
        ("ＡＰＰ　里２０００元", "APP 里2000元"),
        ("骗了我８万😭😭😭怎么办！！！！", "骗了我8万 怎么办!"),
        ("看这个 https://example.com/a?b=c 是真的吗", "看这个 是真的吗"),
        ("点http://t.cn/abc领红包", "点 领红包"),
        ("退\u200b货\ufeff", "退货"),
        ("网 购 退 货 几 天", "网购退货几天"),
        ("救命啊啊啊啊啊啊", "救命啊啊"),
        ("公路上晒粮 摆灵堂\n可以么", "公路上晒粮 摆灵堂 可以么"),
        ("😀👍🏻", ""),
        ("", ""),
    ],
)
def test_one_spelling_of_many(typed: str, expected: str) -> None:
    assert normalise(typed) == expected


@given(st.text(max_size=200))
def test_normalising_twice_changes_nothing(typed: str) -> None:
    once = normalise(typed)
    assert normalise(once) == once
    assert len(once) <= MAX_CHARACTERS


@given(st.text(alphabet="退货网购的法律責任 aB1。\u200b😀", max_size=60))
def test_tokens_are_parts_of_the_text(typed: str) -> None:
    once = normalise(typed)
    assert all(token in once.lower() for token in tokenise(once))


def test_bigrams_words_and_numbers() -> None:
    tokens = tokenise("消费者买APP会员花了12.5元")
    assert tokens[:2] == ["消费", "费者"]
    assert "消费者" in tokens
    assert "app" in tokens
    assert "12.5" in tokens
    assert tokenise("元") == ["元"]
    assert tokenise("!? ") == []


def test_a_long_message_is_cut() -> None:
    assert len(normalise("他骗了我的钱" * 5000)) == MAX_CHARACTERS


def test_jieba_leaves_nothing_in_the_shared_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(text, "_loaded", [])
    assert "有期徒刑" in text.words("有期徒刑")
    assert not list(tmp_path.iterdir())
