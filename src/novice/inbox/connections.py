"""Serve an app over connections that slow, large or broken visitors cannot block."""

import asyncio
import contextlib
import errno
import json
import signal
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any, ClassVar

import h11
import uvicorn
from starlette.types import ASGIApp
from uvicorn.protocols.http.h11_impl import H11Protocol

from novice.errors import NoviceError
from novice.inbox.replies import SECURITY_HEADERS
from novice.inbox.security import MOST_HEADER_BYTES

# A visitor has so long to say what it wants, and so many may be saying it at once:
# beyond, the one who has been at it longest makes room.
HEAD_SECONDS = 10.0
MOST_UNHEARD = 256
# What the WebSocket library takes; a longer head is no request to be connected.
_MOST_SOCKET_HEADERS = 100
_LONGEST_SOCKET_HEADER = 4096
MOST_MESSAGE_BYTES = 256 * 1024
# So many ports are tried from the wanted one on.
_PORTS = 100


class CannotServeError(NoviceError):
    """The page cannot be served at this address, or with these certificates."""


def serve(
    app: ASGIApp,
    *,
    host: str,
    port: int,
    tls_cert: Path | None = None,
    tls_key: Path | None = None,
    ready: Callable[[int], None],
    stop: threading.Event | None = None,
) -> signal.Signals | None:
    """Serve until a signal comes, which is returned, or until `stop` is set.

    When `port` is taken the next free one is used; `ready` is told which, as soon as
    visitors are let in.
    """
    with free_socket(host, port) as listening:
        config = uvicorn.Config(
            app,
            loop="asyncio",
            http=CarefulConnection,
            h11_max_incomplete_event_size=MOST_HEADER_BYTES,
            ws="websockets-sansio",
            ws_max_size=MOST_MESSAGE_BYTES,
            ws_per_message_deflate=False,
            # uvicorn would log addresses with the tokens in them. What goes wrong in
            # the app is logged by its guard.
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,
            server_header=False,
            timeout_keep_alive=30,
            timeout_graceful_shutdown=1,
            ssl_certfile=tls_cert,
            ssl_keyfile=tls_key,
        )
        try:
            config.load()
        except (OSError, ssl.SSLError) as error:
            raise CannotServeError(
                f"{tls_cert} and {tls_key or tls_cert} are no certificate and key in"
                f" PEM format that belong together ({error})"
            ) from error
        found = listening.getsockname()[1]
        server = _Server(config, lambda: ready(found), stop or threading.Event())
        server.run(sockets=[listening])
        return server.stopped_by


def free_socket(host: str, port: int) -> socket.socket:
    """A listening socket at `port` or the next free one; raises CannotServeError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    last = min(port + _PORTS, 65536) if port else 1
    for candidate in range(port, last):
        # asyncio sends at once only over sockets that say they are TCP.
        listening = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        try:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listening.bind((host, candidate))
            # Two sockets can be bound to a port as long as neither listens.
            listening.listen(1024)
        except OSError as error:
            listening.close()
            if error.errno != errno.EADDRINUSE:
                raise CannotServeError(
                    f"{host}:{candidate} cannot be served at: {error.strerror};"
                    " choose another --host or --port"
                ) from error
        else:
            return listening
    raise CannotServeError(
        f"the ports {port} to {last - 1} of {host} are all taken; choose another --port"
    )


class _Server(uvicorn.Server):
    """uvicorn's server, whose caller goes on after a signal has stopped it."""

    def __init__(
        self, config: uvicorn.Config, ready: Callable[[], None], stop: threading.Event
    ) -> None:
        super().__init__(config)
        self._ready = ready
        self._stop = stop
        self.stopped_by: signal.Signals | None = None

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._ready()

    async def on_tick(self, counter: int) -> bool:
        return await super().on_tick(counter) or self._stop.is_set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        with super().capture_signals():
            yield
            if self._captured_signals:
                self.stopped_by = signal.Signals(self._captured_signals[0])
                # Otherwise they would be raised again.
                self._captured_signals.clear()


class CarefulConnection(H11Protocol):
    """uvicorn's connection, with a limit on how long a request's head may take."""

    _unheard: ClassVar[dict["CarefulConnection", asyncio.TimerHandle]] = {}

    def connection_made(  # type: ignore[override]
        self, transport: asyncio.Transport
    ) -> None:
        super().connection_made(transport)
        self._wait_for_head()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait_for_head()
        elif self.conn.their_state is not h11.IDLE or self.cycle is not None:
            self._stop_waiting()

    def connection_lost(self, exc: Exception | None) -> None:
        self._stop_waiting()
        super().connection_lost(exc)

    def handle_websocket_upgrade(self, event: h11.Request) -> None:
        self._stop_waiting()
        super().handle_websocket_upgrade(event)

    def send_400_response(self, msg: str) -> None:
        status = HTTPStatus.BAD_REQUEST
        if len(self.conn.trailing_data[0]) > MOST_HEADER_BYTES:
            status = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
        self._hang_up(status, "this is not a request that a browser sends")

    def shutdown(self) -> None:
        try:
            super().shutdown()
        except h11.LocalProtocolError:
            self.transport.close()

    def _should_upgrade(self) -> bool:
        """Whether the WebSocket library will take the request's head."""
        lengths = [len(name) + len(value) for name, value in self.headers]
        lengths.append(len(self.scope["raw_path"]) + len(self.scope["query_string"]))
        return (
            super()._should_upgrade()
            and self.scope["method"] == "GET"
            and self.scope["http_version"] == "1.1"
            and len(self.headers) <= _MOST_SOCKET_HEADERS
            and max(lengths) <= _LONGEST_SOCKET_HEADER
        )

    def _wait_for_head(self) -> None:
        if self not in self._unheard:
            while len(self._unheard) >= MOST_UNHEARD:
                next(iter(self._unheard))._too_slow()
            self._unheard[self] = self.loop.call_later(HEAD_SECONDS, self._too_slow)

    def _stop_waiting(self) -> None:
        timer = self._unheard.pop(self, None)
        if timer is not None:
            timer.cancel()

    def _too_slow(self) -> None:
        sentence = f"the head of a request must arrive within {HEAD_SECONDS:g} seconds"
        self._hang_up(HTTPStatus.REQUEST_TIMEOUT, sentence)

    def _hang_up(self, status: HTTPStatus, sentence: str) -> None:
        """Say why and close, as far as something can still be said."""
        self._stop_waiting()
        headers = {
            **SECURITY_HEADERS,
            "Content-Type": "application/json",
            "Cache-Control": "no-store",
            "Connection": "close",
        }
        events: list[Any] = [
            h11.Response(
                status_code=status,
                reason=status.phrase.encode(),
                headers=list(headers.items()),
            ),
            h11.Data(data=json.dumps({"error": sentence}).encode()),
            h11.EndOfMessage(),
        ]
        with contextlib.suppress(h11.LocalProtocolError):
            for event in events:
                self.transport.write(self.conn.send(event) or b"")
        self.transport.close()
