"""Start a real label server in a process of its own, and talk to it.

As a program: `serving.py FOLDER quick PORT` serves the run that `fill` made until a
signal comes; what it prints first is one line of JSON with its port.
"""

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import numpy as np

from novice.inbox.connections import serve
from novice.inbox.limits import Allowance
from novice.inbox.security import Doorkeeper
from novice.inbox.server import label_app
from novice.inbox.store import AskedEpisode, Inbox, NewQuestion, SavedClip

WORDS = {
    "observation": [
        {"name": "position", "unit": "m", "low": -2.4, "high": 2.4},
        {"name": "angle", "unit": "rad", "low": None, "high": None},
    ],
    "action": {
        "kind": "discrete",
        "choices": [
            {"name": "left", "keys": ["ArrowLeft", "Digit1"], "place": "left"},
            {"name": "right", "keys": ["ArrowRight", "Digit2"], "place": "right"},
        ],
        "idle": None,
    },
    "step_seconds": 0.02,
}
CLIP = SavedClip(b"\x89PNG", "image/png", 3, 20, 10, 20.0)
# A program finds what lies beside it as the tests do, and what a pipe holds back until
# it is full would never be read.
PROGRAM = {
    "PYTHONPATH": os.pathsep.join(
        [str(Path(__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    ),
    "PYTHONUNBUFFERED": "1",
}
# So large that no test is stopped by it unless it wants to be.
PLENTY = Allowance(a_second=1e9, burst=10**9)


@dataclass(frozen=True)
class BranchedClip:
    """What a darkroom says about consequences."""

    image: bytes
    media: str
    frames: int
    width: int
    height: int
    frames_per_second: float
    every: int
    branches: Sequence[dict[str, Any]]


@dataclass
class Album:
    """A darkroom whose pictures are there already."""

    expected: list[tuple[int, bool]] = field(default_factory=list)
    forgotten: list[int] = field(default_factory=list)
    closed: bool = False
    strip: SavedClip = CLIP
    error: Exception | None = None
    delay: float = 0.0

    async def clip(self, question: int) -> SavedClip:
        await asyncio.sleep(self.delay)
        if self.error is not None:
            raise self.error
        return self.strip

    async def consequences(self, question: int) -> BranchedClip:
        branches = [{"actions": [0], "alike": [1], "ended": False}]
        return BranchedClip(**vars(await self.clip(question)), branches=branches)

    def expect(self, questions: Sequence[int], *, consequences: bool) -> None:
        self.expected += [(question, consequences) for question in questions]

    def forget(self, questions: Sequence[int]) -> None:
        self.forgotten += questions

    async def close(self) -> None:
        self.closed = True


def fill(folder: Path, *, questions: int, wanted: int = 1) -> Inbox:
    """The inbox of a run with questions of one visit."""
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    episode = AskedEpisode(None, 0, 0, 7, np.zeros((questions, 1), np.int32), True)
    rows = np.random.default_rng(0).normal(size=(questions, 2)).astype(np.float32)
    asked = [
        NewQuestion(0, step, step, row, np.zeros(1, np.int32), None, wanted)
        for step, row in enumerate(rows)
    ]
    inbox.add_visit(0, [episode], asked)
    inbox.tell("words", WORDS)
    inbox.tell("task", {"id": "CartPole-v1", "kwargs": {}, "folder": "."})
    return inbox


def answer(question: int, uuid: str, **other: Any) -> dict[str, Any]:
    """An answer as the page sends it."""
    content = {"uuid": uuid, "question": question, "lease": 1, "verdict": "action"}
    return {**content, "actions": [[1]], "seconds": 1.0, "shown": {}, **other}


@dataclass(frozen=True)
class Running:
    """A server that is up."""

    process: subprocess.Popen[bytes]
    port: int
    seconds: float  # from the start to the first reply

    def connect(self, timeout: float = 10) -> HTTPConnection:
        return HTTPConnection("127.0.0.1", self.port, timeout=timeout)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def terminate(self) -> float:
        """Stop it as a person does; how many seconds that took."""
        began = time.monotonic()
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(timeout=30)
        return time.monotonic() - began


def start(
    folder: Path,
    *,
    mode: str = "quick",
    log: Any = subprocess.DEVNULL,
    port: int = 0,
    program: str = __file__,
) -> Running:
    """Start a server on a folder, and wait until it replies."""
    began = time.monotonic()
    process = subprocess.Popen(
        [sys.executable, program, folder, mode, str(port)],
        stdout=subprocess.PIPE,
        stderr=log,
        env={**os.environ, **PROGRAM},
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line, "the server did not start"
    port = json.loads(line)["port"]
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    assert connection.getresponse().status == 401
    connection.close()
    return Running(process, port, time.monotonic() - began)


@contextmanager
def serving(folder: Path, **other: Any) -> Iterator[Running]:
    """A server on a folder, which is killed in the end."""
    running = start(folder, **other)
    try:
        yield running
    finally:
        running.kill()


@contextmanager
def served(app: Any, **other: Any) -> Iterator[int]:
    """The port of a server in a thread of this process."""
    stop, ready, ports = threading.Event(), threading.Event(), [0]

    def heard(port: int) -> None:
        ports[0] = port
        ready.set()

    thread = threading.Thread(
        target=serve,
        args=(app,),
        kwargs={"host": "127.0.0.1", "port": 0, "ready": heard, "stop": stop, **other},
    )
    thread.start()
    try:
        assert ready.wait(10)
        yield ports[0]
    finally:
        stop.set()
        thread.join(10)
    assert not thread.is_alive()


class Client:
    """Somebody with a token, over one connection that opens again when it breaks."""

    def __init__(self, port: int, token: str, timeout: float = 10) -> None:
        self.token = token
        self.connection = HTTPConnection("127.0.0.1", port, timeout=timeout)

    def ask(self, method: str, path: str, content: Any = None) -> tuple[int, Any]:
        """The status and the JSON of a reply."""
        headers = {
            "Authorization": f"Bearer {self.token}",
            "Content-Type": "application/json",
        }
        body = None if content is None else json.dumps(content)
        self.connection.request(method, path, body, headers)
        reply = self.connection.getresponse()
        return reply.status, json.loads(reply.read())

    def close(self) -> None:
        self.connection.close()


def raw(port: int, content: bytes, *, timeout: float = 10) -> bytes:
    """What a server says to these bytes until it closes the connection."""
    heard = b""
    with (
        # A server that has heard enough hangs up on what it has not read.
        contextlib.suppress(ConnectionError),
        socket.create_connection(("127.0.0.1", port), timeout) as talk,
    ):
        talk.sendall(content)
        while part := talk.recv(65536):
            heard += part
    return heard


class Nursery:
    """A process that has imported everything, and starts servers in no time."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, folder, "nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )

    def start(self) -> tuple[int, int]:
        """The process number and the port of a new server."""
        assert self.process.stdin is not None and self.process.stdout is not None
        self.process.stdin.write(b"another\n")
        self.process.stdin.flush()
        line = self.process.stdout.readline()
        assert line, "the server did not start"
        told = json.loads(line)
        return told["pid"], told["port"]

    def close(self) -> None:
        self.process.communicate(timeout=10)


def raise_servers(folder: Path) -> None:
    """Fork a server at each line of the standard input."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    while sys.stdin.buffer.raw.readline():  # type: ignore[attr-defined]
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            main(folder, "quick")
            return


def main(folder: Path, mode: str, port: int = 0) -> None:
    """Serve the inbox of a run until a signal comes, without limits unless told so."""
    inbox = Inbox(folder / "dataset" / "inbox.sqlite")
    allowance = {} if mode == "limited" else {"answers": PLENTY}
    album = Album(delay=60.0 if mode == "slow" else 0.0)
    app = label_app(folder, Doorkeeper(folder), inbox, album, **allowance)
    ended = serve(
        app,
        host="127.0.0.1",
        port=port,
        ready=lambda found: print(
            json.dumps({"port": found, "pid": os.getpid()}), flush=True
        ),
    )
    inbox.close()
    jax = any(name.split(".")[0] == "jax" for name in sys.modules)
    print(json.dumps({"stopped_by": ended and ended.name, "jax": jax}), flush=True)


if __name__ == "__main__":
    if sys.argv[2] == "nursery":
        raise_servers(Path(sys.argv[1]))
    else:
        main(Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]))
