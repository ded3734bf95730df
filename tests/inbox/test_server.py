"""What the label server says and stores, and how it starts, bears and stops."""

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time
import urllib.parse
from collections.abc import Iterator
from http.client import HTTPConnection
from importlib import resources
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from inbox.conftest import Desk
from inbox.serving import (
    PLENTY,
    Client,
    answer,
    fill,
    raw,
    served,
    serving,
    start,
)
from novice.files import CannotWriteError
from novice.inbox import connections
from novice.inbox.assets import assets
from novice.inbox.connections import (
    MOST_UNHEARD,
    CannotServeError,
    free_socket,
    serve,
)
from novice.inbox.limits import Allowance
from novice.inbox.security import Doorkeeper
from novice.inbox.server import ANSWERS_AT_ONCE, label_app

HEAD = b"Host: localhost\r\nContent-Type: application/json\r\n"
UPGRADE = HEAD + b"Connection: upgrade\r\nUpgrade: websocket\r\n"
NUMBERS = itertools.count()


def uuid() -> str:
    return f"{next(NUMBERS):032x}"


def store(client: Any, *answers: dict[str, Any]) -> Any:
    return client.post("/api/answers", json={"answers": answers})


# ----------------------------------------------------------------- what it says


def test_hello_says_who_is_asked_and_in_which_words(desk: Desk):
    desk.inbox.tell("run", "first try")
    desk.inbox.tell("instructions", "keep it up")
    desk.inbox.tell("budget", {"labels": 100})

    hello = desk.labeler("Ana <b>").get("/api/hello").json()

    assert hello["who"] == "Ana <b>"
    assert hello["words"]["action"]["choices"][1]["name"] == "right"
    assert {
        name: hello[name]
        for name in ("run", "task", "simulated", "instructions", "budget")
    } == {
        "run": "first try",
        "task": "CartPole-v1",
        "simulated": False,
        "instructions": "keep it up",
        "budget": {"labels": 100, "minutes": None},
    }
    assert (hello["consequences"], hello["pause_after_minutes"]) == (True, 25)


def test_a_run_that_has_said_nothing_yet_asks_for_patience(tmp_path: Path, desk: Desk):
    empty = fill(tmp_path / "new", questions=0)
    empty.tell("words", None)
    app = label_app(tmp_path / "new", desk.doorkeeper, empty, desk.album)
    new = Desk(tmp_path, empty, desk.doorkeeper, desk.album, app).visitor()
    new.headers["Authorization"] = f"Bearer {desk.doorkeeper.invite('ana')}"

    replies = [new.get("/api/hello"), store(new, answer(1, uuid()))]

    assert [reply.status_code for reply in replies] == [503, 503]
    assert "still starting" in replies[0].json()["error"]
    assert new.get("/api/progress").json()["phase"] == "starting"
    empty.close()


def test_questions_are_leased_and_their_pictures_expected(desk: Desk):
    ana, ben = desk.labeler("ana"), desk.labeler("ben")

    first = ana.post("/api/lease", json={"want": 3}).json()
    other = ben.post("/api/lease", json={"want": 3}).json()
    given_back = ana.post("/api/lease", json={"want": 0, "release": [1, 2]}).json()
    then = ben.post("/api/lease", json={"want": 2, "holding": [4]}).json()

    ids = [
        [question["id"] for question in each["questions"]] for each in (first, other)
    ]
    assert ids == [[1, 2, 3], [4, 5, 6]]
    assert given_back["questions"] == []
    assert [question["id"] for question in then["questions"]] == [1, 2]
    assert [question["lease"] for question in then["questions"]] == [2, 2]
    row = desk.inbox.question(1).observation
    np.testing.assert_array_equal(first["questions"][0]["observation"], row)
    wanted = [number for number, _ in desk.album.expected]
    assert wanted == [1, 2, 3, 4, 5, 6, 1, 2]
    assert desk.album.forgotten == [1, 2]


