"""The command line for campaigns and staff: ``campaign …`` and ``staff …`` (docs/campaigns.md)."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import click
from tabulate import tabulate

from errors import UsageError
from handlers import campaign_views as views
from outreach.campaigns import templates
from outreach.campaigns.office import Office, Saved
from outreach.campaigns.staff import CODE_LASTS, ROLES
from outreach.campaigns.steps import KINDS, Campaign
from settings import Settings

Open = Callable[[Settings], Office]
_by = click.option("--by", required=True, help="经办人姓名（staff add 登记过的）")
_json = click.option("--json", "as_json", is_flag=True, help="输出 JSON")
_id = click.argument("id_", metavar="ID")
_reason = click.option("--reason", default="", help="原因，写进记录")


def commands(open_office: Open) -> list[click.Command]:
    """The groups ``campaign`` and ``staff``."""
    return [_campaign(open_office), _staff(open_office)]


@contextmanager
def _opened(open_office: Open, settings: Settings) -> Iterator[Office]:
    office = open_office(settings)
    with closing(office.store):
        yield office


def _print(value: Any) -> None:
    click.echo(json.dumps(value, ensure_ascii=False, indent=2))


def _done(campaign: Campaign, as_json: bool) -> None:
    if as_json:
        _print(views.campaign_json(campaign))
    else:
        click.echo(views.campaign_line(campaign))


def _campaign(open_office: Open) -> click.Group:
    @click.group()
    def campaign() -> None:
        """推送活动：起草、审核、发布、暂停、撤回、看效果。"""

    _drafting(campaign, open_office)
    _releasing(campaign, open_office)
    _reading(campaign, open_office)
    return campaign


def _drafting(group: click.Group, open_office: Open) -> None:
    @group.command("create")
    @click.argument("file", required=False, type=click.Path(dir_okay=False, path_type=Path))
    @click.option("--template", "node", help="不写 FILE，用一个节点的模板（campaign templates）")
    @click.option("--id", "id_", help="模板建的活动的编号，默认 节点-年份")
    @click.option(
        "--out",
        type=click.Path(dir_okay=False, path_type=Path),
        help="只把填好的模板写成文件，改好再 create",
    )
    @click.option("--by", help="经办人姓名（staff add 登记过的）")
    @_json
    @click.pass_obj
    def create(
        settings: Settings,
        file: Path | None,
        node: str | None,
        id_: str | None,
        out: Path | None,
        by: str | None,
        as_json: bool,
    ) -> None:
        """建立草稿；同一编号再建一次就是修改，审核过的会退回草稿。"""
        if (file is None) == (node is None):
            raise UsageError("请给出 FILE，或用 --template 节点")
        if node is None and (id_ or out):
            raise UsageError("--id 和 --out 只和 --template 一起用")
        if node is not None:
            text = templates.filled(node, settings.clock().today(), id_)
            if out is not None:
                templates.write(text, out)
                click.echo(f"已写好 {out}，改好后：campaign create {out} --by 姓名")
                return
        if not by:
            raise UsageError("请用 --by 写明经办人")
        with _opened(open_office, settings) as office:
            if file is not None:
                saved = office.create(file, by=by)
            else:
                assert node is not None
                saved = office.create_from(text, templates.path_of(node), by=by)
        _saved(saved, as_json)

    @group.command("templates")
    def list_templates() -> None:
        """列出模板。"""
        for name, told in templates.names().items():
            click.echo(f"{name}  {told}")

    @group.command("submit")
    @_id
    @_by
    @_json
    @click.pass_obj
    def submit(settings: Settings, id_: str, by: str, as_json: bool) -> None:
        """提交审核；引用的条文核对不通过就不能提交。"""
        with _opened(open_office, settings) as office:
            _done(office.submit(id_, by=by), as_json)


def _saved(saved: Saved, as_json: bool) -> None:
    if as_json:
        _print(
            views.campaign_json(saved.campaign)
            | {"done": saved.done, "problems": list(saved.problems)}
        )
        return
    click.echo(views.campaign_line(saved.campaign))
    for problem in saved.problems:
        click.echo(f"✗ {problem}", err=True)


def _releasing(group: click.Group, open_office: Open) -> None:
    @group.command("approve")
    @_id
    @_by
    @click.option("--urgent", is_flag=True, help="紧急：不受每周次数和免打扰时段限制")
    @_json
    @click.pass_obj
    def approve(settings: Settings, id_: str, by: str, urgent: bool, as_json: bool) -> None:
        """审核通过；不能审核自己起草、修改或提交的。"""
        with _opened(open_office, settings) as office:
            _done(office.approve(id_, by=by, urgent=urgent), as_json)

    @group.command("return")
    @_id
    @_by
    @click.option("--reason", required=True, help="退回的理由")
    @_json
    @click.pass_obj
    def return_(settings: Settings, id_: str, by: str, reason: str, as_json: bool) -> None:
        """退回修改。"""
        with _opened(open_office, settings) as office:
            _done(office.send_back(id_, by=by, reason=reason), as_json)

    @group.command("send")
    @_id
    @_by
    @click.option("--now", "at_once", is_flag=True, help="不等原定时间，现在就发")
    @_json
    @click.pass_obj
    def send(settings: Settings, id_: str, by: str, at_once: bool, as_json: bool) -> None:
        """发布：冻结受众，到时间由运行中的机器人发送。"""
        with _opened(open_office, settings) as office:
            _done(office.send(id_, by=by, at_once=at_once), as_json)

    @group.command("pause")
    @_id
    @_by
    @_reason
    @_json
    @click.pass_obj
    def pause(settings: Settings, id_: str, by: str, reason: str, as_json: bool) -> None:
        """暂停发送。"""
        with _opened(open_office, settings) as office:
            _done(office.pause(id_, by=by, reason=reason), as_json)

    @group.command("resume")
    @_id
    @_by
    @_json
    @click.pass_obj
    def resume(settings: Settings, id_: str, by: str, as_json: bool) -> None:
        """继续发送。"""
        with _opened(open_office, settings) as office:
            _done(office.resume(id_, by=by), as_json)

    @group.command("recall")
    @_id
    @_by
    @_reason
    @_json
    @click.pass_obj
    def recall(settings: Settings, id_: str, by: str, reason: str, as_json: bool) -> None:
        """撤回：不再发送，已发的由机器人在平台允许的范围内删除。"""
        with _opened(open_office, settings) as office:
            _done(office.recall(id_, by=by, reason=reason), as_json)


def _reading(group: click.Group, open_office: Open) -> None:
    @group.command("preview")
    @_id
    @_json
    @click.pass_obj
    def preview(settings: Settings, id_: str, as_json: bool) -> None:
        """每个渠道的样子、受众人数、谁不在受众里和为什么、还有哪里不对。"""
        with _opened(open_office, settings) as office:
            found, names = office.preview(id_), office.town_names()
        if as_json:
            _print(views.preview_json(found, names))
        else:
            click.echo(views.preview_text(found, names))

    @group.command("status")
    @_id
    @_json
    @click.pass_obj
    def status(settings: Settings, id_: str, as_json: bool) -> None:
        """发到了哪一步，效果如何。"""
        with _opened(open_office, settings) as office:
            found = office.status(id_)
        if as_json:
            _print(found.to_json())
        else:
            click.echo(views.status_text(found))

    @group.command("list")
    @click.option(
        "--kind",
        type=click.Choice((*KINDS, "all")),
        default=KINDS[0],
        show_default=True,
        help="morning 每天的晨读，quiz 每天的一题，all 全部",
    )
    @_json
    @click.pass_obj
    def list_(settings: Settings, kind: str, as_json: bool) -> None:
        """列出推送活动，最近变动的在前；每日晨读和每日一题的编号也能用 status、log 查。"""
        with _opened(open_office, settings) as office:
            found = office.listed(KINDS if kind == "all" else (kind,))
        if as_json:
            _print([views.campaign_json(each) for each in found])
        else:
            click.echo("\n".join(map(views.campaign_line, found)) or "还没有推送活动。")

    @group.command("log")
    @_id
    @_json
    @click.pass_obj
    def log(settings: Settings, id_: str, as_json: bool) -> None:
        """每一步是谁、什么时候做的。"""
        with _opened(open_office, settings) as office:
            found = office.log(id_)
        if as_json:
            _print(views.log_json(found))
        else:
            click.echo(views.log_text(found))


def _staff(open_office: Open) -> click.Group:
    @click.group()
    def staff() -> None:
        """工作人员：登记、停用、一次性验证码。"""

    by = click.option("--by", default="命令行", show_default=True, help="经办人，写进记录")

    @staff.command("add")
    @click.argument("name")
    @click.option(
        "--role",
        "roles",
        multiple=True,
        required=True,
        type=click.Choice(tuple(ROLES)),
        help="editor 编辑、reviewer 审核、publisher 发布，可重复",
    )
    @by
    @click.pass_obj
    def add(settings: Settings, name: str, roles: tuple[str, ...], by: str) -> None:
        """登记一个人，或改他的角色。"""
        with _opened(open_office, settings) as office:
            member = office.add_staff(name, roles, by=by)
        click.echo(f"{member.name}：{member.label}")

    @staff.command("disable")
    @click.argument("name")
    @by
    @click.pass_obj
    def disable(settings: Settings, name: str, by: str) -> None:
        """停用：立即失去全部权限，绑定的账号也解除。"""
        with _opened(open_office, settings) as office:
            member = office.disable_staff(name, by=by)
        click.echo(f"{member.name} 已停用")

    @staff.command("list")
    @_json
    @click.pass_obj
    def list_(settings: Settings, as_json: bool) -> None:
        """列出工作人员。"""
        with _opened(open_office, settings) as office:
            found = office.staff()
        if as_json:
            _print(
                [
                    {"name": m.name, "roles": m.roles, "active": m.active, "bound": m.bound}
                    for m in found
                ]
            )
            return
        rows = [
            (m.name, m.label, "在岗" if m.active else "停用", "是" if m.bound else "否")
            for m in found
        ]
        headers = ("姓名", "角色", "状态", "已绑定账号")
        click.echo(tabulate(rows, headers=headers) if rows else "还没有工作人员。")

    @staff.command("code")
    @click.argument("name")
    @by
    @click.pass_obj
    def code(settings: Settings, name: str, by: str) -> None:
        """发一个一次性验证码，用来把本人的 Telegram 账号绑定到这个姓名；只显示这一次。"""
        with _opened(open_office, settings) as office:
            shown = office.issue_code(name, by=by)
        minutes = CODE_LASTS.seconds // 60
        click.echo(f"请 {name} 在 {minutes} 分钟内私聊机器人发送（只能用一次）：\n/staff {shown}")

    return staff
