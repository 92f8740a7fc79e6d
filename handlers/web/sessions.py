"""Who is asking: a client's own session string, or a random cookie that tells nothing."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

COOKIE_PREFIX = "cookie:"
_MAX_AGE = 90 * 24 * 3600  # seconds; 个人信息保护法 19: no longer than counting residents needs
_FORM = re.compile(r"[A-Za-z0-9_-]{32}")


@dataclass(frozen=True, slots=True)
class Session:
    """``id`` is what the desk turns into a resident key; ``fresh`` is a cookie value to set."""

    id: str
    fresh: str | None = None


class Sessions:
    """Reads and writes the session cookie.

    The cookie is HttpOnly and SameSite=Lax, and with ``secure`` also Secure and ``__Host-``
    (RFC 6265bis 4.1.3.2), so that neither a sibling host nor plain HTTP can plant one. Its ids live
    in a name space of their own: no session string sent by a client can equal one.
    """

    def __init__(self, *, secure: bool) -> None:
        self._secure = secure
        self.cookie = "__Host-pufa" if secure else "pufa"

    def of(self, request: Request, named: str | None = None) -> Session:
        """The session of a request: the one it names, else its cookie's, else a new one."""
        if named is not None:
            return Session(named)
        held = request.cookies.get(self.cookie, "")
        if _FORM.fullmatch(held):
            return Session(COOKIE_PREFIX + held)
        fresh = secrets.token_urlsafe(24)
        return Session(COOKIE_PREFIX + fresh, fresh)

    def keep(self, response: Response, session: Session) -> None:
        """Set the cookie where the session is new."""
        if session.fresh is None:
            return
        response.set_cookie(
            self.cookie,
            session.fresh,
            max_age=_MAX_AGE,
            path="/",
            httponly=True,
            secure=self._secure,
            samesite="lax",
        )
