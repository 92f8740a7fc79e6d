"""Letters: filled in, blank, printed, refused, and shown in a conversation."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from io import BytesIO
from pathlib import Path

import docx
import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from errors import CorpusError, PufaError, UsageError
from handlers.letters.plain import as_text
from handlers.letters.printing import as_docx
from handlers.letters.replies import LetterReplies
from handlers.letters.writing import Letters, check, clean
from handlers.messages import Channel, Incoming, Kind
from handlers.tool_commands import commands
from knowledge.corpus import Corpus
from knowledge.grounds import Ground
from knowledge.letter_templates import load_templates
from settings import Settings
from tests.conftest import FakeClock, examples
from tests.handlers.conversations import AT, TODAY, Finds, composer, conversation, said

TEMPLATES = load_templates()
KEYS = [template.key for template in TEMPLATES]
FILLED = {
    "name": "李四",
    "shop": "东街鞋店",
    "day": "2026-11-07",
    "goods": "运动鞋一双",
    "price": "三百五",
    "paid": "微信支付",
    "facts": "鞋标是错的。\n第二天就开胶了。",
    "wish": "退货退款 350 元，增加赔偿 1,050 元",
}


@pytest.fixture(scope="module")
def letters(corpus: Corpus) -> Letters:
    return Letters(corpus, TEMPLATES)


def words_of(content: bytes) -> str:
    return "\n".join(p.text for p in docx.Document(BytesIO(content)).paragraphs)


def test_what_is_filled_in_stands_in_the_letter(letters: Letters) -> None:
    template = letters.named("投诉信")
    values, problems = check(template, FILLED, TODAY)
    assert problems == {}
    letter = letters.write(template, values, TODAY)
    for words in (as_text(letter), words_of(as_docx(letter, TODAY))):
        assert (
            "2026年11月7日，我在该商家购买（接受）运动鞋一双，付款 350 元（大写：叁佰伍拾元整）"
            in words
        )
        assert "付款方式：微信支付。" in words
        assert "鞋标是错的。\n第二天就开胶了。" in words
        assert "2026年11月24日" in words  # the day it is written
        assert "联系电话：____________" in words  # left blank
        assert "□ 付款记录" in words
        for article in letter.articles:
            assert article.text in words  # word for word
        assert "《中华人民共和国消费者权益保护法》第四十六条" in words


@pytest.mark.parametrize("key", KEYS)
def test_a_blank_letter_has_lines_and_no_date(letters: Letters, key: str) -> None:
    template = letters.named(key)
    letter = letters.write(template, {}, TODAY)
    words = as_text(letter)
    assert "______年____月____日" in words
    assert "2026年" not in words
    assert "{" not in words
    assert words_of(as_docx(letter, TODAY)).count("____") >= 5


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("price", "10^30", "花了多少钱：金额请写成"),
        ("price", "-300", "花了多少钱：金额"),
        ("price", "=SUM(A1)", "花了多少钱：金额请写成"),
        ("price", "9" * 40, "花了多少钱：金额太大了"),
        ("day", "2026-02-30", "购买日期：没有2026年2月30日"),
        ("day", "改天", "购买日期：日期请写成"),
        ("paid", "比特币", "怎么付的款：只能选"),
        ("name", "张" * 21, "您的姓名：写了 21 字，最多 20 字"),
        ("facts", "字" * 1_000_000, "出了什么问题：写了 1,000,000 字"),
    ],
)
def test_each_slip_gets_one_line(letters: Letters, key: str, value: str, problem: str) -> None:
    values, problems = check(letters.named("complaint"), {key: value}, TODAY)
    assert values == {}
    assert list(problems) == [key]
    assert problems[key].startswith(problem)
    assert "\n" not in problems[key]


@hypothesis_settings(max_examples=examples(25))
@given(
    st.dictionaries(st.sampled_from(sorted(FILLED)), st.text(max_size=40)), st.sampled_from(KEYS)
)
def test_whatever_is_typed_gives_a_letter_or_lines(
    letters: Letters, given_: dict[str, str], key: str
) -> None:
    template = letters.named(key)
    values, problems = check(template, given_, TODAY)
    assert not set(values) & set(problems)
    words = words_of(as_docx(letters.write(template, values, TODAY), TODAY))
    for value in values.values():
        assert value in words


@given(st.text())
def test_cleaned_words_can_be_printed(text: str) -> None:
    assert clean(text, lines=True).replace("\n", "").isprintable()
    assert clean(text, lines=False).isprintable()


def test_markup_stays_words(letters: Letters) -> None:
    template = letters.named("complaint")
    hostile = '</w:t><script>alert(1)</script>{name}{{7*7}}"&amp;'
    values, _ = check(template, {"facts": hostile}, TODAY)
    letter = letters.write(template, values, TODAY)
    assert hostile in words_of(as_docx(letter, TODAY))
    assert hostile in as_text(letter)


def test_the_same_letter_gives_the_same_bytes(letters: Letters) -> None:
    letter = letters.write(letters.named("iou"), {}, TODAY)
    assert as_docx(letter, TODAY) == as_docx(letter, TODAY)


def test_a_letter_is_shut_down_when_its_article_changes(corpus: Corpus) -> None:
    old = Ground("环境保护法第一条")  # repealed by 生态环境法典
    changed = replace(TEMPLATES[0], grounds=(old,))
    with pytest.raises(CorpusError, match="环境保护法第一条现在不适用"):
        Letters(corpus, [changed]).write(changed, {}, TODAY)
    replies = LetterReplies(composer(corpus), Letters(corpus, [changed]))
    reply = replies.show(changed, Channel.WEB, TODAY)
    assert reply.kind is Kind.DECLINED
    assert "暂时停用" in reply.text


@pytest.mark.parametrize(
    ("text", "title"),
    [
        ("写投诉信", "消费投诉信"),
        ("帮我写一封投诉信", "消费投诉信"),
        ("报案材料怎么写", "报案材料"),
        ("借条咋写", "借条"),
        ("借条", "借条"),
        ("给我一份借条模板", "借条"),
        ("怎么给商家写索赔函", "给商家的要求函"),
        ("法律援助申请书怎么填", "法律援助申请书"),
    ],
)
def test_a_letter_that_is_asked_for_is_shown_blank(
    corpus: Corpus, clock: FakeClock, text: str, title: str
) -> None:
    search = Finds(corpus)
    talk = conversation(search, clock)
    reply = talk.respond(said(text))
    assert search.asked == []
    assert f"\n\n{title}\n\n" in reply.lead
    assert "____" in reply.lead
    assert "【填写提示】\n1. " in reply.lead
    assert reply.articles[0].text in reply.text
    assert reply.buttons == ()
    web = talk.respond(Incoming("web:1", Channel.WEB, "r" * 32, text, AT))
    assert web.lead == reply.lead
    (button,) = [button for row in web.buttons for button in row]
    assert button.url is not None
    assert button.url.startswith("/letters/")


@pytest.mark.parametrize("text", ["借条没写利息还能要利息吗", "借条丢了还能要回钱吗"])
def test_a_question_about_a_letter_is_searched_and_the_letter_offered(
    corpus: Corpus, clock: FakeClock, text: str
) -> None:
    search = Finds(corpus, ["民法典第六百八十条"])
    talk = conversation(search, clock)
    reply = talk.respond(said(text))
    assert search.asked
    (offer,) = [b for row in reply.buttons for b in row if b.label == "模板：借条"]
    assert "\n\n借条\n\n" in talk.respond(said("", offer.action)).lead


def test_the_menu_leads_to_every_letter(corpus: Corpus, clock: FakeClock) -> None:
    talk = conversation(Finds(corpus), clock)
    menu = talk.respond(said("菜单"))
    (button,) = [b for row in menu.buttons for b in row if b.action == "letter:menu"]
    listed = talk.respond(said("", button.action))
    assert len(listed.buttons) == len(TEMPLATES)
    for row in listed.buttons:
        assert "____" in talk.respond(said("", row[0].action)).lead


def test_unknown_letters_are_named(letters: Letters, corpus: Corpus, clock: FakeClock) -> None:
    with pytest.raises(UsageError, match="没有“遗嘱”这种文书"):
        letters.named("遗嘱")
    reply = conversation(Finds(corpus), clock).respond(said("", "letter:will"))
    assert reply.kind is Kind.MENU


def run(corpus: Corpus, settings: Settings, name: str, *words: str) -> str | PufaError:
    (command,) = [c for c in commands(lambda _: composer(corpus)) if c.name == name]
    result = CliRunner().invoke(command, words, obj=settings)
    if isinstance(result.exception, PufaError):
        return result.exception
    assert result.exit_code == 0, result.output
    return result.output


def test_the_command_writes_files(corpus: Corpus, settings: Settings, tmp_path: Path) -> None:
    out = tmp_path / "借条.docx"
    words = ("借条", "--set", "借多少钱=一万二", "--set", "due=2027年2月20日", "--out", str(out))
    assert run(corpus, settings, "letter", *words) == f"已写入 {out}\n"
    assert "12,000 元（大写：壹万贰仟元整）" in words_of(out.read_bytes())
    text = tmp_path / "借条.txt"
    run(corpus, settings, "letter", "iou", "--out", str(text))
    assert "自然人之间的借款合同" in text.read_text(encoding="utf-8")
    listed = run(corpus, settings, "letter", "list")
    assert isinstance(listed, str)
    assert all(f"{key}  " in listed for key in KEYS)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        (("遗嘱",), "没有“遗嘱”"),
        (("借条", "--set", "利息"), "字段=值"),
        (("借条", "--set", "银行卡号=1"), "的字段有：出借人姓名"),
        (("借条", "--set", "利息=无", "--set", "interest=无"), "写了两次"),
        (("借条", "--set", "借多少钱=很多"), "借多少钱：金额请写成"),
        (("借条", "--out", "x.pdf"), ".docx 或 .txt"),
        (("借条", "--out", "/nonexistent/x.txt"), "写不了"),
    ],
)
def test_the_command_names_a_slip(
    corpus: Corpus, settings: Settings, words: tuple[str, ...], problem: str
) -> None:
    failed = run(corpus, settings, "letter", *words)
    assert isinstance(failed, UsageError)
    assert problem in str(failed)


def test_the_command_does_sums(corpus: Corpus, settings: Settings) -> None:
    done = run(corpus, settings, "calculate", "假货花了三百块能赔多少")
    assert isinstance(done, str)
    assert "可以要求增加赔偿 900 元" in done
    listed = run(corpus, settings, "calculate")
    assert isinstance(listed, str)
    assert "· 三倍赔偿" in listed
    failed = run(corpus, settings, "calculate", "今天天气")
    assert isinstance(failed, UsageError)


def test_today_is_the_clocks(letters: Letters) -> None:
    day = date(2025, 1, 2)
    letter = letters.write(letters.named("iou"), {"lender": "张三"}, day)
    assert letter.sign[-1] == "2025年1月2日"
