"""The command line, and the only place where the rooms are wired together.

``python bot.py --help`` lists the commands; names and JSON fields are a contract (docs/cli.md).
Heavy libraries are imported inside the commands that need them, so that ``cite`` stays quick.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cache
from importlib import import_module
from typing import TYPE_CHECKING

# The model is on this machine; nothing may be looked up on a hub or report home.
os.environ.setdefault("HF_HUB_OFFLINE", "1")
os.environ.setdefault("TRANSFORMERS_OFFLINE", "1")
os.environ.setdefault("TOKENIZERS_PARALLELISM", "false")

import click

from handlers.command_line.group import Commands, Room
from handlers.command_line.progress import bar, stages
from settings import Settings

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from handlers.conversation import Conversation
    from handlers.questions import Composer
    from knowledge.corpus import Corpus
    from outreach.campaigns.office import Office
    from outreach.codes import Codes
    from outreach.memory import Memory
    from outreach.store import Outreach


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option("--verbose", is_flag=True, help="多写些运行日志")
@click.pass_context
def main(ctx: click.Context, verbose: bool) -> None:
    """普法问答机器人：用法律原文回答居民的问题，并为普法工作留下经得起核对的台账。"""
    level = logging.INFO if verbose or ctx.invoked_subcommand == "run" else logging.WARNING
    logging.basicConfig(level=level, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    chatty = "httpx httpcore sentence_transformers transformers faiss jieba bm25s alembic"
    for name in chatty.split():
        logging.getLogger(name).setLevel(logging.WARNING)  # httpx would log tokens in URLs
    ctx.obj = Settings.from_environment()


class House:
    """Wires the rooms together (``handlers.command_line.parts.Parts``)."""

    def corpus(self, settings: Settings) -> Corpus:
        """The knowledge base, built where it is missing."""
        from knowledge import build
        from knowledge.corpus import Corpus

        build.ensure(settings.knowledge_db, bar("建立知识库"))
        return Corpus.open(settings.knowledge_db)

    def composer(self, settings: Settings, corpus: Corpus) -> Composer:
        """What lays answers out."""
        from handlers.questions import Composer
        from knowledge.cards import Cards
        from knowledge.hotlines import Hotlines
        from knowledge.organs import Organs
        from knowledge.topics import Topics

        hotlines = Hotlines.load()
        topics = Topics.load(hotlines=hotlines)
        return Composer(corpus, Organs.load(), hotlines, topics, Cards.load(), settings.county)

    def conversation(
        self, settings: Settings, corpus: Corpus, memory: Memory | None = None
    ) -> Conversation:
        """The conversation, with model and index in place."""
        from handlers.conversation import Conversation
        from handlers.services import Services
        from retrieval.search import Searcher

        searcher = Searcher.open(corpus, settings, stages())
        composer = self.composer(settings, corpus)
        return Conversation(composer, searcher, settings.clock(), Services(composer, memory))

    def outreach(self, settings: Settings, corpus: Corpus | None = None) -> Outreach:
        """The store; the caller closes it."""
        from outreach.codes import Codes
        from outreach.store import Outreach

        def codes() -> Codes:
            return Codes.load(corpus.laws_named if corpus else None)

        settings.home.mkdir(parents=True, exist_ok=True)
        return Outreach.open(
            settings.outreach_url,
            settings.clock(),
            files=settings.home / "evidence",
            codes=cache(codes),
        )

    def office(self, settings: Settings, corpus: Corpus, store: Outreach) -> Office:
        """The staff's office for campaigns, on an open store."""
        from outreach.campaigns.gate import Gate
        from outreach.campaigns.office import Office

        gate = cache(lambda: Gate.load(corpus, settings.county))
        return Office(store, gate, settings.county, settings.pushes_a_week)


def _rooms(house: House) -> tuple[Room, ...]:
    """Which module brings which commands."""

    def room(names: str, module: str, *openers: object) -> Room:
        def load() -> Sequence[click.Command]:
            commands: Callable[..., Sequence[click.Command]]
            commands = import_module(f"handlers.{module}").commands
            return commands(*(openers or (house,)))

        return Room(tuple(names.split()), load)

    def composer(settings: Settings) -> Composer:
        return house.composer(settings, house.corpus(settings))

    def store(settings: Settings) -> Outreach:
        return house.outreach(settings, house.corpus(settings))

    def office(settings: Settings) -> Office:
        corpus = house.corpus(settings)
        return house.office(settings, corpus, house.outreach(settings, corpus))

    return (
        room("ask chat cite check-citations", "command_line.questions"),
        room("corpus calendar", "command_line.corpora"),
        room("run deliver", "command_line.serving"),
        room("stats export", "command_line.figures"),
        room("bench", "command_line.measuring"),
        room("calculate letter", "tool_commands", composer),
        room("request gaps", "request_commands", house.outreach),
        room("event period", "staff_commands", store),
        room("duties notice", "notice_commands", store, house.corpus),
        room("trace evidence insight", "audit_commands", store),
        room("campaign staff", "campaign_commands", office),
    )


main.rooms = _rooms(House())

if __name__ == "__main__":
    sys.exit(main())
