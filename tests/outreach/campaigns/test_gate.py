from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from errors import OutreachError
from outreach.campaigns.definition import Audience, Definition, PushButton
from outreach.campaigns.gate import Gate
from outreach.campaigns.office import Office
from outreach.store import Outreach
from tests.outreach.campaigns.samples import definition, ledger, people, write
from tests.outreach.conftest import FakeClock


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("《反电信网络诈骗法》第九百条", "没有这一条"),
        ("《反电信网络诈骗法》第九千十三条", "不是条号"),
        ("《反诈骗促进法》第一条", "没有这部法律"),
        ("《环境保护法》第一条", "已废止"),
        ("《反电信网络诈骗法》第八条规定：“各级人民政府应当加强反诈宣传”", "引文与原文不一致"),
        ("按第八条办", "没写明是哪部法律"),
        ("快打13812345678", "13812345678 不在 hotlines.toml"),
        ("拨打96111举报", "96111 不在"),
    ],
)
@pytest.mark.parametrize("place", ["title", "default", "telegram", "second"])
def test_what_is_wrong_is_found_wherever_it_stands(
    gate: Gate, clock: FakeClock, text: str, words: str, place: str
) -> None:
    changes: dict[str, dict[str, Any]] = {
        "title": {"title": text},
        "default": {"text": {"default": text}},
        "telegram": {"text": {"default": "好", "telegram": text}},
        "second": {"second": {"default": text}},
    }
    problems = gate.problems(definition(**changes[place]), clock)
    assert any(words in problem for problem in problems), problems


@pytest.mark.parametrize(
    "text",
    [
        "《反电信网络诈骗法》第八条规定：“个人应当加强电信网络诈骗防范意识。”",
        "先打96110，已经转了打110。",
        "发放资料12000份，来了110人，罚款10086元。",
        "12·4宪法日，《刑法》第二百八十七条之二。",
    ],
)
def test_what_is_right_passes(gate: Gate, clock: FakeClock, text: str) -> None:
    assert gate.problems(definition(text={"default": text}), clock) == []


@pytest.mark.parametrize(
    ("button", "words"),
    [
        (PushButton("看", "article", "刑法第九千条"), "没有这一条"),
        (PushButton("看", "article", "反诈"), "不是一处条文"),
        (PushButton("看", "card", "nope"), "没有卡片"),
        (PushButton("答", "quiz", "nope"), "没有主题为"),
    ],
)
def test_buttons_must_lead_somewhere(
    gate: Gate, clock: FakeClock, button: PushButton, words: str
) -> None:
    (problem,) = gate.problems(definition(buttons=(button,)), clock)
    assert words in problem


def test_each_channel_s_limit(gate: Gate, clock: FakeClock) -> None:
    def problems(channel: str, text: str) -> list[str]:
        audience = Audience(channels=(channel,))
        return gate.problems(definition(text={"default": text}, audience=audience), clock)

    def most(channel: str, limit: int, size: int) -> int:
        bare = definition(text={"default": "字"}, audience=Audience(channels=(channel,)))
        assert gate.problems(bare, clock) == []
        low, high = 1, 5000
        while low < high:
            middle = (low + high + 1) // 2
            low, high = (low, middle - 1) if problems(channel, "字" * middle) else (middle, high)
        return low

    telegram, wechat = most("telegram", 4096, 1), most("wechat", 2048, 3)
    assert problems("telegram", "字" * (telegram + 1))
    assert 4000 < telegram < 4096
    assert 550 < wechat < 683  # 2,048 bytes of three each, less what is around the body
    assert "2048" in problems("wechat", "字" * (wechat + 1))[0]


def test_the_gate_stands_at_every_step(office: Office, store: Outreach, tmp_path: Path) -> None:
    people(store, ["r1"])
    bad = write(tmp_path, 反电信网络诈骗法第八条="反电信网络诈骗法第九百条")
    saved = office.create(bad, by="甲")
    assert len(saved.problems) == 1  # told when drafted
    with pytest.raises(OutreachError, match="没有这一条"):
        office.submit("anti-fraud-1", by="甲")
    assert office.get("anti-fraud-1").state == "draft"
    assert [s.step for s in office.log("anti-fraud-1")] == ["created"]
    assert office.preview("anti-fraud-1").problems == saved.problems


def test_a_campaign_that_turned_wrong_after_its_approval_is_not_released(
    office: Office, store: Outreach, tmp_path: Path, clock: FakeClock
) -> None:
    # 环境保护法 is in force on 2026-08-01 and repealed from 2026-08-15 on.
    clock.moment = datetime(2026, 8, 1, 2, tzinfo=UTC)
    people(store, ["r1"])
    office.create(write(tmp_path, 反电信网络诈骗法第八条="环境保护法第一条"), by="甲")
    office.submit("anti-fraud-1", by="甲")
    office.approve("anti-fraud-1", by="乙")
    clock.moment = datetime(2026, 8, 20, 2, tzinfo=UTC)
    with pytest.raises(OutreachError, match="已废止"):
        office.send("anti-fraud-1", by="丙")
    assert ledger(store, "anti-fraud-1") == []


def test_the_canonical_form_is_the_content(office: Office, tmp_path: Path) -> None:
    found = office.create(write(tmp_path), by="甲").campaign.definition
    again = Definition.from_json(found.to_json())
    assert again == found
    assert again.sha256 == found.sha256
    assert definition().sha256 != definition(title="别的").sha256
