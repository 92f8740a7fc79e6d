"""普法提示单 on the command line: due against done, drafted, sent, answered, closed (art. 57)."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from errors import OutreachError, UsageError
from handlers.command_options import (
    OpenCorpus,
    OpenStore,
    actor_option,
    as_of_option,
    cutoff_of,
    day_of,
    end_option,
    file_path,
    json_option,
    print_json,
    print_table,
    start_option,
)
from knowledge.duties import Duties
from outreach import documents, duties, notices
from outreach.duties import OrganDuties
from outreach.store import Outreach
from settings import SHANGHAI, Settings

LAW, ARTICLE = "中华人民共和国法治宣传教育法", "第五十七条"
_number = click.argument("number")


def commands(open_store: OpenStore, open_corpus: OpenCorpus) -> list[click.Command]:
    """The command ``duties`` and the group ``notice``."""
    return [_duties(open_store), _notice(open_store, open_corpus)]


def _duties(open_store: OpenStore) -> click.Command:
    @click.command("duties")
    @start_option
    @end_option
    @click.option("--organ", help="只看这个单位，列出每一项")
    @click.option(
        "--state", type=click.Choice(["已办", "未办", "逾期"]), help="列出这种状态的每一项"
    )
    @as_of_option
    @json_option
    @click.pass_obj
    def duties_(
        settings: Settings,
        start: str,
        end: str,
        organ: str | None,
        state: str | None,
        as_of: str | None,
        as_json: bool,
    ) -> None:
        """应办与已办：每个责任单位在一段时间里该办的、办了的、逾期的。"""
        listed = Duties.load()
        with closing(open_store(settings)) as store:
            moment = cutoff_of(store, as_of)
            found = duties.due_and_done(store.database, listed, day_of(start), day_of(end), moment)
            reminders = notices.listed(store.database, moment)
        told = {
            (each.organ, one.key): each.number for each in reminders for one in each.owed
        }  # the latest number
        chosen = [_only(each, state) for each in _of_organ(found, organ)]
        if as_json:
            print_json(
                {
                    "from": start,
                    "to": end,
                    "as_of": moment.astimezone(SHANGHAI).isoformat(),
                    "definition": duties.definition(listed),
                    "organs": [_organ_json(each, told) for each in chosen],
                }
            )
        elif organ or state:
            rows = [
                (
                    *(each.organ, item.name, item.start, item.end, item.shown),
                    told.get((each.organ, item.key)),
                )
                for each in chosen
                for item in each.items
            ]
            print_table(rows, ("责任单位", "应办事项", "开始", "最后一天", "办理情况", "普法提示"))
        else:
            rows_ = [(e.organ, e.due, e.done, e.open, e.overdue) for e in chosen]
            total = ("合计", *(sum(int(row[place]) for row in rows_) for place in range(1, 5)))
            print_table([*rows_, total], ("责任单位", "应办", "已办", "未办", "逾期"))

    return duties_


def _of_organ(found: Sequence[OrganDuties], organ: str | None) -> list[OrganDuties]:
    chosen = [each for each in found if organ in (None, each.organ)]
    if organ and not chosen:
        names = "、".join(each.organ for each in found)
        raise UsageError(f"责任清单里没有“{organ}”。单位有：{names}")
    return chosen


def _only(each: OrganDuties, state: str | None) -> OrganDuties:
    kept = tuple(item for item in each.items if state in (None, item.state))
    return OrganDuties(each.organ, kept)


def _organ_json(each: OrganDuties, told: dict[tuple[str, str], str]) -> dict[str, Any]:
    return {
        "organ": each.organ,
        "due": each.due,
        "done": each.done,
        "late": sum(item.late for item in each.items),
        "open": each.open,
        "overdue": each.overdue,
        "items": [
            {
                "key": item.key,
                "name": item.name,
                "start": item.start.isoformat(),
                "end": item.end.isoformat(),
                "basis": item.basis,
                "need": item.need,
                "unit": item.unit,
                "done": item.done,
                "state": item.state,
                "late": item.late,
                "proposed": item.proposed,
                "notice": told.get((each.organ, item.key)),
            }
            for item in each.items
        ],
    }


def _notice(open_store: OpenStore, open_corpus: OpenCorpus) -> click.Group:
    @click.group()
    def notice() -> None:
        """普法提示单（法治宣传教育法第五十七条）。NUMBER 可写 1、2026-1 或 普法提示〔2026〕1号。"""

    def write(settings: Settings, reminder: notices.Reminder, out: Path, now: datetime) -> None:
        corpus, county = open_corpus(settings), settings.county_named
        version = corpus.version_on(LAW, now.astimezone(SHANGHAI).date())
        article = corpus.find(version, ARTICLE) if version else None
        documents.write_notice(
            reminder,
            out,
            county=county or Duties.load().calendar.codelists.county,
            now=now,
            basis=article.text if article else None,
        )

    @notice.command("list")
    @click.option("--organ", help="只看发给这个单位的")
    @click.option("--state", type=click.Choice(list(notices.STATES)), help="只看这种状态的")
    @click.option("--overdue", is_flag=True, help="只看逾期未反馈的")
    @as_of_option
    @json_option
    @click.pass_obj
    def list_(
        settings: Settings,
        organ: str | None,
        state: str | None,
        overdue: bool,
        as_of: str | None,
        as_json: bool,
    ) -> None:
        """列出提示单和现状。"""
        with closing(open_store(settings)) as store:
            moment = cutoff_of(store, as_of)
            found = notices.listed(store.database, moment)
        today = moment.astimezone(SHANGHAI).date()
        chosen = [
            each
            for each in found
            if organ in (None, each.organ)
            and state in (None, each.state)
            and (each.overdue(today) or not overdue)
        ]
        if as_json:
            print_json([each.to_json(today) for each in chosen])
        elif not chosen:
            click.echo("没有这样的提示单。" if found else "还没有提示单。")
        else:
            rows = [
                (each.number, each.organ, len(each.owed), each.shown(today), each.deadline)
                for each in chosen
            ]
            print_table(rows, ("编号", "单位", "事项", "现状", "反馈期限"))

    @notice.command("show")
    @_number
    @click.option("--out", type=file_path, help="另写成 .docx")
    @json_option
    @click.pass_obj
    def show(settings: Settings, number: str, out: Path | None, as_json: bool) -> None:
        """看一份提示单的每一步，或再写成 Word。"""
        with closing(open_store(settings)) as store:
            now = store.clock.now()
            found = notices.found(store.database, _full(number, store), now)
        if out:
            write(settings, found, out, now)
        _print(found, now, as_json)

    @notice.command("draft")
    @click.option("--organ", required=True, help="发给哪个单位")
    @start_option
    @end_option
    @click.option("--deadline", help="反馈期限，YYYY-MM-DD；默认按责任清单的天数")
    @click.option("--out", type=file_path, required=True, help="写成 .docx")
    @actor_option
    @click.pass_obj
    def draft(
        settings: Settings,
        organ: str,
        start: str,
        end: str,
        deadline: str | None,
        out: Path,
        actor: str,
    ) -> None:
        """按责任清单和节点，为逾期的事项拟一份提示单；还没办结的提示单里已有的事项不重复。"""
        listed = Duties.load()
        with closing(open_store(settings)) as store:
            now = store.clock.now()
            last = day_of(deadline) if deadline else _today(now) + _days(listed)
            found = duties.due_and_done(store.database, listed, day_of(start), day_of(end), now)
            (owed,) = _of_organ(found, organ)
            reminder = notices.draft(
                store.database, organ, owed.items, deadline=last, actor=actor, now=now
            )
        try:
            write(settings, reminder, out, now)
        except UsageError as error:
            again = f"请用 notice show {_short(reminder.number)} --out 另写一次"
            raise OutreachError(f"{reminder.number} 已拟好并编号，但{error}；{again}") from error
        click.echo(f"{reminder.number} 已拟好（{len(reminder.owed)} 项）：{out}")

    @notice.command("send")
    @_number
    @click.option("--out", type=file_path, help="再写成带发出日期的 .docx")
    @actor_option
    @json_option
    @click.pass_obj
    def send(settings: Settings, number: str, out: Path | None, actor: str, as_json: bool) -> None:
        """记下提示单已经发出：谁发的、什么时候。"""
        with closing(open_store(settings)) as store:
            now, database = store.clock.now(), store.database
            done = notices.send(database, _full(number, store), actor=actor, now=now)
        if out:
            write(settings, done, out, now)
        _print(done, now, as_json)

    @notice.command("feedback")
    @_number
    @click.option("--note", required=True, help="单位反馈的改进措施和完成情况")
    @click.option("--by", help="单位的反馈人；不写就是经办人")
    @click.option("--file", "files", multiple=True, type=file_path, help="反馈附的佐证，可重复")
    @click.option("--reason", help="更正已登记的反馈时写明原因")
    @actor_option
    @json_option
    @click.pass_obj
    def feedback(
        settings: Settings,
        number: str,
        note: str,
        by: str | None,
        files: tuple[Path, ...],
        reason: str | None,
        actor: str,
        as_json: bool,
    ) -> None:
        """登记单位的反馈；再登记一次是更正，要写明原因，原来的仍留着。"""
        with closing(open_store(settings)) as store:
            now = store.clock.now()
            done = notices.feedback(
                store.database,
                _full(number, store),
                note=note,
                actor=actor,
                now=now,
                by=by,
                reason=reason,
                files=store.keep_evidence(files),
            )
        _print(done, now, as_json)

    @notice.command("close")
    @_number
    @click.option("--note", default="", help="核实意见")
    @actor_option
    @json_option
    @click.pass_obj
    def close(settings: Settings, number: str, note: str, actor: str, as_json: bool) -> None:
        """核实反馈并办结；须由发出、登记反馈以外的另一人。"""
        with closing(open_store(settings)) as store:
            now, database = store.clock.now(), store.database
            done = notices.close(database, _full(number, store), note=note, actor=actor, now=now)
        _print(done, now, as_json)

    @notice.command("reverse")
    @_number
    @click.option("--reason", required=True, help="为什么撤回")
    @actor_option
    @click.pass_obj
    def reverse(settings: Settings, number: str, reason: str, actor: str) -> None:
        """撤回最后一步（新增一行，原记录不改）。"""
        with closing(open_store(settings)) as store:
            now, full = store.clock.now(), _full(number, store)
            left = notices.take_back(store.database, full, actor=actor, reason=reason, now=now)
        if left is None:
            click.echo(f"{full} 已撤回，编号不再使用。")
        else:
            _print(left, now, as_json=False)

    return notice


def _print(reminder: notices.Reminder, now: datetime, as_json: bool) -> None:
    today = _today(now)
    if as_json:
        print_json(reminder.to_json(today))
        return
    click.echo(
        f"{reminder.number}  {reminder.organ}  {reminder.shown(today)}  "
        f"反馈期限 {reminder.deadline}"
    )
    for owed in reminder.owed:
        click.echo(f"  事项：{owed.name}（{owed.start} 至 {owed.end}，拟稿时{owed.state}）")
    for step in reminder.steps:
        by = f"（单位反馈人 {step.by}）" if step.by else ""
        why = f"（更正：{step.reason}）" if step.reason else ""
        files = "；佐证 " + "、".join(each.name for each in step.files) if step.files else ""
        at = step.at.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        words = f"：{step.note}" if step.note else ""
        click.echo(f"  {at} {notices.STATES[step.state]} {step.actor}{by}{why}{words}{files}")


def _today(now: datetime) -> date:
    return now.astimezone(SHANGHAI).date()


def _days(listed: Duties) -> timedelta:
    return timedelta(days=listed.rules.feedback_days)


def _full(number: str, store: Outreach) -> str:
    return notices.full_number(number, _today(store.clock.now()).year)


def _short(number: str) -> str:
    return number.removeprefix("普法提示〔").removesuffix("号").replace("〕", "-")
