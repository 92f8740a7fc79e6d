from __future__ import annotations

from datetime import UTC, date, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from errors import DataError
from knowledge.codelists import CodeLists
from outreach.campaigns.definition import (
    BUTTON_KINDS,
    CHANNELS,
    Audience,
    Definition,
    Picture,
    PushButton,
)
from outreach.campaigns.drafts import parse_draft, read_draft
from outreach.codes import county_codes
from outreach.evidence import keep
from settings import ROOT, SHANGHAI

TODAY = date(2026, 11, 24)
WHOLE = """\
id = "xianfari-2026"
title = "今天是国家宪法日"
topic = "constitution"
organ = "县司法局"
node = "国家宪法日"
articles = ["宪法第三十三条"]

[text]
default = \"\"\"
第一行
id = "不是字段"
\"\"\"
wechat = "短"

[text_b]
default = "第二种"

[[button]]
label = "看"
article = "宪法第三十三条"

[[button]]
label = "网"
link = "https://example.org/a?b=1"

[audience]
channels = ["telegram"]
towns = ["城关镇"]
groups = ["农民"]
topics = ["宪法", "fraud"]
without_groups = ["企业人员"]
quiz = "answered"
quiz_days = 7

[schedule]
at = 2026-12-04T09:00:00
expires = "2026-12-05 20:00"
quiet = ["22:00", "7:30"]
"""


def parse(text: str, folder: Path = Path()) -> Definition:
    return parse_draft(
        text, folder / "draft.toml", county_codes(), TODAY, lambda path: keep(path, folder / "kept")
    )


def test_a_whole_draft() -> None:
    found = parse(WHOLE)
    assert (found.id, found.topic, found.organ) == ("xianfari-2026", "宪法", "司法局")
    assert found.node == "constitution-day"
    assert found.body("telegram") == '第一行\nid = "不是字段"'
    assert found.body("wechat") == "短"
    assert found.body("wechat", "b") == "第二种"
    assert found.variants == ("a", "b")
    assert [button.kind for button in found.buttons] == ["article", "link"]
    assert found.audience == Audience(
        channels=("telegram",),
        towns=("chengguan",),
        groups=("farmers",),
        topics=("constitution", "fraud"),
        without_groups=("business",),
        quiz="answered",
        quiz_days=7,
    )
    assert found.at == datetime(2026, 12, 4, 1, tzinfo=UTC)
    assert found.expires == datetime(2026, 12, 5, 12, tzinfo=UTC)
    assert found.quiet == (22 * 60, 7 * 60 + 30)


def test_languages_by_name_or_code() -> None:
    chosen = WHOLE.replace("quiz_days = 7", 'languages = ["汉语", "bo"]')
    assert parse(chosen).audience.languages == ("zh", "bo")
    with pytest.raises(DataError, match="不认识 '火星语'"):
        parse(chosen.replace("汉语", "火星语"))


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("topic =", "topics =", 3, "不认识的字段 'topics'"),
        ('id = "xianfari-2026"', 'id = "宪法日"', 1, "小写英文字母"),
        ("constitution", "宪法学", 3, "没有主题"),
        ("县司法局", "司法局、公安局", 4, "没有责任单位"),
        ('node = "国家宪法日"', 'node = "宪法节"', 5, "没有节点"),
        ("今天是国家宪法日", "长" * 61, 2, "最多 60 个字"),
        ("wechat", "weixin", 13, "不认识的字段 'weixin'"),
        ('default = "第二种"', 'web = "第二种"', 15, "缺少 default"),
        ('article = "宪法第三十三条"', 'artikel = "x"', 20, "不认识的字段 'artikel'"),
        ('article = "宪法第三十三条"', 'card = "x"\nquiz = "y"', 18, "也只能写一种去处"),
        ("https://", "http://", 24, "https://"),
        ('channels = ["telegram"]', 'channels = ["web"]', 27, "不能推送"),
        ("城关镇", "上海", 28, "不认识 '上海'"),
        ('quiz = "answered"', 'quiz = "always"', 32, "只能是"),
        ("quiz_days = 7", "quiz_days = 0", 33, "1–365"),
        ("at = 2026-12-04T09:00:00", "at = 2026-12-04", 36, "不是日期和时间"),
        ("2026-12-05 20:00", "2026-12-03 20:00", 37, "不晚于"),
        ('"7:30"', '"24:30"', 38, "quiet"),
        ("[schedule]", "[schedule", 35, "TOML 语法错误"),
    ],
)
def test_a_slip_is_told_with_its_line(old: str, new: str, line: int, words: str) -> None:
    assert old in WHOLE
    text = WHOLE.replace(old, new, 1) if old != "constitution" else WHOLE.replace(old, new)
    with pytest.raises(DataError) as caught:
        parse(text)
    assert words in str(caught.value)
    assert caught.value.line == line


