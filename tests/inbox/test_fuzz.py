"""Random and mutated messages are answered or refused: nothing breaks or hangs."""

import asyncio
import contextlib
import dataclasses
import json
import random
import resource
import socket
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import numpy as np
import pytest
from starlette.types import Message, Receive, Scope, Send

from inbox.fuzzing import PIECES, mutated, some_body, some_words
from inbox.played import Player
from inbox.serving import WORDS, Album, fill, raw, served, serving
from inbox.test_protocol import KINDS
from novice.envs.task import Task, make_task
from novice.errors import NoviceError
from novice.experts.question import SEGMENTS
from novice.inbox.protocol import (
    parse_answers,
    parse_history,
    parse_id,
    parse_lease,
)
from novice.inbox.recording import read_recording
from novice.inbox.security import Doorkeeper, Guard, guard
from novice.inbox.server import label_app
from novice.inbox.wishes import BadMessageError, Wanted, message_in

PARSED = 60_000
ASKED = 32_000
SOCKET_MESSAGES = 4_000
PLAYED = 2_000
OVER_CONNECTIONS = 1_500
FRAMES = 500
# No message takes longer, in seconds, with room for a machine that does other things.
LONGEST = 5.0


def test_any_message_is_read_or_refused_in_a_sentence():
    chance, read = random.Random(0), Counter[str]()
    kinds = [*KINDS.values(), KINDS["discrete"]]
    longest = 0.0
    for number in range(PARSED):
        kind = kinds[chance.randrange(len(kinds))]
        body = some_body(chance, len(kind.low))
        text = body.decode("latin-1")[:40]
        said = some_words(chance)
        began = time.perf_counter()
        try:
            match number % 5:
                case 0:
                    parse_lease(body)
                case 1:
                    parse_history({"before": text, "most": text[:2]})
                case 2:
                    parse_id(text, "a question")
                case 3:
                    for each in parse_answers(body, who="ana", kind=kind):
                        read[each.verdict] += 1
                case 4:
                    message_in(said)
            read[f"read {number % 5}"] += 1
        except NoviceError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
            str(error).encode()
            read[f"refused {number % 5}"] += 1
        longest = max(longest, time.perf_counter() - began)

    assert sum(read[f"{how} {n}"] for how in ("read", "refused") for n in range(5)) == (
        PARSED
    )
    # A fuzzer whose messages are all refused at the door tries nothing.
    assert min(read["read 0"], read["read 3"], read["read 4"]) > PARSED // 100, read
    assert min(read["hold"], read["linear"]) > PARSED // 2000, read
    assert longest < LONGEST


# --------------------------------------------------------------- the whole app

PATHS = [
    "/", "/static/common.css", "/static/..", "/api/hello", "/api/lease",
    "/api/answers", "/api/history", "/api/progress", "/api/questions/1/clip",
    "/api/answers", "/overview", "/api/overview", "/api/questions/3/action",
    "/api/questions/x/action",
    "/api/questions/2/consequences", "/api/questions/x/clip", "//", "*", "", "/api",
    "http://localhost/", "/api/questions/99999999999999999999/clip",
]  # fmt: skip
# A task with one real action.
PUSH = {
    "kind": "real",
    "low": [-2.0],
    "high": [2.0],
    "names": ["push"],
    "units": [""],
    "center": [0.0],
    "half_range": [2.0],
}
METHODS = ["GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH", "get", "X"]


def some_headers(
    chance: random.Random, good: dict[str, str]
) -> list[tuple[bytes, bytes]]:
    headers = list(good.items())
    for _ in range(chance.choice([0, 0, 0, 1, 2])):
        name = chance.choice([*good, "accept", "x", "content-length", "if-none-match"])
        value = chance.choice(
            [chance.choice(PIECES), "text/html", mutated(good.get(name, "5"), chance)]
        )
        if chance.random() < 0.5:
            headers = [each for each in headers if each[0] != name]
        headers.append((name, value))
    return [
        (name.encode(), value.encode("latin-1", "replace")) for name, value in headers
    ]


def some_request(chance: random.Random, good: dict[str, str]) -> Scope:
    path = chance.choice(PATHS)
    if chance.random() < 0.2:
        path = mutated(path, chance)
    query = chance.choice(["", "", "before=3", "most=7", "token=x", "before=é", "a&&="])
    if chance.random() < 0.2:
        query = mutated(query, chance)
    return {
        "type": "http",
        "method": chance.choice(METHODS),
        "scheme": "http",
        "path": unquote(path),
        "raw_path": path.encode("utf-8", "replace"),
        "query_string": query.encode("utf-8", "replace"),
        "headers": some_headers(chance, good),
        "server": ("127.0.0.1", 8642),
        "client": (f"10.0.{chance.randrange(256)}.{chance.randrange(256)}", 5),
        "extensions": {},
    }


