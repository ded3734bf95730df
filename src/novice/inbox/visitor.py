"""Answer a run's questions over HTTP as the page does, without a browser."""

import http.client
import json
import secrets
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol
from urllib.parse import parse_qs, urlsplit

import numpy as np

from novice.errors import NoviceError

# Questions fetched at a time, and how often to look for new ones, in seconds.
WANTED = 16
LOOK = 0.1
# When the run does not wait for answers.
BUSY = ("starting", "fitting", "evaluating", "acting", "asking")
# How long a reply may take, and how long to go on when nobody is there, in seconds.
REPLY_SECONDS = 30.0
PATIENCE = 60.0


class TurnedAwayError(NoviceError):
    """The server does not let a visitor in, or does not take what they say."""


class SaysSomething(Protocol):
    """What a visitor's reply must have."""

    @property
    def verdict(self) -> str: ...
    @property
    def actions(self) -> tuple[tuple[int | float, ...], ...]: ...
    @property
    def seconds(self) -> float: ...


class Visitor:
    """A browser's side of the protocol: a session, questions, answers.

    `address` is the one that was printed for a person, with the token in it.
    """

    def __init__(self, address: str) -> None:
        self._place = urlsplit(address)
        self._headers: dict[str, str] = {}
        self._connection: http.client.HTTPConnection | None = None
        token = parse_qs(self._place.query)["token"][0]
        status, headers, _ = self._send("GET", f"/?token={token}")
        if status != 303:
            self.close()
            raise TurnedAwayError(f"{self._place.netloc} does not know this token")
        self._headers["Cookie"] = headers["set-cookie"].split(";")[0]
        self._headers["Origin"] = f"{self._place.scheme}://{self._place.netloc}"

    @property
    def headers(self) -> dict[str, str]:
        """What every request carries: who we are, and from which page we come."""
        return dict(self._headers)

    def socket_address(self, path: str) -> str:
        """The address of a socket of this server."""
        scheme = "wss" if self._place.scheme == "https" else "ws"
        return f"{scheme}://{self._place.netloc}{path}"

    def greet(self) -> dict[str, Any]:
        """Ask what the run is about; without it no answer is taken."""
        hello: dict[str, Any] = self.ask("GET", "/api/hello")
        self._headers["X-Novice-CSRF"] = hello["csrf"]
        return hello

    def ask(self, method: str, path: str, content: Any = None) -> Any:
        """Send one request and return its JSON; waits as long as it is told to."""
        body = None if content is None else json.dumps(content)
        while True:
            status, headers, answer = self._send(method, path, body)
            if status == 429:
                time.sleep(float(headers.get("retry-after", 1)))
                continue
            reply = json.loads(answer)
            if status != 200:
                raise TurnedAwayError(f"{path}: {reply.get('error', status)}")
            return reply

    def _send(
        self, method: str, path: str, body: str | None = None
    ) -> tuple[int, Mapping[str, str], bytes]:
        """One request, again and again where the server is away for a while."""
        headers = dict(self._headers)
        if body is not None:
            headers["Content-Type"] = "application/json"
        gave_up = time.monotonic() + PATIENCE
        while True:
            try:
                connection = self._connection = self._connection or self._connected()
                connection.request(method, path, body, headers)
                reply = connection.getresponse()
                found = {name.lower(): value for name, value in reply.getheaders()}
                return reply.status, found, reply.read()
            except (OSError, http.client.HTTPException) as error:
                self.close()
                if time.monotonic() > gave_up:
                    raise TurnedAwayError(
                        f"nobody answers at {self._place.netloc}: {error}"
                    ) from error
                time.sleep(LOOK)

    def _connected(self) -> http.client.HTTPConnection:
        host, port = self._place.hostname or "", self._place.port
        if self._place.scheme == "https":
            # It is this machine's own server, whose certificate may be self-signed.
            trust = ssl.create_default_context()
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
            return http.client.HTTPSConnection(
                host, port, timeout=REPLY_SECONDS, context=trust
            )
        return http.client.HTTPConnection(host, port, timeout=REPLY_SECONDS)

    def close(self) -> None:
        """Let go of the connection."""
        if self._connection is not None:
            self._connection.close()
        self._connection = None


def answer_all(
    visitor: Visitor,
    reply: Callable[[np.ndarray], SaysSomething],
    *,
    hurry: bool = False,
    stop: threading.Event | None = None,
) -> int:
    """Answer what there is to answer until the run is finished; how many answers.

    In a `hurry` nobody sleeps, though the seconds are written down all the same, and
    answers are given only while the run waits for them.
    """
    stop, given = stop or threading.Event(), 0
    visitor.greet()
    while not stop.is_set():
        if hurry and visitor.ask("GET", "/api/progress")["phase"] in BUSY:
            stop.wait(LOOK)
            continue
        leased = visitor.ask("POST", "/api/lease", {"want": WANTED, "holding": []})
        for answers in batches(leased["questions"], reply, hurry=hurry, stop=stop):
            given += len(visitor.ask("POST", "/api/answers", answers)["stored"])
        if leased["progress"]["phase"] == "finished":
            break
        if hurry or not leased["questions"]:
            # The run looks for answers about as often.
            stop.wait(1.5 * LOOK)
    visitor.close()
    return given


def batches(
    questions: Sequence[Mapping[str, Any]],
    reply: Callable[[np.ndarray], SaysSomething],
    *,
    hurry: bool,
    stop: threading.Event,
) -> Any:
    """What to send: each answer when it was given, or all of them at once."""
    ready = []
    for question in questions:
        said = reply(np.asarray(question["observation"], np.float32))
        if not hurry and stop.wait(said.seconds):
            return
        ready.append(
            {
                "uuid": secrets.token_hex(16),
                "question": question["id"],
                "lease": question["lease"],
                "verdict": said.verdict,
                "actions": [list(action) for action in said.actions],
                "seconds": said.seconds,
                "shown": {},
            }
        )
        if not hurry:
            yield {"answers": ready}
            ready = []
    if ready:
        yield {"answers": ready}
