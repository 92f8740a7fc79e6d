"""A "law" or rumour that a resident pastes, compared with the statutes held.

Nothing is ever confirmed that does not stand in the corpus: the words are the law's, or they differ
(shown mark by mark), or there is no such article, or it is repealed, or the corpus does not say so
(and it holds statutes only: 12348). 法治宣传教育法 54.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import date

from handlers import phrases
from handlers.messages import Kind, Reply
from handlers.questions import SHOWN, Composer
from knowledge.articles import Article, Status
from knowledge.checking import compare, likeness, marked
from knowledge.citation_text import Citation, parse_citations
from knowledge.citations import resolve_citation
from knowledge.wording import wording_of
from retrieval.search import Result

_HEARD = re.compile(
    r"听(?:人|别人|邻居|村里人|他们|朋友|亲戚|老乡)?(?:说|讲)|据说|(?:网上|群里|抖音上?|快手上?|朋友圈|微信上?|村里|大家|人家|别人|有人|都|短信|视频里?|公众号|专家|业务员|老板|店家|商家|对方|他们|他|她)(?:都|老|总|里|上)?(?:在)?(?:说|讲|传|称|转发|发(?:的|了|消息))"
    r"|看到(?:一条|个|条|有)?(?:消息|帖子|新闻|说法|文章|通知|视频)|刷到|转发|谣言|传言|说法"
)
_VERIFY = re.compile(
    r"[,，。;；!！?？]?(?:请问|想问(?:一下)?|这|这个|这话|这条|这说法|那|到底|帮我|帮忙|麻烦|你)*(?:"
    r"(?:到底)?是(?:不是)?真的?(?:吗|么|不|还是假的?)?|真的?(?:吗|么|假的?)|真假|是真是假|有没有这(?:回事|个事|条|个|种|样的)?(?:规定|法律|法条|说法|条文)?"
    r"|有(?:没有)?这(?:回事|个事|条|个|种|样的)?(?:规定|法律|法条|说法|条文)?(?:吗|么|没有|没)?|对不对|对(?:吗|么)|是(?:吗|么)|可信吗|靠谱(?:吗|不)|能信(?:吗|不)|属实吗|是(?:不是)?谣言(?:吗)?"
    r"|核实(?:一下|下)?|(?:核对|查查|查一下|验证|验|辨别)(?:一下)?(?:真假|对不对|是不是真的|真伪)?|是这样(?:的)?(?:吗|么)|法律(?:上)?(?:真的)?(?:有|是)?这么(?:规定|说|写)(?:的)?(?:吗|么|不)?|写(?:得)?对(?:吗|不)"
    r"|原文是(?:这样|这么)(?:写|说)?的?(?:吗|么)|真有(?:这|此)(?:条|事|规定)(?:吗|么)?)[?？。!！~]*"
)
_NEWS = re.compile(
    r"^[【\[]?(?:(?:最新|重要|紧急|重磅|好消息|官方|国家|今日|特大)?(?:新?规定|新规|新政策?|新法|通知|通告|公告|消息|提醒|规定|文件|政策)(?:出台|下来)?(?:了)?)[】\]]?[:：,，!！\s]+"
    r"|^(?:从|自)?(?:今天|明天|下个?月|明年|本月|\d{1,2}月\d{1,2}[日号]|\d{4}年)(?:\d{1,2}月)?(?:\d{1,2}[日号])?(?:开始|起)[,，]?"
)
_SAYS = re.compile(
    r"^\s*[)）]?\s*(?:的|中|里|里面|当中|明确|明文|清楚|白纸黑字|现在|已经|新|就|都|也|是)*"
    r"(?:(?:规定|说|写着?|写明|讲|指出|要求|明确|载明)(?:过|了|的是|道|着|是)?\s*[:：,，]?|[:：]|(?=[“「『\"]))\s*"
)
_ASKS = re.compile(r"什么|啥|怎么|咋|多少|第?几[年天个倍条]|哪|如何|是否|谁|为何|吗\W*$|呢\W*$")
_AFTERWARDS = re.compile(r"[\W_]*(?:谢谢|求解答|在线等|急)?[\W_]*")
_EDGES = ' \t\n,，。;；:：、!！?？~～“”"「」『』【】'
SHORTEST = 4  # characters of a claim
LONGEST = 200  # of a message that is a rumour and nothing else
EARLY = 12  # characters before 听说, 网上说
CLOSE = 0.75  # likeness from which words without a citation are an article's, changed
LONG = 14  # and they must be so many characters


@dataclass(frozen=True, slots=True)
class Claim:
    """What somebody says the law says; ``citation`` is None where no article is named."""

    words: str
    citation: Citation | None


def claim_in(text: str) -> Claim | None:
    """The claim of law that a normalised message asks about; None where it makes none.

    With a citation, what is said to stand there (规定…, “…”, ：…) counts when the message asks
    whether it is true, says where it was heard, or is nothing but that. Without one, a rumour must
    say that it is one and ask, or open like news.
    """
    asked, heard = _VERIFY.search(text), _HEARD.search(text)
    for citation in parse_citations(text):
        if citation.law_name is None:
            continue
        after = text[citation.span[1] :]
        says = _SAYS.match(after)
        if not says:
            continue
        words = _without_question(after[says.end() :]).strip(_EDGES)
        alone = citation.span[0] <= 4
        if len(words) >= SHORTEST and not _ASKS.search(words) and (asked or heard or alone):
            name = _HEARD.sub("", citation.law_name) or citation.law_name
            return Claim(words, replace(citation, law_name=name))
        return None
    news = _NEWS.match(text)
    early = heard is not None and heard.start() <= EARLY
    if len(text) <= LONGEST and (news or (asked and early)):
        words = _without_question(text[news.end() if news else 0 :]).strip(_EDGES)
        opening = _HEARD.match(words)
        words = words[opening.end() :].strip(_EDGES) if opening else words
        if len(words) >= SHORTEST and not (news and not asked and _ASKS.search(words)):
            return Claim(words, None)
    return None


def _without_question(text: str) -> str:
    """The text less 是真的吗 at its end."""
    for asked in _VERIFY.finditer(text):
        if _AFTERWARDS.fullmatch(text[asked.end() :]):
            return text[: asked.start()]
    return text


def check_cited(composer: Composer, claim: Claim, today: date) -> Reply:
    """A claim that names its article, compared with that article."""
    assert claim.citation is not None
    resolution = resolve_citation(composer.corpus, claim.citation, today)
    if not resolution.found:
        said = phrases.CLAIM_NO_ARTICLE.format(why=resolution.message)
        elsewhere = _verbatim(composer, claim.words, today)
        if elsewhere:
            return _beside(composer, elsewhere, f"{said}\n{phrases.CLAIM_ELSEWHERE}", today)
        return composer.compose(
            Kind.LOOKUP, said, hotlines=composer.hotlines(("12348",)), confidence=1.0
        )
    article = resolution.articles[0]
    part = article.text[slice(*resolution.span)] if resolution.span else article.text
    status = composer.corpus.status(article.version, today)
    if not status.applies:
        lead = phrases.CLAIM_NOT_LAW[status].format(why=resolution.message)
    elif not compare(part, claim.words):
        lead = phrases.CLAIM_MATCHES + resolution.message
    elif not compare(article.text, claim.words):
        lead = phrases.CLAIM_OTHER_PART + resolution.message
    elif likeness(part, claim.words) >= 0.5:
        lead = phrases.CLAIM_DIFFERS.format(marked=marked(part, claim.words))
    else:
        lead = phrases.CLAIM_NOT_THERE.format(words=_short(claim.words))
        elsewhere = _verbatim(composer, claim.words, today)
        if elsewhere:
            lead += "\n" + phrases.CLAIM_ELSEWHERE
            return _beside(composer, [article, *elsewhere], lead, today)
    return _beside(composer, [article], lead, today, resolution.span)


def check_verbatim(composer: Composer, claim: Claim, today: date) -> Reply | None:
    """A claim without a citation whose words stand in an article as they are."""
    articles = _verbatim(composer, claim.words, today)
    if not articles:
        return None
    status = composer.corpus.status(articles[0].version, today)
    lead = phrases.CLAIM_FOUND if status.applies else phrases.CLAIM_FOUND_OLD
    return _beside(composer, articles, lead, today)


def check_found(composer: Composer, claim: Claim, result: Result, today: date) -> Reply | None:
    """A claim without a citation that is a found article's words, changed."""
    if len(claim.words) < LONG:
        return None
    alike = [(likeness(hit.article.text, claim.words), hit.article) for hit in result.hits]
    best = max(alike, key=lambda pair: pair[0], default=(0.0, None))
    if best[1] is None or best[0] < CLOSE:
        return None
    lead = phrases.CLAIM_DIFFERS.format(marked=marked(best[1].text, claim.words))
    return _beside(composer, [best[1]], lead, today)


def _verbatim(composer: Composer, words: str, today: date) -> list[Article]:
    """Articles that hold the words, one of each law, those that apply first."""
    found = wording_of(composer.corpus).find(words)
    rank = {status: place for place, status in enumerate(Status)}
    found.sort(key=lambda a: (rank[composer.corpus.status(a.version, today)], a.id))
    firsts: dict[tuple[str, str], Article] = {}
    for article in found:
        firsts.setdefault((article.version.law, article.number), article)
    return list(firsts.values())


def _beside(
    composer: Composer,
    articles: list[Article],
    lead: str,
    today: date,
    span: tuple[int, int] | None = None,
) -> Reply:
    shown = [composer.shown(article, today) for article in articles[:SHOWN]]
    if span is not None:
        shown[0] = replace(shown[0], marked=span)
    return composer.lookup(shown, f"{lead}\n{phrases.CLAIM_TEXT}", today)


def _short(words: str) -> str:
    return words if len(words) <= 60 else f"{words[:60]}……"
