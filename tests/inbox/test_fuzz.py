"""Random and mutated messages are answered or refused: nothing breaks or hangs."""

import asyncio
import contextlib
import json
import random
import resource
import socket
import sys
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from starlette.types import Message, Receive, Scope, Send

from inbox.serving import Album, answer, fill, raw, served, serving
from inbox.test_protocol import KINDS
from novice.errors import NoviceError
from novice.experts.question import VERDICTS
from novice.inbox.protocol import (
    parse_answers,
    parse_history,
    parse_id,
    parse_lease,
)
from novice.inbox.security import Doorkeeper, Guard, guard
from novice.inbox.server import label_app

PARSED = 60_000
ASKED = 32_000
SOCKET_MESSAGES = 6_000
OVER_CONNECTIONS = 1_500
FRAMES = 500
# No message takes longer, in seconds, with room for a machine that does other things.
LONGEST = 5.0

SEEDS = [
    json.dumps({"want": 8, "holding": [1, 2], "release": [3]}),
    json.dumps({"answers": [answer(1, "0" * 32)]}),
    json.dumps({"answers": [answer(2, "f" * 32, actions=[[0.5, -1]], seconds=1e3)]}),
    json.dumps({"answers": [answer(3, "a" * 32, verdict="skip", actions=[])] * 3}),
    json.dumps({"answers": [answer(4, "b" * 32, shown={"clip": True, "n": 2})]}),
    json.dumps([[[{"a": [None, True, 1.5, "x"]}]]]),
]
PIECES = [
    "null", "true", "-1", "1e999", "NaN", "-Infinity", "9" * 400, "0.1", "[]", "{}",
    '"\\ud800"', '"\\u0000"', "[[", "]]", "}}", '"answers"', '"action"', "\x00", "é",
    "😀", "'", '"', "\\", "/", "<script>", "%s", "{0}", "$(x)", "; DROP TABLE answers",
    "9223372036854775808", "0x1", "1" * 30, "[" * 300,
]  # fmt: skip


def mutated(text: str, chance: random.Random) -> str:
    """The text after a few accidents."""
    for _ in range(chance.randint(0, 4)):
        start = chance.randint(0, len(text))
        end = min(len(text), start + chance.choice([0, 0, 1, 2, 5, 40]))
        piece = chance.choice(
            [chance.choice(PIECES), chr(chance.randrange(0xD800)), "", text[:end]]
        )
        text = (text[:start] + piece + text[end:])[:60_000]
    return text


def anything(chance: random.Random, depth: int = 0) -> Any:
    """A JSON value, more likely one with the names and values that matter."""
    plain: list[Callable[[], Any]] = [
        lambda: chance.choice([None, True, False, "", 0, -1, 1, 2, 2**63, 1e308]),
        lambda: chance.uniform(-10, 4000),
        lambda: chance.randint(-3, 40),
        lambda: f"{chance.getrandbits(128):032x}",
        lambda: chance.choice(VERDICTS),
        lambda: chance.choice(PIECES),
    ]
    if depth < 4 and chance.random() < 0.5:
        count = chance.randint(0, 4)
        if chance.random() < 0.5:
            return [anything(chance, depth + 1) for _ in range(count)]
        names = [*answer(0, ""), "answers", "want", "holding", "release", "clip"]
        return {chance.choice(names): anything(chance, depth + 1) for _ in range(count)}
    return chance.choice(plain)()


def some_body(chance: random.Random) -> bytes:
    kind = chance.random()
    if kind < 0.1:
        return chance.randbytes(chance.randint(0, 200))
    if kind < 0.4:
        return mutated(chance.choice(SEEDS), chance).encode("utf-8", "surrogatepass")
    if kind < 0.7:
        sent = answer(chance.randint(0, 40), f"{chance.getrandbits(128):032x}")
        for _ in range(chance.randint(0, 2)):
            sent[chance.choice([*sent])] = anything(chance)
        return json.dumps({"answers": [sent] * chance.randint(1, 2)}).encode()
    return json.dumps(anything(chance)).encode()


def test_any_message_is_read_or_refused_in_a_sentence():
    chance, read = random.Random(0), Counter[str]()
    kinds = [*KINDS.values(), KINDS["discrete"]]
    longest = 0.0
    for number in range(PARSED):
        body = some_body(chance)
        text = body.decode("latin-1")[:40]
        began = time.perf_counter()
        try:
            match number % 4:
                case 0:
                    parse_lease(body)
                case 1:
                    parse_history({"before": text, "most": text[:2]})
                case 2:
                    parse_id(text, "a question")
                case 3:
                    kind = kinds[chance.randrange(len(kinds))]
                    parse_answers(body, who="ana", kind=kind)
            read[f"read {number % 4}"] += 1
        except NoviceError as error:
            assert "\n" not in str(error) and len(str(error)) < 400
            str(error).encode()
            read[f"refused {number % 4}"] += 1
        longest = max(longest, time.perf_counter() - began)

    assert sum(read.values()) == PARSED
    # A fuzzer whose messages are all refused at the door tries nothing.
    assert min(read["read 0"], read["read 3"]) > PARSED // 100, read
    assert longest < LONGEST


# --------------------------------------------------------------- the whole app

PATHS = [
    "/", "/static/common.css", "/static/..", "/api/hello", "/api/lease",
    "/api/answers", "/api/history", "/api/progress", "/api/questions/1/clip",
    "/api/questions/2/consequences", "/api/questions/x/clip", "//", "*", "", "/api",
    "http://localhost/", "/api/questions/99999999999999999999/clip",
]  # fmt: skip
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


async def ask_all(app: Guard, token: str, count: int) -> tuple[Counter[int], float]:
    """How often which status came, and the longest time that one took."""
    chance, statuses, longest = random.Random(1), Counter[int](), 0.0
    good = {
        "host": "localhost:8642",
        "authorization": f"Bearer {token}",
        "content-type": "application/json",
    }
    for _ in range(count):
        scope = some_request(chance, good)
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
    before = memory()

    statuses, longest = asyncio.run(ask_all(app, doorkeeper.invite("ana"), ASKED))

    inbox.check()
    inbox.close()
    assert sum(statuses.values()) == ASKED
    assert caplog.records == []
    assert max(statuses) < 500, statuses
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
    tried = PARSED + ASKED + SOCKET_MESSAGES + OVER_CONNECTIONS + FRAMES

    assert tried == 100_000