@pytest.mark.parametrize("kind", ["discrete", "real"])
def test_consequences_are_drawn_ahead_only_where_they_are_offered(
    desk: Desk, kind: str
):
    words = desk.inbox.told("words")
    words["action"] = {**words["action"], "kind": kind, "low": [0], "high": [1]}
    desk.inbox.tell("words", words)
    ana = desk.labeler()

    ana.post("/api/lease", json={"want": 1})

    offered = kind == "discrete"
    assert ana.get("/api/hello").json()["consequences"] == offered
    assert desk.album.expected == [(1, offered)]


def test_an_answer_is_stored_and_counted(desk: Desk):
    ana = desk.labeler()
    names = [uuid() for _ in range(3)]

    reply = store(
        ana,
        answer(1, names[0], seconds=1.5),
        answer(2, names[1], verdict="skip", actions=[]),
        answer(3, names[2], verdict="wrong", actions=[[0]], shown={"clip": True}),
    ).json()

    assert reply["stored"] == names
    progress = reply["progress"]
    assert (progress["answered"], progress["mine"], progress["open"]) == (2, 2, 27)
    assert progress["stored"] == 3
    assert progress["human_seconds"] == 1.5 + 1.0 + 1.0
    kept = [each.answer for each in desk.inbox.answers_after(0)]
    assert [each.verdict for each in kept] == ["action", "skip", "wrong"]
    assert {each.who for each in kept} == {"ana"}
    assert kept[2].shown == {"clip": True}


def test_nobody_answers_in_another_s_name(desk: Desk):
    ana = desk.labeler("ana")

    store(ana, answer(1, uuid(), who="ben"))

    assert [each.answer.who for each in desk.inbox.answers_after(0)] == ["ana"]


def test_one_bad_answer_and_none_of_the_request_is_stored(desk: Desk):
    ana = desk.labeler()

    bad = store(ana, answer(1, uuid()), answer(2, uuid(), actions=[[7]]))
    unknown = store(ana, answer(1, uuid()), answer(999, uuid()))

    assert (bad.status_code, unknown.status_code) == (400, 409)
    assert "7" in bad.json()["error"]
    assert str(desk.folder) not in unknown.json()["error"]
    assert desk.inbox.answer_count() == 0


