"""Menu, choices, morning reading, groups, feedback, lectures."""

from __future__ import annotations

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from handlers.messages import Button, Channel, Kind, Reply
from handlers.phrases import EXPIRED
from handlers.services import COMMANDS, Command
from handlers.services.commands import find, payload, question_of, started_with
from handlers.services.lectures import parse_day, parse_wish
from knowledge.readings import Readings
from outreach.requests import LectureRequest
from tests.handlers.services.house import TODAY, House, buttons, pressed

READINGS = Readings.load()


def every(reply: Reply) -> list[Button]:
    return [button for row in reply.buttons for button in row]


@pytest.mark.parametrize("command", [name for name, _ in COMMANDS])
def test_every_command_of_the_menu_is_served(house: House, command: str) -> None:
    house.meet()
    reply = house.say(f"/{command}")
    assert reply.kind in (Kind.MENU, Kind.LOOKUP)
    assert not house.finds.asked, "a command is no question"
    assert "没有看到文字" not in reply.text


@pytest.mark.slow
def test_every_button_leads_somewhere(house: House) -> None:
    """Follow all buttons from the menu: none is stale, none is too long for Telegram."""
    seen: set[str] = set()
    waiting = ["do:menu", "do:ranking"]
    while waiting:
        action = waiting.pop()
        if action in seen or action.split(":")[0] in ("full", "more", "good", "bad", "ask"):
            continue
        seen.add(action)
        assert len(action.encode()) <= 60, action
        reply = house.press(action)
        assert EXPIRED not in reply.text, action
        assert len(reply.text) < 4096
        # one of a kind is enough of towns, villages, weeks, readings
        kinds = {a if a[:2] == "do" else a.split(":")[0]: a for a in buttons(reply).values()}
        waiting += kinds.values()
    verbs = {action.split(":")[0] for action in seen}
    assert verbs >= {"do", "qa", "town", "sub", "unsub", "read", "lec", "lecs", "erase", "rank"}


def test_a_town_is_chosen_by_button_or_name_and_taken_back(house: House) -> None:
    house.press(pressed(house.say("选乡镇"), "城关镇"))
    assert house.profile().town == "chengguan"
    house.say("选乡镇 东川镇")
    assert house.profile().town == "dongchuan"
    assert "没有找到" in house.say("选乡镇 北京").text
    house.press("town:-")
    assert house.profile().town is None
    assert "再发一次" in house.press("town:nowhere").text


def test_the_town_goes_into_the_figures(house: House) -> None:
    house.say("网购不给退货", person="1")
    house.press("town:chengguan", person="2")
    house.press("grp:farmers", person="2")
    house.say("我在东川镇买的种子不出苗", person="2")  # words say nothing about the resident
    rows = house.outreach.stats(TODAY, TODAY, ["town", "group"]).rows
    assert {tuple(row.by.values()) for row in rows} == {("城关镇", "农民"), ("—", "—")}


@pytest.mark.parametrize("key", ["religious", "disabled"])
def test_sensitive_groups_are_not_asked_for(house: House, key: str) -> None:
    assert f"grp:{key}" not in buttons(house.say("/group")).values()
    house.press(f"grp:{key}")
    assert house.profile().group is None


def test_the_reading_of_the_day_and_its_neighbours(house: House, clock: object) -> None:
    house.meet()
    today = house.say("今天的")
    place = (TODAY - date(2025, 12, 4)).days % len(READINGS.all)
    assert READINGS.at(place).sentence in today.text
    assert today.articles[0].article == READINGS.at(place).number
    assert today.articles[0].law == "中华人民共和国宪法"
    following = house.press(pressed(today, "下一条"))
    assert following.articles[0].article == READINGS.at(place + 1).number
    last = house.press(f"read:{len(READINGS.all) - 1}")
    assert pressed(last, "下一条") == "read:0"
    house.clock.advance(days=1)
    assert house.say("宪法晨读").articles[0].article == READINGS.at(place + 1).number


