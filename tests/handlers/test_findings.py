"""What staff read about the citations of a text: only what was compared is called the same."""

from __future__ import annotations

from datetime import date

from handlers.lookups import UNCOMPARED, findings_json, findings_text
from knowledge.checking import check_citations
from knowledge.corpus import Corpus

DAY = date(2026, 11, 24)


def test_an_article_without_a_quotation_is_not_called_right(corpus: Corpus) -> None:
    found = check_citations(corpus, "《民法典》第188条规定诉讼时效两年。", DAY)
    assert UNCOMPARED in findings_text(found, DAY)
    assert "正确" not in findings_text(found, DAY)
    assert [entry["compared"] for entry in findings_json(found)] == [False]


def test_a_quotation_that_agrees_is(corpus: Corpus) -> None:
    text = "宪法第三十八条：“中华人民共和国公民的人格尊严不受侵犯。”"
    found = check_citations(corpus, text, DAY)
    assert "1 处引文与原文一致" in findings_text(found, DAY)
    assert [entry["compared"] for entry in findings_json(found)] == [True]
