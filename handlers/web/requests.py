"""From an HTTP request to a checked message, or to a refusal that says what to do instead.

Refusals are starlette's ``HTTPException``: the status, and one Chinese sentence that the resident
sees. Nothing of the message itself is repeated in them.
"""

from __future__ import annotations

import hashlib
import json
import re
import secrets
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import parse_qs

import anyio
from starlette.exceptions import HTTPException
from starlette.requests import Request

from handlers.web.sessions import COOKIE_PREFIX

MAX_CHARACTERS = 2_000
MAX_ACTION_BYTES = 60  # handlers.messages.Button
MAX_SESSION = 128
# 2,000 characters beyond the basic plane, each escaped as \\uD8xx\\uDCxx or percent-encoded, need
# 24,000 bytes; the rest is for the other fields.
MAX_BODY_BYTES = 32_768
BODY_SECONDS = 15.0

_KEY = re.compile(r"[A-Za-z0-9_-]{8,64}")
_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class Message:
    """What a resident sent: ``text`` or the ``action`` of a pressed button, never both.

    ``key`` makes a repeated delivery recognisable; ``session`` is None where the cookie counts.
    """

    text: str
    action: str | None
    key: str
    session: str | None = None


async def read_json(request: Request) -> Message:
    """The message in an ``application/json`` body (the contract's ``POST /api/ask``).

    Raises:
        HTTPException: 400 (not JSON, wrong types, empty), 408, 413 (too long), 415.
    """
    if _media_type(request) != "application/json":
        raise HTTPException(415, '请用 application/json 格式发送：{"text": "您的问题"}。')
    body = await _body(request)
    try:
        fields = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise HTTPException(400, "发来的内容不是有效的 JSON，请检查格式后重发。") from error
    if not isinstance(fields, dict):
        raise HTTPException(400, '发来的 JSON 应是一个对象：{"text": "您的问题"}。')
    return _message(
        text=_string(fields, "text"),
        action=_string(fields, "action"),
        key=_string(fields, "key"),
        session=_string(fields, "session"),
    )


async def read_form(request: Request, most: int = MAX_BODY_BYTES) -> dict[str, str]:
    """The fields of a page's form (``application/x-www-form-urlencoded``), the first of each name;
    the body has ``most`` bytes at most.

    Raises:
        HTTPException: 400 (not UTF-8), 403 (sent by another site), 408, 413, 415.
    """
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise HTTPException(403, "请在本页面上提问。")
    if _media_type(request) != "application/x-www-form-urlencoded":
        raise HTTPException(415, "请在本页面的输入框里提问。")
    body = await _body(request, most)
    try:
        # 64 fields are far more than the form has; parse_qs refuses the rest
        fields = parse_qs(body.decode("ascii"), errors="strict", max_num_fields=64)
    except ValueError as error:
        raise HTTPException(400, "提交的内容无法识别，请重新填写。") from error
    return {name: values[0] for name, values in fields.items()}


def form_message(fields: dict[str, str]) -> Message:
    """The message in a page's form; refusals as in :func:`read_json`.

    The page's key is hashed together with what was sent: reloading or pressing twice repeats the
    message, while going back to the same page and asking something else is a new one.
    """
    # browsers send line ends as CR LF (HTML, form-data set)
    text = fields.get("text", "").replace("\r\n", "\n")
    message = _message(text=text, action=fields.get("action"), key=fields.get("key"), session=None)
    sent = "\x1f".join((message.key, message.text, message.action or ""))
    return replace(message, key=hashlib.sha256(sent.encode()).hexdigest()[:32])


def new_key() -> str:
    """A random idempotency key."""
    return secrets.token_hex(16)


def _message(
    *, text: str | None, action: str | None, key: str | None, session: str | None
) -> Message:
    text = _CONTROL.sub(" ", text or "").strip()
    if len(text) > MAX_CHARACTERS:
        raise HTTPException(
            413,
            f"您写了 {len(text):,} 字，一次最多 {MAX_CHARACTERS:,} 字。请只留最要紧的："
            "什么事、什么时候、和谁、想知道什么；有几件事就分几次问。"
            "正在被骗或有危险，先打 110；拿不准是不是诈骗，打 96110。",
        )
    if text and action:
        raise HTTPException(400, "text 和 action 一次只能发一个。")
    if not text and not action:
        raise HTTPException(400, "还没有写问题。请写下您想问的事，例如“网购的衣服能退吗”。")
    if action and (len(action.encode()) > MAX_ACTION_BYTES or _CONTROL.search(action)):
        raise HTTPException(400, "这个按钮的内容无法识别，请刷新页面后再试。")
    if key is not None and not _KEY.fullmatch(key):
        raise HTTPException(400, "key 应是 8 到 64 个字母、数字、“-”或“_”。")
    if session is not None:
        session = session.strip()
        if (
            not 1 <= len(session) <= MAX_SESSION
            or not session.isprintable()
            or session.startswith(COOKIE_PREFIX)
        ):
            raise HTTPException(400, f"session 应是 1 到 {MAX_SESSION} 个可见字符。")
    return Message(text=text, action=action or None, key=key or new_key(), session=session)


def _string(fields: dict[str, Any], name: str) -> str | None:
    value = fields.get(name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise HTTPException(400, f"{name} 应是文字（字符串）。")
    try:
        value.encode()
    except UnicodeEncodeError as error:  # half of a surrogate pair: no store can keep it
        raise HTTPException(400, f"{name} 里有无法识别的字符，请删去后重发。") from error
    return value


def _media_type(request: Request) -> str:
    return request.headers.get("content-type", "").partition(";")[0].strip().lower()


async def _body(request: Request, most: int = MAX_BODY_BYTES) -> bytes:
    too_large = HTTPException(
        413, f"发来的内容太大。请把问题控制在 {MAX_CHARACTERS:,} 字以内，有几件事就分几次问。"
    )
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > most:
        raise too_large
    body = bytearray()
    try:
        with anyio.fail_after(BODY_SECONDS):
            async for chunk in request.stream():
                body += chunk
                if len(body) > most:
                    raise too_large
    except TimeoutError as error:
        raise HTTPException(408, "网络太慢，没有收全您的问题，请重发。") from error
    return bytes(body)
