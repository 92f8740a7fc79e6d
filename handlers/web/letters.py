"""Pages on which residents fill in a letter and get it as a file; nothing is kept.

``GET /letters`` lists them, ``GET /letters/{kind}`` is the form, ``POST`` gives the file, or the
form with what is wrong, ``GET /letters/{kind}/blank.docx`` the blank one for paper. They work
without JavaScript. What is filled in lives only while the request is answered: no store, no log,
no count, and every response is ``no-store`` (个人信息保护法 6, 19).
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING
from urllib.parse import quote

import anyio
import anyio.to_thread
import jinja2
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response
from starlette.routing import BaseRoute, Route

from errors import CorpusError
from handlers.letters.plain import as_text
from handlers.letters.printing import DOCX_TYPE, as_docx
from handlers.letters.writing import Letters, check
from handlers.web import requests
from knowledge.letter_templates import LetterTemplate
from settings import Clock

if TYPE_CHECKING:
    from handlers.web.app import WebOptions

MOST_BYTES = 96 * 1024  # 5,000 characters percent-encoded, with room for names
WRITERS, WAITING = 2, 16  # letters made at once, and further ones that may wait
_TOO_MUCH = "写得太长了，请把事情写短一些再试。"
_BUSY = "现在用的人太多，请过一会儿再试。"


class LetterPages:
    """The endpoints."""

    def __init__(
        self,
        letters: Letters,
        templates: jinja2.Environment,
        options: WebOptions,
        clock: Clock,
    ) -> None:
        self._letters, self._templates = letters, templates
        self._options, self._clock = options, clock
        self._threads = anyio.CapacityLimiter(WRITERS)
        self._in_flight = 0

    def routes(self) -> list[BaseRoute]:
        """Where they are."""
        return [
            Route("/letters", self.index, methods=["GET"]),
            Route("/letters/{kind}", self.form, methods=["GET", "POST"]),
            Route("/letters/{kind}/blank.docx", self.blank, methods=["GET"]),
        ]

    async def index(self, _request: Request) -> Response:
        """``GET /letters``."""
        page = self._templates.get_template("letters.html")
        return HTMLResponse(page.render(options=self._options, letters=self._letters.all))

    async def form(self, request: Request) -> Response:
        """``GET /letters/{kind}`` and ``POST``: the form, or the file."""
        template = self._template(request)
        if request.method != "POST":
            return self._form(template, {}, {})
        try:
            given = await requests.read_form(request, MOST_BYTES)
        except HTTPException as refusal:
            if refusal.status_code == 413:
                return self._form(template, {}, {"": _TOO_MUCH}, 413)
            raise
        values, problems = check(template, given, self._clock.today())
        if problems:
            return self._form(template, given, problems, 422)
        return await self._file(template, values, given.get("format", "docx"))

    async def blank(self, request: Request) -> Response:
        """``GET /letters/{kind}/blank.docx``: to fill in by hand."""
        return await self._file(self._template(request), {}, "docx")

    def _template(self, request: Request) -> LetterTemplate:
        template = self._letters.get(request.path_params["kind"])
        if template is None:
            raise HTTPException(404, "没有这种文书。")
        return template

    def _form(
        self,
        template: LetterTemplate,
        given: dict[str, str],
        problems: dict[str, str],
        status: int = 200,
    ) -> Response:
        page = self._templates.get_template("letter.html").render(
            options=self._options, letter=template, given=given, problems=problems
        )
        return HTMLResponse(page, status)

    async def _file(self, template: LetterTemplate, values: dict[str, str], form: str) -> Response:
        if self._in_flight >= WRITERS + WAITING:
            raise HTTPException(503, _BUSY, headers={"Retry-After": "5"})
        today = self._clock.today()
        self._in_flight += 1
        try:
            content, kind = await anyio.to_thread.run_sync(
                self._made, template, values, form, today, limiter=self._threads
            )
        except CorpusError as problem:
            raise HTTPException(503, f"{problem}。请拨打12348咨询。") from problem
        finally:
            self._in_flight -= 1
        suffix = "txt" if form == "txt" else "docx"
        name = quote(f"{template.title}.{suffix}")
        disposition = f"attachment; filename=\"{template.key}.{suffix}\"; filename*=UTF-8''{name}"
        return Response(content, media_type=kind, headers={"Content-Disposition": disposition})

    def _made(
        self, template: LetterTemplate, values: dict[str, str], form: str, today: date
    ) -> tuple[bytes, str]:
        letter = self._letters.write(template, values, today)
        if form == "txt":
            # with a byte order mark: Windows' editor takes other text for GB18030
            return as_text(letter).encode("utf-8-sig"), "text/plain; charset=utf-8"
        return as_docx(letter, today), DOCX_TYPE
