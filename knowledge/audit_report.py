"""The corpus check as people read it: on the terminal, and as ``docs/corpus-check.md``.

Both depend on nothing but the report: the same corpus gives the same characters.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import groupby

from knowledge.audit import Report, Tally
from knowledge.consolidation import Verdict
from knowledge.findings import Finding, Topic


def render_text(report: Report) -> str:
    """The whole report for the terminal; what needs a person's eyes comes last."""
    lines = [_headline(report), "", "各文本条数（条、其中之X、附件等、最后一条）："]
    lines += [f"  {_tally_line(tally)}" for tally in report.tallies]
    lines += ["", "清理规则："]
    lines += [
        f"  {rule.rule}：{rule.changes} 次，{rule.articles} 条，"
        f"去 {rule.removed} 字、补 {rule.inserted} 字"
        for rule in report.rules
    ]
    lines += ["", "修改决定与现行文本核对："]
    lines += [f"  {law}：{counts}" for law, counts in _amendment_lines(report)]
    for topic, findings in _by_topic(report):
        lines += ["", f"{topic.label}（{len(findings)}）："]
        for reason, group in _by_reason(findings):
            if reason is not None:
                lines.append(f"  已确认：{reason}")
                lines += [f"    {finding.message}" for finding in group]
    lines += ["", *_verdict_lines(report)]
    return "\n".join(lines) + "\n"


def render_markdown(report: Report) -> str:
    """The report as a Markdown document (generated: never edited by hand)."""
    lines = [
        "# 语料检查报告",
        "",
        "<!-- 由 python bot.py corpus check --markdown docs/corpus-check.md 生成，请勿手改 -->",
        "",
        _headline(report),
        "",
        *_verdict_lines(report),
        "",
        "## 清理规则",
        "",
        "每条规则只改下列字数；原文 = 清理后文本 + 去掉的字 − 补上的字，由测试逐条证明。",
        "",
        "| 规则 | 次数 | 涉及条文 | 去掉字数 | 补上字数 |",
        "|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {rule.rule} | {rule.changes} | {rule.articles} | {rule.removed} | {rule.inserted} |"
        for rule in report.rules
    ]
    lines += ["", "## 修改决定与现行文本核对", ""]
    lines += [f"- {law}：{counts}" for law, counts in _amendment_lines(report)]
    lines += ["", "## 需要人看的地方"]
    for topic, findings in _by_topic(report):
        lines += ["", f"### {topic.label}（{len(findings)}）"]
        for reason, group in _by_reason(findings):
            title = "**未确认**" if reason is None else f"已确认：{reason}"
            lines += ["", f"{title}", ""]
            lines += [f"- {_escaped(finding.message)}" for finding in group]
    lines += [
        "",
        "## 各文本条数",
        "",
        "状态按语料日期计算。“附件等”包括附件、附表和不分条的全文。",
        "",
        "| 法律 | 文本 | 状态 | 条 | 其中之X | 附件等 | 最后一条 |",
        "|---|---|---|---:|---:|---:|---:|",
    ]
    lines += [
        f"| {t.version.short} | {t.version.version_date} | {t.status.label} | {t.articles}"
        f" | {t.inserted or ''} | {t.annexes or ''} | {t.last or ''} |"
        for t in report.tallies
    ]
    return "\n".join(lines) + "\n"


def _headline(report: Report) -> str:
    corpus, source = report.corpus, report.corpus.provenance
    return (
        f"语料日期 {corpus.corpus_date}；数据源 {source.package} {source.version}；"
        f"{len(corpus.laws)} 部法律、{len(corpus.versions)} 个版本、{len(corpus.articles)} 条。"
    )


def _verdict_lines(report: Report) -> Iterator[str]:
    open_ = report.unacknowledged
    seen = len(report.findings) - len(open_)
    if not open_:
        yield f"检查通过：{seen} 处已确认，没有未确认的。"
        return
    yield f"检查未通过：{len(open_)} 处未确认（另有 {seen} 处已确认）。"
    for finding in open_:
        yield f"- [{finding.topic.label}] {finding.message}　键：`{finding.key}`"
    yield "核实后请在 knowledge/corrections.toml 更正，或在 knowledge/acknowledged.toml 写明理由。"


def _tally_line(tally: Tally) -> str:
    version = tally.version
    more = [
        f"之X {tally.inserted}" if tally.inserted else "",
        f"附件等 {tally.annexes}" if tally.annexes else "",
        f"最后一条 {tally.last}" if tally.last else "",
    ]
    figures = "，".join(filter(None, (f"{tally.articles} 条", *more)))
    return f"{version.short}（{version.version_date}，{tally.status.label}）：{figures}"


def _amendment_lines(report: Report) -> Iterator[tuple[str, str]]:
    for law, counts in report.amendments.items():
        figures = "，".join(f"{v} {counts[v]}" for v in Verdict if counts[v])
        yield law, f"{sum(counts.values())} 处修改：{figures}"


def _by_topic(report: Report) -> Iterator[tuple[Topic, list[Finding]]]:
    for topic, findings in groupby(report.findings, key=lambda finding: finding.topic):
        yield topic, list(findings)


def _by_reason(findings: list[Finding]) -> list[tuple[str | None, list[Finding]]]:
    groups: dict[str | None, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.reason, []).append(finding)
    return sorted(groups.items(), key=lambda pair: pair[0] is not None)


def _escaped(text: str) -> str:
    return text.replace("|", "\\|").replace("<", "\\<")
