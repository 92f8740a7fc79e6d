"""Staff on a channel: /staff binds an account, then campaigns can be reviewed and released there.

Who sent a command is known by the bound account, never by a name in the message (domain
specification 6.4). Only private chats: a draft is not for a group. Each command is carried out once
per update, however often the update is delivered; the words of its reply are the same as on the
command line. Nothing here is an event of the statistics: staff are not residents asking.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from errors import PufaError
from handlers import campaign_views as views
from handlers.messages import Button, Channel, Incoming, Kind, Reply
from outreach.campaigns.office import Office
from outreach.campaigns.staff import Member
from outreach.campaigns.steps import Campaign
from outreach.events import event_key

CHANNELS = (Channel.TELEGRAM,)
_COMMAND = re.compile(r"/([a-z]+)(?:\s+(\S+))?(?:\s+(.+))?\s*", re.DOTALL | re.IGNORECASE)
_BUTTON = "staff:"
_SHA = 8  # characters of the content's SHA-256 in a button: what was seen is what is released
NOT_STAFF = (
    "这是工作人员的命令，您的账号没有绑定。请让管理员在服务器上运行 staff code 姓名，"
    "再把得到的验证码发给我：/staff 验证码"
)
IN_PRIVATE = "工作人员的命令请私聊发给我，不要在群里发。"
HELP = (
    "工作人员的命令：\n/campaigns 推送活动一览\n/preview 编号 看样子和受众\n"
    "/approve 编号 审核通过（后面加 紧急：不受次数和时段限制）\n"
    "/return 编号 理由 退回\n/send 编号 发布\n/pause 编号 暂停\n/resume 编号 继续\n"
    "/recall 编号 撤回\n/status 编号 看效果"
)
_MISSING = "请写上活动的编号，例如 /{0} {1}。/campaigns 可以看编号。"
URGENT = "紧急"
_SHOWN = 20  # campaigns in a list


@dataclass(frozen=True, slots=True)
class _Asked:
    """A command: who, what, about which campaign, with what words, under which key."""

    member: Member
    campaign: str
    rest: str
    key: str


class StaffDesk:
    """Answers staff's commands; thread-safe, all calls block."""

    def __init__(self, office: Office) -> None:
        self._office = office
        self._commands: dict[str, Callable[[_Asked], Reply]] = {
            "preview": self._preview,
            "approve": lambda asked: self._did(
                self._office.approve(
                    asked.campaign,
                    by=asked.member.name,
                    urgent=asked.rest == URGENT,
                    key=asked.key,
                )
            ),
            "return": lambda asked: self._did(
                self._office.send_back(
                    asked.campaign, by=asked.member.name, reason=asked.rest, key=asked.key
                )
            ),
            "send": self._ask_to_send,
            "pause": lambda asked: self._did(
                self._office.pause(
                    asked.campaign, by=asked.member.name, reason=asked.rest, key=asked.key
                )
            ),
            "resume": lambda asked: self._did(
                self._office.resume(asked.campaign, by=asked.member.name, key=asked.key)
            ),
            "recall": lambda asked: self._did(
                self._office.recall(
                    asked.campaign, by=asked.member.name, reason=asked.rest, key=asked.key
                )
            ),
            "status": lambda asked: _say(views.status_text(self._office.status(asked.campaign))),
        }

    def respond(self, incoming: Incoming) -> Reply | None:
        """The reply to a staff command or button; None for everything else."""
        if incoming.channel not in CHANNELS:
            return None
        if incoming.action is not None:
            pressed = incoming.action.startswith(_BUTTON)
            return self._safely(self._press, incoming) if pressed else None
        found = _COMMAND.fullmatch(incoming.text.strip())
        if found is None or found[1].lower() not in {"staff", "campaigns", *self._commands}:
            return None
        return self._safely(self._carry_out, incoming)

    def is_staff(self, resident: str) -> bool:
        """Whether an account is bound to one of the staff: what they try out is not counted."""
        return self._office.member(resident) is not None

    def _safely(self, act: Callable[[Incoming], Reply], incoming: Incoming) -> Reply:
        if (incoming.address or "").startswith("-"):  # Telegram: a group's chat id is negative
            return _say(IN_PRIVATE)
        try:
            return act(incoming)
        except PufaError as error:
            return _say(str(error))

    def _carry_out(self, incoming: Incoming) -> Reply:
        found = _COMMAND.fullmatch(incoming.text.strip())
        assert found is not None
        command, word, rest = found[1].lower(), found[2] or "", (found[3] or "").strip()
        if command == "staff" and word:
            member = self._office.bind(word + rest, incoming.resident)
            return _say(f"{member.name}，您的账号已绑定（{member.label}）。\n\n{HELP}")
        member_ = self._office.member(incoming.resident)
        if member_ is None:
            return _say(NOT_STAFF)
        if command == "staff":
            return _say(HELP)
        if command == "campaigns":
            found_ = self._office.listed()[:_SHOWN]
            lines = "\n".join(map(views.campaign_line, found_))
            return _say(lines or "还没有推送活动。")
        if not word:
            return _say(_MISSING.format(command, self._example()))
        key = event_key(incoming.update_key, command)
        return self._commands[command](_Asked(member_, word, rest, key))

    def _press(self, incoming: Incoming) -> Reply:
        member = self._office.member(incoming.resident)
        if member is None:
            return _say(NOT_STAFF)
        assert incoming.action is not None
        _, _, rest = incoming.action.partition(_BUTTON)
        verb, _, told = rest.partition(":")
        campaign, _, sha = told.rpartition(":")
        if verb not in ("approve", "send") or not campaign:
            return _say("按钮已失效，请重新发送命令。")
        if not self._office.get(campaign).sha256.startswith(sha) or len(sha) != _SHA:
            return _say("内容在您查看之后改过了，没有办理。请重新查看。")
        key = event_key(incoming.update_key, verb)
        act = self._office.approve if verb == "approve" else self._office.send
        return self._did(act(campaign, by=member.name, key=key))

    def _preview(self, asked: _Asked) -> Reply:
        """The whole preview; for a reviewer with a button that approves what is shown."""
        found = self._office.preview(asked.campaign)
        text = views.preview_text(found, self._office.town_names())
        if found.campaign.state != "submitted" or "reviewer" not in asked.member.roles:
            return _say(text)
        return _say(text, self._button("审核通过", "approve", found.campaign))

    def _ask_to_send(self, asked: _Asked) -> Reply:
        """Show how many it will reach, with a button that releases what is shown."""
        found = self._office.preview(asked.campaign)
        campaign = found.campaign
        text = views.audience_text(found, self._office.town_names())
        if found.problems:
            return _say("核对没有通过，不能发布：\n" + "\n".join(found.problems))
        if campaign.state != "approved":
            return _say(f"{campaign.id} 现在是“{campaign.told}”，不能发布。")
        lead = f"{views.campaign_line(campaign)}\n\n{text}\n\n看清楚后按“确认发布”。"
        return _say(lead, self._button("确认发布", "send", campaign))

    def _button(self, label: str, verb: str, campaign: Campaign) -> Button:
        """A button bound to the content that its reader saw."""
        return Button(label, action=f"{_BUTTON}{verb}:{campaign.id}:{campaign.sha256[:_SHA]}")

    def _did(self, campaign: Campaign) -> Reply:
        return _say(f"已办：{views.campaign_line(campaign)}")

    def _example(self) -> str:
        found = self._office.listed()
        return found[0].id if found else "xianfari-2026"


def _say(text: str, *buttons: Button) -> Reply:
    return Reply(Kind.MENU, text, lead=text, buttons=(buttons,) if buttons else ())