def test_a_subscriber_is_where_the_pushes_are(house: House) -> None:
    house.press(pressed(house.say("/morning"), "每天早上"))
    assert dict(house.profile().subscriptions) == {"morning": 0}
    with house.outreach.database.write() as connection:
        connection.exec_driver_sql("UPDATE subscriptions SET position = 7")
    assert house.say("/morning").articles[0].article == READINGS.at(6).number
    house.press("sub:morning")  # again: goes on where it was
    assert dict(house.profile().subscriptions) == {"morning": 7}
    house.press(pressed(house.say("/morning"), "退订"))
    assert not house.profile().subscriptions


def test_where_nothing_can_be_pushed_nothing_is_subscribed(house: House) -> None:
    house.channel = Channel.WEB
    assert not [a for a in buttons(house.say("/morning")).values() if a.startswith("sub")]
    assert "不能主动" in house.say("订阅").text


def test_the_address_is_kept_with_a_subscription_only(house: House) -> None:
    def address() -> object:
        with house.outreach.database.read() as connection:
            return connection.exec_driver_sql("SELECT address FROM profiles").scalar()

    house.meet()
    assert address() is None
    house.press("sub:quiz")
    house.press("sub:morning")
    assert address() == "7::"
    house.press("unsub:quiz")
    assert address() == "7::"
    house.press("unsub:morning")
    assert address() is None


def test_large_type_shows_one_article(house: House) -> None:
    assert house.say("网购不给退货").shown == 3
    house.say("大字")
    reply = house.say("网购不给退货")
    assert reply.shown == 1
    assert reply.articles[1].text not in reply.text
    house.say("关闭大字")
    assert house.say("网购不给退货").shown == 3


def test_ask_takes_the_question_with_it(house: House) -> None:
    house.say("/ask 网购不给退货")
    assert house.finds.asked == ["网购不给退货"]
    assert question_of("/ask") == "/ask"


# ── feedback ─────────────────────────────────────────────────────────────────────────────────


def test_a_person_is_a_referral_with_the_numbers(house: House) -> None:
    reply = house.say("转人工")
    assert "12348" in [line.number for line in reply.hotlines]
    assert len(reply.hotlines) <= 3
    assert house.total()["referrals"] == 1
    (line,) = house.outreach_gaps()
    assert (line.kind, line.text) == ("要人工", None)


def test_what_was_not_answered_is_listed_with_words_only_when_agreed(house: House) -> None:
    house.meet()
    house.finds.confidence = 0.0
    reply = house.say("邻居的鸡吃了我的菜")
    assert reply.gap
    house.press(pressed(reply, "同意"))
    house.say("电话13812345678，物业不开发票")
    first, second = house.outreach_gaps()
    assert first.text == "电话〔号码已隐去〕，物业不开发票"
    assert second.text is None
    house.clock.advance(days=89)
    house.outreach.purge()
    assert house.outreach_gaps()[0].text
    house.clock.advance(days=2)
    house.outreach.purge()
    assert house.outreach_gaps()[0].text is None
    house.press("agree:0")
    assert not house.profile().texts


def test_words_go_with_a_deletion(house: House) -> None:
    house.press("agree:1")
    house.finds.confidence = 0.0
    house.say("邻居的鸡吃了我的菜")
    assert house.outreach_gaps()[0].text
    house.press("erase:yes")
    assert house.outreach_gaps()[0].text is None


def test_answered_questions_are_never_kept(house: House) -> None:
    house.press("agree:1")
    house.say("网购不给退货")
    assert "event_texts" not in house.rows()


def test_not_useful_leads_to_a_person(house: House) -> None:
    told = house.press(pressed(house.say("网购不给退货"), "没用"))
    assert pressed(told, "转人工") == "do:human"
    assert house.outreach_gaps()[0].kind == "说没用"


# ── groups ───────────────────────────────────────────────────────────────────────────────────


def test_a_group_gets_one_article_no_notice_and_a_way_out(house: House) -> None:
    reply = house.say("网购不给退货", group=True)
    assert reply.shown == 1
    assert "个人信息告知" not in reply.text
    assert reply.private is not None
    assert not [b for b in every(reply) if (b.action or "").startswith(("more", "good", "bad"))]
    house.say("/start", person="8")
    link = f"/start {payload(reply.private)}"
    whole = house.say(link, person="8")
    assert whole.articles[0].article == reply.articles[0].article or whole.cards


