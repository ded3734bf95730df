"""Let in whom the run's owner invited, and nobody else."""

import contextlib
import hashlib
import hmac
import os
import re
import secrets
import threading
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import parse_qs

import anyio.to_thread
from starlette.datastructures import Headers
from starlette.requests import cookie_parser
from starlette.responses import HTMLResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from novice.inbox.limits import (
    Allowance,
    RefusedError,
    heard_already,
    read_body,
    refused_for,
)
from novice.inbox.people import (
    NobodyError,
    People,
    Person,
    changing,
    checked_name,
    read_people,
    write_people,
)
from novice.inbox.replies import WELCOME_PAGE, Reply, refusal_for, refuse

LOOPBACK = frozenset({"localhost", "127.0.0.1", "[::1]"})
# Methods that change nothing; every other one needs more than a cookie.
SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
MOST_HEADER_BYTES = 16 * 1024
MOST_BODY_BYTES = 64 * 1024


@dataclass(frozen=True, kw_only=True)
class Visitor:
    """Who sent a request; without a session it came with the token itself."""

    who: str
    role: str
    session: str | None


class Doorkeeper:
    """Knows who was invited; asks `people.json` in its folder, which others may change.

    No token is kept, only hashes of tokens.
    """

    def __init__(self, folder: Path, secure: bool = False) -> None:
        self.path = folder / "people.json"
        self.secure = secure
        self._lock = threading.Lock()
        self._seen: tuple[int, ...] | None = None
        self._people = People()

    def invite(self, who: str, role: str = "owner") -> str:
        """A new token for somebody; the one that they had before opens no door."""
        token = secrets.token_urlsafe(32)
        with self._lock, changing(self.path):
            before = read_people(self.path)
            people = before.invited(checked_name(who), _hash(token), role)
            write_people(self.path, people)
        return token

    def revoke(self, who: str) -> None:
        """Somebody's token and browsers open no door any more; raises NobodyError."""
        with self._lock, changing(self.path):
            people = read_people(self.path)
            if people.named(who) is None:
                known = ", ".join(person.name for person in people.people) or "nobody"
                raise NobodyError(
                    f"nobody called {ascii(who)[:80]} was invited (invited: {known})"
                )
            write_people(self.path, people.revoked(who))

    def enter(self, token: str) -> str | None:
        """The secret of a new session for whom the token belongs to; None: nobody."""
        session = secrets.token_urlsafe(32)
        with self._lock, changing(self.path):
            people = read_people(self.path)
            person = people.with_token(_hash(token))
            if person is None:
                return None
            write_people(self.path, people.entered(person.name, _hash(session)))
        return session

    def who_has(self, token: str) -> str | None:
        """The name of the person with this token, None if nobody has it."""
        return _name_of(self.with_token(token))

    def who_is_in(self, session: str) -> str | None:
        """The name of the person in this session, None if nobody is."""
        return _name_of(self.in_session(session))

    def with_token(self, token: str) -> Person | None:
        """The person with this token, None if nobody has it."""
        return self._latest().with_token(_hash(token))

    def in_session(self, session: str) -> Person | None:
        """The person in this session, None if nobody is."""
        return self._latest().in_session(_hash(session))

    def everybody(self) -> People:
        """Whoever was ever invited, and the browsers in which they are."""
        return self._latest()

    def _latest(self) -> People:
        seen: tuple[int, ...] | None = None
        with contextlib.suppress(FileNotFoundError):
            status = os.stat(self.path)
            seen = (status.st_ino, status.st_mtime_ns, status.st_size)
        with self._lock:
            if seen != self._seen:
                self._people = read_people(self.path)
                self._seen = seen
            return self._people


def csrf_of(session: str | None) -> str:
    """What a page of this session says to show that it is ours."""
    key = (session or "").encode()
    return hmac.new(key, b"csrf", hashlib.sha256).hexdigest()


