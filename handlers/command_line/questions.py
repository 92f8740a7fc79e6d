"""The command line of questions and citations: ``ask``, ``chat``, ``cite``, ``check-citations``."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import BinaryIO

import click

from errors import PufaError
from handlers.command_line.parts import Parts, print_json, write_lines
from handlers.command_line.progress import bar
from settings import Settings


def commands(parts: Parts) -> list[click.Command]:
    """The commands."""
    return [_ask(parts), _chat(parts), _cite(parts), _check_citations(parts)]


def _ask(parts: Parts) -> click.Command:
    @click.command()
    @click.argument("question", required=False)
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.option("--top-k", type=click.IntRange(1, 100), default=3, show_default=True)
    @click.option("--batch", type=click.Path(path_type=Path), help='JSONL，每行 {"id","q"}')
    @click.option("--out", type=click.Path(path_type=Path), help="批量结果写到这里（JSONL）")
    @click.pass_obj
    def ask(
        settings: Settings,
        question: str | None,
        as_json: bool,
        top_k: int,
        batch: Path | None,
        out: Path | None,
    ) -> None:
        """回答一个问题，或一批问题；不记录任何事件。"""
        from handlers import terminal

        if batch is None:
            if question is None:
                raise click.UsageError("请给出问题，或用 --batch 和 --out")
            if out is not None:
                raise click.UsageError("--out 只和 --batch 一起用")
            conversation = parts.conversation(settings, parts.corpus(settings))
            answer = terminal.ask(conversation, settings.clock(), question, top_k)
            if as_json:
                print_json(answer)
            else:
                click.echo(answer["text"])
            return
        if question is not None or out is None:
            raise click.UsageError("--batch 要和 --out 一起用，且不带问题")
        rows = terminal.read_batch(batch)
        conversation = parts.conversation(settings, parts.corpus(settings))
        step, done = bar("回答问题"), 0

        def progress(count: int) -> None:
            nonlocal done
            done += count
            step(done, len(rows))

        answers = terminal.answer_batch(conversation, settings.clock(), rows, top_k, progress)
        write_lines(out, (json.dumps(a, ensure_ascii=False) for a in answers))

    return ask


def _chat(parts: Parts) -> click.Command:
    @click.command()
    @click.pass_obj
    def chat(settings: Settings) -> None:
        """在终端里对话；不记录任何事件。"""
        from handlers import terminal

        conversation = parts.conversation(settings, parts.corpus(settings))
        terminal.chat(conversation, settings.clock(), sys.stdin, sys.stdout)

    return chat


def _cite(parts: Parts) -> click.Command:
    @click.command()
    @click.argument("citation")
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def cite(settings: Settings, citation: str, as_json: bool) -> None:
        """按“民法典第1254条”“刑法第287条之二”这样的写法查条文。"""
        from handlers import lookups

        composer = parts.composer(settings, parts.corpus(settings))
        answer = lookups.cite(composer, citation, settings.clock().today())
        if as_json:
            print_json(answer)
        else:
            click.echo(answer["text"])

    return cite


def _check_citations(parts: Parts) -> click.Command:
    @click.command("check-citations")
    @click.argument("file", type=click.File("rb"))
    @click.option("--json", "as_json", is_flag=True, help="输出 JSON")
    @click.pass_obj
    def check_citations(settings: Settings, file: BinaryIO, as_json: bool) -> None:
        """核对一篇文稿里的每处法律引用（FILE 为 - 时读标准输入）；有错退出码为 1。"""
        from handlers import lookups
        from knowledge.checking import check_citations as check

        today = settings.clock().today()
        findings = check(parts.corpus(settings), lookups.read_draft(file), today)
        if as_json:
            print_json({"as_of": today.isoformat(), "findings": lookups.findings_json(findings)})
        else:
            click.echo(lookups.findings_text(findings, today))
        wrong = sum(not finding.right for finding in findings)
        if wrong:
            raise PufaError(f"{len(findings)} 处引用里有 {wrong} 处需要改")

    return check_citations
