"""One conversation for every channel: ``Conversation.respond(incoming) -> Reply``.

A question passes, in this order: mask personal numbers → danger or live fraud → a pressed button or
a command → what must not be served → small talk → a sum or a letter → a citation → search →
compose. It is a pure function of its input and the stores it reads; events are recorded by
``handlers.reception``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from handlers import phrases
from handlers.actions import TOOLS, Action, Verb
from handlers.lookups import false_citations, first_of_each_law, is_request
from handlers.masking import mask
from handlers.messages import Button, Channel, Incoming, Kind, Reply
from handlers.questions import SHOWN, Composer, limited
from handlers.refusals import before_triage, refusal
from handlers.scenarios import card_reply
from handlers.tools import Tools
from handlers.triage import Alarm, detect, guidance_for
from knowledge.articles import Article, Status
from knowledge.citations import resolve
from retrieval.confidence import ASK_BELOW, DECLINE_BELOW, SCOPE_BELOW
from retrieval.search import Hit, Result, Search
from retrieval.text import normalise
from settings import Clock

MAX_CHARACTERS = 2000
RANKED = 8  # articles ranked for an answer: three are shown, the rest stands behind 更多条文

_GREETING = re.compile(
    r"^(?:你|您)?好+(?:呀|啊|吗|哇)?$|^(?:嗨|哈喽|hello|hi|在吗|在不|在么|有人吗|喂|早上好|晚上好|中午好|下午好)$"
    r"|^(?:你|您)(?:是谁|叫啥|叫什么|是什么|是干啥的|是干什么的|会啥|会什么|能干啥|能做什么|能帮我干啥|是人吗|是机器人吗)(?:名字)?$"
)
_THANKS = re.compile(
    r"^(?:非常|太)?(?:感谢|谢谢|多谢|谢了|谢啦|麻烦了)(?:你|您|啦|了|哈|呀)*$|^(?:好的?|嗯+|哦+|知道了|明白了|收到|再见|拜拜|ok)$"
)
_MENU = frozenset(("/start", "/menu", "/help", "菜单", "帮助", "怎么用", "咋用", "使用说明"))
_ABOUT_NUMBER = re.compile(
    r"(?<!\d)(\d{3,5})(?:这个|那个)?(?:电话|号码|热线)?(?:到底)?(?:是|能|干|管)(?:什么|啥|哪|干|做|不是|真|谁|打)"
)
_STRIP = re.compile(r"[\s。，,.!！?？~～、;；:：]+")


@dataclass(frozen=True, slots=True)
class _Pending:
    """A question that still needs a search."""

    text: str
    alarm: Alarm | None = None
    note: str = ""


class Conversation:
    """Answers messages and buttons; thread-safe, as all its parts only read."""

    def __init__(self, composer: Composer, searcher: Search, clock: Clock) -> None:
        self._composer = composer
        self._searcher = searcher
        self._clock = clock
        self._tools = Tools(composer)

    def respond(self, incoming: Incoming, top_k: int = SHOWN) -> Reply:
        """The reply to one update, with ``top_k`` ranked articles in ``Reply.articles``."""
        return self.respond_batch([incoming], top_k)[0]

    def respond_batch(self, incoming: Sequence[Incoming], top_k: int = SHOWN) -> list[Reply]:
        """The replies to many updates; their searches run together."""
        today = self._clock.today()
        prepared = [self._prepare(item, today) for item in incoming]
        waiting = [item for item in prepared if isinstance(item, _Pending)]
        results = iter(
            self._searcher.search_batch([p.text for p in waiting], max(top_k, RANKED), today)
        )
        return [
            limited(
                item if isinstance(item, Reply) else self._finish(item, next(results), today), top_k
            )
            for item in prepared
        ]

    def _prepare(self, incoming: Incoming, today: date) -> Reply | _Pending:
        if incoming.action is not None:
            action = self._composer.actions.parse(incoming.action)
            if action is None:
                return self._say(Kind.MENU, phrases.EXPIRED)
            if action.verb in TOOLS:
                reply = self._tools.act(action, incoming.channel, today)
                return reply or self._say(Kind.MENU, phrases.EXPIRED)
            if action.verb is not Verb.ASK:
                return self._act(action, today)
            question = self._searcher.question(action.name)
            return _Pending(question) if question else self._say(Kind.MENU, phrases.EXPIRED)
        whole = mask(incoming.text).strip()
        text = normalise(whole[:MAX_CHARACTERS])
        if not text:
            return self._say(Kind.MENU, phrases.EMPTY)
        note = phrases.TOO_LONG if len(whole) > MAX_CHARACTERS else ""
        forbidden = before_triage(text)
        if forbidden:
            return self._say(Kind.REFUSED, phrases.REFUSED[forbidden], "12348")
        for start in range(0, len(whole), MAX_CHARACTERS):  # urgent words may come last
            part = normalise(whole[start : start + MAX_CHARACTERS])
            alarm = detect(part)
            if alarm is not None:
                return _Pending(part, alarm)
        plain = self._plain(text, incoming.channel, today)
        return plain or self._hotline(text) or _Pending(text, note=note)

    def _plain(self, text: str, channel: Channel, today: date) -> Reply | None:
        """Commands, refusals, small talk, sums, letters and citations: what needs no search."""
        bare = _STRIP.sub("", text).lower()
        if bare in _MENU:
            menu = self._say(Kind.MENU, phrases.MENU.format(county=self._composer.county))
            return replace(menu, buttons=(*menu.buttons, self._tools.row))
        forbidden = refusal(text)
        if forbidden:
            return self._say(Kind.REFUSED, phrases.REFUSED[forbidden], "12348")
        if _GREETING.match(bare):
            return self._say(Kind.SMALLTALK, phrases.SMALLTALK)
        if _THANKS.match(bare):
            return self._say(Kind.SMALLTALK, phrases.THANKS)
        return self._tools.answer(text, channel, today) or self._cited(text, today)

    def _cited(self, text: str, today: date) -> Reply | None:
        """A message that is about one numbered article: show it, or say why it is not there."""
        if not is_request(text):
            return None
        resolution = resolve(self._composer.corpus, text, today)
        if resolution.found:
            named = first_of_each_law(resolution)[:SHOWN]
            shown = [self._composer.shown(a, today) for a in named]
            if resolution.span is not None:
                shown[0] = replace(shown[0], marked=resolution.span)
            lead = resolution.message or phrases.LOOKUP_LEAD
            return self._composer.lookup(shown, lead, today)
        return self._say(Kind.LOOKUP, resolution.message, "12348")

    def _hotline(self, text: str) -> Reply | None:
        """「96110是什么电话」: what a reviewed number is for."""
        found = _ABOUT_NUMBER.search(text)
        line = self._composer.lines.get(found.group(1)) if found else None
        if line is None:
            return None
        said = f"{line.number}：{line.name}。{line.use}。"
        if line.not_for:
            said += f"不受理：{line.not_for}。"
        return self._say(Kind.LOOKUP, said, line.number)

    def _act(self, action: Action, today: date) -> Reply:
        composer = self._composer
        if action.verb is Verb.CARD:
            card = composer.cards.get(action.name)
            reply = card_reply(composer, card, today) if card else None
            return reply or self._say(Kind.MENU, phrases.EXPIRED)
        articles = [composer.corpus.article(ref) for ref in action.articles]
        match action.verb:
            case Verb.GOOD | Verb.BAD:
                return self._thank(action.verb is Verb.GOOD, articles[0], today)
            case Verb.MORE:
                applying = [a for a in articles if composer.corpus.status(a.version, today).applies]
                if not applying:
                    return self._say(Kind.MENU, phrases.NO_MORE, "12348")
                hits = tuple(Hit(a, 1.0 / rank, None) for rank, a in enumerate(applying, 1))
                return composer.answer("", Result(hits, 0.0), today, unsure=False)
            case _:
                shown = [composer.shown(articles[0], today)]
                return composer.lookup(shown, phrases.LOOKUP_LEAD, today)

    def _finish(self, pending: _Pending, result: Result, today: date) -> Reply:
        if pending.alarm is not None:
            return self._urgent(pending.alarm, pending.text, result, today)
        wrong = false_citations(self._composer, pending.text, today)
        in_scope = result.scope >= SCOPE_BELOW
        if not result.hits or not in_scope or result.confidence < DECLINE_BELOW:
            # a question of law without an article is a gap that staff should hear of
            return self._say(
                Kind.DECLINED,
                "\n".join(part for part in (wrong, phrases.DECLINED) if part),
                "12348",
                gap=in_scope and bool(result.hits),
                confidence=min(result.confidence, result.scope),
            )
        unsure = result.confidence < ASK_BELOW
        reply = self._composer.answer(pending.text, result, today, unsure)
        reply = replace(reply, buttons=(*self._tools.offers(pending.text, today), *reply.buttons))
        before = "\n".join(part for part in (wrong, pending.note) if part)
        return self._composer.relead(reply, f"{before}\n{reply.lead}") if before else reply

    def _urgent(self, alarm: Alarm, text: str, result: Result, today: date) -> Reply:
        """What to do first; the articles come after it."""
        guidance = guidance_for(alarm, text)
        composer = self._composer
        steps = "\n".join(f"{n}. {step}" for n, step in enumerate(guidance.steps, 1))
        lead = f"{guidance.first_line}\n{steps}"
        fixed = [
            Hit(article, 1.0, None)
            for citation in guidance.articles
            for article in resolve(composer.corpus, citation, today).articles[:1]
            if composer.corpus.status(article.version, today) is Status.IN_FORCE
        ]
        searched = list(result.hits) if result.confidence >= DECLINE_BELOW else []
        rows = []
        if searched:  # for a message that only sounded urgent: its articles are a press away
            refs = [hit.article.id for hit in searched]
            rows.append((Button("看相关法律条文", composer.actions.more(refs)),))
        hits: dict[int, Hit] = {}
        for hit in (*fixed, *(searched if fixed else ())):  # danger to life: no statutes
            hits.setdefault(hit.article.id, hit)
        if fixed:
            lead += f"\n\n{phrases.URGENT_ARTICLES}"
        return composer.compose(
            Kind.URGENT,
            lead,
            tuple(composer.shown(h.article, today, h.score, h.marked) for h in hits.values()),
            visible=min(len(fixed), SHOWN),
            hotlines=composer.hotlines(guidance.hotlines),
            topic=composer.topics.get(guidance.topic),
            organ=composer.organs.of(guidance.law, today),
            confidence=1.0,
            rows=rows,
        )

    def _thank(self, good: bool, article: Article, today: date) -> Reply:
        reply = self._composer.compose(
            Kind.MENU,
            phrases.FEEDBACK_GOOD if good else phrases.FEEDBACK_BAD,
            hotlines=self._composer.hotlines(() if good else ("12348",)),
            topic=self._composer.topics.of(article),
            organ=self._composer.organs.of(article.version.law, today),
        )
        return replace(reply, feedback=(good, article.citation))

    def _say(
        self,
        kind: Kind,
        text: str,
        *hotlines: str,
        gap: bool = False,
        confidence: float = 0.0,
    ) -> Reply:
        return self._composer.compose(
            kind,
            text,
            hotlines=self._composer.hotlines(hotlines),
            gap=gap,
            confidence=confidence,
        )
