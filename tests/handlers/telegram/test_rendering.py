from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from handlers.messages import Button, Kind, Reply, ShownArticle
from handlers.questions import heading
from handlers.telegram.rendering import LIMIT, Outgoing, Span, markup, render, split
from tests.conftest import examples
from tests.handlers.telegram.markup import bold, seen, units

TEXT = st.text(
    alphabet=st.one_of(
        st.sampled_from("<>&\"'；。\n 😀𠮷条第一b/"), st.characters(exclude_categories=["Cs", "Cc"])
    ),
    max_size=30,
)
LONG = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 300))

SHORT = st.builds(lambda text, times: text * times, TEXT, st.integers(1, 12))
PLACE = st.integers(0, 500)
ARTICLES = st.lists(st.tuples(LONG, PLACE, PLACE), min_size=1, max_size=3)


def article(text: str, marked: tuple[int, int] | None = None, **changes: str) -> ShownArticle:
    return ShownArticle(
        law="中华人民共和国消费者权益保护法",
        short="消费者权益保护法",
        article="第二十五条",
        text=text,
        status="in_force",
        version_date=date(2013, 10, 25),
        effective_date=date(2014, 3, 15),
        organ=changes.get("organ", "市场监督管理局"),
        score=1.0,
        marked=marked,
        note=changes.get("note"),
    )


def answer(*articles: ShownArticle, lead: str = "找到了：", tail: str = "可以打：12315") -> Reply:
    return Reply(Kind.ANSWER, "unused", lead, tail, articles, len(articles))


def visible(messages: tuple[Outgoing, ...]) -> str:
    for item in messages:
        assert seen(item.html) == item.plain
        assert 0 < units(seen(item.html)) <= 4096
        assert item.plain.strip()
    return "".join(seen(item.html) for item in messages)


@settings(deadline=None, max_examples=examples(60))
@given(LONG)
def test_any_text_arrives_whole_and_within_the_limit(text: str) -> None:
    assert visible(render(Reply(Kind.SMALLTALK, text))).strip() == text.strip()


@settings(deadline=None, max_examples=examples(60))
@given(LONG, TEXT, ARTICLES)
def test_any_answer_shows_lead_articles_and_tail_whole(
    lead: str, tail: str, texts: list[tuple[str, int, int]]
) -> None:
    articles = [article("法" + t, (min(a, b), max(a, b))) for t, a, b in texts]
    shown = visible(render(answer(*articles, lead="你" + lead, tail="电" + tail)))
    at = 0
    for part in ("你" + lead, *(a.text for a in articles), "电" + tail):
        found = shown.find(part.strip(), at)
        assert found >= 0
        at = found + len(part.strip())


@settings(deadline=None, max_examples=examples(60))
@given(
    st.lists(
        st.builds(Span, SHORT, st.sampled_from([(), ("b",), ("blockquote",), ("blockquote", "b")])),
        max_size=6,
    ),
    st.integers(2, 200),
)
def test_cuts_lose_nothing_and_keep_every_tag_balanced(spans: list[Span], limit: int) -> None:
    whole = "".join(span.text for span in spans)
    pieces = split(spans, limit)
    texts = ["".join(span.text for span in piece) for piece in pieces]
    assert "".join("".join(texts).split()) == "".join(whole.split())
    for piece, text in zip(pieces, texts, strict=True):
        assert units(text) <= limit
        assert seen(markup(piece)) == text


def test_exactly_the_limit_is_one_message_and_one_more_is_two() -> None:
    assert LIMIT == 4096
    assert len(render(Reply(Kind.SMALLTALK, "😀" * 2048))) == 1
    assert [units(m.plain) for m in render(Reply(Kind.SMALLTALK, "😀" * 2049))] == [4096, 2]
    assert len(render(Reply(Kind.SMALLTALK, "&" * 4096))) == 1  # counted after parsing


