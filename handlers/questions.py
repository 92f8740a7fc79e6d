"""From ranked articles to an answer that a resident can read.

Statutes are shown, never rephrased: the only words added are the heading of an article (law,
number, version, status, responsible organ) and canned sentences. Long articles are shown as an
excerpt of whole paragraphs around the best sentence; 「全文」 gives the rest.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from functools import cached_property

from handlers import phrases
from handlers.actions import Actions
from handlers.messages import Button, Hotline, Kind, Reply, ShownArticle
from knowledge.absent import Absent, absent_for
from knowledge.articles import Article, Level, Status
from knowledge.cards import Card, Cards
from knowledge.corpus import Corpus
from knowledge.hotlines import Hotlines
from knowledge.notes import note_of
from knowledge.organs import Organ, Organs
from knowledge.topics import Topic, Topics
from retrieval.card_match import CardMatcher
from retrieval.search import Hit, Result

SHOWN = 3  # articles in one answer: a phone's screen and a resident's patience
CARDS = 2  # offered as buttons under an answer
EXCERPT = 420  # characters of one article before it is shown as an excerpt


class Composer:
    """Turns articles into replies, as of a day. Stateless but for the knowledge it reads."""

    def __init__(
        self,
        corpus: Corpus,
        organs: Organs,
        hotlines: Hotlines,
        topics: Topics,
        cards: Cards,
        county: str,
    ) -> None:
        self.corpus = corpus
        self.cards = cards
        self.organs = organs
        self.lines = hotlines
        self.topics = topics
        self.county = county
        self.actions = Actions(corpus)

    @cached_property
    def matcher(self) -> CardMatcher:
        """Which cards fit a question: a second of work that citations and sums need not await."""
        return CardMatcher(self.cards)

    def shown(
        self, article: Article, today: date, score: float = 1.0, mark: tuple[int, int] | None = None
    ) -> ShownArticle:
        """An article with what a reply says about it on ``today``."""
        version = article.version
        about = (version.note, article.note, note_of(self.corpus, article, today))
        notes = [note for note in about if note]
        status = self.corpus.status(version, today)
        if status is Status.REPEALED and version.repealed_by:
            day = f"{version.repealed.isoformat()}起" if version.repealed else ""
            notes.append(f"{day}已被废止（依据：{version.repealed_by}）。")
        if status is Status.NOT_YET_IN_FORCE and version.effective:
            notes.append(f"{version.effective.isoformat()}起施行，现在还不能适用。")
        return ShownArticle(
            law=version.law,
            short=version.short,
            article=article.number,
            text=article.text,
            status=status.value,
            version_date=version.version_date,
            effective_date=version.effective,
            organ=self.organs.of(version.law, today).primary,
            score=score,
            level=version.level.value,
            region=version.region,
            path=article.path,
            marked=mark,
            note=" ".join(notes) or None,
            ref=article.id,
        )

    def hotlines(self, numbers: Sequence[str]) -> tuple[Hotline, ...]:
        """The reviewed hotlines of these numbers, most urgent first, three at most."""
        return tuple(Hotline(h.number, h.name, h.use) for h in self.lines.choose(numbers))

    def topic(self, hits: Sequence[Hit]) -> Topic:
        """The topic of an answer: its first article's, unless the next two agree on another."""
        names = [self.topics.of(hit.article) for hit in hits[:SHOWN]]
        if len(names) == SHOWN and names[1].key == names[2].key != names[0].key:
            close = hits[1].score > 0.9 * hits[0].score
            return names[1] if close else names[0]
        return names[0]

    def answer(
        self,
        question: str,
        result: Result,
        today: date,
        unsure: bool,
        cards: Sequence[Card] = (),
    ) -> Reply:
        """An answer from search: up to three articles, hotline, notice, buttons.

        ``cards`` are offered as buttons.
        """
        articles = tuple(
            self.shown(hit.article, today, hit.score, hit.marked) for hit in result.hits
        )
        topic = self.topic(result.hits)
        visible = articles[:SHOWN]
        rows: list[tuple[Button, ...]] = [
            (Button(f"怎么办：{card.title}", self.actions.card(card.id)),) for card in cards
        ]
        rows += self.buttons(articles, visible)
        rows += self.further(result)
        reply = self.compose(
            Kind.ANSWER,
            phrases.UNSURE_LEAD if unsure else phrases.ANSWER_LEAD,
            articles,
            visible=len(visible),
            hotlines=self.hotlines((*topic.hotlines, "12348")),
            topic=topic,
            organ=self.organs.of(result.hits[0].article.version.law, today),
            confidence=result.confidence,
            rows=rows,
            absent=absent_for(self.corpus, question, [hit.article for hit in result.hits[:SHOWN]]),
        )
        return replace(reply, cards=tuple((card.id, card.title) for card in cards))

    def further(self, result: Result) -> list[tuple[Button, ...]]:
        """Neighbouring questions to ask next."""
        return [
            (Button(f"问：{related.text[:24]}", self.actions.related(related.id)),)
            for related in result.related[:2]
        ]

    def buttons(
        self, articles: Sequence[ShownArticle], visible: Sequence[ShownArticle]
    ) -> list[tuple[Button, ...]]:
        """Whole articles, further ones, and feedback."""
        rows: list[tuple[Button, ...]] = []
        full = tuple(
            Button(f"全文：{a.short[:8]}{a.article}", self.actions.full(a.ref))
            for a in visible
            if excerpt(a)[1]
        )
        rows += [(button,) for button in full]
        rest = articles[len(visible) :]
        if rest:
            rows.append((Button("更多条文", self.actions.more([a.ref for a in rest])),))
        first = visible[0].ref
        rows.append(
            (
                Button("有用", self.actions.feedback(True, first)),
                Button("没用", self.actions.feedback(False, first)),
            )
        )
        return rows

    def lookup(self, articles: Sequence[ShownArticle], lead: str, today: date) -> Reply:
        """Articles that were asked for by number; whole, however long."""
        topic = self.topics.of(self.corpus.article(articles[0].ref))
        return self.compose(
            Kind.LOOKUP,
            lead,
            tuple(articles),
            visible=len(articles),
            hotlines=self.hotlines(("12348",)),
            topic=topic,
            organ=self.organs.of(articles[0].law, today),
            confidence=1.0,
            rows=self._neighbours(articles[0]),
            whole=True,
        )

    def _neighbours(self, shown: ShownArticle) -> list[tuple[Button, ...]]:
        article = self.corpus.article(shown.ref)
        row = []
        for label, ref in (("上一条", shown.ref - 1), ("下一条", shown.ref + 1)):
            if 0 <= ref < len(self.corpus.articles):
                other = self.corpus.article(ref)
                if other.version.id == article.version.id:
                    row.append(Button(f"{label} {other.number}", self.actions.full(ref)))
        return [tuple(row)] if row else []

    def compose(
        self,
        kind: Kind,
        lead: str,
        articles: tuple[ShownArticle, ...] = (),
        *,
        visible: int = 0,
        hotlines: tuple[Hotline, ...] = (),
        topic: Topic | None = None,
        organ: Organ | None = None,
        gap: bool = False,
        confidence: float = 0.0,
        rows: Sequence[tuple[Button, ...]] = (),
        whole: bool = False,
        absent: Sequence[Absent] = (),
        calls: bool = True,
    ) -> Reply:
        """Put lead, articles, hotlines and notice together into one plain text.

        ``calls`` is False where the lead names the hotlines already.
        """
        blocks = [plain(article, whole=whole) for article in articles[:visible]]
        tail = "\n".join(
            part
            for part in (
                self._calls(hotlines) if calls else "",
                *(regulation.sentence for regulation in absent),
                phrases.LIMITS.format(day=self.corpus.corpus_date) if kind is Kind.ANSWER else "",
                phrases.NOTICE if articles or kind in (Kind.DECLINED, Kind.URGENT) else "",
            )
            if part
        )
        return Reply(
            kind=kind,
            text="\n\n".join(part for part in (lead, *blocks, tail) if part),
            lead=lead,
            tail=tail,
            articles=articles,
            shown=visible,
            hotlines=hotlines,
            topic=topic.name if topic else None,
            organ=organ.primary if organ else None,
            system=organ.system if organ else None,
            gap=gap,
            corpus_date=self.corpus.corpus_date,
            confidence=confidence,
            buttons=tuple(rows),
        )

    def say(
        self,
        kind: Kind,
        text: str,
        *numbers: str,
        gap: bool = False,
        topic: Topic | None = None,
        confidence: float = 0.0,
    ) -> Reply:
        """Words without articles, with the hotlines of these numbers."""
        lines = self.hotlines(numbers)
        return self.compose(kind, text, hotlines=lines, gap=gap, topic=topic, confidence=confidence)

    @staticmethod
    def relead(reply: Reply, lead: str) -> Reply:
        """The same reply under another lead."""
        return replace(reply, lead=lead, text=reply.text.replace(reply.lead, lead, 1))

    @staticmethod
    def _calls(hotlines: Sequence[Hotline]) -> str:
        if not hotlines:
            return ""
        return "可以打：" + "；".join(f"{line.number}（{line.name}）" for line in hotlines)