@pytest.mark.parametrize(
    "command", ["/quiz", "/mydata", "/delete", "/town", "排行榜", "退订", "点单"]
)
def test_personal_matters_are_not_done_in_a_group(house: House, command: str) -> None:
    house.press("sub:quiz")
    before = house.profile()
    reply = house.say(command, group=True)
    assert "私聊" in reply.text
    assert reply.private == f"do:{find(command)}"
    assert house.profile() == before


def test_buttons_pressed_in_a_group_change_nothing(house: House) -> None:
    for action in ("town:chengguan", "sub:quiz", "erase:yes", "qa:261124:xf-001:0", "age:u14"):
        assert "私聊" in house.press(action, group=True).text
    assert "profiles" not in house.rows()


def test_danger_in_a_group_is_answered_whole(house: House) -> None:
    reply = house.say("我刚给骗子转了八万怎么办", group=True)
    assert reply.kind is Kind.URGENT
    assert "110" in reply.text.split("\n")[0]
    assert reply.shown == len(reply.articles[: reply.shown]) > 1


@given(st.from_regex(r"[a-z]{1,10}(:[a-z0-9-]{1,20}){0,2}", fullmatch=True))
def test_links_carry_buttons(action: str) -> None:
    carried = payload(action)
    assert carried is None or started_with(f"/start {carried}") == action


# ── lectures ─────────────────────────────────────────────────────────────────────────────────


def test_a_lecture_by_buttons(house: House) -> None:
    reply = house.say("点单")
    for words in ("反诈", "城关镇", "东街社区"):
        reply = house.press(pressed(reply, words))
    week = next(a for a in buttons(reply).values() if a.startswith("lec:"))
    reply = house.press(pressed(house.press(week), "提交"))
    (request,) = house.outreach_requests()
    assert request.number in reply.text
    assert (request.topic, request.unit, request.town) == ("反诈", "东街社区", "chengguan")
    assert request.day == date(2026, 11, 30)
    assert request.state == "received"


def test_a_lecture_in_one_message(house: House) -> None:
    house.meet()
    text = "点单 主题：预付卡；时间：2026-12-10 上午；单位：东川镇电子厂；对象：工人80人"
    reply = house.say(text + "；电话13812345678")
    (request,) = house.outreach_requests()
    assert (request.topic, request.day, request.unit, request.town, request.audience) == (
        "预付卡",
        date(2026, 12, 10),
        "东川镇电子厂",
        "dongchuan",
        "工人80人;电话〔号码已隐去〕",
    )
    assert request.number in reply.text
    assert request.number in house.say("我的点单").text
    assert request.number not in house.say("我的点单", person="8").text


def test_what_is_missing_is_named(house: House) -> None:
    assert "还差：时间、单位" in house.say("点单 主题：反诈").text
    assert "已经过去" in house.say("点单 主题：反诈；时间：2026年1月5日；单位：一中").text
    assert "requests" not in house.rows()


def test_a_repeated_delivery_is_one_request(house: House) -> None:
    update = house.update("点单 主题：反诈；时间：12月10日；单位：一中")
    assert house.handle(update) == house.handle(update)
    assert len(house.outreach_requests()) == 1


def test_only_its_author_withdraws_a_request(house: House) -> None:
    house.say("点单 主题：反诈；时间：12月10日；单位：一中")
    (request,) = house.outreach_requests()
    assert "没有找到" in house.press(f"lecw:{request.number}", person="8").text
    assert house.outreach_requests()[0].state == "received"
    house.press(pressed(house.say("我的点单"), "撤回"))
    assert house.outreach_requests()[0].state == "withdrawn"


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("12月10日上午", date(2026, 12, 10)),
        ("1月5号", date(2027, 1, 5)),
        ("2026.12.10", date(2026, 12, 10)),
        ("2026年2月30日", None),
        ("下周三", None),
        ("", None),
    ],
)
def test_days_of_a_wish(text: str, day: date | None) -> None:
    assert parse_day(text, TODAY) == day


