"""Hold the page's files in memory, so that no request ever names a file."""

import gzip
import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import resources

from starlette.requests import Request
from starlette.responses import Response

from novice.inbox.limits import RefusedError

# What a page is made of; nothing else that lies beside it is ever sent.
_MEDIA = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".woff2": "font/woff2",
}


@dataclass(frozen=True)
class Asset:
    """A file of the page: what it is, in fewer bytes too, and names for these bytes."""

    content: bytes = field(repr=False)
    packed: bytes = field(repr=False)
    media: str
    etag: str
    packed_etag: str


def assets() -> dict[str, Asset]:
    """Every file of the pages by its name, from the installed package."""
    found = {}
    for file in (resources.files("novice.inbox") / "pages").iterdir():
        media = _MEDIA.get("." + file.name.rpartition(".")[2])
        if media is not None and file.is_file():
            content = file.read_bytes()
            name = hashlib.sha256(content).hexdigest()[:16]
            found[file.name] = Asset(
                content=content,
                packed=gzip.compress(content, mtime=0),
                media=media,
                etag=f'"{name}"',
                packed_etag=f'"{name}-gzip"',
            )
    return found


def send_asset(table: Mapping[str, Asset], name: str, request: Request) -> Response:
    """A file, or 304 where the browser has it; raises RefusedError for other names."""
    asset = table.get(name)
    if asset is None:
        raise RefusedError(404, "there is no such page")
    headers = {"Cache-Control": "no-cache", "Vary": "Accept-Encoding"}
    if reads_gzip(request.headers.get("accept-encoding", "")):
        body, headers["ETag"] = asset.packed, asset.packed_etag
        headers["Content-Encoding"] = "gzip"
    else:
        body, headers["ETag"] = asset.content, asset.etag
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        headers.pop("Content-Encoding", None)
        return Response(status_code=304, headers=headers)
    return Response(body, media_type=asset.media, headers=headers)


def reads_gzip(accepted: str) -> bool:
    """Whether a browser that says so in Accept-Encoding takes packed files."""
    for each in accepted.split(","):
        coding, _, quality = each.partition(";")
        if coding.strip().lower() == "gzip":
            return re.fullmatch(r"\s*q=0(\.0*)?\s*", quality, re.ASCII) is None
    return False
