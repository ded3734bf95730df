"""The server of the settling page lets the owner decide, and nobody else."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from inbox.serving import CLIP, PLENTY, WORDS, Album
from novice.files import CannotWriteError, TakenError
from novice.inbox.darkroom import NotDrawnError
from novice.inbox.people import ROLES
from novice.inbox.replies import SECURITY_HEADERS
from novice.inbox.security import Doorkeeper, Guard
from novice.inbox.settle_server import settle_app
from novice.inbox.settling import (
    CannotSettleError,
    Decision,
    StalePairError,
    UnknownPairError,
)

ALL, OWNER = set(ROLES), {"owner"}
# Every address of the server, and who may ask what of it.
MAY = {
    ("GET", "/"): ALL,
    ("GET", "/static/{name}"): ALL,
    ("GET", "/api/hello"): ALL,
    ("GET", "/api/pairs"): OWNER,
    ("GET", "/api/rows/{row}/clip"): OWNER,
    ("POST", "/api/decisions"): OWNER,
    ("GET", "/api/decided/{back}"): OWNER,
}
LEFT = {"pair": "3-7", "choice": "left", "before": None}


@dataclass
class Papers:
    """A docket of one pair that remembers what it was asked."""

    decisions: list[tuple[str, Decision]] = field(default_factory=list)
    error: Exception | None = None

    def facts(self) -> Mapping[str, Any]:
        return {"run": "run", "task": "CartPole-v1", "words": WORDS}

    def upcoming(self, most: int) -> Sequence[Mapping[str, Any]]:
        return [{"id": "3-7"}][:most]

    def decide(self, who: str, decision: Decision) -> Mapping[str, Any]:
        if self.error is not None:
            raise self.error
        self.decisions.append((who, decision))
        return {"id": "3-7", "people": ["ana", "ben"]}

    def decided(self, who: str, back: int) -> Mapping[str, Any] | None:
        return {"id": "3-7", "by": who} if back < len(self.decisions) else None

    def progress(self, who: str) -> Mapping[str, Any]:
        return {"open": 1, "who": who}

    def has_row(self, row: int) -> bool:
        return row in (3, 7)


@dataclass(frozen=True)
class Office:
    """A server in this process, and what it works with."""

    papers: Papers
    album: Album
    doorkeeper: Doorkeeper
    app: Guard

    def visitor(self) -> TestClient:
        return TestClient(
            self.app, base_url="http://localhost:8642", follow_redirects=False
        )

    def program(self, role: str = "owner") -> TestClient:
        client = self.visitor()
        token = self.doorkeeper.invite(f"the {role}", role)
        client.headers["Authorization"] = f"Bearer {token}"
        return client

    def browser(self, role: str = "owner") -> TestClient:
        client = self.visitor()
        token = self.doorkeeper.invite(f"the {role}", role)
        assert client.get("/", params={"token": token}).status_code == 303
        client.headers["Origin"] = "http://localhost:8642"
        client.headers["X-Novice-CSRF"] = client.get("/api/hello").json()["csrf"]
        return client


@pytest.fixture
def office(tmp_path: Path) -> Iterator[Office]:
    papers, album, keeper = Papers(), Album(), Doorkeeper(tmp_path)
    app = settle_app(keeper, papers, album, bad_tokens=PLENTY)
    yield Office(papers, album, keeper, app)


def address(path: str) -> str:
    return re.sub(r"\{(row|back)\}", "3", path).replace("{name}", "common.css")


def test_every_route_says_who_may(office: Office):
    [router] = [cell.cell_contents for cell in office.app.app.__closure__]  # type: ignore[union-attr]
    table = {
        (method, route.path)
        for route in router.routes
        if isinstance(route, Route)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert table == set(MAY)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", ["program", "browser"])
def test_whoever_is_not_the_owner_decides_nothing(office: Office, kind: str, role: str):
    client = getattr(office, kind)(role)

    for (method, path), roles in MAY.items():
        reply = client.request(method, address(path), json=LEFT)
        assert (reply.status_code == 403) == (role not in roles), path
        assert reply.status_code != 401
        if reply.status_code == 403:
            assert "for the run's owner to decide" in reply.json()["error"]
    assert len(office.papers.decisions) == (role == "owner")


@pytest.mark.parametrize("token", [None, "", "wrong", "ana", "x" * 4_000])
def test_without_the_right_token_nothing_opens(office: Office, token: str | None):
    office.doorkeeper.invite("ana")
    client = office.visitor()
    if token is not None:
        client.headers["Authorization"] = f"Bearer {token}"

    for method, path in MAY:
        reply = client.request(method, address(path), json=LEFT)
        assert reply.status_code == 401, path
        for name, value in SECURITY_HEADERS.items():
            assert reply.headers[name] == value
    assert office.papers.decisions == []


def test_a_revoked_owner_decides_nothing(office: Office):
    client = office.browser()
    office.doorkeeper.revoke("the owner")

    assert client.post("/api/decisions", json=LEFT).status_code == 401
    assert office.papers.decisions == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"Host": "evil.example"}, 400),
        ({"Origin": "http://evil.example"}, 403),
        ({"X-Novice-CSRF": "0" * 64}, 403),
        ({"Content-Type": "text/plain"}, 403),
    ],
)
def test_another_site_decides_nothing(office: Office, change, status: int):
    client = office.browser()

    reply = client.post(
        "/api/decisions",
        content=json.dumps(LEFT),
        headers={"Content-Type": "application/json", **change},
    )

    assert reply.status_code == status
    assert office.papers.decisions == []


def test_a_decision_is_kept_and_the_next_pair_comes_back(office: Office):
    reply = office.browser().post("/api/decisions", json=LEFT)

    assert reply.json() == {
        "decided": {"id": "3-7", "people": ["ana", "ben"]},
        "pairs": [{"id": "3-7"}],
        "progress": {"open": 1, "who": "the owner"},
    }
    decision = Decision(pair=(3, 7), choice="left", before=None)
    assert office.papers.decisions == [("the owner", decision)]


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "not JSON"),
        (b"[]", "must be an object"),
        (b"[" * 100_00, "nested too deep"),
        (b'{"pair": NaN}', "no JSON number"),
        ({}, "has a pair, a choice, and what stood before"),
        ({**LEFT, "who": "ben"}, "has a pair, a choice, and what stood before"),
        ({**LEFT, "pair": "7-3"}, "the lower row comes first"),
        ({**LEFT, "pair": "3-3"}, "the lower row comes first"),
        ({**LEFT, "pair": "٣-٧"}, "two rows, such as 12-57"),
        ({**LEFT, "pair": "3-7\n"}, "two rows, such as 12-57"),
        ({**LEFT, "pair": [3, 7]}, "two rows, such as 12-57"),
        ({**LEFT, "pair": "1" * 30 + "-7"}, "two rows, such as 12-57"),
        ({**LEFT, "choice": "<b>"}, "a choice is one of left, right"),
        ({**LEFT, "choice": ["left"]}, "a choice is one of left, right"),
        ({**LEFT, "before": "skip"}, "before is what was chosen earlier"),
        ({**LEFT, "before": {"a": 1}}, "before is what was chosen earlier"),
    ],
)
def test_what_is_no_decision_is_told_so(office: Office, content, sentence: str):
    body = content if isinstance(content, bytes) else json.dumps(content).encode()

    reply = office.browser().post(
        "/api/decisions", content=body, headers={"Content-Type": "application/json"}
    )

    assert reply.status_code == 400, reply.text
    assert sentence in reply.json()["error"]
    assert office.papers.decisions == []


@pytest.mark.parametrize(
    ("error", "status", "sentence"),
    [
        (UnknownPairError("the rows 3 and 7 are no pair"), 404, "are no pair"),
        (StalePairError("settled meanwhile"), 409, "settled meanwhile"),
        (CannotSettleError("nothing to learn from"), 409, "nothing to learn from"),
        (TakenError("process 1 is writing /home/x"), 503, "try again"),
        (CannotWriteError("ledger.json cannot be written"), 507, "cannot be written"),
        (RuntimeError("secret"), 500, "something went wrong here"),
    ],
)
def test_what_cannot_be_decided_is_said_in_a_sentence(
    office: Office, error: Exception, status: int, sentence: str
):
    office.papers.error = error

    reply = office.browser().post("/api/decisions", json=LEFT)

    assert reply.status_code == status
    assert sentence in reply.json()["error"]
    assert "/home" not in reply.text and "secret" not in reply.text


def test_only_rows_of_pairs_are_drawn(office: Office):
    client = office.browser()

    drawn = client.get("/api/rows/3/clip")

    assert (drawn.status_code, drawn.content) == (200, CLIP.image)
    assert drawn.headers["X-Frames"] == "3"
    for row, status in (("4", 404), ("-1", 400), ("x", 400), ("9" * 30, 400)):
        assert client.get(f"/api/rows/{row}/clip").status_code == status, row
    assert client.get("/api/rows/..%2f..%2fpeople.json/clip").status_code == 404


def test_without_a_picture_the_page_is_told_why(office: Office):
    office.album.error = NotDrawnError("the label came from elsewhere")

    reply = office.browser().get("/api/rows/3/clip")

    assert (reply.status_code, reply.json()["error"]) == (
        404,
        "the label came from elsewhere",
    )


def test_one_looks_back_as_oneself(office: Office):
    client = office.browser()
    assert client.get("/api/decided/0").status_code == 404
    client.post("/api/decisions", json=LEFT)

    assert client.get("/api/decided/0").json()["decided"]["by"] == "the owner"
    assert client.get("/api/decided/x").status_code == 400


def test_the_process_that_draws_ends_with_the_server(office: Office):
    with office.program() as client:
        assert client.get("/api/hello").json()["role"] == "owner"
        assert not office.album.closed

    assert office.album.closed