words = st.text("反诈一二甲乙丙县东川厂校 0123", min_size=1, max_size=20).map(
    lambda t: " ".join(t.split())
)
filled = words.filter(bool)


@given(topic=filled, wish=filled, unit=filled, place=filled, order=st.permutations(range(4)))
def test_a_wish_is_read_in_any_order(
    topic: str, wish: str, unit: str, place: str, order: list[int]
) -> None:
    parts = [f"主题：{topic}", f"时间:{wish}", f"单位：{unit}", f"地点：{place}"]
    found = parse_wish("；".join(parts[i] for i in order))
    assert (found.topic, found.wish, found.unit, found.place) == (topic, wish, unit, place)


@given(st.text())
def test_any_words_are_read(text: str) -> None:
    parse_wish(text)
    parse_day(text, TODAY)


def test_commands_are_described_for_telegram() -> None:
    assert {name for name, _ in COMMANDS} <= {command.value for command in Command}
    assert all(len(name) <= 32 and len(about) <= 256 for name, about in COMMANDS)


def test_a_change_travels_with_the_reply(house: House) -> None:
    update = house.update("点单 主题：反诈；时间：12月10日；单位：一中")
    house.desk.receive(update)
    reply = house.desk.answer(update).reply
    assert next(type(change) for change in reply.changes) is LectureRequest


def test_topics_are_chosen_by_button_and_taken_back(house: House) -> None:
    house.meet()
    assert "没有选" in house.say("关注话题").text
    house.press(pressed(house.say("/topics"), "反诈"))
    twice = house.press("top:fraud:1")  # pressed again from an older message
    assert house.profile().topics == ("fraud",)
    assert pressed(twice, "反诈") == "top:fraud:0"
    house.press(pressed(twice, "消费"))
    assert "关注话题：" in house.say("我的数据").text
    assert house.profile().topics == ("consumer", "fraud")
    house.press("top:fraud:0")
    assert house.profile().topics == ("consumer",)
    house.press(pressed(house.say("关注话题"), "都不选"))
    assert house.profile().topics == ()
    assert EXPIRED in house.press("top:nothing:1").text
    house.say("网购不给退货")
    assert house.profile().topics == ()  # what is asked says nothing about the resident


def test_who_chose_topics_or_large_type_is_not_forgotten(house: House) -> None:
    house.press("top:fraud:1", person="7")
    house.say("大字", person="8")
    house.clock.advance(days=400)
    house.outreach.purge()
    assert house.profile("7").topics == ("fraud",)
    assert house.profile("8").large


def test_a_gap_has_the_topic_that_came_nearest(house: House) -> None:
    house.finds.confidence = 0.01
    house.say("押金的事谁管")
    (gap,) = house.outreach_gaps()
    assert gap.topic == "消费"
    assert gap.text is None


@pytest.mark.parametrize(
    ("said", "command"),
    [
        ("我要退订", Command.STOP),
        ("帮我退订一下", Command.STOP),
        ("退訂", None),  # characters are simplified before
        ("不要给我发了", Command.STOP),
        ("我要大字", Command.LARGE),
        ("字大一点", Command.LARGE),
        ("请把我的数据删了吧", Command.DELETE),
        ("我要删除我的数据，谢谢", Command.DELETE),
        ("怎么用啊", Command.HELP),
        ("我要找人工", Command.HUMAN),
        ("我要关注话题", Command.TOPICS),
        ("我想找人", None),
        ("平台不让我退订怎么办", None),
        ("我要注销营业执照", None),
        ("我想看看我老公的数据", None),
        ("村里开会看不清账目", None),
    ],
)
def test_commands_may_be_put_politely(said: str, command: Command | None) -> None:
    assert find(said) is command


@pytest.mark.parametrize(
    ("said", "words"), [("算一算", "算"), ("写文书", "要写哪一种"), ("？？？", "没有看到文字")]
)
def test_a_buttons_words_may_be_typed(house: House, said: str, words: str) -> None:
    house.meet()
    reply = house.say(said)
    assert reply.kind is Kind.MENU
    assert words in reply.text
