from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from retrieval.marking import best_sentence, sentences
from tests.retrieval.small import SHOP


def weigh(tokens: Sequence[str]) -> dict[str, float]:
    return dict.fromkeys(tokens, 1.0)


@given(st.text(alphabet="退货。；！？\n  （一）法", max_size=80))
def test_slices_cover_every_readable_character_once(text: str) -> None:
    slices = sentences(text)
    assert "".join("".join(text[a:b].split()) for a, b in slices) == "".join(text.split())
    assert all(text[a:b].strip() == text[a:b] != "" for a, b in slices)
    assert slices == sorted(slices)


def test_the_sentence_that_answers_is_marked() -> None:
    found = best_sentence(SHOP, "退货以后几天返还价款", weigh)
    assert found
    assert SHOP[slice(*found)].startswith("经营者应当自收到退回商品")


def test_an_item_is_a_sentence() -> None:
    text = "有下列情形之一的，处罚款：\n（一）赌博的；\n（二）吸食毒品的。"
    found = best_sentence(text, "吸毒品咋罚", weigh)
    assert found
    assert text[slice(*found)] == "（二）吸食毒品的。"


def test_nothing_shared_marks_the_rule_that_stands_first() -> None:
    assert best_sentence(SHOP, "今晚吃啥", weigh) == sentences(SHOP)[0]
    assert best_sentence("", "今晚吃啥", weigh) is None


def test_a_bank_question_helps_where_residents_share_no_word() -> None:
    text = (
        "饲养的动物造成他人损害的，应当承担侵权责任。\n损害是由被侵权人故意造成的，可以减轻责任。"
    )
    assert (
        best_sentence(text, "狗咬了我", weigh, ["被侵权人故意逗狗，减轻责任不"])
        == (sentences(text)[1])
    )


def test_an_article_of_one_sentence_is_marked_whole() -> None:
    assert best_sentence("应当减速行驶。", "今晚吃啥", weigh) == (0, 7)
