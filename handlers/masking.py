"""Personal numbers are removed before anything is stored, searched or logged.

个人信息保护法 6, 19, 51: what is not needed is not kept. Cards, identity numbers, telephone numbers
and one-time codes are never needed to find an article, so every run of seven or more digits goes,
whatever script, width or spacing it is written in; short runs go when they stand near the words for
a code or a password. Public hotlines stay readable, or triage would lose 「96110 打来的」.
"""

from __future__ import annotations

import re
import unicodedata

PLACEHOLDER = "〔号码已隐去〕"
CODE_PLACEHOLDER = "〔数字已隐去〕"
MAIL_PLACEHOLDER = "〔邮箱已隐去〕"

_HAN_DIGITS = "零〇○一二三四五六七八九幺两壹贰叁肆伍陆柒捌玖"
_MIN_DIGITS = 7  # the shortest landline number; no statute, article or amount in words is hit
HOTLINES = frozenset(
    "110 119 120 122 96110 12110 12120 12309 12315 12333 12338 12345 12348 12355 12356 12366 12368"
    " 12378 12381 12389 12393 12388 95588 95533 95599 95566".split()
)
# What people put between the digits of one number. A comma only between groups of four, since
# elsewhere it separates amounts.
_GAP = r"[\s\-–—－.·．_/()（）+\u200b-\u200f\u2060\ufeff]{0,3}"
_GAP_CARD = r"(?:[,，、](?=\S{4}(?:[,，、]|\b)))"


def _is_digit(char: str) -> bool:
    if char in _HAN_DIGITS:
        return True
    try:
        return unicodedata.digit(char, None) is not None
    except TypeError:
        return False


# \d covers every decimal script (full-width, Arabic-Indic); circled and other digit forms are
# folded beforehand by looking at each character's digit value.
_DIGIT = rf"[\d{_HAN_DIGITS}\u2460-\u2468\u24ea\u2070\u00b9\u00b2\u00b3\u2074-\u2079\u2080-\u2089]"
_RUN = re.compile(rf"{_DIGIT}(?:(?:{_GAP}|{_GAP_CARD}){_DIGIT})*(?:{_GAP}[xXｘＸ](?![a-zA-Z]))?")
_CODE_WORD = (
    r"(?:验证码|驗證碼|校验码|动态码|动态密码|动态口令|短信码|确认码|激活码|取件码|提取码|密码|密碼|口令"
    r"|cvv|cvc|pin|code|passcode|password|otp|pwd)"
)
_CODE_RUN = rf"{_DIGIT}(?:{_GAP}{_DIGIT}){{2,9}}"
_CODE_AFTER = re.compile(rf"({_CODE_WORD}[^\d。！？\n]{{0,14}}?)({_CODE_RUN})", re.IGNORECASE)
_CODE_BEFORE = re.compile(rf"({_CODE_RUN})([^\d。！？\n]{{0,10}}{_CODE_WORD})", re.IGNORECASE)
_ALNUM_CODE = re.compile(
    rf"({_CODE_WORD}[\s:：是为=]{{1,4}})([A-Za-z0-9!@#$%^&*._-]{{4,32}})", re.IGNORECASE
)
# A code that is not called one: a number that came by message, or is to be read out to somebody.
_HANDED = (
    r"(?:短信|发来|念给|报给|念一下|念出来|(?:发|告诉|给)(?:给)?(?:他|她|对方|客服)|输入|让我填)"
)
_AMOUNT = r"\s*[元块万千百年月日条人次个斤亩天]"
_LIKE_CODE = rf"(?<!{_DIGIT}){_DIGIT}(?:{_GAP}{_DIGIT}){{3,7}}(?!{_GAP}{_DIGIT}|{_AMOUNT})"
_HANDED_AFTER = re.compile(rf"({_HANDED}[^\d。！？\n]{{0,6}}?)({_LIKE_CODE})")
_HANDED_BEFORE = re.compile(rf"({_LIKE_CODE})([^\d。！？\n]{{0,6}}{_HANDED})")
_MAIL = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")


# A day as people write it, an hour after it: no telephone, card or identity number looks so.
_DAY = re.compile(
    r"20\d\d(?P<gap>[-./])(?:0?[1-9]|1[0-2])(?P=gap)(?:0?[1-9]|[12]\d|3[01])(?:\s+[0-2]?\d)?"
)


def _mask_run(match: re.Match[str]) -> str:
    run = match.group()
    digits = sum(map(_is_digit, run))
    if digits < _MIN_DIGITS or _DAY.fullmatch(run):
        return run
    groups = re.findall(r"\d+", unicodedata.normalize("NFKC", run))
    if groups and sum(map(len, groups)) == digits and all(g in HOTLINES for g in groups):
        return run
    return PLACEHOLDER


def _mask_code(run: str) -> str:
    folded = re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", run))
    return run if folded in HOTLINES else CODE_PLACEHOLDER


def mask(text: str) -> str:
    """``text`` with personal numbers, one-time codes, passwords and mail addresses replaced.

    Idempotent; all other characters are kept as they are.
    """
    text = _MAIL.sub(MAIL_PLACEHOLDER, text)
    text = _ALNUM_CODE.sub(lambda m: m.group(1) + _mask_code(m.group(2)), text)
    text = _CODE_AFTER.sub(lambda m: m.group(1) + _mask_code(m.group(2)), text)
    text = _CODE_BEFORE.sub(lambda m: _mask_code(m.group(1)) + m.group(2), text)
    text = _HANDED_AFTER.sub(lambda m: m.group(1) + _mask_code(m.group(2)), text)
    text = _HANDED_BEFORE.sub(lambda m: _mask_code(m.group(1)) + m.group(2), text)
    return _RUN.sub(_mask_run, text)
