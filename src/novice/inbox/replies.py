"""Word every reply alike: the same headers, and refusals in one sentence."""

import logging
import traceback

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.responses import HTMLResponse, JSONResponse, Response
from starlette.types import Message, Receive, Scope, Send

from novice.experts.question import BadAnswerError
from novice.files import CannotWriteError
from novice.inbox.limits import RefusedError, let_run_out
from novice.inbox.protocol import BadRequestError

# After a refusal so much is still read, so that the visitor hears of it.
LINGERING_BYTES = 256 * 1024
LINGERING_SECONDS = 1.0

SECURITY_HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src"
    " 'self'; img-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri"
    " 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
_PAGE = (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    '<meta name="viewport" content="width=device-width"><title>novice</title>{head}'
    "</head><body><h1>novice</h1><p>{words}</p></body></html>"
)
CLOSED_PAGE = _PAGE.format(
    head="",
    words="This page opens with the address that was printed in the terminal. It ends"
    " in ?token= and some letters.",
)
# A browser that comes from another site keeps a strict cookie back while it is
# redirected, but not when a page of ours sends it on.
WELCOME_PAGE = _PAGE.format(
    head='<meta http-equiv="refresh" content="0;url={place}">',
    words='<a href="{place}">Go on</a>',
)

# Where the router knows only a status.
_SENTENCES = {
    404: "there is nothing at this address",
    405: "this address does not take this method",
}

_log = logging.getLogger("novice.inbox")


class Reply:
    """What is sent back to one request, under the headers that every reply has."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self.begun = False
        self.heard_all = False  # whether the request was read to its end

    async def send(self, message: Message) -> None:
        self.begun = True
        if message["type"] in ("http.response.start", "websocket.http.response.start"):
            headers = MutableHeaders(scope=message)
            for name, value in SECURITY_HEADERS.items():
                headers[name] = value
            headers.setdefault("Cache-Control", "no-store")
        await self._send(message)


def refusal_for(error: Exception) -> RefusedError:
    """What a visitor is told about an error."""
    if isinstance(error, RefusedError):
        return error
    if isinstance(error, HTTPException):
        sentence = _SENTENCES.get(error.status_code, error.detail)
        return RefusedError(error.status_code, sentence, error.headers)
    if isinstance(error, BadRequestError | BadAnswerError):
        return RefusedError(400, str(error))
    if isinstance(error, CannotWriteError):
        return RefusedError(507, str(error))
    # The words of an unknown error may quote the request: only its kind and its place
    # are logged, never a token.
    place = "".join(traceback.format_tb(error.__traceback__))
    _log.error("%s\n%s", type(error).__name__, place)
    return RefusedError(500, "something went wrong here; the terminal says where")


async def refuse(
    refused: RefusedError, scope: Scope, receive: Receive, reply: Reply
) -> None:
    """Say why, in words that fit who asks; hang up on who has not finished."""
    if scope["type"] == "websocket":
        if "websocket.http.response" in scope.get("extensions", {}):
            await _response(refused, scope)(scope, receive, reply.send)
        else:
            await reply.send({"type": "websocket.close", "code": 1008})
    elif reply.heard_all:
        await _response(refused, scope)(scope, receive, reply.send)
    else:
        response = _response(refused, scope)
        response.headers["Connection"] = "close"
        start = {"status": response.status_code, "headers": response.raw_headers}
        await reply.send({"type": "http.response.start", **start})
        body = {"type": "http.response.body", "body": response.body}
        await reply.send({**body, "more_body": True})
        await let_run_out(receive, most=LINGERING_BYTES, seconds=LINGERING_SECONDS)
        await reply.send({"type": "http.response.body", "body": b""})


def _response(refused: RefusedError, scope: Scope) -> Response:
    reads_pages = "text/html" in Headers(scope=scope).get("accept", "")
    if refused.status == 401 and scope.get("method") == "GET" and reads_pages:
        return HTMLResponse(CLOSED_PAGE, refused.status, headers=refused.headers)
    content = {"error": str(refused)}
    return JSONResponse(content, refused.status, headers=refused.headers)
