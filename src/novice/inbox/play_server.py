"""Serve the page on which a person acts in a task."""

import asyncio
import contextlib
import json
import struct
import time
from collections.abc import Mapping
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from novice.inbox.assets import assets, send_asset
from novice.inbox.limits import RefusedError
from novice.inbox.theater import Shown, Theater
from novice.inbox.wishes import BadMessageError, Gone, Wanted, message_in

# Pictures that may be on their way to a page; newer ones take the place of those that
# wait, so that what a person sees is never old.
MOST_ON_THEIR_WAY = 3
# A picture that no page has spoken of for so long is not on its way any more, in
# seconds.
LONGEST_WAY = 1.0
# After so many messages that make no sense a page is not listened to any more.
MOST_NONSENSE = 20


class Seat:
    """One page that is open: what it shall see next, newest wins."""

    def __init__(self, websocket: WebSocket):
        self.websocket = websocket
        # Whoever is invited only to label or to look on watches here.
        state = websocket.scope.get("state", {})
        self.may_play = state.get("role", "owner") == "owner"
        self.shown = 0  # the newest frame that the page says it shows
        self._loop = asyncio.get_running_loop()
        self._news = asyncio.Event()
        self._words: str | None = None
        self._picture: tuple[int, bytes] | None = None
        self._extra: list[dict[str, Any]] = []
        self._sent: list[tuple[int, float]] = []  # frames on their way, and since when

    def show(self, shown: Shown) -> None:
        """Take in what the stage shows; called from its thread."""
        words = shown.words()
        with contextlib.suppress(RuntimeError):  # The server may have ended.
            self._loop.call_soon_threadsafe(self._take, shown, words)

    def _take(self, shown: Shown, words: str) -> None:
        self._words = words
        if shown.picture is not None:
            self._picture = shown.status.frame, shown.picture
        self._news.set()

    def tell(self, content: Mapping[str, Any]) -> None:
        """Send something that must not be left out."""
        self._extra.append(dict(content))
        self._news.set()

    def saw(self, frame: int) -> None:
        """The page shows this frame now."""
        self.shown = max(self.shown, frame)
        latest = time.monotonic() - LONGEST_WAY
        self._sent = [(sent, at) for sent, at in self._sent if sent > frame]
        self._sent = [(sent, at) for sent, at in self._sent if at > latest]
        self._news.set()

    async def send_on(self) -> None:
        """Send what is new, until the page is gone."""
        while True:
            await self._news.wait()
            self._news.clear()
            extra, self._extra = self._extra, []
            for content in extra:
                await self.websocket.send_text(json.dumps(content))
            words, self._words = self._words, None
            if words is not None:
                await self.websocket.send_text(words)
            if self._picture and len(self._sent) < MOST_ON_THEIR_WAY:
                (frame, picture), self._picture = self._picture, None
                self._sent.append((frame, time.monotonic()))
                await self.websocket.send_bytes(struct.pack(">Q", frame) + picture)


class Audience:
    """The pages that are open; one of them plays, the others watch."""

    def __init__(self, theater: Theater, hello: Mapping[str, Any]):
        self._theater, self._hello = theater, dict(hello)
        self._seats: list[Seat] = []
        self._player: Seat | None = None

    async def visit(self, websocket: WebSocket) -> None:
        """Show the stage to one page and hear it, until it leaves."""
        await websocket.accept()
        seat = Seat(websocket)
        self._seats.append(seat)
        seat.tell({"kind": "hello", **self._hello})
        if self._player is None and seat.may_play:
            self._player = seat
        self._tell_roles()
        stop = self._theater.watch(seat.show)
        sending = asyncio.create_task(seat.send_on())
        hearing = asyncio.create_task(self._hear(seat))
        try:
            await asyncio.wait({sending, hearing}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop()
            self._leave(seat)
            for each in (sending, hearing):
                each.cancel()
            await asyncio.gather(sending, hearing, return_exceptions=True)
            with contextlib.suppress(RuntimeError):
                await websocket.close()

    def _leave(self, seat: Seat) -> None:
        self._seats.remove(seat)
        if self._player is seat:
            self._player = None
            self._theater.say(Gone())
        self._tell_roles()

    async def _hear(self, seat: Seat) -> None:
        nonsense = 0
        while nonsense < MOST_NONSENSE:
            try:
                text = await seat.websocket.receive_text()
            except (WebSocketDisconnect, KeyError, RuntimeError):
                return  # It left, or it sent bytes, which our page never does.
            try:
                message = message_in(text)
            except BadMessageError as error:
                nonsense += 1
                seat.tell({"kind": "error", "error": str(error)})
                continue
            if isinstance(message, Wanted):
                if message.wish == "take":
                    self._take(seat)
                    continue
            elif not isinstance(message, Gone):
                seat.saw(message.seen)
            if self._player is seat:
                self._theater.say(message)

    def _take(self, seat: Seat) -> None:
        """Let another page play from here on."""
        if self._player is not seat and seat.may_play:
            self._player = seat
            self._theater.say(Wanted("pause", "moved"))
            self._tell_roles()

    def _tell_roles(self) -> None:
        for seat in self._seats:
            role = "play" if seat is self._player else "watch"
            seat.tell({"kind": "role", "role": role, "taken": self._player is not None})


def play_app(theater: Theater, hello: Mapping[str, Any]) -> Starlette:
    """The play page and its socket; put `guard` before it.

    `hello` is what the page is told once: the task, its buttons and its words.
    """
    table, audience = assets(), Audience(theater, hello)

    async def page(request: Request) -> Response:
        return send_asset(table, "play.html", request)

    async def static(request: Request) -> Response:
        return send_asset(table, request.path_params["name"], request)

    async def refused(request: Request, error: Exception) -> Response:
        assert isinstance(error, RefusedError)
        return JSONResponse({"error": str(error)}, status_code=error.status)

    async def not_done(request: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)
        return JSONResponse({"error": error.detail}, status_code=error.status_code)

    return Starlette(
        routes=[
            Route("/", page, methods=["GET"]),
            Route("/play", page, methods=["GET"]),
            Route("/static/{name}", static, methods=["GET"]),
            WebSocketRoute("/play/socket", audience.visit),
        ],
        exception_handlers={RefusedError: refused, HTTPException: not_done},
    )