def test_a_text_is_needed_and_a_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="没有正文"):
        parse('id = "abc"\ntitle = "t"\norgan = "司法局"\n')
    with pytest.raises(DataError, match="读不到文件"):
        read_draft(tmp_path / "no.toml", county_codes(), TODAY, lambda p: keep(p, tmp_path))


def test_a_picture_is_kept_by_its_content(tmp_path: Path) -> None:
    png = (ROOT / "docs" / "images" / "chat.png").read_bytes()
    (tmp_path / "a.png").write_bytes(png)
    found = parse(f'picture = "a.png"\n{WHOLE}', tmp_path)
    assert found.picture is not None
    assert (tmp_path / "kept" / found.picture.sha256).read_bytes() == png
    (tmp_path / "b.png").write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"内容不是 \.png"):
        parse(f'picture = "b.png"\n{WHOLE}', tmp_path)
    (tmp_path / "c.pdf").write_bytes(b"%PDF-1.7")
    with pytest.raises(DataError, match="不是 jpg 或 png"):
        parse(f'picture = "c.pdf"\n{WHOLE}', tmp_path)


words = st.text(min_size=1, max_size=30)
moments = st.datetimes(timezones=st.just(SHANGHAI))
towns = st.lists(
    st.sampled_from([town.key for town in CodeLists.load().towns]), unique=True, max_size=3
).map(tuple)
definitions = st.builds(
    Definition,
    id=st.from_regex(r"[a-z0-9][a-z0-9-]{2,35}", fullmatch=True),
    title=words,
    text=st.fixed_dictionaries({"default": words}, optional={"wechat": words}),
    second=st.none() | st.fixed_dictionaries({"default": words}),
    articles=st.lists(words, max_size=3).map(tuple),
    picture=st.none() | st.builds(Picture, words, words, words),
    buttons=st.lists(
        st.builds(PushButton, words, st.sampled_from(BUTTON_KINDS), words), max_size=3
    ).map(tuple),
    topic=st.none() | words,
    organ=words,
    node=st.none() | words,
    audience=st.builds(
        Audience, st.just(CHANNELS), towns, quiz=st.sampled_from([None, "answered"])
    ),
    at=st.none() | moments,
    expires=st.none() | moments,
    quiet=st.tuples(st.integers(0, 1439), st.integers(0, 1439)),
)


@given(definitions)
def test_the_canonical_form_comes_back(found: Definition) -> None:
    again = Definition.from_json(found.to_json())
    assert again == found
    assert again.to_json() == found.to_json()


def refusal(text: str) -> DataError | None:
    try:
        parse(text)
    except DataError as error:
        return error
    return None


@given(st.text(max_size=300))
def test_any_text_is_a_draft_or_a_clear_error(text: str) -> None:
    error = refusal(text)
    assert error is None or str(error).startswith("draft.toml")


@given(st.integers(0, len(WHOLE) - 1), st.sampled_from(['"', "[", "]", "=", "\n", "#", "x", ""]))
def test_a_spoilt_draft_is_a_draft_or_a_clear_error(place: int, mark: str) -> None:
    error = refusal(WHOLE[:place] + mark + WHOLE[place + 1 :])
    if error is not None and error.line is not None:
        assert 1 <= error.line <= WHOLE.count("\n") + 2
