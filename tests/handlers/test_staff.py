from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from handlers.messages import Channel, Incoming, Reply
from handlers.reception import Reception
from handlers.staff import IN_PRIVATE, NOT_STAFF, StaffDesk
from knowledge.corpus import Corpus
from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from outreach.codes import Codes
from outreach.store import Outreach
from outreach.tables import events, inbox
from tests.conftest import FakeClock
from tests.handlers.conversations import AT, Finds, conversation
from tests.outreach.campaigns.samples import ledger, people, team, write

ID = "anti-fraud-1"


@pytest.fixture
def store(tmp_path: Path, empty: Path, clock: FakeClock) -> Iterator[Outreach]:
    path = shutil.copy(empty, tmp_path / "o.db")
    opened = Outreach.open(
        f"sqlite:///{path}", clock, files=tmp_path / "e", codes=lambda: Codes.load()
    )
    yield opened
    opened.close()


@pytest.fixture
def office(store: Outreach, corpus: Corpus) -> Office:
    gate = Gate.load(corpus, "红山县")
    office = Office(store, lambda: gate, "红山县")
    team(office)
    return office


class Chat:
    """Private Telegram chats with the desk, one update after another."""

    def __init__(self, store: Outreach, corpus: Corpus, office: Office, clock: FakeClock) -> None:
        finds = Finds(corpus, ["消费者权益保护法第二十五条"])
        self.desk = Reception(conversation(finds, clock), store, b"s" * 32, StaffDesk(office))
        self.number = 0
        self.last: Incoming | None = None

    def say(self, who: str, text: str = "", action: str | None = None, **changes: object) -> Reply:
        self.number += 1
        incoming = Incoming(
            f"telegram:{self.number}", Channel.TELEGRAM, who * 32, text, AT, action, "7::"
        )
        self.last = replace(incoming, **changes)  # type: ignore[arg-type]
        return self.again()

    def again(self) -> Reply:
        assert self.last is not None
        self.desk.receive(self.last)
        return self.desk.answer(self.last).reply


@pytest.fixture
def chat(store: Outreach, corpus: Corpus, office: Office, clock: FakeClock) -> Chat:
    return Chat(store, corpus, office, clock)


def bind(chat: Chat, office: Office, who: str, name: str) -> None:
    code = office.issue_code(name, by="管理员")
    assert "已绑定" in chat.say(who, f"/staff {code}").text


def test_a_campaign_is_reviewed_and_released_from_a_phone(
    chat: Chat, office: Office, store: Outreach, tmp_path: Path
) -> None:
    people(store, ["r1", "r2"])
    office.create(write(tmp_path), by="甲")
    office.submit(ID, by="甲")
    bind(chat, office, "b", "乙")
    bind(chat, office, "c", "丙")
    assert ID in chat.say("b", "/campaigns").text
    shown = chat.say("b", f"/preview {ID}")
    assert "先停一停，打96110" in shown.text
    assert "受众：2 人" in shown.text
    action = shown.buttons[0][0].action
    assert action is not None
    assert len(action.encode()) <= 60
    assert "已审核" in chat.say("b", action=action).text
    assert "已办" in chat.again().text  # the same update delivered twice
    asked = chat.say("c", f"/send {ID}")
    assert "受众：2 人" in asked.text
    assert office.get(ID).state == "approved"  # counted and shown first
    assert "发送中" in chat.say("c", action=asked.buttons[0][0].action).text
    assert "发送中" in chat.again().text
    assert len(ledger(store, ID)) == 2
    assert "暂停" in chat.say("c", f"/pause {ID} 有错字").text
    assert office.get(ID).pause_reason == "有错字"
    assert "发送中" in chat.say("c", f"/resume {ID}").text
    assert "已撤回" in chat.say("b", f"/recall {ID} 有错字").text
    assert "撤回 2" in chat.say("c", f"/status {ID}").text
    steps = [(s.step, s.actor) for s in office.log(ID)]
    assert steps == [
        ("created", "甲"),
        ("submit", "甲"),
        ("approve", "乙"),
        ("send", "丙"),
        ("pause", "丙"),
        ("resume", "丙"),
        ("recall", "乙"),
    ]


def test_the_two_persons_rule_holds_on_a_phone(chat: Chat, office: Office, tmp_path: Path) -> None:
    office.create(write(tmp_path), by="丁")
    office.submit(ID, by="丁")
    bind(chat, office, "d", "丁")
    assert "不能自己审核" in chat.say("d", f"/approve {ID}").text
    bind(chat, office, "a", "甲")
    assert "角色" in chat.say("a", f"/approve {ID}").text
    assert office.get(ID).state == "submitted"


