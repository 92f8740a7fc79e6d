"""From what a search found to the reply: urgent guidance, a card, articles, or nothing fits."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date

from handlers import phrases
from handlers.claims import Claim, check_found
from handlers.clarifying import asks_back
from handlers.issues import answer_each, distinct
from handlers.lookups import false_citations
from handlers.messages import Button, Kind, Reply
from handlers.questions import SHOWN, Composer
from handlers.scenarios import answer_by_card, offers
from handlers.tools import Tools
from handlers.triage import Alarm, guidance_for
from knowledge.articles import Status
from knowledge.citations import resolve
from retrieval.confidence import ASK_BELOW, DECLINE_BELOW, SCOPE_BELOW
from retrieval.search import Hit, Result, Search


@dataclass(frozen=True, slots=True)
class Pending:
    """A question that still needs a search.

    ``queries`` are what is searched: the question (a digest of a long one), and for a few words
    after a question back the words ``alone``; or the ``parts`` of a story, whose whole is searched
    only if they prove to be one matter.
    """

    text: str
    queries: tuple[str, ...]
    alarm: Alarm | None = None
    note: str = ""
    parts: tuple[str, ...] = ()
    alone: str = ""
    claim: Claim | None = None
    asked_back: bool = False  # the resident was asked already: once is enough
    question: str = ""  # what a later follow-up goes on from


class Answering:
    """Composes the replies to questions that were searched."""

    def __init__(self, composer: Composer, searcher: Search, tools: Tools) -> None:
        self._composer = composer
        self._searcher = searcher
        self._tools = tools
        self._matcher = composer.matcher  # made now: the first resident must not wait for it

    def finish(self, pending: Pending, results: Iterator[Result], today: date, depth: int) -> Reply:
        """The reply to a question; takes its queries' results from ``results``."""
        result, *others = (next(results) for _ in pending.queries)
        if pending.alarm is not None:
            return self._urgent(pending.alarm, pending.text, result, today)
        if pending.claim is not None:
            return self._rumour(pending, pending.claim, result, today)
        if pending.alone and others[0].confidence > max(result.confidence, ASK_BELOW):
            result = others[0]  # the resident asked something else instead
            pending = replace(pending, text=pending.alone)
        if pending.parts:
            issues = distinct(pending.parts, (result, *others))
            if len(issues) > 1:
                return self._with(pending, answer_each(self._composer, issues, today), today)
            result = self._searcher.search(pending.question, depth, today)
        return self._with(pending, self._answer(pending, result, today), today)

    def _answer(self, pending: Pending, result: Result, today: date) -> Reply:
        """An answer that a card opens, a question back, articles, or nothing fits."""
        composer = self._composer
        matches = self._matcher.matches(pending.text, result.hits, result.confidence, result.scope)
        in_scope = result.scope >= SCOPE_BELOW
        known = bool(matches) and matches[0].exact  # a card's very words are never declined
        found = bool(result.hits) and in_scope and result.confidence >= DECLINE_BELOW
        if not (found or known):
            # A question of law without an article is a gap that staff should hear of, under the
            # topic that it came nearest to.
            gap = in_scope and bool(result.hits)
            return composer.say(
                Kind.DECLINED,
                phrases.DECLINED,
                "12348",
                gap=gap,
                topic=composer.topics.of(result.hits[0].article) if gap else None,
                confidence=min(result.confidence, result.scope),
            )
        if matches and matches[0].sure:
            opened = answer_by_card(composer, matches, result, today)
            if opened is not None:
                return opened
        unsure = result.confidence < ASK_BELOW
        if unsure and not pending.asked_back:
            back = asks_back(composer, pending.text, result, matches, today)
            if back is not None:
                return back
        return composer.answer(pending.text, result, today, unsure, offers(matches))

    def _with(self, pending: Pending, reply: Reply, today: date) -> Reply:
        """The reply under what must be said first (false citations, a message that was cut), and
        over it the sums and letters that it touches."""
        if reply.kind is Kind.ANSWER:
            offered = self._tools.offers(pending.text, today)
            reply = replace(reply, buttons=(*offered, *reply.buttons))
        wrong = false_citations(self._composer, pending.text, today)
        note = pending.note if reply.kind is not Kind.DECLINED else ""
        before = "\n".join(part for part in (wrong, note) if part)
        return self._composer.relead(reply, f"{before}\n{reply.lead}") if before else reply

    def _rumour(self, pending: Pending, claim: Claim, result: Result, today: date) -> Reply:
        """A claim that names no article and stands nowhere word for word."""
        composer = self._composer
        changed = check_found(composer, claim, result, today)
        if changed is not None:
            return changed
        fits = result.scope >= SCOPE_BELOW and result.confidence >= ASK_BELOW
        if not (fits and result.hits):
            return composer.say(
                Kind.DECLINED,
                phrases.CLAIM_NOT_FOUND,
                "12348",
                confidence=min(result.confidence, result.scope),
            )
        reply = self._answer(pending, result, today)
        near = phrases.CLAIM_NEAR if reply.lead == phrases.ANSWER_LEAD else reply.lead
        return composer.relead(reply, f"{phrases.CLAIM_NOT_VERBATIM}\n{near}")

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
