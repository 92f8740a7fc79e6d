"""One conversation for every channel: ``Conversation.respond(incoming) -> Reply``.

A question passes, in this order: mask personal numbers → danger or live fraud → a pressed button or
a command → what must not be served → small talk → a sum or a letter → a citation → a claim of law →
a follow-up → search → compose. It is a function of its input, the stores it reads and the
resident's last turn (``handlers.context``); events are recorded by ``handlers.reception``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from handlers import phrases
from handlers.actions import TOOLS, Action, Verb
from handlers.answering import Answering, Pending
from handlers.claims import check_cited, check_verbatim, claim_in
from handlers.context import Contexts, MemoryContexts, Turn, next_turn
from handlers.continuations import continued
from handlers.followups import Wish, follow_up
from handlers.lookups import bare_request, false_citations, first_of_each_law, is_request
from handlers.masking import mask
from handlers.messages import Channel, Incoming, Kind, Reply
from handlers.questions import SHOWN, Composer, limited
from handlers.refusals import abuse, before_triage, refusal
from handlers.scenarios import card_reply
from handlers.services import Services
from handlers.services.commands import question_of, started_with
from handlers.stories import DIGEST, digest, parts, read_whole, without_fillers
from handlers.tools import Tools
from handlers.triage import detect
from knowledge.articles import Article
from knowledge.citations import resolve
from retrieval.matter import default as matter
from retrieval.search import Hit, Result, Search
from settings import Clock

MAX_CHARACTERS = 2000
PARTS = 4  # a story cut into more is a list, or told in lines: it is searched as one
RANKED = 8  # articles ranked for an answer: three are shown, the rest stands behind 更多条文

_GREETING = re.compile(
    r"^(?:你|您)?好+(?:呀|啊|吗|哇)?$|^(?:嗨|哈喽|hello|hi|在吗|在不|在么|有人吗|喂|早上好|晚上好|中午好|下午好)$"
    r"|^(?:你|您)(?:是谁|叫啥|叫什么|是什么|是干啥的|是干什么的|会啥|会什么|能干啥|能做什么|能帮我干啥|是人吗|是机器人吗)(?:名字)?$"
)
_THANKS = re.compile(
    r"^(?:非常|太)?(?:感谢|谢谢|多谢|谢了|谢啦|麻烦了)(?:你|您|啦|了|哈|呀)*$|^(?:好的?|嗯+|哦+|知道了|明白了|收到|再见|拜拜|ok)$"
)
_ABOUT_NUMBER = re.compile(
    r"(?<!\d)(\d{3,5})(?:这个|那个)?(?:电话|号码|热线)?(?:到底)?(?:是|能|干|管)(?:什么|啥|哪|干|做|不是|真|谁|打)"
)
_WORD = re.compile(r"\w")
_STRIP = re.compile(r"[\s。，,.!！?？~～、;；:：]+")


class Conversation:
    """Answers messages and buttons; safe to call from several threads.

    A message without a resident (``Incoming.resident`` empty) stands alone.
    """

    def __init__(
        self,
        composer: Composer,
        searcher: Search,
        clock: Clock,
        services: Services | None = None,
        contexts: Contexts | None = None,
    ) -> None:
        self._composer = composer
        self._searcher = searcher
        self._clock = clock
        self._services = services or Services(composer)
        self._tools = Tools(composer)
        self._answering = Answering(composer, searcher, self._tools)
        self._contexts = contexts if contexts is not None else MemoryContexts()

    def forget(self, resident: str) -> None:
        """Drop what was just talked about with a resident (删除我的数据)."""
        self._contexts.forget(resident)

    def respond(self, incoming: Incoming, top_k: int = SHOWN) -> Reply:
        """The reply to one update, with ``top_k`` ranked articles in ``Reply.articles``."""
        return self.respond_batch([incoming], top_k)[0]

    def respond_batch(self, incoming: Sequence[Incoming], top_k: int = SHOWN) -> list[Reply]:
        """The replies to many updates; their searches run together."""
        today = self._clock.today()
        turns = [self._last(item) for item in incoming]
        prepared = [
            self._prepare(item, turn, today) for item, turn in zip(incoming, turns, strict=True)
        ]
        queries = [q for item in prepared if isinstance(item, Pending) for q in item.queries]
        depth = max(top_k, RANKED)
        results = iter(self._searcher.search_batch(queries, depth, today))
        replies = []
        for item, turn, asked in zip(prepared, turns, incoming, strict=True):
            reply = (
                item
                if isinstance(item, Reply)
                else self._answering.finish(item, results, today, depth)
            )
            self._remember(asked, item, reply, turn)
            replies.append(limited(self._services.attend(asked, reply, today), top_k))
        return replies

    def _last(self, incoming: Incoming) -> Turn | None:
        if not incoming.resident:
            return None
        return self._contexts.last(incoming.resident, incoming.update_key, self._clock.now())

    def _remember(
        self, incoming: Incoming, item: Reply | Pending, reply: Reply, before: Turn | None
    ) -> None:
        if incoming.resident:
            question = item.question if isinstance(item, Pending) else None
            turn = next_turn(incoming.update_key, self._clock.now(), question, reply, before)
            if turn is not None:
                self._contexts.remember(incoming.resident, turn)

    def _prepare(self, incoming: Incoming, turn: Turn | None, today: date) -> Reply | Pending:
        if incoming.action is not None:
            if served := self._services.press(incoming, today):
                return served
            action = self._composer.actions.parse(incoming.action)
            if action is None:
                return self._composer.say(Kind.MENU, phrases.EXPIRED)
            if action.verb in TOOLS:
                reply = self._tools.act(action, incoming.channel, today)
                return reply or self._composer.say(Kind.MENU, phrases.EXPIRED)
            if action.verb is not Verb.ASK:
                return self._act(action, today)
            question = self._searcher.question(action.name)
            if question is None:
                return self._composer.say(Kind.MENU, phrases.EXPIRED)
            return Pending(question, (question,), question=question)
        whole = question_of(mask(incoming.text).strip())
        if link := started_with(whole):  # from a group, to go on in private
            return self._prepare(replace(incoming, text="", action=link), turn, today)
        text = read_whole(whole[:MAX_CHARACTERS])
        if not _WORD.search(text):
            return self._composer.say(Kind.MENU, phrases.EMPTY)
        note = phrases.TOO_LONG if len(whole) > MAX_CHARACTERS else ""
        if served := self._services.command(incoming, text, today):
            return served
        forbidden = before_triage(text)
        if forbidden:
            return self._composer.say(Kind.REFUSED, phrases.REFUSED[forbidden], "12348")
        for start in range(0, len(whole), MAX_CHARACTERS):  # urgent words may come last
            part = text if start == 0 else read_whole(whole[start : start + MAX_CHARACTERS])
            alarm = detect(part)
            if alarm is not None:
                return Pending(part, (self._digest(part),), alarm, question=self._digest(part))
        return (
            self._services.hear(incoming, text, today)
            or self._awaited(text, turn, today)
            or self._plain(text, incoming.channel, today)
            or self._claimed(text, today)
            or self._hotline(text)
            or (self._follows(text, turn, today) if turn else None)
            or self._question(text, note)
        )

    def _question(self, text: str, note: str) -> Pending:
        """A question that stands on its own, with the parts of a story."""
        short, told = self._digest(text), tuple(parts(text))
        if not 1 < len(told) <= PARTS:
            return Pending(text, (short,), note=note, question=short)
        queries = tuple(self._digest(part, DIGEST // len(told)) for part in told)
        return Pending(text, queries, note=note, parts=told, question=short)

    def _claimed(self, text: str, today: date) -> Reply | Pending | None:
        """A pasted law or rumour, beside the statutes."""
        claim = claim_in(text)
        if claim is None:
            return None
        check = check_cited if claim.citation is not None else check_verbatim
        checked = check(self._composer, claim, today)
        if checked is not None:
            return checked
        return Pending(text, (self._digest(text),), claim=claim, question=self._digest(text))

    def _follows(self, text: str, turn: Turn, today: date) -> Reply | Pending | None:
        """A message about the answer before it."""
        wish = follow_up(text, asked_back=turn.asked_back, shown=len(turn.articles))
        if wish is None:
            return None
        if wish.wish is not Wish.ASK:
            return continued(self._composer, wish, turn, today)
        if not turn.question:
            return None
        joined = f"{turn.question}，{text}"
        alone = text if turn.asked_back else ""
        queries = (joined, alone) if alone else (joined,)
        return Pending(
            joined, queries, alone=alone, asked_back=turn.asked_back, question=turn.question
        )

    @staticmethod
    def _digest(text: str, longest: int = DIGEST) -> str:
        return digest(without_fillers(text), matter(), longest)

    def _awaited(self, text: str, turn: Turn | None, today: date) -> Reply | None:
        """The figure that an unfinished sum asked for."""
        return self._tools.complete(turn.awaits, text, today) if turn and turn.awaits else None

    def _plain(self, text: str, channel: Channel, today: date) -> Reply | None:
        """Commands, refusals, small talk, sums, letters and citations: what needs no search."""
        bare = _STRIP.sub("", text).lower()
        forbidden = refusal(text)
        if forbidden:
            # an article made up to give the order weight must not stand uncontradicted
            wrong = false_citations(self._composer, text, today)
            said = "\n".join(part for part in (wrong, phrases.REFUSED[forbidden]) if part)
            return self._composer.say(Kind.REFUSED, said, "12348")
        if abuse(text):
            return self._composer.say(Kind.SMALLTALK, phrases.CALM, "12348")
        if _GREETING.match(bare):
            return self._composer.say(Kind.SMALLTALK, phrases.SMALLTALK)
        if _THANKS.match(bare):
            return self._composer.say(Kind.SMALLTALK, phrases.THANKS)
        return self._tools.answer(text, channel, today) or self._cited(text, today)

    def _cited(self, text: str, today: date) -> Reply | None:
        """A message that is about one numbered article: show it, or say why it is not there."""
        corpus = self._composer.corpus
        resolution = (
            resolve(corpus, text, today) if is_request(text) else bare_request(corpus, text, today)
        )
        if resolution is None:
            return None
        if resolution.found:
            named = first_of_each_law(resolution)[:SHOWN]
            shown = [self._composer.shown(a, today) for a in named]
            if resolution.span is not None:
                shown[0] = replace(shown[0], marked=resolution.span)
            lead = resolution.message or phrases.LOOKUP_LEAD
            return self._composer.lookup(shown, lead, today)
        return self._composer.say(Kind.LOOKUP, resolution.message, "12348")

    def _hotline(self, text: str) -> Reply | None:
        """「96110是什么电话」: what a reviewed number is for."""
        found = _ABOUT_NUMBER.search(text)
        line = self._composer.lines.get(found.group(1)) if found else None
        if line is None:
            return None
        said = f"{line.number}：{line.name}。{line.use}。"
        if line.not_for:
            said += f"不受理：{line.not_for}。"
        return self._composer.say(Kind.LOOKUP, said, line.number)

    def _act(self, action: Action, today: date) -> Reply:
        composer = self._composer
        if action.verb is Verb.CARD:
            card = composer.cards.get(action.name)
            reply = card_reply(composer, card, today) if card else None
            return reply or self._composer.say(Kind.MENU, phrases.EXPIRED)
        articles = [composer.corpus.article(ref) for ref in action.articles]
        match action.verb:
            case Verb.GOOD | Verb.BAD:
                return self._thank(action.verb is Verb.GOOD, articles[0], today)
            case Verb.MORE:
                applying = [a for a in articles if composer.corpus.status(a.version, today).applies]
                if not applying:
                    return self._composer.say(Kind.MENU, phrases.NO_MORE, "12348")
                hits = tuple(Hit(a, 1.0 / rank, None) for rank, a in enumerate(applying, 1))
                return composer.answer("", Result(hits, 0.0), today, unsure=False)
            case _:
                shown = [composer.shown(articles[0], today)]
                return composer.lookup(shown, phrases.LOOKUP_LEAD, today)

    def _thank(self, good: bool, article: Article, today: date) -> Reply:
        reply = self._composer.compose(
            Kind.MENU,
            phrases.FEEDBACK_GOOD if good else phrases.FEEDBACK_BAD,
            hotlines=self._composer.hotlines(() if good else ("12348",)),
            topic=self._composer.topics.of(article),
            organ=self._composer.organs.of(article.version.law, today),
        )
        return replace(reply, feedback=(good, article.citation))
