"""The command line of a running bot: ``run`` and ``deliver``."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

import click

from errors import PufaError, UsageError
from handlers.command_line.parts import Parts
from handlers.command_line.progress import bar
from settings import Settings


def commands(parts: Parts) -> list[click.Command]:
    """The commands."""
    return [_run(parts), _deliver(parts)]


def _run(parts: Parts) -> click.Command:
    @click.command()
    @click.option(
        "--channels", default="auto", help="web,telegram；默认：web，设了令牌再加 telegram"
    )
    @click.pass_obj
    def run(settings: Settings, channels: str) -> None:
        """启动机器人。"""
        from handlers.broadcast import Broadcaster, wording
        from handlers.letters.writing import Letters
        from handlers.reception import Reception
        from handlers.server import serve
        from handlers.staff import StaffDesk

        names = _channels(settings, channels)
        settings = settings.with_secret_key()
        assert settings.secret_key is not None
        corpus = parts.corpus(settings)
        with closing(parts.outreach(settings, corpus)) as outreach:
            conversation = parts.conversation(settings, corpus, outreach.memory)
            staff = StaffDesk(parts.office(settings, corpus, outreach))
            desk = Reception(conversation, outreach, settings.secret_key, staff)
            words = wording(settings, parts.composer(settings, corpus))
            pushing = settings if "telegram" in names else replace(settings, telegram_token=None)
            pushes = Broadcaster(pushing, outreach, words)
            serve(settings, desk, names, click.echo, pushes, Letters(corpus))

    return run


def _deliver(parts: Parts) -> click.Command:
    @click.command()
    @click.option("--campaign", metavar="ID", help="只等这一个推送活动发完，显示进度")
    @click.pass_obj
    def deliver(settings: Settings, campaign: str | None) -> None:
        """只发推送，不接收消息：可以在几台机器上同时运行，不会重复发送。"""
        from handlers.broadcast import deliver as send

        settings = settings.with_secret_key()
        composer = parts.composer(settings, parts.corpus(settings))
        with closing(parts.outreach(settings)) as outreach:
            state = send(settings, outreach, composer, campaign, bar("推送"))
        if state is not None:
            click.echo(f"{campaign}：{state}")
            if state != "finished":
                raise PufaError(f"{campaign} 没有发完")

    return deliver


def _channels(settings: Settings, wanted: str) -> frozenset[str]:
    if wanted == "auto":
        return frozenset({"web", "telegram"} if settings.telegram_token else {"web"})
    names = frozenset(name.strip() for name in wanted.split(",") if name.strip())
    unknown = names - {"web", "telegram"}
    if unknown or not names:
        raise UsageError(
            f"--channels 只认 web、telegram，不认 {'、'.join(sorted(unknown)) or '空'}"
        )
    if "telegram" in names and not settings.telegram_token:
        raise UsageError("要启用 telegram，请先设置 PUFA_TELEGRAM_TOKEN")
    return names