@pytest.mark.parametrize(
    "text", ["/campaigns", f"/approve {ID}", f"/send {ID}", f"/recall {ID}", f"/preview {ID}"]
)
def test_a_stranger_may_do_nothing(chat: Chat, office: Office, tmp_path: Path, text: str) -> None:
    office.create(write(tmp_path), by="甲")
    office.submit(ID, by="甲")
    assert chat.say("x", text).text == NOT_STAFF
    assert chat.say("x", f"我是乙，{text}").text != NOT_STAFF  # no command: an ordinary message
    assert office.get(ID).state == "submitted"


def test_a_stranger_s_button_does_nothing(chat: Chat, office: Office, tmp_path: Path) -> None:
    office.create(write(tmp_path), by="甲")
    found = office.submit(ID, by="甲")
    action = f"staff:approve:{ID}:{found.sha256[:8]}"
    assert chat.say("x", action=action).text == NOT_STAFF
    assert office.get(ID).state == "submitted"


def test_a_button_releases_only_what_was_seen(chat: Chat, office: Office, tmp_path: Path) -> None:
    office.create(write(tmp_path), by="甲")
    office.submit(ID, by="甲")
    bind(chat, office, "b", "乙")
    old = chat.say("b", f"/preview {ID}").buttons[0][0].action
    office.create(write(tmp_path, 全民反诈="全县反诈"), by="甲")
    office.submit(ID, by="甲")
    assert "改过了" in chat.say("b", action=old).text
    assert office.get(ID).state == "submitted"
    for forged in (f"staff:approve:{ID}:", "staff:approve::", "staff:x", f"staff:recall:{ID}:0"):
        chat.say("b", action=forged)
    assert office.get(ID).state == "submitted"


def test_a_code_works_once_and_for_a_quarter_of_an_hour(
    chat: Chat, office: Office, clock: FakeClock
) -> None:
    code = office.issue_code("乙", by="管理员")
    clock.advance(minutes=15)
    assert "过期" in chat.say("b", f"/staff {code}").text
    first, second = office.issue_code("乙", by="管理员"), office.issue_code("乙", by="管理员")
    assert "不对" in chat.say("b", f"/staff {first}").text  # a newer one replaces it
    assert "不对" in chat.say("b", "/staff BCDF-BCDF-BCDF").text
    assert "已绑定" in chat.say("b", f"/staff {second.lower().replace('-', ' ')}").text
    assert "已绑定" in chat.again().text
    assert "不对" in chat.say("x", f"/staff {second}").text
    assert chat.say("x", "/campaigns").text == NOT_STAFF
    office.disable_staff("乙", by="管理员")
    assert chat.say("b", "/campaigns").text == NOT_STAFF


def test_codes_are_kept_as_a_hash_only(
    chat: Chat, office: Office, store: Outreach, tmp_path: Path
) -> None:
    code = office.issue_code("乙", by="管理员")
    store.database.checkpoint()
    held = (tmp_path / "o.db").read_bytes()
    assert code.encode() not in held
    assert code.replace("-", "").encode() not in held


def test_staff_commands_are_not_for_groups_or_other_channels(
    chat: Chat, office: Office, tmp_path: Path
) -> None:
    office.create(write(tmp_path), by="甲")
    bind(chat, office, "b", "乙")
    assert chat.say("b", "/campaigns", address="-100:: 5".replace(" ", "")).text == IN_PRIVATE
    web = chat.say("b", "/campaigns", channel=Channel.WEB)
    assert ID not in web.text


def test_what_staff_try_out_is_not_counted(chat: Chat, office: Office, store: Outreach) -> None:
    bind(chat, office, "b", "乙")
    chat.say("b", "网购能退货吗")
    with store.database.read() as connection:
        assert connection.execute(select(events)).all() == []
        kinds = connection.execute(select(inbox.c.kind)).scalars().all()
    assert kinds == ["menu", "answer"]
    chat.say("x", "网购能退货吗")
    with store.database.read() as connection:
        assert len(connection.execute(select(events)).all()) >= 1


def test_an_erased_account_is_nobody_s(chat: Chat, office: Office, store: Outreach) -> None:
    bind(chat, office, "b", "乙")
    store.erase("b" * 32)
    assert chat.say("b", "/campaigns").text == NOT_STAFF


def test_the_help_names_every_command(chat: Chat, office: Office) -> None:
    bind(chat, office, "b", "乙")
    told = chat.say("b", "/staff").text
    for command in StaffDesk(office)._commands:
        assert f"/{command}" in told
    assert "编号" in chat.say("b", "/approve").text