def test_a_full_disk_is_said_and_nothing_is_acknowledged(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    ana, name = desk.labeler(), uuid()

    def fails(answers: Any) -> Any:
        raise CannotWriteError("/data/inbox.sqlite cannot be written: 0 bytes free")

    with monkeypatch.context() as patch:
        patch.setattr(desk.inbox, "store", fails)
        full = store(ana, answer(1, name))
    again = store(ana, answer(1, name))

    assert (full.status_code, again.status_code) == (507, 200)
    assert full.json()["error"].endswith("0 bytes free")
    assert desk.inbox.answer_count() == 1


def test_the_history_shows_what_stands_newest_first(desk: Desk):
    ana = desk.labeler()
    for question in (1, 2, 3):
        store(ana, answer(question, uuid()))
    store(ana, answer(2, uuid(), actions=[[0]]))

    items = ana.get("/api/history", params={"most": 2}).json()["items"]
    before = items[-1]["answer"]
    older = ana.get("/api/history", params={"before": before}).json()["items"]

    assert [each["question"]["id"] for each in items + older] == [2, 3, 1]
    assert items[0]["actions"] == [[0]]
    assert items[0]["question"]["lease"] == 0
    assert desk.labeler("ben").get("/api/history").json() == {"items": []}


def test_progress_tells_what_the_run_does(desk: Desk):
    ana = desk.labeler()
    for name, value in {
        "round": 3,
        "phase": "fitting",
        "alive": time.time(),
        "budget": {"labels": 100, "minutes": 5},
    }.items():
        desk.inbox.tell(name, value)
    for number in range(7):
        desk.inbox.announce({"round": number, "sentence": f"round {number}"})

    alive = ana.get("/api/progress").json()
    desk.inbox.tell("alive", time.time() - 16)
    gone = ana.get("/api/progress").json()

    assert (alive["round"], alive["phase"]) == (3, "fitting")
    assert [each["round"] for each in alive["news"]] == [2, 3, 4, 5, 6]
    assert (alive["training"], gone["training"]) == (True, False)
    assert alive["minutes_left"] == 5.0


def test_a_picture_comes_with_its_measures(desk: Desk):
    ana = desk.labeler()

    clip = ana.get("/api/questions/1/clip")
    consequences = ana.get("/api/questions/1/consequences")

    assert (clip.content, clip.headers["content-type"]) == (b"\x89PNG", "image/png")
    measures = ["X-Frames", "X-Width", "X-Height", "X-Frames-Per-Second"]
    assert [clip.headers[name] for name in measures] == ["3", "20", "10", "20"]
    branches = json.loads(consequences.headers["X-Branches"])
    assert branches == [{"actions": [0], "alike": [1], "ended": False}]


def test_without_a_picture_the_page_is_told_why(desk: Desk):
    desk.album.error = CannotWriteError("this task draws nothing")

    reply = desk.labeler().get("/api/questions/1/clip")

    assert reply.status_code == 404
    assert reply.json() == {"error": "this task draws nothing"}


def test_the_page_and_its_files_come_from_memory_and_are_sent_once(desk: Desk):
    ana = desk.labeler()

    page, style = ana.get("/"), ana.get("/static/common.css")
    again = ana.get(
        "/static/common.css", headers={"If-None-Match": style.headers["etag"]}
    )

    assert page.headers["content-type"] == "text/html; charset=utf-8"
    assert page.content == assets()["label.html"].content
    assert style.headers["content-type"] == "text/css; charset=utf-8"
    assert style.headers["cache-control"] == "no-cache"
    assert (again.status_code, again.content) == (304, b"")


def test_a_method_that_does_not_fit_is_refused_with_those_that_do(desk: Desk):
    ana = desk.labeler()

    replies = {
        method: ana.request(method, "/api/lease", json={})
        for method in ("GET", "PUT", "DELETE", "OPTIONS")
    }

    assert {reply.status_code for reply in replies.values()} == {405}
    assert {reply.headers["allow"] for reply in replies.values()} == {"POST"}
    assert "method" in replies["OPTIONS"].json()["error"]
    head = ana.head("/api/hello")
    assert (head.status_code, head.content) == (200, b"")


def test_more_answers_than_anybody_gives_wait_in_the_page(desk: Desk):
    class Clock:
        now = 0.0

        def __call__(self) -> float:
            return self.now

    clock = Clock()
    allowance = Allowance(a_second=30.0, burst=ANSWERS_AT_ONCE, clock=clock)
    app = label_app(
        desk.folder, desk.doorkeeper, desk.inbox, desk.album, answers=allowance
    )
    slow = Desk(desk.folder, desk.inbox, desk.doorkeeper, desk.album, app)
    ana, ben = slow.labeler("ana"), slow.labeler("ben")

    def hundred(client: Any) -> Any:
        return store(client, *[answer(1, uuid()) for _ in range(100)])

    burst = [hundred(ana).status_code for _ in range(4)]
    other = hundred(ben).status_code
    refused = store(ana, answer(1, uuid()))
    sustained = []
    for _ in range(60):
        clock.now += 1.0
        answers = [answer(1, uuid()) for _ in range(30)]
        sustained.append(store(ana, *answers).status_code)

    assert burst == [200, 200, 200, 429]
    assert other == 200
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "1")
    assert set(sustained) == {200}
    assert desk.inbox.answer_count() == 300 + 100 + 60 * 30