def as_the_page_answers(good: dict[str, str]) -> Scope:
    """What a request has that the door lets through to the answers."""
    path, headers = "/api/answers", good.items()
    return {
        "method": "POST",
        "path": path,
        "raw_path": path.encode(),
        "headers": [(name.encode(), value.encode()) for name, value in headers],
    }


async def status_of(app: Guard, scope: Scope, body: bytes, parts: int) -> int:
    """What an app replies to a body that comes in parts; checks how it is said."""
    size = max(1, len(body) // parts)
    pieces = [body[at : at + size] for at in range(0, len(body), size)] or [b""]
    sent: list[Message] = []

    async def receive() -> Message:
        piece = pieces.pop(0) if pieces else b""
        return {"type": "http.request", "body": piece, "more_body": bool(pieces)}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    status, headers = sent[0]["status"], dict(sent[0]["headers"])
    assert b"content-security-policy" in headers
    whole = b"".join(each.get("body", b"") for each in sent[1:])
    if status >= 400 and headers[b"content-type"] == b"application/json":
        assert list(json.loads(whole)) == ["error"]
    return int(status)


def memory() -> float:
    """The most memory that this process has used, in megabytes."""
    scale = 2**20 if sys.platform == "darwin" else 2**10
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / scale


async def ask_all(
    app: Guard, token: str, count: int, *, seed: int
) -> tuple[Counter[int], float]:
    """How often which status came, and the longest time that one took."""
    chance, statuses, longest = random.Random(seed), Counter[int](), 0.0
    good = {
        "host": "localhost:8642",
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
    }
    for _ in range(count):
        scope = some_request(chance, good)
        if chance.random() < 0.05:
            scope |= as_the_page_answers(good)
        body = b"" if scope["method"] == "GET" else some_body(chance)
        began = time.perf_counter()
        statuses[await status_of(app, scope, body, chance.randint(1, 3))] += 1
        longest = max(longest, time.perf_counter() - began)
    return statuses, longest


@pytest.mark.slow
def test_any_request_is_answered_without_an_error_of_ours(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    inbox, doorkeeper = fill(tmp_path, questions=40, wanted=100), Doorkeeper(tmp_path)
    app = label_app(tmp_path, doorkeeper, inbox, Album())
    before, token = memory(), doorkeeper.invite("ana")

    statuses, longest = asyncio.run(ask_all(app, token, ASKED // 2, seed=1))
    inbox.tell("words", {**WORDS, "action": PUSH})
    more, longer = asyncio.run(ask_all(app, token, ASKED - ASKED // 2, seed=2))
    statuses, longest = statuses + more, max(longest, longer)

    inbox.check()
    verdicts = {each.answer.verdict for each in inbox.answers_after(0)}
    inbox.close()
    assert sum(statuses.values()) == ASKED
    assert caplog.records == []
    assert max(statuses) < 500, statuses
    assert {"action", *SEGMENTS} <= verdicts
    # The messages reach everything there is to reach.
    assert {200, 303, 400, 401, 403, 404, 405, 409} - {303} <= set(statuses)
    assert longest < LONGEST
    assert memory() - before < 100


async def listen(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that says how long each message was."""
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        content = message.get("text") or message.get("bytes") or ""
        await send({"type": "websocket.send", "text": str(len(content))})


async def talk_all(app: Guard, token: str, count: int) -> Counter[str]:
    """How often a socket was opened or refused, with how many replies in all."""
    chance, outcomes = random.Random(2), Counter[str]()
    good = {
        "host": "localhost:8642",
        "authorization": f"Bearer {token}",
        "origin": "http://localhost:8642",
    }
    while outcomes["messages"] < count:
        scope = {**some_request(chance, good), "type": "websocket", "scheme": "ws"}
        del scope["method"]
        if chance.random() < 0.5:
            scope["extensions"] = {"websocket.http.response": {}}
        coming: list[Message] = [{"type": "websocket.connect"}]
        for _ in range(chance.randint(0, 20)):
            kind = chance.choice(["text", "bytes"])
            body = some_body(chance)
            content = body.decode("latin-1") if kind == "text" else body
            coming.append({"type": "websocket.receive", kind: content})
        coming.append({"type": "websocket.disconnect", "code": 1001})
        outcomes["messages"] += len(coming)
        sent: list[Message] = []
        received = iter(coming)

        async def receive(received: Any = received) -> Message:
            return next(received)

        async def send(message: Message, sent: list[Message] = sent) -> None:
            sent.append(message)

        await app(scope, receive, send)
        outcomes[sent[0]["type"]] += 1
        if sent[0]["type"] == "websocket.accept":
            assert len(sent) == len(coming) - 1
    return outcomes


def test_any_message_over_a_socket_is_heard_or_refused(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    doorkeeper = Doorkeeper(tmp_path)
    app = guard(listen, doorkeeper)

    outcomes = asyncio.run(talk_all(app, doorkeeper.invite("ana"), SOCKET_MESSAGES))

    assert outcomes["messages"] >= SOCKET_MESSAGES
    assert caplog.records == []
    kinds = ["websocket.accept", "websocket.close", "websocket.http.response.start"]
    assert min(outcomes[kind] for kind in kinds) > 10, outcomes


# ------------------------------------------------------------------- on the stage


class Wanderer:
    """A policy that does something else each time."""

    def __init__(self, task: Task, chance: random.Random):
        self._task, self._chance = task, chance

    def begin(self) -> str:
        return "round 3"

    def replan(self, *, forget: bool = False) -> None:
        pass

    def act(self, observation: np.ndarray) -> tuple[np.ndarray, float | None]:
        self._task.action_space.seed(self._chance.getrandbits(30))
        action = self._task.action_space.sample()
        unsure = self._chance.choice([None, self._chance.random()])
        return self._task.action_vector(action, by="a policy"), unsure


@pytest.mark.parametrize("turns", [False, True])
@pytest.mark.parametrize("task", ["CartPole-v1", "LunarLanderContinuous-v3"])
def test_whatever_the_play_page_says_leaves_the_stage_in_order(
    task: str, turns: bool, tmp_path: Path
):
    chance, heard = random.Random(5), Counter[str]()
    pilot = Wanderer(make_task(task), chance)
    player = Player(tmp_path / "run", task, pilot=pilot, turns=turns)
    stage, longest = player.stage, 0.0
    for _ in range(PLAYED // 4):
        began = time.perf_counter()
        try:
            message = message_in(some_words(chance, stage.frame))
        except BadMessageError:
            heard["refused"] += 1
        else:
            # Who wishes to stop would not be heard any more.
            if not (isinstance(message, Wanted) and message.wish == "stop"):
                stage.hear(message)
            heard[f"{stage.state} {stage.status.driver}"] += 1
        player.clock.now += chance.choice([0.0, 0.005, 0.02, 0.02, 0.4])
        stage.showed(stage.frame)
        stage.tick()
        json.dumps(dataclasses.asdict(stage.status), allow_nan=False)
        longest = max(longest, time.perf_counter() - began)
    stage.close()

    assert longest < LONGEST
    states = {"playing person", "playing policy", "paused person", "paused policy"}
    assert states <= heard.keys(), heard
    recording = read_recording(tmp_path / "run")
    # What the page was told is what is kept, and what is kept is what happened.
    assert recording.taught == stage.status.label_total
    assert len(recording.episodes) == stage.status.kept > 0
    assert sum(episode.steps for episode in recording.episodes) > PLAYED // 100
    for episode in recording.episodes:
        seen = seen_again(player.task, episode.seed, episode.action)
        np.testing.assert_array_equal(
            seen, [*episode.observation, episode.last_observation]
        )


def seen_again(task: Task, seed: int, actions: np.ndarray) -> np.ndarray:
    """What is seen when these actions are taken once more."""
    with task.make() as environment:
        observation, _ = environment.reset(seed=seed)
        seen = [task.vector(observation)]
        for action in actions:
            observation, *_ = environment.step(task.executable(action))
            seen.append(task.vector(observation))
    return np.array(seen)


# ------------------------------------------------------------ over a connection

LINES = [
    b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n",
    b"GET /api/hello HTTP/1.0\r\nHost: localhost\r\nCookie: novice-1=x; a\r\n\r\n",
    b"POST /api/answers HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}",
    b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\n{}\r\n0\r\n\r\n",
    b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket"
    b"\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13"
    b"\r\nOrigin: http://localhost\r\n\r\n\x81\x85\x01\x02\x03\x04abcde",
    b"OPTIONS * HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


def damaged(content: bytes, chance: random.Random) -> bytes:
    """The bytes after a few accidents."""
    found = bytearray(content)
    for _ in range(chance.choice([0, 1, 1, 2, 5])):
        at = chance.randrange(len(found) + 1)
        change = chance.randrange(5)
        if change == 0 and found:
            found[at % len(found)] ^= 1 << chance.randrange(8)
        elif change == 1:
            found[at:at] = chance.randbytes(chance.randint(1, 8))
        elif change == 2:
            del found[at : at + chance.randint(1, 10)]
        elif change == 3:
            found[at:at] = chance.choice(LINES)
        else:
            found[at:at] = chance.choice([b"\r\n", b"\0", b": ", b"\xff", b"Host: x"])
    return bytes(found)


@pytest.mark.slow
def test_any_bytes_over_a_connection_leave_the_server_as_it_was(tmp_path: Path):
    fill(tmp_path, questions=5).close()
    token = Doorkeeper(tmp_path).invite("ana").encode()
    chance, first = random.Random(3), Counter[bytes]()
    good = b"GET /api/progress HTTP/1.0\r\nHost: localhost\r\nAuthorization: Bearer "
    with (
        open(tmp_path / "log", "wb+") as log,
        serving(tmp_path, log=log, mode="limited") as running,
    ):
        longest = 0.0
        for _ in range(OVER_CONNECTIONS):
            content = damaged(chance.choice(LINES), chance)
            if chance.random() < 0.3:
                key = b"Authorization: Bearer " + token + b"\r\nHost:"
                content = content.replace(b"Host:", key, 1)
            began = time.monotonic()
            with (
                contextlib.suppress(OSError),
                socket.create_connection(("127.0.0.1", running.port), 5) as talk,
            ):
                talk.sendall(content)
                talk.shutdown(socket.SHUT_WR)
                first[talk.recv(65536)[9:12]] += 1
            longest = max(longest, time.monotonic() - began)
        after = raw(running.port, good + token + b"\r\n\r\n")
        running.terminate()
        logged = Path(log.name).read_bytes()

    assert after.startswith(b"HTTP/1.1 200 ")
    assert sum(first.values()) > OVER_CONNECTIONS // 2
    assert not {status for status in first if status.startswith(b"5")}, first
    assert {b"200", b"400", b"401"} <= set(first)
    assert logged == b""
    assert longest < LONGEST


def some_frames(chance: random.Random) -> bytes:
    """A message as a browser sends it, after a few accidents."""
    body, mask = some_body(chance)[:100], chance.randbytes(4)
    masked = bytes(byte ^ mask[at % 4] for at, byte in enumerate(body))
    first = chance.choice([0x81, 0x82, 0x89, 0x8A, 0x88, 0x01, 0x00, 0x80, 0xC1])
    return damaged(bytes([first, 0x80 | len(body)]) + mask + masked, chance)


def test_any_frames_over_an_open_socket_leave_the_server_as_it_was(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    doorkeeper, chance = Doorkeeper(tmp_path), random.Random(4)
    opening = (
        b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\n"
        b"Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
        b"Sec-WebSocket-Version: 13\r\nAuthorization: Bearer %s\r\n\r\n"
    ) % doorkeeper.invite("ana").encode()
    good = b"\x81\x85\0\0\0\0hello"
    heard = Counter[bytes]()
    with served(guard(listen, doorkeeper)) as port:
        for frames in [*[some_frames(chance) for _ in range(FRAMES)], good]:
            with socket.create_connection(("127.0.0.1", port), 10) as talk:
                talk.sendall(opening)
                assert talk.recv(65536).startswith(b"HTTP/1.1 101 ")
                with contextlib.suppress(OSError):
                    talk.sendall(frames)
                    talk.shutdown(socket.SHUT_WR)
                    last = talk.recv(65536)
                    heard[last[:1]] += 1

    assert last == b"\x81\x015"
    assert caplog.records == []
    # Some were answered, and some ended with a close frame that says why.
    assert min(heard[b"\x81"], heard[b"\x88"]) > FRAMES // 20, heard


def test_a_hundred_thousand_messages_are_tried():
    tried = PARSED + ASKED + SOCKET_MESSAGES + PLAYED + OVER_CONNECTIONS + FRAMES

    assert tried == 100_000