def heading(article: ShownArticle) -> str:
    """The line above an article: law, number, version, status, level where it is not a statute."""
    status = Status(article.status).label
    rank = "" if article.level in (Level.STATUTE, Level.CONSTITUTION) else article.level
    level = "".join(f"{part}，" for part in (article.region, rank) if part)
    version = f"{article.version_date.isoformat()}通过的文本"
    effective = f"，{article.effective_date.isoformat()}起施行" if article.effective_date else ""
    return f"《{article.law}》{article.article}（{level}{version}{effective}，{status}）"


def excerpt(article: ShownArticle) -> tuple[str, bool]:
    """The paragraphs to show, and whether something was left out.

    Whole paragraphs only, so that nothing is quoted out of its sentence; the one that holds the
    marked sentence is always among them.
    """
    if len(article.text) <= EXCERPT:
        return article.text, False
    paragraphs = article.text.split("\n")
    starts, position = [], 0
    for paragraph in paragraphs:
        starts.append(position)
        position += len(paragraph) + 1
    at = article.marked[0] if article.marked else 0
    best = max(i for i, begin in enumerate(starts) if begin <= at)
    keep, budget = {0, best}, EXCERPT - len(paragraphs[0]) - len(paragraphs[best])
    for index in (*range(best + 1, len(paragraphs)), *range(best - 1, 0, -1)):
        if index in keep:
            continue
        budget -= len(paragraphs[index])
        if budget < 0:
            break
        keep.add(index)
    parts, previous = [], -1
    for index in sorted(keep):
        if index > previous + 1:
            parts.append("……")
        parts.append(paragraphs[index])
        previous = index
    if previous < len(paragraphs) - 1:
        parts.append("……")
    return "\n".join(parts), len(keep) < len(paragraphs)


def plain(article: ShownArticle, *, whole: bool = False) -> str:
    """An article as plain text: heading, key sentence, words of the law, organ, notes."""
    text, cut = (article.text, False) if whole else excerpt(article)
    lines = [heading(article)]
    if article.marked and article.marked != (0, len(article.text)):
        begin, end = article.marked
        lines.append(f"▶ 要点：“{article.text[begin:end].strip()}”")
    lines.append(text)
    if cut:
        lines.append("（本条较长，以上为节选，点“全文”看整条）")
    lines.append(f"责任单位：{article.organ}")
    if article.note:
        lines.append(f"提示：{article.note}")
    return "\n".join(lines)


def limited(reply: Reply, count: int) -> Reply:
    """The same reply with at most ``count`` ranked articles."""
    return replace(reply, articles=reply.articles[:count]) if count < len(reply.articles) else reply