def test_an_answer_that_is_sent_again_and_again_is_stored_once(desk: Desk):
    names = [uuid() for _ in range(100)]
    token = desk.doorkeeper.invite("ana")
    outcomes: list[int] = []

    def insist(port: int, chance: random.Random) -> None:
        client = Client(port, token)
        for _ in range(25):
            sent = [answer(1 + int(name, 16) % 30, name) for name in names]
            chance.shuffle(sent)
            status, reply = client.ask("POST", "/api/answers", {"answers": sent})
            assert len(reply["stored"]) == 100
            outcomes.append(status)
        client.close()

    with served(desk.app) as port:
        threads = [
            threading.Thread(target=insist, args=(port, random.Random(seed)))
            for seed in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    assert outcomes == [200] * 100  # 10,000 answers, each name 100 times.
    kept = [each.answer.uuid for each in desk.inbox.answers_after(0)]
    assert sorted(kept) == sorted(names)


# ------------------------------------------------------------- what it never reads

DOTS = ["..", "%2e%2e", ".%2e", "%252e%252e", "..%00", "%c0%ae%c0%ae", "．．", "..;"]
SLASHES = ["/", "%2f", "%5c", "\\", "//", "%252f", "%c0%af", "／", "/./", "%00/"]
TARGETS = ["etc/passwd", "people.json", "dataset/inbox.sqlite", "__init__.py", "link"]
ENDS = ["", "%00.css", "?.css", "#.css", "%20", "/", "/.", ".css"]


def traversals() -> Iterator[str]:
    for dots, slash, target, end in itertools.product(DOTS, SLASHES, TARGETS, ENDS):
        yield (dots + slash) * 3 + target + end


@pytest.mark.parametrize(
    "route",
    [
        "/static/{}",
        "/api/questions/{}/clip",
        "/api/questions/{}/action",
        "/overview/{}",
        "/{}",
        "/api/{}",
    ],
)
def test_no_address_reaches_a_file(desk: Desk, route: str):
    secret = "root:x:secret"
    (desk.folder / "link").symlink_to("/etc/passwd")
    (desk.folder / "common.css").write_text(secret)
    ana, chance = desk.labeler(), random.Random(0)
    names = chance.sample(list(traversals()), 250)

    replies = [ana.get(route.format(name)) for name in names]

    plain = {reply.status_code for reply in replies}
    assert plain <= {400, 404, 405}, plain
    assert all("secret" not in reply.text for reply in replies)
    assert all("ana" not in reply.text for reply in replies)


def test_only_what_a_page_is_made_of_is_sent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    for name in ("page.html", "page.js", "notes.txt", "tool.py", ".js~", "README"):
        path = tmp_path / "pages" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text("x")
    (tmp_path / "pages" / "folder.js").mkdir()
    monkeypatch.setattr(resources, "files", lambda package: tmp_path)

    assert set(assets()) == {"page.html", "page.js"}


def test_every_file_of_the_page_is_sent(desk: Desk):
    ana, table = desk.labeler(), assets()

    sent = {name for name in table if ana.get(f"/static/{name}").status_code == 200}

    assert sent == set(table)
    assert {"label.html", "label.js", "common.css"} <= sent


# ------------------------------------------------- how it starts, bears and stops


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run with 2,000 questions, for servers in processes of their own."""
    folder = tmp_path_factory.mktemp("served")
    fill(folder, questions=2000).close()
    return folder


def test_the_server_starts_at_once_and_without_jax(folder: Path):
    seconds = []
    for _ in range(3):
        with serving(folder) as running:
            seconds.append(running.seconds)
            running.terminate()
            assert running.process.stdout is not None
            ended = json.loads(running.process.stdout.read())
            assert ended == {"stopped_by": "SIGTERM", "jax": False}

    # Half a second where nothing else runs.
    assert min(seconds) < 2.0, seconds


def test_no_part_of_the_server_imports_jax():
    program = """
import sys
import novice.inbox.connections, novice.inbox.darkroom, novice.inbox.server
print(*sorted({name.split(".")[0] for name in sys.modules}))
"""
    told = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )

    loaded = told.stdout.split()
    assert "starlette" in loaded
    assert {"equinox", "gymnasium", "jax", "scipy"}.isdisjoint(loaded)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_stops_it_cleanly_whatever_is_open(
    folder: Path, number: signal.Signals
):
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(serving(folder, mode="slow"))
        token = Doorkeeper(folder).invite("ana")
        clip = b"GET /api/questions/1/clip HTTP/1.1\r\nAuthorization: Bearer %s\r\n"
        clip += HEAD + b"\r\n"
        half = b"POST /api/lease HTTP/1.1\r\nAuthorization: Bearer %s\r\n" + HEAD
        half += b"Content-Length: 9\r\n\r\n{"
        beginnings = [b"", b"GET", half % token.encode(), clip % token.encode()]
        for beginning in beginnings * 10:
            talk = socket.create_connection(("127.0.0.1", running.port))
            stack.enter_context(contextlib.closing(talk))
            talk.sendall(beginning)
        client = Client(running.port, token)
        stack.callback(client.close)
        assert client.ask("GET", "/api/progress")[0] == 200

        began = time.monotonic()
        running.process.send_signal(number)
        status = running.process.wait(timeout=30)
        seconds = time.monotonic() - began
        assert running.process.stdout is not None
        ended = json.loads(running.process.stdout.read())

    assert (status, ended["stopped_by"]) == (0, number.name)
    # Two seconds where nothing else runs.
    assert seconds < 5.0


def test_a_taken_port_gives_way_to_the_next(tmp_path: Path):
    with free_socket("127.0.0.1", 0) as first:
        port = first.getsockname()[1]
        with free_socket("127.0.0.1", port) as second:
            assert port < second.getsockname()[1] <= port + 100


@pytest.mark.parametrize(
    ("host", "port"), [("192.0.2.1", 8642), ("no such host.invalid", 0)]
)
def test_an_address_that_is_not_ours_is_refused(host: str, port: int):
    with pytest.raises(CannotServeError, match=f"^{host}:{port} cannot be served at"):
        free_socket(host, port)


def test_a_certificate_that_is_none_is_refused(tmp_path: Path, desk: Desk):
    (tmp_path / "cert.pem").write_text("no certificate")

    with pytest.raises(CannotServeError, match="no certificate and key"):
        serve(
            desk.app,
            host="127.0.0.1",
            port=0,
            tls_cert=tmp_path / "cert.pem",
            ready=lambda port: None,
        )


def test_it_speaks_tls(tmp_path: Path, desk: Desk):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    if shutil.which("openssl") is None:
        pytest.skip("TLS was not tried: there is no openssl to make a certificate")
    wanted = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost -addext"
    made = subprocess.run(
        [
            "openssl",
            *wanted.split(),
            "subjectAltName=DNS:localhost",
            "-keyout",
            key,
            "-out",
            cert,
        ],
        capture_output=True,
    )
    assert made.returncode == 0, made.stderr
    trusted = ssl.create_default_context(cafile=cert)

    with (
        served(desk.app, tls_cert=cert, tls_key=key) as port,
        socket.create_connection(("127.0.0.1", port), 10) as plain,
        trusted.wrap_socket(plain, server_hostname="localhost") as talk,
    ):
        talk.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        reply = talk.recv(65536)

    assert reply.startswith(b"HTTP/1.1 401 ")
    assert desk.album.closed


@pytest.mark.parametrize(
    ("sent", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"x" * 17_000 + b"\r\n\r\n", 431),
        (b"GET / HTTP/1.1\r\n" + HEAD + b"X: " + b"x" * 17_000, 431),
        (b"GET /" + b"x" * 17_000 + b" HTTP/1.1\r\n" + HEAD + b"\r\n", 431),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 64, 400),
        (b"GET / HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400),
        (b"GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: -1\r\n\r\n", 400),
        (b"POST / HTTP/1.1\r\n" + HEAD + b"Content-Length: 10485760\r\n\r\n", 401),
    ],
)
def test_an_odd_request_is_refused_and_the_server_goes_on(
    folder: Path, sent: bytes, status: int
):
    with serving(folder) as running:
        heard = raw(running.port, sent)
        after = raw(running.port, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")

    assert heard.startswith(b"HTTP/1.1 %d " % status), heard[:200]
    assert b"application/json" in heard and b"nosniff" in heard
    assert after.startswith(b"HTTP/1.1 401 ")


def test_what_the_library_of_sockets_cannot_bear_does_not_reach_it(
    folder: Path, tmp_path: Path
):
    with open(tmp_path / "log", "w") as log, serving(folder, log=log) as running:
        heard = [
            raw(running.port, head + b"\r\n")
            for head in (
                b"POST / HTTP/1.1\r\n" + UPGRADE,
                b"GET / HTTP/1.0\r\n" + UPGRADE,
                b"GET / HTTP/1.1\r\n" + UPGRADE + b"X: y\r\n" * 130,
                b"GET / HTTP/1.1\r\n" + UPGRADE + b"X: " + b"y" * 9000 + b"\r\n",
                b"GET /" + b"x" * 9000 + b" HTTP/1.1\r\n" + UPGRADE,
            )
        ]
        running.terminate()

    assert [reply[9:12] for reply in heard] == [b"401"] * 5
    assert (tmp_path / "log").read_text() == ""


def test_ten_megabytes_over_a_connection_are_not_read(folder: Path):
    token = Doorkeeper(folder).invite("ana")
    head = (
        b"POST /api/answers HTTP/1.1\r\n" + HEAD + b"Authorization: Bearer %s\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n"
    ) % token.encode()
    chunk = b"10000\r\n" + b"x" * 65536 + b"\r\n"
    with (
        serving(folder) as running,
        socket.create_connection(("127.0.0.1", running.port), 10) as talk,
    ):
        talk.sendall(head)
        sent = 0
        with contextlib.suppress(OSError):  # The server hangs up at some time.
            while sent < 10 * 2**20:
                talk.sendall(chunk)
                sent += len(chunk)
                if sent == len(chunk) * 4:
                    assert b" 413 " in talk.recv(65536)
                time.sleep(0.001)

    assert len(chunk) * 4 <= sent < 10 * 2**20


def test_hundreds_of_slow_visitors_do_not_hold_up_a_labeler(folder: Path):
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(serving(folder))
        slow = []
        for _ in range(200):
            talk = socket.create_connection(("127.0.0.1", running.port), 10)
            stack.enter_context(contextlib.closing(talk))
            talk.sendall(b"GET / HTTP/1.1\r\nX: ")
            slow.append(talk)
        client = Client(running.port, Doorkeeper(folder).invite("ana"))
        stack.callback(client.close)
        seconds = []
        for number in range(200):
            slow[number].sendall(b"y")
            began = time.monotonic()
            status, _ = client.ask(
                "POST", "/api/answers", {"answers": [answer(number + 1, uuid())]}
            )
            seconds.append(time.monotonic() - began)
            assert status == 200

    # 0.2 s where nothing else runs.
    assert np.quantile(seconds, 0.99) < 1.0


def test_a_slow_visitor_makes_room_for_the_next(folder: Path):
    with contextlib.ExitStack() as stack:
        running = stack.enter_context(serving(folder))
        slow = []
        for _ in range(MOST_UNHEARD + 40):
            talk = socket.create_connection(("127.0.0.1", running.port), 10)
            stack.enter_context(contextlib.closing(talk))
            talk.sendall(b"GET / HT")
            slow.append(talk)
        raw(running.port, b"GET / HTTP/1.0\r\nHost: localhost\r\n\r\n")
        slow[0].settimeout(5)  # At ten seconds everybody is given up.
        first = slow[0].recv(65536)
        slow[-1].sendall(b"TP/1.0\r\nHost: localhost\r\n\r\n")
        last = slow[-1].recv(65536)

    assert first.startswith(b"HTTP/1.1 408 ")
    assert last.startswith(b"HTTP/1.1 401 ")


def test_a_head_that_never_ends_is_given_up(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(connections, "HEAD_SECONDS", 0.3)

    with served(desk.app) as port:
        began = time.monotonic()
        first = raw(port, b"GET / HTTP/1.1\r\nHost: ")
        seconds = time.monotonic() - began
        client = Client(port, desk.doorkeeper.invite("ana"))
        status, _ = client.ask("GET", "/api/hello")
        client.connection.sock.sendall(b"GET / HTTP")
        second = client.connection.sock.recv(65536)
        client.close()

    assert first.startswith(b"HTTP/1.1 408 ")
    assert 0.3 <= seconds < 5
    assert status == 200 and second.startswith(b"HTTP/1.1 408 ")


def test_a_reply_is_not_held_back_until_the_visitor_has_confirmed_a_part(desk: Desk):
    with served(desk.app) as port:
        client = Client(port, desk.doorkeeper.invite("ana"))
        seconds = []
        for _ in range(60):
            began = time.monotonic()
            assert client.ask("GET", "/api/hello")[0] == 200
            seconds.append(time.monotonic() - began)
        client.close()

    # To confirm takes 40 ms, all but the first few times.
    assert np.median(seconds) < 0.03


def test_a_token_is_in_no_log_and_in_no_list_of_processes(folder: Path, tmp_path: Path):
    token = Doorkeeper(folder).invite("ana")
    with open(tmp_path / "log", "w") as log, serving(folder, log=log) as running:
        connection = HTTPConnection("127.0.0.1", running.port, timeout=10)
        for path in (f"/?token={token}", f"/nowhere?token={token}x", "/?token=wrong"):
            connection.request("GET", path, headers={"Host": "localhost"})
            connection.getresponse().read()
            connection.close()
        quoted = urllib.parse.quote(f"/api/hello?token={token}")
        for line in (f"GET /?token={token}", f"GET /?{token} JUNK", f"GET {quoted} X"):
            raw(running.port, line.encode() + b"\r\n\r\n")
        upgrade = b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n"
        raw(running.port, b"GET /?token=%s HTTP/1.1\r\n" % token.encode() + upgrade)
        command = Path(f"/proc/{running.process.pid}/cmdline").read_bytes()
        surroundings = Path(f"/proc/{running.process.pid}/environ").read_bytes()
        running.terminate()
        assert running.process.stdout is not None
        said = running.process.stdout.read().decode()

    logged = (tmp_path / "log").read_text()
    assert token not in logged + said
    assert "?token" not in logged
    assert token.encode() not in command + surroundings


def test_the_page_goes_nowhere_with_the_token(desk: Desk, browser: Any):
    """From a mail's link: the address bar is clean, and nobody hears where it was."""
    token = desk.doorkeeper.invite("ana")
    heard: list[dict[str, str]] = []
    app = label_app(
        desk.folder, desk.doorkeeper, desk.inbox, desk.album, answers=PLENTY
    )
    with served(app) as port:
        page = browser.new_page()
        page.on("request", lambda request: heard.append(request.all_headers()))
        page.route(
            "http://mail.example/",
            lambda route: route.fulfill(
                content_type="text/html",
                body=f'<a href="http://127.0.0.1:{port}/?token={token}">open</a>',
            ),
        )
        page.goto("http://mail.example/")
        page.click("a")
        page.wait_for_selector("#stage", state="attached")
        address, cookies = page.url, page.context.cookies()
        scripts = page.evaluate("document.cookie")
        page.close()

    assert address == f"http://127.0.0.1:{port}/"
    assert [cookie["name"] for cookie in cookies] == [f"novice-{port}"]
    assert scripts == ""
    assert not [headers for headers in heard if token in headers.get("referer", "")]


def test_two_servers_of_one_run_take_two_ports(folder: Path):
    first, second = start(folder), start(folder)
    try:
        assert first.port != second.port
        assert os.path.exists(f"/proc/{first.process.pid}")
    finally:
        first.kill()
        second.kill()
