"""Only who was invited comes in, only from our pages, and nobody hears a secret."""

import asyncio
import json
import random
import re
import stat
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from starlette.responses import PlainTextResponse, Response
from starlette.routing import Route
from starlette.testclient import TestClient
from starlette.types import Message, Receive, Scope, Send
from starlette.websockets import WebSocketDisconnect

from inbox.conftest import Desk
from novice.files import BrokenFileError
from novice.inbox.limits import MOST_KEYS, Allowance
from novice.inbox.people import MOST_SESSIONS, BadNameError
from novice.inbox.security import Doorkeeper, Guard, csrf_of, guard

OURS = "http://localhost:8642"
SOCKET = "ws://localhost:8642/"
METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "BREW")


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that says who sends it what."""
    if scope["type"] == "http":
        body = (await receive()).get("body", b"")
        reply = PlainTextResponse(f"{scope['state']['who']}: {body.decode()}")
        await reply(scope, receive, send)
        return
    await receive()
    await send({"type": "websocket.accept"})
    while (message := await receive())["type"] == "websocket.receive":
        await send({"type": "websocket.send", "text": message["text"]})


def guarded(doorkeeper: Doorkeeper, **other: Any) -> Guard:
    plenty = Allowance(a_second=1e9, burst=10**9)
    return guard(echo, doorkeeper, **{"bad_tokens": plenty, **other})


def visitor(app: Guard, base_url: str = OURS) -> TestClient:
    return TestClient(app, base_url=base_url, follow_redirects=False)


def entered(app: Guard, who: str = "ana", base_url: str = OURS) -> TestClient:
    client = visitor(app, base_url)
    client.get("/", params={"token": app.doorkeeper.invite(who)})
    return client


def csrf(client: TestClient) -> str:
    [cookie] = client.cookies.jar
    return csrf_of(cookie.value)


@pytest.fixture
def app(tmp_path: Path) -> Guard:
    return guarded(Doorkeeper(tmp_path))


# ------------------------------------------------------------------ who comes in


def routes(desk: Desk) -> list[str]:
    """Every address of the label server, from its own table."""
    [router] = [
        cell.cell_contents
        for cell in desk.app.app.__closure__  # type: ignore[union-attr]
    ]
    assert all(isinstance(route, Route) for route in router.routes)
    return [re.sub(r"\{\w+\}", "1", route.path) for route in router.routes]


def test_no_route_answers_to_whom_it_does_not_know(desk: Desk):
    old = desk.doorkeeper.invite("ben")
    gone = desk.labeler("cem")
    desk.doorkeeper.revoke("ben")
    desk.doorkeeper.revoke("cem")
    strangers = {
        "without a token": desk.visitor(),
        "with a wrong token": desk.visitor(headers={"Authorization": "Bearer wrong"}),
        "with a wrong cookie": desk.visitor(cookies={"novice-8642": "wrong"}),
        "with a revoked token": desk.visitor(
            headers={"Authorization": f"Bearer {old}"}
        ),
        "in a revoked browser": gone,
    }
    paths = routes(desk)

    let_in = [
        (method, path, kind, status)
        for path in [*paths, "/nowhere"]
        for method in METHODS
        for kind, client in strangers.items()
        if (status := client.request(method, path).status_code) not in (401, 403)
    ]

    assert len(paths) >= 9
    assert let_in == []


def test_the_same_routes_answer_to_whom_they_know(desk: Desk):
    labeler = desk.labeler()

    statuses = {
        (method, path): labeler.request(method, path, json={}).status_code
        for path in routes(desk)
        for method in METHODS
    }

    assert {401, 403, 500}.isdisjoint(statuses.values())
    assert statuses["GET", "/api/hello"] == 200
    assert statuses["HEAD", "/api/hello"] == 200
    assert statuses["POST", "/api/hello"] == 405
    assert statuses["DELETE", "/api/answers"] == 405


@pytest.mark.parametrize(
    "wrong", ["", "x", "null", "\0", "é", "' OR 1=1 --", "a" * 4000, "[]"]
)
def test_a_wrong_token_in_the_address_opens_nothing(app: Guard, wrong: str):
    app.doorkeeper.invite("ana")

    reply = visitor(app).get("/", params={"token": wrong})

    assert reply.status_code == 401
    assert "set-cookie" not in reply.headers


def test_a_token_is_swapped_for_a_cookie_that_scripts_cannot_read(app: Guard):
    token = app.doorkeeper.invite("ana")
    client = visitor(app)

    reply = client.get("/", params={"token": token})

    assert (reply.status_code, reply.headers["location"]) == (303, "/")
    cookie = reply.headers["set-cookie"].lower()
    assert cookie.startswith("novice-8642=")
    assert {"httponly", "samesite=strict", "path=/"} <= set(cookie.split("; "))
    assert "secure" not in cookie
    assert token.lower() not in cookie
    assert client.get("/").text == "ana: "


def test_under_tls_the_cookie_stays_there(tmp_path: Path):
    app = guarded(Doorkeeper(tmp_path, secure=True))

    reply = visitor(app, "https://localhost:8642").get(
        "/", params={"token": app.doorkeeper.invite("ana")}
    )

    assert "secure" in reply.headers["set-cookie"].lower().split("; ")


@pytest.mark.parametrize(
    ("path", "place"),
    [
        ("/", "/"),
        ("/play", "/play"),
        ("//evil.example", "/"),
        ("/%2f/evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a%0d%0aSet-Cookie:%20x=y", "/"),
    ],
)
def test_the_way_in_leads_to_no_other_site(app: Guard, path: str, place: str):
    token = app.doorkeeper.invite("ana")

    reply = visitor(app).get(f"{OURS}{path}?token={token}")

    assert (reply.status_code, reply.headers["location"]) == (303, place)


def test_a_link_in_a_mail_leads_in_too(app: Guard):
    token = app.doorkeeper.invite("ana")
    headers = {"Accept": "text/html", "Sec-Fetch-Site": "cross-site"}

    reply = visitor(app).get("/", params={"token": token}, headers=headers)

    assert reply.status_code == 200
    assert "url=/" in reply.text and token not in reply.text
    assert "set-cookie" in reply.headers


def test_a_head_request_spends_nothing(app: Guard):
    token = app.doorkeeper.invite("ana")

    reply = visitor(app).head("/", params={"token": token})

    assert (reply.status_code, "set-cookie" in reply.headers) == (401, False)


def test_who_is_not_known_reads_where_the_address_is(app: Guard):
    page = visitor(app).get("/", headers={"Accept": "text/html,*/*"})
    data = visitor(app).get("/api/hello")

    assert (page.status_code, data.status_code) == (401, 401)
    assert "printed in the terminal" in page.text
    assert page.headers["content-type"].startswith("text/html")
    assert "printed in the terminal" in data.json()["error"]


def test_a_session_survives_a_restart(tmp_path: Path):
    client = entered(guarded(Doorkeeper(tmp_path)))

    later = visitor(guarded(Doorkeeper(tmp_path)))
    later.cookies = client.cookies

    assert later.get("/").text == "ana: "


def test_a_new_invitation_replaces_the_token_and_keeps_the_browsers(app: Guard):
    first = app.doorkeeper.invite("ana")
    client = entered(app)

    assert visitor(app).get("/", params={"token": first}).status_code == 401
    assert client.get("/").text == "ana: "


def test_a_revoked_person_is_out_at_once_and_others_are_not(tmp_path: Path):
    app = guarded(Doorkeeper(tmp_path))
    ana, ben = entered(app), entered(app, "ben")
    assert ana.get("/").text == "ana: "

    Doorkeeper(tmp_path).revoke("ana")  # As another process does it.

    assert ana.get("/").status_code == 401
    assert ben.get("/").text == "ben: "


def test_a_person_s_oldest_browsers_are_forgotten(app: Guard):
    token = app.doorkeeper.invite("ana")
    sessions = [app.doorkeeper.enter(token) for _ in range(MOST_SESSIONS + 1)]

    known = [app.doorkeeper.who_is_in(session or "") for session in sessions]

    assert known == [None, *["ana"] * MOST_SESSIONS]


def test_people_are_invited_from_several_threads(tmp_path: Path):
    tokens: dict[str, str] = {}

    def invite(name: str) -> None:
        tokens[name] = Doorkeeper(tmp_path).invite(name)

    threads = [
        threading.Thread(target=invite, args=(f"person {n}",)) for n in range(20)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = {name: Doorkeeper(tmp_path).who_has(tokens[name]) for name in tokens}
    assert found == {name: name for name in tokens} and len(tokens) == 20


@pytest.mark.parametrize("name", ["", " ana", "ana\n", "a" * 65, "\x1b[2J", "\ud800"])
def test_a_name_that_cannot_be_printed_is_refused(tmp_path: Path, name: str):
    with pytest.raises(BadNameError, match="1 to 64 characters"):
        Doorkeeper(tmp_path).invite(name)


def test_the_file_of_people_holds_no_secret_and_only_its_owner_reads_it(
    tmp_path: Path,
):
    app = guarded(Doorkeeper(tmp_path))
    client = entered(app)
    token = app.doorkeeper.invite("ana")
    [cookie] = client.cookies.jar

    text = app.doorkeeper.path.read_text()

    assert "ana" in text
    assert token not in text and cookie.value not in text
    files = [path for path in tmp_path.iterdir() if path.is_file()]
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert not list(tmp_path.glob("*.part"))


def test_a_broken_file_of_people_lets_nobody_in(tmp_path: Path):
    app = guarded(Doorkeeper(tmp_path))
    client = entered(app)
    app.doorkeeper.path.write_text('{"people": [{"name": "ana"}]}')

    with pytest.raises(BrokenFileError, match="invite everybody again"):
        app.doorkeeper.who_has("x")
    assert client.get("/").status_code == 500
    assert str(tmp_path) not in client.get("/").text


# -------------------------------------------------------------- from which pages

BAD_HOSTS = [
    "evil.example",
    "localhost.evil.example",
    "evil.example:8642",
    "localhost@evil.example",
    "evil.example#localhost",
    "localhost:8642@evil.example",
    "localhost:8642:80",
    "localhost:",
    "localhost:-1",
    "localhost:0",
    "localhost:99999",
    "localhost:8642.evil.example",
    "localhost.",
    ".localhost",
    "localhost ",
    "127.0.0.2",
    "127.1",
    "2130706433",
    "0x7f000001",
    "0177.0.0.1",
    "0.0.0.0",
    "127.0.0.1.nip.io",
    "[::]",
    "::1",
    "[::ffff:127.0.0.1]",
    "[::1]evil.example",
    "[::1%25lo]",
    "http://localhost",
    "localhost/",
    "localhost,evil.example",
    "*",
    "",
]


@pytest.mark.parametrize("host", BAD_HOSTS)
def test_another_name_of_this_server_is_refused(app: Guard, host: str):
    client = entered(app)

    assert client.get("/", headers={"Host": host}).status_code == 400


@pytest.mark.parametrize(
    "host", ["localhost", "LOCALHOST:8642", "127.0.0.1:9000", "[::1]:8642"]
)
def test_a_name_of_ours_is_taken_at_any_end_of_a_tunnel(app: Guard, host: str):
    client = entered(app)

    assert client.get("/", headers={"Host": host}).status_code == 200


def raw_get(app: Guard, **other: Any) -> int:
    """The status of a request that no client library would send."""
    scope: Scope = {
        "type": "http",
        "method": "GET",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "headers": [(b"host", b"localhost:8642")],
        "server": ("127.0.0.1", 8642),
        "client": ("127.0.0.1", 5),
        **other,
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return int(sent[0]["status"])


def test_random_changes_of_the_host_are_refused(app: Guard):
    chance = random.Random(0)
    letters = [chr(code) for code in range(33, 127)]
    taken = []
    for _ in range(1000):
        host = list("localhost:8642")
        for _ in range(chance.randint(1, 3)):
            host[chance.randrange(len(host))] = chance.choice(letters)
        name = "".join(host)
        if raw_get(app, headers=[(b"host", name.encode())]) != 400:
            taken.append(name)

    ours = re.compile("localhost:[1-9][0-9]{0,4}", re.IGNORECASE)
    assert [name for name in taken if not ours.fullmatch(name)] == []


def test_no_host_two_hosts_and_a_whole_address_are_refused(app: Guard):
    ours, evil = (b"host", b"localhost:8642"), (b"host", b"evil.example")

    assert raw_get(app) == 401
    assert raw_get(app, headers=[]) == 400
    assert raw_get(app, headers=[ours, evil]) == 400
    assert raw_get(app, headers=[ours, ours]) == 400
    assert raw_get(app, path="http://evil.example/") == 400
    assert raw_get(app, path="*") == 400


def test_a_head_that_is_too_long_is_refused(app: Guard):
    client = entered(app)

    assert client.get("/", headers={"X": "x" * 17_000}).status_code == 431
    assert client.get("/", params={"x": "x" * 17_000}).status_code == 431
    assert client.get("/", headers={"X": "x" * 8_000}).status_code == 200


FORGERIES: dict[str, Callable[[dict[str, str]], Any]] = {
    "only a cookie": lambda good: good.clear(),
    "no origin": lambda good: good.pop("Origin"),
    "another origin": lambda good: good.update(Origin="http://evil.example"),
    "another port": lambda good: good.update(Origin="http://localhost:3000"),
    "another scheme": lambda good: good.update(Origin="https://localhost:8642"),
    "origin null": lambda good: good.update(Origin="null"),
    "no CSRF": lambda good: good.pop("X-Novice-CSRF"),
    "a wrong CSRF": lambda good: good.update({"X-Novice-CSRF": "0" * 64}),
    "another's CSRF": lambda good: good.update({"X-Novice-CSRF": csrf_of("other")}),
    "text": lambda good: good.update({"Content-Type": "text/plain"}),
    "a form": lambda good: good.update(
        {"Content-Type": "application/x-www-form-urlencoded"}
    ),
    "a form of parts": lambda good: good.update(
        {"Content-Type": "multipart/form-data; boundary=x"}
    ),
    "text that names JSON": lambda good: good.update(
        {"Content-Type": "text/plain; application/json"}
    ),
    "no type": lambda good: good.pop("Content-Type"),
}


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "BREW"])
@pytest.mark.parametrize("forgery", FORGERIES)
def test_what_a_page_elsewhere_can_send_is_refused(
    app: Guard, forgery: str, method: str
):
    client = entered(app)
    headers = {
        "Origin": OURS,
        "X-Novice-CSRF": csrf(client),
        "Content-Type": "application/json",
    }
    assert client.request(method, "/", content="{}", headers=headers).text == "ana: {}"

    FORGERIES[forgery](headers)

    reply = client.request(method, "/", content="{}", headers=headers)
    assert reply.status_code == 403, reply.text


def test_a_program_with_a_token_needs_no_page(app: Guard):
    token = app.doorkeeper.invite("ana")
    client = visitor(app)
    client.headers["Authorization"] = f"Bearer {token}"

    assert client.post("/", json=1).text == "ana: 1"
    forged = client.post("/", json=1, headers={"Origin": "http://evil.example"})
    assert forged.status_code == 403


@pytest.mark.parametrize(
    "origin",
    [None, "null", "http://evil.example", "http://localhost:3000", "http://localhost",
     "https://localhost:8642", "http://localhost:8642.evil.example", ""],
)  # fmt: skip
def test_a_socket_is_refused_before_it_is_open(app: Guard, origin: str | None):
    client = entered(app)
    headers = {} if origin is None else {"Origin": origin}

    with (
        pytest.raises(Exception) as refused,
        client.websocket_connect(SOCKET, headers=headers),
    ):
        pass

    assert refused.value.status_code == 403  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({"Origin": OURS}, 403),
        ({"Origin": OURS, "Cookie": "novice-8642=wrong"}, 403),
        ({"Authorization": "Bearer wrong"}, 403),
        ({"Origin": OURS, "Host": "evil.example"}, 400),
    ],
)
def test_a_socket_of_a_stranger_is_refused(
    app: Guard, headers: dict[str, str], status: int
):
    with (
        pytest.raises(Exception) as refused,
        visitor(app).websocket_connect(SOCKET, headers=headers),
    ):
        pass

    assert refused.value.status_code == status  # type: ignore[attr-defined]


def test_a_socket_of_ours_is_open_until_its_owner_is_out(app: Guard):
    client = entered(app)

    with client.websocket_connect(SOCKET, headers={"Origin": OURS}) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"
        app.doorkeeper.revoke("ana")
        socket.send_text("still there?")
        with pytest.raises(WebSocketDisconnect) as closed:
            socket.receive_text()

    assert closed.value.code == 1008


def test_a_program_with_a_token_opens_a_socket(app: Guard):
    headers = {"Authorization": f"Bearer {app.doorkeeper.invite('ana')}"}

    with visitor(app).websocket_connect(SOCKET, headers=headers) as socket:
        socket.send_text("hello")
        assert socket.receive_text() == "hello"


# -------------------------------------------------------------------- how it is said


def test_every_reply_forbids_what_a_page_of_ours_does_not_need(desk: Desk):
    labeler = desk.labeler()
    replies = [
        labeler.get("/"),
        labeler.get("/static/common.css"),
        labeler.get("/api/hello"),
        labeler.get("/api/questions/1/clip"),
        labeler.get("/nowhere"),
        labeler.post("/api/answers", json={}),
        labeler.post("/api/answers", json="x" * 70_000),
        desk.visitor().get("/"),
        desk.visitor().get("/", params={"token": "wrong"}),
        desk.visitor().get("/", headers={"Host": "evil.example"}),
    ]

    statuses = [reply.status_code for reply in replies]
    assert statuses == [200, 200, 200, 200, 404, 400, 413, 401, 401, 400]
    for reply in replies:
        policy = reply.headers["content-security-policy"]
        assert policy.startswith("default-src 'none'; ")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert reply.headers["x-content-type-options"] == "nosniff"
        assert reply.headers["referrer-policy"] == "no-referrer"
        assert reply.headers["cross-origin-resource-policy"] == "same-origin"
        assert reply.headers["cross-origin-opener-policy"] == "same-origin"
        assert reply.headers["cache-control"] in ("no-store", "no-cache")
        assert "server" not in reply.headers


def test_an_unknown_error_is_one_sentence_and_its_words_are_kept_from_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    async def breaks(scope: Scope, receive: Receive, send: Send) -> None:
        raise KeyError(scope["headers"])

    app = guard(breaks, Doorkeeper(tmp_path))
    token = app.doorkeeper.invite("ana")
    headers = {"Authorization": f"Bearer {token}"}

    reply = visitor(app).get("/", headers=headers)

    assert reply.status_code == 500
    assert reply.json() == {
        "error": "something went wrong here; the terminal says where"
    }
    assert "KeyError" in caplog.text and "in breaks" in caplog.text
    assert token not in caplog.text


# ------------------------------------------------------------------------ how much


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def test_the_eleventh_wrong_token_in_a_minute_is_refused(tmp_path: Path):
    clock = Clock()
    tokens = Allowance(a_second=10 / 60, burst=10, clock=clock)
    app = guarded(Doorkeeper(tmp_path), bad_tokens=tokens)
    right, client = app.doorkeeper.invite("ana"), visitor(app)
    inside = entered(app, "ben")

    first = [client.get("/", params={"token": "no"}).status_code for _ in range(6)]
    first += [
        client.get("/", headers={"Authorization": "Bearer no"}).status_code
        for _ in range(4)
    ]
    eleventh = client.get("/", params={"token": "no"})
    guess = client.get("/", params={"token": right})

    assert first == [401] * 10
    assert (eleventh.status_code, eleventh.headers["retry-after"]) == (429, "6")
    assert guess.status_code == 429
    assert inside.get("/").status_code == 200
    clock.now = 6.0
    assert client.get("/", params={"token": right}).status_code == 303


def test_an_allowance_by_hand():
    clock = Clock()
    allowance = Allowance(a_second=2.0, burst=10, clock=clock)

    assert allowance.take("ana", 10) == 0
    assert allowance.take("ana", 1) == 0.5
    assert allowance.take("ben", 1) == 0
    clock.now = 3.0
    assert allowance.take("ana", 7) == 0.5
    assert allowance.take("ana", 6) == 0
    clock.now = 100.0
    assert allowance.wait("ana", 10) == 0
    assert allowance.wait("ana", 11) == 0.5


def test_an_allowance_remembers_only_so_many():
    allowance = Allowance(a_second=1.0, burst=1, clock=Clock())
    for number in range(MOST_KEYS + 5):
        allowance.take(str(number))

    assert allowance.wait("0") == 0
    assert allowance.wait(str(MOST_KEYS + 4)) == 1


def sent_in_parts(parts: list[bytes]) -> tuple[Receive, Iterator[bytes]]:
    """A body in parts; after those, silence, unless the last part is empty."""
    left = iter(parts)

    async def receive() -> Message:
        part = next(left, None)
        if part is None:
            await asyncio.sleep(60)
        return {"type": "http.request", "body": part, "more_body": part != b""}

    return receive, left


def replied_to(app: Guard, parts: list[bytes], **headers: str) -> tuple[int, int]:
    """The status, and how many parts of the body were never read."""
    headers = {"host": "localhost:8642", "content-type": "application/json", **headers}
    scope: Scope = {
        "type": "http",
        "method": "POST",
        "scheme": "http",
        "path": "/",
        "query_string": b"",
        "headers": [(n.encode(), v.encode()) for n, v in headers.items()],
        "server": ("127.0.0.1", 8642),
        "client": ("127.0.0.1", 5),
    }
    receive, left = sent_in_parts(parts)
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)

    asyncio.run(app(scope, receive, send))
    return int(sent[0]["status"]), len(list(left))


def test_ten_megabytes_are_refused_without_reading_them(app: Guard):
    token = {"authorization": f"Bearer {app.doorkeeper.invite('ana')}"}
    junk = [b"x" * 65_536] * 160

    announced = replied_to(app, junk, **token, **{"content-length": str(10 * 2**20)})
    chunked = replied_to(app, junk, **token)
    stranger = replied_to(app, junk)

    # Two parts to know of the second, and five so that the visitor hears of it.
    assert announced == (413, 160 - 5)
    assert chunked == (413, 160 - 2 - 5)
    assert stranger == (401, 160 - 5)


def test_a_body_that_never_ends_is_given_up(tmp_path: Path):
    app = guarded(Doorkeeper(tmp_path), body_seconds=0.05)
    token = {"authorization": f"Bearer {app.doorkeeper.invite('ana')}"}

    status, _ = replied_to(app, [b"{"], **token)

    assert status == 408


@pytest.mark.parametrize("length", ["-1", "1e3", "²", "9" * 5000, "0x10", ""])
def test_a_length_that_is_no_number_is_refused(app: Guard, length: str):
    token = {"authorization": f"Bearer {app.doorkeeper.invite('ana')}"}

    status, _ = replied_to(app, [b""], **token, **{"content-length": length})

    assert status in (400, 413)


def test_a_body_of_the_longest_size_is_taken(app: Guard):
    client = visitor(app)
    client.headers["Authorization"] = f"Bearer {app.doorkeeper.invite('ana')}"
    content = json.dumps("x" * (64 * 1024 - 2))

    def post(text: str) -> Response:
        headers = {"Content-Type": "application/json"}
        return client.post("/", content=text, headers=headers)  # type: ignore[return-value]

    assert len(content) == 64 * 1024
    assert post(content).status_code == 200
    assert post(content + " ").status_code == 413
