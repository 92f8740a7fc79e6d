"""Static files by content hash: cached for a year, replaced at once when they change."""

from __future__ import annotations

import hashlib
from pathlib import Path

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response

FOLDER = Path(__file__).parent / "static"
_TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


class Assets:
    """The files of one folder, read once; a handful of kilobytes."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._files: dict[str, tuple[bytes, str]] = {}  # path below /assets/ → content, type
        self._urls: dict[str, str] = {}
        for path in sorted(folder.iterdir()):
            media_type = _TYPES.get(path.suffix)
            if media_type is None:
                continue
            content = path.read_bytes()
            hashed = f"{hashlib.sha256(content).hexdigest()[:16]}/{path.name}"
            self._files[hashed] = (content, media_type)
            self._urls[path.name] = f"/assets/{hashed}"

    def url(self, name: str) -> str:
        """The address of a file, with its hash; KeyError for a name that does not exist."""
        return self._urls[name]

    async def serve(self, request: Request) -> Response:
        """``GET /assets/{hash}/{name}``; a stale hash is 404, never other content."""
        found = self._files.get(request.path_params["path"])
        if found is None:
            raise HTTPException(404, "没有这个文件。")
        content, media_type = found
        return Response(
            content,
            media_type=media_type,
            headers={"Cache-Control": "public, max-age=31536000, immutable"},
        )
