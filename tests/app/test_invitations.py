"""A run's owner invites people by links of their own, and takes the links back."""

import contextlib
import json
import subprocess
import sys
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from inbox.serving import fill
from novice.app.cli import main
from novice.app.invitations import somebody_serves
from novice.inbox.store import Inbox


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run that asks people, and that nobody serves."""
    fill(tmp_path / "run", questions=3).close()
    return tmp_path / "run"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    """What the command prints; it must succeed."""
    assert main(["label", *words]) == 0
    return capsys.readouterr().out


@contextlib.contextmanager
def served(run: Path) -> Iterator[str]:
    """The address that novice label prints while it serves the run."""
    process = subprocess.Popen(
        [sys.executable, "-m", "novice", "label", run, "--json", "--until-alone"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["address"]
    finally:
        process.communicate(timeout=60)
    assert process.returncode == 0


def status(address: str) -> tuple[int, str]:
    """What a browser hears first at an address, and where it is led."""
    parts = urlsplit(address)
    connection = HTTPConnection(parts.netloc, timeout=10)
    with contextlib.closing(connection):
        connection.request("GET", f"{parts.path}?{parts.query}")
        reply = connection.getresponse()
        return reply.status, reply.headers.get("Location", "")


def test_a_link_lets_its_person_in_until_it_is_taken_back(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    with served(run) as own:
        told = json.loads(said(capsys, str(run), "--invite", "Ana Maria", "--json"))
        watch = json.loads(
            said(capsys, str(run), "--invite", "Eve", "--role", "observer", "--json")
        )
        assert told["served"] is watch["served"] is True
        assert urlsplit(told["address"]).port == urlsplit(own).port
        assert status(told["address"]) == (303, "/")
        assert status(watch["address"]) == (303, "/overview")

        said(capsys, str(run), "--revoke", "Ana Maria")

        assert status(told["address"])[0] == 401
        assert status(watch["address"])[0] == 303
        assert status(own)[0] == 303

    with contextlib.closing(Inbox(run / "dataset" / "inbox.sqlite")) as inbox:
        assert inbox.told("served") is None


def test_a_link_is_worded_for_who_hands_it_on(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    text = said(capsys, str(run), "--invite", "Ana Maria")

    lines = text.splitlines()
    assert lines[0].startswith("Ana Maria may answer:  http://127.0.0.1:8642/?token=")
    assert f"No page is served now: novice label {run} serves it" in lines[1]
    assert lines[-1].endswith('--revoke "Ana Maria" takes it back.')


def test_people_are_listed(run: Path, capsys: pytest.CaptureFixture[str]):
    assert "Nobody was invited yet" in said(capsys, str(run), "--people")
    for words in (["ana"], ["bob", "--role", "owner"], ["eve", "--role", "observer"]):
        said(capsys, str(run), "--invite", *words)
    said(capsys, str(run), "--revoke", "eve")

    assert said(capsys, str(run), "--people").splitlines() == [
        "ana  labeler   invited, not in yet",
        "bob  owner     invited, not in yet",
        "eve  observer  revoked",
    ]
    told = json.loads(said(capsys, str(run), "--people", "--json"))
    assert told[0] == {"who": "ana", "role": "labeler", "revoked": False, "browsers": 0}


def test_a_token_is_printed_once_and_kept_nowhere(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    address = json.loads(said(capsys, str(run), "--invite", "ana", "--json"))["address"]
    token = address.partition("token=")[2]

    assert len(token) >= 40
    assert token not in said(capsys, str(run), "--people", "--json")
    for path in run.rglob("*"):
        assert path.is_dir() or token.encode() not in path.read_bytes()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--invite", "a<b>"], "--invite is 'a<b>', but a name is"),
        (["--invite", ""], "--invite is '', but a name is"),
        (["--invite", "Simulated Ana"], "names that begin with simulated"),
        (["--invite", "ana", "--people"], "ask for one at a time"),
        (["--invite", "ana", "--revoke", "bob"], "ask for one at a time"),
        (["--role", "observer"], "say --invite NAME as well"),
        (["--invite", "ana", "--role", "root"], "invalid choice: 'root'"),
        (["--revoke", "bob"], "nobody called 'bob' was invited (invited: nobody)"),
    ],
)
def test_what_is_no_invitation_is_one_line(
    run: Path, words: list[str], message: str, capsys: pytest.CaptureFixture[str]
):
    assert main(["label", str(run), *words]) == 2

    told = capsys.readouterr().err
    assert message in told and told.count("\n") == 1
    assert not (run / "people.json").exists()


def test_a_run_that_asks_nobody_invites_nobody(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
):
    assert main(["label", str(tmp_path), "--invite", "ana"]) == 2

    assert "asks nobody" in capsys.readouterr().err
    assert not (tmp_path / "people.json").exists()


def test_a_place_at_which_nobody_listens_is_not_served():
    assert not somebody_serves({"scheme": "http", "host": "127.0.0.1", "port": 9})
    assert not somebody_serves({"scheme": "https", "host": "127.0.0.1", "port": 9})


def test_a_server_that_was_killed_is_not_thought_to_be_there(
    run: Path, capsys: pytest.CaptureFixture[str]
):
    with contextlib.closing(Inbox(run / "dataset" / "inbox.sqlite")) as inbox:
        inbox.tell("served", {"scheme": "http", "host": "127.0.0.1", "port": 9})

    told = json.loads(said(capsys, str(run), "--invite", "ana", "--json"))

    assert told["served"] is False
    assert told["address"].startswith("http://127.0.0.1:9/?token=")
