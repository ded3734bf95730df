"""Whoever was invited may do what the invitation is for, and nothing else."""

import json
import re
from pathlib import Path

import pytest
from starlette.routing import Route
from starlette.testclient import TestClient

from inbox.asking import says
from inbox.conftest import Desk
from inbox.serving import WORDS, answer
from novice.files import BrokenFileError
from novice.inbox.people import ROLES, NobodyError
from novice.inbox.security import Doorkeeper

BOTH = {"owner", "labeler"}
OVERSEE = {"owner", "observer"}
ALL = set(ROLES)
# Every address of the label server, and who may ask what of it.
MAY = {
    ("GET", "/"): ALL,
    ("GET", "/overview"): OVERSEE,
    ("GET", "/static/{name}"): ALL,
    ("GET", "/api/hello"): ALL,
    ("GET", "/api/overview"): OVERSEE,
    ("POST", "/api/lease"): BOTH,
    ("GET", "/api/questions/{question}/clip"): ALL,
    ("GET", "/api/questions/{question}/consequences"): BOTH,
    ("GET", "/api/questions/{question}/action"): BOTH,
    ("POST", "/api/answers"): BOTH,
    ("GET", "/api/history"): BOTH,
    ("GET", "/api/progress"): ALL,
}


def routes(desk: Desk) -> list[Route]:
    """The label server's own table."""
    [router] = [
        cell.cell_contents
        for cell in desk.app.app.__closure__  # type: ignore[union-attr]
    ]
    return list(router.routes)


def browser(desk: Desk, role: str) -> TestClient:
    """A browser in which somebody of this role came in."""
    client = desk.visitor()
    token = desk.doorkeeper.invite(f"the {role}", role)
    assert client.get("/overview", params={"token": token}).status_code == 303
    client.headers["Origin"] = "http://localhost:8642"
    client.headers["X-Novice-CSRF"] = client.get("/api/hello").json()["csrf"]
    return client


def program(desk: Desk, role: str) -> TestClient:
    """A program with the token of somebody of this role."""
    client = desk.visitor()
    token = desk.doorkeeper.invite(f"the {role}", role)
    client.headers["Authorization"] = f"Bearer {token}"
    return client


def test_every_route_says_who_may(desk: Desk):
    table = {
        (method, route.path)
        for route in routes(desk)
        for method in (route.methods or set()) - {"HEAD"}
    }

    assert table == set(MAY)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("kind", [browser, program])
def test_a_role_opens_what_it_is_for_and_nothing_else(desk: Desk, role: str, kind):
    client = kind(desk, role)

    for (method, path), roles in MAY.items():
        address = re.sub(r"\{question\}", "1", path).replace("{name}", "common.css")
        for each in {method, "HEAD"} if method == "GET" else {method}:
            reply = client.request(each, address, json={})
            assert (reply.status_code == 403) == (role not in roles), (each, address)
            assert reply.status_code != 401
            if reply.status_code == 403 and each != "HEAD":
                assert "your invitation is to" in reply.json()["error"]
    desk.inbox.check()
    assert desk.inbox.answer_count() == 0


def test_an_observer_s_answer_is_not_stored(desk: Desk):
    observer = browser(desk, "observer")

    reply = observer.post("/api/answers", json={"answers": [answer(1, f"{1:032x}")]})

    assert reply.status_code == 403
    assert "not to answer" in reply.json()["error"]
    assert desk.inbox.answer_count() == 0


def test_an_observer_finds_the_overview(desk: Desk):
    reply = browser(desk, "observer").get("/")

    assert (reply.status_code, reply.headers["location"]) == (303, "/overview")


@pytest.mark.parametrize(
    ("role", "overview"), [("owner", True), ("labeler", False), ("observer", True)]
)
def test_the_page_knows_what_its_person_may(desk: Desk, role: str, overview: bool):
    hello = browser(desk, role).get("/api/hello").json()

    assert (hello["role"], hello["overview"]) == (role, overview)


def test_a_new_role_holds_in_browsers_that_are_open(desk: Desk):
    client = browser(desk, "owner")
    assert client.get("/api/overview").status_code == 200

    # As novice label --invite does it, in another process.
    Doorkeeper(desk.folder).invite("the owner", "labeler")

    assert client.get("/api/overview").status_code == 403
    assert client.get("/api/history").status_code == 200


def test_an_old_file_s_people_are_owners(tmp_path: Path):
    keeper = Doorkeeper(tmp_path)
    token = keeper.invite("ana")
    content = json.loads(keeper.path.read_text())
    del content["people"][0]["role"]
    keeper.path.write_text(json.dumps(content))

    person = Doorkeeper(tmp_path).with_token(token)

    assert person is not None and person.role == "owner"


def test_a_role_that_nobody_has_lets_nobody_in(tmp_path: Path):
    keeper = Doorkeeper(tmp_path)
    token = keeper.invite("ana", "labeler")
    keeper.path.write_text(keeper.path.read_text().replace("labeler", "root"))

    with pytest.raises(BrokenFileError, match="the role 'root'"):
        Doorkeeper(tmp_path).with_token(token)


def test_nobody_is_revoked_who_was_not_invited(tmp_path: Path):
    keeper = Doorkeeper(tmp_path)
    keeper.invite("ana")

    with pytest.raises(NobodyError, match=r"'bob' was invited \(invited: ana\)"):
        keeper.revoke("bob")


# --------------------------------------------------------- what the policy did


def test_what_the_policy_did_is_told_where_it_is_asked_for(desk: Desk):
    ana = browser(desk, "labeler")

    assert ana.get("/api/questions/1/action").json() == {"action": [0]}
    assert ana.get("/api/questions/999/action").status_code == 404
    assert ana.get("/api/questions/x/action").status_code == 400


@pytest.mark.parametrize("fact", ["measuring", "consequences"])
@pytest.mark.parametrize("what", ["action", "consequences"])
def test_nobody_is_helped_while_agreement_is_measured(desk: Desk, fact: str, what: str):
    ana = browser(desk, "labeler")
    assert ana.get(f"/api/questions/1/{what}").status_code == 200
    assert ana.get("/api/hello").json()["consequences"] is True

    desk.inbox.tell(fact, fact == "measuring")

    reply = ana.get(f"/api/questions/1/{what}")
    assert reply.status_code == 403
    assert "without help" in reply.json()["error"]
    hello = ana.get("/api/hello").json()
    assert (hello["consequences"], hello["measuring"]) == (False, True)
    ana.post("/api/lease", json={"want": 1})
    assert desk.album.expected[-1] == (1, False)


def test_real_actions_are_no_measurement(desk: Desk):
    action = {"kind": "real", "low": [0], "high": [1]}
    desk.inbox.tell("words", {**WORDS, "action": action})
    ana = browser(desk, "labeler")

    hello = ana.get("/api/hello").json()

    assert (hello["consequences"], hello["measuring"]) == (False, False)
    assert ana.get("/api/questions/1/action").status_code == 200


def test_who_is_revoked_keeps_what_they_said(desk: Desk):
    ana = browser(desk, "labeler")
    desk.inbox.store([says(1, "the labeler")])
    desk.doorkeeper.revoke("the labeler")

    assert ana.get("/api/history").status_code == 401
    assert desk.inbox.people()["the labeler"].labels == 1