def test_article_is_quoted_verbatim_with_its_best_sentence_bold() -> None:
    text = "经营者采用网络等方式销售商品，\n消费者有权<七日>内退货 & 无需说明理由。"
    shown = article(text, (16, 28), note="有两处修改")
    (only,) = render(answer(shown))
    assert only.plain == (
        f"找到了：\n\n{heading(shown)}\n{text}\n责任单位：市场监督管理局\n提示：有两处修改\n\n可以打：12315"
    )
    assert bold(only.html) == [heading(shown), text[16:28]]
    assert only.html.count("<blockquote>") == 1
    assert f"<blockquote>{text[:16]}<b>消费者有权&lt;七日&gt;内退货</b>" in only.html


def test_long_article_folds_up_and_is_cut_only_when_it_must_be() -> None:
    short, long = article("短" * 100), article("长" * 1500)
    first, second = render(answer(short, long, long, long))
    assert first.html.count("<blockquote expandable>") == 2
    assert first.html.count("<blockquote>") == 1
    assert second.html.count("<blockquote expandable>") == 1
    assert second.plain.startswith("《")  # the third long article moved over whole
    (huge, rest) = render(answer(article("长，" * 2500)))
    assert huge.html.endswith("</blockquote>")
    assert rest.html.startswith("<blockquote expandable>")


def test_a_blank_line_inside_an_article_is_no_place_to_cut() -> None:
    halves = "上" * 800 + "\n\n" + "下" * 800
    first, second = render(answer(article(halves), lead="问" * 2900))
    assert first.plain.strip() == "问" * 2900
    assert halves in second.plain


def test_first_line_of_an_urgent_reply_stays_first() -> None:
    lead = "马上拨打 110 报警，打 96110 劝阻专线。\n1. 不要再转账"
    reply = Reply(Kind.URGENT, "x", lead, "电话", (article("法" * 3000), article("律" * 3000)), 2)
    assert render(reply)[0].plain.split("\n")[0] == lead.split("\n")[0]


def test_keyboard_stands_under_the_last_message_without_what_telegram_refuses() -> None:
    rows = (
        (Button("有用", "good:1"), Button("没用", "bad:1")),
        (Button("太长", "x" * 65), Button("刚好", "字" * 21 + "x")),
        (Button("官网", url="https://flk.npc.gov.cn"), Button("坏", url="javascript:alert(1)")),
        (Button("空主机", url="https://"), Button("坏括号", url="http://[")),
        (Button("拨打12315", url="tel:12315"),),
        (Button(" ", "blank"),),
    )
    first, last = render(Reply(Kind.ANSWER, "长" * 5000, buttons=rows))
    assert first.keyboard is None
    assert last.keyboard is not None
    assert [[b.text for b in row] for row in last.keyboard.inline_keyboard] == [
        ["有用", "没用"],
        ["刚好"],
        ["官网"],
    ]


@pytest.mark.parametrize(
    ("text", "label", "expected"),
    [
        ("请打12315", "拨打12315", "请打12315"),
        ("请投诉", "拨打12315", "请投诉\n\n拨打12315"),
        ("请投诉", "消费者热线", "请投诉\n\n消费者热线：12315"),
        ("编号9123150", "消费者热线", "编号9123150\n\n消费者热线：12315"),  # other digits around it
    ],
)
def test_a_tel_button_becomes_a_number_in_the_text(text: str, label: str, expected: str) -> None:
    (only,) = render(Reply(Kind.DECLINED, text, buttons=((Button(label, url="tel:12315"),),)))
    assert (only.plain, only.keyboard) == (expected, None)


def test_a_lone_surrogate_does_not_keep_a_reply_from_being_sent() -> None:
    (only,) = render(Reply(Kind.SMALLTALK, "坏\ud83d字"))
    assert only.html.encode() == "坏\ufffd字".encode()


def test_nothing_to_say_is_no_message() -> None:
    assert render(Reply(Kind.SMALLTALK, " \n")) == ()
