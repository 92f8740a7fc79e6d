"""The dates line under a law's title, and the commencement in its closing article.

「（1993年10月31日第八届全国人民代表大会常务委员会第四次会议通过　根据2013年10月25日第十二届全国
人民代表大会常务委员会第五次会议《关于修改〈…〉的决定》第二次修正　自2014年3月15日起施行）」
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from knowledge.articles import Level
from knowledge.numerals import NUMERAL, parse_number

_N = f"[{NUMERAL}]"
DATE = re.compile(rf"({_N}{{4}})\s*年\s*({_N}{{1,3}})\s*月\s*({_N}{{1,3}})\s*日")
_ACTS = re.compile(r"通过|修正|修订|修改|公布|发布|施行|实施|批准")
_ADOPTED = re.compile(r"通过|第[^，。]{1,4}次修正|修正|修订|修改")
_PUBLISHED = re.compile(r"公布|发布")
_AT_ONCE = re.compile(r"自(?:公布|发布|通过)之日起(?:施行|实施|生效)")
_SESSION = re.compile(rf"第{_N}+(?:届|次)|(?:常务)?会议")
_TITLE = re.compile(r"《[^》]*》")
_CLOSING = re.compile(
    rf"本[^，。；本]{{1,12}}自(?:(?P<day>{_N}{{4}}\s*年\s*{_N}{{1,3}}\s*月\s*{_N}{{1,3}}\s*日)|(?:公布|发布)之日)"
    r"起(?:正式)?(?:施行|实施|生效)"
)
_CONGRESS = re.compile(r"([一-龥]{0,24}?人民代表大会(?:常务委员会)?)")
_GOVERNMENT = re.compile(r"([一-龥]{2,24}?人民政府)")
_COURTS = re.compile(r"最高人民法院|最高人民检察院")
_REGION = re.compile(r"(.{2,}?)(?:人民代表大会(?:常务委员会)?|人民政府)$")


@dataclass(frozen=True, slots=True)
class History:
    """What a dates line says; None where it is silent. ``bad`` are dates no calendar has."""

    adopted: date | None = None
    published: date | None = None
    effective: date | None = None
    issuer: str | None = None
    bad: tuple[str, ...] = ()


def is_history(text: str) -> bool:
    """Whether a line is (the first of) a dates line: bracketed or opening with a date."""
    opening = text.lstrip("（(").lstrip()
    bracketed = opening != text
    found = DATE.search(opening)
    if not found or not (_ACTS.search(text) or bracketed):
        return False
    return (bracketed and found.start() <= 12) or (
        found.start() == 0 and bool(_ACTS.search(text)) and not text.endswith("。")
    )


def read_history(text: str) -> History:
    """Read a dates line.

    The version's date is the last adoption, amendment or revision; where an act was only
    published (older regulations), that day.
    """
    plain = "".join(text.split())
    found = list(DATE.finditer(plain))
    adopted: list[date] = []
    published: list[date] = []
    effective: list[date] = []
    bad: list[str] = []
    issuers: list[tuple[date, str]] = []
    for i, match in enumerate(found):
        day = to_day(match)
        if day is None:
            bad.append(match.group())
            continue
        stop = found[i + 1].start() if i + 1 < len(found) else len(plain)
        act = _TITLE.sub("", plain[match.end() : stop])
        if plain[: match.start()].endswith(("自", "从")) and act.startswith("起"):
            effective.append(day)
            continue
        if issuer := _issuer(act):
            issuers.append((day, issuer))
        if _ADOPTED.search(act):
            adopted.append(day)
        if _PUBLISHED.search(act):
            published.append(day)
            if not adopted and not _ADOPTED.search(plain):
                adopted.append(day)
    version = max(adopted, default=None)
    issued = max(published, default=None)
    if version and issued and issued < version:
        issued = None  # the publication of an earlier wording
    if not effective and _AT_ONCE.search(plain) and issued:
        effective.append(issued)
    issuer = next((name for day, name in issuers if day == version), None)
    issuer = issuer or next((name for _, name in reversed(issuers)), None)
    return History(version, issued, max(effective, default=None), issuer, tuple(bad))


def to_day(match: re.Match[str]) -> date | None:
    """The day of a :data:`DATE` match, None when no calendar has it."""
    year, month, day = (parse_number(part) for part in match.groups())
    try:
        return date(year or 0, month or 0, day or 0)
    except ValueError:
        return None


def closing_commencement(texts: Iterable[str], published: date | None) -> date | None:
    """The commencement stated by the last of ``texts`` that states one (本条例自…起施行)."""
    for text in reversed(list(texts)):
        found = list(_CLOSING.finditer(text))
        if found:
            match = DATE.fullmatch(found[-1]["day"]) if found[-1]["day"] else None
            return to_day(match) if match else published
    return None


def _issuer(act: str) -> str | None:
    courts = list(dict.fromkeys(_COURTS.findall(act)))
    if courts:
        return "、".join(courts)
    plain = _SESSION.sub("", act).removeprefix("经").removeprefix("由")
    match = _CONGRESS.search(plain) or _GOVERNMENT.search(plain)
    if match:
        return match.group(1)
    return "国务院" if plain.replace("中华人民共和国", "").startswith("国务院") else None


def guess_level(issuer: str | None, name: str | None) -> Level | None:
    """The level that an issuer's acts have; None where the issuer does not settle it."""
    if not issuer:
        return None
    if issuer.startswith("全国人民代表大会"):
        if name == "中华人民共和国宪法":
            return Level.CONSTITUTION
        return Level.INTERPRETATION if name and name.endswith("的解释") else Level.STATUTE
    if _COURTS.match(issuer):
        return Level.JUDICIAL_INTERPRETATION
    if issuer == "国务院":
        return Level.ADMINISTRATIVE_REGULATION
    if "人民代表大会" in issuer:
        return Level.LOCAL_REGULATION
    return Level.LOCAL_RULE if issuer.endswith("人民政府") else None


def guess_region(issuer: str | None) -> str | None:
    """浙江省 for 浙江省人民代表大会常务委员会; None for a national issuer."""
    match = _REGION.fullmatch(issuer or "")
    return match.group(1) if match and match.group(1) != "全国" else None
