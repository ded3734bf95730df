"""A run's page is served by a process that is there as long as the run is."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from websockets.sync.client import connect

from app.commands import WALK
from novice.app import page_server
from novice.app.options import PageOptions
from novice.app.page_server import NoServerError, PageServer, page_flags, served
from novice.inbox.player import next_words, say
from novice.inbox.visitor import Visitor

PORT = 8770


def until(true: Callable[[], object]) -> None:
    """Wait for something."""
    end = time.monotonic() + 30
    while not true():
        assert time.monotonic() < end
        time.sleep(0.02)


def playing(folder: Path, *more: str, who: str = "ana") -> list[str]:
    """The words that serve a page on which somebody plays."""
    page = PageOptions(who=who)
    return ["play", WALK, "--out", str(folder), "--resume", *more, *page_flags(page)]


def process_of(server: PageServer) -> subprocess.Popen[str]:
    """The process that serves now."""
    assert server._process is not None
    return server._process


def is_gone(pid: int) -> bool:
    """Whether there is no process of this number, not even a dead one."""
    return not Path(f"/proc/{pid}").exists()


def wish_to_stop(address: str) -> None:
    """Say on the page that one is done."""
    visitor = Visitor(address)
    with connect(
        visitor.socket_address("/play/socket"), additional_headers=visitor.headers
    ) as socket:
        next_words(socket, "hello")
        say(socket, {"kind": "wish", "wish": "stop"})
    visitor.close()


pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="looks into /proc")


@pytest.fixture(autouse=True)
def known_walk(monkeypatch: pytest.MonkeyPatch) -> None:
    """The servers find the tests' own tasks."""
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parents[1]))


def test_it_is_back_at_its_place_when_it_is_killed_and_goes_in_the_end(tmp_path: Path):
    with served(playing(tmp_path / "run"), port=PORT, may_finish=True) as server:
        first, port, address = process_of(server), server.port, server.address
        assert f":{port}/play?token=" in address
        began = server.began
        os.kill(first.pid, signal.SIGKILL)
        until(lambda: server.address != address)
        second = process_of(server)
        assert second is not first and is_gone(first.pid)
        assert server.began > began
        with contextlib.closing(Visitor(server.address)):
            assert not server.done.is_set()

    assert server.port == port
    assert second.returncode is not None and is_gone(second.pid)
    assert not server.done.is_set()


def test_whoever_is_done_is_not_served_again(tmp_path: Path):
    with served(playing(tmp_path / "run"), port=PORT, may_finish=True) as server:
        process = process_of(server)
        wish_to_stop(server.address)
        assert server.done.wait(timeout=30)
        assert process.returncode == 0 and is_gone(process.pid)
        assert process_of(server) is process


def test_where_nobody_is_ever_done_a_server_that_ends_is_started_again(tmp_path: Path):
    with served(playing(tmp_path / "run"), port=PORT) as server:
        process = process_of(server)
        wish_to_stop(server.address)
        until(lambda: process_of(server) is not process)
        assert process.returncode == 0
        assert not server.done.is_set()


def test_a_server_that_is_sent_away_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    with served(playing(tmp_path / "run"), port=PORT, may_finish=True) as server:
        first, port = process_of(server), server.port
        # It ends because it is alone, in order, before any signal comes.
        monkeypatch.setattr(first, "terminate", lambda: None)
        server.restart(playing(tmp_path / "run", who="eve"))
        until(lambda: process_of(server) is not first)
        until(lambda: server.address and "eve" in people_in(tmp_path / "run"))

        assert first.returncode == 0 and is_gone(first.pid)
        assert not server.done.is_set()
        assert server.port == port


def people_in(folder: Path) -> str:
    """Who may open the page of a folder."""
    return (folder / "people.json").read_text()


def test_one_that_does_not_start_says_why():
    words = ["play", "Nowhere-v0", *page_flags(PageOptions())]

    with (
        pytest.raises(NoServerError, match=r"does not start: .*Nowhere"),
        served(words, port=PORT, may_finish=True),
    ):
        pass


def test_one_that_takes_too_long_is_not_left_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(page_server, "START", 0.05)
    server = PageServer(playing(tmp_path / "run"), port=PORT, may_finish=True)
    until(lambda: server._process is not None)
    process = process_of(server)

    with pytest.raises(NoServerError, match=r"nothing is heard for 0\.05 seconds"):
        server.wait()

    until(lambda: is_gone(process.pid))
    assert process_of(server) is process


KILLED = """
import sys, time
from novice.app.page_server import served
with served(sys.argv[1:], port=8771, may_finish=True) as server:
    print(server._process.pid, flush=True)
    time.sleep(600)
"""


@pytest.mark.slow
def test_a_run_that_is_killed_leaves_no_server_behind(tmp_path: Path):
    with subprocess.Popen(
        [sys.executable, "-c", KILLED, *playing(tmp_path / "run")],
        stdout=subprocess.PIPE,
        text=True,
    ) as run:
        assert run.stdout is not None
        server = int(json.loads(run.stdout.readline()))
        assert not is_gone(server)
        run.kill()

    until(lambda: is_gone(server))


STAND_BACK = """
import os, threading
from novice.app.page_server import SPAWNER, stand_back

def niceness(name):
    ready, told = threading.Event(), []
    def work():
        ready.wait()
        told.append(os.getpriority(os.PRIO_PROCESS, 0))
    thread = threading.Thread(target=work, name=name)
    thread.start()
    return ready, told, thread

watched = [niceness(SPAWNER), niceness("any other")]
stand_back()
for ready, told, thread in watched:
    ready.set()
    thread.join()
print(watched[0][1][0], watched[1][1][0], os.getpriority(os.PRIO_PROCESS, 0))
"""


@pytest.mark.slow
def test_the_run_lets_whoever_answers_go_first():
    here = os.getpriority(os.PRIO_PROCESS, 0)

    told = subprocess.run(
        [sys.executable, "-c", STAND_BACK], capture_output=True, text=True, check=True
    )

    spawner, other, main = map(int, told.stdout.split())
    assert spawner == here
    assert other == main == max(here, 10)
