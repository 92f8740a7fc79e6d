"""What residents are told, what is held about them, and that it goes when they say so."""

from __future__ import annotations

import pytest

from handlers.messages import Kind
from handlers.services.privacy import says_under_14
from tests.handlers.services.house import House, buttons, pressed

NOTICE = "【个人信息告知】红山县司法局"


def test_the_first_contact_tells_what_the_law_asks(house: House) -> None:
    text = house.say("网购不给退货").text
    assert text.startswith(NOTICE)
    for part in ("联系", "为统计普法工作", "编号", "保存", "删除", "查看", "退订"):
        assert part in text.split("\n\n")[0]
    assert NOTICE not in house.say("押金不退").text
    assert NOTICE in house.say("押金不退", person="8").text


def test_who_is_in_danger_reads_the_notice_last(house: House) -> None:
    reply = house.say("我刚给骗子转了八万怎么办")
    assert reply.kind is Kind.URGENT
    assert "110" in reply.text.split("\n")[0]
    assert reply.text.index("110") < reply.text.index(NOTICE)
    assert reply.lead.startswith(reply.text.split("\n")[0])


def test_a_delivery_repeated_brings_the_same_notice(house: House) -> None:
    update = house.update("网购不给退货")
    house.desk.receive(update)
    first = house.desk.answer(update)
    again = house.desk.answer(update)
    assert NOTICE in first.reply.text
    assert again.reply == first.reply
    assert (first.first, again.first) == (True, False)


def test_stop_ends_all_pushes_at_once(house: House) -> None:
    for series in ("morning", "quiz", "campaign"):
        house.press(f"sub:{series}")
    assert set(house.profile().subscriptions) == {"morning", "quiz", "campaign"}
    assert "退订" in house.say("退订").text
    assert house.profile().subscriptions == {}
    with house.outreach.database.read() as connection:
        rows = connection.exec_driver_sql("SELECT address FROM profiles").fetchall()
    assert rows == [(None,)]


@pytest.mark.parametrize("word", ["/stop", "TD", "T", "取消订阅", "别再发了", "ｔｄ"])
def test_words_that_stop(house: House, word: str) -> None:
    house.press("sub:morning")
    house.say(word)
    assert house.profile().subscriptions == {}


def test_the_stop_button_of_a_push(house: House) -> None:
    house.press("sub:morning")
    house.press("stop")
    assert house.profile().subscriptions == {}


def test_mydata_names_everything(house: House) -> None:
    house.meet()
    house.press("town:chengguan")
    house.press("grp:farmers")
    house.press("sub:morning")
    house.say("网购不给退货")
    text = house.say("我的数据").text
    for part in ("城关镇", "农民", "宪法晨读", "咨询解答 1", "2026-11-24"):
        assert part in text
    assert "城关镇" not in house.say("我的数据", person="8").text


def test_delete_asks_once_and_then_leaves_nothing(house: House) -> None:
    house.meet()
    house.press("town:chengguan")
    house.press("sub:quiz")
    house.say("网购不给退货")
    house.say("点单 主题：反诈；时间：12月10日；单位：东街社区")
    house.say("第1题A")
    before = house.total()
    asked = house.say("删除我的数据")
    assert house.profile().town == "chengguan"  # nothing yet
    done = house.press(pressed(asked, "确定删除"))
    assert "已删除" in done.text
    left = house.rows()
    assert left.keys() <= {"inbox", "events", "event_articles", "erasures"}
    with house.outreach.database.read() as connection:
        people = connection.exec_driver_sql("SELECT count(*) FROM inbox WHERE resident NOTNULL")
        assert people.scalar() == 0
    assert house.total() == before  # published figures stay
    assert "记录：没有" in house.say("我的数据").text.split("\n\n", 1)[1]


def test_no_is_no(house: House) -> None:
    house.press("town:chengguan")
    house.press(pressed(house.say("/delete"), "不删"))
    assert house.profile().town == "chengguan"


def test_a_question_about_deleting_is_a_question(house: House) -> None:
    assert house.say("平台不肯删除我的数据怎么办").kind is Kind.ANSWER


@pytest.mark.parametrize(
    "said", ["我12岁", "我今年十二岁", "俺今年才9岁了", "我未满14岁", "age:u14"]
)
def test_nothing_is_retained_of_who_is_under_14(house: House, said: str) -> None:
    house.say("网购不给退货")
    house.press("sub:quiz")
    reply = house.press(said) if ":" in said else house.say(said)
    assert "不再留存" in reply.text
    events = house.rows().get("events")
    assert house.say("网购不给退货").kind is Kind.ANSWER
    house.press("good:0:0000")
    house.say("我刚给骗子转了八万怎么办")
    for refused in ("do:quiz", "town:chengguan", "sub:quiz", "lec:fraud:chengguan-01:20261207"):
        assert "不留存" in house.press(refused).text
    house.say("点单 主题：反诈；时间：12月10日；单位：东街小学")
    house.say("第1题A")
    assert house.rows().get("events") == events
    assert not {"residents", "subscriptions", "requests", "quiz_answers"} & house.rows().keys()
    profile = house.profile()
    assert (profile.minor, profile.town, profile.noticed) == (True, None, False)
    assert "没有别的记录" in house.say("/mydata").text


def test_said_in_passing_the_question_is_answered_and_not_retained(house: House) -> None:
    reply = house.say("我13岁，网购的游戏点卡能退吗")
    assert reply.kind is Kind.ANSWER
    assert house.profile().minor
    assert "events" not in house.rows()


def test_grown_up_again(house: House) -> None:
    asked = house.say("我12岁")
    house.press(pressed(asked, "我已满14周岁"))
    assert house.say("网购不给退货").text.startswith(NOTICE)
    assert house.total()["consultations"] == 1


@pytest.mark.parametrize(
    ("text", "young"),
    [
        ("我12岁", True),
        ("我今年13周岁了。", True),
        ("我 十 岁".replace(" ", ""), True),
        ("我还不到14岁", True),
        ("我14岁", False),
        ("我今年63岁，买保健品被骗", False),
        ("我孩子12岁充值游戏", False),
        ("孩子12岁", False),
        ("我12岁的儿子打游戏充了钱", False),
        ("他说我12岁", False),
    ],
)
def test_only_a_statement_about_oneself_counts(text: str, young: bool) -> None:
    assert says_under_14(text) is young


def test_the_privacy_page_has_every_right_as_a_button(house: House) -> None:
    actions = set(buttons(house.say("/privacy")).values())
    assert {"do:mydata", "do:delete", "do:stop", "agree:1", "age:u14"} <= actions


def test_marks_and_idle_profiles_are_deleted_in_time(house: House) -> None:
    house.say("我12岁")
    house.meet("8")
    house.press("town:chengguan", person="9")
    house.clock.advance(days=91)
    house.outreach.purge()
    assert not house.profile().minor
    assert house.profile("8").noticed
    house.clock.advance(days=300)
    house.outreach.purge()
    assert not house.profile("8").noticed
    assert house.profile("9").town == "chengguan"
