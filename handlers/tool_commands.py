"""The command line of sums and letters: ``calculate`` and ``letter``. No event is recorded."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

import click

from errors import UsageError
from handlers.letters.plain import as_text
from handlers.letters.printing import as_docx
from handlers.letters.writing import Letters, check
from handlers.masking import mask
from handlers.messages import Channel, Reply
from handlers.questions import Composer
from handlers.tools import Tools
from knowledge.letter_templates import LetterTemplate
from retrieval.text import normalise
from settings import Settings

Open = Callable[[Settings], Composer]


def commands(open_composer: Open) -> list[click.Command]:
    """The commands ``calculate`` and ``letter``."""
    return [_calculate(open_composer), _letter(open_composer)]


def _calculate(open_composer: Open) -> click.Command:
    @click.command()
    @click.argument("text", nargs=-1)
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def calculate(settings: Settings, text: tuple[str, ...], as_json: bool) -> None:
        """算一算：“假货花了三百块能赔多少”“7号收到的货几号前能退”；不写就列出能算的。"""
        tools, today = Tools(open_composer(settings)), settings.clock().today()
        said = normalise(mask(" ".join(text)))
        reply: Reply | None = tools.menu() if not said else None
        reply = reply or tools.answer(said, Channel.TERMINAL, today)
        if reply is None:
            raise UsageError("没看出要算什么；不带参数运行，会列出能算的")
        if as_json:
            click.echo(json.dumps(reply.to_json(0.0), ensure_ascii=False, indent=2))
            return
        click.echo(reply.text)
        for button in (button for row in reply.buttons for button in row):
            click.echo(f"  · {button.label}")

    return calculate


def _letter(open_composer: Open) -> click.Command:
    @click.command()
    @click.argument("kind")
    @click.option("--set", "pairs", multiple=True, help="字段=值，可重复；不写的留横线")
    @click.option("--out", type=click.Path(path_type=Path), help="写成 .docx 或 .txt 文件")
    @click.pass_obj
    def letter(settings: Settings, kind: str, pairs: tuple[str, ...], out: Path | None) -> None:
        """文书：“list”列出各种文书和字段；给出种类就写一份，例如 letter 借条 --out 借条.docx。"""
        letters = Letters(open_composer(settings).corpus)
        if kind == "list":
            for template in letters.all:
                click.echo(f"{template.key}  {template.title}：{template.when}")
                click.echo(f"    字段：{'、'.join(field.label for field in template.fields)}")
            return
        template, today = letters.named(kind), settings.clock().today()
        values, problems = check(template, _values(template, pairs), today)
        if problems:
            raise UsageError("；".join(problems.values()))
        written = letters.write(template, values, today)
        if out is None:
            click.echo(as_text(written))
            return
        if out.suffix.lower() not in (".docx", ".txt"):
            raise UsageError(f"--out 写成 .docx 或 .txt 文件，现在是 {out.name!r}")
        docx = out.suffix.lower() == ".docx"
        content = as_docx(written, today) if docx else as_text(written).encode()
        try:
            out.write_bytes(content)
        except OSError as error:
            raise UsageError(f"写不了 {out}：{error.strerror}") from error
        click.echo(f"已写入 {out}")

    return letter


def _values(template: LetterTemplate, pairs: Sequence[str]) -> dict[str, str]:
    values: dict[str, str] = {}
    for pair in pairs:
        name, mark, value = pair.partition("=")
        field = template.field(name.strip())
        if not mark or field is None:
            known = "、".join(one.label for one in template.fields)
            raise UsageError(f"--set 写成 字段=值；{template.title}的字段有：{known}")
        if field.key in values:
            raise UsageError(f"字段“{field.label}”写了两次")
        values[field.key] = value
    return values