class Guard:
    """An ASGI app that only those who were invited reach, and only from our pages."""

    def __init__(
        self,
        app: ASGIApp,
        doorkeeper: Doorkeeper,
        *,
        allowed_hosts: Collection[str],
        bad_tokens: Allowance,
        body_seconds: float,
    ) -> None:
        self.app = app
        self.doorkeeper = doorkeeper
        self.allowed_hosts = frozenset(host.lower() for host in allowed_hosts)
        self.bad_tokens = bad_tokens
        self.body_seconds = body_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self.app(scope, receive, send)
            return
        reply = Reply(send)
        try:
            if scope["type"] == "websocket":
                await self._connect(scope, receive, reply)
            else:
                await self._answer(scope, receive, reply)
        except WebSocketDisconnect:
            return  # The visitor left while the app was speaking.
        except Exception as error:
            refused = refusal_for(error)
            if reply.begun:
                raise
            await refuse(refused, scope, receive, reply)

    async def _answer(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        headers = self._checked_head(scope)
        token = _token_in_address(scope)
        if token is not None and scope["method"] == "GET":
            response = await self._enter(scope, headers, token)
            await response(scope, receive, reply.send)
            return
        visitor = self._visitor(scope, headers)
        if scope["method"] not in SAFE_METHODS:
            _check_that_a_page_of_ours_sent_it(scope, headers, visitor)
        body = await read_body(
            receive,
            announced=headers.get("content-length"),
            most=MOST_BODY_BYTES,
            seconds=self.body_seconds,
        )
        reply.heard_all = True
        await self.app(
            _with_visitor(scope, visitor), heard_already(body, receive), reply.send
        )

    async def _connect(self, scope: Scope, receive: Receive, reply: Reply) -> None:
        await receive()  # The visitor asks to be connected, and is not yet.
        try:
            headers = self._checked_head(scope)
            visitor = self._visitor(scope, headers)
            _check_origin(scope, headers, visitor)
        except RefusedError as refused:
            status = 403 if refused.status == 401 else refused.status
            raise RefusedError(status, str(refused), refused.headers) from None
        await self.app(
            _with_visitor(scope, visitor),
            self._while_welcome(visitor, receive, reply, headers),
            reply.send,
        )

    def _while_welcome(
        self, visitor: Visitor, receive: Receive, reply: Reply, headers: Headers
    ) -> Receive:
        """What a visitor sends, until the visitor's invitation is taken back."""
        pending: list[Message] = [{"type": "websocket.connect"}]

        async def next_message() -> Message:
            if pending:
                return pending.pop()
            message = await receive()
            if message["type"] == "websocket.receive" and not self._welcome(
                visitor, headers
            ):
                await reply.send({"type": "websocket.close", "code": 1008})
                return {"type": "websocket.disconnect", "code": 1008}
            return message

        return next_message

    def _welcome(self, visitor: Visitor, headers: Headers) -> bool:
        if visitor.session is not None:
            return self.doorkeeper.who_is_in(visitor.session) == visitor.who
        return self.doorkeeper.who_has(_bearer(headers) or "") == visitor.who

    def _checked_head(self, scope: Scope) -> Headers:
        size = sum(len(name) + len(value) for name, value in scope["headers"])
        size += len(scope["path"]) + len(scope.get("query_string", b""))
        if size > MOST_HEADER_BYTES:
            raise RefusedError(
                431, f"the head is longer than {MOST_HEADER_BYTES} bytes"
            )
        headers = Headers(scope=scope)
        hosts = headers.getlist("host")
        if len(hosts) != 1 or not self._is_ours(hosts[0]):
            raise RefusedError(
                400, "this server has another name: use the address in the terminal"
            )
        if not scope["path"].startswith("/"):
            raise RefusedError(400, "an address begins with /")
        return headers

    def _is_ours(self, host: str) -> bool:
        """Whether a browser can have been sent here by a name of ours (DNS rebinding).

        The port may be another one: an SSH tunnel begins where its owner likes.
        """
        parts = re.fullmatch(
            r"([A-Za-z0-9.-]+|\[[0-9A-Fa-f:.]+\])(?::([1-9][0-9]{0,4}))?",
            host,
            re.ASCII,
        )
        return (
            parts is not None
            and parts[1].lower() in self.allowed_hosts
            and int(parts[2] or 1) < 65536
        )

    async def _enter(self, scope: Scope, headers: Headers, token: str) -> Response:
        """Swap the token in the address for a cookie, and take it out of there."""
        visitor = scope.get("client") or ("", 0)
        self._check_patience(visitor[0])
        session = await anyio.to_thread.run_sync(self.doorkeeper.enter, token)
        if session is None:
            raise self._wrong_token(visitor[0])
        place = scope["path"] if re.fullmatch("/[a-z]*", scope["path"]) else "/"
        response: Response = RedirectResponse(place, status_code=303)
        if "text/html" in headers.get("accept", "") and headers.get(
            "sec-fetch-site"
        ) not in ("none", "same-origin"):
            response = HTMLResponse(WELCOME_PAGE.format(place=place))
        response.set_cookie(
            _cookie_name(scope),
            session,
            max_age=400 * 24 * 3600,
            path="/",
            httponly=True,
            samesite="strict",
            secure=self.doorkeeper.secure,
        )
        return response

    def _visitor(self, scope: Scope, headers: Headers) -> Visitor:
        token = _bearer(headers)
        if token is not None:
            address = (scope.get("client") or ("", 0))[0]
            self._check_patience(address)
            person = self.doorkeeper.with_token(token)
            if person is None:
                raise self._wrong_token(address)
            return Visitor(who=person.name, role=person.role, session=None)
        cookies = cookie_parser("; ".join(headers.getlist("cookie")))
        session = cookies.get(_cookie_name(scope), "")
        person = self.doorkeeper.in_session(session)
        if person is None:
            raise RefusedError(401, "open the address that was printed in the terminal")
        return Visitor(who=person.name, role=person.role, session=session)

    def _check_patience(self, address: str) -> None:
        wait = self.bad_tokens.wait(address)
        if wait > 0:
            raise refused_for(wait, "too many wrong tokens; try again in a minute")

    def _wrong_token(self, address: str) -> RefusedError:
        self.bad_tokens.take(address)
        return RefusedError(401, "this token is not valid, or not any more")


def guard(
    app: ASGIApp,
    doorkeeper: Doorkeeper,
    *,
    allowed_hosts: Collection[str] = LOOPBACK,
    bad_tokens: Allowance | None = None,
    body_seconds: float = 10.0,
) -> Guard:
    """The app behind a door; `scope["state"]` says `who` came in, and in what `role`.

    `allowed_hosts` are the names by which browsers may call this server, without ports.
    """
    return Guard(
        app,
        doorkeeper,
        allowed_hosts=allowed_hosts,
        bad_tokens=bad_tokens or Allowance(a_second=10 / 60, burst=10),
        body_seconds=body_seconds,
    )


def _name_of(person: Person | None) -> str | None:
    return None if person is None else person.name


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()


def _cookie_name(scope: Scope) -> str:
    """Cookies are shared by all ports of a host, so its port is in the name."""
    return f"novice-{(scope.get('server') or ('', 0))[1]}"


def _bearer(headers: Headers) -> str | None:
    scheme, _, token = headers.get("authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" else None


def _token_in_address(scope: Scope) -> str | None:
    query = scope.get("query_string", b"").decode("latin-1")
    tokens = parse_qs(query, keep_blank_values=True).get("token")
    return tokens[0] if tokens else None


def _with_visitor(scope: Scope, visitor: Visitor) -> Scope:
    told = {
        "who": visitor.who,
        "role": visitor.role,
        "csrf": csrf_of(visitor.session),
    }
    return {**scope, "state": {**scope.get("state", {}), **told}}


def _check_origin(scope: Scope, headers: Headers, visitor: Visitor) -> None:
    """A browser says which page sends it; only a program with a token says nothing."""
    scheme = {"ws": "http", "wss": "https"}.get(scope["scheme"], scope["scheme"])
    ours = f"{scheme}://{headers['host']}".lower()
    origins = [origin.lower() for origin in headers.getlist("origin")]
    if origins != [ours] and (origins or visitor.session is not None):
        raise RefusedError(403, "this was not sent by a page of this server")


def _check_that_a_page_of_ours_sent_it(
    scope: Scope, headers: Headers, visitor: Visitor
) -> None:
    """A page elsewhere can make a browser send our cookie, but not all of this."""
    _check_origin(scope, headers, visitor)
    media, _, _ = headers.get("content-type", "").partition(";")
    if media.strip().lower() != "application/json":
        raise RefusedError(403, "what is sent here is application/json")
    said = headers.get("x-novice-csrf", "").encode()
    wanted = csrf_of(visitor.session).encode()
    if visitor.session is not None and not hmac.compare_digest(said, wanted):
        raise RefusedError(403, "X-Novice-CSRF is not what /api/hello said: reload")
