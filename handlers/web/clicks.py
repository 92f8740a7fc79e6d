"""``GET /c/<token>``: a push's link is counted, then leads to the campaign's own target."""

from __future__ import annotations

from collections.abc import Callable

import anyio.to_thread
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

Follow = Callable[[str, bool], str | None]  # (token, count it?) → target


def route(follow: Follow) -> Route:
    """The route; ``follow`` may block."""

    async def click(request: Request) -> Response:
        token, counted = request.path_params["token"], request.method == "GET"
        target = await anyio.to_thread.run_sync(follow, token, counted)
        if target is None:
            raise HTTPException(404)
        # never kept by a browser or a proxy: each click is to be counted
        return RedirectResponse(target, 302, {"Cache-Control": "no-store"})

    return Route("/c/{token}", click, methods=["GET"], name="click")
